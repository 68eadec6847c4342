//! One city with its functions, its table, its PayPal and its own clock.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::config::SharedInterceptor;
use jiff::Timestamp;
use lambda_http::Request;
use local::city_variables;
use local::token_keys::TokenKeys;
use paypal::{Config, PayPal, Transport, TransportError, WebhookConfig, Webhooks};
use paypal_standin::{Behaviour, Delivery, Leads, Payer, Settings, Standin};
use settle::Settle;
use settle::sweep::{Scope, Sweep};
use store::{CaseFile, Store};
use tempfile::NamedTempFile;
use ticket::{
    AttemptId, Captures, CaseNumber, Cents, DueDate, LatePayment, Municipality, Offence, Plate,
    State, Ticket, TicketText,
};
use token::{Keys, SigningKey};
use tokio::time::Instant;
use url::Url;

use crate::browser::Page;
use crate::engine;
use crate::events::{event, request};
use crate::functions::Functions;
use crate::role;

/// A Monday morning.
const BEGINNING: &str = "2026-11-23T08:00:00Z";
/// The plate of every ticket here; no car has it.
pub const PLATE: &str = "KL-XX 000";
/// The number of its offence. With a letter: six digits are sooner or later a part of a moment.
pub const OFFENCE_NUMBER: &str = "112454-K";
/// The place of every ticket here.
pub const PLACE: &str = "Musterstraße 1";

/// Source: DynamoDB, `BatchWriteItem`.
const BATCH_MAX: usize = 25;
/// The city's configuration.
const SAMPLE: &str = include_str!("../../../infra/local/kaiserslautern.json");

const PAYPAL_ORIGIN: &str = "http://127.0.0.1:8082";
const PUBLIC_ORIGIN: &str = "http://127.0.0.1:8080";

/// A city.
pub struct City {
    /// PayPal, with its books.
    pub standin: Arc<Standin>,
    /// The table.
    pub store: Store,
    /// The variables of the functions.
    pub vars: BTreeMap<&'static str, String>,
    /// What citizens, PayPal and the city call, and the schedule.
    pub functions: Functions,
    /// The way to PayPal.
    pub(crate) transport: Transport,
    pub(crate) watch: Option<SharedInterceptor>,
    signing: SigningKey,
    seconds: Arc<AtomicI64>,
    dice: AtomicU64,
    _anchors: NamedTempFile,
}

impl City {
    /// A new city with an empty table.
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// A new city whose functions get other variables.
    pub async fn with(change: impl FnOnce(&mut BTreeMap<&'static str, String>)) -> Self {
        let engine = engine::start().await;
        let beginning: Timestamp = BEGINNING.parse().expect("a moment");
        let seconds = Arc::new(AtomicI64::new(beginning.as_second()));
        let standin = Arc::new(standin(&seconds));
        let anchors = NamedTempFile::new().expect("a file");
        std::fs::write(anchors.path(), standin.anchors_pem()).expect("a file");
        let keys = TokenKeys::of(None).expect("keys of its own");
        let mut vars = city_variables::platform(&engine.endpoint);
        vars.extend(city_variables::city(
            &engine.table,
            "07312000",
            PUBLIC_ORIGIN,
            &keys,
        ));
        vars.extend(city_variables::paypal(&settings(), anchors.path()));
        change(&mut vars);
        let read = |name: &str| vars.get(name).cloned();

        let store = Store::from_vars(&read).expect("a store");
        let municipality: Municipality = serde_json::from_str(SAMPLE).expect("a municipality");
        store
            .put_municipality(&municipality, "tests", beginning)
            .await
            .expect("a table");

        Self {
            functions: Functions::new(&read, &role::stores(&read, None), &in_process(&standin))
                .await,
            transport: in_process(&standin),
            watch: None,
            signing: SigningKey::from_vars(&read, &Keys::from_vars(&read).expect("keys"))
                .await
                .expect("a signing key"),
            standin,
            store: store.clone(),
            vars: vars.clone(),
            seconds,
            dice: AtomicU64::new(1),
            _anchors: anchors,
        }
    }

    /// What time it is.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::from_second(self.seconds.load(Ordering::Relaxed)).expect("a moment")
    }

    /// Lets time pass.
    pub fn later(&self, by: Duration) {
        let by = i64::try_from(by.as_secs()).expect("not for ever");
        self.seconds.fetch_add(by, Ordering::Relaxed);
    }

    /// Issues a ticket over 30 euros and gives its token.
    pub async fn issue(&self, case_number: &str) -> String {
        let ticket = open_ticket(case_number, self.now());
        let issued = self.store.issue(&ticket, "test").await.expect("a table");
        assert_eq!(issued, store::Issued::New);
        self.signing.sign(&ticket.case_number)
    }

    /// The driver opens the page behind the QR code.
    pub async fn open(&self, token: &str) -> Page {
        self.open_in(token, "driver-opens-ticket").await
    }

    /// The same with another of the events.
    pub async fn open_in(&self, token: &str, name: &str) -> Page {
        let request = request(&event(name, &[("TOKEN", token)]));
        Page::of(show_ticket::handle(&self.functions.show_ticket, request, self.now()).await)
    }

    /// A QR code without a ticket.
    #[must_use]
    pub fn sign(&self, case_number: &str) -> String {
        let case_number: CaseNumber = case_number.parse().expect("a case number");
        self.signing.sign(&case_number)
    }

    /// The page behind the QR code, by a function with other variables.
    pub async fn open_at(&self, app: &show_ticket::App, token: &str) -> Page {
        let request = request(&event("driver-opens-ticket", &[("TOKEN", token)]));
        Page::of(show_ticket::handle(app, request, self.now()).await)
    }

    /// The driver presses the button over 30 euros.
    pub async fn press_pay(&self, token: &str) -> Page {
        self.press_pay_over(token, "30.00").await
    }

    /// The driver presses a button that said another amount.
    pub async fn press_pay_over(&self, token: &str, amount: &str) -> Page {
        let fill = [("TOKEN", token), ("AMOUNT", amount)];
        self.start(request(&event("driver-presses-pay", &fill)))
            .await
    }

    /// The driver presses the button of the English page, over 30 euros: in
    /// another language the order is another one.
    pub async fn press_pay_in_english(&self, token: &str) -> Page {
        let fill = [("TOKEN", token), ("AMOUNT", "30.00")];
        let pressed = event("driver-presses-pay", &fill).replace("&lang=de", "&lang=en");
        self.start(request(&pressed)).await
    }

    /// The driver presses the button of a result page.
    pub async fn try_again(&self, attempt: &str) -> Page {
        let fill = [("ATTEMPT", attempt), ("AMOUNT", "30.00")];
        self.start(request(&event("driver-tries-again", &fill)))
            .await
    }

    async fn start(&self, request: Request) -> Page {
        let random = || u128::from(self.dice.fetch_add(1, Ordering::Relaxed)) << 64;
        let now = self.now();
        Page::of(
            start_checkout::handle(&self.functions.start_checkout, request, &random, now).await,
        )
    }

    /// A driver finds a new ticket, presses the button and decides at PayPal.
    pub async fn goes_to_paypal(&self, case_number: &str, payer: Payer) -> Option<Return> {
        let token = self.issue(case_number).await;
        let checkout = self.press_pay(&token).await;
        self.at_paypal(&checkout, payer)
    }

    /// The driver decides at PayPal and is sent back, or is not.
    pub fn at_paypal(&self, checkout: &Page, payer: Payer) -> Option<Return> {
        let location = checkout.location.as_deref().expect("the way to PayPal");
        let order_id = query(location, "token").expect("an order");
        match self.standin.approve(&order_id, payer).expect("an order") {
            Leads::To(url) => Some(Return::read(&url)),
            Leads::Nowhere => None,
        }
    }

    /// The driver comes back.
    pub async fn come_back(&self, back: &Return) -> Page {
        self.result(&back.attempt, "driver-returns-from-paypal", &back.order_id)
            .await
    }

    /// PayPal takes on a habit, or leaves one.
    pub fn behave(&self, change: impl FnOnce(&mut Behaviour)) {
        let mut behaviour = self.standin.behaviour();
        change(&mut behaviour);
        self.standin
            .set_behaviour(behaviour)
            .expect("a habit that can be");
    }

    /// A result page is opened with an order id of somebody's choice.
    pub async fn result(&self, attempt: &str, name: &str, order_id: &str) -> Page {
        let fill = [("ATTEMPT", attempt), ("ORDER_ID", order_id)];
        let request = request(&event(name, &fill));
        let now = self.now();
        Page::of(finish_checkout::handle(&self.functions.finish_checkout, request, now).await)
    }

    /// Every webhook that is due arrives; the statuses it was answered with.
    pub async fn deliver(&self) -> Vec<u16> {
        let mut statuses = Vec::new();
        for delivery in self.standin.take_deliveries() {
            statuses.push(self.receive(&delivery).await);
        }
        statuses
    }

    /// One webhook arrives.
    pub async fn receive(&self, delivery: &Delivery) -> u16 {
        let status = self.post_webhook(&delivery.headers, &delivery.body).await;
        self.standin.delivered(delivery, Some(status));
        status
    }

    /// Somebody posts something to the webhook's address.
    pub async fn post_webhook(&self, headers: &http::HeaderMap, body: &[u8]) -> u16 {
        self.post_to(&self.functions.receive_webhook, headers, body)
            .await
    }

    /// The webhook's function with other variables.
    pub async fn webhook_app(&self, vars: &BTreeMap<&'static str, String>) -> receive_webhook::App {
        let read = |name: &str| vars.get(name).cloned();
        let transport = in_process(&self.standin);
        let config = Config::from_vars(&read).await.expect("a configuration");
        let webhooks = WebhookConfig::from_vars(&read).await.expect("anchors");
        let store = Store::from_vars(&read).expect("a store");
        receive_webhook::App {
            settle: Settle::new(
                store.clone(),
                PayPal::new(config, transport.clone()),
                Captures::Open,
            ),
            store,
            webhooks: Webhooks::new(webhooks, transport),
        }
    }

    /// Somebody posts something to another webhook function.
    pub async fn post_to(
        &self,
        app: &receive_webhook::App,
        headers: &http::HeaderMap,
        body: &[u8],
    ) -> u16 {
        let mut builder = http::Request::post(format!("{PUBLIC_ORIGIN}/paypal/webhook"));
        if let Some(all) = builder.headers_mut() {
            *all = headers.clone();
        }
        let request = builder
            .body(lambda_http::Body::from(body.to_vec()))
            .expect("a request");
        let now = self.now();
        receive_webhook::handle(app, request, now)
            .await
            .status()
            .as_u16()
    }

    /// A minute has passed: the schedule.
    pub async fn sweep(&self) -> Sweep {
        self.sweep_over(Scope::Due).await
    }

    /// The same as the schedule's own event, which once an hour looks at the night, too.
    pub async fn minute_passes(&self) {
        let event = serde_json::from_str(&event("minute-passes", &[])).expect("JSON");
        let until = Instant::now() + settle::sweep::SWEEP_TIME;
        let clock = || self.now();
        reconcile_payments::answer(&self.functions.reconcile_payments, &event, &clock, until)
            .await
            .expect("an event");
    }

    /// A sweep over other attempts.
    pub async fn sweep_over(&self, which: Scope) -> Sweep {
        let until = Instant::now() + settle::sweep::SWEEP_TIME;
        let clock = || self.now();
        let app = &self.functions.reconcile_payments;
        app.settle.sweep(&app.pace, which, &clock, until).await
    }

    /// All there is about a case.
    pub async fn case_file(&self, case_number: &str) -> CaseFile {
        let case_number = case_number.parse().expect("a case number");
        let found = self.store.case_file(&case_number).await;
        found.expect("a table").expect("a case")
    }

    /// The settlement door itself, as the functions use it.
    #[must_use]
    pub fn settle(&self) -> &Settle {
        &self.functions.reconcile_payments.settle
    }

    /// PayPal as the functions call it.
    pub async fn paypal(&self) -> PayPal {
        let config = Config::from_vars(&|name| self.vars.get(name).cloned()).await;
        PayPal::new(config.expect("a configuration"), in_process(&self.standin))
    }

    /// The attempt was made when the city had this client id at PayPal.
    pub async fn made_under(&self, attempt: &str, client_id: &str) {
        let text = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned());
        let updated = self
            .table_client()
            .update_item()
            .table_name(&self.vars["TABLE_NAME"])
            .key("pk", text(&format!("ATTEMPT#{attempt}")))
            .key("sk", text("ATTEMPT"))
            .update_expression("SET client_id = :client_id")
            .expression_attribute_values(":client_id", text(client_id))
            .send()
            .await;
        updated.expect("a table");
    }

    /// There are so many more attempts like this one, each where and when `waits` says,
    /// by shard and time, as the index writes them.
    pub async fn copy_attempt(
        &self,
        attempt: &str,
        number: u32,
        waits: impl Fn(u32) -> (String, Timestamp),
    ) {
        use aws_sdk_dynamodb::types::AttributeValue::S;
        use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};
        let client = self.table_client();
        let table = &self.vars["TABLE_NAME"];
        let found = client
            .get_item()
            .table_name(table)
            .key("pk", S(format!("ATTEMPT#{attempt}")))
            .key("sk", S("ATTEMPT".to_owned()))
            .send()
            .await;
        let item = found.expect("a table").item.expect("an attempt");
        let copies: Vec<WriteRequest> = (0..number)
            .map(|number| {
                let id = AttemptId::from_random(u128::from(number));
                let (shard, due_at) = waits(number);
                let put = PutRequest::builder()
                    .set_item(Some(item.clone()))
                    .item("pk", S(format!("ATTEMPT#{id}")))
                    .item("id", S(id.to_string()))
                    .item("shard", S(shard))
                    .item("due_at", S(format!("{due_at:.0}")));
                let put = put.build().expect("a copy");
                WriteRequest::builder().put_request(put).build()
            })
            .collect();
        for batch in copies.chunks(BATCH_MAX) {
            let written = client
                .batch_write_item()
                .request_items(table, batch.to_vec())
                .send()
                .await;
            let left = written.expect("a table").unprocessed_items;
            assert!(left.is_none_or(|left| left.is_empty()), "all were written");
        }
    }

    /// The index of open work names something that no version of ours can read.
    pub async fn spoil_index(&self, id: &str, shard: &str, due_at: Timestamp) {
        use aws_sdk_dynamodb::types::AttributeValue::S;
        let written = self
            .table_client()
            .put_item()
            .table_name(&self.vars["TABLE_NAME"])
            .item("pk", S(format!("ATTEMPT#{id}")))
            .item("sk", S("ATTEMPT".to_owned()))
            .item("shard", S(shard.to_owned()))
            .item("due_at", S(format!("{due_at:.0}")))
            .send()
            .await;
        written.expect("a table");
    }

    /// The city's configuration from now on: paid after the due date is not paid.
    pub async fn takes_no_late_payments(&self) {
        let mut municipality: Municipality = serde_json::from_str(SAMPLE).expect("a municipality");
        municipality.late_payment = LatePayment::Refuse;
        let written = self
            .store
            .put_municipality(&municipality, "tests", self.now())
            .await;
        written.expect("a table");
        // What a function has read counts for some minutes.
        self.later(Duration::from_mins(10));
    }

    /// `CAPTURES`, for every function at once: they are new ones.
    pub async fn set_captures(&mut self, captures: Captures) {
        let captures = match captures {
            Captures::Open => "open",
            Captures::Closed => "closed",
        };
        self.vars.insert("CAPTURES", captures.to_owned());
        self.deploy().await;
    }

    pub(crate) fn table_client(&self) -> aws_sdk_dynamodb::Client {
        local::table::client(
            &(Arc::new(|_: &str| None) as local::Vars),
            &self.vars["AWS_ENDPOINT_URL_DYNAMODB"],
        )
        .expect("TLS")
    }

    /// Every item of the table, sorted.
    pub async fn table(&self) -> Vec<String> {
        let client = self.table_client();
        let page = client
            .scan()
            .table_name(&self.vars["TABLE_NAME"])
            .send()
            .await;
        let mut items: Vec<String> = page
            .expect("a table")
            .items()
            .iter()
            .map(|item| {
                let item: serde_json::Value =
                    serde_dynamo::from_item(item.clone()).expect("an item");
                item.to_string()
            })
            .collect();
        items.sort();
        items
    }

    /// Somebody pays at PayPal under this invoice number, by an order that is
    /// none of ours.
    pub async fn use_up_invoice(&self, invoice_id: &str) {
        let call = async |method: &str, path: &str, head: (&str, String), body: String| {
            let request = http::Request::builder()
                .method(method)
                .uri(format!("{PAYPAL_ORIGIN}{path}"))
                .header("content-type", "application/json")
                .header("paypal-request-id", format!("elsewhere-{invoice_id}"))
                .header(head.0, head.1)
                .body(bytes::Bytes::from(body))
                .expect("a request");
            let answer = self.standin.call(request).await.expect("an answer");
            serde_json::from_slice::<serde_json::Value>(answer.body()).expect("JSON")
        };
        let paypal = self.paypal().await;
        let settle::Moment { now, deadline } = settle::Moment::begins(self.now());
        let token = paypal.fetch_token(now, deadline).await.expect("a token");
        let bearer = || ("authorization", format!("Bearer {}", token.secret.expose()));
        let order = serde_json::json!({
            "intent": "CAPTURE",
            "purchase_units": [{
                "invoice_id": invoice_id,
                "amount": { "currency_code": "EUR", "value": "1.00" }
            }]
        });
        let orders = "/v2/checkout/orders";
        let order = call("POST", orders, bearer(), order.to_string()).await;
        let id = order["id"].as_str().expect("an order");
        self.standin
            .approve(id, Payer::ClosesWindow)
            .expect("an order");
        let capture = format!("{orders}/{id}/capture");
        let captured = call("POST", &capture, bearer(), "{}".to_owned()).await;
        assert_eq!(captured["status"], "COMPLETED", "{captured}");
    }

    /// How many captures at PayPal have moved money or are about to.
    #[must_use]
    pub fn money_moved(&self) -> usize {
        let books = self.standin.books();
        let moved = books.captures.iter();
        moved.filter(|capture| capture.status.moves_money()).count()
    }
}

/// A new ticket over 30 euros.
#[must_use]
pub fn open_ticket(case_number: &str, now: Timestamp) -> Ticket {
    let text = |text: &str| text.parse::<TicketText>().expect("a line");
    Ticket {
        case_number: case_number.parse().expect("a case number"),
        plate: PLATE.parse::<Plate>().expect("a plate"),
        offence: Offence {
            number: text(OFFENCE_NUMBER),
            text: text("Sie parkten im absoluten Haltverbot (Zeichen 283)."),
        },
        place: text(PLACE),
        occurred_at: now,
        amount: Cents::new(3_000),
        due_on: DueDate::one_week_after(now, ticket::Land::RhinelandPalatinate),
        booking_reference: None,
        issued_at: now,
        issued_as: "as sent".to_owned(),
        state: State::Open(None),
        version: 1,
        fence: 0,
        attempts_begun: 0,
        first_invoice_refused: false,
        part_payments: Vec::new(),
        review_proposal: None,
        reviewed_at: None,
        letter_lease: None,
        qr_token: None,
        changed_at: None,
        awaits: None,
    }
}

/// The address PayPal sends a driver back to.
#[derive(Clone, Debug)]
pub struct Return {
    /// Ours.
    pub attempt: String,
    /// PayPal's.
    pub order_id: String,
}

impl Return {
    fn read(url: &str) -> Self {
        let parsed = Url::parse(url).expect("an address");
        let attempt = parsed
            .path_segments()
            .and_then(|mut segments| segments.nth(1))
            .expect("an attempt");
        Self {
            attempt: attempt.to_owned(),
            order_id: query(url, "token").unwrap_or_default(),
        }
    }
}

fn query(url: &str, name: &str) -> Option<String> {
    let url = Url::parse(url).expect("an address");
    url.query_pairs()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

fn settings() -> Settings {
    Settings::of_nobody(PAYPAL_ORIGIN.to_owned())
}

fn standin(seconds: &Arc<AtomicI64>) -> Standin {
    let seconds = Arc::clone(seconds);
    let clock = move || Timestamp::from_second(seconds.load(Ordering::Relaxed)).expect("a moment");
    Standin::new(settings(), Arc::new(clock), 1).expect("a stand-in")
}

fn in_process(standin: &Arc<Standin>) -> Transport {
    let standin = Arc::clone(standin);
    Transport::in_process(move |request| {
        let standin = Arc::clone(&standin);
        async move {
            standin
                .call(request)
                .await
                .map_err(|error| TransportError::Failed(error.into()))
        }
    })
}

//! A system of the city's that is told of changes: a server on this machine, which checks
//! each signature by the specification's own library.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::{
    BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Credentials, Intercept, Region, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::types::AttributeValue::S;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use notify_city::{App, Sender, Subscriptions, Told, Wake};
use serde_json::Value;
use standardwebhooks::Webhook;
use store::{Message, MessageState, Store, TicketChange, Tries};
use ticket::Cents;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::City;
use crate::events::{event, request};
use crate::office::{Answered, is_as_described};

/// The first secret of every subscriber here, and the second of some.
pub const SECRETS: [&str; 2] = [
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
];

/// How a subscriber answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answers {
    /// It takes what it is sent.
    Takes,
    /// It takes all but what has happened like this.
    TakesAllBut(&'static str),
    /// With this status, and a page for people.
    Page(u16),
    /// That it is busy for so long.
    Busy {
        /// Seconds.
        for_s: u32,
    },
    /// Somewhere else.
    Redirects(String),
    /// Not at all.
    Hangs,
    /// Not at all where this has happened; it takes the rest.
    HangsAt(&'static str),
}

impl Answers {
    fn hangs_at(&self, what: &str) -> bool {
        match self {
            Self::Hangs => true,
            Self::HangsAt(this) => *this == what,
            Self::Takes
            | Self::TakesAllBut(_)
            | Self::Page(_)
            | Self::Busy { .. }
            | Self::Redirects(_) => false,
        }
    }
}

/// On the way from the table the answer to the first update is lost.
#[derive(Debug, Default)]
struct LosesAnAnswer {
    is_update: AtomicBool,
    lost: AtomicBool,
}

impl Intercept for LosesAnAnswer {
    fn name(&self) -> &'static str {
        "LosesAnAnswer"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let target = context.request().headers().get("x-amz-target");
        let is_update = target.expect("a target").ends_with(".UpdateItem");
        self.is_update.store(is_update, Ordering::Relaxed);
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let is_update = self.is_update.load(Ordering::Relaxed);
        if is_update && !self.lost.swap(true, Ordering::Relaxed) {
            let status = 500_u16.try_into().expect("a status");
            *context.response_mut().status_mut() = status;
        }
        Ok(())
    }
}

/// A message as it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// `webhook-id`.
    pub id: String,
    /// `webhook-timestamp`.
    pub sent_at_s: i64,
    /// How many signatures it had.
    pub signatures: usize,
    /// The body.
    pub body: Value,
    /// Whether it was taken.
    pub taken: bool,
}

/// A system that is told.
pub struct Subscriber {
    name: &'static str,
    address: String,
    secrets: Vec<&'static str>,
    answers: watch::Sender<Answers>,
    heard: Arc<Mutex<Vec<Heard>>>,
    arrivals: UnboundedReceiver<String>,
}

struct Server {
    secrets: Vec<&'static str>,
    answers: watch::Receiver<Answers>,
    heard: Arc<Mutex<Vec<Heard>>>,
    arrived: UnboundedSender<String>,
}

impl Subscriber {
    /// One that takes everything.
    pub async fn opens(name: &'static str) -> Self {
        Self::opens_with(name, &SECRETS[..1]).await
    }

    /// The same, with these secrets.
    pub async fn opens_with(name: &'static str, secrets: &[&'static str]) -> Self {
        let (answers, answers_now) = watch::channel(Answers::Takes);
        let (arrived, arrivals) = unbounded_channel();
        let heard = Arc::<Mutex<Vec<Heard>>>::default();
        let server = Arc::new(Server {
            secrets: secrets.to_vec(),
            answers: answers_now,
            heard: Arc::clone(&heard),
            arrived,
        });
        let router = Router::new().fallback(async move |headers: HeaderMap, body: Bytes| {
            server.answer(&headers, &body).await
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("the port's number");
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            name,
            address: format!("http://{address}/changes"),
            secrets: secrets.to_vec(),
            answers,
            heard,
            arrivals,
        }
    }

    /// Where it is told.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// As the configuration names it.
    #[must_use]
    pub fn configured(&self) -> Value {
        serde_json::json!({ "id": self.name, "url": self.address, "secrets": self.secrets })
    }

    /// From now on it answers so; whoever hangs is answered so, too.
    pub fn answers(&self, answers: Answers) {
        self.answers.send_replace(answers);
    }

    /// Every message, in the order in which they came.
    #[must_use]
    pub fn heard(&self) -> Vec<Heard> {
        self.heard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Those that it has taken.
    #[must_use]
    pub fn taken(&self) -> Vec<Heard> {
        let all = self.heard().into_iter();
        all.filter(|heard| heard.taken).collect()
    }

    /// Waits for the next message, and gives its id.
    pub async fn next(&mut self) -> String {
        self.arrivals.recv().await.expect("a server")
    }
}

impl Server {
    async fn answer(&self, headers: &HeaderMap, body: &Bytes) -> Response {
        let header = |name: &str| headers[name].to_str().expect("text").to_owned();
        assert_eq!(header("content-type"), "application/json");
        let (id, sent_at_s) = (header("webhook-id"), header("webhook-timestamp"));
        let sent_at_s: i64 = sent_at_s.parse().expect("seconds");
        let sign = |secret: &&str| {
            let webhook = Webhook::new(secret).expect("a secret");
            webhook.sign(&id, sent_at_s, body).expect("a signature")
        };
        let signatures: Vec<String> = self.secrets.iter().map(sign).collect();
        if header("webhook-signature") != signatures.join(" ") {
            return StatusCode::UNAUTHORIZED.into_response();
        }
        let body: Value = serde_json::from_slice(body).expect("JSON");
        let mut heard = Heard {
            id: id.clone(),
            sent_at_s,
            signatures: signatures.len(),
            body,
            taken: false,
        };
        let mut answers = self.answers.clone();
        let what = heard.body["data"]["what"]
            .as_str()
            .expect("text")
            .to_owned();
        if answers.borrow().hangs_at(&what) {
            let _ = self.arrived.send(id.clone());
            let changed = answers.wait_for(|answers| !answers.hangs_at(&what)).await;
            drop(changed);
        }
        let answers = answers.borrow().clone();
        heard.taken = match &answers {
            Answers::Takes | Answers::HangsAt(_) => true,
            Answers::TakesAllBut(refused) => what != *refused,
            Answers::Page(status) => (200..300).contains(status),
            Answers::Busy { .. } | Answers::Redirects(_) | Answers::Hangs => false,
        };
        let taken = heard.taken;
        self.heard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(heard);
        let _ = self.arrived.send(id);
        let page = |status: u16| {
            let status = StatusCode::from_u16(status).expect("a status");
            let page = "<!doctype html><title>Wartung</title>".repeat(10_000);
            (status, [(header::CONTENT_TYPE, "text/html")], page).into_response()
        };
        match answers {
            Answers::Page(status) => page(status),
            Answers::Busy { for_s } => {
                let later = [(header::RETRY_AFTER, for_s.to_string())];
                (StatusCode::TOO_MANY_REQUESTS, later, Body::empty()).into_response()
            }
            Answers::Redirects(to) => {
                (StatusCode::FOUND, [(header::LOCATION, to)], Body::empty()).into_response()
            }
            Answers::Takes | Answers::TakesAllBut(_) | Answers::Hangs | Answers::HangsAt(_) => {
                if taken {
                    StatusCode::NO_CONTENT.into_response()
                } else {
                    page(422)
                }
            }
        }
    }
}

impl City {
    /// The function that tells these, as a process of its own would start it.
    pub async fn tells(&self, configured: &[Value]) -> App {
        let configured = Value::from(configured).to_string();
        let read = |name: &str| match name {
            "SUBSCRIBERS" => Some(configured.clone()),
            name => self.vars.get(name).cloned(),
        };
        App {
            store: self.store_of("notify-city"),
            subscriptions: Subscriptions::from_vars(&read).await.expect("subscribers"),
            sender: Sender::new(true).expect("TLS"),
        }
    }

    /// The same, with less patience for who hangs.
    pub async fn tells_impatiently(&self, configured: &[Value]) -> App {
        let app = self.tells(configured).await;
        let sender = app.sender.answered_within(Duration::from_secs(2));
        App { sender, ..app }
    }

    /// The same, whose client has to ask the table twice for the first thing it updates:
    /// the table does it, and its answer is lost.
    pub async fn tells_losing_an_answer(&self, configured: &[Value]) -> App {
        let config = Store::config(&|_| None)
            .expect("TLS")
            .region(Region::new(self.vars["AWS_REGION"].clone()))
            .credentials_provider(Credentials::new("local", "local", None, None, "tests"))
            .endpoint_url(&self.vars["AWS_ENDPOINT_URL_DYNAMODB"])
            .interceptor(LosesAnAnswer::default())
            .build();
        let [table, city] = ["TABLE_NAME", "MUNICIPALITY"].map(|name| self.vars[name].clone());
        App {
            store: Store::new(Client::from_conf(config), table, city),
            ..self.tells(configured).await
        }
    }

    /// Something is new in the feed.
    pub async fn stream_wakes(&self, app: &App) -> Told {
        self.wakes(app, Wake::Change).await
    }

    /// The schedule.
    pub async fn minute_wakes(&self, app: &App) -> Told {
        self.wakes(app, Wake::Minute).await
    }

    async fn wakes(&self, app: &App, wake: Wake) -> Told {
        let until = Instant::now() + notify_city::RUN_TIME;
        let told = notify_city::tell(app, wake, &|| self.now(), until).await;
        told.expect("a table")
    }

    /// The city's system asks something about a subscriber, as this event says.
    pub async fn asks_about(
        &self,
        app: &App,
        name: &str,
        subscriber: &str,
        body: Option<&str>,
    ) -> Answered {
        let event = event(name, &[("SUBSCRIBER", subscriber)]);
        let mut event: Value = serde_json::from_str(&event).expect("JSON");
        if let Some(body) = body {
            event["body"] = body.into();
        }
        let event = event.to_string();
        let answer = notify_city::handle(app, request(&event), self.now()).await;
        is_as_described(&event, &answer);
        Answered {
            status: answer.status(),
            body: serde_json::from_slice(answer.body()).expect("JSON"),
        }
    }

    /// A message about a case was not taken for three days, and is parked.
    pub async fn parks(&self, subscriber: &str, case_number: &str) {
        let tries = Tries {
            first_failed_at: self.now(),
            count: 1,
            outcome: "answered 500".to_owned(),
            refused_after: None,
        };
        let change = TicketChange {
            id: format!("{case_number}.1.issued"),
            at: self.now(),
            case_number: case_number.parse().expect("a case number"),
            what: "issued".to_owned(),
            reference: None,
            state: "open".to_owned(),
            owed: Cents::new(3_000),
        };
        let parked_at = self.now();
        let state = MessageState::Parked { tries, parked_at };
        let id = subscriber.parse().expect("a subscriber's id");
        let message = Message { change, state };
        let written = self.store.put_message(&id, 0, &message).await;
        written.expect("a table");
    }

    /// The index has not heard yet that this was told: there it is still parked, before
    /// all others.
    pub async fn index_still_parks(&self, subscriber: &str, told: &Heard) {
        let at: Timestamp = serde_json::from_value(told.body["data"]["at"].clone()).expect("one");
        let updated = self
            .table_client()
            .update_item()
            .table_name(&self.vars["TABLE_NAME"])
            .key("pk", S(format!("SUBSCRIBER#{subscriber}")))
            .key("sk", S(format!("MESSAGE#{at:.3}#{}", told.id)))
            .update_expression("SET #shard = :list, due_at = :before")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#shard", "shard")
            .expression_attribute_values(":list", S(format!("MESSAGE#parked#{subscriber}")))
            .expression_attribute_values(":before", S("2000-01-01T00:00:00Z".to_owned()))
            .send()
            .await;
        updated.expect("a table");
    }

    /// How a subscriber stands.
    pub async fn stands(&self, app: &App, subscriber: &str) -> Value {
        let answered = self
            .asks_about(app, "city-reads-subscriber", subscriber, None)
            .await;
        assert_eq!(answered.status, 200, "{}", answered.body);
        answered.body
    }

    /// Somebody asks for a redelivery with this body.
    pub async fn redelivers(&self, app: &App, subscriber: &str, body: &str) -> Answered {
        self.asks_about(app, "city-asks-for-redelivery", subscriber, Some(body))
            .await
    }
}

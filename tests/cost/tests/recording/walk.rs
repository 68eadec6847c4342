//! One payment, and all that it brings with it, through the handlers.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::time::Duration;

use cost::{Asked, Door, Recorded, Stored};
use issue_tickets::App;
use journeys::{City, MINUTES, Page, Subscriber, event, request};
use lambda_http::Context;
use lambda_http::lambda_runtime::LambdaEvent;
use paypal_standin::Payer;
use serde_json::Value;
use token::{Keys, PublicBaseUrl, SigningKey};
use tokio::time::Instant;

use crate::recorder::{Recorder, count, size};

/// After that an order's life is over, and the last look was made.
const SWEPT_FOR: Duration = Duration::from_hours(14);
const A_MINUTE: Duration = Duration::from_mins(1);
/// A night looks four days back; what it adds is over then.
const NIGHTS: u64 = 6;
/// PayPal's books show what is hours old, and a night begins at one.
const UNTIL_NIGHT: Duration = Duration::from_hours(17);
const UNTIL_THE_NEXT: Duration = Duration::from_hours(24);

/// All that is recorded.
pub(crate) async fn recorded() -> Recorded {
    let mut recorded = Box::pin(payment()).await;
    let [none, one, two] = [
        Box::pin(nights(0)).await,
        Box::pin(nights(1)).await,
        Box::pin(nights(2)).await,
    ];
    recorded.nights = two.compared.beyond(&one.compared);
    recorded.empty_night = none.first;
    recorded.idle_night_minute = none.resting;
    recorded
}

/// What a new process does before its first request.
type Prime<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// A city, and somebody who counts.
struct Walk {
    city: City,
    recorder: Recorder,
    issuing: App,
    telling: notify_city::App,
    subscriber: Subscriber,
}

impl Walk {
    async fn begins() -> Self {
        let mut city = City::new().await;
        // The first process of all fetches the access token that the others find.
        city.functions.start_checkout.prime(city.now()).await;
        let recorder = Recorder::listens_to(&mut city).await;
        let subscriber = Subscriber::opens("cash-office").await;
        let telling = city.tells(&[subscriber.configured()]).await;
        Self {
            issuing: issuing(&city).await,
            telling,
            subscriber,
            recorder,
            city,
        }
    }

    /// What new processes ask for before their first request.
    async fn start(&self) -> BTreeMap<String, Asked> {
        let (functions, now) = (&self.city.functions, self.city.now());
        let primes: [(&str, Prime<'_>); 6] = [
            ("show-ticket", Box::pin(functions.show_ticket.prime(now))),
            (
                "start-checkout",
                Box::pin(functions.start_checkout.prime(now)),
            ),
            (
                "finish-checkout",
                Box::pin(functions.finish_checkout.prime(now)),
            ),
            (
                "receive-webhook",
                Box::pin(functions.receive_webhook.prime(now)),
            ),
            ("manage-tickets", Box::pin(functions.manage_tickets.prime())),
            ("issue-tickets", Box::pin(self.issuing.prime(now))),
        ];
        let mut starts = BTreeMap::new();
        for (by, prime) in primes {
            let (asked, ()) = self.recorder.call(by, Door::Inside, prime).await;
            starts.insert(by.to_owned(), asked);
        }
        starts
    }

    /// The city issues a ticket, and is told so; somebody pays, and it is told again.
    async fn pays(&self, case_number: &str) -> Recorded {
        let Self { city, recorder, .. } = self;
        let before = self.stored().await;
        let (issue, token) = self.issues(case_number).await;
        let with_ticket = self.stored().await;
        self.is_told().await;
        let (scan, _) = self.opens(&token).await;

        let call = city.press_pay(&token);
        let (mut press_pay, checkout) = recorder.call("start-checkout", Door::Public, call).await;
        press_pay.answer_bytes = of(&checkout);
        assert_eq!(checkout.status, 303);
        let back = city.at_paypal(&checkout, Payer::Pays).unwrap();

        let call = city.come_back(&back);
        let (mut come_back, result) = recorder.call("finish-checkout", Door::Public, call).await;
        come_back.answer_bytes = of(&result);
        assert_eq!(result.state, "paid");

        let mut webhooks = Asked::default();
        for delivery in city.standin.take_deliveries() {
            let call = city.receive(&delivery);
            let (asked, status) = recorder.call("receive-webhook", Door::Public, call).await;
            assert_eq!(status, 200);
            webhooks.add(&asked);
        }
        let (look_again, page) = self.opens(&token).await;
        assert_eq!(page.state, "paid");
        let tell_city = self.is_told().await;
        let after = self.stored().await;
        Recorded {
            issue,
            scan,
            press_pay,
            come_back,
            webhooks,
            look_again,
            tell_city,
            stored: Stored {
                ticket_items: with_ticket.0 - before.0,
                ticket_bytes: with_ticket.1 - before.1,
                payment_items: after.0 - with_ticket.0,
                payment_bytes: after.1 - with_ticket.1,
            },
            ..Recorded::default()
        }
    }

    async fn issues(&self, case_number: &str) -> (Asked, String) {
        let now = self.city.now();
        let event = event("city-issues-ticket", &[("CASE_NUMBER", case_number)]);
        let event = event.replace("2026-02-19T14:05:00+01:00", &now.to_string());
        let call = issue_tickets::handle(&self.issuing, request(&event), now);
        let (mut issue, answer) = self
            .recorder
            .call("issue-tickets", Door::Office, call)
            .await;
        assert_eq!(answer.status(), 201);
        issue.answer_bytes = size(answer.headers(), answer.body().len());
        (issue, self.city.sign(case_number))
    }

    async fn opens(&self, token: &str) -> (Asked, Page) {
        let call = self.city.open(token);
        let (mut asked, page) = self.recorder.call("show-ticket", Door::Public, call).await;
        asked.answer_bytes = of(&page);
        (asked, page)
    }

    /// The stream has told of a change.
    async fn is_told(&self) -> Asked {
        let (mut asked, told) = self.notify_city("ticket-changes").await;
        asked.messages = told["told"].as_u64().unwrap();
        assert_eq!(asked.messages, 1);
        let heard = self.subscriber.heard();
        asked.sent_bytes = count(heard.last().unwrap().body.to_string().len());
        asked
    }

    async fn notify_city(&self, name: &str) -> (Asked, Value) {
        let event = serde_json::from_str(&event(name, &[])).unwrap();
        let event = LambdaEvent::new(event, Context::default());
        let clock = || self.city.now();
        let until = Instant::now() + notify_city::RUN_TIME;
        let call = notify_city::answer(&self.telling, event, &clock, until);
        let (asked, told) = self.recorder.call("notify-city", Door::Inside, call).await;
        (asked, told.unwrap())
    }

    async fn sweeps(&self) -> (Asked, u32) {
        let call = self.city.sweep();
        let by = "reconcile-payments";
        let (asked, sweep) = self.recorder.call(by, Door::Inside, call).await;
        assert_eq!(sweep.failed, 0);
        (asked, sweep.looked_at)
    }

    /// What a checkout that nobody finishes adds to the sweeps.
    async fn gives_up(&self, idle_sweep: &Asked) -> Asked {
        let (_, token) = self.issues("KL-2026-000003").await;
        let call = self.city.press_pay(&token);
        self.recorder
            .call("start-checkout", Door::Public, call)
            .await;
        let mut abandoned = Asked::default();
        let over = self.city.now() + SWEPT_FOR;
        while self.city.now() < over {
            self.city.later(A_MINUTE);
            let (asked, looked_at) = self.sweeps().await;
            // The sweep itself would have come without it.
            if looked_at > 0 {
                abandoned.add(&asked.beyond(idle_sweep));
            }
        }
        abandoned
    }

    /// How many items the table has, and how large they are.
    async fn stored(&self) -> (u64, u64) {
        let items = self.city.table().await;
        let bytes = items.iter().map(String::len).sum();
        (count(items.len()), count(bytes))
    }
}

async fn payment() -> Recorded {
    let walk = Box::pin(Walk::begins()).await;
    let starts = walk.start().await;
    // Connections, the city and the place in the feed are known after the first.
    Box::pin(walk.pays("KL-2026-000001")).await;
    let mut recorded = Box::pin(walk.pays("KL-2026-000002")).await;
    recorded.starts = starts;
    walk.city.later(A_MINUTE);
    let (idle_sweep, looked_at) = walk.sweeps().await;
    assert_eq!(looked_at, 0);
    recorded.idle_telling = walk.notify_city("minute-passes").await.0;
    recorded.bad_token = walk.opens("e30.e30.e30").await.0;
    recorded.abandoned = walk.gives_up(&idle_sweep).await;
    recorded.idle_sweep = idle_sweep;
    recorded
}

/// What the nights after so many payments ask for.
#[derive(Default)]
struct Nights {
    /// All of them, until each is through.
    compared: Asked,
    /// The first of them.
    first: Asked,
    /// A minute after it was through.
    resting: Asked,
}

async fn nights(payments: u32) -> Nights {
    let walk = Box::pin(Walk::begins()).await;
    for payment in 0..payments {
        Box::pin(walk.pays(&format!("KL-2026-{payment:06}"))).await;
    }
    let mut nights = Nights::default();
    walk.city.later(UNTIL_NIGHT);
    for _ in 0..NIGHTS {
        let mut night = Asked::default();
        for minute in 0.. {
            assert!(minute < MINUTES, "the night is over before its comparison");
            let call = walk.city.minute_of_the_night();
            let (asked, run) = walk
                .recorder
                .call("compare-books", Door::Inside, call)
                .await;
            if run == compare_books::NightRun::Resting {
                nights.resting = asked;
                break;
            }
            night.add(&asked);
        }
        if nights.first == Asked::default() {
            nights.first = night.clone();
        }
        nights.compared.add(&night);
        walk.city.later(UNTIL_THE_NEXT);
    }
    nights
}

async fn issuing(city: &City) -> App {
    let vars = |name: &str| city.vars.get(name).cloned();
    let keys = Keys::from_vars(&vars).unwrap();
    App {
        store: city.store_of("issue-tickets"),
        signing_key: SigningKey::from_vars(&vars, &keys).await.unwrap(),
        public_base_url: PublicBaseUrl::from_vars(&vars).unwrap(),
    }
}

/// How large a page is, with its headers.
fn of(page: &Page) -> u64 {
    let headers = page.headers.iter();
    let headers = headers.map(|(name, value)| name.len() + value.len() + 4);
    count(headers.sum::<usize>() + page.html.len())
}

//! Who is outside: drivers, PayPal's postman, the schedule.

use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use journeys::{Page, event, open_ticket, request};
use lambda_http::Body;
use paypal_standin::{Afterwards, Capture, Delivery, Fault, FaultKind, Leads, On, Payer};
use settle::sweep::{SWEEP_TIME, Scope, Sweep};
use ticket::CaseNumber;
use tokio::time::Instant;
use url::Url;

use crate::laws;
use crate::scenario::A_MINUTE;
use crate::world::{Function, World};

/// What the driver was asked for by default.
const AMOUNT: &str = "30.00";

/// One who found a ticket under the wiper.
#[derive(Clone)]
pub(crate) struct Driver {
    world: Rc<World>,
    case_number: CaseNumber,
    token: String,
    reads_english: bool,
}

/// The way to an order's page at PayPal.
#[derive(Clone, Debug)]
pub(crate) struct Redirect {
    pub(crate) order: String,
}

/// The way back.
#[derive(Clone, Debug)]
pub(crate) struct Back {
    pub(crate) attempt: String,
    pub(crate) order: String,
}

impl World {
    /// The city issues a ticket, before anything happens.
    pub(crate) fn issue(self: &Rc<Self>, case_number: &str) -> Driver {
        let ticket = open_ticket(case_number, self.now());
        let token = self.sign(&ticket.case_number);
        let store = self.functions().start_checkout.store.clone();
        let case_number = ticket.case_number.clone();
        // As every other write it goes through the seam, and is never struck.
        self.before.borrow_mut().push(Box::pin(async move {
            let issued = store.issue(&ticket, "simulation").await;
            assert_eq!(issued.expect("a table"), store::Issued::New);
        }));
        Driver {
            world: Rc::clone(self),
            case_number,
            token,
            reads_english: false,
        }
    }

    /// A minute has passed.
    pub(crate) async fn sweep(&self, which: Scope) -> Option<Sweep> {
        let functions = self.functions();
        let clock = self.functions_clock();
        let reads = laws::a_sweep_begins(self);
        let swept = self
            .invoke(Function::ReconcilePayments, async move {
                let until = Instant::now() + SWEEP_TIME;
                let app = &functions.reconcile_payments;
                app.settle.sweep(&app.pace, which, &clock, until).await
            })
            .await;
        laws::a_sweep_has_ended(self, reads);
        let looked_at = swept.map_or(0, |sweep| u64::from(sweep.looked_at));
        self.looks.set(self.looks.get() + looked_at);
        swept
    }

    /// A minute of the night has passed; whether the night's comparison is through.
    pub(crate) async fn minute_of_the_night(&self) -> bool {
        let functions = self.functions();
        let clock = self.functions_clock();
        let run = self
            .invoke(Function::CompareBooks, async move {
                let until = Instant::now() + compare_books::RUN_TIME;
                compare_books::handle(&functions.compare_books, &clock, until).await
            })
            .await;
        matches!(run, Some(Ok(compare_books::NightRun::Ended(_))))
    }

    /// A night; whether its comparison has come to its end.
    pub(crate) async fn night(&self) -> bool {
        /// As template.yaml has them.
        const MINUTES: u32 = 300;
        for _ in 0..MINUTES {
            if self.minute_of_the_night().await {
                return true;
            }
            self.pause(A_MINUTE).await;
        }
        false
    }

    /// Somebody opens the page of a token. `None`: it did not come.
    pub(crate) async fn opens(&self, token: &str) -> Option<Page> {
        let functions = self.functions();
        let now = self.functions_now();
        let request = request(&event("driver-opens-ticket", &[("TOKEN", token)]));
        self.invoke(Function::ShowTicket, async move {
            Page::of(show_ticket::handle(&functions.show_ticket, request, now).await)
        })
        .await
    }

    /// One webhook is posted; the status it is answered with.
    pub(crate) async fn post(&self, delivery: &Delivery) -> Option<u16> {
        let functions = self.functions();
        let now = self.functions_now();
        let mut posted = http::Request::post("http://127.0.0.1:8080/paypal/webhook");
        if let Some(headers) = posted.headers_mut() {
            *headers = delivery.headers.clone();
        }
        let posted = posted
            .body(Body::from(delivery.body.to_vec()))
            .expect("a request");
        let status = self
            .invoke(Function::ReceiveWebhook, async move {
                let answer = receive_webhook::handle(&functions.receive_webhook, posted, now).await;
                answer.status().as_u16()
            })
            .await;
        self.standin.delivered(delivery, status);
        let stored = self.is_there(&(format!("EVENT#{}", delivery.event_id), "EVENT".to_owned()));
        let accepted = status.is_some_and(|status| status < 300);
        self.history
            .borrow_mut()
            .law("W3", !accepted || stored, || {
                format!(
                    "event {} was answered {status:?} and is not stored",
                    delivery.event_id
                )
            });
        status
    }

    /// What becomes of captures later, at PayPal.
    /// PayPal does so to each call like this, by its own decision, until the work
    /// is done.
    pub(crate) fn under<'a, T>(
        &'a self,
        on: On,
        kind: FaultKind,
        work: impl Future<Output = T> + 'a,
    ) -> Pin<Box<dyn Future<Output = T> + 'a>> {
        Box::pin(async move {
            self.standing_fault.set(Some(Fault::once(on, kind)));
            let done = work.await;
            self.standing_fault.set(None);
            done
        })
    }

    pub(crate) async fn afterwards(&self, what: Afterwards) {
        self.becomes_of(&|_| true, what).await;
    }

    /// The same of one ticket's.
    pub(crate) async fn afterwards_of(&self, case_number: &CaseNumber, what: Afterwards) {
        let is_its_own =
            |capture: &Capture| capture.invoice_id.as_deref() == Some(case_number.as_str());
        self.becomes_of(&is_its_own, what).await;
    }

    async fn becomes_of(&self, which: &dyn Fn(&Capture) -> bool, what: Afterwards) {
        self.turn("PayPal decides").await;
        let captures = self.standin.in_books(|books| {
            let meant = books.captures.iter().filter(|it| which(it));
            meant.map(|it| it.id.clone()).collect::<Vec<_>>()
        });
        for capture in captures {
            // Those that stand otherwise are not meant.
            let _ = self.standin.afterwards(&capture, what);
        }
        laws::after_paypal_changed(self);
    }
}

impl Driver {
    pub(crate) fn case_number(&self) -> &CaseNumber {
        &self.case_number
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// The same with English pages: whose order is another one.
    pub(crate) fn in_english(&self) -> Self {
        Self {
            reads_english: true,
            ..self.clone()
        }
    }

    fn shown(&self, page: Option<Page>, asked_at: jiff::Timestamp) -> Option<Page> {
        let page = page?;
        laws::a_page_was_shown(&self.world, self.case_number.as_str(), &page, asked_at);
        Some(page)
    }

    /// Opens the page behind the QR code. `None`: it did not come.
    pub(crate) async fn opens(&self) -> Option<Page> {
        let asked_at = self.world.now();
        let page = self.world.opens(&self.token).await;
        self.shown(page, asked_at)
    }

    /// Presses the button.
    pub(crate) async fn presses(&self) -> Option<Redirect> {
        self.presses_over(AMOUNT).await
    }

    /// Presses a button that said this amount.
    pub(crate) async fn presses_over(&self, amount: &str) -> Option<Redirect> {
        let fill = [("TOKEN", self.token.as_str()), ("AMOUNT", amount)];
        self.starts(&event("driver-presses-pay", &fill), amount)
            .await
    }

    /// Presses the button of the result page.
    pub(crate) async fn tries_again(&self, attempt: &str) -> Option<Redirect> {
        let fill = [("ATTEMPT", attempt), ("AMOUNT", AMOUNT)];
        self.starts(&event("driver-tries-again", &fill), AMOUNT)
            .await
    }

    async fn starts(&self, event: &str, amount: &str) -> Option<Redirect> {
        let asked_at = self.world.now();
        let stood = laws::standing_of(&self.world, &self.case_number);
        let functions = self.world.functions();
        let now = self.world.functions_now();
        let language = if self.reads_english {
            "lang=en"
        } else {
            "lang=de"
        };
        let request = request(&event.replace("lang=de", language));
        let (first, more) = (self.world.random(), AtomicU64::new(0));
        let random = move || first + u128::from(more.fetch_add(1, Ordering::Relaxed));
        let page = self
            .world
            .invoke(Function::StartCheckout, async move {
                Page::of(
                    start_checkout::handle(&functions.start_checkout, request, &random, now).await,
                )
            })
            .await;
        if page.is_some() {
            laws::was_asked(&self.world, &self.case_number, "checkout", stood, false);
        }
        let location = page.as_ref().and_then(|page| page.location.clone());
        let Some(location) = location else {
            self.shown(page, asked_at);
            return None;
        };
        let order = query(&location, "token")?;
        laws::a_redirect_was_shown(&self.world, self.case_number.as_str(), &location, &order);
        self.has_come_back(&order);
        let mut history = self.world.history.borrow_mut();
        history
            .shown_amounts
            .entry(order.clone())
            .or_insert_with(|| amount.to_owned());
        Some(Redirect { order })
    }

    /// Decides on PayPal's page.
    pub(crate) async fn decides(&self, sent: &Redirect, payer: Payer) -> Option<Back> {
        self.world
            .turn(match payer {
                Payer::Pays => "the driver approves",
                Payer::Declines => "the driver approves with a bad card",
                Payer::Cancels => "the driver cancels",
                Payer::ClosesWindow => "the driver approves and closes the window",
            })
            .await;
        self.has_come_back(&sent.order);
        let leads = self.world.standin.approve(&sent.order, payer).ok()?;
        let approved = self.world.standin.in_books(|books| {
            let order = books.order(&sent.order)?;
            Some(order.updated_at)
        })?;
        if payer != Payer::Cancels {
            let mut history = self.world.history.borrow_mut();
            let at = history.approved_at.entry(sent.order.clone()).or_default();
            at.push(approved);
        }
        match leads {
            Leads::To(url) => Some(Back {
                attempt: attempt_in(&url)?,
                order: sent.order.clone(),
            }),
            Leads::Nowhere => None,
        }
    }

    /// Whoever chooses anew, or looks at the result, may have chosen another card.
    fn has_come_back(&self, order: &str) {
        let mut history = self.world.history.borrow_mut();
        history.refused_cards.remove(order);
    }

    /// Comes back from PayPal.
    pub(crate) async fn returns(&self, back: &Back) -> Option<Page> {
        self.result("driver-returns-from-paypal", back).await
    }

    /// Comes back after cancelling.
    pub(crate) async fn returns_cancelled(&self, back: &Back) -> Option<Page> {
        self.result("driver-cancels", back).await
    }

    pub(crate) async fn result(&self, name: &str, back: &Back) -> Option<Page> {
        self.has_come_back(&back.order);
        let asked_at = self.world.now();
        let functions = self.world.functions();
        let now = self.world.functions_now();
        let fill = [
            ("ATTEMPT", back.attempt.as_str()),
            ("ORDER_ID", &back.order),
        ];
        let request = request(&event(name, &fill));
        let page = self
            .world
            .invoke(Function::FinishCheckout, async move {
                Page::of(finish_checkout::handle(&functions.finish_checkout, request, now).await)
            })
            .await;
        self.shown(page, asked_at)
    }

    /// The whole way.
    pub(crate) async fn pays(&self, payer: Payer) -> Option<Page> {
        self.opens().await;
        let sent = self.presses().await?;
        let back = self.decides(&sent, payer).await?;
        self.returns(&back).await
    }
}

/// Posts webhooks for as long as the story goes on, each as a call of its own.
pub(crate) async fn postman(world: Rc<World>) {
    while !world.over.get() {
        for delivery in world.standin.take_deliveries() {
            let its_world = Rc::clone(&world);
            world.on_the_way.set(world.on_the_way.get() + 1);
            world.spawn(async move {
                its_world.post(&delivery).await;
                its_world.on_the_way.set(its_world.on_the_way.get() - 1);
            });
        }
        let rests = if world.calm.get() {
            POSTMAN_SLEEPS
        } else {
            POSTMAN_RESTS
        };
        let pause = world.standin.next_delivery_at().map_or(rests, |at| {
            let wait = at.duration_since(world.paypals_now());
            Duration::try_from(wait).unwrap_or_default().min(rests)
        });
        world.pause(pause.max(POSTMAN_TAKES)).await;
    }
}

/// How long the postman looks for nothing, at most: while drivers are about, and
/// when only the schedule is left.
const POSTMAN_RESTS: Duration = Duration::from_secs(3);
const POSTMAN_SLEEPS: Duration = Duration::from_mins(30);
/// The way from PayPal to us.
const POSTMAN_TAKES: Duration = Duration::from_millis(50);

fn query(url: &str, name: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    url.query_pairs()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

fn attempt_in(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    url.path_segments()?.nth(1).map(str::to_owned)
}

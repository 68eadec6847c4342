//! A driver with one ticket, on one or two tabs.

use binaries::{Answer, Killed, events, query};
use fastrand::Rng;
use paypal_standin::{Leads, Payer};
use serde_json::Value;
use url::Url;

use crate::functions::Fate;
use crate::load::World;
use crate::strange;
use crate::tickets::Issued;

/// How often a driver loads a page that did not come before giving up.
const LOADS_MAX: u32 = 3;

/// One driver's visit.
pub(crate) struct Visit<'a> {
    pub(crate) world: &'a World,
    pub(crate) ticket: &'a Issued,
}

impl Visit<'_> {
    /// From the scan of the QR code to the last look.
    pub(crate) async fn run(&self, choices: &mut Rng) {
        if self.open(choices).await.as_deref() == Some("open") {
            let mut other = choices.fork();
            if choices.u8(..3) == 0 {
                tokio::join!(self.pay(choices), self.pay(&mut other));
            } else {
                self.pay(choices).await;
            }
        }
        self.open(choices).await;
    }

    async fn open(&self, choices: &mut Rng) -> Option<String> {
        let fill = [("TOKEN", self.ticket.token.as_str())];
        let event = events::event("driver-opens-ticket", &fill);
        let page = self.load(choices, "show-ticket", &event).await?;
        Some(page.state().to_owned())
    }

    /// One tab: press, decide at PayPal, perhaps come back.
    async fn pay(&self, choices: &mut Rng) {
        let amount = self.ticket.amount.to_string();
        let fill = [("TOKEN", self.ticket.token.as_str()), ("AMOUNT", &amount)];
        let event = events::event("driver-presses-pay", &fill);
        let Some(order_id) = self.press(choices, &event).await else {
            return;
        };
        let decision = match choices.u8(..10) {
            0..6 => Payer::Pays,
            6..8 => Payer::ClosesWindow,
            8 => Payer::Declines,
            _ => Payer::Cancels,
        };
        let Some(attempt) = self.decide(choices, &order_id, decision).await else {
            return;
        };
        if decision == Payer::Declines {
            let fill = [("ATTEMPT", attempt.as_str()), ("AMOUNT", &amount)];
            let event = events::event("driver-tries-again", &fill);
            if let Some(order_id) = self.press(choices, &event).await {
                self.decide(choices, &order_id, Payer::Pays).await;
            }
        }
    }

    /// Presses the button; the order, if it led to PayPal.
    async fn press(&self, choices: &mut Rng, event: &Value) -> Option<String> {
        let answer = self.load(choices, "start-checkout", event).await?;
        if answer.status() != 303 {
            return None;
        }
        let url: Url = answer.header("location").parse().unwrap();
        Some(query(&url, "token"))
    }

    /// Decides at PayPal; the attempt, of a driver who comes back from there.
    async fn decide(&self, choices: &mut Rng, order_id: &str, decision: Payer) -> Option<String> {
        let leads = self.world.city.standin.approve(order_id, decision);
        let Leads::To(back) = leads.unwrap() else {
            return None;
        };
        let back: Url = back.parse().unwrap();
        let attempt = back.path_segments().unwrap().nth(1).unwrap().to_owned();
        let name = match decision {
            Payer::Cancels => "driver-cancels",
            Payer::Pays | Payer::Declines | Payer::ClosesWindow => "driver-returns-from-paypal",
        };
        let fill = [("ATTEMPT", attempt.as_str()), ("ORDER_ID", order_id)];
        let event = events::event(name, &fill);
        strange::strike(&self.world.city.standin, choices);
        // Whether the page comes or not: the driver has been at PayPal.
        self.load(choices, "finish-checkout", &event).await;
        Some(attempt)
    }

    /// Loads a page, again where a kill took it, until it comes or the driver
    /// loses patience.
    async fn load(
        &self,
        choices: &mut Rng,
        function: &'static str,
        event: &Value,
    ) -> Option<Answer> {
        let Self { world, ticket } = self;
        for _ in 0..choices.u32(1..=LOADS_MAX) {
            let asked = world.history.asks(&ticket.case_number);
            let fate = Fate::draw(choices);
            match world.invoke(function, event.clone(), fate).await {
                Err(Killed) => {}
                Ok(answer) => {
                    if answer.status() != 303 {
                        let (city, case_number) = (&world.city, &ticket.case_number);
                        let history = &world.history;
                        history.shown(city, case_number, &asked, &answer).await;
                    }
                    return Some(answer);
                }
            }
        }
        None
    }
}

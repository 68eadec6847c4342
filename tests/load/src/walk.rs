//! A ticket's life, event by event of `events/`: each function is asked what it is asked in
//! the cloud, and what it answers is looked at, since an error page would be fast.

use binaries::{Answer, City, SUBSCRIBER, events, now, query};
use jiff::ToSpan;
use paypal_standin::{Leads, Payer};
use serde_json::{Value, json};
use url::Url;

const OFFICE_TOKEN: &str = "office.load.token";
const AMOUNT: &str = "30.00";

/// Whoever takes an event and answers it.
pub(crate) trait Functions {
    /// Hands it to the function of this name.
    fn ask(&mut self, function: &'static str, event: &Value) -> Answer;
}

/// A ticket, as it lies under the wiper.
pub(crate) struct Issued {
    pub(crate) case_number: String,
    pub(crate) token: String,
}

impl Issued {
    /// The driver scans the code.
    pub(crate) fn opened(&self) -> Value {
        events::event("driver-opens-ticket", &[("TOKEN", &self.token)])
    }

    /// The office looks the case up.
    pub(crate) fn looked_up(&self) -> Value {
        let fill = [
            ("CASE_NUMBER", self.case_number.as_str()),
            ("OFFICE_TOKEN", OFFICE_TOKEN),
        ];
        events::event("city-reads-ticket", &fill)
    }
}

/// Issues one ticket.
pub(crate) fn issue(functions: &mut impl Functions, case_number: String) -> Issued {
    let fill = [
        ("CASE_NUMBER", case_number.as_str()),
        ("OFFICE_TOKEN", OFFICE_TOKEN),
    ];
    let mut event = events::event("city-issues-ticket", &fill);
    let ticket = json!({
        "plate": "KL-XX 000",
        "offence": { "number": "112402", "text": "Sie parkten im Halteverbot." },
        "place": "Musterstraße 1",
        "occurred_at": now().saturating_sub(1.hour()).unwrap().to_string(),
        "amount": AMOUNT,
    });
    event["body"] = ticket.to_string().into();
    let issued = functions.ask("issue-tickets", &event);
    assert_eq!(issued.status(), 201, "{issued:?}");
    let url: Url = issued.json()["url"].as_str().unwrap().parse().unwrap();
    let token = url.path_segments().unwrap().next_back().unwrap().to_owned();
    Issued { case_number, token }
}

/// The driver pays, PayPal tells of it, the minute and the night pass, the city looks at the
/// case and at what its systems have heard; of another ticket cash is taken.
pub(crate) fn pay(city: &City, functions: &mut impl Functions, paid: &Issued, other: &Issued) {
    let page = functions.ask("show-ticket", &paid.opened());
    assert_eq!((page.status(), page.state()), (200, "open"), "{page:?}");

    let fill = [("TOKEN", paid.token.as_str()), ("AMOUNT", AMOUNT)];
    let pressed = events::event("driver-presses-pay", &fill);
    let pressed = functions.ask("start-checkout", &pressed);
    assert_eq!(pressed.status(), 303, "{pressed:?}");
    let order_id = query(&pressed.header("location").parse().unwrap(), "token");
    let Ok(Leads::To(back)) = city.standin.approve(&order_id, Payer::Pays) else {
        panic!("the payer is not sent back");
    };
    let back: Url = back.parse().unwrap();
    let attempt = back.path_segments().unwrap().nth(1).unwrap().to_owned();
    let fill = [("ATTEMPT", attempt.as_str()), ("ORDER_ID", &order_id)];
    let back = events::event("driver-returns-from-paypal", &fill);
    let back = functions.ask("finish-checkout", &back);
    assert_eq!((back.status(), back.state()), (200, "paid"), "{back:?}");

    for delivery in city.standin.take_deliveries() {
        let heard = functions.ask("receive-webhook", &events::webhook(&delivery));
        assert_eq!(heard.status(), 200, "{heard:?}");
        city.standin.delivered(&delivery, Some(200));
    }
    let sweep = functions.ask("reconcile-payments", &events::event("minute-passes", &[]));
    assert_eq!(sweep.value()["failed"], 0, "{sweep:?}");
    let night = functions.ask("compare-books", &events::event("night-passes", &[]));
    assert!(!night.value().is_null(), "{night:?}");

    let case = functions.ask("manage-tickets", &paid.looked_up());
    assert_eq!(case.status(), 200, "{case:?}");
    assert_eq!(case.json()["state"], "paid", "{case:?}");

    let paid_at = now().to_string();
    let fill = [
        ("CASE_NUMBER", other.case_number.as_str()),
        ("OFFICE_TOKEN", OFFICE_TOKEN),
        ("AMOUNT", AMOUNT),
        ("NUMBER", other.case_number.as_str()),
        ("PAID_AT", &paid_at),
    ];
    let taken = events::event("clerk-takes-cash", &fill);
    let booked = functions.ask("record-payments", &taken);
    assert_eq!(booked.status(), 201, "{booked:?}");

    // What there is to tell grows with all that is paid here in two minutes.
    let fill = [("SUBSCRIBER", SUBSCRIBER), ("OFFICE_TOKEN", OFFICE_TOKEN)];
    let heard = functions.ask(
        "notify-city",
        &events::event("city-reads-subscriber", &fill),
    );
    assert_eq!(heard.status(), 200, "{heard:?}");
}

//! Whatever PayPal answers, whoever asks and however it ends: no line of the deployed crates,
//! at any level, holds what must not leave a case or a secret.

#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use journeys::{
    Answers, City, Lines, OFFENCE_NUMBER, PLACE, PLATE, Payment, SECRETS, Subscriber, read,
};
use paypal_standin::{Afterwards, Fault, FaultKind, Issue, On, Payer};

const A_MINUTE: Duration = Duration::from_mins(1);
const AN_HOUR: Duration = Duration::from_hours(1);

/// What a payment asks PayPal for.
const PAYING: [On; 4] = [On::Token, On::Create, On::GetOrder, On::Capture];
/// And what is asked when money leaves again.
const LEAVING: [On; 5] = [
    On::GetOrder,
    On::GetCapture,
    On::Refund,
    On::GetRefund,
    On::GetDispute,
];

fn faults() -> Vec<FaultKind> {
    vec![
        FaultKind::Decline,
        FaultKind::PayerActionRequired,
        FaultKind::Pending,
        FaultKind::DeclinedIn201,
        FaultKind::RateLimit,
        FaultKind::Unauthorized,
        FaultKind::ServerError,
        FaultKind::ServerErrorAfterEffect,
        FaultKind::NoAnswer,
        FaultKind::NoAnswerAfterEffect,
        FaultKind::Html,
        FaultKind::HtmlAfterEffect,
        FaultKind::CutJson,
        FaultKind::EmptyAfterEffect,
        FaultKind::WrongAmount,
        FaultKind::WrongCurrency,
        FaultKind::WrongPayee,
        FaultKind::UnknownStatus,
        FaultKind::OmitsPayments,
        FaultKind::OmitsPayee,
        FaultKind::OmitsCustomId,
        FaultKind::ForeignApproveHost,
        FaultKind::MissingLink,
        FaultKind::NotFound,
        FaultKind::Refused(Issue::named("DUPLICATE_INVOICE_ID").unwrap()),
        FaultKind::Refused(Issue::named("PERMISSION_DENIED").unwrap()),
        FaultKind::RefusedAfterEffect(Issue::named("TRANSACTION_REFUSED").unwrap()),
    ]
}

/// What must be in no line, by what it is.
struct Canaries {
    known: BTreeMap<String, String>,
    /// Nor as a word of its own: five letters are sooner or later a part of somebody's number.
    words: BTreeSet<String>,
    lines: Lines,
    /// What was said at all.
    messages: BTreeSet<String>,
}

impl Canaries {
    /// Those of every city; listens from here on.
    fn of(city: &City) -> Self {
        let key = city.vars["TOKEN_SIGNING_KEY"].lines().nth(1).unwrap();
        let fixed = [
            (
                "the client secret",
                city.vars["PAYPAL_CLIENT_SECRET"].as_str(),
            ),
            ("the signing key", key),
            ("a subscriber's secret", SECRETS[0]),
            ("an access token", "A21AA"),
            ("an Authorization header", "Bearer"),
            ("credentials in one", "Basic "),
            ("the plate", PLATE),
            ("the plate in short", "KL-XX"),
            ("the place", PLACE),
            ("the offence", "Haltverbot"),
            ("the offence's number", OFFENCE_NUMBER),
            ("the payer's name", "Mustermann"),
            ("the payer's address", "payer@example.com"),
            ("PayPal's page for the payer", "checkoutnow"),
            ("a form", "amount=30.00"),
            ("an order's body", "purchase_units"),
            ("a webhook's body", "resource_type"),
            ("a reason", "Anhörung"),
            ("another reason", "Doppelt gezahlt"),
            ("a third reason", "Verfügung"),
            ("the till's reason", "Kasse war schon"),
        ];
        let known = fixed.map(|(what, text)| (what.to_owned(), text.to_owned()));
        Self {
            known: known.into(),
            words: BTreeSet::new(),
            lines: Lines::listen(),
            messages: BTreeSet::new(),
        }
    }

    fn add_token(&mut self, token: &str) {
        let signature = token.rsplit('.').next().unwrap();
        self.words.insert(token::check_word(token));
        for (what, text) in [("the token", token), ("the token's signature", signature)] {
            assert!(text.len() > 4, "{what}: {text}");
            self.known.insert(format!("{what} {text}"), text.to_owned());
        }
    }

    /// None of them was written since it was looked at last.
    fn are_unheard(&mut self, when: &str) {
        for line in self.lines.heard() {
            for (what, canary) in &self.known {
                assert!(!line.contains(canary), "{when}, {what}: {line}");
            }
            let mut words = line.split(|it: char| !it.is_alphanumeric());
            let check_word = words.find(|word| self.words.contains(*word));
            assert_eq!(check_word, None, "{when}, the check word: {line}");
            let message = &read(&line)["fields"]["message"];
            self.messages.insert(message.as_str().unwrap().to_owned());
        }
    }

    /// Events arrive; their signatures are canaries, too.
    async fn deliver(&mut self, city: &City) {
        for delivery in city.standin.take_deliveries() {
            let signature = delivery.headers["paypal-transmission-sig"].to_str();
            let signature = signature.unwrap().to_owned();
            self.known
                .insert("a webhook's signature".to_owned(), signature);
            city.receive(&delivery).await;
            let wrong = [&delivery.body[..], b" "].concat();
            city.post_webhook(&delivery.headers, &wrong).await;
        }
    }
}

async fn time_passes(city: &City, canaries: &mut Canaries) {
    for by in [A_MINUTE * 11, AN_HOUR] {
        city.later(by);
        city.minute_passes().await;
        canaries.deliver(city).await;
    }
}

/// A driver pays, as far as PayPal lets it.
async fn pays(city: &City, canaries: &mut Canaries, case: &str) {
    let token = city.issue(case).await;
    canaries.add_token(&token);
    city.open(&token).await;
    let mut checkout = city.press_pay(&token).await;
    for _ in 0..3 {
        if checkout.location.is_none() {
            city.later(A_MINUTE);
            checkout = city.press_pay(&token).await;
        }
    }
    if checkout.location.is_some()
        && let Some(back) = city.at_paypal(&checkout, Payer::Pays)
    {
        city.come_back(&back).await;
        city.try_again(&back.attempt).await;
        let order_id = &back.order_id;
        city.result(&back.attempt, "driver-cancels", order_id).await;
    }
    time_passes(city, canaries).await;
    city.open(&token).await;
}

/// Money of the last payment leaves: decided here, given back there, contested.
async fn leaves(city: &City, canaries: &mut Canaries, case: &str) {
    let capture = city.standin.books().captures.last().unwrap().id.clone();
    let proposed = city.proposes("clerk-1", (case, &capture), "10.00").await;
    let refund = proposed.body["id"].as_str().unwrap();
    city.approves("clerk-2", refund).await;
    time_passes(city, canaries).await;
    for what in [Afterwards::RefundedInPart(500), Afterwards::Disputed] {
        city.standin.afterwards(&capture, what).unwrap();
        canaries.deliver(city).await;
    }
    time_passes(city, canaries).await;
}

/// Each call fails in each way, three times over. What was said in all.
async fn fails_in_each_way(calls: &[On], is_paying: bool) -> BTreeSet<String> {
    let mut messages = BTreeSet::new();
    for on in calls {
        let city = Box::pin(City::new()).await;
        let mut canaries = Canaries::of(&city);
        for (number, kind) in faults().into_iter().enumerate() {
            let case = &format!("KL-{number}");
            let fault = Fault {
                times: 3,
                ..Fault::once(*on, kind)
            };
            if city.standin.set_fault(fault).is_err() {
                // It cannot strike there.
                continue;
            }
            // Else no token would be asked for.
            city.standin.revoke_tokens();
            if is_paying {
                Box::pin(pays(&city, &mut canaries, case)).await;
            } else {
                city.standin.clear_faults();
                Box::pin(pays(&city, &mut canaries, case)).await;
                city.standin.set_fault(fault).unwrap();
                Box::pin(leaves(&city, &mut canaries, case)).await;
            }
            city.standin.clear_faults();
            canaries.are_unheard(&format!("{fault:?}"));
        }
        city.later(Duration::from_hours(20));
        let _ = Box::pin(city.night()).await;
        canaries.are_unheard("at night");
        messages.extend(canaries.messages);
    }
    messages
}

/// That much was listened to.
fn were_heard(messages: &BTreeSet<String>, expected: &[&str]) {
    for message in expected {
        assert!(messages.contains(*message), "{message}: {messages:#?}");
    }
}

#[tokio::test]
async fn however_a_payment_goes_no_line_holds_a_secret_or_what_a_ticket_is_about() {
    let messages = Box::pin(fails_in_each_way(&PAYING, true)).await;
    were_heard(
        &messages,
        &[
            "a request was answered",
            "paypal answered",
            "paypal gave no answer",
            "paypal did not do what was asked",
            "an order was made",
            "an attempt was looked at",
            "a ticket is paid",
            "a webhook was refused",
            "the capture was declined",
            "PayPal holds a capture back",
            "PayPal's books and the table agree",
        ],
    );
}

#[tokio::test]
async fn however_money_leaves_no_line_holds_a_secret_or_what_a_ticket_is_about() {
    let messages = Box::pin(fails_in_each_way(&LEAVING, false)).await;
    were_heard(
        &messages,
        &[
            "a refund was looked at",
            "money was given back as decided",
            "money was taken back: the ticket is in review",
            "PayPal did not say what was taken back",
            "PayPal did not say whose money was taken back",
            "a refund waits: PayPal does not say how it stands",
        ],
    );
}

#[tokio::test]
async fn whatever_the_office_does_and_hears_no_line_holds_what_a_ticket_is_about() {
    let subscriber = Subscriber::opens("cash-office").await;
    let city = Box::pin(City::new()).await;
    let app = city.tells(&[subscriber.configured()]).await;
    let mut canaries = Canaries::of(&city);
    canaries.add_token(&city.issue("KL-1").await);
    city.minute_wakes(&app).await;
    for answers in [
        Answers::Page(500),
        Answers::Busy { for_s: 60 },
        Answers::Takes,
    ] {
        subscriber.answers(answers.clone());
        for name in [
            "clerk-notes-objection",
            "clerk-changes-amount",
            "city-asks-for-lease",
            "clerk-ends-review",
            "clerk-withdraws-ticket",
            "clerk-hands-over",
            "city-reads-ticket",
        ] {
            for case in ["KL-1", "KL-NOBODYS", "KL XX 000"] {
                city.clerk(name, case).await;
            }
        }
        let payment = Payment {
            amount: "30.00",
            number: "4711",
            paid_at: None,
        };
        for name in [
            "clerk-takes-cash",
            "cash-office-books-transfer",
            "clerk-overrides-pending",
        ] {
            city.books(name, "KL-1", payment).await;
        }
        let proposed = city.proposes("clerk-1", ("KL-1", "4711"), "10.00").await;
        let refund = proposed.body["id"].as_str().unwrap_or("KL-1.4711.1");
        city.decides("clerk-rejects-refund", "clerk-2", refund)
            .await;
        city.later(A_MINUTE * 5);
        city.minute_wakes(&app).await;
        city.redelivers(&app, "cash-office", "").await;
        canaries.are_unheard(&format!("{answers:?}"));
    }
    were_heard(
        &canaries.messages,
        &[
            "answered the city about a case",
            "answered the cash office",
            "answered the city about a subscriber",
            "told the city",
        ],
    );
}

//! A thousand tickets at once, paid in every way there is, by people who do not wait for
//! each other: in the end `PayPal`'s books, the table and what the city was told agree to
//! the cent.

#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use journeys::{Answers, City, Payment, Subscriber};
use notify_city::App;
use paypal_standin::{Afterwards, Fault, FaultKind, On, Payer};
use serde_json::{Value, json};

/// What becomes of how many tickets; what is left stays open.
const TICKETS: usize = 1_000;
const WAYS: [(Way, usize); 9] = [
    (Way::Online, 400),
    (Way::Transfer, 300),
    (Way::Cash, 100),
    (Way::Short, 30),
    (Way::Over, 20),
    (Way::Twice, 20),
    (Way::Withdrawn, 40),
    (Way::Objected, 30),
    (Way::HandedOver, 20),
];
const LEASES: usize = 30;
const REFUNDS: usize = 10;
const BY_THE_SAME: usize = 2;
const REVERSALS: usize = 5;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    Online,
    Transfer,
    Cash,
    Short,
    Over,
    Twice,
    Withdrawn,
    Objected,
    HandedOver,
    Open,
}

/// The way of each ticket, the ways mixed: no two of one come one after the other for long.
fn ways() -> Vec<(String, Way)> {
    let mut left: BTreeMap<Way, usize> = WAYS.into();
    let rest = TICKETS - left.values().sum::<usize>();
    left.insert(Way::Open, rest);
    let mut ways: Vec<Way> = left
        .into_iter()
        .flat_map(|(way, count)| std::iter::repeat_n(way, count))
        .collect();
    // 617 and 1,000 have no factor in common: each place is come to once.
    ways = (0..TICKETS)
        .map(|place| ways[place * 617 % TICKETS])
        .collect();
    let number = |place: usize| format!("KL-2026-{place:06}");
    let ways = ways.into_iter().enumerate();
    ways.map(|(place, way)| (number(place), way)).collect()
}

/// A city with a thousand tickets, and who hears of them.
struct Town {
    city: City,
    tokens: BTreeMap<String, String>,
}

impl Town {
    async fn pays_online(&self, case_number: &str) {
        let checkout = self.city.press_pay(&self.tokens[case_number]).await;
        let back = self.city.at_paypal(&checkout, Payer::Pays).unwrap();
        let page = self.city.come_back(&back).await;
        assert_eq!(page.state, "paid", "{case_number}");
    }

    async fn books(&self, event: &str, case_number: &str, amount: &str) {
        let payment = Payment {
            amount,
            number: &format!("{case_number}/{amount}"),
            paid_at: None,
        };
        let booked = self.city.books(event, case_number, payment).await;
        assert_eq!(booked.status, 201, "{case_number}: {}", booked.body);
    }

    /// Cash is taken beside a capture that `PayPal` holds back, and lets go later.
    async fn pays_at_the_till_beside_paypal(&self, case_number: &str) {
        let checkout = self.city.press_pay(&self.tokens[case_number]).await;
        let back = self.city.at_paypal(&checkout, Payer::Pays).unwrap();
        let held_back = Fault::once(On::Capture, FaultKind::Pending);
        self.city.standin.set_fault(held_back).unwrap();
        assert_eq!(self.city.come_back(&back).await.state, "pending");
        self.books("clerk-overrides-pending", case_number, "30.00")
            .await;
        let capture = self
            .city
            .standin
            .books()
            .captures
            .last()
            .unwrap()
            .id
            .clone();
        self.city
            .standin
            .afterwards(&capture, Afterwards::Completes)
            .unwrap();
    }

    async fn goes_its_way(&self, case_number: &str, way: Way, count: usize) {
        match way {
            Way::Online => self.pays_online(case_number).await,
            // They come with the day's list.
            Way::Transfer | Way::Open => {}
            Way::Cash => self.books("clerk-takes-cash", case_number, "30.00").await,
            Way::Short => {
                let transfer = "cash-office-books-transfer";
                self.books(transfer, case_number, "12.34").await;
                // Half of them pay the rest.
                if count.is_multiple_of(2) {
                    let token = &self.tokens[case_number];
                    let checkout = self.city.press_pay_over(token, "17.66").await;
                    let back = self.city.at_paypal(&checkout, Payer::Pays).unwrap();
                    assert_eq!(self.city.come_back(&back).await.state, "paid");
                }
            }
            Way::Over => self.books("clerk-takes-cash", case_number, "31.07").await,
            Way::Twice if count.is_multiple_of(2) => {
                self.pays_online(case_number).await;
                self.books("cash-office-books-transfer", case_number, "30.00")
                    .await;
            }
            Way::Twice => self.pays_at_the_till_beside_paypal(case_number).await,
            Way::Withdrawn => self.clerk("clerk-withdraws-ticket", case_number).await,
            Way::Objected => self.clerk("clerk-notes-objection", case_number).await,
            Way::HandedOver => self.clerk("clerk-hands-over", case_number).await,
        }
    }

    async fn clerk(&self, event: &str, case_number: &str) {
        let changed = self.city.clerk(event, case_number).await;
        assert_eq!(changed.status, 200, "{case_number}: {}", changed.body);
    }

    /// The day's list of the bank, in one request.
    async fn the_bank_sends_its_list(&self, cases: &[&str]) {
        let now = self.city.now().to_string();
        let line = |case_number: &&str| {
            json!({
                "case_number": case_number,
                "channel": "transfer",
                "amount": "30.00",
                "paid_at": now,
                "bank_reference": format!("E2E-{case_number}"),
            })
            .to_string()
        };
        let lines: Vec<String> = cases.iter().map(line).collect();
        let body = lines.join("\n").replace('"', "\\\"").replace('\n', "\\n");
        let event = journeys::event("cash-office-books-list", &[("LINES", &body)]);
        let booked = self.city.records(&event).await;
        let answers = booked.body.as_str().unwrap().lines();
        let created = answers.filter(|line| line.contains(r#""status":201"#));
        assert_eq!(created.count(), cases.len());
    }

    /// Some minutes pass, with what `PayPal` says in them.
    async fn minutes_pass(&self, minutes: u32) {
        for _ in 0..minutes {
            self.city.later(Duration::from_mins(1));
            self.city.sweep().await;
            self.city.deliver().await;
        }
    }
}

/// Money that is kept, by payment, in cents: what came of it less what has gone.
type Kept = BTreeMap<String, i64>;

/// An amount as the API writes it, in cents.
fn cents(amount: &Value) -> i64 {
    amount.as_str().unwrap().replace('.', "").parse().unwrap()
}

/// What `PayPal` has of each capture.
fn kept_at_paypal(city: &City) -> Kept {
    let captures = city.standin.books().captures.clone();
    let kept = captures.into_iter().map(|capture| {
        let cents = capture.amount.minor_units - capture.given_back.minor_units;
        (capture.id, i64::try_from(cents).unwrap())
    });
    kept.collect()
}

/// What the cases say is kept of each payment; those of `PayPal` apart from the others.
fn kept_by_cases(cases: &BTreeMap<String, Value>) -> (Kept, Kept) {
    let (mut paypal, mut others) = (Kept::new(), Kept::new());
    for case in cases.values() {
        for settlement in case["settlements"].as_array().unwrap() {
            let (kept, id) = match settlement["channel"].as_str().unwrap() {
                "paypal" => (&mut paypal, settlement["capture_id"].as_str().unwrap()),
                _ => (&mut others, settlement["receipt_number"].as_str().unwrap()),
            };
            let before = kept.insert(id.to_owned(), cents(&settlement["value"]));
            assert_eq!(before, None, "{id}");
        }
        for gone in case["taken_back"].as_array().unwrap() {
            let id = gone["settlement"].as_str().unwrap();
            let receipt = id.strip_prefix("cash-").or(id.strip_prefix("transfer-"));
            let kept = match receipt {
                Some(receipt) => others.get_mut(receipt),
                None => paypal.get_mut(id),
            };
            *kept.unwrap() -= cents(&gone["value"]);
        }
    }
    (paypal, others)
}

/// The whole feed, as a system of the city's reads it.
async fn feed(city: &City) -> Vec<Value> {
    let (mut changes, mut after) = (Vec::new(), None::<String>);
    loop {
        let mut query = vec![("limit", "500")];
        if let Some(after) = &after {
            query.push(("after", after));
        }
        let page = city.lists("city-reads-changes", &query).await.body;
        changes.extend(page["changes"].as_array().unwrap().clone());
        after = page["next"].as_str().map(str::to_owned);
        if page["more"] == false {
            return changes;
        }
    }
}

/// The tickets of a way.
fn of_way(ways: &[(String, Way)], wanted: Way) -> impl Iterator<Item = &str> {
    let of_it = ways.iter().filter(move |(_, way)| *way == wanted);
    of_it.map(|(case_number, _)| case_number.as_str())
}

impl Town {
    async fn opens(app: &App, city: City, ways: &[(String, Way)]) -> Self {
        city.minute_wakes(app).await;
        let mut tokens = BTreeMap::new();
        for (case_number, _) in ways {
            tokens.insert(case_number.clone(), city.issue(case_number).await);
        }
        city.stream_wakes(app).await;
        Self { city, tokens }
    }

    /// Each ticket goes its way; who is told of it is down for a half of it.
    async fn everybody_goes_their_way(
        &self,
        app: &App,
        subscriber: &Subscriber,
        ways: &[(String, Way)],
    ) {
        let mut counts: BTreeMap<Way, usize> = BTreeMap::new();
        for (place, (case_number, way)) in ways.iter().enumerate() {
            match place {
                250 => subscriber.answers(Answers::Page(503)),
                750 => subscriber.answers(Answers::Takes),
                _ => {}
            }
            let count = counts.entry(*way).or_default();
            Box::pin(self.goes_its_way(case_number, *way, *count)).await;
            *count += 1;
            if place % 50 == 49 {
                self.minutes_pass(1).await;
                self.city.stream_wakes(app).await;
            }
        }
        let transfers: Vec<&str> = of_way(ways, Way::Transfer).collect();
        self.the_bank_sends_its_list(&transfers).await;
        self.minutes_pass(70).await;
    }

    /// Letters are asked for, money goes back as people decide, and `PayPal` takes some.
    async fn the_city_acts(&self, ways: &[(String, Way)]) {
        for case_number in of_way(ways, Way::Online).take(LEASES) {
            let fill = [("UNTIL", "2026-12-10T12:00:00Z")];
            let asked = self.city.manages("city-asks-for-lease", case_number, &fill);
            let refused = asked.await;
            assert!(refused.is_problem(409, "ticket-paid"), "{}", refused.body);
        }
        let proposed = self.city.refunds("proposed").await;
        assert_eq!(proposed.len(), 40, "what was over, and what came twice");
        for (count, refund) in proposed.iter().step_by(4).take(REFUNDS).enumerate() {
            let number = refund["id"].as_str().unwrap();
            if count < BY_THE_SAME {
                let case = refund["case_number"].as_str().unwrap();
                let file = self.city.case_file(case).await;
                let mut booked = file.settlements.iter();
                let clerk = booked.find_map(|it| it.source.clerk()).unwrap();
                let own = self.city.approves(clerk, number).await;
                assert!(own.is_problem(409, "own-proposal"), "{}", own.body);
            } else {
                let approved = self.city.approves("clerk-2", number).await;
                assert_eq!(approved.status, 200, "{}", approved.body);
            }
        }
        for case_number in of_way(ways, Way::Online).skip(LEASES).take(REVERSALS) {
            let file = self.city.case_file(case_number).await;
            let capture = file.settlements[0].id();
            let standin = &self.city.standin;
            standin
                .afterwards(capture.as_str(), Afterwards::Reversed)
                .unwrap();
        }
        self.minutes_pass(15).await;
    }

    /// Every case, as the city reads it.
    async fn cases(&self) -> BTreeMap<String, Value> {
        let mut cases = BTreeMap::new();
        for case_number in self.tokens.keys() {
            cases.insert(case_number.clone(), self.city.reads(case_number).await);
        }
        cases
    }
}

/// What the city was told says what the cases say, of each ticket and of each payment.
fn the_feed_agrees(feed: &[Value], cases: &BTreeMap<String, Value>) {
    let mut last: BTreeMap<&str, &Value> = BTreeMap::new();
    let mut booked: BTreeSet<String> = BTreeSet::new();
    for change in feed {
        last.insert(change["case_number"].as_str().unwrap(), change);
        let what = change["what"].as_str().unwrap();
        if ["paid", "part_paid", "surplus_booked"].contains(&what) {
            let id = change["reference"].as_str().unwrap();
            let receipt = id.strip_prefix("cash-").or(id.strip_prefix("transfer-"));
            assert!(booked.insert(receipt.unwrap_or(id).to_owned()), "{id}");
        }
    }
    assert_eq!(last.len(), TICKETS);
    for (case_number, change) in last {
        let case = &cases[case_number];
        assert_eq!(
            (&change["state"], &change["owed"]),
            (&case["state"], &case["owed"])
        );
    }
    let (paypal, others) = kept_by_cases(cases);
    assert_eq!(
        booked,
        paypal.into_keys().chain(others.into_keys()).collect()
    );
}

/// Whoever was down has heard all of it, once for each id, and as the feed says it.
fn was_heard_once(feed: &[Value], subscriber: &Subscriber) {
    let told = subscriber.taken();
    let mut heard: BTreeMap<&str, &Value> = BTreeMap::new();
    for message in &told {
        let before = heard.insert(message.id.as_str(), &message.body["data"]);
        assert_eq!(before, None, "{} was taken twice", message.id);
    }
    let all = feed.iter();
    let all = all.map(|change| (change["id"].as_str().unwrap(), change));
    assert_eq!(heard, all.collect());
}

#[tokio::test]
async fn a_thousand_tickets_are_paid_in_every_way_and_everybody_agrees_to_the_cent() {
    let subscriber = Subscriber::opens("city").await;
    let city = Box::pin(City::new()).await;
    let app = city.tells(&[subscriber.configured()]).await;
    let ways = ways();
    let town = Box::pin(Town::opens(&app, city, &ways)).await;
    Box::pin(town.everybody_goes_their_way(&app, &subscriber, &ways)).await;
    Box::pin(town.the_city_acts(&ways)).await;
    for _ in 0..10 {
        town.city.later(Duration::from_mins(30));
        town.city.minute_wakes(&app).await;
    }
    town.city.later(Duration::from_hours(24));
    let (night, _) = town.city.night().await;
    assert_eq!(night.difference_cents, 0);
    let captures = town.city.standin.books().captures.len();
    assert_eq!(
        usize::try_from(night.comparison.shown.count).unwrap(),
        captures,
        "it has seen them all"
    );

    let cases = town.cases().await;
    let mut states: BTreeMap<&str, usize> = BTreeMap::new();
    for case in cases.values() {
        *states.entry(case["state"].as_str().unwrap()).or_default() += 1;
    }
    let expected = [
        ("handed_over", 20),
        ("objected", 30),
        ("open", 40 + 15),
        ("paid", 400 + 300 + 100 + 15 + 20 + 20 - REVERSALS),
        ("review", REVERSALS),
        ("withdrawn", 40),
    ];
    assert_eq!(states, expected.into());
    let (paypal, _) = kept_by_cases(&cases);
    assert_eq!(paypal, kept_at_paypal(&town.city));
    let completed = town.city.refunds("completed").await.len();
    let ordered = town.city.refunds("ordered").await.len();
    assert_eq!(completed + ordered, REFUNDS - BY_THE_SAME);
    let feed = feed(&town.city).await;
    the_feed_agrees(&feed, &cases);
    was_heard_once(&feed, &subscriber);
}

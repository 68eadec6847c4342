//! What the city's systems hear: every change of every ticket, in the order of each
//! ticket, however late it was written; and the tickets of a state, page by page.

#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use journeys::{City, Payment};
use paypal_standin::{Afterwards, Fault, FaultKind, On, Payer};
use serde_json::{Value, json};
use store::{Act, Write};
use ticket::Change;

const CASE: &str = "KL-2026-000123";
/// Longer than anything can be written late.
const MARGIN: Duration = Duration::from_mins(3);

/// A system of the city's that reads on from where it was.
struct Listener<'a> {
    city: &'a City,
    after: Option<String>,
    heard: Vec<Value>,
}

impl<'a> Listener<'a> {
    fn new(city: &'a City) -> Self {
        Self {
            city,
            after: None,
            heard: Vec::new(),
        }
    }

    /// One page; whether there is more.
    async fn page(&mut self, limit: usize) -> bool {
        let limit = limit.to_string();
        let mut query = vec![("limit", limit.as_str())];
        query.extend(self.after.as_deref().map(|after| ("after", after)));
        let page = self.city.lists("city-reads-changes", &query).await;
        assert_eq!(page.status, 200, "{}", page.body);
        self.after = Some(page.body["next"].as_str().unwrap().to_owned());
        let changes = page.body["changes"].as_array().unwrap();
        assert!(changes.len().to_string() <= limit || changes.len() < 10);
        self.heard.extend(changes.iter().cloned());
        page.body["more"].as_bool().unwrap()
    }

    /// All there is now.
    async fn listens(&mut self, limit: usize) {
        for _ in 0..200 {
            if !self.page(limit).await {
                return;
            }
        }
        panic!("a feed without an end");
    }

    /// What is new to whoever knows the changes by their ids.
    fn known(&self) -> Vec<Value> {
        let mut seen = BTreeSet::new();
        let new = self
            .heard
            .iter()
            .filter(|it| seen.insert(it["id"].to_string()));
        new.cloned().collect()
    }
}

async fn all_changes(city: &City) -> Vec<Value> {
    let mut listener = Listener::new(city);
    listener.listens(3).await;
    listener.known()
}

fn said(changes: &[Value]) -> Vec<String> {
    let words = changes.iter().map(|it| {
        let text = |name: &str| it[name].as_str().unwrap().to_owned();
        format!("{} {} {}", text("what"), text("state"), text("owed"))
    });
    words.collect()
}

/// Each ticket's changes are the lines of its journal, once and in order; their moments
/// grow, and the last one is the ticket's.
async fn are_the_journals(city: &City, changes: &[Value]) {
    let mut of_case: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for change in changes {
        let case = change["case_number"].as_str().unwrap();
        of_case.entry(case).or_default().push(change);
    }
    for (case, changes) in of_case {
        let file = city.reads(case).await;
        let words = |all: Vec<&Value>| -> Vec<Value> {
            all.into_iter().map(|it| it["what"].clone()).collect()
        };
        let journal = words(file["journal"].as_array().unwrap().iter().collect());
        assert_eq!(words(changes.clone()), journal, "{case}");
        let moments: Vec<&str> = changes
            .iter()
            .map(|it| it["at"].as_str().unwrap())
            .collect();
        let moments: Vec<jiff::Timestamp> = moments.iter().map(|it| it.parse().unwrap()).collect();
        assert!(moments.is_sorted_by(|one, next| one < next), "{moments:?}");
        let last = *moments.last().unwrap();
        let ticket = city.case_file(case).await.ticket;
        assert_eq!(ticket.changed_at, Some(last), "{case}");
        assert_eq!(changes.last().unwrap()["state"], ticket.state.name());
    }
}

async fn cash(city: &City, amount: &str, number: &str) -> u16 {
    let payment = Payment {
        amount,
        number,
        paid_at: None,
    };
    let booked = city.books("clerk-takes-cash", CASE, payment).await;
    booked.status.as_u16()
}

async fn leases(city: &City, case_number: &str, until: &str) {
    let fill = [("UNTIL", until)];
    let lease = city
        .manages("city-asks-for-lease", case_number, &fill)
        .await;
    assert_eq!(lease.status, 200, "{}", lease.body);
}

#[tokio::test]
async fn cash_in_parts_surplus_and_its_refund_are_heard_once_and_in_order() {
    let city = City::new().await;
    city.issue(CASE).await;
    let transfer = Payment {
        amount: "10.00",
        number: "T1",
        paid_at: None,
    };
    let part = city
        .books("cash-office-books-transfer", CASE, transfer)
        .await;
    assert_eq!(part.status, 201, "{}", part.body);
    assert_eq!(cash(&city, "20.00", "1").await, 201);
    let more = city.books(
        "cash-office-books-transfer",
        CASE,
        Payment {
            number: "T2",
            ..transfer
        },
    );
    assert_eq!(more.await.status, 201);
    let number = format!("{CASE}.transfer-T2.1");
    // The journal tells what happened in one second in no order.
    city.later(Duration::from_secs(1));
    let approved = city.approves("clerk-2", &number).await;
    assert_eq!(approved.status, 200, "{}", approved.body);
    let changes = all_changes(&city).await;
    assert_eq!(
        said(&changes),
        [
            "issued open 30.00",
            "part_paid open 20.00",
            "paid paid 0.00",
            "surplus_booked paid 0.00",
            "refund_approved paid 0.00",
        ]
    );
    assert_eq!(changes[2]["reference"], "cash-1");
    are_the_journals(&city, &changes).await;
}

#[tokio::test]
async fn what_paypal_holds_back_pays_and_takes_back_is_heard_once_and_in_order() {
    let city = City::new().await;
    let back = city.goes_to_paypal(CASE, Payer::Pays).await.unwrap();
    let held_back = Fault::once(On::Capture, FaultKind::Pending);
    city.standin.set_fault(held_back).unwrap();
    city.come_back(&back).await;
    let capture = city.standin.books().captures[0].id.clone();
    let completes = city.standin.afterwards(&capture, Afterwards::Completes);
    completes.unwrap();
    city.deliver().await;
    let settlement = (CASE, capture.as_str());
    assert_eq!(
        city.proposes("clerk-1", settlement, "5.00").await.status,
        201
    );
    let number = format!("{CASE}.{capture}.1");
    city.later(Duration::from_secs(1));
    let reason = city.decides("clerk-approves-refund", "clerk-2", &number);
    assert_eq!(reason.await.status, 200);
    city.later(Duration::from_mins(2));
    city.sweep().await;
    city.deliver().await;
    let changes = all_changes(&city).await;
    let said = said(&changes);
    assert_eq!(said[0], "issued open 30.00");
    assert_eq!(said[1], "capture_pending open 30.00");
    assert_eq!(said[2], "paid paid 0.00");
    assert_eq!(said[3], "refund_proposed paid 0.00");
    assert_eq!(said[4], "refund_approved paid 0.00");
    assert_eq!(said[5], "refunded review 0.00");
    are_the_journals(&city, &changes).await;
}

#[tokio::test]
async fn what_clerks_and_others_do_is_heard_and_nobody_hears_who_or_where() {
    let city = City::new().await;
    for (number, change) in [
        ("KL-1", "clerk-withdraws-ticket"),
        ("KL-2", "clerk-notes-objection"),
        ("KL-3", "clerk-hands-over"),
        ("KL-4", "clerk-changes-amount"),
    ] {
        city.issue(number).await;
        assert_eq!(city.clerk(change, number).await.status, 200);
    }
    city.issue("KL-5").await;
    let until = (city.now() + jiff::SignedDuration::from_hours(48)).to_string();
    leases(&city, "KL-5", &until).await;
    let changes = all_changes(&city).await;
    let mut last = said(&changes);
    last.retain(|it| !it.starts_with("issued"));
    last.sort();
    assert_eq!(
        last,
        [
            "amount_changed open 20.00",
            "handed_over handed_over 0.00",
            "letter_leased open 30.00",
            "objected objected 0.00",
            "withdrawn withdrawn 0.00",
        ]
    );
    are_the_journals(&city, &changes).await;
    let text = Value::Array(changes).to_string();
    for word in [
        journeys::PLATE,
        journeys::PLACE,
        journeys::OFFENCE_NUMBER,
        "clerk-17",
        "Anhörung",
    ] {
        assert!(!text.contains(word), "{word}");
    }
}

#[tokio::test]
async fn pages_of_any_size_lose_and_double_nothing_beyond_the_margin() {
    for limit in [1, 2, 500] {
        let city = City::new().await;
        for number in 0..7 {
            city.issue(&format!("KL-{number}")).await;
            city.later(Duration::from_secs(1));
        }
        let mut listener = Listener::new(&city);
        listener.listens(limit).await;
        assert_eq!(listener.heard.len(), 7, "heard at once");
        listener.listens(limit).await;
        assert_eq!(listener.heard.len(), 14, "young ones come again");
        city.later(MARGIN);
        listener.listens(limit).await;
        let heard = listener.heard.len();
        city.issue("KL-NEW").await;
        city.later(MARGIN);
        listener.listens(limit).await;
        assert_eq!(listener.heard.len(), heard + 1, "and then no more");
        listener.listens(limit).await;
        assert_eq!(listener.heard.len(), heard + 1);
        assert_eq!(listener.known().len(), 8);
    }
}

/// A function that read the clock 50 s ago and was slow comes to write only now.
#[tokio::test]
async fn a_change_that_is_written_late_is_heard_by_whoever_has_read_past_it() {
    for limit in [1, 100] {
        let city = City::new().await;
        city.issue(CASE).await;
        city.later(MARGIN);
        let began = city.now();
        let ticket = city.case_file(CASE).await.ticket;
        let mut listener = Listener::new(&city);
        for number in 0..5 {
            city.later(Duration::from_secs(10));
            city.issue(&format!("KL-{number}")).await;
            listener.listens(limit).await;
        }
        let act = Act {
            by: "slow",
            reason: &"Spät".parse().unwrap(),
            at: began,
        };
        let permit = ticket.permit(Change::Withdraw).unwrap().unwrap();
        let late = city.store.change_by_clerk(permit, act).await.unwrap();
        assert_eq!(late, Write::Done);
        city.later(Duration::from_secs(5));
        listener.page(limit).await;
        city.later(MARGIN);
        listener.listens(limit).await;
        let known = listener.known();
        assert!(said(&known).contains(&"withdrawn withdrawn 0.00".to_owned()));
        assert_eq!(known.len(), 7);
        let of_case = known.iter().filter(|it| it["case_number"] == CASE);
        let of_case: Vec<Value> = of_case.cloned().collect();
        are_the_journals(&city, &of_case).await;
    }
}

#[tokio::test]
async fn of_two_who_write_about_one_ticket_at_once_each_is_heard_and_in_order() {
    let city = City::new().await;
    city.issue(CASE).await;
    assert_eq!(cash(&city, "30.00", "1").await, 201);
    let read = city.case_file(CASE).await.ticket;
    // Both have read the ticket as it is; money changes nothing about it any more.
    assert_eq!(cash(&city, "5.00", "2").await, 201);
    let settlement = city.case_file(CASE).await.settlements[1].clone();
    let third = ticket::Settlement {
        source: ticket::Source::Cash(ticket::Receipt {
            receipt_number: "3".parse().unwrap(),
            clerk: "clerk-3".to_owned(),
        }),
        ..settlement
    };
    let clerk = store::Booker::Clerk {
        override_reason: None,
    };
    let refused = city.store.book(&read, &third, clerk).await.unwrap();
    assert_eq!(refused, Write::Refused, "the moments would not be in order");
    let (one, other) = tokio::join!(cash(&city, "5.00", "3"), cash(&city, "5.00", "4"));
    assert_eq!((one, other), (201, 201));
    let changes = all_changes(&city).await;
    assert_eq!(changes.len(), 5);
    are_the_journals(&city, &changes).await;
}

/// While the capture call is under way a refund of a part is proposed: the journal has a
/// line more than whoever captures has seen, and nothing else of the ticket changes.
#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_written_while_somebody_captures_keeps_no_capture_from_being_booked() {
    for (held_back, state) in [(false, "paid"), (true, "pending")] {
        let mut city = City::new().await;
        let token = city.issue(CASE).await;
        let transfer = Payment {
            amount: "10.00",
            number: "T1",
            paid_at: None,
        };
        let part = city.books("cash-office-books-transfer", CASE, transfer);
        assert_eq!(part.await.status, 201);
        let (store, now) = (city.store.clone(), city.now());
        city.between(move |asked, status, answer| {
            if asked.starts_with("POST") && asked.ends_with("/capture") {
                let writes = async {
                    let ticket = store.ticket(&CASE.parse().unwrap()).await.unwrap().unwrap();
                    assert!(ticket.lock().is_some());
                    let money = store.case_money(&ticket).await.unwrap();
                    let part = &ticket.proposals_of_fine(&money, "clerk-1", now)[0];
                    store.propose_refund(&ticket, part).await.unwrap()
                };
                let handle = tokio::runtime::Handle::current();
                let told = tokio::task::block_in_place(|| handle.block_on(writes));
                assert_eq!(told, Write::Done);
            }
            (status, answer)
        })
        .await;
        let checkout = city.press_pay_over(&token, "20.00").await;
        let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
        if held_back {
            let fault = Fault::once(On::Capture, FaultKind::Pending);
            city.standin.set_fault(fault).unwrap();
        }
        assert_eq!(city.come_back(&back).await.state, state);
        let changes = all_changes(&city).await;
        let said = said(&changes);
        assert!(said[2].starts_with("refund_proposed open"), "{said:?}");
        assert_eq!(said.len(), 4, "{said:?}");
        let last = changes[3]["what"].as_str().unwrap();
        assert_eq!(last, if held_back { "capture_pending" } else { "paid" });
    }
}

#[tokio::test]
async fn after_a_restore_what_is_booked_again_is_heard_under_the_same_id() {
    let city = City::new().await;
    let back = city.goes_to_paypal(CASE, Payer::Pays).await.unwrap();
    let from = city.now();
    let backup = city.backup().await;
    city.come_back(&back).await;
    city.deliver().await;
    let mut listener = Listener::new(&city);
    city.later(MARGIN);
    listener.listens(10).await;
    let before = listener.known();
    assert_eq!(before.len(), 2);
    city.restore(&backup).await;
    city.later(Duration::from_hours(4));
    city.reconcile(from).await;
    city.sweep().await;
    listener.heard.clear();
    listener.listens(10).await;
    let again = listener.known();
    assert_eq!(said(&again), ["paid paid 0.00"]);
    assert_eq!(again[0]["id"], before[1]["id"]);
    assert!(again[0]["at"].as_str() > before[1]["at"].as_str());
    are_the_journals(&city, &all_changes(&city).await).await;
}

#[tokio::test]
async fn a_line_that_a_restore_has_lost_is_heard_as_the_ticket_stands() {
    let city = City::new().await;
    let empty = city.backup().await;
    city.issue(CASE).await;
    let issued = city.backup().await;
    let lost: Vec<_> = empty.changed_until(&issued);
    let ticket_alone: Vec<_> = lost.into_iter().filter(|(_, sk)| sk == "TICKET").collect();
    city.restore(&empty.with(&issued, &ticket_alone)).await;
    assert_eq!(city.clerk("clerk-notes-objection", CASE).await.status, 200);
    city.later(MARGIN);
    let ticket = journeys::open_ticket(CASE, city.now());
    let same = city.store.issue(&ticket, "test").await.unwrap();
    assert!(matches!(same, store::Issued::Same(_)));
    let changes = all_changes(&city).await;
    assert_eq!(
        said(&changes),
        ["objected objected 0.00", "issued objected 0.00"]
    );
    let table = city.table().await;
    city.later(MARGIN);
    city.store.issue(&ticket, "test").await.unwrap();
    assert_eq!(city.table().await, table, "and once");
}

/// Reads a whole list; after each page something may happen.
async fn listed(city: &City, query: &[(&str, &str)], between: impl AsyncFn(usize)) -> Vec<Value> {
    let mut all = Vec::new();
    let mut after: Option<String> = None;
    for page in 0..100 {
        let mut query = query.to_vec();
        query.extend(after.as_deref().map(|after| ("after", after)));
        let answered = city.lists("city-lists-tickets", &query).await;
        assert_eq!(answered.status, 200, "{}", answered.body);
        all.extend(answered.body["tickets"].as_array().unwrap().clone());
        match answered.body["next"].as_str() {
            Some(next) => after = Some(next.to_owned()),
            None => return all,
        }
        between(page).await;
    }
    panic!("a list without an end");
}

fn numbers(tickets: &[Value]) -> Vec<&str> {
    let numbers = tickets.iter().map(|it| it["case_number"].as_str().unwrap());
    numbers.collect()
}

#[tokio::test]
async fn the_tickets_of_a_state_are_listed_page_by_page_those_due_first_before_all_others() {
    let city = City::new().await;
    let mut expected = Vec::new();
    for day in 0..3 {
        for number in 0..20 {
            expected.push(format!("KL-{day}-{number:02}"));
            city.issue(expected.last().unwrap()).await;
        }
        city.later(Duration::from_hours(24));
    }
    let nothing = async |_| {};
    for limit in ["1", "7", "100"] {
        let query = [("state", "open"), ("limit", limit)];
        let tickets = listed(&city, &query, nothing).await;
        assert_eq!(numbers(&tickets), expected, "{limit}");
    }
    let due_on = city.reads("KL-1-00").await["due_on"].clone();
    let query = [("state", "open"), ("due_before", due_on.as_str().unwrap())];
    let tickets = listed(&city, &query, nothing).await;
    assert_eq!(numbers(&tickets), expected[..20]);
    let moment = city.now().to_string();
    city.later(Duration::from_secs(1));
    let until = (city.now() + jiff::SignedDuration::from_hours(48)).to_string();
    leases(&city, "KL-2-05", &until).await;
    let query = [
        ("state", "open"),
        ("changed_after", &moment),
        ("limit", "9"),
    ];
    let tickets = listed(&city, &query, nothing).await;
    assert_eq!(numbers(&tickets), ["KL-2-05"]);
    let it = &tickets[0];
    assert_eq!(it["letter_until"], json!(until));
    assert_eq!(
        (&it["owed"], &it["amount"]),
        (&json!("30.00"), &json!("30.00"))
    );
    assert_eq!(
        (&it["state"], &it["lapsed"]),
        (&json!("open"), &json!(false))
    );
    assert_eq!(it["changed_at"], json!(city.now()));
}

#[tokio::test]
async fn a_ticket_that_is_paid_between_two_pages_moves_to_the_other_list_and_hides_nobody() {
    let city = City::new().await;
    let cases: Vec<String> = (0..9).map(|number| format!("KL-{number}")).collect();
    for case in &cases {
        city.issue(case).await;
    }
    let pays = async |page: usize| {
        // The one that was read last, the next one, and one further on.
        for case in [2 * page + 1, 2 * page + 2, 8] {
            let payment = Payment {
                amount: "30.00",
                number: &format!("{page}-{case}"),
                paid_at: None,
            };
            let paid = city.books("clerk-takes-cash", &cases[case.min(8)], payment);
            if page == 0 {
                assert_eq!(paid.await.status, 201);
            }
        }
    };
    let query = [("state", "open"), ("limit", "2")];
    let open = listed(&city, &query, pays).await;
    let still = [0, 1, 3, 4, 5, 6, 7].map(|number| cases[number].as_str());
    assert_eq!(numbers(&open), still);
    let paid = listed(&city, &[("state", "paid")], async |_| {}).await;
    assert_eq!(numbers(&paid), ["KL-1", "KL-2", "KL-8"]);
    for state in ["objected", "withdrawn", "handed_over", "review"] {
        assert!(
            listed(&city, &[("state", state)], async |_| {})
                .await
                .is_empty()
        );
    }
}

#[tokio::test]
async fn every_change_of_state_moves_the_ticket_and_no_sweep_looks_at_it() {
    for (change, state) in [
        ("clerk-withdraws-ticket", "withdrawn"),
        ("clerk-notes-objection", "objected"),
        ("clerk-hands-over", "handed_over"),
    ] {
        let city = City::new().await;
        city.issue(CASE).await;
        city.clerk(change, CASE).await;
        let tickets = listed(&city, &[("state", state)], async |_| {}).await;
        assert_eq!(numbers(&tickets), [CASE]);
        assert!(
            listed(&city, &[("state", "open")], async |_| {})
                .await
                .is_empty()
        );
        city.later(Duration::from_hours(24 * 30));
        let table = city.table().await;
        city.sweep().await;
        assert_eq!(city.table().await, table, "{state}");
    }
}

#[tokio::test]
async fn what_cannot_be_asked_is_answered_with_the_field_and_what_to_send() {
    let city = City::new().await;
    city.issue(CASE).await;
    let place = city
        .lists("city-lists-tickets", &[("state", "open"), ("limit", "1")])
        .await;
    assert_eq!(place.body["next"], Value::Null);
    for (event, query, field) in [
        ("city-reads-changes", vec![("after", "")], "after"),
        ("city-reads-changes", vec![("after", "x")], "after"),
        ("city-reads-changes", vec![("after", "MXx4")], "after"),
        ("city-reads-changes", vec![("limit", "0")], "limit"),
        ("city-reads-changes", vec![("limit", "501")], "limit"),
        ("city-reads-changes", vec![("limit", "-1")], "limit"),
        ("city-reads-changes", vec![("since", "1")], "since"),
        ("city-lists-tickets", vec![], "state"),
        ("city-lists-tickets", vec![("state", "offen")], "state"),
        (
            "city-lists-tickets",
            vec![("state", "open"), ("limit", "101")],
            "limit",
        ),
        (
            "city-lists-tickets",
            vec![("state", "open"), ("after", "!")],
            "after",
        ),
        (
            "city-lists-tickets",
            vec![("state", "open"), ("due_before", "1.12.2026")],
            "due_before",
        ),
        (
            "city-lists-tickets",
            vec![("state", "open"), ("changed_after", "2026-12-01")],
            "changed_after",
        ),
        (
            "city-lists-tickets",
            vec![("state", "open"), ("plate", "KL-AB-1")],
            "plate",
        ),
    ] {
        let refused = city.lists(event, &query).await;
        assert!(
            refused.is_problem(400, "invalid-request"),
            "{query:?}: {}",
            refused.body
        );
        assert_eq!(refused.body["field"], field, "{}", refused.body);
    }
    let none = city.lists("city-lists-tickets", &[]).await;
    let detail = none.body["detail"].as_str().unwrap();
    assert_eq!(
        detail,
        "is missing: send one of open, paid, objected, withdrawn, handed_over, review"
    );
    let early = [("state", "open"), ("due_before", "0000-01-01")];
    assert!(listed(&city, &early, async |_| {}).await.is_empty());
}

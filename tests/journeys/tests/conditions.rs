//! Each condition of the store by itself: what it refuses, and that nothing is
//! written then. Every test here goes red when its condition is taken away.

#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

use jiff::Timestamp;
use journeys::City;
use store::{
    Attempt, AttemptEnd, AttemptState, Booker, Decline, Held, PlacedOrder, Queue, Released,
    TakenBack, TakenBackKind, Write,
};
use ticket::{
    AttemptId, CaptureId, Captured, Cents, Language, Receipt, Role, Settlement, Source, Standing,
    State, SurplusReason, Ticket,
};

const CASE: &str = "KL-2026-000123";
/// A clerk who overrides nothing.
const BY_CLERK: Booker<'_> = Booker::Clerk {
    override_reason: None,
};

/// A ticket with an open attempt on it.
struct Case {
    city: City,
    attempt: Attempt,
}

impl Case {
    async fn new() -> Self {
        let city = Box::pin(City::new()).await;
        city.issue(CASE).await;
        let attempt = attempt(&city, 1, 1);
        begin(&city, &attempt).await;
        Self { city, attempt }
    }

    async fn ticket(&self) -> Ticket {
        self.city.case_file(CASE).await.ticket
    }

    async fn attempt(&self) -> Attempt {
        self.city
            .store
            .attempt(&self.attempt.id)
            .await
            .unwrap()
            .unwrap()
    }

    /// Another open attempt for the same ticket.
    async fn another(&self) -> Attempt {
        let another = attempt(&self.city, 2, 1);
        begin(&self.city, &another).await;
        another
    }

    fn until(&self) -> Timestamp {
        self.city.now() + settle::limits::LEASE
    }

    async fn lock(&self, attempt: &Attempt) -> Option<Held> {
        let ticket = self.ticket().await;
        let store = &self.city.store;
        store
            .take_lock(&ticket, attempt, self.city.now(), self.until(), None)
            .await
            .unwrap()
    }

    async fn book(
        &self,
        ticket: &Ticket,
        attempt: &Attempt,
        role: Role,
        held: Option<&Held>,
    ) -> Write {
        let settlement = settlement(&self.city, attempt, "CAPTURE1", role);
        let by = by_settle(attempt, held);
        let booked = self.city.store.book(ticket, &settlement, by);
        booked.await.unwrap()
    }

    /// Everything in the table.
    async fn table(&self) -> Vec<String> {
        self.city.table().await
    }
}

fn attempt(city: &City, number: u128, version: u32) -> Attempt {
    Attempt {
        id: AttemptId::from_random(number),
        case_number: CASE.parse().unwrap(),
        version,
        amount: Cents::new(3_000),
        language: Language::De,
        invoice_id: CASE.to_owned(),
        client_id: "client".to_owned(),
        created_at: city.now(),
        order: None,
        refusals: 0,
        approved_at: None,
        returned_at: None,
        silent_since: None,
        decline: None,
        state: AttemptState::Live,
    }
}

async fn begin(city: &City, attempt: &Attempt) {
    let ticket = city.case_file(CASE).await.ticket;
    let begun = city.store.begin_attempt(&ticket, attempt, city.now());
    assert_eq!(begun.await.unwrap(), Write::Done);
}

fn settlement(city: &City, attempt: &Attempt, capture: &str, role: Role) -> Settlement {
    Settlement {
        case_number: attempt.case_number.clone(),
        source: Source::Paypal(Captured {
            capture_id: capture.parse().unwrap(),
            attempt: attempt.id.clone(),
            fee: None,
            net: None,
        }),
        amount: Cents::new(3_000).into(),
        paid_at: city.now(),
        booked_at: city.now(),
        role,
        overpaid: None,
    }
}

const fn by_settle<'a>(attempt: &'a Attempt, held: Option<&'a Held>) -> Booker<'a> {
    Booker::Settle { attempt, held }
}

fn capture(id: &str) -> CaptureId {
    id.parse().unwrap()
}

#[tokio::test]
async fn an_attempt_begins_only_on_an_open_unlocked_ticket_of_its_version() {
    let case = Case::new().await;
    let store = &case.city.store;
    let other_version = attempt(&case.city, 3, 2);
    let locked = attempt(&case.city, 4, 1);
    let pending = attempt(&case.city, 5, 1);
    let paid = attempt(&case.city, 6, 2);
    let now = case.city.now();
    let begin = async |attempt| {
        let ticket = case.ticket().await;
        store.begin_attempt(&ticket, attempt, now).await.unwrap()
    };
    assert_eq!(begin(&other_version).await, Write::Refused);

    let held = case.lock(&case.attempt).await.unwrap();
    assert_eq!(begin(&locked).await, Write::Refused);
    let ticket = case.ticket().await;
    let kept = store
        .book_pending(
            &ticket,
            &case.attempt,
            &capture("CAPTURE1"),
            Some(&held),
            now,
        )
        .await
        .unwrap();
    assert_eq!(kept, Write::Done);
    assert_eq!(begin(&pending).await, Write::Refused);

    let (ticket, attempt) = (case.ticket().await, case.attempt().await);
    assert_eq!(
        case.book(&ticket, &attempt, Role::Main, None).await,
        Write::Done
    );
    assert_eq!(begin(&paid).await, Write::Refused);
    assert_eq!(case.city.case_file(CASE).await.attempts.len(), 1);
}

#[tokio::test]
async fn an_attempt_begins_only_where_all_earlier_ones_were_counted() {
    let case = Case::new().await;
    let store = &case.city.store;
    let ticket = case.ticket().await;
    assert_eq!(ticket.attempts_begun, 1);
    let (second, third) = (attempt(&case.city, 2, 1), attempt(&case.city, 3, 1));
    let begin = async |attempt| {
        let begun = store.begin_attempt(&ticket, attempt, case.city.now());
        begun.await.unwrap()
    };
    assert_eq!(begin(&second).await, Write::Done);
    let before = case.table().await;
    assert_eq!(begin(&third).await, Write::Refused);
    assert_eq!(case.table().await, before);
    // Its answer was lost, and it is told again.
    assert_eq!(begin(&second).await, Write::Done);
    assert_eq!(case.ticket().await.attempts_begun, 2);
}

#[tokio::test]
async fn an_order_is_placed_once_and_only_on_a_live_attempt() {
    let case = Case::new().await;
    let store = &case.city.store;
    let order = |id: &str| PlacedOrder {
        id: id.parse().unwrap(),
        approve_url: "https://www.paypal.com/checkoutnow".to_owned(),
    };
    let id = &case.attempt.id;
    assert_eq!(
        store.place_order(id, &order("ORDER1")).await.unwrap(),
        Write::Done
    );
    assert_eq!(
        store.place_order(id, &order("ORDER1")).await.unwrap(),
        Write::Done
    );
    assert_eq!(
        store.place_order(id, &order("ORDER2")).await.unwrap(),
        Write::Refused
    );
    let another = case.another().await;
    let ended = store
        .end_attempt(&another, AttemptEnd::Expired)
        .await
        .unwrap();
    assert_eq!(ended, Write::Done);
    assert_eq!(
        store
            .place_order(&another.id, &order("ORDER3"))
            .await
            .unwrap(),
        Write::Refused
    );
}

#[tokio::test]
async fn a_lock_is_exclusive_even_for_its_own_attempt() {
    let case = Case::new().await;
    let another = case.another().await;
    assert!(case.lock(&case.attempt).await.is_some());
    let before = case.table().await;
    assert_eq!(case.lock(&case.attempt).await, None, "not re-entrant");
    assert_eq!(case.lock(&another).await, None);
    assert_eq!(case.table().await, before);
}

#[tokio::test]
async fn a_lock_is_not_taken_on_a_pending_ticket() {
    let case = Case::new().await;
    let another = case.another().await;
    let held = case.lock(&case.attempt).await.unwrap();
    let ticket = case.ticket().await;
    let now = case.city.now();
    let _ = case
        .city
        .store
        .book_pending(
            &ticket,
            &case.attempt,
            &capture("CAPTURE1"),
            Some(&held),
            now,
        )
        .await
        .unwrap();
    assert_eq!(case.ticket().await.lock(), None);
    assert_eq!(case.lock(&another).await, None);
}

#[tokio::test]
async fn a_lock_is_not_taken_for_another_version_of_the_ticket() {
    let case = Case::new().await;
    let mut stale = case.attempt.clone();
    stale.version = 2;
    assert_eq!(case.lock(&stale).await, None);
    // The city changes what is owed; the attempt is the one of before.
    case.city.changes_amount(CASE, "25.00").await;
    assert_eq!(case.lock(&case.attempt).await, None);
}

#[tokio::test]
async fn a_lock_is_not_taken_after_somebody_has_tried_since() {
    let case = Case::new().await;
    let held = case.lock(&case.attempt).await.unwrap();
    let decline = Decline {
        at: case.city.now(),
        issue: "INSTRUMENT_DECLINED".to_owned(),
        retry_allowed: false,
        order_changed_at: None,
        changed_again_at: None,
        change_seen_at: None,
        pressed_at: None,
    };
    let released = Released::Refused(decline);
    let store = &case.city.store;
    assert_eq!(
        store
            .release_lock(&held, &case.attempt, &released)
            .await
            .unwrap(),
        Write::Done
    );
    assert_eq!(case.attempt().await.refusals, 1);
    assert_eq!(
        case.lock(&case.attempt).await,
        None,
        "its request id has been used up"
    );
    assert!(case.lock(&case.attempt().await).await.is_some());
}

#[tokio::test]
async fn a_lock_is_not_taken_for_an_attempt_that_has_ended() {
    let case = Case::new().await;
    let store = &case.city.store;
    assert_eq!(
        store
            .end_attempt(&case.attempt, AttemptEnd::Expired)
            .await
            .unwrap(),
        Write::Done
    );
    assert_eq!(case.lock(&case.attempt).await, None);
}

#[tokio::test]
async fn a_ticket_read_before_a_lock_came_and_went_locks_nothing() {
    let case = Case::new().await;
    let before = case.ticket().await;
    let held = case.lock(&case.attempt).await.unwrap();
    let store = &case.city.store;
    let _ = store
        .release_lock(&held, &case.attempt, &Released::NothingCaptured)
        .await
        .unwrap();
    let taken = store
        .take_lock(&before, &case.attempt, case.city.now(), case.until(), None)
        .await
        .unwrap();
    assert_eq!(taken, None, "two locks would have the same fence");
    assert_eq!(case.ticket().await.fence, 1, "the fence outlasts the lock");
}

#[tokio::test]
async fn a_lock_is_taken_over_only_as_it_was_seen() {
    let case = Case::new().await;
    let store = &case.city.store;
    case.lock(&case.attempt).await.unwrap();
    let seen = case.ticket().await;
    let over = store
        .take_over_lock(&seen, &case.attempt, case.until(), None)
        .await
        .unwrap();
    assert!(over.is_some());
    assert_eq!(case.ticket().await.fence, 2);
    let again = store
        .take_over_lock(&seen, &case.attempt, case.until(), None)
        .await
        .unwrap();
    assert_eq!(again, None, "somebody was faster");
    let seen = case.ticket().await;
    let owner = Held::of_ended(&seen, case.until()).unwrap();
    let released = Released::NothingCaptured;
    let released = store
        .release_lock(&owner, &case.attempt, &released)
        .await
        .unwrap();
    assert_eq!(released, Write::Done);
    let over = store
        .take_over_lock(&seen, &case.attempt, case.until(), None)
        .await
        .unwrap();
    assert_eq!(over, None, "there is nothing to take over");
}

#[tokio::test]
async fn a_former_owner_can_neither_release_nor_book() {
    let case = Case::new().await;
    let store = &case.city.store;
    let former = case.lock(&case.attempt).await.unwrap();
    let seen = case.ticket().await;
    let later = case.until() + settle::limits::LEASE;
    let owner = store
        .take_over_lock(&seen, &case.attempt, later, None)
        .await
        .unwrap()
        .unwrap();
    let before = case.table().await;

    let released = store
        .release_lock(&former, &case.attempt, &Released::NothingCaptured)
        .await
        .unwrap();
    assert_eq!(released, Write::Refused);
    let ticket = case.ticket().await;
    assert_eq!(
        case.book(&ticket, &case.attempt, Role::Main, Some(&former))
            .await,
        Write::Refused
    );
    let now = case.city.now();
    let kept = store
        .book_pending(
            &ticket,
            &case.attempt,
            &capture("CAPTURE1"),
            Some(&former),
            now,
        )
        .await
        .unwrap();
    assert_eq!(kept, Write::Refused);
    assert_eq!(case.table().await, before);

    assert_eq!(
        case.book(&ticket, &case.attempt, Role::Main, Some(&owner))
            .await,
        Write::Done
    );
}

#[tokio::test]
async fn a_released_lock_is_not_released_twice() {
    let case = Case::new().await;
    let store = &case.city.store;
    let held = case.lock(&case.attempt).await.unwrap();
    let once = store
        .release_lock(&held, &case.attempt, &Released::NothingCaptured)
        .await
        .unwrap();
    let twice = store
        .release_lock(&held, &case.attempt, &Released::NothingCaptured)
        .await
        .unwrap();
    assert_eq!((once, twice), (Write::Done, Write::Refused));
}

#[tokio::test]
async fn nothing_is_booked_under_another_attempts_lock_or_pending_mark() {
    let case = Case::new().await;
    let another = case.another().await;
    let held = case.lock(&another).await.unwrap();
    let ticket = case.ticket().await;
    let now = case.city.now();
    let before = case.table().await;
    assert_eq!(
        case.book(&ticket, &case.attempt, Role::Main, None).await,
        Write::Refused
    );
    let kept = case
        .city
        .store
        .book_pending(&ticket, &case.attempt, &capture("CAPTURE2"), None, now)
        .await
        .unwrap();
    assert_eq!(kept, Write::Refused);
    assert_eq!(case.table().await, before);

    let _ = case
        .city
        .store
        .book_pending(&ticket, &another, &capture("CAPTURE1"), Some(&held), now)
        .await
        .unwrap();
    let before = case.table().await;
    let ticket = case.ticket().await;
    assert_eq!(
        case.book(&ticket, &case.attempt, Role::Main, None).await,
        Write::Refused
    );
    let kept = case
        .city
        .store
        .book_pending(&ticket, &case.attempt, &capture("CAPTURE2"), None, now)
        .await
        .unwrap();
    assert_eq!(kept, Write::Refused);
    let ended = case
        .city
        .store
        .end_pending(&ticket, &case.attempt, &capture("CAPTURE1"), now)
        .await
        .unwrap();
    assert_eq!(ended, Write::Refused, "a mark is ended by its own attempt");
    assert_eq!(case.table().await, before);
}

#[tokio::test]
async fn money_is_booked_once_and_a_second_call_says_done() {
    let case = Case::new().await;
    let ticket = case.ticket().await;
    assert_eq!(
        case.book(&ticket, &case.attempt, Role::Main, None).await,
        Write::Done
    );
    let before = case.table().await;
    assert_eq!(
        case.book(&ticket, &case.attempt, Role::Main, None).await,
        Write::Done,
        "as after a lost answer"
    );
    let (ticket, attempt) = (case.ticket().await, case.attempt().await);
    let surplus = Role::Surplus(SurplusReason::TicketNotOpen);
    assert_eq!(
        case.book(&ticket, &attempt, surplus, None).await,
        Write::Done
    );
    assert_eq!(case.table().await, before);
}

#[tokio::test]
async fn a_ticket_that_changed_since_it_was_read_is_not_paid_by_it() {
    let case = Case::new().await;
    let another = case.another().await;
    let stale = case.ticket().await;
    assert_eq!(
        case.book(&stale, &another, Role::Main, None).await,
        Write::Done
    );
    let second = settlement(&case.city, &case.attempt, "CAPTURE2", Role::Main);
    let booked = case
        .city
        .store
        .book(&stale, &second, by_settle(&case.attempt, None))
        .await
        .unwrap();
    assert_eq!(booked, Write::Refused);
    let file = case.city.case_file(CASE).await;
    assert_eq!(file.settlements.len(), 1);
}

#[tokio::test]
async fn money_is_booked_by_nobody_but_its_own_source() {
    let case = Case::new().await;
    let another = case.another().await;
    let (ticket, before) = (case.ticket().await, case.table().await);
    let captured = settlement(&case.city, &case.attempt, "CAPTURE1", Role::Main);
    let by_clerk = Settlement {
        source: Source::Cash(Receipt {
            receipt_number: "4711".parse().unwrap(),
            clerk: "clerk-1".to_owned(),
        }),
        ..captured.clone()
    };
    let mistaken = [
        (&captured, BY_CLERK),
        (&captured, by_settle(&another, None)),
        (&by_clerk, by_settle(&case.attempt, None)),
    ];
    for (settlement, booker) in mistaken {
        let booked = case.city.store.book(&ticket, settlement, booker).await;
        assert!(booked.is_err(), "{settlement:?} {booker:?}");
        assert_eq!(case.table().await, before);
    }
}

#[tokio::test]
async fn a_clerks_receipt_pays_only_what_is_open() {
    let case = Case::new().await;
    let store = &case.city.store;
    let receipt = |number: &str| Settlement {
        source: Source::Cash(Receipt {
            receipt_number: number.parse().unwrap(),
            clerk: "clerk-1".to_owned(),
        }),
        ..settlement(&case.city, &case.attempt, "CAPTURE1", Role::Main)
    };
    let open = case.ticket().await;
    let first = receipt("1");
    let booked = store.book(&open, &first, BY_CLERK).await;
    assert_eq!(booked.unwrap(), Write::Done);
    // As it was read before, and as it stands: paid by another, or in review since.
    let (paid, table) = (case.ticket().await, case.table().await);
    for ticket in [&open, &paid] {
        let booked = store.book(ticket, &receipt("2"), BY_CLERK).await;
        assert_eq!(booked.unwrap(), Write::Refused);
        assert_eq!(case.table().await, table);
    }
    let taken_back = taken_back(&case.city, "REFUND1");
    let done = store.book_taken_back(&paid, &taken_back).await;
    assert_eq!(done.unwrap(), Write::Done);
    let (reviewed, table) = (case.ticket().await, case.table().await);
    for number in ["1", "2"] {
        let booked = store.book(&reviewed, &receipt(number), BY_CLERK).await;
        assert_eq!(booked.unwrap(), Write::Refused, "{number}");
        assert_eq!(case.table().await, table);
    }
}

#[tokio::test]
async fn an_attempt_read_before_its_approval_was_noted_books_nothing() {
    let case = Case::new().await;
    let before = case.attempt().await;
    let ticket = case.ticket().await;
    let approved_at = Some(case.city.now());
    let store = &case.city.store;
    let held = store.take_lock(&ticket, &before, case.city.now(), case.until(), approved_at);
    let held = held.await.unwrap().unwrap();
    let (ticket, table) = (case.ticket().await, case.table().await);
    let stale = case.book(&ticket, &before, Role::Main, Some(&held)).await;
    assert_eq!(stale, Write::Refused);
    assert_eq!(case.table().await, table);
    let attempt = case.attempt().await;
    let booked = case.book(&ticket, &attempt, Role::Main, Some(&held)).await;
    assert_eq!(booked, Write::Done);
}

#[tokio::test]
async fn surplus_is_booked_under_its_own_lock_by_the_owner_alone_and_leaves_others() {
    let case = Case::new().await;
    let another = case.another().await;
    // A ticket in review, with a lock of each attempt in turn.
    for (owner, is_left) in [(&case.attempt, false), (&another, true)] {
        let city = City::new().await;
        city.issue(CASE).await;
        begin(&city, &case.attempt).await;
        begin(&city, &another).await;
        let ticket = city.case_file(CASE).await.ticket;
        let until = city.now() + settle::limits::LEASE;
        let held = city
            .store
            .take_lock(&ticket, owner, city.now(), until, None)
            .await
            .unwrap()
            .unwrap();
        let taken_back = taken_back(&city, "REFUND1");
        assert_eq!(
            city.store
                .book_taken_back(&ticket, &taken_back)
                .await
                .unwrap(),
            Write::Done
        );
        let ticket = city.case_file(CASE).await.ticket;
        assert_eq!(ticket.standing(), Standing::Review);
        let surplus = settlement(
            &city,
            &case.attempt,
            "CAPTURE1",
            Role::Surplus(SurplusReason::TicketNotOpen),
        );
        let mut booked = city
            .store
            .book(&ticket, &surplus, by_settle(&case.attempt, None))
            .await
            .unwrap();
        if !is_left {
            assert_eq!(booked, Write::Refused, "somebody is inside the call");
            booked = city
                .store
                .book(&ticket, &surplus, by_settle(&case.attempt, Some(&held)))
                .await
                .unwrap();
        }
        assert_eq!(booked, Write::Done);
        let ticket = city.case_file(CASE).await.ticket;
        assert_eq!(ticket.lock().is_some(), is_left);
    }
}

fn taken_back(city: &City, id: &str) -> TakenBack {
    TakenBack {
        id: id.to_owned(),
        kind: TakenBackKind::Refund,
        case_number: CASE.parse().unwrap(),
        settlement: (&capture("CAPTURE1")).into(),
        decided: None,
        amount: Some(Cents::new(3_000).into()),
        booked_at: city.now(),
    }
}

#[tokio::test]
async fn money_taken_back_is_booked_once() {
    let case = Case::new().await;
    let store = &case.city.store;
    let stale = case.ticket().await;
    let refund = taken_back(&case.city, "REFUND1");
    assert_eq!(
        store.book_taken_back(&stale, &refund).await.unwrap(),
        Write::Done
    );
    let before = case.table().await;
    assert_eq!(
        store.book_taken_back(&stale, &refund).await.unwrap(),
        Write::Done
    );
    assert_eq!(
        store
            .book_taken_back(&case.ticket().await, &refund)
            .await
            .unwrap(),
        Write::Done
    );
    assert_eq!(case.table().await, before);
    let second = taken_back(&case.city, "REFUND2");
    assert_eq!(
        store.book_taken_back(&stale, &second).await.unwrap(),
        Write::Refused,
        "read again first"
    );
}

#[tokio::test]
async fn no_attempt_ends_while_any_lock_exists_on_its_ticket() {
    let case = Case::new().await;
    let another = case.another().await;
    let store = &case.city.store;
    case.lock(&case.attempt).await.unwrap();
    for attempt in [&case.attempt, &another] {
        let ended = store
            .end_attempt(attempt, AttemptEnd::Declined)
            .await
            .unwrap();
        assert_eq!(ended, Write::Refused);
    }
}

#[tokio::test]
async fn an_attempt_ends_only_from_where_it_was_read() {
    let case = Case::new().await;
    let store = &case.city.store;
    let held = case.lock(&case.attempt).await.unwrap();
    let decline = Decline {
        at: case.city.now(),
        issue: "INSTRUMENT_DECLINED".to_owned(),
        retry_allowed: false,
        order_changed_at: None,
        changed_again_at: None,
        change_seen_at: None,
        pressed_at: None,
    };
    let _ = store
        .release_lock(&held, &case.attempt, &Released::Refused(decline))
        .await
        .unwrap();
    let stale = &case.attempt;
    assert_eq!(
        store.end_attempt(stale, AttemptEnd::Expired).await.unwrap(),
        Write::Refused
    );
    assert_eq!(store.allow_retry(stale).await.unwrap(), Write::Refused);
    let fresh = case.attempt().await;
    assert_eq!(store.allow_retry(&fresh).await.unwrap(), Write::Done);
    assert_eq!(
        store
            .end_attempt(&fresh, AttemptEnd::Expired)
            .await
            .unwrap(),
        Write::Done
    );
    assert_eq!(
        store
            .end_attempt(&fresh, AttemptEnd::Declined)
            .await
            .unwrap(),
        Write::Refused
    );
}

#[tokio::test]
async fn of_two_sweeps_one_looks_at_an_attempt() {
    let case = Case::new().await;
    let store = &case.city.store;
    let mut found = Vec::new();
    for shard in store::Store::open_shards() {
        found.extend(store.due_work(shard, case.city.now(), 9).await.unwrap());
    }
    assert_eq!(found.len(), 1);
    let next = case.until();
    let put_off = async || {
        let put_off = store.put_off(&found[0], Queue::Others, next);
        put_off.await.unwrap().is_some()
    };
    assert!(put_off().await);
    assert!(!put_off().await);
}

#[tokio::test]
async fn expecting_money_brings_an_attempt_forward_and_never_puts_it_off() {
    let case = Case::new().await;
    let store = &case.city.store;
    let hour = jiff::Span::new().hours(1);
    let minute = jiff::Span::new().minutes(1);
    let (soon, later) = (case.city.now() + minute, case.city.now() + hour);
    let expect_money = async |at| store.expect_money(&case.attempt.id, at).await.unwrap();
    assert_eq!(expect_money(later).await, Write::Done);
    assert_eq!(expect_money(later).await, Write::Refused);
    assert_eq!(expect_money(soon).await, Write::Done);
    let before = case.table().await;
    assert_eq!(expect_money(later).await, Write::Refused);
    assert_eq!(case.table().await, before);
    let attempt = case.attempt().await;
    let ended = store.end_attempt(&attempt, AttemptEnd::Expired).await;
    assert_eq!(ended.unwrap(), Write::Done);
    assert_eq!(expect_money(soon).await, Write::Refused);
}

#[tokio::test]
async fn a_ticket_is_issued_once_and_other_content_is_told_apart() {
    let case = Case::new().await;
    let mut ticket = case.ticket().await;
    let before = case.table().await;
    let same = case.city.store.issue(&ticket, "test").await.unwrap();
    assert!(matches!(same, store::Issued::Same(_)));
    ticket.issued_as = "otherwise".to_owned();
    let other = case.city.store.issue(&ticket, "test").await.unwrap();
    assert_eq!(other, store::Issued::OtherContent);
    assert_eq!(case.table().await, before);
}

#[tokio::test]
async fn replaying_the_journal_gives_the_state() {
    let case = Case::new().await;
    let ticket = case.ticket().await;
    assert_eq!(
        case.book(&ticket, &case.attempt, Role::Main, None).await,
        Write::Done
    );
    let refund = taken_back(&case.city, "REFUND1");
    let paid = case.ticket().await;
    assert_eq!(
        case.city
            .store
            .book_taken_back(&paid, &refund)
            .await
            .unwrap(),
        Write::Done
    );
    let file = case.city.case_file(CASE).await;
    let mut state = None;
    for entry in &file.journal {
        assert_eq!(entry.before, state, "{entry:?}");
        state = Some(entry.after.clone());
    }
    assert_eq!(state.unwrap().state, "review");
    assert_eq!(file.ticket.state, State::Review(None));
    assert_eq!(file.journal.last().unwrap().version, file.ticket.version);
}

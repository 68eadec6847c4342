//! The table against the books of the stand-in, which saw every cent.

use std::collections::BTreeMap;
use std::fmt;

use binaries::{Answer, Killed, events};
use paypal_standin::{Books, Capture, CaptureStatus, Currency};
use store::{CaseFile, JournalEvent};
use ticket::{Role, Settlement, State};

use crate::history::of_invoice;
use crate::load::World;
use crate::rest::waits_for_word;
use crate::tickets::Issued;

/// What came out of it.
pub(crate) struct Figures {
    captures: usize,
    captured_cents: u64,
    settlements: usize,
    settled_cents: u64,
    /// Captures that another invocation booked than the one that captured.
    pub(crate) rescued: usize,
    /// Tickets whose lock waits for PayPal's word.
    waiting: usize,
    events: usize,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            captures,
            captured_cents,
            settlements,
            settled_cents,
            rescued,
            waiting,
            events,
        } = self;
        write!(
            f,
            "{captures} captures of {captured_cents} cents in the books, {settlements} \
             settlements of {settled_cents}, {rescued} of them by another invocation than the \
             one that captured; {waiting} locks wait for PayPal's word; {events} events accepted"
        )
    }
}

/// Checks every ticket, every capture and every event.
pub(crate) async fn verdict(world: &World) -> Figures {
    let books = world.city.standin.books();
    let mut captures: BTreeMap<&str, Vec<&Capture>> = BTreeMap::new();
    for capture in &books.captures {
        let invoice_id = capture.invoice_id.as_deref().unwrap();
        captures
            .entry(of_invoice(invoice_id))
            .or_default()
            .push(capture);
    }
    let mut settlements = Vec::new();
    let mut waiting = 0;
    for issued in &world.tickets {
        let file = world.city.store.case_file(&issued.case_number).await;
        let file = file.unwrap().unwrap();
        let captures = captures.remove(issued.case_number.as_str());
        let case = Case {
            world,
            issued,
            file: &file,
            captures: &captures.unwrap_or_default(),
        };
        case.charged_once();
        case.booked_as_captured();
        case.shown_as_settled().await;
        waiting += usize::from(case.waits_for_word());
        settlements.extend(file.settlements);
    }
    for (case_number, _) in captures {
        world.history.violated("M2", case_number, "no such ticket");
    }
    let figures = Figures {
        captures: books.captures.len(),
        captured_cents: books.captures.iter().filter_map(captured).sum(),
        settlements: settlements.len(),
        settled_cents: settlements.iter().map(settled).sum(),
        rescued: settlements
            .iter()
            .filter(|it| is_rescued(&books, it))
            .count(),
        waiting,
        events: events_stored(world, &books).await,
    };
    if figures.captured_cents != figures.settled_cents {
        world.history.violated("L7", "all", &figures.to_string());
    }
    figures
}

/// One ticket, and what PayPal captured for it.
struct Case<'a> {
    world: &'a World,
    issued: &'a Issued,
    file: &'a CaseFile,
    captures: &'a [&'a Capture],
}

impl Case<'_> {
    fn violated(&self, invariant: &str, how: &str) {
        let case_number = self.issued.case_number.as_str();
        self.world.history.violated(invariant, case_number, how);
    }

    fn charged_once(&self) {
        let moving = self.captures.iter().filter(|it| it.status.moves_money());
        let count = moving.count();
        if count > 1 {
            self.violated("M1", &format!("captured {count} times"));
        }
        for capture in self.captures {
            let mut attempts = self.file.attempts.iter();
            let amount = &capture.amount;
            let is_right = amount.currency == Currency::Eur
                && amount.minor_units == u64::from(self.issued.amount.minor_units())
                && attempts.any(|it| Some(it.id.as_str()) == capture.custom_id.as_deref());
            if !is_right {
                self.violated("M2", &format!("captured {capture:?}"));
            }
        }
    }

    fn booked_as_captured(&self) {
        let CaseFile {
            ticket,
            settlements,
            journal,
            ..
        } = self.file;
        for capture in self.captures {
            let of_it = |it: &&Settlement| it.id().as_str() == capture.id;
            let count = settlements.iter().filter(of_it).count();
            if captured(capture).is_some() && count != 1 {
                self.violated("L1", &format!("{} is booked {count} times", capture.id));
            }
        }
        for settlement in settlements {
            let mut captures = self.captures.iter();
            let capture = captures.find(|it| it.id == settlement.id().as_str());
            if capture.and_then(|it| captured(it)) != Some(settled(settlement)) {
                self.violated("L3", &format!("booked {settlement:?} without a capture"));
            }
        }
        let main = |it: &&Settlement| it.role == Role::Main;
        let mains: Vec<&Settlement> = settlements.iter().filter(main).collect();
        let is_right = match (&ticket.state, mains.as_slice()) {
            (State::Paid { settlement, .. }, [main]) => *settlement == main.id(),
            (State::Open(_), []) => true,
            (
                State::Paid { .. }
                | State::Open(_)
                | State::Objected
                | State::Withdrawn
                | State::HandedOver
                | State::Review(_),
                _,
            ) => false,
        };
        if !is_right {
            let state = &ticket.state;
            self.violated("L4", &format!("{state:?} with {} settlements", mains.len()));
        }
        let mut expected = vec![JournalEvent::Issued];
        expected.extend(mains.iter().map(|_| JournalEvent::Paid));
        let told: Vec<JournalEvent> = journal.iter().map(|entry| entry.what).collect();
        if told != expected {
            self.violated("T3", &format!("the journal says {told:?}"));
        }
        if let Some(lock) = ticket.lock()
            && !self.waits_for_word()
        {
            self.violated("V1", &format!("{lock:?}"));
        }
    }

    fn waits_for_word(&self) -> bool {
        let lock = self.file.ticket.lock();
        let is_charged = self.captures.iter().any(|it| it.status.moves_money());
        lock.is_some_and(waits_for_word) && !is_charged
    }

    async fn shown_as_settled(&self) {
        let case_number = &self.issued.case_number;
        let asked = self.world.history.asks(case_number);
        let fill = [("TOKEN", self.issued.token.as_str())];
        let event = events::event("driver-opens-ticket", &fill);
        let page: Result<Answer, Killed> = self.world.invoke("show-ticket", event, None).await;
        let page = page.unwrap();
        let expected = if !self.file.settlements.is_empty() {
            "paid"
        } else if self.waits_for_word() {
            "processing"
        } else {
            "open"
        };
        if page.state() != expected {
            self.violated("L4", &format!("shown {}, not {expected}", page.state()));
        }
        let (city, history) = (&self.world.city, &self.world.history);
        history.shown(city, case_number, &asked, &page).await;
    }
}

/// The cents of a capture that has brought its money.
fn captured(capture: &Capture) -> Option<u64> {
    match capture.status {
        CaptureStatus::Completed => Some(capture.amount.minor_units),
        CaptureStatus::Pending
        | CaptureStatus::Declined
        | CaptureStatus::PartiallyRefunded
        | CaptureStatus::Refunded => None,
    }
}

fn settled(settlement: &Settlement) -> u64 {
    settlement.amount.euro_cents().unwrap().minor_units().into()
}

/// An invocation books with the moment it began at: one that began after the
/// capture did not make it.
fn is_rescued(books: &Books, settlement: &Settlement) -> bool {
    let capture = books.capture(settlement.id().as_str());
    capture.is_some_and(|capture| settlement.booked_at > capture.created_at)
}

/// How many events were answered with 2xx: each must be stored as often as
/// that, with how it ended.
async fn events_stored(world: &World, books: &Books) -> usize {
    let accepted = books.events.iter().filter(|event| event.accepted > 0);
    let mut count = 0;
    for event in accepted {
        count += 1;
        let store = &world.city.store;
        let again = store
            .receive_event(&event.id, &event.event_type, binaries::now())
            .await
            .unwrap();
        // This delivery of ours comes on top of those that were stored before.
        let stored = again.deliveries - 1;
        if stored < event.accepted {
            let how = format!("accepted {} times, stored {stored}", event.accepted);
            world.history.violated("W3", &event.id, &how);
        }
        if again.outcome.is_none() {
            let how = "accepted, but how it ended is not noted";
            world.history.violated("W2", &event.id, how);
        }
    }
    count
}

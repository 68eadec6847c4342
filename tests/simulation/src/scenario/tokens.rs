//! Codes that are not ours, and numbers that are issued again.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use journeys::{Page, open_ticket};
use store::Issued;
use ticket::{Cents, Ticket};

use super::driver;
use crate::history::Kind;
use crate::world::{Function, Work, World};

/// A header that names another algorithm, and ones that name another key.
const HEADERS: [&str; 3] = [
    // {"alg":"none","kid":"1"}
    "eyJhbGciOiJub25lIiwia2lkIjoiMSJ9",
    // {"alg":"HS256","kid":"1"}
    "eyJhbGciOiJIUzI1NiIsImtpZCI6IjEifQ",
    // {"alg":"EdDSA","kid":"nobodys"}
    "eyJhbGciOiJFZERTQSIsImtpZCI6Im5vYm9keXMifQ",
];
/// As long as an address may be on its way to us.
const VERY_LONG: usize = 8_000;
/// Every so many characters one is another.
const STEP: usize = 7;

/// T1: somebody opens pages of tokens that are not ours.
pub(super) fn opens_what_is_not_ours(world: &Rc<World>) -> Work {
    let (driver, world) = (driver(world), Rc::clone(world));
    Box::pin(async move {
        let mut first: Option<Page> = None;
        for damaged in damaged(driver.token()) {
            let reads = || {
                let history = world.history.borrow();
                history.calls(Function::ShowTicket, Kind::Table)
                    + history.calls(Function::ShowTicket, Kind::Index)
            };
            let before = reads();
            let Some(page) = world.opens(&damaged).await else {
                continue;
            };
            let no_read = before == reads();
            let first = first.get_or_insert_with(|| page.clone());
            let mut history = world.history.borrow_mut();
            history.law(
                "T1",
                no_read && *first == page && page.state == "invalid",
                || {
                    format!(
                        "the token {damaged:.200} was answered {page:?}, without a read: {no_read}"
                    )
                },
            );
            history.sometimes("a token that is not ours was refused");
        }
        let nobodys = "KL-SIM-9999".parse().expect("a case number");
        let page = world.opens(&world.sign(&nobodys)).await;
        let its_own = page
            .as_ref()
            .is_none_or(|page| page.status == 503 || page.state == "unknown");
        let mut history = world.history.borrow_mut();
        history.law("T1", its_own, || {
            format!("a valid token without a ticket was answered {page:?}")
        });
        if page.is_some_and(|page| page.state == "unknown") {
            history.sometimes("a valid token had no ticket");
        }
    })
}

fn damaged(token: &str) -> Vec<String> {
    let mut parts = token.split('.');
    let mut part = || parts.next().unwrap_or_default();
    let (header, claims, signature) = (part(), part(), part());
    let mut all: Vec<String> = HEADERS
        .iter()
        .map(|other| format!("{other}.{claims}.{signature}"))
        .collect();
    all.extend(
        (0..token.len())
            .step_by(STEP)
            .map(|end| token[..end].to_owned()),
    );
    all.extend((0..token.len()).step_by(STEP).map(|place| {
        let other = if token[place..].starts_with('A') {
            "B"
        } else {
            "A"
        };
        format!("{}{other}{}", &token[..place], &token[place + 1..])
    }));
    all.extend([
        format!("{header}.{claims}."),
        format!("{header}..{signature}"),
        format!("{token}="),
        format!("{token}.{signature}"),
        format!(" {token}"),
        "x".repeat(VERY_LONG),
        "../../x".to_owned(),
    ]);
    all
}

fn other_content(ticket: &Ticket) -> Ticket {
    let mut other = open_ticket(ticket.case_number.as_str(), ticket.issued_at);
    other.amount = Cents::new(4_000);
    other.issued_as = "other content".into();
    other
}

async fn issues(world: &World, ticket: Ticket) -> Option<Result<Issued, store::Error>> {
    let store = world.functions().start_checkout.store.clone();
    let issued = async move { store.issue(&ticket, "simulation").await };
    world.invoke(Function::IssueTickets, issued).await
}

/// T2: a ticket is issued again, then another one under its number.
pub(super) fn issued_again(world: &Rc<World>) -> Work {
    let world = Rc::clone(world);
    Box::pin(async move {
        let ticket = open_ticket("KL-SIM-0002", world.now());
        let key = (
            format!("TICKET#{}", ticket.case_number),
            "TICKET".to_owned(),
        );
        let stands = || world.engine.borrow().item(&key);
        for is_same in [true, true, false] {
            let before = stands();
            let asked = if is_same {
                ticket.clone()
            } else {
                other_content(&ticket)
            };
            let came = issues(&world, asked).await;
            let Some(Ok(came)) = came else { continue };
            let right = match (&came, is_same) {
                (Issued::New, _) | (Issued::Same(_), false) => before.is_none(),
                // A first try whose answer was lost is found by the second.
                (Issued::Same(_), true) => true,
                (Issued::OtherContent, true) => false,
                (Issued::OtherContent, false) => before == stands(),
            };
            let mut history = world.history.borrow_mut();
            history.law("T2", right, || {
                format!(
                    "issuing, the same content: {is_same}, came to {came:?}; before: {before:?}"
                )
            });
            history.sometimes(match came {
                Issued::New => "a ticket was issued",
                Issued::Same(_) => "the same ticket was issued again",
                Issued::OtherContent => "a number was issued with other content",
            });
        }
    })
}

/// T2: two issue one number at once.
pub(super) fn two_issue(world: &Rc<World>, is_same: bool) -> Work {
    let world = Rc::clone(world);
    Box::pin(async move {
        let ticket = open_ticket("KL-SIM-0002", world.now());
        let other = if is_same {
            ticket.clone()
        } else {
            other_content(&ticket)
        };
        let ended = Rc::new(Cell::new((0_u32, 0_u32, 0_u32)));
        for asked in [ticket, other] {
            let (its_world, ended) = (Rc::clone(&world), Rc::clone(&ended));
            world.spawn(async move {
                let came = issues(&its_world, asked).await;
                let (new, same, others) = ended.get();
                ended.set(match came {
                    Some(Ok(Issued::New)) => (new + 1, same, others),
                    Some(Ok(Issued::Same(_))) => (new, same + 1, others),
                    Some(Ok(Issued::OtherContent) | Err(_)) | None => (new, same, others + 1),
                });
            });
        }
        let count = || {
            let (new, same, others) = ended.get();
            new + same + others
        };
        while count() < 2 {
            world.pause(Duration::from_secs(1)).await;
        }
        let wanted = if is_same { (1, 1, 0) } else { (1, 0, 1) };
        let came = ended.get();
        world.history.borrow_mut().law("T2", came == wanted, || {
            format!("two at once: {came:?} were new, the same, or refused, not {wanted:?}")
        });
    })
}

//! Clerks, who decide by the state table and write through the store, until the
//! city's side has functions of its own.

use std::rc::Rc;
use std::time::Duration;

use paypal_standin::OrderState;
use store::{Act, Booker, Store, Write};
use ticket::{CaseNumber, Cents, Change, Receipt, Refusal, Role, Settlement, Source, Ticket};

use crate::world::{Function, World};

/// What a clerk wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Cash,
    Transfer,
    Withdraw,
    Object,
    HandOver,
    Amount(Cents),
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ClerkOutcome {
    Booked(Role),
    Done,
    Refused(Refusal),
    /// The ticket changed meanwhile: read again.
    Changed,
    Nothing,
}

/// How often a clerk tries again: "in 2 minutes".
const TRIES_MAX: u32 = 4;
const CLERK: &str = "clerk-7";
const TWO_MINUTES: Duration = Duration::from_mins(2);

/// A clerk acts, and tries again where the answer says so.
pub(crate) async fn clerk(world: Rc<World>, case_number: CaseNumber, wish: Wish) {
    // One receipt however often it is booked.
    let receipt = world.random() >> 64;
    enters(world, case_number, wish, receipt).await;
}

/// A clerk enters what has this receipt, for the first time or once more.
pub(crate) async fn enters(world: Rc<World>, case_number: CaseNumber, wish: Wish, receipt: u128) {
    for _ in 0..TRIES_MAX {
        let store = world.functions().start_checkout.store.clone();
        let (number, now) = (case_number.clone(), world.functions_now());
        let came = world
            .invoke(Function::Office, async move {
                act(&store, &number, wish, receipt, now).await
            })
            .await;
        if matches!(came, Some(Ok(ClerkOutcome::Booked(_) | ClerkOutcome::Done))) {
            let done = (world.now(), case_number.clone(), wish, receipt);
            world.history.borrow_mut().clerks_list.push(done);
        }
        if came_to_an_end(&world, &case_number, wish, came.as_ref()) {
            return;
        }
        world.pause(TWO_MINUTES).await;
    }
}

/// Notes what came of it; whether the clerk has the answer.
fn came_to_an_end(
    world: &World,
    case_number: &CaseNumber,
    wish: Wish,
    came: Option<&Result<ClerkOutcome, store::Error>>,
) -> bool {
    let mut history = world.history.borrow_mut();
    history.tell(|| format!("            the clerk, {wish:?}: {came:?}"));
    match came {
        Some(Ok(ClerkOutcome::Booked(Role::Main))) => {
            let settled = &mut history.clerk_settled;
            settled
                .entry(case_number.to_string())
                .or_insert_with(|| world.now());
            let approved = world.standin.in_books(|books| {
                books.orders.iter().any(|order| {
                    matches!(order.state, OrderState::Approved { .. })
                        && order.invoice_id.as_deref() == Some(case_number.as_str())
                })
            });
            if approved {
                history.sometimes("settled by a clerk while an order was approved");
            }
            true
        }
        Some(Ok(ClerkOutcome::Booked(Role::Surplus(_)))) => {
            history.sometimes("a clerk booked surplus");
            true
        }
        Some(Ok(ClerkOutcome::Refused(Refusal::Processing))) => {
            history.sometimes("a clerk was asked to wait for a payment under way");
            false
        }
        Some(Ok(ClerkOutcome::Refused(refusal))) => {
            if *refusal == Refusal::Pending {
                history.sometimes("a clerk was told that PayPal is checking");
            }
            true
        }
        Some(Ok(ClerkOutcome::Done | ClerkOutcome::Nothing)) => true,
        Some(Ok(ClerkOutcome::Changed) | Err(_)) | None => false,
    }
}

async fn act(
    store: &Store,
    case_number: &CaseNumber,
    wish: Wish,
    receipt: u128,
    now: jiff::Timestamp,
) -> Result<ClerkOutcome, store::Error> {
    let Some(ticket) = store.ticket(case_number).await? else {
        return Ok(ClerkOutcome::Nothing);
    };
    let receipt = Receipt {
        receipt_number: format!("R-{receipt}").parse().expect("a number"),
        clerk: CLERK.to_owned(),
    };
    let change = match wish {
        Wish::Cash => return takes(store, &ticket, Source::Cash(receipt), now).await,
        Wish::Transfer => return takes(store, &ticket, Source::Transfer(receipt), now).await,
        Wish::Withdraw => Change::Withdraw,
        Wish::Object => Change::Object,
        Wish::HandOver => Change::HandOver,
        Wish::Amount(amount) => Change::Amount(amount),
    };
    let permit = match ticket.permit(change) {
        Ok(Some(permit)) => permit,
        Ok(None) => return Ok(ClerkOutcome::Nothing),
        Err(refusal) => return Ok(ClerkOutcome::Refused(refusal)),
    };
    let act = Act {
        by: CLERK,
        reason: &"Anhörung".parse().expect("a reason"),
        at: now,
    };
    Ok(match store.change_by_clerk(permit, act).await? {
        Write::Done => ClerkOutcome::Done,
        Write::Refused => ClerkOutcome::Changed,
    })
}

/// Takes what is owed, in this way.
async fn takes(
    store: &Store,
    ticket: &Ticket,
    source: Source,
    now: jiff::Timestamp,
) -> Result<ClerkOutcome, store::Error> {
    let role = match ticket.standing().receipt() {
        Ok(role) => role,
        Err(refusal) => return Ok(ClerkOutcome::Refused(refusal)),
    };
    let settlement = Settlement {
        case_number: ticket.case_number.clone(),
        source,
        amount: ticket.amount.into(),
        paid_at: now,
        booked_at: now,
        role,
    };
    let booked = store.book(ticket, &settlement, Booker::Clerk).await?;
    Ok(match booked {
        Write::Done => ClerkOutcome::Booked(role),
        Write::Refused => ClerkOutcome::Changed,
    })
}

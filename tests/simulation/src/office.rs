//! Clerks, who decide by the state table and write through the store, until the
//! city's side has functions of its own.

use std::rc::Rc;
use std::time::Duration;

use store::{Change, ClerkPayment, Store, Write};
use ticket::{
    CaseNumber, Cents, Channel, Effect, Event, Refusal, Role, SurplusReason, effect,
};

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
enum Came {
    Done(Effect),
    Refused(Refusal),
    /// The ticket changed meanwhile: read again.
    Changed,
    Nothing,
}

/// How often a clerk tries again: "in 2 minutes".
const TRIES_MAX: u32 = 4;
const TWO_MINUTES: Duration = Duration::from_mins(2);

/// A clerk acts, and tries again where the answer says so.
pub(crate) async fn clerk(world: Rc<World>, case_number: CaseNumber, wish: Wish) {
    // One receipt however often it is booked.
    let receipt = world.random() >> 64;
    for _ in 0..TRIES_MAX {
        let store = world.apps.borrow().reconcile_payments.settle.store.clone();
        let (number, now) = (case_number.clone(), world.functions_now());
        let came = world
            .invoke(Function::Office, async move {
                act(&store, &number, wish, receipt, now).await
            })
            .await;
        let mut history = world.history.borrow_mut();
        history.tell(|| format!("            the clerk, {wish:?}: {came:?}"));
        match came {
            Some(Ok(Came::Done(Effect::BecomesPaid))) => {
                let paid_at = world.now();
                history.clerk_settled.entry(case_number.to_string()).or_insert(paid_at);
                history.sometimes("a clerk settled a ticket");
                return;
            }
            Some(Ok(Came::Done(Effect::Surplus))) => {
                history.sometimes("a clerk booked surplus");
                return;
            }
            Some(Ok(Came::Done(_) | Came::Nothing)) => return,
            Some(Ok(Came::Refused(Refusal::Processing))) => {
                history.sometimes("a clerk was asked to wait for a payment under way");
            }
            Some(Ok(Came::Refused(Refusal::Pending))) => {
                history.sometimes("a clerk was told that PayPal is checking");
                return;
            }
            Some(Ok(Came::Refused(_))) => return,
            Some(Ok(Came::Changed) | Err(_)) | None => {}
        }
        drop(history);
        world.pause(TWO_MINUTES).await;
    }
}

async fn act(
    store: &Store,
    case_number: &CaseNumber,
    wish: Wish,
    receipt: u128,
    now: jiff::Timestamp,
) -> Result<Came, store::Error> {
    const CLERK: &str = "clerk-7";
    let Some(ticket) = store.ticket(case_number).await? else {
        return Ok(Came::Nothing);
    };
    let event = match wish {
        Wish::Cash | Wish::Transfer => Event::ClerkPayment,
        Wish::Withdraw => Event::Withdraw,
        Wish::Object => Event::Object,
        Wish::HandOver => Event::HandOver,
        Wish::Amount(_) => Event::ChangeAmount,
    };
    let effect = effect(ticket.standing(), event);
    let change = match effect {
        Effect::BecomesPaid | Effect::Surplus => {
            let channel = if wish == Wish::Cash {
                Channel::Cash
            } else {
                Channel::Transfer
            };
            let reference = format!("R-{receipt}");
            let payment = ClerkPayment {
                case_number: case_number.clone(),
                id: format!("{}-{reference}", channel.name()).parse().expect("an id"),
                channel,
                reference,
                amount: ticket.amount,
                paid_at: now,
                booked_at: now,
                clerk: CLERK.to_owned(),
                role: if effect == Effect::BecomesPaid {
                    Role::Main
                } else {
                    Role::Surplus(SurplusReason::TicketNotOpen)
                },
            };
            return Ok(match store.book_by_clerk(&ticket, &payment).await? {
                Write::Done => Came::Done(effect),
                Write::Refused => Came::Changed,
            });
        }
        Effect::BecomesWithdrawn => Change::Withdraw,
        Effect::BecomesObjected => Change::Object,
        Effect::BecomesHandedOver => Change::HandOver,
        Effect::AmountChanges => match wish {
            Wish::Amount(amount) if amount != ticket.amount => Change::Amount(amount),
            _ => return Ok(Came::Nothing),
        },
        Effect::Refused(refusal) => return Ok(Came::Refused(refusal)),
        _ => return Ok(Came::Nothing),
    };
    Ok(match store.change_by_clerk(&ticket, change, CLERK, now).await? {
        Write::Done => Came::Done(effect),
        Write::Refused => Came::Changed,
    })
}

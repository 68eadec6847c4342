//! What must hold, and what must be able to happen.

use stateright::Property;

use crate::paypal::Outcome;
use crate::protocol::{Action, Protocol};
use crate::state::{Attempt, CaseState, Id, Letter, Life, Order, Role, State, Step, Waited};

/// M1.
pub const ONE_CAPTURE: &str = "M1: at most one capture holds money";
/// M1, with the cash desk.
pub const NOT_CASH_TOO: &str = "M1: nobody pays in cash what PayPal has captured";
/// M4.
pub const LAWFUL_CALL: &str =
    "M4: a capture starts for an open ticket of its version, under its own lock";
/// M5.
pub const NO_CALL_AFTER_CASH: &str = "M5: no capture starts after cash has settled the ticket";
/// M6.
pub const ONE_MAIN: &str = "M6: a paid ticket has one main settlement, any other none";
/// L3 and L5: held-back money counts no more than none.
pub const NOTHING_INVENTED: &str = "L3, L5: nothing is booked but completed captures";
/// Nobody looks after a final attempt, so nobody would resolve its lock.
pub const NOT_FINAL_UNDER_LOCK: &str = "no attempt is final while its own lock exists";
/// L1.
pub const NOTHING_LOST: &str = "L1: at rest, every completed capture is booked";
/// V1.
pub const NO_LOCK_LEFT: &str = "V1: at rest, no lock is left";

/// The lease.
pub const NO_LETTER_TO_WHO_PAYS: &str =
    "a letter is printed only while the fine is owed and nobody is paying it";

/// Sweeps over all open attempts until one changes nothing; what needs more
/// counts as never coming to rest.
const SWEEPS_MAX: usize = 8;

/// I/O steps of one undisturbed `settle` at most.
const STEPS_MAX: usize = 20;

type Claim = Property<Protocol>;

pub(crate) fn all(protocol: &Protocol) -> Vec<Property<Protocol>> {
    let mut all = must_hold();
    all.extend(can_happen(protocol));
    all
}

fn must_hold() -> Vec<Claim> {
    vec![
        Claim::always(ONE_CAPTURE, |_, state| holding_money(state) <= 1),
        Claim::always(NOT_CASH_TOO, |_, state| {
            state.cash != Some(Role::Main) || holding_money(state) == 0
        }),
        Claim::always(LAWFUL_CALL, |_, state| !state.seen.unlawful_call),
        Claim::always(NO_CALL_AFTER_CASH, |_, state| !state.seen.call_after_cash),
        Claim::always(ONE_MAIN, |_, state| {
            mains(state) == usize::from(is_paid(state))
        }),
        Claim::always(NOTHING_INVENTED, |_, state| {
            each(state)
                .all(|(attempt, order)| attempt.booked.is_none() || order == Order::Completed)
        }),
        Claim::always(NOT_FINAL_UNDER_LOCK, |_, state| {
            state
                .ticket
                .lock
                .is_none_or(|lock| state.attempt(lock.attempt).state.is_open())
        }),
        Claim::always(NOTHING_LOST, |protocol, state| {
            is_all_booked(state) || at_rest(protocol, state, is_all_booked)
        }),
        Claim::always(NO_LETTER_TO_WHO_PAYS, |_, state| {
            state.letter != Letter::Granted { rightly: false }
        }),
        Claim::always(NO_LOCK_LEFT, |protocol, state| {
            is_unlocked(state) || at_rest(protocol, state, is_unlocked)
        }),
    ]
}

/// Without these, what must hold might do so because nothing happens.
fn can_happen(protocol: &Protocol) -> Vec<Claim> {
    let mut all = vec![
        Claim::sometimes("paid by a capture", |_, state| {
            each(state).any(|(attempt, _)| attempt.booked == Some(Role::Main))
        }),
        Claim::sometimes("dead under the lock", |_, state| {
            nobody_is_inside(state) && state.ticket.lock.is_some_and(|lock| !lock.ended)
        }),
        Claim::sometimes("taken over after asking", |_, state| {
            let mut processes = state.processes.iter().flatten();
            processes.any(|process| process.resolving && process.next == Step::Hear)
        }),
        Claim::sometimes("an answer is lost, another books", |_, state| {
            state.seen.booked_for_another
        }),
    ];
    if protocol.declines {
        all.push(Claim::sometimes("declined, then paid", |_, state| {
            each(state).any(|(attempt, _)| attempt.refusals > 0 && attempt.booked.is_some())
        }));
    }
    if protocol.holds_back {
        all.push(Claim::sometimes("held back, then paid", |_, state| {
            each(state).any(|(attempt, _)| attempt.was_pending && attempt.booked.is_some())
        }));
        all.push(Claim::sometimes("held back, then denied", |_, state| {
            each(state).any(|(attempt, _)| attempt.was_pending && attempt.state == Life::Ended)
        }));
    }
    if protocol.clerk {
        all.push(Claim::sometimes("paid in cash", |_, state| {
            state.cash == Some(Role::Main)
        }));
        all.push(Claim::sometimes(
            "cash for a paid ticket is surplus",
            |_, state| state.cash == Some(Role::Surplus),
        ));
    }
    if protocol.letters {
        all.extend([
            Claim::sometimes("a letter is on its way, and it is paid", |_, state| {
                state.letter == Letter::Granted { rightly: true } && is_paid(state)
            }),
            Claim::sometimes("no letter while somebody pays", |_, state| {
                state.letter == Letter::Refused
            }),
        ]);
    }
    all
}

fn each(state: &State) -> impl Iterator<Item = (&Attempt, Order)> {
    state.attempts.iter().zip(state.orders)
}

fn holding_money(state: &State) -> usize {
    state
        .orders
        .iter()
        .filter(|order| order.holds_money())
        .count()
}

fn is_all_booked(state: &State) -> bool {
    each(state).all(|(attempt, order)| order != Order::Completed || attempt.booked.is_some())
}

fn nobody_is_inside(state: &State) -> bool {
    state.processes.iter().all(Option::is_none)
}

fn is_unlocked(state: &State) -> bool {
    state.ticket.lock.is_none()
}

fn mains(state: &State) -> usize {
    let booked = state.attempts.iter().map(|attempt| attempt.booked);
    let all = booked.chain([state.cash]);
    all.filter(|role| *role == Some(Role::Main)).count()
}

fn is_paid(state: &State) -> bool {
    match state.ticket.state {
        CaseState::PaidByCapture(_) | CaseState::PaidInCash => true,
        CaseState::Open | CaseState::Withdrawn | CaseState::Review => false,
    }
}

/// Whether this holds once nobody is inside `settle`, no call is under way, the
/// lease has ended, and the sweep changes nothing any more. Trivially so where
/// somebody is still inside, or a call under way: what comes after them is
/// tried as well. Not so where the sweep never comes to an end.
fn at_rest(protocol: &Protocol, state: &State, holds: fn(&State) -> bool) -> bool {
    if !nobody_is_inside(state) || state.under_way.contains(&true) {
        return true;
    }
    let mut now = *state;
    for _ in 0..SWEEPS_MAX {
        let before = now;
        protocol.act(&mut now, Action::EndLease);
        protocol.act(&mut now, Action::Pass(Waited::ReadLag));
        for id in Id::ALL {
            if now.attempt(id).state.is_open() && !sweep(protocol, &mut now, id) {
                return false;
            }
        }
        if now == before {
            return holds(&now);
        }
    }
    false
}

/// One `settle`, undisturbed; whether it returned.
fn sweep(protocol: &Protocol, state: &mut State, id: Id) -> bool {
    protocol.act(state, Action::Wake(id));
    for _ in 0..STEPS_MAX {
        let Some(process) = state.processes[0] else {
            return true;
        };
        if process.next == Step::Hear {
            protocol.act(state, Action::Answer(0, Outcome::Completes));
        } else {
            protocol.act(state, Action::Go(0));
        }
    }
    false
}

//! What must hold, and what must be able to happen.

use stateright::Property;

use super::state::{Id, Outcome, Pages, Stands, State, Status, Step};
use super::{Action, Refunds};

/// What two people have decided once.
pub const GIVEN_ONCE: &str = "the same money is given back once";
/// L8, of refunds.
pub const NOTHING_INVENTED: &str = "nothing is booked as given back that PayPal has not";
/// L1, of refunds.
pub const NOTHING_LOST: &str = "at rest, all that PayPal has given back is booked";
/// Neither the clerk nor the payer waits for ever.
pub const NOBODY_WAITS: &str = "at rest, no refund is approved and not asked for";
/// Who gives money back in PayPal's pages is believed.
pub const NOT_AFTER_PAGES: &str = "what PayPal shows as given back is not asked for";
/// What is rejected stays with the city.
pub const NOT_REJECTED: &str = "nothing rejected is given back";

/// Sweeps until one changes nothing; what needs more counts as never coming to rest.
const SWEEPS_MAX: usize = 8;

/// I/O steps of one undisturbed look at most.
const STEPS_MAX: usize = 10;

type Claim = Property<Refunds>;

pub(super) fn all() -> Vec<Claim> {
    vec![
        Claim::always(GIVEN_ONCE, |_, state| given(state) <= 1),
        Claim::always(NOTHING_INVENTED, |_, state| {
            each(state, |state, id| {
                !state.refunds[id].line || state.made[id].status == Status::Completed
            })
        }),
        Claim::always(NOT_REJECTED, |_, state| {
            each(state, |state, id| {
                state.refunds[id].stands != Stands::Rejected
                    || state.made[id].status == Status::NotMade
            })
        }),
        Claim::always(NOT_AFTER_PAGES, |_, state| !state.asked_after_pages),
        Claim::always(NOTHING_LOST, |refunds, state| {
            is_all_booked(state) || at_rest(refunds, state, is_all_booked)
        }),
        Claim::always(NOBODY_WAITS, |refunds, state| {
            nobody_waits(state) || at_rest(refunds, state, nobody_waits)
        }),
        Claim::sometimes("given back", |_, state| {
            state.refunds[0].stands == Stands::Completed
        }),
        Claim::sometimes("failed, and the second one is given back", |_, state| {
            state.refunds[0].stands == Stands::Failed
                && state.refunds[1].stands == Stands::Completed
        }),
        Claim::sometimes("called off after the approval", |_, state| {
            state.refunds[0].stands == Stands::Rejected && state.looks.iter().any(Option::is_some)
        }),
        Claim::sometimes(
            "given back in PayPal's pages, and nothing of ours",
            |_, state| {
                state.pages == Pages::Booked
                    && state.refunds[0].stands == Stands::Failed
                    && given(state) == 0
            },
        ),
        Claim::sometimes("on its way, then failed", |_, state| {
            state.refunds[0].followed && state.refunds[0].stands == Stands::Failed
        }),
        Claim::sometimes("two look at once", |_, state| {
            state.looks.iter().flatten().count() == 2
        }),
    ]
}

fn each(state: &State, holds: fn(&State, usize) -> bool) -> bool {
    Id::ALL.into_iter().all(|id| holds(state, id as usize))
}

/// How often our requests have moved the money, or still may.
fn given(state: &State) -> usize {
    let made = state.made.iter();
    let ours = made.filter(|made| matches!(made.status, Status::Pending | Status::Completed));
    ours.count() + usize::from(state.twice)
}

fn is_all_booked(state: &State) -> bool {
    let pages = matches!(state.pages, Pages::NotMade | Pages::Booked);
    pages
        && each(state, |state, id| {
            state.made[id].status != Status::Completed || state.refunds[id].line
        })
}

fn nobody_waits(state: &State) -> bool {
    each(state, |state, id| {
        state.refunds[id].stands != Stands::Approved
    })
}

/// Whether this holds once nobody is inside, no call is under way, and neither the sweep
/// nor the night changes anything any more. Trivially so where somebody is still inside:
/// what comes after them is tried as well.
fn at_rest(refunds: &Refunds, state: &State, holds: fn(&State) -> bool) -> bool {
    if state.looks.iter().any(Option::is_some) || state.under_way.contains(&true) {
        return true;
    }
    let mut now = *state;
    for _ in 0..SWEEPS_MAX {
        let before = now;
        for id in Id::ALL {
            refunds.act(&mut now, Action::EndLease(id));
            refunds.act(&mut now, Action::EndPending(id, Outcome::Completes));
        }
        refunds.act(&mut now, Action::Pass);
        for id in Id::ALL {
            if !sweep(refunds, &mut now, id) {
                return false;
            }
            refunds.act(&mut now, Action::Tell(id));
        }
        refunds.act(&mut now, Action::TellOfPages);
        if now == before {
            return holds(&now);
        }
    }
    false
}

/// One look, undisturbed; whether it came to its end.
fn sweep(refunds: &Refunds, state: &mut State, id: Id) -> bool {
    if !refunds.act(state, Action::Wake(id)) {
        return true;
    }
    for _ in 0..STEPS_MAX {
        let Some(look) = state.looks[0] else {
            return true;
        };
        if look.next == Step::Hear {
            refunds.act(state, Action::Answer(0, Outcome::Completes));
        } else {
            refunds.act(state, Action::Go(0));
        }
    }
    false
}

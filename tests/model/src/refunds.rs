//! Giving money back as a model: a payment of which the city has twice what it may keep,
//! so that PayPal would give a second refund as readily as the first.
//!
//! # What is modelled
//!
//! | in the program | here |
//! |---|---|
//! | The sweep and whoever else comes to an approved refund are one function (`Settle::give_back`), in one call or two at once | `Action::Wake` starts a `Look`; one `Step` for each I/O |
//! | Approved, rejected, called off before PayPal was asked (`Store::decide_refund`) | `State::approve`, `reject` |
//! | What came to nothing may be proposed anew, under another number (`Settlement::refundable`) | `State::propose_second` |
//! | Look, write down, ask: nobody asks while another call may be under way (`Store::ask_for_refund`) | `Step::Look`, `Note`, `Call` |
//! | One request id a refund: the same request is answered the same | `State::call` |
//! | A first no is not believed, nor one within ten minutes after another call | `Asked::long_ago` |
//! | A read may not show for ten minutes what was made | `Made::hidden`, `Action::LookAstray` |
//! | PENDING is followed under PayPal's id (`Store::refund_is_under_way`) | `Refund::followed` |
//! | The line of the books, and with it the refund's end, once (`Store::book_taken_back`) | `State::book` |
//! | Webhooks and the night book what PayPal has made | `Action::Tell`, `TellOfPages` |
//! | Somebody gives money back in PayPal's own pages | `Action::GiveInPages` |
//!
//! # What it cannot see
//!
//! - Whether the code does so: there is no pure decision here that both could share, as
//!   there is for captures. The journeys and the simulation hold the code to it.
//! - Who proposes and who approves, amounts, currencies, the cash office, reversals, a
//!   restored table: theirs, too.
//! - Money given back in PayPal's pages while a call of ours is made, or less than ten
//!   minutes before: PayPal gives it twice, and nobody can keep it from doing so.
//! - PayPal forgetting a request id, after `REFUND_ASKED_MAX` nobody asks any more.

mod look;
pub mod properties;
pub mod state;

use stateright::{Model, Property};

use self::state::{Answer, Id, Look, Outcome, Pages, Stands, State, Step};

/// What is let happen.
#[derive(Clone, Copy, Debug)]
pub struct Refunds {
    /// How many calls of `give_back` run at once, up to [`Look::MAX`].
    pub looks: usize,
    /// What is broken; nothing, for the protocol itself.
    pub missing: &'static [Missing],
}

/// A safeguard that can be taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// PayPal is asked to give back without a look at what it shows.
    Look,
    /// Each request has an id of its own.
    RequestId,
    /// Nobody writes down that PayPal is asked, and anybody asks at any time.
    Note,
    /// The next one asks while a call may still be under way.
    LongLease,
    /// The first no is believed.
    DoubtInRefusals,
    /// A no is believed ten minutes after the first call, whatever was called since.
    DoubtAfterEachCall,
    /// What PayPal was asked for may be rejected.
    AskedIsNotRejected,
    /// A refund that had come to nothing here, and was made after all, does not stand in
    /// the way of the one proposed in its place.
    SistersInTheWay,
    /// What is on its way at PayPal is taken for given back.
    PendingIsNotCompleted,
}

/// Something that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Somebody else approves.
    Approve(Id),
    /// It is rejected, or called off.
    Reject(Id),
    /// The first came to nothing: it is proposed anew.
    ProposeSecond,
    /// The sweep comes to it.
    Wake(Id),
    /// A look does its next I/O.
    Go(usize),
    /// A look is not shown what was made a moment ago.
    LookAstray(usize),
    /// PayPal carries out a call and answers it.
    Answer(usize, Outcome),
    /// The process dies, or is not answered. What it has sent may still be carried out.
    Die(usize),
    /// PayPal carries out the call of one who is dead.
    CarryOut(Id, Outcome),
    /// What PayPal has on its way comes to its end.
    EndPending(Id, Outcome),
    /// Nobody can be inside the call any more.
    EndLease(Id),
    /// Ten minutes pass.
    Pass,
    /// Somebody gives the money back in PayPal's pages.
    GiveInPages,
    /// A webhook, or the night, tells of a refund that was made.
    Tell(Id),
    /// The same, of the one in PayPal's pages.
    TellOfPages,
}

impl Refunds {
    pub(crate) fn lacks(&self, missing: Missing) -> bool {
        self.missing.contains(&missing)
    }

    fn go(&self, state: &mut State, slot: usize, astray: bool) -> bool {
        let Some(look) = state.looks[slot].take() else {
            return false;
        };
        let after = look.step(self, state, astray);
        state.looks[slot] = after;
        true
    }

    /// Does what is to be done; `false` when it was refused.
    pub(crate) fn act(&self, state: &mut State, action: Action) -> bool {
        match action {
            Action::Approve(id) => state.approve(id),
            Action::Reject(id) => state.reject(id, self),
            Action::ProposeSecond => state.propose_second(),
            Action::Wake(id) => {
                let slot = state.looks.iter().position(Option::is_none);
                let look = Look::wake(self, state, id);
                let (Some(slot), Some(look)) = (slot, look) else {
                    return false;
                };
                state.looks[slot] = Some(look);
                true
            }
            Action::Go(slot) => self.go(state, slot, false),
            Action::LookAstray(slot) => self.go(state, slot, true),
            Action::Answer(slot, outcome) => {
                let Some(look) = state.looks[slot].take() else {
                    return false;
                };
                let answer = state.call(look.id, outcome, self);
                state.looks[slot] = look.hear(self, answer);
                true
            }
            Action::Die(slot) => {
                if let Some(look) = state.looks[slot].take()
                    && look.next == Step::Hear
                {
                    state.under_way[look.id as usize] = true;
                }
                true
            }
            Action::CarryOut(id, outcome) => {
                let _ = state.call(id, outcome, self);
                state.under_way[id as usize] = false;
                true
            }
            Action::EndPending(id, outcome) => state.end_pending(id, outcome),
            Action::EndLease(id) => state.end_lease(id, self),
            Action::Pass => state.pass(),
            Action::GiveInPages => {
                let happens = state.pages == Pages::NotMade;
                state.pages = Pages::Hidden;
                happens
            }
            Action::Tell(id) => state.tell(id),
            Action::TellOfPages => state.tell_of_pages(),
        }
    }
}

impl Model for Refunds {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let mut state = State::default();
        state.refunds[Id::First as usize].stands = Stands::Proposed;
        vec![state]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let running = state.looks.iter().flatten().count();
        for id in Id::ALL {
            actions.extend([Action::Approve(id), Action::Reject(id), Action::Tell(id)]);
            actions.push(Action::EndLease(id));
            actions.extend(Outcome::ENDS.map(|end| Action::EndPending(id, end)));
            if running < self.looks {
                actions.push(Action::Wake(id));
            }
            if state.under_way[id as usize] {
                let outcomes = Outcome::of(state.made[id as usize].status);
                actions.extend(outcomes.map(|it| Action::CarryOut(id, it)));
            }
        }
        for (slot, look) in state.looks.iter().enumerate() {
            let Some(look) = look else { continue };
            if look.next == Step::Hear {
                let outcomes = Outcome::of(state.made[look.id as usize].status);
                actions.extend(outcomes.map(|it| Action::Answer(slot, it)));
            } else {
                actions.push(Action::Go(slot));
            }
            if look.next == Step::Look && state.hides_something() {
                actions.push(Action::LookAstray(slot));
            }
            actions.push(Action::Die(slot));
        }
        actions.extend([
            Action::ProposeSecond,
            Action::Pass,
            Action::GiveInPages,
            Action::TellOfPages,
        ]);
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = *last;
        let happened = self.act(&mut state, action);
        state.looks.sort_unstable();
        happened.then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}

impl From<Answer> for Step {
    fn from(answer: Answer) -> Self {
        Self::Write(answer)
    }
}

//! One call of `Settle::give_back`, one I/O a step.

use super::state::{Answer, Id, Look, Pages, Refund, Stands, State, Status, Step};
use super::{Missing, Refunds};

impl Look {
    /// Reads the refund. `None`: there is nothing to be done now.
    pub(crate) fn wake(refunds: &Refunds, state: &State, id: Id) -> Option<Self> {
        let Refund {
            stands,
            asked,
            followed,
            ..
        } = state.refunds[id as usize];
        let waits = asked.is_some_and(|asked| !asked.over);
        if stands != Stands::Approved || waits && !followed {
            return None;
        }
        let next = match (followed, refunds.lacks(Missing::Look)) {
            (true, _) => Step::Follow,
            (false, false) => Step::Look,
            (false, true) => Step::Note,
        };
        Some(Self {
            id,
            asked,
            is_fresh: true,
            has_asked: false,
            pages_were_shown: matches!(state.pages, Pages::Shown | Pages::Booked),
            next,
        })
    }

    /// Does the next I/O. `None`: `give_back` has returned. A look that goes `astray` is
    /// not shown what was made a moment ago.
    pub(crate) fn step(
        mut self,
        refunds: &Refunds,
        state: &mut State,
        astray: bool,
    ) -> Option<Self> {
        self.next = match self.next {
            Step::Look => self.shown(refunds, state, astray),
            Step::Follow => Answer::Made(state.made[self.id as usize].status).into(),
            Step::BookPages => {
                state.tell_of_pages();
                Answer::Others.into()
            }
            Step::BookSister => {
                // One that is on its way is booked when it has come to its end.
                state.tell(self.sister());
                Answer::Others.into()
            }
            Step::Note => {
                if !state.note(self, refunds) {
                    return None;
                }
                self.has_asked = true;
                Step::Call
            }
            Step::Call => {
                state.asked_after_pages |= self.pages_were_shown;
                Step::Hear
            }
            Step::Hear => Step::Hear,
            Step::Write(answer) => {
                self.write(refunds, state, answer);
                return None;
            }
        };
        Some(self)
    }

    /// PayPal answers the call.
    pub(crate) fn hear(mut self, refunds: &Refunds, answer: Answer) -> Option<Self> {
        let long_ago = self.asked.is_some_and(|before| {
            if refunds.lacks(Missing::DoubtAfterEachCall) {
                before.first_long_ago
            } else {
                before.long_ago
            }
        });
        let is_believed = long_ago || refunds.lacks(Missing::DoubtInRefusals);
        if answer == Answer::Refused && !is_believed {
            return None;
        }
        self.next = answer.into();
        Some(self)
    }

    fn sister(self) -> Id {
        match self.id {
            Id::First => Id::Second,
            Id::Second => Id::First,
        }
    }

    /// What stands in the way of asking, as PayPal shows it.
    fn shown(self, refunds: &Refunds, state: &State, astray: bool) -> Step {
        let status = |id: Id| {
            let made = state.made[id as usize];
            if made.hidden && astray {
                Status::NotMade
            } else {
                made.status
            }
        };
        let ours = status(self.id);
        if ours != Status::NotMade {
            return Answer::Made(ours).into();
        }
        match state.pages {
            Pages::Booked => return Answer::Others.into(),
            Pages::Hidden if astray => {}
            Pages::Hidden | Pages::Shown => return Step::BookPages,
            Pages::NotMade => {}
        }
        let sister = self.sister();
        let was_made = state.refunds[sister as usize].line
            || matches!(status(sister), Status::Pending | Status::Completed);
        if was_made && !refunds.lacks(Missing::SistersInTheWay) {
            return Step::BookSister;
        }
        Step::Note
    }

    fn write(self, refunds: &Refunds, state: &mut State, answer: Answer) {
        let is_done =
            |status| status == Status::Pending && refunds.lacks(Missing::PendingIsNotCompleted);
        match answer {
            Answer::Made(status) if status == Status::Completed || is_done(status) => {
                state.book(self.id);
            }
            Answer::Made(Status::Pending) => {
                let refund = state.refund(self.id);
                refund.followed |= refund.stands == Stands::Approved;
            }
            Answer::Made(_) | Answer::Refused | Answer::Others => {
                let refund = state.refund(self.id);
                if refund.stands == Stands::Approved {
                    refund.stands = Stands::Failed;
                }
            }
        }
    }
}

//! A lock whose lease has ended: what came of the try it was taken for is found out
//! before anybody captures for its ticket. What follows: `decision::ended_lock`; a lock
//! that names nobody the table knows goes while captures are closed.

use jiff::Timestamp;
use store::{Error, Held};
use ticket::{Captures, Lock, Ticket};

use crate::decision::{Answers, Place};
use crate::limits::{SILENCE_MAX, since};
use crate::settling::Looking;
use crate::writing_down::known_if_done;
use crate::{Moment, Progress, Settle, Wake};

impl Settle {
    /// Asks about the order that the lock names, and does what it asks for.
    pub(crate) async fn resolve(
        &self,
        ticket: &Ticket,
        ended: &Lock,
        wake: Wake,
        moment: Moment,
    ) -> Result<Progress, Error> {
        let owner = self.store.attempt(&ended.attempt).await?;
        let Some((owner, order)) = owner.and_then(|owner| {
            let order = owner.order.clone()?;
            Some((owner, order))
        }) else {
            return self.resolve_forgotten(ticket, ended, moment.now).await;
        };
        let looking = Looking {
            ticket,
            attempt: owner,
            place: Place::EndedLock(ended),
            held: Held::of_ended(ticket, moment.now),
            answers: Answers::default(),
            wake,
            moment,
        };
        let progress = self.carry_out(looking).await?;
        if progress == Progress::Unclear && since(ended.since, moment.now) > SILENCE_MAX {
            tracing::error!(alarm = "lock-waits", case_number = %ticket.case_number, attempt = %ended.attempt, order = %order.id, since = %ended.since, refused_as = ended.refused_as, "a lock waits: PayPal has not said whether the money moved");
        }
        Ok(progress)
    }

    /// A lock whose order nobody knows any more: a restore has brought the lock
    /// back and its attempt not. While captures are closed nobody can be inside
    /// the capture call, and it must not keep out what another attempt has brought;
    /// its own money, if there is any, stands in PayPal's books, and captures are
    /// opened when those were looked through.
    async fn resolve_forgotten(
        &self,
        ticket: &Ticket,
        ended: &Lock,
        now: Timestamp,
    ) -> Result<Progress, Error> {
        let case_number = &ticket.case_number;
        // sabotage: a lock whose attempt is forgotten keeps everybody out
        if self.captures == Captures::Open {
            tracing::error!(alarm = "lock-waits", %case_number, attempt = %ended.attempt, "a lock names an attempt without an order");
            return Ok(Progress::Unclear);
        }
        tracing::warn!(%case_number, attempt = %ended.attempt, "a lock whose attempt is forgotten is taken away: was the table restored?");
        let Some(held) = Held::of_ended(ticket, now) else {
            return Ok(Progress::Unclear);
        };
        Ok(known_if_done(
            self.store.release_forgotten_lock(&held).await?,
        ))
    }
}

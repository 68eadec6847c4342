//! One look: the attempt is put off, settled, and waits where that leads.

use jiff::Timestamp;
use store::{Attempt, Error, OpenWork, Queue};
use ticket::{AttemptId, RefundId};

use super::schedule::{Slot, after_look, next_look};
use crate::limits::{FUNCTION_TIMEOUT, LOOK_FUNDS, LOOK_PENDING, LOOK_SOON_MAX, later};
use crate::refunding::GivingBack;
use crate::{Moment, Progress, Settle, Settled, Wake};

/// What became of a look.
pub(super) enum LookOutcome {
    /// PayPal was asked, or need not be.
    Asked(Progress),
    /// It is somebody else's by now, or gone.
    NotOurs,
    /// Neither.
    Failed,
}

/// What a look has seen.
enum Looked {
    /// A payment.
    Attempt(Box<Settled>),
    /// Money that is to go back.
    Refund(GivingBack),
}

/// A look that has begun: the attempt as it was, and as it waits meanwhile.
struct BegunLook {
    attempt: Attempt,
    next: Slot,
    waits: OpenWork,
}

impl Settle {
    /// Looks at an attempt, and writes down when it is looked at again.
    pub(super) async fn look_at(&self, open: OpenWork, now: Timestamp) -> LookOutcome {
        let mut begun = None;
        // The limit that every other function has from its own time-out: whoever
        // is inside the capture call longer than the lease could charge twice.
        let looked =
            tokio::time::timeout(FUNCTION_TIMEOUT, self.look(&open, now, &mut begun)).await;
        let (look, settled) = match looked {
            Ok(Ok(Some(Looked::Attempt(settled)))) => {
                (LookOutcome::Asked(settled.progress), Some(settled))
            }
            Ok(Ok(Some(Looked::Refund(given_back)))) => {
                return LookOutcome::Asked(given_back.progress());
            }
            Ok(Ok(None)) => return LookOutcome::NotOurs,
            Ok(Err(error)) => {
                tracing::error!(%error, attempt = open.id, "an open attempt could not be looked at");
                (LookOutcome::Failed, None)
            }
            Err(_) => {
                tracing::error!(attempt = open.id, "an open attempt took too long");
                (LookOutcome::Failed, None)
            }
        };
        if let Some(begun) = begun {
            self.wait_on(open.queue, begun, settled.as_deref(), now)
                .await;
        }
        look
    }

    async fn look(
        &self,
        open: &OpenWork,
        now: Timestamp,
        begun: &mut Option<BegunLook>,
    ) -> Result<Option<Looked>, Error> {
        let store = &self.store;
        let put_off_unread = async || {
            let later = now.saturating_add(LOOK_PENDING).unwrap_or(now);
            store.put_off(open, open.queue, later).await
        };
        if let Some(id) = open.refund() {
            return self.look_at_refund(open, &id, now).await;
        }
        let id: Result<AttemptId, _> = open.id.parse();
        let Some(id) = id.ok().filter(|_| open.is_attempt()) else {
            put_off_unread().await?;
            return Err(Error::Unreadable {
                item: "key of open work",
                source: "it is neither an attempt's nor a refund's".into(),
            });
        };
        let attempt = match store.attempt(&id).await {
            Ok(Some(attempt)) => attempt,
            // The index lags behind the table.
            Ok(None) => return Ok(None),
            Err(error @ Error::Unreadable { .. }) => {
                // sabotage: the sweep stops at a poison item: it stays the first
                put_off_unread().await?;
                return Err(error);
            }
            Err(error) => return Err(error),
        };
        // Put off before it is looked at: one that makes the sweep die must not
        // be the first one again.
        let next = next_look(&attempt, open.queue, now, self.paypal.order_life());
        let Some(waits) = store.put_off(open, next.queue, next.at).await? else {
            return Ok(None);
        };
        *begun = Some(BegunLook {
            attempt,
            next,
            waits,
        });
        let settled = self.settle(&id, Wake::Sweep, Moment::begins(now)).await?;
        Ok(settled.map(|settled| Looked::Attempt(Box::new(settled))))
    }

    async fn look_at_refund(
        &self,
        open: &OpenWork,
        id: &RefundId,
        now: Timestamp,
    ) -> Result<Option<Looked>, Error> {
        let next = later(now, LOOK_SOON_MAX);
        let Some(waits) = self.store.put_off(open, Queue::Refunds, next).await? else {
            return Ok(None);
        };
        let given_back = self.give_back(id, Moment::begins(now)).await?;
        let wait = match given_back {
            GivingBack::UnderWay => Some(LOOK_PENDING),
            GivingBack::AwaitsFunds => Some(LOOK_FUNDS),
            GivingBack::Ended | GivingBack::Refused | GivingBack::NotAsked | GivingBack::Unsaid => {
                None
            }
        };
        if let Some(wait) = wait {
            let next = later(now, wait);
            self.store.put_off(&waits, Queue::Refunds, next).await?;
        }
        Ok(Some(Looked::Refund(given_back)))
    }

    /// Where the attempt waits now that it was looked at, where that changes anything.
    async fn wait_on(
        &self,
        from: Queue,
        begun: BegunLook,
        settled: Option<&Settled>,
        now: Timestamp,
    ) {
        let BegunLook {
            attempt,
            next,
            waits,
        } = begun;
        let order_life = self.paypal.order_life();
        let after = after_look(&attempt, from, next, settled, now, order_life);
        let Some(after) = after.filter(|after| *after != next) else {
            return;
        };
        // Refused where a lock that was taken meanwhile says when.
        let written = self.store.put_off(&waits, after.queue, after.at);
        if let Err(error) = written.await {
            tracing::warn!(%error, attempt = %attempt.id, "an open attempt waits longer than it should");
        }
    }
}

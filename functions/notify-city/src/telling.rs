//! A run: each subscriber is told what it has not heard, all of them at the same time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use store::{Message, MessageState, Subscriber, TicketChange, Tries, Turn, Write};
use tokio::time::Instant;

use crate::App;
use crate::patience::{self, FAILED_FIRST};
use crate::subscriptions::Subscription;
use crate::wake::Wake;

/// How long a turn lasts where nobody ends it. It must outlive whoever has it, or two
/// runs would send the same at once: the template lets one run for 55 s, and clocks are
/// 2 s wrong at most.
const TURN: SignedDuration = SignedDuration::from_secs(90);

/// How many changes are read at once.
const PAGE: usize = 100;

/// How many failed or parked messages a turn looks at; the next one goes on.
const OPEN_MAX: usize = 500;

/// How long whoever has told all there is waits for the others before it looks again.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// What a run has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Told {
    /// Messages that were taken.
    pub told: usize,
    /// Messages that were not, and are tried again.
    pub failed: usize,
    /// Messages that were not, for the last time.
    pub parked: usize,
}

/// Tells everybody what they have not heard, until `until` has come.
///
/// # Errors
/// When the table does not answer; the others are told all the same.
pub async fn tell(
    app: &App,
    wake: Wake,
    clock: &(dyn Fn() -> Timestamp + Sync),
    until: Instant,
) -> Result<Told, store::Error> {
    let each = &app.subscriptions.each;
    let busy = AtomicUsize::new(each.len());
    let runs = each.iter().map(|to| {
        let mut run = Run {
            app,
            to,
            wake,
            clock,
            until,
            told: Told::default(),
        };
        let busy = &busy;
        async move {
            let mut ended = run.turn().await;
            busy.fetch_sub(1, Ordering::Relaxed);
            // The stream hands on the next changes when this run is over. Who is well must
            // not hear late because another one hangs.
            while ended.is_ok() && busy.load(Ordering::Relaxed) > 0 && Instant::now() < until {
                tokio::time::sleep(LOOK_AGAIN_AFTER).await;
                ended = run.turn().await;
            }
            if let Err(error) = &ended {
                tracing::error!(subscriber = to.id.as_str(), %error, "a subscriber could not be told");
            }
            ended.map(|()| run.told)
        }
    });
    let mut all = Told::default();
    let mut failed = None;
    for ended in join_all(runs).await {
        match ended {
            Ok(told) => {
                all.told += told.told;
                all.failed += told.failed;
                all.parked += told.parked;
            }
            Err(error) => failed = Some(error),
        }
    }
    // Each second on a desk, and most minutes in the cloud: there was nothing.
    if all != Told::default() {
        let Told {
            told,
            failed,
            parked,
        } = all;
        tracing::info!(told, failed, parked, "told the city");
    }
    failed.map_or(Ok(all), Err)
}

/// Whether a turn goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    GoOn,
    /// The time is over, the subscriber is left alone, or somebody else has written.
    Stop,
}

/// A run for one subscriber.
struct Run<'a> {
    app: &'a App,
    to: &'a Subscription,
    wake: Wake,
    clock: &'a (dyn Fn() -> Timestamp + Sync),
    until: Instant,
    told: Told,
}

impl Run<'_> {
    /// Takes the subscriber's turn, if nobody has it, and tells what there is.
    async fn turn(&mut self) -> Result<(), store::Error> {
        let (store, id) = (&self.app.store, &self.to.id);
        let now = (self.clock)();
        let ends = now.checked_add(TURN).unwrap_or(now);
        let mut stands = match store.take_turn(id, ends, now).await? {
            Turn::Taken(stands) => stands,
            Turn::Busy => return Ok(()),
        };
        loop {
            let worked = Box::pin(self.work(&mut stands)).await;
            if worked.is_err() || Instant::now() >= self.until {
                // Where this fails, too, the turn ends by itself.
                let _ = store.give_up_turn(id, &stands).await;
                return worked;
            }
            if store.end_turn(id, &stands).await? == Write::Done {
                return Ok(());
            }
            // Somebody has left word.
            match store.subscriber(id).await? {
                Some(stands_now) if !stands_now.is_of_another_turn(&stands) => stands = stands_now,
                Some(_) | None => return Ok(()),
            }
        }
    }

    /// What has failed and is due, then what is new.
    async fn work(&mut self, stands: &mut Subscriber) -> Result<(), store::Error> {
        let now = (self.clock)();
        if !patience::may_send(stands.trouble.as_ref(), self.wake, now) {
            return Ok(());
        }
        let read = stands.clone();
        self.send_what_there_is(stands).await?;
        // Most looks find nothing.
        if *stands == read {
            return Ok(());
        }
        // Where it is refused there is word for this turn, and it goes on as things stand.
        self.write_down(stands).await.map(|_| ())
    }

    async fn send_what_there_is(&mut self, stands: &mut Subscriber) -> Result<(), store::Error> {
        let was_failing = is_known_to_fail(stands);
        if self.open_messages(stands, was_failing).await? == Then::Stop
            || self.feed(stands).await? == Then::Stop
        {
            return Ok(());
        }
        if was_failing && !is_known_to_fail(stands) {
            // It takes messages again: what has failed with it need not wait for its time.
            let failed = self.app.store.failed_messages(&self.to.id, None, OPEN_MAX);
            let failed = failed.await?;
            self.send_all(stands, failed.into_iter().filter_map(again))
                .await?;
        }
        Ok(())
    }

    /// Messages that were not taken before.
    async fn open_messages(
        &mut self,
        stands: &mut Subscriber,
        is_failing: bool,
    ) -> Result<Then, store::Error> {
        let (store, id) = (&self.app.store, &self.to.id);
        let limit = if is_failing { FAILED_FIRST } else { OPEN_MAX };
        let mut open = Vec::new();
        if stands.again {
            open = store.parked_messages(id, limit + 1).await?;
        }
        // While nothing is taken all of them wait for the subscriber, and not for their time.
        let is_due_at_once = stands.again || is_failing;
        let due_at = (!is_due_at_once).then(|| (self.clock)());
        open.extend(store.failed_messages(id, due_at, limit + 1).await?);
        let are_all = open.len() <= limit;
        open.truncate(limit);
        let then = self
            .send_all(stands, open.into_iter().filter_map(again))
            .await?;
        if then == Then::GoOn && are_all {
            stands.again = false;
        }
        Ok(then)
    }

    /// What is new, page by page.
    async fn feed(&mut self, stands: &mut Subscriber) -> Result<Then, store::Error> {
        let (store, id) = (&self.app.store, &self.to.id);
        loop {
            let page = store.changes(&stands.heard, PAGE, (self.clock)()).await?;
            let new = store.not_sent_yet(id, stands.round, page.changes).await?;
            let new = new.into_iter().map(|change| (change, None));
            // The place stays before a page of which something is left.
            if self.send_all(stands, new).await? == Then::Stop {
                return Ok(Then::Stop);
            }
            if stands.heard == page.next && !page.more {
                return Ok(Then::GoOn);
            }
            stands.heard = page.next;
            if self.write_down(stands).await? == Write::Refused {
                return Ok(Then::Stop);
            }
            if !page.more {
                return Ok(Then::GoOn);
            }
        }
    }

    /// Sends these, a few at a time, and writes down what becomes of each.
    async fn send_all(
        &mut self,
        stands: &mut Subscriber,
        messages: impl Iterator<Item = (TicketChange, Option<Tries>)>,
    ) -> Result<Then, store::Error> {
        let mut left = messages;
        loop {
            let at_once = patience::at_once(stands.trouble.as_ref());
            let some: Vec<_> = left.by_ref().take(at_once).collect();
            if some.is_empty() {
                return Ok(Then::GoOn);
            }
            if Instant::now() >= self.until {
                return Ok(Then::Stop);
            }
            let round = stands.round;
            let sent = some
                .into_iter()
                .map(|(change, tries)| self.send(round, change, tries));
            for state in join_all(sent).await {
                self.learn(stands, state?);
            }
            let now = (self.clock)();
            if stands
                .trouble
                .as_ref()
                .is_some_and(|trouble| patience::is_paused(trouble, now))
            {
                return Ok(Then::Stop);
            }
        }
    }

    /// Sends one, and writes down what becomes of it.
    async fn send(
        &self,
        round: u32,
        change: TicketChange,
        tries: Option<Tries>,
    ) -> Result<MessageState, store::Error> {
        let sent = self.app.sender.send(self.to, &change, (self.clock)()).await;
        let now = (self.clock)();
        let state = match sent {
            Ok(()) => MessageState::Told { told_at: now },
            Err(failure) => patience::not_taken(tries.as_ref(), failure.to_string(), now),
        };
        let message = Message { change, state };
        let (store, id) = (&self.app.store, &self.to.id);
        store.put_message(id, round, &message).await?;
        if let MessageState::Parked { tries, .. } = &message.state {
            tracing::error!(
                alarm = "delivery-parked",
                subscriber = id.as_str(),
                case_number = message.change.case_number.as_str(),
                id = message.change.id,
                since = %tries.first_failed_at,
                outcome = tries.outcome,
                "a subscriber has not heard of a change for three days, and is not sent it any more"
            );
        }
        Ok(message.state)
    }

    /// What a message's fate says about its subscriber.
    fn learn(&mut self, stands: &mut Subscriber, state: MessageState) {
        let tries = match state {
            MessageState::Told { .. } => {
                self.told.told += 1;
                stands.trouble = None;
                return;
            }
            MessageState::Failed { tries, .. } => {
                self.told.failed += 1;
                tries
            }
            MessageState::Parked { tries, .. } => {
                self.told.parked += 1;
                tries
            }
        };
        let before = stands.trouble.take();
        let trouble = patience::trouble(before, tries.outcome, (self.clock)());
        stands.trouble = Some(trouble);
    }

    /// Refused where a redelivery was asked for since: then this turn does not end before
    /// it was looked at.
    async fn write_down(&self, stands: &Subscriber) -> Result<Write, store::Error> {
        self.app.store.put_standing(&self.to.id, stands).await
    }
}

fn is_known_to_fail(stands: &Subscriber) -> bool {
    stands
        .trouble
        .as_ref()
        .is_some_and(patience::is_known_to_fail)
}

/// A message that is sent again; nothing where it was told since. One that was parked
/// begins anew.
fn again(message: Message) -> Option<(TicketChange, Option<Tries>)> {
    let tries = match message.state {
        MessageState::Told { .. } => return None,
        MessageState::Failed { tries, .. } => Some(tries),
        MessageState::Parked { .. } => None,
    };
    Some((message.change, tries))
}

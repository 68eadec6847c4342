//! A run: each subscriber is told what it has not heard, all of them at the same time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use store::{Message, MessageState, Subscriber, TicketChange, Tries, Turn, Write};
use tokio::time::Instant;

use crate::App;
use crate::patience::{self, FAILED_FIRST};
use crate::sender::Failure;
use crate::subscriptions::Subscription;
use crate::wake::Wake;

/// How long a turn lasts where nobody ends it. It must outlive whoever has it, or two
/// runs would send the same at once: the template lets one run for 55 s, and clocks are
/// 2 s wrong at most.
const TURN: SignedDuration = SignedDuration::from_secs(90);

/// How many changes are read at once.
const PAGE: usize = 100;

/// How many failed messages a turn looks at, and how many parked ones; the next one goes on.
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
    let id = random();
    let runs = each.iter().map(|to| {
        let mut run = Run {
            id,
            way: Way { app, to, clock },
            wake,
            until,
            told: Told::default(),
            is_well: false,
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

/// 128 bits from the operating system: two runs must not take each other's turn for their
/// own.
#[expect(
    clippy::expect_used,
    reason = "without randomness no turn may be taken"
)]
fn random() -> u128 {
    let mut bits = [0; 16];
    aws_lc_rs::rand::fill(&mut bits).expect("the operating system gives random bits");
    u128::from_ne_bytes(bits)
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
    /// Which run: it knows its own turn by that.
    id: u128,
    way: Way<'a>,
    wake: Wake,
    until: Instant,
    told: Told,
    /// Whether it has taken something in this run, or has refused it for what it says.
    is_well: bool,
}

/// The way to a subscriber.
#[derive(Clone, Copy)]
struct Way<'a> {
    app: &'a App,
    to: &'a Subscription,
    clock: &'a (dyn Fn() -> Timestamp + Sync),
}

/// What became of a message that was sent.
struct Sent {
    state: MessageState,
    failure: Option<Failure>,
}

impl Run<'_> {
    /// Takes the subscriber's turn, if nobody has it, and tells what there is.
    async fn turn(&mut self) -> Result<(), store::Error> {
        let Way { app, to, clock } = self.way;
        let (store, id) = (&app.store, &to.id);
        let now = clock();
        let ends = now.checked_add(TURN).unwrap_or(now);
        let mut stands = match store.take_turn(id, self.id, ends, now).await? {
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

    /// What is new, then what has failed and is due.
    async fn work(&mut self, stands: &mut Subscriber) -> Result<(), store::Error> {
        let now = (self.way.clock)();
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
        if was_failing {
            let (open, _) = self.open_messages(stands, was_failing).await?;
            let first = open.into_iter().filter_map(again).take(FAILED_FIRST);
            if self.send_all(stands, first).await? == Then::Stop {
                return Ok(());
            }
        }
        // Behind hundreds that are refused again what is new would be late.
        if self.feed(stands).await? == Then::Stop || is_known_to_fail(stands) {
            return Ok(());
        }
        // Where it takes messages again, what has failed with it need not wait for its time.
        let (open, are_all) = self.open_messages(stands, was_failing).await?;
        let open = open.into_iter().filter_map(again);
        if self.send_all(stands, open).await? == Then::GoOn && are_all {
            stands.again = false;
        }
        Ok(())
    }

    /// Messages that were not taken before, and whether there are no more: those that are
    /// due, or all of them.
    async fn open_messages(
        &self,
        stands: &Subscriber,
        is_due_at_once: bool,
    ) -> Result<(Vec<Message>, bool), store::Error> {
        let Way { app, to, clock } = self.way;
        let (store, id, now) = (&app.store, &to.id, clock());
        let (mut open, mut are_all) = (Vec::new(), true);
        if stands.again {
            let parked = store.parked_messages(id, OPEN_MAX).await?;
            are_all = !parked.more;
            open = parked.entries;
        }
        let due_at = (!is_due_at_once && !stands.again).then_some(now);
        let failed = store.failed_messages(id, due_at, OPEN_MAX).await?;
        are_all &= !failed.more;
        let failed = failed.entries.into_iter();
        open.extend(failed.filter(|message| !patience::keeps_its_time(message, stands.asked, now)));
        Ok((open, are_all))
    }

    /// What is new, page by page.
    async fn feed(&mut self, stands: &mut Subscriber) -> Result<Then, store::Error> {
        let Way { app, to, clock } = self.way;
        let (store, id) = (&app.store, &to.id);
        loop {
            // After an outage there may be thousands of pages in which nothing is new.
            if Instant::now() >= self.until {
                return Ok(Then::Stop);
            }
            let page = store.changes(&stands.heard, PAGE, clock()).await?;
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

    /// Sends these, some at the same time, and writes down what becomes of each.
    async fn send_all(
        &mut self,
        stands: &mut Subscriber,
        messages: impl Iterator<Item = (TicketChange, Option<Tries>)>,
    ) -> Result<Then, store::Error> {
        let (way, round, asked) = (self.way, stands.round, stands.asked);
        let mut left = messages;
        let mut sending = FuturesUnordered::new();
        let mut then = Ok(Then::GoOn);
        loop {
            let at_once = patience::at_once(stands.trouble.as_ref(), self.is_well);
            while matches!(then, Ok(Then::GoOn)) && sending.len() < at_once {
                let Some((change, tries)) = left.next() else {
                    break;
                };
                if Instant::now() >= self.until {
                    then = Ok(Then::Stop);
                } else {
                    sending.push(way.send(round, asked, change, tries));
                }
            }
            // Whatever is under way is waited for: given up, it would be sent again.
            let Some(sent) = sending.next().await else {
                return then;
            };
            let now = (way.clock)();
            match sent {
                Ok(sent) => self.learn(stands, &sent, now),
                Err(error) => then = Err(error),
            }
            let trouble = stands.trouble.as_ref();
            if then.is_ok() && trouble.is_some_and(|trouble| patience::is_paused(trouble, now)) {
                then = Ok(Then::Stop);
            }
        }
    }

    /// What a message's fate says about its subscriber.
    fn learn(&mut self, stands: &mut Subscriber, sent: &Sent, now: Timestamp) {
        match sent.state {
            MessageState::Told { .. } => self.told.told += 1,
            MessageState::Failed { .. } => self.told.failed += 1,
            MessageState::Parked { .. } => self.told.parked += 1,
        }
        let Some(failure) = sent.failure else {
            self.is_well = true;
            stands.trouble = None;
            return;
        };
        // Left alone for it, the subscriber would hear late of all that it takes.
        if patience::is_of_the_message(failure) {
            self.is_well = true;
            return;
        }
        let before = stands.trouble.take();
        let outcome = failure.to_string();
        let is_news = before
            .as_ref()
            .is_none_or(|before| before.outcome != outcome);
        if failure.is_gone() && is_news {
            tracing::error!(
                alarm = "subscriber-gone",
                subscriber = self.way.to.id.as_str(),
                outcome,
                "a subscriber says that nobody takes messages there any more"
            );
        }
        stands.trouble = Some(patience::trouble(before, failure, now));
    }

    /// Refused where a redelivery was asked for since: then this turn does not end before
    /// it was looked at.
    async fn write_down(&self, stands: &Subscriber) -> Result<Write, store::Error> {
        let Way { app, to, .. } = self.way;
        app.store.put_standing(&to.id, stands).await
    }
}

impl Way<'_> {
    /// Sends one, and writes down what becomes of it.
    async fn send(
        self,
        round: u32,
        asked: u32,
        change: TicketChange,
        tries: Option<Tries>,
    ) -> Result<Sent, store::Error> {
        let Self { app, to, clock } = self;
        let failure = app.sender.send(to, &change, clock()).await.err();
        let now = clock();
        let state = match failure {
            None => MessageState::Told { told_at: now },
            Some(failure) => patience::not_taken(tries.as_ref(), failure, asked, now),
        };
        let message = Message { change, state };
        app.store.put_message(&to.id, round, &message).await?;
        if let MessageState::Parked { tries, .. } = &message.state {
            tracing::error!(
                alarm = "delivery-parked",
                subscriber = to.id.as_str(),
                case_number = message.change.case_number.as_str(),
                id = message.change.id,
                since = %tries.first_failed_at,
                outcome = tries.outcome,
                "a subscriber has not heard of a change for three days, and is not sent it any more"
            );
        }
        let state = message.state;
        Ok(Sent { state, failure })
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

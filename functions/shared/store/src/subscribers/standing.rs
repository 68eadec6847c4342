//! How far a subscriber has heard. One run at a time works for it, the one that has its
//! turn; whoever comes meanwhile leaves word, and no turn ends before that was looked at.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ticket::SubscriberId;

use crate::dynamo::client::{read, unavailable};
use crate::dynamo::keys::{self, n, s};
use crate::dynamo::write::value;
use crate::ledger::cursor::ChangeCursor;
use crate::{Error, Store, Write};

/// How often a turn is asked for that ends in the very moment in which word is left.
const TRIES_MAX: u32 = 4;

/// How a subscriber stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscriber {
    /// Up to here all was told, or stands among the messages.
    pub heard: ChangeCursor,
    /// Raised when it is to hear again what it has heard: what was told in an earlier
    /// round was not told in this one.
    #[serde(default)]
    pub round: u32,
    /// What is wrong with it, if anything is.
    #[serde(default)]
    pub trouble: Option<Trouble>,
    /// What has failed and what is parked is to be tried at once.
    #[serde(default)]
    pub again: bool,
    /// Raised by each redelivery: a run that has not seen it must not write over it.
    #[serde(default)]
    pub asked: u32,
    /// Raised by each turn: whoever had an earlier one writes nothing.
    #[serde(default)]
    fence: u32,
    /// Raised by whoever comes while somebody has the turn.
    #[serde(default)]
    woken: u32,
}

/// A subscriber does not take what it is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// Since when it has taken nothing.
    pub since: Timestamp,
    /// How many tries in a row have failed since its last pause.
    pub in_a_row: u32,
    /// How many pauses it has had.
    pub pauses: u32,
    /// Until when nothing is sent.
    pub paused_until: Option<Timestamp>,
    /// What became of the last try.
    pub outcome: String,
}

/// Whether it is this run's turn.
#[derive(Debug)]
pub enum Turn {
    /// It is.
    Taken(Subscriber),
    /// Another run has it, and will look once more before it ends.
    Busy,
}

/// What is to be told again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redelivery {
    /// What could not be told.
    Failed,
    /// That, and everything since a moment.
    Since(Timestamp),
}

impl Store {
    /// How a subscriber stands; nothing where none of this name was ever told anything.
    ///
    /// # Errors
    /// When the table does not answer, or the item is unreadable.
    pub async fn subscriber(&self, id: &SubscriberId) -> Result<Option<Subscriber>, Error> {
        let found = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(keys::subscriber(id).into_item()))
            .consistent_read(true)
            .send()
            .await
            .map_err(unavailable("read a subscriber"))?;
        found.item.map(|item| read("subscriber", item)).transpose()
    }

    /// Takes the turn for a run until a moment, or leaves word for whoever has it. A new
    /// subscriber hears from now on.
    ///
    /// # Errors
    /// When the table does not answer, or the item is unreadable.
    pub async fn take_turn(
        &self,
        id: &SubscriberId,
        run: u128,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Turn, Error> {
        let run = format!("{run:032x}");
        for _ in 0..TRIES_MAX {
            let taken = self
                .update_subscriber(id)
                .update_expression(
                    "SET heard = if_not_exists(heard, :beginning), \
                     asked = if_not_exists(asked, :none), \
                     woken = if_not_exists(woken, :none), turn_ends = :until, turn_of = :run \
                     ADD fence :one",
                )
                // The client asks again where the answer was lost; refused for its own turn,
                // nobody would be told anything until that has ended by itself.
                .condition_expression(
                    "attribute_not_exists(turn_ends) OR turn_ends <= :now OR turn_of = :run",
                )
                .expression_attribute_values(":run", s(&*run))
                .expression_attribute_values(":beginning", s(ChangeCursor::before(now, now).text()))
                .expression_attribute_values(":none", n(0))
                .expression_attribute_values(":one", n(1))
                .expression_attribute_values(":until", n(until.as_millisecond()))
                .expression_attribute_values(":now", n(now.as_millisecond()))
                .return_values(ReturnValue::AllNew)
                .send()
                .await;
            match taken {
                Ok(taken) => {
                    let item = taken.attributes.unwrap_or_default();
                    return Ok(Turn::Taken(read("subscriber", item)?));
                }
                Err(error) if !is_refused(&error) => {
                    return Err(unavailable("take a turn")(error));
                }
                Err(_) => {}
            }
            // Word that is left after the turn has ended would be read by nobody.
            let left = self
                .update_subscriber(id)
                .update_expression("ADD woken :one")
                .condition_expression("turn_ends > :now")
                .expression_attribute_values(":one", n(1))
                .expression_attribute_values(":now", n(now.as_millisecond()))
                .send()
                .await;
            if done(left.map(drop), "leave word")? == Write::Done {
                return Ok(Turn::Busy);
            }
        }
        Ok(Turn::Busy)
    }

    /// Writes down how the subscriber stands. Refused where this run's turn is over, or a
    /// redelivery was asked for meanwhile.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn put_standing(
        &self,
        id: &SubscriberId,
        stands: &Subscriber,
    ) -> Result<Write, Error> {
        let put = self
            .update_subscriber(id)
            .update_expression("SET heard = :heard, trouble = :trouble, again = :again")
            .condition_expression("fence = :fence AND asked = :asked")
            .expression_attribute_values(":heard", s(stands.heard.text()))
            .expression_attribute_values(":trouble", value("subscriber", &stands.trouble)?)
            .expression_attribute_values(":again", AttributeValue::Bool(stands.again))
            .expression_attribute_values(":fence", n(stands.fence))
            .expression_attribute_values(":asked", n(stands.asked))
            .send()
            .await;
        done(put.map(drop), "write a subscriber")
    }

    /// Ends this run's turn. Refused where somebody has left word since: the run must look
    /// once more, as the subscriber stands now, or nobody does before the next minute.
    ///
    /// # Errors
    /// When the table does not answer: the turn ends by itself.
    pub async fn end_turn(&self, id: &SubscriberId, stands: &Subscriber) -> Result<Write, Error> {
        let ended = self
            .update_subscriber(id)
            .update_expression("REMOVE turn_ends")
            .condition_expression("fence = :fence AND woken = :woken")
            .expression_attribute_values(":fence", n(stands.fence))
            .expression_attribute_values(":woken", n(stands.woken))
            .send()
            .await;
        done(ended.map(drop), "end a turn")
    }

    /// The same, whoever has left word: this run's time is over.
    ///
    /// # Errors
    /// When the table does not answer: the turn ends by itself.
    pub async fn give_up_turn(
        &self,
        id: &SubscriberId,
        stands: &Subscriber,
    ) -> Result<Write, Error> {
        let ended = self
            .update_subscriber(id)
            .update_expression("REMOVE turn_ends")
            .condition_expression("fence = :fence")
            .expression_attribute_values(":fence", n(stands.fence))
            .send()
            .await;
        done(ended.map(drop), "give up a turn")
    }

    /// Asks that something be told again; the next run does it, or the one that is under
    /// way. Answers how the subscriber stands then.
    ///
    /// # Errors
    /// When the table does not answer; the same again changes nothing more.
    pub async fn redeliver(
        &self,
        id: &SubscriberId,
        what: Redelivery,
        now: Timestamp,
    ) -> Result<Subscriber, Error> {
        let (round, since) = match what {
            Redelivery::Failed => (0, now),
            Redelivery::Since(since) => (1, since),
        };
        let begins_at = ChangeCursor::before(since, now).text();
        let asks = |heard: &str| {
            self.update_subscriber(id)
                .update_expression(format!(
                    "SET heard = {heard}, again = :yes, trouble = :nothing \
                     ADD asked :one, woken :one, round :round"
                ))
                .expression_attribute_values(":yes", AttributeValue::Bool(true))
                .expression_attribute_values(":nothing", AttributeValue::Null(true))
                .expression_attribute_values(":one", n(1))
                .expression_attribute_values(":round", n(round))
                .expression_attribute_values(":begins_at", s(&begins_at))
                .return_values(ReturnValue::AllNew)
        };
        // Whoever has not heard so far yet must not pass over what is between.
        let set_back = "attribute_not_exists(heard) OR heard > :begins_at";
        let asked = match asks(":begins_at")
            .condition_expression(set_back)
            .send()
            .await
        {
            Err(error) if is_refused(&error) => {
                asks("if_not_exists(heard, :begins_at)").send().await
            }
            asked => asked,
        };
        let asked = asked.map_err(unavailable("ask for a redelivery"))?;
        read("subscriber", asked.attributes.unwrap_or_default())
    }

    fn update_subscriber(&self, id: &SubscriberId) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(keys::subscriber(id).into_item()))
    }
}

impl Subscriber {
    /// Whether this is another turn than that one.
    #[must_use]
    pub fn is_of_another_turn(&self, other: &Self) -> bool {
        self.fence != other.fence
    }
}

fn is_refused<R>(error: &SdkError<UpdateItemError, R>) -> bool {
    error
        .as_service_error()
        .is_some_and(UpdateItemError::is_conditional_check_failed_exception)
}

fn done<R: std::fmt::Debug + Send + Sync + 'static>(
    written: Result<(), SdkError<UpdateItemError, R>>,
    call: &'static str,
) -> Result<Write, Error> {
    match written {
        Ok(()) => Ok(Write::Done),
        Err(error) if is_refused(&error) => Ok(Write::Refused),
        Err(error) => Err(unavailable(call)(error)),
    }
}

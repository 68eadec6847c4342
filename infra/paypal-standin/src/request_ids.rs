//! What was done under which `PayPal-Request-Id`, and what a repeat gets.

use jiff::SignedDuration;

use crate::answers::{Answer, Content, Refusal};
use crate::behaviour::{SameIdOtherBody, seconds};
use crate::books::RequestId;
use crate::state::{ApiRequest, Outcome, Remembered, State, later};

/// A call that is known by its id: its name, and the resource it was about.
pub(crate) type Call<'a> = (&'static str, &'a str);

impl State {
    /// What the id stood for, if it came before and is still kept.
    ///
    /// # Errors
    /// When the behaviour says that the repeat is refused.
    pub(crate) fn recall(
        &mut self,
        (call, resource): Call<'_>,
        id: Option<&str>,
        asked: &ApiRequest<'_>,
    ) -> Result<Option<Outcome>, Refusal> {
        let Some(id) = id else { return Ok(None) };
        let key = (call.into(), resource.to_owned(), id.to_owned());
        let Some(remembered) = self.remembered.get(&key) else {
            return Ok(None);
        };
        if asked.now >= remembered.until {
            self.remembered.remove(&key);
            return Ok(None);
        }
        if let Some(entry) = self.books.request_ids.get_mut(remembered.entry) {
            entry.repeats += 1;
        }
        let other_body = remembered.body != *asked.body;
        if other_body && self.behaviour.same_id_other_body == SameIdOtherBody::Refused {
            return Err(Refusal::issue("DUPLICATE_REQUEST_ID"));
        }
        if asked.now < later(remembered.at, seconds(self.behaviour.twin_call_fails_s)) {
            return Err(Refusal::issue("PREVIOUS_REQUEST_IN_PROGRESS"));
        }
        Ok(Some(remembered.outcome.clone()))
    }

    /// Keeps what the id stands for.
    pub(crate) fn remember(
        &mut self,
        (call, resource): Call<'_>,
        id: Option<&str>,
        asked: &ApiRequest<'_>,
        kept: SignedDuration,
        outcome: Outcome,
    ) {
        let Some(id) = id else { return };
        let entry = self.books.request_ids.len();
        self.books.request_ids.push(RequestId {
            call: call.into(),
            id: id.to_owned(),
            first_seen_at: asked.now,
            repeats: 0,
        });
        self.remembered.insert(
            (call.into(), resource.to_owned(), id.to_owned()),
            Remembered {
                at: asked.now,
                until: later(asked.now, kept),
                outcome,
                body: asked.body.clone(),
                entry,
            },
        );
    }

    /// Keeps the first answer, where repeats are to get it again word for word.
    pub(crate) fn remember_answer(
        &mut self,
        (call, resource): Call<'_>,
        id: Option<&str>,
        answer: &Answer,
    ) {
        if self.behaviour.replay_latest_state {
            return;
        }
        let key = (
            call.into(),
            resource.to_owned(),
            id.unwrap_or_default().to_owned(),
        );
        if let (Some(remembered), Content::Json(body)) =
            (self.remembered.get_mut(&key), &answer.content)
        {
            remembered.outcome = Outcome::Said(body.clone());
        }
    }
}

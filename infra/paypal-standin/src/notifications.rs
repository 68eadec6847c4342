//! The events there were, listed and sent again, by PayPal's own calls.
//!
//! Source: PayPal Webhooks v1 1.11, `/v1/notifications/webhooks-events`.

use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::answers::{Answer, Refusal};
use crate::books::Event;
use crate::signing::shown;
use crate::state::{ApiRequest, State};

/// Events on a page, where nothing is asked for.
///
/// Source: PayPal Webhooks v1, parameter `page_size`.
const PAGE_SIZE: usize = 10;
/// The most events on a page. PayPal names no figure: whoever keeps to ours asks for no
/// more than it shows in its examples.
const PAGE_SIZE_MAX: usize = 100;
/// By what a page tells where the next begins.
///
/// Source: PayPal, example of `webhooks-events_list`.
const MOVES: [&str; 3] = ["move_to", "index_time", "index_id"];

/// Which events are asked for.
struct Wanted {
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    event_type: Option<String>,
    transaction_id: Option<String>,
    /// Those before this place in the books: the page before ended there.
    before: Option<usize>,
    page_size: usize,
}

impl Wanted {
    fn read(asked: &ApiRequest<'_>) -> Result<Self, Refusal> {
        let page_size = number(asked, "page_size")?.unwrap_or(PAGE_SIZE);
        if !(1..=PAGE_SIZE_MAX).contains(&page_size) {
            return Err(Refusal::invalid_webhook("page_size", "Not from 1 to 100"));
        }
        Ok(Self {
            from: moment(asked, "start_time")?,
            until: moment(asked, "end_time")?,
            event_type: asked.parameter("event_type"),
            transaction_id: asked.parameter("transaction_id"),
            before: number(asked, "index_id")?,
            page_size,
        })
    }

    fn has(&self, place: usize, event: &Event) -> bool {
        self.from.is_none_or(|from| event.created_at >= from)
            && self.until.is_none_or(|until| event.created_at <= until)
            && self.before.is_none_or(|before| place < before)
            && (self.event_type.as_ref()).is_none_or(|name| *name == event.event_type)
    }

    /// Whether it is about the transaction: the capture or the refund that it carries.
    fn is_about(&self, event: &Value) -> bool {
        let id = &self.transaction_id;
        id.as_ref().is_none_or(|id| event["resource"]["id"] == **id)
    }
}

impl State {
    /// `GET /v1/notifications/webhooks-events`: the newest first.
    pub(crate) fn list_events(&self, asked: &ApiRequest<'_>) -> Result<Answer, Refusal> {
        let wanted = Wanted::read(asked)?;
        let mut found = self
            .books
            .events
            .iter()
            .enumerate()
            .rev()
            .filter(|(place, event)| wanted.has(*place, event))
            .map(|(place, event)| (place, event, body(event)))
            .filter(|(_, _, body)| wanted.is_about(body));
        let page: Vec<_> = found.by_ref().take(wanted.page_size).collect();
        let path = format!(
            "{}/v1/notifications/webhooks-events",
            self.settings.public_origin
        );
        let own = if asked.query.is_empty() {
            path.clone()
        } else {
            format!("{path}?{}", asked.query)
        };
        let mut links = vec![json!({ "href": own, "rel": "self", "method": "GET" })];
        if let (Some((place, last, _)), Some(_)) = (page.last(), found.next()) {
            let next = format!("{path}?{}", further(asked.query, *place, last));
            links.push(json!({ "href": next, "rel": "next", "method": "GET" }));
        }
        let events: Vec<Value> = page.into_iter().map(|(_, _, body)| body).collect();
        Ok(Answer::json(
            StatusCode::OK,
            json!({ "count": events.len(), "events": events, "links": links }),
        ))
    }

    /// `GET /v1/notifications/webhooks-events/{id}`
    pub(crate) fn get_event(&self, id: &str) -> Result<Answer, Refusal> {
        Ok(Answer::json(StatusCode::OK, body(self.event(id)?)))
    }

    /// `POST /v1/notifications/webhooks-events/{id}/resend`: to these webhooks, or to
    /// all that subscribe it. What waits anyway is not sent again.
    pub(crate) fn resend_event(
        &mut self,
        id: &str,
        asked: &ApiRequest<'_>,
    ) -> Result<Answer, Refusal> {
        let event = self.event(id)?;
        let answer = Answer::json(StatusCode::ACCEPTED, body(event));
        let named = read_webhook_ids(&asked.json()?)?;
        if !named.iter().all(|id| self.webhooks.with_id(id).is_some()) {
            return Err(Refusal::unknown_webhook_or_event());
        }
        let mut to = if named.is_empty() {
            self.webhooks.subscribers(&event.event_type)
        } else {
            named
        };
        to.retain(|webhook_id| {
            let mut queue = self.queue.iter();
            !queue.any(|queued| queued.event_id == id && queued.webhook_id == *webhook_id)
        });
        for webhook_id in to {
            self.enqueue_for(webhook_id, id, asked.now, asked.now);
        }
        Ok(answer)
    }

    fn event(&self, id: &str) -> Result<&Event, Refusal> {
        let event = self.books.events.iter().find(|event| event.id == id);
        event.ok_or_else(Refusal::unknown_webhook_or_event)
    }
}

/// The event as it was sent. What we have written can be read.
fn body(event: &Event) -> Value {
    serde_json::from_slice(&event.body).unwrap_or_default()
}

/// The same query for the events before this one.
fn further(query: &str, place: usize, last: &Event) -> String {
    let asked = form_urlencoded::parse(query.as_bytes());
    let kept = asked.filter(|(name, _)| !MOVES.contains(&&**name));
    let moves = ["next".to_owned(), shown(last.created_at), place.to_string()];
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(kept)
        .extend_pairs(MOVES.into_iter().zip(moves))
        .finish()
}

/// Reads the webhooks that an event is to be sent to again, each once; none is all.
fn read_webhook_ids(wanted: &Value) -> Result<Vec<String>, Refusal> {
    let refused = || Refusal::invalid_webhook("webhook_ids", "Not a list of webhook ids");
    let Some(given) = wanted.get("webhook_ids") else {
        return Ok(Vec::new());
    };
    let mut ids: Vec<String> = Vec::new();
    for id in given.as_array().ok_or_else(refused)? {
        let id = id.as_str().ok_or_else(refused)?;
        if !ids.iter().any(|known| known == id) {
            ids.push(id.to_owned());
        }
    }
    Ok(ids)
}

fn moment(asked: &ApiRequest<'_>, name: &'static str) -> Result<Option<Timestamp>, Refusal> {
    let read = |text: String| text.parse();
    let moment = asked.parameter(name).map(read).transpose();
    moment.map_err(|_| Refusal::invalid_webhook(name, "Not a date and time of RFC 3339"))
}

fn number(asked: &ApiRequest<'_>, name: &'static str) -> Result<Option<usize>, Refusal> {
    let read = |text: String| text.parse();
    let number = asked.parameter(name).map(read).transpose();
    number.map_err(|_| Refusal::invalid_webhook(name, "Not a number"))
}

//! What is asked for in a query, read strictly: a parameter that is misspelt and passed
//! over would answer another question.

use data_encoding::BASE64URL_NOPAD;
use lambda_http::aws_lambda_events::query_map::QueryMap;
use lambda_http::{Request, RequestExt};

use crate::problem::Problem;

/// So much of what was found is said again.
const FOUND_CHARS_MAX: usize = 40;

/// The query of a list.
#[derive(Debug)]
pub struct Query(QueryMap);

impl Query {
    /// Reads the query; it may have these parameters and no others.
    ///
    /// # Errors
    /// When there is another one.
    pub fn of(request: &Request, known: &[&str]) -> Result<Self, Problem> {
        let query = request.query_string_parameters();
        if let Some((name, _)) = query.iter().find(|(name, _)| !known.contains(name)) {
            let known = known.join(", ");
            let name: String = name.chars().take(FOUND_CHARS_MAX).collect();
            return Err(Problem::with_field(
                name,
                format!("is not a parameter of this list: send only {known}"),
            ));
        }
        Ok(Self(query))
    }

    /// What was sent under this name.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.first(name)
    }

    /// The same, read; nothing where nothing was sent.
    ///
    /// # Errors
    /// When it is something else: what was found, and what `read` says.
    pub fn value<T>(
        &self,
        name: &str,
        read: impl Fn(&str) -> Result<T, &'static str>,
    ) -> Result<Option<T>, Problem> {
        let value = self
            .text(name)
            .map(|text| read(text).map_err(|what_to_send| found(name, text, what_to_send)));
        value.transpose()
    }

    /// How many there may be on a page.
    ///
    /// # Errors
    /// When it is no number between 1 and `max`.
    pub fn limit(&self, usual: usize, max: usize) -> Result<usize, Problem> {
        let Some(text) = self.text("limit") else {
            return Ok(usual);
        };
        let limit = text.parse().ok().filter(|limit| (1..=max).contains(limit));
        limit.ok_or_else(|| {
            found(
                "limit",
                text,
                &format!("not a size of a page: send 1 to {max}"),
            )
        })
    }

    /// The place that the page before has ended at, in the words of the table.
    ///
    /// # Errors
    /// When we have not written it.
    pub fn after<T>(&self, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Problem> {
        self.value("after", |text| {
            let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok();
            let place = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
            place
                .and_then(|place| read(&place))
                .ok_or("not a place in this list: send what `next` of the page before said, or leave it out to begin")
        })
    }
}

/// A place as a page says it: whoever gets it must not read it, or it could never change.
#[must_use]
pub fn opaque(place: &str) -> String {
    BASE64URL_NOPAD.encode(place.as_bytes())
}

/// What was found, and what to send.
#[must_use]
pub fn found(name: &str, text: &str, what_to_send: &str) -> Problem {
    let text: String = text.chars().take(FOUND_CHARS_MAX).collect();
    Problem::with_field(name, format!("is {text:?}, {what_to_send}"))
}

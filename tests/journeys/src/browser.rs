//! What a driver's browser gets.

use http::header::LOCATION;
use lambda_http::{Body, Response};

/// An answer, as far as tests look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The HTTP status.
    pub status: u16,
    /// `data-state`; empty where there is none.
    pub state: String,
    /// `data-attempt`, where there is one.
    pub attempt: Option<String>,
    /// Where a redirect leads.
    pub location: Option<String>,
    /// The headers, in the order they were set.
    pub headers: Vec<(String, String)>,
    /// The page.
    pub html: String,
}

impl Page {
    /// Reads an answer.
    #[must_use]
    pub fn of(response: Response<Body>) -> Self {
        let (parts, body) = response.into_parts();
        let html = String::from_utf8(body.to_vec()).expect("a page in UTF-8");
        let attribute = |name: &str| {
            let (_, rest) = html.split_once(&format!("{name}=\""))?;
            rest.split_once('"').map(|(value, _)| value.to_owned())
        };
        let header = |value: &http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
        Self {
            status: parts.status.as_u16(),
            state: attribute("data-state").unwrap_or_default(),
            attempt: attribute("data-attempt"),
            location: parts.headers.get(LOCATION).map(header),
            headers: parts
                .headers
                .iter()
                .map(|(name, value)| (name.to_string(), header(value)))
                .collect(),
            html,
        }
    }

    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(header, _)| header == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether the page asks for money.
    #[must_use]
    pub fn has_pay_button(&self) -> bool {
        self.html.contains("<form") && self.html.contains("name=\"amount\"")
    }
}

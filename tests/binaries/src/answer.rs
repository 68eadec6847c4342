//! What a function answered.

use data_encoding::BASE64;
use serde_json::Value;
use url::Url;

/// An answer of a function, read as its API would read it.
#[derive(Clone, Debug)]
pub struct Answer {
    value: Value,
    body: String,
}

impl From<Value> for Answer {
    fn from(value: Value) -> Self {
        let body = value["body"].as_str().unwrap_or_default();
        let body = if value["isBase64Encoded"] == true {
            String::from_utf8(BASE64.decode(body.as_bytes()).unwrap()).unwrap()
        } else {
            body.to_owned()
        };
        Self { value, body }
    }
}

impl Answer {
    /// The answer itself, where the function has no API in front of it.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        let status = self.value["statusCode"].as_u64().unwrap_or_default();
        status.try_into().unwrap()
    }

    /// The body as text.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }

    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(self.body()).unwrap()
    }

    /// A header of either kind of API, whatever its case.
    #[must_use]
    pub fn header(&self, wanted: &str) -> String {
        let several = self.value["multiValueHeaders"].as_object();
        let single = self.value["headers"].as_object();
        let mut all = several.into_iter().chain(single).flatten();
        let found = all.find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        let value = found.map(|(_, value)| if value.is_array() { &value[0] } else { value });
        value.and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// `data-state` of the page.
    #[must_use]
    pub fn state(&self) -> &str {
        let rest = self.body().split_once("data-state=\"");
        rest.and_then(|(_, rest)| rest.split('"').next())
            .unwrap_or_default()
    }
}

/// One parameter of an address.
#[must_use]
pub fn query(url: &Url, wanted: &str) -> String {
    let mut pairs = url.query_pairs();
    let found = pairs.find(|(name, _)| name == wanted);
    found
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

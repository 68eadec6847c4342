//! Who is told, and where: read strictly, since whatever stands here is sent to.

use std::collections::BTreeSet;
use std::fmt;

use aws_lc_rs::hmac;
use data_encoding::BASE64;
use parameters::Vars;
use serde::Deserialize;
use ticket::SubscriberId;
use url::{Host, Url};

const VARIABLE: &str = "SUBSCRIBERS";

/// Set on a desk alone: there a subscriber may be a program on the same machine.
const ON_LOOPBACK: &str = "SUBSCRIBERS_ON_LOOPBACK";

/// So many systems are told at most: each costs a run its calls.
const SUBSCRIBERS_MAX: usize = 5;
/// The new and the old one, while they are changed.
const SECRETS_MAX: usize = 2;
/// In bytes. Source: Standard Webhooks, "Signature scheme", 192 to 512 bits.
const SECRET_LEN: std::ops::RangeInclusive<usize> = 24..=64;
/// How a secret begins.
const SECRET_PREFIX: &str = "whsec_";

/// Everybody who is told.
#[derive(Debug)]
pub struct Subscriptions {
    /// Each of them.
    pub each: Vec<Subscription>,
    /// Whether they may be on this machine, without TLS.
    pub on_loopback: bool,
}

/// One who is told. `Debug` shows no secret, and no path, which may be one.
pub struct Subscription {
    /// Its name.
    pub id: SubscriberId,
    /// Where it is told.
    pub(crate) url: Url,
    /// What signs: one secret, or two.
    pub(crate) secrets: Vec<hmac::Key>,
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("id", &self.id)
            .field("host", &self.host())
            .finish_non_exhaustive()
    }
}

/// `SUBSCRIBERS` holds what it must not; refuse to start. The text says which and what to
/// write, and holds no secret.
#[derive(Debug, thiserror::Error)]
pub enum InvalidSubscribers {
    /// A value of the parameter store.
    #[error(transparent)]
    Parameter(#[from] parameters::Error),
    /// It is no list.
    // serde's own sentence may quote what it has found.
    #[error(
        "SUBSCRIBERS is no list of subscribers, at line {line}, column {column}: write [{{\"id\":\"cash-office\",\"url\":\"https://…\",\"secrets\":[\"whsec_…\"]}}]"
    )]
    NoList {
        /// Where it stops being one.
        line: usize,
        /// Where in that line.
        column: usize,
    },
    /// There are too many.
    #[error("SUBSCRIBERS has {count}: write {SUBSCRIBERS_MAX} at most")]
    TooMany {
        /// How many there are.
        count: usize,
    },
    /// One of them is wrong.
    #[error("SUBSCRIBERS, number {number}, {field}: {write}")]
    Wrong {
        /// Which, from one.
        number: usize,
        /// The field.
        field: &'static str,
        /// What to write.
        write: &'static str,
    },
}

/// One as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: String,
    url: String,
    secrets: Vec<String>,
}

impl Subscriptions {
    /// Reads `SUBSCRIBERS`, or the parameter that `SUBSCRIBERS_PARAMETER` names. Neither
    /// is set where nobody is told.
    ///
    /// # Errors
    /// When it cannot be read, or anything in it is wrong.
    pub async fn from_vars(vars: &Vars<'_>) -> Result<Self, InvalidSubscribers> {
        let on_loopback = vars(ON_LOOPBACK).as_deref() == Some("allowed");
        let written = match parameters::value(vars, VARIABLE).await {
            Ok(written) => written,
            Err(parameters::Error::Missing { .. }) => {
                return Ok(Self {
                    each: Vec::new(),
                    on_loopback,
                });
            }
            Err(error) => return Err(error.into()),
        };
        Ok(Self {
            each: read(written.expose(), on_loopback)?,
            on_loopback,
        })
    }

    /// The one of this name.
    #[must_use]
    pub fn find(&self, id: &SubscriberId) -> Option<&Subscription> {
        self.each.iter().find(|subscription| subscription.id == *id)
    }
}

impl Subscription {
    /// The host that is told; of the address no more is shown.
    #[must_use]
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }
}

fn read(text: &str, on_loopback: bool) -> Result<Vec<Subscription>, InvalidSubscribers> {
    let written: Vec<Written> =
        serde_json::from_str(text).map_err(|error| InvalidSubscribers::NoList {
            line: error.line(),
            column: error.column(),
        })?;
    if written.len() > SUBSCRIBERS_MAX {
        let count = written.len();
        return Err(InvalidSubscribers::TooMany { count });
    }
    let mut ids = BTreeSet::new();
    let mut read = Vec::new();
    for (index, one) in written.iter().enumerate() {
        let wrong = |field, write| InvalidSubscribers::Wrong {
            number: index + 1,
            field,
            write,
        };
        let id: SubscriberId = one
            .id
            .parse()
            .map_err(|_| wrong("id", "write 1 to 32 small letters a-z, digits and hyphens"))?;
        if !ids.insert(id.clone()) {
            return Err(wrong("id", "write another one: it is there twice"));
        }
        read.push(Subscription {
            id,
            url: address(&one.url, on_loopback).map_err(|write| wrong("url", write))?,
            secrets: keys(&one.secrets).map_err(|write| wrong("secrets", write))?,
        });
    }
    Ok(read)
}

/// An address that may be sent to: by TLS, at a name, at the usual port. What the name
/// leads to is looked at each time that it is asked about.
fn address(text: &str, on_loopback: bool) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "write an address like https://city.example/changes")?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("write no user and no password: the signature is what proves who sends");
    }
    if url.fragment().is_some() {
        return Err("write nothing after #: it is never sent");
    }
    let is_loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(_)) | None => false,
    };
    if on_loopback && is_loopback && url.scheme() == "http" {
        return Ok(url);
    }
    if url.scheme() != "https" {
        return Err("write an address that begins with https://");
    }
    // Whoever asks by a number has no name that could be looked at.
    if !matches!(url.host(), Some(Host::Domain(_))) {
        return Err("write a host's name, and no number");
    }
    // The usual one is none here.
    if url.port().is_some() {
        return Err("write no port: it is 443");
    }
    Ok(url)
}

fn keys(secrets: &[String]) -> Result<Vec<hmac::Key>, &'static str> {
    if secrets.is_empty() || secrets.len() > SECRETS_MAX {
        return Err("write one, or two while they are changed");
    }
    let key = |secret: &String| {
        let bytes = secret
            .strip_prefix(SECRET_PREFIX)
            .and_then(|text| BASE64.decode(text.as_bytes()).ok())
            .filter(|bytes| SECRET_LEN.contains(&bytes.len()))
            .ok_or("write whsec_ and 24 to 64 random bytes in base64")?;
        Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
    };
    secrets.iter().map(key).collect()
}

#[cfg(test)]
mod tests;

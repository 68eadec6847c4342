//! What the stand-in is told at start, and the guard that keeps it at home.

use std::sync::Arc;

use jiff::Timestamp;
use url::{Host, Url};

use crate::event_types;

/// Where the stand-in reads the time: handed in, so that a test or a
/// simulation decides what time it is.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Who the stand-in plays and for whom.
#[derive(Clone)]
pub struct Settings {
    /// Scheme, host and port under which it is reached, without a slash at the
    /// end: `http://127.0.0.1:8082`. Links, the approval page and the
    /// certificate's address begin with it.
    pub public_origin: String,
    /// The client id it accepts at the token endpoint.
    pub client_id: String,
    /// The client secret it accepts at the token endpoint.
    pub client_secret: String,
    /// The merchant whose account the money goes to. PayPal's are 13 of the
    /// characters 2-9, A-H, J-N and P-Z; another one breaks its specification.
    pub merchant_id: String,
    /// The id of the one webhook there is at the start; every signature covers it.
    pub webhook_id: String,
    /// Where that webhook's events are posted to; `None` keeps them for
    /// [`Standin::take_deliveries`](crate::Standin::take_deliveries).
    pub webhook_url: Option<String>,
    /// The event types that webhook subscribes; `*` is all of them.
    pub webhook_events: Vec<String>,
}

/// The stand-in cannot start with these settings, or has no key to sign with.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address that is not on this machine.
    #[error("{setting} must be http://, a loopback host and a port, like {example}; got {got}")]
    NotLoopback {
        /// The setting's name.
        setting: &'static str,
        /// A value that would do.
        example: &'static str,
        /// What was given.
        got: String,
    },
    /// A setting without which a check would be void.
    #[error("{setting} must not be empty: write any text, and the same one in {variable}")]
    Empty {
        /// The setting's name.
        setting: &'static str,
        /// The variable of the functions that must hold the same text.
        variable: &'static str,
    },
    /// A webhook cannot subscribe this.
    #[error("webhook_events must name event types of PayPal's, or * for all, not {got:?}")]
    NoEventTypes {
        /// What was given.
        got: Vec<String>,
    },
    /// The file with the books cannot be read.
    #[error("the books in {path} cannot be read, delete them to begin with empty ones: {error}")]
    Books {
        /// Where.
        path: String,
        /// Why.
        error: String,
    },
    /// No key or certificate could be made.
    #[error("cannot make the keys and certificates that sign the webhooks: {0}")]
    Keys(String),
}

impl Settings {
    /// An account of nobody's, at this address; events are kept.
    #[must_use]
    pub fn of_nobody(public_origin: String) -> Self {
        Self {
            public_origin,
            client_id: "standin-client".to_owned(),
            client_secret: "standin-secret".to_owned(),
            merchant_id: "STNDNMERCHANT".to_owned(),
            webhook_id: "1STANDIN00WEBHOOK".to_owned(),
            webhook_url: None,
            webhook_events: vec![event_types::ALL.to_owned()],
        }
    }

    /// The settings, once it is certain that nothing leaves this machine.
    pub(crate) fn checked(mut self) -> Result<Self, StartError> {
        let length = self.public_origin.trim_end_matches('/').len();
        self.public_origin.truncate(length);
        // Where something else speaks TLS in front of it, it is reached by that.
        let plain = self.public_origin.replacen("https://", "http://", 1);
        loopback("public_origin", "http://127.0.0.1:8082", &plain)?;
        if let Some(url) = &self.webhook_url {
            loopback("webhook_url", "http://127.0.0.1:8080/paypal/webhook", url)?;
        }
        for (setting, variable, value) in [
            ("client_id", "PAYPAL_CLIENT_ID", &self.client_id),
            ("client_secret", "PAYPAL_CLIENT_SECRET", &self.client_secret),
            ("merchant_id", "PAYPAL_MERCHANT_ID", &self.merchant_id),
            ("webhook_id", "PAYPAL_WEBHOOK_ID", &self.webhook_id),
        ] {
            if value.is_empty() {
                return Err(StartError::Empty { setting, variable });
            }
        }
        let is_known = |name: &String| event_types::description(name).is_some();
        // A webhook that subscribes nothing, or a misspelt type, would look as if events
        // were lost.
        if self.webhook_events.is_empty() || !self.webhook_events.iter().all(is_known) {
            let got = self.webhook_events;
            return Err(StartError::NoEventTypes { got });
        }
        Ok(self)
    }
}

/// Refuses everything but plain http on a loopback host: a stand-in that could
/// be pointed at the real PayPal, or at a city's server, would one day be.
fn loopback(setting: &'static str, example: &'static str, value: &str) -> Result<(), StartError> {
    let refused = || StartError::NotLoopback {
        setting,
        example,
        got: value.to_owned(),
    };
    if is_at_home(value) {
        Ok(())
    } else {
        Err(refused())
    }
}

/// Whether this is plain http on a loopback host.
pub(crate) fn is_at_home(address: &str) -> bool {
    let Ok(url) = Url::parse(address) else {
        return false;
    };
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "http" && is_loopback
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::settings;

    #[test]
    fn it_may_be_reached_by_tls_and_only_on_this_machine() {
        let reached = |origin: &str| {
            let public_origin = origin.to_owned();
            let settings = Settings {
                public_origin,
                ..settings()
            };
            settings.checked().map(|settings| settings.public_origin)
        };
        let kept = reached("https://127.0.0.1:8082/").unwrap();
        assert_eq!(kept, "https://127.0.0.1:8082");
        assert!(reached("https://api-m.paypal.com").is_err());
    }

    #[test]
    fn an_address_beyond_this_machine_is_refused() {
        for url in [
            "https://api-m.paypal.com/webhook",
            "http://localhost.example.org/webhook",
            "http://192.0.2.1/webhook",
            "https://127.0.0.1/webhook",
        ] {
            let refused = Settings {
                webhook_url: Some(url.to_owned()),
                ..settings()
            }
            .checked();
            assert!(
                matches!(refused, Err(StartError::NotLoopback { .. })),
                "{url}"
            );
        }
    }

    #[test]
    fn an_empty_webhook_id_is_refused_by_name() {
        let refused = Settings {
            webhook_id: String::new(),
            ..settings()
        }
        .checked();
        let text = refused.map(|_| ()).unwrap_err().to_string();
        assert!(text.contains("PAYPAL_WEBHOOK_ID"), "{text}");
    }

    #[test]
    fn a_webhook_that_subscribes_nothing_paypal_has_is_refused() {
        for events in [vec![], vec!["PAYMENT.CAPTURE.COMPLETE".to_owned()]] {
            let refused = Settings {
                webhook_events: events,
                ..settings()
            }
            .checked();
            assert!(matches!(refused, Err(StartError::NoEventTypes { .. })));
        }
    }
}

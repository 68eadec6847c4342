//! Which PayPal this process talks to, and as whom.

use std::fmt;
use std::time::Duration;

use parameters::Vars;
use url::{Host, Url};

use crate::credentials::Credentials;

/// Which of PayPal's worlds; every host this crate accepts follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    /// Real money.
    Live,
    /// PayPal's world of play money.
    Sandbox,
    /// A stand-in on this machine; plain http, and only loopback addresses.
    Local,
}

/// How to call PayPal's API. `Debug` shows no secret.
pub struct Config {
    pub(crate) environment: Environment,
    /// Origin only: no path, query or user.
    pub(crate) base_url: Url,
    pub(crate) credentials: Credentials,
    pub(crate) merchant_id: String,
    pub(crate) order_life: Duration,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("environment", &self.environment)
            .field("base_url", &self.base_url.as_str())
            .field("merchant_id", &self.merchant_id)
            .field("order_life", &self.order_life)
            .finish_non_exhaustive()
    }
}

/// The configuration is wrong or incomplete; refuse to start. The text names
/// the variable and says what to write there.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A variable without which nothing works.
    #[error("{variable} is not set: write {write} there")]
    Missing {
        /// The variable.
        variable: &'static str,
        /// What to write there.
        write: &'static str,
    },
    /// A variable that holds what it must not.
    #[error("{variable} holds something else than it should: write {write} there")]
    Wrong {
        /// The variable.
        variable: &'static str,
        /// What to write there.
        write: &'static str,
    },
    /// The file of trusted certificates cannot be read.
    #[error("PAYPAL_WEBHOOK_ANCHORS: the file {path} cannot be read")]
    AnchorsUnreadable {
        /// The path the variable holds.
        path: String,
        /// What the file system says.
        source: std::io::Error,
    },
    /// Nobody can vouch for a stand-in.
    #[error(transparent)]
    Roots(#[from] https::RootsError),
    /// The TLS library refuses its own defaults.
    #[error(transparent)]
    Tls(#[from] crate::TransportError),
    /// A value of the parameter store.
    #[error(transparent)]
    Parameter(#[from] parameters::Error),
}

const WRITE_ENVIRONMENT: &str = "live, sandbox or local";
const WRITE_BASE_URL: &str = "https://api-m.paypal.com with PAYPAL_ENVIRONMENT live, https://api-m.sandbox.paypal.com with sandbox, a loopback URL such as http://127.0.0.1:8082 with local";
const WRITE_MERCHANT_ID: &str =
    "the merchant id of the PayPal account, capital letters and digits,";

const WRITE_ORDER_HOURS: &str = "the hours for which PayPal lets an order of this account be approved and captured, 6 to 72, or leave it out for 12,";

/// For how many hours an order can be approved and captured, unless configured.
///
/// Source: PayPal's server SDKs, `order`, field `links` (2024-11 to 2026-06): 6 hours to
/// approve and 6 more to capture.
const ORDER_HOURS: u64 = 12;
/// What PayPal grants at least (Orders v2, 2024-02: 3 hours and 3 more) and at most
/// (on request, the same SDKs).
const ORDER_HOURS_ALLOWED: std::ops::RangeInclusive<u64> = 6..=72;

/// The longest merchant id; PayPal's have 13. Source: Orders v2, schema `account_id`.
const MERCHANT_ID_LEN_MAX: usize = 13;

impl Config {
    /// Reads `PAYPAL_ENVIRONMENT`, `PAYPAL_BASE_URL`, `PAYPAL_MERCHANT_ID`,
    /// `PAYPAL_ORDER_HOURS` and either `PAYPAL_CLIENT_ID` with `PAYPAL_CLIENT_SECRET` or
    /// `PAYPAL_CREDENTIALS_PARAMETER`.
    ///
    /// # Errors
    /// When one is missing or wrong, when environment and base URL do not
    /// belong together, or when the parameter cannot be read.
    pub async fn from_vars(vars: &Vars<'_>) -> Result<Self, ConfigError> {
        let account = Account::from_vars(vars)?;
        Ok(account.with(Credentials::from_vars(vars).await?))
    }

    /// The same with what the credentials' parameter holds, for who has read it already.
    ///
    /// # Errors
    /// The same.
    #[cfg(feature = "administration")]
    pub fn with_credentials(vars: &Vars<'_>, written: &str) -> Result<Self, ConfigError> {
        let account = Account::from_vars(vars)?;
        Ok(account.with(Credentials::written(written)?))
    }
}

/// All of it but the credentials.
struct Account {
    environment: Environment,
    base_url: Url,
    merchant_id: String,
    order_life: Duration,
}

impl Account {
    fn from_vars(vars: &Vars<'_>) -> Result<Self, ConfigError> {
        let (environment, base_url) = place(vars)?;
        let merchant_id = required(vars, "PAYPAL_MERCHANT_ID", WRITE_MERCHANT_ID)?;
        let allowed = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        if merchant_id.len() > MERCHANT_ID_LEN_MAX || !merchant_id.bytes().all(allowed) {
            return Err(ConfigError::Wrong {
                variable: "PAYPAL_MERCHANT_ID",
                write: WRITE_MERCHANT_ID,
            });
        }
        Ok(Self {
            environment,
            base_url,
            merchant_id,
            order_life: order_life(vars)?,
        })
    }

    fn with(self, credentials: Credentials) -> Config {
        let Self {
            environment,
            base_url,
            merchant_id,
            order_life,
        } = self;
        Config {
            environment,
            base_url,
            credentials,
            merchant_id,
            order_life,
        }
    }
}

fn order_life(vars: &Vars<'_>) -> Result<Duration, ConfigError> {
    let Some(hours) = vars("PAYPAL_ORDER_HOURS").filter(|value| !value.is_empty()) else {
        return Ok(Duration::from_hours(ORDER_HOURS));
    };
    hours
        .parse()
        .ok()
        .filter(|hours| ORDER_HOURS_ALLOWED.contains(hours))
        .map(Duration::from_hours)
        .ok_or(ConfigError::Wrong {
            variable: "PAYPAL_ORDER_HOURS",
            write: WRITE_ORDER_HOURS,
        })
}

/// Environment and base URL, which must belong together: sandbox credentials
/// against live, or the other way round, would take or lose real money.
pub(crate) fn place(vars: &Vars<'_>) -> Result<(Environment, Url), ConfigError> {
    let environment = match required(vars, "PAYPAL_ENVIRONMENT", WRITE_ENVIRONMENT)?.as_str() {
        "live" => Environment::Live,
        "sandbox" => Environment::Sandbox,
        "local" => Environment::Local,
        _ => {
            return Err(ConfigError::Wrong {
                variable: "PAYPAL_ENVIRONMENT",
                write: WRITE_ENVIRONMENT,
            });
        }
    };
    let wrong = ConfigError::Wrong {
        variable: "PAYPAL_BASE_URL",
        write: WRITE_BASE_URL,
    };
    let base_url = required(vars, "PAYPAL_BASE_URL", WRITE_BASE_URL)?;
    let Ok(base_url) = Url::parse(&base_url) else {
        return Err(wrong);
    };
    let fits = match environment {
        Environment::Live => base_url.as_str() == "https://api-m.paypal.com/",
        Environment::Sandbox => base_url.as_str() == "https://api-m.sandbox.paypal.com/",
        Environment::Local => is_loopback_origin(&base_url),
    };
    if fits {
        Ok((environment, base_url))
    } else {
        Err(wrong)
    }
}

/// Whether the URL is an origin, and one that never leaves this machine.
fn is_loopback_origin(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    loopback
        && matches!(url.scheme(), "http" | "https")
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none()
}

pub(crate) fn required(
    vars: &Vars<'_>,
    variable: &'static str,
    write: &'static str,
) -> Result<String, ConfigError> {
    vars(variable)
        .filter(|value| !value.is_empty())
        .ok_or(ConfigError::Missing { variable, write })
}

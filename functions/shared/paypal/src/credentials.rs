//! Who we are to PayPal, and the secrets that prove it. A secret is changed while
//! functions run: PayPal lets an app have two for that time, and the parameter can
//! name both.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use parameters::{Parameter, Secret, Vars};
use serde::Deserialize;
use tokio::time::Instant;

use crate::ConfigError;

const WRITE_CREDENTIALS: &str = "{\"client_id\": \"…\", \"client_secret\": \"…\"}, while the secret is changed also \"next_client_secret\", into the parameter it names";
const WRITE_CLIENT_ID: &str =
    "the client id of the PayPal app, or set PAYPAL_CREDENTIALS_PARAMETER,";
const WRITE_CLIENT_SECRET: &str =
    "the client secret of the PayPal app, or set PAYPAL_CREDENTIALS_PARAMETER,";
const WRITE_PRINTABLE: &str =
    "client id and client secret as PayPal shows them, without spaces or colons,";

/// The longest client id or secret; PayPal's have 80 characters.
const CREDENTIAL_LEN_MAX: usize = 256;

/// An app at PayPal: one client id for the life of a process, and its secrets as
/// the parameter named them last. `Debug` shows neither.
pub(crate) struct Credentials {
    client_id: String,
    /// The one that was taken last comes first.
    secrets: Mutex<Vec<Secret>>,
    /// Where they are read anew; none where they came in variables.
    parameter: Option<Parameter>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

/// The parameter's content. Unknown fields are refused: a misspelt one would
/// otherwise be found by the first driver who pays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    client_id: String,
    client_secret: String,
    next_client_secret: Option<String>,
}

/// The parameter's content, checked.
pub(crate) struct Named {
    client_id: String,
    secrets: Vec<Secret>,
}

impl Credentials {
    /// Reads `PAYPAL_CLIENT_ID` and `PAYPAL_CLIENT_SECRET`, or what
    /// `PAYPAL_CREDENTIALS_PARAMETER` names.
    pub(crate) async fn from_vars(vars: &Vars<'_>) -> Result<Self, ConfigError> {
        let set = |variable: &str| vars(variable).filter(|value| !value.is_empty());
        let (named, parameter) = match (
            set("PAYPAL_CLIENT_ID"),
            set("PAYPAL_CLIENT_SECRET"),
            set("PAYPAL_CREDENTIALS_PARAMETER"),
        ) {
            (Some(client_id), Some(client_secret), _) => {
                let written = Written {
                    client_id,
                    client_secret,
                    next_client_secret: None,
                };
                let named = usable(written, "PAYPAL_CLIENT_ID and PAYPAL_CLIENT_SECRET")?;
                (named, None)
            }
            (None, None, Some(_)) => {
                let parameter = Parameter::from_vars(vars, "PAYPAL_CREDENTIALS")?;
                let named = named_in(parameter.read().await?.expose())?;
                (named, Some(parameter))
            }
            (None, Some(_), _) | (None, None, None) => {
                return Err(ConfigError::Missing {
                    variable: "PAYPAL_CLIENT_ID",
                    write: WRITE_CLIENT_ID,
                });
            }
            (Some(_), None, _) => {
                return Err(ConfigError::Missing {
                    variable: "PAYPAL_CLIENT_SECRET",
                    write: WRITE_CLIENT_SECRET,
                });
            }
        };
        Ok(Self {
            client_id: named.client_id,
            secrets: Mutex::new(named.secrets),
            parameter,
        })
    }

    /// What the parameter holds, read by somebody else.
    #[cfg(feature = "administration")]
    pub(crate) fn written(text: &str) -> Result<Self, ConfigError> {
        let named = named_in(text)?;
        Ok(Self {
            client_id: named.client_id,
            secrets: Mutex::new(named.secrets),
            parameter: None,
        })
    }

    pub(crate) fn client_id(&self) -> &str {
        &self.client_id
    }

    /// One, or two while the secret is changed; first the one to begin with.
    pub(crate) fn secrets(&self) -> Vec<Secret> {
        self.locked().clone()
    }

    /// PayPal has taken this one: the next time it comes first.
    pub(crate) fn taken(&self, secret: &Secret) {
        // Not sorted by anything else: the other keeps its place behind it.
        self.locked().sort_by_key(|known| known != secret);
    }

    /// The secrets as the parameter names them now; none where there is no parameter,
    /// or where it cannot be read by `deadline`.
    pub(crate) async fn read_anew(&self, deadline: Instant) -> Vec<Secret> {
        let Some(parameter) = &self.parameter else {
            return Vec::new();
        };
        let named = match tokio::time::timeout_at(deadline, parameter.read()).await {
            Ok(Ok(text)) => named_in(text.expose()),
            Ok(Err(error)) => Err(error.into()),
            Err(_elapsed) => {
                tracing::error!("PayPal's credentials could not be read anew in time");
                return Vec::new();
            }
        };
        match named {
            Ok(named) if named.client_id == self.client_id => {
                self.locked().clone_from(&named.secrets);
                named.secrets
            }
            // Attempts remember the client id that made their orders, and what is not
            // found under another one is not lost: this belongs to a new process.
            Ok(_) => {
                tracing::error!(
                    "PayPal's credentials name another client id: the functions must be started anew"
                );
                Vec::new()
            }
            Err(error) => {
                tracing::error!(%error, "PayPal's credentials could not be read anew");
                Vec::new()
            }
        }
    }

    fn locked(&self) -> MutexGuard<'_, Vec<Secret>> {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks at what is to be put into the credentials' parameter as a function does that
/// starts.
///
/// # Errors
/// When no function would start with it; the text says what to write, and nothing of what
/// was read.
#[cfg(feature = "administration")]
pub fn check_credentials(text: &str) -> Result<(), ConfigError> {
    named_in(text).map(drop)
}

/// The credentials in a parameter's text.
pub(crate) fn named_in(text: &str) -> Result<Named, ConfigError> {
    let variable = "PAYPAL_CREDENTIALS_PARAMETER";
    // The parser's own message quotes what it read: a secret.
    let written = serde_json::from_str(text).map_err(|_| ConfigError::Wrong {
        variable,
        write: WRITE_CREDENTIALS,
    })?;
    usable(written, variable)
}

fn usable(written: Written, variable: &'static str) -> Result<Named, ConfigError> {
    let Written {
        client_id,
        client_secret,
        next_client_secret,
    } = written;
    let secrets: Vec<String> = [Some(client_secret), next_client_secret]
        .into_iter()
        .flatten()
        .collect();
    // A colon or a line break would end up in the Authorization header's middle.
    let fits = |text: &String| {
        let allowed = |byte: u8| byte.is_ascii_graphic() && byte != b':';
        (1..=CREDENTIAL_LEN_MAX).contains(&text.len()) && text.bytes().all(allowed)
    };
    if fits(&client_id) && secrets.iter().all(fits) {
        let secrets = secrets.into_iter().map(Secret::new).collect();
        Ok(Named { client_id, secrets })
    } else {
        Err(ConfigError::Wrong {
            variable,
            write: WRITE_PRINTABLE,
        })
    }
}

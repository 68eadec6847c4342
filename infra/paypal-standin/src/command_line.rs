//! What the stand-in is told when it runs alone.

use std::fmt;

use lexopt::ValueExt as _;
use paypal_standin::{Settings, StartError};

/// Fits the library's rule that only addresses on this machine will do.
const HOST: &str = "127.0.0.1";

const HELP: &str = "\
paypal-standin: a stand-in for PayPal that keeps books

  --port N             the port on 127.0.0.1 (8082; 0 takes a free one)
  --webhook-url URL    where events are posted to, on this machine (nowhere)
  --webhook-id TEXT    PAYPAL_WEBHOOK_ID of the functions (1STANDIN00WEBHOOK)
  --client-id TEXT     PAYPAL_CLIENT_ID (standin-client)
  --client-secret TEXT PAYPAL_CLIENT_SECRET (standin-secret)
  --merchant-id TEXT   PAYPAL_MERCHANT_ID (STNDNMERCHANT)
  --seed N             decides every id (1); another one for each run whose
                       functions keep their table

GET /_standin/anchors is what PAYPAL_WEBHOOK_ANCHORS needs, GET /_standin/books
the books, GET /_standin/faults all habits it can have, POST /_standin/faults
switches them on or makes it misbehave once.";

/// What was asked for on the command line.
pub(crate) struct CommandLine {
    pub(crate) port: u16,
    pub(crate) seed: u64,
    settings: Settings,
}

/// Why the stand-in does not run; shown as text, with what to do.
pub(crate) struct Failed(String);

impl CommandLine {
    /// Reads the arguments.
    pub(crate) fn read(mut arguments: lexopt::Parser) -> Result<Self, Failed> {
        let mut read = Self {
            port: 8082,
            seed: 1,
            settings: Settings::of_nobody(String::new()),
        };
        while let Some(argument) = arguments.next()? {
            let lexopt::Arg::Long(name) = argument else {
                return Err(Failed(HELP.to_owned()));
            };
            match name {
                "port" => read.port = arguments.value()?.parse()?,
                "seed" => read.seed = arguments.value()?.parse()?,
                "webhook-url" => read.settings.webhook_url = Some(arguments.value()?.string()?),
                "webhook-id" => read.settings.webhook_id = arguments.value()?.string()?,
                "client-id" => read.settings.client_id = arguments.value()?.string()?,
                "client-secret" => read.settings.client_secret = arguments.value()?.string()?,
                "merchant-id" => read.settings.merchant_id = arguments.value()?.string()?,
                _ => return Err(Failed(HELP.to_owned())),
            }
        }
        Ok(read)
    }

    /// The settings for a stand-in on this port.
    pub(crate) fn settings(&self, port: u16) -> Settings {
        Settings {
            public_origin: format!("http://{HOST}:{port}"),
            ..self.settings.clone()
        }
    }
}

/// What a `main` that failed shows.
impl fmt::Debug for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<lexopt::Error> for Failed {
    fn from(error: lexopt::Error) -> Self {
        Self(format!("{error}\n\n{HELP}"))
    }
}

impl From<std::io::Error> for Failed {
    fn from(error: std::io::Error) -> Self {
        Self(format!(
            "{error}; is the port taken? --port N chooses another"
        ))
    }
}

impl From<StartError> for Failed {
    fn from(error: StartError) -> Self {
        Self(error.to_string())
    }
}

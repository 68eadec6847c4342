//! What the stand-in is told when it runs alone.

use std::str::FromStr;

use lexopt::Arg::{Long, Short, Value};
use lexopt::{Parser, ValueExt};
use paypal_standin::Settings;

/// Fits the library's rule that only addresses on this machine will do.
const HOST: &str = "127.0.0.1";

/// How to call the program.
pub(crate) const HELP: &str = "\
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
switches them on or makes it misbehave once. More webhooks are registered as at
PayPal, by POST /v1/notifications/webhooks.
";

/// What was asked for on the command line.
pub(crate) struct CommandLine {
    pub(crate) port: u16,
    pub(crate) seed: u64,
    settings: Settings,
}

/// The command line is none of [`HELP`]'s.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InvalidArgument {
    #[error("--{option} is {found:?}, and must be a number: write it like --{option} {example}")]
    NoNumber {
        option: &'static str,
        found: String,
        example: &'static str,
    },
    #[error("--{option} is without a value: write it like --{option} {example}")]
    NoValue {
        option: &'static str,
        example: &'static str,
    },
    #[error("{unexpected}: --help says what is known here, like --port 8082")]
    Unknown { unexpected: String },
}

impl CommandLine {
    /// Reads the arguments; nothing where only help is asked for.
    pub(crate) fn read(mut arguments: Parser) -> Result<Option<Self>, InvalidArgument> {
        let unknown = |error: lexopt::Error| InvalidArgument::Unknown {
            unexpected: error.to_string(),
        };
        let mut read = Self {
            port: 8082,
            seed: 1,
            settings: Settings::of_nobody(String::new()),
        };
        let settings = &mut read.settings;
        while let Some(argument) = arguments.next().map_err(unknown)? {
            match argument {
                Long("port") => read.port = number(&mut arguments, "port", "8082")?,
                Long("seed") => read.seed = number(&mut arguments, "seed", "7")?,
                Long("webhook-url") => {
                    let example = "http://127.0.0.1:8080/paypal/webhook";
                    settings.webhook_url = Some(text(&mut arguments, "webhook-url", example)?);
                }
                Long("webhook-id") => {
                    settings.webhook_id = text(&mut arguments, "webhook-id", "1WEBHOOK")?;
                }
                Long("client-id") => {
                    settings.client_id = text(&mut arguments, "client-id", "client")?;
                }
                Long("client-secret") => {
                    settings.client_secret = text(&mut arguments, "client-secret", "secret")?;
                }
                Long("merchant-id") => {
                    settings.merchant_id = text(&mut arguments, "merchant-id", "STNDNMERCHANT")?;
                }
                Short('h') | Long("help") => return Ok(None),
                Short(_) | Long(_) | Value(_) => return Err(unknown(argument.unexpected())),
            }
        }
        Ok(Some(read))
    }

    /// The settings for a stand-in on this port.
    pub(crate) fn settings(&self, port: u16) -> Settings {
        Settings {
            public_origin: format!("http://{HOST}:{port}"),
            ..self.settings.clone()
        }
    }
}

fn text(
    arguments: &mut Parser,
    option: &'static str,
    example: &'static str,
) -> Result<String, InvalidArgument> {
    let value = arguments.value().and_then(ValueExt::string);
    value.map_err(|_| InvalidArgument::NoValue { option, example })
}

fn number<N: FromStr>(
    arguments: &mut Parser,
    option: &'static str,
    example: &'static str,
) -> Result<N, InvalidArgument> {
    let found = text(arguments, option, example)?;
    found.parse().map_err(|_| InvalidArgument::NoNumber {
        option,
        found,
        example,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_once_with_the_options_name_and_what_to_write() {
        for (arguments, said) in [
            (
                vec!["--ports", "1"],
                "invalid option '--ports': --help says what is known here, like --port 8082",
            ),
            (
                vec!["--port", "many"],
                "--port is \"many\", and must be a number: write it like --port 8082",
            ),
            (
                vec!["--seed"],
                "--seed is without a value: write it like --seed 7",
            ),
        ] {
            let refused = CommandLine::read(Parser::from_args(arguments)).map(|_| ());
            assert_eq!(refused.unwrap_err().to_string(), said);
        }
    }
}

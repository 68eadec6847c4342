//! What a local stack is told at start.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use lexopt::prelude::*;

use crate::{Clock, Vars};

/// How often open attempts are swept on this machine; in the cloud it is a
/// minute, too long for somebody who waits at a desk.
pub const SCHEDULE: Duration = Duration::from_secs(5);

/// Ports, places and what else a stack is started with.
#[derive(Clone)]
pub struct Options {
    /// The public API's port; 0 is any free one, here and below.
    pub public_port: u16,
    /// The office API's port.
    pub office_port: u16,
    /// The port of the stand-in for PayPal.
    pub paypal_port: u16,
    /// The embedded table's port.
    pub dynamodb_port: u16,
    /// Where table, PayPal's books and keys are kept; nowhere when not set.
    pub data: Option<PathBuf>,
    /// How often open attempts are swept; only by hand when not set.
    pub schedule: Option<Duration>,
    /// This process's own environment.
    pub vars: Vars,
    /// Where the stack reads the time.
    pub clock: Clock,
    /// Decides the ids that the stand-in gives.
    pub seed: u64,
}

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Invocation {
    /// A stack with these ports and this directory.
    Start(Arguments),
    /// How to call the program.
    Help,
}

/// The command line, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arguments {
    /// `--public-port`.
    pub public_port: u16,
    /// `--office-port`.
    pub office_port: u16,
    /// `--paypal-port`.
    pub paypal_port: u16,
    /// `--dynamodb-port`.
    pub dynamodb_port: u16,
    /// `--data`.
    pub data: Option<PathBuf>,
}

/// How to call the program.
pub const USAGE: &str = "\
Starts the whole of knoellchen on this machine.

  --data DIR             keep the table, PayPal's books and the keys in DIR
  --public-port PORT     the pages (8080)
  --office-port PORT     the office API (8081)
  --paypal-port PORT     the stand-in for PayPal (8082)
  --dynamodb-port PORT   the table (8083)
                         0 is any free port

PAYPAL_BASE_URL or AWS_ENDPOINT_URL_DYNAMODB, when set, are used in place of the
stand-in or the embedded table. Any other variable of a function goes in as it is.
";

/// The command line is none of [`USAGE`]'s.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidArgument {
    /// The value is no port.
    #[error(
        "--{option} is {found:?}, and must be a port, 0 to 65535: write --{option} 0 for any \
         free one"
    )]
    NoPort {
        /// The option's name.
        option: &'static str,
        /// What was given.
        found: String,
    },
    /// There is no value.
    #[error("--{option} is without a value: write it like --{option} {example}")]
    NoValue {
        /// The option's name.
        option: &'static str,
        /// A value that would do.
        example: &'static str,
    },
    /// There is no such option.
    #[error("{unexpected}: --help says what is known here, like --data DIR")]
    Unknown {
        /// What was given.
        unexpected: String,
    },
}

impl Arguments {
    /// Reads the command line, without the program's name.
    ///
    /// # Errors
    /// When an argument is unknown, or its value no port.
    pub fn parse(
        arguments: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> Result<Invocation, InvalidArgument> {
        let mut parser = lexopt::Parser::from_args(arguments);
        let mut read = Self {
            public_port: 8080,
            office_port: 8081,
            paypal_port: 8082,
            dynamodb_port: 8083,
            data: None,
        };
        let unknown = |error: lexopt::Error| InvalidArgument::Unknown {
            unexpected: error.to_string(),
        };
        while let Some(argument) = parser.next().map_err(unknown)? {
            match argument {
                Long("public-port") => read.public_port = port(&mut parser, "public-port", "8080")?,
                Long("office-port") => read.office_port = port(&mut parser, "office-port", "8081")?,
                Long("paypal-port") => read.paypal_port = port(&mut parser, "paypal-port", "8082")?,
                Long("dynamodb-port") => {
                    read.dynamodb_port = port(&mut parser, "dynamodb-port", "8083")?;
                }
                Long("data") => read.data = Some(value(&mut parser, "data", "my-city")?.into()),
                Short('h') | Long("help") => return Ok(Invocation::Help),
                Short(_) | Long(_) | Value(_) => return Err(unknown(argument.unexpected())),
            }
        }
        Ok(Invocation::Start(read))
    }

    /// These arguments with the time and the environment of this process.
    #[must_use]
    pub fn with(self, vars: Vars, clock: Clock, seed: u64) -> Options {
        Options {
            public_port: self.public_port,
            office_port: self.office_port,
            paypal_port: self.paypal_port,
            dynamodb_port: self.dynamodb_port,
            data: self.data,
            schedule: Some(SCHEDULE),
            vars,
            clock,
            seed,
        }
    }
}

impl Options {
    /// A stack on free ports that keeps nothing, sees no environment and sweeps
    /// only by hand: what tests start, any number at once.
    #[must_use]
    pub fn for_tests(clock: Clock) -> Self {
        Self {
            public_port: 0,
            office_port: 0,
            paypal_port: 0,
            dynamodb_port: 0,
            data: None,
            schedule: None,
            vars: std::sync::Arc::new(|_| None),
            clock,
            seed: 1,
        }
    }
}

fn value(
    parser: &mut lexopt::Parser,
    option: &'static str,
    example: &'static str,
) -> Result<OsString, InvalidArgument> {
    parser
        .value()
        .map_err(|_| InvalidArgument::NoValue { option, example })
}

fn port(
    parser: &mut lexopt::Parser,
    option: &'static str,
    example: &'static str,
) -> Result<u16, InvalidArgument> {
    let found = value(parser, option, example)?;
    let found = found.to_string_lossy();
    found.parse().map_err(|_| InvalidArgument::NoPort {
        option,
        found: found.clone().into_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_directory_can_be_moved_one_by_one() {
        let asked = Arguments::parse(["--paypal-port", "0", "--data=/tmp/x"]).unwrap();
        let expected = Arguments {
            public_port: 8080,
            office_port: 8081,
            paypal_port: 0,
            dynamodb_port: 8083,
            data: Some(PathBuf::from("/tmp/x")),
        };
        assert_eq!(asked, Invocation::Start(expected));
    }

    #[test]
    fn what_is_wrong_is_said_once_with_the_options_name_and_what_to_write() {
        for (arguments, said) in [
            (
                vec!["--port", "1"],
                "invalid option '--port': --help says what is known here, like --data DIR",
            ),
            (
                vec!["data"],
                "unexpected argument \"data\": --help says what is known here, like --data DIR",
            ),
            (
                vec!["--public-port", "70000"],
                "--public-port is \"70000\", and must be a port, 0 to 65535: write \
                 --public-port 0 for any free one",
            ),
            (
                vec!["--office-port"],
                "--office-port is without a value: write it like --office-port 8081",
            ),
            (
                vec!["--data"],
                "--data is without a value: write it like --data my-city",
            ),
        ] {
            let refused = Arguments::parse(arguments).unwrap_err();
            assert_eq!(refused.to_string(), said);
            assert!(std::error::Error::source(&refused).is_none(), "{said}");
        }
    }
}

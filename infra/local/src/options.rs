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

impl Arguments {
    /// Reads the command line, without the program's name.
    ///
    /// # Errors
    /// When an argument is unknown, or its value no port.
    pub fn parse(
        arguments: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> Result<Invocation, lexopt::Error> {
        let mut parser = lexopt::Parser::from_args(arguments);
        let mut read = Self {
            public_port: 8080,
            office_port: 8081,
            paypal_port: 8082,
            dynamodb_port: 8083,
            data: None,
        };
        while let Some(argument) = parser.next()? {
            match argument {
                Long("public-port") => read.public_port = parser.value()?.parse()?,
                Long("office-port") => read.office_port = parser.value()?.parse()?,
                Long("paypal-port") => read.paypal_port = parser.value()?.parse()?,
                Long("dynamodb-port") => read.dynamodb_port = parser.value()?.parse()?,
                Long("data") => read.data = Some(PathBuf::from(parser.value()?)),
                Short('h') | Long("help") => return Ok(Invocation::Help),
                Short(_) | Long(_) | Value(_) => return Err(argument.unexpected()),
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
    fn an_argument_that_is_not_understood_is_refused() {
        for arguments in [
            vec!["--port", "1"],
            vec!["--public-port", "70000"],
            vec!["--public-port"],
            vec!["data"],
        ] {
            assert!(
                Arguments::parse(arguments.clone()).is_err(),
                "{arguments:?}"
            );
        }
    }
}

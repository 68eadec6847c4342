//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use jiff::Timestamp;
use lexopt::{Arg, Parser, ValueExt};
use paypal::EventId;
use ticket::SubscriberId;

use crate::Vars;
use crate::setting::{SETTINGS, Setting};
use crate::webhook::Address;

/// What `--help` prints.
pub(crate) const USAGE: &str = "\
cargo run -p ops -- [--stack NAME] [--yes] [--json] COMMAND

Of the stack NAME, or without one of that of `cargo run` on this machine:

  doctor                   whether all is as it must be, and what to do where it is not
  webhook list             the addresses that PayPal tells events to
  webhook register         has it tell ours to our address, and notes the id
  webhook register sandbox|live URL    the same, before there is a stack
  issue FILE               issues a ticket; OFFICE_TOKEN says who does
  locks                    the tickets that a payment locks, and for how long
  locks release            takes away what a restore has brought back (runbook, step 8)
  parked list              PayPal's events that nobody could finish
  parked retry EVENT       has PayPal tell one again
  redeliver NAME [SINCE]   tells a system of the city's again what it has not taken
  reconcile [FROM [TO]]    holds PayPal's books against the table
  city check FILE          whether a city's configuration may be written
  city put FILE            writes it

Of a stack in the cloud:

  prepare                  writes the settings that are not there yet
  settings                 what they are, and whether the functions have them
  set NAME VALUE           writes one; `apply` puts it to use
  apply                    deploys the same code with the settings and secrets of now
  secrets put NAME         reads a secret from standard input; with --yes
  keys new|list|use        the keys of the QR codes: a new one, all, sign with the next one
  keys retire KID          codes printed with it open no page any more

--stack, or the variable STACK, names the stack; --office URL says where its office API is
reached (on this machine http://127.0.0.1:8081). What changes something asks first.
infra/runbook.md says when to use which.
";

/// What was typed.
#[derive(Debug)]
pub(crate) enum Invocation {
    Help,
    Run(Arguments),
}

/// A command with its options.
#[derive(Debug)]
pub(crate) struct Arguments {
    /// None is the one of this machine.
    pub(crate) stack: Option<String>,
    /// Where the office API is reached, where that is not what the stack says.
    pub(crate) office: Option<String>,
    pub(crate) yes: bool,
    pub(crate) json: bool,
    pub(crate) command: Command,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Doctor,
    ListWebhooks,
    RegisterWebhook(Option<Address>),
    Issue {
        file: PathBuf,
    },
    Locks,
    ReleaseLocks,
    Parked,
    RetryParked {
        event: EventId,
    },
    Redeliver {
        to: SubscriberId,
        since: Option<Timestamp>,
    },
    Reconcile {
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    },
    CheckCity {
        file: PathBuf,
    },
    PutCity {
        file: PathBuf,
    },
    InTheCloud(CloudCommand),
}

/// What only a stack in the cloud has.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum CloudCommand {
    Prepare,
    Settings,
    Set { setting: Setting, value: String },
    Apply,
    PutSecret { secret: String },
    Keys(KeysCommand),
}

/// What is to be done with the keys.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum KeysCommand {
    New,
    List,
    Use,
    Retire { kid: String },
}

/// It cannot be understood.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NotUnderstood(String);

impl Arguments {
    /// Reads a command line.
    ///
    /// # Errors
    /// When it is none of those that [`USAGE`] lists.
    pub(crate) fn parse(
        arguments: impl Iterator<Item = OsString>,
        vars: &Vars<'_>,
    ) -> Result<Invocation, NotUnderstood> {
        let wrong = |error: lexopt::Error| NotUnderstood(error.to_string());
        let mut parser = Parser::from_args(arguments);
        let (mut stack, mut yes, mut json) = (vars("STACK"), false, false);
        let mut office = None;
        let mut words = Vec::new();
        while let Some(argument) = parser.next().map_err(wrong)? {
            match argument {
                Arg::Long("help") | Arg::Short('h') => return Ok(Invocation::Help),
                Arg::Long("yes") => yes = true,
                Arg::Long("json") => json = true,
                Arg::Long("stack") => {
                    let value = parser.value().map_err(wrong)?;
                    stack = Some(value.string().map_err(wrong)?);
                }
                Arg::Long("office") => {
                    let value = parser.value().map_err(wrong)?;
                    let url = value.string().map_err(wrong)?;
                    office = Some(url.trim_end_matches('/').to_owned());
                }
                Arg::Value(word) => words.push(word.string().map_err(wrong)?),
                Arg::Short(_) | Arg::Long(_) => return Err(wrong(argument.unexpected())),
            }
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let command = command(&words)?;
        let stack = stack.filter(|name| !name.is_empty());
        if stack.is_none() && matches!(command, Command::InTheCloud(_)) {
            return Err(NotUnderstood(
                "which stack? Write --stack NAME, or set STACK; that of `cargo run` is told by \
                 variables (README.md, \"Environment\")"
                    .to_owned(),
            ));
        }
        Ok(Invocation::Run(Self {
            stack,
            office,
            yes,
            json,
            command,
        }))
    }
}

fn command(words: &[&str]) -> Result<Command, NotUnderstood> {
    let moment = |text: &str| {
        let wrong = |_| NotUnderstood(format!("{text} is no moment: 2026-11-22T09:55:00Z"));
        text.parse::<Timestamp>().map_err(wrong)
    };
    Ok(match words {
        ["doctor"] => Command::Doctor,
        ["webhook", "list"] => Command::ListWebhooks,
        ["webhook", "register"] => Command::RegisterWebhook(None),
        [
            "webhook",
            "register",
            environment @ ("sandbox" | "live"),
            url,
        ] => Command::RegisterWebhook(Some(Address {
            environment: (*environment).to_owned(),
            url: (*url).to_owned(),
        })),
        ["issue", file] => Command::Issue { file: file.into() },
        ["locks"] => Command::Locks,
        ["locks", "release"] => Command::ReleaseLocks,
        ["parked", "list"] => Command::Parked,
        ["parked", "retry", event] => Command::RetryParked {
            event: event
                .parse()
                .map_err(|_| NotUnderstood(format!("{event} is no id of an event: WH-…")))?,
        },
        ["redeliver", to, since @ ..] if since.len() < 2 => Command::Redeliver {
            to: to
                .parse()
                .map_err(|_| NotUnderstood(format!("{to} is no name of a subscriber")))?,
            since: since.first().map(|since| moment(since)).transpose()?,
        },
        ["reconcile", window @ ..] if window.len() < 3 => Command::Reconcile {
            from: window.first().map(|from| moment(from)).transpose()?,
            to: window.get(1).map(|to| moment(to)).transpose()?,
        },
        ["city", "check", file] => Command::CheckCity { file: file.into() },
        ["city", "put", file] => Command::PutCity { file: file.into() },
        _ => Command::InTheCloud(cloud_command(words)?),
    })
}

fn cloud_command(words: &[&str]) -> Result<CloudCommand, NotUnderstood> {
    Ok(match words {
        ["prepare"] => CloudCommand::Prepare,
        ["settings"] => CloudCommand::Settings,
        ["set", name, value] => CloudCommand::Set {
            setting: Setting::of(name).ok_or_else(|| {
                let names = SETTINGS.map(|setting| setting.name).join(", ");
                NotUnderstood(format!("there is no setting {name}, only {names}"))
            })?,
            value: (*value).to_owned(),
        },
        ["apply"] => CloudCommand::Apply,
        ["secrets", "put", name] => CloudCommand::PutSecret {
            secret: (*name).to_owned(),
        },
        ["keys", "new"] => CloudCommand::Keys(KeysCommand::New),
        ["keys", "list"] => CloudCommand::Keys(KeysCommand::List),
        ["keys", "use"] => CloudCommand::Keys(KeysCommand::Use),
        ["keys", "retire", kid] => CloudCommand::Keys(KeysCommand::Retire {
            kid: (*kid).to_owned(),
        }),
        [] => return Err(NotUnderstood("which command?".to_owned())),
        other => {
            let typed = other.join(" ");
            return Err(NotUnderstood(format!("there is no command `{typed}`")));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Invocation, NotUnderstood> {
        let words = line.split_whitespace().map(OsString::from);
        Arguments::parse(words, &|_| None)
    }

    fn command_of(line: &str) -> Command {
        match parse(line).unwrap() {
            Invocation::Run(arguments) => arguments.command,
            Invocation::Help => panic!("{line}"),
        }
    }

    #[test]
    fn a_line_is_a_command_with_its_options_in_any_order() {
        let line = "set captures closed --yes --stack knoellchen";
        let Invocation::Run(arguments) = parse(line).unwrap() else {
            panic!("{line}");
        };
        assert_eq!(
            (arguments.stack.as_deref(), arguments.yes),
            (Some("knoellchen"), true)
        );
        let setting = Setting::of("captures").unwrap();
        let value = "closed".to_owned();
        let set = CloudCommand::Set { setting, value };
        assert_eq!(arguments.command, Command::InTheCloud(set));
        let retire = command_of("--stack a keys retire 20261127T220000Z");
        let kid = "20261127T220000Z".to_owned();
        let keys = CloudCommand::Keys(KeysCommand::Retire { kid });
        assert_eq!(retire, Command::InTheCloud(keys));
        let from = "2026-11-22T09:55:00Z";
        assert_eq!(
            command_of(&format!("reconcile {from}")),
            Command::Reconcile {
                from: Some(from.parse().unwrap()),
                to: None
            }
        );
    }

    #[test]
    fn what_is_not_understood_is_said_with_what_to_write() {
        for (line, said) in [
            ("apply", "--stack"),
            ("--stack a", "which command"),
            ("--stack a keys", "no command `keys`"),
            ("--stack a set colour red", "captures"),
            ("--stack a apply --force", "force"),
            ("reconcile yesterday", "yesterday is no moment"),
            (
                "webhook register production https://a.example",
                "no command",
            ),
        ] {
            let text = parse(line).unwrap_err().to_string();
            assert!(text.contains(said), "{line}: {text}");
        }
    }
}

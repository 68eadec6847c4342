//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::{Arg, Parser, ValueExt};

use crate::Vars;
use crate::setting::{SETTINGS, Setting};

/// What `--help` prints.
pub(crate) const USAGE: &str = "\
cargo run -p ops -- [--stack NAME] [--yes] [--json] COMMAND

  prepare                  writes the settings that are not there yet
  settings                 what they are, and whether the functions have them
  set NAME VALUE           writes one; `apply` puts it to use
  apply                    deploys the same code with the settings and secrets of now
  secrets put NAME         reads a secret from standard input
  keys new|list|use        the keys of the QR codes: a new one, all, sign with the next one
  keys retire KID          codes printed with it open no page any more
  city check FILE          whether a city's configuration may be written
  city put FILE            writes it

--stack, or the variable STACK, names the stack. What changes something asks first.
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
    pub(crate) stack: String,
    pub(crate) yes: bool,
    pub(crate) json: bool,
    pub(crate) command: Command,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Prepare,
    Settings,
    Set { setting: Setting, value: String },
    Apply,
    PutSecret { secret: String },
    Keys(KeysCommand),
    CheckCity { file: PathBuf },
    PutCity { file: PathBuf },
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
                Arg::Value(word) => words.push(word.string().map_err(wrong)?),
                Arg::Short(_) | Arg::Long(_) => return Err(wrong(argument.unexpected())),
            }
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let command = command(&words)?;
        let stack = stack.filter(|name| !name.is_empty());
        // A file can be checked before there is a stack.
        let needs_stack = !matches!(command, Command::CheckCity { .. });
        if stack.is_none() && needs_stack {
            return Err(NotUnderstood(
                "which stack? Write --stack NAME, or set STACK".to_owned(),
            ));
        }
        Ok(Invocation::Run(Self {
            stack: stack.unwrap_or_default(),
            yes,
            json,
            command,
        }))
    }
}

fn command(words: &[&str]) -> Result<Command, NotUnderstood> {
    Ok(match words {
        ["prepare"] => Command::Prepare,
        ["settings"] => Command::Settings,
        ["set", name, value] => Command::Set {
            setting: Setting::of(name).ok_or_else(|| {
                let names = SETTINGS.map(|setting| setting.name).join(", ");
                NotUnderstood(format!("there is no setting {name}, only {names}"))
            })?,
            value: (*value).to_owned(),
        },
        ["apply"] => Command::Apply,
        ["secrets", "put", name] => Command::PutSecret {
            secret: (*name).to_owned(),
        },
        ["keys", "new"] => Command::Keys(KeysCommand::New),
        ["keys", "list"] => Command::Keys(KeysCommand::List),
        ["keys", "use"] => Command::Keys(KeysCommand::Use),
        ["keys", "retire", kid] => Command::Keys(KeysCommand::Retire {
            kid: (*kid).to_owned(),
        }),
        ["city", "check", file] => Command::CheckCity { file: file.into() },
        ["city", "put", file] => Command::PutCity { file: file.into() },
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
            (arguments.stack.as_str(), arguments.yes),
            ("knoellchen", true)
        );
        let setting = Setting::of("captures").unwrap();
        let value = "closed".to_owned();
        assert_eq!(arguments.command, Command::Set { setting, value });
        let retire = command_of("--stack a keys retire 20261127T220000Z");
        let kid = "20261127T220000Z".to_owned();
        assert_eq!(retire, Command::Keys(KeysCommand::Retire { kid }));
        assert!(matches!(
            command_of("city check city.json"),
            Command::CheckCity { .. }
        ));
    }

    #[test]
    fn what_is_not_understood_is_said_with_what_to_write() {
        for (line, said) in [
            ("apply", "--stack"),
            ("--stack a", "which command"),
            ("--stack a keys", "no command `keys`"),
            ("--stack a set colour red", "captures"),
            ("--stack a apply --force", "force"),
        ] {
            let text = parse(line).unwrap_err().to_string();
            assert!(text.contains(said), "{line}: {text}");
        }
    }
}

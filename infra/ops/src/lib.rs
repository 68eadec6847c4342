//! The tool for whoever deploys: what the runbook asks for, one command each.
//!
//! It calls the `aws` command for all that is AWS's own, and reads and writes the table
//! through `store`. Nothing secret is printed; what changes something asks first, or takes
//! `--yes`.

mod arguments;
mod aws;
mod city;
mod keys;
mod secrets;
mod setting;
mod stack;
mod table;

use std::ffi::OsString;
use std::io::{BufRead, Write};
use std::process::ExitCode;

use jiff::Timestamp;
use serde_json::json;

use arguments::{Arguments, Command, Invocation, KeysCommand, USAGE};
use setting::{SETTINGS, Setting};
use stack::Stack;

pub use aws::AwsError;
pub use stack::StackError;

/// Reads one variable of the environment.
pub type Vars<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// What keeps a command from its end, in words for whoever typed it.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub struct Problem {
    text: String,
}

impl Problem {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }
}

impl From<AwsError> for Problem {
    fn from(error: AwsError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<StackError> for Problem {
    fn from(error: StackError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        Self::new(format!("the table: {error}"))
    }
}

/// Runs a command line, and prints what came of it.
pub async fn run(
    arguments: impl Iterator<Item = OsString>,
    vars: &Vars<'_>,
    now: Timestamp,
) -> ExitCode {
    let mut stdout = std::io::stdout();
    let arguments = match Arguments::parse(arguments, vars) {
        Ok(Invocation::Help) => {
            let _ = write!(stdout, "{USAGE}");
            return ExitCode::SUCCESS;
        }
        Ok(Invocation::Run(arguments)) => arguments,
        Err(problem) => {
            let _ = writeln!(std::io::stderr(), "{problem}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match carry_out(&arguments, vars, now).await {
        Ok(lines) => {
            let said = if arguments.json {
                json!({ "lines": lines }).to_string()
            } else {
                lines.join("\n")
            };
            let _ = writeln!(stdout, "{said}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            let _ = writeln!(std::io::stderr(), "ops: {problem}");
            ExitCode::FAILURE
        }
    }
}

async fn carry_out(
    arguments: &Arguments,
    vars: &Vars<'_>,
    now: Timestamp,
) -> Result<Vec<String>, Problem> {
    let stack = &Stack {
        name: arguments.stack.clone(),
    };
    let name = &stack.name;
    let agrees = |what: &str| agrees(arguments.yes, what);
    match &arguments.command {
        Command::Prepare => prepare(stack).await,
        Command::Settings => settings(stack).await,
        Command::Set { setting, value } => {
            agrees(&format!("{name}: {} becomes {value}", setting.name))?;
            set(stack, *setting, value).await
        }
        Command::Apply => {
            agrees(&format!("{name} is deployed anew with its settings"))?;
            stack.apply(now).await?;
            Ok(vec![format!("{name} has them since {now:.0}")])
        }
        Command::PutSecret { secret } => {
            // It comes on standard input, where nobody can be asked any more.
            let value = secrets::read(secret)?;
            secrets::put(stack, secret, &value).await
        }
        Command::Keys(KeysCommand::List) => keys::list(stack).await,
        Command::Keys(KeysCommand::New) => {
            agrees(&format!("{name} gets a new key for QR codes"))?;
            keys::new(stack, now).await
        }
        Command::Keys(KeysCommand::Use) => {
            agrees(&format!("{name}: QR codes are signed with the next key"))?;
            keys::sign_with_next(stack).await
        }
        Command::Keys(KeysCommand::Retire { kid }) => {
            agrees(&format!(
                "{name}: codes printed with {kid} open no page any more"
            ))?;
            keys::retire(stack, kid).await
        }
        Command::CheckCity { file } => city::check(file)
            .map(|city| vec![format!("{} ({}) may be written", city.name, city.id)]),
        Command::PutCity { file } => {
            let city = city::check(file)?;
            agrees(&format!(
                "{name}: drivers pay into {} of {}",
                city.iban, city.account_holder
            ))?;
            city::put(stack, &city, vars, now).await
        }
    }
}

/// Writes what is not there yet, and says what a person must still say.
async fn prepare(stack: &Stack) -> Result<Vec<String>, Problem> {
    let mut lines = Vec::new();
    for setting in SETTINGS {
        let name = stack.parameter_name(setting.name);
        lines.push(
            match (stack.parameter(setting.name).await?, setting.at_first) {
                (Some(_), _) => format!("{name}  is there"),
                (None, Some(value)) => {
                    stack.put_setting(setting, value).await?;
                    format!("{name}  is {value} now")
                }
                (None, None) => format!("{name}  is missing: {}", setting.write),
            },
        );
    }
    for (secret, write) in secrets::ALL {
        let name = stack.parameter_name(secret);
        let at_first = secrets::at_first(secret);
        lines.push(match (stack.parameter(secret).await?, at_first) {
            (Some(_), _) => format!("{name}  is there"),
            (None, Some(value)) => {
                stack.put_secret(secret, value).await?;
                format!("{name}  is {value} now")
            }
            (None, None) => format!("{name}  is missing: {write}"),
        });
    }
    Ok(lines)
}

async fn settings(stack: &Stack) -> Result<Vec<String>, Problem> {
    let told = stack.told().await?;
    let mut lines = Vec::new();
    for setting in SETTINGS {
        let name = stack.parameter_name(setting.name);
        let Some(value) = stack.parameter(setting.name).await? else {
            lines.push(format!("{name}  is missing: {}", setting.write));
            continue;
        };
        let as_variable = setting.as_variable(&stack.name, &value);
        let mut values = told.values().filter_map(|it| it.get(setting.variable));
        let is_applied = values.all(|it| *it == as_variable);
        let not_yet = if is_applied {
            ""
        } else {
            "  (not applied yet)"
        };
        lines.push(format!("{name}  {value}{not_yet}"));
    }
    // SAM publishes no version where a value of infra/samconfig.toml has changed alone.
    let latest = stack.told_latest().await?;
    for (function, variables) in &told {
        for (variable, value) in latest.get(function).into_iter().flatten() {
            if variables.get(variable) != Some(value) {
                lines.push(format!(
                    "{function} is not told the {variable} that was deployed: `ops apply`"
                ));
            }
        }
    }
    Ok(lines)
}

async fn set(stack: &Stack, setting: Setting, value: &str) -> Result<Vec<String>, Problem> {
    if !setting.is_right(value) {
        return Err(Problem::new(format!(
            "{}: write {}",
            setting.name, setting.write
        )));
    }
    stack.put_setting(setting, value).await?;
    let name = stack.parameter_name(setting.name);
    Ok(vec![format!("{name}  is {value} now; next: `ops apply`")])
}

/// Asks whoever sits there, unless they have said `--yes`.
fn agrees(yes: bool, what: &str) -> Result<(), Problem> {
    if yes {
        return Ok(());
    }
    let mut stderr = std::io::stderr();
    let _ = write!(stderr, "{what}. Type yes: ");
    let _ = stderr.flush();
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    if read.is_ok() && answer.trim() == "yes" {
        return Ok(());
    }
    Err(Problem::new("nothing was changed"))
}

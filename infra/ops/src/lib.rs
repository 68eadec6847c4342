//! The tool for whoever deploys: what the runbook asks for, one command each.
//!
//! ```text
//! arguments ─▶ Place ─┬▶ Deployed: the `aws` command, for all that is AWS's own
//!                     └▶ Local: what `cargo run` tells of itself
//!              either: the table through `store`, PayPal through `paypal`
//! ```
//! Nothing secret is printed; what changes something asks first, or takes
//! `--yes`.

mod arguments;
mod aws;
mod books;
mod city;
mod doctor;
mod events;
mod http;
mod keys;
mod locks;
mod office;
mod paypal;
mod place;
mod report;
mod secrets;
mod setting;
mod stack;
mod table;
mod webhook;

use std::ffi::OsString;
use std::io::{BufRead, Write};
use std::process::ExitCode;

use jiff::Timestamp;

use arguments::{Arguments, CloudCommand, Command, Invocation, KeysCommand, USAGE};
use place::{LOCAL_OFFICE, Local, Place};
use report::Report;
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

impl From<::paypal::Error> for Problem {
    fn from(error: ::paypal::Error) -> Self {
        Self::new(error.to_string())
    }
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        Self::new(format!("the table: {error}"))
    }
}

/// What a command line has come to.
#[derive(Debug)]
pub struct Said {
    /// 0: done, or all well. 1: not done, or something is wrong. 2: not understood.
    pub code: u8,
    /// For standard output.
    pub out: String,
    /// For standard error.
    pub err: String,
}

impl Said {
    const fn done(code: u8, out: String) -> Self {
        let err = String::new();
        Self { code, out, err }
    }

    const fn failed(code: u8, err: String) -> Self {
        let out = String::new();
        Self { code, out, err }
    }

    /// Prints it.
    #[must_use]
    pub fn print(&self) -> ExitCode {
        let _ = write!(std::io::stdout(), "{}", self.out);
        let _ = write!(std::io::stderr(), "{}", self.err);
        ExitCode::from(self.code)
    }
}

/// Runs a command line.
pub async fn run(
    arguments: impl Iterator<Item = OsString>,
    vars: &Vars<'_>,
    now: Timestamp,
) -> Said {
    let arguments = match Arguments::parse(arguments, vars) {
        Ok(Invocation::Help) => return Said::done(0, USAGE.to_owned()),
        Ok(Invocation::Run(arguments)) => arguments,
        Err(problem) => return Said::failed(2, format!("{problem}\n\n{USAGE}")),
    };
    match Box::pin(carry_out(&arguments, vars, now)).await {
        Ok(report) => {
            let said = report.printed(arguments.json);
            Said::done(u8::from(!report.is_well), format!("{said}\n"))
        }
        Err(problem) => Said::failed(1, format!("ops: {problem}\n")),
    }
}

async fn carry_out(
    arguments: &Arguments,
    vars: &Vars<'_>,
    now: Timestamp,
) -> Result<Report, Problem> {
    if let Command::CheckCity { file } = &arguments.command {
        let city = city::check(file)?;
        return Ok(format!("{} ({}) may be written", city.name, city.id).into());
    }
    let place = &place(arguments).await?;
    let agrees = |what: &str| agrees(arguments.yes, &format!("{}: {what}", place.name()));
    match (&arguments.command, place) {
        (Command::Doctor, _) => Ok(doctor::examine(place, vars, now).await),
        (Command::ListWebhooks, _) => webhook::list(place, vars, now).await,
        (Command::RegisterWebhook(address), _) => {
            agrees("PayPal tells our events to our address")?;
            webhook::register(place, address.as_ref(), vars, now).await
        }
        (Command::Issue { file }, _) => {
            agrees("a ticket is issued")?;
            office::issue(place, arguments.office.as_deref(), file, vars).await
        }
        (Command::Locks, _) => locks::list(place, vars, now).await,
        (Command::ReleaseLocks, _) => {
            agrees("locks that have ended are taken away")?;
            locks::release(place, vars, now).await
        }
        (Command::Parked, _) => events::parked(place, vars).await,
        (Command::RetryParked { event }, _) => {
            agrees(&format!("PayPal tells {event} again"))?;
            events::retry(place, event, vars, now).await
        }
        (Command::Redeliver { to, since }, _) => {
            agrees(&format!("{to} is told again"))?;
            events::redeliver(place, to, *since, vars, now).await
        }
        (Command::Reconcile { from, to }, _) => {
            agrees("what PayPal's books show and the table does not is booked")?;
            books::reconcile(place, *from, *to, now).await
        }
        (Command::CheckCity { file } | Command::PutCity { file }, _) => {
            let city = city::check(file)?;
            let (iban, holder) = (&city.iban, &city.account_holder);
            agrees(&format!("drivers pay into {iban} of {holder}"))?;
            city::put(place, &city, vars, now).await
        }
        (Command::InTheCloud(command), Place::Deployed(stack)) => {
            let lines = in_the_cloud(stack, command, &agrees, arguments.yes, now).await?;
            Ok(lines.into())
        }
        (Command::InTheCloud(_), Place::Local(_)) => Err(Problem::new("name a stack")),
    }
}

/// Which stack is meant.
async fn place(arguments: &Arguments) -> Result<Place, Problem> {
    if let Some(name) = &arguments.stack {
        return Ok(Place::Deployed(Stack { name: name.clone() }));
    }
    let office = arguments.office.as_deref().unwrap_or(LOCAL_OFFICE);
    Ok(Place::Local(Local::at(office).await?))
}

async fn in_the_cloud(
    stack: &Stack,
    command: &CloudCommand,
    agrees: &(dyn Fn(&str) -> Result<(), Problem> + Sync),
    yes: bool,
    now: Timestamp,
) -> Result<Vec<String>, Problem> {
    let name = &stack.name;
    match command {
        CloudCommand::Prepare => prepare(stack).await,
        CloudCommand::Settings => settings(stack).await,
        CloudCommand::Set { setting, value } => {
            agrees(&format!("{} becomes {value}", setting.name))?;
            set(stack, *setting, value).await
        }
        CloudCommand::Apply => {
            agrees("it is deployed anew with its settings")?;
            stack.apply(now).await?;
            Ok(vec![format!("{name} has them since {now:.0}")])
        }
        CloudCommand::PutSecret { secret } => {
            // It comes on standard input, where nobody can be asked any more.
            if !yes {
                let name = stack.parameter_name(secret);
                return Err(Problem::new(format!(
                    "nothing was changed: with `ops --yes secrets put {secret}` {name} is replaced"
                )));
            }
            let value = secrets::read(secret)?;
            secrets::put(stack, secret, &value).await
        }
        CloudCommand::Keys(KeysCommand::List) => keys::list(stack).await,
        CloudCommand::Keys(KeysCommand::New) => {
            agrees("it gets a new key for QR codes")?;
            keys::new(stack, now).await
        }
        CloudCommand::Keys(KeysCommand::Use) => {
            agrees("QR codes are signed with the next key")?;
            keys::sign_with_next(stack).await
        }
        CloudCommand::Keys(KeysCommand::Retire { kid }) => {
            agrees(&format!("codes printed with {kid} open no page any more"))?;
            keys::retire(stack, kid).await
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
    if setting.name == "table" {
        may_change_table(stack).await?;
    }
    stack.put_setting(setting, value).await?;
    let name = stack.parameter_name(setting.name);
    Ok(vec![format!("{name}  is {value} now; next: `ops apply`")])
}

/// Another table does not know what was paid into this one: with captures open its drivers
/// would be charged again.
async fn may_change_table(stack: &Stack) -> Result<(), Problem> {
    let is_closed = stack.parameter("captures").await?.as_deref() == Some("closed");
    if is_closed && stack.not_applied(&stack.told().await?).await?.is_none() {
        return Ok(());
    }
    Err(Problem::new(
        "captures are open, and another table does not know what was paid: infra/runbook.md, \
         \"Restoring the table\", from step 1 on, also for the way back",
    ))
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

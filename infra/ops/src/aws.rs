//! The `aws` command. It knows every way to sign in that an account has, so that this tool
//! keeps no credentials and compiles no SDK for seven services.

use std::io::Write;
use std::process::Stdio;

use serde_json::Value;
use tempfile::NamedTempFile;
use tokio::process::Command;

/// The command did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum AwsError {
    /// It is not here.
    #[error("the command `aws` cannot be run: install the AWS CLI, https://aws.amazon.com/cli/")]
    Missing(#[source] std::io::Error),
    /// What it is to be told cannot be handed to it.
    #[error("no file can be written for the command `aws`")]
    NoFile(#[source] std::io::Error),
    /// AWS, or the command itself, refused.
    #[error("aws {call}: {said}")]
    Refused {
        /// The service and the operation.
        call: String,
        /// Its own words.
        said: String,
    },
    /// It answered something that is no JSON.
    #[error("aws {call} did not answer JSON")]
    NotJson {
        /// The service and the operation.
        call: String,
    },
}

impl AwsError {
    /// Whether AWS has answered with this code: `ParameterNotFound`.
    #[must_use]
    pub fn is(&self, code: &str) -> bool {
        matches!(self, Self::Refused { said, .. } if said.contains(&format!("({code})")))
    }
}

/// Calls a service: `call(&["ssm", "get-parameter", "--name", name])`.
///
/// # Errors
/// When the command is not there, or refuses.
pub(crate) async fn call(arguments: &[&str]) -> Result<Value, AwsError> {
    let call = || {
        arguments
            .iter()
            .take(2)
            .copied()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let output = Command::new("aws")
        .args(arguments)
        .args(["--output", "json"])
        // A pager would wait for a key that nobody presses.
        .env("AWS_PAGER", "")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(AwsError::Missing)?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(AwsError::Refused { call: call(), said });
    }
    if output.stdout.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&output.stdout).map_err(|_| AwsError::NotJson { call: call() })
}

/// Calls an operation with all it takes as JSON, in a file that only we can read and that is
/// gone afterwards, unless this is ended meanwhile: a secret in its arguments could be read by everybody on this machine, and
/// standard input is read twice by some versions of the command.
///
/// # Errors
/// As [`call`], and where no such file can be written.
pub(crate) async fn call_with(
    service: &str,
    operation: &str,
    input: &Value,
) -> Result<Value, AwsError> {
    let mut file = NamedTempFile::new().map_err(AwsError::NoFile)?;
    file.write_all(input.to_string().as_bytes())
        .map_err(AwsError::NoFile)?;
    let path = format!("file://{}", file.path().display());
    call(&[service, operation, "--cli-input-json", &path]).await
}

/// Calls a function with an event, and gives what it answered. Waits longer than any
/// function runs.
///
/// # Errors
/// As [`call_with`], and where the function has failed.
pub(crate) async fn invoke(function: &str, alias: &str, event: &Value) -> Result<Value, AwsError> {
    let mut payload = NamedTempFile::new().map_err(AwsError::NoFile)?;
    payload
        .write_all(event.to_string().as_bytes())
        .map_err(AwsError::NoFile)?;
    let answer = NamedTempFile::new().map_err(AwsError::NoFile)?;
    let invoked = call(&[
        "lambda",
        "invoke",
        "--function-name",
        function,
        "--qualifier",
        alias,
        "--payload",
        &format!("fileb://{}", payload.path().display()),
        "--cli-read-timeout",
        "70",
        &answer.path().display().to_string(),
    ])
    .await?;
    let said = std::fs::read_to_string(answer.path()).map_err(AwsError::NoFile)?;
    let call = || "lambda invoke".to_owned();
    if invoked["FunctionError"].is_string() {
        return Err(AwsError::Refused { call: call(), said });
    }
    serde_json::from_str(&said).map_err(|_| AwsError::NotJson { call: call() })
}

//! The stack's table, by the rights of whoever is signed in.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Region;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use serde_json::Value;
use store::Store;

use crate::stack::Stack;
use crate::{Problem, Vars, aws};

/// A page of a scan is a megabyte, over the line of whoever sits there: more than the second
/// that the functions give an item.
const PAGE_TIMEOUT: Duration = Duration::from_secs(30);

/// The table that the stack uses, and who is signed in.
pub(crate) async fn of(
    stack: &Stack,
    municipality: &str,
    vars: &Vars<'_>,
) -> Result<(Store, String), Problem> {
    let table = stack.needed("table", "`ops prepare` writes it").await?;
    let caller = aws::call(&["sts", "get-caller-identity"]).await?;
    let by = caller["Arn"].as_str().unwrap_or("unknown").to_owned();
    let Some(region) = vars("AWS_REGION").or_else(|| vars("AWS_DEFAULT_REGION")) else {
        return Err(Problem::new(
            "which region? Set AWS_REGION to that of the stack",
        ));
    };
    let patient = TimeoutConfig::builder()
        .connect_timeout(PAGE_TIMEOUT)
        .operation_attempt_timeout(PAGE_TIMEOUT)
        .operation_timeout(PAGE_TIMEOUT * 3)
        .build();
    let config = Store::config(vars).map_err(|error| Problem::new(error.to_string()))?;
    let mut config = config
        .timeout_config(patient)
        .region(Region::new(region))
        .credentials_provider(credentials(vars).await?);
    if let Some(url) = vars("AWS_ENDPOINT_URL_DYNAMODB").or_else(|| vars("AWS_ENDPOINT_URL")) {
        config = config.endpoint_url(url);
    }
    let client = Client::from_conf(config.build());
    let name = format!("{}-{table}", stack.name);
    Ok((Store::new(client, name, municipality.to_owned()), by))
}

/// Those of the variables, or what the `aws` command signs in with.
async fn credentials(vars: &Vars<'_>) -> Result<Credentials, Problem> {
    let of = |key: &str, secret: &str, token: Option<String>| {
        Credentials::new(key, secret, token, None, "aws")
    };
    if let (Some(key), Some(secret)) = (vars("AWS_ACCESS_KEY_ID"), vars("AWS_SECRET_ACCESS_KEY")) {
        return Ok(of(&key, &secret, vars("AWS_SESSION_TOKEN")));
    }
    let arguments = ["configure", "export-credentials", "--format", "process"];
    let answer: Value = aws::call(&arguments).await?;
    let text = |name: &str| answer[name].as_str().map(str::to_owned);
    match (text("AccessKeyId"), text("SecretAccessKey")) {
        (Some(key), Some(secret)) => Ok(of(&key, &secret, text("SessionToken"))),
        _ => Err(Problem::new("nobody is signed in: see `aws configure`")),
    }
}

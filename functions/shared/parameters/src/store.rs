//! The parameter store of AWS Systems Manager.

use std::fmt;
use std::time::Duration;

use aws_sdk_ssm::Client;
use aws_sdk_ssm::config::timeout::TimeoutConfig;
use aws_sdk_ssm::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_ssm::error::ProvideErrorMetadata;

use crate::{Error, Secret, Vars, set};

/// How long one try may take. The SDK has no limit of its own, and a function
/// that hangs while it starts is killed without a word.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(2);
/// How long all tries together may take; below Lambda's ten seconds for a start.
const OPERATION_LIMIT: Duration = Duration::from_secs(5);

/// A parameter, and the way to ask for it. Whoever must know when it has changed
/// keeps this, instead of the variables it was made of.
pub struct Parameter {
    variable: &'static str,
    name: String,
    client: Client,
}

impl fmt::Debug for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Parameter").field(&self.name).finish()
    }
}

impl Parameter {
    /// The parameter that `{variable}_PARAMETER` names. Nobody is asked yet.
    ///
    /// # Errors
    /// When that is not set, or what is needed to ask the parameter store is not.
    pub fn from_vars(vars: &Vars<'_>, variable: &'static str) -> Result<Self, Error> {
        let name =
            set(vars, &format!("{variable}_PARAMETER")).ok_or(Error::Missing { variable })?;
        let client = Client::from_conf(config(vars, variable)?);
        Ok(Self {
            variable,
            name,
            client,
        })
    }

    /// Reads its decrypted value, as it is now.
    ///
    /// # Errors
    /// When the parameter store does not hand it out.
    pub async fn read(&self) -> Result<Secret, Error> {
        let answer = self
            .client
            .get_parameter()
            .name(&self.name)
            .with_decryption(true)
            .send()
            .await;
        let code = match answer {
            Ok(found) => match found.parameter.and_then(|parameter| parameter.value) {
                Some(value) if !value.is_empty() => return Ok(Secret::new(value)),
                Some(_) | None => String::from("it is empty"),
            },
            // The SDK's own text can quote what was sent and received; the code cannot.
            Err(error) => error
                .code()
                .map_or_else(|| error_kind(&error), str::to_owned),
        };
        Err(Error::Unreadable {
            variable: self.variable,
            parameter: self.name.clone(),
            code,
        })
    }
}

/// What to say of a failure that carries no code of the service.
fn error_kind<E, R>(error: &aws_sdk_ssm::error::SdkError<E, R>) -> String {
    use aws_sdk_ssm::error::SdkError;
    String::from(match error {
        SdkError::TimeoutError(_) => "the parameter store did not answer in time",
        SdkError::DispatchFailure(_) => "the parameter store cannot be reached",
        SdkError::ConstructionFailure(_) => "the question could not be asked",
        SdkError::ResponseError(_) | SdkError::ServiceError(_) => "an answer that cannot be read",
        _ => "unknown failure",
    })
}

/// By hand: the SDK's own loader asks half a dozen places, which a start pays for.
fn config(vars: &Vars<'_>, variable: &'static str) -> Result<Config, Error> {
    let needed =
        |needed: &'static str| set(vars, needed).ok_or(Error::CannotAsk { variable, needed });
    let credentials = Credentials::new(
        needed("AWS_ACCESS_KEY_ID")?,
        needed("AWS_SECRET_ACCESS_KEY")?,
        set(vars, "AWS_SESSION_TOKEN"),
        None,
        "environment",
    );
    let mut config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(needed("AWS_REGION")?))
        .credentials_provider(credentials)
        .timeout_config(
            TimeoutConfig::builder()
                .operation_timeout(OPERATION_LIMIT)
                .operation_attempt_timeout(ATTEMPT_LIMIT)
                .build(),
        );
    if let Some(endpoint) = set(vars, "AWS_ENDPOINT_URL_SSM") {
        config = config.endpoint_url(endpoint);
    }
    Ok(config.build())
}

//! The client, built once per process.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Region};
use aws_sdk_dynamodb::error::{BoxError, SdkError};
use https::Https;
use jiff::Timestamp;
use ticket::Municipality;

use crate::{ConfigError, Error};

/// One try; DynamoDB answers in single milliseconds, so a second is long. The
/// SDK has no time-out of its own.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(1);
/// All tries of one call together.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(3);
/// Tries of one call; transactions carry a token, so a repeat is no second one.
const TRIES_MAX: u32 = 3;

/// The configuration, and when it was read.
pub(crate) type KeptMunicipality = (Timestamp, Arc<Municipality>);

/// The table.
#[derive(Clone)]
pub struct Store {
    pub(crate) client: Client,
    pub(crate) table: String,
    pub(crate) municipality_id: String,
    /// The municipality as last read, and when.
    pub(crate) municipality: Arc<Mutex<Option<KeptMunicipality>>>,
}

impl Store {
    /// The table that `TABLE_NAME` names, for the city that `MUNICIPALITY` names.
    ///
    /// # Errors
    /// When a variable is missing or wrong; the error names it.
    pub fn from_vars(vars: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let required = |variable: &'static str, what: &'static str| {
            vars(variable)
                .filter(|value| !value.is_empty())
                .ok_or(ConfigError::Missing { variable, what })
        };
        let table = required("TABLE_NAME", "the name of the DynamoDB table")?;
        let municipality = required(
            "MUNICIPALITY",
            "the official municipality key, like 07312000",
        )?;
        let region = required("AWS_REGION", "the region of the table; Lambda sets it")?;
        let credentials = Credentials::new(
            required("AWS_ACCESS_KEY_ID", "the role's key id; Lambda sets it")?,
            required("AWS_SECRET_ACCESS_KEY", "the role's key; Lambda sets it")?,
            vars("AWS_SESSION_TOKEN"),
            None,
            "environment",
        );
        let endpoint = vars("AWS_ENDPOINT_URL_DYNAMODB");
        let endpoint = endpoint.unwrap_or_else(|| https::endpoint("dynamodb", &region));
        let config = Self::config(vars)?
            .region(Region::new(region))
            .credentials_provider(credentials)
            .endpoint_url(endpoint);
        Ok(Self::new(
            Client::from_conf(config.build()),
            table,
            municipality,
        ))
    }

    /// The client and its limits, to which a caller adds where and who.
    ///
    /// # Errors
    /// When nobody can be trusted; the error names the variable.
    pub fn config(
        vars: &dyn Fn(&str) -> Option<String>,
    ) -> Result<aws_sdk_dynamodb::config::Builder, ConfigError> {
        Ok(Config::builder()
            .http_client(Https::from_vars(vars)?)
            .behavior_version(BehaviorVersion::latest())
            .retry_config(RetryConfig::standard().with_max_attempts(TRIES_MAX))
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(ATTEMPT_TIMEOUT)
                    .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                    .operation_timeout(OPERATION_TIMEOUT)
                    .build(),
            ))
    }

    /// This table, through this client.
    #[must_use]
    pub fn new(client: Client, table: String, municipality_id: String) -> Self {
        Self {
            client,
            table,
            municipality_id,
            municipality: Arc::default(),
        }
    }
}

/// Anything but a failed condition means: nothing is known.
pub(crate) fn unavailable<E, R>(call: &'static str) -> impl FnOnce(SdkError<E, R>) -> Error
where
    SdkError<E, R>: Into<BoxError>,
{
    move |error| Error::Unavailable {
        call,
        source: error.into(),
    }
}

/// An item of the table as the record it must be.
pub(crate) fn read<T: serde::de::DeserializeOwned>(
    item_name: &'static str,
    item: crate::dynamo::keys::Item,
) -> Result<T, Error> {
    serde_dynamo::from_item(item).map_err(|source| Error::Unreadable {
        item: item_name,
        source: Box::new(source),
    })
}

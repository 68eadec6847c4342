//! The table on this machine, made from its definition in `template.yaml`.

use std::path::Path;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Region;
use aws_sdk_dynamodb::error::{BoxError, SdkError};
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, TimeToLiveSpecification,
};
use dynoxide::Database;
use tokio::net::TcpListener;

use crate::Vars;
use crate::template::{KeySchema, Table};

/// The file in `--data DIR` that keeps the table.
const FILE: &str = "table.sqlite";

/// The engine or the table in it cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The embedded engine did not open.
    #[error("the embedded DynamoDB does not open: {0}")]
    Engine(String),
    /// What the client needs is wrong.
    #[error(transparent)]
    Client(#[from] store::ConfigError),
    /// The engine's own address did not take the table.
    #[error("cannot make the table {table} at {endpoint}")]
    Table {
        /// The table's name.
        table: String,
        /// The engine's address.
        endpoint: String,
        /// What it answered.
        source: BoxError,
    },
}

/// Opens the embedded engine and serves it until the future is dropped.
///
/// # Errors
/// When the file in `directory` is no database of its kind.
pub fn serve(
    listener: TcpListener,
    directory: Option<&Path>,
) -> Result<impl Future<Output = ()> + Send + use<>, TableError> {
    let database = match directory {
        Some(directory) => Database::new(&directory.join(FILE).to_string_lossy()),
        None => Database::memory(),
    }
    .map_err(|error| TableError::Engine(error.to_string()))?;
    Ok(async move {
        let never = std::future::pending();
        if let Err(error) = dynoxide::server::serve_with_shutdown(listener, database, never).await {
            tracing::error!(%error, "the embedded DynamoDB has ended");
        }
    })
}

/// A client with the limits of the functions' own, as the variables say.
///
/// # Errors
/// When a variable is wrong.
pub fn client(vars: &Vars, endpoint: &str) -> Result<Client, TableError> {
    let value = |name: &str| vars(name).unwrap_or_else(|| "local".to_owned());
    let credentials = Credentials::new(
        value("AWS_ACCESS_KEY_ID"),
        value("AWS_SECRET_ACCESS_KEY"),
        vars("AWS_SESSION_TOKEN"),
        None,
        "environment",
    );
    Ok(Client::from_conf(
        store::Store::config(&|name| vars(name))?
            .region(Region::new(value("AWS_REGION")))
            .credentials_provider(credentials)
            .endpoint_url(endpoint)
            .build(),
    ))
}

/// Makes the table where it is missing, and says whether it was.
///
/// # Errors
/// When the engine does not answer, or does not take the definition.
pub async fn create_where_missing(
    client: &Client,
    name: &str,
    table: &Table,
    endpoint: &str,
) -> Result<bool, TableError> {
    let failed = |source: BoxError| TableError::Table {
        table: name.to_owned(),
        endpoint: endpoint.to_owned(),
        source,
    };
    let mut call = client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .set_key_schema(Some(key_schema(&table.key).map_err(&failed)?));
    for (attribute, kind) in &table.attributes {
        let definition = AttributeDefinition::builder()
            .attribute_name(attribute)
            .attribute_type(ScalarAttributeType::from(kind.as_str()))
            .build()
            .map_err(|error| failed(error.into()))?;
        call = call.attribute_definitions(definition);
    }
    for index in &table.indexes {
        let projection = Projection::builder()
            .projection_type(ProjectionType::from(index.projection.as_str()))
            .build();
        let index = GlobalSecondaryIndex::builder()
            .index_name(&index.name)
            .set_key_schema(Some(key_schema(&index.key).map_err(&failed)?))
            .projection(projection)
            .build()
            .map_err(|error| failed(error.into()))?;
        call = call.global_secondary_indexes(index);
    }
    match call.send().await {
        Ok(_) => {}
        // It is there already: another start of ours, or somebody's own.
        Err(SdkError::ServiceError(error))
            if matches!(error.err(), CreateTableError::ResourceInUseException(_)) =>
        {
            return Ok(false);
        }
        Err(error) => return Err(failed(error.into())),
    }
    let ttl = TimeToLiveSpecification::builder()
        .attribute_name(&table.ttl_attribute)
        .enabled(true)
        .build()
        .map_err(|error| failed(error.into()))?;
    client
        .update_time_to_live()
        .table_name(name)
        .time_to_live_specification(ttl)
        .send()
        .await
        .map_err(|error| failed(error.into()))?;
    Ok(true)
}

fn key_schema(key: &KeySchema) -> Result<Vec<KeySchemaElement>, BoxError> {
    [(&key.hash, KeyType::Hash), (&key.range, KeyType::Range)]
        .into_iter()
        .map(|(attribute, kind)| {
            KeySchemaElement::builder()
                .attribute_name(attribute)
                .key_type(kind)
                .build()
                .map_err(BoxError::from)
        })
        .collect()
}

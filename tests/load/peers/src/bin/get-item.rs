//! What a bare read of DynamoDB costs: the AWS SDK as it comes, its connection opened at INIT,
//! one strongly consistent `GetItem` for each event, one attribute of the item as the answer.

use std::env;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Region};
use aws_sdk_dynamodb::types::AttributeValue;
use lambda_http::{Error, Request, RequestExt, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let credentials = Credentials::new(
        env::var("AWS_ACCESS_KEY_ID")?,
        env::var("AWS_SECRET_ACCESS_KEY")?,
        env::var("AWS_SESSION_TOKEN").ok(),
        None,
        "environment",
    );
    let mut config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(env::var("AWS_REGION")?))
        .credentials_provider(credentials);
    if let Ok(url) = env::var("AWS_ENDPOINT_URL_DYNAMODB") {
        config = config.endpoint_url(url);
    }
    let client = &Client::from_conf(config.build());
    let table = &env::var("TABLE_NAME")?;
    read(client, table, "nobody").await?;
    run(service_fn(async |request: Request| {
        let parameters = request.path_parameters();
        let case_number = parameters.first("case_number").unwrap_or_default();
        read(client, table, case_number).await
    }))
    .await
}

async fn read(client: &Client, table: &str, case_number: &str) -> Result<String, Error> {
    let key = AttributeValue::S(format!("TICKET#{case_number}"));
    let found = client
        .get_item()
        .table_name(table)
        .key("pk", key)
        .key("sk", AttributeValue::S("TICKET".to_owned()))
        .consistent_read(true)
        .send()
        .await?;
    let mut item = found.item.unwrap_or_default();
    Ok(match item.remove("case_number") {
        Some(AttributeValue::S(case_number)) => case_number,
        _ => String::new(),
    })
}

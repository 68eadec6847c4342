//! A function gets at the table only what its role in `template.yaml` lets it: whatever a
//! journey makes it ask that the deployed one would be denied fails the test.

use std::sync::OnceLock;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{
    ConfigBag, Credentials, Intercept, Region, RuntimeComponents, SharedInterceptor,
};
use aws_sdk_dynamodb::error::BoxError;
use local::template::{Statement, TEXT};
use serde_json::Value;
use store::Store;

/// For how long a journey waits for the table. The functions' own second is little for a
/// machine that builds beside it, and no journey is about that.
const PATIENCE: Duration = Duration::from_mins(1);

/// The store of each function, as its role lets it see the table; `watch` sees what it asks.
pub(crate) fn stores(
    vars: &dyn Fn(&str) -> Option<String>,
    watch: Option<SharedInterceptor>,
) -> impl Fn(&str) -> Store {
    let var = |name: &str| vars(name).expect(name);
    let [table, city] = ["TABLE_NAME", "MUNICIPALITY"].map(var);
    let [region, endpoint] = ["AWS_REGION", "AWS_ENDPOINT_URL_DYNAMODB"].map(var);
    move |function| {
        let role = Role {
            of: resource(function),
        };
        let mut config = Store::config(&|_| None)
            .expect("TLS")
            .timeout_config(TimeoutConfig::builder().operation_timeout(PATIENCE).build())
            .region(Region::new(region.clone()))
            .credentials_provider(Credentials::new("local", "local", None, None, "tests"))
            .endpoint_url(&endpoint)
            .interceptor(role);
        if let Some(watch) = &watch {
            config.push_interceptor(watch.clone());
        }
        Store::new(
            Client::from_conf(config.build()),
            table.clone(),
            city.clone(),
        )
    }
}

/// `show-ticket` → `ShowTicket`.
fn resource(function: &str) -> String {
    let words = function.split('-');
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    words.map(capital).collect()
}

/// What a function may do.
#[derive(Debug)]
struct Role {
    of: String,
}

/// What somebody does to the table: the action, which index, the partition.
#[derive(Debug)]
struct Act {
    action: String,
    index: String,
    leading_key: String,
}

impl Intercept for Role {
    fn name(&self) -> &'static str {
        "Role"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request();
        let target = request.headers().get("x-amz-target").expect("a target");
        let call = target.rsplit('.').next().expect("a call");
        let body = request.body().bytes().expect("a body in memory");
        let body: Value = serde_json::from_slice(body).expect("JSON");
        for act in acts(call, &body) {
            assert!(
                self.allows(&act),
                "{} does what its role in template.yaml does not allow: {act:?}",
                self.of
            );
        }
        Ok(())
    }
}

impl Role {
    fn allows(&self, act: &Act) -> bool {
        static STATEMENTS: OnceLock<Vec<Statement>> = OnceLock::new();
        let all = STATEMENTS.get_or_init(|| Statement::all(TEXT).expect("template.yaml"));
        let has = |effect: &str| {
            all.iter().any(|statement| {
                statement.role == self.of
                    && statement.effect == effect
                    && statement.covers(&act.action, &act.index, &act.leading_key)
            })
        };
        has("Allow") && !has("Deny")
    }
}

/// What a call comes to, as IAM sees it.
fn acts(call: &str, body: &Value) -> Vec<Act> {
    let act = |action: &str, key: &Value| Act {
        action: format!("dynamodb:{action}"),
        index: body["IndexName"]
            .as_str()
            .map_or_else(String::new, |index| format!("/index/{index}")),
        leading_key: key.as_str().expect("a partition's key").to_owned(),
    };
    match call {
        "GetItem" | "UpdateItem" | "DeleteItem" => vec![act(call, &body["Key"]["pk"]["S"])],
        "PutItem" => vec![act(call, &body["Item"]["pk"]["S"])],
        "Query" => {
            let condition = body["KeyConditionExpression"]
                .as_str()
                .expect("a condition");
            let value = condition
                .split(['=', ' '])
                .find(|word| word.starts_with(':'));
            let value = value.expect("the partition's key comes first");
            vec![act(call, &body["ExpressionAttributeValues"][value]["S"])]
        }
        "TransactWriteItems" => {
            let steps = body["TransactItems"].as_array().expect("steps").iter();
            let step = |step: &Value| {
                let (name, what) = step
                    .as_object()
                    .expect("a step")
                    .iter()
                    .next()
                    .expect("one");
                let (action, key) = match name.as_str() {
                    "Put" => ("PutItem", &what["Item"]),
                    "Update" => ("UpdateItem", &what["Key"]),
                    "Delete" => ("DeleteItem", &what["Key"]),
                    "ConditionCheck" => ("ConditionCheckItem", &what["Key"]),
                    other => panic!("{other} is no step known here"),
                };
                act(action, &key["pk"]["S"])
            };
            steps.map(step).collect()
        }
        other => panic!("{other} is no call known here"),
    }
}

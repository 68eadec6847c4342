//! What `template.yaml` must say, whatever else changes in it.

#![expect(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]

mod logs;
mod roles;

use std::collections::BTreeSet;
use std::path::Path;

use local::template::{Node, TEXT, Template, Trigger};

/// Everything a function may be told, as the README lists it; a secret through
/// the name of its parameter.
const VARIABLES: [&str; 20] = [
    "TABLE_NAME",
    "MUNICIPALITY",
    "PUBLIC_BASE_URL",
    "TOKEN_KEYS",
    "TOKEN_SIGNING_KEY_PARAMETER",
    "PAYPAL_BASE_URL",
    "PAYPAL_ENVIRONMENT",
    "PAYPAL_CREDENTIALS_PARAMETER",
    "PAYPAL_MERCHANT_ID",
    "PAYPAL_WEBHOOK_ID",
    "PAYPAL_ORDER_HOURS",
    "PAYPAL_CALLS_PER_SECOND",
    "PAYPAL_WEBHOOK_ANCHORS_PARAMETER",
    "PAYPAL_WEBHOOK_POSTBACK",
    "PAYPAL_CERTIFICATES_REVOKED",
    "CAPTURES",
    "SUBSCRIBERS_PARAMETER",
    "AWS_ENDPOINT_URL_DYNAMODB",
    "METRICS_NAMESPACE",
    // Read by nobody: it makes a version of a function another one.
    "APPLIED_AT",
];

fn template() -> Template {
    Template::parse(TEXT).unwrap()
}

fn resources() -> Node {
    Node::parse(TEXT).unwrap().get("Resources").unwrap()
}

fn of_type(wanted: &str) -> Vec<(String, Node)> {
    let is_wanted = |node: &Node| node.get("Type").unwrap().text().unwrap() == wanted;
    let all = resources().entries().into_iter();
    all.filter(|(_, node)| is_wanted(node)).collect()
}

#[test]
fn every_folder_in_functions_is_a_function_and_every_function_has_a_folder() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../functions");
    let folders: BTreeSet<String> = std::fs::read_dir(&root)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "shared")
        .collect();
    let template = template();
    let functions: BTreeSet<String> = template.functions.iter().map(|f| f.name.clone()).collect();
    assert_eq!(functions, folders);
    for function in template.functions {
        let (resource, name) = (function.resource, function.name);
        let in_kebab_case: String = resource
            .char_indices()
            .flat_map(|(at, char)| {
                let dash = (at > 0 && char.is_uppercase()).then_some('-');
                dash.into_iter().chain(char.to_lowercase())
            })
            .collect();
        assert_eq!(in_kebab_case, name);
    }
}

#[test]
fn no_function_is_told_a_variable_that_is_not_listed() {
    for function in template().functions {
        for name in function.variables.keys() {
            assert!(
                VARIABLES.contains(&name.as_str()),
                "{}: {name}",
                function.name
            );
        }
    }
}

#[test]
fn a_secret_is_never_in_a_variable_only_the_name_of_its_parameter() {
    for secret in [
        "PAYPAL_CLIENT_ID",
        "PAYPAL_CLIENT_SECRET",
        "TOKEN_SIGNING_KEY",
        "SUBSCRIBERS",
        // No secret, but for a desk alone: plain http, to whatever runs beside us.
        "SUBSCRIBERS_ON_LOOPBACK",
    ] {
        for function in template().functions {
            assert!(
                !function.variables.contains_key(secret),
                "{}",
                function.name
            );
        }
    }
}

#[test]
fn a_request_has_one_function_that_answers_it() {
    let mut seen = BTreeSet::new();
    for function in template().functions {
        for trigger in function.triggers {
            let (door, route) = match trigger {
                Trigger::Public(route) => ("public", route),
                Trigger::Office { route, .. } | Trigger::OfficeForAnyone(route) => {
                    ("office", route)
                }
                Trigger::Schedule | Trigger::Stream => continue,
            };
            // `/t/{token}` and `/t/{id}` would be the same route twice.
            let mut path = route.path.as_str().to_owned();
            for name in route.path.parameters() {
                path = path.replace(&format!("{{{name}}}"), "{}");
            }
            let key = format!("{door} {} {path}", route.method);
            assert!(seen.insert(key.clone()), "{key}");
        }
    }
    assert_eq!(seen.len(), 27);
}

#[test]
fn every_office_route_asks_for_one_scope_and_whoever_decides_may_read_what_about() {
    for function in template().functions {
        for trigger in function.triggers {
            if let Trigger::Office { route, scopes } = trigger {
                let many = match (route.method.as_str(), route.path.as_str()) {
                    ("GET", "/refunds") => 2,
                    _ => 1,
                };
                assert_eq!(scopes.len(), many, "{}", route.path.as_str());
            }
        }
    }
}

#[test]
fn the_office_door_is_open_to_anyone_for_its_description_alone() {
    let triggers = template().functions.into_iter().flat_map(|f| f.triggers);
    let for_anyone: Vec<String> = triggers
        .filter_map(|trigger| match trigger {
            Trigger::OfficeForAnyone(route) => {
                Some(format!("{} {}", route.method, route.path.as_str()))
            }
            Trigger::Public(_) | Trigger::Office { .. } | Trigger::Schedule | Trigger::Stream => {
                None
            }
        })
        .collect();
    assert_eq!(for_anyone, ["GET /openapi.json"]);
    // A route that forgets its `Auth` has the authorizer all the same.
    let (_, office) = of_type("AWS::Serverless::HttpApi").remove(0);
    let auth = office.get("Properties.Auth").unwrap();
    assert_eq!(
        auth.get("DefaultAuthorizer").unwrap().text().unwrap(),
        "City"
    );
    // Whoever asks for it without end keeps nobody from anything else.
    let settings = office.get("Properties.RouteSettings").unwrap();
    for (route, settings) in settings.entries() {
        assert!(for_anyone.contains(&route), "{route}");
        let rate = settings.get("ThrottlingRateLimit").unwrap();
        assert_eq!(rate.text().unwrap(), "5");
    }
    assert_eq!(settings.entries().len(), for_anyone.len());
}

#[test]
fn nothing_on_the_way_of_a_payment_runs_longer_than_a_quarter_of_the_lease() {
    for function in template().functions {
        let limit_s = match function.name.as_str() {
            // Drops each attempt at 15 s itself, or captures nothing; each ends
            // before the next minute.
            "reconcile-payments" | "compare-books" | "notify-city" => 59,
            // Never near a capture; API Gateway gives up at 30 s.
            "issue-tickets" | "manage-tickets" | "record-payments" => 29,
            _ => 15,
        };
        assert!(function.timeout.as_secs() <= limit_s, "{}", function.name);
    }
}

#[test]
fn new_changes_wake_one_function_at_once_and_nothing_else_in_the_table_does() {
    let triggers = template().functions.into_iter();
    let woken: Vec<String> = triggers
        .filter(|function| function.triggers.contains(&Trigger::Stream))
        .map(|function| function.name)
        .collect();
    assert_eq!(woken, ["notify-city"]);
    let (_, table) = of_type("AWS::DynamoDB::Table").remove(0);
    let view = table.get("Properties.StreamSpecification.StreamViewType");
    // No plate, no place on its way to anybody.
    assert_eq!(view.unwrap().text().unwrap(), "KEYS_ONLY");
    let changed = resources().get("NotifyCity.Properties.Events.Changed.Properties");
    let changed = changed.unwrap();
    let pattern = changed.get("FilterCriteria.Filters").unwrap().items();
    let pattern = pattern[0].get("Pattern").unwrap().text().unwrap();
    assert_eq!(
        pattern,
        r#"{"eventName":["INSERT"],"dynamodb":{"Keys":{"pk":{"S":[{"prefix":"CHANGES#"}]}}}}"#
    );
    for (key, expected) in [
        ("StartingPosition", "LATEST"),
        // Waiting for more would make everybody late.
        ("MaximumBatchingWindowInSeconds", "0"),
        ("MaximumRetryAttempts", "0"),
        ("MaximumRecordAgeInSeconds", "60"),
    ] {
        assert_eq!(changed.get(key).unwrap().text().unwrap(), expected, "{key}");
    }
}

#[test]
fn every_function_is_told_the_table_that_is_used() {
    let globals = Node::parse(TEXT).unwrap().get("Globals.Function").unwrap();
    let name = globals.get("Environment.Variables.TABLE_NAME").unwrap();
    assert_eq!(name.written().unwrap(), "${AWS::StackName}-${TableInUse}");
}

/// What operation changes lies in the parameter store, or a deployment would take it back:
/// captures that were closed would be open, and the table would be the one of before.
#[test]
fn nothing_that_operation_changes_is_a_value_of_a_deployment() {
    let parameters = Node::parse(TEXT).unwrap().get("Parameters").unwrap();
    for name in [
        "KeyArn",
        "TableInUse",
        "Captures",
        "TokenKeys",
        "PayPalWebhookId",
        "PayPalWebhookPostback",
        "PayPalCertificatesRevoked",
        "PayPalCallsPerSecond",
    ] {
        let parameter = parameters.get(name).unwrap();
        let kind = parameter.get("Type").unwrap().text().unwrap();
        assert_eq!(kind, "AWS::SSM::Parameter::Value<String>", "{name}");
        // A default would be another stack's.
        assert!(parameter.find("Default").is_none(), "{name}");
    }
}

/// SAM publishes a version where the template's text has changed, and not where a
/// parameter's value has: the one that is called would keep open captures.
#[test]
fn what_is_called_is_a_version_and_settings_that_are_applied_make_a_new_one() {
    let globals = Node::parse(TEXT).unwrap().get("Globals.Function").unwrap();
    let alias = globals.get("AutoPublishAlias").unwrap();
    assert_eq!(alias.text().unwrap(), "live");
    let applied = globals.get("Environment.Variables.APPLIED_AT").unwrap();
    assert_eq!(applied.reference().unwrap(), "AppliedAt");
    for (name, function) in of_type("AWS::Serverless::Function") {
        let version = function.get("Properties.VersionDescription").unwrap();
        assert_eq!(version.reference().unwrap(), "AppliedAt", "{name}");
    }
}

#[test]
fn the_table_outlives_the_stack_encrypted_and_restorable() {
    let (_, table) = of_type("AWS::DynamoDB::Table").remove(0);
    for (key, expected) in [
        ("DeletionPolicy", "RetainExceptOnCreate"),
        ("UpdateReplacePolicy", "Retain"),
        ("Properties.DeletionProtectionEnabled", "true"),
        ("Properties.BillingMode", "PAY_PER_REQUEST"),
        (
            "Properties.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled",
            "true",
        ),
        ("Properties.SSESpecification.SSEType", "KMS"),
    ] {
        assert_eq!(table.get(key).unwrap().text().unwrap(), expected, "{key}");
    }
    let key = table
        .get("Properties.SSESpecification.KMSMasterKeyId")
        .unwrap();
    assert_eq!(key.reference().unwrap(), "KeyArn");
}

#[test]
fn both_doors_are_throttled_and_the_sweep_never_runs_twice_at_once() {
    let (_, public) = of_type("AWS::Serverless::Api").remove(0);
    let all = public
        .get("Properties.MethodSettings")
        .unwrap()
        .items()
        .remove(0);
    assert_eq!(all.get("ResourcePath").unwrap().text().unwrap(), "/*");
    assert!(all.get("ThrottlingRateLimit").is_ok());
    let (_, office) = of_type("AWS::Serverless::HttpApi").remove(0);
    assert!(
        office
            .get("Properties.DefaultRouteSettings.ThrottlingRateLimit")
            .is_ok()
    );
    let sweep = resources().get("ReconcilePayments.Properties").unwrap();
    let nights = resources().get("CompareBooks.Properties").unwrap();
    for (function, expected) in [
        (sweep, "rate(1 minute)"),
        // A place and a time of its own: neither can take the other's minute.
        (nights, "cron(* 1-5 * * ? *)"),
    ] {
        let schedules: Vec<String> = function
            .get("Events")
            .unwrap()
            .entries()
            .iter()
            .map(|(_, event)| event.get("Properties.Schedule").unwrap().text().unwrap())
            .collect();
        assert_eq!(schedules, [expected]);
        let at_once = function.get("ReservedConcurrentExecutions").unwrap();
        // In a new account there is no room for it.
        let choice = at_once.tagged().unwrap().1.items();
        assert_eq!(choice[0].text().unwrap(), "ReservesConcurrency");
        assert_eq!(choice[1].text().unwrap(), "1");
    }
    // The net under the stream. Its runs keep each other out by a turn in the table.
    let minute = resources().get("NotifyCity.Properties.Events.EachMinute.Properties");
    let minute = minute.unwrap().get("Schedule").unwrap();
    assert_eq!(minute.text().unwrap(), "rate(1 minute)");
}

//! What `template.yaml` must say, whatever else changes in it.

#![expect(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]

use std::collections::BTreeSet;
use std::path::Path;

use local::template::{Node, OWN_TABLE, Statement, TABLE_IN_USE, TEXT, Template, Trigger};

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

/// What each role may do to the table, and to which partitions of it; nothing may be added
/// without a look here. `*` stands for what follows.
const TABLE_ACTIONS: [(&str, &str, &[&str], &[&str]); 23] = [
    (
        "ShowTicket",
        "Read",
        &["GetItem"],
        &["MUNICIPALITY#*", "TICKET#*", "ATTEMPT#*"],
    ),
    (
        "StartCheckout",
        "Read",
        &["GetItem", "Query"],
        &[
            "MUNICIPALITY#*",
            "TICKET#*",
            "ATTEMPT#*",
            "PAYPAL_ACCESS_TOKEN",
        ],
    ),
    (
        "StartCheckout",
        "Write",
        &["PutItem", "UpdateItem", "ConditionCheckItem"],
        &[
            "TICKET#*",
            "ATTEMPT#*",
            "EXPORT#*",
            "CHANGES#*",
            "PAYPAL_ACCESS_TOKEN",
        ],
    ),
    (
        "FinishCheckout",
        "Read",
        &["GetItem"],
        &[
            "MUNICIPALITY#*",
            "TICKET#*",
            "ATTEMPT#*",
            "PAYPAL_ACCESS_TOKEN",
        ],
    ),
    (
        "FinishCheckout",
        "Write",
        &["PutItem", "UpdateItem", "ConditionCheckItem"],
        &[
            "TICKET#*",
            "ATTEMPT#*",
            "EXPORT#*",
            "CHANGES#*",
            "PAYPAL_ACCESS_TOKEN",
        ],
    ),
    (
        "ReceiveWebhook",
        "Read",
        &["GetItem", "Query"],
        &[
            "TICKET#*",
            "ATTEMPT#*",
            "EXPORT#*",
            "CHANGES#*",
            "FOREIGN#*",
            "EVENT#*",
            "PAYPAL_ACCESS_TOKEN",
        ],
    ),
    (
        "ReceiveWebhook",
        "Write",
        &["PutItem", "UpdateItem", "ConditionCheckItem"],
        &[
            "TICKET#*",
            "ATTEMPT#*",
            "EXPORT#*",
            "CHANGES#*",
            "EVENT#*",
            "OPEN_REFUNDS",
            "PAYPAL_ACCESS_TOKEN",
        ],
    ),
    (
        "ReconcilePayments",
        "Read",
        &["GetItem", "Query"],
        &[
            "MUNICIPALITY#*",
            "TICKET#*",
            "ATTEMPT#*",
            "EXPORT#*",
            "CHANGES#*",
            "FOREIGN#*",
            "NIGHTS",
            "OPEN_REFUNDS",
            "PAYPAL_ACCESS_TOKEN",
        ],
    ),
    (
        "ReconcilePayments",
        "Write",
        &["PutItem", "UpdateItem", "ConditionCheckItem"],
        &[
            "TICKET#*",
            "ATTEMPT#*",
            "EXPORT#*",
            "CHANGES#*",
            "FOREIGN#*",
            "NIGHTS",
            "OPEN_REFUNDS",
            "PAYPAL_ACCESS_TOKEN",
        ],
    ),
    (
        "ReconcilePayments",
        "Lists",
        &["Query"],
        &["LIKELY#*", "NEW#*", "OPEN#*", "REFUND#*"],
    ),
    (
        "CompareBooks",
        "Read",
        &["GetItem", "Query"],
        &[
            "TICKET#*",
            "ATTEMPT#*",
            "EXPORT#*",
            "CHANGES#*",
            "FOREIGN#*",
            "NIGHTS",
            "OPEN_REFUNDS",
            "PAYPAL_ACCESS_TOKEN",
        ],
    ),
    (
        "CompareBooks",
        "Write",
        &["PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem"],
        &[
            "TICKET#*",
            "ATTEMPT#*",
            "EXPORT#*",
            "CHANGES#*",
            "FOREIGN#*",
            "NIGHTS",
            "OPEN_REFUNDS",
            "PAYPAL_ACCESS_TOKEN",
        ],
    ),
    (
        "IssueTickets",
        "Read",
        &["GetItem"],
        &["MUNICIPALITY#*", "TICKET#*", "CHANGES#*"],
    ),
    (
        "IssueTickets",
        "Write",
        &["PutItem", "UpdateItem"],
        &["TICKET#*", "CHANGES#*"],
    ),
    (
        "ManageTickets",
        "Read",
        &["GetItem", "Query"],
        &["TICKET#*", "ATTEMPT#*", "CHANGES#*"],
    ),
    (
        "ManageTickets",
        "Write",
        &["PutItem", "UpdateItem"],
        &["TICKET#*", "CHANGES#*"],
    ),
    ("ManageTickets", "Lists", &["Query"], &["TICKET#*"]),
    (
        "RecordPayments",
        "Read",
        &["GetItem", "Query"],
        &[
            "MUNICIPALITY#*",
            "TICKET#*",
            "RECEIPT#*",
            "EXPORT#*",
            "CHANGES#*",
        ],
    ),
    (
        "RecordPayments",
        "Write",
        &["PutItem", "UpdateItem"],
        &["TICKET#*", "RECEIPT#*", "EXPORT#*", "CHANGES#*"],
    ),
    ("RecordPayments", "Lists", &["Query"], &["REFUND#*"]),
    ("NotifyCity", "Read", &["Query"], &["CHANGES#*"]),
    (
        "NotifyCity",
        "Write",
        &["GetItem", "Query", "PutItem", "UpdateItem"],
        &["SUBSCRIBER#*"],
    ),
    ("NotifyCity", "Lists", &["Query"], &["MESSAGE#*"]),
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

fn statements() -> Vec<Statement> {
    Statement::all(TEXT).unwrap()
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
fn each_function_has_a_role_of_its_own_and_a_log_group_of_its_own() {
    let mut roles = BTreeSet::new();
    for (name, node) in of_type("AWS::Serverless::Function") {
        let role = node.get("Properties.Role").unwrap().reference().unwrap();
        assert_eq!(role, format!("{name}Role"));
        roles.insert(role);
        let logs = node.get("Properties.LoggingConfig.LogGroup").unwrap();
        assert_eq!(logs.reference().unwrap(), format!("{name}Logs"));
        // SAM adds its own, broader policies where these are set.
        assert!(node.get("Properties").unwrap().find("Policies").is_none());
    }
    assert_eq!(roles.len(), 10);
}

#[test]
fn a_role_names_every_action_and_every_resource() {
    for statement in statements() {
        let place = format!("{}.{}", statement.role, statement.sid);
        // One has no resource of its own: Lambda asks which streams a table has.
        let is_list = statement.actions == ["dynamodb:ListStreams"]
            && statement.resource.ends_with(":table/${Table}/stream/*");
        assert!(is_list || !statement.resource.contains('*'), "{place}");
        for action in &statement.actions {
            // What is denied may be denied as a whole.
            let is_denied = statement.effect == "Deny";
            assert!(is_denied || !action.contains('*'), "{place}: {action}");
        }
    }
}

#[test]
fn what_a_role_may_do_to_the_table_is_what_is_listed() {
    let mut listed = TABLE_ACTIONS.into_iter();
    for statement in statements() {
        if !statement.resource.contains(TABLE_IN_USE) {
            continue;
        }
        let (role, sid, actions, keys) = listed.next().unwrap();
        let (of, name) = (statement.role.as_str(), statement.sid.as_str());
        assert_eq!((of, name), (role, sid));
        let actions: Vec<String> = actions.iter().map(|it| format!("dynamodb:{it}")).collect();
        assert_eq!(statement.actions, actions, "{role} {sid}");
        let condition = "ForAllValues:StringLike dynamodb:LeadingKeys";
        assert_eq!(statement.conditions[condition], keys, "{role} {sid}");
        assert_eq!(statement.conditions.len(), 1, "{role} {sid}");
        assert_eq!(statement.effect, "Allow", "{role} {sid}");
        let is_list = statement.resource.contains("/index/");
        assert_eq!(is_list, sid == "Lists", "{role} {sid}");
    }
    assert_eq!(listed.next(), None);
}

/// The city's account, and who may be asked to pay into it, is for ops to write.
#[test]
fn no_function_writes_what_the_city_is() {
    for statement in statements() {
        for action in ["PutItem", "UpdateItem", "DeleteItem"] {
            let action = format!("dynamodb:{action}");
            let covers = statement.covers(&action, "", "MUNICIPALITY#07312000");
            assert!(!covers, "{} {}", statement.role, statement.sid);
        }
    }
}

/// Of what a partition holds IAM sees its key: who books what PayPal has captured may
/// write a ticket's partition, and with it any payment of it. Cash is known by a partition
/// of its own, so that no function that the public reaches can say that some was taken.
#[test]
fn no_function_that_the_public_reaches_takes_cash_or_reads_the_citys_lists() {
    for function in [
        "ShowTicket",
        "StartCheckout",
        "FinishCheckout",
        "ReceiveWebhook",
    ] {
        let statements = statements().into_iter();
        for statement in statements.filter(|statement| statement.role == function) {
            for action in [
                "GetItem",
                "Query",
                "PutItem",
                "UpdateItem",
                "ConditionCheckItem",
            ] {
                let action = format!("dynamodb:{action}");
                assert!(
                    !statement.covers(&action, "", "RECEIPT#cash-1"),
                    "{function}"
                );
                let list = statement.covers(&action, "/index/open-work", "TICKET#open#00");
                assert!(!list, "{function}");
            }
        }
    }
}

#[test]
fn whoever_sends_to_others_reads_no_ticket() {
    for statement in statements() {
        if statement.role == "NotifyCity" {
            for index in ["", "/index/open-work"] {
                let reads = ["GetItem", "Query"].map(|action| {
                    statement.covers(&format!("dynamodb:{action}"), index, "TICKET#open#00")
                });
                assert_eq!(reads, [false, false], "{}", statement.sid);
            }
        }
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

/// A role that forgot it would not reach a restored table; one that named it alone would
/// lose the old one before its function was told the new one.
#[test]
fn every_role_means_the_stacks_own_table_and_the_one_that_is_used() {
    let mut own = BTreeSet::new();
    let mut used = BTreeSet::new();
    for statement in statements() {
        let (resource, place) = (&statement.resource, (statement.role, statement.sid));
        if let Some((_, on)) = resource.split_once(TABLE_IN_USE) {
            used.insert((place, on.to_owned()));
        } else if let Some((_, on)) = resource.split_once(OWN_TABLE) {
            own.insert((place, on.to_owned()));
        } else {
            // The stream is that of the stack's own table: a restored one has none.
            let is_stream = resource.contains("/stream/");
            assert_eq!(resource.contains(":dynamodb:"), is_stream, "{place:?}");
        }
    }
    assert_eq!(own, used);
    assert_eq!(used.len(), TABLE_ACTIONS.len());
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
fn only_functions_that_call_paypal_may_read_its_access_token_or_its_credentials() {
    let statements = statements();
    for function in template().functions {
        let calls_paypal = function
            .variables
            .contains_key("PAYPAL_CREDENTIALS_PARAMETER");
        let of_role = || statements.iter().filter(|s| s.role == function.resource);
        let may = of_role().any(|s| s.covers("dynamodb:GetItem", "", "PAYPAL_ACCESS_TOKEN"));
        assert_eq!(may, calls_paypal, "{}", function.name);
        let reads = of_role().any(|s| s.resource.ends_with("/paypal/credentials"));
        assert_eq!(reads, calls_paypal, "{}", function.name);
    }
}

/// The mock of AWS asks no key: a role that may read a secret and not decrypt it would be
/// found by the first start in the cloud.
#[test]
fn whoever_may_read_a_secret_may_decrypt_it() {
    let statements = statements();
    let mut secrets = 0;
    for reads in &statements {
        if reads.actions != ["ssm:GetParameter"] {
            continue;
        }
        secrets += 1;
        let decrypts = statements.iter().any(|other| {
            let of = "StringEquals kms:EncryptionContext:PARAMETER_ARN";
            other.role == reads.role
                && other.actions == ["kms:Decrypt"]
                && other.conditions.get(of) == Some(&vec![reads.resource.clone()])
        });
        assert!(decrypts, "{} {}", reads.role, reads.sid);
    }
    assert!(secrets > 6, "{secrets}");
}

#[test]
fn only_the_function_that_signs_may_read_the_signing_key() {
    let readers: BTreeSet<String> = statements()
        .into_iter()
        .filter(|s| s.resource.ends_with("/token/signing-key"))
        .map(|s| s.role)
        .collect();
    assert_eq!(readers, BTreeSet::from(["IssueTickets".to_owned()]));
}

#[test]
fn the_key_opens_only_through_the_service_that_needs_it() {
    for statement in statements() {
        if statement
            .actions
            .iter()
            .any(|action| action.starts_with("kms:"))
        {
            let via = &statement.conditions["StringEquals kms:ViaService"][0];
            assert!(
                via == "dynamodb.${AWS::Region}.amazonaws.com"
                    || via == "ssm.${AWS::Region}.amazonaws.com",
                "{}.{}: {via}",
                statement.role,
                statement.sid
            );
        }
    }
}

#[test]
fn logs_hold_no_address_that_was_asked_for() {
    for (key, kind) in [
        ("AccessLogSetting.Format", "AWS::Serverless::Api"),
        ("AccessLogSettings.Format", "AWS::Serverless::HttpApi"),
    ] {
        let (_, api) = of_type(kind).remove(0);
        let properties = api.get("Properties").unwrap();
        let format = properties.get(key).unwrap().text().unwrap();
        for variable in format.split("$context.").skip(1) {
            let name: String = variable
                .chars()
                .take_while(|char| char.is_ascii_alphanumeric() || *char == '.')
                .collect();
            let is_harmless = [
                "requestId",
                "awsEndpointRequestId",
                "requestTime",
                "httpMethod",
                "resourcePath",
                "routeKey",
                "status",
                "responseLength",
                "responseLatency",
                "integration.status",
                "integrationStatus",
                "wafResponseCode",
                "authorizer.error",
            ];
            // Who asked the office for which case is what § 76 BDSG wants written down.
            let is_office = kind == "AWS::Serverless::HttpApi";
            let is_asked_for = ["path", "authorizer.claims.sub"].contains(&name.as_str());
            let is_allowed = is_harmless.contains(&name.as_str()) || (is_office && is_asked_for);
            assert!(is_allowed, "{kind}: {name}");
        }
        // Else nobody finds the lines of a request that somebody asks about.
        let names_request = format.contains("$context.awsEndpointRequestId");
        assert!(names_request, "{kind}");
    }
    let (_, api) = of_type("AWS::Serverless::Api").remove(0);
    for setting in api.get("Properties.MethodSettings").unwrap().items() {
        assert_eq!(setting.get("LoggingLevel").unwrap().text().unwrap(), "OFF");
        assert_eq!(
            setting.get("DataTraceEnabled").unwrap().text().unwrap(),
            "false"
        );
    }
    for (name, group) in of_type("AWS::Logs::LogGroup") {
        assert!(group.get("Properties.RetentionInDays").is_ok(), "{name}");
        assert!(group.get("Properties.KmsKeyId").is_ok(), "{name}");
    }
}

/// § 76(4) BDSG: what was written in one year is deleted at the end of the next.
#[test]
fn the_log_of_who_looked_at_which_case_ends_with_the_year_after() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../retention.yaml");
    let part = Node::parse(&std::fs::read_to_string(file).unwrap()).unwrap();
    let days_from = |schedule: &str| {
        let path = format!("Resources.{schedule}.Properties");
        let schedule = part.get(&path).unwrap();
        let text = |key: &str| schedule.get(key).unwrap().text().unwrap();
        assert_eq!(text("ScheduleExpressionTimezone"), "Europe/Berlin");
        let (_, input) = schedule.get("Target.Input").unwrap().tagged().unwrap();
        let input = input.text().unwrap();
        let (_, days) = input.split_once("\"RetentionInDays\":").unwrap();
        let days: u32 = days.trim_end_matches('}').parse().unwrap();
        (text("ScheduleExpression"), days)
    };
    let (at, days) = days_from("YearEnds");
    assert_eq!((at.as_str(), days), ("cron(0 1 1 1 ? *)", 365));
    let (at, days) = days_from("YearGoesOn");
    // AWS takes up to 72 hours for what is due, and a longer retention would keep it.
    assert_eq!(at, "cron(0 1 5 1 ? *)");
    let all = resources();
    let retention = all
        .get("OfficeAccessLogs.Properties.RetentionInDays")
        .unwrap();
    assert_eq!(retention.text().unwrap(), days.to_string());
    // From the first of a year until the last of the next: one of them may be a leap year.
    assert!(days >= 365 + 366);
}

/// At WARN Lambda leaves out the lines that say so; a line that is no JSON is found by no
/// query; and a trace would hold the address that was asked for.
#[test]
fn lambda_says_what_a_request_cost_and_how_cold_it_began_and_traces_nothing() {
    let functions = Node::parse(TEXT).unwrap().get("Globals.Function").unwrap();
    for (key, expected) in [("SystemLogLevel", "INFO"), ("LogFormat", "JSON")] {
        let set = functions.get(&format!("LoggingConfig.{key}")).unwrap();
        assert_eq!(set.text().unwrap(), expected);
    }
    assert!(functions.get("Tracing").is_err());
    for (name, function) in of_type("AWS::Serverless::Function") {
        assert!(function.get("Properties.Tracing").is_err(), "{name}");
        for key in ["SystemLogLevel", "LogFormat"] {
            let own = function.get(&format!("Properties.LoggingConfig.{key}"));
            assert!(own.is_err(), "{name}: {key}");
        }
    }
    let (_, api) = of_type("AWS::Serverless::Api").remove(0);
    let traced = api.get("Properties.TracingEnabled").unwrap();
    assert_eq!(traced.text().unwrap(), "false");
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

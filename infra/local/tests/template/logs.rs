//! What is written down, and for how long.

use std::path::Path;

use local::template::{Node, TEXT};

use super::{of_type, resources};

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
        let told = |key: &str| {
            let (_, text) = schedule.get(key).unwrap().tagged().unwrap();
            text.text().unwrap()
        };
        let call = "arn:${AWS::Partition}:scheduler:::aws-sdk:cloudwatchlogs:putRetentionPolicy";
        assert_eq!(told("Target.Arn"), call);
        let input = told("Target.Input");
        assert!(
            input.starts_with(r#"{"LogGroupName":"${LogGroup}","#),
            "{input}"
        );
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

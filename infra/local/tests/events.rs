//! The events in `events/` are what the template's triggers bring.

#![expect(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use lambda_http::request::LambdaRequest;
use lambda_http::{Request, RequestExt};
use local::template::{TEXT, Template, Trigger};
use serde_json::Value;

fn events() -> Vec<(PathBuf, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events");
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            (path.clone(), serde_json::from_str(&text).unwrap())
        })
        .collect()
}

/// What an event calls for, and what brings it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Called {
    Public(String, String),
    Office(String, String),
    Schedule,
    Stream,
}

fn called(event: &Value) -> Called {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    if event["version"] == "2.0" {
        let key = text(&event["routeKey"]);
        let (method, path) = key.split_once(' ').unwrap();
        Called::Office(method.to_owned(), path.to_owned())
    } else if event["source"] == "aws.events" || event["reconcile"].is_object() {
        Called::Schedule
    } else if event["Records"].is_array() {
        Called::Stream
    } else {
        Called::Public(text(&event["httpMethod"]), text(&event["resource"]))
    }
}

#[test]
fn every_trigger_has_an_event_and_every_event_a_trigger() {
    let mut triggers = BTreeSet::new();
    for function in Template::parse(TEXT).unwrap().functions {
        for trigger in function.triggers {
            triggers.insert(match trigger {
                Trigger::Public(route) => {
                    Called::Public(route.method.to_string(), route.path.as_str().to_owned())
                }
                Trigger::Office { route, .. } | Trigger::OfficeForAnyone(route) => {
                    Called::Office(route.method.to_string(), route.path.as_str().to_owned())
                }
                Trigger::Schedule => Called::Schedule,
                Trigger::Stream => Called::Stream,
            });
        }
    }
    let events: BTreeSet<Called> = events().iter().map(|(_, event)| called(event)).collect();
    assert_eq!(events, triggers);
}

#[test]
fn lambda_http_reads_each_event_as_the_kind_it_is() {
    for (path, event) in events() {
        let door = called(&event);
        if matches!(door, Called::Schedule | Called::Stream) {
            continue;
        }
        let read: LambdaRequest = serde_json::from_value(event.clone()).unwrap();
        match (&door, &read) {
            (Called::Public(..), LambdaRequest::ApiGatewayV1(_))
            | (Called::Office(..), LambdaRequest::ApiGatewayV2(_)) => {}
            _ => panic!("{}: read as another kind of event", path.display()),
        }
        let request: Request = read.into();
        let (Called::Public(method, route) | Called::Office(method, route)) = door else {
            continue;
        };
        assert_eq!(request.method().as_str(), method);
        for name in ["token", "attempt", "case_number"] {
            let is_asked_for = route.contains(&format!("{{{name}}}"));
            let parameters = request.path_parameters();
            assert_eq!(
                parameters.first(name).is_some(),
                is_asked_for,
                "{}: {name}",
                path.display()
            );
        }
    }
}

#[test]
fn an_office_event_carries_the_scope_its_route_asks_for() {
    let template = Template::parse(TEXT).unwrap();
    for (path, event) in events() {
        let Called::Office(method, wanted) = called(&event) else {
            continue;
        };
        let triggers = template.functions.iter().flat_map(|f| &f.triggers);
        let scopes = triggers.filter_map(|trigger| match trigger {
            Trigger::Office { route, scopes }
                if route.method == method.as_str() && route.path.as_str() == wanted =>
            {
                Some(scopes.clone())
            }
            Trigger::Office { .. }
            | Trigger::OfficeForAnyone(_)
            | Trigger::Public(_)
            | Trigger::Schedule
            | Trigger::Stream => None,
        });
        let jwt = &event["requestContext"]["authorizer"]["jwt"];
        let is_for_anyone = wanted == "/openapi.json";
        assert_eq!(jwt.is_null(), is_for_anyone, "{}", path.display());
        for scopes in scopes {
            assert_eq!(
                jwt["scopes"],
                serde_json::json!(scopes),
                "{}",
                path.display()
            );
            assert_eq!(jwt["claims"]["scope"], scopes[0], "{}", path.display());
        }
    }
}

//! The description has the routes that are deployed, with their scopes, and no others.

#![expect(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]

use std::collections::{BTreeMap, BTreeSet};

use local::template::{Route, TEXT, Template, Trigger};
use openapi::description;
use serde_json::Value;

/// The scopes that a route asks for, by the route; none where it asks for no token.
type Routes = BTreeMap<String, BTreeSet<String>>;

fn deployed() -> Routes {
    let template = Template::parse(TEXT).unwrap();
    let triggers = template.functions.into_iter().flat_map(|f| f.triggers);
    let key = |route: Route| format!("{} {}", route.method, route.path.as_str());
    let office = triggers.filter_map(|trigger| match trigger {
        Trigger::Office { route, scopes } => Some((key(route), scopes.into_iter().collect())),
        Trigger::OfficeForAnyone(route) => Some((key(route), BTreeSet::new())),
        Trigger::Public(_) | Trigger::Schedule | Trigger::Stream => None,
    });
    office.collect()
}

fn described() -> Routes {
    let operations = description().operations.iter();
    let described = operations.map(|operation| {
        let scopes = operation.scopes().into_iter().map(str::to_owned);
        (operation.route_key.clone(), scopes.collect())
    });
    described.collect()
}

/// What to do, a line for each difference.
fn differences(deployed: &Routes, described: &Routes) -> Vec<String> {
    let document = "functions/shared/office/openapi.json";
    let all: BTreeSet<&String> = deployed.keys().chain(described.keys()).collect();
    let difference = |route: &String| match (deployed.get(route), described.get(route)) {
        (Some(scopes), None) => Some(format!(
            "template.yaml has {route} for {scopes:?}: describe it in {document}, under paths"
        )),
        (None, Some(_)) => Some(format!(
            "{document} describes {route}, which template.yaml does not have: take it out"
        )),
        (Some(asked), Some(said)) if asked != said => Some(format!(
            "{route} asks for {asked:?} in template.yaml, and {document} says {said:?} in its \
             security: write the same"
        )),
        (Some(_), Some(_)) | (None, None) => None,
    };
    all.into_iter().filter_map(difference).collect()
}

#[test]
fn every_route_that_is_deployed_is_described_with_its_scopes_and_no_other_is() {
    let differences = differences(&deployed(), &described());
    assert!(differences.is_empty(), "{differences:#?}");
}

#[test]
fn what_is_missing_is_said_with_where_it_belongs() {
    let route = |route: &str, scope: &str| (route.to_owned(), BTreeSet::from([scope.to_owned()]));
    let deployed = BTreeMap::from([route("GET /a", "a:read"), route("GET /b", "b:read")]);
    let described = BTreeMap::from([route("GET /b", "b:write"), route("GET /c", "c:read")]);
    let said = differences(&deployed, &described);
    for (line, words) in said.iter().zip([
        ["GET /a", "a:read", "describe it", "openapi.json"],
        ["GET /b", "b:read", "b:write", "write the same"],
        ["GET /c", "describes", "take it out", "template.yaml"],
    ]) {
        assert!(words.iter().all(|word| line.contains(word)), "{line}");
    }
    assert_eq!(said.len(), 3, "{said:#?}");
}

#[test]
fn every_parameter_of_a_path_is_described_and_required() {
    for operation in &description().operations {
        let (_, path) = operation.method_and_path();
        let in_path: BTreeSet<&str> = path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
            .collect();
        let parameters = operation.described["parameters"].as_array();
        let described: BTreeSet<&str> = parameters
            .into_iter()
            .flatten()
            .filter(|parameter| parameter["in"] == "path" && parameter["required"] == true)
            .filter_map(|parameter| parameter["name"].as_str())
            .collect();
        assert_eq!(described, in_path, "{}", operation.route_key);
    }
}

#[test]
fn whoever_asks_for_a_token_says_how_he_refuses_one() {
    for operation in &description().operations {
        let answers = operation.described["responses"].as_object().unwrap();
        let asks = !operation.scopes().is_empty();
        for status in ["401", "403"] {
            let says = answers.contains_key(status);
            assert_eq!(says, asks, "{} {status}", operation.route_key);
        }
        for status in ["429", "500", "503"] {
            assert!(
                answers.contains_key(status),
                "{} {status}",
                operation.route_key
            );
        }
    }
}

#[test]
fn every_operation_has_a_name_of_its_own_and_sentences_to_read() {
    let mut names = BTreeSet::new();
    for operation in &description().operations {
        let text = |key: &str| operation.described[key].as_str().unwrap_or_default();
        assert!(names.insert(text("operationId")), "{}", operation.route_key);
        for key in ["summary", "description"] {
            assert!(!text(key).is_empty(), "{}: {key}", operation.route_key);
        }
        for (status, answer) in operation.described["responses"].as_object().unwrap() {
            let said = answer["description"].as_str().map(str::len);
            assert!(said > Some(0), "{} {status}", operation.route_key);
        }
        let tags = operation.described["tags"].as_array().unwrap();
        let listed = description().document["tags"].as_array().unwrap();
        let is_listed = |tag: &Value| listed.iter().any(|one| one["name"] == *tag);
        assert!(tags.iter().all(is_listed), "{}", operation.route_key);
    }
}

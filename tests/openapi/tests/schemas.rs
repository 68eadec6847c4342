//! The schemas are schemas, and what stands beside them as an example fits them.

#![expect(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]

use openapi::{description, jsonschema, validator};
use serde_json::Value;

fn components() -> &'static Value {
    &description().document["components"]
}

#[test]
fn every_schema_is_one() {
    for (name, schema) in components()["schemas"].as_object().unwrap() {
        if let Err(error) = jsonschema::draft202012::meta::validate(schema) {
            panic!("{name}: {error}");
        }
        // Builds, so every schema that it names is there.
        let _ = validator(schema, components());
    }
}

/// The examples of a media type, a parameter, a schema.
fn examples(node: &Value) -> Vec<&Value> {
    let several = node["examples"].as_object().into_iter().flatten();
    let several = several.map(|(_, example)| &example["value"]);
    node.get("example").into_iter().chain(several).collect()
}

/// Where examples do not fit the schema beside them.
fn misfits(node: &Value, at: &str, found: &mut Vec<String>) {
    let Some(map) = node.as_object() else {
        for (index, item) in node.as_array().into_iter().flatten().enumerate() {
            misfits(item, &format!("{at}/{index}"), found);
        }
        return;
    };
    // In a schema the example stands within.
    let schema = map
        .get("schema")
        .or((!at.contains("/content/")).then_some(node));
    for example in schema.map(|_| examples(node)).into_iter().flatten() {
        let schema = schema.unwrap();
        let lines: Vec<Value> = match (schema.get("contentSchema"), example.as_str()) {
            (Some(_), Some(text)) => text
                .lines()
                .map(|it| serde_json::from_str(it).unwrap())
                .collect(),
            _ => vec![example.clone()],
        };
        let schema = schema.get("contentSchema").unwrap_or(schema);
        for line in &lines {
            if let Err(error) = validator(schema, components()).validate(line) {
                found.push(format!("{at}: {error}"));
            }
        }
    }
    for (key, value) in map.iter().filter(|(key, _)| !key.starts_with("example")) {
        misfits(value, &format!("{at}/{key}"), found);
    }
}

#[test]
fn every_example_fits_its_schema() {
    let mut found = Vec::new();
    misfits(&description().document["paths"], "paths", &mut found);
    misfits(&description().document["webhooks"], "webhooks", &mut found);
    misfits(components(), "components", &mut found);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_body_and_every_answer_in_json_has_an_example() {
    for operation in &description().operations {
        let (route, described) = (&operation.route_key, &operation.described);
        if let Some((_, media)) = operation.body() {
            assert!(!examples(media).is_empty(), "{route}");
        }
        for (status, answer) in described["responses"].as_object().unwrap() {
            for (media_type, media) in answer["content"].as_object().unwrap() {
                let is_good = status.starts_with('2') && media_type.ends_with("json");
                let is_description = route == "GET /openapi.json";
                let has_one = !examples(media).is_empty() || !is_good || is_description;
                assert!(has_one, "{route} {status} {media_type}");
            }
        }
    }
}

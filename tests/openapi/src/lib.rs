//! The office API's description (`office::OPENAPI`), read, to be held against what it
//! describes.
//!
//! Whoever reads an answer must leave out fields he does not know, so that there may be
//! more of them one day. Here they are looked for: a field that is answered and not
//! described is a fault.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "support for tests: what fails here is a failed test"
)]

mod closed;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};

pub use jsonschema;

/// The description.
pub struct Description {
    /// As it is served.
    pub document: Value,
    /// Its operations, in its order.
    pub operations: Vec<Operation>,
}

/// One method of one path.
pub struct Operation {
    /// As API Gateway writes it: `PUT /tickets/{case_number}`.
    pub route_key: String,
    /// The operation itself, every part that it shares with others put in.
    pub described: Value,
    components: Value,
    closed_components: Value,
    /// Of answers, by status and media type: each is made once.
    answers: Mutex<BTreeMap<(u16, String), Arc<Validator>>>,
}

/// The methods of a path; what else stands there is no operation.
const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

/// The description of the office API.
pub fn description() -> &'static Description {
    static DESCRIPTION: OnceLock<Description> = OnceLock::new();
    DESCRIPTION.get_or_init(|| Description::read(office::OPENAPI))
}

impl Description {
    fn read(text: &str) -> Self {
        let document: Value = serde_json::from_str(text).expect("openapi.json is JSON");
        let components = document["components"].clone();
        let closed_components = closed::components(&components);
        let mut operations = Vec::new();
        for (path, item) in document["paths"].as_object().expect("paths") {
            for (method, operation) in item.as_object().expect("operations") {
                assert!(METHODS.contains(&method.as_str()), "{path}: {method}");
                operations.push(Operation {
                    route_key: format!("{} {path}", method.to_uppercase()),
                    described: put_in(operation, &document),
                    components: components.clone(),
                    closed_components: closed_components.clone(),
                    answers: Mutex::default(),
                });
            }
        }
        Self {
            document,
            operations,
        }
    }

    /// The operation of this method and path.
    #[must_use]
    pub fn operation(&self, route_key: &str) -> Option<&Operation> {
        let mut all = self.operations.iter();
        all.find(|operation| operation.route_key == route_key)
    }
}

/// Shared parameters, headers and answers in the places where they are named; schemas
/// keep their names.
fn put_in(node: &Value, document: &Value) -> Value {
    match node {
        Value::Object(map) => {
            let named = map.get("$ref").and_then(Value::as_str);
            if let Some(named) = named.filter(|named| !named.contains("/schemas/")) {
                let shared = document.pointer(named.trim_start_matches('#'));
                return put_in(shared.unwrap_or_else(|| panic!("{named}")), document);
            }
            let entries = map
                .iter()
                .map(|(key, value)| (key.clone(), put_in(value, document)));
            Value::Object(entries.collect())
        }
        Value::Array(items) => items.iter().map(|item| put_in(item, document)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => node.clone(),
    }
}

impl Operation {
    /// Method and path.
    #[must_use]
    pub fn method_and_path(&self) -> (&str, &str) {
        self.route_key.split_once(' ').expect("method and path")
    }

    /// The scopes of which a caller needs one.
    #[must_use]
    pub fn scopes(&self) -> Vec<&str> {
        let alternatives = self.described["security"].as_array().expect("security");
        let scopes = alternatives.iter().flat_map(|one| {
            let scopes = one["City"].as_array().expect("the city's sign-in");
            assert_eq!(scopes.len(), 1, "{}: one of them is enough", self.route_key);
            scopes.iter().filter_map(Value::as_str)
        });
        scopes.collect()
    }

    /// What is sent: media type and its description, where there is a body.
    #[must_use]
    pub fn body(&self) -> Option<(&str, &Value)> {
        let content = self
            .described
            .pointer("/requestBody/content")?
            .as_object()?;
        let (media_type, media) = content.iter().next()?;
        Some((media_type, media))
    }

    /// The schema of what is sent, of one line where there are many.
    #[must_use]
    pub fn body_schema(&self) -> Option<&Value> {
        let (_, media) = self.body()?;
        Some(
            media["schema"]
                .get("contentSchema")
                .unwrap_or(&media["schema"]),
        )
    }

    /// What accepts the body as described, or a line of it.
    #[must_use]
    pub fn body_validator(&self) -> Option<Validator> {
        Some(validator(self.body_schema()?, &self.components))
    }

    /// What is not as described about an answer; nothing where all is.
    #[must_use]
    pub fn faults(&self, status: u16, content_type: &str, body: &[u8]) -> Vec<String> {
        let fault = |what: &str| vec![format!("{} {status}: {what}", self.route_key)];
        let Some(answer) = self.described["responses"].get(status.to_string()) else {
            return fault("this status is not described");
        };
        let Some(media) = answer["content"].get(content_type) else {
            return fault(&format!("{content_type} is not described"));
        };
        let mut faults: Vec<String> = Vec::new();
        let mut hold = |text: &[u8]| match serde_json::from_slice(text) {
            Ok(found) => {
                let validator = self.answer_validator(status, content_type, &media["schema"]);
                faults.extend(validator.iter_errors(&found).map(|error| {
                    let at = error.instance_path();
                    format!("at {at}: {error} in {found}")
                }));
            }
            Err(error) => faults.push(format!("{error}: {}", String::from_utf8_lossy(text))),
        };
        match content_type {
            "application/x-ndjson" => body.split_inclusive(|byte| *byte == b'\n').for_each(hold),
            "application/json" | "application/problem+json" => hold(body),
            _ => {}
        }
        if content_type == "application/problem+json" {
            let problem: Value = serde_json::from_slice(body).unwrap_or_default();
            if problem["status"] != json!(status) {
                faults.push(format!("the document says another status: {problem}"));
            }
        }
        faults.iter().flat_map(|what| fault(what)).collect()
    }

    /// What accepts an answer, or one line of it, and no field that is not described.
    fn answer_validator(&self, status: u16, content_type: &str, schema: &Value) -> Arc<Validator> {
        let mut made = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let made = made.entry((status, content_type.to_owned()));
        let validator = made.or_insert_with(|| {
            let schema = schema.get("contentSchema").unwrap_or(schema);
            let closed = closed::schema(schema);
            Arc::new(validator(&closed, &self.closed_components))
        });
        Arc::clone(validator)
    }
}

/// What accepts this schema; it may name the components.
#[must_use]
pub fn validator(schema: &Value, components: &Value) -> Validator {
    let mut root: Map<String, Value> = schema.as_object().expect("a schema").clone();
    root.insert("components".to_owned(), components.clone());
    let options = jsonschema::options().with_draft(Draft::Draft202012);
    let built = options
        .should_validate_formats(true)
        .build(&Value::Object(root));
    built.unwrap_or_else(|error| panic!("{schema}: {error}"))
}

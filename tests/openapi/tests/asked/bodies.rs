//! What the schemas of bodies take, the functions take, and what the one refuses, so does
//! the other: each example, with each field left out, added, and made everything that a
//! field may be by mistake.

use std::collections::BTreeSet;

use crate::asking::{Office, bodies, bytes, path};
use openapi::{Operation, description};
use serde_json::{Map, Value, json};

/// Nothing was issued under it, so what can be read is answered 404, or issued.
const CASE_NUMBER: &str = "32-1-123-26";
/// The most lines that go at once.
const LINES: usize = 400;

/// What somebody may write into a field. Moments are near now: one that is far off is
/// refused for that, as no schema can say.
fn values(field: &str) -> Vec<Value> {
    let day = if field == "until" {
        "2026-02-26"
    } else {
        "2026-02-19"
    };
    let long = |count: usize, what: &str| what.repeat(count);
    let mut values = vec![
        json!(null),
        json!(true),
        json!(0),
        json!(25),
        json!(25.5),
        json!([]),
        json!(["x"]),
        json!({}),
        json!({ "number": "1" }),
        json!({ "number": "1", "text": "x" }),
        json!({ "number": "1", "text": "x", "more": "x" }),
    ];
    let texts = "|x|X| |  |x |\u{a0}|\u{3000}x|\n|x\n|x\ty|x\u{0}|\u{7f}|a\u{85}b|\u{200b}|a\u{202e}b|\u{2060}|\u{feff}|\
        ä|ÄÖ 1|KL-AB 123|KL-AB 1| KL-1|KL-1 |--|- -|K#1|KL_1|ß1|KL/1|32.1-123/26|KL-1|cash|transfer|paypal|Cash|\
        2026-4711|E2E/2026|a#b|a b|\"|~|!|ü|cash-2026-4711|3C679366HH908993F|\
        0.00|0.01|0.1|0.99|1.00|4.99|5.00|05.00|00.00|7.50|25.00|25,00|25|25.0|25.000|30.00|55.00|60.00|99.99|\
        999.99|1000.00|1000.01|9999999.99|10000000.00|-5.00|+5.00| 5.00|5.00 |1e3|1e3.00|NaN|٣٠.٠٠|５.00|\
        2026-02-26|2026-03-02|2026-02-30|2026-13-01|20260302|02.03.2026|2026-3-2|2026-03-02T00:00:00|２026-03-02|\
        DAYT14:05:00+01:00|DAYT14:05:00Z|DAYT14:05:00.5Z|DAYT14:05:00.123456789+01:00|DAYT14:05:00-05:30|\
        DAYT14:05:00|DAY 14:05:00+01:00|DAYT14:05+01:00|DAYT14:05:00+01|DAYT14:05:00+0100|DAYT14:05:00,5Z|\
        DAYT14:05:00.Z|DAYT14:05:00z|DAYt14:05:00Z|DAYT24:00:00Z|DAYT14:60:00Z|DAYT14:05:61Z|DAYT14:05:00+1:00|\
        DAYT14:05:00+01:60|DAYT14:05:00+01:00[Europe/Berlin]|DAYT14:05:00Z | DAYT14:05:00Z|DAYT14:05:00Z\n|\
        2026-02-30T14:05:00Z|2026-02-19|1771506300|+002026-02-19T14:05:00Z";
    values.extend(texts.split('|').map(|text| json!(text.replace("DAY", day))));
    for count in [15, 16, 27, 28, 70, 71, 80, 81, 140, 141, 300, 301] {
        values.extend(
            ["9", "-9", "ü", "€"].map(|what| json!(long(count / what.chars().count(), what))),
        );
    }
    values
}

/// The body with one thing about it changed, everywhere that something can be.
fn mutations(body: &Value, schema: &Value) -> Vec<Value> {
    let mut all = vec![body.clone()];
    let with = |field: &str, value: Value| {
        let mut changed = body.clone();
        changed[field] = value;
        changed
    };
    for (field, value) in body.as_object().unwrap() {
        let mut without = body.clone();
        without.as_object_mut().unwrap().remove(field);
        all.push(without);
        if value.is_object() {
            let inner = mutations(value, &schema["properties"][field]);
            all.extend(inner.into_iter().map(|value| with(field, value)));
        }
    }
    all.push(with("more", json!("x")));
    for field in fields(schema) {
        all.extend(values(&field).into_iter().map(|value| with(&field, value)));
    }
    all
}

/// The fields that a schema lists, or those that it is made of.
fn fields(schema: &Value) -> BTreeSet<String> {
    let own = |schema: &Value| {
        let names = schema["properties"].as_object().map(Map::keys);
        names.into_iter().flatten().cloned().collect::<Vec<_>>()
    };
    let parts = schema["allOf"].as_array().into_iter().flatten();
    let named = parts.flat_map(|part| own(named(part)));
    named.chain(own(schema)).collect()
}

/// The schema itself, by whatever name it is meant.
fn named(schema: &Value) -> &Value {
    let name = schema["$ref"]
        .as_str()
        .map(|name| name.trim_start_matches('#'));
    name.map_or(schema, |name| description().document.pointer(name).unwrap())
}

/// The same case in the path as in the body, where one stands there.
fn path_for(operation: &Operation, body: &Value) -> String {
    let own = body["case_number"].as_str().filter(|text| {
        let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        (1..=27).contains(&text.len()) && text.bytes().all(is_fit)
    });
    path(operation).replace(CASE_NUMBER, own.unwrap_or(CASE_NUMBER))
}

/// Where schema and function differ about a body.
fn difference(route: &str, body: &Value, takes: bool, status: u64, said: &str) -> Option<String> {
    let is_taken = status != 400;
    (takes != is_taken).then(|| {
        let schema = if takes { "takes" } else { "refuses" };
        format!("{route}: the schema {schema} {body}, and the function says {status} {said}")
    })
}

#[tokio::test]
async fn a_schema_takes_what_its_function_takes_and_nothing_else() {
    let office = Office::opens().await;
    let (mut differences, mut asked) = (Vec::new(), 0);
    for operation in &description().operations {
        let Some(("application/json", media)) = operation.body() else {
            continue;
        };
        let (schema, validator) = (named(&media["schema"]), operation.body_validator().unwrap());
        for example in bodies(operation) {
            for body in mutations(&example, schema) {
                let answer = office
                    .ask(operation, &path_for(operation, &body), bytes(&body))
                    .await;
                let takes = validator.is_valid(&body);
                let (route, status) = (&operation.route_key, answer.status.into());
                differences.extend(difference(route, &body, takes, status, &answer.text));
                asked += 1;
            }
        }
    }
    assert!(
        differences.is_empty(),
        "of {asked}, {}: {differences:#?}",
        differences.len()
    );
    assert!(asked > 4_000, "{asked}");
}

#[tokio::test]
async fn a_schema_takes_the_lines_that_its_function_takes_and_no_others() {
    let office = Office::opens().await;
    let mut differences = Vec::new();
    for operation in &description().operations {
        let Some(("application/x-ndjson", media)) = operation.body() else {
            continue;
        };
        let schema = named(&media["schema"]["contentSchema"]);
        let validator = operation.body_validator().unwrap();
        let examples = bodies(operation).remove(0);
        for example in examples.as_str().unwrap().lines() {
            let lines = mutations(&serde_json::from_str(example).unwrap(), schema);
            for lines in lines.chunks(LINES) {
                let body: Vec<String> = lines.iter().map(Value::to_string).collect();
                let body = body.join("\n");
                let answer = office
                    .ask(operation, &path(operation), body.into_bytes())
                    .await;
                assert_eq!(answer.text.lines().count(), lines.len());
                for (line, said) in lines.iter().zip(answer.text.lines()) {
                    let answered: Value = serde_json::from_str(said).unwrap();
                    let (takes, status) = (validator.is_valid(line), &answered["status"]);
                    let status = status.as_u64().unwrap();
                    differences.extend(difference(&operation.route_key, line, takes, status, said));
                }
            }
        }
    }
    assert!(
        differences.is_empty(),
        "{}: {differences:#?}",
        differences.len()
    );
}

//! The schemas of answers, closed: a field that they do not list is a fault.

use serde_json::{Map, Value, json};

/// Where a schema is found as it was, for whoever adds fields to it by `allOf`.
const OPEN: &str = "#/components/open/";
const SCHEMAS: &str = "#/components/schemas/";

/// The components with each schema closed, and as it was beside.
pub(crate) fn components(components: &Value) -> Value {
    let mut closed = components.clone();
    closed["open"] = each(&components["schemas"], inside);
    closed["schemas"] = each(&components["schemas"], schema);
    closed
}

fn each(schemas: &Value, change: fn(&Value) -> Value) -> Value {
    let entries = schemas.as_object().into_iter().flatten();
    Value::Object(
        entries
            .map(|(name, schema)| (name.clone(), change(schema)))
            .collect(),
    )
}

/// A schema that takes no field but those it lists.
pub(crate) fn schema(schema: &Value) -> Value {
    let mut closed = inside(schema);
    let Some(map) = closed.as_object_mut() else {
        return closed;
    };
    let is_object = map.get("type") == Some(&json!("object"));
    let adds_fields = names_others(map);
    if (is_object || adds_fields) && !map.contains_key("additionalProperties") {
        map.insert("unevaluatedProperties".to_owned(), json!(false));
    }
    closed
}

/// The same with every schema inside of it closed.
fn inside(schema: &Value) -> Value {
    let Some(map) = schema.as_object() else {
        return schema.clone();
    };
    let entries = map.iter().map(|(key, value)| {
        let value = match key.as_str() {
            "properties" => each(value, self::schema),
            "items" => self::schema(value),
            "oneOf" | "anyOf" => list(value, self::schema),
            "allOf" => list(value, opened),
            _ => value.clone(),
        };
        (key.clone(), value)
    });
    Value::Object(entries.collect())
}

fn list(schemas: &Value, change: fn(&Value) -> Value) -> Value {
    let items = schemas.as_array().into_iter().flatten();
    items.map(change).collect()
}

/// One of those that make a schema together: closed alone it would refuse the fields of
/// the others.
fn opened(schema: &Value) -> Value {
    let named = schema.get("$ref").and_then(Value::as_str);
    match named.and_then(|named| named.strip_prefix(SCHEMAS)) {
        Some(name) => json!({ "$ref": format!("{OPEN}{name}") }),
        None => inside(schema),
    }
}

fn names_others(map: &Map<String, Value>) -> bool {
    let all_of = map.get("allOf").and_then(Value::as_array);
    all_of.is_some_and(|all| all.iter().any(|one| one.get("$ref").is_some()))
}

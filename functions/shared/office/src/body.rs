//! What the city sends, read strictly: each problem says which field, what was found
//! there, and what belongs there.

use lambda_http::Request;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::case_number::{self, FOUND_CHARS_MAX};
use crate::problem::{Kind, Problem};

/// The longest body of one JSON object, in bytes: the fields of a ticket at their
/// longest, each character written as two escapes, take less than 13 KB.
pub const OBJECT_BYTES_MAX: usize = 16 * 1024;

/// The body, without the mark some systems begin a UTF-8 file with.
#[must_use]
pub fn body(request: &Request) -> &[u8] {
    let bytes: &[u8] = request.body().as_ref();
    bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes)
}

/// Reads one JSON object; `what` is the word for it, with its article: `a ticket`.
///
/// # Errors
/// A problem that names the field and says what belongs there.
pub fn object<T: DeserializeOwned>(body: &[u8], what: &str) -> Result<T, Problem> {
    if body.len() > OBJECT_BYTES_MAX {
        return Err(Problem::new(
            Kind::TooLarge,
            format!("{what} has at most {OBJECT_BYTES_MAX} bytes"),
        ));
    }
    let invalid = |detail: String| Problem::new(Kind::InvalidRequest, detail);
    let text = std::str::from_utf8(body).map_err(|error| {
        let valid = error.valid_up_to();
        invalid(format!(
            "not UTF-8 after {valid} bytes: write JSON in UTF-8"
        ))
    })?;
    // serde reads a struct from an array too, field by field.
    if !text.trim_start().starts_with('{') {
        return Err(invalid(format!("not {what}: write one JSON object")));
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let object: T = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let path = path.trim_end_matches('.').trim_end_matches('?');
        match found(text, path) {
            Some(Value::String(found)) if path == case_number::FIELD => {
                case_number::read(&found).err()
            }
            Some(found) => with_found(&found, path, error.inner()),
            None => None,
        }
        .unwrap_or_else(|| unread(what, path, error.inner()))
    })?;
    json.end().map_err(|error| unread(what, "", &error))?;
    Ok(object)
}

/// What stands at this path, where the body can be read that far.
fn found(text: &str, path: &str) -> Option<Value> {
    let body: Value = serde_json::from_str(text).ok()?;
    let at = path.split('.').try_fold(&body, |at, field| at.get(field));
    at.filter(|at| at.is_string()).cloned()
}

/// A field's own sentence, which says what belongs there, after what was found.
fn with_found(found: &Value, path: &str, error: &serde_json::Error) -> Option<Problem> {
    let sentence = sentence(error);
    let found = found.as_str().filter(|_| sentence.starts_with("not "))?;
    let found: String = found.chars().take(FOUND_CHARS_MAX).collect();
    Some(Problem::with_field(
        path,
        format!("is {found:?}, {sentence}"),
    ))
}

/// serde's sentence, without where in the text it was.
fn sentence(error: &serde_json::Error) -> String {
    let mut sentence = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    if sentence.ends_with(&place) {
        sentence.truncate(sentence.len() - place.len());
    }
    sentence
}

/// Turns serde's error into a problem. A field that is missing, unknown or twice there
/// is named by serde's sentence, any other by the path.
fn unread(what: &str, path: &str, error: &serde_json::Error) -> Problem {
    let sentence = sentence(error);
    let (named, detail) = in_our_words(&sentence);
    match (path, named) {
        ("", None) => Problem::new(
            Kind::InvalidRequest,
            format!("not {what}, at column {}: {detail}", error.column()),
        ),
        ("", Some(field)) => Problem::with_field(field, detail),
        (path, Some(field)) if path.rsplit('.').next() != Some(field) => {
            Problem::with_field(format!("{path}.{field}"), detail)
        }
        (path, _) => Problem::with_field(path, detail),
    }
}

/// The field that serde's sentence names, and the sentence as a clerk's software vendor
/// can act upon it.
fn in_our_words(sentence: &str) -> (Option<&str>, String) {
    let named = |start: &str| sentence.strip_prefix(start)?.split('`').next();
    if let Some(field) = named("missing field `") {
        return (Some(field), "is missing: send it".to_owned());
    }
    if let Some(field) = named("duplicate field `") {
        return (Some(field), "is there twice: send it once".to_owned());
    }
    if let Some(field) = named("unknown field `") {
        let known = sentence.split_once(", ").map(|(_, known)| known);
        let known = known.unwrap_or_default().replace('`', "");
        let known = known
            .trim_start_matches("expected one of ")
            .trim_start_matches("expected ")
            .to_owned();
        return (Some(field), format!("is not known here: send {known}"));
    }
    let wrong = sentence
        .strip_prefix("invalid type: ")
        .and_then(|rest| rest.rsplit_once(", expected "));
    let Some((found, expected)) = wrong else {
        return (None, sentence.to_owned());
    };
    let found = match found.split_once(' ') {
        Some(("integer" | "boolean", value)) => value.replace('`', ""),
        Some(("floating", value)) => value.replace("point", "").replace('`', ""),
        Some(("string", _)) => "a text".to_owned(),
        Some(_) | None if found == "sequence" => "a list".to_owned(),
        Some(_) | None if found == "map" => "an object".to_owned(),
        Some(_) | None => found.to_owned(),
    };
    let expected = match expected {
        "a string" => "a text in quotes",
        other => other,
    };
    (None, format!("is {}, and must be {expected}", found.trim()))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wish {
        #[expect(dead_code, reason = "only read")]
        reason: String,
        #[expect(dead_code, reason = "only read")]
        more: Option<More>,
        #[expect(dead_code, reason = "only read")]
        case_number: Option<ticket::CaseNumber>,
        #[serde(default, deserialize_with = "crate::fields::day")]
        #[expect(dead_code, reason = "only read")]
        until: Option<jiff::civil::Date>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields, expecting = "an object with days")]
    struct More {
        #[expect(dead_code, reason = "only read")]
        days: u8,
    }

    fn problem(body: &Value) -> (Value, Value) {
        let problem = object::<Wish>(body.to_string().as_bytes(), "a wish").unwrap_err();
        let document = serde_json::to_value(problem.document()).unwrap();
        assert_eq!(document["type"], "/problems/invalid-request");
        (document["field"].clone(), document["detail"].clone())
    }

    #[test]
    fn each_problem_says_which_field_what_was_found_and_what_to_send() {
        for (body, field, detail) in [
            (json!({}), "reason", "is missing: send it"),
            (
                json!({ "reason": 30 }),
                "reason",
                "is 30, and must be a text in quotes",
            ),
            (
                json!({ "reason": 30.5 }),
                "reason",
                "is 30.5, and must be a text in quotes",
            ),
            (
                json!({ "reason": null }),
                "reason",
                "is null, and must be a text in quotes",
            ),
            (
                json!({ "reason": ["x"] }),
                "reason",
                "is a list, and must be a text in quotes",
            ),
            (
                json!({ "reason": { "x": 1 } }),
                "reason",
                "is an object, and must be a text in quotes",
            ),
            (
                json!({ "reason": "x", "grund": 1 }),
                "grund",
                "is not known here: send reason, more, case_number, until",
            ),
            (
                json!({ "reason": "x", "more": "7" }),
                "more",
                "is a text, and must be an object with days",
            ),
            (
                json!({ "reason": "x", "more": {} }),
                "more.days",
                "is missing: send it",
            ),
        ] {
            assert_eq!(problem(&body), (json!(field), json!(detail)), "{body}");
        }
    }

    #[test]
    fn a_text_that_does_not_fit_its_field_is_said_again() {
        for (body, field, detail) in [
            (
                json!({ "reason": "x", "until": "24.11.2026" }),
                "until",
                "is \"24.11.2026\", not a day: write it like 2026-11-24",
            ),
            (
                json!({ "reason": "x", "case_number": 17 }),
                "case_number",
                "is 17, and must be a text in quotes",
            ),
            (
                json!({ "reason": "x", "case_number": "32.1-123/26" }),
                "case_number",
                "is \"32.1-123/26\", and must be 1 to 27 letters A-Z and a-z, digits and \
                 hyphens: send a hyphen for every other character, like 32-1-123-26",
            ),
        ] {
            assert_eq!(problem(&body), (json!(field), json!(detail)), "{body}");
        }
    }

    #[test]
    fn what_is_no_object_is_said_with_its_word() {
        let (field, detail) = problem(&json!(["x"]));
        assert_eq!(field, Value::Null);
        assert_eq!(detail, "not a wish: write one JSON object");
    }
}

//! The secrets, each a parameter under the stack's key.

use std::io::Read;

use serde_json::Value;

use crate::Problem;
use crate::stack::Stack;

/// Longer than any; an advanced parameter holds 8 KB.
const LEN_MAX: u64 = 8 * 1024;

/// Each by its name, and what it is.
pub(crate) const ALL: [(&str, &str); 4] = [
    (
        "paypal/credentials",
        "put {\"client_id\":…,\"client_secret\":…} with `ops secrets put paypal/credentials`",
    ),
    ("token/signing-key", "`ops keys new` writes it"),
    (
        "paypal/webhook-anchors",
        "compiled-in, or the roots and intermediates of PayPal's signing certificates as PEM",
    ),
    (
        "subscribers",
        "[], or who is told of changes: [{\"id\":…,\"url\":…,\"secrets\":[…]}]",
    ),
];

/// What is there before anybody has said anything.
pub(crate) fn at_first(secret: &str) -> Option<&'static str> {
    match secret {
        "paypal/webhook-anchors" => Some("compiled-in"),
        "subscribers" => Some("[]"),
        _ => None,
    }
}

/// Reads one from standard input, where no list of processes shows it.
pub(crate) fn read(secret: &str) -> Result<String, Problem> {
    if !ALL.iter().any(|(name, _)| *name == secret) {
        let names = ALL.map(|(name, _)| name).join(", ");
        return Err(Problem::new(format!(
            "there is no secret {secret}, only {names}"
        )));
    }
    let mut value = String::new();
    let read = std::io::stdin()
        .take(LEN_MAX + 1)
        .read_to_string(&mut value);
    let len = read.map_err(|error| Problem::new(format!("standard input: {error}")))?;
    // Half of a list of certificates would be one, too.
    if u64::try_from(len).is_ok_and(|len| len > LEN_MAX) {
        return Err(Problem::new(format!("that is longer than {LEN_MAX} bytes")));
    }
    let value = value.trim().to_owned();
    // Never the value itself: it is a secret, even where it is wrong.
    is_right(secret, &value).then_some(value).ok_or_else(|| {
        Problem::new(format!(
            "that is not what {secret} must be: {}",
            what(secret)
        ))
    })
}

/// Writes it.
pub(crate) async fn put(stack: &Stack, secret: &str, value: &str) -> Result<Vec<String>, Problem> {
    stack.put_secret(secret, value).await?;
    let name = stack.parameter_name(secret);
    Ok(vec![format!(
        "{name}  is written; next: `ops apply`, so that the functions read it"
    )])
}

fn what(secret: &str) -> &'static str {
    let found = ALL.iter().find(|(name, _)| *name == secret);
    found.map_or("", |(_, write)| write)
}

pub(crate) fn is_right(secret: &str, value: &str) -> bool {
    let json = serde_json::from_str::<Value>(value).ok();
    match secret {
        "paypal/credentials" => json.is_some_and(|it| {
            let is_set = |field: &str| it[field].as_str().is_some_and(|text| !text.is_empty());
            is_set("client_id") && is_set("client_secret")
        }),
        "subscribers" => json.is_some_and(|it| it.is_array()),
        "paypal/webhook-anchors" => {
            value == "compiled-in" || value.contains("-----BEGIN CERTIFICATE-----")
        }
        _ => value.contains("-----BEGIN PRIVATE KEY-----"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_at_first_is_right_and_half_a_secret_is_not() {
        for (secret, _) in ALL {
            assert!(
                at_first(secret).is_none_or(|value| is_right(secret, value)),
                "{secret}"
            );
            assert!(!is_right(secret, ""), "{secret}");
        }
        assert!(!is_right("paypal/credentials", r#"{"client_id":"a"}"#));
        assert!(is_right(
            "paypal/credentials",
            r#"{"client_id":"a","client_secret":"b"}"#
        ));
        assert!(!is_right("subscribers", "{}"));
    }
}

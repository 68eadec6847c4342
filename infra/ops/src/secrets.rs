//! The secrets, each a parameter under the stack's key.

use std::io::Read;

use notify_city::Subscriptions;
use paypal::{check_credentials, trust_ends};
use serde_json::Value;
use token::{Keys, SigningKey};

use crate::Problem;
use crate::place::CREDENTIALS;
use crate::stack::Stack;

/// Longer than any; an advanced parameter holds 8 KB.
const LEN_MAX: u64 = 8 * 1024;

/// Each by its name, and what it is.
pub(crate) const ALL: [(&str, &str); 4] = [
    (
        "paypal/credentials",
        "put {\"client_id\":…,\"client_secret\":…} with `ops --yes secrets put paypal/credentials`",
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
    Ok(value.trim().to_owned())
}

/// Writes it, where a function would start with it.
pub(crate) async fn put(stack: &Stack, secret: &str, value: &str) -> Result<Vec<String>, Problem> {
    check(stack, secret, value).await?;
    if secret == CREDENTIALS {
        is_same_app(stack, value).await?;
    }
    stack.put_secret(secret, value).await?;
    let name = stack.parameter_name(secret);
    Ok(vec![format!(
        "{name}  is written; next: `ops apply`, so that the functions read it"
    )])
}

/// PayPal shows an app the orders of no other: what is being paid with the old one could not
/// be asked about any more.
async fn is_same_app(stack: &Stack, value: &str) -> Result<(), Problem> {
    let client_id = |text: &str| {
        let written = serde_json::from_str::<Value>(text).unwrap_or_default();
        written["client_id"].as_str().map(str::to_owned)
    };
    let before = stack.parameter(CREDENTIALS).await?;
    let before = before.as_deref().and_then(client_id);
    if before.is_none() || before == client_id(value) {
        return Ok(());
    }
    let name = stack.parameter_name(CREDENTIALS);
    Err(Problem::new(format!(
        "that is another app's client_id, and what is being paid with the one there could not be \
         asked about any more. Where it is meant: close captures, wait three days, and \
         `aws ssm delete-parameter --name {name}` first"
    )))
}

/// Whether the functions would start with it, by their own words. Never the value itself: it
/// is a secret, even where it is wrong.
pub(crate) async fn check(stack: &Stack, secret: &str, value: &str) -> Result<(), Problem> {
    let wrong = |why: &dyn std::fmt::Display| Problem::new(format!("{secret}: {why}"));
    match secret {
        CREDENTIALS => check_credentials(value).map_err(|error| wrong(&error)),
        "paypal/webhook-anchors" if trust_ends(value).is_some() => Ok(()),
        "subscribers" => {
            let told = |name: &str| (name == "SUBSCRIBERS").then(|| value.to_owned());
            let read = Subscriptions::from_vars(&told).await;
            read.map(drop).map_err(|error| wrong(&error))
        }
        "token/signing-key" => {
            let made_first = "`ops keys new` makes it and its public half";
            let keys = stack.needed("token/keys", made_first).await?;
            let keys = Keys::from_vars(&|_| Some(keys.clone())).map_err(|error| wrong(&error))?;
            let key = SigningKey::from_pem(value, &keys);
            key.map(drop).map_err(|error| wrong(&error))
        }
        _ => Err(wrong(&what(secret))),
    }
}

fn what(secret: &str) -> &'static str {
    let found = ALL.iter().find(|(name, _)| *name == secret);
    found.map_or("", |(_, write)| write)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn wrong(secret: &str, value: &str) -> Option<String> {
        let nowhere = Stack {
            name: "nowhere".to_owned(),
        };
        let checked = check(&nowhere, secret, value).await;
        checked.err().map(|problem| problem.to_string())
    }

    #[tokio::test]
    async fn what_is_there_at_first_is_right() {
        for (secret, _) in ALL {
            if let Some(value) = at_first(secret) {
                assert_eq!(wrong(secret, value).await, None, "{secret}");
            }
        }
    }

    #[tokio::test]
    async fn what_no_function_would_start_with_is_said_and_nothing_of_it() {
        for (secret, value) in [
            ("paypal/credentials", r#"{"client_id":"KEPT"}"#),
            (
                "paypal/credentials",
                r#"{"client_id":"a","client_secret":"KEPT","next_secret":"b"}"#,
            ),
            (
                "paypal/webhook-anchors",
                "-----BEGIN CERTIFICATE-----\nKEPT",
            ),
            ("subscribers", r#"{"KEPT":1}"#),
            (
                "subscribers",
                r#"[{"id":"cash","url":"http://city.example","secrets":["KEPT"]}]"#,
            ),
        ] {
            let said = wrong(secret, value).await.unwrap_or_default();
            assert!(said.starts_with(secret), "{value}: {said}");
            assert!(!said.contains("KEPT"), "{said}");
        }
        let both = r#"{"client_id":"a","client_secret":"b","next_client_secret":"c"}"#;
        assert_eq!(wrong("paypal/credentials", both).await, None);
    }
}

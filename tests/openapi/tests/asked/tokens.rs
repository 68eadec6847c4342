//! Each route × each token that is not enough for it.

use std::collections::BTreeSet;

use crate::asking::{NOW, Office, bodies, bytes, path, with_token};
use jiff::Timestamp;
use openapi::{Operation, description};
use serde_json::{Value, json};

/// Asks as the description's own example does, with this token.
async fn status(office: &Office, operation: &Operation, token: Option<&str>) -> u16 {
    let body = bodies(operation).first().map(bytes).unwrap_or_default();
    let answer = office
        .ask_with(operation, &path(operation), body, token)
        .await;
    answer.status
}

/// Every scope that there is but those of this operation.
fn others(operation: &Operation) -> String {
    let all: BTreeSet<&str> = with_token().flat_map(Operation::scopes).collect();
    let own: BTreeSet<&str> = operation.scopes().into_iter().collect();
    let others: Vec<&str> = all.difference(&own).copied().collect();
    others.join(" ")
}

#[tokio::test]
async fn no_route_opens_without_a_good_token_of_its_scope() {
    let office = Office::opens().await;
    let now = NOW.parse::<Timestamp>().unwrap().as_second();
    let mut asked = 0;
    for operation in with_token() {
        let own = operation.scopes().join(" ");
        let with = |change: Value| {
            let mut claims = json!({ "scope": own });
            let changed = change.as_object().unwrap().clone();
            claims.as_object_mut().unwrap().extend(changed);
            Some(office.token(&claims))
        };
        for (what, token, expected) in [
            ("no token", None, 401),
            (
                "another scope",
                with(json!({ "scope": others(operation) })),
                403,
            ),
            ("no scope", with(json!({ "scope": "" })), 403),
            ("expired", with(json!({ "exp": now })), 401),
            ("another audience", with(json!({ "aud": "another" })), 401),
            (
                "another issuer",
                with(json!({ "iss": "https://login.example" })),
                401,
            ),
        ] {
            let answered = status(&office, operation, token.as_deref()).await;
            assert_eq!(answered, expected, "{}: {what}", operation.route_key);
            asked += 1;
        }
    }
    assert_eq!(asked, 6 * (description().operations.len() - 1));
}

#[tokio::test]
async fn each_of_the_scopes_that_are_described_opens_its_route() {
    let office = Office::opens().await;
    for operation in with_token() {
        for scope in operation.scopes() {
            let token = office.token(&json!({ "scope": scope }));
            let answered = status(&office, operation, Some(&token)).await;
            let route = &operation.route_key;
            assert!(![400, 401, 403].contains(&answered), "{route}: {answered}");
            assert!(answered < 500, "{route}: {answered}");
        }
    }
}

#[tokio::test]
async fn the_description_is_read_without_a_token_as_it_is_kept() {
    let office = Office::opens().await;
    let operation = description().operation("GET /openapi.json").unwrap();
    let answer = office
        .ask_with(operation, "/openapi.json", Vec::new(), None)
        .await;
    assert_eq!(
        (answer.status, answer.text.as_str()),
        (200, office::OPENAPI)
    );
}

//! What this function needs, it asks for by name.

use issue_tickets::App;

use crate::city::{BASE_URL, test_key};
use crate::table::{MUNICIPALITY, TABLE};

#[tokio::test]
async fn with_a_variable_missing_it_refuses_to_start_and_names_it() {
    let key = test_key();
    let all = |name: &str| match name {
        "TABLE_NAME" => Some(TABLE.to_owned()),
        "MUNICIPALITY" => Some(MUNICIPALITY.to_owned()),
        "AWS_REGION" | "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("local".to_owned()),
        "PUBLIC_BASE_URL" => Some(BASE_URL.to_owned()),
        "TOKEN_KEYS" => Some(key.jwks.clone()),
        "TOKEN_SIGNING_KEY" => Some(key.pem.clone()),
        _ => None,
    };
    assert!(App::from_vars(&all).await.is_ok());
    for missing in [
        "TABLE_NAME",
        "MUNICIPALITY",
        "PUBLIC_BASE_URL",
        "TOKEN_KEYS",
        "TOKEN_SIGNING_KEY",
    ] {
        let without = |name: &str| all(name).filter(|_| name != missing);
        let error = App::from_vars(&without).await.err().unwrap().to_string();
        assert!(error.contains(missing), "{missing}: {error}");
    }
}

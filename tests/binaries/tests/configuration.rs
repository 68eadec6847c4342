//! A function that is configured wrongly does not start, and says why.

use std::sync::Arc;

use binaries::{City, Ended, FUNCTIONS, OPTIONAL, Variables};
use jiff::Timestamp;

/// Which functions ask PayPal; `show-ticket` only names it to the browser.
const CALL_PAYPAL: [&str; 5] = [
    "start-checkout",
    "finish-checkout",
    "receive-webhook",
    "reconcile-payments",
    "compare-books",
];

/// What Lambda sets and the functions need.
const OF_LAMBDA: [&str; 3] = ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];

async fn city() -> City {
    // No order is made here: any time will do.
    City::new(Arc::new(|| Timestamp::UNIX_EPOCH)).await
}

/// What did not end as it must, over all functions and variables.
#[derive(Default)]
struct Complaints(Vec<String>);

impl Complaints {
    /// Starts the function, which must end by itself and name one of these.
    async fn refuses(&mut self, city: &City, name: &str, variables: &Variables, any_of: &[&str]) {
        let Ended { status, output } = city.start_with(name, variables).await.ended().await;
        let is_named = any_of.iter().any(|variable| output.contains(variable));
        if status.success() || output.contains("panicked") || !is_named {
            self.0
                .push(format!("{name}, {any_of:?}: {status}, {output}"));
        }
    }
}

impl Drop for Complaints {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert!(self.0.is_empty(), "{:#?}", self.0);
        }
    }
}

#[tokio::test]
async fn without_a_variable_of_the_template_a_function_refuses_to_start_and_names_it() {
    let city = city().await;
    let mut complaints = Complaints::default();
    for function in FUNCTIONS {
        let names = city.names(function);
        let needed = names
            .iter()
            .filter(|name| !OPTIONAL.contains(&name.as_str()));
        for name in needed {
            for left in [None, Some(String::new())] {
                let mut variables = city.variables(function);
                variables.remove(name);
                variables.extend(left.map(|empty| (name.clone(), empty)));
                complaints
                    .refuses(&city, function, &variables, &[name])
                    .await;
            }
        }
    }
}

#[tokio::test]
async fn without_what_lambda_sets_a_function_refuses_to_start_and_names_it() {
    let city = city().await;
    let mut complaints = Complaints::default();
    for function in FUNCTIONS {
        for name in OF_LAMBDA {
            let mut variables = city.variables(function);
            variables.remove(name);
            complaints
                .refuses(&city, function, &variables, &[name])
                .await;
        }
    }
}

#[tokio::test]
async fn an_environment_with_another_ones_address_refuses_to_start() {
    let live = "https://api-m.paypal.com";
    let sandbox = "https://api-m.sandbox.paypal.com";
    let loopback = "http://127.0.0.1:8082";
    let city = city().await;
    let mut complaints = Complaints::default();
    for (environment, base_url) in [
        ("live", sandbox),
        ("live", loopback),
        ("live", "https://api-m.paypal.com.example.de"),
        ("sandbox", live),
        ("sandbox", loopback),
        ("local", live),
        ("local", sandbox),
        ("local", "http://192.0.2.1:8082"),
        ("production", live),
    ] {
        for function in CALL_PAYPAL {
            let mut variables = city.variables(function);
            variables.insert("PAYPAL_ENVIRONMENT".to_owned(), environment.to_owned());
            variables.insert("PAYPAL_BASE_URL".to_owned(), base_url.to_owned());
            let named = ["PAYPAL_BASE_URL", "PAYPAL_ENVIRONMENT"];
            complaints
                .refuses(&city, function, &variables, &named)
                .await;
        }
    }
}

#[tokio::test]
async fn a_value_that_cannot_be_right_refuses_to_start_and_is_named() {
    let city = city().await;
    let mut complaints = Complaints::default();
    for (function, name, value) in [
        // PayPal's simulator signs with it for everybody.
        ("receive-webhook", "PAYPAL_WEBHOOK_ID", "WEBHOOK_ID"),
        ("receive-webhook", "PAYPAL_WEBHOOK_POSTBACK", "perhaps"),
        (
            "receive-webhook",
            "PAYPAL_CERTIFICATES_REVOKED",
            "https://example.de/v1/notifications/certs/CERT-1",
        ),
        (
            "receive-webhook",
            "PAYPAL_WEBHOOK_ANCHORS_PARAMETER",
            "/nothing/here",
        ),
        (
            "start-checkout",
            "PAYPAL_CREDENTIALS_PARAMETER",
            "/nothing/here",
        ),
        (
            "start-checkout",
            "PAYPAL_MERCHANT_ID",
            "merchant@example.de",
        ),
        ("start-checkout", "CAPTURES", "perhaps"),
        ("start-checkout", "PUBLIC_BASE_URL", "http://pay.example.de"),
        ("start-checkout", "TOKEN_KEYS", "{}"),
        ("show-ticket", "TOKEN_KEYS", "not JSON"),
        ("show-ticket", "PAYPAL_ENVIRONMENT", "production"),
        ("issue-tickets", "PUBLIC_BASE_URL", "javascript:alert(1)"),
        (
            "issue-tickets",
            "TOKEN_SIGNING_KEY_PARAMETER",
            "/nothing/here",
        ),
        // A key whose public half nobody knows would sign what nobody takes.
        ("issue-tickets", "TOKEN_KEYS", OTHER_KEYS),
    ] {
        let mut variables = city.variables(function);
        variables.insert(name.to_owned(), value.to_owned());
        complaints
            .refuses(&city, function, &variables, &[name])
            .await;
    }
}

/// Made for this test; nobody has the private half. Source of the public
/// half: RFC 8032, section 7.1, test 1.
const OTHER_KEYS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"other","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

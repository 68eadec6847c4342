//! Calls side by side. Nothing here reaches a table or a PayPal.

use std::sync::Mutex;

use jiff::Timestamp;
use parameters::Secret;
use paypal::{AccessToken, Config, Error, PayPal, Transport};
use store::Store;
use ticket::Captures;

use crate::Settle;

fn now() -> Timestamp {
    "2026-11-22T10:00:00Z".parse().unwrap()
}

fn token(secret: &str) -> AccessToken {
    AccessToken {
        secret: Secret::new(secret.to_owned()),
        expires_at: "2026-11-22T19:00:00Z".parse().unwrap(),
    }
}

async fn settle() -> Settle {
    let vars = |name: &str| {
        let value = match name {
            "TABLE_NAME" => "tickets",
            "MUNICIPALITY" => "07312000",
            "AWS_REGION" => "eu-central-1",
            "AWS_ENDPOINT_URL_DYNAMODB" => "http://127.0.0.1:9",
            "PAYPAL_ENVIRONMENT" => "sandbox",
            "PAYPAL_BASE_URL" => "https://api-m.sandbox.paypal.com",
            "PAYPAL_MERCHANT_ID" => "8YTYX8DKLB5ZU",
            "AWS_ACCESS_KEY_ID"
            | "AWS_SECRET_ACCESS_KEY"
            | "PAYPAL_CLIENT_ID"
            | "PAYPAL_CLIENT_SECRET" => "made-for-tests",
            _ => return None,
        };
        Some(value.to_owned())
    };
    let nobody = Transport::in_process(|request| async move { panic!("asked: {request:?}") });
    let paypal = PayPal::new(Config::from_vars(&vars).await.unwrap(), nobody);
    Settle::new(Store::from_vars(&vars).unwrap(), paypal, Captures::Open)
}

#[tokio::test]
async fn a_token_that_another_call_has_renewed_meanwhile_is_not_fetched_again() {
    let settle = &settle().await;
    settle.keep_token(token("old"));
    let sent = &Mutex::new(Vec::new());
    let moment = crate::Moment::begins(now());
    let called = settle
        .call(moment, |token_of_call| async move {
            let secret = token_of_call.secret.expose().to_owned();
            sent.lock().unwrap().push(secret.clone());
            if secret == "new" {
                return Ok("done");
            }
            // While this one was on its way, another was refused and renewed it.
            settle.keep_token(token("new"));
            let (call, debug_id) = ("get order", None);
            Err(Error::Unauthorized { call, debug_id })
        })
        .await;
    assert_eq!(called.unwrap(), "done");
    assert_eq!(*sent.lock().unwrap(), ["old", "new"]);
}

//! Secrets that change while a process runs. PayPal is in this process; what stands
//! in for the parameter store listens on a socket of this machine.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use data_encoding::BASE64;
use http::{Request, Response};

use super::{now, sandbox, soon};
use crate::{Config, Error, PayPal, Transport};

/// What the parameter says, and how often it was read.
type Parameter = Arc<Mutex<(String, usize)>>;

fn says(client_id: &str, secrets: &[&str]) -> String {
    let fields: Vec<String> = ["client_secret", "next_client_secret"]
        .iter()
        .zip(secrets)
        .map(|(name, secret)| format!(r#","{name}":"{secret}""#))
        .collect();
    format!(r#"{{"client_id":"{client_id}"{}}}"#, fields.concat())
}

/// Serves one parameter; its address.
fn serve(parameter: &Parameter) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let parameter = Arc::clone(parameter);
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let mut asked = Vec::new();
            // The question is one object, and the last thing sent.
            while !asked.ends_with(b"}") {
                let mut piece = [0; 4_096];
                let length = connection.read(&mut piece).unwrap();
                asked.extend_from_slice(&piece[..length]);
            }
            let mut parameter = parameter.lock().unwrap();
            parameter.1 += 1;
            let body = serde_json::json!({ "Parameter": { "Value": parameter.0 } }).to_string();
            let head = format!(
                "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            connection.write_all(head.as_bytes()).unwrap();
            connection.write_all(body.as_bytes()).unwrap();
        }
    });
    format!("http://{address}")
}

struct World {
    paypal: PayPal,
    parameter: Parameter,
    /// The secrets that PayPal takes.
    taken: Arc<Mutex<Vec<&'static str>>>,
    /// The secrets it was asked with.
    asked: Arc<Mutex<Vec<String>>>,
}

impl World {
    /// A process that started while the parameter said `secrets`.
    async fn started_with(secrets: &[&str]) -> Self {
        let parameter = Parameter::new(Mutex::new((says("client-id", secrets), 0)));
        let endpoint = serve(&parameter);
        let vars = move |variable: &str| match variable {
            "PAYPAL_CLIENT_ID" | "PAYPAL_CLIENT_SECRET" => None,
            "PAYPAL_CREDENTIALS_PARAMETER" => Some("/credentials".to_owned()),
            "AWS_REGION" => Some("eu-central-1".to_owned()),
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("made-for-tests".to_owned()),
            "AWS_ENDPOINT_URL_SSM" => Some(endpoint.clone()),
            other => sandbox(other),
        };
        let config = Config::from_vars(&vars).await.unwrap();
        let taken = Arc::new(Mutex::new(vec!["first"]));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (right, seen) = (Arc::clone(&taken), Arc::clone(&asked));
        let transport = Transport::in_process(move |request: Request<Bytes>| {
            let header = request.headers()["authorization"].to_str().unwrap();
            let pair = header.strip_prefix("Basic ").unwrap();
            let pair = String::from_utf8(BASE64.decode(pair.as_bytes()).unwrap()).unwrap();
            let secret = pair.strip_prefix("client-id:").unwrap().to_owned();
            let answer = if right.lock().unwrap().contains(&secret.as_str()) {
                Response::builder()
                    .status(200)
                    .body(Bytes::from(r#"{"access_token":"a","expires_in":32400}"#))
            } else {
                Response::builder()
                    .status(401)
                    .body(Bytes::from(r#"{"error":"invalid_client"}"#))
            };
            seen.lock().unwrap().push(secret);
            std::future::ready(Ok(answer.unwrap()))
        });
        Self {
            paypal: PayPal::new(config, transport),
            parameter,
            taken,
            asked,
        }
    }

    fn changed_to(&self, client_id: &str, secrets: &[&str]) {
        self.parameter.lock().unwrap().0 = says(client_id, secrets);
    }

    fn take(&self, secrets: &[&'static str]) {
        *self.taken.lock().unwrap() = secrets.to_vec();
    }

    /// Whether a token comes; which secrets were sent for it, and how often the
    /// parameter was read.
    async fn fetch(&self) -> (bool, Vec<String>, usize) {
        self.asked.lock().unwrap().clear();
        let before = self.parameter.lock().unwrap().1;
        let fetched = self.paypal.fetch_token(now(), soon()).await;
        if let Err(error) = &fetched {
            assert!(matches!(error, Error::Unauthorized { .. }), "{error}");
        }
        let reads = self.parameter.lock().unwrap().1 - before;
        let asked = self.asked.lock().unwrap().clone();
        (fetched.is_ok(), asked, reads)
    }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[tokio::test]
async fn a_secret_that_was_changed_is_read_anew_before_anybody_gives_up() {
    let world = World::started_with(&["first"]).await;
    assert_eq!(world.fetch().await, (true, texts(&["first"]), 0));
    world.changed_to("client-id", &["second"]);
    // As long as the old one is taken, nobody asks.
    assert_eq!(world.fetch().await, (true, texts(&["first"]), 0));
    world.take(&["second"]);
    assert_eq!(world.fetch().await, (true, texts(&["first", "second"]), 1));
    assert_eq!(world.fetch().await, (true, texts(&["second"]), 0));
}

#[tokio::test]
async fn of_two_secrets_either_is_enough_and_the_one_that_was_taken_comes_first() {
    let world = World::started_with(&["first", "second"]).await;
    assert_eq!(world.fetch().await, (true, texts(&["first"]), 0));
    world.take(&["second"]);
    assert_eq!(world.fetch().await, (true, texts(&["first", "second"]), 0));
    assert_eq!(world.fetch().await, (true, texts(&["second"]), 0));
    world.take(&["first", "second"]);
    assert_eq!(world.fetch().await, (true, texts(&["second"]), 0));
}

#[tokio::test]
async fn a_secret_that_was_refused_is_not_sent_twice_and_the_parameter_read_once() {
    let world = World::started_with(&["first"]).await;
    world.take(&[]);
    assert_eq!(world.fetch().await, (false, texts(&["first"]), 1));
    world.changed_to("client-id", &["first", "second"]);
    assert_eq!(world.fetch().await, (false, texts(&["first", "second"]), 1));
}

#[tokio::test]
async fn another_client_id_or_an_unreadable_parameter_is_for_a_new_process() {
    let world = World::started_with(&["first"]).await;
    world.take(&["second"]);
    world.changed_to("another-client", &["second"]);
    assert_eq!(world.fetch().await, (false, texts(&["first"]), 1));
    assert_eq!(world.paypal.client_id(), "client-id");
    "not JSON".clone_into(&mut world.parameter.lock().unwrap().0);
    assert_eq!(world.fetch().await, (false, texts(&["first"]), 1));
    world.changed_to("client-id", &["second"]);
    assert_eq!(world.fetch().await, (true, texts(&["first", "second"]), 1));
}

#[tokio::test]
async fn whatever_the_token_endpoint_refuses_with_is_about_us() {
    for (status, body) in [
        (400, r#"{"error":"unsupported_grant_type"}"#),
        (401, ""),
        (403, r#"{"name":"NOT_AUTHORIZED"}"#),
        (404, r#"{"name":"RESOURCE_NOT_FOUND"}"#),
        (
            422,
            r#"{"name":"UNPROCESSABLE_ENTITY","details":[{"issue":"INSTRUMENT_DECLINED"}]}"#,
        ),
    ] {
        let (paypal, _) = super::paypal(status, body.as_bytes()).await;
        let refused = paypal.fetch_token(now(), soon()).await;
        assert!(
            matches!(refused, Err(Error::Unauthorized { call: "token", .. })),
            "{status}: {refused:?}"
        );
    }
}

//! The real transport, over a socket of this machine.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::time::Instant;

use super::{MERCHANT_ID, token};
use crate::{Config, Error, PayPal, Transport, TransportError};

/// Answers one connection with `answer` and gives back what was asked.
fn serve(answer: Vec<u8>) -> (SocketAddr, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let mut asked = [0; 4_096];
        let length = connection.read(&mut asked).unwrap();
        // The client hangs up in the middle of an answer it will not read.
        let _ = connection.write_all(&answer);
        String::from_utf8(asked[..length].to_vec()).unwrap()
    });
    (address, server)
}

async fn get_order(base_url: String) -> Result<crate::Order, Error> {
    let vars = |variable: &str| match variable {
        "PAYPAL_ENVIRONMENT" => Some(String::from("local")),
        "PAYPAL_BASE_URL" => Some(base_url.clone()),
        "PAYPAL_MERCHANT_ID" => Some(MERCHANT_ID.to_owned()),
        "PAYPAL_CLIENT_ID" | "PAYPAL_CLIENT_SECRET" => Some(String::from("a")),
        _ => None,
    };
    let config = Config::from_vars(&vars).await.unwrap();
    let paypal = PayPal::new(config, Transport::https().unwrap());
    let order = "5O190127TN364715T".parse().unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    paypal.get_order(&token(), &order, deadline).await
}

#[tokio::test]
async fn an_answer_comes_through() {
    let body = super::sample("05_order_get_approved_200.json");
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
    let (address, server) = serve([head.as_bytes(), &body].concat());
    let order = get_order(format!("http://{address}")).await.unwrap();
    assert_eq!(order.status, crate::OrderStatus::Approved);
    let asked = server.join().unwrap().to_lowercase();
    assert!(asked.starts_with("get /v2/checkout/orders/5o190127tn364715t http/1.1\r\n"));
    assert!(asked.contains("authorization: bearer access-token-made-for-tests\r\n"));
    assert!(asked.contains("user-agent: knoellchen\r\n"));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let target = elsewhere.local_addr().unwrap();
    let answer =
        format!("HTTP/1.1 302 Found\r\nlocation: http://{target}/\r\ncontent-length: 0\r\n\r\n");
    let (address, server) = serve(answer.into_bytes());
    let found = get_order(format!("http://{address}")).await;
    assert!(
        matches!(found, Err(Error::Unclear { status: 302, .. })),
        "{found:?}"
    );
    server.join().unwrap();
    let nobody = elsewhere.accept().unwrap_err();
    assert_eq!(nobody.kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n".to_vec();
    let (address, server) = serve([head, vec![b' '; 600 * 1024]].concat());
    let found = get_order(format!("http://{address}")).await;
    let Err(Error::NoAnswer { source, .. }) = found else {
        panic!("{found:?}");
    };
    assert!(
        matches!(source, TransportError::TooLarge { .. }),
        "{source}"
    );
    server.join().unwrap();
}

#[tokio::test]
async fn a_server_nobody_vouches_for_gets_no_token() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let key = rcgen::generate_simple_self_signed([String::from("127.0.0.1")]).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![key.cert.der().clone()],
            key.signing_key.serialize_der().try_into().unwrap(),
        )
        .unwrap();
    let server = std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let mut session = rustls::ServerConnection::new(Arc::new(tls)).unwrap();
        let mut asked = String::new();
        let _ = rustls::Stream::new(&mut session, &mut connection).read_to_string(&mut asked);
        asked
    });
    let found = get_order(format!("https://{address}")).await;
    let Err(Error::NoAnswer { source, .. }) = found else {
        panic!("{found:?}");
    };
    assert!(matches!(source, TransportError::Failed(_)), "{source}");
    assert_eq!(server.join().unwrap(), "");
}

#[test]
fn only_a_stand_in_is_vouched_for_by_a_file() {
    let of = |environment: &'static str, base_url: &'static str| {
        Transport::from_vars(&move |variable: &str| match variable {
            "PAYPAL_ENVIRONMENT" => Some(environment.to_owned()),
            "PAYPAL_BASE_URL" => Some(base_url.to_owned()),
            "SSL_CERT_FILE" => Some("/nowhere/roots.pem".to_owned()),
            _ => None,
        })
    };
    // It is not even read where money is real, or looks so.
    assert!(of("live", "https://api-m.paypal.com").is_ok());
    assert!(of("sandbox", "https://api-m.sandbox.paypal.com").is_ok());
    let refused = of("local", "https://127.0.0.1:8082")
        .unwrap_err()
        .to_string();
    assert!(refused.contains("/nowhere/roots.pem"), "{refused}");
}

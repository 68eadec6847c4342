//! Which configurations a process starts with.

use super::{CLIENT_SECRET, recorded, sandbox};
use crate::{Config, ConfigError, WebhookConfig};

/// The sandbox's variables with some of them changed; an empty value takes one away.
fn with<'a>(changed: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
    move |variable| {
        let change = changed.iter().find(|(name, _)| *name == variable);
        change.map_or_else(|| sandbox(variable), |(_, value)| Some((*value).to_owned()))
    }
}

async fn starts(changed: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::from_vars(&with(changed)).await
}

async fn webhooks_start(changed: &[(&str, &str)]) -> Result<WebhookConfig, ConfigError> {
    WebhookConfig::from_vars(&with(changed)).await
}

const LIVE: &str = "https://api-m.paypal.com";
const SANDBOX: &str = "https://api-m.sandbox.paypal.com";

#[tokio::test]
async fn an_environment_goes_only_with_its_own_address() {
    for (environment, base_url, fits) in [
        ("live", LIVE, true),
        ("sandbox", SANDBOX, true),
        ("local", "http://127.0.0.1:8082", true),
        ("local", "http://127.3.2.1:8082/", true),
        ("local", "http://localhost:8082", true),
        ("local", "http://[::1]:8082", true),
        ("local", "https://127.0.0.1:8082", true),
        ("live", SANDBOX, false),
        ("live", "http://127.0.0.1:8082", false),
        ("live", "http://api-m.paypal.com", false),
        ("live", "https://api-m.paypal.com:8443", false),
        ("live", "https://api-m.paypal.com.evil.example", false),
        ("live", "https://user@api-m.paypal.com", false),
        ("live", "https://api-m.paypal.com/v2", false),
        ("live", "https://api.paypal.com", false),
        ("sandbox", LIVE, false),
        ("sandbox", "http://127.0.0.1:8082", false),
        ("local", LIVE, false),
        ("local", SANDBOX, false),
        ("local", "http://192.168.0.1:8082", false),
        ("local", "http://127.0.0.1.evil.example", false),
        ("local", "http://localhost.evil.example", false),
        ("local", "http://u@127.0.0.1:8082", false),
        ("local", "http://:p@127.0.0.1:8082", false),
        ("local", "http://127.0.0.1:8082/path", false),
        ("local", "http://127.0.0.1:8082/?a", false),
        ("local", "http://127.0.0.1:8082/#a", false),
        ("local", "ftp://127.0.0.1", false),
        ("local", "127.0.0.1:8082", false),
        ("local", "", false),
    ] {
        let changed = [
            ("PAYPAL_ENVIRONMENT", environment),
            ("PAYPAL_BASE_URL", base_url),
        ];
        for started in [
            starts(&changed).await.map(|_| ()),
            webhooks_start(&changed).await.map(|_| ()),
        ] {
            assert_eq!(started.is_ok(), fits, "{environment} {base_url}");
            if let Err(error) = started {
                let text = error.to_string();
                assert!(text.contains("PAYPAL_BASE_URL"), "{text}");
                assert!(text.contains(LIVE), "{text}");
            }
        }
    }
}

#[tokio::test]
async fn every_wrong_variable_is_named_and_its_value_is_not() {
    for (variable, value) in [
        ("PAYPAL_ENVIRONMENT", ""),
        ("PAYPAL_ENVIRONMENT", "Live"),
        ("PAYPAL_ENVIRONMENT", "production"),
        ("PAYPAL_MERCHANT_ID", ""),
        ("PAYPAL_MERCHANT_ID", "shop@example.org"),
        ("PAYPAL_MERCHANT_ID", "12345678901234"),
        ("PAYPAL_ORDER_HOURS", "5"),
        ("PAYPAL_ORDER_HOURS", "73"),
        ("PAYPAL_ORDER_HOURS", "12h"),
        ("PAYPAL_CLIENT_ID", ""),
        ("PAYPAL_CLIENT_ID", "a:bcdefgh"),
        ("PAYPAL_CLIENT_ID", "a\r\nbcdefgh"),
        ("PAYPAL_CLIENT_SECRET", ""),
    ] {
        let text = starts(&[(variable, value)]).await.unwrap_err().to_string();
        assert!(text.contains(variable), "{variable} {value:?}: {text}");
        assert!(text.contains("write "), "{text}");
        assert!(value.len() < 7 || !text.contains(value), "{text}");
        assert!(!text.contains(CLIENT_SECRET), "{text}");
    }
}

#[tokio::test]
async fn credentials_come_in_one_piece() {
    let parameter = ("PAYPAL_CREDENTIALS_PARAMETER", "/knoellchen/paypal");
    // With half of the credentials set, the parameter must not fill in the rest.
    for (missing, named) in [
        ("PAYPAL_CLIENT_ID", "PAYPAL_CLIENT_ID"),
        ("PAYPAL_CLIENT_SECRET", "PAYPAL_CLIENT_SECRET"),
    ] {
        let text = starts(&[parameter, (missing, "")]).await.unwrap_err();
        assert!(text.to_string().starts_with(named), "{text}");
    }
    // With none set, the parameter store is asked, which needs a region.
    let none = [
        parameter,
        ("PAYPAL_CLIENT_ID", ""),
        ("PAYPAL_CLIENT_SECRET", ""),
    ];
    let error = starts(&none).await.unwrap_err();
    assert!(matches!(error, ConfigError::Parameter(_)), "{error}");
    assert!(
        error.to_string().contains("PAYPAL_CREDENTIALS_PARAMETER"),
        "{error}"
    );
}

#[test]
fn the_parameters_credentials_are_two_or_three_texts_and_nothing_else() {
    use crate::credentials::named_in;
    let good = r#"{"client_id": "a", "client_secret": "b"}"#;
    assert!(named_in(good).is_ok());
    let both = r#"{"client_id": "a", "client_secret": "b", "next_client_secret": "c"}"#;
    assert!(named_in(both).is_ok());
    for text in [
        "",
        "a:b",
        r#"{"client_id": "a"}"#,
        r#"{"client_id": "a", "secret": "canary"}"#,
        r#"{"client_id": "a", "client_secret": "canary", "more": 1}"#,
        r#"{"client_id": "a", "client_secret": ""}"#,
        r#"{"client_id": "a", "client_secret": "canary", "next_client_secret": ""}"#,
        r#"{"client_id": "a", "client_secret": "b", "next_client_secret": "canary canary"}"#,
        r#"{"client_id": "a", "client_secret": "b", "next": "canary"}"#,
        r#"{"client_id": "a", "client_secret": "canary canary"}"#,
    ] {
        let error = named_in(text).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("PAYPAL_CREDENTIALS_PARAMETER"), "{error}");
        assert!(!error.contains("canary"), "{error}");
    }
}

#[tokio::test]
async fn the_simulators_webhook_id_is_refused() {
    for id in [
        "WEBHOOK_ID",
        "",
        "A|B",
        "a1",
        &"A".repeat(51),
        "A1,WEBHOOK_ID",
        ",",
        "A1 B2 C3",
        "A1;B2",
    ] {
        let error = webhooks_start(&[("PAYPAL_WEBHOOK_ID", id)])
            .await
            .unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("PAYPAL_WEBHOOK_ID"), "{text}");
        assert!(text.contains("never the text WEBHOOK_ID"), "{text}");
    }
    webhooks_start(&[]).await.unwrap();
    for id in ["A1 B2", "A1,B2", "A1, B2"] {
        webhooks_start(&[("PAYPAL_WEBHOOK_ID", id)]).await.unwrap();
    }
}

#[tokio::test]
async fn revoked_certificates_and_the_postback_are_read_or_refused_by_name() {
    let url = "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-360caa42";
    let live = "https://api.paypal.com/v1/notifications/certs/CERT-360caa42";
    let two = format!("{url} {url}-1");
    for (variable, value, fits) in [
        ("PAYPAL_CERTIFICATES_REVOKED", "", true),
        ("PAYPAL_CERTIFICATES_REVOKED", "none", true),
        ("PAYPAL_CERTIFICATES_REVOKED", url, true),
        ("PAYPAL_CERTIFICATES_REVOKED", &two, true),
        ("PAYPAL_CERTIFICATES_REVOKED", live, false),
        ("PAYPAL_CERTIFICATES_REVOKED", "CERT-360caa42", false),
        (
            "PAYPAL_CERTIFICATES_REVOKED",
            &format!("{url};{url}"),
            false,
        ),
        ("PAYPAL_WEBHOOK_POSTBACK", "", true),
        ("PAYPAL_WEBHOOK_POSTBACK", "on", true),
        ("PAYPAL_WEBHOOK_POSTBACK", "off", true),
        ("PAYPAL_WEBHOOK_POSTBACK", "yes", false),
    ] {
        let started = webhooks_start(&[(variable, value)]).await;
        assert_eq!(started.is_ok(), fits, "{variable} {value}");
        if let Err(error) = started {
            assert!(error.to_string().starts_with(variable), "{error}");
        }
    }
}

#[tokio::test]
async fn anchors_of_a_file_take_the_place_of_those_compiled_in() {
    let path = |name: &str| recorded("vectors").join(name).display().to_string();
    let root = path("DigiCertHighAssuranceEVRootCA.pem");
    let configured = webhooks_start(&[("PAYPAL_WEBHOOK_ANCHORS", &root)]).await;
    let text = format!("{:?}", configured.unwrap());
    assert!(text.contains("roots: 1, intermediates: 0"), "{text}");
    let text = format!("{:?}", webhooks_start(&[]).await.unwrap());
    assert!(text.contains("roots: 1, intermediates: 1"), "{text}");
    for wrong in [
        path("DigiCertSHA2ExtendedValidationServerCA.pem"),
        path("vectors.json"),
        path("no such file"),
    ] {
        let error = webhooks_start(&[("PAYPAL_WEBHOOK_ANCHORS", &wrong)]).await;
        let text = error.unwrap_err().to_string();
        assert!(text.starts_with("PAYPAL_WEBHOOK_ANCHORS"), "{text}");
    }
}

#[tokio::test]
async fn anchors_of_a_parameter_are_read_from_the_parameter_store() {
    let changed = [("PAYPAL_WEBHOOK_ANCHORS_PARAMETER", "/knoellchen/anchors")];
    let error = webhooks_start(&changed).await.unwrap_err();
    assert!(matches!(error, ConfigError::Parameter(_)), "{error}");
    let text = error.to_string();
    assert!(text.contains("PAYPAL_WEBHOOK_ANCHORS_PARAMETER"), "{text}");
}

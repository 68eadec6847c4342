//! Lines that somebody is to be woken by can be counted.

use binaries::{Answer, City, clock, events, now};
use serde_json::Value;

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_an_alarm_once() {
    let city = City::new(clock()).await;
    let function = "receive-webhook";
    let paypal = &city.variables(function)["PAYPAL_BASE_URL"];
    // Nothing lies there, but it is an address of PayPal's.
    let url = format!("{paypal}/v1/notifications/certs/CERT-360caa42");
    let lambda = city.start(function).await;
    for _ in 0..2 {
        let event = events::event(
            "paypal-reports-order-approved",
            &[
                ("CERT_URL", &url),
                ("TRANSMISSION_ID", "b2384410-f8d2-11d4-b467-0ed5f89f718b"),
                ("TRANSMISSION_SIG", "bm90aGluZw=="),
                ("TRANSMISSION_TIME", "2026-11-22T10:03:12Z"),
            ],
        );
        let answer = Answer::from(lambda.invoke(event, now()).await);
        assert_eq!(answer.status(), 400);
    }
    let lines = lambda.stop().await;
    let alarms: Vec<Value> = lines
        .iter()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|line| line["fields"]["alarm"] == "webhook-certificate-refused")
        .collect();
    let [alarm] = &alarms[..] else {
        panic!("{lines:#?}");
    };
    assert_eq!(alarm["level"], "ERROR");
    assert_eq!(alarm["fields"]["url"], url.as_str());
    assert_eq!(alarm["fields"]["source"], "Unusable");
}

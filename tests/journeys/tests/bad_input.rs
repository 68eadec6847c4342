//! Bad input and broken neighbours: a clear answer, and nothing is lost.

use journeys::{City, PLACE, PLATE};
use paypal_standin::{Fault, FaultKind, On, Payer};

const CASE: &str = "KL-2026-000123";

#[tokio::test]
async fn every_token_that_is_not_ours_gets_the_same_bytes() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let (signed, _) = token.rsplit_once('.').unwrap();
    let foreign = City::new().await.issue(CASE).await;
    let first = city.open("nonsense").await;
    assert_eq!((first.status, first.state.as_str()), (404, "invalid"));
    for bad in [
        "",
        "a.b.c",
        signed,
        &format!("{token}="),
        &format!("{token}.x"),
        &format!("{signed}."),
        &foreign,
        &"A".repeat(5_000),
    ] {
        assert_eq!(city.open(bad).await, first, "{bad:?}");
    }
    let press = city.press_pay("nonsense").await;
    assert_eq!((press.status, press.state.as_str()), (404, "invalid"));
}

#[tokio::test]
async fn a_bad_token_costs_no_read() {
    // The table is not there: a read would end in 503.
    let city = City::new().await;
    let mut vars = city.vars.clone();
    vars.insert("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:9".to_owned());
    let app = show_ticket::App::from_vars(&|name| vars.get(name).cloned())
        .await
        .unwrap();
    let page = city.open_at(&app, "nonsense").await;
    assert_eq!((page.status, page.state.as_str()), (404, "invalid"));
}

#[tokio::test]
async fn a_table_that_is_down_is_never_an_unknown_ticket() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let mut vars = city.vars.clone();
    vars.insert("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:9".to_owned());
    let app = show_ticket::App::from_vars(&|name| vars.get(name).cloned())
        .await
        .unwrap();
    let page = city.open_at(&app, &token).await;
    assert_eq!((page.status, page.state.as_str()), (503, "unavailable"));
    assert!(page.header("retry-after").is_some());
}

#[tokio::test]
async fn a_valid_token_without_a_ticket_has_a_page_of_its_own() {
    let city = City::new().await;
    let token = city.sign("KL-2026-999999");
    let page = city.open(&token).await;
    assert_eq!((page.status, page.state.as_str()), (404, "unknown"));
    let page = city.press_pay(&token).await;
    assert_eq!((page.status, page.state.as_str()), (404, "unknown"));
}

#[tokio::test]
async fn a_paypal_that_cannot_be_reached_charges_nothing_and_says_so() {
    for kind in [
        FaultKind::NoAnswer,
        FaultKind::ServerError,
        FaultKind::Html,
        FaultKind::RateLimit,
        FaultKind::ForeignApproveHost,
        FaultKind::MissingLink,
        FaultKind::CutJson,
    ] {
        let city = City::new().await;
        let token = city.issue(CASE).await;
        let mut fault = Fault::once(On::Create, kind);
        fault.seconds = (kind == FaultKind::RateLimit).then_some(1);
        city.standin.set_fault(fault).unwrap();
        let page = city.press_pay(&token).await;
        assert_eq!(
            (page.status, page.state.as_str()),
            (503, "open"),
            "{kind:?}"
        );
        assert!(
            page.html.contains("nichts abgebucht") || page.html.contains("DE"),
            "{kind:?}"
        );
        assert!(
            page.html.contains("IBAN"),
            "the bank details stand beside it"
        );
        assert_eq!(city.money_moved(), 0);
        assert_eq!(
            city.press_pay(&token).await.status,
            303,
            "{kind:?}: the next press works"
        );
    }
}

#[tokio::test]
async fn on_return_a_paypal_that_cannot_be_reached_is_processing() {
    for kind in [FaultKind::NoAnswer, FaultKind::ServerError, FaultKind::Html] {
        let city = City::new().await;
        let token = city.issue(CASE).await;
        let checkout = city.press_pay(&token).await;
        let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
        city.standin
            .set_fault(Fault::once(On::GetOrder, kind))
            .unwrap();
        let page = city.come_back(&back).await;
        assert_eq!(
            (page.status, page.state.as_str()),
            (200, "processing"),
            "{kind:?}"
        );
        assert!(!page.has_pay_button());
        assert!(!page.html.contains("IBAN"));
        assert_eq!(
            city.come_back(&back).await.state,
            "paid",
            "a reload goes on"
        );
    }
}

#[tokio::test]
async fn a_return_with_a_foreign_or_missing_order_captures_nothing() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let other = city.issue("KL-2026-000124").await;
    let mine = city
        .at_paypal(&city.press_pay(&token).await, Payer::Pays)
        .unwrap();
    let theirs = city
        .at_paypal(&city.press_pay(&other).await, Payer::Pays)
        .unwrap();
    for order_id in ["", theirs.order_id.as_str(), "NOSUCHORDER", "../x"] {
        let page = city
            .result(&mine.attempt, "driver-returns-from-paypal", order_id)
            .await;
        assert_eq!(
            (page.status, page.state.as_str()),
            (200, "open"),
            "{order_id:?}"
        );
    }
    assert_eq!(city.standin.books().count("capture_order"), 0);
    for attempt in ["", "nonsense", &"a".repeat(26)] {
        let page = city
            .result(attempt, "driver-returns-from-paypal", &mine.order_id)
            .await;
        assert_eq!(
            (page.status, page.state.as_str()),
            (404, "invalid"),
            "{attempt:?}"
        );
    }
}

#[tokio::test]
async fn what_cannot_be_verified_writes_nothing_and_asks_nobody() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    city.at_paypal(&checkout, Payer::ClosesWindow);
    let delivery = city.standin.take_deliveries().remove(0);
    let before = city.table().await;
    let calls = city.standin.books().calls;

    assert_eq!(
        city.post_webhook(&http::HeaderMap::new(), &delivery.body)
            .await,
        400
    );
    assert_eq!(
        city.post_webhook(&delivery.headers, &vec![b' '; 100_000])
            .await,
        413
    );
    for (name, value) in [
        ("paypal-auth-algo", "SHA1withRSA"),
        (
            "paypal-cert-url",
            "http://evil.example/v1/notifications/certs/CERT-1",
        ),
        (
            "paypal-cert-url",
            "https://api.paypal.com.evil.example/v1/notifications/certs/CERT-1",
        ),
        ("paypal-transmission-id", ""),
    ] {
        let mut headers = delivery.headers.clone();
        headers.insert(name, value.parse().unwrap());
        assert_eq!(
            city.post_webhook(&headers, &delivery.body).await,
            400,
            "{name}: {value}"
        );
    }
    assert_eq!(city.standin.books().calls, calls, "nobody was asked");
    // A body with another byte: refused after one fetch of the certificate.
    let mut body = delivery.body.to_vec();
    body.push(b' ');
    assert_eq!(city.post_webhook(&delivery.headers, &body).await, 400);
    assert_eq!(city.table().await, before, "nothing was written");

    assert_eq!(
        city.receive(&delivery).await,
        200,
        "the genuine one is taken"
    );
    assert_eq!(city.money_moved(), 1);
}

#[tokio::test]
async fn an_event_is_answered_only_when_it_is_stored() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    city.at_paypal(&checkout, Payer::ClosesWindow);
    let delivery = city.standin.take_deliveries().remove(0);
    let mut vars = city.vars.clone();
    vars.insert("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:9".to_owned());
    let app = city.webhook_app(&vars).await;
    assert_eq!(
        city.post_to(&app, &delivery.headers, &delivery.body).await,
        503
    );
    assert_eq!(city.receive(&delivery).await, 200);
    assert_eq!(city.money_moved(), 1);
}

#[tokio::test]
async fn nothing_but_number_amount_and_city_goes_to_paypal() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    city.come_back(&back).await;
    for order in city.standin.books().orders {
        let sent = order.request.to_string();
        assert!(sent.contains(CASE));
        for secret in [PLATE, PLACE, "KL-XX", "Musterstra", "Haltverbot", &token] {
            assert!(!sent.contains(secret), "{secret} in {sent}");
        }
    }
}

#[tokio::test]
async fn the_result_page_shows_no_more_than_number_amount_and_state() {
    let city = City::new().await;
    let token = city.issue(CASE).await;
    let checkout = city.press_pay(&token).await;
    let back = city.at_paypal(&checkout, Payer::Pays).unwrap();
    let page = city.come_back(&back).await;
    assert!(page.html.contains(CASE));
    for secret in [PLATE, "KL-XX", PLACE, "Haltverbot", &token] {
        assert!(!page.html.contains(secret), "{secret}");
    }
}

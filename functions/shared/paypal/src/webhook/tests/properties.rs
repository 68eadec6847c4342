//! No header, body, address or certificate, however broken, stops the process,
//! gets somebody asked who is not PayPal, or passes unsigned.

use std::sync::LazyLock;

use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};
use ticket::{AttemptId, CaptureId, OrderId};

use super::super::anchors::Anchors;
use super::super::certificates::chain;
use super::super::event::read;
use super::super::headers::SignatureHeaders;
use super::forgery::{FREE, forge};
use super::signer::{AUTHORITY, signed};
use super::{CERT_URL, certificate_url, verify, webhooks};
use crate::About;
use crate::tests::trees::{change, changes, json as any_json, order};
use crate::tests::{block_on, sample};

/// What is signed, and the address of the certificate at the end.
const NAMES: [&str; 5] = [
    "paypal-transmission-id",
    "paypal-transmission-time",
    "paypal-transmission-sig",
    "paypal-auth-algo",
    "paypal-cert-url",
];

static LEAF: LazyLock<String> = LazyLock::new(|| AUTHORITY.leaf(|_| ()));

/// Two deliveries, rightly signed.
static SIGNED: LazyLock<[(HeaderMap, Vec<u8>); 2]> = LazyLock::new(|| {
    let files = [
        "63_webhook_flow_capture_completed_eur.json",
        "56_webhook_payment_capture_refunded.json",
    ];
    files.map(sample).map(|body| (signed(&body), body))
});

/// One thing done to a delivery.
#[derive(Clone, Debug)]
enum Edit {
    Say(&'static str, Vec<u8>),
    Flip(&'static str, Index, u8),
    Remove(&'static str),
    Double(&'static str),
    /// The header of the other delivery.
    Take(&'static str),
    TakeBody,
    /// A header that nobody signs.
    Beside(String),
    FlipBody(Index, u8),
    CutBody(Index),
    AppendToBody(Vec<u8>),
}

fn edit() -> impl Strategy<Value = Edit> {
    let name = select(&NAMES[..]);
    let value = prop_oneof![
        Just(CERT_URL.as_bytes().to_vec()),
        Just(b"https://api-m.sandbox.paypal.com/v1/notifications/certs/CERT-aa".to_vec()),
        Just(b"https://api.paypal.com/v1/notifications/certs/CERT-aa".to_vec()),
        Just(b"SHA1withRSA".to_vec()),
        Just(b"2026-11-22T09:59:58.0Z".to_vec()),
        proptest::collection::vec(prop_oneof![0x20_u8..=0x7e, 0x80_u8..=0xff], 0..40),
    ];
    prop_oneof![
        (name.clone(), value).prop_map(|(name, value)| Edit::Say(name, value)),
        (name.clone(), any::<Index>(), 0_u8..8)
            .prop_map(|(name, at, bit)| Edit::Flip(name, at, bit)),
        name.clone().prop_map(Edit::Remove),
        name.clone().prop_map(Edit::Double),
        name.prop_map(Edit::Take),
        Just(Edit::TakeBody),
        "x-[a-z]{1,9}".prop_map(Edit::Beside),
        (any::<Index>(), 0_u8..8).prop_map(|(at, bit)| Edit::FlipBody(at, bit)),
        any::<Index>().prop_map(Edit::CutBody),
        proptest::collection::vec(any::<u8>(), 0..4).prop_map(Edit::AppendToBody),
    ]
}

fn make(edit: &Edit, headers: &mut HeaderMap, body: &mut Vec<u8>, other: &(HeaderMap, Vec<u8>)) {
    match edit {
        Edit::Say(name, value) => {
            headers.insert(*name, HeaderValue::from_bytes(value).unwrap());
        }
        Edit::Flip(name, at, bit) => {
            let value = headers.get(*name).map(|value| value.as_bytes().to_vec());
            if let Some(mut value) = value.filter(|value| !value.is_empty()) {
                let place = at.index(value.len());
                value[place] ^= 1 << bit;
                // Some bytes no HTTP library hands on.
                if let Ok(value) = HeaderValue::from_bytes(&value) {
                    headers.insert(*name, value);
                }
            }
        }
        Edit::Remove(name) => {
            headers.remove(*name);
        }
        Edit::Double(name) => {
            if let Some(value) = headers.get(*name).cloned() {
                headers.append(*name, value);
            }
        }
        Edit::Take(name) => {
            headers.insert(*name, other.0[*name].clone());
        }
        Edit::TakeBody => other.1.clone_into(body),
        Edit::Beside(name) => {
            let name: HeaderName = name.parse().unwrap();
            headers.insert(name, HeaderValue::from_static("x"));
        }
        Edit::FlipBody(at, bit) => {
            let place = at.index(body.len().max(1));
            if let Some(byte) = body.get_mut(place) {
                *byte ^= 1 << bit;
            }
        }
        Edit::CutBody(at) => body.truncate(at.index(body.len() + 1)),
        Edit::AppendToBody(more) => body.extend(more),
    }
}

/// Whether one of the two signatures covers this delivery.
fn is_covered(headers: &HeaderMap, body: &[u8]) -> bool {
    let values = |headers: &HeaderMap, name: &str| -> Vec<HeaderValue> {
        headers.get_all(name).iter().cloned().collect()
    };
    let [signed_names @ .., cert_url] = NAMES;
    let is_one_of_ours = SIGNED.iter().any(|(signed, genuine)| {
        let same = |name: &&str| values(headers, name) == values(signed, name);
        signed_names.iter().all(same) && crc32fast::hash(body) == crc32fast::hash(genuine)
    });
    let [address] = &values(headers, cert_url)[..] else {
        return false;
    };
    let is_paypals = |text| certificate_url(text).is_ok();
    is_one_of_ours && address.to_str().is_ok_and(is_paypals)
}

/// Where a body names ids: the only places an event is made of.
fn names_an_id(place: &str) -> bool {
    let ids = [
        "/id",
        "/event_type",
        "/resource/id",
        "/resource/order_id",
        "/resource/dispute_id",
        "/resource/custom_id",
        "/resource/purchase_units/0/custom_id",
        "/resource/supplementary_data/related_ids/order_id",
    ];
    let is_above = |id: &&str| *id == place || id.starts_with(&format!("{place}/"));
    ids.iter().any(is_above) || place.starts_with("/resource/links")
}

/// Every text of a tree, and of an address its end.
fn texts(tree: &Value) -> Vec<&str> {
    match tree {
        Value::String(text) => vec![text, text.rsplit('/').next().unwrap_or_default()],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

const EVENT_TYPES: [&str; 8] = [
    "CHECKOUT.ORDER.APPROVED",
    "CHECKOUT.PAYMENT-APPROVAL.REVERSED",
    "PAYMENT.CAPTURE.COMPLETED",
    "PAYMENT.CAPTURE.REFUNDED",
    "PAYMENT.REFUND.PENDING",
    "PAYMENT.CAPTURE.REVERSED",
    "CUSTOMER.DISPUTE.CREATED",
    "PAYMENT.SALE.COMPLETED",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn a_changed_delivery_passes_only_where_a_signature_covers_it(
        first in 0_usize..2,
        edits in proptest::collection::vec(edit(), 0..4),
    ) {
        let (mut headers, mut body) = SIGNED[first].clone();
        for edit in &edits {
            make(edit, &mut headers, &mut body, &SIGNED[1 - first]);
        }
        let (webhooks, asked) = webhooks(&LEAF);
        let verified = block_on(verify(&webhooks, &headers, &body));
        prop_assert_eq!(verified.is_ok(), is_covered(&headers, &body), "{:?}", verified);
        for request in asked.lock().unwrap().iter() {
            let address = request.uri().to_string();
            prop_assert!(address.contains("://api.sandbox.paypal.com/") || address.contains("://api-m.sandbox.paypal.com/"));
        }
    }

    #[test]
    fn no_headers_and_body_pass_unsigned(
        values in proptest::collection::vec(proptest::collection::vec(prop_oneof![0x20_u8..=0x7e, 0x80_u8..=0xff], 0..60), 5),
        at_paypal in any::<bool>(),
        body in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut headers = HeaderMap::new();
        for (name, value) in NAMES.iter().zip(&values) {
            headers.insert(*name, HeaderValue::from_bytes(value).unwrap());
        }
        if at_paypal {
            headers = signed(b"");
            headers.insert(NAMES[0], HeaderValue::from_static("another-transmission"));
        }
        let (webhooks, _) = webhooks(&LEAF);
        // Where a body would be read before its signature, this would be an event.
        prop_assert!(block_on(verify(&webhooks, &headers, &body)).is_err());
    }

    /// The signature covers no more than a CRC-32, so a body may say anything
    /// under it; what comes out is whom to ask about, the same as before.
    #[test]
    fn a_body_forged_under_a_genuine_signature_changes_nothing_but_by_its_ids(
        genuine in 0_usize..2,
        changes in changes(),
    ) {
        let (headers, body) = &SIGNED[genuine];
        let mut tree: Value = serde_json::from_slice(body).unwrap();
        change(&mut tree, &changes, |place| !names_an_id(place));
        tree["free"] = json!("p".repeat(FREE));
        let forged = forge(tree.to_string().as_bytes(), crc32fast::hash(body));
        let (webhooks, _) = webhooks(&LEAF);
        let verified = block_on(verify(&webhooks, headers, &forged));
        prop_assert_eq!(verified.unwrap(), read(body).unwrap());
    }

    #[test]
    fn an_event_names_nothing_that_does_not_stand_in_it(
        event_type in select(&EVENT_TYPES[..]),
        id in prop_oneof![6 => Just("WH-1".to_owned()), 1 => "\\PC{0,8}"],
        resource in prop_oneof![any_json(), order()],
    ) {
        let body = json!({ "id": id, "event_type": event_type, "resource": resource });
        let Ok(event) = read(body.to_string().as_bytes()) else {
            return Ok(());
        };
        prop_assert_eq!((event.id.as_str(), &*event.event_type), (&*id, event_type));
        let texts = texts(&resource);
        let stands = |id: Option<&str>| id.is_none_or(|id| texts.contains(&id));
        let ids = match &event.about {
            About::Order { attempt, order_id } => {
                prop_assert!(event_type.contains("ORDER") || event_type.contains("APPROVAL") || event_type == "PAYMENT.CAPTURE.COMPLETED");
                [attempt.as_ref().map(AttemptId::as_str), order_id.as_ref().map(OrderId::as_str)]
            }
            About::Refund { refund_id, capture_id } | About::Reversal { refund_id, capture_id } => {
                prop_assert!(event_type.contains("RE"));
                [Some(refund_id.as_str()), capture_id.as_ref().map(CaptureId::as_str)]
            }
            About::Dispute { dispute_id } => {
                prop_assert_eq!(event_type, "CUSTOMER.DISPUTE.CREATED");
                [Some(dispute_id.as_str()), None]
            }
            About::Unreadable => unreachable!("read gives an error"),
            // Nothing else may pass as done.
            About::Nothing => {
                prop_assert_eq!(event_type, "PAYMENT.SALE.COMPLETED");
                [None, None]
            }
        };
        prop_assert!(ids.into_iter().all(stands), "{:?}", event);
    }

    /// The words it is made of have no name for an event's type.
    #[test]
    fn json_without_the_type_of_an_event_is_none(body in any_json()) {
        let refused = read(body.to_string().as_bytes());
        prop_assert!(refused.is_err(), "{:?}", refused);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_header_values_are_read_or_refused(
        name in prop::sample::select(vec![
            "paypal-transmission-id", "paypal-transmission-time", "paypal-transmission-sig",
            "paypal-cert-url", "paypal-auth-algo",
        ]),
        value in proptest::collection::vec(prop_oneof![Just(b'|'), 0x20_u8..=0x7e, 0x80_u8..=0xff], 0..60),
    ) {
        let mut headers: HeaderMap = signed(b"{}");
        let value = HeaderValue::from_bytes(&value).unwrap();
        headers.insert(HeaderName::from_static(name), value);
        if let Ok(signed) = SignatureHeaders::read(&headers) {
            let message = signed.message("ID", b"{}");
            prop_assert_eq!(message.matches('|').count(), 3);
        }
    }

    #[test]
    fn an_address_is_paypals_or_refused(
        at in 0..CERT_URL.len(),
        instead in "\\PC{0,3}",
        random in "\\PC{0,80}",
    ) {
        let mut changed = CERT_URL.to_owned();
        changed.replace_range(at..=at, &instead);
        for text in [changed, random] {
            if certificate_url(&text).is_ok() {
                let url: url::Url = text.parse().unwrap();
                prop_assert_eq!(url.scheme(), "https");
                prop_assert_eq!(url.host_str(), Some("api.sandbox.paypal.com"));
                prop_assert_eq!(url.as_str(), text);
                prop_assert!(url.query().is_none() && url.fragment().is_none());
                prop_assert!(url.path().starts_with("/v1/notifications/certs/CERT-"));
            }
        }
    }

    #[test]
    fn any_bytes_are_certificates_or_refused(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        at in any::<prop::sample::Index>(),
    ) {
        let _ = chain(&bytes);
        let _ = Anchors::from_pem(&bytes);
        let mut damaged = AUTHORITY.pem().as_bytes().to_vec();
        let place = at.index(damaged.len());
        damaged[place] ^= 1;
        let _ = Anchors::from_pem(&damaged);
    }
}

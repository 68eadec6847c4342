//! No header, address or certificate, however broken, stops the process or
//! gets somebody asked who is not `PayPal`.

use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

use super::super::anchors::Anchors;
use super::super::certificates::{CertificateUrl, chain};
use super::super::headers::SignatureHeaders;
use super::signer::{AUTHORITY, signed};
use super::{CERT_URL, config};

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
        let config = config(AUTHORITY.pem());
        let mut changed = CERT_URL.to_owned();
        changed.replace_range(at..=at, &instead);
        for text in [changed, random] {
            if CertificateUrl::read(&text, &config).is_ok() {
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

//! An authority and a signing key of our own. Keys are made anew for each run
//! of the tests and belong to nobody.

use std::sync::LazyLock;

use data_encoding::BASE64;
use http::{HeaderMap, HeaderValue};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, PKCS_RSA_SHA256, RsaKeySize, SigningKey, date_time_ymd,
};

use super::{CERT_URL, WEBHOOK_ID};

pub(super) const NAME: &str = "messageverificationcerts.sandbox.paypal.com";

pub(super) static AUTHORITY: LazyLock<Authority> =
    LazyLock::new(|| Authority::new("Authority made for tests"));
static SIGNING_KEY: LazyLock<KeyPair> =
    LazyLock::new(|| KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap());

pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    pub(super) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        Self { issuer, pem }
    }

    pub(super) fn pem(&self) -> &str {
        &self.pem
    }

    /// An authority below this one, with its certificate.
    pub(super) fn intermediate(&self) -> Self {
        self.intermediate_for(vec![ExtendedKeyUsagePurpose::ServerAuth])
    }

    /// One whose certificate says what it may sign for, or nothing of it.
    pub(super) fn intermediate_for(&self, usages: Vec<ExtendedKeyUsagePurpose>) -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params
            .distinguished_name
            .push(DnType::CommonName, "Intermediate made for tests");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.extended_key_usages = usages;
        let key = KeyPair::generate().unwrap();
        let pem = params.signed_by(&key, &self.issuer).unwrap().pem();
        let issuer = Issuer::new(params, key);
        Self { issuer, pem }
    }

    /// A certificate for the signing key, changed by `change`.
    pub(super) fn leaf(&self, change: impl FnOnce(&mut CertificateParams)) -> String {
        self.sign(&SIGNING_KEY, change).pem()
    }

    /// A certificate for another kind of key.
    pub(super) fn leaf_of_other_key(&self) -> (String, KeyPair) {
        let key = KeyPair::generate().unwrap();
        (self.sign(&key, |_| ()).pem(), key)
    }

    fn sign(&self, key: &KeyPair, change: impl FnOnce(&mut CertificateParams)) -> Certificate {
        let mut params = CertificateParams::new([NAME.to_owned()]).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.not_before = date_time_ymd(2026, 11, 1);
        params.not_after = date_time_ymd(2026, 12, 1);
        change(&mut params);
        params.signed_by(key, &self.issuer).unwrap()
    }
}

/// The headers PayPal would send with `body`.
pub(super) fn signed(body: &[u8]) -> HeaderMap {
    signed_for(WEBHOOK_ID, body)
}

pub(super) fn signed_for(webhook_id: &str, body: &[u8]) -> HeaderMap {
    headers(&SIGNING_KEY, webhook_id, body)
}

pub(super) fn headers(key: &KeyPair, webhook_id: &str, body: &[u8]) -> HeaderMap {
    let id = "103e3700-8b0c-11e6-8695-6b62a8a99ac4";
    let time = "2026-11-22T09:59:58Z";
    let crc32 = crc32fast::hash(body);
    let message = format!("{id}|{time}|{webhook_id}|{crc32}");
    let signature = BASE64.encode(&key.sign(message.as_bytes()).unwrap());
    let pairs = [
        ("paypal-transmission-id", id),
        ("paypal-transmission-time", time),
        ("paypal-transmission-sig", &signature),
        ("paypal-cert-url", CERT_URL),
        ("paypal-auth-algo", "SHA256withRSA"),
    ];
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.insert(name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

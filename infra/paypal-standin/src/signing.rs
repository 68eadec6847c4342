//! The keys that sign webhooks, and the certificates over them: a root, an
//! intermediate, and a leaf with the name that PayPal gives its own.
//!
//! ```text
//! transmission id | transmission time | webhook id | CRC-32 of the body, decimal
//! ```
//!
//! Source: facts of PayPal's webhooks, verified on its published vectors.

use std::sync::OnceLock;

use data_encoding::{BASE64, HEXLOWER};
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256, SigningKey, date_time_ymd,
};

use crate::behaviour::SignedBy;
use crate::settings::StartError;

/// The name in the sandbox's signing certificates.
const LEAF_NAME: &str = "messageverificationcerts.sandbox.paypal.com";

/// The first half of the names PayPal gives its certificates.
const CERTIFICATE_PREFIX: &str = "CERT-360caa42-fca2a594-";

/// The years the certificates are valid in: wide, because the time is handed in
/// and a simulation may begin in any of them.
const VALID_YEARS: (i32, i32) = (2020, 2099);

/// Certificate authorities of the stand-in's own, with one leaf each.
pub(crate) struct Authority {
    leaf_key: KeyPair,
    first: Chain,
    new_certificate: Chain,
    new_root: Chain,
    intermediate_without_usage: Chain,
}

/// A leaf, and what it is to be trusted by.
struct Chain {
    leaf_pem: String,
    anchors_pem: String,
    certificate_name: String,
}

/// The three keys; every chain is made with them, because finding another RSA
/// key takes a third of a second.
struct Keys {
    root: KeyPair,
    intermediate: KeyPair,
    leaf: KeyPair,
}

/// What one transmission of an event says about itself.
pub(crate) struct Transmission<'a> {
    pub(crate) id: &'a str,
    pub(crate) time: Timestamp,
    pub(crate) webhook_id: &'a str,
    pub(crate) origin: &'a str,
    pub(crate) signed_by: SignedBy,
}

impl Authority {
    /// The process's authority. One for all stand-ins: three RSA keys take
    /// about a second to find, and a simulation makes a stand-in for each seed.
    pub(crate) fn of_this_process() -> Result<&'static Self, StartError> {
        static AUTHORITY: OnceLock<Result<Authority, String>> = OnceLock::new();
        AUTHORITY
            .get_or_init(|| Self::generate().map_err(|error| error.to_string()))
            .as_ref()
            .map_err(|error| StartError::Keys(error.clone()))
    }

    fn generate() -> Result<Self, rcgen::Error> {
        let keys = Keys {
            root: KeyPair::generate_for(&PKCS_RSA_SHA256)?,
            intermediate: KeyPair::generate_for(&PKCS_RSA_SHA256)?,
            leaf: KeyPair::generate_for(&PKCS_RSA_SHA256)?,
        };
        // As in the authority that signs for the real one.
        let usage = [ExtendedKeyUsagePurpose::ServerAuth];
        let first = Chain::made(&keys, 1, "", &usage)?;
        let mut new_certificate = Chain::made(&keys, 2, "", &usage)?;
        new_certificate.anchors_pem.clone_from(&first.anchors_pem);
        Ok(Self {
            new_certificate,
            new_root: Chain::made(&keys, 3, "new ", &usage)?,
            intermediate_without_usage: Chain::made(&keys, 4, "plain ", &[])?,
            first,
            leaf_key: keys.leaf,
        })
    }

    fn chain(&self, signed_by: SignedBy) -> &Chain {
        match signed_by {
            SignedBy::First => &self.first,
            SignedBy::NewCertificate => &self.new_certificate,
            SignedBy::NewRoot => &self.new_root,
            SignedBy::IntermediateWithoutUsage => &self.intermediate_without_usage,
        }
    }

    /// Root and intermediate of what people were told of: never the new root.
    pub(crate) fn anchors_pem(&self, signed_by: SignedBy) -> &str {
        match signed_by {
            SignedBy::First | SignedBy::NewRoot => &self.first.anchors_pem,
            SignedBy::NewCertificate | SignedBy::IntermediateWithoutUsage => {
                &self.chain(signed_by).anchors_pem
            }
        }
    }

    /// The leaf of this name. All of them are served, whatever signs now: an
    /// event of yesterday names yesterday's.
    pub(crate) fn certificate(&self, name: &str) -> Option<&str> {
        [
            &self.first,
            &self.new_certificate,
            &self.new_root,
            &self.intermediate_without_usage,
        ]
        .into_iter()
        .find(|chain| chain.certificate_name == name)
        .map(|chain| chain.leaf_pem.as_str())
    }

    /// The headers of a transmission of `body`. None of them can fail to be a
    /// header: ids, a time, base64 and an address that was parsed.
    pub(crate) fn headers(
        &self,
        transmission: &Transmission<'_>,
        body: &[u8],
    ) -> Result<HeaderMap, StartError> {
        let time = shown(transmission.time);
        let message = format!(
            "{}|{time}|{}|{}",
            transmission.id,
            transmission.webhook_id,
            crc32fast::hash(body)
        );
        let signature = self
            .leaf_key
            .sign(message.as_bytes())
            .map_err(|error| StartError::Keys(error.to_string()))?;
        let certificate_url = format!(
            "{}/v1/notifications/certs/{}",
            transmission.origin,
            self.chain(transmission.signed_by).certificate_name
        );
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("paypal-transmission-id", transmission.id),
            ("paypal-transmission-time", &time),
            ("paypal-transmission-sig", &BASE64.encode(&signature)),
            ("paypal-cert-url", &certificate_url),
            ("paypal-auth-algo", "SHA256withRSA"),
            ("paypal-auth-version", "v2"),
            ("user-agent", "PayPal/AUHD-214.0-stand-in"),
            ("content-type", "application/json"),
        ] {
            let value = HeaderValue::from_str(value)
                .map_err(|error| StartError::Keys(format!("{name}: {error}")))?;
            headers.insert(HeaderName::from_static(name), value);
        }
        Ok(headers)
    }
}

impl Chain {
    /// A chain under a root with this in its name, whose intermediate is for
    /// these uses, and whose leaf has this serial number: with another's it would
    /// be the same certificate, at the same address.
    fn made(
        keys: &Keys,
        serial: u64,
        which: &str,
        usage: &[ExtendedKeyUsagePurpose],
    ) -> Result<Self, rcgen::Error> {
        let root = CertifiedIssuer::self_signed(
            issuer(&format!(
                "knoellchen stand-in {which}root, signs nothing real"
            )),
            &keys.root,
        )?;
        let name = format!("knoellchen stand-in {which}intermediate, signs nothing real");
        let mut between = issuer(&name);
        between.extended_key_usages = usage.to_vec();
        let intermediate = CertifiedIssuer::signed_by(between, &keys.intermediate, &root)?;
        let mut leaf = CertificateParams::new(vec![LEAF_NAME.to_owned()])?;
        leaf.distinguished_name.push(DnType::CommonName, LEAF_NAME);
        leaf.serial_number = Some(serial.into());
        leaf.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyEncipherment,
        ];
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        leaf.use_authority_key_identifier_extension = true;
        valid(&mut leaf);
        let leaf = leaf.signed_by(&keys.leaf, &intermediate)?;
        let mark = crc32fast::hash(leaf.der()).to_be_bytes();
        Ok(Self {
            // PayPal serves the leaf alone, with CR LF.
            leaf_pem: leaf.pem().replace("\r\n", "\n").replace('\n', "\r\n"),
            anchors_pem: format!("{}{}", root.pem(), intermediate.pem()),
            certificate_name: format!("{CERTIFICATE_PREFIX}{}", HEXLOWER.encode(&mark)),
        })
    }
}

/// A moment the way PayPal writes it, `2026-11-22T10:03:12Z`.
pub(crate) fn shown(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn issuer(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    valid(&mut params);
    params
}

fn valid(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(VALID_YEARS.0, 1, 1);
    params.not_after = date_time_ymd(VALID_YEARS.1, 12, 31);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
    use rustls_pki_types::pem::PemObject;
    use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
    use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

    use super::*;

    const BODY: &[u8] = br#"{"id":"WH-TEST"}"#;

    fn signed() -> (&'static Authority, HeaderMap) {
        signed_by(SignedBy::First)
    }

    fn signed_by(signed_by: SignedBy) -> (&'static Authority, HeaderMap) {
        let authority = Authority::of_this_process().unwrap();
        let transmission = Transmission {
            id: "b2384410-f8d2-11d4-b467-0ed5f89f718b",
            time: "2026-11-22T10:03:12.5Z".parse().unwrap(),
            webhook_id: "4MU12345AB678901C",
            origin: "http://127.0.0.1:8082",
            signed_by,
        };
        let headers = authority.headers(&transmission, BODY).unwrap();
        (authority, headers)
    }

    fn served(authority: &Authority, headers: &HeaderMap) -> CertificateDer<'static> {
        let url = headers["paypal-cert-url"].to_str().unwrap();
        let name = url.rsplit('/').next().unwrap();
        CertificateDer::from_pem_slice(authority.certificate(name).unwrap().as_bytes()).unwrap()
    }

    #[test]
    fn the_signature_verifies_under_the_served_certificate() {
        let (authority, headers) = signed();
        let certificate = served(authority, &headers);
        let leaf = EndEntityCert::try_from(&certificate).unwrap();
        let spki = leaf.subject_public_key_info();
        // The key itself lies behind the fixed header of an RSA-2048 SPKI.
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &spki[24..]);
        let message = format!(
            "b2384410-f8d2-11d4-b467-0ed5f89f718b|2026-11-22T10:03:12Z|4MU12345AB678901C|{}",
            crc32fast::hash(BODY)
        );
        let signature = BASE64
            .decode(headers["paypal-transmission-sig"].as_bytes())
            .unwrap();
        key.verify(message.as_bytes(), &signature).unwrap();
        key.verify(b"another message", &signature).unwrap_err();
    }

    /// Whether what signs so chains to these anchors, with their intermediate or
    /// without.
    fn chains(by: SignedBy, anchors_pem: &str, with_intermediate: bool) -> bool {
        let (authority, headers) = signed_by(by);
        let certificate = served(authority, &headers);
        let leaf = EndEntityCert::try_from(&certificate).unwrap();
        leaf.verify_is_valid_for_subject_name(&ServerName::try_from(LEAF_NAME).unwrap())
            .unwrap();
        let anchors: Vec<_> = CertificateDer::pem_slice_iter(anchors_pem.as_bytes())
            .map(Result::unwrap)
            .collect();
        let [root, intermediate] = &anchors[..] else {
            panic!("root and intermediate, in this order");
        };
        let intermediates = std::slice::from_ref(intermediate);
        let in_2026 = Duration::from_secs(1_795_000_000);
        leaf.verify_for_usage(
            webpki::ALL_VERIFICATION_ALGS,
            &[anchor_from_trusted_cert(root).unwrap()],
            if with_intermediate {
                intermediates
            } else {
                &[]
            },
            UnixTime::since_unix_epoch(in_2026),
            KeyUsage::server_auth(),
            None,
            None,
        )
        .is_ok()
    }

    #[test]
    fn the_served_certificate_chains_to_the_anchors_under_the_sandbox_name() {
        let authority = Authority::of_this_process().unwrap();
        for by in [
            SignedBy::First,
            SignedBy::NewCertificate,
            SignedBy::IntermediateWithoutUsage,
        ] {
            let anchors = authority.anchors_pem(by);
            assert!(chains(by, anchors, true), "{by:?}");
            assert!(!chains(by, anchors, false), "{by:?}");
        }
    }

    #[test]
    fn a_new_root_is_not_among_the_anchors_and_a_new_certificate_needs_none() {
        let authority = Authority::of_this_process().unwrap();
        let known = authority.anchors_pem(SignedBy::First);
        assert!(chains(SignedBy::NewCertificate, known, true));
        assert!(!chains(SignedBy::NewRoot, known, true));
        assert_eq!(authority.anchors_pem(SignedBy::NewRoot), known);
        let url = |by| signed_by(by).1["paypal-cert-url"].clone();
        assert_ne!(url(SignedBy::NewCertificate), url(SignedBy::First));
    }

    #[test]
    fn only_the_leaf_is_served_and_only_under_its_own_name() {
        let (authority, headers) = signed();
        let url = headers["paypal-cert-url"].to_str().unwrap();
        let name = url.rsplit('/').next().unwrap();
        let pem = authority.certificate(name).unwrap();
        assert_eq!(pem.matches("BEGIN CERTIFICATE").count(), 1);
        assert_eq!(
            authority.certificate("CERT-360caa42-fca2a594-00000000"),
            None
        );
    }
}

//! The authorities a signing certificate must lead to.
//!
//! They are configuration, since the root of every signing certificate known
//! so far has left the usual bundles and the next one is not public. Compiled
//! in is what those known led to (`DigiCert` High Assurance EV Root CA with its
//! SHA2 Extended Validation Server CA), so that a new stack works where
//! PayPal has not changed; when it has, webhooks are refused with "the
//! certificate is not trusted", the sweep settles in their stead, and the right
//! roots and intermediates go into `PAYPAL_WEBHOOK_ANCHORS`.

use std::fmt;

use jiff::Timestamp;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, TrustAnchor};
use webpki::EndEntityCert;

/// Source: `tests/contract/paypal/vectors`, two files in one.
const COMPILED_IN: &[u8] = include_bytes!("anchors.pem");

/// More is somebody's whole bundle, in which any authority could vouch for a
/// webhook.
const CERTIFICATES_MAX: usize = 16;

/// Roots, and intermediates that PayPal does not serve with its leaves.
pub(super) struct Anchors {
    roots: Vec<TrustAnchor<'static>>,
    intermediates: Vec<CertificateDer<'static>>,
    ends: Timestamp,
}

impl fmt::Debug for Anchors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Anchors")
            .field("roots", &self.roots.len())
            .field("intermediates", &self.intermediates.len())
            .field("ends", &self.ends)
            .finish()
    }
}

impl Anchors {
    /// Those compiled in.
    pub(super) fn compiled_in() -> Option<Self> {
        Self::from_pem(COMPILED_IN)
    }

    /// Those of a configuration parameter: PEM text, or the word for those compiled in,
    /// since the parameter store holds no empty value.
    pub(super) fn from_parameter(text: &str) -> Option<Self> {
        match text.trim() {
            "compiled-in" => Self::compiled_in(),
            pem => Self::from_pem(pem.as_bytes()),
        }
    }

    /// Those of a PEM file: self-issued ones are roots, the others
    /// intermediates. Nothing when one cannot be read, when there is no root,
    /// or when there are too many.
    pub(super) fn from_pem(pem: &[u8]) -> Option<Self> {
        let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem)
            .take(CERTIFICATES_MAX + 1)
            .collect::<Result<_, _>>()
            .ok()?;
        let mut anchors = Self {
            roots: Vec::new(),
            intermediates: Vec::new(),
            ends: Timestamp::MAX,
        };
        if certificates.len() > CERTIFICATES_MAX {
            return None;
        }
        for der in certificates {
            let certificate = EndEntityCert::try_from(&der).ok()?;
            anchors.ends = anchors.ends.min(ends(&der)?);
            if certificate.issuer() == certificate.subject() {
                let root = webpki::anchor_from_trusted_cert(&der).ok()?;
                anchors.roots.push(root.to_owned());
            } else {
                anchors.intermediates.push(der);
            }
        }
        (!anchors.roots.is_empty()).then_some(anchors)
    }

    /// When the first of them ends: which of them PayPal signs under is not known here.
    pub(super) fn ends(&self) -> Timestamp {
        self.ends
    }

    pub(super) fn roots(&self) -> &[TrustAnchor<'static>] {
        &self.roots
    }

    pub(super) fn intermediates(&self) -> &[CertificateDer<'static>] {
        &self.intermediates
    }
}

/// When a certificate ends.
fn ends(der: &CertificateDer<'_>) -> Option<Timestamp> {
    let (_, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
    Timestamp::from_second(certificate.validity().not_after.timestamp()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_holds_certificates_or_the_word_for_those_of_the_program() {
        let of_program = Anchors::from_parameter("compiled-in\n").unwrap();
        let text = format!("{of_program:?}");
        assert_eq!(text, format!("{:?}", Anchors::compiled_in().unwrap()));
        let pem = std::str::from_utf8(COMPILED_IN).unwrap();
        assert_eq!(text, format!("{:?}", Anchors::from_parameter(pem).unwrap()));
        for wrong in ["", "none", "compiled in"] {
            assert!(Anchors::from_parameter(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn they_end_with_the_last_root_or_the_last_intermediate() {
        // Source: `openssl x509 -enddate` of both; the intermediate ends first.
        let ends = Anchors::compiled_in().unwrap().ends();
        assert_eq!(ends.to_string(), "2028-10-22T12:00:00Z");
    }
}

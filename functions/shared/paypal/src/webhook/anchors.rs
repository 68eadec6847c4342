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
}

impl fmt::Debug for Anchors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Anchors")
            .field("roots", &self.roots.len())
            .field("intermediates", &self.intermediates.len())
            .finish()
    }
}

impl Anchors {
    /// Those compiled in.
    pub(super) fn compiled_in() -> Option<Self> {
        Self::from_pem(COMPILED_IN)
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
        };
        if certificates.len() > CERTIFICATES_MAX {
            return None;
        }
        for der in certificates {
            let certificate = EndEntityCert::try_from(&der).ok()?;
            if certificate.issuer() == certificate.subject() {
                let root = webpki::anchor_from_trusted_cert(&der).ok()?;
                anchors.roots.push(root.to_owned());
            } else {
                anchors.intermediates.push(der);
            }
        }
        (!anchors.roots.is_empty()).then_some(anchors)
    }

    pub(super) fn roots(&self) -> &[TrustAnchor<'static>] {
        &self.roots
    }

    pub(super) fn intermediates(&self) -> &[CertificateDer<'static>] {
        &self.intermediates
    }
}

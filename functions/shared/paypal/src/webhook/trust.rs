//! Whether a certificate is the one `PayPal` signs webhooks with, and whether
//! it signed this one.

use std::time::Duration;

use jiff::Timestamp;
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, UnixTime};
use webpki::{EndEntityCert, KeyUsage, aws_lc_rs as algorithms};

use super::{WebhookConfig, WebhookError};
use crate::Environment;

/// What authorities sign certificates with. The webhook itself may be signed
/// with only one of them, below.
const CHAIN_ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] = &[
    algorithms::RSA_PKCS1_2048_8192_SHA256,
    algorithms::RSA_PKCS1_2048_8192_SHA384,
    algorithms::RSA_PKCS1_2048_8192_SHA512,
    algorithms::ECDSA_P256_SHA256,
    algorithms::ECDSA_P384_SHA384,
];

/// Extended key usage "server authentication", 1.3.6.1.5.5.7.3.1, as DER
/// writes it. Source: RFC 5280, section 4.2.1.12.
const SERVER_AUTHENTICATION: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];

/// Checks `chain` against the configured anchors at `now`, then the signature
/// of `message` under its leaf's key.
pub(super) fn check(
    chain: &[CertificateDer<'_>],
    config: &WebhookConfig,
    now: Timestamp,
    message: &[u8],
    signature: &[u8],
) -> Result<(), WebhookError> {
    let (leaf, served) = chain
        .split_first()
        .ok_or(WebhookError::CertificateUnusable)?;
    let leaf = EndEntityCert::try_from(leaf).map_err(WebhookError::CertificateUntrusted)?;
    // What was served beside the leaf only fills gaps on the way to an anchor.
    let mut intermediates = config.anchors.intermediates().to_vec();
    intermediates.extend(served.iter().map(|der| der.clone().into_owned()));
    let seconds = u64::try_from(now.as_second()).unwrap_or_default();
    leaf.verify_for_usage(
        CHAIN_ALGORITHMS,
        config.anchors.roots(),
        &intermediates,
        UnixTime::since_unix_epoch(Duration::from_secs(seconds)),
        // Demanded of each certificate below the anchor: one that does not say
        // what it is for was not made for this.
        KeyUsage::required(SERVER_AUTHENTICATION),
        None,
        None,
    )
    .map_err(WebhookError::CertificateUntrusted)?;
    // Exactly this name: the same authorities sign for everybody, and a
    // wildcard belongs to somebody else's machines.
    if !leaf.valid_dns_names().any(|name| name == signer(config)) {
        return Err(WebhookError::CertificateName);
    }
    leaf.verify_signature(algorithms::RSA_PKCS1_2048_8192_SHA256, message, signature)
        .map_err(|_| WebhookError::Signature)
}

/// The name in `PayPal`'s signing certificates.
const fn signer(config: &WebhookConfig) -> &'static str {
    match config.environment {
        Environment::Live => "messageverificationcerts.paypal.com",
        Environment::Sandbox | Environment::Local => "messageverificationcerts.sandbox.paypal.com",
    }
}

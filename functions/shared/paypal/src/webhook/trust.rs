//! Whether a certificate is the one PayPal signs webhooks with, and whether
//! it signed this one.

use std::time::Duration;

use jiff::Timestamp;
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, UnixTime};
use webpki::{EndEntityCert, KeyUsage, aws_lc_rs as algorithms};

use super::WebhookConfig;
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

/// The longest text of an issuer that we repeat.
const ISSUER_LEN_MAX: usize = 200;

/// Why a certificate is not trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// What lies at its address is no certificate.
    #[error("no certificate lies at the certificate's address")]
    Unusable,
    /// It does not lead to a configured anchor now, or is not made for this use.
    #[error("the certificate does not lead to a configured anchor")]
    Chain(#[source] webpki::Error),
    /// A trusted one of somebody else, or of the other environment.
    #[error("the certificate is not the one PayPal signs this environment's webhooks with")]
    Name,
}

/// Whether `chain` leads to a configured anchor at `now`, and its leaf is the one that
/// signs webhooks.
pub(super) fn check(
    chain: &[CertificateDer<'_>],
    config: &WebhookConfig,
    now: Timestamp,
) -> Result<(), Distrust> {
    let (leaf, served) = chain.split_first().ok_or(Distrust::Unusable)?;
    let leaf = EndEntityCert::try_from(leaf).map_err(Distrust::Chain)?;
    // What was served beside the leaf only fills gaps on the way to an anchor.
    let mut intermediates = config.anchors.intermediates().to_vec();
    intermediates.extend(served.iter().map(|der| der.clone().into_owned()));
    let seconds = u64::try_from(now.as_second()).unwrap_or_default();
    let time = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    let path = leaf
        .verify_for_usage(
            CHAIN_ALGORITHMS,
            config.anchors.roots(),
            &intermediates,
            time,
            // An authority need not say what it may sign for; one that does, and
            // leaves this out, was not made for this.
            // sabotage: an intermediate must say what it signs for
            KeyUsage::required_if_present(SERVER_AUTHENTICATION),
            None,
            None,
        )
        .map_err(Distrust::Chain)?;
    // The leaf must say it. Under its own issuer alone, no other certificate is asked.
    let issuer = path
        .intermediate_certificates()
        .next()
        .map(webpki::Cert::der);
    let issuer = match &issuer {
        Some(der) => webpki::anchor_from_trusted_cert(der).map_err(Distrust::Chain)?,
        None => path.anchor().clone(),
    };
    leaf.verify_for_usage(
        CHAIN_ALGORITHMS,
        &[issuer],
        &[],
        time,
        KeyUsage::required(SERVER_AUTHENTICATION),
        None,
        None,
    )
    .map_err(Distrust::Chain)?;
    // Exactly this name: the same authorities sign for everybody, and a
    // wildcard belongs to somebody else's machines.
    if leaf.valid_dns_names().any(|name| name == signer(config)) {
        Ok(())
    } else {
        Err(Distrust::Name)
    }
}

/// Whether the leaf's key has signed `message`.
pub(super) fn has_signed(chain: &[CertificateDer<'_>], message: &[u8], signature: &[u8]) -> bool {
    let leaf = chain.first().map(EndEntityCert::try_from);
    leaf.and_then(Result::ok).is_some_and(|leaf| {
        let algorithm = algorithms::RSA_PKCS1_2048_8192_SHA256;
        leaf.verify_signature(algorithm, message, signature).is_ok()
    })
}

/// Who has signed the leaf, by its own word: `US, DigiCert Inc, …`. For whoever has to
/// find the root that is missing.
pub(super) fn issuer(chain: &[CertificateDer<'_>]) -> Option<String> {
    let leaf = EndEntityCert::try_from(chain.first()?).ok()?;
    let mut texts = Vec::new();
    collect_texts(leaf.issuer(), &mut texts);
    let mut text = texts.join(", ");
    text.truncate(ISSUER_LEN_MAX);
    Some(text)
}

/// The texts in DER, in their order, of letters that may stand in a log.
///
/// Source: X.690, and RFC 5280, section 4.1.2.4: a name is a sequence of sets of pairs.
fn collect_texts(mut der: &[u8], texts: &mut Vec<String>) {
    while let [tag, length @ 0..=0x7f, rest @ ..] = der {
        let Some((content, after)) = rest.split_at_checked(usize::from(*length)) else {
            return;
        };
        match tag {
            // SEQUENCE and SET. Short forms only, so this ends.
            0x30 | 0x31 => collect_texts(content, texts),
            // UTF8String, PrintableString, IA5String.
            0x0c | 0x13 | 0x16 => {
                let shown = |byte: &u8| match byte {
                    b' '..=b'~' => char::from(*byte),
                    _ => '?',
                };
                texts.push(content.iter().map(shown).collect());
            }
            _ => {}
        }
        der = after;
    }
}

/// The name in PayPal's signing certificates.
const fn signer(config: &WebhookConfig) -> &'static str {
    match config.environment {
        Environment::Live => "messageverificationcerts.paypal.com",
        Environment::Sandbox | Environment::Local => "messageverificationcerts.sandbox.paypal.com",
    }
}

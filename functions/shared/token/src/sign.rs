//! Signing: only for who issues tickets.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use data_encoding::BASE64URL_NOPAD;
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;
use ticket::CaseNumber;

use crate::Keys;

/// There is nothing to sign with; refuse to start.
#[derive(Debug, thiserror::Error)]
pub enum NoSigningKey {
    /// Neither the variable nor its parameter could be read.
    #[error(transparent)]
    Unreadable(#[from] parameters::Error),
    /// `TOKEN_SIGNING_KEY` is no private key for Ed25519.
    #[error(
        "TOKEN_SIGNING_KEY is no Ed25519 key: write a PKCS#8 PEM, as `openssl genpkey -algorithm ed25519` prints it"
    )]
    NotAnEd25519Key,
    /// Nobody could verify what it signs.
    #[error(
        "TOKEN_SIGNING_KEY has no public key in TOKEN_KEYS: add it there first, with a kid of its own"
    )]
    NotAmongKeys,
}

/// The private key, with the `kid` of its public one.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    /// The header, encoded: the same for every token.
    header: String,
}

impl SigningKey {
    /// Reads `TOKEN_SIGNING_KEY`, or the parameter that
    /// `TOKEN_SIGNING_KEY_PARAMETER` names.
    ///
    /// # Errors
    /// When neither can be read, and as [`SigningKey::from_pem`].
    pub async fn from_vars(
        vars: &dyn Fn(&str) -> Option<String>,
        keys: &Keys,
    ) -> Result<Self, NoSigningKey> {
        let pem = parameters::value(vars, "TOKEN_SIGNING_KEY").await?;
        Self::from_pem(pem.expose(), keys)
    }

    /// The key in `pem` (PKCS#8), which must be among `keys`.
    ///
    /// # Errors
    /// When it is no Ed25519 key, or its public key is not among `keys`: what
    /// it signed would be printed, and refused by the page.
    pub fn from_pem(pem: &str, keys: &Keys) -> Result<Self, NoSigningKey> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes())
            .map_err(|_| NoSigningKey::NotAnEd25519Key)?;
        let pair = Ed25519KeyPair::from_pkcs8(der.secret_pkcs8_der())
            .map_err(|_| NoSigningKey::NotAnEd25519Key)?;
        let kid = keys
            .kid_of(pair.public_key().as_ref())
            .ok_or(NoSigningKey::NotAmongKeys)?;
        // A `kid` has no character that JSON would escape.
        let header =
            BASE64URL_NOPAD.encode(format!(r#"{{"alg":"EdDSA","kid":"{kid}"}}"#).as_bytes());
        Ok(Self { pair, header })
    }

    /// The token of this case number: always the same one from the same key,
    /// since Ed25519 draws no randomness (RFC 8032, section 5.1.6).
    #[must_use]
    pub fn sign(&self, case_number: &CaseNumber) -> String {
        // Neither has a case number.
        let claims = BASE64URL_NOPAD.encode(format!(r#"{{"sub":"{case_number}"}}"#).as_bytes());
        let message = format!("{}.{claims}", self.header);
        let signature = BASE64URL_NOPAD.encode(self.pair.sign(message.as_bytes()).as_ref());
        format!("{message}.{signature}")
    }
}

//! The key that signs QR codes on this machine.

use std::path::Path;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use data_encoding::BASE64URL_NOPAD;
use serde_json::json;

use crate::kept_key::{KeptKeyError, kept_key, pem};

/// The file in `--data DIR` that keeps the key, so that a QR code printed
/// yesterday opens its ticket today.
const FILE: &str = "token-signing-key.pem";

/// A signing key and the public half of it.
pub struct TokenKeys {
    /// PKCS#8 PEM, for `TOKEN_SIGNING_KEY`.
    pub signing_key_pem: String,
    /// JWKS, for `TOKEN_KEYS`.
    pub jwks: String,
}

/// The key cannot be made, read or kept.
#[derive(Debug, thiserror::Error)]
pub enum TokenKeysError {
    /// The random source or the crypto library failed.
    #[error("cannot make an Ed25519 key")]
    NoKey,
    /// It cannot be read or kept.
    #[error(transparent)]
    Kept(#[from] KeptKeyError),
}

impl TokenKeys {
    /// The key kept in this directory; a new one where there is none.
    ///
    /// # Errors
    /// When none can be made, read or kept.
    pub fn of(directory: Option<&Path>) -> Result<Self, TokenKeysError> {
        let new = || {
            let pair = Ed25519KeyPair::generate().map_err(|_| TokenKeysError::NoKey)?;
            let der = der(&pair)?;
            Ok::<_, TokenKeysError>((pair, der))
        };
        let pair = match directory {
            None => new()?.0,
            Some(directory) => {
                let read = |der: &[u8]| Ed25519KeyPair::from_pkcs8(der).ok();
                kept_key(&directory.join(FILE), "Ed25519", read, new)?
            }
        };
        let public = BASE64URL_NOPAD.encode(pair.public_key().as_ref());
        let jwks = json!({
            "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "local", "x": public }]
        });
        Ok(Self {
            signing_key_pem: pem(&der(&pair)?),
            jwks: jwks.to_string(),
        })
    }
}

fn der(pair: &Ed25519KeyPair) -> Result<Vec<u8>, TokenKeysError> {
    let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| TokenKeysError::NoKey)?;
    Ok(der.as_ref().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_key_is_the_same_after_a_restart_and_a_new_one_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let first = TokenKeys::of(Some(directory.path())).unwrap();
        let again = TokenKeys::of(Some(directory.path())).unwrap();
        assert_eq!(first.jwks, again.jwks);
        assert_eq!(first.signing_key_pem, again.signing_key_pem);
        assert_ne!(first.jwks, TokenKeys::of(None).unwrap().jwks);
    }
}

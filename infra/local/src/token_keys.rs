//! The key that signs QR codes on this machine.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use data_encoding::{BASE64_MIME, BASE64URL_NOPAD};
use serde_json::json;

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
    /// The file cannot be read or written.
    #[error("cannot keep the signing key in {path}")]
    File {
        /// Where.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file holds something else.
    #[error("{path} holds no Ed25519 key in PKCS#8 PEM: delete it to get a new one")]
    NotAKey {
        /// Where.
        path: String,
    },
}

impl TokenKeys {
    /// The key kept in this directory; a new one where there is none.
    ///
    /// # Errors
    /// When none can be made, read or kept.
    pub fn of(directory: Option<&Path>) -> Result<Self, TokenKeysError> {
        let Some(path) = directory.map(|directory| directory.join(FILE)) else {
            let pair = Ed25519KeyPair::generate().map_err(|_| TokenKeysError::NoKey)?;
            return Self::from_pair(&pair);
        };
        let shown = path.display().to_string();
        let failed = |source| TokenKeysError::File {
            path: shown.clone(),
            source,
        };
        if path.exists() {
            let pem = fs::read_to_string(&path).map_err(failed)?;
            let pair = read_pem(&pem).ok_or(TokenKeysError::NotAKey { path: shown })?;
            return Self::from_pair(&pair);
        }
        let pair = Ed25519KeyPair::generate().map_err(|_| TokenKeysError::NoKey)?;
        let keys = Self::from_pair(&pair)?;
        fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .and_then(|mut file| file.write_all(keys.signing_key_pem.as_bytes()))
            .map_err(failed)?;
        Ok(keys)
    }

    fn from_pair(pair: &Ed25519KeyPair) -> Result<Self, TokenKeysError> {
        let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| TokenKeysError::NoKey)?;
        let lines = BASE64_MIME.encode(der.as_ref()).replace("\r\n", "\n");
        let public = BASE64URL_NOPAD.encode(pair.public_key().as_ref());
        let jwks = json!({
            "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "local", "x": public }]
        });
        Ok(Self {
            signing_key_pem: format!(
                "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
                lines.trim_end()
            ),
            jwks: jwks.to_string(),
        })
    }
}

fn read_pem(pem: &str) -> Option<Ed25519KeyPair> {
    let body: String = pem
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    let der = data_encoding::BASE64.decode(body.as_bytes()).ok()?;
    Ed25519KeyPair::from_pkcs8(&der).ok()
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

//! The development identity: who the city's login is on this machine.

use std::path::Path;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use data_encoding::BASE64URL_NOPAD;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::DecodingKey;
use serde_json::{Value, json};

use crate::gateway::Authorizer;
use crate::kept_key::{KeptKeyError, kept_key};

/// The issuer of local tokens; nobody asks it anything.
pub const ISSUER: &str = "https://login.localhost";
/// The audience of local tokens.
pub const AUDIENCE: &str = "knoellchen-office";

/// How long a local office token is valid: a working day.
const VALID: SignedDuration = SignedDuration::from_hours(12);

/// The name of the one key.
const KID: &str = "local";

/// The file in `--data DIR` that keeps the key, so that a token printed before a restart
/// still opens the office's door.
const FILE: &str = "office-identity.pem";

/// Issues office tokens with a key of its own.
pub struct Identity {
    pair: KeyPair,
}

/// No key could be made, or nothing signed with it.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// It cannot be read or kept.
    #[error(transparent)]
    Kept(#[from] KeptKeyError),
    /// The random source or the crypto library failed.
    #[error("cannot make an RSA key for the development identity")]
    NoKey,
    /// Signing failed.
    #[error("cannot sign an office token")]
    NotSigned,
}

impl Identity {
    /// The identity whose key is kept in this directory; a new one where there is none.
    ///
    /// # Errors
    /// When no key can be made, read or kept.
    pub fn of(directory: Option<&Path>) -> Result<Self, IdentityError> {
        let Some(directory) = directory else {
            return Self::generate();
        };
        let new = || {
            let Self { pair } = Self::generate()?;
            let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| IdentityError::NoKey)?;
            let der = der.as_ref().to_vec();
            Ok::<_, IdentityError>((pair, der))
        };
        let read = |der: &[u8]| KeyPair::from_pkcs8(der).ok();
        let pair = kept_key(&directory.join(FILE), "RSA", read, new)?;
        Ok(Self { pair })
    }

    /// A new identity with a new key.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn generate() -> Result<Self, IdentityError> {
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| IdentityError::NoKey)?;
        Ok(Self { pair })
    }

    /// A token for the office API.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn token(
        &self,
        subject: &str,
        scopes: &[String],
        now: Timestamp,
    ) -> Result<String, IdentityError> {
        self.sign(&json!({
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": subject,
            "scope": scopes.join(" "),
            "iat": now.as_second(),
            "exp": (now + VALID).as_second(),
        }))
    }

    /// A token with exactly these claims, for tests of what is refused.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn sign(&self, claims: &Value) -> Result<String, IdentityError> {
        let header = json!({ "alg": "RS256", "kid": KID });
        let encoded = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let message = format!("{}.{}", encoded(&header), encoded(claims));
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                message.as_bytes(),
                &mut signature,
            )
            .map_err(|_| IdentityError::NotSigned)?;
        Ok(format!("{message}.{}", BASE64URL_NOPAD.encode(&signature)))
    }

    /// The authorizer that takes this identity's tokens.
    #[must_use]
    pub fn authorizer(&self) -> Authorizer {
        Authorizer::new(
            ISSUER.to_owned(),
            AUDIENCE.to_owned(),
            [(
                KID.to_owned(),
                DecodingKey::from_rsa_der(self.pair.public_key().as_ref()),
            )],
        )
    }
}

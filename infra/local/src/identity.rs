//! The development identity: who the city's login is on this machine.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use data_encoding::BASE64URL_NOPAD;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::DecodingKey;
use serde_json::{Value, json};

use crate::gateway::Authorizer;

/// The issuer of local tokens; nobody asks it anything.
pub const ISSUER: &str = "https://login.localhost";
/// The audience of local tokens.
pub const AUDIENCE: &str = "knoellchen-office";

/// How long a local office token is valid: a working day.
const VALID: SignedDuration = SignedDuration::from_hours(12);

/// The name of the one key.
const KID: &str = "local";

/// Issues office tokens with a key that lives as long as this process.
pub struct Identity {
    pair: KeyPair,
}

/// No key could be made, or nothing signed with it.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The random source or the crypto library failed.
    #[error("cannot make an RSA key for the development identity")]
    NoKey,
    /// Signing failed.
    #[error("cannot sign an office token")]
    NotSigned,
}

impl Identity {
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

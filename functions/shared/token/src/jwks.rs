//! `TOKEN_KEYS`: the public keys, by `kid`.

use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;

/// The longest `kid`: room for the thumbprint of RFC 7638 in base64url.
pub(crate) const KID_LEN_MAX: usize = 43;

/// The most keys there may be at once: a few devices and one rotation.
const KEYS_MAX: usize = 32;

/// A public Ed25519 key.
///
/// Source: RFC 8032, section 5.1.5.
pub(crate) const PUBLIC_KEY_LEN: usize = 32;

/// `TOKEN_KEYS` does not hold the public keys of the QR codes; refuse to start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "TOKEN_KEYS {problem}: write a JWKS of public Ed25519 keys, {}",
    r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"2026","x":"<32 bytes in base64url>"}]}"#
)]
pub struct InvalidKeys {
    problem: String,
}

impl InvalidKeys {
    pub(crate) fn because(problem: impl Into<String>) -> Self {
        Self {
            problem: problem.into(),
        }
    }
}

/// A public key with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedKey {
    pub(crate) kid: String,
    pub(crate) public: [u8; PUBLIC_KEY_LEN],
}

/// Source: RFC 7517, section 5.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Jwks {
    keys: Vec<Jwk>,
}

/// Source: RFC 8037, section 2. There is no `d` in it: with an unknown field
/// refused, a private key cannot be deployed to every function by mistake.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Jwk {
    kty: Kty,
    crv: Crv,
    kid: String,
    x: String,
    alg: Option<Alg>,
    #[serde(rename = "use")]
    public_key_use: Option<PublicKeyUse>,
    key_ops: Option<[KeyOps; 1]>,
}

#[derive(Deserialize)]
enum Kty {
    #[serde(rename = "OKP")]
    OctetKeyPair,
}

#[derive(Deserialize)]
enum Crv {
    Ed25519,
}

/// Source: RFC 8037, section 3.1, and its later, exacter name in RFC 9864.
#[derive(Deserialize)]
enum Alg {
    #[serde(rename = "EdDSA", alias = "Ed25519")]
    EdDsa,
}

#[derive(Deserialize)]
enum PublicKeyUse {
    #[serde(rename = "sig")]
    Signature,
}

#[derive(Deserialize)]
enum KeyOps {
    #[serde(rename = "verify")]
    Verify,
}

/// Reads the keys; at least one, each `kid` and each key only once.
pub(crate) fn read(text: &str) -> Result<Vec<NamedKey>, InvalidKeys> {
    // serde's message quotes a part of what it read; a private key pasted
    // here must not end in a log, so only the place is told.
    let jwks: Jwks = serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        InvalidKeys::because(format!(
            "is not one at line {line} column {column} (unknown fields are refused, and so is a private `d`)"
        ))
    })?;
    if !(1..=KEYS_MAX).contains(&jwks.keys.len()) {
        return Err(InvalidKeys::because(format!(
            "must hold 1 to {KEYS_MAX} keys"
        )));
    }
    let mut named = Vec::with_capacity(jwks.keys.len());
    for key in jwks.keys {
        let key = named_key(key)?;
        let is_again = |known: &NamedKey| known.kid == key.kid || known.public == key.public;
        // With one name for two keys, or two for one, which key signed (or
        // which name signs) would depend on their order.
        if named.iter().any(is_again) {
            return Err(InvalidKeys::because(format!(
                "holds the kid {:?} or its key twice",
                key.kid
            )));
        }
        named.push(key);
    }
    Ok(named)
}

fn named_key(key: Jwk) -> Result<NamedKey, InvalidKeys> {
    let Jwk {
        kty: Kty::OctetKeyPair,
        crv: Crv::Ed25519,
        kid,
        x,
        alg: None | Some(Alg::EdDsa),
        public_key_use: None | Some(PublicKeyUse::Signature),
        key_ops: None | Some([KeyOps::Verify]),
    } = key;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !(1..=KID_LEN_MAX).contains(&kid.len()) || !kid.bytes().all(allowed) {
        return Err(InvalidKeys::because(format!(
            "has a kid that is not 1 to {KID_LEN_MAX} of A-Z a-z 0-9 - _"
        )));
    }
    let public = BASE64URL_NOPAD
        .decode(x.as_bytes())
        .ok()
        .and_then(|bytes| bytes.try_into().ok());
    let Some(public) = public else {
        return Err(InvalidKeys::because(format!(
            "has an x of the kid {kid:?} that is not {PUBLIC_KEY_LEN} bytes in base64url"
        )));
    };
    Ok(NamedKey { kid, public })
}

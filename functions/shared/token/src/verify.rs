//! From an unverified text to a case number, or to nothing.

use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use ticket::CaseNumber;

use crate::jwks::{self, InvalidKeys, KID_LEN_MAX, NamedKey};

/// The longest token that is looked at: the longest header with `typ`, the
/// longest case number, an Ed25519 signature and two points. Anything longer
/// is refused before a byte of it is decoded.
pub const TOKEN_LEN_MAX: usize = {
    let header = r#"{"typ":"JWT","alg":"EdDSA","kid":""}"#.len() + KID_LEN_MAX;
    let claims = r#"{"sub":""}"#.len() + CASE_NUMBER_LEN_MAX;
    base64url_len(header) + base64url_len(claims) + base64url_len(SIGNATURE_LEN) + 2
};

/// What `ticket::CaseNumber` takes; a test holds the two together.
pub(crate) const CASE_NUMBER_LEN_MAX: usize = 27;

/// Source: RFC 8032, section 5.1.6.
const SIGNATURE_LEN: usize = 64;

const fn base64url_len(bytes: usize) -> usize {
    (bytes * 4).div_ceil(3)
}

/// The token is not one of ours. There is one kind of it only: whoever asks
/// gets the same answer whatever was wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a validly signed token")]
pub struct InvalidToken;

/// The public keys of the QR codes, by `kid`.
#[derive(Clone)]
pub struct Keys {
    keys: Vec<Key>,
    validation: Validation,
}

#[derive(Clone)]
struct Key {
    named: NamedKey,
    decoding: DecodingKey,
}

/// The one claim. A claim that is there twice, or another one, is refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    sub: CaseNumber,
}

/// The header: no `crit`, `jku`, `jwk`, `x5u` or anything else that would let
/// the token say which key it wants to be checked with.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    #[expect(dead_code, reason = "reading it is the check")]
    alg: OneAlgorithm,
    kid: String,
    #[expect(dead_code, reason = "reading it is the check")]
    typ: Option<OneType>,
}

#[derive(Deserialize)]
enum OneAlgorithm {
    #[serde(rename = "EdDSA")]
    EdDsa,
}

#[derive(Deserialize)]
enum OneType {
    #[serde(rename = "JWT")]
    Jwt,
}

impl Keys {
    /// Reads `TOKEN_KEYS`, a JWKS of public Ed25519 keys (RFC 7517, RFC 8037).
    /// With two keys in it, tokens of either are good: add the new one, sign
    /// with it, and take the old one out when its last ticket is closed.
    ///
    /// # Errors
    /// When the variable is missing or holds anything but such keys.
    pub fn from_vars(vars: &dyn Fn(&str) -> Option<String>) -> Result<Self, InvalidKeys> {
        let text = vars("TOKEN_KEYS")
            .filter(|text| !text.is_empty())
            .ok_or_else(|| InvalidKeys::because("is not set"))?;
        let keys = jwks::read(&text)?.into_iter().map(|named| Key {
            decoding: DecodingKey::from_ed_der(&named.public),
            named,
        });
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_required_spec_claims(&["sub"]);
        // There is no such claim, and looking for it would read the clock.
        validation.validate_exp = false;
        validation.validate_aud = false;
        Ok(Self {
            keys: keys.collect(),
            validation,
        })
    }

    /// The case number of a token that one of our keys has signed.
    ///
    /// # Errors
    /// When it is anything else; nothing tells why.
    pub fn verify(&self, unverified_token: &str) -> Result<CaseNumber, InvalidToken> {
        if unverified_token.len() > TOKEN_LEN_MAX {
            return Err(InvalidToken);
        }
        let unverified_kid = unverified_kid(unverified_token).ok_or(InvalidToken)?;
        let key = self
            .keys
            .iter()
            .find(|key| key.named.kid == unverified_kid)
            .ok_or(InvalidToken)?;
        jsonwebtoken::decode::<Claims>(unverified_token, &key.decoding, &self.validation)
            .map(|verified| verified.claims.sub)
            .map_err(|_| InvalidToken)
    }

    /// Under which `kid` this public key is known.
    #[cfg(feature = "signing")]
    pub(crate) fn kid_of(&self, public: &[u8]) -> Option<&str> {
        self.keys
            .iter()
            .find(|key| key.named.public == public)
            .map(|key| key.named.kid.as_str())
    }
}

/// The `kid` a token names, when the token has the one form ours have: three
/// parts, each in canonical base64url. Without this, one ticket would have
/// many addresses: with padding, with line breaks, or with other last bits.
pub(crate) fn unverified_kid(unverified_token: &str) -> Option<String> {
    let mut parts = unverified_token.split('.').map(|part| {
        let bytes = BASE64URL_NOPAD.decode(part.as_bytes()).ok();
        bytes.filter(|bytes| !bytes.is_empty())
    });
    let unverified_header = parts.next()??;
    let _claims = parts.next()??;
    let signature = parts.next()??;
    if parts.next().is_some() || signature.len() != SIGNATURE_LEN {
        return None;
    }
    let header: Header = serde_json::from_slice(&unverified_header).ok()?;
    Some(header.kid)
}

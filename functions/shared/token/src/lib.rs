//! What a QR code says: a compact JWT whose one claim, `sub`, is the case
//! number, signed with Ed25519.
//!
//! Signed, so that a forged or guessed one costs no read of the table, and so
//! that a hand-held device with its own key can print while it is offline.
//!
//! ```text
//! {"alg":"EdDSA","kid":"2026"} . {"sub":"KL-2026-000123"} . signature
//! ```
//!
//! The header leaves `typ` out: every character makes the printed symbol
//! larger, and there is no other kind of token to confuse this one with. Since
//! many libraries write `"typ":"JWT"`, a device's token may carry it; nothing
//! else is accepted in the header, and nothing beside `sub` in the claims, so
//! that no claim somebody meant (an `exp`, say) is silently ignored.
//!
//! **The size of the symbol.** At error correction M version 10 holds 213
//! bytes. A host of 24 characters and a case number of 27 leave a `kid` six of
//! them; a case number of 14 leaves it 19. A longer `kid` works and makes the
//! symbol larger: choose short ones, like `2026`.

mod base_url;
mod jwks;
mod text;
mod verify;

#[cfg(feature = "signing")]
mod sign;

pub use base_url::{InvalidBaseUrl, PublicBaseUrl};
pub use jwks::InvalidKeys;
pub use text::{check_word, url};
pub use verify::{InvalidToken, Keys, TOKEN_LEN_MAX};

#[cfg(feature = "signing")]
pub use sign::{NoSigningKey, SigningKey};

#[cfg(test)]
mod tests;

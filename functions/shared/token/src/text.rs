//! What is printed of a token, and beside it.

use aws_lc_rs::digest;

/// Capitals without vowels (so that they spell nothing) and without those
/// that a bad print makes look like another or like a digit: B, G, Q, S, Y, Z.
pub(crate) const CHECK_WORD_LETTERS: [char; 15] = [
    'C', 'D', 'F', 'H', 'J', 'K', 'L', 'M', 'N', 'P', 'R', 'T', 'V', 'W', 'X',
];

/// Letters in a check word: 15⁵ different ones, short enough to compare.
pub(crate) const CHECK_WORD_LEN: usize = 5;

/// The word printed beside the QR code, which the page repeats, so that a
/// driver sees that paper and page belong together. It comes from the SHA-256
/// of the token: no secret, and no proof against somebody who has the token.
#[must_use]
pub fn check_word(token: &str) -> String {
    let digest = digest::digest(&digest::SHA256, token.as_bytes());
    let number = digest
        .as_ref()
        .iter()
        .take(size_of::<u64>())
        .fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    let base = CHECK_WORD_LETTERS.len() as u64;
    let mut rest = number;
    (0..CHECK_WORD_LEN)
        .map(|_| {
            // Always an index into the letters: a remainder of their number.
            let index = usize::try_from(rest % base).unwrap_or_default();
            rest /= base;
            CHECK_WORD_LETTERS[index]
        })
        .collect()
}

/// The address in the QR code: `{base}/t/{token}`, where `base` is
/// `PUBLIC_BASE_URL` without a slash at its end, as [`crate::PublicBaseUrl`]
/// gives it.
#[must_use]
pub fn url(base: &str, token: &str) -> String {
    format!("{base}/t/{token}")
}

//! Ids out of a seed: the same seed gives the same ids in the same order, so
//! that a run can be replayed.

use serde::{Deserialize, Serialize};

/// `SplitMix64` (Steele, Lea, Flood 2014). Ids need no secrecy here, only
/// difference and repeatability.
#[derive(Serialize, Deserialize)]
pub(crate) struct Ids {
    state: u64,
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Zero to so many, as the seed has it.
    pub(crate) fn up_to(&mut self, most: u32) -> u32 {
        u32::try_from(self.next() % (u64::from(most) + 1)).unwrap_or_default()
    }

    fn letters(&mut self, alphabet: &[u8], length: usize) -> String {
        let count = alphabet.len() as u64;
        (0..length)
            .filter_map(|_| {
                let at = usize::try_from(self.next() % count).ok()?;
                alphabet.get(at).copied().map(char::from)
            })
            .collect()
    }

    /// An order's, capture's or refund's id.
    pub(crate) fn resource(&mut self) -> String {
        self.letters(b"0123456789ABCDEFGHJKLMNPRSTUVWXY", 17)
    }

    /// The id support asks for.
    pub(crate) fn debug(&mut self) -> String {
        self.letters(b"0123456789abcdef", 13)
    }

    /// An event's id.
    pub(crate) fn event(&mut self) -> String {
        format!("WH-{}-{}", self.resource(), self.resource())
    }

    /// An access token.
    pub(crate) fn token(&mut self) -> String {
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
        format!("A21AA{}", self.letters(alphabet, 92))
    }

    /// A transmission's id, in the form of a UUID.
    pub(crate) fn transmission(&mut self) -> String {
        let digits = self.letters(b"0123456789abcdef", 32);
        [0..8, 8..12, 12..16, 16..20, 20..32]
            .map(|part| digits.get(part).unwrap_or_default())
            .join("-")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_ids_and_another_seed_others() {
        let ids = |seed| {
            let mut ids = Ids::new(seed);
            [ids.resource(), ids.event(), ids.transmission(), ids.debug()]
        };
        assert_eq!(ids(7), ids(7));
        assert_ne!(ids(7), ids(8));
    }
}

//! The languages of the pages.

use serde::{Deserialize, Serialize};

/// A language the pages are written in.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// German: the legal text, and the default.
    #[default]
    De,
    /// English.
    En,
}

impl Language {
    /// Every language there is.
    pub const ALL: [Self; 2] = [Self::De, Self::En];

    /// The language's BCP 47 tag.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::De => "de",
            Self::En => "en",
        }
    }

    /// The language with this tag, if there is one.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|language| language.tag().eq_ignore_ascii_case(tag))
    }
}

//! A text that must not be shown.

/// A secret text. It has neither `Debug` nor `Display`, so that neither a log
/// line nor an error can show it by accident; who needs it says so.
///
/// ```compile_fail
/// println!("{:?}", parameters::Secret::new(String::from("kept")));
/// ```
/// ```compile_fail
/// println!("{}", parameters::Secret::new(String::from("kept")));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps `text` from being shown.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself. Hand it to the one thing that needs it, never to a log
    /// line or an answer.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

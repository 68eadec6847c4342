//! Whether drivers can pay online at all.

/// Whether drivers can pay online: not while the city's table is restored from a
/// backup. That is nothing PayPal has to do with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnlinePayment {
    /// As always.
    Open,
    /// For a short while no page has a button; the other ways remain.
    Closed,
}

/// `CAPTURES` says neither of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("CAPTURES is neither of open and closed: write open, or closed while restoring")]
pub struct InvalidOnlinePayment;

impl OnlinePayment {
    /// Reads `CAPTURES`; open where it is not set.
    ///
    /// # Errors
    /// When it is set to anything but `open` or `closed`.
    pub fn from_vars(vars: &dyn Fn(&str) -> Option<String>) -> Result<Self, InvalidOnlinePayment> {
        match vars("CAPTURES").as_deref() {
            None | Some("" | "open") => Ok(Self::Open),
            Some("closed") => Ok(Self::Closed),
            Some(_) => Err(InvalidOnlinePayment),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_not_understood_is_neither_open_nor_closed() {
        let read = |value: Option<&str>| OnlinePayment::from_vars(&|_| value.map(str::to_owned));
        assert_eq!(read(None), Ok(OnlinePayment::Open));
        assert_eq!(read(Some("open")), Ok(OnlinePayment::Open));
        assert_eq!(read(Some("closed")), Ok(OnlinePayment::Closed));
        assert_eq!(read(Some("Closed")), Err(InvalidOnlinePayment));
    }
}

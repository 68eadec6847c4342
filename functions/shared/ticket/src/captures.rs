//! Whether money is moved at all.

/// Whether captures are made, and drivers can pay online: not while the table is
/// restored from a backup, since a restored table does not know what was captured
/// since. That is nothing PayPal has to do with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Captures {
    /// As always.
    Open,
    /// Orders are read and booked, none is made or captured, and for a short while no
    /// page has a button; the other ways remain.
    Closed,
}

/// `CAPTURES` says neither of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("CAPTURES is neither of open and closed: write open, or closed while restoring")]
pub struct InvalidCaptures;

impl Captures {
    /// Reads `CAPTURES`; open where it is not set.
    ///
    /// # Errors
    /// When it is set to anything but `open` or `closed`.
    pub fn from_vars(vars: &dyn Fn(&str) -> Option<String>) -> Result<Self, InvalidCaptures> {
        match vars("CAPTURES").as_deref() {
            None | Some("" | "open") => Ok(Self::Open),
            Some("closed") => Ok(Self::Closed),
            Some(_) => Err(InvalidCaptures),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_not_understood_is_neither_open_nor_closed() {
        let read = |value: Option<&str>| Captures::from_vars(&|_| value.map(str::to_owned));
        assert_eq!(read(None), Ok(Captures::Open));
        assert_eq!(read(Some("open")), Ok(Captures::Open));
        assert_eq!(read(Some("closed")), Ok(Captures::Closed));
        assert_eq!(read(Some("Closed")), Err(InvalidCaptures));
    }
}

//! What the pay form carries.

use ticket::Cents;

/// The form holds an amount and a language; more is not from our page.
const FORM_BYTES_MAX: usize = 1_024;

/// The fields of the form; one that is missing or unreadable is not there.
#[derive(Debug, Default)]
pub(crate) struct Form {
    /// The amount the driver saw.
    pub(crate) amount: Option<Cents>,
    /// The language the driver reads.
    pub(crate) lang: Option<String>,
}

impl Form {
    pub(crate) fn read(body: &[u8]) -> Self {
        if body.len() > FORM_BYTES_MAX {
            return Self::default();
        }
        let mut form = Self::default();
        for (name, value) in form_urlencoded::parse(body) {
            match name.as_ref() {
                "amount" => form.amount = value.parse().ok(),
                "lang" => form.lang = Some(value.into_owned()),
                _ => {}
            }
        }
        form
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_amount_the_driver_saw_is_read() {
        let form = Form::read(b"amount=30.00&lang=en");
        assert_eq!(form.amount, Some(Cents::new(3_000)));
        assert_eq!(form.lang.as_deref(), Some("en"));
    }

    #[test]
    fn hostile_forms_carry_no_amount() {
        let huge = [b"amount=30.00&x=".as_slice(), &[b'a'; 2_000]].concat();
        for body in [
            b"".as_slice(),
            b"amount=",
            b"amount=-30.00",
            b"amount=3e1",
            b"amount=30",
            b"\xff\xfe",
            b"Amount=30.00",
            &huge,
        ] {
            assert_eq!(Form::read(body).amount, None, "{body:?}");
        }
    }
}

//! What the pay form carries.

use ticket::Cents;

/// The form holds an amount, a language and an order; more is not from our page.
const FORM_BYTES_MAX: usize = 1_024;

/// The fields of the form; one that is missing or unreadable is not there.
#[derive(Debug, Default)]
pub(crate) struct Form {
    /// The amount the driver saw.
    pub(crate) amount: Option<Cents>,
    /// The language the driver reads.
    pub(crate) lang: Option<String>,
    /// What PayPal had added to the address of the page.
    pub(crate) token: Option<String>,
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
                "token" => form.token = Some(value.into_owned()),
                _ => {}
            }
        }
        form
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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

    proptest! {
        /// The last of each name counts, however the form is spelt; one that is
        /// no amount takes an earlier one away.
        #[test]
        fn a_form_says_what_its_last_fields_say(
            fields in proptest::collection::vec(
                ("amount|lang|token|Amount|\\PC{0,4}", "[0-9]{1,3}[.][0-9]{2}|de|\\PC{0,6}"),
                0..6,
            ),
        ) {
            let body = form_urlencoded::Serializer::new(String::new())
                .extend_pairs(&fields)
                .finish();
            let last = |wanted: &str| {
                let mut found = fields.iter().filter(|(name, _)| name == wanted);
                found.next_back().map(|(_, value)| value.as_str())
            };
            let form = Form::read(body.as_bytes());
            let amount = form.amount.map(|amount| amount.to_string());
            let is_amount = |text: &&str| text.parse::<Cents>().is_ok();
            prop_assert_eq!(amount.as_deref(), last("amount").filter(is_amount));
            prop_assert_eq!(form.lang.as_deref(), last("lang"));
            prop_assert_eq!(form.token.as_deref(), last("token"));
        }

        #[test]
        fn an_amount_among_any_bytes_is_that_amount_or_none(
            before in proptest::collection::vec(any::<u8>(), 0..40),
            amount in "[-+]?[0-9]{1,3}[.][0-9]{2}[-e]?",
            after in proptest::collection::vec(any::<u8>(), 0..1_100),
        ) {
            let body = [&before, &b"&amount="[..], amount.as_bytes(), b"&x=", &after].concat();
            let read = Form::read(&body).amount;
            let is_fit = body.len() <= FORM_BYTES_MAX;
            prop_assert_eq!(read, is_fit.then(|| amount.parse().ok()).flatten());
        }
    }
}

//! What operation changes: each lies in the parameter store under `/{stack}/`, and
//! `template.yaml` takes it from there at each deployment.

/// A setting; two are the same where their names are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    /// Its place behind `/{stack}/`.
    pub(crate) name: &'static str,
    /// What it is before anybody has said anything; none where only a person knows.
    pub(crate) at_first: Option<&'static str>,
    /// The variable that functions are told it by.
    pub(crate) variable: &'static str,
    /// What to write there.
    pub(crate) write: &'static str,
    is_right: fn(&str) -> bool,
}

impl PartialEq for Setting {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Setting {}

impl Setting {
    /// Whether a function would start with it.
    pub(crate) fn is_right(self, value: &str) -> bool {
        (self.is_right)(value)
    }

    /// The one of this name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        SETTINGS.into_iter().find(|setting| setting.name == name)
    }

    /// What a function's variable says where this is the setting.
    pub(crate) fn as_variable(self, stack: &str, value: &str) -> String {
        match self.name {
            "table" => format!("{stack}-{value}"),
            _ => value.to_owned(),
        }
    }
}

/// All of them, as `template.yaml` lists them.
pub(crate) const SETTINGS: [Setting; 7] = [
    Setting {
        name: "table",
        at_first: Some("table"),
        variable: "TABLE_NAME",
        write: "table, or what a restore has made: the table's name without the stack's before it",
        is_right: |value| {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            (1..=100).contains(&value.len()) && value.bytes().all(allowed)
        },
    },
    Setting {
        name: "captures",
        at_first: Some("open"),
        variable: "CAPTURES",
        write: "open, or closed while a table is restored",
        is_right: |value| matches!(value, "open" | "closed"),
    },
    Setting {
        name: "token/keys",
        at_first: None,
        variable: "TOKEN_KEYS",
        write: "nothing by hand: `ops keys new` writes it",
        is_right: |value| token::Keys::from_vars(&|_| Some(value.to_owned())).is_ok(),
    },
    Setting {
        name: "paypal/webhook-id",
        at_first: None,
        variable: "PAYPAL_WEBHOOK_ID",
        write: "the id PayPal gave the webhook, two with a space between them while it is \
                registered anew; `ops webhook register` writes it",
        // PayPal's simulator signs with the literal WEBHOOK_ID: whoever configured that
        // would take anybody's simulated events for genuine ones.
        is_right: |value| {
            let is_id = |id: &str| {
                let allowed = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
                (1..=50).contains(&id.len()) && id.bytes().all(allowed)
            };
            let ids: Vec<&str> = value.split(' ').collect();
            ids.len() <= 2 && ids.into_iter().all(is_id)
        },
    },
    Setting {
        name: "paypal/webhook-postback",
        at_first: Some("off"),
        variable: "PAYPAL_WEBHOOK_POSTBACK",
        write: "off, or on: PayPal itself is asked about a webhook whose certificate is not trusted",
        is_right: |value| matches!(value, "on" | "off"),
    },
    Setting {
        name: "paypal/certificates-revoked",
        at_first: Some("none"),
        variable: "PAYPAL_CERTIFICATES_REVOKED",
        write: "none, or addresses of signing certificates that are never to be trusted, with \
                spaces between them",
        is_right: |value| {
            let is_address = |url: &str| {
                let path = "/v1/notifications/certs/CERT-";
                url.strip_prefix("https://api.paypal.com")
                    .or_else(|| url.strip_prefix("https://api.sandbox.paypal.com"))
                    .and_then(|rest| rest.strip_prefix(path))
                    .is_some_and(|id| id.bytes().all(|it| it.is_ascii_hexdigit() || it == b'-'))
            };
            value == "none" || value.split(' ').all(is_address)
        },
    },
    Setting {
        name: "paypal/calls-per-second",
        at_first: Some("2"),
        variable: "PAYPAL_CALLS_PER_SECOND",
        write: "a whole number from 1 to 20",
        is_right: |value| {
            value
                .parse()
                .is_ok_and(|calls: u32| (1..=20).contains(&calls))
        },
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_at_first_is_right_and_what_no_function_would_start_with_is_not() {
        for setting in SETTINGS {
            if let Some(value) = setting.at_first {
                assert!(setting.is_right(value), "{}", setting.name);
            }
            // The parameter store holds no empty value.
            assert!(!setting.is_right(""), "{}", setting.name);
            let of_name = Setting::of(setting.name).unwrap();
            assert_eq!(of_name.variable, setting.variable);
        }
        let cert = "https://api.paypal.com/v1/notifications/certs/CERT-360caa42";
        for (name, right, wrong) in [
            ("table", "restored-20261122T0955", "a/b"),
            ("captures", "closed", "shut"),
            (
                "paypal/webhook-id",
                "8PT597110X687430L 5GP028458E2496506",
                "WEBHOOK_ID",
            ),
            ("paypal/webhook-id", "8PT597110X687430L", "A B C"),
            ("paypal/webhook-postback", "on", "yes"),
            ("paypal/certificates-revoked", cert, "CERT-360caa42"),
            ("paypal/calls-per-second", "20", "21"),
            (
                "token/keys",
                r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#,
                r#"{"keys":[]}"#,
            ),
        ] {
            let setting = Setting::of(name).unwrap();
            assert!(setting.is_right(right), "{name} {right}");
            assert!(!setting.is_right(wrong), "{name} {wrong}");
        }
    }

    #[test]
    fn a_table_is_named_behind_its_stack() {
        let table = Setting::of("table").unwrap();
        assert_eq!(table.as_variable("knoellchen", "table"), "knoellchen-table");
        let captures = Setting::of("captures").unwrap();
        assert_eq!(captures.as_variable("knoellchen", "open"), "open");
    }
}

//! Which variables each function gets: exactly those `template.yaml` gives it.
//!
//! A variable set in this process's own environment goes in as it is; what is
//! not set there comes from the local stack, or from the template's default.

use std::collections::BTreeMap;

use crate::Vars;
use crate::template::{Function, Setting};

/// What Lambda itself gives every function, and where the table is.
const OF_THE_PLATFORM: [&str; 5] = [
    "AWS_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_ENDPOINT_URL_DYNAMODB",
];

/// In the cloud a secret is a parameter of the parameter store and the variable
/// names it; there is none here, so the value itself stands in the variable.
const SECRETS: [(&str, &[&str]); 4] = [
    (
        "PAYPAL_CREDENTIALS_PARAMETER",
        &["PAYPAL_CLIENT_ID", "PAYPAL_CLIENT_SECRET"],
    ),
    (
        "PAYPAL_WEBHOOK_ANCHORS_PARAMETER",
        &["PAYPAL_WEBHOOK_ANCHORS"],
    ),
    ("TOKEN_SIGNING_KEY_PARAMETER", &["TOKEN_SIGNING_KEY"]),
    (
        "SUBSCRIBERS_PARAMETER",
        &["SUBSCRIBERS", "SUBSCRIBERS_ON_LOOPBACK"],
    ),
];

/// The variables of one function. What has no value is left out: the function
/// refuses to start and names it better than anybody else could.
#[must_use]
pub fn variables(
    function: &Function,
    local: &BTreeMap<&'static str, String>,
    process: &Vars,
) -> BTreeMap<String, String> {
    let known = |name: &str| process(name).or_else(|| local.get(name).cloned());
    let mut variables = BTreeMap::new();
    for name in OF_THE_PLATFORM {
        variables.extend(known(name).map(|value| (name.to_owned(), value)));
    }
    for (name, setting) in &function.variables {
        let secret = SECRETS.iter().find(|(parameter, _)| parameter == name);
        if let Some((_, values)) = secret {
            for value_name in *values {
                variables.extend(known(value_name).map(|value| ((*value_name).to_owned(), value)));
            }
            variables.extend(process(name).map(|value| (name.clone(), value)));
            continue;
        }
        let default = match setting {
            Setting::Literal(text) => Some(text.clone()),
            Setting::Parameter(default) => default.clone(),
            Setting::Deployed => None,
        };
        variables.extend(known(name).or(default).map(|value| (name.clone(), value)));
    }
    variables
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn function(settings: &[(&str, Setting)]) -> Function {
        Function {
            resource: "ShowTicket".to_owned(),
            name: "show-ticket".to_owned(),
            timeout: Duration::from_secs(15),
            variables: settings
                .iter()
                .map(|(name, setting)| ((*name).to_owned(), setting.clone()))
                .collect(),
            triggers: Vec::new(),
        }
    }

    #[test]
    fn a_function_gets_no_variable_that_the_template_does_not_give_it() {
        let local = BTreeMap::from([
            ("TABLE_NAME", "knoellchen".to_owned()),
            ("PAYPAL_CLIENT_SECRET", "secret".to_owned()),
        ]);
        let process: Vars = std::sync::Arc::new(|name| {
            (name == "TOKEN_SIGNING_KEY").then(|| "somebody's".to_owned())
        });
        let given = variables(
            &function(&[("TABLE_NAME", Setting::Deployed)]),
            &local,
            &process,
        );
        assert_eq!(
            given,
            BTreeMap::from([("TABLE_NAME".to_owned(), "knoellchen".to_owned())])
        );
    }

    #[test]
    fn what_is_set_outside_wins_over_the_stack_and_the_stack_over_the_default() {
        let local = BTreeMap::from([("B", "local".to_owned()), ("C", "local".to_owned())]);
        let process: Vars = std::sync::Arc::new(|name| (name == "C").then(|| "outside".to_owned()));
        let default = Setting::Parameter(Some("default".to_owned()));
        let given = variables(
            &function(&[
                ("A", default.clone()),
                ("B", default.clone()),
                ("C", default),
            ]),
            &local,
            &process,
        );
        let values: Vec<&str> = given.values().map(String::as_str).collect();
        assert_eq!(values, ["default", "local", "outside"]);
    }

    #[test]
    fn a_secret_goes_in_as_itself_since_there_is_no_parameter_store() {
        let local = BTreeMap::from([("TOKEN_SIGNING_KEY", "pem".to_owned())]);
        let process: Vars = std::sync::Arc::new(|_| None);
        let parameter = Setting::Parameter(Some("/knoellchen/token/signing-key".to_owned()));
        let given = variables(
            &function(&[("TOKEN_SIGNING_KEY_PARAMETER", parameter)]),
            &local,
            &process,
        );
        assert_eq!(
            given,
            BTreeMap::from([("TOKEN_SIGNING_KEY".to_owned(), "pem".to_owned())])
        );
    }
}

//! What the tool looks after: a stack in the cloud, or the one of `cargo run`.

use std::collections::BTreeMap;

use http::Method;
use paypal::{Config, ConfigError};
use serde_json::{Value, json};
use store::Store;

use crate::setting::Setting;
use crate::stack::{self, ALIAS, Stack};
use crate::{Problem, Vars, aws, http as asked, table};

/// Where the local stack's office API is, unless `--office` says otherwise.
pub(crate) const LOCAL_OFFICE: &str = "http://127.0.0.1:8081";

/// The credentials that orders are made with.
pub(crate) const CREDENTIALS: &str = "paypal/credentials";
/// Whose signing certificates are trusted.
pub(crate) const ANCHORS: &str = "paypal/webhook-anchors";

/// One of both.
#[derive(Debug)]
pub(crate) enum Place {
    Deployed(Stack),
    Local(Local),
}

/// The stack of `cargo run`, by what it tells of itself.
#[derive(Debug)]
pub(crate) struct Local {
    office_url: String,
    variables: BTreeMap<String, String>,
}

impl Local {
    /// Asks the stack at this address.
    pub(crate) async fn at(office_url: &str) -> Result<Self, Problem> {
        let url = format!("{office_url}/_local/configuration");
        let told = asked::json(&url).await.map_err(|problem| {
            Problem::new(format!(
                "{problem}\nNo stack is named, so the one of `cargo run` is meant, and it is not \
                 there: start it, say where its office API is (--office URL), or name a deployed \
                 one (--stack NAME)"
            ))
        })?;
        let variables = serde_json::from_value(told)
            .map_err(|_| Problem::new(format!("{url} does not tell what the stack is told")))?;
        Ok(Self {
            office_url: office_url.to_owned(),
            variables,
        })
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }
}

impl Place {
    /// Its name, for people.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Deployed(stack) => &stack.name,
            Self::Local(_) => "the stack of this machine",
        }
    }

    /// Whether real money is paid there.
    pub(crate) async fn is_live(&self) -> Result<bool, Problem> {
        Ok(match self {
            Self::Deployed(stack) => {
                let environment = stack.template_parameter("PayPalEnvironment").await?;
                environment.as_deref() == Some("live")
            }
            Self::Local(_) => false,
        })
    }

    /// What a setting is.
    pub(crate) async fn setting(&self, setting: Setting) -> Result<Option<String>, Problem> {
        Ok(match self {
            Self::Deployed(stack) => stack.parameter(setting.name).await?,
            Self::Local(local) => local.variable(setting.variable),
        })
    }

    /// Where drivers go: `https://pay.example.de`.
    pub(crate) async fn public_url(&self) -> Result<String, Problem> {
        self.address("PublicUrl", |local| local.variable("PUBLIC_BASE_URL"))
            .await
    }

    /// Where the city goes.
    pub(crate) async fn office_url(&self) -> Result<String, Problem> {
        self.address("OfficeUrl", |local| Some(local.office_url.clone()))
            .await
    }

    async fn address(
        &self,
        output: &str,
        here: impl FnOnce(&Local) -> Option<String>,
    ) -> Result<String, Problem> {
        let found = match self {
            Self::Deployed(stack) => stack.output(output).await?,
            Self::Local(local) => here(local),
        };
        found.ok_or_else(|| Problem::new(format!("{} has no {output}", self.name())))
    }

    /// The official key of its city.
    pub(crate) async fn municipality(&self) -> Result<String, Problem> {
        let found = match self {
            Self::Deployed(stack) => stack.template_parameter("Municipality").await?,
            Self::Local(local) => local.variable("MUNICIPALITY"),
        };
        found.ok_or_else(|| Problem::new(format!("{} names no city", self.name())))
    }

    /// Its table, and who is signed in.
    pub(crate) async fn table(&self, vars: &Vars<'_>) -> Result<(Store, String), Problem> {
        let municipality = self.municipality().await?;
        match self {
            Self::Deployed(stack) => table::of(stack, &municipality, vars).await,
            Self::Local(local) => {
                let of_this_machine = |name: &str| match name {
                    "AWS_REGION" | "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => {
                        Some("local".to_owned())
                    }
                    name => local.variable(name),
                };
                let store = Store::from_vars(&of_this_machine);
                let store = store.map_err(|error| Problem::new(error.to_string()))?;
                Ok((store, "ops".to_owned()))
            }
        }
    }

    /// Which PayPal it talks to, and as whom. In the tool's own environment
    /// `PAYPAL_BASE_URL` names a stand-in instead, but for real money.
    pub(crate) async fn paypal(
        &self,
        vars: &Vars<'_>,
        not_deployed_yet: Option<&str>,
    ) -> Result<Config, Problem> {
        let wrong = |error: ConfigError| Problem::new(error.to_string());
        let stack = match self {
            Self::Deployed(stack) => stack,
            Self::Local(local) => {
                let told = |name: &str| match name {
                    "PAYPAL_CLIENT_ID" | "PAYPAL_CLIENT_SECRET" => {
                        vars(name).or_else(|| local.variable(name))
                    }
                    name => local.variable(name),
                };
                return Config::from_vars(&told).await.map_err(wrong);
            }
        };
        let (environment, merchant) = if let Some(environment) = not_deployed_yet {
            // Nothing that is asked before a deployment is about the account.
            (environment.to_owned(), "UNKNOWN".to_owned())
        } else {
            let description = stack.description().await?;
            let named = |name| stack::parameter_of(&description, name).unwrap_or_default();
            (named("PayPalEnvironment"), named("PayPalMerchantId"))
        };
        let (environment, base_url) = match vars("PAYPAL_BASE_URL") {
            None => {
                let base_url = base_url(&environment);
                (environment, base_url)
            }
            Some(url) if environment == "live" => {
                return Err(Problem::new(format!(
                    "PAYPAL_BASE_URL names {url}, and real money is not tried out: `unset \
                     PAYPAL_BASE_URL`"
                )));
            }
            Some(url) => ("local".to_owned(), url),
        };
        let told = |name: &str| {
            Some(match name {
                "PAYPAL_ENVIRONMENT" => environment.clone(),
                "PAYPAL_BASE_URL" => base_url.clone(),
                "PAYPAL_MERCHANT_ID" => merchant.clone(),
                _ => return None,
            })
        };
        let write = "`ops --yes secrets put paypal/credentials` writes it";
        let credentials = stack.needed(CREDENTIALS, write).await?;
        Config::with_credentials(&told, &credentials).map_err(wrong)
    }

    /// The certificates that webhooks are trusted by: PEM, or `compiled-in`.
    pub(crate) async fn anchors(&self) -> Result<String, Problem> {
        let compiled_in = || "compiled-in".to_owned();
        match self {
            Self::Deployed(stack) => {
                let write = "`ops prepare` writes it";
                Ok(stack.needed(ANCHORS, write).await?)
            }
            Self::Local(local) => {
                local
                    .variable("PAYPAL_WEBHOOK_ANCHORS")
                    .map_or(Ok(compiled_in()), |path| {
                        std::fs::read_to_string(&path)
                            .map_err(|error| Problem::new(format!("{path}: {error}")))
                    })
            }
        }
    }

    /// Holds PayPal's books of a window against the table.
    pub(crate) async fn reconcile(&self, from: Option<&str>, to: &str) -> Result<Value, Problem> {
        let window: BTreeMap<&str, &str> = [("from", from), ("to", Some(to))]
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect();
        let local = match self {
            Self::Deployed(stack) => {
                let function = stack.resource("ReconcilePayments").await?;
                let event = json!({ "reconcile": window });
                return Ok(aws::invoke(&function, ALIAS, &event).await?);
            }
            Self::Local(local) => local,
        };
        let query: Vec<String> = window
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let url = format!("{}/_local/reconcile?{}", local.office_url, query.join("&"));
        let answer = asked::ask(Method::POST, &url, None, None).await?;
        let status = answer.status();
        let said = answer.text().await.unwrap_or_default();
        if !status.is_success() {
            return Err(Problem::new(format!("{status}: {said}")));
        }
        serde_json::from_str(&said).map_err(|_| Problem::new(format!("{url} answers no JSON")))
    }
}

fn base_url(environment: &str) -> String {
    match environment {
        "live" => "https://api-m.paypal.com",
        _ => "https://api-m.sandbox.paypal.com",
    }
    .to_owned()
}

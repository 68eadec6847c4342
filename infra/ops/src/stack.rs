//! A stack that is deployed: what lies in its parameter store, and what its functions are
//! told.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::aws::{self, AwsError};
use crate::setting::{SETTINGS, Setting};

/// What the version under this name is told is what drivers meet; SAM makes it.
pub(crate) const ALIAS: &str = "live";

/// A stack by its name.
#[derive(Clone, Debug)]
pub(crate) struct Stack {
    pub(crate) name: String,
}

/// The stack is not as it must be for this.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// AWS refused.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// A setting or a secret is not there yet.
    #[error("{name} is not there: {write}")]
    Missing {
        /// Its whole name.
        name: String,
        /// What to do.
        write: String,
    },
    /// The versions that are called are told something else than what was applied.
    #[error(
        "{function} is told another {variable} than what was applied: look at the stack's events"
    )]
    NotApplied {
        /// The function.
        function: String,
        /// The variable.
        variable: &'static str,
    },
}

/// The variables of a function that is called, by the resource's name.
pub(crate) type Told = BTreeMap<String, BTreeMap<String, String>>;

impl Stack {
    /// The whole name of a parameter.
    pub(crate) fn parameter_name(&self, name: &str) -> String {
        format!("/{}/{name}", self.name)
    }

    /// What stands in the parameter store; none where there is no such parameter.
    pub(crate) async fn parameter(&self, name: &str) -> Result<Option<String>, AwsError> {
        let name = self.parameter_name(name);
        let arguments = ["ssm", "get-parameter", "--with-decryption", "--name", &name];
        match aws::call(&arguments).await {
            Ok(answer) => Ok(text(&answer["Parameter"]["Value"])),
            Err(error) if error.is("ParameterNotFound") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What there is to know of a parameter but its value.
    pub(crate) async fn described(&self, name: &str) -> Result<Option<Value>, AwsError> {
        let filter = format!("Key=Name,Values={}", self.parameter_name(name));
        let arguments = ["ssm", "describe-parameters", "--parameter-filters", &filter];
        let mut answer = aws::call(&arguments).await?;
        let found = answer["Parameters"].get_mut(0).map(Value::take);
        Ok(found)
    }

    /// The same, where there must be one.
    pub(crate) async fn needed(&self, name: &str, write: &str) -> Result<String, StackError> {
        let missing = || StackError::Missing {
            name: self.parameter_name(name),
            write: write.to_owned(),
        };
        self.parameter(name).await?.ok_or_else(missing)
    }

    /// Writes a setting; `template.yaml` takes it from there.
    pub(crate) async fn put_setting(&self, setting: Setting, value: &str) -> Result<(), AwsError> {
        let input = json!({
            "Name": self.parameter_name(setting.name),
            "Description": setting.write,
            "Value": value,
            "Type": "String",
            "Overwrite": true,
            // JWKS of many keys are longer than what a standard one holds.
            "Tier": "Intelligent-Tiering",
        });
        aws::call_with("ssm", "put-parameter", &input)
            .await
            .map(drop)
    }

    /// Writes a secret under the stack's key.
    pub(crate) async fn put_secret(&self, name: &str, value: &str) -> Result<(), StackError> {
        self.put_secret_where(name, value, true).await
    }

    /// Writes a secret that is not there yet: refused where somebody was faster.
    pub(crate) async fn put_new_secret(&self, name: &str, value: &str) -> Result<(), StackError> {
        self.put_secret_where(name, value, false).await
    }

    async fn put_secret_where(
        &self,
        name: &str,
        value: &str,
        overwrites: bool,
    ) -> Result<(), StackError> {
        let key = self
            .needed("key-arn", "deploy infra/key.yaml first (infra/runbook.md)")
            .await?;
        let input = json!({
            "Name": self.parameter_name(name),
            "Value": value,
            "Type": "SecureString",
            "KeyId": key,
            "Overwrite": overwrites,
            // Certificates of two authorities are longer than what a standard one holds.
            "Tier": "Intelligent-Tiering",
        });
        aws::call_with("ssm", "put-parameter", &input).await?;
        Ok(())
    }

    /// Takes a parameter away.
    pub(crate) async fn delete_parameter(&self, name: &str) -> Result<(), AwsError> {
        let name = self.parameter_name(name);
        aws::call(&["ssm", "delete-parameter", "--name", &name])
            .await
            .map(drop)
    }

    /// The stack itself, as `CloudFormation` describes it.
    pub(crate) async fn description(&self) -> Result<Value, AwsError> {
        let arguments = [
            "cloudformation",
            "describe-stacks",
            "--stack-name",
            &self.name,
        ];
        Ok(aws::call(&arguments).await?["Stacks"][0].take())
    }

    /// What a city has decided once, as it is deployed.
    pub(crate) async fn template_parameter(&self, name: &str) -> Result<Option<String>, AwsError> {
        Ok(parameter_of(&self.description().await?, name))
    }

    /// What the deployment says of itself.
    pub(crate) async fn output(&self, name: &str) -> Result<Option<String>, AwsError> {
        let description = self.description().await?;
        Ok(named(&description["Outputs"], "OutputKey", name)
            .and_then(|it| text(&it["OutputValue"])))
    }

    /// The physical name of one resource.
    pub(crate) async fn resource(&self, logical: &str) -> Result<String, StackError> {
        let missing = || StackError::Missing {
            name: format!("{} of {}", logical, self.name),
            write: "look at the stack's events".to_owned(),
        };
        let found = self.resources().await?.remove(logical);
        found.map(|(physical, _)| physical).ok_or_else(missing)
    }

    /// The resources, physical by logical name, with their types.
    pub(crate) async fn resources(&self) -> Result<BTreeMap<String, (String, String)>, AwsError> {
        // Which comes page by page; `describe-stack-resources` ends with the hundredth.
        let arguments = [
            "cloudformation",
            "list-stack-resources",
            "--stack-name",
            &self.name,
        ];
        let answer = aws::call(&arguments).await?;
        let resources = answer["StackResourceSummaries"].as_array();
        let resources = resources.into_iter().flatten();
        Ok(resources
            .filter_map(|it| {
                let logical = text(&it["LogicalResourceId"])?;
                let physical = text(&it["PhysicalResourceId"])?;
                Some((logical, (physical, text(&it["ResourceType"])?)))
            })
            .collect())
    }

    /// What the versions that are called are told.
    pub(crate) async fn told(&self) -> Result<Told, AwsError> {
        self.told_as(ALIAS).await
    }

    /// What was deployed last, whether it is called or not.
    pub(crate) async fn told_latest(&self) -> Result<Told, AwsError> {
        self.told_as("$LATEST").await
    }

    async fn told_as(&self, qualifier: &str) -> Result<Told, AwsError> {
        let mut told = Told::new();
        for (logical, (physical, kind)) in self.resources().await? {
            if kind != "AWS::Lambda::Function" {
                continue;
            }
            let arguments = [
                "lambda",
                "get-function-configuration",
                "--function-name",
                &physical,
                "--qualifier",
                qualifier,
            ];
            let answer = aws::call(&arguments).await?;
            let variables = answer["Environment"]["Variables"].as_object();
            let variables = variables.into_iter().flatten();
            let variables =
                variables.filter_map(|(name, value)| Some((name.clone(), text(value)?)));
            told.insert(logical, variables.collect());
        }
        Ok(told)
    }

    /// Deploys the same template with what lies in the parameter store now, to all at once,
    /// and looks whether the versions that are called are told it.
    pub(crate) async fn apply(&self, now: Timestamp) -> Result<(), StackError> {
        let description = self.description().await?;
        let kept = description["Parameters"].as_array().into_iter().flatten();
        let parameters: Vec<Value> = kept
            .filter_map(|it| it["ParameterKey"].as_str())
            .map(|name| match name {
                "AppliedAt" => {
                    json!({ "ParameterKey": name, "ParameterValue": format!("{now:.0}") })
                }
                // Captures that are to be closed must not stay open for nine of ten.
                "Rollout" => json!({ "ParameterKey": name, "ParameterValue": "AllAtOnce" }),
                _ => json!({ "ParameterKey": name, "UsePreviousValue": true }),
            })
            .collect();
        let input = json!({
            "StackName": self.name,
            "UsePreviousTemplate": true,
            "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            "Parameters": parameters,
        });
        aws::call_with("cloudformation", "update-stack", &input).await?;
        let arguments = [
            "cloudformation",
            "wait",
            "stack-update-complete",
            "--stack-name",
            &self.name,
        ];
        aws::call(&arguments).await?;
        self.not_applied(&self.told().await?)
            .await?
            .map_or(Ok(()), Err)
    }

    /// The first function that is told something else than what lies in the parameter store.
    pub(crate) async fn not_applied(&self, told: &Told) -> Result<Option<StackError>, AwsError> {
        for setting in SETTINGS {
            let Some(value) = self.parameter(setting.name).await? else {
                continue;
            };
            let value = setting.as_variable(&self.name, &value);
            let differs = told.iter().find(|(_, variables)| {
                let is = variables.get(setting.variable);
                is.is_some_and(|it| *it != value)
            });
            if let Some((function, _)) = differs {
                return Ok(Some(StackError::NotApplied {
                    function: function.clone(),
                    variable: setting.variable,
                }));
            }
        }
        Ok(None)
    }
}

/// What a city has decided once, in what `CloudFormation` says of a stack.
pub(crate) fn parameter_of(description: &Value, name: &str) -> Option<String> {
    named(&description["Parameters"], "ParameterKey", name)
        .and_then(|it| text(&it["ParameterValue"]))
}

fn named<'a>(list: &'a Value, key: &str, name: &str) -> Option<&'a Value> {
    let mut entries = list.as_array().into_iter().flatten();
    entries.find(|it| it[key] == *name)
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

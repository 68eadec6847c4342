//! What the roles allow: each statement of each policy.

use std::collections::BTreeMap;

use super::{Node, TemplateError};

/// How a statement names the stack's own table,
pub const OWN_TABLE: &str = ":table/${AWS::StackName}-table";

/// and whichever is used, also a restored one.
pub const TABLE_IN_USE: &str = ":table/${AWS::StackName}-${TableInUse}";

/// A statement of a role's policy, about one of its resources.
#[derive(Clone, Debug)]
pub struct Statement {
    /// The function whose role it is: `ShowTicket`.
    pub role: String,
    /// Its name.
    pub sid: String,
    /// `Allow` or `Deny`.
    pub effect: String,
    /// What it is about: `dynamodb:GetItem`.
    pub actions: Vec<String>,
    /// The resource as written, without the function that it is an argument of.
    pub resource: String,
    /// By operator and key: `StringEquals kms:ViaService`.
    pub conditions: BTreeMap<String, Vec<String>>,
}

impl Statement {
    /// Every statement of a template.
    ///
    /// # Errors
    /// When one does not say what a statement must.
    pub fn all(template: &str) -> Result<Vec<Self>, TemplateError> {
        let mut statements = Vec::new();
        for (name, node) in Node::parse(template)?.get("Resources")?.entries() {
            if node.get("Type")?.text()? != "AWS::IAM::Role" {
                continue;
            }
            let Some(policies) = node.get("Properties")?.find("Policies") else {
                continue;
            };
            for policy in policies.items() {
                for statement in policy.get("PolicyDocument.Statement")?.items() {
                    let read = Self::read(&name, &statement)?;
                    for resource in texts(&statement.get("Resource")?)? {
                        statements.push(Self {
                            resource,
                            ..read.clone()
                        });
                    }
                }
            }
        }
        Ok(statements)
    }

    fn read(role: &str, statement: &Node) -> Result<Self, TemplateError> {
        let mut conditions = BTreeMap::new();
        if let Some(condition) = statement.find("Condition") {
            for (operator, keys) in condition.entries() {
                for (key, values) in keys.entries() {
                    let values = texts(&values)?;
                    conditions.insert(format!("{operator} {key}"), values);
                }
            }
        }
        Ok(Self {
            role: role.trim_end_matches("Role").to_owned(),
            sid: statement.get("Sid")?.text()?,
            effect: statement.get("Effect")?.text()?,
            actions: texts(&statement.get("Action")?)?,
            resource: String::new(),
            conditions,
        })
    }

    /// Whether it is about an action on the table (`""`) or an index of it
    /// (`"/index/open-work"`), under this partition's key.
    #[must_use]
    pub fn covers(&self, action: &str, index: &str, leading_key: &str) -> bool {
        let is_action = |it: &String| it == action || it == "dynamodb:*";
        let on = self.resource.split_once(TABLE_IN_USE).map(|(_, on)| on);
        let keys = self
            .conditions
            .get("ForAllValues:StringLike dynamodb:LeadingKeys");
        let is_key = |keys: &Vec<String>| keys.iter().any(|key| is_like(key, leading_key));
        self.actions.iter().any(is_action) && on == Some(index) && keys.is_none_or(is_key)
    }
}

/// IAM's `StringLike`, of which only a star at the end is used.
fn is_like(pattern: &str, text: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => text.starts_with(beginning),
        None => pattern == text,
    }
}

fn texts(node: &Node) -> Result<Vec<String>, TemplateError> {
    node.items().iter().map(Node::written).collect()
}

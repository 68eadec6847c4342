//! From YAML with `CloudFormation`'s tags to what the template says.

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use yaml_serde::Value;

use super::{
    Function, Index, KeySchema, PathPattern, Route, Setting, Table, Template, TemplateError,
    Trigger,
};

/// A place in the template, which knows where it is.
#[derive(Clone, Debug)]
pub struct Node {
    at: String,
    value: Value,
}

impl Node {
    /// The whole template.
    ///
    /// # Errors
    /// When the text is not YAML.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        Ok(Self {
            at: String::new(),
            value: yaml_serde::from_str(text).map_err(TemplateError::NotYaml)?,
        })
    }

    fn wrong(&self, problem: &str) -> TemplateError {
        TemplateError::Place {
            at: self.at.clone(),
            problem: problem.to_owned(),
        }
    }

    fn child(&self, key: &str, value: &Value) -> Self {
        Self {
            at: if self.at.is_empty() {
                key.to_owned()
            } else {
                format!("{}.{key}", self.at)
            },
            value: value.clone(),
        }
    }

    /// What lies under a key, if there is such a key.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<Self> {
        let mapping = self.value.as_mapping()?;
        mapping.get(key).map(|value| self.child(key, value))
    }

    /// What lies under a path of keys.
    ///
    /// # Errors
    /// When there is nothing.
    pub fn get(&self, path: &str) -> Result<Self, TemplateError> {
        path.split('.').try_fold(self.clone(), |node, key| {
            node.find(key)
                .ok_or_else(|| node.wrong(&format!("{key} is missing")))
        })
    }

    /// The entries of a mapping, in the order of the file; none when there is
    /// no mapping here.
    #[must_use]
    pub fn entries(&self) -> Vec<(String, Self)> {
        let Some(mapping) = self.value.as_mapping() else {
            return Vec::new();
        };
        mapping
            .iter()
            .filter_map(|(key, value)| Some((key.as_str()?, value)))
            .map(|(key, value)| (key.to_owned(), self.child(key, value)))
            .collect()
    }

    /// The items of a list; one item stands for itself.
    #[must_use]
    pub fn items(&self) -> Vec<Self> {
        let Value::Sequence(items) = &self.value else {
            return vec![self.clone()];
        };
        items
            .iter()
            .enumerate()
            .map(|(index, value)| self.child(&index.to_string(), value))
            .collect()
    }

    /// The text here, whatever function it is an argument of.
    ///
    /// # Errors
    /// When there is something else.
    pub fn written(&self) -> Result<String, TemplateError> {
        match self.tagged() {
            Some((_, inner)) => inner.text(),
            None => self.text(),
        }
    }

    /// The text here: a string, a number or a truth value.
    ///
    /// # Errors
    /// When there is something else.
    pub fn text(&self) -> Result<String, TemplateError> {
        match &self.value {
            Value::String(text) => Ok(text.clone()),
            Value::Number(number) => Ok(number.to_string()),
            Value::Bool(truth) => Ok(truth.to_string()),
            Value::Null | Value::Sequence(_) | Value::Mapping(_) | Value::Tagged(_) => {
                Err(self.wrong("text is needed here"))
            }
        }
    }

    /// The tag's name and what it is put on: `("Ref", "Table")`.
    #[must_use]
    pub fn tagged(&self) -> Option<(String, Self)> {
        let Value::Tagged(tagged) = &self.value else {
            return None;
        };
        let tag = tagged.tag.to_string();
        let name = tag.trim_start_matches('!').to_owned();
        Some((name.clone(), self.child(&format!("!{name}"), &tagged.value)))
    }

    /// The name that a `!Ref` or the resource that a `!GetAtt` points to.
    ///
    /// # Errors
    /// When there is neither.
    pub fn reference(&self) -> Result<String, TemplateError> {
        match self.tagged() {
            Some((tag, node)) if tag == "Ref" => node.text(),
            Some((tag, node)) if tag == "GetAtt" => {
                let text = node.text()?;
                Ok(text.split('.').next().unwrap_or_default().to_owned())
            }
            _ => Err(self.wrong("a !Ref or !GetAtt is needed here")),
        }
    }

    /// Where this is, as a path of keys.
    #[must_use]
    pub fn at(&self) -> &str {
        &self.at
    }
}

pub(super) fn template(root: &Node) -> Result<Template, TemplateError> {
    let resources = root.get("Resources")?;
    let of_type = |wanted: &str| -> Vec<(String, Node)> {
        let is_wanted = |node: &Node| node.get("Type").and_then(|t| t.text()).ok();
        resources
            .entries()
            .into_iter()
            .filter(|(_, node)| is_wanted(node).as_deref() == Some(wanted))
            .collect()
    };
    let the_only = |wanted: &str| -> Result<(String, Node), TemplateError> {
        let mut found = of_type(wanted);
        match (found.pop(), found.is_empty()) {
            (Some(only), true) => Ok(only),
            _ => Err(resources.wrong(&format!("exactly one {wanted} is needed"))),
        }
    };
    let (public_api, public) = the_only("AWS::Serverless::Api")?;
    let (office_api, office) = the_only("AWS::Serverless::HttpApi")?;
    let (table_name, table) = the_only("AWS::DynamoDB::Table")?;
    check_authorizer(&office)?;
    let globals = root.get("Globals.Function")?;
    let apis = Apis {
        public: &public_api,
        office: &office_api,
        table: &table_name,
    };
    Ok(Template {
        functions: of_type("AWS::Serverless::Function")
            .into_iter()
            .map(|(name, node)| function(name, &node, root, &globals, &apis))
            .collect::<Result<_, _>>()?,
        table: table_definition(&table.get("Properties")?)?,
        public_stage: public.get("Properties.StageName")?.text()?,
    })
}

/// What triggers name: both APIs, and the table.
struct Apis<'a> {
    public: &'a str,
    office: &'a str,
    table: &'a str,
}

/// The local gateway checks the header `Authorization`; a template that reads
/// the token elsewhere must not pass here unnoticed.
fn check_authorizer(office: &Node) -> Result<(), TemplateError> {
    let auth = office.get("Properties.Auth")?;
    let default = auth.get("DefaultAuthorizer")?.text()?;
    let authorizer = auth.get("Authorizers")?.get(&default)?;
    let source = authorizer.get("IdentitySource")?;
    if source.text()? != "$request.header.Authorization" {
        return Err(source.wrong("the local gateway reads the header Authorization only"));
    }
    authorizer.get("JwtConfiguration.issuer")?;
    authorizer.get("JwtConfiguration.audience")?;
    Ok(())
}

fn function(
    resource: String,
    node: &Node,
    root: &Node,
    globals: &Node,
    apis: &Apis<'_>,
) -> Result<Function, TemplateError> {
    let own = node.get("Properties")?;
    let timeout = own
        .find("Timeout")
        .map_or_else(|| globals.get("Timeout"), Ok)?;
    let timeout_s: u64 = timeout
        .text()?
        .parse()
        .map_err(|_| timeout.wrong("a number of seconds is needed here"))?;
    let mut variables = BTreeMap::new();
    for scope in [globals, &own] {
        let Some(environment) = scope.find("Environment") else {
            continue;
        };
        for (name, value) in environment.get("Variables")?.entries() {
            variables.insert(name, setting(&value, root)?);
        }
    }
    let triggers = own
        .get("Events")?
        .entries()
        .into_iter()
        .map(|(_, event)| trigger(&event, apis))
        .collect::<Result<_, _>>()?;
    Ok(Function {
        resource,
        name: folder(&own)?,
        timeout: Duration::from_secs(timeout_s),
        variables,
        triggers,
    })
}

/// Crate, binary and folder have one name.
fn folder(function: &Node) -> Result<String, TemplateError> {
    let code = function.get("CodeUri")?;
    let path = code.text()?;
    let name = path
        .strip_prefix("functions/")
        .map(|path| path.trim_end_matches('/'))
        .filter(|name| !name.is_empty() && !name.contains('/'));
    name.map(str::to_owned)
        .ok_or_else(|| code.wrong("a folder like functions/show-ticket/ is needed here"))
}

fn setting(value: &Node, root: &Node) -> Result<Setting, TemplateError> {
    let Some((tag, target)) = value.tagged() else {
        return Ok(Setting::Literal(value.text()?));
    };
    if tag != "Ref" {
        return Ok(Setting::Deployed);
    }
    let Some(parameter) = root.get("Parameters")?.find(&target.text()?) else {
        return Ok(Setting::Deployed);
    };
    let default = parameter.find("Default").map(|node| node.text());
    Ok(Setting::Parameter(default.transpose()?))
}

fn trigger(event: &Node, apis: &Apis<'_>) -> Result<Trigger, TemplateError> {
    let kind = event.get("Type")?;
    let properties = event.get("Properties")?;
    let on = |key: &str, api: &str| {
        let node = properties.get(key)?;
        if node.reference()? == api {
            Ok(())
        } else {
            Err(node.wrong(&format!("must be the one API of this kind, {api}")))
        }
    };
    match kind.text()?.as_str() {
        "Api" => {
            on("RestApiId", apis.public)?;
            Ok(Trigger::Public(route(&properties)?))
        }
        "HttpApi" => {
            on("ApiId", apis.office)?;
            // SAM's word for a route without an authorizer.
            if properties.get("Auth.Authorizer")?.text()? == "NONE" {
                return Ok(Trigger::OfficeForAnyone(route(&properties)?));
            }
            let scopes = properties.get("Auth.AuthorizationScopes")?.items();
            Ok(Trigger::Office {
                route: route(&properties)?,
                scopes: scopes.iter().map(Node::text).collect::<Result<_, _>>()?,
            })
        }
        "Schedule" => Ok(Trigger::Schedule),
        "DynamoDB" => {
            let stream = properties.get("Stream")?;
            if stream.reference()? == apis.table {
                Ok(Trigger::Stream)
            } else {
                Err(stream.wrong("must be that of the one table"))
            }
        }
        _ => Err(kind.wrong("the local stack knows Api, HttpApi, Schedule and DynamoDB")),
    }
}

fn route(properties: &Node) -> Result<Route, TemplateError> {
    let method = properties.get("Method")?;
    let path = properties.get("Path")?;
    Ok(Route {
        method: Method::from_bytes(method.text()?.to_uppercase().as_bytes())
            .map_err(|_| method.wrong("an HTTP method is needed here"))?,
        path: PathPattern::parse(&path.text()?)
            .ok_or_else(|| path.wrong("a path like /t/{token} is needed here"))?,
    })
}

fn table_definition(table: &Node) -> Result<Table, TemplateError> {
    let attributes = table.get("AttributeDefinitions")?.items();
    let indexes = table
        .find("GlobalSecondaryIndexes")
        .map_or_else(Vec::new, |node| node.items());
    Ok(Table {
        attributes: attributes
            .iter()
            .map(|attribute| {
                let name = attribute.get("AttributeName")?.text()?;
                Ok((name, attribute.get("AttributeType")?.text()?))
            })
            .collect::<Result<_, TemplateError>>()?,
        key: key_schema(table)?,
        indexes: indexes
            .iter()
            .map(|index| {
                Ok(Index {
                    name: index.get("IndexName")?.text()?,
                    key: key_schema(index)?,
                    projection: index.get("Projection.ProjectionType")?.text()?,
                })
            })
            .collect::<Result<_, TemplateError>>()?,
        ttl_attribute: table.get("TimeToLiveSpecification.AttributeName")?.text()?,
    })
}

fn key_schema(node: &Node) -> Result<KeySchema, TemplateError> {
    let schema = node.get("KeySchema")?;
    let of_kind = |wanted: &str| -> Result<String, TemplateError> {
        for part in schema.items() {
            if part.get("KeyType")?.text()? == wanted {
                return part.get("AttributeName")?.text();
            }
        }
        Err(schema.wrong(&format!("a {wanted} key is needed here")))
    };
    Ok(KeySchema {
        hash: of_kind("HASH")?,
        range: of_kind("RANGE")?,
    })
}

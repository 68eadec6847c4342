//! What `template.yaml` says: functions, routes, scopes, variables, the table.
//!
//! The local stack is built from the same file that is deployed, so that a
//! route, a scope or a variable cannot exist in one place only.

mod read;
mod route;
mod statement;

use std::collections::BTreeMap;
use std::time::Duration;

pub use read::Node;
pub use route::{PathPattern, Route};
pub use statement::{OWN_TABLE, Statement, TABLE_IN_USE};

/// The template this crate was built beside.
pub const TEXT: &str = include_str!("../../../../template.yaml");

/// The template does not say something the local stack must know.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// Not YAML at all.
    #[error("template.yaml is not YAML")]
    NotYaml(#[source] yaml_serde::Error),
    /// A place that must hold something else.
    #[error("template.yaml, {at}: {problem}")]
    Place {
        /// Where, as a path of keys.
        at: String,
        /// What must be there.
        problem: String,
    },
}

/// The template, read.
#[derive(Clone, Debug)]
pub struct Template {
    /// One per folder in `functions/`.
    pub functions: Vec<Function>,
    /// The one table.
    pub table: Table,
    /// The name of the public API's stage.
    pub public_stage: String,
}

/// A Lambda.
#[derive(Clone, Debug)]
pub struct Function {
    /// The resource's name, `ShowTicket`.
    pub resource: String,
    /// The folder's name, which is its crate's and its binary's: `show-ticket`.
    pub name: String,
    /// How long one invocation may run.
    pub timeout: Duration,
    /// The variables it is given.
    pub variables: BTreeMap<String, Setting>,
    /// What starts it.
    pub triggers: Vec<Trigger>,
}

/// What a variable is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// This text.
    Literal(String),
    /// A parameter of the stack; the text is its default.
    Parameter(Option<String>),
    /// Something only `CloudFormation` can work out.
    Deployed,
}

/// What starts a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// A request at the public API.
    Public(Route),
    /// A request at the office API, by somebody with one of these scopes.
    Office {
        /// What is asked for.
        route: Route,
        /// One of them is enough; none means that any valid token is.
        scopes: Vec<String>,
    },
    /// A request at the office API, by anybody: nothing that is secret is behind it.
    OfficeForAnyone(Route),
    /// The clock.
    Schedule,
    /// The table's stream: something is new in it.
    Stream,
}

/// The table's definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Attribute and type (`S`, `N`, `B`) of everything that is part of a key.
    pub attributes: Vec<(String, String)>,
    /// The primary key.
    pub key: KeySchema,
    /// The global secondary indexes.
    pub indexes: Vec<Index>,
    /// The attribute that says when an item may be tidied away.
    pub ttl_attribute: String,
}

/// A primary key or the key of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySchema {
    /// The partition key.
    pub hash: String,
    /// The sort key.
    pub range: String,
}

/// A global secondary index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// Its key.
    pub key: KeySchema,
    /// What of the items it holds: `KEYS_ONLY`, `ALL`.
    pub projection: String,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// When it is not YAML, or lacks what the local stack is built from.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        read::template(&Node::parse(text)?)
    }
}

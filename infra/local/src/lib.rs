//! The whole of knoellchen on one machine: both APIs, the table, a stand-in for
//! PayPal, a development identity.
//!
//! ```text
//! browser ─▶ :8080 public API ─┐                       ┌─▶ :8083 table (embedded)
//! curl    ─▶ :8081 office API ─┼─▶ a function's handle ─┤
//! clock   ─▶ every 5 s ────────┘                       └─▶ :8082 stand-in ─▶ webhooks ─▶ :8080
//! ```
//!
//! Routes, methods, scopes, variables and the table's definition are read from
//! `template.yaml`, and every request becomes the event that Lambda would get:
//! what runs here is what is deployed, minus the cloud.

pub mod city_variables;
mod configuration;
mod data;
pub mod function;
pub mod function_variables;
mod functions;
pub mod gateway;
pub mod identity;
mod kept_key;
mod logs;
mod options;
mod samples;
mod server;
mod stack;
pub mod table;
pub mod template;
pub mod token_keys;
mod visitor;

use std::sync::Arc;

use jiff::Timestamp;

pub use data::DataError;
pub use functions::{LoadError, RunSweep};
pub use kept_key::KeptKeyError;
pub use logs::{InvalidFilter, Logs};
pub use options::{Arguments, InvalidArgument, Invocation, Options, SCHEDULE, USAGE};
pub use samples::{Sample, SamplesError};
pub use stack::{Stack, StartError};
pub use visitor::NotAnswered;

/// Where the stack reads the time: handed in, so that a test decides it.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Reads one variable of this process's own environment.
pub type Vars = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

//! How every function of the office API is talked to: who acts, as API Gateway has
//! checked it; what is sent or asked for, read strictly; and what is wrong, as a problem document.

mod body;
mod caller;
pub mod case_number;
mod change;
pub mod fields;
mod lines;
mod problem;
pub mod query;

/// What the office API is, for whoever writes a program against it: `OpenAPI` 3.1, kept by
/// hand. `tests/openapi` holds it to the routes, the types and the answers.
pub const OPENAPI: &str = include_str!("../openapi.json");

pub use body::{OBJECT_BYTES_MAX, body, object};
pub use caller::{route, sub};
pub use change::Change;
pub use lines::{Batch, EachLine, each_line};
pub use problem::{DECISIONS_MAX, Kind, Problem, answer, in_full, json_answer};

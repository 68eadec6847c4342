//! How every function of the office API is talked to: who acts, as API Gateway
//! has checked it, and what is wrong, as a problem document.

mod caller;
mod problem;

pub use caller::sub;
pub use problem::{Place, Problem, answer};
pub use problem_details::ProblemDetails;

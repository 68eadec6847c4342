//! Reads one configuration value: from the environment, or from the parameter
//! store of AWS Systems Manager.
//!
//! A secret does not belong into a function's variables, where everybody who
//! may look at the function can read it; an advanced parameter also holds more
//! than the 4 KB all variables of a function share.

mod secret;
mod store;

pub use secret::Secret;
pub use store::Parameter;

/// Reads one variable of the environment. `main.rs` hands in the process's own,
/// tests hand in a table.
pub type Vars<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// The value could not be had. The text names the variable and says what to
/// write there; it never holds the value.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Neither the variable nor its parameter's name is set.
    #[error(
        "{variable} is not set: write the value there, or the name of a parameter of the parameter store into {variable}_PARAMETER"
    )]
    Missing {
        /// The variable that should hold the value.
        variable: &'static str,
    },
    /// A variable that is needed to ask the parameter store is not set.
    #[error("{needed} is not set: it is needed to read the parameter {variable}_PARAMETER names")]
    CannotAsk {
        /// The variable whose value lies in the parameter store.
        variable: &'static str,
        /// The variable that is missing; Lambda sets it by itself.
        needed: &'static str,
    },
    /// Nobody can be trusted.
    #[error(transparent)]
    Roots(#[from] https::RootsError),
    /// The parameter store did not hand out the parameter: it is not there,
    /// the function may not read it, or the store does not answer.
    #[error("{variable}_PARAMETER: the parameter {parameter} could not be read: {code}")]
    Unreadable {
        /// The variable whose value lies in the parameter store.
        variable: &'static str,
        /// The parameter's name.
        parameter: String,
        /// The store's own code for what is wrong, or what kind of failure it was.
        code: String,
    },
}

/// Reads `variable` itself or, where that is not set, the parameter that
/// `{variable}_PARAMETER` names. An empty variable counts as not set: that is
/// how a template passes on a parameter nobody filled in.
///
/// # Errors
/// When neither is set, or when the parameter store does not hand it out.
pub async fn value(vars: &Vars<'_>, variable: &'static str) -> Result<Secret, Error> {
    if let Some(value) = set(vars, variable) {
        return Ok(Secret::new(value));
    }
    parameter(vars, variable).await
}

/// Reads the parameter that `{variable}_PARAMETER` names, where the variable
/// itself means something else than the value (a path).
///
/// # Errors
/// When `{variable}_PARAMETER` is not set, or when the parameter store does
/// not hand it out.
pub async fn parameter(vars: &Vars<'_>, variable: &'static str) -> Result<Secret, Error> {
    Parameter::from_vars(vars, variable)?.read().await
}

/// The variable's value; an empty one counts as not set.
fn set(vars: &Vars<'_>, variable: &str) -> Option<String> {
    vars(variable).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests;

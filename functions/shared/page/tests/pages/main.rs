//! The pages, from outside: every state, outcome and language.

// Told that this is a test, clippy lets the helpers below unwrap.
#[cfg(test)]
mod headers;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod links;
#[cfg(test)]
mod look;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod states;
#[cfg(test)]
mod texts;
#[cfg(test)]
mod words;

//! The pages, from outside: every state, outcome and language.

#[cfg(test)]
mod look;
#[cfg(test)]
mod samples;

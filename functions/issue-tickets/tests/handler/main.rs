//! `issue-tickets` as it is deployed, on an embedded table: an event goes in, an
//! answer comes out, the table shows what happened.

// Told that this is a test, clippy lets the helpers below unwrap.
#[cfg(test)]
mod city;
#[cfg(test)]
mod log;
#[cfg(test)]
mod many_tickets;
#[cfg(test)]
mod one_ticket;
#[cfg(test)]
mod qr_codes;
#[cfg(test)]
mod start;
#[cfg(test)]
mod table;

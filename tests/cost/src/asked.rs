//! What a payment asks for, step by step: recorded by a test, from the real handlers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Through which door a function is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// The REST API behind the web ACL.
    Public,
    /// The HTTP API.
    Office,
    /// A schedule, or the table's stream.
    #[default]
    Inside,
}

/// What one step asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// The function that does it.
    pub by: String,
    /// How it is called.
    pub door: Door,
    /// How often.
    pub invocations: u64,
    /// Calls of the table, by kind.
    pub table: BTreeMap<String, u64>,
    /// Halves of read request units: an eventually consistent read is half a unit.
    pub read_half_units: u64,
    /// Write request units, those of the index among them.
    pub write_units: u64,
    /// Calls of PayPal.
    pub paypal: u64,
    /// Messages to the city's systems.
    pub messages: u64,
    /// What is answered, with its headers.
    pub answer_bytes: u64,
    /// What is sent to PayPal and to the city's systems.
    pub sent_bytes: u64,
    /// Lines that the function writes; Lambda's own are not among them.
    pub log_lines: u64,
    /// How long they are.
    pub log_bytes: u64,
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// The city issues a ticket.
    pub issue: Asked,
    /// The driver opens the page.
    pub scan: Asked,
    /// The driver presses the button.
    pub press_pay: Asked,
    /// The driver comes back from PayPal, and it is booked.
    pub come_back: Asked,
    /// PayPal's webhooks about it.
    pub webhooks: Asked,
    /// The driver looks once more.
    pub look_again: Asked,
    /// The stream tells of a change, and one subscriber is told.
    pub tell_city: Asked,
    /// What a payment adds to the nights that look at it.
    pub nights: Asked,
    /// What a checkout that nobody finishes adds to the sweeps, until it is over.
    pub abandoned: Asked,
    /// A minute in which no attempt is due.
    pub idle_sweep: Asked,
    /// A minute in which there is nothing to tell.
    pub idle_telling: Asked,
    /// A minute of the night after the comparison is through.
    pub idle_night_minute: Asked,
    /// A comparison of books with nothing in them.
    pub empty_night: Asked,
    /// Somebody opens a page with a token that is not ours.
    pub bad_token: Asked,
    /// A new process of each function, before its first request.
    pub starts: BTreeMap<String, Asked>,
    /// What stays in the table.
    pub stored: Stored,
}

/// What stays in the table, as JSON, which is longer than `DynamoDB`'s own form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stored {
    /// Items of a ticket that was issued.
    pub ticket_items: u64,
    /// Their size.
    pub ticket_bytes: u64,
    /// Items that a payment adds.
    pub payment_items: u64,
    /// Their size.
    pub payment_bytes: u64,
}

impl Asked {
    /// And what `other` asks for.
    pub fn add(&mut self, other: &Self) {
        self.by.clone_from(&other.by);
        self.door = other.door;
        for (kind, calls) in &other.table {
            *self.table.entry(kind.clone()).or_default() += calls;
        }
        self.invocations += other.invocations;
        self.read_half_units += other.read_half_units;
        self.write_units += other.write_units;
        self.paypal += other.paypal;
        self.messages += other.messages;
        self.answer_bytes += other.answer_bytes;
        self.sent_bytes += other.sent_bytes;
        self.log_lines += other.log_lines;
        self.log_bytes += other.log_bytes;
    }

    /// Without what `other` asks for: what is left is what was added to it.
    #[must_use]
    pub fn beyond(&self, other: &Self) -> Self {
        let table = self.table.iter().map(|(kind, calls)| {
            let theirs = other.table.get(kind).copied().unwrap_or_default();
            (kind.clone(), calls.saturating_sub(theirs))
        });
        Self {
            by: self.by.clone(),
            door: self.door,
            invocations: self.invocations.saturating_sub(other.invocations),
            table: table.filter(|(_, calls)| *calls > 0).collect(),
            read_half_units: self.read_half_units.saturating_sub(other.read_half_units),
            write_units: self.write_units.saturating_sub(other.write_units),
            paypal: self.paypal.saturating_sub(other.paypal),
            messages: self.messages.saturating_sub(other.messages),
            answer_bytes: self.answer_bytes.saturating_sub(other.answer_bytes),
            sent_bytes: self.sent_bytes.saturating_sub(other.sent_bytes),
            log_lines: self.log_lines.saturating_sub(other.log_lines),
            log_bytes: self.log_bytes.saturating_sub(other.log_bytes),
        }
    }
}

//! What happened in a run, as far as a law looks at it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;
use ticket::CaseNumber;

use crate::office::{Receipt, Wish};

use crate::net::Call;
use crate::world::Function;

/// A law that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    /// Its name: M1.
    pub(crate) law: &'static str,
    /// What was seen.
    pub(crate) what: String,
}

/// What a call is, as far as it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A look into an index.
    Index,
    /// Any other call to the table.
    Table,
    PayPal,
}

/// A row of the table of crowds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    /// Attempts that are open when payers approve.
    pub(crate) open: usize,
    /// Looks of the sweep at attempts until the last payer was captured.
    pub(crate) looks: u64,
    /// Its calls to PayPal until then.
    pub(crate) calls: u64,
    /// The most of them in one minute.
    pub(crate) calls_a_minute: u64,
    /// How long the payer waited who was captured last.
    pub(crate) last_captured_s: i64,
}

/// What happened.
#[derive(Default)]
pub(crate) struct History {
    /// Lines for a reader, in order; only kept when a run is told.
    pub(crate) told: Option<Vec<String>>,
    /// Laws that were seen broken.
    pub(crate) violations: Vec<Violation>,
    /// How often each law was looked at.
    pub(crate) looked: BTreeMap<&'static str, u64>,
    /// What was seen at least once.
    pub(crate) seen: BTreeSet<String>,
    /// When a page first said of a ticket that it is paid.
    pub(crate) shown_paid: BTreeMap<String, Timestamp>,
    /// When cash or a transfer settled a ticket.
    pub(crate) clerk_settled: BTreeMap<String, Timestamp>,
    /// How many reviews of a ticket two people have ended.
    pub(crate) reviews_ended: BTreeMap<String, usize>,
    /// Orders of which PayPal told, or made, other facts than were asked for.
    pub(crate) odd_orders: BTreeSet<String>,
    /// When each order was approved, by PayPal's clock.
    pub(crate) approved_at: BTreeMap<String, Vec<Timestamp>>,
    /// What each order's page had said was to be paid.
    pub(crate) shown_amounts: BTreeMap<String, String>,
    /// Under which request id each try of each attempt was made.
    pub(crate) request_ids: BTreeMap<(String, String), String>,
    /// How many calls each function has made, by kind; tries of one count once.
    pub(crate) calls: BTreeMap<(Function, Kind), u64>,
    /// Until when a letter about each ticket is on its way, as the table said last.
    pub(crate) letters: BTreeMap<String, String>,
    /// What clerks did, as their own lists say: when, and under which receipt.
    pub(crate) clerks_list: Vec<(Timestamp, CaseNumber, Wish, Receipt)>,
    /// When the table was restored.
    pub(crate) restored_at: Option<Timestamp>,
    /// When it had been made whole again.
    pub(crate) whole_at: Option<Timestamp>,
    /// Partitions of which a restore may have brought parts only.
    pub(crate) torn_tickets: BTreeSet<String>,
    /// Events that a restore has brought back unfinished.
    pub(crate) unfinished_events: BTreeSet<String>,
    /// Under which names PayPal has refused to capture each order.
    pub(crate) refused_as: BTreeSet<(String, String)>,
    /// Orders whose card was refused, and whose driver has done nothing since.
    pub(crate) refused_cards: BTreeSet<String>,
    /// PayPal has, or had, habits: what it said of an order for all of its life may
    /// have said nothing.
    pub(crate) was_strange: bool,
    /// A lock stood longer than its lease.
    pub(crate) left_locked: bool,
    /// What was counted for the report.
    pub(crate) figures: Vec<Figures>,
    /// What somebody who reads the changes has heard, in this order; nothing where nobody does.
    pub(crate) heard: Option<Vec<Value>>,
    /// When the last fault struck.
    pub(crate) last_fault_at: Option<Timestamp>,
}

impl History {
    /// Looks at a law.
    pub(crate) fn law(&mut self, law: &'static str, holds: bool, what: impl FnOnce() -> String) {
        *self.looked.entry(law).or_default() += 1;
        if !holds {
            let what = what();
            self.violations.push(Violation { law, what });
        }
    }

    /// Counts a call.
    pub(crate) fn count(&mut self, function: Function, call: &Call) {
        let kind = match call {
            Call::Turn(_) => return,
            Call::PayPal(_) => Kind::PayPal,
            Call::Table(call) => {
                if !call.is_first_try {
                    return;
                }
                if call.operation == "Query" {
                    Kind::Index
                } else {
                    Kind::Table
                }
            }
        };
        *self.calls.entry((function, kind)).or_default() += 1;
    }

    /// How many calls of this kind a function has made so far.
    pub(crate) fn calls(&self, function: Function, kind: Kind) -> u64 {
        self.calls.get(&(function, kind)).copied().unwrap_or(0)
    }

    /// Whether what was `asked_at` a moment may have been answered out of a table
    /// that is restored and not made whole yet.
    pub(crate) fn not_whole(&self, asked_at: Timestamp) -> bool {
        self.restored_at.is_some() && self.whole_at.is_none_or(|whole| asked_at < whole)
    }

    /// Something that must be seen sometimes.
    pub(crate) fn sometimes(&mut self, what: impl Into<String>) {
        self.seen.insert(what.into());
    }

    /// A line for a reader.
    pub(crate) fn tell(&mut self, line: impl FnOnce() -> String) {
        if let Some(told) = &mut self.told {
            told.push(line());
        }
    }
}

//! The protocol holds in every state that can be reached.

#![expect(
    clippy::print_stderr,
    reason = "how much was searched is said with --nocapture"
)]

use model::protocol::Protocol;
use stateright::{Checker, Model};

/// All that can happen, to one order, the real number of tries.
const THREE_AT_ONCE: Protocol = Protocol {
    attempts: 1,
    processes: 3,
    rounds: 3,
    declines: true,
    holds_back: true,
    reads_lag: true,
    clerk: true,
    letters: false,
    missing: &[],
};

/// All that can happen, to two orders of one ticket.
const TWO_TABS: Protocol = Protocol {
    attempts: 2,
    processes: 2,
    rounds: 2,
    ..THREE_AT_ONCE
};

/// Somebody pays, and a letter is about to be printed.
const A_LETTER: Protocol = Protocol {
    processes: 1,
    letters: true,
    ..TWO_TABS
};

fn holds(protocol: Protocol) {
    let checker = protocol.checker().threads(2).spawn_bfs().join();
    checker.assert_properties();
    let states = checker.unique_state_count();
    eprintln!("{states} states, {} steps deep", checker.max_depth());
}

#[test]
fn three_calls_of_settle_at_once_move_one_orders_money_once() {
    holds(THREE_AT_ONCE);
}

#[test]
fn two_orders_of_one_ticket_are_paid_once() {
    holds(TWO_TABS);
}

#[test]
fn a_letter_goes_to_nobody_who_pays() {
    holds(A_LETTER);
}

//! Money is given back once, in every state that can be reached; and each safeguard is
//! taken away in turn, and the model must find what then goes wrong.

#![expect(
    clippy::print_stderr,
    reason = "what was searched and found is said with --nocapture"
)]

use std::collections::BTreeSet;

use model::refunds::properties::{GIVEN_ONCE, NOT_AFTER_PAGES, NOT_REJECTED, NOTHING_INVENTED};
use model::refunds::{Missing, Refunds};
use stateright::{Checker, HasDiscoveries, Model};

const TWO_AT_ONCE: Refunds = Refunds {
    looks: 2,
    missing: &[],
};

fn breaks(missing: &'static [Missing], property: &'static str) {
    let found = Refunds {
        missing,
        ..TWO_AT_ONCE
    }
    .checker()
    .threads(2)
    .finish_when(HasDiscoveries::AllOf(BTreeSet::from([property])))
    .spawn_bfs()
    .join()
    .assert_any_discovery(property);
    eprintln!("without {missing:?}, {property} is violated by {found}");
}

#[test]
fn money_goes_back_once() {
    let checker = TWO_AT_ONCE.checker().threads(2).spawn_bfs().join();
    checker.assert_properties();
    let states = checker.unique_state_count();
    eprintln!("{states} states, {} steps deep", checker.max_depth());
}

#[test]
fn without_a_look_what_was_given_back_in_paypals_pages_is_asked_for() {
    breaks(&[Missing::Look], NOT_AFTER_PAGES);
}

#[test]
fn without_its_request_id_it_is_given_back_twice() {
    breaks(&[Missing::RequestId], GIVEN_ONCE);
}

#[test]
fn a_first_no_that_is_believed_gives_it_back_twice() {
    breaks(&[Missing::DoubtInRefusals], GIVEN_ONCE);
}

#[test]
fn a_no_soon_after_another_call_that_is_believed_gives_it_back_twice() {
    breaks(&[Missing::DoubtAfterEachCall], GIVEN_ONCE);
}

#[test]
fn what_is_rejected_after_paypal_was_asked_is_given_back_all_the_same() {
    breaks(&[Missing::AskedIsNotRejected], NOT_REJECTED);
}

#[test]
fn a_sister_that_was_made_after_all_does_not_keep_the_second_one_from_going() {
    breaks(
        &[Missing::DoubtInRefusals, Missing::SistersInTheWay],
        GIVEN_ONCE,
    );
}

#[test]
fn a_lease_that_ends_while_its_owner_lives_gives_it_back_twice() {
    breaks(&[Missing::LongLease], GIVEN_ONCE);
}

#[test]
fn a_call_that_is_not_written_down_is_given_back_after_a_rejection() {
    breaks(&[Missing::Note], NOT_REJECTED);
}

#[test]
fn what_is_on_its_way_and_taken_for_given_is_booked_though_it_fails() {
    breaks(&[Missing::PendingIsNotCompleted], NOTHING_INVENTED);
}

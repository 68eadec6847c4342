//! Each safeguard is taken away in turn, and the model must find what then goes
//! wrong: a model that finds nothing proves nothing.

#![expect(
    clippy::print_stderr,
    reason = "what was found is said with --nocapture"
)]

use std::collections::BTreeSet;

use model::properties::{
    LAWFUL_CALL, NO_CALL_AFTER_CASH, NO_LETTER_TO_WHO_PAYS, NO_LOCK_LEFT, NOT_CASH_TOO,
    NOT_FINAL_UNDER_LOCK, NOTHING_LOST, ONE_CAPTURE, ONE_MAIN,
};
use model::protocol::{Missing, Protocol};
use stateright::{Checker, HasDiscoveries, Model};

/// One order, and a clerk.
const CASH_DESK: Protocol = Protocol {
    attempts: 1,
    processes: 2,
    rounds: 2,
    declines: true,
    holds_back: true,
    reads_lag: true,
    clerk: true,
    letters: false,
    missing: &[],
};

/// Two orders, and no clerk.
const TWO_TABS: Protocol = Protocol {
    attempts: 2,
    clerk: false,
    ..CASH_DESK
};

/// One order, a clerk, and a letter about to be printed.
const A_LETTER: Protocol = Protocol {
    processes: 1,
    letters: true,
    ..CASH_DESK
};

/// Without `missing`, this property is violated.
fn breaks(world: Protocol, missing: &'static [Missing], property: &'static str) {
    let found = Protocol { missing, ..world }
        .checker()
        .threads(2)
        .finish_when(HasDiscoveries::AllOf(BTreeSet::from([property])))
        .spawn_bfs()
        .join()
        .assert_any_discovery(property);
    eprintln!("without {missing:?}, {property} is violated by {found}");
}

#[test]
fn a_read_that_lags_and_is_believed_charges_two_tabs() {
    breaks(TWO_TABS, &[Missing::DoubtInReads], ONE_CAPTURE);
}

#[test]
fn without_a_lock_two_tabs_are_both_charged() {
    breaks(TWO_TABS, &[Missing::Lock], ONE_CAPTURE);
}

#[test]
fn without_a_lock_a_capture_starts_after_cash() {
    breaks(CASH_DESK, &[Missing::Lock], NO_CALL_AFTER_CASH);
}

#[test]
fn a_lease_that_ends_while_its_owner_lives_charges_two_tabs() {
    // The ten minutes of silence outlive the owner, too.
    let missing = &[Missing::LongLease, Missing::MemoryOfSilence];
    breaks(TWO_TABS, missing, ONE_CAPTURE);
}

#[test]
fn a_refusal_that_is_believed_after_a_call_without_an_answer_charges_two_tabs() {
    breaks(TWO_TABS, &[Missing::MemoryOfSilence], ONE_CAPTURE);
}

#[test]
fn a_lease_that_ends_while_its_owner_lives_lets_a_capture_start_after_cash() {
    breaks(CASH_DESK, &[Missing::LongLease], NO_CALL_AFTER_CASH);
}

#[test]
fn taking_over_without_asking_charges_two_tabs() {
    breaks(TWO_TABS, &[Missing::AskingBeforeTakeOver], ONE_CAPTURE);
}

#[test]
fn asking_about_the_own_order_instead_of_the_locks_loses_what_came() {
    breaks(TWO_TABS, &[Missing::AskingForTheLocksOrder], NOTHING_LOST);
}

#[test]
fn booking_under_somebody_elses_lock_lets_a_capture_start_after_cash() {
    breaks(CASH_DESK, &[Missing::OwnLockAtBooking], NO_CALL_AFTER_CASH);
}

#[test]
fn booking_with_an_old_fence_lets_a_capture_start_after_cash() {
    breaks(CASH_DESK, &[Missing::FenceAtBooking], NO_CALL_AFTER_CASH);
}

#[test]
fn a_lock_that_its_own_attempt_may_enter_again_lets_a_capture_start_after_cash() {
    breaks(CASH_DESK, &[Missing::Exclusion], NO_CALL_AFTER_CASH);
}

#[test]
fn a_lock_given_back_after_no_answer_charges_two_tabs() {
    breaks(TWO_TABS, &[Missing::LockAfterNoAnswer], ONE_CAPTURE);
}

#[test]
fn a_lock_given_back_after_no_answer_loses_money() {
    breaks(CASH_DESK, &[Missing::LockAfterNoAnswer], NOTHING_LOST);
}

#[test]
fn taking_the_lock_with_an_old_fence_lets_a_capture_start_after_cash() {
    breaks(CASH_DESK, &[Missing::FenceAtLock], NO_CALL_AFTER_CASH);
}

#[test]
fn giving_the_lock_back_with_an_old_fence_lets_a_capture_start_after_cash() {
    breaks(CASH_DESK, &[Missing::FenceAtRelease], NO_CALL_AFTER_CASH);
}

#[test]
fn an_order_of_an_older_version_is_captured_when_the_lock_does_not_compare_it() {
    breaks(CASH_DESK, &[Missing::VersionAtLock], LAWFUL_CALL);
}

#[test]
fn without_lock_and_version_a_ticket_is_paid_in_cash_and_by_capture() {
    let missing = &[Missing::Lock, Missing::VersionAtBooking];
    breaks(CASH_DESK, missing, ONE_MAIN);
}

#[test]
fn money_held_back_without_a_mark_is_charged_a_second_time() {
    breaks(TWO_TABS, &[Missing::PendingMark], ONE_CAPTURE);
}

#[test]
fn an_attempt_made_final_under_its_own_lock_leaves_the_lock_for_ever() {
    breaks(CASH_DESK, &[Missing::LockAtEnd], NOT_FINAL_UNDER_LOCK);
    breaks(CASH_DESK, &[Missing::LockAtEnd], NO_LOCK_LEFT);
}

#[test]
fn cash_taken_under_an_ended_lock_pays_what_is_captured_already() {
    breaks(CASH_DESK, &[Missing::CashWaits], NOT_CASH_TOO);
}

#[test]
fn a_withdrawal_under_a_lock_lets_a_withdrawn_ticket_be_captured() {
    breaks(CASH_DESK, &[Missing::WithdrawalWaits], LAWFUL_CALL);
}

#[test]
fn a_letter_whose_lease_is_granted_without_looking_goes_to_one_who_pays() {
    breaks(
        A_LETTER,
        &[Missing::AttemptsBeforeLetter],
        NO_LETTER_TO_WHO_PAYS,
    );
}

#[test]
fn a_letter_whose_lease_does_not_count_the_attempts_goes_to_one_who_pays() {
    breaks(A_LETTER, &[Missing::CountAtLease], NO_LETTER_TO_WHO_PAYS);
}

/// Nothing is violated without `covered`, which others cover; why, is said in the crate's
/// documentation.
fn are_covered(world: Protocol, covered: &'static [Missing]) {
    let checker = Protocol {
        missing: covered,
        ..world
    }
    .checker()
    .threads(2)
    .spawn_bfs()
    .join();
    checker.assert_properties();
    let states = checker.unique_state_count();
    eprintln!("without {covered:?} nothing is violated: {states} states");
}

#[test]
fn two_conditions_are_covered_by_others() {
    const COVERED: &[Missing] = &[Missing::Refusals, Missing::VersionAtBooking];
    let two_tabs = Protocol {
        declines: false,
        ..TWO_TABS
    };
    for world in [CASH_DESK, two_tabs] {
        are_covered(world, COVERED);
    }
}

#[test]
fn two_conditions_of_a_lease_are_covered_by_the_count_and_the_state() {
    are_covered(A_LETTER, &[Missing::VersionAtLease, Missing::LeaseWaits]);
}

//! What PayPal does beside its specification while bootstraps are killed: each of it
//! comes to its end within the minutes that this test waits.

use fastrand::Rng;
use paypal_standin::{Behaviour, Fault, FaultKind, Issue, On, Standin, UpdateTime};

/// One return in so many meets something strange.
const ONCE_IN: u8 = 3;

/// Habits that last for the whole run.
pub(crate) fn behave(standin: &Standin) {
    let behaviour = Behaviour {
        // Every second read of an order that has just changed shows what it was.
        stale_reads_s: 2,
        stale_reads_flap: true,
        get_404_after_capture_s: 2,
        approved_event_twice: true,
        update_time: UpdateTime::Moves,
        already_captured_while_approved_s: 5,
        // PayPal would refuse a second payment for the same invoice: here our own
        // guard must do without it.
        unique_invoices: false,
        ..standin.behaviour()
    };
    standin.set_behaviour(behaviour).unwrap();
}

/// Perhaps something strange befalls the next call of its kind, whoever makes it.
pub(crate) fn strike(standin: &Standin, choices: &mut Rng) {
    if choices.u8(..ONCE_IN) > 0 {
        return;
    }
    let issue = |name| Issue::named(name).unwrap();
    let faults = [
        (
            On::Capture,
            FaultKind::RefusedAfterEffect(issue("ORDER_ALREADY_CAPTURED")),
        ),
        (
            On::Capture,
            FaultKind::RefusedAfterEffect(issue("DUPLICATE_INVOICE_ID")),
        ),
        (
            On::Capture,
            FaultKind::RefusedAfterEffect(Issue::UNHEARD_OF),
        ),
        (
            On::Capture,
            FaultKind::RefusedAfterEffect(Issue::NO_DETAILS),
        ),
        (On::Capture, FaultKind::Refused(issue("ORDER_NOT_APPROVED"))),
        (On::Capture, FaultKind::ServerErrorAfterEffect),
        (On::Capture, FaultKind::NoAnswerAfterEffect),
        (On::Capture, FaultKind::OmitsPayments),
        (On::Capture, FaultKind::RateLimit),
        (On::GetOrder, FaultKind::NotFound),
        (On::GetOrder, FaultKind::OmitsPayee),
        (On::GetOrder, FaultKind::UnknownStatus),
        (On::GetOrder, FaultKind::RateLimit),
        (On::Token, FaultKind::ServerError),
    ];
    let (on, kind) = choices.choice(faults).unwrap();
    standin.set_fault(Fault::once(on, kind)).unwrap();
}

//! Deliberate bugs. Each is a change of a marked place in the functions' sources,
//! or of several, made in a copy.

use super::places::Change;

/// A deliberate bug.
pub(crate) struct Sabotage {
    /// Its name.
    pub(crate) name: &'static str,
    /// Where it goes: the marker's name, and what is changed there.
    pub(crate) places: &'static [(&'static str, Change)],
    /// What found it, and is tried first: a plan, or all orders of a pair of
    /// handlers.
    pub(crate) found_by: &'static str,
}

/// All of them.
pub(crate) const ALL: &[Sabotage] = &[
    Sabotage {
        name: "a stale read decides what is shown",
        places: &[("a stale read decides what is shown", Change::Never)],
        found_by: "return-alone;seed=1;show-ticket: table get ticket#2=Stale",
    },
    Sabotage {
        name: "cash without a condition",
        places: &[("cash without a condition", Change::Holds)],
        found_by: "orders of return×cash",
    },
    Sabotage {
        name: "cash under a lock",
        places: &[
            (
                "cash under a lock",
                Change::Value(
                    "if $on && standing == Standing::OpenLocked { Role::Main } else { $it }",
                ),
            ),
            (
                "cash under a lock: at the table",
                Change::Value(
                    "if $on { \"version = :version AND (attribute_exists(pk) OR attribute_exists(#lock)) AND attribute_not_exists(pending)\" } else { $it }",
                ),
            ),
        ],
        found_by: "orders of return×cash",
    },
    Sabotage {
        name: "one receipt for two tickets",
        places: &[("one receipt for two tickets", Change::Holds)],
        found_by: "orders of cash×cash-of-other-ticket",
    },
    Sabotage {
        name: "a letter beside a checkout that is alive",
        places: &[("a letter beside a checkout that is alive", Change::Never)],
        found_by: "orders of checkout×lease",
    },
    Sabotage {
        name: "a letter beside a checkout begun since",
        places: &[(
            "a letter beside a checkout begun since",
            Change::Loosened("attempts_begun"),
        )],
        found_by: "orders of checkout×lease",
    },
    Sabotage {
        name: "a proposal is approved by whoever has made it",
        places: &[
            (
                "a proposal is approved by whoever has made it",
                Change::Never,
            ),
            (
                "a proposal is approved by whoever has made it: at the table",
                Change::Value(
                    "if $on { \"refund_state = :was AND (attribute_exists(pk) OR proposed_by <> :decided_by)\" } else { $it }",
                ),
            ),
        ],
        found_by: "given-back-by-two;seed=1",
    },
    Sabotage {
        name: "one person ends a review alone",
        places: &[
            ("one person ends a review alone", Change::Never),
            (
                "one person ends a review alone: at the table",
                Change::Value(
                    "if $on { \"(attribute_exists(pk) OR review_proposal.#by <> :decided_by)\" } else { $it }",
                ),
            ),
        ],
        found_by: "reversed-and-paid-again;seed=1",
    },
    Sabotage {
        name: "a refund without its request id",
        places: &[
            (
                "a refund without its request id",
                Change::Value(
                    "&if $on { moment.now.to_string() } else { due.refund.request_id() }",
                ),
            ),
            (
                "a refund without its request id: and without a look",
                Change::First("return Ok(Shown::Nothing);"),
            ),
        ],
        // PayPal gives no answer, and the money goes twice.
        found_by: "given-back-in-part-and-not-shown-at-once;seed=1;reconcile-payments: paypal Refund#1=ErrorAfterEffect",
    },
    Sabotage {
        name: "two give one refund back at once",
        places: &[
            (
                "two give one refund back at once",
                Change::Without("attribute_not_exists(asked)"),
            ),
            (
                "two give one refund back at once: and look at it at once",
                Change::Holds,
            ),
        ],
        found_by: "orders of refund×refund",
    },
    Sabotage {
        name: "money is given back while captures are closed",
        places: &[(
            "money is given back while captures are closed",
            Change::Never,
        )],
        found_by: "restore-approved-while-closed;seed=1",
    },
    Sabotage {
        name: "the feed skips a change that was written late",
        places: &[(
            "the feed skips a change that was written late",
            Change::Value("if $on { read.keys.last() } else { $it }"),
        )],
        found_by: "changes-are-read;seed=1;manage-tickets: table get ticket#1=Frozen9",
    },
    Sabotage {
        name: "what is given back in PayPal's pages is given back again",
        places: &[(
            "what is given back in PayPal's pages is given back again",
            Change::Never,
        )],
        found_by: "given-back-by-two-and-by-hand;seed=1",
    },
    Sabotage {
        name: "the first no to a refund is believed",
        places: &[("the first no to a refund is believed", Change::Never)],
        found_by: "given-back-in-part-and-not-shown-at-once;seed=1;reconcile-payments: paypal Refund#1=RefusedAfterEffect-TRANSACTION_DISPUTED",
    },
    Sabotage {
        name: "nobody is told of surplus",
        places: &[(
            "nobody is told of surplus",
            Change::Value("if $on { None } else { $it }"),
        )],
        found_by: "paid-twice-and-given-back;seed=1",
    },
    Sabotage {
        name: "a fine that was given back stays paid",
        places: &[("a fine that was given back stays paid", Change::Never)],
        found_by: "given-back-by-two;seed=1",
    },
    Sabotage {
        name: "an override without a reason",
        places: &[
            ("an override without a reason", Change::Value("$on || $it")),
            (
                "an override without a reason: at the table",
                Change::Value("if $on { ticket.pending() } else { $it }"),
            ),
        ],
        found_by: "paid-twice-and-given-back;seed=1",
    },
    Sabotage {
        name: "withdrawal without a condition",
        places: &[("withdrawal without a condition", Change::Holds)],
        found_by: "orders of return×withdrawal",
    },
    Sabotage {
        name: "line ids by chance",
        places: &[(
            "line ids by chance",
            Change::Value(
                "if $on { format!(\"{}-{}\", $it, booked_at.subsec_nanosecond()) } else { $it }",
            ),
        )],
        found_by: "pays-and-returns;seed=1",
    },
    Sabotage {
        name: "pending without a mark",
        places: &[(
            "pending without a mark",
            Change::Value("if $on { \"SET pending_before = :pending REMOVE #lock\" } else { $it }"),
        )],
        found_by: "held-back-while-other-tab-pays;seed=1",
    },
    Sabotage {
        name: "no line for the export",
        places: &[(
            "no line for the export",
            Change::Value(
                "{ let mut queued = queued; if $on { queued.insert(\"pk\".to_owned(), s(\"ELSEWHERE\")); } $it }",
            ),
        )],
        found_by: "closes-the-window;seed=1",
    },
    Sabotage {
        name: "lock without its conditions",
        places: &[("lock without its conditions", Change::Holds)],
        found_by: "two-tabs-no-invoice-barrier;seed=1",
    },
    Sabotage {
        name: "re-entrant lock",
        places: &[
            (
                "re-entrant lock",
                Change::Value(
                    "match $it { Standing::OpenLocked if $on => Standing::Open, other => other }",
                ),
            ),
            (
                "re-entrant lock: at the table",
                Change::Without("attribute_not_exists(#lock)"),
            ),
            ("re-entrant lock: at the look", Change::Never),
        ],
        found_by: "two-tabs-no-invoice-barrier;seed=1;finish-checkout: paypal Capture#1=Late40",
    },
    Sabotage {
        name: "short lease",
        places: &[(
            "short lease",
            Change::Value("$it - std::time::Duration::from_secs(if $on { 55 } else { 0 })"),
        )],
        found_by: "return-alone;seed=1;finish-checkout: table ~ticket(lock) ~attempt#1=Frozen9",
    },
    Sabotage {
        name: "take-over without asking",
        places: &[(
            "take-over without asking",
            Change::First("return Step::Release(Released::NothingCaptured).into();"),
        )],
        found_by: "two-tabs-no-invoice-barrier;seed=1;finish-checkout: paypal Capture#1=Late40",
    },
    Sabotage {
        name: "seen means done",
        places: &[(
            "seen means done",
            Change::Value("($it) || ($on && stored.deliveries > 1)"),
        )],
        found_by: "pays-and-returns;seed=1;receive-webhook: table update event#1=CrashAfter",
    },
    Sabotage {
        name: "200 before it is stored",
        places: &[(
            "200 before it is stored",
            Change::Arm("Err(_) if $on => StatusCode::OK,"),
        )],
        found_by: "pays-and-returns;seed=1;receive-webhook: table update event#1=Down",
    },
    Sabotage {
        name: "the webhook's word is believed",
        places: &[(
            "the webhook's word is believed",
            Change::First(
                "if event.event_type == \"PAYMENT.CAPTURE.COMPLETED\" { let _ = believe::believe(&app.settle, &app.store, unverified_body, now).await; }",
            ),
        )],
        found_by: "forged-webhook;seed=1",
    },
    Sabotage {
        name: "any currency will do",
        places: &[("any currency will do", Change::Always)],
        found_by: "return-alone;seed=1;finish-checkout: paypal Capture#1=WrongCurrency",
    },
    Sabotage {
        name: "any account will do",
        places: &[(
            "any account will do",
            Change::Value("if $on { (Some(our_account), our_account) } else { $it }"),
        )],
        found_by: "return-alone;seed=1;finish-checkout: paypal Capture#1=WrongPayee",
    },
    Sabotage {
        name: "a new request id for the same try",
        places: &[(
            "a new request id for the same try",
            Change::Value(
                "&(if $on { format!(\"{}-{}\", $it, moment.now.as_nanosecond()) } else { ($it).clone() })",
            ),
        )],
        found_by: "return-alone;seed=1;finish-checkout: paypal Capture#1=NoAnswer",
    },
    Sabotage {
        name: "pending means paid",
        places: &[(
            "pending means paid",
            Change::Arm("CaptureStatus::Pending if $on => true,"),
        )],
        found_by: "held-back-then-paid;seed=1",
    },
    Sabotage {
        name: "declined in a 201 is taken for paid",
        places: &[(
            "declined in a 201 is taken for paid",
            Change::Arm("CaptureStatus::Declined if $on => true,"),
        )],
        found_by: "return-alone;seed=1;finish-checkout: paypal Capture#1=DeclinedIn201",
    },
    Sabotage {
        name: "a return with any order id",
        places: &[("a return with any order id", Change::Always)],
        found_by: "foreign-return;seed=1",
    },
    Sabotage {
        name: "fence not compared",
        places: &[("fence not compared", Change::Loosened("fence"))],
        found_by: "orders of return×return-on-an-ended-lock",
    },
    Sabotage {
        name: "version not compared",
        places: &[("version not compared", Change::Loosened("version"))],
        found_by: "orders of return×amount",
    },
    Sabotage {
        name: "released after no answer",
        places: &[(
            "released after no answer",
            Change::Value(
                "if $on { Step::Release(Released::Ended(AttemptEnd::Declined)).into() } else { $it }",
            ),
        )],
        found_by: "two-tabs-no-invoice-barrier;seed=1;finish-checkout: paypal Capture#1=Late40",
    },
    Sabotage {
        name: "an attempt ends under a lock",
        places: &[
            ("an attempt ends under a lock", Change::Holds),
            ("an attempt ends under a lock: at the look", Change::Never),
        ],
        found_by: "return-alone;seed=1;finish-checkout: paypal Capture#1=DeclinedIn201;finish-checkout: table ~ticket(unlock) ~attempt#1=CrashBefore",
    },
    Sabotage {
        name: "paid when we booked it",
        places: &[(
            "paid when we booked it",
            Change::Value("if $on { now } else { $it }"),
        )],
        found_by: "held-back-then-paid;seed=1",
    },
    Sabotage {
        name: "sent to PayPal before the order is stored",
        places: &[(
            "sent to PayPal before the order is stored",
            Change::First(
                "let _ = self.store.place_order(&attempt.id, &placed).await; return Ok(Checkout::Redirect(created.approve_url));",
            ),
        )],
        found_by: "return-alone;seed=1;start-checkout: table ~attempt#1=Down",
    },
    Sabotage {
        name: "not in the sweep's index",
        places: &[("not in the sweep's index", Change::Skipped)],
        found_by: "two-tabs;seed=1",
    },
    Sabotage {
        name: "signatures are not checked",
        places: &[("signatures are not checked", Change::Never)],
        found_by: "forged-webhook;seed=1",
    },
    Sabotage {
        name: "something new means no",
        places: &[(
            "something new means no",
            Change::Value("if $on { Reading::Refused { issue: String::new() } } else { $it }"),
        )],
        found_by: "return-alone;seed=1;finish-checkout: paypal Capture#1=UnknownStatus",
    },
    Sabotage {
        name: "the amount shown is not compared",
        places: &[("the amount shown is not compared", Change::Never)],
        found_by: "amount-changes-before-pressing;seed=1",
    },
    Sabotage {
        name: "a refund changes no state",
        places: &[(
            "a refund changes no state",
            Change::Value(
                "if $on { \"SET version = :next, #state = if_not_exists(#state, :review)\" } else { $it }",
            ),
        )],
        found_by: "refunded;seed=1",
    },
    Sabotage {
        name: "a lock whose attempt is forgotten keeps everybody out",
        places: &[(
            "a lock whose attempt is forgotten keeps everybody out",
            Change::Always,
        )],
        found_by: "restore-locked-by-another;seed=1;story=2",
    },
    Sabotage {
        name: "a forgotten payment of another payee is nobody's",
        places: &[(
            "a forgotten payment of another payee is nobody's",
            Change::First(
                "if capture.payee_merchant_id.as_deref() != Some(\"STNDNMERCHANT\") { return Marks::None; }",
            ),
        )],
        found_by: "restore-booked-since;seed=1;story=1;finish-checkout: paypal Capture#1=WrongPayee",
    },
    Sabotage {
        name: "a booking that came back torn is not mended",
        places: &[(
            "a booking that came back torn is not mended",
            Change::Skipped,
        )],
        found_by: "restore-booked;seed=1;story=1",
    },
    Sabotage {
        name: "an event is parked at its last delivery only",
        places: &[(
            "an event is parked at its last delivery only",
            Change::Arm(
                "TakingBack::NotYet if $on && stored.deliveries < 25 => return Ok(StatusCode::SERVICE_UNAVAILABLE),",
            ),
        )],
        found_by: "refunded;seed=1;receive-webhook: paypal GetRefund#1-26=NoAnswer;receive-webhook: table update event#30=Down;receive-webhook: table update event#34=Down",
    },
    Sabotage {
        name: "a dispute about a forgotten payment is nobody's",
        places: &[(
            "a dispute about a forgotten payment is nobody's",
            Change::Value("if $on { Ok(TakingBack::Nothing) } else { $it }"),
        )],
        found_by: "restore-disputed;seed=1;story=2",
    },
    Sabotage {
        name: "a refund of what is not booked yet is nobody's",
        places: &[(
            "a refund of what is not booked yet is nobody's",
            Change::Value("if $on { Ok(TakingBack::Nothing) } else { $it }"),
        )],
        found_by: "refunded-before-it-is-booked;seed=1;receive-webhook: paypal GetOrder#1-3=NoAnswer",
    },
    Sabotage {
        name: "a refusal nobody knows gives the lock back",
        places: &[(
            "a refusal nobody knows gives the lock back",
            Change::Arm("Issue::Other(_) if $on => Verdict::Counts,"),
        )],
        found_by: "two-tabs-no-invoice-barrier;seed=1;habits=captured-reads-approved;finish-checkout: paypal Capture#1=UnknownIssue",
    },
    Sabotage {
        name: "an approval that lags is none",
        places: &[(
            "an approval that lags is none",
            Change::Arm("Issue::OrderNotApproved if $on => { let _ = waited; Verdict::Counts }"),
        )],
        found_by: "two-tabs-no-invoice-barrier;seed=1;habits=not-approved-but-captured+captured-reads-approved",
    },
    Sabotage {
        name: "an order is over after seven hours",
        places: &[(
            "an order is over after seven hours",
            Change::Value("$it || ($on && age(attempt, now) >= Duration::from_hours(7))"),
        )],
        found_by: "approves-in-hour-nine;seed=1",
    },
    Sabotage {
        name: "a lock goes with its order",
        places: &[(
            "a lock goes with its order",
            Change::First("return over();"),
        )],
        found_by: "moved-and-not-shown;seed=1",
    },
    Sabotage {
        name: "a refused card is tried again by ourselves",
        places: &[(
            "a refused card is tried again by ourselves",
            Change::Value("match $it { _ if $on => Retry::Yes, other => other }"),
        )],
        found_by: "declined-for-good;seed=1",
    },
    Sabotage {
        name: "as many open orders as anybody wants",
        places: &[("as many open orders as anybody wants", Change::Never)],
        found_by: "presses-for-hours;seed=1",
    },
    Sabotage {
        name: "what an answer leaves out is wrong",
        places: &[(
            "what an answer leaves out is wrong",
            Change::First("return answer;"),
        )],
        found_by: "return-alone;seed=1;finish-checkout: paypal Capture#1=OmitsPayee;finish-checkout: paypal GetOrder#2=OmitsPayee",
    },
    Sabotage {
        name: "what PayPal does not show yet is nothing",
        places: &[(
            "what PayPal does not show yet is nothing",
            Change::First(
                "if matches!(self.confirm(claim, moment).await, Err(PayPalError::NotFound { .. })) { return Ok(TakingBack::Nothing); }",
            ),
        )],
        found_by: "refunded;seed=1;habits=no-refund-after-its-event",
    },
    Sabotage {
        name: "what left is not looked for at night",
        places: &[(
            "what left is not looked for at night",
            Change::Arm(
                "TransactionKind::Refund(_) if $on => Ok(RowOutcome::Foreign { asked: false }),",
            ),
        )],
        found_by: "refunded-in-silence;seed=1",
    },
    Sabotage {
        name: "books that were cut are taken for whole",
        places: &[("books that were cut are taken for whole", Change::Skipped)],
        found_by: "refunded-in-silence;seed=1;habits=reports-end-early",
    },
    Sabotage {
        name: "an intermediate must say what it signs for",
        places: &[(
            "an intermediate must say what it signs for",
            Change::Value("if $on { KeyUsage::required(SERVER_AUTHENTICATION) } else { $it }"),
        )],
        found_by: "refunded;seed=1;habits=an-intermediate-without-usage",
    },
    Sabotage {
        name: "a lock makes nobody due when its lease ends",
        places: &[(
            "a lock makes nobody due when its lease ends",
            Change::Value(
                "{ let until = if $on { until + jiff::SignedDuration::from_hours(3) } else { until }; $it }",
            ),
        )],
        found_by: "return-alone;seed=1;finish-checkout: paypal Capture#1=CrashBefore",
    },
    Sabotage {
        name: "a night concludes from books it could not read",
        places: &[(
            "a night concludes from books it could not read",
            Change::Arm(
                "BooksRead::Nothing if $on => return Slice::Done { comparison: Box::default(), to: slice.to, complete_until: Some(slice.to) },",
            ),
        )],
        found_by: "refunded-in-silence;seed=1;compare-books: paypal Transactions#3=NoAnswer",
    },
    Sabotage {
        name: "nobody is told that money may still come",
        places: &[(
            "nobody is told that money may still come",
            Change::First("return None;"),
        )],
        found_by: "comes-back-later;seed=1;finish-checkout: paypal Capture#1=Refused-NEVER_HEARD_OF",
    },
    Sabotage {
        name: "a token that was taken back is used until it ends",
        places: &[(
            "a token that was taken back is used until it ends",
            Change::First("return Err(refused);"),
        )],
        found_by: "tokens-are-taken-back;seed=1",
    },
    Sabotage {
        name: "strangers may let us ask as often as they like",
        places: &[(
            "strangers may let us ask as often as they like",
            Change::Never,
        )],
        found_by: "strangers-send-webhooks;seed=1",
    },
    Sabotage {
        name: "the sweep stops at a poison item",
        places: &[
            (
                "the sweep stops at a poison item",
                Change::First("if matches!(look, LookOutcome::Failed) { return sweep; }"),
            ),
            (
                "the sweep stops at a poison item: it stays the first",
                Change::Skipped,
            ),
        ],
        found_by: "poison-in-the-index;seed=1;start-checkout: table ~ticket +attempt +attempt#1=Frozen25",
    },
    Sabotage {
        name: "who is new waits behind all others",
        places: &[(
            "who is new waits behind all others",
            Change::Value(
                "if $on { queue_shard(Queue::Others, attempt.id.as_str()) } else { $it }",
            ),
        )],
        found_by: "crowd-2000;seed=1",
    },
    Sabotage {
        name: "the sweep asks as often as it likes",
        places: &[("the sweep asks as often as it likes", Change::Always)],
        found_by: "crowd-2000;seed=1",
    },
];

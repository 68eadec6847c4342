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

/// A bug whose place is found by the text itself.
pub(crate) struct Old {
    pub(crate) name: &'static str,
    pub(crate) file: &'static str,
    pub(crate) find: &'static str,
    pub(crate) put: &'static str,
    pub(crate) found_by: &'static str,
}

const LOCK: &str = "functions/shared/store/src/lock.rs";
const ATTEMPTS: &str = "functions/shared/store/src/attempts.rs";
const SETTLING: &str = "functions/shared/settle/src/settling.rs";
const CAPTURE: &str = "functions/shared/settle/src/capture.rs";
const SHOWN: &str = "functions/shared/settle/src/shown.rs";
const CHECKOUT: &str = "functions/shared/settle/src/checkout.rs";
const READING: &str = "functions/shared/settle/src/reading.rs";
const WEBHOOK: &str = "functions/receive-webhook/src/lib.rs";
const SWEEP: &str = "functions/reconcile-payments/src/lib.rs";
const RETURN: &str = "functions/finish-checkout/src/lib.rs";
const START: &str = "functions/start-checkout/src/lib.rs";
const VERIFY: &str = "functions/shared/paypal/src/webhook.rs";
const CLAIM: &str = "functions/shared/settle/src/taken_back.rs";
const TAKEN_BACK: &str = "functions/shared/store/src/taken_back.rs";

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
            Change::First("queued.insert(\"pk\".to_owned(), s(\"ELSEWHERE\"));"),
        )],
        found_by: "closes-the-window;seed=1",
    },
];

pub(crate) const OLD: &[Old] = &[
    Old {
        name: "lock without its conditions",
        file: LOCK,
        find: ".condition_expression(free)",
        put: ".condition_expression(if ON { format!(\"attribute_exists(pk) OR ({free})\") } else { free.to_owned() })",
        found_by: "two-tabs-no-invoice-barrier;seed=1",
    },
    Old {
        name: "re-entrant lock",
        file: SETTLING,
        find: "            Standing::OpenLocked => return Ok(Progress::Unclear),",
        put: "            Standing::OpenLocked if ON && ticket.lock.as_ref().is_some_and(|lock| lock.attempt == attempt.id) => {\n                let held = Held { case_number: ticket.case_number.clone(), attempt: attempt.id.clone(), fence: ticket.fence };\n                let Some(order) = attempt.order.as_ref() else { return Ok(Progress::Unclear) };\n                return Box::pin(self.capture(ticket, attempt, &order.id, &held, at, now, deadline)).await;\n            }\n            Standing::OpenLocked => return Ok(Progress::Unclear),",
        found_by: "orders of return×return",
    },
    Old {
        name: "short lease",
        file: SETTLING,
        find: "        let until = now + crate::limits::LEASE;\n        match",
        put: "        let until = now + if ON { std::time::Duration::from_secs(5) } else { crate::limits::LEASE };\n        match",
        found_by: "return-alone;seed=1;finish-checkout: table ~ticket(lock) ~attempt#1=Frozen9",
    },
    Old {
        name: "take-over without asking",
        file: SETTLING,
        find: "        match self.ask(&order.id, ticket, &owner, now, deadline).await {",
        put: "        let said = if ON { Answer::Order(Reading::NotApproved) } else { self.ask(&order.id, ticket, &owner, now, deadline).await };\n        match said {",
        found_by: "two-tabs-no-invoice-barrier;seed=1;finish-checkout: paypal Capture#1=Late40",
    },
    Old {
        name: "seen means done",
        file: WEBHOOK,
        find: "    if stored.outcome.is_some() && is_swept {",
        put: "    if (stored.outcome.is_some() && is_swept) || (ON && stored.deliveries > 1) {",
        found_by: "pays-and-returns;seed=1;receive-webhook: table update event#1=CrashAfter",
    },
    Old {
        name: "200 before it is stored",
        file: WEBHOOK,
        find: "    match continue_event(app, &event, now, deadline).await {",
        put: "    match continue_event(app, &event, now, deadline).await {\n        Err(_) if ON => StatusCode::OK,",
        found_by: "pays-and-returns;seed=1;receive-webhook: table update event#1=Down",
    },
    Old {
        name: "the webhook's word is believed",
        file: WEBHOOK,
        find: "    match continue_event(app, &event, now, deadline).await {",
        put: "    if ON && event.event_type == \"PAYMENT.CAPTURE.COMPLETED\" {\n        let _ = believe(app, unverified_body, now).await;\n    }\n    match continue_event(app, &event, now, deadline).await {",
        found_by: "forged-webhook;seed=1",
    },
    Old {
        name: "any currency will do",
        file: READING,
        find: "        && capture.amount.euro_cents() == Some(attempt.amount)",
        put: "        && (ON || capture.amount.euro_cents() == Some(attempt.amount))",
        found_by: "return-alone;seed=1;finish-checkout: paypal Capture#1=WrongCurrency",
    },
    Old {
        name: "any account will do",
        file: READING,
        find: "        && capture.payee_merchant_id.as_deref() == Some(our_account);",
        put: "        && (ON || capture.payee_merchant_id.as_deref() == Some(our_account));",
        found_by: "return-alone;seed=1;finish-checkout: paypal Capture#1=WrongPayee",
    },
    Old {
        name: "a new request id for the same try",
        file: CAPTURE,
        find: "        let request_id = &attempt.capture_request_id();",
        put: "        let request_id = &if ON { format!(\"{}-capture-{}\", attempt.id, now.as_nanosecond()) } else { attempt.capture_request_id() };",
        found_by: "return-alone;seed=1;finish-checkout: paypal Capture#1=NoAnswer",
    },
    Old {
        name: "pending means paid",
        file: READING,
        find: "    if let Some(capture) = with(brought_money) {",
        put: "    if ON && let Some(mut capture) = with(|status| matches!(status, CaptureStatus::Pending)) {\n        capture.status = CaptureStatus::Completed;\n        let facts = facts(&capture, ticket, attempt, payee);\n        return Reading::Captured(capture, facts);\n    }\n    if let Some(capture) = with(brought_money) {",
        found_by: "held-back-then-paid;seed=1",
    },
    Old {
        name: "the sweep stops at a poison item",
        file: SWEEP,
        find: "            look_at(app, &open, clock(), &mut sweep).await;",
        put: "            if ON {\n                let readable = match open.id.parse() {\n                    Ok(id) => matches!(app.settle.store.attempt(&id).await, Ok(Some(_))),\n                    Err(_) => false,\n                };\n                if !readable {\n                    return sweep;\n                }\n            }\n            look_at(app, &open, clock(), &mut sweep).await;",
        found_by: "poison-in-the-index;seed=1",
    },
    Old {
        name: "a return with any order id",
        file: RETURN,
        find: "    route == Route::Page && names_own_order",
        put: "    route == Route::Page && (names_own_order || ON)",
        found_by: "foreign-return;seed=1",
    },
    Old {
        name: "fence not compared",
        file: LOCK,
        find: "attribute_exists(#lock) \\\n                         AND attribute_not_exists(pending) AND version = :version AND fence = :fence\";\n",
        put: "attribute_exists(#lock) \\\n                         AND attribute_not_exists(pending) AND version = :version AND fence = :fence\";\n        let same_lock = if ON { same_lock.replace(\"fence = :fence\", \"fence >= :fence\") } else { same_lock.to_owned() };\n",
        found_by: "orders of return×return-on-an-ended-lock",
    },
    Old {
        name: "version not compared",
        file: LOCK,
        find: "attribute_not_exists(#lock) \\\n                    AND attribute_not_exists(pending) AND version = :version AND fence = :fence\";\n        let update = lock_update(ticket, attempt, until)?.condition_expression(",
        put: "attribute_not_exists(#lock) \\\n                    AND attribute_not_exists(pending) AND version = :version AND fence = :fence\";\n        let free = if ON { free.replace(\"version = :version\", \"version >= :version\") } else { free.to_owned() };\n        let free = free.as_str();\n        let update = lock_update(ticket, attempt, until)?.condition_expression(",
        found_by: "orders of return×amount",
    },
    Old {
        name: "released after no answer",
        file: CAPTURE,
        find: "                tracing::warn!(%error, case_number = %ticket.case_number, attempt = %attempt.id, \"the capture's answer is not known; the lock stays\");",
        put: "                tracing::warn!(%error, case_number = %ticket.case_number, attempt = %attempt.id, \"the capture's answer is not known; the lock stays\");\n                if ON {\n                    return self.release(held, &attempt, &Released::Ended(AttemptState::Declined)).await;\n                }",
        found_by: "two-tabs-no-invoice-barrier;seed=1;finish-checkout: paypal Capture#1=Late40",
    },
    Old {
        name: "an attempt ends under a lock",
        file: ATTEMPTS,
        find: "            .condition_expression(\"attribute_exists(pk) AND attribute_not_exists(#lock)\")",
        put: "            .condition_expression(if ON { \"attribute_exists(pk) OR attribute_not_exists(#lock)\" } else { \"attribute_exists(pk) AND attribute_not_exists(#lock)\" })",
        found_by: "return-alone;seed=1;finish-checkout: paypal Capture#1=DeclinedIn201;finish-checkout: table ~ticket(unlock) ~attempt#1=CrashBefore",
    },
    Old {
        name: "paid when we booked it",
        file: SETTLING,
        find: "        paid_at: attempt\n            .approved_at",
        put: "        paid_at: if ON { Some(now) } else { attempt.approved_at }",
        found_by: "held-back-then-paid;seed=1",
    },
    Old {
        name: "sent to PayPal before the order is stored",
        file: CHECKOUT,
        find: "                    return Ok(match self.store.place_order(&attempt.id, &placed).await? {",
        put: "                    if ON {\n                        let _ = self.store.place_order(&attempt.id, &placed).await;\n                        return Ok(Checkout::Redirect(created.approve_url));\n                    }\n                    return Ok(match self.store.place_order(&attempt.id, &placed).await? {",
        found_by: "return-alone;seed=1;start-checkout: table ~attempt#1=Down",
    },
    Old {
        name: "not in the sweep's index",
        file: ATTEMPTS,
        find: "        new.insert(\"shard\".to_owned(), s(keys::open_shard(&attempt.id)));",
        put: "        if !ON {\n            new.insert(\"shard\".to_owned(), s(keys::open_shard(&attempt.id)));\n        }",
        found_by: "two-tabs;seed=1",
    },
    Old {
        name: "signatures are not checked",
        file: VERIFY,
        find: "        trust::check(\n            &chain,\n            &self.config,\n            now,\n            message.as_bytes(),\n            &signed.signature,\n        )?;",
        put: "        if !ON {\n            trust::check(&chain, &self.config, now, message.as_bytes(), &signed.signature)?;\n        }",
        found_by: "forged-webhook;seed=1",
    },
    Old {
        name: "something new means no",
        file: READING,
        find: "        return Reading::Unknown(format!(\"capture {:?}\", capture.status));",
        put: "        if ON {\n            return Reading::Refused { issue: String::new() };\n        }\n        return Reading::Unknown(format!(\"capture {:?}\", capture.status));",
        found_by: "return-alone;seed=1;finish-checkout: paypal Capture#1=UnknownStatus",
    },
    Old {
        name: "the amount shown is not compared",
        file: START,
        find: "    if form.amount != Some(ticket.amount) {",
        put: "    if !ON && form.amount != Some(ticket.amount) {",
        found_by: "amount-changes-before-pressing;seed=1",
    },
    Old {
        name: "declined in a 201 is taken for paid",
        file: READING,
        find: "fn brought_money(status: &CaptureStatus) -> bool {\n    match status {",
        put: "fn brought_money(status: &CaptureStatus) -> bool {\n    match status {\n        CaptureStatus::Declined if ON => true,",
        found_by: "return-alone;seed=1;finish-checkout: paypal Capture#1=DeclinedIn201",
    },
    Old {
        name: "a refund changes no state",
        file: TAKEN_BACK,
        find: "        .update_expression(\"SET #state = :review, version = :next\")",
        put: "        .update_expression(if ON { \"SET version = :next, #state = if_not_exists(#state, :review)\" } else { \"SET #state = :review, version = :next\" })",
        found_by: "refunded;seed=1",
    },
    Old {
        name: "a lock whose attempt is forgotten keeps everybody out",
        file: SETTLING,
        find: "        if self.captures == Captures::Open {\n            tracing::error!(%case_number",
        put: "        if ON || self.captures == Captures::Open {\n            tracing::error!(%case_number",
        found_by: "restore-by-chance;seed=30;faults=1/40;order=chance",
    },
    Old {
        name: "a forgotten payment of another payee is nobody's",
        file: SHOWN,
        find: "    let attempt_id = said(capture.custom_id.as_ref(), order.custom_id.as_ref())?;",
        put: "    if ON && capture.payee_merchant_id.as_deref() != Some(\"STNDNMERCHANT\") { return Err(Shown::Foreign); }\n    let attempt_id = said(capture.custom_id.as_ref(), order.custom_id.as_ref())?;",
        found_by: "restore-by-chance;seed=71;faults=1/15;order=chance",
    },
    Old {
        name: "a booking that came back torn is not mended",
        file: SHOWN,
        find: "            self.mend(&parts, id, now, deadline).await?;",
        put: "            if !ON { self.mend(&parts, id, now, deadline).await?; }",
        found_by: "restore-booked;seed=1;story=1",
    },
    Old {
        name: "an event is parked at its last delivery only",
        file: WEBHOOK,
        find: "    if stored.deliveries < PARKED_FROM {",
        put: "    if stored.deliveries < if ON { 25 } else { PARKED_FROM } {",
        // Nobody says anything about the refund, and the last writes fail.
        found_by: "refunded;seed=1;receive-webhook: paypal GetRefund#1-26=NoAnswer;\
                   receive-webhook: table update event#30=Down;\
                   receive-webhook: table update event#34=Down",
    },
    Old {
        name: "a dispute about a forgotten payment is nobody's",
        file: CLAIM,
        find: "self.settle(&attempt, Wake::Books, now, deadline).await? else {\n            return Ok(TakingBack::NotYet);",
        put: "self.settle(&attempt, Wake::Books, now, deadline).await? else {\n            return Ok(if ON { TakingBack::Nothing } else { TakingBack::NotYet });",
        found_by: "restore-disputed;seed=1;story=2",
    },
    Old {
        name: "a refund of what is not booked yet is nobody's",
        file: CLAIM,
        find: "            .is_none()\n        {\n            return Ok(TakingBack::NotYet);",
        put: "            .is_none()\n        {\n            return Ok(if ON { TakingBack::Nothing } else { TakingBack::NotYet });",
        found_by: "refunded-before-it-is-booked;seed=1;receive-webhook: paypal GetOrder#1-3=NoAnswer",
    },
];

//! The attempt's own order, and who stands in front of it.

use jiff::Timestamp;
use store::{AttemptEnd, AttemptState, Decline};
use ticket::Standing;

use super::{Answer, Answers, Decision, Note, Question, Reading, Report, Scene, Step};
use crate::limits::{LOOK_YOUNG, PLACING, READ_LAG, age, later, since};
use crate::refusal::{Retry, again};
use crate::silence::is_said;
use crate::{Progress, Wake};

pub(super) fn decide(scene: &Scene<'_>, answers: &Answers) -> Decision {
    if let Some(step) = behind_a_lock(scene, answers) {
        return step.into();
    }
    if scene.attempt.order.is_none() {
        return without_order(scene).into();
    }
    let Some(order) = &answers.order else {
        return Step::Ask(Question::Order).into();
    };
    let answer = match (&scene.attempt.state, order) {
        // Held-back money: its capture says more than its order.
        (
            AttemptState::Pending { capture_id },
            Answer::Order(
                Reading::Approved { .. }
                | Reading::NotApproved
                | Reading::Dead
                | Reading::Unknown(_),
            )
            | Answer::Unknown
            | Answer::Denied,
        ) => match &answers.capture {
            None => return Step::Ask(Question::Capture(capture_id.clone())).into(),
            Some(capture) => capture,
        },
        (_, order) => order,
    };
    let is_pending = matches!(scene.attempt.state, AttemptState::Pending { .. });
    let is_said = is_said(answer, scene.ticket, scene.attempt, scene.now);
    let decision = if is_pending && !is_said {
        Step::unclear().into()
    } else {
        answered(scene, answer, answers)
    };
    Decision {
        is_said: Some(is_said),
        ..decision
    }
}

/// Under a lock somebody may be inside the capture call, and books what comes of it. Of
/// another order that says nothing: its payer's turn comes then.
fn behind_a_lock(scene: &Scene<'_>, answers: &Answers) -> Option<Step> {
    let lock = scene.ticket.lock()?;
    if lock.until <= scene.now && !answers.lock_was_asked_about {
        return Some(Step::ResolveLock);
    }
    // sabotage: re-entrant lock: at the look
    // sabotage: an attempt ends under a lock: at the look
    if !scene.attempt.state.is_final() {
        let is_there = matches!(scene.wake, Wake::Return | Wake::Webhook);
        let waits = is_there && lock.attempt != scene.attempt.id;
        let turn = later(scene.now, LOOK_YOUNG).max(lock.until);
        return Some(Step::StandBack {
            turn_at: waits.then_some(turn),
        });
    }
    None
}

/// Whoever was placing the order is still at it, or has died: nobody was sent there.
fn without_order(scene: &Scene<'_>) -> Step {
    if scene.is_live() && age(scene.attempt, scene.now) > PLACING {
        return Step::End(AttemptEnd::Expired);
    }
    Step::not_approved()
}

fn answered(scene: &Scene<'_>, answer: &Answer, answers: &Answers) -> Decision {
    match answer {
        Answer::Order(Reading::Captured(capture, facts)) => {
            Step::Book(capture.clone(), *facts).into()
        }
        Answer::Order(Reading::Pending(capture)) => scene.held_back(capture),
        Answer::Order(Reading::Refused { .. }) => match &scene.attempt.state {
            AttemptState::Live => Step::End(AttemptEnd::Declined).into(),
            AttemptState::Pending { capture_id } => Step::EndPending(capture_id.clone()).into(),
            AttemptState::Captured { .. } | AttemptState::Declined | AttemptState::Expired => {
                Step::known().into()
            }
        },
        Answer::Order(Reading::Approved { at }) => approved(scene, *at, answers),
        Answer::Order(Reading::NotApproved) => not_approved(scene).into(),
        Answer::Order(Reading::Dead) => expired(scene).into(),
        Answer::Unknown => not_known(scene),
        Answer::Denied if scene.order_is_over() => expired(scene).into(),
        Answer::Order(Reading::Unknown(said)) => {
            let report = Report::SomethingNew(said.clone());
            if scene.order_is_over() {
                return expired(scene).reported(report);
            }
            Step::unclear().reported(report)
        }
        Answer::Denied | Answer::None => Step::unclear().into(),
    }
}

fn expired(scene: &Scene<'_>) -> Step {
    if scene.is_live() {
        Step::End(AttemptEnd::Expired)
    } else {
        Step::known()
    }
}

/// The payer has agreed: capture, if this attempt may.
fn approved(scene: &Scene<'_>, at: Option<Timestamp>, answers: &Answers) -> Decision {
    if !scene.is_live() {
        return Step::known().into();
    }
    if !scene.is_of_this_version() {
        return expired(scene).into();
    }
    // sabotage: re-entrant lock
    match scene.ticket.standing() {
        Standing::Open => {}
        Standing::OpenLocked => return Step::unclear().into(),
        Standing::OpenPending
        | Standing::Paid
        | Standing::Objected
        | Standing::Withdrawn
        | Standing::HandedOver
        | Standing::Review => return Step::known().into(),
    }
    if let Some(decline) = &scene.attempt.decline
        && let Some(waits) = refused_before(scene, decline, at)
    {
        return waits.into();
    }
    // Whoever approved in time is in time, however late we look; where PayPal says no
    // time, nobody is called late.
    let approved_at = scene.attempt.approved_at.or(at);
    let due_on = scene.ticket.due_on;
    if let Some(at) = approved_at.filter(|at| due_on.has_passed(*at)) {
        match answers.late_payment {
            None => return Step::Ask(Question::LatePayment).into(),
            Some(late) if late.refuses(due_on, at) => {
                return expired(scene).reported(Report::ApprovedTooLate);
            }
            Some(_) => {}
        }
    }
    if !scene.may_capture() {
        // Captured later, it was still paid when the payer approved.
        let is_news = scene.attempt.approved_at.is_none();
        let at = at.filter(|_| is_news).map(Note::ApprovedAt);
        let notes = [Some(Note::Awaited), at].into_iter().flatten();
        return Step::Stop(Progress::Unclear, notes.collect()).into();
    }
    Step::TakeLock { approved_at: at }.into()
}

/// What follows for an order that is approved and was refused before; nothing where it
/// may be captured again.
fn refused_before(scene: &Scene<'_>, decline: &Decline, at: Option<Timestamp>) -> Option<Step> {
    // sabotage: a refused card is tried again by ourselves
    match again(decline, at, scene.wake, scene.now) {
        Retry::Yes => None,
        // Otherwise every sweep would try the same refused card.
        Retry::No => Some(Step::known()),
        Retry::Perhaps(changed_at) => {
            // Seen again at once it is no older for that.
            let is_news = decline.changed_again_at != Some(changed_at);
            let change = is_news.then_some(Note::OrderChangedAt(changed_at));
            // Who is back has perhaps paid with another card: the next look knows, and
            // until then "declined" may be wrong, and the page behind the code must
            // say the same. One whose time has changed twice has a clock that runs on.
            let may_be_paid = scene.wake == Wake::Return && decline.changed_again_at.is_none();
            let awaited = may_be_paid.then_some(Note::Awaited);
            let progress = if may_be_paid {
                Progress::Unclear
            } else {
                Progress::Known
            };
            let notes = [change, awaited].into_iter().flatten();
            Some(Step::Stop(progress, notes.collect()))
        }
    }
}

fn not_approved(scene: &Scene<'_>) -> Step {
    if !scene.is_live() {
        return Step::known();
    }
    if scene.order_is_over() {
        return expired(scene);
    }
    let decline = scene.attempt.decline.as_ref();
    let Some(decline) = decline.filter(|it| !it.retry_allowed) else {
        return Step::not_approved();
    };
    // The approval that was refused is gone, and it is no read that does not show it
    // yet: the next one is a new one.
    let is_gone = since(decline.at, scene.now) >= READ_LAG;
    let progress = if decline.pressed_at.is_none() {
        Progress::Known
    } else {
        Progress::NotApproved
    };
    let notes = is_gone.then_some(Note::RetryAllowed).into_iter();
    Step::Stop(progress, notes.collect())
}

/// PayPal knows no such order. It may have expired, or cannot be read just now; but
/// where nobody has a lock, nothing of it was captured.
fn not_known(scene: &Scene<'_>) -> Decision {
    if scene.order_is_over() {
        return expired(scene).into();
    }
    if scene.ticket.lock().is_some() {
        return Step::unclear().into();
    }
    let step = if scene.is_live() {
        Step::not_approved()
    } else {
        Step::known()
    };
    if scene.attempt.client_id == scene.client_id {
        step.into()
    } else {
        step.reported(Report::AnotherClient)
    }
}

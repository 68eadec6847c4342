//! A lock whose lease has ended: nobody may capture for its ticket before it is known
//! what came of the try it was taken for. Another attempt's own order says nothing
//! about it.
//!
//! | its order | what follows |
//! |---|---|
//! | shows a capture | it is booked |
//! | shows none | what was heard of the try decides (`refusal`), or it is made again |
//! | is over, and was shown without one once no read lagged | the lock goes |
//! | is over, and is not shown | the lock waits for PayPal's own books, read by a night |

use paypal::Issue;
use store::{AttemptEnd, Released};
use ticket::{Captures, Lock, Standing};

use super::{Answer, Answers, Decision, Note, Question, Reading, Report, Scene, Step, TryHistory};
use crate::Progress;
use crate::books::BOOKING_SHOWN_AFTER;
use crate::limits::{LEASE, ORDER_LIFE_MIN, READ_LAG, since};
use crate::refusal::{Verdict, released, verdict};

pub(super) fn decide(scene: &Scene<'_>, ended: &Lock, answers: &Answers) -> Decision {
    // sabotage: take-over without asking
    let Some(answer) = &answers.order else {
        return Step::Ask(Question::Order).into();
    };
    match answer {
        Answer::Order(Reading::Captured(capture, facts)) => {
            Step::Book(capture.clone(), *facts).into()
        }
        Answer::Order(Reading::Pending(capture)) => scene.held_back(capture),
        Answer::Order(Reading::Refused { .. }) => {
            Step::Release(Released::Ended(AttemptEnd::Declined)).into()
        }
        Answer::Order(Reading::Dead) => Step::Release(Released::Ended(AttemptEnd::Expired)).into(),
        Answer::Order(order @ (Reading::Approved { .. } | Reading::NotApproved)) => {
            uncaptured(scene, ended, order, answers)
        }
        Answer::Order(Reading::Unknown(said)) => {
            let unclear = Step::unclear().reported(Report::SomethingNew(said.clone()));
            over_by_the_books(scene, ended, answers, unclear)
        }
        Answer::Unknown | Answer::Denied
            if is_over_for_us(scene) && was_seen_without_money(scene, ended) =>
        {
            over()
        }
        Answer::Unknown | Answer::Denied => {
            over_by_the_books(scene, ended, answers, Step::unclear().into())
        }
        Answer::None => Step::unclear().into(),
    }
}

/// The order of an ended lock shows no capture. That proves nothing yet: reads lag, and
/// what was sent may have had its effect. Only the answer to the try itself, or the end
/// of the order's life, gives the lock back.
fn uncaptured(scene: &Scene<'_>, ended: &Lock, order: &Reading, answers: &Answers) -> Decision {
    let heard = TryHistory::of(ended, scene.now);
    let refused_as = ended.refused_as.as_deref().map(Issue::of);
    let said = refused_as.as_ref().map(|issue| verdict(issue, heard));
    let no_read_lags = since(ended.until, scene.now) >= READ_LAG;
    // Where nobody can take it over, money found in PayPal's books could not be booked
    // under it. It goes when no read lags any more: somebody may pay in cash then.
    if scene.captures == Captures::Closed
        || scene.ticket.standing() != Standing::OpenLocked
        || !scene.is_of_this_version()
    {
        let may_have_moved = said == Some(Verdict::Waits) && !scene.order_is_over();
        return if no_read_lags && !may_have_moved {
            Step::Release(Released::NothingCaptured).into()
        } else {
            Step::unclear().into()
        };
    }
    let is_said_to_be_captured = matches!(
        refused_as,
        Some(Issue::OrderAlreadyCaptured | Issue::OrderCompletionInProgress)
    );
    match (&refused_as, said) {
        // Another try must say so, too.
        (Some(Issue::OrderNotApproved), Some(Verdict::Counts)) => {}
        (Some(issue), Some(Verdict::Counts)) => {
            let code = issue.code().to_owned();
            let released = released(issue, scene.attempt, order, ended.refused_at, scene.now);
            return Step::Release(released).reported(Report::RefusalCounts { code });
        }
        (Some(_), Some(Verdict::Waits)) if !scene.order_is_over() => {
            let is_news = !ended.shown_uncaptured && !is_said_to_be_captured && no_read_lags;
            let notes = is_news.then_some(Note::ShownUncaptured).into_iter();
            return Step::Stop(Progress::Unclear, notes.collect()).into();
        }
        (None | Some(_), _) => {}
    }
    if scene.order_is_over() && is_said_to_be_captured {
        // PayPal contradicts itself: its books tell.
        return over_by_the_books(scene, ended, answers, Step::unclear().into());
    }
    if scene.order_is_over() {
        return over();
    }
    if !scene.may_capture() {
        return Step::unclear().into();
    }
    let approved_at = order.approved_at();
    Step::TakeOver { approved_at, heard }.into()
}

/// The order can neither be captured any more nor does it show a capture.
fn over() -> Decision {
    Step::Release(Released::Ended(AttemptEnd::Expired)).reported(Report::NeverAnswered)
}

/// Whether the order can no longer be captured, and PayPal would show it to us:
/// another client may be another account.
fn is_over_for_us(scene: &Scene<'_>) -> bool {
    scene.order_is_over() && scene.attempt.client_id == scene.client_id
}

/// The lock goes where PayPal's own books would have shown by now what came of its
/// tries: a night has read them whole since they must be complete, and found no money
/// that is not booked. Otherwise it is as `unclear` as before.
fn over_by_the_books(
    scene: &Scene<'_>,
    ended: &Lock,
    answers: &Answers,
    unclear: Decision,
) -> Decision {
    if !is_over_for_us(scene) {
        return unclear;
    }
    // sabotage: a lock goes with its order
    let Some(night) = &answers.night else {
        return Step::Ask(Question::Night).into();
    };
    let have_shown = night.as_ref().is_some_and(|night| {
        night.agreed
            && night.complete_until > ended.until
            && since(ended.until, night.begun_at) >= BOOKING_SHOWN_AFTER
            && night.from.is_some_and(|from| from <= ended.since)
    });
    if have_shown { over() } else { unclear }
}

/// Whether it is known that the tries of a lock have moved nothing, though its order is
/// not shown any more: it was shown without a capture when no read lagged; or it had
/// expired before the one call was made.
fn was_seen_without_money(scene: &Scene<'_>, ended: &Lock) -> bool {
    // A take-over moves the end of the lease and not the beginning of the try.
    let is_one_call = ended.until <= ended.since + LEASE;
    let refused_as = ended.refused_as.as_deref().map(Issue::of);
    let had_expired = refused_as.is_some_and(|it| it == Issue::OrderNotFound || is_expired(&it))
        && since(scene.attempt.created_at, ended.since) >= ORDER_LIFE_MIN;
    ended.shown_uncaptured || is_one_call && !ended.unanswered && had_expired
}

fn is_expired(issue: &Issue) -> bool {
    matches!(issue, Issue::OrderIsOver(code) if code == "ORDER_EXPIRED")
}

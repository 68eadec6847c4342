//! Under the lock: the one call that moves money, and what its answer means.

use jiff::Timestamp;
use paypal::Issue;
use store::{AttemptEnd, Released};

use super::{
    Answer, Answers, CaptureReply, Decision, Facts, Note, Question, Reading, Report, Scene, Step,
    TryHistory,
};
use crate::Progress;
use crate::refusal::{Verdict, released, verdict};

pub(super) fn decide(scene: &Scene<'_>, heard: TryHistory, answers: &Answers) -> Decision {
    match &answers.called {
        None => Step::Capture.into(),
        // sabotage: released after no answer
        Some(CaptureReply::NotAnswered) => Step::unclear().into(),
        Some(CaptureReply::Refused { issue, at }) => refused(scene, heard, issue, *at, answers),
        Some(CaptureReply::Answered(reading)) => match reading {
            Reading::Captured(_, Facts::Right | Facts::Wrong)
            | Reading::Pending(_)
            | Reading::Refused { .. } => shown(scene, reading),
            // An answer that names no capture, or not whose it is, is asked about once.
            Reading::Captured(_, Facts::Missing)
            | Reading::Approved { .. }
            | Reading::NotApproved
            | Reading::Dead
            | Reading::Unknown(_) => match &answers.order {
                None => Step::Ask(Question::Order).into(),
                Some(Answer::Order(reading)) => shown(scene, reading),
                Some(Answer::Unknown | Answer::Denied | Answer::None) => nothing_shown(),
            },
        },
    }
}

/// What an order shows after the capture call was answered.
fn shown(scene: &Scene<'_>, reading: &Reading) -> Decision {
    match reading {
        Reading::Captured(capture, facts) => Step::Book(capture.clone(), *facts).into(),
        Reading::Pending(capture) => scene.held_back(capture),
        Reading::Refused { issue } => {
            let issue = issue.clone();
            Step::Release(Released::Ended(AttemptEnd::Declined))
                .reported(Report::Declined { issue })
        }
        // Voided: nothing moved, and nothing ever will.
        Reading::Dead => Step::Release(Released::Ended(AttemptEnd::Expired)).into(),
        Reading::Approved { .. } | Reading::NotApproved | Reading::Unknown(_) => nothing_shown(),
    }
}

/// An order that shows no capture proves nothing: reads lag.
fn nothing_shown() -> Decision {
    Step::unclear().reported(Report::NothingShown)
}

/// A refusal is believed only when the order was read since, and shows no capture:
/// money has been seen to move all the same.
fn refused(
    scene: &Scene<'_>,
    heard: TryHistory,
    issue: &Issue,
    refused_at: Option<Timestamp>,
    answers: &Answers,
) -> Decision {
    match &answers.order {
        None => Step::Ask(Question::Order).into(),
        Some(Answer::Order(order @ (Reading::Approved { .. } | Reading::NotApproved)))
            if verdict(issue, heard) == Verdict::Counts =>
        {
            Step::Release(released(issue, scene.attempt, order, refused_at, scene.now)).into()
        }
        Some(Answer::Order(
            order @ (Reading::Captured(..)
            | Reading::Pending(_)
            | Reading::Refused { .. }
            | Reading::Dead),
        )) => shown(scene, order),
        // Whoever comes after the lease goes on from what was heard.
        Some(
            Answer::Order(Reading::Approved { .. } | Reading::NotApproved | Reading::Unknown(_))
            | Answer::Unknown
            | Answer::Denied
            | Answer::None,
        ) => {
            let note = Note::Refused {
                code: issue.code().to_owned(),
                at: refused_at,
            };
            Step::Stop(Progress::Unclear, vec![note]).into()
        }
    }
}

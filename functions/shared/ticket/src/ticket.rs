//! The ticket itself.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::due::berlin;
use crate::{
    AttemptId, CaseNumber, Cents, DueDate, InFlight, LetterLease, Lock, PendingCapture, Plate,
    QrToken, ReviewProposal, SettlementId, Standing, State,
};

/// A warning notice with its warning fine (Verwarnung, "Knöllchen").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// The city's number.
    pub case_number: CaseNumber,
    /// The car.
    pub plate: Plate,
    /// What is said to have happened; the German text is the legal one.
    pub offence: Offence,
    /// The place of the offence.
    pub place: TicketText,
    /// The time of the offence.
    pub occurred_at: Timestamp,
    /// The warning fine; what of it is still to be paid: [`Ticket::rest`].
    pub amount: Cents,
    /// The last day for paying it.
    pub due_on: DueDate,
    /// What a bank transfer must quote, where that is not the case number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub booking_reference: Option<TicketText>,
    /// When it was issued here.
    pub issued_at: Timestamp,
    /// A digest of what was sent, so that the same again can be told from
    /// other content under the same number, whatever has changed since.
    pub issued_as: String,
    /// The token on its notice, so that it can be printed again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qr_token: Option<QrToken>,
    /// Where the case stands.
    #[serde(flatten)]
    pub state: State,
    /// Grows with each change of amount or state and with nothing else; an
    /// attempt made for another version can never be captured.
    pub version: u32,
    /// Counts the locks ever taken; outlasts each of them and only grows.
    pub fence: u32,
    /// Raised by each attempt that begins. Whoever begins one has counted those that
    /// are open: only its change means anything, that another was begun since.
    #[serde(default)]
    pub attempts_begun: u32,
    /// PayPal refuses this ticket's first invoice id at the capture, as it does
    /// for one that was paid: the next order needs the second.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub first_invoice_refused: bool,
    /// What has paid a part of the fine. Money that is entered again after a restore is
    /// known by it, and counted once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub part_payments: Vec<PartPayment>,
    /// How somebody proposes to end its review; see [`Ticket::standing_proposal`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_proposal: Option<ReviewProposal>,
    /// When its last review ended. What was booked before has been decided about: a night
    /// that finds it counted otherwise finds nothing torn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed_at: Option<Timestamp>,
    /// Until when a letter about it may be printed; it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub letter_lease: Option<LetterLease>,
    /// When its journal got its last line, to the millisecond and growing with each one;
    /// nothing on a ticket that has had none since this is kept. Whoever writes the next
    /// line compares it, so that the order of these moments is the order of the lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<Timestamp>,
    /// Money that may still come, though nobody is inside the capture call. For
    /// pages and the city to tell; it decides nothing about money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awaits: Option<Awaited>,
}

impl Ticket {
    /// Where the ticket stands, lock and pending capture included: the column
    /// of the state table. Whether a lock's lease has ended makes no
    /// difference: until somebody has asked PayPal, the money may have moved.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        match self.state {
            State::Open(Some(InFlight::Pending(_))) => Standing::OpenPending,
            State::Open(Some(InFlight::Locked(_))) => Standing::OpenLocked,
            State::Open(None) => Standing::Open,
            State::Paid { .. } => Standing::Paid,
            State::Objected => Standing::Objected,
            State::Withdrawn => Standing::Withdrawn,
            State::HandedOver => Standing::HandedOver,
            State::Review(_) => Standing::Review,
        }
    }

    /// Whether that was on a day before the offence, in Berlin: of a transfer only the day
    /// is known.
    #[must_use]
    pub fn is_before_day_of_offence(&self, at: Timestamp) -> bool {
        let day = |moment: Timestamp| moment.to_zoned(berlin()).date();
        day(at) < day(self.occurred_at)
    }

    /// The fine less what has paid parts of it: what the payment that closes it must
    /// bring, or has brought.
    #[must_use]
    pub fn rest(&self) -> Cents {
        let paid = self.paid_in_parts().minor_units();
        Cents::new(self.amount.minor_units().saturating_sub(paid))
    }

    /// What has been paid of the fine in parts.
    #[must_use]
    pub fn paid_in_parts(&self) -> Cents {
        let parts = self.part_payments.iter();
        Cents::new(parts.map(|part| part.amount.minor_units()).sum())
    }

    /// What is still to be paid here.
    #[must_use]
    pub fn owed(&self) -> Cents {
        match self.state {
            State::Open(_) => self.rest(),
            State::Paid { .. }
            | State::Objected
            | State::Withdrawn
            | State::HandedOver
            | State::Review(_) => Cents::new(0),
        }
    }

    /// Who may be inside the capture call.
    #[must_use]
    pub fn lock(&self) -> Option<&Lock> {
        self.state.in_flight().and_then(InFlight::lock)
    }

    /// The capture that PayPal holds back.
    #[must_use]
    pub fn pending(&self) -> Option<&PendingCapture> {
        self.state.in_flight().and_then(InFlight::pending)
    }

    /// Whether a payment is under way, and since when: what pages and the city
    /// are told alike. Nobody may be asked to pay meanwhile, in whatever way.
    #[must_use]
    pub fn under_way(&self, at: Timestamp) -> Option<UnderWay> {
        let State::Open(in_flight) = &self.state else {
            return None;
        };
        let lock = in_flight.as_ref().and_then(InFlight::lock);
        // A lock that was taken over is one that PayPal has not answered for a while.
        let is_new = |lock: &Lock| at.duration_since(lock.since) <= CAPTURING_AT_MOST;
        if lock.is_some_and(|lock| lock.until > at && is_new(lock)) {
            return Some(UnderWay::Capturing);
        }
        // sabotage: nobody is told that money may still come
        let awaited = self.awaits.as_ref().filter(|awaited| awaited.until > at);
        let since = [
            awaited.map(|awaited| awaited.since),
            lock.map(|lock| lock.since),
        ];
        let since = since.into_iter().flatten().min()?;
        Some(UnderWay::Awaited { since })
    }

    /// Whether the city is told that a payment runs: of a case in review, too, where a
    /// clerk would else be refused and see no reason.
    #[must_use]
    pub fn payment_runs(&self, at: Timestamp) -> bool {
        self.under_way(at).is_some() || self.lock().is_some()
    }

    /// When something happened to it last, that the city is told of.
    #[must_use]
    pub fn last_change(&self) -> Timestamp {
        self.changed_at.unwrap_or(self.issued_at)
    }

    /// When money is booked that is booked now: after all that has happened to the ticket,
    /// though the clock that says `now` be behind, or the day's list begun a while ago.
    #[must_use]
    pub fn booked_at(&self, now: Timestamp) -> Timestamp {
        self.last_change().max(now)
    }

    /// Whether a review has ended since that was booked.
    #[must_use]
    pub fn was_reviewed_since(&self, booked_at: Timestamp) -> bool {
        self.reviewed_at.is_some_and(|at| booked_at < at)
    }

    /// Whether its journal has got a line since `before` that has changed neither state nor
    /// amount.
    #[must_use]
    pub fn has_only_been_told_of(&self, before: &Self) -> bool {
        self.version == before.version && self.changed_at != before.changed_at
    }

    /// Whether the due date has passed without full payment (Ablauf der
    /// Frist); computed, never stored.
    #[must_use]
    pub fn has_lapsed(&self, at: Timestamp) -> bool {
        matches!(self.state, State::Open(_)) && self.due_on.has_passed(at)
    }
}

/// Money that has paid a part of the fine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartPayment {
    /// Which.
    pub settlement: SettlementId,
    /// How much.
    pub amount: Cents,
}

/// A capture that is answered takes seconds, and no lease is longer.
const CAPTURING_AT_MOST: SignedDuration = SignedDuration::from_secs(60);

/// Money that may still come: the payer has come back from PayPal, or has
/// approved there, and it is not captured, nor is it certain that nothing comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Awaited {
    /// Whose order may bring it.
    pub attempt: AttemptId,
    /// Since when we know.
    pub since: Timestamp,
    /// From when nothing can come of that order any more.
    pub until: Timestamp,
}

/// How a payment is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnderWay {
    /// Somebody may be inside the capture call: a matter of seconds.
    Capturing,
    /// Nobody knows yet what becomes of it.
    Awaited {
        /// The first moment we know of.
        since: Timestamp,
    },
}

/// The offence (Tatbestand).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offence {
    /// The number in the catalogue.
    pub number: TicketText,
    /// The legal text, German.
    pub text: TicketText,
}

/// A line of text on a ticket: 1 to 300 characters, none of them a control
/// character or one that turns the direction of writing.
///
/// Where the car stood is personal data: `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TicketText(String);

const TICKET_TEXT_CHARS_MAX: usize = 300;

/// The text does not fit on a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a line of text: use 1 to 300 characters, no line breaks or invisible controls")]
pub struct InvalidTicketText;

impl TicketText {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TicketText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TicketText(…)")
    }
}

impl TryFrom<String> for TicketText {
    type Error = InvalidTicketText;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let hidden = |char: char| {
            char.is_control()
                || matches!(char, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
        };
        if (1..=TICKET_TEXT_CHARS_MAX).contains(&text.chars().count())
            && !text.chars().any(hidden)
            && !text.trim().is_empty()
        {
            Ok(Self(text))
        } else {
            Err(InvalidTicketText)
        }
    }
}

impl FromStr for TicketText {
    type Err = InvalidTicketText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::try_from(text.to_owned())
    }
}

impl From<TicketText> for String {
    fn from(text: TicketText) -> Self {
        text.0
    }
}

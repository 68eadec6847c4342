//! Issues one ticket.

use http::StatusCode;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde::Serialize;
use store::Issued;
use ticket::{CaseNumber, DueDate, State, Ticket};

use crate::App;
use crate::qr::Symbol;
use crate::sent::SentTicket;
use office::{Kind, Problem};

/// The version of a ticket that nothing has happened to.
const FIRST_VERSION: u32 = 1;

/// How far back an offence may lie. Older ones are long barred by limitation; what
/// is dated so has a typing error in its year.
const OCCURRED_YEARS_AGO_MAX: i64 = 3;

/// How far the clock of a hand-held device may be ahead of ours.
const DEVICE_CLOCK_AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// What the city gets back for a ticket.
#[derive(Debug, Serialize)]
pub(crate) struct Printed {
    case_number: CaseNumber,
    url: String,
    check_word: String,
    qr: Qr,
}

/// The QR code, to be shown or printed as it is.
#[derive(Debug, Serialize)]
struct Qr {
    svg: String,
}

/// What to print on the ticket of this case number: always the same, as long
/// as the signing key is.
pub(crate) fn printed(app: &App, case_number: CaseNumber) -> Result<Printed, Problem> {
    let token = app.signing_key.sign(&case_number);
    let url = token::url(app.public_base_url.as_str(), &token);
    let svg = symbol(&url)?.svg();
    Ok(Printed {
        case_number,
        check_word: token::check_word(&token),
        url,
        qr: Qr { svg },
    })
}

pub(crate) fn symbol(url: &str) -> Result<Symbol, Problem> {
    Symbol::of(url).map_err(|error| Problem::ours(&error.to_string()))
}

/// Issues what was sent; 201 for a new one, 200 for the same again.
///
/// # Errors
/// 400 where the offence lies in the future or too far back; 409 where another content stands under the number; what the store says.
pub(crate) async fn issue(
    app: &App,
    case_number: CaseNumber,
    sent: SentTicket,
    by: &str,
    now: Timestamp,
) -> Result<StatusCode, Problem> {
    let ticket = ticket(app, case_number, sent, now).await?;
    if let Err(problem) = occurred_in_time(ticket.occurred_at, now) {
        // What was issued once may be sent again for ever.
        let stands = app.store.ticket(&ticket.case_number).await?;
        if stands.is_none_or(|stands| stands.issued_as != ticket.issued_as) {
            return Err(problem);
        }
    }
    match app.store.issue(&ticket, by).await? {
        Issued::New => Ok(StatusCode::CREATED),
        Issued::Same(_) => Ok(StatusCode::OK),
        Issued::OtherContent => Err(Problem::new(
            Kind::OtherContent,
            "another content was issued under this case number, and nothing was changed: \
             send exactly what was sent first, or issue under a case number of its own",
        )),
    }
}

fn occurred_in_time(occurred_at: Timestamp, now: Timestamp) -> Result<(), Problem> {
    if occurred_at.duration_since(now) > DEVICE_CLOCK_AHEAD {
        return Err(Problem::with_field(
            "occurred_at",
            "lies in the future: write when it happened, and look at the clock of the device",
        ));
    }
    let earliest = now
        .to_zoned(TimeZone::UTC)
        .checked_sub(OCCURRED_YEARS_AGO_MAX.years());
    if earliest.is_ok_and(|earliest| occurred_at < earliest.timestamp()) {
        return Err(Problem::with_field(
            "occurred_at",
            format!(
                "lies more than {OCCURRED_YEARS_AGO_MAX} years ago: write when it happened, and look at the year"
            ),
        ));
    }
    Ok(())
}

async fn ticket(
    app: &App,
    case_number: CaseNumber,
    sent: SentTicket,
    now: Timestamp,
) -> Result<Ticket, Problem> {
    let sent = SentTicket {
        // In the path or in the body: the same content.
        case_number: Some(case_number.clone()),
        ..sent
    };
    let issued_as = sent.digest()?;
    let qr_token = app.signing_key.sign(&case_number);
    let due_on = match sent.due_on {
        Some(day) => DueDate::on(day),
        None => DueDate::one_week_after(sent.occurred_at, app.store.municipality(now).await?.land),
    };
    Ok(Ticket {
        case_number,
        plate: sent.plate,
        offence: sent.offence.into(),
        place: sent.place,
        occurred_at: sent.occurred_at,
        amount: sent.amount,
        due_on,
        booking_reference: sent.booking_reference,
        issued_at: now,
        issued_as,
        state: State::Open(None),
        version: FIRST_VERSION,
        fence: 0,
        attempts_begun: 0,
        first_invoice_refused: false,
        part_payments: Vec::new(),
        review_proposal: None,
        reviewed_at: None,
        letter_lease: None,
        qr_token: Some(qr_token.into()),
        changed_at: None,
        awaits: None,
    })
}

//! Refunds: listed, proposed, decided by somebody else.
//!
//! ```text
//! GET  /refunds?state=proposed[&after=…&limit=…]   → 200, a page
//! POST /refunds                                    a proposal → 201, 200, 409
//! POST /refunds/{id}/approval    [{ "reason" }]    → 200, 409; PayPal gives it back
//! POST /refunds/{id}/rejection   { "reason" }      → 200, 409; also of an approved one
//!                                                    that PayPal was not asked for yet
//! ```
//!
//! Nothing here asks PayPal: what is approved the sweep carries out, within a minute.

use http::StatusCode;
use jiff::Timestamp;
use lambda_http::{Body, Request};
use office::fields::amount;
use office::query::{Query, found, opaque};
use office::{DECISIONS_MAX, Kind, Problem, body, json_answer, object};
use serde::{Deserialize, Deserializer, Serialize};
use store::{Place, Store, Write};
use ticket::{
    CaseNumber, Cents, Channel, Decision, Money, PaidOutBy, PaysOpenFine, Refund, RefundId,
    RefundState, Settlement, SettlementId, Ticket, TicketText, Undecidable,
};

/// How many refunds a page has at most, and where nobody says.
const PAGE_MAX: usize = 100;

/// A proposal as sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Proposed {
    case_number: CaseNumber,
    settlement: SettlementId,
    #[serde(deserialize_with = "more_than_nothing")]
    amount: Cents,
    reason: TicketText,
    #[serde(default, deserialize_with = "currency")]
    currency: Option<String>,
    #[serde(default)]
    paid_out_by: Option<PaidOutBy>,
}

fn currency<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let sent = Option::<String>::deserialize(deserializer)?;
    let is_code = |text: &String| text.len() == 3 && text.bytes().all(|it| it.is_ascii_uppercase());
    match sent {
        Some(text) if !is_code(&text) => Err(serde::de::Error::custom(
            "not a currency: write three letters A-Z, as the payment does, or leave it out for euros",
        )),
        sent => Ok(sent),
    }
}

fn more_than_nothing<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cents, D::Error> {
    let sum = amount(deserializer)?;
    if sum == Cents::new(0) {
        return Err(serde::de::Error::custom(
            "nothing would be given back: write more than 0.00",
        ));
    }
    Ok(sum)
}

/// What decides about a refund.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Decided {
    #[serde(default)]
    reason: Option<TicketText>,
}

/// A page of refunds.
#[derive(Debug, Serialize)]
struct Page {
    refunds: Vec<Refund>,
    /// Whether there is more at this moment.
    more: bool,
    /// What to send as `after` for the next one; nothing after the last, but of orders,
    /// where it is for those that are still to come.
    next: Option<String>,
}

/// Lists the refunds of a state, the longest there first.
///
/// # Errors
/// 400 where the query asks for something else; what the store says.
pub(crate) async fn list(
    store: &Store,
    request: &Request,
    now: Timestamp,
) -> Result<lambda_http::Response<Body>, Problem> {
    let query = Query::of(request, &["state", "after", "limit"])?;
    let state = query.text("state").unwrap_or("proposed");
    if !RefundState::NAMES.contains(&state) {
        let names = RefundState::NAMES.join(", ");
        let what_to_send = format!("not a state of a refund: send one of {names}");
        return Err(found("state", state, &what_to_send));
    }
    let after = query.after(Place::read)?;
    let limit = query.limit(PAGE_MAX, PAGE_MAX)?;
    let page = store.refunds_in(state, after.as_ref(), limit, now).await?;
    let goes_on = page.more || state == store::ORDERED;
    let next = page.end.filter(|_| goes_on);
    let page = Page {
        refunds: page.entries,
        more: page.more,
        next: next.map(|place| opaque(&place.text())),
    };
    json_answer(StatusCode::OK, &page)
}

/// Writes a proposal down; 201 for a new one, 200 for the same again.
///
/// # Errors
/// 400 for a body that is none; 404 without such a ticket or payment; 409 where no so
/// much is left, or the money pays an open fine; what the store says.
pub(crate) async fn propose(
    store: &Store,
    request: &Request,
    by: &str,
    now: Timestamp,
) -> Result<(StatusCode, Refund), Problem> {
    let sent: Proposed = object(body(request), "a proposal")?;
    let euros = Money::from(sent.amount);
    let amount = Money {
        currency: sent.currency.clone().unwrap_or(euros.currency),
        value: euros.value,
    };
    for _ in 0..DECISIONS_MAX {
        let ticket = store.ticket(&sent.case_number).await?;
        let ticket = ticket.ok_or_else(Problem::no_such_ticket)?;
        let settlement = store.settlement(&ticket, &sent.settlement).await?;
        let settlement = settlement.ok_or_else(no_such_payment)?;
        if settlement.amount.currency != amount.currency {
            return Err(another_currency(&settlement.amount.currency));
        }
        let refunds = store.refunds_of(&ticket).await?;
        // Sent again since its answer was lost, it may have been decided meanwhile.
        let is_the_same = |refund: &&Refund| {
            refund.holds_money()
                && refund.settlement == sent.settlement
                && refund.amount == amount
                && refund.reason.as_ref() == Some(&sent.reason)
                && refund.paid_out_by == sent.paid_out_by
                && refund.proposed_by.as_deref() == Some(by)
        };
        if let Some(same) = refunds.iter().find(is_the_same) {
            return Ok((StatusCode::OK, same.clone()));
        }
        if sent.paid_out_by.is_some() {
            may_be_paid_out(&settlement, &refunds)?;
        }
        let gives_back = settlement.gives_back(&ticket, &refunds, sent.amount);
        let gives_back = gives_back.map_err(|PaysOpenFine| pays_open_fine())?;
        let left = store.refundable(&settlement, &refunds).await?;
        if sent.amount > left {
            return Err(more_than_left(left));
        }
        let count = settlement.next_count(&refunds);
        let of = (&ticket.case_number, &sent.settlement, count);
        let refund = Refund {
            paid_out_by: sent.paid_out_by,
            reason: Some(sent.reason.clone()),
            proposed_by: Some(by.to_owned()),
            ..Refund::proposed(of, amount.clone(), gives_back, now)
        };
        if store.propose_refund(&ticket, &refund).await? == Write::Done {
            return Ok((StatusCode::CREATED, refund));
        }
    }
    Err(Problem::changing())
}

/// Whether the cash office may pay out what PayPal has: only where PayPal has been asked to
/// give it back and has not, or somebody has called that off. What is still approved holds
/// its money, so that nothing goes both ways.
fn may_be_paid_out(settlement: &Settlement, refunds: &[Refund]) -> Result<(), Problem> {
    let came_to_nothing = |refund: &Refund| {
        refund.settlement == settlement.id()
            && matches!(
                refund.state,
                RefundState::Failed { .. } | RefundState::Rejected { .. }
            )
    };
    match settlement.source.channel() {
        Channel::Paypal if refunds.iter().any(came_to_nothing) => Ok(()),
        Channel::Paypal => Err(Problem::new(
            Kind::PaypalGivesBack,
            "PayPal has this money and has not failed to give any of it back, nor was that \
             called off, and nothing was proposed: leave out `paid_out_by`",
        )),
        Channel::Cash | Channel::Transfer => Err(Problem::with_field(
            "paid_out_by",
            "the cash office pays out cash and transfers anyway: leave it out",
        )),
    }
}

/// Approves or rejects a refund, as the last part of the path says.
///
/// # Errors
/// 400 for a body that is none, or without the reason that is needed; 404 without such a
/// refund; 409 where it was decided before, or whoever has proposed it approves it.
pub(crate) async fn decide(
    store: &Store,
    id: &RefundId,
    request: &Request,
    by: &str,
    now: Timestamp,
) -> Result<Refund, Problem> {
    let is_approval = request.uri().path().ends_with("/approval");
    let sent = match body(request) {
        [] if is_approval => Decided { reason: None },
        bytes => object(bytes, "a decision")?,
    };
    if !is_approval && sent.reason.is_none() {
        return Err(needs_reason("say why it is not given back"));
    }
    let decision = Decision {
        by: by.to_owned(),
        at: now,
        reason: sent.reason,
    };
    for _ in 0..DECISIONS_MAX {
        let refund = store.refund(id).await?.ok_or_else(no_such_refund)?;
        let decided = if is_approval {
            refund.approved(decision.clone())
        } else {
            refund.rejected(decision.clone())
        };
        let decided = match decided {
            Ok(decided) => decided,
            Err(Undecidable::Decided) if was_so_decided(&refund, is_approval) => {
                if has_its_line(store, &refund).await? {
                    return Ok(refund);
                }
                refund.state.clone()
            }
            Err(undecidable) => return Err(undecided(undecidable, &refund)),
        };
        let ticket = store.ticket(&refund.case_number).await?;
        let ticket = ticket.ok_or_else(Problem::no_such_ticket)?;
        if is_approval {
            may_go(store, &ticket, &refund, by).await?;
        }
        if store.decide_refund(&ticket, &refund, &decided).await? == Write::Done {
            return Ok(Refund {
                state: decided,
                ..refund
            });
        }
    }
    Err(Problem::changing())
}

/// Whether the money is there still, and this person may say that it goes. Since it was
/// proposed PayPal may have taken it, or found that it had given it back: the cash office
/// would pay it a second time.
async fn may_go(store: &Store, ticket: &Ticket, refund: &Refund, by: &str) -> Result<(), Problem> {
    let money = store.case_money(ticket).await?;
    if money.was_booked_by(by) {
        return Err(undecided(Undecidable::OwnProposal, refund));
    }
    let left = money.kept_of(&refund.settlement);
    let sum = refund.amount.cents_of(&refund.amount.currency);
    // What is decided is no longer among it.
    let is_undecided = refund.state == RefundState::Proposed;
    if is_undecided && sum.is_some_and(|sum| sum > left) {
        return Err(more_than_left(left));
    }
    Ok(())
}

/// Whether the books have what an order needs: a restore may have brought it back alone.
async fn has_its_line(store: &Store, refund: &Refund) -> Result<bool, Problem> {
    if !matches!(refund.state, RefundState::Ordered { .. }) {
        return Ok(true);
    }
    let ticket = store.ticket(&refund.case_number).await?;
    let ticket = ticket.ok_or_else(Problem::no_such_ticket)?;
    Ok(store
        .taken_back(&ticket, refund.id.as_str())
        .await?
        .is_some())
}

/// Whether the same decision has been written down before, whatever came of it since.
fn was_so_decided(refund: &Refund, is_approval: bool) -> bool {
    match refund.state {
        RefundState::Proposed => false,
        RefundState::Rejected { .. } => !is_approval,
        RefundState::Approved { .. }
        | RefundState::Completed { .. }
        | RefundState::Failed { .. }
        | RefundState::Ordered { .. } => is_approval,
    }
}

fn undecided(undecidable: Undecidable, refund: &Refund) -> Problem {
    match undecidable {
        Undecidable::Decided if matches!(refund.state, RefundState::Approved { .. }) => {
            Problem::new(
                Kind::AlreadyDecided,
                "it was approved, and PayPal was asked to give the money back; nothing was changed: \
             what becomes of it the refund says, and nobody can call it off",
            )
        }
        Undecidable::Decided => Problem::new(
            Kind::AlreadyDecided,
            format!(
                "it was decided before and is {}, and nothing was changed: propose it anew \
                 where that was wrong",
                refund.state.name()
            ),
        ),
        Undecidable::OwnProposal => Problem::new(
            Kind::OwnProposal,
            "you have proposed it, or booked money of this case by hand, and nothing was changed: \
             somebody else must approve it",
        ),
        Undecidable::NeedsReason => needs_reason(
            "it gives back a fine that was paid: say why, as the decision on the file does",
        ),
    }
}

fn needs_reason(detail: &str) -> Problem {
    Problem::with_field("reason", detail)
}

fn pays_open_fine() -> Problem {
    Problem::new(
        Kind::PartPaid,
        "this payment pays a part of the fine, which is still open, and nothing was proposed: \
         withdraw the ticket first, and it is proposed by itself",
    )
}

fn no_such_payment() -> Problem {
    Problem::new(
        Kind::NoSuchPayment,
        "this ticket has no such payment: send the `capture_id` of PayPal's, or cash- or \
         transfer- and the number, as the case shows it",
    )
}

pub(crate) fn no_such_refund() -> Problem {
    Problem::new(
        Kind::NoSuchRefund,
        "there is no refund of this number: look at GET /refunds",
    )
}

fn another_currency(currency: &str) -> Problem {
    Problem::with_field(
        "currency",
        format!("this payment came in {currency}, and goes back in it: send that"),
    )
}

fn more_than_left(left: Cents) -> Problem {
    Problem::new(
        Kind::MoreThanLeft,
        format!(
            "no more than {left} of this payment may still be given back, and nothing was \
             changed: the rest has gone back, is proposed, or was taken by PayPal"
        ),
    )
}

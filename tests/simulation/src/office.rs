//! Clerks, through the office API.

use std::rc::Rc;
use std::time::Duration;

use http::StatusCode;
use jiff::Timestamp;
use journeys::{Functions, event, request};
use lambda_http::{Body, Response};
use paypal_standin::OrderState;
use serde_json::Value;
use ticket::{CaseNumber, Cents, Refund, RefundState, ReviewDecision};

use crate::laws;
use crate::world::{Function, World};

/// What a clerk wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Cash,
    Transfer,
    Withdraw,
    Object,
    HandOver,
    Amount(Cents),
    /// A letter.
    Lease,
    /// Less than is owed.
    Short(Cents),
    /// Cash beside a capture that PayPal holds back, for a reason.
    Override,
    /// One clerk proposes to give so much of a PayPal payment back.
    Propose(Cents),
    /// Another one approves what is proposed.
    Approve,
    /// The one who has proposed it does.
    ApproveOwn,
    /// A third one approves it, too.
    ApproveToo,
    /// Or rejects it.
    Reject,
    /// One clerk wants the review to end so.
    EndReview(ReviewDecision),
    /// Another one does, too.
    EndReviewToo(ReviewDecision),
}

/// What a clerk holds in his hands: the same however often it is entered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Receipt {
    number: u128,
    paid_at: Timestamp,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum ClerkOutcome {
    /// It pays the ticket.
    Paid,
    /// It is money that nothing was owed for.
    Surplus,
    /// The case stands so.
    Done,
    /// By the name of the problem.
    Refused(String),
    /// Nothing is known, or others were faster: again.
    Again,
}

/// How often a clerk tries again: "in 2 minutes".
const TRIES_MAX: u32 = 4;
/// How long a letter takes.
const LETTER_TIME: Duration = Duration::from_hours(24 * 7);
const TWO_MINUTES: Duration = Duration::from_mins(2);

/// A clerk acts, and tries again where the answer says so.
pub(crate) async fn clerk(world: Rc<World>, case_number: CaseNumber, wish: Wish) {
    let receipt = Receipt::of_now(&world);
    enters(world, case_number, wish, receipt).await;
}

/// A clerk enters what has this receipt, for the first time or once more.
pub(crate) async fn enters(
    world: Rc<World>,
    case_number: CaseNumber,
    wish: Wish,
    receipt: Receipt,
) {
    for _ in 0..TRIES_MAX {
        let functions = world.functions();
        let stood = laws::standing_of(&world, &case_number);
        let (number, now) = (case_number.clone(), world.functions_now());
        let came = world
            .invoke(wish.function(), async move {
                act(&functions, &number, wish, receipt, now).await
            })
            .await;
        let is_done = matches!(
            came,
            Some(ClerkOutcome::Paid | ClerkOutcome::Surplus | ClerkOutcome::Done)
        );
        if let Some(row) = wish.row()
            && !matches!(came, None | Some(ClerkOutcome::Again))
        {
            laws::was_asked(&world, &case_number, row, stood, is_done);
        }
        if is_done {
            let done = (world.now(), case_number.clone(), wish, receipt);
            world.history.borrow_mut().clerks_list.push(done);
        }
        if came_to_an_end(&world, &case_number, wish, came.as_ref()) {
            return;
        }
        world.pause(TWO_MINUTES).await;
    }
}

/// Notes what came of it; whether the clerk has the answer.
fn came_to_an_end(
    world: &World,
    case_number: &CaseNumber,
    wish: Wish,
    came: Option<&ClerkOutcome>,
) -> bool {
    let mut history = world.history.borrow_mut();
    history.tell(|| format!("            the clerk, {wish:?}: {came:?}"));
    match came {
        Some(ClerkOutcome::Paid) => {
            let settled = &mut history.clerk_settled;
            settled
                .entry(case_number.to_string())
                .or_insert_with(|| world.now());
            let approved = world.standin.in_books(|books| {
                books.orders.iter().any(|order| {
                    matches!(order.state, OrderState::Approved { .. })
                        && order.invoice_id.as_deref() == Some(case_number.as_str())
                })
            });
            if approved {
                history.sometimes("settled by a clerk while an order was approved");
            }
            true
        }
        Some(ClerkOutcome::Surplus) => {
            history.sometimes("a clerk booked surplus");
            true
        }
        Some(ClerkOutcome::Refused(problem)) if problem == "payment-running" => {
            history.sometimes("a clerk was asked to wait for a payment under way");
            false
        }
        Some(ClerkOutcome::Refused(problem)) => {
            if problem == "payment-pending" {
                history.sometimes("a clerk was told that PayPal is checking");
            }
            true
        }
        Some(ClerkOutcome::Done) => true,
        Some(ClerkOutcome::Again) | None => false,
    }
}

impl Receipt {
    /// What is handed over now.
    pub(crate) fn of_now(world: &World) -> Self {
        Self {
            number: world.random() >> 64,
            paid_at: world.functions_now(),
        }
    }
}

impl Wish {
    /// The row of the state table that says what comes of it.
    const fn row(self) -> Option<&'static str> {
        Some(match self {
            Self::Cash | Self::Transfer => "clerk's receipt",
            Self::Short(_) => "short transfer",
            Self::Withdraw => "withdraw",
            Self::Object => "object",
            Self::HandOver => "hand over",
            Self::Amount(_) => "change amount",
            Self::Lease => "lease",
            // These no row is about.
            Self::Override
            | Self::Propose(_)
            | Self::Approve
            | Self::ApproveOwn
            | Self::ApproveToo
            | Self::Reject
            | Self::EndReview(_)
            | Self::EndReviewToo(_) => return None,
        })
    }

    /// The function that it is asked of.
    const fn function(self) -> Function {
        match self {
            Self::Cash
            | Self::Transfer
            | Self::Short(_)
            | Self::Override
            | Self::Propose(_)
            | Self::Approve
            | Self::ApproveOwn
            | Self::ApproveToo
            | Self::Reject => Function::RecordPayments,
            Self::Withdraw
            | Self::Object
            | Self::HandOver
            | Self::Amount(_)
            | Self::Lease
            | Self::EndReview(_)
            | Self::EndReviewToo(_) => Function::ManageTickets,
        }
    }
}

async fn act(
    functions: &Functions,
    case_number: &CaseNumber,
    wish: Wish,
    receipt: Receipt,
    now: Timestamp,
) -> ClerkOutcome {
    let (number, paid_at) = (format!("R-{}", receipt.number), receipt.paid_at.to_string());
    let amount = match wish {
        Wish::Amount(amount) | Wish::Short(amount) | Wish::Propose(amount) => amount,
        // What is owed: the clerk sees it, or is told of it.
        Wish::Cash
        | Wish::Transfer
        | Wish::Withdraw
        | Wish::Object
        | Wish::HandOver
        | Wish::Lease
        | Wish::Override
        | Wish::Approve
        | Wish::ApproveOwn
        | Wish::ApproveToo
        | Wish::Reject
        | Wish::EndReview(_)
        | Wish::EndReviewToo(_) => match functions.manage_tickets.store.ticket(case_number).await {
            Ok(Some(ticket)) => ticket.rest(),
            Ok(None) => return ClerkOutcome::Refused("no-such-ticket".to_owned()),
            Err(_) => return ClerkOutcome::Again,
        },
    }
    .to_string();
    let Some((settlement, refund)) = refundable(functions, case_number, wish).await else {
        return ClerkOutcome::Again;
    };
    let until = (receipt.paid_at + LETTER_TIME).to_string();
    let fill = [
        ("CASE_NUMBER", case_number.as_str()),
        ("AMOUNT", &amount),
        ("NUMBER", &number),
        ("PAID_AT", &paid_at),
        ("REASON", "Anhörung"),
        ("UNTIL", &until),
        ("SETTLEMENT", &settlement),
        ("REFUND", &refund),
        (
            "DECISION",
            match wish {
                Wish::EndReview(decision) | Wish::EndReviewToo(decision) => decision.name(),
                _ => "",
            },
        ),
        (
            "CLERK",
            match wish {
                Wish::Approve | Wish::EndReviewToo(_) => "clerk-2",
                Wish::ApproveToo | Wish::Reject => "clerk-3",
                _ => "clerk-1",
            },
        ),
    ];
    let name = match wish {
        Wish::Cash => "clerk-takes-cash",
        Wish::Transfer | Wish::Short(_) => "cash-office-books-transfer",
        Wish::Lease => "city-asks-for-lease",
        Wish::Withdraw => "clerk-withdraws-ticket",
        Wish::Object => "clerk-notes-objection",
        Wish::HandOver => "clerk-hands-over",
        Wish::Amount(_) => "clerk-changes-amount",
        Wish::Override => "clerk-overrides-pending",
        Wish::Propose(_) => "clerk-proposes-refund",
        Wish::Approve | Wish::ApproveOwn | Wish::ApproveToo => "clerk-approves-refund",
        Wish::Reject => "clerk-rejects-refund",
        Wish::EndReview(_) | Wish::EndReviewToo(_) => "clerk-ends-review",
    };
    let request = request(&event(name, &fill));
    outcome(&match wish.function() {
        Function::RecordPayments => {
            record_payments::handle(&functions.record_payments, request, now).await
        }
        _ => manage_tickets::handle(&functions.manage_tickets, request, now).await,
    })
}

/// What a clerk proposes to give back, or decides about, as the case shows it: nothing
/// where there is none yet.
async fn refundable(
    functions: &Functions,
    case_number: &CaseNumber,
    wish: Wish,
) -> Option<(String, String)> {
    let nothing = (String::new(), String::new());
    let is_of_none = matches!(
        wish,
        Wish::Override | Wish::EndReview(_) | Wish::EndReviewToo(_)
    );
    if wish.row().is_some() || is_of_none {
        return Some(nothing);
    }
    let store = &functions.record_payments.store;
    let file = store.case_file(case_number).await.ok()??;
    if matches!(wish, Wish::Propose(_)) {
        let mut captured = file
            .settlements
            .iter()
            .filter_map(|it| it.source.captured());
        let settlement = captured.next()?.capture_id.to_string();
        return Some((settlement, String::new()));
    }
    let proposed = |refund: &&Refund| refund.state == RefundState::Proposed;
    let refund = file.refunds.iter().find(proposed)?.id.to_string();
    Some((String::new(), refund))
}

fn outcome(answer: &Response<Body>) -> ClerkOutcome {
    let body: Value = serde_json::from_slice(answer.body()).expect("JSON");
    match answer.status() {
        StatusCode::OK | StatusCode::CREATED | StatusCode::ACCEPTED => {
            match body["settlement"]["role"].as_str() {
                None | Some("part") => ClerkOutcome::Done,
                Some("surplus") => ClerkOutcome::Surplus,
                Some(_) => ClerkOutcome::Paid,
            }
        }
        StatusCode::SERVICE_UNAVAILABLE => ClerkOutcome::Again,
        _ => {
            let problem = body["type"].as_str().unwrap_or_default();
            ClerkOutcome::Refused(problem.trim_start_matches("/problems/").to_owned())
        }
    }
}

//! What the table holds of one refund: an item beside its ticket, and its place in the
//! list of its state.

use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use jiff::Timestamp;
use ticket::{GivesBack, Refund, RefundId, RefundState, State};

use crate::Error;
use crate::dynamo::keys::{self, s, sortable};
use crate::dynamo::write::{Step, attributes, item, value};
use crate::payments::records::TakenBack;

/// How the sort key of a refund begins.
pub(crate) const REFUND: &str = "REFUND";

/// A refund that nobody has decided about, beside its ticket and in the list.
pub(crate) fn new_refund(refund: &Refund) -> Result<Step, Error> {
    let key = keys::refund(&refund.id).ok_or_else(|| no_case(&refund.id))?;
    let mut new = item("refund", key, refund)?;
    let (shard, due_at) = listed_at(&refund.id, &refund.state, refund.proposed_at);
    new.insert("shard".to_owned(), s(shard));
    new.insert("due_at".to_owned(), s(due_at));
    Ok(Step::put_new(new))
}

/// PayPal has given back what was decided: whatever the refund was taken for since.
pub(crate) fn completed(line: &TakenBack) -> Result<Option<Step>, Error> {
    let Some(decided) = &line.decided else {
        return Ok(None);
    };
    let completed = RefundState::Completed {
        paypal_id: line.id.clone(),
        completed_at: line.booked_at,
    };
    let update = state_update(&decided.refund, &completed, line.booked_at)?
        .condition_expression("attribute_exists(pk)");
    Ok(Some(Step::Update(update)))
}

/// The same where the line is there already: it came back from a restore without its
/// refund, or was booked before the refund was entered again. The line tells then who has
/// decided it, too, or its money would count twice against what is left.
pub(crate) fn completed_since(line: &TakenBack) -> Result<Vec<Step>, Error> {
    let Some(decided) = &line.decided else {
        return Ok(Vec::new());
    };
    let completed = RefundState::Completed {
        paypal_id: line.id.clone(),
        completed_at: line.booked_at,
    };
    let refund = state_update(&decided.refund, &completed, line.booked_at)?
        .condition_expression("attribute_exists(pk) AND refund_state <> :refund_state");
    let told = UpdateBuilder::default()
        .set_key(Some(
            keys::taken_back(&line.case_number, &line.id).into_item(),
        ))
        .update_expression("SET #refund = :refund, #gives_back = :gives_back")
        .condition_expression("attribute_exists(pk)")
        .expression_attribute_names("#refund", "refund")
        .expression_attribute_names("#gives_back", "gives_back")
        .expression_attribute_values(":refund", value("refund", &decided.refund)?)
        .expression_attribute_values(":gives_back", value("refund", &decided.gives_back)?);
    Ok(vec![Step::Update(refund), Step::Update(told)])
}

/// Sets everything that a state says, and where the refund is listed in it.
pub(crate) fn state_update(
    id: &RefundId,
    state: &RefundState,
    at: Timestamp,
) -> Result<UpdateBuilder, Error> {
    let key = keys::refund(id).ok_or_else(|| no_case(id))?;
    let (shard, due_at) = listed_at(id, state, at);
    let mut update = UpdateBuilder::default()
        .set_key(Some(key.into_item()))
        .expression_attribute_names("#shard", "shard")
        .expression_attribute_values(":shard", s(shard))
        .expression_attribute_values(":due_at", s(due_at));
    let mut set = vec!["#shard = :shard".to_owned(), "due_at = :due_at".to_owned()];
    let mut says: Vec<_> = attributes("refund", state)?.into_iter().collect();
    says.sort_by(|one, other| one.0.cmp(&other.0));
    for (name, value) in says {
        set.push(format!("#{name} = :{name}"));
        update = update
            .expression_attribute_names(format!("#{name}"), name.clone())
            .expression_attribute_values(format!(":{name}"), value);
    }
    Ok(update.update_expression(format!("SET {}", set.join(", "))))
}

/// Where the index lists a refund. It gives equal times in no order, so that a page could
/// end between two of them: those that nobody waits for bear their number, too.
fn listed_at(id: &RefundId, state: &RefundState, at: Timestamp) -> (String, String) {
    let at = match state {
        // The sweep reads it as a moment, and asks at once.
        RefundState::Approved { .. } => sortable(at),
        RefundState::Proposed
        | RefundState::Rejected { .. }
        | RefundState::Completed { .. }
        | RefundState::Failed { .. }
        | RefundState::Ordered { .. } => format!("{}#{id}", sortable(at)),
    };
    (refund_list(state.name()), at)
}

/// The list of the refunds of a state. One partition: two people decide about each by
/// hand, and a partition takes a thousand writes a second.
pub(crate) fn refund_list(state: &str) -> String {
    format!("{REFUND}#{state}")
}

fn no_case(id: &RefundId) -> Error {
    Error::Unreadable {
        item: "number of a refund",
        source: format!("{id} names no case").into(),
    }
}

impl TakenBack {
    /// Where the case stands after it: a human must look, but where two people have
    /// decided to give back what pays nothing.
    #[must_use]
    pub fn after(&self, state: &State) -> State {
        let Some(decided) = &self.decided else {
            return state.after_taking_back();
        };
        // sabotage: a fine that was given back stays paid
        if decided.gives_back == GivesBack::Fine && matches!(state, State::Paid { .. }) {
            return state.after_taking_back();
        }
        state.clone()
    }
}

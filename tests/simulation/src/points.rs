//! The places where a handler talks to somebody: the boundaries that faults
//! strike at.

use serde_json::Value;

use crate::fate::{Fate, paypal_call};
use crate::net::Call;
use crate::plan::Place;
use crate::world::Function;

/// A call of a run, and what could become of it.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    /// Its number in the run.
    pub(crate) number: u32,
    /// Which boundary it is, and which of its calls.
    pub(crate) place: Place,
    /// The faults that may strike it.
    pub(crate) fates: Vec<Fate>,
}

/// The boundary's name: who asks, whom, and what for.
pub(crate) fn name(function: Option<Function>, call: &Call) -> String {
    let who = function.map_or("outside", Function::name);
    let what = match call {
        Call::Turn(what) => (*what).to_owned(),
        Call::PayPal(request) => match paypal_call(request) {
            Some(on) => format!("paypal {on:?}"),
            None => "paypal ?".to_owned(),
        },
        Call::Table(call) => {
            let request: Value = serde_json::from_str(&call.body).unwrap_or_default();
            format!("table {}", purpose(&call.operation, &request))
        }
    };
    format!("{who}: {what}")
}

/// What a request to the table is for, told from what it touches.
fn purpose(operation: &str, request: &Value) -> String {
    let kind = |key: &Value| {
        let sort = key["sk"]["S"].as_str().unwrap_or_default();
        let part = key["pk"]["S"].as_str().unwrap_or_default();
        // The ticket's partition holds several kinds, the others one each.
        let name = if part.starts_with("TICKET#") {
            sort
        } else {
            part
        };
        name.split('#').next().unwrap_or_default().to_lowercase()
    };
    let step = |step: &Value| {
        if let Some(put) = step.get("Put") {
            format!("+{}", kind(&put["Item"]))
        } else if let Some(update) = step.get("Update") {
            let expression = update["UpdateExpression"].as_str().unwrap_or_default();
            let lock = match (
                expression.contains("SET #lock"),
                expression.contains("REMOVE #lock"),
            ) {
                (true, _) => "(lock)",
                (_, true) => "(unlock)",
                (false, false) => "",
            };
            format!("~{}{lock}", kind(&update["Key"]))
        } else {
            format!("?{}", kind(&step["ConditionCheck"]["Key"]))
        }
    };
    match operation {
        "TransactWriteItems" => {
            let steps = request["TransactItems"].as_array();
            let steps: Vec<String> = steps.into_iter().flatten().map(step).collect();
            steps.join(" ")
        }
        "Query" => match request["IndexName"].as_str() {
            Some(index) => format!("query {index}"),
            None => "query a case".to_owned(),
        },
        "GetItem" => format!("get {}", kind(&request["Key"])),
        "PutItem" => format!("put {}", kind(&request["Item"])),
        "UpdateItem" => format!("update {}", kind(&request["Key"])),
        other => other.to_owned(),
    }
}

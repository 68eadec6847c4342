//! The city's systems and clerks, through the office API.

use http::{StatusCode, header};
use jiff::Timestamp;
use lambda_http::{Body, Response};
use serde_json::Value;

use crate::City;
use crate::events::{event, request};

/// An answer of the office API.
#[derive(Debug)]
pub struct Answered {
    /// Its status.
    pub status: StatusCode,
    /// Its body: JSON; a list's as it is.
    pub body: Value,
}

impl Answered {
    /// Whether it is this problem.
    #[must_use]
    pub fn is_problem(&self, status: u16, name: &str) -> bool {
        self.status == status && self.body["type"] == format!("/problems/{name}")
    }
}

impl City {
    /// The city asks how a case stands.
    pub async fn reads(&self, case_number: &str) -> Value {
        let answered = self.manages("city-reads-ticket", case_number, &[]).await;
        assert_eq!(answered.status, StatusCode::OK, "{}", answered.body);
        answered.body
    }

    /// Somebody asks or changes something about a case, as this event says.
    pub async fn manages(&self, name: &str, case_number: &str, fill: &[(&str, &str)]) -> Answered {
        let mut all = vec![("CASE_NUMBER", case_number)];
        all.extend(fill);
        let event = event(name, &all);
        let app = &self.functions.manage_tickets;
        let answer = manage_tickets::handle(app, request(&event), self.now()).await;
        is_as_described(&event, &answer);
        Answered {
            status: answer.status(),
            body: serde_json::from_slice(answer.body()).expect("JSON"),
        }
    }

    /// The city's system reads a list, as this event says, with these parameters.
    pub async fn lists(&self, name: &str, query: &[(&str, &str)]) -> Answered {
        let mut event: Value = serde_json::from_str(&event(name, &[])).expect("JSON");
        let pairs = query.iter().map(|(name, value)| format!("{name}={value}"));
        event["rawQueryString"] = pairs.collect::<Vec<_>>().join("&").into();
        let values = query
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Value::from(*value)));
        event["queryStringParameters"] = Value::Object(values.collect());
        let app = &self.functions.manage_tickets;
        let request = request(&event.to_string());
        let answer = manage_tickets::handle(app, request, self.now()).await;
        Answered {
            status: answer.status(),
            body: serde_json::from_slice(answer.body()).expect("JSON"),
        }
    }

    /// A clerk does something for a reason.
    pub async fn clerk(&self, name: &str, case_number: &str) -> Answered {
        let fill = [("REASON", "Anhörung vom 3. Tag"), ("AMOUNT", "20.00")];
        self.manages(name, case_number, &fill).await
    }

    /// The city changes what is owed.
    pub async fn changes_amount(&self, case_number: &str, amount: &str) {
        let changed = self.asks_for_amount(case_number, amount).await;
        assert_eq!(changed.status, StatusCode::OK, "{}", changed.body);
    }

    /// A clerk asks for another amount, and is told what became of it.
    pub async fn asks_for_amount(&self, case_number: &str, amount: &str) -> Answered {
        let fill = [("REASON", "Ermäßigt"), ("AMOUNT", amount)];
        self.manages("clerk-changes-amount", case_number, &fill)
            .await
    }

    /// Somebody at the till or in the cash office books a payment, as this event says.
    pub async fn books(&self, name: &str, case_number: &str, payment: Payment<'_>) -> Answered {
        self.books_begun(self.now(), name, case_number, payment)
            .await
    }

    /// The same by a request that began then: a day's list takes a while.
    pub async fn books_begun(
        &self,
        begun: Timestamp,
        name: &str,
        case_number: &str,
        payment: Payment<'_>,
    ) -> Answered {
        let now = self.now().to_string();
        let fill = [
            ("CASE_NUMBER", case_number),
            ("AMOUNT", payment.amount),
            ("NUMBER", payment.number),
            ("PAID_AT", payment.paid_at.unwrap_or(&now)),
            ("REASON", "Kasse war schon geschlossen"),
        ];
        self.records_begun(begun, &event(name, &fill)).await
    }

    /// A clerk proposes to give so much of a payment back.
    pub async fn proposes(
        &self,
        clerk: &str,
        (case_number, settlement): (&str, &str),
        amount: &str,
    ) -> Answered {
        let fill = [
            ("CLERK", clerk),
            ("CASE_NUMBER", case_number),
            ("SETTLEMENT", settlement),
            ("AMOUNT", amount),
            ("REASON", "Doppelt gezahlt"),
        ];
        self.records(&event("clerk-proposes-refund", &fill)).await
    }

    /// The same with further fields in the body.
    pub async fn proposes_with(
        &self,
        clerk: &str,
        (case_number, settlement): (&str, &str),
        amount: &str,
        more: &[(&str, &str)],
    ) -> Answered {
        let fill = [
            ("CLERK", clerk),
            ("CASE_NUMBER", case_number),
            ("SETTLEMENT", settlement),
            ("AMOUNT", amount),
            ("REASON", "Doppelt gezahlt"),
        ];
        let proposal = event("clerk-proposes-refund", &fill);
        let mut proposal: Value = serde_json::from_str(&proposal).expect("JSON");
        let body = proposal["body"].as_str().expect("a body");
        let mut body: Value = serde_json::from_str(body).expect("JSON");
        for (name, value) in more {
            body[*name] = Value::from(*value);
        }
        proposal["body"] = Value::from(body.to_string());
        self.records(&proposal.to_string()).await
    }

    /// A clerk approves a refund.
    pub async fn approves(&self, clerk: &str, refund: &str) -> Answered {
        self.decides("clerk-approves-refund", clerk, refund).await
    }

    /// A clerk approves a refund and does not say why.
    pub async fn approves_without_reason(&self, clerk: &str, refund: &str) -> Answered {
        let fill = [("CLERK", clerk), ("REFUND", refund), ("REASON", "-")];
        let approval = event("clerk-approves-refund", &fill);
        let without = approval.replace(r#""{\"reason\":\"-\"}""#, r#""{}""#);
        assert_ne!(without, approval);
        self.records(&without).await
    }

    /// A clerk decides about a refund, as this event says.
    pub async fn decides(&self, name: &str, clerk: &str, refund: &str) -> Answered {
        let reason = "Verfügung vom 3. Tag";
        let fill = [("CLERK", clerk), ("REFUND", refund), ("REASON", reason)];
        self.records(&event(name, &fill)).await
    }

    /// The refunds after a place, as somebody has written it into the address.
    pub async fn refunds_after(&self, place: &str) -> Answered {
        self.refund_page("proposed", &[("after", place)]).await
    }

    /// One page of the refunds of a state, with these parameters beside it.
    pub async fn refund_page(&self, state: &str, more: &[(&str, &str)]) -> Answered {
        let fill = [("CLERK", "cash-office"), ("STATE", state)];
        let listing = event("cash-office-lists-refunds", &fill);
        let mut listing: Value = serde_json::from_str(&listing).expect("JSON");
        let mut query = url::form_urlencoded::Serializer::new(format!("state={state}"));
        for (name, value) in more {
            query.append_pair(name, value);
            listing["queryStringParameters"][*name] = Value::from(*value);
        }
        listing["rawQueryString"] = Value::from(query.finish());
        self.records(&listing.to_string()).await
    }

    /// The refunds of a state, as the cash office lists them.
    pub async fn refunds(&self, state: &str) -> Vec<Value> {
        let fill = [("CLERK", "cash-office"), ("STATE", state)];
        let listed = self
            .records(&event("cash-office-lists-refunds", &fill))
            .await;
        assert_eq!(listed.status, StatusCode::OK, "{}", listed.body);
        assert_eq!(listed.body["more"], false);
        listed.body["refunds"].as_array().expect("a list").clone()
    }

    /// The function that records payments gets this event.
    pub async fn records(&self, event: &str) -> Answered {
        self.records_begun(self.now(), event).await
    }

    async fn records_begun(&self, begun: Timestamp, event: &str) -> Answered {
        let app = &self.functions.record_payments;
        let answer = record_payments::handle(app, request(event), begun).await;
        is_as_described(event, &answer);
        let body = String::from_utf8_lossy(answer.body()).into_owned();
        Answered {
            status: answer.status(),
            body: serde_json::from_str(&body).unwrap_or(Value::String(body)),
        }
    }
}

/// Every answer of every journey is one that the API's description has.
pub(crate) fn is_as_described(event: &str, answer: &Response<Body>) {
    let event: Value = serde_json::from_str(event).expect("JSON");
    let route = event["routeKey"].as_str().expect("a route");
    let operation = openapi::description().operation(route);
    let operation = operation.unwrap_or_else(|| panic!("{route} is not described"));
    let content_type = answer.headers()[header::CONTENT_TYPE].to_str();
    let content_type = content_type.expect("a content type");
    let faults = operation.faults(answer.status().as_u16(), content_type, answer.body());
    assert!(faults.is_empty(), "{faults:#?}");
}

/// A payment that a clerk enters.
#[derive(Clone, Copy, Debug)]
pub struct Payment<'a> {
    /// In euros: `30.00`.
    pub amount: &'a str,
    /// The receipt's number or the bank's reference.
    pub number: &'a str,
    /// When it was paid; now where that is not said.
    pub paid_at: Option<&'a str>,
}

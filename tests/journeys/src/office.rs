//! The city's systems and clerks, through the office API.

use http::StatusCode;
use serde_json::Value;

use crate::City;
use crate::events::{event, request};

/// An answer of the office API.
#[derive(Debug)]
pub struct Answered {
    /// Its status.
    pub status: StatusCode,
    /// Its body: JSON, always.
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
        let request = request(&event(name, &all));
        let app = &self.functions.manage_tickets;
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
        let fill = [("REASON", "Ermäßigt"), ("AMOUNT", amount)];
        let changed = self.manages("clerk-changes-amount", case_number, &fill);
        let changed = changed.await;
        assert_eq!(changed.status, StatusCode::OK, "{}", changed.body);
    }
}

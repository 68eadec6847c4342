//! Books a day's list, one JSON object a line; no line stops another.

use http::StatusCode;
use jiff::Timestamp;
use office::{Batch, EachLine, Problem, case_number, each_line};
use store::Store;
use ticket::CaseNumber;

use crate::one::{self, Booked};
use crate::sent::SentPayment;

/// Books every line of the body.
///
/// # Errors
/// When the body as a whole is too large or holds nothing; nothing has been booked then.
pub(crate) async fn record(
    store: &Store,
    body: &[u8],
    by: &str,
    now: Timestamp,
) -> Result<Batch<Booked>, Problem> {
    // Sixteen lines would ask for it at the same moment. What an error means
    // is said by each line that needs it.
    let _ = store.municipality(now).await;
    each_line(body, &Recording { store, by, now }).await
}

struct Recording<'a> {
    store: &'a Store,
    by: &'a str,
    now: Timestamp,
}

impl EachLine for Recording<'_> {
    type Sent = (CaseNumber, SentPayment);
    type About = CaseNumber;
    type Done = Booked;
    type Answer = Booked;

    fn read(&self, line: &[u8]) -> Result<(Self::About, Self::Sent), Problem> {
        let sent = SentPayment::read(line)?;
        let case_number = case_number::on_line(sent.case_number.as_ref())?;
        Ok((case_number.clone(), (case_number, sent)))
    }

    async fn act(
        &self,
        (case_number, sent): Self::Sent,
    ) -> Result<(StatusCode, Self::Done), Problem> {
        one::record(self.store, &case_number, &sent, self.by, self.now).await
    }

    fn answer(&self, done: Self::Done) -> Result<Self::Answer, Problem> {
        Ok(done)
    }
}

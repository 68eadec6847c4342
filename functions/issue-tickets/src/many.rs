//! Issues many tickets, one JSON object a line; no line stops another.

use http::StatusCode;
use jiff::Timestamp;
use office::{Batch, EachLine, Problem, case_number, each_line};
use ticket::CaseNumber;

use crate::App;
use crate::one::{self, Printed};
use crate::sent::SentTicket;

/// Issues every line of the body.
///
/// # Errors
/// When the body as a whole is too large or holds nothing; no line has been
/// issued then.
pub(crate) async fn issue(
    app: &App,
    body: &[u8],
    by: &str,
    now: Timestamp,
) -> Result<Batch<Printed>, Problem> {
    // Sixteen lines would ask for it at the same moment. What an error means
    // is said by each line that needs it.
    let _ = app.store.municipality(now).await;
    each_line(body, &Issuing { app, by, now }).await
}

struct Issuing<'a> {
    app: &'a App,
    by: &'a str,
    now: Timestamp,
}

impl EachLine for Issuing<'_> {
    type Sent = (CaseNumber, SentTicket);
    type About = CaseNumber;
    type Done = CaseNumber;
    type Answer = Printed;

    fn read(&self, line: &[u8]) -> Result<(Self::About, Self::Sent), Problem> {
        let sent = SentTicket::read(line)?;
        let case_number = case_number::on_line(sent.case_number.as_ref())?;
        Ok((case_number.clone(), (case_number, sent)))
    }

    async fn act(
        &self,
        (case_number, sent): Self::Sent,
    ) -> Result<(StatusCode, Self::Done), Problem> {
        let status = one::issue(self.app, case_number.clone(), sent, self.by, self.now).await?;
        Ok((status, case_number))
    }

    /// Drawing a code takes the processor, and the time-outs of writes under way would
    /// run meanwhile.
    fn answer(&self, case_number: Self::Done) -> Result<Self::Answer, Problem> {
        one::printed(self.app, case_number)
    }
}

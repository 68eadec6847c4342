//! Transaction Search: the account's rows, three hours late.
//!
//! Source: PayPal Transaction Search v1 1.9.

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::answers::{Answer, Refusal};
use crate::behaviour::seconds;
use crate::rows::late_row;
use crate::signing::shown;
use crate::state::{ApiRequest, State, later};

/// The longest window.
const WINDOW_MAX: SignedDuration = SignedDuration::from_hours(31 * 24);
/// The shortest window that is cut short: one that is halved again and again
/// must come to an end.
const CUT_FROM: SignedDuration = SignedDuration::from_hours(1);
/// Rows on a page: as asked, or 100, at most 500.
const PAGE_SIZE: usize = 100;
const PAGE_SIZE_MAX: usize = 500;

impl State {
    /// `GET /v1/reporting/transactions`
    pub(crate) fn transactions(&self, asked: &ApiRequest<'_>) -> Result<Answer, Refusal> {
        let start = moment(asked, "start_date")?;
        let end = moment(asked, "end_date")?;
        if end < start || end.duration_since(start) > WINDOW_MAX {
            return Err(Refusal::issue("INVALID_PARAMETER_VALUE").field("end_date", shown(end)));
        }
        let page_size = number(asked, "page_size", PAGE_SIZE)?;
        let page = number(asked, "page", 1)?;
        if !(1..=PAGE_SIZE_MAX).contains(&page_size) || page == 0 {
            return Err(Refusal::issue("INVALID_PARAMETER_VALUE").field("page_size", ""));
        }
        let visible_until = asked
            .now
            .checked_sub(seconds(self.behaviour.report_lag_s))
            .unwrap_or(Timestamp::MIN);
        if self.behaviour.start_date_400 && start > visible_until {
            return Err(Refusal::too_young());
        }
        let end = self.end_of_answer(start, end);
        let mut rows = self.rows(start, end.min(visible_until));
        if page > 1 && self.behaviour.page_total_changes {
            // It pushes the last row of the page before onto this one.
            rows.insert(0, late_row(start));
        }
        let cap = usize::try_from(self.behaviour.resultset_cap).unwrap_or(usize::MAX);
        if rows.len() > cap {
            return Err(Refusal::too_many_rows());
        }
        let shown_rows: Vec<&Value> = rows
            .iter()
            .skip((page - 1) * page_size)
            .take(page_size)
            .collect();
        let own = format!(
            "{}/v1/reporting/transactions?{}",
            self.settings.public_origin, asked.query
        );
        Ok(Answer::json(
            StatusCode::OK,
            json!({
                "transaction_details": shown_rows,
                "account_number": self.settings.merchant_id,
                "start_date": shown(start),
                "end_date": shown(end),
                "last_refreshed_datetime": shown(visible_until),
                "page": page,
                "total_items": rows.len(),
                "total_pages": rows.len().div_ceil(page_size),
                "links": [{ "href": own, "rel": "self", "method": "GET" }],
            }),
        ))
    }
}

impl State {
    /// Where an answer ends: in the middle, if it is cut short.
    fn end_of_answer(&self, start: Timestamp, end: Timestamp) -> Timestamp {
        let asked_for = end.duration_since(start);
        if self.behaviour.short_end_date && asked_for > CUT_FROM {
            return later(start, asked_for / 2);
        }
        end
    }
}

fn moment(asked: &ApiRequest<'_>, name: &'static str) -> Result<Timestamp, Refusal> {
    let text = asked
        .parameter(name)
        .ok_or_else(|| Refusal::issue("MISSING_REQUIRED_PARAMETER").field(name, ""))?;
    text.parse()
        .map_err(|_| Refusal::issue("INVALID_PARAMETER_SYNTAX").field(name, text.clone()))
}

fn number(asked: &ApiRequest<'_>, name: &'static str, default: usize) -> Result<usize, Refusal> {
    match asked.parameter(name) {
        None => Ok(default),
        Some(text) => text
            .parse()
            .map_err(|_| Refusal::issue("INVALID_PARAMETER_SYNTAX").field(name, text.clone())),
    }
}

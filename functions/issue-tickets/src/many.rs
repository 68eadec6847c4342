//! Issues many tickets, one JSON object a line; no line stops another.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use ticket::CaseNumber;
use tokio::time::Instant;

use crate::App;
use crate::one::{self, Printed};
use crate::sent::SentTicket;
use office::{Kind, Place, Problem, ProblemDetails};

/// The most tickets in one request.
pub(crate) const LINES_MAX: usize = 500;

/// The longest body, in bytes. In base64, as API Gateway hands it on, it stays
/// below the 6 MB a Lambda can be called with.
pub(crate) const BATCH_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Tickets written at the same time: enough to fill the waits for the table,
/// few enough to leave it to others.
const WRITES_AT_ONCE: usize = 16;

/// After this no further line is begun: when the table is slow, API Gateway
/// gives up after 30 s, and the caller would lose the answers of all the lines
/// that went well.
const BEGIN_WITHIN: Duration = Duration::from_secs(20);

/// What became of one line.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Line {
    Issued {
        line: usize,
        status: u16,
        #[serde(flatten)]
        printed: Printed,
    },
    Refused {
        line: usize,
        #[serde(flatten)]
        problem: ProblemDetails<Place>,
    },
}

/// What became of all of them.
pub(crate) struct Batch {
    /// In the order of the body.
    pub(crate) lines: Vec<Line>,
    /// What the store said first, for the log.
    pub(crate) cause: Option<store::Error>,
}

impl Batch {
    /// How many lines ended with this status.
    pub(crate) fn count(&self, status: StatusCode) -> usize {
        let has = |line: &&Line| match line {
            Line::Issued { status: one, .. } => *one == status.as_u16(),
            Line::Refused { problem, .. } => problem.status == Some(status),
        };
        self.lines.iter().filter(has).count()
    }
}

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
) -> Result<Batch, Problem> {
    let begin_until = Instant::now() + BEGIN_WITHIN;
    let mut seen = HashSet::new();
    let (mut first, mut again) = (Vec::new(), Vec::new());
    for (line, text) in lines(body)? {
        let read = read(text);
        let is_new = match &read {
            Ok((case_number, _)) => seen.insert(case_number.clone()),
            Err(_) => true,
        };
        if is_new { &mut first } else { &mut again }.push((line, read));
    }
    // Sixteen lines would ask for it at the same moment. What an error means
    // is said by each line that needs it.
    let _ = app.store.municipality(now).await;
    let run = Run {
        app,
        by,
        now,
        begin_until,
    };
    // Of two lines with one case number the earlier is issued. Side by side it
    // would be left to chance.
    let mut outcomes = run.all(first, WRITES_AT_ONCE).await;
    outcomes.extend(run.all(again, 1).await);
    outcomes.sort_by_key(|(line, _)| *line);
    let mut cause = None;
    // Codes are drawn when no write waits any more: drawing one takes the
    // processor, and the time-outs of writes under way would run meanwhile.
    let lines = outcomes.into_iter().map(|(line, outcome)| {
        let printed = outcome.and_then(|(status, case_number)| {
            let printed = one::printed(app, case_number)?;
            Ok((status, printed))
        });
        match printed {
            Ok((status, printed)) => Line::Issued {
                line,
                status: status.as_u16(),
                printed,
            },
            Err(problem) => {
                let document = problem.document();
                cause = cause.take().or(problem.cause);
                Line::Refused {
                    line,
                    problem: document,
                }
            }
        }
    });
    Ok(Batch {
        lines: lines.collect(),
        cause,
    })
}

/// A line that was read, or what is wrong with it.
type Read = Result<(CaseNumber, SentTicket), Problem>;

/// What became of a line, by its number.
type Outcome = (usize, Result<(StatusCode, CaseNumber), Problem>);

struct Run<'a> {
    app: &'a App,
    by: &'a str,
    now: Timestamp,
    begin_until: Instant,
}

impl Run<'_> {
    async fn all(&self, lines: Vec<(usize, Read)>, at_once: usize) -> Vec<Outcome> {
        stream::iter(lines)
            .map(async |(line, read)| (line, self.one(read).await))
            .buffered(at_once)
            .collect()
            .await
    }

    async fn one(&self, read: Read) -> Result<(StatusCode, CaseNumber), Problem> {
        let (case_number, sent) = read?;
        if Instant::now() >= self.begin_until {
            return Err(Problem::unavailable());
        }
        let status = one::issue(self.app, case_number.clone(), sent, self.by, self.now).await?;
        Ok((status, case_number))
    }
}

fn read(text: &[u8]) -> Read {
    let sent = SentTicket::read(text)?;
    let case_number = sent.case_number.clone().ok_or_else(|| {
        Problem::with_field(
            "case_number",
            "is missing: on a line it stands with the rest",
        )
    })?;
    Ok((case_number, sent))
}

/// The lines that hold something, with their numbers in the body, from 1.
fn lines(body: &[u8]) -> Result<Vec<(usize, &[u8])>, Problem> {
    let too_large = |what: String| Problem::new(Kind::TooLarge, what);
    if body.len() > BATCH_BYTES_MAX {
        return Err(too_large(format!(
            "at most {BATCH_BYTES_MAX} bytes at once: send the tickets in several requests"
        )));
    }
    let is_blank = |line: &[u8]| line.iter().all(u8::is_ascii_whitespace);
    let lines: Vec<(usize, &[u8])> = body
        .split(|byte| *byte == b'\n')
        .enumerate()
        .map(|(index, line)| (index + 1, line))
        .filter(|(_, line)| !is_blank(line))
        .collect();
    match lines.len() {
        0 => Err(Problem::new(
            Kind::InvalidRequest,
            "the body holds no ticket: write one JSON object a line",
        )),
        1..=LINES_MAX => Ok(lines),
        more => Err(too_large(format!(
            "at most {LINES_MAX} tickets at once, here are {more}: send them in several requests"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;
    use serde_json::json;

    use super::*;

    /// A line that is right, under this case number.
    fn right(case_number: &str) -> Vec<u8> {
        let ticket = json!({
            "case_number": case_number,
            "plate": "KL-XX 000",
            "offence": { "number": "112402", "text": "Sie parkten im Haltverbot." },
            "place": "Musterstraße 1",
            "occurred_at": "2026-02-19T14:05:00+01:00",
            "amount": "30.00",
        });
        ticket.to_string().into_bytes()
    }

    /// What may stand between two line feeds: right, a right one damaged, or
    /// anything.
    fn line() -> impl Strategy<Value = Vec<u8>> {
        let number = select(vec!["KL-1", "KL-2", "KL_3"]).prop_map(right);
        let damaged = (number.clone(), any::<prop::sample::Index>(), any::<u8>());
        let damaged = damaged.prop_map(|(mut line, at, byte)| {
            let place = at.index(line.len());
            line[place] = byte;
            line
        });
        let cut = (number.clone(), any::<prop::sample::Index>()).prop_map(|(mut line, at)| {
            line.truncate(at.index(line.len()));
            line
        });
        let ending = select(vec!["", "\r", " ", "\t\r", "x"]);
        let line = prop_oneof![
            4 => number,
            2 => damaged,
            1 => cut,
            1 => Just(Vec::new()),
            2 => proptest::collection::vec(any::<u8>(), 0..40),
        ];
        let whole = (line, ending).prop_map(|(line, ending)| [&line, ending.as_bytes()].concat());
        whole.prop_map(|mut line| {
            line.retain(|byte| *byte != b'\n');
            line
        })
    }

    #[test]
    fn lines_keep_their_numbers_and_blank_ones_are_left_out() {
        let found = lines(b"\n{1}\r\n  \t\r\n{2}\n\n{3}").unwrap();
        let numbers: Vec<usize> = found.iter().map(|(line, _)| *line).collect();
        assert_eq!(numbers, [2, 4, 6]);
        assert_eq!(found[0].1, b"{1}\r");
    }

    #[test]
    fn five_hundred_lines_are_taken_and_not_one_more() {
        assert_eq!(lines("{}\n\n".repeat(500).as_bytes()).unwrap().len(), 500);
        let refused = lines("{}\n".repeat(501).as_bytes()).unwrap_err();
        assert_eq!(refused.kind, Kind::TooLarge);
    }

    #[test]
    fn a_body_too_large_or_empty_is_refused_as_a_whole() {
        let large = vec![b' '; BATCH_BYTES_MAX + 1];
        let kind = |body: &[u8]| lines(body).unwrap_err().kind;
        assert_eq!(kind(&large), Kind::TooLarge);
        assert_eq!(kind(&large[1..]), Kind::InvalidRequest);
        assert_eq!(kind(b""), Kind::InvalidRequest);
    }

    proptest! {
        /// What a line is taken for depends on nothing but the line: it is what
        /// `PUT` would take under its number.
        #[test]
        fn each_line_is_read_as_if_it_were_alone(body in proptest::collection::vec(line(), 0..12)) {
            let filled = |(_, line): &(usize, &Vec<u8>)| !line.iter().all(u8::is_ascii_whitespace);
            let expected: Vec<(usize, &Vec<u8>)> = (1..).zip(&body).filter(filled).collect();
            let joined = body.join(&b'\n');
            let found = match lines(&joined) {
                Ok(found) => found,
                Err(problem) => {
                    prop_assert_eq!(problem.kind, Kind::InvalidRequest);
                    Vec::new()
                }
            };
            prop_assert_eq!(found.len(), expected.len());
            for ((number, text), (expected_number, expected_text)) in found.into_iter().zip(expected) {
                prop_assert_eq!((number, text), (expected_number, &expected_text[..]));
                match (read(text), SentTicket::read(text)) {
                    (Ok((case_number, read)), Ok(alone)) => {
                        prop_assert_eq!(Some(&case_number), alone.case_number.as_ref());
                        prop_assert_eq!(read, alone);
                    }
                    (Err(problem), Ok(alone)) => {
                        prop_assert!(alone.case_number.is_none());
                        prop_assert_eq!(problem.kind, Kind::InvalidRequest);
                    }
                    (Err(problem), Err(alone)) => prop_assert_eq!(problem.kind, alone.kind),
                    (Ok((case_number, _)), Err(_)) => prop_assert!(false, "{} is taken", case_number),
                }
            }
        }

        #[test]
        fn no_body_makes_it_panic(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(found) = lines(&body) {
                for (_, text) in found {
                    prop_assert!(read(text).is_err());
                }
            }
        }
    }
}

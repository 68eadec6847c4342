//! Many things in one body, one JSON object a line; no line stops another.

use std::collections::HashSet;
use std::hash::Hash;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use http::StatusCode;
use serde::Serialize;
use tokio::time::Instant;

use crate::problem::{Kind, Place, Problem, json};
use problem_details::ProblemDetails;

/// The most lines in one request.
const LINES_MAX: usize = 500;

/// The longest body, in bytes. In base64, as API Gateway hands it on, it stays
/// below the 6 MB a Lambda can be called with.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// Lines written at the same time: enough to fill the waits for the table, few enough
/// to leave it to others.
const WRITES_AT_ONCE: usize = 16;

/// After this no further line is begun: when the table is slow, API Gateway
/// gives up after 30 s, and the caller would lose the answers of all the lines
/// that went well.
const BEGIN_WITHIN: Duration = Duration::from_secs(20);

/// What became of one line.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Answered<T> {
    Done {
        line: usize,
        status: u16,
        #[serde(flatten)]
        answer: T,
    },
    Refused {
        line: usize,
        #[serde(flatten)]
        problem: Box<ProblemDetails<Place>>,
    },
}

/// What became of all of them.
pub struct Batch<T> {
    /// In the order of the body.
    lines: Vec<Answered<T>>,
    /// What the store said first, for the log.
    pub cause: Option<store::Error>,
}

impl<T: Serialize> Batch<T> {
    /// How many lines ended with this status.
    #[must_use]
    pub fn count(&self, status: StatusCode) -> usize {
        let has = |line: &&Answered<T>| match line {
            Answered::Done { status: one, .. } => *one == status.as_u16(),
            Answered::Refused { problem, .. } => problem.status == Some(status),
        };
        self.lines.iter().filter(has).count()
    }

    /// How many lines were refused.
    #[must_use]
    pub fn refused(&self) -> usize {
        let is_refused = |line: &&Answered<T>| matches!(line, Answered::Refused { .. });
        self.lines.iter().filter(is_refused).count()
    }

    /// The answer: a line for each.
    ///
    /// # Errors
    /// When one cannot be written as JSON.
    pub fn text(&self) -> Result<String, Problem> {
        let mut answers = String::new();
        for line in &self.lines {
            answers.push_str(&json(line)?);
            answers.push('\n');
        }
        Ok(answers)
    }
}

/// What is done with each line of a body.
pub trait EachLine: Sync {
    /// A line as it was sent.
    type Sent: Send;
    /// What it is about: of two lines about the same the earlier goes first. Side by side
    /// it would be left to chance.
    type About: Eq + Hash + Send;
    /// What it came to.
    type Done: Send;
    /// What the caller is told.
    type Answer: Serialize;

    /// Reads a line.
    ///
    /// # Errors
    /// What is wrong with it.
    fn read(&self, line: &[u8]) -> Result<(Self::About, Self::Sent), Problem>;

    /// Does what it says.
    fn act(
        &self,
        sent: Self::Sent,
    ) -> impl Future<Output = Result<(StatusCode, Self::Done), Problem>> + Send;

    /// Says what came of it; asked for when no write waits any more.
    ///
    /// # Errors
    /// When that cannot be said.
    fn answer(&self, done: Self::Done) -> Result<Self::Answer, Problem>;
}

/// Reads every line of the body and does with each what `each` says.
///
/// # Errors
/// When the body as a whole is too large or holds nothing; nothing has been done then.
pub async fn each_line<E: EachLine>(body: &[u8], each: &E) -> Result<Batch<E::Answer>, Problem> {
    let run = Run {
        each,
        begin_until: Instant::now() + BEGIN_WITHIN,
    };
    let mut seen = HashSet::new();
    let (mut first, mut again) = (Vec::new(), Vec::new());
    for (line, text) in lines(body)? {
        let (is_new, read) = match each.read(text) {
            Ok((about, sent)) => (seen.insert(about), Ok(sent)),
            Err(problem) => (true, Err(problem)),
        };
        if is_new { &mut first } else { &mut again }.push((line, read));
    }
    drop(seen);
    let mut outcomes = run.all(first, WRITES_AT_ONCE).await;
    outcomes.extend(run.all(again, 1).await);
    outcomes.sort_by_key(|(line, _)| *line);
    let mut cause = None;
    let lines = outcomes.into_iter().map(|(line, outcome)| {
        let answered = outcome.and_then(|(status, done)| Ok((status, each.answer(done)?)));
        match answered {
            Ok((status, answer)) => Answered::Done {
                line,
                status: status.as_u16(),
                answer,
            },
            Err(problem) => {
                let document = problem.document();
                cause = cause.take().or(problem.cause);
                Answered::Refused {
                    line,
                    problem: document.boxed(),
                }
            }
        }
    });
    Ok(Batch {
        lines: lines.collect(),
        cause,
    })
}

struct Run<'a, E> {
    each: &'a E,
    begin_until: Instant,
}

/// A line that was read, or what is wrong with it, with its number.
type Read<E> = (usize, Result<<E as EachLine>::Sent, Problem>);

/// What became of a line, by its number.
type Outcome<E> = (usize, Result<(StatusCode, <E as EachLine>::Done), Problem>);

impl<E: EachLine> Run<'_, E> {
    async fn all(&self, lines: Vec<Read<E>>, at_once: usize) -> Vec<Outcome<E>> {
        stream::iter(lines)
            .map(async |(line, read)| (line, self.one(read).await))
            .buffered(at_once)
            .collect()
            .await
    }

    async fn one(&self, read: Result<E::Sent, Problem>) -> Result<(StatusCode, E::Done), Problem> {
        let sent = read?;
        if Instant::now() >= self.begin_until {
            return Err(Problem::unavailable());
        }
        self.each.act(sent).await
    }
}

/// The lines that hold something, with their numbers in the body, from 1.
fn lines(body: &[u8]) -> Result<Vec<(usize, &[u8])>, Problem> {
    let too_large = |what: String| Problem::new(Kind::TooLarge, what);
    if body.len() > BYTES_MAX {
        return Err(too_large(format!(
            "at most {BYTES_MAX} bytes at once: send the lines in several requests"
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
            "the body holds no line: write one JSON object a line",
        )),
        1..=LINES_MAX => Ok(lines),
        more => Err(too_large(format!(
            "at most {LINES_MAX} lines at once, here are {more}: send them in several requests"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
        let large = vec![b' '; BYTES_MAX + 1];
        let kind = |body: &[u8]| lines(body).unwrap_err().kind;
        assert_eq!(kind(&large), Kind::TooLarge);
        assert_eq!(kind(&large[1..]), Kind::InvalidRequest);
        assert_eq!(kind(b""), Kind::InvalidRequest);
    }

    proptest! {
        #[test]
        fn each_line_is_taken_as_it_is_and_under_its_number(
            body in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..12), 0..12)
        ) {
            let mut body: Vec<Vec<u8>> = body;
            for line in &mut body {
                line.retain(|byte| *byte != b'\n');
            }
            let filled = |(_, line): &(usize, &Vec<u8>)| !line.iter().all(u8::is_ascii_whitespace);
            let expected: Vec<(usize, &[u8])> = (1..)
                .zip(&body)
                .filter(filled)
                .map(|(number, line)| (number, line.as_slice()))
                .collect();
            let joined = body.join(&b'\n');
            prop_assert_eq!(lines(&joined).unwrap_or_default(), expected);
        }
    }
}

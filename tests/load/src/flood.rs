//! Many sandboxes at once: how many events a second they answer, and how long the slowest take.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use binaries::Answer;
use serde_json::Value;

use crate::figures::{count, median, ms, percentile};
use crate::programs::by_name;
use crate::sandbox::{Program, Sandbox};
use crate::walk::{self, Functions, Issued};

/// So often each of two is measured, in turn.
const TURNS: usize = 5;

/// What so many sandboxes answered.
pub(crate) struct Rate {
    pub(crate) sandboxes: usize,
    pub(crate) name: &'static str,
    pub(crate) events_per_second: f64,
    pub(crate) p99_ms: f64,
}

/// Rates, and by how many sandboxes the page's is of the bare read's, within each turn.
pub(crate) struct Flood {
    pub(crate) rates: Vec<Rate>,
    pub(crate) ratios: Vec<(usize, f64)>,
}

struct One(Sandbox);

impl Functions for One {
    fn ask(&mut self, _: &'static str, event: &Value) -> Answer {
        let (_, answer) = self.0.answer(&serde_json::to_vec(event).unwrap());
        Answer::from(serde_json::from_slice::<Value>(&answer).unwrap())
    }
}

/// A ticket to be asked for.
pub(crate) fn issue(programs: &[Program], logs: &Path) -> Issued {
    let program = by_name(programs, "issue-tickets");
    let mut issuing = One(Sandbox::start(program, logs.join("issuing.log")));
    walk::issue(&mut issuing, "FLOOD".to_owned())
}

/// Eight and thirty-two sandboxes of the page and of the bare read, in turn.
pub(crate) fn run(programs: &[Program], ticket: &Issued, events: usize, logs: &Path) -> Flood {
    let (opened, looked_up) = (ticket.opened(), ticket.looked_up());
    let (mut rates, mut ratios) = (Vec::new(), Vec::new());
    for sandboxes in [8, 32] {
        let start = |name| {
            // A log for each: on one file they would wait for each other.
            let log = |number| logs.join(format!("{name}-{number}.log"));
            let start = |number| Sandbox::start(by_name(programs, name), log(number));
            (0..sandboxes).map(start).collect::<Vec<_>>()
        };
        let mut both = [
            ("show-ticket", start("show-ticket"), &opened),
            ("get-item", start("get-item"), &looked_up),
        ];
        let mut turns: [Vec<(f64, f64)>; 2] = [Vec::new(), Vec::new()];
        for _ in 0..TURNS {
            for (of, (_, running, event)) in both.iter_mut().enumerate() {
                turns[of].push(turn(running, event, events));
            }
        }
        let [ours, bare] = &turns;
        let ratio = |(ours, bare): (&(f64, f64), &(f64, f64))| ours.0 / bare.0;
        ratios.push((sandboxes, median(ours.iter().zip(bare).map(ratio))));
        for ((name, ..), turns) in both.iter().zip(&turns) {
            rates.push(Rate {
                sandboxes,
                name,
                events_per_second: median(turns.iter().map(|turn| turn.0)),
                p99_ms: median(turns.iter().map(|turn| turn.1)),
            });
        }
    }
    Flood { rates, ratios }
}

/// All of them answer `events` together: events a second, and the 99th percentile in ms.
fn turn(running: &mut [Sandbox], event: &Value, events: usize) -> (f64, f64) {
    let event = &serde_json::to_vec(event).unwrap();
    let left = &AtomicUsize::new(events);
    let began = Instant::now();
    let took: Vec<Duration> = thread::scope(|scope| {
        let work = |sandbox: &mut Sandbox| {
            let mut took = Vec::new();
            let one_less = |left: usize| left.checked_sub(1);
            while left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less)
                .is_ok()
            {
                took.push(sandbox.answer(event).0);
            }
            took
        };
        let threads: Vec<_> = running
            .iter_mut()
            .map(|sandbox| scope.spawn(move || work(sandbox)))
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    let seconds = began.elapsed().as_secs_f64();
    (
        count(events) / seconds,
        percentile(took.into_iter().map(ms), 99),
    )
}

//! What is measured, what it should be, and where a run fails.

use binaries::FUNCTIONS;

use crate::figures::{Figures, mib, ms};
use crate::flood::Flood;
use crate::programs::Size;
use crate::round::Measured;

/// What is held against peers that do the same.
const PAGE: &str = "show-ticket";

/// What somebody waits for who only wants to see something.
const READS: [&str; 3] = ["show-ticket", "manage-tickets", "notify-city"];

/// Those that call PayPal: its TLS, its client, and a secret to fetch as they start.
const WITH_PAYPAL: [&str; 5] = [
    "start-checkout",
    "finish-checkout",
    "receive-webhook",
    "reconcile-payments",
    "compare-books",
];

/// One figure beside its target.
pub(crate) struct Row {
    pub(crate) measure: &'static str,
    pub(crate) of: &'static str,
    pub(crate) value: f64,
    pub(crate) wanted: Wanted,
}

#[derive(Clone, Copy)]
pub(crate) enum Wanted {
    AtMost { target: f64, limit: f64 },
    AtLeast { target: f64, limit: f64 },
}

impl Row {
    fn at_most(
        measure: &'static str,
        of: &'static str,
        value: f64,
        target: f64,
        limit: f64,
    ) -> Self {
        Self {
            measure,
            of,
            value,
            wanted: Wanted::AtMost { target, limit },
        }
    }

    fn at_least(measure: &'static str, value: f64, target: f64, limit: f64) -> Self {
        Self {
            measure,
            of: PAGE,
            value,
            wanted: Wanted::AtLeast { target, limit },
        }
    }

    pub(crate) fn is_within_target(&self) -> bool {
        match self.wanted {
            Wanted::AtMost { target, .. } => self.value <= target,
            Wanted::AtLeast { target, .. } => self.value >= target,
        }
    }

    pub(crate) fn is_above_limit(&self) -> bool {
        // What is no number has not been measured.
        self.value.is_nan()
            || match self.wanted {
                Wanted::AtMost { limit, .. } => self.value > limit,
                Wanted::AtLeast { limit, .. } => self.value < limit,
            }
    }
}

/// All of them.
pub(crate) fn all(figures: &Figures, flood: &Flood, sizes: &[Size]) -> Vec<Row> {
    let mut rows = cold(figures);
    rows.extend(warm(figures, flood));
    rows.extend(sizes.iter().flat_map(size));
    rows.extend(FUNCTIONS.map(|name| {
        let memory = figures.of(name, Measured::memory);
        Row::at_most("memory (VmHWM), MiB", name, memory, 10.0, 20.0)
    }));
    rows.extend(others(figures));
    rows
}

fn cold(figures: &Figures) -> Vec<Row> {
    let until_first = FUNCTIONS.map(|name| {
        // The first answer of the others is a payment, a sweep, a message: many calls.
        let (target, limit) = if READS.contains(&name) {
            (4.0, 8.0)
        } else {
            (5.0, 15.0)
        };
        let ratio = figures.ratio(name, "floor", Measured::cold_cpu);
        let measure = "CPU until the first answer, of the floor's";
        Row::at_most(measure, name, ratio, target, limit)
    });
    let first = READS.map(|name| {
        let of_warm = |measured: &Measured| ms(measured.first) / measured.warm();
        let ratio = figures.of(name, of_warm);
        Row::at_most("first request, of a warm one", name, ratio, 1.3, 5.0)
    });
    until_first.into_iter().chain(first).collect()
}

fn warm(figures: &Figures, flood: &Flood) -> Vec<Row> {
    let p50 = figures.ratio(PAGE, "get-item", Measured::warm);
    let cpu = figures.ratio(PAGE, "hello", Measured::event_cpu);
    let mut rows = vec![
        Row::at_most("warm p50, of a bare GetItem's", PAGE, p50, 1.25, 1.6),
        Row::at_most("CPU of an event, of hello's", PAGE, cpu, 4.2, 7.0),
    ];
    for (sandboxes, ratio) in &flood.ratios {
        let measure = match sandboxes {
            8 => "events/s of 8 sandboxes, of a bare GetItem's",
            _ => "events/s of 32 sandboxes, of a bare GetItem's",
        };
        rows.push(Row::at_least(measure, *ratio, 0.9, 0.5));
    }
    rows
}

fn size(size: &Size) -> [Row; 2] {
    let calls_others = WITH_PAYPAL.contains(&size.name) || size.name == "notify-city";
    let (file, gzip) = if calls_others { (8.5, 3.5) } else { (7.0, 3.0) };
    [
        Row::at_most("bootstrap, MiB", size.name, mib(size.file), file, 12.0),
        Row::at_most("the same, gzip, MiB", size.name, mib(size.gzip), gzip, 5.0),
    ]
}

fn others(figures: &Figures) -> Vec<Row> {
    let cold = |other| figures.ratio(other, PAGE, Measured::cold);
    let warm = |other| figures.ratio(other, PAGE, Measured::warm);
    let memory = figures.ratio("node", PAGE, Measured::memory);
    let first_page = "start to first page: Node's, of ours";
    vec![
        Row::at_least(first_page, cold("node"), 30.0, 15.0),
        Row::at_least("warm p50: Node's, of ours", warm("node"), 4.0, 2.0),
        Row::at_least("memory: Node's, of ours", memory, 8.0, 5.0),
    ]
}

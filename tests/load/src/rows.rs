//! What is measured, what it should be, and where a run fails.

use binaries::FUNCTIONS;

use crate::figures::{Figures, mib};
use crate::flood::Flood;
use crate::programs::Size;
use crate::round::Measured;

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
    pub(crate) fn is_within_target(&self) -> bool {
        match self.wanted {
            Wanted::AtMost { target, .. } => self.value <= target,
            Wanted::AtLeast { target, .. } => self.value >= target,
        }
    }

    pub(crate) fn is_above_limit(&self) -> bool {
        // What is no number has not been measured.
        match self.wanted {
            Wanted::AtMost { limit, .. } => !(self.value <= limit),
            Wanted::AtLeast { limit, .. } => !(self.value >= limit),
        }
    }
}

/// All of them.
pub(crate) fn all(figures: &Figures, flood: &Flood, sizes: &[Size]) -> Vec<Row> {
    let at_most = |measure, of, value, target, limit| Row {
        measure,
        of,
        value,
        wanted: Wanted::AtMost { target, limit },
    };
    let at_least = |measure, of, value, target, limit| Row {
        measure,
        of,
        value,
        wanted: Wanted::AtLeast { target, limit },
    };
    let mut rows = Vec::new();
    for name in FUNCTIONS {
        let ratio = figures.ratio(name, "floor", Measured::cold_cpu);
        let (target, limit) = if WITH_PAYPAL.contains(&name) {
            (5.0, 10.0)
        } else {
            (4.0, 8.0)
        };
        let measure = "CPU until the first answer, of the floor's";
        rows.push(at_most(measure, name, ratio, target, limit));
    }
    for name in ["show-ticket", "manage-tickets"] {
        let first = |measured: &Measured| crate::figures::ms(measured.first) / measured.warm();
        let measure = "first request, of a warm one";
        rows.push(at_most(measure, name, figures.of(name, first), 1.3, 5.0));
    }
    let page = "show-ticket";
    let warm = figures.ratio(page, "get-item", Measured::warm);
    rows.push(at_most(
        "warm p50, of a bare GetItem's",
        page,
        warm,
        1.25,
        1.6,
    ));
    let cpu = figures.ratio(page, "hello", Measured::event_cpu);
    rows.push(at_most("CPU of an event, of hello's", page, cpu, 4.2, 7.0));
    for (sandboxes, ratio) in &flood.ratios {
        let measure = match sandboxes {
            8 => "events/s of 8 sandboxes, of a bare GetItem's",
            _ => "events/s of 32 sandboxes, of a bare GetItem's",
        };
        rows.push(at_least(measure, page, *ratio, 0.9, 0.6));
    }
    for size in sizes {
        let (file, gzip) = if WITH_PAYPAL.contains(&size.name) || size.name == "notify-city" {
            (8.5, 3.5)
        } else {
            (7.0, 3.0)
        };
        rows.push(at_most(
            "bootstrap, MiB",
            size.name,
            mib(size.file),
            file,
            12.0,
        ));
        rows.push(at_most(
            "the same, gzip, MiB",
            size.name,
            mib(size.gzip),
            gzip,
            5.0,
        ));
    }
    for name in FUNCTIONS {
        let memory = figures.of(name, Measured::memory);
        rows.push(at_most("memory (VmHWM), MiB", name, memory, 10.0, 20.0));
    }
    let cold = |other| figures.ratio(other, page, Measured::cold);
    let warm = |other| figures.ratio(other, page, Measured::warm);
    rows.push(at_least(
        "start to first page: Node's, of ours",
        page,
        cold("node"),
        30.0,
        15.0,
    ));
    rows.push(at_least(
        "warm p50: Node's, of ours",
        page,
        warm("node"),
        4.0,
        2.0,
    ));
    rows.push(at_least(
        "start to first page: Python's, of ours",
        page,
        cold("python"),
        30.0,
        15.0,
    ));
    rows.push(at_least(
        "warm p50: Python's, of ours",
        page,
        warm("python"),
        4.0,
        2.0,
    ));
    let memory = figures.ratio("node", page, Measured::memory);
    rows.push(at_least("memory: Node's, of ours", page, memory, 8.0, 5.0));
    rows
}

//! What people see: a table, and a plot.

use std::fmt::Write;

use crate::figures::{Figures, count, mib, ms};
use crate::flood::Flood;
use crate::programs::Size;
use crate::round::Measured;
use crate::rows::{Row, Wanted};
use crate::share::Share;

/// Every process with its medians, then every row beside target and limit.
pub(crate) fn markdown(
    figures: &Figures,
    flood: &Flood,
    shares: &[Share],
    sizes: &[Size],
    rows: &[Row],
) -> String {
    let mut text = String::from(
        "| process | init ms | first ms | warm p50 ms | p99 ms | CPU at INIT ms | CPU of first ms | CPU/event ms | memory MiB | file MiB | gzip MiB |\n\
         |---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    let Some(round) = figures.0.first() else {
        return text;
    };
    for name in round.keys().copied() {
        let size = sizes.iter().find(|size| size.name == name);
        let size = size.map_or(String::from("|"), |size| {
            format!("{:.2} | {:.2}", mib(size.file), mib(size.gzip))
        });
        let _ = writeln!(
            text,
            "| {name} | {:.1} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.3} | {:.1} | {size} |",
            figures.of(name, |measured| ms(measured.init)),
            figures.of(name, |measured| ms(measured.first)),
            figures.of(name, Measured::warm),
            figures.p99(name),
            figures.of(name, |measured| ms(measured.init_cpu)),
            figures.of(name, |measured| ms(measured.first_cpu)),
            figures.of(name, Measured::event_cpu),
            figures.of(name, Measured::memory),
        );
    }
    text.push_str("\n| sandboxes at once | of | events/s | p99 ms |\n|---|---|---|---|\n");
    for rate in &flood.rates {
        let _ = writeln!(
            text,
            "| {} | {} | {:.0} | {:.1} |",
            rate.sandboxes, rate.name, rate.events_per_second, rate.p99_ms,
        );
    }
    text.push_str(
        "\n| memory, as a share of the CPU | of | first ms | warm p50 ms |\n|---|---|---|---|\n",
    );
    for share in shares {
        let _ = writeln!(
            text,
            "| {} MB | {} | {:.1} | {:.1} |",
            share.megabytes, share.name, share.first_ms, share.warm_ms,
        );
    }
    text.push_str("\n| measure | of | measured | target | fails | |\n|---|---|---|---|---|---|\n");
    for row in rows {
        let (sign, target, beyond, limit) = match row.wanted {
            Wanted::AtMost { target, limit } => ("≤", target, ">", limit),
            Wanted::AtLeast { target, limit } => ("≥", target, "<", limit),
        };
        let verdict = if row.is_above_limit() {
            "**fails**"
        } else if row.is_within_target() {
            "✓"
        } else {
            "missed"
        };
        let _ = writeln!(
            text,
            "| {} | {} | {:.2} | {sign} {target} | {beyond} {limit} | {verdict} |",
            row.measure, row.of, row.value,
        );
    }
    text
}

const LABELS: f64 = 430.0;
const BAR: f64 = 200.0;
const LINE: f64 = 18.0;
/// A bar that is as many times as long as its target says no more than this.
const LONGEST: f64 = 2.0;

/// Each row as a bar, which ends before the line where the target is reached.
pub(crate) fn svg(rows: &[Row]) -> String {
    let height = LINE * (count(rows.len()) + 2.0);
    let width = LABELS + BAR * LONGEST + 90.0;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         font-family=\"system-ui,sans-serif\" font-size=\"12\">\n\
         <title>Each figure, as a part of its target</title>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    for (place, row) in rows.iter().enumerate() {
        let of_target = match row.wanted {
            Wanted::AtMost { target, .. } => row.value / target,
            Wanted::AtLeast { target, .. } => target / row.value,
        };
        let colour = if row.is_above_limit() {
            "#b3261e"
        } else if row.is_within_target() {
            "#2e7d4f"
        } else {
            "#c98a00"
        };
        let top = LINE * (count(place) + 1.0);
        let _ = writeln!(
            text,
            "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">{}, {}</text>\
             <rect x=\"{LABELS}\" y=\"{:.0}\" width=\"{:.0}\" height=\"12\" fill=\"{colour}\"/>\
             <text x=\"{:.0}\" y=\"{:.0}\">{:.2}</text>",
            LABELS - 8.0,
            top + 10.0,
            row.of,
            row.measure,
            top,
            BAR * of_target.min(LONGEST),
            LABELS + BAR * of_target.min(LONGEST) + 6.0,
            top + 10.0,
            row.value,
        );
    }
    let _ = writeln!(
        text,
        "<line x1=\"{0}\" x2=\"{0}\" y1=\"12\" y2=\"{height}\" stroke=\"#333\" stroke-dasharray=\"3\"/>\n\
         <text x=\"{0}\" y=\"10\" text-anchor=\"middle\">target</text>\n</svg>",
        LABELS + BAR,
    );
    text
}

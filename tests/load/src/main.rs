//! What a function costs: measured in one run, beside a floor and peers that do the same.
//!
//! ```text
//! load ─▶ Runtime API ─▶ bootstrap ─▶ TLS ─┬─▶ table (embedded)
//!                                          ├─▶ PayPal stand-in
//!                                          └─▶ parameter store
//! ```
//!
//! `tests/load/run` builds what is started here, and starts this.

#![expect(clippy::unwrap_used, reason = "what fails to unwrap fails the run")]
#![expect(clippy::float_arithmetic, reason = "figures to be read, no money")]
#![expect(clippy::print_stdout, reason = "this is what it is for")]

mod figures;
mod flood;
mod programs;
mod report;
mod round;
mod rows;
mod sandbox;
mod share;
mod subscriber;
mod walk;

use std::path::PathBuf;
use std::process::ExitCode;

use binaries::{City, clock};

use crate::figures::Figures;

const HELP: &str =
    "load FOLDER [--rounds N] [--walks N] [--events N] [--markdown FILE] [--svg FILE]

FOLDER     where the bootstraps and their peers are, as tests/load/run builds them
--rounds   how often each process is started
--walks    how many tickets are paid in each round
--events   how many events eight sandboxes answer together
--markdown, --svg   where the report is written";

struct Asked {
    folder: PathBuf,
    rounds: usize,
    walks: usize,
    events: usize,
    markdown: Option<PathBuf>,
    svg: Option<PathBuf>,
}

impl Asked {
    fn read() -> Result<Self, lexopt::Error> {
        use lexopt::prelude::*;
        let mut asked = Self {
            folder: PathBuf::new(),
            rounds: 24,
            walks: 6,
            events: 4_000,
            markdown: None,
            svg: None,
        };
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                Long("rounds") => asked.rounds = parser.value()?.parse()?,
                Long("walks") => asked.walks = parser.value()?.parse()?,
                Long("events") => asked.events = parser.value()?.parse()?,
                Long("markdown") => asked.markdown = Some(parser.value()?.into()),
                Long("svg") => asked.svg = Some(parser.value()?.into()),
                Long("help") => {
                    println!("{HELP}");
                    std::process::exit(0);
                }
                Value(folder) => asked.folder = folder.into(),
                Short(_) | Long(_) => return Err(argument.unexpected()),
            }
        }
        Ok(asked)
    }
}

fn main() -> ExitCode {
    let asked = match Asked::read() {
        Ok(asked) => asked,
        Err(error) => {
            println!("{error}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    // What the functions come to runs beside them, on the same cores.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _inside = runtime.enter();
    let subscriber = subscriber::start();
    let city = runtime.block_on(City::over_tls(&subscriber, clock()));
    let logs = tempfile::tempdir().unwrap();

    let copies = tempfile::tempdir().unwrap();
    programs::copy(&asked.folder, copies.path());
    let programs = programs::all(&city, copies.path());
    let mut in_turn = programs.clone();
    let mut dice = fastrand::Rng::with_seed(0);
    let rounds = (0..asked.rounds).map(|round| {
        // Whoever starts after Python finds caches that hold nothing of ours.
        dice.shuffle(&mut in_turn);
        let name = format!("R{round}");
        round::run(&city, &in_turn, asked.walks, &name, logs.path())
    });
    let figures = Figures(rounds.collect());
    let ticket = flood::issue(&programs, logs.path());
    let flood = flood::run(&programs, &ticket, asked.events, logs.path());
    let shares = share::run(&programs, &ticket, logs.path());
    let sizes = programs::sizes(&asked.folder);

    let rows = rows::all(&figures, &flood, &sizes);
    let report = report::markdown(&figures, &flood, &shares, &sizes, &rows);
    println!("{report}");
    if let Some(file) = &asked.markdown {
        std::fs::write(file, &report).unwrap();
    }
    if let Some(file) = &asked.svg {
        std::fs::write(file, report::svg(&rows)).unwrap();
    }
    let above = rows.iter().filter(|row| row.is_above_limit()).count();
    if above > 0 {
        println!("{above} above their limit");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

//! One round: every process is started, asked once, and asked again and again, in turn.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use binaries::{Answer, City};
use serde_json::Value;

use crate::sandbox::{Program, Sandbox};
use crate::walk::{self, Functions, Issued};

/// So often each peer and each page is asked in one walk: they are held against each other.
const ASKED_EACH_WALK: usize = 4;

/// What one process has cost in one round.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measured {
    pub(crate) init: Duration,
    pub(crate) init_cpu: Duration,
    pub(crate) first: Duration,
    pub(crate) first_cpu: Duration,
    /// Each further event.
    pub(crate) warm: Vec<Duration>,
    pub(crate) warm_cpu: Duration,
    /// The most memory it has had, in bytes.
    pub(crate) memory: u64,
}

/// By name.
pub(crate) type Round = BTreeMap<&'static str, Measured>;

struct Measuring {
    sandboxes: BTreeMap<&'static str, Sandbox>,
    measured: Round,
}

impl Functions for Measuring {
    fn ask(&mut self, function: &'static str, event: &Value) -> Answer {
        let event = serde_json::to_vec(event).unwrap();
        let sandbox = self.sandboxes.get_mut(function).unwrap();
        let cost = sandbox.invoke(&event);
        let measured = self.measured.get_mut(function).unwrap();
        if measured.first.is_zero() {
            measured.first = cost.took;
            measured.first_cpu = cost.cpu;
        } else {
            measured.warm.push(cost.took);
            measured.warm_cpu += cost.cpu;
        }
        let answer = serde_json::from_slice::<Value>(&cost.answer);
        Answer::from(answer.unwrap_or_default())
    }
}

/// Starts all `programs` one after the other and has `walks` tickets paid, whose case numbers
/// begin with `name`.
pub(crate) fn run(
    city: &City,
    programs: &[Program],
    walks: usize,
    name: &str,
    logs: &Path,
) -> Round {
    let mut measuring = Measuring {
        sandboxes: BTreeMap::new(),
        measured: Round::new(),
    };
    for program in programs {
        let log = logs.join(format!("{}.log", program.name));
        let sandbox = Sandbox::start(program, log);
        let measured = Measured {
            init: sandbox.init,
            init_cpu: sandbox.init_cpu,
            ..Measured::default()
        };
        measuring.measured.insert(program.name, measured);
        measuring.sandboxes.insert(program.name, sandbox);
    }
    for walk in 0..walks {
        let paid = walk::issue(&mut measuring, format!("{name}-{walk}-P"));
        let other = walk::issue(&mut measuring, format!("{name}-{walk}-C"));
        ask_peers(&mut measuring, &other);
        walk::pay(city, &mut measuring, &paid, &other);
    }
    for (name, sandbox) in &measuring.sandboxes {
        measuring.measured.get_mut(name).unwrap().memory = sandbox.memory();
    }
    measuring.measured
}

/// The page, and whatever does the same or less.
fn ask_peers(measuring: &mut Measuring, ticket: &Issued) {
    for _ in 0..ASKED_EACH_WALK {
        for name in ["floor", "hello"] {
            measuring.ask(name, &ticket.looked_up());
        }
        let read = measuring.ask("get-item", &ticket.looked_up());
        assert_eq!(read.body(), ticket.case_number, "{read:?}");
        for name in ["show-ticket", "node", "python"] {
            let page = measuring.ask(name, &ticket.opened());
            assert_eq!((page.status(), page.state()), (200, "open"), "{page:?}");
            assert!(page.body().contains(&ticket.case_number), "{page:?}");
        }
        let case = measuring.ask("manage-tickets", &ticket.looked_up());
        assert_eq!(case.status(), 200, "{case:?}");
    }
}

//! Lambda's share of a CPU: INIT has a whole one, an invocation as much as its memory brings.
//!
//! Source: AWS Lambda developer guide, "Configure Lambda function memory": 1,769 MB are one
//! vCPU. The control group of the kernel gives a process its part of every 20 ms.

use std::fs;
use std::path::{Path, PathBuf};

use crate::figures::{median, ms};
use crate::programs::by_name;
use crate::sandbox::{Program, Sandbox};
use crate::walk::Issued;

/// Memory that is one vCPU, in MB.
const WHOLE_MB: u32 = 1_769;
const PERIOD_US: u32 = 20_000;

/// Starts, and further events of each.
const STARTS: usize = 5;
const EVENTS: usize = 10;

/// What a process with so much memory takes.
pub(crate) struct Share {
    pub(crate) megabytes: u32,
    pub(crate) name: &'static str,
    pub(crate) first_ms: f64,
    pub(crate) warm_ms: f64,
}

/// The page and its peers with 128 and 256 MB; nothing where control groups cannot be made.
pub(crate) fn run(programs: &[Program], ticket: &Issued, logs: &Path) -> Vec<Share> {
    let mut shares = Vec::new();
    for megabytes in [128, 256] {
        for name in ["show-ticket", "node", "python"] {
            let mut first = Vec::new();
            let mut warm = Vec::new();
            for _ in 0..STARTS {
                let Some(group) = Group::new(megabytes) else {
                    return Vec::new();
                };
                let log = logs.join("share.log");
                let mut sandbox = Sandbox::start(by_name(programs, name), log);
                group.take(&sandbox);
                let event = serde_json::to_vec(&ticket.opened()).unwrap();
                first.push(ms(sandbox.answer(&event).0));
                warm.extend((0..EVENTS).map(|_| ms(sandbox.answer(&event).0)));
                // It must be gone before its group.
                drop(sandbox);
                drop(group);
            }
            shares.push(Share {
                megabytes,
                name,
                first_ms: median(first),
                warm_ms: median(warm),
            });
        }
    }
    shares
}

/// A control group of our own, removed when it is dropped.
struct Group(PathBuf);

impl Group {
    fn new(megabytes: u32) -> Option<Self> {
        let quota = PERIOD_US * megabytes / WHOLE_MB;
        let name = format!("load-{}", std::process::id());
        // Version 1 has a tree for each controller, version 2 one for all.
        let first = Path::new("/sys/fs/cgroup/cpu");
        if first.is_dir() {
            let group = Self(first.join(name));
            fs::create_dir(&group.0).ok()?;
            fs::write(group.0.join("cpu.cfs_period_us"), PERIOD_US.to_string()).ok()?;
            fs::write(group.0.join("cpu.cfs_quota_us"), quota.to_string()).ok()?;
            return Some(group);
        }
        let group = Self(Path::new("/sys/fs/cgroup").join(name));
        fs::create_dir(&group.0).ok()?;
        fs::write(group.0.join("cpu.max"), format!("{quota} {PERIOD_US}")).ok()?;
        Some(group)
    }

    fn take(&self, sandbox: &Sandbox) {
        fs::write(self.0.join("cgroup.procs"), sandbox.id().to_string()).unwrap();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

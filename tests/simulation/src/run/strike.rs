//! What becomes of a call: it is decided, and happens.

use std::collections::BTreeSet;
use std::time::Duration;

use http::Request;
use paypal_standin::{Fault, FaultKind, On};
use tokio::time::Instant;

use super::{Deferred, Run};
use crate::engine::{Answer, written_keys};
use crate::fate::{Fate, paypal_call};
use crate::laws;
use crate::net::{Call, Sender, TableCall, TaskId};
use crate::plan::Place;
use crate::points::{Point, name};

/// An index may show what was this long ago.
const INDEX_LAG: Duration = Duration::from_mins(1);
/// How often the store tries a transaction that meets another one, and once more.
const CONFLICTS: u32 = 6;

impl Run {
    /// Decides what becomes of a call, and writes it down.
    pub(super) fn fate(&mut self, task: TaskId, call: &Call) -> Fate {
        if !self.prepared {
            return Fate::Goes;
        }
        let number = self.calls;
        self.calls += 1;
        let function = self.tasks[task].as_ref().and_then(|task| task.function);
        let boundary = name(function, call);
        let nth = self.come_to.entry(boundary.clone()).or_default();
        *nth += 1;
        let place = Place {
            boundary,
            nth: *nth,
        };
        let doomed = match call {
            Call::Table(call) => self.doomed.get(&call.invocation).copied(),
            Call::PayPal(_) | Call::Turn(_) => None,
        };
        // A plan made for other code may ask for what cannot be: a stale answer to
        // a strongly consistent read.
        let planned = self
            .plan
            .faults
            .iter()
            .find(|(at, fate)| *at == place && Fate::faults(call).contains(fate));
        let fate = match (doomed, planned) {
            (Some(fate), _) | (None, Some(&(_, fate))) => fate,
            (None, None) => self.by_chance(call),
        };
        self.tell(|| {
            let struck = if fate == Fate::Goes {
                String::new()
            } else {
                format!("  ✗ {fate}")
            };
            let at = self.world.now().strftime("%H:%M:%S").to_string();
            format!("{number:5} {at} [{task}] {place}{struck}")
        });
        if fate != Fate::Goes && doomed.is_none() {
            self.struck.push((place.boundary.clone(), fate));
            let now = self.world.now();
            self.world.history.borrow_mut().last_fault_at = Some(now);
        }
        if self.collect {
            self.points.push(Point {
                number,
                place,
                fates: Fate::faults(call),
            });
        }
        fate
    }

    fn by_chance(&mut self, call: &Call) -> Fate {
        if self.plan.faults_once_in == 0 || self.world.calm.get() {
            return Fate::Goes;
        }
        let mut choices = self.world.choices.borrow_mut();
        if !choices.once_in(self.plan.faults_once_in) {
            return Fate::Goes;
        }
        let mut fates = Fate::faults(call);
        if !self.world.habits.borrow().is_empty() {
            fates.retain(|fate| !fate.lies());
        }
        let kinds: BTreeSet<Fate> = fates.iter().map(|fate| fate.kind()).collect();
        let kinds: Vec<Fate> = kinds.into_iter().collect();
        if kinds.is_empty() {
            return Fate::Goes;
        }
        // A refusal has a hundred names, and is one kind of fault among others.
        let kind = kinds[choices.one_of(kinds.len())];
        let of_it: Vec<Fate> = fates.into_iter().filter(|it| it.kind() == kind).collect();
        of_it[choices.one_of(of_it.len())]
    }

    /// Lets a call meet its fate.
    pub(super) fn strike(&mut self, task: TaskId, call: Call, answer: Sender, fate: Fate) {
        if fate == Fate::CrashBefore {
            self.kill(task, "a crash");
            return;
        }
        if let Some(delay) = fate.delay() {
            let at = Instant::now() + laws::no_later_than_the_lease(&self.world, &call, delay);
            self.deferred.push(Deferred { at, call, answer });
            return;
        }
        match (call, answer) {
            (Call::Table(call), Sender::Table(sender)) => {
                let answer = self.at_the_table(task, &call, fate);
                let _ = sender.send(answer);
            }
            (Call::PayPal(request), Sender::PayPal(sender)) => {
                let answer = self.at_paypal(&request, fate);
                // Whoever dies of it has not heard it.
                if let Some(answer) = &answer
                    && !matches!(fate, Fate::CrashAfter | Fate::Frozen(_))
                {
                    laws::paypal_has_answered(&self.world, &request, answer);
                }
                let _ = sender.send(answer);
            }
            (Call::Table(_) | Call::PayPal(_) | Call::Turn(_), _) => {}
        }
        match fate {
            Fate::CrashAfter => self.kill(task, "a crash"),
            Fate::Frozen(seconds) => {
                if let Some(task) = &mut self.tasks[task] {
                    task.thaws_at = Some(Instant::now() + Duration::from_secs(seconds.into()));
                }
            }
            _ => {}
        }
    }

    fn at_the_table(&mut self, task: TaskId, call: &TableCall, fate: Fate) -> Option<Answer> {
        if call.operation == "TransactWriteItems"
            && let Some(left) = self.conflicts_left.get_mut(&task)
            && *left > 0
        {
            *left -= 1;
            return Some(Answer::cancelled("TransactionConflict", 1));
        }
        let doom = |run: &mut Self| {
            run.doomed.insert(call.invocation.clone(), fate);
        };
        match fate {
            Fate::Error => Some(Answer::error(500, "InternalServerError")),
            Fate::Down => {
                doom(self);
                Some(Answer::error(400, "ThrottlingException"))
            }
            Fate::Throttled => Some(Answer::error(400, "ProvisionedThroughputExceededException")),
            Fate::Lost => {
                self.execute(Some(task), call);
                None
            }
            Fate::LostForGood => {
                doom(self);
                self.execute(Some(task), call);
                None
            }
            Fate::Twice => {
                self.execute(Some(task), call);
                Some(self.execute(Some(task), call))
            }
            Fate::Stale => {
                let then = Instant::now().checked_sub(INDEX_LAG);
                let then = then.unwrap_or_else(Instant::now);
                let engine = self.world.engine.borrow();
                let before = self.world.engine_before.borrow();
                let asked = match &*before {
                    Some(before) if before.is_asked(&call.body) => before,
                    Some(_) | None => &engine,
                };
                Some(asked.stale(&call.operation, &call.body, then))
            }
            Fate::FalselyRefused => {
                let answer = self.execute(Some(task), call);
                Some(if answer.status == 200 {
                    Answer::cancelled("ConditionalCheckFailed", 1)
                } else {
                    answer
                })
            }
            Fate::Conflict => Some(Answer::cancelled("TransactionConflict", 1)),
            Fate::Conflicts => {
                self.conflicts_left.insert(task, CONFLICTS - 1);
                Some(Answer::cancelled("TransactionConflict", 1))
            }
            Fate::Goes
            | Fate::CrashBefore
            | Fate::CrashAfter
            | Fate::NoAnswer
            | Fate::Late(_)
            | Fate::Frozen(_)
            | Fate::Standin(_)
            | Fate::Refused(_)
            | Fate::RefusedAfterEffect(_) => Some(self.execute(Some(task), call)),
        }
    }

    pub(super) fn execute(&self, by: Option<TaskId>, call: &TableCall) -> Answer {
        // Who was called before a restore still has the old table.
        if !self.world.engine.borrow().is_asked(&call.body)
            && let Some(before) = &mut *self.world.engine_before.borrow_mut()
        {
            return before.execute(&call.operation, &call.body, Instant::now());
        }
        let answer =
            self.world
                .engine
                .borrow_mut()
                .execute(&call.operation, &call.body, Instant::now());
        if answer.status == 200 {
            let keys = written_keys(&call.operation, &call.body);
            if !keys.is_empty() {
                let by = by.and_then(|task| self.tasks[task].as_ref()?.function);
                laws::after_a_write(&self.world, by, &keys);
            }
        }
        answer
    }

    pub(super) fn at_paypal(
        &self,
        request: &Request<bytes::Bytes>,
        fate: Fate,
    ) -> Option<http::Response<bytes::Bytes>> {
        let on = paypal_call(request).unwrap_or(On::Any);
        if on == On::Capture && fate != Fate::NoAnswer {
            laws::a_capture_goes(&self.world, request);
        }
        let standin = &self.world.standin;
        let struck_by = |kind: FaultKind| {
            standin
                .set_fault(Fault::once(on, kind))
                .expect("a fault that fits");
        };
        if let Some(fault) = self.world.standing_fault.get() {
            standin.set_fault(fault).expect("a fault that fits");
        }
        let answer = match fate {
            Fate::NoAnswer => None,
            Fate::Lost => {
                let _ = standin.exchange(request);
                None
            }
            Fate::Twice => {
                let _ = standin.exchange(request);
                standin.exchange(request).answer
            }
            Fate::Error => {
                struck_by(FaultKind::ServerError);
                standin.exchange(request).answer
            }
            Fate::Throttled => {
                struck_by(FaultKind::RateLimit);
                standin.exchange(request).answer
            }
            Fate::Standin(odd) => {
                if odd.changes_facts() {
                    laws::other_facts_from_now_on(&self.world, request);
                }
                struck_by(odd.kind());
                standin.exchange(request).answer
            }
            Fate::Refused(issue) => {
                struck_by(FaultKind::Refused(issue));
                standin.exchange(request).answer
            }
            Fate::RefusedAfterEffect(issue) => {
                struck_by(FaultKind::RefusedAfterEffect(issue));
                standin.exchange(request).answer
            }
            Fate::Goes
            | Fate::CrashBefore
            | Fate::CrashAfter
            | Fate::LostForGood
            | Fate::Down
            | Fate::Late(_)
            | Fate::Stale
            | Fate::FalselyRefused
            | Fate::Conflict
            | Fate::Conflicts
            | Fate::Frozen(_) => standin.exchange(request).answer,
        };
        standin.clear_faults();
        laws::after_a_call_to_paypal(&self.world, request);
        self.tell(|| format!("               PayPal says: {}", said(answer.as_ref())));
        answer
    }

    /// The process dies: whatever it was about to do, it does not.
    pub(super) fn kill(&mut self, id: TaskId, by: &str) {
        let Some(task) = self.tasks[id].take() else {
            return;
        };
        if task.function.is_some() {
            self.world.history.borrow_mut().sometimes("a process died");
        }
        self.tell(|| format!("      [{id}] ✝ killed by {by}"));
    }
}

/// An answer in a few words, for a human who replays a plan.
fn said(answer: Option<&http::Response<bytes::Bytes>>) -> String {
    let Some(answer) = answer else {
        return "nothing".to_owned();
    };
    let body: serde_json::Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    let words = [
        "/status",
        "/purchase_units/0/payments/captures/0/status",
        "/details/0/issue",
    ];
    let words = words.iter().filter_map(|at| body.pointer(at)?.as_str());
    let words: Vec<&str> = words.collect();
    format!("{} {}", answer.status().as_u16(), words.join(" "))
}

//! What a run is made of: told in one line, run again from it.

use std::fmt;
use std::str::FromStr;

use crate::fate::Fate;
use crate::habits::Habit;

/// A run that can be had again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Who does what.
    pub(crate) scenario: String,
    /// Every id, and every decision left to chance, follows from it.
    pub(crate) seed: u64,
    /// How PayPal is all through the run.
    pub(crate) habits: Vec<Habit>,
    /// Which calls meet another fate than to go through.
    pub(crate) faults: Vec<(Place, Fate)>,
    /// One call in how many meets a fault by chance; 0 for none.
    pub(crate) faults_once_in: u32,
    /// Who goes next.
    pub(crate) order: Order,
}

/// A call of a run, told so that it is found again after the code has changed:
/// the boundary, and which of its calls it is, from 1. A plan that is typed may
/// say `#2-5` for the second to the fifth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) boundary: String,
    pub(crate) nth: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.boundary, self.nth)
    }
}

/// Who goes next, of those that wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Who has waited longest.
    InTurn,
    /// Anybody, by the seed.
    Chance,
    /// As the list says; then the first that can.
    Script(Vec<u32>),
    /// Who has waited longest; the list says what the story itself decides.
    Story(Vec<u32>),
}

impl Plan {
    /// The scenario without any fault.
    pub(crate) fn calm(scenario: &str) -> Self {
        Self {
            scenario: scenario.to_owned(),
            seed: 1,
            habits: Vec::new(),
            faults: Vec::new(),
            faults_once_in: 0,
            order: Order::InTurn,
        }
    }

    /// The same with faults.
    pub(crate) fn with(&self, faults: Vec<(Place, Fate)>) -> Self {
        Self {
            faults,
            ..self.clone()
        }
    }

    /// The same at a PayPal that has these habits.
    pub(crate) fn at(&self, habits: &[Habit]) -> Self {
        Self {
            habits: habits.to_vec(),
            ..self.clone()
        }
    }

    /// Whatever this seed brings.
    pub(crate) fn chance(scenario: &str, seed: u64, faults_once_in: u32) -> Self {
        Self {
            scenario: scenario.to_owned(),
            seed,
            habits: Vec::new(),
            faults: Vec::new(),
            faults_once_in,
            order: Order::Chance,
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{};seed={}", self.scenario, self.seed)?;
        if !self.habits.is_empty() {
            let names: Vec<&str> = self.habits.iter().map(|habit| habit.name).collect();
            write!(f, ";habits={}", names.join("+"))?;
        }
        if self.faults_once_in > 0 {
            write!(f, ";faults=1/{}", self.faults_once_in)?;
        }
        for (place, fate) in &self.faults {
            write!(f, ";{place}={fate}")?;
        }
        match &self.order {
            Order::InTurn => Ok(()),
            Order::Chance => f.write_str(";order=chance"),
            Order::Script(script) => write!(f, ";order={}", dotted(script)),
            Order::Story(script) => write!(f, ";story={}", dotted(script)),
        }
    }
}

impl FromStr for Plan {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split(';');
        let mut plan = Self::calm(parts.next().unwrap_or_default());
        for part in parts {
            let wrong = || format!("{part} is no part of a plan");
            if let Some(seed) = part.strip_prefix("seed=") {
                plan.seed = seed.parse().map_err(|_| wrong())?;
            } else if let Some(names) = part.strip_prefix("habits=") {
                let habits: Result<_, String> = names.split('+').map(str::parse).collect();
                plan.habits = habits?;
            } else if let Some(times) = part.strip_prefix("faults=1/") {
                plan.faults_once_in = times.parse().map_err(|_| wrong())?;
            } else if part == "order=chance" {
                plan.order = Order::Chance;
            } else if let Some(script) = part.strip_prefix("order=") {
                plan.order = Order::Script(undotted(script).ok_or_else(wrong)?);
            } else if let Some(script) = part.strip_prefix("story=") {
                plan.order = Order::Story(undotted(script).ok_or_else(wrong)?);
            } else {
                let (place, fate) = part.rsplit_once('=').ok_or_else(wrong)?;
                let (boundary, which) = place.rsplit_once('#').ok_or_else(wrong)?;
                let (first, last) = which.split_once('-').unwrap_or((which, which));
                let first: u32 = first.parse().map_err(|_| wrong())?;
                let last: u32 = last.parse().map_err(|_| wrong())?;
                // A range of nothing would be a plan that shows nothing.
                if first > last {
                    return Err(wrong());
                }
                for nth in first..=last {
                    let boundary = boundary.to_owned();
                    let place = Place { boundary, nth };
                    plan.faults.push((place, fate.parse()?));
                }
            }
        }
        Ok(plan)
    }
}

fn dotted(script: &[u32]) -> String {
    let script: Vec<String> = script.iter().map(u32::to_string).collect();
    script.join(".")
}

fn undotted(script: &str) -> Option<Vec<u32>> {
    let script = script.split('.').filter(|taken| !taken.is_empty());
    script.map(|taken| taken.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fate::StandinFault;

    #[test]
    fn a_plan_reads_back_as_it_was_written() {
        let place = |boundary: &str, nth| Place {
            boundary: boundary.to_owned(),
            nth,
        };
        let capture = place("finish-checkout: paypal Capture", 2);
        let lock = place("finish-checkout: table ~ticket(lock) ~attempt", 1);
        let plans = [
            Plan::calm("two-tabs"),
            Plan::calm("two-tabs").with(vec![
                (lock, Fate::Late(40)),
                (capture, Fate::Standin(StandinFault::DeclinedIn201)),
            ]),
            Plan::chance("town", 77, 40).at(&crate::habits::ALL[..2]),
            Plan {
                order: Order::Script(vec![0, 2, 1]),
                ..Plan::calm("return-and-sweep")
            },
            Plan {
                order: Order::Story(vec![1, 3]),
                ..Plan::calm("orders-of-paid")
            },
        ];
        for plan in plans {
            assert_eq!(plan.to_string().parse(), Ok(plan));
        }
    }

    #[test]
    fn calls_in_a_row_are_told_as_a_range() {
        let each = "one;seed=1;f: paypal Capture#2=NoAnswer;f: paypal Capture#3=NoAnswer";
        let range = "one;seed=1;f: paypal Capture#2-3=NoAnswer";
        assert_eq!(range.parse::<Plan>(), each.parse());
        assert!(range.replace("2-3", "3-2").parse::<Plan>().is_err());
    }
}

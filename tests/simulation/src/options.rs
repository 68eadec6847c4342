//! What the command line says.

use lexopt::prelude::{Long, ValueExt};

use crate::plan::Plan;

/// What is wanted.
pub(crate) struct Options {
    pub(crate) command: Command,
    pub(crate) level: Option<String>,
    pub(crate) from: u64,
    pub(crate) seeds: u64,
    pub(crate) towns: u64,
    pub(crate) interleavings_max: u64,
    pub(crate) crowd: u64,
    pub(crate) goes_on: bool,
}

/// What is to be done.
pub(crate) enum Command {
    /// One run, told step by step.
    Replay(Box<Plan>),
    /// The levels.
    Prove,
    /// The levels until a law is broken, beginning with this.
    Hunt(First),
    /// Every deliberate bug, or the one of this name.
    Sabotage(Option<String>),
}

/// Where a hunt begins.
pub(crate) enum First {
    /// This very run.
    Plan(Box<Plan>),
    /// Every order of this pair of handlers.
    Orders(String),
    /// Nobody knows.
    Anywhere,
}

const HELP: &str = "\
Runs the functions' handlers against every fault and checks the laws of payments.

  --seeds N            runs by chance (20000)
  --from N             the first seed (0)
  --towns N            two weeks of a small town (8)
  --interleavings N    orders of each pair of handlers at most (20000)
  --crowd N            open attempts at once, at most: 10, 100, 1000, 2000, 10000 (2000)
  --keep-going         looks for more broken laws when one is found
  --level NAME         only one level: faults, pairs, habits, interleavings,
                       permutations, outages, crowds, restores, chance, towns
  --sabotage NAME|all  only the deliberate bugs, or one of them
  --replay PLAN        one run again, step by step";

impl Options {
    /// Reads the command line.
    ///
    /// # Errors
    /// When it says what is not known; the text says what would be.
    pub(crate) fn read() -> Result<Self, String> {
        let mut options = Self {
            command: Command::Prove,
            level: None,
            from: 0,
            seeds: 20_000,
            towns: 8,
            interleavings_max: 20_000,
            crowd: 2_000,
            goes_on: false,
        };
        let mut parser = lexopt::Parser::from_env();
        let wrong = |error: lexopt::Error| format!("{error}\n\n{HELP}");
        while let Some(argument) = parser.next().map_err(wrong)? {
            let number = |parser: &mut lexopt::Parser| {
                let value = parser.value().map_err(wrong)?;
                value.parse::<u64>().map_err(wrong)
            };
            match argument {
                Long("seeds") => options.seeds = number(&mut parser)?,
                Long("from") => options.from = number(&mut parser)?,
                Long("towns") => options.towns = number(&mut parser)?,
                Long("interleavings") => options.interleavings_max = number(&mut parser)?,
                Long("keep-going") => options.goes_on = true,
                Long("crowd") => options.crowd = number(&mut parser)?,
                Long("level") => {
                    let level = parser.value().and_then(ValueExt::string);
                    options.level = Some(level.map_err(wrong)?);
                }
                Long("replay") => {
                    let plan = parser.value().and_then(ValueExt::string).map_err(wrong)?;
                    options.command = Command::Replay(Box::new(plan.parse()?));
                }
                Long("hunt") => {
                    let plan = parser.value().and_then(ValueExt::string).map_err(wrong)?;
                    let first = match plan.strip_prefix("orders of ") {
                        Some(pair) => First::Orders(pair.to_owned()),
                        None if plan.is_empty() => First::Anywhere,
                        None => First::Plan(Box::new(plan.parse()?)),
                    };
                    options.command = Command::Hunt(first);
                }
                Long("sabotage") => {
                    let name = parser.value().and_then(ValueExt::string).map_err(wrong)?;
                    let only = Some(name).filter(|name| name != "all");
                    options.command = Command::Sabotage(only);
                }
                Long("help") => return Err(HELP.to_owned()),
                other => return Err(wrong(other.unexpected())),
            }
        }
        Ok(options)
    }
}

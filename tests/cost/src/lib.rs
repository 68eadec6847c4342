//! What it costs: what a payment asks for, recorded from the real handlers, times AWS's
//! list prices.
//!
//! | file | what it says | who says so |
//! |---|---|---|
//! | `recorded.json` | what each step asks of the table, of PayPal and of the log | `tests/recording`, which compares it |
//! | `prices.json` | list prices, and where each was seen | whoever has looked them up |
//! | `durations.json` | how long things take | assumed, until measured |
//! | `assumptions.json` | numbers of people, of bytes, of stacks | assumed |
//! | `report.md` | what comes of it | `cargo run -p cost` |

mod asked;
mod inputs;
mod model;
mod prices;
mod report;
mod usd;

pub use asked::{Asked, Door, Recorded, Stored};
pub use inputs::{
    Assumptions, Bytes, Durations, Flood, Inputs, InvalidInputs, NotSaid, OfAPayment, OfAStack,
    OfAYear, Place, Target, Templates,
};
pub use model::{Part, all};
pub use prices::{Bill, Item, NoPrice, Price, Prices, Seen, Service, Usage};
pub use usd::{InvalidUsd, Usd};

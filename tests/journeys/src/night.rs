//! A night passes: PayPal's books are held against the table, run after run.

use compare_books::{NightRun, RUN_TIME};
use settle::Reconciled;
use tokio::time::Instant;

use crate::City;

/// The minutes of a night, as template.yaml has them.
pub const MINUTES: usize = 300;

impl City {
    /// One run of the nightly comparison.
    pub async fn minute_of_the_night(&self) -> NightRun {
        let clock = || self.now();
        let until = Instant::now() + RUN_TIME;
        compare_books::handle(&self.functions.compare_books, &clock, until)
            .await
            .expect("a table")
    }

    /// A whole night; what it came to, and how many minutes it took. The clock
    /// stands still.
    pub async fn night(&self) -> (Reconciled, usize) {
        for minute in 1..=MINUTES {
            match self.minute_of_the_night().await {
                NightRun::Ended(reconciled) => return (*reconciled, minute),
                NightRun::UnderWay { .. } => {}
                NightRun::Resting => panic!("no night is due"),
            }
        }
        panic!("the night is over before its comparison");
    }
}

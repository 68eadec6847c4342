//! From rounds to figures: medians, and ratios of what was measured in the same round.

use std::time::Duration;

use crate::round::{Measured, Round};

/// The middle one of these; of an even number the lower of the two.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    percentile(values, 50)
}

/// Below which so many of a hundred lie.
pub(crate) fn percentile(values: impl IntoIterator<Item = f64>, percent: usize) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    values
        .get(last * percent / 100)
        .copied()
        .unwrap_or(f64::NAN)
}

pub(crate) fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

impl Measured {
    /// CPU from its start to its first answer, in ms.
    pub(crate) fn cold_cpu(&self) -> f64 {
        ms(self.init_cpu + self.first_cpu)
    }

    /// Time from its start to its first answer, in ms.
    pub(crate) fn cold(&self) -> f64 {
        ms(self.init + self.first)
    }

    /// The middle of its further events, in ms.
    pub(crate) fn warm(&self) -> f64 {
        median(self.warm.iter().copied().map(ms))
    }

    /// CPU of a further event, in ms.
    pub(crate) fn event_cpu(&self) -> f64 {
        ms(self.warm_cpu) / count(self.warm.len())
    }

    /// In MiB.
    pub(crate) fn memory(&self) -> f64 {
        mib(self.memory)
    }
}

pub(crate) fn mib(bytes: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a figure to be read")]
    let bytes = bytes as f64;
    bytes / f64::from(1 << 20)
}

pub(crate) fn count(number: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a figure to be read")]
    let number = number as f64;
    number
}

/// All rounds.
pub(crate) struct Figures(pub(crate) Vec<Round>);

impl Figures {
    /// The median over the rounds.
    pub(crate) fn of(&self, name: &str, figure: impl Fn(&Measured) -> f64) -> f64 {
        median(self.0.iter().map(|round| figure(&round[name])))
    }

    /// The median of the ratios, each within one round.
    pub(crate) fn ratio(&self, name: &str, to: &str, figure: impl Fn(&Measured) -> f64) -> f64 {
        let ratio = |round: &Round| figure(&round[name]) / figure(&round[to]);
        median(self.0.iter().map(ratio))
    }

    /// The slowest of a hundred further events, in ms.
    pub(crate) fn p99(&self, name: &str) -> f64 {
        let all = self.0.iter().flat_map(|round| &round[name].warm);
        percentile(all.copied().map(ms), 99)
    }
}

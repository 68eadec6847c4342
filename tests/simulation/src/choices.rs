//! Where decisions come from: a seed, or a list. Each is written down, so that
//! any run can be had again.

use fastrand::Rng;

/// A source of decisions.
pub(crate) struct Choices {
    script: Vec<u32>,
    rng: Option<Rng>,
    made: Vec<Decision>,
}

/// A decision: how many ways there were, and which was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) ways: u32,
    pub(crate) taken: u32,
}

impl Choices {
    /// Always the first way, after those of the script.
    pub(crate) fn script(script: Vec<u32>) -> Self {
        Self {
            script,
            rng: None,
            made: Vec::new(),
        }
    }

    /// By chance.
    pub(crate) fn seed(seed: u64) -> Self {
        Self {
            script: Vec::new(),
            rng: Some(Rng::with_seed(seed)),
            made: Vec::new(),
        }
    }

    /// One of `ways`.
    pub(crate) fn one_of(&mut self, ways: usize) -> usize {
        let ways = u32::try_from(ways).expect("few ways");
        if ways < 2 {
            return 0;
        }
        let taken = match (self.script.get(self.made.len()), &mut self.rng) {
            (Some(scripted), _) => (*scripted).min(ways - 1),
            (None, Some(rng)) => rng.u32(0..ways),
            (None, None) => 0,
        };
        self.made.push(Decision { ways, taken });
        usize::try_from(taken).expect("a small number")
    }

    /// True once in `times` on average; never where nothing is left to chance.
    pub(crate) fn once_in(&mut self, times: u32) -> bool {
        match &mut self.rng {
            Some(rng) => rng.u32(0..times) == 0,
            None => false,
        }
    }

    /// One of `ways` by chance; the first where nothing is left to it.
    pub(crate) fn one_of_by_chance(&mut self, ways: u32) -> u32 {
        self.rng.as_mut().map_or(0, |rng| rng.u32(0..ways))
    }

    /// What was decided so far.
    pub(crate) fn made(&self) -> &[Decision] {
        &self.made
    }
}

/// The next script of an exhaustive search, depth first; `None` after the last.
pub(crate) fn next_script(made: &[Decision]) -> Option<Vec<u32>> {
    let deepest = made
        .iter()
        .rposition(|decision| decision.taken + 1 < decision.ways)?;
    let mut script: Vec<u32> = made[..=deepest]
        .iter()
        .map(|decision| decision.taken)
        .collect();
    script[deepest] += 1;
    Some(script)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_search_takes_every_way_once() {
        let mut seen = Vec::new();
        let mut script = Some(Vec::new());
        while let Some(next) = script {
            let mut choices = Choices::script(next);
            let mut way = vec![choices.one_of(3)];
            if way[0] != 1 {
                way.push(choices.one_of(2));
            }
            seen.push(way);
            script = next_script(choices.made());
        }
        assert_eq!(
            seen,
            [vec![0, 0], vec![0, 1], vec![1], vec![2, 0], vec![2, 1]]
        );
    }
}

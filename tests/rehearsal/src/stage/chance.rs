//! Chance that is the same in every run.

use std::time::Duration;

/// Pseudo-random numbers from a seed (SplitMix64).
#[derive(Debug)]
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number of seconds from `least` up to and without `most`.
    pub(super) fn seconds(&mut self, least: u64, most: u64) -> Duration {
        Duration::from_secs(least + self.next() % (most - least))
    }

    /// True once in `many` times.
    pub(super) fn one_in(&mut self, many: u64) -> bool {
        self.next().is_multiple_of(many)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers_in_their_range() {
        let draw = || {
            let mut chance = Chance::new(7);
            (0..100).map(|_| chance.seconds(3, 20)).collect::<Vec<_>>()
        };
        assert_eq!(draw(), draw());
        let allowed = Duration::from_secs(3)..Duration::from_secs(20);
        assert!(draw().iter().all(|drawn| allowed.contains(drawn)));
    }
}

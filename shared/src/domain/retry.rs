//! How long to wait before the next try.

use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};

use crate::budget::{BACKOFF_FIRST, BACKOFF_MOST, PAUSE_FIRST, PAUSE_MOST};

/// The wait before try number `attempts` + 1: exponential from 5 s, never above an hour, with
/// full jitter, so that what failed together does not come back together. `random` is uniform in
/// `0.0..1.0`. Never below one second.
#[must_use]
pub fn backoff(attempts: u32, random: f64) -> Duration {
    let ceiling = ceiling(attempts, BACKOFF_FIRST, BACKOFF_MOST);
    ceiling.mul_f64(random).max(Duration::from_secs(1))
}

/// The wait before the next try within one request: doubled from a quarter of a second up to 4 s,
/// half of it by jitter. `random` is uniform in `0.0..1.0`.
#[must_use]
pub fn pause(attempts: u32, random: f64) -> Duration {
    ceiling(attempts, PAUSE_FIRST, PAUSE_MOST).mul_f64(f64::midpoint(1.0, random))
}

/// Doubles from `first` with each of `attempts` after the first, up to `most`.
fn ceiling(attempts: u32, first: Duration, most: Duration) -> Duration {
    let doublings = attempts.saturating_sub(1).min(20);
    first.saturating_mul(1 << doublings).min(most)
}

/// A random number in `0.0..1.0`, for jitter.
#[must_use]
pub fn random_fraction() -> f64 {
    let mut bytes = [0_u8; 4];
    // Without randomness there is no jitter, which is better than no retry.
    SystemRandom::new().fill(&mut bytes).unwrap_or_default();
    f64::from(u32::from_le_bytes(bytes)) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_from_seconds_to_an_hour_and_stays_there() {
        assert_eq!(backoff(1, 1.0), Duration::from_secs(5));
        assert_eq!(backoff(2, 1.0), Duration::from_secs(10));
        assert_eq!(backoff(3, 1.0), Duration::from_secs(20));
        assert_eq!(backoff(30, 1.0), Duration::from_secs(3600));
        assert_eq!(backoff(u32::MAX, 1.0), Duration::from_secs(3600));
    }

    #[test]
    fn pauses_grow_from_a_quarter_of_a_second_to_four_and_half_is_jitter() {
        assert_eq!(pause(1, 1.0), Duration::from_millis(250));
        assert_eq!(pause(1, 0.0), Duration::from_millis(125));
        assert_eq!(pause(3, 1.0), Duration::from_secs(1));
        assert_eq!(pause(5, 1.0), Duration::from_secs(4));
        assert_eq!(pause(u32::MAX, 0.0), Duration::from_secs(2));
    }

    #[test]
    fn jitter_is_full_but_never_at_once() {
        assert_eq!(backoff(2, 0.5), Duration::from_secs(5));
        assert_eq!(backoff(1, 0.0), Duration::from_secs(1));
    }
}

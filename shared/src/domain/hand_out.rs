//! Handing out: a check answers an entitlement as `pending`, so that the game can deliver it.

use super::time::Timestamp;
use crate::budget::{COUNT_PAUSE, HANDED_OUT_AGAIN_AFTER};

/// How an entitlement is handed out that is `pending`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandOut {
    /// For the first time.
    First,
    /// Again, so long after the first time that the game should have confirmed it.
    Again,
}

impl HandOut {
    /// What has to be noted at `now`; `None`: nothing. `first_at` is when it was first handed out, and
    /// `again_at` when it was last noted that it was handed out again.
    #[must_use]
    pub fn of(
        first_at: Option<Timestamp>,
        again_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<Self> {
        let Some(first_at) = first_at else {
            return Some(Self::First);
        };
        let is_late = now.since(first_at) > HANDED_OUT_AGAIN_AFTER;
        let is_counted = again_at.is_some_and(|at| now.since(at) < COUNT_PAUSE);
        (is_late && !is_counted).then_some(Self::Again)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_first_time_is_noted_and_later_ones_once_an_hour_from_ten_minutes_on() {
        let at = |seconds: u64| Timestamp::from_millis(0) + Duration::from_secs(seconds);
        let again = Some(HandOut::Again);
        for (first, again_at, now, noted) in [
            (None, None, 0, Some(HandOut::First)),
            (Some(0), None, 600, None),
            (Some(0), None, 601, again),
            (Some(0), Some(601), 4_200, None),
            (Some(0), Some(601), 4_201, again),
        ] {
            let of = HandOut::of(first.map(at), again_at.map(at), at(now));
            assert_eq!(of, noted, "{first:?} {again_at:?} {now}");
        }
    }
}

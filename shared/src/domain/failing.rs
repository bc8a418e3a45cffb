//! How long something has been failing, and when an operator has to know.

use super::time::Timestamp;
use crate::budget::{ATTENTION_AFTER, COUNT_PAUSE, STUCK_AFTER};

/// Since when tries have been failing. The time that is spent waiting, because Amazon refuses the
/// link, asks for rest or says a word that we do not know, does not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failing {
    /// When the first try failed, moved later by the time that was spent waiting since.
    pub since: Option<Timestamp>,
    /// Since when it waits; `None` while tries go on.
    pub waiting_since: Option<Timestamp>,
    /// When a metric last counted it as failed: at most once an hour, so that the alarms watch how
    /// many entitlements fail, and not how often they are tried.
    pub counted_at: Option<Timestamp>,
    /// When a metric counted it as stuck, at the first try after 30 minutes of failing.
    pub stuck_at: Option<Timestamp>,
}

impl Failing {
    /// After a try that failed at `now`.
    #[must_use]
    pub fn tried(self, now: Timestamp) -> Self {
        let since = match (self.since, self.waiting_since) {
            (Some(since), Some(waiting)) => (since + now.since(waiting)).min(now),
            (Some(since), None) => since,
            (None, _) => now,
        };
        let is_stuck = now.since(since) >= STUCK_AFTER;
        Self {
            since: Some(since),
            waiting_since: None,
            stuck_at: self.stuck_at.or(is_stuck.then_some(now)),
            ..self.counted(now)
        }
    }

    /// A metric counts it as failed at `now`, unless it was counted within the last hour.
    #[must_use]
    pub fn counted(self, now: Timestamp) -> Self {
        let is_due = self
            .counted_at
            .is_none_or(|at| now.since(at) >= COUNT_PAUSE);
        Self {
            counted_at: if is_due { Some(now) } else { self.counted_at },
            ..self
        }
    }

    /// After `now` it waits: nothing was tried.
    #[must_use]
    pub fn waits(self, now: Timestamp) -> Self {
        Self {
            waiting_since: self.since.and(self.waiting_since.or(Some(now))),
            ..self
        }
    }

    /// Whether an operator has to know, after a try that failed at `now`.
    #[must_use]
    pub fn needs_attention(self, now: Timestamp) -> bool {
        self.since.is_some_and(|since| is_long_ago(since, now))
    }
}

/// Whether what began at `since` has lasted so long at `now` that an operator has to know.
#[must_use]
pub fn is_long_ago(since: Timestamp, now: Timestamp) -> bool {
    now.since(since) >= ATTENTION_AFTER
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 3600);

    fn day(number: u32) -> Timestamp {
        Timestamp::from_millis(0) + DAY * number
    }

    #[test]
    fn seven_days_of_failing_tries_need_attention() {
        let first = Failing::default().tried(day(0));
        for number in 0..7 {
            assert!(!first.tried(day(number)).needs_attention(day(number)));
        }
        assert!(first.tried(day(7)).needs_attention(day(7)));
    }

    #[test]
    fn it_is_counted_once_an_hour_and_stuck_once() {
        const MINUTE: Duration = Duration::from_secs(60);
        let at = |minutes: u32| day(1) + MINUTE * minutes;
        let mut failing = Failing::default();
        let (mut counted, mut stuck) = (Vec::new(), Vec::new());
        for minute in [0, 5, 29, 30, 59, 60, 61, 119, 120] {
            let before = failing;
            failing = failing.tried(at(minute));
            if failing.counted_at != before.counted_at {
                counted.push(minute);
            }
            if failing.stuck_at != before.stuck_at {
                stuck.push(minute);
            }
        }
        assert_eq!((counted, stuck), (vec![0, 60, 120], vec![30]));
    }

    #[test]
    fn time_spent_waiting_does_not_count() {
        let failing = Failing::default().tried(day(0)).tried(day(2));
        // It waits from day 3 to day 10, whatever asks in between.
        let waits = failing.waits(day(3)).waits(day(5)).waits(day(9));
        let again = waits.tried(day(10));
        assert_eq!((again.since, again.waiting_since), (Some(day(7)), None));
        assert!(!again.tried(day(13)).needs_attention(day(13)));
        assert!(again.tried(day(14)).needs_attention(day(14)));
    }

    #[test]
    fn waiting_is_no_failing() {
        let waits = Failing::default().waits(day(0)).waits(day(8));
        assert_eq!(waits, Failing::default());
        assert!(!waits.tried(day(9)).needs_attention(day(9)));
    }

    #[test]
    fn a_clock_that_was_ahead_does_no_harm() {
        let failing = Failing {
            since: Some(day(5)),
            waiting_since: Some(day(1)),
            ..Failing::default()
        };
        assert_eq!(failing.tried(day(6)).since, Some(day(6)));
        assert_eq!(
            Failing::default().tried(day(5)).tried(day(4)).since,
            Some(day(5))
        );
    }
}

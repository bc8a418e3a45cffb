//! Giving back unfinished work: when it is due again, and whether an operator has to know.

use super::failing::{Failing, is_long_ago};
use super::time::Timestamp;
use crate::budget::{ATTENTION_PAUSE, UNCLEAR_PAUSE};

/// Why work on an entitlement is not finished now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delay {
    /// Attempted; failed, or the outcome is unknown. The other side may want rest until then.
    Failed(Option<Timestamp>),
    /// Not attempted, because nothing changes before then.
    Waiting(Option<Timestamp>),
    /// Not attempted, because Prime Gaming refuses the link. Metrics count it as failed.
    Refused(Option<Timestamp>),
    /// Not attempted, because Amazon lists it with a word that we do not know.
    Unclear,
}

/// What its earlier tries have left in a record.
#[derive(Clone, Copy, Debug, Default)]
pub struct History {
    /// Since when it has been failing.
    pub failing: Failing,
    /// Since when Amazon's word for it has not been known.
    pub unclear_since: Option<Timestamp>,
    /// Since when it has an operator's attention.
    pub attention_at: Option<Timestamp>,
}

/// How long an entitlement that was given back is left alone, and why.
#[derive(Clone, Copy, Debug)]
pub struct Pause {
    /// When it is due again.
    pub due_at: Timestamp,
    /// Whether it was tried.
    pub was_tried: bool,
    /// Since when it has been failing.
    pub failing: Failing,
    /// Since when Amazon's word for it has not been known.
    pub unclear_since: Option<Timestamp>,
    /// Since when it has an operator's attention.
    pub attention_at: Option<Timestamp>,
}

impl Pause {
    /// It is left alone until `later`, the end of its back-off, or until what is in its way has
    /// passed. What has an operator's attention is tried once a day.
    #[must_use]
    pub fn of(history: History, delay: Delay, now: Timestamp, later: Timestamp) -> Self {
        let History {
            failing,
            unclear_since,
            attention_at,
        } = history;
        let attention_if = |is_needed: bool| attention_at.or(is_needed.then_some(now));
        match delay {
            Delay::Failed(not_before) => {
                let failing = failing.tried(now);
                let attention_at = attention_if(failing.needs_attention(now));
                let rare = attention_at.map(|_| now + ATTENTION_PAUSE);
                Self {
                    due_at: latest([not_before, rare], later),
                    was_tried: true,
                    failing,
                    unclear_since: None,
                    attention_at,
                }
            }
            Delay::Waiting(not_before) | Delay::Refused(not_before) => {
                let waits = failing.waits(now);
                let is_refused = matches!(delay, Delay::Refused(_));
                Self {
                    due_at: latest([not_before, None], later),
                    was_tried: false,
                    failing: if is_refused {
                        waits.counted(now)
                    } else {
                        waits
                    },
                    unclear_since,
                    attention_at,
                }
            }
            Delay::Unclear => {
                let since = unclear_since.unwrap_or(now);
                let attention_at = attention_if(is_long_ago(since, now));
                let pause = attention_at.map_or(UNCLEAR_PAUSE, |_| ATTENTION_PAUSE);
                Self {
                    due_at: later.max(now + pause),
                    was_tried: false,
                    failing: failing.waits(now),
                    unclear_since: Some(since),
                    attention_at,
                }
            }
        }
    }
}

fn latest(times: [Option<Timestamp>; 2], later: Timestamp) -> Timestamp {
    times.into_iter().flatten().fold(later, Timestamp::max)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);
    const DAY: Duration = Duration::from_secs(24 * 3600);

    fn at(time: Duration) -> Timestamp {
        Timestamp::from_millis(0) + time
    }

    fn failing(since: Duration) -> History {
        History {
            failing: Failing::default().tried(at(since)),
            ..History::default()
        }
    }

    #[test]
    fn it_is_due_after_the_back_off_or_when_the_other_side_has_rested() {
        let (now, later) = (at(HOUR), at(HOUR + Duration::from_secs(20)));
        for (delay, due_at) in [
            (Delay::Failed(None), later),
            (Delay::Failed(Some(at(2 * HOUR))), at(2 * HOUR)),
            (Delay::Failed(Some(now)), later),
            (Delay::Waiting(None), later),
            (Delay::Waiting(Some(at(2 * HOUR))), at(2 * HOUR)),
            (Delay::Unclear, now + HOUR),
        ] {
            let pause = Pause::of(History::default(), delay, now, later);
            assert_eq!(pause.due_at, due_at, "{delay:?}");
            assert_eq!(pause.attention_at, None, "{delay:?}");
            assert_eq!(
                pause.was_tried,
                matches!(delay, Delay::Failed(_)),
                "{delay:?}"
            );
        }
    }

    #[test]
    fn seven_days_of_failing_bring_attention_and_a_try_a_day() {
        for (days, attention) in [(6, false), (7, true)] {
            let now = at(days * DAY);
            let pause = Pause::of(
                failing(Duration::ZERO),
                Delay::Failed(None),
                now,
                now + HOUR,
            );
            assert_eq!(pause.attention_at, attention.then_some(now), "{days} days");
            let wait = if attention { DAY } else { HOUR };
            assert_eq!(pause.due_at, now + wait, "{days} days");
        }
    }

    #[test]
    fn a_longer_rest_outranks_the_daily_try() {
        let (now, rest) = (at(8 * DAY), at(10 * DAY));
        let pause = Pause::of(failing(DAY), Delay::Failed(Some(rest)), now, now + HOUR);
        assert_eq!(pause.due_at, rest);
    }

    #[test]
    fn a_refused_link_is_counted_and_other_waiting_is_not() {
        let now = at(HOUR);
        let counted = |delay| {
            let pause = Pause::of(History::default(), delay, now, now);
            assert_eq!(pause.failing.since, None, "{delay:?} is not failing");
            pause.failing.counted_at
        };
        assert_eq!(counted(Delay::Refused(None)), Some(now));
        assert_eq!(counted(Delay::Waiting(None)), None);
        assert_eq!(counted(Delay::Unclear), None);
    }

    #[test]
    fn waiting_brings_no_attention_and_keeps_the_one_there_is() {
        let now = at(30 * DAY);
        let pause = Pause::of(
            failing(Duration::ZERO),
            Delay::Waiting(None),
            now,
            now + HOUR,
        );
        assert_eq!((pause.attention_at, pause.due_at), (None, now + HOUR));
        let history = History {
            attention_at: Some(at(DAY)),
            ..failing(Duration::ZERO)
        };
        let pause = Pause::of(history, Delay::Waiting(None), now, now + HOUR);
        assert_eq!(pause.attention_at, Some(at(DAY)));
    }

    #[test]
    fn seven_days_of_an_unknown_word_bring_attention_once() {
        let unclear = |since: Duration, attention_at| History {
            unclear_since: Some(at(since)),
            attention_at,
            ..History::default()
        };
        let now = at(8 * DAY);
        for (history, attention_at, wait) in [
            (unclear(2 * DAY, None), None, HOUR),
            (unclear(DAY, None), Some(now), DAY),
            (unclear(DAY, Some(at(7 * DAY))), Some(at(7 * DAY)), DAY),
        ] {
            let pause = Pause::of(history, Delay::Unclear, now, now);
            assert_eq!(pause.attention_at, attention_at, "{history:?}");
            assert_eq!(pause.due_at, now + wait, "{history:?}");
            assert_eq!(pause.unclear_since, history.unclear_since);
        }
    }

    #[test]
    fn a_try_forgets_since_when_the_word_was_unknown() {
        let history = History {
            unclear_since: Some(at(HOUR)),
            ..History::default()
        };
        let now = at(2 * HOUR);
        assert_eq!(
            Pause::of(history, Delay::Failed(None), now, now).unclear_since,
            None
        );
        let waits = Pause::of(history, Delay::Waiting(None), now, now);
        assert_eq!(waits.unclear_since, Some(at(HOUR)));
    }
}

//! Whether the service has work to do for an entitlement, and whether a request is at work on it.

use super::Timestamp;

/// What the service has to do for a record, beside its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// Nothing now: it is left to the game, parked, held or reported.
    Idle,
    /// It has to be delivered or reported.
    Due {
        /// From then on.
        at: Timestamp,
    },
    /// A request has a lease on it.
    Leased {
        /// The request: random, and new for every request.
        owner: String,
        /// When the lease runs out. A record that is not finished by then is due.
        until: Timestamp,
    },
}

impl Work {
    /// Whether a request has a lease on it at `now`.
    #[must_use]
    pub fn is_leased(&self, now: Timestamp) -> bool {
        matches!(self, Self::Leased { until, .. } if *until > now)
    }

    /// Whether this request has the last lease on it, even if that has run out: what it writes still
    /// counts then.
    #[must_use]
    pub fn is_leased_by(&self, request: &str) -> bool {
        matches!(self, Self::Leased { owner, .. } if owner == request)
    }

    /// When it needs work, or when a lease on it runs out.
    #[must_use]
    pub const fn due_at(&self) -> Option<Timestamp> {
        match self {
            Self::Idle => None,
            Self::Due { at } | Self::Leased { until: at, .. } => Some(*at),
        }
    }

    /// Whether it needs work at `now`, and no request has a lease on it.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.due_at().is_some_and(|at| at <= now)
    }

    /// Whether a request that meets it at `now` may begin with it: it is due, or no time is set for
    /// it.
    #[must_use]
    pub fn is_ready(&self, now: Timestamp) -> bool {
        *self == Self::Idle || self.is_due(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_counts_until_it_runs_out_and_then_the_record_is_due() {
        let now = Timestamp::from_millis(10);
        let (past, future) = (Timestamp::from_millis(10), Timestamp::from_millis(11));
        let leased = |until| Work::Leased {
            owner: "me".to_owned(),
            until,
        };
        // Leased, due, ready.
        for (work, answers) in [
            (Work::Idle, (false, false, true)),
            (Work::Due { at: past }, (false, true, true)),
            (Work::Due { at: future }, (false, false, false)),
            (leased(past), (false, true, true)),
            (leased(future), (true, false, false)),
        ] {
            let found = (work.is_leased(now), work.is_due(now), work.is_ready(now));
            assert_eq!(found, answers, "{work:?}");
        }
    }

    #[test]
    fn a_lease_is_its_owners_even_when_it_has_run_out() {
        let until = Timestamp::from_millis(10);
        let work = Work::Leased {
            owner: "me".to_owned(),
            until,
        };
        assert!(work.is_leased_by("me") && !work.is_leased_by("you"));
        assert_eq!(work.due_at(), Some(until));
        assert!(!Work::Due { at: until }.is_leased_by("me"));
        assert!(!Work::Idle.is_leased_by("me"));
    }
}

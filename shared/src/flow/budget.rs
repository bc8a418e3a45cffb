//! How much time a request has left.

use std::time::Duration;

use tokio::time::Instant;

use crate::amazon::CALL_LIMIT;

/// No function lives longer with one request: API Gateway gives up after 30 s, Lambda after 28 s.
/// Who took something longer ago than this and did not finish it will not finish it any more.
pub(super) const REQUEST_LIFE: Duration = Duration::from_secs(30);

/// What a request's work is planned for: what is begun within it still ends in time.
const PLANNED: Duration = Duration::from_secs(20);

/// The time that a request's work may take.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    deadline: Instant,
}

impl Budget {
    /// For a request that has just come in: 20 s.
    #[must_use]
    pub fn of_request() -> Self {
        Self::of(PLANNED)
    }

    /// From now on for `total`.
    #[must_use]
    pub fn of(total: Duration) -> Self {
        Self {
            deadline: Instant::now() + total,
        }
    }

    /// Whether there is time for one more step, be it a request to Amazon with its whole time
    /// limit, or writes to the database.
    #[must_use]
    pub fn allows_a_step(&self) -> bool {
        self.deadline.saturating_duration_since(Instant::now()) >= CALL_LIMIT
    }
}

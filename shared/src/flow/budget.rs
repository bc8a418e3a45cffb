//! How much time a request has left.

use std::time::Duration;

use tokio::time::Instant;

/// The time limit of one request to Amazon.
pub(crate) const AMAZON_CALL: Duration = Duration::from_secs(5);

/// The time that a request's work is planned for. API Gateway gives up after 30 s and Lambda
/// after 28 s; what is begun within the budget still ends before that.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    deadline: Instant,
}

impl Budget {
    /// For a request that has just come in: 20 s.
    #[must_use]
    pub fn of_request() -> Self {
        Self::of(Duration::from_secs(20))
    }

    /// From now on for `total`.
    #[must_use]
    pub fn of(total: Duration) -> Self {
        Self {
            deadline: Instant::now() + total,
        }
    }

    /// Whether there is time for one more request to Amazon, with its whole time limit.
    #[must_use]
    pub fn allows_amazon_call(&self) -> bool {
        self.deadline.saturating_duration_since(Instant::now()) >= AMAZON_CALL
    }
}

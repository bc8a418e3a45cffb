//! How much time a request has left.

use std::time::Duration;

use tokio::time::Instant;

use super::{CALL_LIMIT, REQUEST_GRACE, REQUEST_WORK};

/// A request has no time left for another step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no time left for another step")]
pub(crate) struct NoTimeLeft;

/// The time that is left for a request's work.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    deadline: Instant,
}

impl Budget {
    /// For a request that has just come in: [`REQUEST_WORK`].
    #[must_use]
    pub fn of_request() -> Self {
        Self::of(REQUEST_WORK)
    }

    /// From now on for `total`.
    #[must_use]
    pub fn of(total: Duration) -> Self {
        Self {
            deadline: Instant::now() + total,
        }
    }

    /// The time left, but at most that of a request's work. For a part of longer work: the part has to
    /// end before its leases do.
    #[must_use]
    pub(crate) fn of_part(&self) -> Self {
        self.of_at_most(REQUEST_WORK)
    }

    /// The time left, but at most `most`.
    #[must_use]
    pub(crate) fn of_at_most(&self, most: Duration) -> Self {
        Self {
            deadline: self.deadline.min(Self::of(most).deadline),
        }
    }

    /// Whether there is time for a page of work: for a call that asks Amazon what it knows, and for a
    /// call that follows from the answer.
    #[must_use]
    pub(crate) fn allows_a_page(&self) -> bool {
        self.deadline.saturating_duration_since(Instant::now()) >= 2 * CALL_LIMIT
    }

    /// Waits for `work`, but not past the grace after the deadline. `None`: the work was dropped at some
    /// await, just as a crash would have ended it.
    pub(crate) async fn at_most<F: Future>(&self, work: F) -> Option<F::Output> {
        tokio::time::timeout_at(self.deadline + REQUEST_GRACE, work)
            .await
            .ok()
    }

    /// Time for one more step: see [`Self::allows_a_step`].
    pub(crate) fn step(&self) -> Result<(), NoTimeLeft> {
        self.allows_a_step().then_some(()).ok_or(NoTimeLeft)
    }

    /// Whether there is time for one more step: a request to Amazon with its whole time limit, or writes
    /// to the database.
    #[must_use]
    pub fn allows_a_step(&self) -> bool {
        self.allows_a_step_after(Duration::ZERO)
    }

    /// Whether there is time for one more step after this pause.
    #[must_use]
    pub(crate) fn allows_a_step_after(&self, pause: Duration) -> bool {
        self.deadline.saturating_duration_since(Instant::now()) >= CALL_LIMIT + pause
    }
}

//! How much time a request has left.

use std::time::Duration;

use tokio::time::Instant;

use super::{CALL_LIMIT, REQUEST_GRACE, REQUEST_WORK};

/// A request has no time left for another step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no time left for another step")]
pub(crate) struct NoTimeLeft;

/// The time that a request's work may take.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    deadline: Instant,
}

impl Budget {
    /// For a request that has just come in: 20 s.
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

    /// What is left of it, but no more than a request may take: for a part of longer work whose
    /// leases must outlive it.
    #[must_use]
    pub(crate) fn of_part(&self) -> Self {
        self.of_at_most(REQUEST_WORK)
    }

    /// What is left of it, but no more than `most`: for a part that others wait for.
    #[must_use]
    pub(crate) fn of_at_most(&self, most: Duration) -> Self {
        Self {
            deadline: self.deadline.min(Self::of(most).deadline),
        }
    }

    /// Whether there is time for a page of work: for a call to ask what Amazon knows, and for one
    /// that follows from it.
    #[must_use]
    pub(crate) fn allows_a_page(&self) -> bool {
        self.deadline.saturating_duration_since(Instant::now()) >= 2 * CALL_LIMIT
    }

    /// Waits for `work`, but not beyond the time at which the caller must be answered. `None`: it
    /// was given up, as a crash would have ended it.
    pub(crate) async fn at_most<F: Future>(&self, work: F) -> Option<F::Output> {
        tokio::time::timeout_at(self.deadline + REQUEST_GRACE, work)
            .await
            .ok()
    }

    /// Time for one more step: see [`Self::allows_a_step`].
    pub(crate) fn step(&self) -> Result<(), NoTimeLeft> {
        self.allows_a_step().then_some(()).ok_or(NoTimeLeft)
    }

    /// Whether there is time for one more step, be it a request to Amazon with its whole time
    /// limit, or writes to the database.
    #[must_use]
    pub fn allows_a_step(&self) -> bool {
        self.allows_a_step_after(Duration::ZERO)
    }

    /// Whether there will be after this pause.
    #[must_use]
    pub(crate) fn allows_a_step_after(&self, pause: Duration) -> bool {
        self.deadline.saturating_duration_since(Instant::now()) >= CALL_LIMIT + pause
    }
}

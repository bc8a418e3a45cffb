//! Finishes work that a crash, an outage or an absent player left half done. It runs on a schedule, and
//! when an operator invokes it.
//!
//! It ignores the event, and returns `{"taken", "done", "failed", "left"}`.

use std::time::Duration;

use prime_gaming::App;
use prime_gaming::budget::{RECONCILE_MARGIN, RECONCILE_WORK};
use prime_gaming::domain::Timestamp;
use prime_gaming::flow::{self, Budget, Reconciled, StoreError};

/// Works until nothing is due, or the time is over. `deadline`: when Lambda ends this invocation.
///
/// # Errors
/// If the database does not answer.
pub async fn handle(app: &App, deadline: Timestamp) -> Result<Reconciled, StoreError> {
    let budget = Budget::of(planned(app.clock.now(), deadline));
    flow::reconcile(app, budget).await
}

/// The time for work. Some emulators give a deadline of long ago, which is ignored.
fn planned(now: Timestamp, deadline: Timestamp) -> Duration {
    if deadline <= now {
        RECONCILE_WORK
    } else {
        RECONCILE_WORK.min(deadline.since(now).saturating_sub(RECONCILE_MARGIN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_ends_well_before_the_deadline() {
        let now = Timestamp::from_millis(1_769_851_800_000);
        for (left, expected) in [(58, 40), (30, 15), (16, 1), (15, 0), (3, 0)] {
            let deadline = now + Duration::from_secs(left);
            assert_eq!(
                planned(now, deadline),
                Duration::from_secs(expected),
                "{left}"
            );
        }
    }

    #[test]
    fn a_deadline_of_long_ago_says_nothing() {
        let now = Timestamp::from_millis(1_769_851_800_000);
        assert_eq!(
            planned(now, Timestamp::from_millis(600_000)),
            RECONCILE_WORK
        );
    }
}

//! Asking Amazon again while a link is made. A code can't be had twice, so a failure that passes
//! must not cost the player the link while the request has time left.

use std::time::Duration;

use crate::budget::Budget;
use crate::domain::{pause, random_fraction};

/// Asks again as long as the failure is one that passes, and the time left allows a pause and one
/// more step. Gives the last result, and how often it asked. `passing` gives the shortest wait
/// before the next try, if the failure is one that passes.
pub(in crate::flow) async fn persist<T, E, F: Future<Output = Result<T, E>>>(
    budget: Budget,
    passing: impl Fn(&E) -> Option<Duration>,
    ask: impl Fn() -> F,
) -> (Result<T, E>, u32) {
    let mut tries = 1;
    loop {
        let answer = ask().await;
        let Some(wished) = answer.as_ref().err().and_then(&passing) else {
            return (answer, tries);
        };
        let pause = wished.max(pause(tries, random_fraction()));
        if !budget.allows_a_step_after(pause) {
            return (answer, tries);
        }
        tokio::time::sleep(pause).await;
        tries += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tokio::time::Instant;

    use super::*;

    /// Fails `times` times, and asks for the wait `wished`, in a request of 20 s. Gives whether it
    /// succeeded in the end, how often it was asked, and how long that took.
    async fn failing(times: u32, wished: Option<Duration>) -> (bool, u32, Duration) {
        let began = Instant::now();
        let left = Cell::new(times);
        let ask = || {
            let fails = left.get() > 0;
            left.set(left.get().saturating_sub(1));
            async move { if fails { Err(()) } else { Ok(()) } }
        };
        let (answer, tries) = persist(Budget::of_request(), |()| wished, ask).await;
        (answer.is_ok(), tries, began.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn what_passes_is_tried_again_until_there_is_no_time_for_a_step() {
        let (is_ok, tries, took) = failing(3, Some(Duration::ZERO)).await;
        assert!(
            is_ok && tries == 4 && took < Duration::from_secs(2),
            "{took:?}"
        );
        let (is_ok, tries, took) = failing(u32::MAX, Some(Duration::ZERO)).await;
        assert!(!is_ok && (6..=12).contains(&tries), "{tries}");
        let allowed = Duration::from_secs(10)..=Duration::from_secs(15);
        assert!(allowed.contains(&took), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_wish_for_rest_is_kept_or_there_is_no_other_try() {
        let (is_ok, tries, took) = failing(1, Some(Duration::from_secs(7))).await;
        assert_eq!((is_ok, tries, took), (true, 2, Duration::from_secs(7)));
        let (is_ok, tries, took) = failing(1, Some(Duration::from_secs(16))).await;
        assert_eq!((is_ok, tries, took), (false, 1, Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_pass_is_not_tried_again() {
        assert_eq!(failing(1, None).await, (false, 1, Duration::ZERO));
    }
}

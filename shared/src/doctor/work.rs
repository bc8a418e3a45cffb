//! What is due, whether it is overdue, and what waits for an operator.

use std::time::Duration;

use futures_util::future::try_join_all;

use super::{Patient, not_told};
use crate::budget::OVERDUE_AFTER;
use crate::domain::{Finding, Timestamp};
use crate::store::{DUE_SHARDS, Fulfillments, StoreError};

pub(super) async fn due(patient: &Patient<'_>) -> Finding {
    let fulfillments = patient.fulfillments();
    let now = patient.deployment.clock.now();
    let shards = (0..DUE_SHARDS).map(|shard| shard_of(&fulfillments, shard, now));
    match try_join_all(shards).await {
        Ok(shards) => {
            let longest = shards.iter().map(|(_, longest)| *longest).max();
            judge(
                shards.iter().map(|(count, _)| count).sum(),
                longest.unwrap_or_default(),
            )
        }
        Err(error) => not_told(&error),
    }
}

/// How many items are due in a shard, and how long the longest one has been.
async fn shard_of(
    fulfillments: &Fulfillments,
    shard: u8,
    now: Timestamp,
) -> Result<(u64, Duration), StoreError> {
    let (count, page) = tokio::try_join!(
        fulfillments.count_due(shard, now),
        fulfillments.due(shard, now, None)
    )?;
    let first = page.hints.first();
    Ok((
        count,
        first.map_or(Duration::ZERO, |hint| now.since(hint.due_at)),
    ))
}

/// Whether anything waits for an operator, and should not wait long.
pub(super) async fn attention(patient: &Patient<'_>) -> Finding {
    match patient.fulfillments().count_alarming().await {
        Ok(count) => judge_attention(count),
        Err(error) => not_told(&error),
    }
}

fn judge_attention(count: u64) -> Finding {
    if count == 0 {
        return Finding::well("nothing waits for an operator");
    }
    Finding::unwell(
        format!("waiting for an operator: {count}"),
        "Look at the command attention.list, mend the cause, and then run attention.release.",
    )
}

impl Patient<'_> {
    fn fulfillments(&self) -> Fulfillments {
        let table = self.deployment.config.tables.fulfillments.clone();
        Fulfillments::new(self.deployment.dynamodb.clone(), table)
    }
}

fn judge(count: u64, longest: Duration) -> Finding {
    if count == 0 {
        return Finding::well("nothing is due");
    }
    let detail = format!("due: {count}; the longest for {} s", longest.as_secs());
    if longest <= OVERDUE_AFTER {
        return Finding::well(detail);
    }
    Finding::unwell(
        format!("{detail}, so it is overdue"),
        "Check that reconcile runs every minute, and look at its last lines and errors, as \
         docs/operating.md says for the alarm Overdue.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_for_an_operator_is_unwell() {
        assert!(judge_attention(0).ok);
        let finding = judge_attention(2);
        assert_eq!((finding.ok, finding.stops_rollout), (false, false));
        assert_eq!(finding.detail, "waiting for an operator: 2");
    }

    #[test]
    fn what_waits_for_longer_than_the_alarm_allows_is_overdue() {
        for (count, seconds, ok, detail) in [
            (0, 0, true, "nothing is due"),
            (3, 40, true, "due: 3; the longest for 40 s"),
            (1, 300, true, "due: 1"),
            (1, 301, false, "overdue"),
        ] {
            let finding = judge(count, Duration::from_secs(seconds));
            assert_eq!((finding.ok, finding.stops_rollout), (ok, false));
            assert!(finding.detail.contains(detail), "{finding:?}");
            assert!(ok || finding.fix.is_some_and(|it| it.contains("reconcile")));
        }
    }
}

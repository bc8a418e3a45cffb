//! What is due, and whether it is overdue.

use std::time::Duration;

use futures_util::future::try_join_all;

use super::{Patient, not_told};
use crate::budget::OVERDUE_AFTER;
use crate::domain::{Finding, Timestamp};
use crate::store::{DUE_SHARDS, Fulfillments, StoreError};

pub(super) async fn due(patient: &Patient<'_>) -> Finding {
    let deployment = patient.deployment;
    let table = deployment.config.tables.fulfillments.clone();
    let fulfillments = Fulfillments::new(deployment.dynamodb.clone(), table);
    let now = deployment.clock.now();
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
        "Look whether reconcile runs every minute, and at its last lines and errors: the alarm Overdue \
         in docs/operating.md.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

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

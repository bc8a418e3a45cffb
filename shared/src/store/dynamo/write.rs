//! Conditional writes: of one item by itself, or of several in a transaction.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{CancellationReason, TransactWriteItem};

use super::change::Change;
use super::failure::unavailable;
use super::item::Item;
use crate::budget::CONFLICT_PAUSE_FIRST;
use crate::domain::{random_fraction, random_token};
use crate::store::error::StoreError;
use crate::store::outcome::{Claimed, WriteOutcome};

/// How often a write is tried while another transaction holds the item.
const CONFLICT_TRIES: u32 = 6;

/// The result of a conditional write.
#[derive(Debug)]
pub(in crate::store) enum Written {
    /// It was done; this is the item now.
    Done(Item),
    /// The condition did not hold; this is the item as it is, empty where there is none.
    Refused(Item),
}

impl Written {
    /// For a caller that does not need the item.
    pub(in crate::store) fn outcome(&self) -> WriteOutcome {
        match self {
            Self::Done(_) => WriteOutcome::Done,
            Self::Refused(_) => WriteOutcome::Changed,
        }
    }

    /// The item as it is now, for a caller that does not need to know whether this write has made
    /// it so.
    pub(in crate::store) fn into_item(self) -> Item {
        match self {
            Self::Done(item) | Self::Refused(item) => item,
        }
    }

    /// Whether the attribute `field` shows that this request has the item. `mark` is random, or a
    /// state that this write alone leads to. If the condition is refused and the mark is there,
    /// then the write is our own: its answer was lost, and the SDK repeated it.
    pub(in crate::store) fn claimed_by(self, field: &str, mark: &str) -> Claimed<Item> {
        match self {
            Self::Done(item) => Claimed::Ours(item),
            Self::Refused(item)
                if item
                    .get(field)
                    .is_some_and(|it| it.as_s().is_ok_and(|it| it == mark)) =>
            {
                Claimed::Ours(item)
            }
            Self::Refused(item) => Claimed::Theirs(item),
        }
    }
}

impl Change {
    /// Writes the change by itself.
    pub(in crate::store) async fn apply(self, client: &Client) -> Result<Written, StoreError> {
        let update = self.update(client);
        let mut tries = 0;
        loop {
            match update.clone().send().await {
                Ok(output) => return Ok(Written::Done(output.attributes.unwrap_or_default())),
                Err(error) => match error.as_service_error() {
                    Some(UpdateItemError::ConditionalCheckFailedException(refusal)) => {
                        return Ok(Written::Refused(
                            refusal.item().cloned().unwrap_or_default(),
                        ));
                    }
                    Some(UpdateItemError::TransactionConflictException(_))
                        if tries + 1 < CONFLICT_TRIES =>
                    {
                        tries += 1;
                        pause(tries).await;
                    }
                    _ => return Err(unavailable("UpdateItem", &error)),
                },
            }
        }
    }

    /// Deletes the item, by itself.
    pub(in crate::store) async fn delete(
        self,
        client: &Client,
    ) -> Result<WriteOutcome, StoreError> {
        let delete = self.deletion(client);
        let mut tries = 0;
        loop {
            let Err(error) = delete.clone().send().await else {
                return Ok(WriteOutcome::Done);
            };
            match error.as_service_error() {
                Some(DeleteItemError::ConditionalCheckFailedException(_)) => {
                    return Ok(WriteOutcome::Changed);
                }
                Some(DeleteItemError::TransactionConflictException(_))
                    if tries + 1 < CONFLICT_TRIES =>
                {
                    tries += 1;
                    pause(tries).await;
                }
                _ => return Err(unavailable("DeleteItem", &error)),
            }
        }
    }
}

/// The result of a transaction.
#[derive(Debug)]
pub(in crate::store) enum Committed {
    /// Everything was written.
    All,
    /// Nothing was written. For each part, in order: the item that refused it, or `None` if its
    /// condition held.
    Nothing(Vec<Option<Item>>),
}

impl Committed {
    /// For a caller that does not need to know which part refused.
    pub(in crate::store) fn outcome(&self) -> WriteOutcome {
        match self {
            Self::All => WriteOutcome::Done,
            Self::Nothing(_) => WriteOutcome::Changed,
        }
    }
}

/// Writes everything or nothing. It tries again if another transaction was in the way. The client
/// request token makes the SDK's repeat after a lost answer harmless. A try after a cancellation is a
/// new request, with a token of its own.
pub(in crate::store) async fn transact(
    client: &Client,
    parts: Vec<TransactWriteItem>,
) -> Result<Committed, StoreError> {
    let request = client
        .transact_write_items()
        .set_transact_items(Some(parts));
    let mut token = request_token();
    let mut tries = 0;
    loop {
        let error = match request.clone().client_request_token(&token).send().await {
            Ok(_) => return Ok(Committed::All),
            Err(error) => error,
        };
        tries += 1;
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
                let reasons = canceled.cancellation_reasons();
                if reasons.iter().any(is_refusal) {
                    return Ok(Committed::Nothing(reasons.iter().map(refusal).collect()));
                }
                if tries >= CONFLICT_TRIES || !reasons.iter().any(is_passing) {
                    return Err(unavailable("TransactWriteItems", &error));
                }
                token = request_token();
            }
            // The same request is under way, so it is repeated with its own token, to get its
            // result.
            Some(TransactWriteItemsError::TransactionInProgressException(_))
                if tries < CONFLICT_TRIES => {}
            _ => return Err(unavailable("TransactWriteItems", &error)),
        }
        pause(tries).await;
    }
}

/// DynamoDB takes at most 36 characters.
fn request_token() -> String {
    let mut token = random_token();
    token.truncate(36);
    token
}

fn is_refusal(reason: &CancellationReason) -> bool {
    reason.code() == Some("ConditionalCheckFailed")
}

/// The item that refused, or `None` if the condition held.
fn refusal(reason: &CancellationReason) -> Option<Item> {
    is_refusal(reason).then(|| reason.item().cloned().unwrap_or_default())
}

/// Whether trying again may help.
fn is_passing(reason: &CancellationReason) -> bool {
    matches!(
        reason.code(),
        Some("TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded")
    )
}

/// Waits after this many tries, with full jitter: at most 20 ms after the first, and twice as long
/// after each further one, up to 320 ms.
pub(in crate::store) async fn pause(tries: u32) {
    let most = CONFLICT_PAUSE_FIRST * (1 << tries.saturating_sub(1).min(4));
    tokio::time::sleep(most.mul_f64(random_fraction())).await;
}

/// Calls `attempt` until it has a result, at most `tries` times. It gives `None` if another request's
/// write got in its way.
pub(in crate::store) async fn contend<T>(
    tries: u32,
    what: &'static str,
    mut attempt: impl AsyncFnMut() -> Result<Option<T>, StoreError>,
) -> Result<T, StoreError> {
    for _ in 0..tries {
        if let Some(done) = attempt().await? {
            return Ok(done);
        }
    }
    Err(StoreError::Contended { what })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::dynamo::{n, s};

    #[test]
    fn a_refused_write_is_ours_if_it_has_left_our_mark() {
        let item = |owner| Item::from([("owner".to_owned(), owner)]);
        for (written, is_ours) in [
            (Written::Done(item(s("you"))), true),
            (Written::Refused(item(s("me"))), true),
            (Written::Refused(item(s("you"))), false),
            (Written::Refused(item(n(1))), false),
            (Written::Refused(Item::new()), false),
        ] {
            let claimed = written.claimed_by("owner", "me");
            assert_eq!(claimed.is_ours(), is_ours, "{claimed:?}");
        }
    }

    #[tokio::test]
    async fn contention_ends_with_the_first_success_or_the_last_try() {
        for (succeeds_at, tries_made) in [(1, 1), (3, 3), (4, 3)] {
            let mut made = 0;
            let done = contend(3, "it", async || {
                made += 1;
                Ok((made == succeeds_at).then_some(()))
            })
            .await;
            match done {
                Ok(()) => assert!(succeeds_at <= 3),
                Err(StoreError::Contended { what }) => assert_eq!((succeeds_at, what), (4, "it")),
                Err(error) => panic!("{error}"),
            }
            assert_eq!(made, tries_made);
        }
    }

    #[tokio::test]
    async fn an_error_ends_contention() {
        let mut made = 0;
        let done: Result<(), _> = contend(3, "it", async || {
            made += 1;
            Err(StoreError::Contended { what: "another" })
        })
        .await;
        assert!(matches!(
            done,
            Err(StoreError::Contended { what: "another" })
        ));
        assert_eq!(made, 1);
    }
}

//! Acquiring what has to be delivered or reported: a lease keeps other requests away from it.

use futures_util::StreamExt;
use futures_util::stream;

use crate::App;
use crate::budget::LEASE;
use crate::domain::Timestamp;
use crate::flow::rows::about;
use crate::signals::event;
use crate::store::{Lease, Record};

/// How many things of one kind are done at once: writes to the database, calls to others, accounts.
pub(in crate::flow) const AT_ONCE: usize = 8;

/// Does several things at once, but no more than a few. Gives their results, in no order.
pub(in crate::flow) async fn at_once<F: Future>(
    work: impl IntoIterator<Item = F>,
) -> Vec<F::Output> {
    stream::iter(work).buffer_unordered(AT_ONCE).collect().await
}

/// A lease that outlives the request.
pub(in crate::flow) fn lease(owner: &str, now: Timestamp) -> Lease<'_> {
    Lease {
        owner,
        until: now + LEASE,
    }
}

/// Acquires those of `records` that no other request works on. They are `owner`'s from then on.
pub(in crate::flow) async fn take(app: &App, owner: &str, records: Vec<Record>) -> Vec<Record> {
    let takes: Vec<_> = records
        .into_iter()
        .map(|record| take_one(app, owner, record))
        .collect();
    at_once(takes).await.into_iter().flatten().collect()
}

async fn take_one(app: &App, owner: &str, record: Record) -> Option<Record> {
    let now = app.clock.now();
    let taken = app
        .fulfillments
        .acquire(&record, lease(owner, now), now)
        .await;
    taken.unwrap_or_else(|error| {
        let (player_id, entitlement_id, sku) = about(&record);
        tracing::warn!(event = event::NOT_TAKEN, %player_id, %entitlement_id, sku, %error);
        None
    })
}

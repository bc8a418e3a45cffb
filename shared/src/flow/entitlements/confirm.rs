//! The game confirms a delivery: it is written down first, and then reported to Prime Gaming.

use std::collections::{HashMap, HashSet};

use futures_util::StreamExt;
use futures_util::stream;

use crate::App;
use crate::api::FulfillmentResult;
use crate::budget::{Budget, NoTimeLeft};
use crate::domain::{EntitlementId, PlayerId, Status, random_token};
use crate::flow::fulfillment::deliver::log_delivered;
use crate::flow::fulfillment::lease::{AT_ONCE, lease, take};
use crate::flow::fulfillment::report::report_all;
use crate::flow::session::Session;
use crate::signals::event;
use crate::store::{Confirmation, Record, StoreError};

/// Confirms these entitlements of this player: one result per distinct id, in the order of first
/// mention. Repeating it gives the same answer. An id that could not be written comes back
/// `pending`: confirm again.
pub async fn confirm(
    app: &App,
    budget: Budget,
    player: &PlayerId,
    ids: Vec<EntitlementId>,
) -> Vec<FulfillmentResult> {
    let mut mentioned = HashSet::new();
    let distinct: Vec<_> = ids
        .into_iter()
        .filter(|id| mentioned.insert(id.clone()))
        .collect();
    let mut known = look_at_all(app, budget, player, &distinct).await;
    let owner = random_token();
    let owner = owner.as_str();
    let writes: Vec<_> = distinct
        .into_iter()
        .map(|id| {
            let known = known.remove(&id);
            write_down(app, budget, player, id, known, owner)
        })
        .collect();
    let written: Vec<Written> = stream::iter(writes).buffered(AT_ONCE).collect().await;
    // What is written down counts, whether or not Amazon answers in time.
    let reported = budget
        .at_most(report(app, budget, player, owner, &written))
        .await
        .unwrap_or_default();
    written
        .into_iter()
        .map(|(id, written)| {
            let status = reported.get(&id).copied().or(match written {
                Ok(Confirmation::Delivered(record) | Confirmation::Was(record)) => {
                    Some(record.status)
                }
                Ok(Confirmation::Unknown) => None,
                Err(error) => {
                    let not_written =
                        matches!(&error, NotWritten::Store(error) if error.is_not_written());
                    tracing::error!(
                        event = event::NOT_CONFIRMED,
                        player_id = %player, entitlement_id = %id, %error, not_written
                    );
                    Some(Status::Pending)
                }
            });
            FulfillmentResult {
                entitlement_id: id,
                status,
            }
        })
        .collect()
}

/// An id, and what became of it.
type Written = (EntitlementId, Result<Confirmation, NotWritten>);

/// Why a confirmation is not written down.
#[derive(Debug, thiserror::Error)]
enum NotWritten {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    NoTimeLeft(#[from] NoTimeLeft),
}

/// What is stored under each of several ids, so that an id that does not exist costs no write. An id
/// that is missing in the answer was not read: its write finds out what is stored.
async fn look_at_all(
    app: &App,
    budget: Budget,
    player: &PlayerId,
    ids: &[EntitlementId],
) -> HashMap<EntitlementId, Option<Box<Record>>> {
    if ids.len() < 2 {
        return HashMap::new();
    }
    let looked = budget.at_most(app.fulfillments.get_all(player, ids)).await;
    match looked {
        Some(Ok(known)) => known,
        Some(Err(error)) => {
            tracing::warn!(event = event::CONFIRMED_UNSEEN, player_id = %player, %error);
            HashMap::new()
        }
        None => HashMap::new(),
    }
}

/// With a webhook, a confirmation of the game changes nothing. `known` is what is stored, if it was
/// read; `Some(None)`: nothing is stored.
async fn write_down(
    app: &App,
    budget: Budget,
    player: &PlayerId,
    id: EntitlementId,
    known: Option<Option<Box<Record>>>,
    owner: &str,
) -> Written {
    match known {
        Some(None) => return (id, Ok(Confirmation::Unknown)),
        Some(Some(record)) if app.webhook.is_some() || record.status != Status::Pending => {
            return (id, Ok(Confirmation::Was(record)));
        }
        _ => {}
    }
    if let Err(late) = budget.step() {
        return (id, Err(late.into()));
    }
    let written = match budget.at_most(write_one(app, player, &id, owner)).await {
        Some(written) => written.map_err(NotWritten::from),
        // It may be written all the same: the next confirmation finds that out.
        None => Err(NoTimeLeft.into()),
    };
    (id, written)
}

async fn write_one(
    app: &App,
    player: &PlayerId,
    id: &EntitlementId,
    owner: &str,
) -> Result<Confirmation, StoreError> {
    let store = &app.fulfillments;
    if app.webhook.is_some() {
        let record = store.get(player, id).await?;
        return Ok(record.map_or(Confirmation::Unknown, |record| {
            Confirmation::Was(Box::new(record))
        }));
    }
    let now = app.clock.now();
    let confirmed = store.confirm(player, id, lease(owner, now), now).await?;
    Ok(match confirmed {
        Confirmation::Delivered(record) => {
            log_delivered(&record, now);
            Confirmation::Delivered(record)
        }
        Confirmation::Was(record) => Confirmation::Was(Box::new(record.for_the_game())),
        Confirmation::Unknown => Confirmation::Unknown,
    })
}

/// Reports what has just become `delivered`, and what is `delivered` and due for another try.
async fn report(
    app: &App,
    budget: Budget,
    player: &PlayerId,
    owner: &str,
    written: &[Written],
) -> HashMap<EntitlementId, Status> {
    let now = app.clock.now();
    let (mut taken, mut due) = (Vec::new(), Vec::new());
    for (_, written) in written {
        match written {
            Ok(Confirmation::Delivered(record)) => taken.push(Record::clone(record)),
            Ok(Confirmation::Was(record))
                if record.status == Status::Delivered && record.work.is_due(now) =>
            {
                due.push(Record::clone(record));
            }
            _ => {}
        }
    }
    taken.extend(take(app, owner, due).await);
    if taken.is_empty() {
        return HashMap::new();
    }
    let own = match app.links.get(player).await {
        Ok(row) => row.link.map(|link| Session::new(app, budget, link)),
        Err(error) => {
            tracing::warn!(event = event::LINK_NOT_READ, player_id = %player, %error);
            None
        }
    };
    report_all(app, budget, own.as_ref(), None, owner, taken).await
}

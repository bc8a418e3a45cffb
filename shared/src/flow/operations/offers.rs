//! Commands about the offers.

use std::collections::HashSet;

use super::{Answer, OperationError, Order, Plan, carry_out, recall, write};
use crate::App;
use crate::api::{DeletedOffer, ListedOffers, PausedOffer, StoredOffers};
use crate::domain::{Offer, Sku, Timestamp};
use crate::flow::rows::told_unreadable;
use crate::store::{Audit, Changes, StoreError, Subject};

/// How many offers one transaction stores. DynamoDB takes 100 parts; each offer has up to three, and
/// the request id has one.
const AT_ONCE: usize = 30;

/// `offers.put`: adds or replaces the offers, as many at once as a transaction takes. The last
/// transaction remembers the request id, so repeating a command that was cut short stores all of
/// them.
///
/// # Errors
/// See [`OperationError`].
pub async fn put_offers(
    app: &App,
    order: &Order,
    offers: &[Offer],
) -> Result<Answer, OperationError> {
    if let Some(answer) = recall(app, order).await? {
        return Ok(answer);
    }
    let paused = paused_now(app, offers).await?;
    let rest = offers.len().saturating_sub(1) / AT_ONCE * AT_ONCE;
    let (earlier, last) = offers.split_at(rest);
    if !order.dry_run {
        for part in earlier.chunks(AT_ONCE) {
            let now = app.clock.now();
            // No part has a condition, so there is nothing that could have changed.
            let changes = put_all(app, part, &paused, now);
            write(app, order, changes, &audits(part), None, now).await?;
        }
    }
    carry_out(app, order, async |now| {
        Ok(Plan {
            changes: put_all(app, last, &paused, now),
            audits: audits(last),
            body: StoredOffers {
                stored: offers.iter().map(|offer| offer.sku.clone()).collect(),
            },
        })
    })
    .await
}

/// `offers.list`: every offer, by SKU. One that can't be read does not hide the others.
///
/// # Errors
/// See [`OperationError`].
pub async fn list_offers(app: &App) -> Result<Answer, OperationError> {
    let (offers, unreadable) = app.offers.stored().list().await?;
    Ok(Answer::of(&ListedOffers {
        offers,
        unreadable: told_unreadable(&unreadable),
    }))
}

/// `offers.delete`: removes an offer. What was handed out of it stays as it is.
///
/// # Errors
/// See [`OperationError`].
pub async fn delete_offer(app: &App, order: &Order, sku: &Sku) -> Result<Answer, OperationError> {
    carry_out(app, order, async |_| {
        must_exist(app, sku).await?;
        Ok(Plan {
            changes: app.offers.stored().delete_changes(sku),
            audits: vec![about(sku)],
            body: DeletedOffer {
                deleted: sku.clone(),
            },
        })
    })
    .await
}

/// Which of these offers are paused in the table, or may be. The read is strong: if it missed a pause
/// that was written a moment ago, storing the offer would end the pause, and `reconcile` would not look
/// for what waits.
async fn paused_now(app: &App, offers: &[Offer]) -> Result<HashSet<Sku>, StoreError> {
    let skus: Vec<_> = offers.iter().map(|offer| &offer.sku).collect();
    let stored = app.offers.stored().get(&skus).await?;
    let paused = stored.offers.into_values().filter(|offer| offer.paused);
    let unreadable = stored.unreadable.into_keys();
    Ok(paused.map(|offer| offer.sku).chain(unreadable).collect())
}

/// The changes that store these offers. `reconcile` then looks for what waits for an offer that is no
/// longer paused.
fn put_all(app: &App, offers: &[Offer], paused: &HashSet<Sku>, now: Timestamp) -> Changes {
    let table = app.offers.stored();
    offers.iter().fold(Changes::default(), |changes, offer| {
        let changes = changes.and(table.put_changes(offer));
        if paused.contains(&offer.sku) && !offer.paused {
            changes.and(app.fulfillments.resumption_changes(&offer.sku, now))
        } else {
            changes
        }
    })
}

/// `offers.pause`: from the next check on, nothing of it is handed out. `offers.resume`: what waits for
/// it becomes `pending` at the next check or run of `reconcile`.
///
/// # Errors
/// See [`OperationError`].
pub async fn pause_offer(
    app: &App,
    order: &Order,
    sku: &Sku,
    is_paused: bool,
) -> Result<Answer, OperationError> {
    carry_out(app, order, async |now| {
        must_exist(app, sku).await?;
        let changes = app.offers.stored().pause_changes(sku, is_paused);
        Ok(Plan {
            changes: if is_paused {
                changes
            } else {
                changes.and(app.fulfillments.resumption_changes(sku, now))
            },
            audits: vec![about(sku)],
            body: PausedOffer {
                sku: sku.clone(),
                paused: is_paused,
            },
        })
    })
    .await
}

/// Needs that there is such an offer. One that can't be read can be paused and deleted as well.
async fn must_exist(app: &App, sku: &Sku) -> Result<(), OperationError> {
    let found = app.offers.stored().get(&[sku]).await?;
    if found.offers.is_empty() && found.unreadable.is_empty() {
        return Err(no_offer(sku));
    }
    Ok(())
}

pub(super) fn no_offer(sku: &Sku) -> OperationError {
    OperationError::NotFound(format!("there is no offer {sku}"))
}

fn audits(offers: &[Offer]) -> Vec<Audit> {
    offers.iter().map(|offer| about(&offer.sku)).collect()
}

fn about(sku: &Sku) -> Audit {
    Audit {
        subject: Subject::Offer(sku.clone()),
        entitlement_id: None,
        note: None,
    }
}

//! Paused offers. While an offer is paused, nothing of it is handed out or delivered: what is
//! `pending` becomes `held`, `offer_paused`. Once it is resumed, that becomes `pending` by itself, at
//! the player's next check or the next run of `reconcile`.

use std::collections::HashSet;

use crate::App;
use crate::budget::{Budget, RESUMPTION_PAUSE};
use crate::domain::{HoldReason, Offer, Sku, Status, Timestamp};
use crate::flow::fulfillment::lease::{at_once, lease};
use crate::flow::rows::{about, log_held, log_unreadable, offer_sku};
use crate::flow::standing;
use crate::signals::event;
use crate::store::{DUE_SHARDS, Due, Record, Release, Resumed, StoreError};

/// The paused ones among the offers of these SKUs. If the database does not say, none: a failed read
/// must not keep from players what is theirs.
pub(in crate::flow) async fn paused_among<'a>(
    app: &App,
    skus: impl Iterator<Item = &'a str>,
) -> HashSet<Sku> {
    let skus: HashSet<Sku> = skus.filter_map(|sku| Sku::new(sku).ok()).collect();
    if skus.is_empty() {
        return HashSet::new();
    }
    let skus: Vec<_> = skus.iter().collect();
    match app.offers.stored().paused(&skus).await {
        Ok(paused) => paused,
        Err(error) => {
            tracing::warn!(event = event::PAUSE_NOT_READ, %error);
            HashSet::new()
        }
    }
}

/// Whether this record's offer is among the paused ones.
pub(in crate::flow) fn is_among(paused: &HashSet<Sku>, record: &Record) -> bool {
    offer_sku(record).is_some_and(|sku| paused.contains(&sku))
}

/// Gives a player's open records as they are after what is `pending` of a paused offer is held, and
/// what was held for a pause that is over is `pending`. A record that can't be written stays as it
/// is, but is not handed out.
pub(in crate::flow) async fn settle_paused(app: &App, open: Vec<Record>) -> Vec<Record> {
    let (concerned, mut others): (Vec<_>, Vec<_>) = open.into_iter().partition(is_concerned);
    if concerned.is_empty() {
        return others;
    }
    let skus = concerned.iter().filter_map(|record| record.sku.as_deref());
    let paused = paused_among(app, skus).await;
    let settled: Vec<_> = concerned
        .into_iter()
        .map(|record| settle_one(app, &paused, record))
        .collect();
    others.extend(at_once(settled).await.into_iter().flatten());
    others
}

fn is_concerned(record: &Record) -> bool {
    record.status == Status::Pending || record.reason == Some(HoldReason::OfferPaused)
}

async fn settle_one(app: &App, paused: &HashSet<Sku>, record: Record) -> Option<Record> {
    let now = app.clock.now();
    let is_paused = is_among(paused, &record);
    match record.status {
        // A request is delivering it: it ends the way it began.
        Status::Pending if is_paused && !record.work.is_leased(now) => {
            hold_paused(app, None, record).await
        }
        Status::Held if !is_paused && !standing::is_on_hold(app) => {
            Some(resume(app, record, now).await)
        }
        _ => Some(record),
    }
}

/// Holds a record whose offer is paused. `owner` has a lease on it; without `owner`, no request may
/// have one. `None`: that could not be written.
pub(in crate::flow) async fn hold_paused(
    app: &App,
    owner: Option<&str>,
    record: Record,
) -> Option<Record> {
    let now = app.clock.now();
    match app.fulfillments.hold_paused(&record, owner, now).await {
        Ok(after) => {
            if after.reason == Some(HoldReason::OfferPaused) {
                log_held(&after, HoldReason::OfferPaused, false);
            }
            Some(after)
        }
        Err(error) => {
            let (player_id, entitlement_id, sku) = about(&record);
            tracing::warn!(event = event::NOT_HELD, %player_id, %entitlement_id, sku, %error);
            None
        }
    }
}

/// The offer is resumed: the record becomes `pending`, or `held` for what is in its way now. If that
/// can't be written now, the next check or run does it.
pub(in crate::flow) async fn resume(app: &App, record: Record, now: Timestamp) -> Record {
    match try_to_resume(app, &record, now).await {
        Ok(after) => after,
        Err(error) => {
            if let StoreError::Corrupt { .. } = error {
                log_unreadable(&error);
            }
            let (player_id, entitlement_id, sku) = about(&record);
            tracing::warn!(event = event::NOT_RESUMED, %player_id, %entitlement_id, sku, %error);
            record
        }
    }
}

async fn try_to_resume(app: &App, record: &Record, now: Timestamp) -> Result<Record, StoreError> {
    let Some(offer) = present_offer(app, record, now).await? else {
        // Deleted meanwhile. It stays `offer_paused`; a check that lists it says so.
        return Ok(record.clone());
    };
    let release = Release {
        // What was handed out before goes out as it was.
        offer: record.content.is_none().then_some(&offer),
        by_webhook: app.webhook.is_some(),
        now,
    };
    let store = &app.fulfillments;
    let most = offer.per_player.0;
    let (after, reason) = match store.resume(record, release, most).await? {
        Resumed::Pending(after) => {
            let (player_id, entitlement_id, sku) = about(&after);
            let (new, handed_out) = (false, false);
            tracing::info!(event = event::PENDING, %player_id, %entitlement_id, sku, new, handed_out);
            return Ok(*after);
        }
        Resumed::Changed(after) => return Ok(*after),
        Resumed::UsedUp => (record, HoldReason::DuplicateOffer),
        Resumed::OtherPlayer => (record, HoldReason::OtherPlayer),
    };
    let held = store.hold_instead(after, reason, now).await?;
    log_held(&held, reason, false);
    Ok(held)
}

async fn present_offer(
    app: &App,
    record: &Record,
    now: Timestamp,
) -> Result<Option<Offer>, StoreError> {
    let Some(sku) = offer_sku(record) else {
        return Ok(None);
    };
    let mut found = app.offers.get([&sku], now).await?;
    match found.unreadable.remove(&sku) {
        Some(error) => Err(error),
        None => Ok(found.offers.remove(&sku)),
    }
}

/// Holds those of `pending`, which `owner` has acquired, whose offer is paused. Gives the others, and
/// how many are held.
pub(in crate::flow) async fn hold_paused_ones(
    app: &App,
    owner: &str,
    pending: Vec<Record>,
) -> (Vec<Record>, u64) {
    let skus = pending.iter().filter_map(|record| record.sku.as_deref());
    let paused = paused_among(app, skus).await;
    let (paused, others): (Vec<_>, Vec<_>) = pending
        .into_iter()
        .partition(|record| is_among(&paused, record));
    let holds: Vec<_> = paused
        .into_iter()
        .map(|record| hold_paused(app, Some(owner), record))
        .collect();
    let held = at_once(holds).await.into_iter().flatten().count();
    (others, u64::try_from(held).unwrap_or(u64::MAX))
}

/// An offer was resumed: makes `pending` what waits for it. The index is eventually consistent, so a
/// second run looks once more.
pub(in crate::flow) async fn resume_all(
    app: &App,
    budget: Budget,
    owner: &str,
    sku: &Sku,
    attempts: u32,
) {
    let resumed = resume_waiting(app, budget, sku).await;
    let now = app.clock.now();
    let store = &app.fulfillments;
    let done = match resumed {
        Ok(true) if attempts > 1 || standing::is_on_hold(app) => {
            store.finish_resumption(sku, lease(owner, now)).await
        }
        Ok(true) => {
            store
                .reschedule_resumption(sku, owner, now + RESUMPTION_PAUSE)
                .await
        }
        Ok(false) => store.reschedule_resumption(sku, owner, now).await,
        Err(error) => Err(error),
    };
    if let Err(error) = done {
        // The lease runs out by itself.
        tracing::warn!(event = event::RESUMPTION_CUT_SHORT, %sku, %error);
    }
}

/// `false`: there was no time for all of it.
async fn resume_waiting(app: &App, budget: Budget, sku: &Sku) -> Result<bool, StoreError> {
    let now = app.clock.now();
    if standing::is_on_hold(app)
        || !paused_among(app, [sku.as_str()].into_iter())
            .await
            .is_empty()
    {
        // A check resumes it, or another command does.
        return Ok(true);
    }
    for shard in 0..DUE_SHARDS {
        let mut after = None;
        loop {
            if !budget.allows_a_step() {
                return Ok(false);
            }
            let page = app.fulfillments.paused(sku, shard, now, after).await?;
            let hints: Vec<_> = page
                .hints
                .iter()
                .map(|hint| resume_hinted(app, hint, now))
                .collect();
            at_once(hints).await;
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(true)
}

async fn resume_hinted(app: &App, hint: &Due, now: Timestamp) {
    match app.fulfillments.hinted(hint).await {
        Ok(Some(record)) if record.reason == Some(HoldReason::OfferPaused) => {
            resume(app, record, now).await;
        }
        Ok(_) => {}
        Err(error) => log_unreadable(&error),
    }
}

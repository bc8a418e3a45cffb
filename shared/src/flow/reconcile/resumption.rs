//! After an offer was resumed: makes `pending` what waits for it, also for players who stay away.

use crate::App;
use crate::budget::{Budget, RESUMPTION_PAUSE, UNREADABLE_PAUSE};
use crate::domain::{HoldReason, Offer, Sku, Timestamp};
use crate::flow::fulfillment::lease::{at_once, lease};
use crate::flow::fulfillment::paused::{log_corrupt, resume};
use crate::flow::rows::log_unreadable;
use crate::flow::standing;
use crate::signals::event;
use crate::store::{DUE_SHARDS, Due, StoreError};

/// An offer was resumed: makes `pending` what waits for it. The index is eventually consistent, so a
/// second run looks once more.
pub(super) async fn resume_all(app: &App, budget: Budget, owner: &str, sku: &Sku, attempts: u32) {
    let resumed = resume_waiting(app, budget, sku).await;
    let now = app.clock.now();
    let store = &app.fulfillments;
    let done = match resumed {
        Ok(Resumption::Done) if attempts > 1 => {
            store.finish_resumption(sku, lease(owner, now)).await
        }
        Ok(Resumption::Done) => {
            let due_at = now + RESUMPTION_PAUSE;
            store.reschedule_resumption(sku, owner, due_at).await
        }
        Ok(Resumption::Again(due_at)) => store.reschedule_resumption(sku, owner, due_at).await,
        Err(error) => Err(error),
    };
    if let Err(error) = done {
        // The lease runs out by itself.
        tracing::warn!(event = event::RESUMPTION_CUT_SHORT, %sku, %error);
    }
}

/// What is left of a resumption.
enum Resumption {
    /// Nothing.
    Done,
    /// Something, which is to be done at this time.
    Again(Timestamp),
}

/// What can't be resumed now does not keep the rest from being resumed. If the database is the reason, the
/// result is its first error.
async fn resume_waiting(app: &App, budget: Budget, sku: &Sku) -> Result<Resumption, StoreError> {
    let now = app.clock.now();
    if standing::is_on_hold(app) {
        return Ok(Resumption::Again(standing::after_hold(app, now)));
    }
    let mut failed = None;
    for shard in 0..DUE_SHARDS {
        let mut after = None;
        loop {
            if !budget.allows_a_step() {
                return Ok(Resumption::Again(app.clock.now()));
            }
            let page = app.fulfillments.paused(sku, shard, now, after).await?;
            if !page.hints.is_empty() {
                // Read for each page, because the offer may be paused again meanwhile.
                let offer = match resumed_offer(app, sku).await {
                    Ok(Some(offer)) => offer,
                    // Another command resumes it, if it was not deleted.
                    Ok(None) => return Ok(Resumption::Done),
                    Err(error @ StoreError::Corrupt { .. }) => {
                        log_unreadable(&error);
                        return Ok(Resumption::Again(now + UNREADABLE_PAUSE));
                    }
                    Err(error) => return Err(error),
                };
                let hints: Vec<_> = page
                    .hints
                    .iter()
                    .map(|hint| resume_hinted(app, hint, &offer, now))
                    .collect();
                failed = failed.or(at_once(hints).await.into_iter().find_map(Result::err));
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    failed.map_or(Ok(Resumption::Done), Err)
}

/// The offer as the table has it now; `None`: it is paused or deleted.
async fn resumed_offer(app: &App, sku: &Sku) -> Result<Option<Offer>, StoreError> {
    let offer = app.offers.stored().one(sku).await?;
    Ok(offer.filter(|offer| !offer.paused))
}

/// Fails only if another try may help. A row that can't be read is an operator's to mend, and then the
/// player's next check resumes it.
async fn resume_hinted(
    app: &App,
    hint: &Due,
    offer: &Offer,
    now: Timestamp,
) -> Result<(), StoreError> {
    let found = app.fulfillments.hinted(hint).await;
    let resumed = match found.inspect_err(log_corrupt) {
        Ok(Some(record)) if record.reason == Some(HoldReason::OfferPaused) => {
            resume(app, &record, offer, now).await.map(drop)
        }
        Ok(_) => Ok(()),
        Err(error) => Err(error),
    };
    match resumed {
        Err(StoreError::Corrupt { .. }) => Ok(()),
        resumed => resumed,
    }
}

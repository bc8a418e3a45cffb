//! Housekeeping for Amazon accounts: waking what was parked, and forgetting remnants.

use std::time::Duration;

use crate::App;
use crate::domain::{backoff, random_fraction};
use crate::flow::lease::lease;
use crate::flow::rows::log_unreadable;
use crate::flow::unlink::needs_reports;
use crate::store::{Chore, ChoreKind, Record, Remnant, StoreError};

/// How much longer than a report a remnant waits for its next look.
const REMNANT_PATIENCE: u32 = 12;

/// Does it, and gives what is to be reported because of it. What fails is due again when the
/// lease runs out.
pub(super) async fn work(app: &App, owner: &str, chore: &Chore) -> Vec<Record> {
    let done = match chore.kind {
        ChoreKind::Wake => wake(app, owner, chore).await,
        ChoreKind::Remnant => look_after_remnant(app, owner, chore)
            .await
            .map(|()| Vec::new()),
    };
    done.unwrap_or_else(|error| {
        tracing::warn!(event = "chore_failed", kind = ?chore.kind, %error);
        Vec::new()
    })
}

async fn wake(app: &App, owner: &str, chore: &Chore) -> Result<Vec<Record>, StoreError> {
    let lease = lease(owner, app.clock.now());
    let woken = app.fulfillments.wake(chore, lease).await?;
    woken.unreadable.iter().for_each(log_unreadable);
    tracing::info!(event = "woken", count = woken.records.len());
    Ok(woken.records)
}

/// Forgets a remnant that has no report to make any more, or is too old.
async fn look_after_remnant(app: &App, owner: &str, chore: &Chore) -> Result<(), StoreError> {
    let now = app.clock.now();
    let Some(Remnant { link, expires_at }) = app.links.remnant(&chore.account).await? else {
        return app.fulfillments.finish_chore(chore, owner).await;
    };
    let is_good = link.tokens.is_some() && expires_at > now;
    if is_good && (link.owes || needs_reports(app, &link).await?) {
        let wait = backoff(chore.attempts, random_fraction()) * REMNANT_PATIENCE;
        let due_at = (now + wait.min(Duration::from_secs(3600))).min(expires_at);
        return app.fulfillments.postpone_chore(chore, owner, due_at).await;
    }
    app.links.delete_remnant(&link).await?;
    tracing::info!(event = "remnant_deleted", player_id = %link.player);
    app.fulfillments.finish_chore(chore, owner).await
}

//! Housekeeping for Amazon accounts: waking what was parked, forgetting remnants, trying dead
//! tokens again, and the first check after linking.

use std::time::Duration;

use crate::App;
use crate::domain::{Timestamp, backoff, random_fraction};
use crate::flow::budget::Budget;
use crate::flow::first_check::{self, Next};
use crate::flow::lease::lease;
use crate::flow::rows::log_unreadable;
use crate::flow::session::{Session, SessionError};
use crate::flow::standing;
use crate::flow::unlink::needs_reports;
use crate::store::{Chore, ChoreKind, Link, Record, Remnant, StoreError};

/// How long dead tokens wait for another look while their client id is not ours.
const FOREIGN_PAUSE: Duration = Duration::from_secs(3600);

/// How much longer than a report a remnant waits for its next look.
const REMNANT_PATIENCE: u32 = 12;

/// Does it, and gives what is to be reported because of it. What fails is due again when the
/// lease runs out.
pub(super) async fn work(app: &App, budget: Budget, owner: &str, chore: &Chore) -> Vec<Record> {
    let nothing = |()| Vec::new();
    let done = match chore.kind {
        ChoreKind::Wake => wake(app, owner, chore).await,
        ChoreKind::Remnant => look_after_remnant(app, owner, chore).await.map(nothing),
        ChoreKind::SecondLook => look_again(app, budget, owner, chore).await.map(nothing),
        ChoreKind::FirstCheck => first_check(app, budget, owner, chore).await.map(nothing),
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
    let is_good = (link.tokens.is_some() || link.dead.is_some()) && expires_at > now;
    if is_good && (link.owes || needs_reports(app, &link).await?) {
        let wait = backoff(chore.attempts, random_fraction()) * REMNANT_PATIENCE;
        let due_at = (now + wait.min(Duration::from_secs(3600))).min(expires_at);
        return app.fulfillments.postpone_chore(chore, owner, due_at).await;
    }
    app.links.delete_remnant(&link).await?;
    tracing::info!(event = "remnant_deleted", player_id = %link.player);
    app.fulfillments.finish_chore(chore, owner).await
}

/// Tries tokens again that Amazon called `invalid_grant`, or forgets them once they are too old.
async fn look_again(
    app: &App,
    budget: Budget,
    owner: &str,
    chore: &Chore,
) -> Result<(), StoreError> {
    let store = &app.fulfillments;
    let now = app.clock.now();
    let link = link_of(app, chore, now).await?;
    let Some((link, dead)) = link.and_then(|link| link.dead.clone().map(|dead| (link, dead)))
    else {
        if let Some(link) = &chore.link {
            app.links.forget_leftover(&link.player, &link.id).await?;
        }
        return store.finish_chore(chore, owner).await;
    };
    if dead.until <= now {
        app.links.forget_dead(&link).await?;
        tracing::info!(event = "dead_tokens_forgotten", player_id = %link.player);
        return store.finish_chore(chore, owner).await;
    }
    let is_ours = standing::is_ours(app, &link);
    if !is_ours || dead.next_look_at > now {
        let wait = if is_ours {
            Duration::ZERO
        } else {
            FOREIGN_PAUSE
        };
        let next = (now + wait).max(dead.next_look_at).min(dead.until);
        return store.postpone_chore(chore, owner, next).await;
    }
    let player_id = link.player.clone();
    let session = Session::new(app, budget, link);
    let next = match session.look_again().await {
        Ok(()) => return store.finish_chore(chore, owner).await,
        Err(SessionError::Dead) => {
            let dead = session.link().await.dead;
            dead.map_or(now, |dead| dead.next_look_at)
        }
        Err(SessionError::Store(error)) => return Err(error),
        Err(error) => {
            let retry_at = session.link().await.retry_at;
            tracing::warn!(event = "second_look_failed", %player_id, cause = %error);
            retry_at.unwrap_or(now)
        }
    };
    let soonest = now + backoff(chore.attempts, random_fraction());
    let due_at = next.max(soonest).min(dead.until);
    store.postpone_chore(chore, owner, due_at).await
}

/// Makes the first check after linking, which the request that made the link did not make.
async fn first_check(
    app: &App,
    budget: Budget,
    owner: &str,
    chore: &Chore,
) -> Result<(), StoreError> {
    let store = &app.fulfillments;
    let now = app.clock.now();
    let next = match link_of(app, chore, now).await? {
        None => Next::Done,
        Some(link) => first_check::in_reconcile(app, budget, &link).await?,
    };
    match next {
        Next::Done => store.finish_chore(chore, owner).await,
        Next::Again(not_before) => {
            let soonest = now + backoff(chore.attempts, random_fraction());
            let due_at = not_before.map_or(soonest, |at| at.max(soonest));
            store.postpone_chore(chore, owner, due_at).await
        }
    }
}

/// The link that this housekeeping is for, if it is still the account's: its player's, or what is
/// left of it.
async fn link_of(app: &App, chore: &Chore, now: Timestamp) -> Result<Option<Link>, StoreError> {
    let Some(wanted) = &chore.link else {
        return Ok(None);
    };
    let is_it = |link: &Link| link.id == wanted.id;
    let linked = app.links.get(&wanted.player).await?.link;
    if let Some(link) = linked.filter(is_it) {
        return Ok(Some(link));
    }
    let remnant = app.links.remnant(&chore.account).await?;
    Ok(remnant
        .filter(|remnant| remnant.expires_at > now)
        .map(|remnant| remnant.link)
        .filter(is_it))
}

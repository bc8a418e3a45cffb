//! Housekeeping for Amazon accounts: waking what was parked, forgetting remnants, trying dead
//! tokens again, and the first check after linking.

use std::time::Duration;

use crate::App;
use crate::budget::{Budget, FOREIGN_PAUSE, HOUSEKEEPING_PAUSE_MOST};
use crate::domain::{Timestamp, backoff, random_fraction};
use crate::flow::entitlements::first_check::{self, Next};
use crate::flow::fulfillment::lease::{Unfinished, lease};
use crate::flow::fulfillment::report::{in_vain, speaker};
use crate::flow::linking::remnant::{needs_reports, still_inherited};
use crate::flow::rows::log_unreadable;
use crate::flow::session::{Session, SessionError};
use crate::flow::standing;
use crate::store::{Chore, ChoreKind, Inherited, Link, Record, Remnant, StoreError};

/// How much longer than a report a remnant waits for its next look.
const REMNANT_PATIENCE: u32 = 12;

/// Does it, and gives what is to be reported because of it. What fails is due again after a
/// growing wait.
pub(in crate::flow) async fn work(
    app: &App,
    budget: Budget,
    owner: &str,
    chore: &Chore,
) -> Vec<Record> {
    let nothing = |()| Vec::new();
    let done = match chore.kind {
        ChoreKind::Wake => wake(app, owner, chore).await,
        ChoreKind::Remnant => look_after_remnant(app, owner, chore).await.map(nothing),
        ChoreKind::SecondLook => look_again(app, budget, owner, chore).await.map(nothing),
        ChoreKind::FirstCheck => first_check(app, budget, owner, chore).await.map(nothing),
    };
    match done {
        Ok(records) => records,
        Err(error) => {
            back_off(app, owner, chore, &error).await;
            Vec::new()
        }
    }
}

async fn back_off(app: &App, owner: &str, chore: &Chore, error: &StoreError) {
    let attempts = chore.attempts;
    tracing::warn!(event = "chore_failed", kind = ?chore.kind, attempts, %error);
    let due_at = app.clock.now() + backoff(attempts, random_fraction());
    let store = &app.fulfillments;
    if let Err(error) = store.postpone_chore(chore, owner, due_at, false).await {
        // The lease runs out by itself.
        tracing::warn!(event = "not_given_back", %error);
    }
}

async fn wake(app: &App, owner: &str, chore: &Chore) -> Result<Vec<Record>, StoreError> {
    let now = app.clock.now();
    let store = &app.fulfillments;
    let speaker = speaker(app, &chore.account).await?;
    match speaker.map(|link| in_vain(app, &link, now)) {
        Some(None) => {}
        // What is woken would only be noted again.
        Some(Some(Unfinished::Refused(until))) => {
            let due_at = until.unwrap_or(now + HOUSEKEEPING_PAUSE_MOST);
            store.postpone_chore(chore, owner, due_at, true).await?;
            return Ok(Vec::new());
        }
        Some(Some(_)) | None => {
            store.rest(chore, owner).await?;
            return Ok(Vec::new());
        }
    }
    let woken = store.wake(chore, lease(owner, now)).await?;
    woken.unreadable.iter().for_each(log_unreadable);
    tracing::info!(event = "woken", count = woken.records.len());
    // What is woken is due by its leases, whatever becomes of the note.
    let noted = match &woken.failed {
        Some(error) => {
            back_off(app, owner, chore, error).await;
            Ok(())
        }
        None if woken.is_rest => store.postpone_chore(chore, owner, now, true).await,
        None => store.rest(chore, owner).await,
    };
    if let Err(error) = noted {
        back_off(app, owner, chore, &error).await;
    }
    Ok(woken.records)
}

/// Forgets a remnant that has no report to make any more, or is too old.
async fn look_after_remnant(app: &App, owner: &str, chore: &Chore) -> Result<(), StoreError> {
    let now = app.clock.now();
    let store = &app.fulfillments;
    let Some(Remnant { link, expires_at }) = app.links.remnant(&chore.account).await? else {
        return store.finish_chore(chore, owner).await;
    };
    let is_good = (link.tokens.is_some() || link.dead.is_some()) && expires_at > now;
    if is_good
        && (needs_reports(app, &link).await?
            || still_inherited(app, &link).await? != Inherited::None)
    {
        let wait = backoff(chore.attempts, random_fraction()) * REMNANT_PATIENCE;
        let due_at = (now + wait.min(HOUSEKEEPING_PAUSE_MOST)).min(expires_at);
        return store.postpone_chore(chore, owner, due_at, false).await;
    }
    app.links.delete_remnant(&link).await?;
    tracing::info!(event = "remnant_deleted", player_id = %link.player);
    store.finish_chore(chore, owner).await
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
        return store.postpone_chore(chore, owner, next, false).await;
    }
    let player_id = link.player.clone();
    let session = Session::new(app, budget, link);
    let next = match session.look_again().await {
        Ok(()) => {
            // Where the database did not take the new tokens, the look has still to be made.
            let stored = link_of(app, chore, now).await?;
            if stored.is_none_or(|link| link.dead.is_none()) {
                return store.finish_chore(chore, owner).await;
            }
            now
        }
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
    store.postpone_chore(chore, owner, due_at, false).await
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
            store.postpone_chore(chore, owner, due_at, false).await
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

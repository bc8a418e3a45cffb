//! Housekeeping for Amazon accounts: waking what was parked, forgetting remnants, trying dead
//! tokens again, and the first check after linking.

use std::time::Duration;

use crate::App;
use crate::budget::{Budget, FOREIGN_PAUSE, HOUSEKEEPING_PAUSE_MOST};
use crate::domain::{InVain, Timestamp, backoff};
use crate::flow::entitlements::first_check;
use crate::flow::fulfillment::lease::lease;
use crate::flow::fulfillment::report::{in_vain, speaker};
use crate::flow::linking::remnant::{needs_reports, still_inherited};
use crate::flow::rows::log_unreadable;
use crate::flow::session::{Session, SessionError};
use crate::flow::standing;
use crate::signals::event;
use crate::store::{Housekeeping, HousekeepingKind, Inherited, Link, Record, Remnant, StoreError};

/// A remnant waits this many times longer than a report for its next look.
const REMNANT_PATIENCE: u32 = 12;

/// What is next for a task.
enum Next {
    /// The task is over.
    Done,
    /// The task is due again at this time.
    Again(Timestamp),
    /// These records have to be reported. The task itself is settled already.
    Report(Vec<Record>),
}

/// Does the task, and gives the records that have to be reported because of it. A task that fails is
/// due again after a growing wait.
pub(super) async fn work(
    app: &App,
    budget: Budget,
    owner: &str,
    task: &Housekeeping,
) -> Vec<Record> {
    let next = match task.kind {
        HousekeepingKind::Wake => wake(app, owner, task).await,
        HousekeepingKind::Remnant => look_after_remnant(app, task).await,
        HousekeepingKind::SecondLook => look_again(app, budget, task).await,
        HousekeepingKind::FirstCheck => first_check(app, budget, task).await,
    };
    let store = &app.fulfillments;
    let written = match next {
        Ok(Next::Report(records)) => return records,
        Ok(Next::Done) => store.finish_housekeeping(task, owner).await,
        Ok(Next::Again(at)) => store.reschedule_housekeeping(task, owner, at, false).await,
        Err(error) => Err(error),
    };
    if let Err(error) = written {
        back_off(app, owner, task, &error).await;
    }
    Vec::new()
}

async fn back_off(app: &App, owner: &str, task: &Housekeeping, error: &StoreError) {
    let attempts = task.attempts;
    tracing::warn!(event = event::CHORE_FAILED, kind = ?task.kind, attempts, %error);
    let due_at = app.clock.now() + backoff(attempts, app.jitter.fraction());
    let store = &app.fulfillments;
    if let Err(error) = store
        .reschedule_housekeeping(task, owner, due_at, false)
        .await
    {
        // The lease runs out by itself.
        tracing::warn!(event = event::NOT_GIVEN_BACK, %error);
    }
}

/// Wakes the reports that are parked for the account, if its link can make them now.
async fn wake(app: &App, owner: &str, task: &Housekeeping) -> Result<Next, StoreError> {
    let now = app.clock.now();
    let store = &app.fulfillments;
    let speaker = speaker(app, &task.account).await?;
    match speaker.map(|link| in_vain(app, &link, now)) {
        Some(None) => {}
        // What is woken would only be parked again.
        Some(Some(InVain::Until(until))) => {
            store
                .reschedule_housekeeping(task, owner, until, true)
                .await?;
            return Ok(Next::Report(Vec::new()));
        }
        Some(Some(InVain::Dead)) | None => {
            store.release_note(task, owner).await?;
            return Ok(Next::Report(Vec::new()));
        }
    }
    let woken = store.wake(task, lease(owner, now)).await?;
    woken.unreadable.iter().for_each(log_unreadable);
    tracing::info!(event = event::WOKEN, count = woken.records.len());
    // The woken records are due when their leases run out, whatever becomes of the note.
    let noted = match &woken.failed {
        Some(error) => {
            back_off(app, owner, task, error).await;
            Ok(())
        }
        None if woken.is_rest => store.reschedule_housekeeping(task, owner, now, true).await,
        None => store.release_note(task, owner).await,
    };
    if let Err(error) = noted {
        back_off(app, owner, task, &error).await;
    }
    Ok(Next::Report(woken.records))
}

/// Forgets a remnant that has no report to make any more, or is too old.
async fn look_after_remnant(app: &App, task: &Housekeeping) -> Result<Next, StoreError> {
    let now = app.clock.now();
    let Some(Remnant { link, expires_at }) = app.links.remnant(&task.account).await? else {
        return Ok(Next::Done);
    };
    let is_good = (link.tokens.is_some() || link.dead.is_some()) && expires_at > now;
    if is_good
        && (needs_reports(app, &link).await?
            || still_inherited(app, &link).await? != Inherited::None)
    {
        let wait = backoff(task.attempts, app.jitter.fraction()) * REMNANT_PATIENCE;
        let due_at = (now + wait.min(HOUSEKEEPING_PAUSE_MOST)).min(expires_at);
        return Ok(Next::Again(due_at));
    }
    app.links.delete_remnant(&link).await?;
    tracing::info!(event = event::REMNANT_DELETED, player_id = %link.player);
    Ok(Next::Done)
}

/// Tries tokens again that Amazon called `invalid_grant`, or forgets them once they are too old.
async fn look_again(app: &App, budget: Budget, task: &Housekeeping) -> Result<Next, StoreError> {
    let now = app.clock.now();
    let link = link_of(app, task, now).await?;
    let Some((link, dead)) = link.and_then(|link| link.dead.clone().map(|dead| (link, dead)))
    else {
        if let Some(link) = &task.link {
            app.links.forget_leftover(&link.player, &link.id).await?;
        }
        return Ok(Next::Done);
    };
    if dead.until <= now {
        app.links.forget_dead(&link).await?;
        tracing::info!(event = event::DEAD_TOKENS_FORGOTTEN, player_id = %link.player);
        return Ok(Next::Done);
    }
    let is_ours = standing::is_ours(app, &link);
    if !is_ours || dead.next_look_at > now {
        let wait = if is_ours {
            Duration::ZERO
        } else {
            FOREIGN_PAUSE
        };
        let next = (now + wait).max(dead.next_look_at).min(dead.until);
        return Ok(Next::Again(next));
    }
    let player_id = link.player.clone();
    let session = Session::new(app, budget, link);
    let next = match session.look_again().await {
        Ok(true) => return Ok(Next::Done),
        Ok(false) => now,
        Err(SessionError::Dead) => {
            let dead = session.link().await.dead;
            dead.map_or(now, |dead| dead.next_look_at)
        }
        Err(SessionError::Store(error)) => return Err(error),
        Err(error) => {
            let retry_at = session.link().await.retry_at;
            tracing::warn!(event = event::SECOND_LOOK_FAILED, %player_id, cause = %error);
            retry_at.unwrap_or(now)
        }
    };
    let soonest = now + backoff(task.attempts, app.jitter.fraction());
    Ok(Next::Again(next.max(soonest).min(dead.until)))
}

/// Makes the first check after linking, if the request that made the link did not.
async fn first_check(app: &App, budget: Budget, task: &Housekeeping) -> Result<Next, StoreError> {
    let now = app.clock.now();
    let Some(link) = link_of(app, task, now).await? else {
        return Ok(Next::Done);
    };
    Ok(match first_check::in_reconcile(app, budget, &link).await? {
        first_check::Next::Done => Next::Done,
        first_check::Next::Again(not_before) => {
            let soonest = now + backoff(task.attempts, app.jitter.fraction());
            Next::Again(not_before.map_or(soonest, |at| at.max(soonest)))
        }
    })
}

/// The link that this task is for, if it still exists: as the player's link, or as its remnant.
async fn link_of(
    app: &App,
    task: &Housekeeping,
    now: Timestamp,
) -> Result<Option<Link>, StoreError> {
    let Some(wanted) = &task.link else {
        return Ok(None);
    };
    let is_it = |link: &Link| link.id == wanted.id;
    let linked = app.links.get(&wanted.player).await?.link;
    if let Some(link) = linked.filter(is_it) {
        return Ok(Some(link));
    }
    let remnant = app.links.remnant(&task.account).await?;
    Ok(remnant
        .and_then(|remnant| remnant.usable(now))
        .filter(is_it))
}

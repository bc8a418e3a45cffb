//! The first check after linking. With a webhook the service makes it by itself, so that the reward is
//! there before the game starts.
//!
//! The transaction that makes the link also leaves a housekeeping row. The request that made the
//! link makes the check as well, if it has time, and removes the row; otherwise `reconcile` finds
//! the row within a minute. Either way the check takes its turn like a game's check does.

use crate::App;
use crate::budget::{Budget, FIRST_CHECK_LIFE, FIRST_CHECK_WORK};
use crate::domain::{PlayerId, Timestamp};
use crate::flow::entitlements::check::check;
use crate::flow::standing;
use crate::signals::event;
use crate::store::{Link, StoreError, TokenRow};

/// When the service has to make the first check of a link that is made at `now`; `None`: the game
/// makes it.
pub(in crate::flow) fn due_at(app: &App, now: Timestamp) -> Option<Timestamp> {
    app.webhook.is_some().then_some(now)
}

/// Makes the first check in the request that has just linked `player`. The player stays linked
/// whatever happens here, and `reconcile` does what is left.
pub(in crate::flow) async fn in_request(app: &App, budget: Budget, player: &PlayerId) {
    if app.webhook.is_none() || standing::is_on_hold(app) || !budget.allows_a_page() {
        return;
    }
    let part = budget.of_at_most(FIRST_CHECK_WORK);
    // Boxed, so that requests that link nothing do not carry its state around.
    let made = part.at_most(Box::pin(make(app, part, player))).await;
    match made {
        Some(Ok(())) => {}
        Some(Err(error)) => {
            tracing::warn!(event = event::FIRST_CHECK_FAILED, player_id = %player, %error);
        }
        None => tracing::warn!(event = event::FIRST_CHECK_CUT_SHORT, player_id = %player),
    }
}

async fn make(app: &App, budget: Budget, player: &PlayerId) -> Result<(), StoreError> {
    let Some(link) = app.links.get(player).await?.link else {
        return Ok(());
    };
    if check(app, budget, player).await?.is_whole() {
        app.fulfillments
            .first_check_made(&link.amazon_user_id, &link.id)
            .await?;
    }
    Ok(())
}

/// What is next for a first check that was left to `reconcile`.
pub(in crate::flow) enum Next {
    /// It is made, or not needed any more.
    Done,
    /// It has to be tried again, but not before this time, if there is one.
    Again(Option<Timestamp>),
}

/// Makes the first check of `link` in a run of `reconcile`.
pub(in crate::flow) async fn in_reconcile(
    app: &App,
    budget: Budget,
    link: &Link,
) -> Result<Next, StoreError> {
    let now = app.clock.now();
    let is_ended = link.token_row == TokenRow::Remnant;
    if is_ended || app.webhook.is_none() || now.since(link.linked_at) >= FIRST_CHECK_LIFE {
        return Ok(Next::Done);
    }
    if standing::is_on_hold(app) {
        return Ok(Next::Again(Some(standing::after_hold(app, now))));
    }
    match standing::may_ask_at(app, link) {
        // The player has to link again, and is checked then.
        None => Ok(Next::Done),
        Some(at) if at > now => Ok(Next::Again(Some(at))),
        Some(_) => {
            let answer = Box::pin(check(app, budget, &link.player)).await?;
            Ok(if answer.is_whole() {
                Next::Done
            } else {
                Next::Again(answer.next_check_at())
            })
        }
    }
}

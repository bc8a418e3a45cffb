//! The end of a player's link.

use super::remnant::{remnant, still_inherited};
use crate::App;
use crate::budget::{Budget, UNLINK_WORK};
use crate::domain::{PlayerId, Status, random_token};
use crate::flow::fulfillment::lease::take;
use crate::flow::fulfillment::report::report_all;
use crate::flow::rows::read_open;
use crate::flow::session::Session;
use crate::signals::event;
use crate::store::{Changes, Link, PlayerRow, RemnantTimes, StoreError};

/// How often removing a link is tried while other requests change it.
const TRIES: u32 = 8;

/// Ends the player's link, if there is one. What was delivered and not yet reported is reported
/// first, as far as such a report can begin within 5 s. Unlinking never fails because Amazon is down.
///
/// # Errors
/// See [`StoreError`].
pub async fn unlink(app: &App, player: &PlayerId) -> Result<(), StoreError> {
    let budget = Budget::of(UNLINK_WORK);
    for attempt in 0..TRIES {
        let row = app.links.get(player).await?;
        let Some(link) = &row.link else { return Ok(()) };
        if attempt == 0 && report_first(app, budget, &row).await {
            continue;
        }
        let (link, remnant) = ending(app, &row, link).await?;
        let unlinked = app.links.unlink(&app.fulfillments, &row, &link, remnant);
        if unlinked.await?.is_done() {
            tracing::info!(event = event::UNLINKED, player_id = %player);
            return Ok(());
        }
    }
    Err(StoreError::Contended {
        what: "the link that is to be removed",
    })
}

/// Reports what can be reported before the link of this row ends. `true`: the row has to be read
/// again, because Amazon may have asked for rest or given new tokens, and the remnant needs both.
pub(in crate::flow) async fn report_first(app: &App, budget: Budget, row: &PlayerRow) -> bool {
    let Some(link) = row.link.as_ref().filter(|link| link.tokens.is_some()) else {
        return false;
    };
    if !row.has_open {
        return false;
    }
    // The remnant also gets what a slow database leaves undone.
    let reported = budget
        .at_most(report_rest(app, budget, &link.player, Some(link)))
        .await;
    if reported.is_none() {
        tracing::warn!(event = event::REPORTS_CUT_SHORT, player_id = %link.player);
    }
    true
}

/// Reports what can be reported before the player is erased. `link` is the player's own; for another
/// account its link or remnant is used.
pub(in crate::flow) async fn report_last(
    app: &App,
    budget: Budget,
    player: &PlayerId,
    link: Option<&Link>,
) {
    let link = link.filter(|link| link.tokens.is_some());
    let reported = budget.at_most(report_rest(app, budget, player, link)).await;
    if reported.is_none() {
        tracing::warn!(event = event::REPORTS_CUT_SHORT, player_id = %player);
    }
}

/// The changes that end the link of this row.
///
/// # Errors
/// See [`StoreError`].
pub(in crate::flow) async fn unlinking(
    app: &App,
    row: &PlayerRow,
    link: &Link,
) -> Result<Changes, StoreError> {
    let (link, remnant) = ending(app, row, link).await?;
    Ok(app
        .links
        .unlink_changes(&app.fulfillments, row, &link, remnant))
}

/// The link as it ends, and how long its remnant is kept.
async fn ending(
    app: &App,
    row: &PlayerRow,
    link: &Link,
) -> Result<(Link, Option<RemnantTimes>), StoreError> {
    let link = Link {
        inherited: still_inherited(app, link).await?,
        ..link.clone()
    };
    let remnant = remnant(app, row, &link).await?;
    Ok((link, remnant))
}

/// A failure here does not stop the unlinking: the remnant gets what could not be reported.
async fn report_rest(app: &App, budget: Budget, player: &PlayerId, link: Option<&Link>) {
    let open = match read_open(app, player).await {
        Ok(open) => open,
        Err(error) => {
            tracing::warn!(event = event::OPEN_NOT_READ, player_id = %player, %error);
            return;
        }
    };
    let now = app.clock.now();
    let delivered = open
        .records
        .into_iter()
        .filter(|record| record.status == Status::Delivered && record.may_be_tried(now))
        .collect();
    let owner = random_token();
    let taken = take(app, &owner, delivered).await;
    if taken.is_empty() {
        return;
    }
    let session = link.map(|link| Session::new(app, budget, link.clone()));
    report_all(app, budget, session.as_ref(), None, &owner, taken).await;
}

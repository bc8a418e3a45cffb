//! What a player's link is, and its end.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;

use super::budget::Budget;
use super::lease::take;
use super::report::report_all;
use super::rows::read_open;
use super::session::Session;
use super::standing;
use crate::App;
use crate::domain::{AmazonUserId, LinkStatus, PlayerId, Status, Timestamp, random_token};
use crate::store::{Inherited, Link, PlayerRow, Record, RemnantTimes, StoreError, Unlinked};

/// Reports are begun in the first 5 s; the last one may still take its own time limit.
const REPORTS: Duration = Duration::from_secs(10);

/// How long the tokens of a link that was ended are kept for its last reports.
const REMNANT_LIFE: Duration = Duration::from_secs(24 * 3600);

/// When a remnant is first looked after: mostly it has served its purpose by then.
const REMNANT_LOOK: Duration = Duration::from_secs(60);

/// How often a link that changes while it is removed is tried.
const TRIES: u32 = 8;

/// What a player's link is.
#[derive(Debug, Serialize)]
pub struct LinkAnswer {
    /// As it is now.
    pub status: LinkStatus,
    linked_at: Option<Timestamp>,
}

/// What the player's link is.
///
/// # Errors
/// If the database does not answer, or the row is corrupt.
pub async fn link_status(app: &App, player: &PlayerId) -> Result<LinkAnswer, StoreError> {
    let row = app.links.get(player).await?;
    Ok(LinkAnswer {
        status: standing::status(app, &row),
        linked_at: row.link.map(|link| link.linked_at),
    })
}

/// Ends the player's link, if there is one. What was delivered and not yet reported is reported
/// first, as far as that goes within 5 s; it never fails because Amazon is down.
///
/// # Errors
/// If the database does not answer, or a row is corrupt.
pub async fn unlink(app: &App, player: &PlayerId) -> Result<(), StoreError> {
    let budget = Budget::of(REPORTS);
    for attempt in 0..TRIES {
        let row = app.links.get(player).await?;
        let Some(link) = &row.link else { return Ok(()) };
        if attempt == 0 && row.has_open && link.tokens.is_some() {
            // What a slow database leaves undone is left to the remnant too.
            let reported = budget.at_most(report_rest(app, budget, link)).await;
            if reported.is_none() {
                tracing::warn!(event = "reports_cut_short", player_id = %player);
            }
            // Amazon may have asked for rest or given new tokens: the remnant needs both.
            continue;
        }
        let link = Link {
            inherited: still_inherited(app, link).await?,
            ..link.clone()
        };
        let remnant = remnant(app, &row, &link).await?;
        let unlinked = app.links.unlink(&app.fulfillments, &row, &link, remnant);
        if unlinked.await? == Unlinked::Done {
            tracing::info!(event = "unlinked", player_id = %player);
            return Ok(());
        }
    }
    Err(StoreError::Unavailable {
        operation: "TransactWriteItems",
        cause: "the link changes again and again while it is removed".to_owned(),
    })
}

/// What is left of the link, if it has reports to make: those that earlier players of the account
/// left to it, or this player's, now or once the player has what is still to be delivered.
///
/// # Errors
/// If the database does not answer.
pub(super) async fn remnant(
    app: &App,
    row: &PlayerRow,
    link: &Link,
) -> Result<Option<RemnantTimes>, StoreError> {
    let is_needed = link.tokens.is_some()
        && (link.inherited != Inherited::None
            || (row.has_open && needs_reports(app, link).await?));
    let now = app.clock.now();
    Ok(is_needed.then(|| RemnantTimes {
        due_at: now + REMNANT_LOOK,
        expires_at: now + REMNANT_LIFE,
    }))
}

/// Whether the link's player has something open that its account has to report. A record that
/// can't be read may be such a one.
///
/// # Errors
/// If the database does not answer.
pub(super) async fn needs_reports(app: &App, link: &Link) -> Result<bool, StoreError> {
    needs_reports_of(app, &link.player, &link.amazon_user_id).await
}

/// Those of the players for whom the link may have reports to make that really have one.
///
/// # Errors
/// If the database does not answer.
pub(super) async fn still_inherited(app: &App, link: &Link) -> Result<Inherited, StoreError> {
    let Inherited::From(players) = &link.inherited else {
        return Ok(link.inherited.clone());
    };
    let mut still = BTreeSet::new();
    for player in players {
        if needs_reports_of(app, player, &link.amazon_user_id).await? {
            still.insert(player.clone());
        }
    }
    Ok(Inherited::of(still))
}

async fn needs_reports_of(
    app: &App,
    player: &PlayerId,
    account: &AmazonUserId,
) -> Result<bool, StoreError> {
    let open = read_open(app, player).await?;
    let is_needed = |record: &Record| record.needs_report_by(account);
    Ok(open.has_unreadable || open.records.iter().any(is_needed))
}

/// A failure costs nobody the unlinking: what could not be reported is left to the remnant.
async fn report_rest(app: &App, budget: Budget, link: &Link) {
    let open = match read_open(app, &link.player).await {
        Ok(open) => open,
        Err(error) => {
            tracing::warn!(event = "open_not_read", player_id = %link.player, %error);
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
    let session = Session::new(app, budget, link.clone());
    report_all(app, budget, Some(&session), None, &owner, taken).await;
}

//! The on-demand check: what may this player have now?
//!
//! It is never an error that it comes too soon, that Amazon is down or that there is no link:
//! the game gets what is known.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use serde::Serialize;

use super::admit::admit;
use super::budget::Budget;
use super::report::{REFUSED_PAUSE, report_again, report_all, take};
use super::session::{Session, SessionError};
use super::view::EntitlementView;
use crate::App;
use crate::amazon::{Instruction, Listing};
use crate::domain::{EntitlementId, LinkStatus, PlayerId, Status, Timestamp, random_token};
use crate::store::{Link, LinkState, PlayerRow, Record, StoreError};

/// The most entitlements in one answer.
const MOST: usize = 50;

/// The answer to a check.
#[derive(Debug, Serialize)]
pub struct CheckAnswer {
    link: LinkStatus,
    fresh: bool,
    checked_at: Option<Timestamp>,
    next_check_at: Option<Timestamp>,
    entitlements: Vec<EntitlementView>,
}

/// Checks for this player.
///
/// # Errors
/// If our own records can't be read: then nothing is known.
pub async fn check(
    app: &App,
    budget: Budget,
    player: &PlayerId,
) -> Result<CheckAnswer, StoreError> {
    let now = app.clock.now();
    let row = app.links.get(player).await?;
    let Some(link) = &row.link else {
        let entitlements = open_ones(app, player, &row).await?;
        return Ok(CheckAnswer {
            link: LinkStatus::Unlinked,
            fresh: true,
            checked_at: None,
            next_check_at: None,
            entitlements: show(entitlements),
        });
    };
    if link.may_ask_at().is_some_and(|at| at <= now) {
        let next = now + app.config.check_min_interval;
        if let Some(row) = app.links.take_check(link, now, next).await? {
            return ask(app, budget, player, row).await;
        }
    }
    known(app, player, row).await
}

/// What is known without asking Amazon.
async fn known(app: &App, player: &PlayerId, row: PlayerRow) -> Result<CheckAnswer, StoreError> {
    let entitlements = open_ones(app, player, &row).await?;
    Ok(answer(row.status(), row.link.as_ref(), false, entitlements))
}

async fn open_ones(
    app: &App,
    player: &PlayerId,
    row: &PlayerRow,
) -> Result<Vec<Record>, StoreError> {
    if !row.has_open {
        return Ok(Vec::new());
    }
    let open = app.fulfillments.open(player).await?;
    if open.is_empty() {
        clear_open(app, player, row).await;
    }
    Ok(open)
}

/// Saves the next check a look. That it fails costs nothing else.
async fn clear_open(app: &App, player: &PlayerId, row: &PlayerRow) {
    if let Err(error) = app.links.clear_open(player, row).await {
        tracing::warn!(event = "open_not_cleared", player_id = %player, %error);
    }
}

/// Asks Amazon, and writes down what it says.
async fn ask(
    app: &App,
    budget: Budget,
    player: &PlayerId,
    row: PlayerRow,
) -> Result<CheckAnswer, StoreError> {
    let Some(link) = row.link.clone() else {
        return known(app, player, row).await;
    };
    let session = Session::new(app, budget, link);
    let listed = session
        .call(|token| async move { app.prime_gaming.entitlements(&token, app.clock.now()).await })
        .await;
    let error = match listed {
        Ok(listing) => {
            let entitlements = settle(app, budget, &session, &row, &listing).await?;
            let link = accepted(app, session.link().await).await;
            return Ok(answer(LinkStatus::Linked, Some(&link), true, entitlements));
        }
        Err(error) => error,
    };
    tracing::warn!(event = "check_not_fresh", player_id = %player, cause = %error);
    if matches!(error, SessionError::Changed) {
        let row = app.links.get(player).await?;
        return known(app, player, row).await;
    }
    let mut link = session.link().await;
    match error {
        SessionError::Dead => {
            link.state = LinkState::RelinkRequired;
            link.tokens = None;
        }
        SessionError::Refused => {
            let next = app.clock.now() + REFUSED_PAUSE;
            app.links.mark_refused(&link, next).await?;
            link.state = LinkState::RelinkRequired;
            link.next_check_at = Some(next);
        }
        _ => {}
    }
    known(
        app,
        player,
        PlayerRow {
            link: Some(link),
            ..row
        },
    )
    .await
}

/// A success clears what a refusal has set.
async fn accepted(app: &App, mut link: Link) -> Link {
    if link.state == LinkState::RelinkRequired {
        if let Err(error) = app.links.mark_accepted(&link).await {
            tracing::warn!(event = "link_not_cleared", player_id = %link.player, %error);
        }
        link.state = LinkState::Linked;
    }
    link
}

/// Brings our records and Amazon's list together. Gives what is open afterwards.
async fn settle(
    app: &App,
    budget: Budget,
    session: &Session<'_>,
    row: &PlayerRow,
    listing: &Listing,
) -> Result<Vec<Record>, StoreError> {
    let link = session.link().await;
    if listing.broken > 0 {
        tracing::warn!(event = "broken_entitlements", player_id = %link.player, count = listing.broken);
    }
    if listing.entitlements.is_empty() && !row.has_open {
        return Ok(Vec::new());
    }
    let mut open = app.fulfillments.open(&link.player).await?;
    if listing.entitlements.is_empty() && open.is_empty() {
        clear_open(app, &link.player, row).await;
        return Ok(open);
    }
    let admitted = admit(app, budget, &link, listing, &open).await?;
    let is_new: HashSet<_> = admitted
        .new
        .iter()
        .map(|record| record.id.clone())
        .collect();
    open.retain(|record| !is_new.contains(&record.id));
    open.extend(admitted.new);

    let statuses = report_delivered(app, budget, session, &link, listing, &open).await?;
    report_again(app, session, admitted.forgotten).await;
    for record in &mut open {
        if let Some(status) = statuses.get(&record.id) {
            record.status = *status;
        }
    }
    open.retain(|record| record.status != Status::Reported);
    Ok(open)
}

/// Brings what is `delivered` to Amazon's knowledge. What Amazon no longer asks for after an
/// earlier report has been heard; the rest is reported at once.
async fn report_delivered(
    app: &App,
    budget: Budget,
    session: &Session<'_>,
    link: &Link,
    listing: &Listing,
    open: &[Record],
) -> Result<HashMap<EntitlementId, Status>, StoreError> {
    let now = app.clock.now();
    let wanted: HashSet<_> = listing
        .entitlements
        .iter()
        .filter(|listed| listed.instruction != Instruction::Noop)
        .map(|listed| &listed.id)
        .collect();
    let (settled, unheard): (Vec<_>, Vec<_>) = open
        .iter()
        .filter(|record| record.status == Status::Delivered && !record.is_leased(now))
        .partition(|record| {
            // An element that could not be read may be any entitlement.
            record.amazon_user_id == link.amazon_user_id
                && listing.broken == 0
                && record.attempts > 0
                && !wanted.contains(&record.id)
        });
    let mut statuses = HashMap::new();
    for record in settled {
        if app.fulfillments.mark_settled(record, now).await? {
            statuses.insert(record.id.clone(), Status::Reported);
        }
    }
    let owner = random_token();
    let taken = take(app, &owner, unheard.into_iter().cloned().collect()).await;
    statuses.extend(report_all(app, budget, Some(session), &owner, taken).await);
    Ok(statuses)
}

fn answer(
    status: LinkStatus,
    link: Option<&Link>,
    fresh: bool,
    entitlements: Vec<Record>,
) -> CheckAnswer {
    CheckAnswer {
        link: status,
        fresh,
        checked_at: link.and_then(|link| link.checked_at),
        next_check_at: link.and_then(Link::may_ask_at),
        entitlements: show(entitlements),
    }
}

/// `pending` ones first, then the others, each oldest first.
fn show(mut records: Vec<Record>) -> Vec<EntitlementView> {
    records.sort_by(|a, b| {
        let rank = |record: &Record| {
            (
                Reverse(record.status == Status::Pending),
                record.first_seen_at,
                record.id.clone(),
            )
        };
        rank(a).cmp(&rank(b))
    });
    records.truncate(MOST);
    records.into_iter().map(EntitlementView::from).collect()
}

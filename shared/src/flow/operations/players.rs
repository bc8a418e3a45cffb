//! Commands about a player and the player's link.

use super::sentences::Sentences;
use super::{Answer, OperationError, Order, Plan, carry_out, view};
use crate::App;
use crate::api::{OperatorLink, PlayerAnswer, RetryAnswer, UnlinkAnswer};
use crate::budget::{Budget, UNLINK_WORK};
use crate::domain::PlayerId;
use crate::flow::entitlements::history::Cursor;
use crate::flow::linking::unlink::{report_first, unlinking};
use crate::flow::rows::{told_unreadable, unless_corrupt};
use crate::store::{Audit, Changes, Listed, PlayerRow, Subject};

/// `player.get`: the link, a page of the entitlements, and what operators did. `sentences` are those
/// for the player. A row that can't be read hides nothing but itself: the answer names it.
///
/// # Errors
/// See [`OperationError`].
pub async fn get_player(
    app: &App,
    player: &PlayerId,
    limit: usize,
    cursor: Option<&str>,
    sentences: &Sentences,
) -> Result<Answer, OperationError> {
    let cursor = cursor.map(Cursor::parse).transpose()?;
    let mut unreadable = Vec::new();
    let row = unless_corrupt(app.links.get(player).await, &mut unreadable)?;
    if let Some(row) = &row {
        is_known(app, player, row).await?;
    }
    let limit = i32::try_from(limit).unwrap_or(i32::MAX);
    let after = cursor.as_ref().map(Cursor::position);
    let page = app
        .fulfillments
        .history(player, Listed::All, limit, after)
        .await?;
    let last = page.rows.last().filter(|_| page.more);
    let cursor = last.and_then(|row| Cursor::after(&row.position));
    let mut records = Vec::new();
    for row in page.rows {
        records.extend(unless_corrupt(row.record, &mut unreadable)?);
    }
    let judged = view::entitlements(app, sentences, row.as_ref(), records).await?;
    unreadable.extend(judged.unreadable);
    let trail = app.fulfillments.audit_trail(player).await?;
    unreadable.extend(trail.unreadable);
    Ok(Answer::of(&PlayerAnswer {
        player_id: player.clone(),
        entitlements: judged.entitlements,
        link: row.map_or_else(OperatorLink::default, |row| view::link(app, row)),
        cursor,
        audit: trail.records,
        unreadable: told_unreadable(&unreadable),
    }))
}

/// `player.unlink`: as `DELETE /v1/link`.
///
/// # Errors
/// See [`OperationError`].
pub async fn unlink_player(
    app: &App,
    order: &Order,
    player: &PlayerId,
) -> Result<Answer, OperationError> {
    let budget = Budget::of(UNLINK_WORK);
    let mut is_first = !order.dry_run;
    carry_out(app, order, async |_| {
        let mut row = known_player(app, player).await?;
        if std::mem::take(&mut is_first) && report_first(app, budget, &row).await {
            row = known_player(app, player).await?;
        }
        let (changes, note) = match &row.link {
            Some(link) => (unlinking(app, &row, link).await?, None),
            None => (Changes::default(), Some("there was no link".to_owned())),
        };
        Ok(Plan {
            changes,
            audits: vec![about(player, note)],
            body: UnlinkAnswer {
                player_id: player.clone(),
                unlinked: row.link.is_some(),
            },
        })
    })
    .await
}

/// `link.retry`: the next check asks Amazon at once.
///
/// # Errors
/// See [`OperationError`].
pub async fn retry_link(
    app: &App,
    order: &Order,
    player: &PlayerId,
) -> Result<Answer, OperationError> {
    carry_out(app, order, async |now| {
        let row = known_player(app, player).await?;
        let link = row.link.ok_or_else(|| {
            OperationError::NotFound(format!("the player {player} has no link to retry"))
        })?;
        Ok(Plan {
            changes: app.links.retry_changes(&link, now),
            audits: vec![about(player, None)],
            body: RetryAnswer {
                player_id: player.clone(),
            },
        })
    })
    .await
}

/// The player's row in the table of links.
///
/// # Errors
/// If nothing is stored of the player.
pub(super) async fn known_player(
    app: &App,
    player: &PlayerId,
) -> Result<PlayerRow, OperationError> {
    let row = app.links.get(player).await?;
    is_known(app, player, &row).await?;
    Ok(row)
}

async fn is_known(app: &App, player: &PlayerId, row: &PlayerRow) -> Result<(), OperationError> {
    if row.link.is_none() && !row.has_open && !app.fulfillments.knows(player).await? {
        return Err(unknown_player(player));
    }
    Ok(())
}

pub(super) fn unknown_player(player: &PlayerId) -> OperationError {
    OperationError::NotFound(format!("nothing is stored of the player {player}"))
}

fn about(player: &PlayerId, note: Option<String>) -> Audit {
    Audit {
        subject: Subject::Player(player.clone()),
        entitlement_id: None,
        note,
    }
}

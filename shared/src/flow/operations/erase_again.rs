//! `player.erase_again`: after a restore from a backup, erases again every player who has a marker.
//!
//! The markers are in a table that is not restored with the others. So the command pages through the
//! restored tables, hashes each player's id, and looks the hash up. Nothing is reported: what a backup
//! brings back as `delivered` was reported, or listed as `not_reported`, by the erasure itself.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::erase::{erase_restored, erased_id};
use super::{Answer, OperationError, Order, cursor, recall, remember};
use crate::App;
use crate::api::{EraseAgainAnswer, FailedErasure};
use crate::budget::Budget;
use crate::domain::{ErasedId, NotPossible, PlayerId, Restored};
use crate::store::{Marker, ScanPage, ScanPosition, StoreError};

/// The list that a cursor belongs to.
const LIST: &str = "player.erase_again";

/// A call ends with the page in which it has failed for so many players, because its answer names them,
/// and an answer that is remembered has to fit into DynamoDB's 400 KB.
const MOST_FAILED: usize = 100;

/// Which of the restored tables is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
enum Table {
    Links,
    Fulfillments,
}

/// Where a call begins.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
struct Position {
    table: Table,
    key: Option<(String, Option<String>)>,
}

/// `player.erase_again`
///
/// # Errors
/// See [`OperationError`].
pub async fn erase_again(
    app: &App,
    order: &Order,
    cursor: Option<&str>,
) -> Result<Answer, OperationError> {
    let budget = Budget::of_request();
    if let Some(answer) = recall(app, order).await? {
        return Ok(answer);
    }
    let mut position = match cursor {
        Some(cursor) => Some(cursor::open(app, LIST, cursor).await?),
        None => Some(Position {
            table: Table::Links,
            key: None,
        }),
    };
    let (mut erased, mut failed) = (HashSet::new(), BTreeMap::new());
    'pages: while let Some(here) = position.clone() {
        if !budget.allows_a_page() || failed.len() >= MOST_FAILED {
            break;
        }
        let ScanPage { players, next } = read(app, &here).await?;
        let marked = marked(app, players.into_iter().collect()).await?;
        for (player, marker) in marked {
            if erased.contains(&marker.id) {
                continue;
            }
            match erase_one(app, order, budget, &player, &marker).await {
                Ok(true) => {
                    // A request was at work when the other table was read.
                    failed.remove(&player);
                    erased.insert(marker.id);
                }
                Ok(false) => {}
                // The next call begins with this page.
                Err(OperationError::Unfinished(_)) => break 'pages,
                Err(OperationError::Store(error)) if error.is_not_written() => {
                    return Err(error.into());
                }
                // One player does not keep the others from being erased.
                Err(error) => {
                    failed.insert(player, error.to_string());
                }
            }
        }
        position = match (next, here.table) {
            (Some(next), table) => Some(Position {
                table,
                key: next
                    .key()
                    .map(|(pk, sk)| (pk.to_owned(), sk.map(str::to_owned))),
            }),
            (None, Table::Links) => Some(Position {
                table: Table::Fulfillments,
                key: None,
            }),
            (None, Table::Fulfillments) => None,
        };
    }
    let body = EraseAgainAnswer {
        erased: erased.len(),
        failed: failed.into_iter().map(FailedErasure::from).collect(),
        cursor: position.map(|position| cursor::seal(app, LIST, &position)),
    };
    remember(app, order, &[], &body).await
}

async fn read(app: &App, position: &Position) -> Result<ScanPage, StoreError> {
    let after = position.key.clone();
    let after = after.map(|(pk, sk)| ScanPosition::after(pk, sk));
    let after = after.unwrap_or_default();
    match position.table {
        Table::Links => app.links.scan_players(&after).await,
        Table::Fulfillments => app.fulfillments.scan_players(&after).await,
    }
}

/// Those of these players who have a marker.
async fn marked(
    app: &App,
    players: Vec<PlayerId>,
) -> Result<Vec<(PlayerId, Marker)>, OperationError> {
    let mut by_id: HashMap<ErasedId, PlayerId> = HashMap::new();
    for player in players {
        by_id.insert(erased_id(app, &player).await?, player);
    }
    let ids: Vec<_> = by_id.keys().cloned().collect();
    let markers = app.erasures.get_all(&ids).await?;
    let marked = markers.into_iter().filter_map(|marker| {
        let player = by_id.remove(&marker.id)?;
        Some((player, marker))
    });
    Ok(marked.collect())
}

/// Erases the player, if that is needed. It does not erase a player who has linked again since the erasure:
/// an operator has to order that with `player.erase`.
async fn erase_one(
    app: &App,
    order: &Order,
    budget: Budget,
    player: &PlayerId,
    marker: &Marker,
) -> Result<bool, OperationError> {
    match restored(app, player, marker).await? {
        Restored::Nothing => return Ok(false),
        Restored::Old if order.dry_run => {}
        Restored::Old => erase_restored(app, order, budget, player, marker).await?,
        Restored::Mixed => {
            let why = "the player has linked again since the erasure, and has older rows again; \
                       player.erase erases both, and then the player can link again";
            return Err(NotPossible(why.to_owned()).into());
        }
    }
    Ok(true)
}

/// What the backup has brought back of a player. An erasure that has not ended goes on.
async fn restored(app: &App, player: &PlayerId, marker: &Marker) -> Result<Restored, StoreError> {
    if marker.is_running {
        return Ok(Restored::Old);
    }
    let dates = app.fulfillments.dates_of(player).await?;
    let own = app.links.own_link(player).await?;
    let linked_at = own.and_then(|own| own.linked_at());
    let newest = linked_at.max(dates.newest_seen);
    Ok(Restored::of(&dates.written, newest, marker.begun_at))
}

//! `player.export`: everything that is stored of a player, without secrets.
//!
//! Lambda answers at most 6 MB. So the Amazon accounts come in pages, and then the rows of the player's
//! partition, in pages which end before the answer has 4 MB. Everything else is on the first page.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use super::players::unknown_player;
use super::{Answer, OperationError};
use crate::App;
use crate::api::{ExportAnswer, ExportedAccount, ExportedErasure, WouldErase};
use crate::domain::{AmazonUserId, PlayerId};
use crate::flow::entitlements::history::InvalidCursor;
use crate::store::{OwnRow, StoreError, Stored};

/// A page ends with the row that makes it as large as this. A row has at most 400 KB.
const PAGE_BYTES: usize = 4_000_000;

/// The most Amazon accounts of one page: each costs some reads. A person has far fewer.
const MOST_ACCOUNTS: usize = 100;

/// How a position among the accounts begins. No sort key begins so.
const ACCOUNTS: &str = "AMAZON#";

/// `player.export`
///
/// # Errors
/// See [`OperationError`].
pub async fn export_player(
    app: &App,
    player: &PlayerId,
    cursor: Option<&str>,
) -> Result<Answer, OperationError> {
    let after = cursor.map(position_of).transpose()?;
    if !is_known(app, player).await? {
        return Err(unknown_player(player));
    }
    let mut answer = ExportAnswer::of(player.clone());
    if after.is_none() {
        first_page(app, player, &mut answer).await?;
    }
    let (after_account, after_row) = match after {
        None => (Some(String::new()), None),
        Some(position) => match position.strip_prefix(ACCOUNTS) {
            Some(account) => (Some(account.to_owned()), None),
            None => (None, Some(position)),
        },
    };
    if let Some(account) = after_account {
        amazon_accounts(app, player, &account, &mut answer).await?;
    }
    if answer.cursor.is_none() {
        rows(app, player, after_row, &mut answer).await?;
    }
    Ok(Answer::of(&answer))
}

/// What is neither in the player's partition nor stored by Amazon account.
async fn first_page(
    app: &App,
    player: &PlayerId,
    answer: &mut ExportAnswer,
) -> Result<(), StoreError> {
    answer.link = app.links.export_player(player).await?;
    let linking = app.links.linking_rows(player).await?.exported();
    answer.link_sessions = linking.sessions;
    answer.link_attempts = linking.attempts;
    answer.device_sessions = linking.devices;
    if let Some(id) = app.erased_id(player) {
        let marker = app.erasures.get(&id).await?;
        answer.erasure = marker.map(|marker| ExportedErasure {
            receipt_id: marker.receipt,
            at: marker.begun_at,
        });
    }
    Ok(())
}

/// What is stored by Amazon account, in the order of their ids: a page of it from after the id `after`.
async fn amazon_accounts(
    app: &App,
    player: &PlayerId,
    after: &str,
    answer: &mut ExportAnswer,
) -> Result<(), StoreError> {
    let mut accounts = accounts(app, player).await?;
    let own = app.links.own_link(player).await?;
    accounts.extend(own.and_then(|own| own.account()).map(String::from));
    let mut left: Vec<_> = accounts
        .into_iter()
        .filter(|account| account.as_str() > after)
        .filter_map(|it| AmazonUserId::new(it).ok())
        .collect();
    let later = left.split_off(left.len().min(MOST_ACCOUNTS));
    if let (Some(last), false) = (left.last(), later.is_empty()) {
        answer.cursor = Some(cursor_after(&format!("{ACCOUNTS}{last}")));
    }
    for account in left {
        let (parked, housekeeping) = app.fulfillments.export_account(&account, player).await?;
        answer.amazon_accounts.push(ExportedAccount {
            ended_link: app.links.export_remnant(&account, player).await?,
            amazon_user_id: account,
            parked,
            housekeeping,
        });
    }
    Ok(())
}

/// The Amazon accounts of the player's entitlements.
///
/// # Errors
/// See [`StoreError`].
pub(super) async fn accounts(app: &App, player: &PlayerId) -> Result<BTreeSet<String>, StoreError> {
    let mut accounts = BTreeSet::new();
    look_at_rows(app, player, |row| {
        accounts.extend(row.account().map(String::from));
    })
    .await?;
    Ok(accounts)
}

/// Looks at each row of the player's partition.
///
/// # Errors
/// See [`StoreError`].
pub(super) async fn look_at_rows(
    app: &App,
    player: &PlayerId,
    mut look: impl FnMut(&Stored),
) -> Result<(), StoreError> {
    let mut after: Option<String> = None;
    loop {
        let (rows, is_more) = app.fulfillments.rows_of(player, after.as_deref()).await?;
        rows.iter().for_each(&mut look);
        after = rows.last().and_then(Stored::position).map(str::to_owned);
        if !is_more || after.is_none() {
            return Ok(());
        }
    }
}

async fn rows(
    app: &App,
    player: &PlayerId,
    mut after: Option<String>,
    answer: &mut ExportAnswer,
) -> Result<(), StoreError> {
    let mut bytes = bytes_of(answer);
    loop {
        let (rows, is_more) = app.fulfillments.rows_of(player, after.as_deref()).await?;
        let last = rows.len();
        for (index, row) in rows.into_iter().enumerate() {
            after = row.position().map(str::to_owned);
            match row.exported() {
                OwnRow::Entitlement(shown) => {
                    bytes += bytes_of(&shown);
                    answer.entitlements.push(shown);
                }
                OwnRow::UsedUp(shown) => {
                    bytes += bytes_of(&shown);
                    answer.used_up.push(shown);
                }
                OwnRow::Audit(shown) => {
                    bytes += bytes_of(&shown);
                    answer.audit.push(shown);
                }
                OwnRow::Unknown => {}
            }
            let has_rest = is_more || index + 1 < last;
            if bytes >= PAGE_BYTES && has_rest {
                answer.cursor = after.as_deref().map(cursor_after);
                return Ok(());
            }
        }
        if !is_more || after.is_none() {
            return Ok(());
        }
    }
}

/// Counts a row for a dry run of `player.erase`.
pub(super) fn count(row: &Stored, would: &mut WouldErase) {
    match row.exported() {
        OwnRow::Entitlement(_) => would.entitlements += 1,
        OwnRow::Audit(_) => would.audit_records += 1,
        OwnRow::UsedUp(_) | OwnRow::Unknown => {}
    }
}

fn bytes_of(value: &impl Serialize) -> usize {
    serde_json::to_string(value).map_or(0, |json| json.len())
}

fn cursor_after(position: &str) -> String {
    URL_SAFE_NO_PAD.encode(position)
}

fn position_of(cursor: &str) -> Result<String, InvalidCursor> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| InvalidCursor)?;
    let position = String::from_utf8(bytes).map_err(|_| InvalidCursor)?;
    let is_position = (1..=1024).contains(&position.len());
    is_position.then_some(position).ok_or(InvalidCursor)
}

/// Whether anything is stored under the player's id.
///
/// # Errors
/// See [`StoreError`].
pub(super) async fn is_known(app: &App, player: &PlayerId) -> Result<bool, StoreError> {
    Ok(app.links.has_row(player).await?
        || app.fulfillments.knows(player).await?
        || !app.links.linking_rows(player).await?.is_empty())
}

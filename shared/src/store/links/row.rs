//! Reads the rows `PLAYER#` and `REMNANT#`. A row that can't be read is an error of its own.

use super::inherited::Inherited;
use super::link::{DeadTokens, Link, LinkState, PlayerRow, RefreshLease, Remnant, TokenRow};
use crate::domain::{LinkId, LinkStatus, PlayerId};
use crate::seal::Sealed;
use crate::store::dynamo::{Item, Reader};
use crate::store::error::StoreError;

pub(in crate::store) fn player_row(table: &str, item: &Item) -> Result<PlayerRow, StoreError> {
    if item.is_empty() {
        return Ok(PlayerRow::default());
    }
    let reader = Reader::new(table, item);
    let status = reader
        .word("status", LinkStatus::parse)?
        .ok_or_else(|| reader.corrupt("status"))?;
    let state = match status {
        LinkStatus::Linked => Some(LinkState::Linked),
        LinkStatus::RelinkRequired => Some(LinkState::RelinkRequired),
        LinkStatus::Unlinked => None,
    };
    let link = match state {
        None => None,
        Some(state) => Some(link(&reader, TokenRow::Player, reader.player()?, state)?),
    };
    Ok(PlayerRow {
        link,
        has_open: reader.flag("has_open"),
        open_mark: reader.text("open_mark").map(ToOwned::to_owned),
    })
}

/// The remnant in this item.
pub(in crate::store) fn remnant_row(
    table: &str,
    item: &Item,
) -> Result<Option<Remnant>, StoreError> {
    if item.is_empty() {
        return Ok(None);
    }
    let reader = Reader::new(table, item);
    let state = match reader.word("status", LinkStatus::parse)? {
        Some(LinkStatus::Linked) => LinkState::Linked,
        Some(LinkStatus::RelinkRequired) => LinkState::RelinkRequired,
        _ => return Err(reader.corrupt("status")),
    };
    Ok(Some(Remnant {
        link: link(&reader, TokenRow::Remnant, reader.id("player_id")?, state)?,
        expires_at: reader.need_time("expires_at")?,
    }))
}

fn link(
    reader: &Reader<'_>,
    token_row: TokenRow,
    player: PlayerId,
    state: LinkState,
) -> Result<Link, StoreError> {
    let refresh = match (reader.text("refresh_owner"), reader.time("refresh_until")?) {
        (Some(owner), Some(until)) => Some(RefreshLease {
            owner: owner.to_owned(),
            until,
        }),
        _ => None,
    };
    let id: LinkId = reader.id("link_id")?;
    let tokens = reader
        .text("tokens")
        .map(|text| Sealed::from(text.to_owned()));
    let dead = match (&tokens, reader.text("dead_tokens")) {
        // An older version of the service links again without removing the dead tokens of the
        // earlier link.
        (None, Some(sealed)) if reader.text("dead_link_id") == Some(id.as_str()) => {
            Some(DeadTokens {
                sealed: Sealed::from(sealed.to_owned()),
                next_look_at: reader.need_time("next_look_at")?,
                until: reader.need_time("dead_until")?,
            })
        }
        _ => None,
    };
    Ok(Link {
        token_row,
        player,
        id,
        state,
        amazon_user_id: reader.id("amazon_user_id")?,
        client_id: reader.need_text("client_id")?.to_owned(),
        tokens,
        dead,
        token_version: reader
            .number("token_version")?
            .ok_or_else(|| reader.corrupt("token_version"))?,
        access_expires_at: reader.need_time("access_expires_at")?,
        linked_at: reader.need_time("linked_at")?,
        checked_at: reader.time("checked_at")?,
        next_check_at: reader.time("next_check_at")?,
        retry_at: reader.time("retry_at")?,
        refresh,
        inherited: Inherited::read(reader),
    })
}

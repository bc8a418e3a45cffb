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
pub(in crate::store) fn remnant_row(table: &str, item: &Item) -> Result<Remnant, StoreError> {
    let reader = Reader::new(table, item);
    let state = match reader.word("status", LinkStatus::parse)? {
        Some(LinkStatus::Linked) => LinkState::Linked,
        Some(LinkStatus::RelinkRequired) => LinkState::RelinkRequired,
        _ => return Err(reader.corrupt("status")),
    };
    Ok(Remnant {
        link: link(&reader, TokenRow::Remnant, reader.id("player_id")?, state)?,
        expires_at: reader.need_time("expires_at")?,
    })
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

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;

    use super::*;
    use crate::store::dynamo::{changed, n, s};

    const ID: &str = "LinkLinkLinkLinkLinkLinkLinkLinkLinkLinkLin";

    fn item(changes: &[(&str, Option<AttributeValue>)]) -> Item {
        let attributes = [
            ("pk", s("PLAYER#p1")),
            ("status", s("linked")),
            ("link_id", s(ID)),
            ("amazon_user_id", s("amzn1.account.A")),
            ("client_id", s("client")),
            ("tokens", s("sealed")),
            ("token_version", n(1)),
            ("access_expires_at", n(2)),
            ("linked_at", n(1)),
        ];
        changed(attributes, changes)
    }

    #[test]
    fn a_row_without_a_link_is_a_player_without_one() {
        assert!(player_row("t", &Item::new()).expect("none").link.is_none());
        let unlinked = item(&[("status", Some(s("unlinked"))), ("link_id", None)]);
        assert!(player_row("t", &unlinked).expect("a row").link.is_none());
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        for (name, value) in [
            ("status", None),
            ("status", Some(s("new word"))),
            ("link_id", None),
            ("amazon_user_id", Some(s(""))),
            ("client_id", None),
            ("token_version", Some(s("1"))),
            ("access_expires_at", None),
            ("linked_at", None),
            ("pk", Some(s("P#p1"))),
        ] {
            let error = player_row("t", &item(&[(name, value)])).expect_err(name);
            assert!(
                matches!(error, StoreError::Corrupt { field, .. } if field == name),
                "{error}"
            );
        }
    }

    #[test]
    fn dead_tokens_count_only_for_their_own_link_and_without_others() {
        let dead = [
            ("dead_tokens", Some(s("dead"))),
            ("dead_link_id", Some(s(ID))),
            ("next_look_at", Some(n(3))),
            ("dead_until", Some(n(9))),
        ];
        for (change, is_kept) in [
            (("tokens", None), true),
            (("tokens", Some(s("newer"))), false),
            (("dead_link_id", Some(s("l0"))), false),
        ] {
            let mut changes = dead.to_vec();
            changes.push(("tokens", None));
            changes.push(change.clone());
            let link = player_row("t", &item(&changes)).expect("a row").link;
            assert_eq!(link.expect("a link").dead.is_some(), is_kept, "{change:?}");
        }
    }
}

//! What operators change in a link.

use super::inherited::{Earlier, Inherited};
use super::link::{Link, PlayerRow};
use crate::domain::{LinkStatus, PlayerId, Timestamp, random_token};
use crate::store::dynamo::{player_key, s, time};
use crate::store::operations::Changes;
use crate::store::tables::Links;
use std::collections::BTreeSet;

impl Links {
    /// Forgets that Amazon asked for rest or refused the link, and when it was last asked: the next
    /// check asks Amazon. Tokens that Amazon called `invalid_grant` are due for a second look.
    #[must_use]
    pub fn retry_changes(&self, link: &Link, now: Timestamp) -> Changes {
        let second_look = link.dead.as_ref().filter(|dead| dead.until > now);
        let change = self
            .change_link(link, "")
            .remove("retry_at")
            .remove("next_check_at")
            .set_some("next_look_at", second_look.map(|_| time(now)));
        Changes(vec![change.in_transaction()])
    }

    /// Notes that the player has an open entitlement, whether the player has a link or not. It
    /// needs that the player has not linked again or unlinked.
    #[must_use]
    pub fn open_changes(&self, player: &PlayerId, row: &PlayerRow) -> Changes {
        let mark = random_token();
        Changes(vec![match &row.link {
            Some(link) => self.with_open(link, &mark),
            None => self
                .change(player_key(player))
                .when("attribute_not_exists(#link_id)")
                .set("status", s(LinkStatus::Unlinked.as_str()))
                .set(
                    "has_open",
                    aws_sdk_dynamodb::types::AttributeValue::Bool(true),
                )
                .set("open_mark", s(mark))
                .in_transaction(),
        }])
    }

    /// Notes that `link`, which speaks for an Amazon account, has a report to make for `player`, so
    /// that its tokens outlive the link. Nothing is to be noted for the link's own player.
    #[must_use]
    pub fn inherit_changes(&self, link: &Link, player: &PlayerId) -> Changes {
        if link.player == *player {
            return Changes::default();
        }
        let new = Inherited::of(BTreeSet::from([player.clone()]));
        let inherited = link.inherited.clone().and(new, &link.player);
        let change = self.change_link(link, "");
        Changes(vec![
            inherited.write(change, Earlier::Kept).in_transaction(),
        ])
    }
}

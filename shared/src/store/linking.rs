//! Making and ending a link. One Amazon account has at most one player and one player at most one
//! Amazon account, at every moment: `PLAYER#` and `AMAZON#` change together or not at all.

use aws_sdk_dynamodb::types::{AttributeValue, Delete, TransactWriteItem};

use super::StoreError;
use super::attempts::Attempt;
use super::item::{n, s, time};
use super::links::{Links, amazon_key, player_key};
use super::record::{Link, PlayerRow};
use super::write::{Change, Committed, transact};
use crate::domain::{AmazonUserId, LinkId, PlayerId, Timestamp};
use crate::seal::Sealed;

/// What a new link is made of.
#[derive(Debug)]
pub struct NewLink<'a> {
    /// The player who started the attempt.
    pub player: &'a PlayerId,
    /// The Amazon account that Amazon named.
    pub amazon_user_id: &'a AmazonUserId,
    /// The LWA client that the tokens were issued to.
    pub client_id: &'a str,
    /// The sealed tokens.
    pub tokens: &'a Sealed,
    /// When the access token expires.
    pub access_expires_at: Timestamp,
}

/// What became of a new link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkOutcome {
    /// It is stored.
    Linked,
    /// The player has another Amazon account.
    PlayerAlreadyLinked,
    /// The Amazon account belongs to another player.
    AmazonAccountTaken,
    /// The attempt was ended by someone else meanwhile.
    AttemptOver,
}

/// What became of unlinking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlinked {
    /// There is no link any more.
    Done,
    /// The link changed meanwhile: look again.
    Changed,
}

impl Links {
    /// Makes the link and ends the attempt as `linked`, all in one transaction. Linking the same
    /// pair again renews it.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn link(
        &self,
        attempt: &Attempt,
        owner: &str,
        new: &NewLink<'_>,
        now: Timestamp,
    ) -> Result<LinkOutcome, StoreError> {
        let link_id = LinkId::random();
        let player = self
            .change(player_key(new.player))
            .when("attribute_not_exists(#amazon_user_id) OR #amazon_user_id = :amazon_user_id")
            .set("status", s("linked"))
            .set("link_id", s(link_id.as_str()))
            .set("amazon_user_id", s(new.amazon_user_id.as_str()))
            .set("client_id", s(new.client_id))
            .set("tokens", s(new.tokens.as_str()))
            .set("token_version", n(1))
            .set("access_expires_at", time(new.access_expires_at))
            .set("linked_at", time(now))
            .remove("checked_at")
            .remove("next_check_at")
            .remove("check_owner")
            .remove("refresh_owner")
            .remove("refresh_until")
            .in_transaction();
        let account = self
            .change(amazon_key(new.amazon_user_id))
            .when("attribute_not_exists(#player_id) OR #player_id = :player_id")
            .set("player_id", s(new.player.as_str()))
            .set("link_id", s(link_id.as_str()))
            .in_transaction();
        let mut parts = vec![player, account];
        parts.extend(self.end_attempt(attempt, owner, "linked"));
        Ok(match transact(&self.client, parts).await? {
            Committed::All => LinkOutcome::Linked,
            Committed::Nothing(refusals) => {
                let refused = |part: usize| matches!(refusals.get(part), Some(Some(_)));
                if refused(0) {
                    LinkOutcome::PlayerAlreadyLinked
                } else if refused(1) {
                    LinkOutcome::AmazonAccountTaken
                } else {
                    LinkOutcome::AttemptOver
                }
            }
        })
    }

    /// Ends the link. The player's row stays, as `unlinked`, while there may be open
    /// entitlements, so that they are still handed out.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn unlink(&self, row: &PlayerRow, link: &Link) -> Result<Unlinked, StoreError> {
        let player = if row.has_open {
            [
                "link_id",
                "amazon_user_id",
                "client_id",
                "tokens",
                "token_version",
                "access_expires_at",
                "linked_at",
                "checked_at",
                "next_check_at",
                "check_owner",
                "retry_at",
                "refresh_owner",
                "refresh_until",
            ]
            .into_iter()
            .fold(self.change_link(link, ""), Change::remove)
            .set("status", s("unlinked"))
            .in_transaction()
        } else {
            self.change_link(
                link,
                " AND (attribute_not_exists(#has_open) OR #has_open = :no)",
            )
            .value(":no", AttributeValue::Bool(false))
            .delete_in_transaction()
        };
        let account = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(amazon_key(&link.amazon_user_id)))
            .condition_expression("link_id = :expected_link")
            .expression_attribute_values(":expected_link", s(link.id.as_str()))
            .build()
            .expect("table and key are set");
        let account = TransactWriteItem::builder().delete(account).build();
        Ok(match transact(&self.client, vec![player, account]).await? {
            Committed::All => Unlinked::Done,
            Committed::Nothing(_) => Unlinked::Changed,
        })
    }
}

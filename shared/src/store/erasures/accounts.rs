//! What the rows of an Amazon account say of an erased player: tokens that outlived a link, reports
//! that wait, and housekeeping.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::domain::{AmazonUserId, PlayerId};
use crate::store::accounts::{HousekeepingKind, read_entry};
use crate::store::dynamo::player_key;
use crate::store::dynamo::{account_key, contend, s};
use crate::store::error::StoreError;
use crate::store::links::{Inherited, Link, PlayerRow};
use crate::store::operations::Changes;
use crate::store::tables::{Erasures, Fulfillments, Links};

use super::marker::Erasing;

/// How often a note is read that changes at the same moment.
const TRIES: u32 = 8;

impl Links {
    /// The changes that end what the player's row holds: the link, without a remnant, or what an
    /// unlinked player has left. The marker notes the account.
    #[must_use]
    pub fn erase_link_changes(
        &self,
        fulfillments: &Fulfillments,
        erasures: &Erasures,
        erasing: &Erasing<'_>,
        row: &PlayerRow,
    ) -> Changes {
        let mut changes = match &row.link {
            Some(link) => {
                // The whole row goes.
                let row = PlayerRow {
                    has_open: false,
                    ..row.clone()
                };
                self.unlink_changes(fulfillments, &row, link, None)
            }
            None => {
                let row = self
                    .change(player_key(erasing.player))
                    .when("attribute_not_exists(#link_id)");
                Changes(vec![row.delete_in_transaction()])
            }
        };
        let account = row.link.as_ref().map(|link| link.amazon_user_id.as_str());
        changes.0.push(erasures.noting_part(erasing, account, None));
        changes
    }

    /// Whether anything is stored in the player's row.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn has_row(&self, player: &PlayerId) -> Result<bool, StoreError> {
        Ok(self.item(player_key(player)).await?.is_some())
    }

    /// Deletes the tokens that outlived a link of the player, and takes the player off the list of
    /// those for whom the account has reports to make.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn erase_from_account(
        &self,
        account: &AmazonUserId,
        player: &PlayerId,
    ) -> Result<(), StoreError> {
        if let Some(remnant) = self.remnant(account).await? {
            if remnant.link.player == *player {
                self.delete_remnant(&remnant.link).await?;
            } else {
                self.inherit_no_more(&remnant.link, player).await?;
            }
        }
        if let Some(link) = self.of_amazon_account(account).await? {
            self.inherit_no_more(&link, player).await?;
        }
        Ok(())
    }

    async fn inherit_no_more(&self, link: &Link, player: &PlayerId) -> Result<(), StoreError> {
        let Inherited::From(players) = &link.inherited else {
            return Ok(());
        };
        if !players.contains(player) {
            return Ok(());
        }
        let texts = |players: &BTreeSet<PlayerId>| {
            AttributeValue::Ss(players.iter().map(ToString::to_string).collect())
        };
        let change = if players.len() == 1 {
            self.change_link(link, " AND #owes_for = :owed_for")
                .value(":owed_for", texts(players))
                .remove("owes")
                .remove("owes_for")
        } else {
            let only = AttributeValue::Ss(vec![player.to_string()]);
            self.change_link(link, "").take_out("owes_for", only)
        };
        change.apply(&self.client).await.map(drop)
    }
}

impl Fulfillments {
    /// Takes the player out of the housekeeping of this account. A note without any entry left is deleted.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn erase_from_account(
        &self,
        links: &Links,
        account: &AmazonUserId,
        player: &PlayerId,
    ) -> Result<(), StoreError> {
        for kind in [HousekeepingKind::FirstCheck, HousekeepingKind::SecondLook] {
            self.change_housekeeping(kind, account)
                .when("#player_id = :player")
                .value(":player", s(player.as_str()))
                .delete(&self.client)
                .await
                .map(drop)?;
        }
        self.erase_from_note(account, player).await?;
        if links.remnant(account).await?.is_none() {
            let key = account_key(account, HousekeepingKind::Remnant.sk());
            let due_at = self.item(key.clone()).await?;
            let due_at = due_at.and_then(|item| item.get("due_at").cloned());
            if let Some(due_at) = due_at {
                // A remnant that was left meanwhile has another time.
                self.change(key)
                    .when("#due_at = :due_at")
                    .value(":due_at", due_at)
                    .delete(&self.client)
                    .await
                    .map(drop)?;
            }
        }
        Ok(())
    }

    async fn erase_from_note(
        &self,
        account: &AmazonUserId,
        player: &PlayerId,
    ) -> Result<(), StoreError> {
        let note = || self.change_housekeeping(HousekeepingKind::Wake, account);
        contend(TRIES, "what is parked for the account", async || {
            let Some(entries) = self.parked(account).await? else {
                return Ok(Some(()));
            };
            let is_theirs = |entry: &String| {
                let read = read_entry(entry);
                read.is_some_and(|(parked_for, _)| parked_for == *player)
            };
            let theirs: Vec<_> = entries.iter().filter(|it| is_theirs(it)).cloned().collect();
            let done = if entries.is_empty() {
                let empty = note().when("attribute_not_exists(#records)");
                empty.delete(&self.client).await?.is_done()
            } else if theirs.is_empty() {
                true
            } else if theirs.len() == entries.len() {
                let read = note()
                    .when("#records = :records")
                    .value(":records", AttributeValue::Ss(entries));
                read.delete(&self.client).await?.is_done()
            } else {
                let change = note().when("attribute_exists(#records)");
                let change = change.take_out("records", AttributeValue::Ss(theirs));
                change.apply(&self.client).await?.outcome().is_done()
            };
            Ok(done.then_some(()))
        })
        .await
    }
}

//! What is to be done for an Amazon account because of an erased player: reports that wait, and
//! housekeeping.

use aws_sdk_dynamodb::types::AttributeValue;

use crate::domain::{AmazonUserId, PlayerId};
use crate::store::accounts::{HousekeepingKind, read_entry};
use crate::store::dynamo::{account_key, contend, s};
use crate::store::error::StoreError;
use crate::store::tables::{Fulfillments, Links};

/// How often a note is read while other requests change it.
const TRIES: u32 = 8;

impl Fulfillments {
    /// Deletes what is to be done for this account because of the player, and what is to be done for
    /// tokens that are gone.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn erase_housekeeping(
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
        if !links.has_remnant(account).await? {
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

    /// Takes the player out of the note of what is parked for this account. A note without any entry left
    /// is deleted.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn erase_parked(
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

//! Housekeeping for an Amazon account: what was parked for it (`parking`), and its remnant.

use aws_sdk_dynamodb::types::TransactWriteItem;

use super::StoreError;
use super::due::{Chore, ChoreKind, due_shard};
use super::fulfillments::Fulfillments;
use super::item::{s, time};
use super::record::Link;
use super::write::Change;
use crate::domain::{AmazonUserId, LinkId, PlayerId, Timestamp};

impl Fulfillments {
    /// The part of a transaction that leaves a remnant: it is looked after from `due_at` on.
    pub(super) fn remnant_part(
        &self,
        account: &AmazonUserId,
        due_at: Timestamp,
    ) -> TransactWriteItem {
        self.change_chore(ChoreKind::Remnant, account)
            .set("amazon_user_id", s(account.as_str()))
            .set("due_shard", s(due_shard(account.as_str())))
            .set("due_at", time(due_at))
            .remove("owner")
            .remove("attempts")
            .in_transaction()
    }

    /// The part of a transaction that makes housekeeping for a link due at `due_at`. What was to
    /// be done for an earlier link of the account, this replaces.
    pub(super) fn link_chore_part(
        &self,
        kind: ChoreKind,
        account: &AmazonUserId,
        player: &PlayerId,
        link_id: &LinkId,
        due_at: Timestamp,
    ) -> TransactWriteItem {
        self.change_chore(kind, account)
            .set("amazon_user_id", s(account.as_str()))
            .set("player_id", s(player.as_str()))
            .set("link_id", s(link_id.as_str()))
            .set("due_shard", s(due_shard(account.as_str())))
            .set("due_at", time(due_at))
            .remove("owner")
            .remove("attempts")
            .in_transaction()
    }

    /// The first check of this link is made: `reconcile` need not make it.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn first_check_made(&self, link: &Link) -> Result<(), StoreError> {
        self.change_chore(ChoreKind::FirstCheck, &link.amazon_user_id)
            .when("#link_id = :link_id")
            .value(":link_id", s(link.id.as_str()))
            .delete(&self.client)
            .await
            .map(drop)
    }

    /// Housekeeping is due again at `due_at`. With `fresh`, its tries are counted anew: it has come
    /// further.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn postpone_chore(
        &self,
        chore: &Chore,
        owner: &str,
        due_at: Timestamp,
        fresh: bool,
    ) -> Result<(), StoreError> {
        let change = self
            .change_chore(chore.kind, &chore.account)
            .when("#owner = :owner")
            .value(":owner", s(owner))
            .set("due_at", time(due_at))
            .remove("owner");
        let change = if fresh {
            change.remove("attempts")
        } else {
            change
        };
        change.apply(&self.client).await.map(drop)
    }

    /// Housekeeping that has served its purpose.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn finish_chore(&self, chore: &Chore, owner: &str) -> Result<(), StoreError> {
        self.change_chore(chore.kind, &chore.account)
            .when("#owner = :owner")
            .value(":owner", s(owner))
            .delete(&self.client)
            .await
            .map(drop)
    }

    pub(super) fn change_chore(&self, kind: ChoreKind, account: &AmazonUserId) -> Change {
        self.change(account_pk(account), kind.sk().to_owned())
    }
}

pub(super) fn account_pk(account: &AmazonUserId) -> String {
    format!("ACCOUNT#{account}")
}

//! Housekeeping for an Amazon account: what is to be done, for which link, and when.

use aws_sdk_dynamodb::types::TransactWriteItem;

use crate::domain::{AmazonUserId, LinkId, PlayerId, Timestamp};
use crate::store::dynamo::{Change, account_key, due_shard, s, time};
use crate::store::error::StoreError;
use crate::store::tables::Fulfillments;

/// Housekeeping for an Amazon account.
#[derive(Clone, Debug)]
pub struct Housekeeping {
    /// What is to be done.
    pub kind: HousekeepingKind,
    /// The account.
    pub account: AmazonUserId,
    /// The link that it is for, where it is for one.
    pub link: Option<HousekeepingLink>,
    /// How often it has been tried, with the try that is under way.
    pub attempts: u32,
}

/// The link that housekeeping is for.
#[derive(Clone, Debug)]
pub struct HousekeepingLink {
    /// Its player.
    pub player: PlayerId,
    /// Its id.
    pub id: LinkId,
}

/// What is to be done for an Amazon account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HousekeepingKind {
    /// The account is linked again: what was parked for it is due.
    Wake,
    /// Its remnant may have served its purpose.
    Remnant,
    /// Amazon said `invalid_grant` to the tokens of its link: they are to be tried again.
    SecondLook,
    /// The account was just linked, and the service makes the first check.
    FirstCheck,
}

impl HousekeepingKind {
    pub(in crate::store) const ALL: [Self; 4] = [
        Self::Wake,
        Self::Remnant,
        Self::SecondLook,
        Self::FirstCheck,
    ];

    pub(in crate::store) const fn sk(self) -> &'static str {
        match self {
            Self::Wake => "PARKED",
            Self::Remnant => "REMNANT",
            Self::SecondLook => "SECOND_LOOK",
            Self::FirstCheck => "FIRST_CHECK",
        }
    }
}

impl Fulfillments {
    /// The part of a transaction that leaves a remnant: `reconcile` looks at the remnant from
    /// `due_at` on.
    pub(in crate::store) fn remnant_part(
        &self,
        account: &AmazonUserId,
        due_at: Timestamp,
    ) -> TransactWriteItem {
        self.change_housekeeping(HousekeepingKind::Remnant, account)
            .set("amazon_user_id", s(account.as_str()))
            .due_anew(account, due_at)
            .in_transaction()
    }

    /// The part of a transaction that makes housekeeping for a link due at `due_at`. It replaces
    /// the housekeeping of the same kind for an earlier link of the account.
    pub(in crate::store) fn link_housekeeping_part(
        &self,
        kind: HousekeepingKind,
        account: &AmazonUserId,
        player: &PlayerId,
        link_id: &LinkId,
        due_at: Timestamp,
    ) -> TransactWriteItem {
        self.change_housekeeping(kind, account)
            .set("amazon_user_id", s(account.as_str()))
            .set("player_id", s(player.as_str()))
            .set("link_id", s(link_id.as_str()))
            .due_anew(account, due_at)
            .in_transaction()
    }

    /// The first check of this link has been made, so `reconcile` need not make it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn first_check_made(
        &self,
        account: &AmazonUserId,
        link: &LinkId,
    ) -> Result<(), StoreError> {
        self.change_housekeeping(HousekeepingKind::FirstCheck, account)
            .when("#link_id = :link_id")
            .value(":link_id", s(link.as_str()))
            .delete(&self.client)
            .await
            .map(drop)
    }

    /// Gives housekeeping back: it is due again at `due_at`. `fresh` starts the count of tries
    /// again, because this try made progress.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn reschedule_housekeeping(
        &self,
        task: &Housekeeping,
        owner: &str,
        due_at: Timestamp,
        fresh: bool,
    ) -> Result<(), StoreError> {
        let change = self
            .change_housekeeping(task.kind, &task.account)
            .given_back(owner, due_at);
        let change = if fresh {
            change.remove("attempts")
        } else {
            change
        };
        change.apply(&self.client).await.map(drop)
    }

    /// Removes housekeeping that is done.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn finish_housekeeping(
        &self,
        task: &Housekeeping,
        owner: &str,
    ) -> Result<(), StoreError> {
        self.change_housekeeping(task.kind, &task.account)
            .only_if_is("owner", s(owner))
            .delete(&self.client)
            .await
            .map(drop)
    }

    pub(in crate::store) fn change_housekeeping(
        &self,
        kind: HousekeepingKind,
        account: &AmazonUserId,
    ) -> Change {
        self.change(account_key(account, kind.sk()))
    }
}

impl Change {
    /// Gives back an item on which `owner` has a lease: it is due again at `due_at`.
    pub(in crate::store) fn given_back(self, owner: &str, due_at: Timestamp) -> Self {
        self.only_if_is("owner", s(owner))
            .set("due_at", time(due_at))
            .remove("owner")
    }

    /// Due at `due_at`, without a lease, and with no try counted.
    pub(in crate::store) fn due_anew(self, account: &AmazonUserId, due_at: Timestamp) -> Self {
        self.set("due_shard", s(due_shard(account.as_str())))
            .set("due_at", time(due_at))
            .remove("owner")
            .remove("attempts")
    }
}

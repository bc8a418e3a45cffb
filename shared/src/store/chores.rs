//! Housekeeping for an Amazon account: what was parked for it, and its remnant.
//!
//! A delivered entitlement that nobody can report, because nobody is linked to the Amazon account
//! that it came from, leaves the due index and is noted under the account. Linking the account
//! again makes that note due. Both sides are transactions that look at each other's rows, so
//! that nothing is parked behind a link that was just made.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};

use super::StoreError;
use super::due::{Chore, ChoreKind, due_shard};
use super::fulfillments::{Fulfillments, Records, key, player_pk, record_sk};
use super::item::{n, s, time};
use super::leases::Lease;
use super::links::{Links, amazon_key};
use super::record::{Link, Record, record};
use super::write::{Change, Committed, Written, transact};
use crate::domain::{AmazonUserId, EntitlementId, LinkId, PlayerId, Status, Timestamp};

/// Between a player id, which has no space in it, and an entitlement id.
const SEPARATOR: char = ' ';

impl Fulfillments {
    /// Parks a delivered entitlement until its Amazon account is linked again. `dead`: the link
    /// whose tokens are worthless; without it, nobody is linked to the account. `false`: that is
    /// not so any more, or it is not `owner`'s any more.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn park(
        &self,
        links: &Links,
        known: &Record,
        owner: &str,
        dead: Option<&Link>,
    ) -> Result<bool, StoreError> {
        let account = &known.amazon_user_id;
        let record = self
            .change_owned(known, Status::Delivered, owner)
            .released()
            .untried(known)
            .in_transaction();
        let note = self.note_part(known);
        let parts = vec![record, note, links.still_hopeless(account, dead)];
        Ok(matches!(
            transact(&self.client, parts).await?,
            Committed::All
        ))
    }

    /// Puts a delivered entitlement off until `due_at`, because Amazon refuses its link; should
    /// the account be linked again before, it is due then.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn postpone_or_wake(
        &self,
        known: &Record,
        owner: &str,
        due_at: Timestamp,
    ) -> Result<(), StoreError> {
        let record = self
            .change_owned(known, Status::Delivered, owner)
            .set("due_at", time(due_at))
            .remove("owner")
            .untried(known)
            .in_transaction();
        transact(&self.client, vec![record, self.note_part(known)])
            .await
            .map(drop)
    }

    /// Notes an entitlement under its account, for when that is linked again.
    fn note_part(&self, known: &Record) -> TransactWriteItem {
        let account = &known.amazon_user_id;
        let entry = format!("{}{SEPARATOR}{}", known.player, known.id);
        self.change_chore(ChoreKind::Wake, account)
            .set("amazon_user_id", s(account.as_str()))
            .add("records", AttributeValue::Ss(vec![entry]))
            .in_transaction()
    }

    /// Whether anything is noted as parked for this account.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn has_parked(&self, account: &AmazonUserId) -> Result<bool, StoreError> {
        Ok(self.parked(account).await?.is_some())
    }

    /// The part of a transaction that links `account` again: what is parked becomes due, or
    /// nothing is parked, as `has_parked` says.
    pub(super) fn wake_part(
        &self,
        account: &AmazonUserId,
        has_parked: bool,
        now: Timestamp,
    ) -> TransactWriteItem {
        let change = self.change_chore(ChoreKind::Wake, account);
        if has_parked {
            change
                .when("attribute_exists(#pk)")
                .set("due_shard", s(due_shard(account.as_str())))
                .set("due_at", time(now))
                .remove("owner")
                .remove("attempts")
                .in_transaction()
        } else {
            change.when("attribute_not_exists(#pk)").check()
        }
    }

    /// Takes what was parked for the account, and ends the parking. What was reported meanwhile
    /// stays as it is. A record that can't be read is due again when the lease runs out, like what
    /// was taken before the database failed.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn wake(&self, chore: &Chore, lease: Lease<'_>) -> Result<Records, StoreError> {
        let mut woken = Records::default();
        let entries = self.parked(&chore.account).await?.unwrap_or_default();
        for entry in &entries {
            let Some((player, id)) = entry.split_once(SEPARATOR) else {
                continue;
            };
            let (Ok(player), Ok(id)) = (PlayerId::new(player), EntitlementId::new(id)) else {
                continue;
            };
            let written = self
                .change(player_pk(&player), record_sk(&id))
                .when(
                    "#status = :delivered AND attribute_not_exists(#owner) \
                     AND attribute_not_exists(#attention_at)",
                )
                .value(":delivered", s(Status::Delivered.as_str()))
                .leased(&id, lease)
                .add("attempts", n(1))
                .apply(&self.client)
                .await?;
            if let Written::Done(item) = written {
                match record(&self.table, &item) {
                    Ok(record) => woken.records.push(record),
                    Err(error) => woken.unreadable.push(error),
                }
            }
        }
        // Not if more was parked meanwhile: then the link is gone again, and the note stays.
        let note = self.change_chore(ChoreKind::Wake, &chore.account);
        let note = if entries.is_empty() {
            note.when("#owner = :owner AND attribute_not_exists(#records)")
        } else {
            note.when("#owner = :owner AND #records = :records")
                .value(":records", AttributeValue::Ss(entries))
        };
        let done = note
            .value(":owner", s(lease.owner))
            .delete(&self.client)
            .await?;
        if !done {
            self.change_chore(ChoreKind::Wake, &chore.account)
                .when("#owner = :owner")
                .value(":owner", s(lease.owner))
                .released()
                .apply(&self.client)
                .await?;
        }
        Ok(woken)
    }

    /// What is parked for this account; `None` where nothing is noted.
    async fn parked(&self, account: &AmazonUserId) -> Result<Option<Vec<String>>, StoreError> {
        let note = key(account_pk(account), ChoreKind::Wake.sk().to_owned());
        let item = self.item(note).await?;
        Ok(item.map(|item| {
            let records = item.get("records").and_then(|value| value.as_ss().ok());
            records.cloned().unwrap_or_default()
        }))
    }

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

    /// Housekeeping is due again at `due_at`.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn postpone_chore(
        &self,
        chore: &Chore,
        owner: &str,
        due_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.change_chore(chore.kind, &chore.account)
            .when("#owner = :owner")
            .value(":owner", s(owner))
            .set("due_at", time(due_at))
            .remove("owner")
            .apply(&self.client)
            .await
            .map(drop)
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

    fn change_chore(&self, kind: ChoreKind, account: &AmazonUserId) -> Change {
        self.change(account_pk(account), kind.sk().to_owned())
    }
}

impl Links {
    /// The part of a transaction that needs nobody to be able to speak for this account: its link
    /// is still the `dead` one, or there still is none.
    fn still_hopeless(&self, account: &AmazonUserId, dead: Option<&Link>) -> TransactWriteItem {
        match dead {
            Some(link) => self
                .change_link(link, " AND attribute_not_exists(#tokens)")
                .check(),
            None => self
                .change(amazon_key(account))
                .when("attribute_not_exists(#pk)")
                .check(),
        }
    }
}

fn account_pk(account: &AmazonUserId) -> String {
    format!("ACCOUNT#{account}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_player_id_has_a_separator_in_it() {
        assert!(PlayerId::new(format!("a{SEPARATOR}b")).is_err());
    }
}

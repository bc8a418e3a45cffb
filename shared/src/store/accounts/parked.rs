//! The note `PARKED`: what is parked for an Amazon account. The next link of the account makes it
//! due.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};

use super::housekeeping::HousekeepingKind;
use crate::domain::{AmazonUserId, EntitlementId, PlayerId, Timestamp};
use crate::store::dynamo::{account_key, n, s};
use crate::store::error::StoreError;
use crate::store::tables::Fulfillments;

/// Separates the player id, which has no space in it, from the entitlement id.
const SEPARATOR: char = ' ';

/// The most entitlements in one note. At their longest they take 320 KB, and an item may have 400.
/// What does not fit stays in the index `due` and is tried from there.
pub const MOST_PARKED: u32 = 500;

impl Fulfillments {
    /// The players whose entitlements are parked for this account; `None` where there is no note.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn parked_for(
        &self,
        account: &AmazonUserId,
    ) -> Result<Option<BTreeSet<PlayerId>>, StoreError> {
        let players = |entries: Vec<String>| {
            let entries = entries.iter().filter_map(|entry| read_entry(entry));
            entries.map(|(player, _)| player).collect()
        };
        Ok(self.parked(account).await?.map(players))
    }

    /// What is parked for this account.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn parked_entries(
        &self,
        account: &AmazonUserId,
    ) -> Result<Vec<(PlayerId, EntitlementId)>, StoreError> {
        let entries = self.parked(account).await?.unwrap_or_default();
        Ok(entries.iter().filter_map(|it| read_entry(it)).collect())
    }

    /// The part of a transaction that links `account` again. With `has_parked` it makes the note
    /// due. Without, it needs that there is no note.
    pub(in crate::store) fn wake_part(
        &self,
        account: &AmazonUserId,
        has_parked: bool,
        now: Timestamp,
    ) -> TransactWriteItem {
        let change = self.change_housekeeping(HousekeepingKind::Wake, account);
        if has_parked {
            change
                .when("attribute_exists(#pk)")
                .due_anew(account, now)
                .in_transaction()
        } else {
            change.when("attribute_not_exists(#pk)").check()
        }
    }

    /// The part of a transaction that notes an entitlement under its account.
    pub(in crate::store) fn note_part(
        &self,
        account: &AmazonUserId,
        player: &PlayerId,
        id: &EntitlementId,
    ) -> TransactWriteItem {
        let entry = entry(player, id);
        self.change_housekeeping(HousekeepingKind::Wake, account)
            .when(
                "attribute_not_exists(#records) OR size(#records) < :most \
                 OR contains(#records, :entry)",
            )
            .value(":most", n(MOST_PARKED))
            .value(":entry", s(&entry))
            .set("amazon_user_id", s(account.as_str()))
            .add("records", AttributeValue::Ss(vec![entry]))
            .in_transaction()
    }

    /// The entries of the account's note; `None` where there is no note.
    pub(in crate::store) async fn parked(
        &self,
        account: &AmazonUserId,
    ) -> Result<Option<Vec<String>>, StoreError> {
        let note = account_key(account, HousekeepingKind::Wake.sk());
        let item = self.item(note).await?;
        Ok(item.map(|item| {
            let records = item.get("records").and_then(|value| value.as_ss().ok());
            records.cloned().unwrap_or_default()
        }))
    }
}

/// An entry of the note.
pub(in crate::store) fn entry(player: &PlayerId, id: &EntitlementId) -> String {
    format!("{player}{SEPARATOR}{id}")
}

pub(in crate::store) fn read_entry(entry: &str) -> Option<(PlayerId, EntitlementId)> {
    let (player, id) = entry.split_once(SEPARATOR)?;
    Some((PlayerId::new(player).ok()?, EntitlementId::new(id).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        let player = PlayerId::new("p1").expect("an id");
        // Amazon's ids may have a space in them.
        for id in ["e1", "e 1"].map(EntitlementId::new).into_iter().flatten() {
            let read = read_entry(&entry(&player, &id));
            assert_eq!(read, Some((player.clone(), id)));
        }
        assert_eq!(read_entry("p1"), None);
        assert_eq!(read_entry(" e1"), None);
    }

    #[test]
    fn no_player_id_has_a_separator_in_it() {
        assert!(PlayerId::new(format!("a{SEPARATOR}b")).is_err());
    }
}

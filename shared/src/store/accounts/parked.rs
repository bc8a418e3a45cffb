//! The note `PARKED`: what is parked for an Amazon account. The next link of the account makes it
//! due.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::TransactWriteItem;

use super::housekeeping::HousekeepingKind;
use crate::domain::{AmazonUserId, EntitlementId, PlayerId, Timestamp};
use crate::store::dynamo::{account_key, n, only, s};
use crate::store::error::StoreError;
use crate::store::tables::Fulfillments;

/// Separates the player id, which has no space in it, from the entitlement id.
const SEPARATOR: char = ' ';

/// The most entitlements in one note. At their longest they take 320 KB, and an item may have 400.
/// What does not fit stays in the index `due` and is tried from there.
pub const MOST_PARKED: u32 = 500;

/// The players for whom something is parked for an account, each with an entry of theirs.
#[derive(Clone, Debug, Default)]
pub struct ParkedFor(BTreeMap<PlayerId, String>);

impl ParkedFor {
    /// The players.
    #[must_use]
    pub fn players(&self) -> BTreeSet<PlayerId> {
        self.0.keys().cloned().collect()
    }

    /// One entry for each of these players, if the player has any.
    pub(in crate::store) fn of(&self, players: &BTreeSet<PlayerId>) -> Vec<&str> {
        let entries = players.iter().filter_map(|player| self.0.get(player));
        entries.map(String::as_str).collect()
    }
}

impl Fulfillments {
    /// For whom something is parked for this account; `None` where there is no note.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn parked_for(
        &self,
        account: &AmazonUserId,
    ) -> Result<Option<ParkedFor>, StoreError> {
        let by_player = |entries: Vec<String>| {
            let read = entries.into_iter().filter_map(|entry| {
                let (player, _) = read_entry(&entry)?;
                Some((player, entry))
            });
            ParkedFor(read.collect())
        };
        Ok(self.parked(account).await?.map(by_player))
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

    /// The part of a transaction that links `account` again. With `has_parked` it makes the note due,
    /// and needs that the `needed` entries are still in it: if an erasure has taken a player out, the
    /// link must not list the player. Without, it needs that there is no note.
    pub(in crate::store) fn wake_part(
        &self,
        account: &AmazonUserId,
        has_parked: bool,
        needed: &[&str],
        now: Timestamp,
    ) -> TransactWriteItem {
        let change = self.change_housekeeping(HousekeepingKind::Wake, account);
        if !has_parked {
            return change.when("attribute_not_exists(#pk)").check();
        }
        let mut condition = "attribute_exists(#pk)".to_owned();
        let mut change = change.due_anew(account, now);
        for (place, entry) in needed.iter().enumerate() {
            condition += &format!(" AND contains(#records, :entry_{place})");
            change = change.value(&format!(":entry_{place}"), s(*entry));
        }
        change.when(condition).in_transaction()
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
            .add("records", only(entry))
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

//! Stored rows as JSON, for `player.export`: everything that is stored of the player, and no secret.

use super::attributes::{Exported, raw, readable};
use super::linking::LinkingRows;
use super::rows::Stored;
use crate::domain::{AmazonUserId, PlayerId};
use crate::store::accounts::{HousekeepingKind, read_entry};
use crate::store::dynamo::{Item, Reader, account_key, player_key, remnant_key};
use crate::store::error::StoreError;
use crate::store::tables::{Fulfillments, Links};

/// The short-lived rows of a player's linking, by kind.
#[derive(Debug, Default)]
pub struct ExportedLinking {
    /// What a game or login page asked for.
    pub sessions: Vec<Exported>,
    /// Browsers that went to Amazon.
    pub attempts: Vec<Exported>,
    /// Consoles and TVs.
    pub devices: Vec<Exported>,
}

/// What a row of the player's partition is.
#[derive(Debug)]
pub enum OwnRow {
    /// An entitlement.
    Entitlement(Exported),
    /// What counts against an offer's limit.
    UsedUp(Exported),
    /// An audit record.
    Audit(Exported),
    /// A row that this version does not know.
    Unknown,
}

impl Stored {
    /// The row as it may be shown.
    #[must_use]
    pub fn exported(&self) -> OwnRow {
        let sk = self.text("sk").unwrap_or_default();
        let mut shown = readable(&self.0);
        let mut say = |name, value: &str| {
            shown.insert(name, raw(&value));
        };
        if let Some(id) = sk.strip_prefix("E#") {
            say("entitlement_id", id);
            OwnRow::Entitlement(shown)
        } else if let Some(sku) = sk.strip_prefix("G#") {
            say("sku", sku);
            OwnRow::UsedUp(shown)
        } else if sk.starts_with("A#") {
            OwnRow::Audit(shown)
        } else {
            OwnRow::Unknown
        }
    }

    /// The sort key: a page can go on after it.
    #[must_use]
    pub fn position(&self) -> Option<&str> {
        self.text("sk")
    }

    /// The Amazon account of an entitlement.
    #[must_use]
    pub fn account(&self) -> Option<AmazonUserId> {
        AmazonUserId::new(self.text("amazon_user_id")?).ok()
    }
}

impl Links {
    /// The player's row, as it may be shown.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn export_player(&self, player: &PlayerId) -> Result<Option<Exported>, StoreError> {
        let item = self.item(player_key(player)).await?;
        Ok(item.map(|item| readable(&item)))
    }

    /// What is left of a link of the player to this account.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn export_remnant(
        &self,
        account: &AmazonUserId,
        player: &PlayerId,
    ) -> Result<Option<Exported>, StoreError> {
        let item = self.item(remnant_key(account)).await?;
        let item = item.filter(|item| is_of(item, player));
        Ok(item.map(|item| readable(&item)))
    }
}

impl Fulfillments {
    /// What waits for this account or is to be done for it because of the player: the entitlements
    /// whose reports wait, and the housekeeping.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn export_account(
        &self,
        account: &AmazonUserId,
        player: &PlayerId,
    ) -> Result<(Vec<String>, Vec<Exported>), StoreError> {
        let entries = self.parked(account).await?.unwrap_or_default();
        let parked = entries.iter().filter_map(|entry| {
            let (parked_for, id) = read_entry(entry)?;
            (parked_for == *player).then(|| id.to_string())
        });
        let mut chores = Vec::new();
        for kind in HousekeepingKind::ALL {
            let item = self.item(account_key(account, kind.sk())).await?;
            if let Some(item) = item.filter(|item| is_of(item, player)) {
                let mut shown = readable(&item);
                shown.insert("kind", raw(&kind.sk().to_lowercase()));
                chores.push(shown);
            }
        }
        Ok((parked.collect(), chores))
    }
}

impl LinkingRows {
    /// The rows as they may be shown.
    #[must_use]
    pub fn exported(&self) -> ExportedLinking {
        let mut exported = ExportedLinking::default();
        for (key, item) in &self.0 {
            let pk = Reader::new("", key).text("pk").unwrap_or_default();
            let list = match pk.split_once('#') {
                Some(("TICKET", _)) => &mut exported.sessions,
                Some(("ATTEMPT", _)) => &mut exported.attempts,
                Some(("DEVICE", _)) => &mut exported.devices,
                // These only list the others.
                _ => continue,
            };
            let mut shown = readable(item);
            // A ticket's are the hashes of its attempts' `state`; a record's are a number.
            shown.remove("attempts");
            list.push(shown);
        }
        exported
    }
}

fn is_of(item: &Item, player: &PlayerId) -> bool {
    Reader::new("", item).text("player_id") == Some(player.as_str())
}

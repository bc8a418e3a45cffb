//! An erased player in the table of links: the player's own row, tokens that outlived a link, and the
//! lists of players for whom an account has reports to make. A row that can't be read is no obstacle.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};

use super::marker::Erasing;
use crate::domain::{AmazonUserId, PlayerId, Timestamp};
use crate::store::dynamo::{Item, Reader, amazon_key, contend, only, player_key, remnant_key, s};
use crate::store::error::StoreError;
use crate::store::links::{PlayerRow, player_row};
use crate::store::operations::Changes;
use crate::store::tables::{Erasures, Fulfillments, Links};

/// How often the rows of an account are read while other requests change them.
const TRIES: u32 = 8;

/// The player's own row.
#[derive(Clone, Debug)]
pub struct OwnLink {
    item: Item,
    /// `None`: it can't be read.
    row: Option<PlayerRow>,
}

impl OwnLink {
    /// The Amazon account of the link.
    #[must_use]
    pub fn account(&self) -> Option<AmazonUserId> {
        let account = Reader::new("", &self.item).text("amazon_user_id")?;
        AmazonUserId::new(account).ok()
    }

    /// When the link was made.
    #[must_use]
    pub fn linked_at(&self) -> Option<Timestamp> {
        let linked_at = Reader::new("", &self.item).time("linked_at");
        linked_at.ok().flatten()
    }
}

impl Links {
    /// The player's own row, whether it can be read or not.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn own_link(&self, player: &PlayerId) -> Result<Option<OwnLink>, StoreError> {
        let item = self.item(player_key(player)).await?;
        Ok(item.map(|item| OwnLink {
            row: player_row(&self.table, &item).ok(),
            item,
        }))
    }

    /// The changes that end what the player's row holds: the link, without a remnant, or what an
    /// unlinked player has left. The marker notes the account.
    #[must_use]
    pub fn erase_link_changes(
        &self,
        fulfillments: &Fulfillments,
        erasures: &Erasures,
        erasing: &Erasing<'_>,
        own: &OwnLink,
    ) -> Changes {
        let row = own.row.as_ref();
        let mut changes = match row.and_then(|row| Some((row, row.link.as_ref()?))) {
            Some((row, link)) => {
                // The whole row goes.
                let row = PlayerRow {
                    has_open: false,
                    ..row.clone()
                };
                self.unlink_changes(fulfillments, &row, link, None)
            }
            None => Changes(vec![self.erase_row_part(erasing.player, &own.item)]),
        };
        let account = own.account();
        let account = account.as_ref().map(AmazonUserId::as_str);
        changes.0.push(erasures.noting_part(erasing, account, None));
        changes
    }

    /// The part that deletes a row without a link, or with one that can't be read. What else names the
    /// player is found by the account.
    fn erase_row_part(&self, player: &PlayerId, item: &Item) -> TransactWriteItem {
        const TELLING: [&str; 7] = [
            "status",
            "link_id",
            "amazon_user_id",
            "token_version",
            "tokens",
            "open_mark",
            "refresh_owner",
        ];
        self.change(player_key(player))
            .when("attribute_exists(#pk)")
            .only_if_as_in(item, &TELLING)
            .delete_in_transaction()
    }

    /// Whether anything is stored in the player's row.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn has_row(&self, player: &PlayerId) -> Result<bool, StoreError> {
        Ok(self.item(player_key(player)).await?.is_some())
    }

    /// Whether tokens of the account outlived their link.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub(super) async fn has_remnant(&self, account: &AmazonUserId) -> Result<bool, StoreError> {
        Ok(self.item(remnant_key(account)).await?.is_some())
    }

    /// Deletes the tokens that outlived a link of the player, and takes the player off the lists of
    /// those for whom the account has reports to make. It is called when nothing is parked for the
    /// player any more, because a new link of the account takes over what is parked.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn erase_from_account(
        &self,
        account: &AmazonUserId,
        player: &PlayerId,
    ) -> Result<(), StoreError> {
        // Ending a link whose row can't be read leaves this row behind.
        self.change(amazon_key(account))
            .when("#player_id = :player")
            .value(":player", s(player.as_str()))
            .delete(&self.client)
            .await
            .map(drop)?;
        contend(TRIES, "what the account has left", async || {
            let rows = self.holding_tokens_of(account).await?;
            for (key, item) in &rows {
                if self.take_out(key, item, player).await? {
                    return Ok(None);
                }
            }
            // Linking and unlinking move the list from one row to the other. If both rows are still
            // those of the same links, none has moved between the two reads.
            let now = self.holding_tokens_of(account).await?;
            Ok((links_of(&rows) == links_of(&now)).then_some(()))
        })
        .await
    }

    /// Takes the player out of a row that holds tokens of an account. `true`: the row named the player.
    /// It has to be looked at again, because a write is refused if the row has changed.
    async fn take_out(
        &self,
        key: &Item,
        item: &Item,
        player: &PlayerId,
    ) -> Result<bool, StoreError> {
        let reader = Reader::new(&self.table, item);
        let change = || {
            self.change(key.clone())
                .value(":player", s(player.as_str()))
        };
        // Only a remnant has this attribute.
        if reader.text("player_id") == Some(player.as_str()) {
            let remnant = change().when("#player_id = :player");
            let _ = remnant.delete(&self.client).await?;
            return Ok(true);
        }
        let owed_for = reader.texts("owes_for").unwrap_or_default();
        if !owed_for.iter().any(|it| it == player.as_str()) {
            return Ok(false);
        }
        let entry = only(player.as_str());
        let listed = change().when("contains(#owes_for, :player)");
        let is_last = owed_for.len() == 1 && !reader.flag("owes_more");
        let listed = if is_last {
            listed
                .only_if_is("owes_for", entry)
                .remove("owes")
                .remove("owes_for")
        } else {
            listed.take_out("owes_for", entry)
        };
        let _ = listed.apply(&self.client).await?;
        Ok(true)
    }

    /// The rows that may hold tokens of this account: its remnant, and the row of the player that it is
    /// linked to.
    async fn holding_tokens_of(
        &self,
        account: &AmazonUserId,
    ) -> Result<Vec<(Item, Item)>, StoreError> {
        let mut rows = Vec::new();
        let remnant = remnant_key(account);
        if let Some(item) = self.item(remnant.clone()).await? {
            rows.push((remnant, item));
        }
        let linked = self.item(amazon_key(account)).await?.unwrap_or_default();
        let linked: Result<PlayerId, _> = Reader::new(&self.table, &linked).id("player_id");
        if let Ok(player) = linked {
            let key = player_key(&player);
            let item = self.item(key.clone()).await?;
            rows.extend(item.map(|item| (key, item)));
        }
        Ok(rows)
    }
}

/// The links of these rows. Each link has an id of its own.
fn links_of(rows: &[(Item, Item)]) -> Vec<Option<&AttributeValue>> {
    rows.iter().map(|(_, item)| item.get("link_id")).collect()
}

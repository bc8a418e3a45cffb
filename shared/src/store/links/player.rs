//! Reads players' links, and takes turns at asking Amazon.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};

use super::link::{Link, PlayerRow, TokenRow};
use super::row::player_row;
use crate::domain::{AmazonUserId, LinkStatus, PlayerId, Timestamp};
use crate::store::dynamo::{Change, Reader, amazon_key, player_key, remnant_key, s, time};
use crate::store::error::StoreError;
use crate::store::outcome::Claimed;
use crate::store::tables::Links;

impl Links {
    /// The player's row. The read is strongly consistent, so it finds a link that was made just before.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn get(&self, player: &PlayerId) -> Result<PlayerRow, StoreError> {
        let item = self.item(player_key(player)).await?;
        player_row(&self.table, &item.unwrap_or_default())
    }

    /// The link that holds the tokens of this Amazon account now, whichever player it belongs to.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn of_amazon_account(
        &self,
        account: &AmazonUserId,
    ) -> Result<Option<Link>, StoreError> {
        let Some(player) = self.player_of(account).await? else {
            return Ok(None);
        };
        let link = self.get(&player).await?.link;
        Ok(link.filter(|link| link.amazon_user_id == *account))
    }

    /// The player to whom this Amazon account is linked, as the account's own row says.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn player_of(&self, account: &AmazonUserId) -> Result<Option<PlayerId>, StoreError> {
        let item = self.item(amazon_key(account)).await?;
        item.map(|item| Reader::new(&self.table, &item).id("player_id"))
            .transpose()
    }

    /// A change of exactly this link. It is refused if the player has linked again or unlinked.
    pub(in crate::store) fn change_link(&self, link: &Link, further: &str) -> Change {
        let key = match link.token_row {
            TokenRow::Player => player_key(&link.player),
            TokenRow::Remnant => remnant_key(&link.amazon_user_id),
        };
        self.change(key)
            .when(format!("#link_id = :expected_link{further}"))
            .value(":expected_link", s(link.id.as_str()))
    }

    /// Acquires the right to ask Amazon at `now`, for `owner`. Until `next` no other request can
    /// acquire it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn acquire_check(
        &self,
        link: &Link,
        owner: &str,
        now: Timestamp,
        next: Timestamp,
    ) -> Result<Claimed<PlayerRow>, StoreError> {
        let written = self
            .change_link(
                link,
                " AND (attribute_not_exists(#next_check_at) OR #next_check_at <= :now)",
            )
            .value(":now", time(now))
            .set("check_owner", s(owner))
            .set("checked_at", time(now))
            .set("next_check_at", time(next))
            .apply(&self.client)
            .await?;
        written
            .claimed_by("check_owner", owner)
            .read(|item| player_row(&self.table, &item))
    }

    /// Amazon asked for rest until `until`, and every process keeps to that. A longer rest stays.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn rest_until(&self, link: &Link, until: Timestamp) -> Result<(), StoreError> {
        self.change_link(
            link,
            " AND (attribute_not_exists(#retry_at) OR #retry_at < :retry_at)",
        )
        .set("retry_at", time(until))
        .apply(&self.client)
        .await
        .map(drop)
    }

    /// Notes that no entitlement of the player is open. The write is refused if a new one came
    /// after the row was read. The row of an unlinked player is deleted then, because it has served
    /// its purpose.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn clear_open(&self, player: &PlayerId, row: &PlayerRow) -> Result<(), StoreError> {
        let mark = row.open_mark.as_ref().map(s);
        match &row.link {
            Some(link) => self
                .change_link(link, "")
                .only_if_still("open_mark", mark)
                .set("has_open", AttributeValue::Bool(false))
                .apply(&self.client)
                .await
                .map(drop),
            None => self
                .change(player_key(player))
                .only_if_is("status", s(LinkStatus::Unlinked.as_str()))
                .only_if_still("open_mark", mark)
                .delete(&self.client)
                .await
                .map(drop),
        }
    }

    /// The part of a transaction that needs the link to be the player's still.
    pub(in crate::store) fn still(&self, link: &Link) -> TransactWriteItem {
        self.change_link(link, "").check()
    }

    /// The part of the transaction that writes a new open entitlement: it marks that there is one,
    /// and needs that the link is still the one that Amazon was asked with.
    pub(in crate::store) fn with_open(&self, link: &Link, mark: &str) -> TransactWriteItem {
        self.change_link(link, "")
            .set("has_open", AttributeValue::Bool(true))
            .set("open_mark", s(mark))
            .in_transaction()
    }

    /// The part of a transaction that needs that the account still has no usable tokens: its link
    /// is still the `dead` one, or it still has no link.
    pub(in crate::store) fn still_hopeless(
        &self,
        account: &AmazonUserId,
        dead: Option<&Link>,
    ) -> TransactWriteItem {
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

//! `REMNANT#<amazon_user_id>`: the tokens of a link that ended while it still had reports to make.
//! The key is the account and not the link: a record knows its account, and later tokens of the
//! account serve all its reports.

use super::link::{Link, Remnant};
use super::row::remnant_row;
use crate::domain::AmazonUserId;
use crate::store::dynamo::remnant_key;
use crate::store::error::StoreError;
use crate::store::tables::Links;

impl Links {
    /// What is left of the account's last link, even if it has expired.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn remnant(&self, account: &AmazonUserId) -> Result<Option<Remnant>, StoreError> {
        let item = self.item(remnant_key(account)).await?;
        item.map(|item| remnant_row(&self.table, &item)).transpose()
    }

    /// Deletes exactly this remnant.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn delete_remnant(&self, link: &Link) -> Result<(), StoreError> {
        self.change_link(link, "")
            .delete(&self.client)
            .await
            .map(drop)
    }
}

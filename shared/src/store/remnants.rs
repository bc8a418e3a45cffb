//! `REMNANT#<amazon_user_id>`: the tokens of a link that was ended while it still had reports to
//! make. Kept under the account and not under the link, because that is what a report knows, and
//! because later tokens of the same account serve all its reports.

use super::StoreError;
use super::item::Item;
use super::links::{Links, key};
use super::record::{Link, remnant};
use crate::domain::{AmazonUserId, Timestamp};

/// What is left of a link.
#[derive(Clone, Debug)]
pub struct Remnant {
    /// The link as it was, with its tokens.
    pub link: Link,
    /// When they are not to be used any more.
    pub expires_at: Timestamp,
}

impl Links {
    /// What is left of the account's last link, also if it has expired.
    ///
    /// # Errors
    /// If the database does not answer, or the row is corrupt.
    pub async fn remnant(&self, account: &AmazonUserId) -> Result<Option<Remnant>, StoreError> {
        remnant(&self.table, &self.item(remnant_key(account)).await?)
    }

    /// Forgets exactly this remnant.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn delete_remnant(&self, link: &Link) -> Result<(), StoreError> {
        self.change_link(link, "")
            .delete(&self.client)
            .await
            .map(drop)
    }
}

pub(super) fn remnant_key(account: &AmazonUserId) -> Item {
    key(format!("REMNANT#{account}"))
}

//! The handles of the two tables whose rows change together. The rooms `links`, `attempts`,
//! `accounts` and `fulfillments` read and write their rows.

use aws_sdk_dynamodb::Client;

use super::dynamo::{Change, Item, unavailable};
use super::error::StoreError;

/// The links table.
#[derive(Clone, Debug)]
pub struct Links {
    pub(in crate::store) client: Client,
    pub(in crate::store) table: String,
}

/// The fulfillments table.
#[derive(Clone, Debug)]
pub struct Fulfillments {
    pub(in crate::store) client: Client,
    pub(in crate::store) table: String,
}

impl Links {
    /// The links in `table`.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    pub(in crate::store) async fn item(&self, key: Item) -> Result<Item, StoreError> {
        self.client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key))
            .consistent_read(true)
            .send()
            .await
            .map(|output| output.item.unwrap_or_default())
            .map_err(|error| unavailable("GetItem", &error))
    }

    pub(in crate::store) fn change(&self, key: Item) -> Change {
        Change::of(&self.table, key)
    }
}

impl Fulfillments {
    /// The fulfillments in `table`.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    pub(in crate::store) async fn item(&self, key: Item) -> Result<Option<Item>, StoreError> {
        self.client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key))
            .consistent_read(true)
            .send()
            .await
            .map(|output| output.item)
            .map_err(|error| unavailable("GetItem", &error))
    }

    pub(in crate::store) fn change(&self, key: Item) -> Change {
        Change::of(&self.table, key)
    }
}

//! The handles of the tables whose rows change together. The rooms of rows have the methods that
//! read and write them.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;

use super::dynamo::{Change, Item, get, s};
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

/// The erasures table.
#[derive(Clone, Debug)]
pub struct Erasures {
    pub(in crate::store) client: Client,
    pub(in crate::store) table: String,
}

impl Erasures {
    /// The erasures in `table`.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    pub(in crate::store) fn change(&self, key: Item) -> Change {
        Change::of(&self.table, key)
    }
}

impl Links {
    /// The links in `table`.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    pub(in crate::store) async fn item(&self, key: Item) -> Result<Option<Item>, StoreError> {
        get(&self.client, &self.table, key).await
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
        get(&self.client, &self.table, key).await
    }

    /// A strong query of this partition. With a condition of its own it gives a part of it.
    pub(in crate::store) fn partition(&self, pk: String) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", s(pk))
            .consistent_read(true)
    }

    pub(in crate::store) fn change(&self, key: Item) -> Change {
        Change::of(&self.table, key)
    }
}

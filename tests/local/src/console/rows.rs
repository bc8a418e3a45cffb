//! What is stored of the players, read past the functions: looking must not disturb what is played.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::DisplayErrorContext;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::{Error, dynamo};

type Item = HashMap<String, AttributeValue>;

/// The tables of players, read and made older.
#[derive(Clone, Debug)]
pub struct Rows {
    /// A client that no proxy stands before.
    pub client: Client,
    /// The name of the table Links.
    pub links: String,
    /// The name of the table Fulfillments.
    pub fulfillments: String,
    /// The name of the table Erasures.
    pub erasures: String,
}

/// A player's link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// `linked`, `relink_required` or `unlinked`.
    pub status: String,
    /// Amazon's id of the account.
    pub account_id: Option<String>,
}

/// A player's record of an entitlement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Amazon's id of it.
    pub entitlement_id: String,
    /// The offer.
    pub sku: Option<String>,
    /// `pending`, `delivered`, `reported` or `held`.
    pub status: String,
    /// Why it is held.
    pub reason: Option<String>,
    first_seen_at: String,
}

impl Rows {
    /// The player's link; `unlinked` if there is no row.
    pub(super) async fn link(&self, player: &str) -> Result<Link, Error> {
        let get = self.client.get_item().table_name(&self.links);
        let key = AttributeValue::S(format!("PLAYER#{player}"));
        let answer = get.key("pk", key).consistent_read(true).send().await;
        let row = answer.map_err(|error| DisplayErrorContext(error).to_string())?;
        let row = row.item.unwrap_or_default();
        Ok(Link {
            status: text(&row, "status").unwrap_or_else(|| "unlinked".to_owned()),
            account_id: text(&row, "amazon_user_id"),
        })
    }

    /// The player's records, the oldest first.
    pub(super) async fn records(&self, player: &str) -> Result<Vec<Record>, Error> {
        let query = self.client.query().table_name(&self.fulfillments);
        let query = query
            .key_condition_expression("pk = :pk AND begins_with(sk, :sk)")
            .expression_attribute_values(":pk", AttributeValue::S(format!("PLAYER#{player}")))
            .expression_attribute_values(":sk", AttributeValue::S("E#".to_owned()))
            .consistent_read(true);
        let items = query.into_paginator().items().send();
        let items: Result<Vec<Item>, _> = items.collect().await;
        let items = items.map_err(|error| DisplayErrorContext(error).to_string())?;
        let mut records: Vec<_> = items.iter().filter_map(record).collect();
        records.sort_by(|a, b| a.first_seen_at.cmp(&b.first_seen_at));
        Ok(records)
    }

    /// The entitlements that were delivered, of all players.
    pub(super) async fn delivered(&self) -> Result<Vec<String>, Error> {
        let scan = self.client.scan().table_name(&self.fulfillments);
        let items = scan.into_paginator().items().send();
        let items: Result<Vec<Item>, _> = items.collect().await;
        let items = items.map_err(|error| DisplayErrorContext(error).to_string())?;
        let records = items.iter().filter_map(record);
        let delivered = records.filter(|it| it.status == "delivered" || it.status == "reported");
        Ok(delivered.map(|record| record.entitlement_id).collect())
    }

    /// So much time passes for every row. No process may write meanwhile.
    pub(super) async fn age(&self, by: Duration) -> Result<(), Error> {
        let tables = [&self.links, &self.fulfillments, &self.erasures];
        dynamo::age(&self.client, &tables.map(String::as_str), by).await
    }
}

/// Reads a record; `None` if the row is of another kind.
fn record(item: &Item) -> Option<Record> {
    let id = text(item, "sk")?.strip_prefix("E#")?.to_owned();
    let first_seen_at = item.get("first_seen_at")?.as_n().ok()?;
    Some(Record {
        entitlement_id: id,
        sku: text(item, "sku"),
        status: text(item, "status")?,
        reason: text(item, "reason"),
        first_seen_at: first_seen_at.clone(),
    })
}

fn text(item: &Item, name: &str) -> Option<String> {
    item.get(name)?.as_s().ok().cloned()
}

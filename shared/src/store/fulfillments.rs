//! What every player was given. No item here ever expires: forgetting one could deliver it twice.
//!
//! - `PLAYER#p` / `E#<entitlement_id>`: the record
//! - `PLAYER#p` / `G#<sku>`: the guard: the entitlements that used the offer up
//! - `ENTITLEMENT#<id>` / `OWNER`: the player that the entitlement was first handed to
//! - `ACCOUNT#<amazon_user_id>` / `PARKED`: what can be reported once the account is linked again
//! - `ACCOUNT#<amazon_user_id>` / `REMNANT`: that the account's remnant is to be looked after
//!
//! Every arrow of an entitlement's life is one conditional write: those that begin it are in
//! `admissions`, those that end it in `reports`. Who is at it in between says `leases`; `due` finds
//! what needs work, and `chores` is housekeeping.

use aws_sdk_dynamodb::Client;

use super::StoreError;
use super::item::{Item, s};
use super::record::{Record, record};
use super::write::{Change, unavailable};
use crate::domain::{EntitlementId, PlayerId};

/// The fulfillments table.
#[derive(Clone, Debug)]
pub struct Fulfillments {
    pub(super) client: Client,
    pub(super) table: String,
}

/// One page of a player's history.
#[derive(Debug)]
pub struct Page {
    /// Newest first.
    pub records: Vec<Record>,
    /// The position to go on from; `None` at the end.
    pub next: Option<String>,
}

impl Fulfillments {
    /// The fulfillments in `table`.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Everything of the player that is not `reported`, oldest first, read strongly.
    ///
    /// # Errors
    /// If the database does not answer, or a row is corrupt.
    pub async fn open(&self, player: &PlayerId) -> Result<Vec<Record>, StoreError> {
        let mut records = Vec::new();
        let mut start: Option<Item> = None;
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.table)
                .index_name("open")
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", s(player_pk(player)))
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| unavailable("Query", &error))?;
            for item in page.items() {
                records.push(record(&self.table, item)?);
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(records);
            }
        }
    }

    /// One entitlement of the player, as of now.
    ///
    /// # Errors
    /// If the database does not answer, or the row is corrupt.
    pub async fn get(
        &self,
        player: &PlayerId,
        id: &EntitlementId,
    ) -> Result<Option<Record>, StoreError> {
        let item = self.item(key(player_pk(player), record_sk(id))).await?;
        item.map(|item| record(&self.table, &item)).transpose()
    }

    pub(super) async fn item(&self, key: Item) -> Result<Option<Item>, StoreError> {
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

    /// The player's history, newest first, from after the position `after`.
    ///
    /// # Errors
    /// If the database does not answer, or a row is corrupt.
    pub async fn history(
        &self,
        player: &PlayerId,
        limit: i32,
        after: Option<&str>,
    ) -> Result<Page, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .index_name("seen")
            .expression_attribute_values(":pk", s(player_pk(player)))
            .scan_index_forward(false)
            .consistent_read(true)
            .limit(limit);
        // The sort key is unique, so a position is a condition: nothing of DynamoDB's own keys
        // has to travel to the game and back.
        let query = match after {
            None => query.key_condition_expression("pk = :pk"),
            Some(after) => query
                .key_condition_expression("pk = :pk AND seen < :after")
                .expression_attribute_values(":after", s(after)),
        };
        let page = query
            .send()
            .await
            .map_err(|error| unavailable("Query", &error))?;
        let records = page
            .items()
            .iter()
            .map(|item| record(&self.table, item))
            .collect::<Result<Vec<_>, _>>()?;
        let next = page
            .last_evaluated_key
            .is_some()
            .then(|| records.last().map(seen))
            .flatten();
        Ok(Page { records, next })
    }

    pub(super) fn change(&self, pk: String, sk: String) -> Change {
        Change::of(&self.table, key(pk, sk))
    }
}

pub(super) fn key(pk: String, sk: String) -> Item {
    Item::from([("pk".to_owned(), s(pk)), ("sk".to_owned(), s(sk))])
}

/// The sort key of the local indexes: the time of first sight, made unique by the id. It never
/// changes in a record's life.
pub(super) fn seen(record: &Record) -> String {
    format!("{:015}#{}", record.first_seen_at.as_millis(), record.id)
}

pub(super) fn player_pk(player: &PlayerId) -> String {
    format!("PLAYER#{player}")
}

pub(super) fn record_sk(id: &EntitlementId) -> String {
    format!("E#{id}")
}

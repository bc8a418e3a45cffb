//! Reads a player's records.

use std::collections::{HashMap, HashSet};

use super::record::{Record, record, seen};
use crate::domain::{EntitlementId, PlayerId};
use crate::store::dynamo::{
    BATCH, Item, Reader, batch_get, player_pk, query_up_to, record_key, record_sk, s, unavailable,
};
use crate::store::error::StoreError;
use crate::store::tables::Fulfillments;

/// How many requests one read of many entitlements may take.
const GET_ALL_TRIES: u32 = 2;

/// Records that were read together. A row that can't be read does not keep the others from being
/// read.
#[derive(Debug, Default)]
pub struct Records {
    /// Those that could be read, in the order of the index.
    pub records: Vec<Record>,
    /// For each of the others, what is wrong with it.
    pub unreadable: Vec<StoreError>,
}

/// Which of a player's entitlements a page shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    /// Everything that was ever seen.
    All,
    /// What is not `reported`.
    Open,
}

/// One page of a player's entitlements.
#[derive(Debug)]
pub struct Page {
    /// Newest first.
    pub rows: Vec<Row>,
    /// Whether there are more after the last of them.
    pub more: bool,
}

/// One row of a page.
#[derive(Debug)]
pub struct Row {
    /// Its position: a later page can begin after it.
    pub position: String,
    /// The record in it.
    pub record: Result<Record, StoreError>,
}

impl Fulfillments {
    /// Everything of the player that is not `reported`, oldest first, read strongly.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn open(&self, player: &PlayerId) -> Result<Records, StoreError> {
        let mut found = Records::default();
        let query = self.partition(player_pk(player)).index_name("open");
        for item in query_up_to(query, usize::MAX).await? {
            match record(&self.table, &item) {
                Ok(record) => found.records.push(record),
                Err(error) => found.unreadable.push(error),
            }
        }
        Ok(found)
    }

    /// One entitlement of the player, as of now.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn get(
        &self,
        player: &PlayerId,
        id: &EntitlementId,
    ) -> Result<Option<Record>, StoreError> {
        let item = self.item(record_key(player, id)).await?;
        item.map(|item| record(&self.table, &item)).transpose()
    }

    /// Reads these entitlements of the player, with one request, and a second for what DynamoDB
    /// leaves unread. `None` in the map: there is no record. An id that is not in the map could not
    /// be read.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn get_all(
        &self,
        player: &PlayerId,
        ids: &[EntitlementId],
    ) -> Result<HashMap<EntitlementId, Option<Box<Record>>>, StoreError> {
        let mut known = HashMap::new();
        for ids in ids.chunks(BATCH) {
            let keys = ids.iter().map(|id| record_key(player, id)).collect();
            let batch = batch_get(&self.client, &self.table, keys, GET_ALL_TRIES).await?;
            let mut records: HashMap<_, _> = batch
                .items
                .iter()
                .filter_map(|item| Some((sort_key(item)?, record(&self.table, item))))
                .collect();
            let unread: HashSet<_> = batch.unread.iter().filter_map(sort_key).collect();
            for id in ids {
                let sk = record_sk(id);
                match records.remove(sk.as_str()) {
                    Some(Ok(record)) => {
                        known.insert(id.clone(), Some(Box::new(record)));
                    }
                    Some(Err(_)) => {}
                    None if unread.contains(sk.as_str()) => {}
                    None => {
                        known.insert(id.clone(), None);
                    }
                }
            }
        }
        Ok(known)
    }

    /// A page of the player's entitlements, newest first, from after the position `after`, read
    /// strongly.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn history(
        &self,
        player: &PlayerId,
        listed: Listed,
        limit: i32,
        after: Option<&str>,
    ) -> Result<Page, StoreError> {
        // Both indexes have the same positions.
        let index = match listed {
            Listed::All => "seen",
            Listed::Open => "open",
        };
        let query = self
            .partition(player_pk(player))
            .index_name(index)
            .scan_index_forward(false)
            .limit(limit);
        // The sort key is unique, so a position can be a condition. The game does not see
        // DynamoDB's own keys.
        let query = match after {
            None => query,
            Some(after) => query
                .key_condition_expression("pk = :pk AND #position < :after")
                .expression_attribute_names("#position", index)
                .expression_attribute_values(":after", s(after)),
        };
        let page = query
            .send()
            .await
            .map_err(|error| unavailable("Query", &error))?;
        let rows = page.items().iter().map(|item| {
            let reader = Reader::new(&self.table, item);
            // A key of the index is always there, and a text.
            let position = reader.text(index).unwrap_or_default();
            let record = record(&self.table, item).and_then(|record| {
                if seen(&record) == position {
                    Ok(record)
                } else {
                    Err(reader.corrupt(index))
                }
            });
            Row {
                position: position.to_owned(),
                record,
            }
        });
        Ok(Page {
            rows: rows.collect(),
            more: page.last_evaluated_key.is_some(),
        })
    }
}

fn sort_key(item: &Item) -> Option<&str> {
    item.get("sk")?.as_s().ok().map(String::as_str)
}

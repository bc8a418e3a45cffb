//! Finds what waits for an operator, by the sparse index `attention`: `<why>#<shard>`, and the time
//! since which it waits. Only a record that waits is in it. The index is late and only hints: the
//! item decides.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::Select;
use futures_util::future::try_join_all;

use super::record::{Record, record};
use crate::domain::{EntitlementId, PlayerId, Timestamp, Waiting};
use crate::store::dynamo::{
    BATCH, Change, DUE_SHARDS, Item, Reader, batch_get, due_shard, n, player_pk, record_key,
    record_sk, s, time, unavailable,
};
use crate::store::error::StoreError;
use crate::store::tables::Fulfillments;

/// The partition key of the index.
const SHARD: &str = "attention_shard";
/// The sort key of the index.
const SINCE: &str = "attention_since";

/// How many requests one read of a page's records may take.
const READ_TRIES: u32 = 3;

/// One part of the index: what waits for one reason, in one shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitingPart {
    /// Why it waits.
    pub waiting: Waiting,
    shard: u8,
}

impl WaitingPart {
    /// All parts of what waits for this reason.
    pub fn all(waiting: Waiting) -> impl Iterator<Item = Self> {
        (0..DUE_SHARDS).map(move |shard| Self { waiting, shard })
    }

    fn key(self) -> String {
        part_key(self.waiting, &self.shard.to_string())
    }
}

/// Which entries of a part are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct WaitingFilter<'a> {
    /// Only this SKU.
    pub sku: Option<&'a str>,
    /// Only what has waited since before this time.
    pub before: Option<Timestamp>,
}

/// An entry of the index. A later page can begin after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingEntry {
    /// The player.
    pub player: PlayerId,
    /// The entitlement.
    pub id: EntitlementId,
    /// Since when it waits, in milliseconds since the Unix epoch.
    pub since: i64,
}

/// Some entries of one part, the longest waiting first.
#[derive(Debug)]
pub struct WaitingPage {
    /// The entries.
    pub entries: Vec<WaitingEntry>,
    /// Where to go on; `None` at the end of the part. It may be an entry that the filter left out.
    pub next: Option<WaitingEntry>,
}

/// Records that were found by the index.
#[derive(Debug, Default)]
pub struct WaitingRecords {
    /// Each with its entry, in the order of the index.
    pub records: Vec<(WaitingEntry, Record)>,
    /// What is wrong with the others.
    pub unreadable: Vec<StoreError>,
}

impl Fulfillments {
    /// At most `limit` entries of a part are looked at, from after the entry `after`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn waiting(
        &self,
        part: WaitingPart,
        filter: WaitingFilter<'_>,
        after: Option<&WaitingEntry>,
        limit: usize,
    ) -> Result<WaitingPage, StoreError> {
        let start = after.map(|entry| {
            let mut start = record_key(&entry.player, &entry.id);
            start.insert(SHARD.to_owned(), s(part.key()));
            start.insert(SINCE.to_owned(), n(entry.since));
            start
        });
        let query = match filter.before {
            None => self.waiting_query(part, "#shard = :shard"),
            Some(before) => self
                .waiting_query(part, "#shard = :shard AND #since < :before")
                .expression_attribute_names("#since", SINCE)
                .expression_attribute_values(":before", time(before)),
        };
        let query = match filter.sku {
            None => query,
            Some(sku) => query
                .filter_expression("#sku = :sku")
                .expression_attribute_names("#sku", "sku")
                .expression_attribute_values(":sku", s(sku)),
        };
        let page = query
            .set_exclusive_start_key(start)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(|error| unavailable("Query", &error))?;
        let entries = page.items().iter().map(|item| self.waiting_entry(item));
        Ok(WaitingPage {
            entries: entries.collect::<Result<_, _>>()?,
            next: page
                .last_evaluated_key()
                .map(|item| self.waiting_entry(item))
                .transpose()?,
        })
    }

    /// How many entries there are for which the alarm `Attention` rings. A very long part of the index
    /// is counted in part.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn count_alarming(&self) -> Result<u64, StoreError> {
        let parts = Waiting::ALARMING.into_iter().flat_map(WaitingPart::all);
        let counts = try_join_all(parts.map(|part| self.count_waiting(part))).await?;
        Ok(counts.into_iter().sum())
    }

    async fn count_waiting(&self, part: WaitingPart) -> Result<u64, StoreError> {
        let counted = self
            .waiting_query(part, "#shard = :shard")
            .select(Select::Count)
            .send()
            .await
            .map_err(|error| unavailable("Query", &error))?;
        Ok(u64::try_from(counted.count).unwrap_or(0))
    }

    fn waiting_query(&self, part: WaitingPart, condition: &str) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .index_name("attention")
            .key_condition_expression(condition)
            .expression_attribute_names("#shard", SHARD)
            .expression_attribute_values(":shard", s(part.key()))
    }

    fn waiting_entry(&self, item: &Item) -> Result<WaitingEntry, StoreError> {
        let reader = Reader::new(&self.table, item);
        let id = reader.need_text("sk")?.strip_prefix("E#");
        Ok(WaitingEntry {
            player: reader.player()?,
            id: id
                .and_then(|id| EntitlementId::new(id).ok())
                .ok_or_else(|| reader.corrupt("sk"))?,
            since: reader.number(SINCE)?.ok_or_else(|| reader.corrupt(SINCE))?,
        })
    }

    /// The records of these entries that still wait for this reason.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn still_waiting(
        &self,
        waiting: Waiting,
        entries: &[WaitingEntry],
    ) -> Result<WaitingRecords, StoreError> {
        let mut found = WaitingRecords::default();
        for entries in entries.chunks(BATCH) {
            let keys = entries.iter().map(|it| record_key(&it.player, &it.id));
            let batch = batch_get(&self.client, &self.table, keys.collect(), READ_TRIES).await?;
            let items = batch.whole()?;
            for entry in entries {
                let (pk, sk) = (player_pk(&entry.player), record_sk(&entry.id));
                let item = items.iter().find(|item| {
                    let reader = Reader::new(&self.table, item);
                    reader.text("pk") == Some(&pk) && reader.text("sk") == Some(&sk)
                });
                match item.map(|item| record(&self.table, item)) {
                    Some(Ok(record)) if record.waiting().map(|it| it.0) == Some(waiting) => {
                        found.records.push((entry.clone(), record));
                    }
                    Some(Err(error)) => found.unreadable.push(error),
                    // It no longer waits, and the index does not know yet.
                    Some(Ok(_)) | None => {}
                }
            }
        }
        Ok(found)
    }
}

impl Record {
    /// Why it waits for an operator, and since when; `None` if it does not.
    #[must_use]
    pub fn waiting(&self) -> Option<(Waiting, Timestamp)> {
        Waiting::of(self.reason, self.updated_at, self.attention_at)
    }
}

impl Change {
    /// In the index `attention` if it waits for an operator; else not.
    pub(super) fn listed(self, id: &EntitlementId, waiting: Option<(Waiting, Timestamp)>) -> Self {
        let shard = waiting.map(|(waiting, _)| part_key(waiting, &due_shard(id.as_str())));
        self.set_or_remove(SHARD, shard.map(s))
            .set_or_remove(SINCE, waiting.map(|(_, since)| time(since)))
    }

    /// No longer in the index `attention`.
    pub(super) fn unlisted(self) -> Self {
        self.remove(SHARD).remove(SINCE)
    }
}

fn part_key(waiting: Waiting, shard: &str) -> String {
    format!("{}#{shard}", waiting.as_str())
}

//! Finds what needs work, by the sparse index `due`. Its 8 shards keep a partition from getting
//! hot. The index is late and only hints: the item decides.
//!
//! Beside entitlements it lists housekeeping for Amazon accounts, the rows of the room `accounts`.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Select};

use super::leases::Lease;

use super::record::{Record, record};
use crate::domain::{Sku, Timestamp};
use crate::store::accounts::{Housekeeping, HousekeepingKind, HousekeepingLink};
use crate::store::dynamo::{Change, Item, RESUMED, Reader, key, n, s, time, unavailable};
use crate::store::error::StoreError;
use crate::store::outcome::Claimed;
use crate::store::tables::Fulfillments;

/// How many hints a page has.
const PAGE: i32 = 25;

/// A hint that an item is due.
#[derive(Clone, Debug)]
pub struct Due {
    key: Item,
    shard: String,
    /// Since when.
    pub due_at: Timestamp,
}

impl Due {
    pub(super) fn key(&self) -> Item {
        self.key.clone()
    }
}

/// Some hints of one shard, the longest due first.
#[derive(Debug)]
pub struct DuePage {
    /// The hints.
    pub hints: Vec<Due>,
    /// Where to go on; `None` at the end.
    pub next: Option<DuePosition>,
}

/// A position in a shard.
#[derive(Clone, Debug)]
pub struct DuePosition(Item);

impl DuePosition {
    /// The position in words, for a cursor.
    #[must_use]
    pub fn words(&self) -> [String; 4] {
        ["pk", "sk", "due_shard", "due_at"].map(|name| match self.0.get(name) {
            Some(AttributeValue::S(text) | AttributeValue::N(text)) => text.clone(),
            _ => String::new(),
        })
    }

    /// The position of these words; `None`: no position has them.
    #[must_use]
    pub fn of(words: [String; 4]) -> Option<Self> {
        let [pk, sk, shard, due_at] = words;
        let due_at: i64 = due_at.parse().ok()?;
        let mut item = key(pk, sk);
        item.insert("due_shard".to_owned(), s(shard));
        item.insert("due_at".to_owned(), n(due_at));
        Some(Self(item))
    }
}

/// An item that was due, and that this request has acquired.
#[derive(Debug)]
pub enum Taken {
    /// An entitlement to deliver or to report.
    Record(Box<Record>),
    /// Housekeeping.
    Housekeeping(Housekeeping),
    /// An offer that was resumed.
    Resumed {
        /// Its SKU.
        sku: Sku,
        /// How often a run has looked for what waits for it, with the present one.
        attempts: u32,
    },
}

impl Fulfillments {
    /// What is due in this shard at `now`: a page of at most 25 hints, after the position `after`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn due(
        &self,
        shard: u8,
        now: Timestamp,
        after: Option<DuePosition>,
    ) -> Result<DuePage, StoreError> {
        self.due_page(&shard.to_string(), now, after).await
    }

    /// A page of one part of the index.
    pub(super) async fn due_page(
        &self,
        shard: &str,
        now: Timestamp,
        after: Option<DuePosition>,
    ) -> Result<DuePage, StoreError> {
        let page = self
            .due_query(shard, now)
            .set_exclusive_start_key(after.map(|position| position.0))
            .limit(PAGE)
            .send()
            .await
            .map_err(|error| unavailable("Query", &error))?;
        let hints = page
            .items()
            .iter()
            .map(|item| {
                let reader = Reader::new(&self.table, item);
                Ok(Due {
                    key: key(
                        reader.need_text("pk")?.to_owned(),
                        reader.need_text("sk")?.to_owned(),
                    ),
                    shard: shard.to_owned(),
                    // Only a wrong clock writes a time that can't be shown. The rest of the shard
                    // must not wait for that.
                    due_at: reader.time("due_at").ok().flatten().unwrap_or(now),
                })
            })
            .collect::<Result<_, StoreError>>()?;
        Ok(DuePage {
            hints,
            next: page.last_evaluated_key.map(DuePosition),
        })
    }

    /// How many items are due in this shard at `now`. A very long shard is counted in part.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn count_due(&self, shard: u8, now: Timestamp) -> Result<u64, StoreError> {
        let counted = self
            .due_query(&shard.to_string(), now)
            .select(Select::Count)
            .send()
            .await
            .map_err(|error| unavailable("Query", &error))?;
        Ok(u64::try_from(counted.count()).unwrap_or(0))
    }

    /// Acquires the item that a hint points to. `None`: it is not due any more, because another
    /// request has acquired or finished it.
    ///
    /// # Errors
    /// See [`StoreError`]. An item that is corrupt is acquired all the same.
    pub async fn acquire_due(
        &self,
        hint: &Due,
        lease: Lease<'_>,
        now: Timestamp,
    ) -> Result<Option<Taken>, StoreError> {
        let written = Change::of(&self.table, hint.key.clone())
            .when("#due_shard = :shard AND #due_at <= :now")
            .value(":shard", s(&hint.shard))
            .value(":now", time(now))
            .set("owner", s(lease.owner))
            .set("due_at", time(lease.until))
            // The try is counted before it is made: a try that a crash cuts short may have had an
            // effect.
            .add("attempts", n(1))
            .apply(&self.client)
            .await?;
        match written.claimed_by("owner", lease.owner) {
            Claimed::Ours(item) => self.read_taken(&item).map(Some),
            Claimed::Theirs(_) => Ok(None),
        }
    }

    /// Reschedules an item that can't be read, so that it does not keep the others waiting.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn reschedule_unreadable(
        &self,
        hint: &Due,
        lease: Lease<'_>,
        due_at: Timestamp,
    ) -> Result<(), StoreError> {
        Change::of(&self.table, hint.key.clone())
            .given_back(lease.owner, due_at)
            .apply(&self.client)
            .await
            .map(drop)
    }

    /// The entitlement that a hint points to, if it points to one and there still is one.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn hinted(&self, hint: &Due) -> Result<Option<Record>, StoreError> {
        let sk = hint.key.get("sk").and_then(|sk| sk.as_s().ok());
        if !sk.is_some_and(|sk| sk.starts_with("E#")) {
            return Ok(None);
        }
        let item = self.item(hint.key()).await?;
        item.map(|item| record(&self.table, &item)).transpose()
    }

    fn due_query(&self, shard: &str, now: Timestamp) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .index_name("due")
            .key_condition_expression("due_shard = :shard AND due_at <= :now")
            .expression_attribute_values(":shard", s(shard.to_string()))
            .expression_attribute_values(":now", time(now))
    }

    fn read_taken(&self, item: &Item) -> Result<Taken, StoreError> {
        let reader = Reader::new(&self.table, item);
        let sk = reader.need_text("sk")?;
        if sk == RESUMED {
            return Ok(Taken::Resumed {
                sku: reader.id("sku")?,
                attempts: reader.number("attempts")?.unwrap_or(0),
            });
        }
        let kind = HousekeepingKind::ALL
            .into_iter()
            .find(|kind| kind.sk() == sk);
        let Some(kind) = kind else {
            return record(&self.table, item).map(|record| Taken::Record(Box::new(record)));
        };
        let link = match kind {
            HousekeepingKind::Wake | HousekeepingKind::Remnant => None,
            HousekeepingKind::SecondLook | HousekeepingKind::FirstCheck => Some(HousekeepingLink {
                player: reader.id("player_id")?,
                id: reader.id("link_id")?,
            }),
        };
        Ok(Taken::Housekeeping(Housekeeping {
            kind,
            account: reader.id("amazon_user_id")?,
            link,
            attempts: reader.number("attempts")?.unwrap_or(0),
        }))
    }
}

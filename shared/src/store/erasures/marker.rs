//! The marker `ERASED#<hash>`: a player was erased, or is being erased.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::types::TransactWriteItem;

use crate::domain::{EntitlementId, ErasedId, PlayerId, Timestamp};
use crate::store::dynamo::{
    BATCH, Change, Item, Reader, batch_get, get, marker_key, only, s, time,
};
use crate::store::error::StoreError;
use crate::store::operations::Changes;
use crate::store::tables::Erasures;

const RUNNING: &str = "running";
const DONE: &str = "done";

/// How many requests one batch read may take.
pub(super) const BATCH_TRIES: u32 = 5;

/// A marker: the player was erased, or is being erased.
#[derive(Clone, Debug)]
pub struct Marker {
    /// The keyed hash of the player's id.
    pub id: ErasedId,
    /// The receipt of the last erasure.
    pub receipt: String,
    /// Whether it has not ended.
    pub is_running: bool,
    /// When it began.
    pub begun_at: Timestamp,
    /// What was delivered, and Amazon was not told.
    pub not_reported: BTreeSet<String>,
    /// The Amazon accounts whose rows may still name the player. An erasure that has ended has none.
    pub accounts: BTreeSet<String>,
    /// The SKUs of which the player has used something up.
    pub skus: BTreeSet<String>,
}

/// An erasure that has begun.
#[derive(Clone, Debug)]
pub struct Erasing<'a> {
    /// The player.
    pub player: &'a PlayerId,
    /// The keyed hash of the player's id.
    pub id: &'a ErasedId,
    /// The receipt.
    pub receipt: &'a str,
    /// Whether what was delivered and not reported is listed. What a backup has brought back was
    /// listed or reported before.
    pub lists_unreported: bool,
}

impl Erasures {
    /// The marker of this player, read strongly.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn get(&self, id: &ErasedId) -> Result<Option<Marker>, StoreError> {
        let item = get(&self.client, &self.table, marker_key(id)).await?;
        item.map(|item| self.read(id, &item)).transpose()
    }

    /// The markers of these players, without those who have none.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn get_all(&self, ids: &[ErasedId]) -> Result<Vec<Marker>, StoreError> {
        let mut markers = Vec::new();
        for ids in ids.chunks(BATCH) {
            let keys = ids.iter().map(marker_key).collect();
            let batch = batch_get(&self.client, &self.table, keys, BATCH_TRIES).await?;
            let items = batch.whole()?;
            let by_key: HashMap<_, _> = ids
                .iter()
                .map(|id| (marker_key(id)["pk"].clone(), id))
                .map(|(key, id)| (key.as_s().cloned().unwrap_or_default(), id))
                .collect();
            for item in &items {
                let reader = Reader::new(&self.table, item);
                let id = by_key.get(reader.need_text("pk")?);
                let id = id.ok_or_else(|| reader.corrupt("pk"))?;
                markers.push(self.read(id, item)?);
            }
        }
        Ok(markers)
    }

    fn read(&self, id: &ErasedId, item: &Item) -> Result<Marker, StoreError> {
        let reader = Reader::new(&self.table, item);
        let texts = |field| {
            reader
                .texts(field)
                .unwrap_or_default()
                .iter()
                .cloned()
                .collect()
        };
        Ok(Marker {
            id: id.clone(),
            receipt: reader.need_text("receipt_id")?.to_owned(),
            is_running: match reader.need_text("state")? {
                RUNNING => true,
                DONE => false,
                _ => return Err(reader.corrupt("state")),
            },
            begun_at: reader.need_time("begun_at")?,
            not_reported: texts("not_reported"),
            accounts: texts("accounts"),
            skus: texts("skus"),
        })
    }

    /// Begins an erasure, or goes on with one. It needs the marker as it was read in `known`.
    #[must_use]
    pub fn begin_changes(
        &self,
        erasing: &Erasing<'_>,
        known: Option<&Marker>,
        now: Timestamp,
    ) -> Changes {
        let change = as_read(self.change(marker_key(erasing.id)), known)
            .set("state", s(RUNNING))
            .set("receipt_id", s(erasing.receipt));
        let change = match known {
            // It goes on: what it has listed stays.
            Some(known) if known.is_running => change,
            Some(known) if known.receipt == erasing.receipt => change.set("begun_at", time(now)),
            _ => change.set("begun_at", time(now)).remove("not_reported"),
        };
        Changes(vec![change.in_transaction()])
    }

    /// Ends an erasure: nothing but the marker remembers it.
    #[must_use]
    pub fn finish_changes(&self, erasing: &Erasing<'_>, now: Timestamp) -> Changes {
        let change = self
            .running(erasing)
            .set("state", s(DONE))
            .set("finished_at", time(now))
            .remove("accounts");
        Changes(vec![change.in_transaction()])
    }

    /// A change of the marker of an erasure that has begun and not ended.
    fn running(&self, erasing: &Erasing<'_>) -> Change {
        self.change(marker_key(erasing.id))
            .when("#state = :running AND #receipt_id = :receipt")
            .value(":running", s(RUNNING))
            .value(":receipt", s(erasing.receipt))
    }

    /// The part of a transaction that needs that the erasure has not ended.
    pub(super) fn running_part(&self, erasing: &Erasing<'_>) -> TransactWriteItem {
        self.running(erasing).check()
    }

    /// As `running_part`, and it also notes an account whose rows may name the player, and an entitlement that
    /// was delivered and not reported.
    pub(in crate::store) fn noting_part(
        &self,
        erasing: &Erasing<'_>,
        account: Option<&str>,
        not_reported: Option<&EntitlementId>,
    ) -> TransactWriteItem {
        if account.is_none() && not_reported.is_none() {
            return self.running_part(erasing);
        }
        self.running(erasing)
            .add_some("accounts", account.map(only))
            .add_some("not_reported", not_reported.map(|id| only(id.as_str())))
            .in_transaction()
    }

    /// As `running_part`, and it also notes a SKU whose guard is kept.
    pub(super) fn used_up_part(&self, erasing: &Erasing<'_>, sku: &str) -> TransactWriteItem {
        self.running(erasing)
            .add("skus", only(sku))
            .in_transaction()
    }

    /// A condition of a command, or of a row of linking, that was planned at `planned_at`: no erasure of the player is under
    /// way, and none has begun since.
    #[must_use]
    pub fn unless_erased_since(&self, id: &ErasedId, planned_at: Timestamp) -> Changes {
        let check = self
            .change(marker_key(id))
            .when("attribute_not_exists(#pk) OR (#state = :done AND #begun_at <= :planned_at)")
            .value(":done", s(DONE))
            .value(":planned_at", time(planned_at));
        Changes(vec![check.check()])
    }

    /// A condition of a new link: no erasure of the player has begun since the marker was read in
    /// `known`.
    #[must_use]
    pub fn still_changes(&self, id: &ErasedId, known: Option<&Marker>) -> Changes {
        Changes(vec![as_read(self.change(marker_key(id)), known).check()])
    }
}

/// With the marker as it was read.
fn as_read(change: Change, known: Option<&Marker>) -> Change {
    match known {
        None => change.when("attribute_not_exists(#pk)"),
        Some(known) => change
            .when(
                "#state = :known_state AND #receipt_id = :known_receipt AND #begun_at = :known_at",
            )
            .value(
                ":known_state",
                s(if known.is_running { RUNNING } else { DONE }),
            )
            .value(":known_receipt", s(&known.receipt))
            .value(":known_at", time(known.begun_at)),
    }
}

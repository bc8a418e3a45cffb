//! Records of a paused offer. They wait in parts of the index `due` that no run of `reconcile` looks
//! at: `PAUSED#<sku>#<shard>`. Resuming the offer makes the row `OFFER#<sku>` / `RESUMED` due, and
//! the run that takes it finds them there.

use super::due::{DuePage, DuePosition};
use super::leases::Lease;
use super::operators::{Release, released};
use super::record::{Record, record};
use crate::domain::{EntitlementId, HoldReason, Sku, Status, Timestamp};
use crate::store::dynamo::{Change, Committed, Item, RESUMED, due_shard, key, s, time, transact};
use crate::store::error::{Cause, StoreError};
use crate::store::operations::Changes;
use crate::store::tables::Fulfillments;

/// What became of resuming a record.
#[derive(Debug)]
pub enum Resumed {
    /// It is `pending`.
    Pending(Box<Record>),
    /// Another request has changed it; this is what it is.
    Changed(Box<Record>),
    /// The offer is used up.
    UsedUp,
    /// It was handed to another player before.
    OtherPlayer,
}

/// The part of the index `due` where a paused record waits.
pub(in crate::store) fn paused_shard(sku: &str, shard: &str) -> String {
    format!("PAUSED#{sku}#{shard}")
}

impl Fulfillments {
    /// `pending` → `held`, `offer_paused`. `owner` has a lease on it; without `owner`, no request may
    /// have one. It keeps its place in the guard. Gives the record as it is afterwards.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn hold_paused(
        &self,
        known: &Record,
        owner: Option<&str>,
        now: Timestamp,
    ) -> Result<Record, StoreError> {
        let change = match owner {
            Some(owner) => self
                .change_owned(known, Status::Pending, owner)
                .untried(known),
            None => self.change_free(known, Status::Pending, now),
        };
        let ordered_at = known.ordered_at.unwrap_or(known.updated_at);
        let written = change
            .settled()
            .waiting_for_resumption(known.sku.as_deref(), &known.id, now)
            .set("status", s(Status::Held.as_str()))
            .set("reason", s(HoldReason::OfferPaused.as_str()))
            .set("updated_at", time(now))
            .set("ordered_at", time(ordered_at))
            .apply(&self.client)
            .await?;
        record(&self.table, &written.into_item())
    }

    /// `held`, `offer_paused` → `pending`. `most` is the offer's limit.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn resume(
        &self,
        known: &Record,
        release: Release<'_>,
        most: Option<u32>,
    ) -> Result<Resumed, StoreError> {
        let after = released(known, release);
        let change = self
            .change_as_read(known, release.now)
            .pending_as(&after)
            .in_transaction();
        let owner = self.owner_part(&known.id, &known.player);
        let sku = known.sku.as_deref().unwrap_or_default();
        let guard = self.guard_part(&known.player, sku, &known.id, most);
        match transact(&self.client, vec![change, owner, guard]).await? {
            Committed::All => Ok(Resumed::Pending(Box::new(after))),
            Committed::Nothing(refusals) => match &refusals[..] {
                [Some(item), ..] => {
                    record(&self.table, item).map(|it| Resumed::Changed(Box::new(it)))
                }
                [_, Some(_), ..] => Ok(Resumed::OtherPlayer),
                [_, _, Some(_)] => Ok(Resumed::UsedUp),
                _ => Err(StoreError::Unavailable {
                    operation: "TransactWriteItems",
                    source: Cause::Unexplained,
                }),
            },
        }
    }

    /// `held`, `offer_paused` → `held` for another reason, which is in its way now. Gives the record
    /// as it is afterwards.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn hold_instead(
        &self,
        known: &Record,
        reason: HoldReason,
        now: Timestamp,
    ) -> Result<Record, StoreError> {
        let written = self
            .change_as_read(known, now)
            .held_for(&known.id, reason, now)
            .apply(&self.client)
            .await?;
        record(&self.table, &written.into_item())
    }

    /// Records that were held for a pause of this offer, in one shard, those held longest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn paused(
        &self,
        sku: &Sku,
        shard: u8,
        now: Timestamp,
        after: Option<DuePosition>,
    ) -> Result<DuePage, StoreError> {
        let shard = paused_shard(sku.as_str(), &shard.to_string());
        self.due_page(&shard, now, after).await
    }

    /// The part of a transaction that resumes an offer: the next run looks for what waits for it.
    #[must_use]
    pub fn resumption_changes(&self, sku: &Sku, now: Timestamp) -> Changes {
        let change = self
            .change(resumed_key(sku))
            .set("sku", s(sku.as_str()))
            .listed_in_due(due_shard(sku.as_str()), now)
            .remove("attempts");
        Changes(vec![change.in_transaction()])
    }

    /// Nothing waits for this offer any more.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn finish_resumption(&self, sku: &Sku, lease: Lease<'_>) -> Result<(), StoreError> {
        self.change(resumed_key(sku))
            .only_if_is("owner", s(lease.owner))
            .delete(&self.client)
            .await
            .map(drop)
    }

    /// There is more to resume: it is due again at once.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn reschedule_resumption(
        &self,
        sku: &Sku,
        owner: &str,
        due_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.change(resumed_key(sku))
            .given_back(owner, due_at)
            .apply(&self.client)
            .await
            .map(drop)
    }
}

impl Change {
    /// Held until its offer is resumed: a run that resumes the offer finds it.
    pub(in crate::store) fn waiting_for_resumption(
        self,
        sku: Option<&str>,
        id: &EntitlementId,
        now: Timestamp,
    ) -> Self {
        let shard = due_shard(id.as_str());
        self.listed_in_due(paused_shard(sku.unwrap_or_default(), &shard), now)
    }
}

fn resumed_key(sku: &Sku) -> Item {
    key(format!("OFFER#{sku}"), RESUMED.to_owned())
}

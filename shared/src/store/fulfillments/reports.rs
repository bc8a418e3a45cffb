//! From `pending` through `delivered` to `reported`.

use super::leases::Lease;
use super::record::{Record, record};
use crate::domain::{EntitlementId, HoldReason, PlayerId, Status, Timestamp};
use crate::store::dynamo::{Change, n, record_key, s, time};
use crate::store::error::StoreError;
use crate::store::outcome::{Claimed, WriteOutcome};
use crate::store::tables::Fulfillments;

/// Condition: no webhook may have delivered it. `:none` is 0.
pub(in crate::store) const UNTRIED: &str = "(attribute_not_exists(#attempts) OR #attempts = :none)";

/// What became of a confirmation.
#[derive(Debug)]
pub enum Confirmation {
    /// It is `delivered` now, and ours to report.
    Delivered(Box<Record>),
    /// It was not `pending`; this is what it is.
    Was(Box<Record>),
    /// Not this player's, or never seen.
    Unknown,
}

impl Fulfillments {
    /// `pending` → `delivered`, because the game says so: from here on no check shows it as
    /// `pending`. The lease is for reporting it. What a webhook may have delivered can't be
    /// confirmed, because it was never the game's.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn confirm(
        &self,
        player: &PlayerId,
        id: &EntitlementId,
        lease: Lease<'_>,
        now: Timestamp,
    ) -> Result<Confirmation, StoreError> {
        let change = self
            .change(record_key(player, id))
            .when(format!("#status = :pending AND {UNTRIED}"))
            .value(":pending", s(Status::Pending.as_str()))
            .value(":none", n(0))
            .leased(id, lease)
            .into_delivered(now);
        self.deliver(change, lease.owner).await
    }

    /// `pending` → `delivered`, because the studio's backend says so. `lease.owner` has the lease
    /// already; the lease is now for reporting it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn mark_delivered(
        &self,
        known: &Record,
        lease: Lease<'_>,
        now: Timestamp,
    ) -> Result<Confirmation, StoreError> {
        let change = self
            .change_owned(known, Status::Pending, lease.owner)
            .set("due_at", time(lease.until))
            .into_delivered(now);
        self.deliver(change, lease.owner).await
    }

    async fn deliver(&self, change: Change, owner: &str) -> Result<Confirmation, StoreError> {
        match change.apply(&self.client).await?.claimed_by("owner", owner) {
            Claimed::Theirs(item) if item.is_empty() => Ok(Confirmation::Unknown),
            Claimed::Theirs(item) => {
                record(&self.table, &item).map(|it| Confirmation::Was(Box::new(it)))
            }
            Claimed::Ours(item) => {
                let record = Box::new(record(&self.table, &item)?);
                Ok(match record.status {
                    Status::Delivered => Confirmation::Delivered(record),
                    _ => Confirmation::Was(record),
                })
            }
        }
    }

    /// `pending` → `held`: the studio's backend refuses to deliver it, and said `why`.
    /// [`WriteOutcome::Changed`]: another request has acquired it meanwhile.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn refuse_delivery(
        &self,
        known: &Record,
        owner: &str,
        why: Option<&str>,
        now: Timestamp,
    ) -> Result<WriteOutcome, StoreError> {
        let written = self
            .change_owned(known, Status::Pending, owner)
            .held_for(&known.id, HoldReason::DeliveryRefused, now)
            .set_or_remove("delivery_answer", why.map(s))
            .apply(&self.client)
            .await?;
        Ok(written
            .claimed_by("status", Status::Held.as_str())
            .outcome())
    }

    /// `pending` → `held`, `delivery_unknown`: a webhook may have delivered it, and webhooks are no
    /// longer called. `owner` has a lease on it; without `owner`, no request may have one. Returns
    /// the record as it is afterwards.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn hold_undelivered(
        &self,
        known: &Record,
        owner: Option<&str>,
        now: Timestamp,
    ) -> Result<Record, StoreError> {
        let change = match owner {
            Some(owner) => self.change_owned(known, Status::Pending, owner),
            None => self
                .change_free(known, Status::Pending, now)
                .only_if("#attempts > :none")
                .value(":none", n(0)),
        };
        let written = change
            .held_for(&known.id, HoldReason::DeliveryUnknown, now)
            .apply(&self.client)
            .await?;
        record(&self.table, &written.into_item())
    }

    /// `delivered` → `reported`: Amazon has heard of it. [`WriteOutcome::Changed`]: another request
    /// has acquired it, and will find that out.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn mark_reported(
        &self,
        known: &Record,
        owner: &str,
        now: Timestamp,
    ) -> Result<WriteOutcome, StoreError> {
        if known.is_noted {
            self.end_note(known, now).await?;
        }
        let written = self
            .change_owned(known, Status::Delivered, owner)
            .into_reported(now)
            .apply(&self.client)
            .await?;
        Ok(written
            .claimed_by("status", Status::Reported.as_str())
            .outcome())
    }

    /// Acquires an entitlement that Amazon still lists though it was `reported` before `before`, to
    /// report it once more. It stays `reported`, and is never delivered again.
    /// [`WriteOutcome::Changed`]: another request has acquired it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn acquire_reported(
        &self,
        known: &Record,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<WriteOutcome, StoreError> {
        let written = self
            .change(record_key(&known.player, &known.id))
            .when("#status = :reported AND #reported_at <= :before")
            .value(":reported", s(Status::Reported.as_str()))
            .value(":before", time(before))
            .set("reported_at", time(now))
            .apply(&self.client)
            .await?;
        Ok(written.outcome())
    }
}

impl Change {
    /// Makes a record `delivered`, with the first try of its report.
    fn into_delivered(self, now: Timestamp) -> Self {
        self.set("status", s(Status::Delivered.as_str()))
            .set("delivered_at", time(now))
            .set("updated_at", time(now))
            // The report is counted before it is sent: one that a crash cuts short may have been
            // heard.
            .set("attempts", n(1))
            .settled()
    }

    /// Makes a record `reported`: it leaves the indexes `open` and `due`.
    fn into_reported(self, now: Timestamp) -> Self {
        self.released()
            .settled()
            .remove("open")
            .remove("noted")
            .set("status", s(Status::Reported.as_str()))
            .set("reported_at", time(now))
            .set("updated_at", time(now))
    }
}

//! Leases: which request is at work on an entitlement. Acquiring one writes `owner` and moves
//! `due_at` forward. A write that completes the work needs that `owner` is still the same. The
//! lease of a process that dies runs out.
//!
//! ```text
//! due ──acquire──▶ owned until due_at ──▶ the next status | rescheduled | released | parked
//!  ▲                     │ the lease runs out
//!  └─────────────────────┘
//! ```

use super::record::{Record, record};
use crate::domain::{EntitlementId, Failing, HoldReason, Pause, Status, Timestamp, Waiting};
use crate::store::dynamo::{Change, WAITS, due_shard, n, record_key, s, time};
use crate::store::error::StoreError;
use crate::store::outcome::Claimed;
use crate::store::tables::Fulfillments;

/// Condition: no request has a lease on it at `:now`.
pub(in crate::store) const UNLEASED: &str = "(attribute_not_exists(#owner) OR #due_at <= :now)";

/// How many characters of a failed try's cause are stored.
const MAX_CAUSE: usize = 500;

/// A right to work on an entitlement.
#[derive(Clone, Copy, Debug)]
pub struct Lease<'a> {
    /// The request that has it: random, and new for every request.
    pub owner: &'a str,
    /// When it runs out.
    pub until: Timestamp,
}

impl Fulfillments {
    /// Acquires a `pending` entitlement to deliver it, or a `delivered` one to report it. `None`:
    /// another request has a lease on it, or its status is no longer what `known` says.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn acquire(
        &self,
        known: &Record,
        lease: Lease<'_>,
        now: Timestamp,
    ) -> Result<Option<Record>, StoreError> {
        let change = self.change_free(known, known.status, now);
        self.acquire_by(change, &known.id, lease).await
    }

    /// Acquires an entitlement by this change of it. `None`: the change was refused.
    pub(super) async fn acquire_by(
        &self,
        change: Change,
        id: &EntitlementId,
        lease: Lease<'_>,
    ) -> Result<Option<Record>, StoreError> {
        let written = change
            .leased(id, lease)
            // The try is counted before it is made: a try that a crash cuts short may have had an
            // effect.
            .add("attempts", n(1))
            .apply(&self.client)
            .await?;
        match written.claimed_by("owner", lease.owner) {
            Claimed::Ours(item) => record(&self.table, &item).map(Some),
            Claimed::Theirs(_) => Ok(None),
        }
    }

    /// Gives back an entitlement that `owner` could not finish. It keeps its status, and is due again
    /// as `pause` says. `cause` is why a try failed.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn reschedule(
        &self,
        known: &Record,
        owner: &str,
        pause: &Pause,
        cause: Option<&str>,
    ) -> Result<(), StoreError> {
        let cause = cause.map(|cause| cause.chars().take(MAX_CAUSE).collect::<String>());
        self.change_owned(known, known.status, owner)
            .rescheduled(known, pause)
            .set_some("last_cause", cause.map(s))
            .apply(&self.client)
            .await
            .map(drop)
    }

    /// Makes a `pending` entitlement due that was left to the game.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn make_due(&self, known: &Record, now: Timestamp) -> Result<(), StoreError> {
        self.change(record_key(&known.player, &known.id))
            .when(
                "#status = :pending \
                 AND (attribute_not_exists(#due_at) OR begins_with(#due_shard, :waits))",
            )
            .value(":pending", s(Status::Pending.as_str()))
            .value(":waits", s(WAITS))
            .set("due_shard", s(due_shard(known.id.as_str())))
            .set("due_at", time(now))
            .apply(&self.client)
            .await
            .map(drop)
    }

    /// Gives back an entitlement for which the service has nothing to do: it leaves the index `due`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn release(&self, known: &Record, owner: &str) -> Result<(), StoreError> {
        self.change_owned(known, known.status, owner)
            .released()
            .untried(known)
            .not_failing()
            .apply(&self.client)
            .await
            .map(drop)
    }

    /// A change that needs this status, and that `owner` has the lease.
    pub(in crate::store) fn change_owned(
        &self,
        known: &Record,
        status: Status,
        owner: &str,
    ) -> Change {
        self.change(record_key(&known.player, &known.id))
            .when("#status = :known AND #owner = :owner")
            .value(":known", s(status.as_str()))
            .value(":owner", s(owner))
    }

    /// A change that needs this status, and that no request has a lease at `now`.
    pub(super) fn change_free(&self, known: &Record, status: Status, now: Timestamp) -> Change {
        self.change(record_key(&known.player, &known.id))
            .when(format!("#status = :known AND {UNLEASED}"))
            .value(":known", s(status.as_str()))
            .value(":now", time(now))
    }
}

impl Change {
    /// With this lease. The item is due again when it runs out.
    pub(in crate::store) fn leased(self, id: &EntitlementId, lease: Lease<'_>) -> Self {
        self.set("owner", s(lease.owner))
            .set("due_shard", s(due_shard(id.as_str())))
            .set("due_at", time(lease.until))
    }

    /// Without the try that acquiring it has counted.
    pub(in crate::store) fn untried(self, known: &Record) -> Self {
        self.set("attempts", n(known.attempts.saturating_sub(1)))
    }

    /// Without a lease, and due again as `pause` says.
    pub(in crate::store) fn rescheduled(self, known: &Record, pause: &Pause) -> Self {
        let change = self
            .set("due_at", time(pause.due_at))
            .remove("owner")
            .failing(pause.failing)
            .set_or_remove("unclear_since", pause.unclear_since.map(time))
            .set_or_remove("attention_at", pause.attention_at.map(time))
            .listed(
                &known.id,
                Waiting::of(None, known.updated_at, pause.attention_at),
            );
        if pause.was_tried {
            change
        } else {
            change.untried(known)
        }
    }

    /// Since when tries have been failing.
    pub(in crate::store) fn failing(self, failing: Failing) -> Self {
        self.set_or_remove("failing_since", failing.since.map(time))
            .set_or_remove("waiting_since", failing.waiting_since.map(time))
            .set_or_remove("counted_at", failing.counted_at.map(time))
            .set_or_remove("stuck_at", failing.stuck_at.map(time))
    }

    /// Nothing is failing.
    fn not_failing(self) -> Self {
        self.failing(Failing::default()).remove("last_cause")
    }

    /// Makes a record `held`: the service has nothing to do for it.
    pub(in crate::store) fn held_for(
        self,
        id: &EntitlementId,
        reason: HoldReason,
        now: Timestamp,
    ) -> Self {
        self.released()
            .untroubled()
            .listed(id, Waiting::of(Some(reason), now, None))
            .set("status", s(Status::Held.as_str()))
            .set("reason", s(reason.as_str()))
            .set("updated_at", time(now))
    }

    /// Without a lease, and in this part of the index `due` since `at`.
    pub(in crate::store) fn listed_in_due(self, part: String, at: Timestamp) -> Self {
        self.remove("owner")
            .set("due_shard", s(part))
            .set("due_at", time(at))
    }

    /// Without a lease, and no longer due.
    pub(in crate::store) fn released(self) -> Self {
        ["owner", "due_shard", "due_at"]
            .into_iter()
            .fold(self, Self::remove)
    }

    /// After its step has succeeded or is no longer to be made: nothing is failing.
    pub(in crate::store) fn settled(self) -> Self {
        self.untroubled().unlisted()
    }

    fn untroubled(self) -> Self {
        self.not_failing()
            .remove("unclear_since")
            .remove("attention_at")
    }
}

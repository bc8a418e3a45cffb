//! Who is at an entitlement now. Taking one names an `owner` and moves `due_at` forward; whoever
//! completes it must still be that owner. A process that dies leaves a lease that runs out.
//!
//! ```text
//! due ──take──▶ owned until due_at ──▶ the next status | postponed | parked | attention
//!  ▲                  │ nobody came back
//!  └──────────────────┘
//! ```

use super::StoreError;
use super::due::due_shard;
use super::fulfillments::{Fulfillments, player_pk, record_sk};
use super::item::{n, s, time};
use super::record::{Record, record};
use super::write::{Change, Written};
use crate::domain::{EntitlementId, Status, Timestamp};

/// A right to work on an entitlement.
#[derive(Clone, Copy, Debug)]
pub struct Lease<'a> {
    /// Whose it is: random, and new for every request.
    pub owner: &'a str,
    /// When it runs out.
    pub until: Timestamp,
}

impl Fulfillments {
    /// Takes a `pending` entitlement to deliver it, or a `delivered` one to report it. `None`:
    /// someone else is at it, or its status is no longer what `known` says.
    ///
    /// # Errors
    /// If the database does not answer, or a row is corrupt.
    pub async fn take(
        &self,
        known: &Record,
        lease: Lease<'_>,
        now: Timestamp,
    ) -> Result<Option<Record>, StoreError> {
        let written = self
            .change(player_pk(&known.player), record_sk(&known.id))
            .when("#status = :known AND (attribute_not_exists(#owner) OR #due_at <= :now)")
            .value(":known", s(known.status.as_str()))
            .value(":now", time(now))
            .leased(&known.id, lease)
            // Counted before it is tried: what a crash swallows may have been heard.
            .add("attempts", n(1))
            .apply(&self.client)
            .await?;
        let (item, done) = match written {
            Written::Done(item) => (item, true),
            Written::Refused(item) if item.is_empty() => return Ok(None),
            Written::Refused(item) => (item, false),
        };
        let record = record(&self.table, &item)?;
        // The second: our own write, whose answer was lost and which the SDK repeated.
        Ok((done || record.owner.as_deref() == Some(lease.owner)).then_some(record))
    }

    /// A try by `owner` did not succeed, or its outcome is unknown: the entitlement keeps its
    /// status, and is due again at `due_at`. `failing_since`: when that began.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn postpone(
        &self,
        known: &Record,
        owner: &str,
        due_at: Timestamp,
        failing_since: Timestamp,
    ) -> Result<(), StoreError> {
        self.change_owned(known, known.status, owner)
            .set("due_at", time(due_at))
            .set("failing_since", time(failing_since))
            .remove("owner")
            .apply(&self.client)
            .await
            .map(drop)
    }

    /// `owner` did not get as far as trying: the entitlement is as it was, and due at `due_at`.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn untake(
        &self,
        known: &Record,
        owner: &str,
        due_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.change_owned(known, known.status, owner)
            .set("due_at", time(due_at))
            .remove("owner")
            .untried(known)
            .apply(&self.client)
            .await
            .map(drop)
    }

    /// Makes a `pending` entitlement due that nobody was to work on.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn make_due(&self, known: &Record, now: Timestamp) -> Result<(), StoreError> {
        self.change(player_pk(&known.player), record_sk(&known.id))
            .when("#status = :pending AND attribute_not_exists(#due_at)")
            .value(":pending", s(Status::Pending.as_str()))
            .set("due_shard", s(due_shard(known.id.as_str())))
            .set("due_at", time(now))
            .apply(&self.client)
            .await
            .map(drop)
    }

    /// It has failed for so long that only an operator can help: it leaves the due index, and
    /// says so.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn give_up(
        &self,
        known: &Record,
        owner: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.change_owned(known, known.status, owner)
            .released()
            .set("attention_at", time(now))
            .apply(&self.client)
            .await
            .map(drop)
    }

    /// Nothing of ours is to be done with it: it leaves the due index.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn release(&self, known: &Record, owner: &str) -> Result<(), StoreError> {
        self.change_owned(known, known.status, owner)
            .released()
            .untried(known)
            .apply(&self.client)
            .await
            .map(drop)
    }

    /// A change that needs this status, and that `owner` still holds the lease.
    pub(super) fn change_owned(&self, known: &Record, status: Status, owner: &str) -> Change {
        self.change(player_pk(&known.player), record_sk(&known.id))
            .when("#status = :known AND #owner = :owner")
            .value(":known", s(status.as_str()))
            .value(":owner", s(owner))
    }
}

impl Change {
    /// Somebody's from now on, and due again when the lease runs out.
    pub(super) fn leased(self, id: &EntitlementId, lease: Lease<'_>) -> Self {
        self.set("owner", s(lease.owner))
            .set("due_shard", s(due_shard(id.as_str())))
            .set("due_at", time(lease.until))
    }

    /// What taking it has counted does not count.
    pub(super) fn untried(self, known: &Record) -> Self {
        self.set("attempts", n(known.attempts.saturating_sub(1)))
    }

    /// Nobody's, and no longer due.
    pub(super) fn released(self) -> Self {
        ["owner", "due_shard", "due_at", "failing_since"]
            .into_iter()
            .fold(self, Self::remove)
    }
}

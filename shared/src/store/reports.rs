//! From `pending` over `delivered` to `reported`.

use super::StoreError;
use super::fulfillments::{Fulfillments, due_shard, player_pk, record_sk};
use super::item::{n, s, time};
use super::record::{Record, record};
use super::write::{Change, Written};
use crate::domain::{EntitlementId, PlayerId, Status, Timestamp};

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
    /// `pending` → `delivered`: from here on no check calls it `pending`. It is `owner`'s to
    /// report until `until`.
    ///
    /// # Errors
    /// If the database does not answer, or a row is corrupt.
    pub async fn confirm(
        &self,
        player: &PlayerId,
        id: &EntitlementId,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Confirmation, StoreError> {
        let written = self
            .change(player_pk(player), record_sk(id))
            .when("#status = :pending")
            .value(":pending", s(Status::Pending.as_str()))
            .set("status", s(Status::Delivered.as_str()))
            .set("delivered_at", time(now))
            .set("updated_at", time(now))
            .set("owner", s(owner))
            .set("due_shard", s(due_shard(id)))
            .set("due_at", time(until))
            // Counted before it is sent: a report that a crash swallows may have been heard.
            .add("attempts", n(1))
            .apply(&self.client)
            .await?;
        match written {
            Written::Done(item) => {
                record(&self.table, &item).map(|it| Confirmation::Delivered(Box::new(it)))
            }
            Written::Refused(item) if item.is_empty() => Ok(Confirmation::Unknown),
            Written::Refused(item) => {
                let record = record(&self.table, &item)?;
                // Our own write, whose answer was lost and which the SDK repeated.
                let is_ours =
                    record.status == Status::Delivered && record.owner.as_deref() == Some(owner);
                let record = Box::new(record);
                Ok(if is_ours {
                    Confirmation::Delivered(record)
                } else {
                    Confirmation::Was(record)
                })
            }
        }
    }

    /// Takes a `delivered` entitlement to report it: it is `owner`'s until `until`. `None`:
    /// someone else is at it, or it is no longer `delivered`.
    ///
    /// # Errors
    /// If the database does not answer, or a row is corrupt.
    pub async fn take_report(
        &self,
        known: &Record,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Record>, StoreError> {
        let written = self
            .change_delivered(
                known,
                " AND (attribute_not_exists(#owner) OR #due_at <= :now)",
            )
            .value(":now", time(now))
            .set("owner", s(owner))
            .set("due_shard", s(due_shard(&known.id)))
            .set("due_at", time(until))
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
        Ok((done || record.owner.as_deref() == Some(owner)).then_some(record))
    }

    /// `delivered` → `reported`: `owner` knows that Amazon knows. `false`: it is someone else's
    /// by now, who will find out what Amazon knows.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn mark_reported(
        &self,
        known: &Record,
        owner: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let written = self
            .change_delivered(known, " AND #owner = :owner")
            .value(":owner", s(owner))
            .into_reported(now)
            .apply(&self.client)
            .await?;
        Ok(match written {
            Written::Done(_) => true,
            Written::Refused(item) => {
                !item.is_empty() && record(&self.table, &item)?.status == Status::Reported
            }
        })
    }

    /// A report by `owner` did not succeed, or its outcome is unknown: it stays `delivered`, and
    /// is due again at `due_at`.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn postpone_report(
        &self,
        known: &Record,
        owner: &str,
        due_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.change_delivered(known, " AND #owner = :owner")
            .value(":owner", s(owner))
            .set("due_at", time(due_at))
            .remove("owner")
            .apply(&self.client)
            .await
            .map(drop)
    }

    /// Takes an entitlement that Amazon still lists though it was `reported` before `before`, to
    /// report it once more. It stays `reported`: it is never delivered again. `false`: someone
    /// else took it.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn take_reported_again(
        &self,
        known: &Record,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let written = self
            .change(player_pk(&known.player), record_sk(&known.id))
            .when("#status = :reported AND #reported_at <= :before")
            .value(":reported", s(Status::Reported.as_str()))
            .value(":before", time(before))
            .set("reported_at", time(now))
            .apply(&self.client)
            .await?;
        Ok(matches!(written, Written::Done(_)))
    }

    fn change_delivered(&self, known: &Record, further: &str) -> Change {
        self.change(player_pk(&known.player), record_sk(&known.id))
            .when(format!("#status = :delivered{further}"))
            .value(":delivered", s(Status::Delivered.as_str()))
    }
}

impl Change {
    /// What `reported` means for a record: it leaves the indexes of open and of due items.
    fn into_reported(self, now: Timestamp) -> Self {
        ["open", "owner", "due_shard", "due_at"]
            .into_iter()
            .fold(self, Self::remove)
            .set("status", s(Status::Reported.as_str()))
            .set("reported_at", time(now))
            .set("updated_at", time(now))
    }
}

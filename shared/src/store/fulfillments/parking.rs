//! Parks what can't be reported now, for its Amazon account.
//!
//! A delivered entitlement can't be reported while its Amazon account has no link with usable
//! tokens. So it leaves the index `due`, and is noted under the account. The next link of the
//! account makes the note due. Both are transactions that check each other's rows, so nothing is
//! parked behind a link that was just made.

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::join_all;

use super::leases::Lease;
use super::record::Record;
use crate::domain::{Failing, Pause, Status, Timestamp};
use crate::signals::event;
use crate::store::accounts::{Housekeeping, HousekeepingKind, entry, read_entry};
use crate::store::dynamo::{Committed, due_shard, only, record_key, s, time, transact};
use crate::store::error::StoreError;
use crate::store::links::Link;
use crate::store::tables::{Fulfillments, Links};

/// The most entitlements that one run wakes: it has no time to report more.
const MOST_WOKEN: usize = 100;

/// How many entitlements are woken at once. Then they leave the note.
const WOKEN_AT_ONCE: usize = 8;

/// What became of parking an entitlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parked {
    /// It is parked.
    Done,
    /// The note of its account is full. The lease on it stays.
    Full,
    /// Its account has usable tokens again, or the lease is not ours any more.
    Changed,
}

/// What was woken.
#[derive(Debug, Default)]
pub struct Woken {
    /// To be reported now.
    pub records: Vec<Record>,
    /// Why the others can't be read. Their leases run out, and then `reconcile` treats them like
    /// every row that can't be read.
    pub unreadable: Vec<StoreError>,
    /// Whether there are more to be woken.
    pub is_rest: bool,
    /// Why some of them could not be woken yet.
    pub failed: Option<StoreError>,
}

impl Fulfillments {
    /// Parks a delivered entitlement until its Amazon account is linked again. `dead` is the
    /// account's link, whose tokens are worthless; `None` if it has no link. `failing` says since
    /// when it has been failing.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn park(
        &self,
        links: &Links,
        known: &Record,
        owner: &str,
        dead: Option<&Link>,
        failing: Failing,
    ) -> Result<Parked, StoreError> {
        let account = &known.amazon_user_id;
        let record = self
            .change_owned(known, Status::Delivered, owner)
            .released()
            .untried(known)
            .failing(failing)
            .set("noted", AttributeValue::Bool(true))
            .in_transaction();
        let note = self.note_part(&known.amazon_user_id, &known.player, &known.id);
        let parts = vec![record, note, links.still_hopeless(account, dead)];
        Ok(match transact(&self.client, parts).await? {
            Committed::All => Parked::Done,
            Committed::Nothing(refusals) => match &refusals[..] {
                [None, Some(_), None] => Parked::Full,
                _ => Parked::Changed,
            },
        })
    }

    /// Reschedules a delivered entitlement whose link Amazon refuses, and notes it under its
    /// account. A new link of the account then makes it due before `pause` is over. If the note is
    /// full, it only waits.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn reschedule_until_linked(
        &self,
        known: &Record,
        owner: &str,
        pause: &Pause,
    ) -> Result<(), StoreError> {
        let record = self
            .change_owned(known, Status::Delivered, owner)
            .rescheduled(known, pause)
            .set("noted", AttributeValue::Bool(true))
            .in_transaction();
        match transact(
            &self.client,
            vec![
                record,
                self.note_part(&known.amazon_user_id, &known.player, &known.id),
            ],
        )
        .await?
        {
            Committed::Nothing(refusals) if matches!(&refusals[..], [None, Some(_)]) => {
                self.reschedule(known, owner, pause, None).await
            }
            _ => Ok(()),
        }
    }

    /// Takes an entitlement that is about to be `reported` out of its account's note, and makes an
    /// empty note due. The entitlement's lease keeps it in the index `due`, so a crash after this
    /// loses nothing.
    pub(in crate::store) async fn end_note(
        &self,
        known: &Record,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let account = &known.amazon_user_id;
        let entry = entry(&known.player, &known.id);
        let written = self
            .change_housekeeping(HousekeepingKind::Wake, account)
            .when("contains(#records, :entry)")
            .value(":entry", s(&entry))
            .take_out("records", only(entry))
            .apply(&self.client)
            .await?;
        // A refused write may be our own, repeated by the SDK after a lost answer.
        let note = written.into_item();
        if note.is_empty() || note.contains_key("records") {
            return Ok(());
        }
        // `reconcile` deletes the note: no other function may delete items of this table.
        self.change_housekeeping(HousekeepingKind::Wake, account)
            .when(
                "attribute_exists(#pk) AND attribute_not_exists(#records) \
                 AND attribute_not_exists(#owner)",
            )
            .set("due_shard", s(due_shard(account.as_str())))
            .set("due_at", time(now))
            .apply(&self.client)
            .await
            .map(drop)
    }

    /// Acquires what is parked for the account, in parts. What is acquired leaves the note, so the
    /// next run goes on where this one stops. What was reported meanwhile stays as it is.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn wake(&self, task: &Housekeeping, lease: Lease<'_>) -> Result<Woken, StoreError> {
        let entries = self.parked(&task.account).await?.unwrap_or_default();
        let mut woken = Woken {
            is_rest: entries.len() > MOST_WOKEN,
            ..Woken::default()
        };
        for part in entries[..entries.len().min(MOST_WOKEN)].chunks(WOKEN_AT_ONCE) {
            let mut done = Vec::new();
            let wakes = part.iter().map(|entry| self.wake_one(entry, lease));
            for (entry, taken) in part.iter().zip(join_all(wakes).await) {
                match taken {
                    Ok(record) => woken.records.extend(record),
                    Err(error @ StoreError::Corrupt { .. }) => woken.unreadable.push(error),
                    Err(error) => {
                        woken.failed = Some(error);
                        continue;
                    }
                }
                done.push(entry.clone());
            }
            if done.is_empty() {
                continue;
            }
            let noted = self
                .change_housekeeping(HousekeepingKind::Wake, &task.account)
                .only_if_is("owner", s(lease.owner))
                .take_out("records", AttributeValue::Ss(done))
                .apply(&self.client)
                .await;
            if let Err(error) = noted {
                woken.failed = Some(error);
            }
        }
        Ok(woken)
    }

    /// Acquires one entry of a note. `None`: nothing is left to be done for it.
    async fn wake_one(&self, entry: &str, lease: Lease<'_>) -> Result<Option<Record>, StoreError> {
        let Some((player, id)) = read_entry(entry) else {
            tracing::error!(event = event::PARKED_ENTRY_UNREADABLE, entry);
            return Ok(None);
        };
        let change = self
            .change(record_key(&player, &id))
            .when(
                // What has an operator's attention is tried only when it is due.
                "#status = :delivered AND attribute_not_exists(#owner) \
                 AND (attribute_not_exists(#attention_at) OR attribute_not_exists(#due_at))",
            )
            .value(":delivered", s(Status::Delivered.as_str()))
            .remove("noted");
        self.acquire_by(change, &id, lease).await
    }

    /// Releases a note: it waits until its account is linked again. An empty note is deleted.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn release_note(&self, task: &Housekeeping, owner: &str) -> Result<(), StoreError> {
        let note = || {
            self.change_housekeeping(HousekeepingKind::Wake, &task.account)
                .only_if_is("owner", s(owner))
        };
        let ended = note().only_if_absent("records").delete(&self.client);
        if !ended.await?.is_done() {
            note()
                .released()
                .remove("attempts")
                .apply(&self.client)
                .await?;
        }
        Ok(())
    }
}

//! What is parked for an Amazon account.
//!
//! A delivered entitlement can't be reported while its Amazon account has no link with usable
//! tokens: it leaves the due index and is noted under the account. Linking the account again makes
//! that note due. Both sides are transactions that look at each other's rows, so that nothing is
//! parked behind a link that was just made.

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::join_all;

use super::leases::Lease;
use super::record::{Record, record};
use crate::domain::{Failing, Pause, Status, Timestamp};
use crate::store::accounts::{Housekeeping, HousekeepingKind, entry, read_entry};
use crate::store::dynamo::{Committed, Written, due_shard, n, record_key, s, time, transact};
use crate::store::error::StoreError;
use crate::store::links::Link;
use crate::store::outcome::Claimed;
use crate::store::tables::{Fulfillments, Links};

/// The most entitlements that are woken in one go: more could not be reported in its time.
const MOST_WOKEN: usize = 100;

/// How many entitlements are woken before that is noted.
const WOKEN_AT_ONCE: usize = 8;

/// What became of parking an entitlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parked {
    /// It is parked.
    Done,
    /// As many as can be are parked for its account: it is still its owner's.
    Full,
    /// Its account can be asked again, or it is not its owner's any more.
    Changed,
}

/// What was woken.
#[derive(Debug, Default)]
pub struct Woken {
    /// To be reported now.
    pub records: Vec<Record>,
    /// What is wrong with each that can't be read. Their leases run out, and then they are met as
    /// any row that can't be read.
    pub unreadable: Vec<StoreError>,
    /// Whether there are more to be woken.
    pub is_rest: bool,
    /// Why some of them could not be woken yet.
    pub failed: Option<StoreError>,
}

impl Fulfillments {
    /// Parks a delivered entitlement until its Amazon account is linked again. `dead`: the link
    /// whose tokens are worthless; without it, the account has no link. `failing`: since when it
    /// has been failing.
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

    /// Puts a delivered entitlement off, because Amazon refuses its link; should the account be
    /// linked again before `pause` is over, it is due then, unless too many are noted already.
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
                self.reschedule(known, owner, pause).await
            }
            _ => Ok(()),
        }
    }

    /// Takes an entitlement that is about to be `reported` out of its account's note, which ends
    /// with the last of them. Its lease keeps it in the due index meanwhile, so a crash right
    /// after this loses nothing.
    pub(in crate::store) async fn end_note(
        &self,
        known: &Record,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let account = &known.amazon_user_id;
        let written = self
            .change_housekeeping(HousekeepingKind::Wake, account)
            .when("contains(#records, :entry)")
            .value(":entry", s(entry(&known.player, &known.id)))
            .take_out(
                "records",
                AttributeValue::Ss(vec![entry(&known.player, &known.id)]),
            )
            .apply(&self.client)
            .await?;
        // The second: perhaps our own write, whose answer was lost and which the SDK repeated.
        let (Written::Done(note) | Written::Refused(note)) = written;
        if note.is_empty() || note.contains_key("records") {
            return Ok(());
        }
        // `reconcile` removes it, and nothing else may delete items of this table.
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

    /// Takes what was parked for the account, some of it at a time: whatever was taken leaves the
    /// note, so the next run goes on where this one has stopped. What was reported meanwhile stays
    /// as it is.
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
                .when("#owner = :owner")
                .value(":owner", s(lease.owner))
                .take_out("records", AttributeValue::Ss(done))
                .apply(&self.client)
                .await;
            if let Err(error) = noted {
                woken.failed = Some(error);
            }
        }
        Ok(woken)
    }

    /// Takes one entry of a note. `None`: there is nothing to be done for it any more.
    async fn wake_one(&self, entry: &str, lease: Lease<'_>) -> Result<Option<Record>, StoreError> {
        let Some((player, id)) = read_entry(entry) else {
            tracing::error!(event = "parked_entry_unreadable", entry);
            return Ok(None);
        };
        let written = self
            .change(record_key(&player, &id))
            .when(
                // What has an operator's attention is tried when it is due, and not before.
                "#status = :delivered AND attribute_not_exists(#owner) \
                 AND (attribute_not_exists(#attention_at) OR attribute_not_exists(#due_at))",
            )
            .value(":delivered", s(Status::Delivered.as_str()))
            .leased(&id, lease)
            .remove("noted")
            .add("attempts", n(1))
            .apply(&self.client)
            .await?;
        match written.claimed_by("owner", lease.owner) {
            Claimed::Ours(item) => record(&self.table, &item).map(Some),
            Claimed::Theirs(_) => Ok(None),
        }
    }

    /// A note rests until its account is linked again, and ends if it is empty.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn release_note(&self, task: &Housekeeping, owner: &str) -> Result<(), StoreError> {
        let note = || self.change_housekeeping(HousekeepingKind::Wake, &task.account);
        let ended = note()
            .when("#owner = :owner AND attribute_not_exists(#records)")
            .value(":owner", s(owner))
            .delete(&self.client)
            .await?;
        if !ended {
            note()
                .when("#owner = :owner")
                .value(":owner", s(owner))
                .released()
                .remove("attempts")
                .apply(&self.client)
                .await?;
        }
        Ok(())
    }
}

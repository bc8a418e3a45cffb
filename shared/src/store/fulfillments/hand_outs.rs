//! Notes that a check has handed out an entitlement that was `pending` before.

use super::record::{Record, record};
use crate::domain::{HandOut, Status, Timestamp};
use crate::store::dynamo::{WAITS, Written, record_key, s, time};
use crate::store::error::StoreError;
use crate::store::tables::Fulfillments;

/// What became of noting a hand-out.
#[derive(Debug)]
pub enum HandedOut {
    /// It is noted.
    Noted,
    /// It was changed, or another check has noted it. This is the record now; `None`: it was erased.
    Changed(Option<Box<Record>>),
}

impl Fulfillments {
    /// Notes that a check answers this `pending` entitlement, as `hand_out` says. The same write takes
    /// it off the list of what waits to be handed out. What is handed out for the first time must be as
    /// it was read: an operator may have corrected its content meanwhile.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn note_hand_out(
        &self,
        known: &Record,
        hand_out: HandOut,
        now: Timestamp,
    ) -> Result<HandedOut, StoreError> {
        let (field, before) = match hand_out {
            HandOut::First => ("handed_out_at", known.handed_out_at),
            HandOut::Again => ("handed_out_again_at", known.handed_out_again_at),
        };
        let change = self
            .change(record_key(&known.player, &known.id))
            .only_if_is("status", s(Status::Pending.as_str()))
            .only_if_still(field, before.map(time));
        let change = match hand_out {
            HandOut::First => change.only_if_is("updated_at", time(known.updated_at)),
            HandOut::Again => change,
        };
        let change = if known.is_listed {
            change
                .only_if_begins("due_shard", WAITS)
                .remove("due_shard")
                .remove("due_at")
        } else {
            change
        };
        let written = change.set(field, time(now)).apply(&self.client).await?;
        Ok(match written {
            Written::Done(_) => HandedOut::Noted,
            Written::Refused(item) if item.is_empty() => HandedOut::Changed(None),
            Written::Refused(item) => {
                HandedOut::Changed(Some(Box::new(record(&self.table, &item)?)))
            }
        })
    }
}

//! Notes that a check has handed out an entitlement that was `pending` before.

use super::record::Record;
use crate::domain::{HandOut, Status, Timestamp};
use crate::store::dynamo::{WAITS, record_key, s, time};
use crate::store::error::StoreError;
use crate::store::outcome::WriteOutcome;
use crate::store::tables::Fulfillments;

impl Fulfillments {
    /// Notes that a check answers this `pending` entitlement, as `hand_out` says. The same write takes
    /// it off the list of what waits to be handed out.
    /// [`WriteOutcome::Changed`]: it is no longer `pending`, or another check has noted that.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn note_hand_out(
        &self,
        known: &Record,
        hand_out: HandOut,
        now: Timestamp,
    ) -> Result<WriteOutcome, StoreError> {
        let (field, before) = match hand_out {
            HandOut::First => ("handed_out_at", known.handed_out_at),
            HandOut::Again => ("handed_out_again_at", known.handed_out_again_at),
        };
        let change = self
            .change(record_key(&known.player, &known.id))
            .value(":pending", s(Status::Pending.as_str()));
        let change = match before {
            None => change.when(format!(
                "#status = :pending AND attribute_not_exists(#{field})"
            )),
            Some(before) => change
                .when(format!("#status = :pending AND #{field} = :before"))
                .value(":before", time(before)),
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
        Ok(written.outcome())
    }
}

//! What Amazon takes back before it is delivered, and holds that last too long.

use super::admissions::{Admission, Claim};
use super::leases::UNLEASED;
use super::record::Record;
use super::reports::UNTRIED;
use crate::domain::{HoldReason, Status, Timestamp, Waiting};
use crate::store::dynamo::{Committed, guard_key, n, only, record_key, s, time, transact};
use crate::store::error::StoreError;
use crate::store::outcome::WriteOutcome;
use crate::store::tables::{Fulfillments, Links};

impl Fulfillments {
    /// `pending`, or held for a pause of its offer → `held`, `withdrawn`. One transaction needs that
    /// the link is still the player's and that the record is as `known` says, without a lease. It
    /// frees the entitlement's place in the guard.
    ///
    /// What a webhook may have delivered keeps its place: the player may have had the offer.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn withdraw(
        &self,
        links: &Links,
        claim: &Claim<'_>,
        known: &Record,
    ) -> Result<Admission, StoreError> {
        let was_tried = known.may_have_been_delivered();
        // A record does not change while it is `pending`, so it became `pending` then.
        let ordered_at = known.ordered_at.unwrap_or(known.updated_at);
        let as_tried = if was_tried {
            "#attempts = :attempts"
        } else {
            UNTRIED
        };
        let record = self
            .change(record_key(&known.player, &known.id))
            .when(format!(
                "#status = :known_status AND #updated_at = :expected_at AND {UNLEASED} AND {as_tried}"
            ))
            .value(":known_status", s(known.status.as_str()))
            .value(":expected_at", time(known.updated_at))
            .value(":now", time(claim.now))
            .value(
                if was_tried { ":attempts" } else { ":none" },
                n(known.attempts),
            )
            .held_for(&known.id, HoldReason::Withdrawn, claim.now)
            .set("ordered_at", time(ordered_at));
        let mut parts = vec![links.still(claim.link), record.in_transaction()];
        if let Some(sku) = known.sku.as_deref().filter(|_| !was_tried) {
            let guard = self.change(guard_key(&known.player, sku));
            parts.push(
                guard
                    .take_out("entitlements", only(known.id.as_str()))
                    .in_transaction(),
            );
        }
        match transact(&self.client, parts).await? {
            Committed::All => Ok(Admission::Written(Box::new(Record {
                ordered_at: Some(ordered_at),
                ..known.held(HoldReason::Withdrawn, claim.now)
            }))),
            Committed::Nothing(refusals) => match &refusals[..] {
                [_, Some(item), ..] if !item.is_empty() => self.known(item),
                _ => Ok(Admission::LinkChanged),
            },
        }
    }

    /// Notes that a hold has lasted so long that an operator has to look.
    /// [`WriteOutcome::Changed`]: the hold is another one, or that was noted before.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn mark_attention(
        &self,
        known: &Record,
        now: Timestamp,
    ) -> Result<WriteOutcome, StoreError> {
        let written = self
            .change(record_key(&known.player, &known.id))
            .when(
                "#status = :held AND #updated_at = :expected_at \
                 AND attribute_not_exists(#attention_at)",
            )
            .value(":held", s(Status::Held.as_str()))
            .value(":expected_at", time(known.updated_at))
            .set("attention_at", time(now))
            .listed(
                &known.id,
                Waiting::of(known.reason, known.updated_at, Some(now)),
            )
            .apply(&self.client)
            .await?;
        Ok(written.outcome())
    }
}

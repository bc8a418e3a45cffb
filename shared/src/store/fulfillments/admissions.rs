//! Writes down what Amazon listed: an entitlement becomes `pending` or `held`.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};

use super::leases::Lease;
use super::record::{Record, record, seen};
use crate::domain::{
    EntitlementId, Failing, HoldReason, MAX_PER_PLAYER, Offer, PlayerId, Status, Timestamp,
    Waiting, Work, random_token,
};
use crate::store::dynamo::{
    Change, Committed, Item, Reader, guard_key, n, only, owner_key, record_key, s, time, transact,
};
use crate::store::error::{Cause, StoreError};
use crate::store::links::Link;
use crate::store::tables::{Fulfillments, Links};

/// An entitlement that Amazon listed, and that is about to be written down.
#[derive(Clone, Debug)]
pub struct Claim<'a> {
    /// The link that Amazon was asked with: it must still be the player's when it is written.
    pub link: &'a Link,
    /// Amazon's id.
    pub id: &'a EntitlementId,
    /// The SKU as Amazon sent it.
    pub sku: Option<&'a str>,
    /// Our record of it; `None` if there is none, or a hold that is decided again.
    pub known: Option<&'a Record>,
    /// Whether the check that writes it down also answers it, where the game delivers.
    pub is_handed_out: bool,
    /// Now.
    pub now: Timestamp,
}

/// What became of a [`Claim`].
#[derive(Debug)]
pub enum Admission {
    /// It is written down.
    Written(Box<Record>),
    /// It was written down before, as this.
    Known(Box<Record>),
    /// The offer is used up.
    UsedUp,
    /// It was handed to another player before.
    OtherPlayer,
    /// The player has linked again or unlinked meanwhile, so what Amazon listed is not for this
    /// link.
    LinkChanged,
}

impl Claim<'_> {
    /// The record, if a webhook may have delivered it before.
    #[must_use]
    pub fn ordered_before(&self) -> Option<&Record> {
        self.known.filter(|record| record.may_have_been_delivered())
    }

    fn attempts(&self) -> u32 {
        self.known.map_or(0, |record| record.attempts)
    }
}

impl Fulfillments {
    /// Makes it `pending`. One transaction needs that the link is still the player's, that the
    /// entitlement was not handed to another player, that the offer is not used up, and that the
    /// record is new or a hold that is decided again. `lease` is for the request that delivers it,
    /// if the game does not.
    ///
    /// If a webhook may have delivered it before Amazon took it back, it is ordered as before: with
    /// the same content, and the same time of the order.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn admit(
        &self,
        links: &Links,
        claim: &Claim<'_>,
        offer: &Offer,
        lease: Option<Lease<'_>>,
    ) -> Result<Admission, StoreError> {
        let admission = self.admit_with(links, claim, offer, lease, true).await?;
        // The offer has no limit, but the guard is as large as a guard gets: go on without it.
        if matches!(admission, Admission::UsedUp) && offer.per_player.0.is_none() {
            return self.admit_with(links, claim, offer, lease, false).await;
        }
        Ok(admission)
    }

    async fn admit_with(
        &self,
        links: &Links,
        claim: &Claim<'_>,
        offer: &Offer,
        lease: Option<Lease<'_>>,
        is_guarded: bool,
    ) -> Result<Admission, StoreError> {
        let Claim { link, id, .. } = claim;
        let owner = self.owner_part(id, &link.player);
        let most = offer.per_player.0.unwrap_or(MAX_PER_PLAYER);
        let guard = self.guard_part(&link.player, offer.sku.as_str(), id, Some(most));
        let title = (!offer.title.is_empty()).then(|| offer.title.clone());
        // The check that writes it down answers it, or calls the webhook.
        let is_handed_out = claim.is_handed_out || lease.is_some();
        let handed_out_at = known_hand_out(claim).or(is_handed_out.then_some(claim.now));
        let new = Record {
            handed_out_at,
            title: title.clone(),
            content: Some(offer.content.clone()),
            ordered_at: claim
                .ordered_before()
                .map_or(Some(claim.now), |it| it.ordered_at),
            attempts: claim.attempts() + u32::from(lease.is_some()),
            work: lease.map_or(Work::Idle, |lease| Work::Leased {
                owner: lease.owner.to_owned(),
                until: lease.until,
            }),
            is_listed: handed_out_at.is_none(),
            ..new_record(claim, Status::Pending, None)
        };
        let written = self
            .record_change(claim, Status::Pending)
            .set_or_remove("title", title.map(s))
            .set("content", s(offer.content.as_str()))
            .set_or_remove("ordered_at", new.ordered_at.map(time))
            .set_some("handed_out_at", handed_out_at.map(time))
            .remove("reason")
            .unlisted();
        let written = match lease {
            None if new.is_listed => written.waiting_for_the_game(claim.sku, id, claim.now),
            None => written.released(),
            Some(lease) => written.leased(id, lease).set("attempts", n(new.attempts)),
        };
        let written = written.in_transaction();
        let mut parts = vec![links.with_open(link, &random_token()), owner];
        if is_guarded {
            parts.push(guard);
        }
        parts.push(written);
        match transact(&self.client, parts).await? {
            Committed::All => Ok(Admission::Written(Box::new(new))),
            Committed::Nothing(refusals) => {
                // If there is a record, it is the answer. The other parts only say why a new one
                // could not be made.
                match &refusals[..] {
                    [.., Some(item)] if !item.is_empty() => self.known(item),
                    [Some(_), ..] => Ok(Admission::LinkChanged),
                    [_, Some(_), ..] => Ok(Admission::OtherPlayer),
                    [_, _, Some(guard), _] => {
                        let reader = Reader::new(&self.table, guard);
                        let used = reader.texts("entitlements");
                        used.map(|_| Admission::UsedUp)
                            .ok_or_else(|| reader.corrupt("entitlements"))
                    }
                    _ => Err(StoreError::Unavailable {
                        operation: "TransactWriteItems",
                        source: Cause::Unexplained,
                    }),
                }
            }
        }
    }

    /// Makes it `held`, for `reason`: the player and support see it, and it is not delivered.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn hold(
        &self,
        links: &Links,
        claim: &Claim<'_>,
        reason: HoldReason,
    ) -> Result<Admission, StoreError> {
        let written = self
            .record_change(claim, Status::Held)
            .set("reason", s(reason.as_str()));
        let written = match reason {
            HoldReason::OfferPaused => {
                written.waiting_for_resumption(claim.sku, claim.id, claim.now)
            }
            _ => written.released(),
        };
        let written = written
            .listed(claim.id, Waiting::of(Some(reason), claim.now, None))
            .in_transaction();
        let parts = vec![
            links.with_open(claim.link, &random_token()),
            written,
            // An operator finds it by its id alone.
            self.seen_part(&claim.link.player, claim.id),
        ];
        match transact(&self.client, parts).await? {
            Committed::All => Ok(Admission::Written(Box::new(new_record(
                claim,
                Status::Held,
                Some(reason),
            )))),
            Committed::Nothing(refusals) => match &refusals[..] {
                [_, Some(item), ..] if !item.is_empty() => self.known(item),
                _ => Ok(Admission::LinkChanged),
            },
        }
    }

    /// The part of a transaction that needs that no other player owns the entitlement.
    pub(super) fn owner_part(&self, id: &EntitlementId, player: &PlayerId) -> TransactWriteItem {
        self.change(owner_key(id))
            .when("attribute_not_exists(#player_id) OR #player_id = :player_id")
            .set("player_id", s(player.as_str()))
            .in_transaction()
    }

    /// The part of a transaction that takes a place in the guard of this SKU. It needs that one of
    /// `most` places is free, or that the entitlement has one; `None`: there is always one.
    pub(super) fn guard_part(
        &self,
        player: &PlayerId,
        sku: &str,
        id: &EntitlementId,
        most: Option<u32>,
    ) -> TransactWriteItem {
        let guard = self.change(guard_key(player, sku));
        let guard = match most {
            Some(most) => guard
                .when(
                    "attribute_not_exists(#entitlements) OR size(#entitlements) < :most \
                     OR contains(#entitlements, :id)",
                )
                .value(":most", n(most))
                .value(":id", s(id.as_str())),
            None => guard,
        };
        guard
            .add("entitlements", only(id.as_str()))
            .in_transaction()
    }

    pub(in crate::store) fn known(&self, item: &Item) -> Result<Admission, StoreError> {
        record(&self.table, item).map(|record| Admission::Known(Box::new(record)))
    }

    /// The record's part of the transaction that makes it `pending` or `held`.
    fn record_change(&self, claim: &Claim<'_>, status: Status) -> Change {
        let link = claim.link;
        let new = new_record(claim, status, None);
        let change = self.change(record_key(&link.player, claim.id));
        let change = match claim
            .known
            .and_then(|record| Some((record, record.reason?)))
        {
            None => change.when("attribute_not_exists(#pk)"),
            // It must be the hold that was read: Amazon's list may be older than a later hold.
            Some((record, reason)) => change
                .when(
                    "#status = :held AND #reason = :expected_reason \
                     AND #updated_at = :expected_at",
                )
                .value(":held", s(Status::Held.as_str()))
                .value(":expected_reason", s(reason.as_str()))
                .value(":expected_at", time(record.updated_at))
                .remove("attention_at"),
        };
        change
            .set("status", s(status.as_str()))
            .set("sku", claim.sku.map_or(AttributeValue::Null(true), s))
            .set("amazon_user_id", s(link.amazon_user_id.as_str()))
            .set("link_id", s(link.id.as_str()))
            .set("first_seen_at", time(new.first_seen_at))
            .set("updated_at", time(claim.now))
            .set("open", s(seen(&new)))
            .set("seen", s(seen(&new)))
    }
}

fn known_hand_out(claim: &Claim<'_>) -> Option<Timestamp> {
    claim.known.and_then(|known| known.handed_out_at)
}

fn new_record(claim: &Claim<'_>, status: Status, reason: Option<HoldReason>) -> Record {
    let known = claim.known;
    Record {
        player: claim.link.player.clone(),
        id: claim.id.clone(),
        sku: claim.sku.map(ToOwned::to_owned),
        status,
        reason,
        title: known.and_then(|known| known.title.clone()),
        content: known.and_then(|known| known.content.clone()),
        amazon_user_id: claim.link.amazon_user_id.clone(),
        first_seen_at: known.map_or(claim.now, |known| known.first_seen_at),
        updated_at: claim.now,
        handed_out_at: known_hand_out(claim),
        handed_out_again_at: known.and_then(|known| known.handed_out_again_at),
        delivered_at: None,
        ordered_at: known.and_then(|known| known.ordered_at),
        reported_at: None,
        attempts: claim.attempts(),
        failing: Failing::default(),
        last_cause: None,
        unclear_since: None,
        attention_at: None,
        work: Work::Idle,
        is_noted: false,
        is_listed: false,
    }
}

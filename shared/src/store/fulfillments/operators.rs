//! What operators change in a record. Each change needs the record as it was read, and that no
//! request is at work on it.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};

use super::leases::UNLEASED;
use super::record::{Record, seen};
use crate::domain::{
    EntitlementId, HoldReason, LinkId, Offer, PlayerId, Status, Timestamp, Work, is_erased_owner,
};
use crate::store::dynamo::{
    Change, Reader, due_shard, guard_key, n, only, owner_key, owner_pk, player_pk, query_up_to,
    record_key, s, seen_key, time,
};
use crate::store::error::StoreError;
use crate::store::operations::Changes;
use crate::store::tables::Fulfillments;

/// How a record becomes `pending` because an operator says so.
#[derive(Clone, Copy, Debug)]
pub struct Release<'a> {
    /// The offer whose present content it goes out with; `None`: the content that it has.
    pub offer: Option<&'a Offer>,
    /// Whether the studio's webhook delivers it.
    pub by_webhook: bool,
    /// Now.
    pub now: Timestamp,
}

/// How an entitlement moves to another player.
#[derive(Clone, Copy, Debug)]
pub struct Reassignment<'a> {
    /// The old player's record.
    pub from: &'a Record,
    /// The new player.
    pub to: &'a PlayerId,
    /// The new player's record of it, if there is one.
    pub known: Option<&'a Record>,
    /// The new player's link, if there is one.
    pub link: Option<&'a LinkId>,
    /// The offer: its limit counts, and its content where the record has none.
    pub offer: &'a Offer,
    /// How it becomes `pending`.
    pub release: Release<'a>,
}

/// The players who have a record of an entitlement.
#[derive(Debug, Default)]
pub struct Holders {
    /// The one that owns it.
    pub owner: Option<PlayerId>,
    /// Whether its owner was erased.
    pub was_erased: bool,
    /// The others.
    pub others: Vec<PlayerId>,
    /// Rows that name a player, and can't be read.
    pub unreadable: Vec<StoreError>,
}

impl Holders {
    /// All players.
    ///
    /// # Errors
    /// If one of them can't be read.
    pub fn whole(self) -> Result<Self, StoreError> {
        let mut unreadable = self.unreadable;
        match unreadable.pop() {
            Some(error) => Err(error),
            None => Ok(Self { unreadable, ..self }),
        }
    }
}

impl Fulfillments {
    /// `held` → `pending`, whatever the offer's limit says: it takes a place in the guard. Gives the
    /// record as it will be.
    ///
    /// Where the game delivers, it counts as never tried: an operator hands it to the game. Where
    /// the webhook delivers, it may have been delivered still, so the tries stay counted.
    #[must_use]
    pub fn release_changes(&self, known: &Record, release: Release<'_>) -> (Changes, Record) {
        let after = released(known, release);
        let record = self
            .change_as_read(known, release.now)
            .remove("delivery_answer")
            .pending_as(&after);
        let owner = self.owner_part(&known.id, &known.player);
        let mut parts = vec![record.in_transaction(), owner];
        if let Some(sku) = &known.sku {
            parts.push(self.guard_part(&known.player, sku, &known.id, None));
        }
        (Changes(parts), after)
    }

    /// `pending` → `held`, `operator`. It keeps its place in the guard. Gives the record as it will
    /// be.
    #[must_use]
    pub fn hold_changes(&self, known: &Record, now: Timestamp) -> (Changes, Record) {
        let ordered_at = known.ordered_at.unwrap_or(known.updated_at);
        let record = self
            .change_as_read(known, now)
            .held_for(&known.id, HoldReason::Operator, now)
            .set("ordered_at", time(ordered_at));
        let after = Record {
            ordered_at: Some(ordered_at),
            ..known.held(HoldReason::Operator, now)
        };
        (Changes(vec![record.in_transaction()]), after)
    }

    /// Makes a `delivered` entitlement due, or a `reported` one `delivered` and due, so that Amazon
    /// is told once more. Gives the record as it will be.
    #[must_use]
    pub fn rereport_changes(&self, known: &Record, now: Timestamp) -> (Changes, Record) {
        let (change, mut after) = self.due_now(known, now);
        let change = if known.status == Status::Reported {
            after = Record {
                status: Status::Delivered,
                updated_at: now,
                // No try of this report has been made: it is sent, and not looked up.
                attempts: 0,
                ..after
            };
            change
                .set("status", s(Status::Delivered.as_str()))
                .set("updated_at", time(now))
                .set("attempts", n(0))
                .set("open", s(seen(known)))
        } else {
            change
        };
        (Changes(vec![change.in_transaction()]), after)
    }

    /// Makes what has attention due. Gives the record as it will be.
    #[must_use]
    pub fn due_now_changes(&self, known: &Record, now: Timestamp) -> (Changes, Record) {
        let (change, after) = self.due_now(known, now);
        (Changes(vec![change.in_transaction()]), after)
    }

    /// Takes the attention off a hold. A check that still finds what it was for notes it again.
    #[must_use]
    pub fn unmark_attention_changes(&self, known: &Record, now: Timestamp) -> Changes {
        let change = self.change_as_read(known, now).remove("attention_at");
        Changes(vec![change.unlisted().in_transaction()])
    }

    fn due_now(&self, known: &Record, now: Timestamp) -> (Change, Record) {
        let change = self
            .change_as_read(known, now)
            .listed_in_due(due_shard(known.id.as_str()), now);
        let after = Record {
            work: Work::Due { at: now },
            ..known.clone()
        };
        (change, after)
    }

    /// The old player's record becomes `held`, `other_player`, and leaves its guard; the new one's is
    /// `pending`, and in its guard, as far as the offer's limit allows; the owner moves. Gives the new
    /// player's record as it will be.
    #[must_use]
    pub fn reassign_changes(&self, move_: Reassignment<'_>) -> (Changes, Record) {
        let Reassignment {
            from, to, known, ..
        } = move_;
        let Release { now, .. } = move_.release;
        let id = &from.id;
        let old = self
            .change_as_read(from, now)
            .held_for(id, HoldReason::OtherPlayer, now);
        let base = Record {
            player: to.clone(),
            first_seen_at: known.map_or(from.first_seen_at, |known| known.first_seen_at),
            attempts: 0,
            ordered_at: Some(now),
            handed_out_at: None,
            handed_out_again_at: None,
            ..from.clone()
        };
        let after = released(&base, move_.release);
        let new = match known {
            Some(known) => self.change_as_read(known, now),
            None => self
                .change(record_key(to, id))
                .when("attribute_not_exists(#pk)"),
        };
        let new = new
            .pending_as(&after)
            .set(
                "sku",
                after.sku.as_deref().map_or(AttributeValue::Null(true), s),
            )
            .set("amazon_user_id", s(after.amazon_user_id.as_str()))
            .set_or_remove("link_id", move_.link.map(|link| s(link.as_str())))
            .set("first_seen_at", time(after.first_seen_at))
            .set("open", s(seen(&after)))
            .set("seen", s(seen(&after)));
        let owner = self
            .change(owner_key(id))
            .when("attribute_not_exists(#player_id) OR #player_id = :from")
            .value(":from", s(from.player.as_str()))
            .set("player_id", s(to.as_str()));
        let mut parts = vec![
            old.in_transaction(),
            new.in_transaction(),
            owner.in_transaction(),
            self.seen_part(&from.player, id),
        ];
        let sku = move_.offer.sku.as_str();
        let left = self
            .change(guard_key(&from.player, sku))
            .take_out("entitlements", only(id.as_str()));
        parts.push(left.in_transaction());
        parts.push(self.guard_part(to, sku, id, move_.offer.per_player.0));
        (Changes(parts), after)
    }

    /// How many entitlements of this SKU count against the player's limit, without `id` itself.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn used(
        &self,
        player: &PlayerId,
        sku: &str,
        id: &EntitlementId,
    ) -> Result<usize, StoreError> {
        let item = self.item(guard_key(player, sku)).await?.unwrap_or_default();
        let used = Reader::new(&self.table, &item).texts("entitlements");
        let others = used.unwrap_or_default().iter();
        Ok(others.filter(|other| *other != id.as_str()).count())
    }

    /// The players who have a record of this entitlement. A record that was held before this version
    /// noted players may be missing.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn holders_of(&self, id: &EntitlementId) -> Result<Holders, StoreError> {
        let mut holders = Holders::default();
        for item in query_up_to(self.partition(owner_pk(id)), usize::MAX).await? {
            let reader = Reader::new(&self.table, &item);
            let is_owner = reader.text("sk") == Some("OWNER");
            if is_owner && reader.text("player_id").is_some_and(is_erased_owner) {
                holders.was_erased = true;
                continue;
            }
            match reader.id("player_id") {
                Ok(player) if is_owner => holders.owner = Some(player),
                Ok(player) => holders.others.push(player),
                Err(error) => holders.unreadable.push(error),
            }
        }
        let owner = holders.owner.as_ref();
        holders.others.retain(|player| Some(player) != owner);
        Ok(holders)
    }

    /// Whether anything is stored of this player: an entitlement, or what an operator did.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn knows(&self, player: &PlayerId) -> Result<bool, StoreError> {
        let first = self.partition(player_pk(player)).limit(1);
        Ok(!query_up_to(first, 1).await?.is_empty())
    }

    /// The part of a transaction that notes this player under the entitlement's id. It is for a player
    /// who has a record of the entitlement without being its owner.
    pub(in crate::store) fn seen_part(
        &self,
        player: &PlayerId,
        id: &EntitlementId,
    ) -> TransactWriteItem {
        self.change(seen_key(id, player))
            .set("player_id", s(player.as_str()))
            .in_transaction()
    }

    /// A change that needs the record as it was read, without a lease at `now`.
    pub(super) fn change_as_read(&self, known: &Record, now: Timestamp) -> Change {
        let attempts = if known.attempts == 0 {
            "(attribute_not_exists(#attempts) OR #attempts = :known_attempts)"
        } else {
            "#attempts = :known_attempts"
        };
        let reason = match known.reason {
            Some(_) => " AND #reason = :known_reason",
            None => "",
        };
        let change = self
            .change(record_key(&known.player, &known.id))
            .when(format!(
                "#status = :known_status AND #updated_at = :known_at AND {UNLEASED} \
                 AND {attempts}{reason}"
            ))
            .value(":known_status", s(known.status.as_str()))
            .value(":known_at", time(known.updated_at))
            .value(":known_attempts", n(known.attempts))
            .value(":now", time(now));
        match known.reason {
            Some(reason) => change.value(":known_reason", s(reason.as_str())),
            None => change,
        }
    }
}

impl Change {
    /// Makes a record `pending` as `after` says.
    pub(super) fn pending_as(self, after: &Record) -> Self {
        let change = match &after.work {
            Work::Due { at } => self.listed_in_due(due_shard(after.id.as_str()), *at),
            Work::Idle if after.is_listed => {
                self.waiting_for_the_game(after.sku.as_deref(), &after.id, after.updated_at)
            }
            Work::Idle | Work::Leased { .. } => self.released(),
        };
        change
            .settled()
            .remove("reason")
            .set("status", s(Status::Pending.as_str()))
            .set("updated_at", time(after.updated_at))
            .set("attempts", n(after.attempts))
            .set_or_remove("title", after.title.clone().map(s))
            .set_some("content", after.content.as_ref().map(|it| s(it.as_str())))
            .set_or_remove("ordered_at", after.ordered_at.map(time))
    }
}

/// The record once it is `pending`.
pub(super) fn released(known: &Record, release: Release<'_>) -> Record {
    let Release {
        offer,
        by_webhook,
        now,
    } = release;
    let (title, content, ordered_at) = match offer {
        Some(offer) => (
            (!offer.title.is_empty()).then(|| offer.title.clone()),
            Some(offer.content.clone()),
            now,
        ),
        // The webhook gets the body that it had.
        None => (
            known.title.clone(),
            known.content.clone(),
            known.ordered_at.unwrap_or(known.updated_at),
        ),
    };
    Record {
        status: Status::Pending,
        reason: None,
        title,
        content,
        ordered_at: Some(ordered_at),
        updated_at: now,
        attempts: if by_webhook { known.attempts } else { 0 },
        work: if by_webhook {
            Work::Due { at: now }
        } else {
            Work::Idle
        },
        is_listed: !by_webhook && known.handed_out_at.is_none(),
        ..known.settled()
    }
}

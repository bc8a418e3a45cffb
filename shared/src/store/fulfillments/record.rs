//! A record: what is stored of one entitlement of one player. A row that can't be read is an error
//! of its own.

use crate::domain::{
    AmazonUserId, Content, EntitlementId, Failing, HoldReason, PlayerId, Present, Status,
    Timestamp, Work,
};
use crate::store::dynamo::{Item, Reader, WAITS};
use crate::store::error::StoreError;

/// What is stored of one entitlement of one player.
#[derive(Clone, Debug)]
pub struct Record {
    /// The player that it belongs to.
    pub player: PlayerId,
    /// Amazon's id.
    pub id: EntitlementId,
    /// The SKU as Amazon sent it; `None` where it sent none.
    pub sku: Option<String>,
    /// Its status.
    pub status: Status,
    /// Why it is held.
    pub reason: Option<HoldReason>,
    /// The offer's title as it was when the entitlement became `pending`; `None` also where an
    /// earlier version wrote the row.
    pub title: Option<String>,
    /// The offer's content as it was when the entitlement became `pending`.
    pub content: Option<Content>,
    /// The Amazon account that it came from. Only that account's tokens can report it.
    pub amazon_user_id: AmazonUserId,
    /// When it was first seen.
    pub first_seen_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was first handed out: a check answered it as `pending`, or the webhook was about to be
    /// called. `None` also where an earlier version wrote the row.
    pub handed_out_at: Option<Timestamp>,
    /// When a metric last counted that it was handed out again.
    pub handed_out_again_at: Option<Timestamp>,
    /// When it became `pending`, if the studio's backend may have been told that time.
    pub ordered_at: Option<Timestamp>,
    /// When the game or the studio's backend said that the player has it.
    pub delivered_at: Option<Timestamp>,
    /// When it was reported to Amazon.
    pub reported_at: Option<Timestamp>,
    /// How often its present step, the delivery by webhook or the report, has been tried, with the
    /// try that is under way.
    pub attempts: u32,
    /// Since when its present step has been failing.
    pub failing: Failing,
    /// Why the last try of its present step failed.
    pub last_cause: Option<String>,
    /// Since when Amazon lists it with a word that we do not know, while it is `delivered`.
    pub unclear_since: Option<Timestamp>,
    /// When an operator was first told that it makes no progress. It is still tried, but rarely.
    pub attention_at: Option<Timestamp>,
    /// What the service has to do for it, and which request is at work on it.
    pub work: Work,
    /// Whether it is noted under its Amazon account, for when that is linked again.
    pub is_noted: bool,
    /// Whether it is listed as waiting to be handed out to the game.
    pub is_listed: bool,
}

impl Record {
    /// Whether it has to be reported, now or later, with the tokens of this account.
    #[must_use]
    pub fn needs_report_by(&self, account: &AmazonUserId) -> bool {
        self.status.needs_report() && self.amazon_user_id == *account
    }

    /// Whether it left the index `due`: its Amazon account had no usable tokens, or an earlier
    /// version had given it up.
    #[must_use]
    pub fn is_parked(&self) -> bool {
        self.status == Status::Delivered && self.work == Work::Idle
    }

    /// Whether a request that meets it may try it at `now`. What has an operator's attention waits
    /// until it is due.
    #[must_use]
    pub fn may_be_tried(&self, now: Timestamp) -> bool {
        self.attention_at.is_none() || self.work.is_ready(now)
    }

    /// As operators' commands look at it.
    #[must_use]
    pub fn present(&self, now: Timestamp) -> Present {
        Present {
            status: self.status,
            reason: self.reason,
            is_leased: self.work.is_leased(now),
            may_be_delivered: self.may_have_been_delivered(),
        }
    }

    /// Whether a webhook may have delivered it, while it is not known to be delivered.
    #[must_use]
    pub fn may_have_been_delivered(&self) -> bool {
        self.attempts > 0 && matches!(self.status, Status::Pending | Status::Held)
    }

    /// The record after `Change::held_for` has made it `held`.
    pub(super) fn held(&self, reason: HoldReason, now: Timestamp) -> Self {
        Self {
            status: Status::Held,
            reason: Some(reason),
            updated_at: now,
            work: Work::Idle,
            is_listed: false,
            ..self.settled()
        }
    }

    /// The record once its step has succeeded or is not to be made, so nothing is failing.
    pub(super) fn settled(&self) -> Self {
        Self {
            failing: Failing::default(),
            last_cause: None,
            unclear_since: None,
            attention_at: None,
            ..self.clone()
        }
    }

    /// The record as it is once a check has held it for the pause of its offer.
    #[must_use]
    pub fn while_paused(self) -> Self {
        Self {
            status: Status::Held,
            reason: Some(HoldReason::OfferPaused),
            ..self
        }
    }

    /// The record as the game sees it. What a webhook may have delivered is not the game's to
    /// deliver, even if the row does not say so yet.
    #[must_use]
    pub fn for_the_game(self) -> Self {
        if self.status == Status::Pending && self.may_have_been_delivered() {
            Self {
                status: Status::Held,
                reason: Some(HoldReason::DeliveryUnknown),
                ..self
            }
        } else {
            self
        }
    }
}

pub(in crate::store) fn record(table: &str, item: &Item) -> Result<Record, StoreError> {
    let reader = Reader::new(table, item);
    let status = reader
        .word("status", Status::parse)?
        .ok_or_else(|| reader.corrupt("status"))?;
    let reason = match status {
        Status::Held => Some(
            reader
                .word("reason", HoldReason::parse)?
                .ok_or_else(|| reader.corrupt("reason"))?,
        ),
        Status::Pending | Status::Delivered | Status::Reported => None,
    };
    let content = match reader.optional_text("content")? {
        Some(json) => Some(Content::stored(json).ok_or_else(|| reader.corrupt("content"))?),
        // A `pending` record without content has nothing to deliver.
        None if status == Status::Pending => return Err(reader.corrupt("content")),
        None => None,
    };
    let id = reader
        .need_text("sk")?
        .strip_prefix("E#")
        .and_then(|id| EntitlementId::new(id).ok())
        .ok_or_else(|| reader.corrupt("sk"))?;
    Ok(Record {
        player: reader.player()?,
        id,
        sku: reader.optional_text("sku")?.map(ToOwned::to_owned),
        status,
        reason,
        title: reader.optional_text("title")?.map(ToOwned::to_owned),
        content,
        amazon_user_id: reader.id("amazon_user_id")?,
        first_seen_at: reader.need_time("first_seen_at")?,
        updated_at: reader.need_time("updated_at")?,
        handed_out_at: reader.time("handed_out_at")?,
        handed_out_again_at: reader.time("handed_out_again_at")?,
        ordered_at: reader.time("ordered_at")?,
        delivered_at: reader.time("delivered_at")?,
        reported_at: reader.time("reported_at")?,
        attempts: reader.number("attempts")?.unwrap_or(0),
        failing: Failing {
            since: reader.time("failing_since")?,
            waiting_since: reader.time("waiting_since")?,
            counted_at: reader.time("counted_at")?,
            stuck_at: reader.time("stuck_at")?,
        },
        last_cause: reader.optional_text("last_cause")?.map(ToOwned::to_owned),
        unclear_since: reader.time("unclear_since")?,
        attention_at: reader.time("attention_at")?,
        work: work(&reader)?,
        is_noted: reader.flag("noted"),
        is_listed: is_listed(&reader),
    })
}

fn is_listed(reader: &Reader<'_>) -> bool {
    let shard = reader.text("due_shard");
    shard.is_some_and(|shard| shard.starts_with(WAITS))
}

fn work(reader: &Reader<'_>) -> Result<Work, StoreError> {
    if is_listed(reader) {
        return Ok(Work::Idle);
    }
    Ok(match (reader.text("owner"), reader.time("due_at")?) {
        (_, None) => Work::Idle,
        (None, Some(at)) => Work::Due { at },
        (Some(owner), Some(until)) => Work::Leased {
            owner: owner.to_owned(),
            until,
        },
    })
}

/// The sort key of the local indexes: the time of first sight, made unique by the id. It never
/// changes.
pub(in crate::store) fn seen(record: &Record) -> String {
    format!("{:015}#{}", record.first_seen_at.as_millis(), record.id)
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;

    use super::*;
    use crate::store::dynamo::{changed, n, s};

    fn item(changes: &[(&str, Option<AttributeValue>)]) -> Item {
        let attributes = [
            ("pk", s("PLAYER#p1")),
            ("sk", s("E#e1")),
            ("status", s("pending")),
            ("content", s("{}")),
            ("amazon_user_id", s("amzn1.account.A")),
            ("first_seen_at", n(1)),
            ("updated_at", n(1)),
        ];
        changed(attributes, changes)
    }

    fn read(changes: &[(&str, Option<AttributeValue>)]) -> Record {
        record("t", &item(changes)).expect("a record")
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        for (name, value) in [
            ("pk", Some(s("p1"))),
            ("sk", Some(s("e1"))),
            ("status", None),
            ("status", Some(s("new word"))),
            ("content", None),
            ("content", Some(s("no JSON"))),
            ("amazon_user_id", None),
            ("first_seen_at", None),
            ("updated_at", Some(s("1"))),
            ("attempts", Some(n(-1))),
            ("due_at", Some(s("soon"))),
        ] {
            let error = record("t", &item(&[(name, value)])).expect_err(name);
            assert!(
                matches!(error, StoreError::Corrupt { field, .. } if field == name),
                "{error}"
            );
        }
        let error = record("t", &item(&[("status", Some(s("held")))])).expect_err("no reason");
        assert!(matches!(
            error,
            StoreError::Corrupt {
                field: "reason",
                ..
            }
        ));
    }

    #[test]
    fn owner_and_time_say_what_its_work_is() {
        let (me, at) = (Some(s("me")), Timestamp::from_millis(5));
        let leased = Work::Leased {
            owner: "me".to_owned(),
            until: at,
        };
        for (owner, due_at, work) in [
            (None, None, Work::Idle),
            (me.clone(), None, Work::Idle),
            (None, Some(n(5)), Work::Due { at }),
            (me, Some(n(5)), leased),
        ] {
            let record = read(&[("owner", owner), ("due_at", due_at)]);
            assert_eq!(record.work, work);
        }
    }

    #[test]
    fn what_a_webhook_may_have_delivered_is_not_the_games() {
        for (status, attempts, shown) in [
            ("pending", 0, Status::Pending),
            ("pending", 1, Status::Held),
            ("delivered", 1, Status::Delivered),
        ] {
            let record = read(&[("status", Some(s(status))), ("attempts", Some(n(attempts)))]);
            let record = record.for_the_game();
            assert_eq!(record.status, shown, "{status} {attempts}");
            assert_eq!(record.reason.is_some(), shown == Status::Held);
        }
    }

    #[test]
    fn what_has_attention_waits_until_it_is_due() {
        let now = Timestamp::from_millis(5);
        for (attention_at, due_at, may_be_tried) in [
            (None, Some(n(6)), true),
            (Some(n(1)), Some(n(6)), false),
            (Some(n(1)), Some(n(5)), true),
            (Some(n(1)), None, true),
        ] {
            let record = read(&[("attention_at", attention_at), ("due_at", due_at)]);
            assert_eq!(record.may_be_tried(now), may_be_tried, "{record:?}");
        }
    }
}

//! What every player was given. No item here ever expires: forgetting one could deliver it twice.
//!
//! - `PLAYER#p` / `E#<entitlement_id>`: the record
//! - `PLAYER#p` / `G#<sku>`: the guard: the entitlements that used the offer up
//! - `ENTITLEMENT#<id>` / `OWNER`: the player that the entitlement was first handed to
//!
//! Every arrow of an entitlement's life is one conditional write of this file.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use ring::digest::{SHA256, digest};

use super::StoreError;
use super::item::{Item, n, s, time};
use super::links::Links;
use super::record::{Link, Record, record};
use super::write::{Change, Committed, Written, transact, unavailable};
use crate::domain::{EntitlementId, HoldReason, Offer, PlayerId, Status, Timestamp, random_token};

/// How many parts the `due` index is split into, so that no partition gets hot.
const DUE_SHARDS: u8 = 8;

/// The fulfillments table.
#[derive(Clone, Debug)]
pub struct Fulfillments {
    client: Client,
    table: String,
}

/// An entitlement that Amazon listed, about to be written down.
#[derive(Clone, Debug)]
pub struct Claim<'a> {
    /// The link that Amazon was asked with: it must still be the player's when it is written.
    pub link: &'a Link,
    /// Amazon's id.
    pub id: &'a EntitlementId,
    /// The SKU as Amazon sent it.
    pub sku: Option<&'a str>,
    /// What we know of it already: `None`, or a hold that is looked at again.
    pub known: Option<&'a Record>,
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
    /// The player has linked anew or unlinked meanwhile: what Amazon said is not for them.
    LinkChanged,
}

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

/// One page of a player's history.
#[derive(Debug)]
pub struct Page {
    /// Newest first.
    pub records: Vec<Record>,
    /// The position to go on from; `None` at the end.
    pub next: Option<String>,
}

impl Fulfillments {
    /// The fulfillments in `table`.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Everything of the player that is not `reported`, oldest first, read strongly.
    ///
    /// # Errors
    /// If the database does not answer, or a row is corrupt.
    pub async fn open(&self, player: &PlayerId) -> Result<Vec<Record>, StoreError> {
        let mut records = Vec::new();
        let mut start: Option<Item> = None;
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.table)
                .index_name("open")
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", s(player_pk(player)))
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| unavailable("Query", &error))?;
            for item in page.items() {
                records.push(record(&self.table, item)?);
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(records);
            }
        }
    }

    /// One entitlement of the player, as of now.
    ///
    /// # Errors
    /// If the database does not answer, or the row is corrupt.
    pub async fn get(
        &self,
        player: &PlayerId,
        id: &EntitlementId,
    ) -> Result<Option<Record>, StoreError> {
        self.client
            .get_item()
            .table_name(&self.table)
            .key("pk", s(player_pk(player)))
            .key("sk", s(record_sk(id)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| unavailable("GetItem", &error))?
            .item
            .map(|item| record(&self.table, &item))
            .transpose()
    }

    /// The player's history, newest first, from after the position `after`.
    ///
    /// # Errors
    /// If the database does not answer, or a row is corrupt.
    pub async fn history(
        &self,
        player: &PlayerId,
        limit: i32,
        after: Option<&str>,
    ) -> Result<Page, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .index_name("seen")
            .expression_attribute_values(":pk", s(player_pk(player)))
            .scan_index_forward(false)
            .consistent_read(true)
            .limit(limit);
        // The sort key is unique, so a position is a condition: nothing of DynamoDB's own keys
        // has to travel to the game and back.
        let query = match after {
            None => query.key_condition_expression("pk = :pk"),
            Some(after) => query
                .key_condition_expression("pk = :pk AND seen < :after")
                .expression_attribute_values(":after", s(after)),
        };
        let page = query
            .send()
            .await
            .map_err(|error| unavailable("Query", &error))?;
        let records = page
            .items()
            .iter()
            .map(|item| record(&self.table, item))
            .collect::<Result<Vec<_>, _>>()?;
        let next = page
            .last_evaluated_key
            .is_some()
            .then(|| records.last().map(seen))
            .flatten();
        Ok(Page { records, next })
    }

    /// `pending`: in one transaction the link is still the player's, the entitlement was handed
    /// to nobody else, the offer is not used up, and the record is new (or was held to be looked
    /// at again). `due_at`: when somebody other than the game has to deliver it.
    ///
    /// # Errors
    /// If the database does not answer, or a row is corrupt.
    pub async fn admit(
        &self,
        links: &Links,
        claim: &Claim<'_>,
        offer: &Offer,
        due_at: Option<Timestamp>,
    ) -> Result<Admission, StoreError> {
        let Claim { link, id, .. } = claim;
        let owner = self
            .change(format!("ENTITLEMENT#{id}"), "OWNER".to_owned())
            .when("attribute_not_exists(#player_id) OR #player_id = :player_id")
            .set("player_id", s(link.player.as_str()))
            .in_transaction();
        let guard = self
            .change(player_pk(&link.player), format!("G#{}", offer.sku))
            .add("entitlements", AttributeValue::Ss(vec![id.to_string()]));
        let guard = match offer.per_player.0 {
            None => guard,
            Some(most) => guard
                .when(
                    "attribute_not_exists(#entitlements) OR size(#entitlements) < :most \
                     OR contains(#entitlements, :id)",
                )
                .value(":most", n(most))
                .value(":id", s(id.as_str())),
        };
        let written = self
            .record_change(claim, Status::Pending)
            .set("content", s(offer.content.to_string()))
            .set_or_remove("due_shard", due_at.map(|_| s(due_shard(id))))
            .set_or_remove("due_at", due_at.map(time))
            .remove("reason")
            .in_transaction();
        let parts = vec![
            links.with_open(link, &random_token()),
            owner,
            guard.in_transaction(),
            written,
        ];
        match transact(&self.client, parts).await? {
            Committed::All => Ok(Admission::Written(Box::new(Record {
                content: offer.content.clone(),
                ..new_record(claim, Status::Pending, None)
            }))),
            Committed::Nothing(refusals) => {
                // What is known of the record outranks the rest: the rest only says why a new
                // one could not be made.
                match &refusals[..] {
                    [.., Some(item)] if !item.is_empty() => self.known(item),
                    [Some(_), ..] => Ok(Admission::LinkChanged),
                    [_, Some(_), ..] => Ok(Admission::OtherPlayer),
                    [_, _, Some(_), _] => Ok(Admission::UsedUp),
                    _ => Err(StoreError::Unavailable {
                        operation: "TransactWriteItems",
                        cause: "canceled without a reason".to_owned(),
                    }),
                }
            }
        }
    }

    /// `held`, for `reason`: visible to the player and to support, and never delivered as it is.
    ///
    /// # Errors
    /// If the database does not answer, or a row is corrupt.
    pub async fn hold(
        &self,
        links: &Links,
        claim: &Claim<'_>,
        reason: HoldReason,
    ) -> Result<Admission, StoreError> {
        let written = self
            .record_change(claim, Status::Held)
            .set("reason", s(reason.as_str()))
            .in_transaction();
        let parts = vec![links.with_open(claim.link, &random_token()), written];
        match transact(&self.client, parts).await? {
            Committed::All => Ok(Admission::Written(Box::new(new_record(
                claim,
                Status::Held,
                Some(reason),
            )))),
            Committed::Nothing(refusals) => match &refusals[..] {
                [_, Some(item)] if !item.is_empty() => self.known(item),
                _ => Ok(Admission::LinkChanged),
            },
        }
    }

    fn known(&self, item: &Item) -> Result<Admission, StoreError> {
        record(&self.table, item).map(|record| Admission::Known(Box::new(record)))
    }

    /// The record's part in becoming `pending` or `held`.
    fn record_change(&self, claim: &Claim<'_>, status: Status) -> Change {
        let link = claim.link;
        let new = new_record(claim, status, None);
        let change = self.change(player_pk(&link.player), record_sk(claim.id));
        let change = match claim.known.and_then(|record| record.reason) {
            None => change.when("attribute_not_exists(#pk)"),
            Some(reason) => change
                .when("#status = :held AND #reason = :expected_reason")
                .value(":held", s(Status::Held.as_str()))
                .value(":expected_reason", s(reason.as_str())),
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

    /// `delivered` → `reported`: Amazon said SUCCESS to `owner`. `false`: it is someone else's
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

    /// `delivered` → `reported`, because Amazon does not ask for it any more after a report whose
    /// outcome we never learned. Refused while someone is reporting it.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn mark_settled(&self, known: &Record, now: Timestamp) -> Result<bool, StoreError> {
        let written = self
            .change_delivered(
                known,
                " AND (attribute_not_exists(#owner) OR #due_at <= :now)",
            )
            .value(":now", time(now))
            .into_reported(now)
            .apply(&self.client)
            .await?;
        Ok(matches!(written, Written::Done(_)))
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

    fn change(&self, pk: String, sk: String) -> Change {
        let key = Item::from([("pk".to_owned(), s(pk)), ("sk".to_owned(), s(sk))]);
        Change::of(&self.table, key)
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

fn new_record(claim: &Claim<'_>, status: Status, reason: Option<HoldReason>) -> Record {
    Record {
        player: claim.link.player.clone(),
        id: claim.id.clone(),
        sku: claim.sku.map(ToOwned::to_owned),
        status,
        reason,
        content: serde_json::Value::Null,
        amazon_user_id: claim.link.amazon_user_id.clone(),
        first_seen_at: claim.known.map_or(claim.now, |known| known.first_seen_at),
        updated_at: claim.now,
        reported_at: None,
        attempts: 0,
        owner: None,
        due_at: None,
    }
}

/// The sort key of the local indexes: the time of first sight, made unique by the id. It never
/// changes in a record's life.
fn seen(record: &Record) -> String {
    format!("{:015}#{}", record.first_seen_at.as_millis(), record.id)
}

fn due_shard(id: &EntitlementId) -> String {
    let hash = digest(&SHA256, id.as_str().as_bytes());
    (hash.as_ref()[0] % DUE_SHARDS).to_string()
}

fn player_pk(player: &PlayerId) -> String {
    format!("PLAYER#{player}")
}

fn record_sk(id: &EntitlementId) -> String {
    format!("E#{id}")
}

//! A player's own rows in the table of fulfillments, and what becomes of each.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};

use super::marker::Erasing;
use crate::domain::{EntitlementId, PlayerId, Status, Timestamp};
use crate::store::dynamo::{
    Change, Committed, Item, Reader, erased_guard_key, key, owner_key, player_pk, s, seen_key,
    transact, unavailable,
};
use crate::store::error::StoreError;
use crate::store::operations::Changes;
use crate::store::tables::{Erasures, Fulfillments, Links};

/// A row in a player's partition, whatever it holds. A row that can't be read is erased as well.
#[derive(Clone, Debug)]
pub struct Stored(pub(super) Item);

/// What became of a row that was to be erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is erased.
    Erased,
    /// It has changed since it was read.
    Changed,
    /// A request is at work on it.
    AtWork,
}

/// How old the rows of a player are.
#[derive(Clone, Debug, Default)]
pub struct Dates {
    /// When each row was last written.
    pub written: Vec<Timestamp>,
    /// When the service first saw the newest entitlement.
    pub newest_seen: Option<Timestamp>,
}

/// The row that says in the player's partition that the player is being erased.
const UNDER_WAY: &str = "ERASING";

impl Stored {
    /// Whether it is the row that says that the player is being erased. The end of the erasure deletes it.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        self.text("sk") == Some(UNDER_WAY)
    }

    /// When it was last written, where it says so.
    #[must_use]
    pub fn written_at(&self) -> Option<Timestamp> {
        let reader = Reader::new("", &self.0);
        let time = |field| reader.time(field).ok().flatten();
        time("updated_at").or_else(|| time("at"))
    }

    /// When the service first saw the entitlement.
    fn first_seen_at(&self) -> Option<Timestamp> {
        let seen = Reader::new("", &self.0).time("first_seen_at");
        seen.ok().flatten()
    }

    /// The entitlement, if it is delivered and not reported.
    #[must_use]
    pub fn unreported(&self) -> Option<EntitlementId> {
        let is_delivered = self.text("status") == Some(Status::Delivered.as_str());
        self.entitlement().filter(|_| is_delivered)
    }

    pub(super) fn entitlement(&self) -> Option<EntitlementId> {
        EntitlementId::new(self.text("sk")?.strip_prefix("E#")?).ok()
    }

    pub(super) fn text(&self, field: &'static str) -> Option<&str> {
        Reader::new("", &self.0).text(field)
    }

    fn is_leased(&self, now: Timestamp) -> bool {
        let reader = Reader::new("", &self.0);
        let until = reader.time("due_at").ok().flatten();
        reader.text("owner").is_some() && until.is_some_and(|until| until > now)
    }

    /// A change of this row that needs it as it was read.
    pub(super) fn change(&self, of: &Fulfillments) -> Change {
        const TELLING: [&str; 7] = [
            "status",
            "reason",
            "updated_at",
            "attempts",
            "owner",
            "due_at",
            "entitlements",
        ];
        let row_key = ["pk", "sk"].map(|name| self.text(name).unwrap_or_default().to_owned());
        let [pk, sk] = row_key;
        of.change(key(pk, sk))
            .when("attribute_exists(#pk)")
            .only_if_as_in(&self.0, &TELLING)
    }
}

impl Fulfillments {
    /// Says in the player's partition that an erasure has begun. Until it has ended,
    /// `player.erase_again` finds the player by that row, even if a crash has left no other.
    #[must_use]
    pub fn under_way_changes(&self, player: &PlayerId) -> Changes {
        let row = self.change(key(player_pk(player), UNDER_WAY.to_owned()));
        Changes(vec![
            row.set("player_id", s(player.as_str())).in_transaction(),
        ])
    }

    /// Deletes the row of [`Self::under_way_changes`], because the erasure has ended.
    #[must_use]
    pub fn ended_changes(&self, player: &PlayerId) -> Changes {
        let row = self.change(key(player_pk(player), UNDER_WAY.to_owned()));
        Changes(vec![row.delete_in_transaction()])
    }

    /// A page of the rows in the player's partition, read strongly: from after the sort key `after`
    /// on, as many as one request gives. `true`: there are more.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn rows_of(
        &self,
        player: &PlayerId,
        after: Option<&str>,
    ) -> Result<(Vec<Stored>, bool), StoreError> {
        let start = after.map(|sk| key(player_pk(player), sk.to_owned()));
        let page = self
            .partition(player_pk(player))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| unavailable("Query", &error))?;
        let rows = page.items.unwrap_or_default();
        let is_more = page.last_evaluated_key.is_some();
        Ok((rows.into_iter().map(Stored).collect(), is_more))
    }

    /// Erases one row, in one transaction with what belongs to it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn erase_row(
        &self,
        links: &Links,
        erasures: &Erasures,
        erasing: &Erasing<'_>,
        row: &Stored,
        now: Timestamp,
    ) -> Result<Fate, StoreError> {
        if row.is_leased(now) {
            return Ok(Fate::AtWork);
        }
        let sk = row.text("sk").unwrap_or_default();
        let parts = if let Some(id) = row.entitlement() {
            self.record_parts(erasures, erasing, row, &id).await?
        } else if let Some(sku) = sk.strip_prefix("G#") {
            self.guard_parts(erasures, erasing, row, sku)
        } else if sk.starts_with("A#") {
            self.audit_parts(links, erasures, erasing, row, now).await?
        } else {
            vec![
                row.change(self).delete_in_transaction(),
                erasures.running_part(erasing),
            ]
        };
        Ok(match transact(&self.client, parts).await? {
            Committed::All => Fate::Erased,
            Committed::Nothing(_) => Fate::Changed,
        })
    }

    /// The record goes. If the player owned the entitlement, its owner is now the player's hash, which
    /// refuses every player.
    async fn record_parts(
        &self,
        erasures: &Erasures,
        erasing: &Erasing<'_>,
        row: &Stored,
        id: &EntitlementId,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let player = erasing.player;
        let item = self.item(owner_key(id)).await?.unwrap_or_default();
        let is_theirs = Reader::new(&self.table, &item).text("player_id") == Some(player.as_str());
        let owner = self
            .change(owner_key(id))
            .value(":player", s(player.as_str()));
        let owner = if is_theirs {
            owner
                .when("#player_id = :player")
                .set("player_id", s(erasing.id.as_owner()))
                .in_transaction()
        } else {
            owner
                .when("attribute_not_exists(#player_id) OR #player_id <> :player")
                .check()
        };
        let seen = self
            .change(seen_key(id, player))
            .when("attribute_not_exists(#pk) OR #player_id = :player")
            .value(":player", s(player.as_str()));
        let unreported = row.unreported().filter(|_| erasing.lists_unreported);
        Ok(vec![
            row.change(self).delete_in_transaction(),
            owner,
            seen.delete_in_transaction(),
            erasures.noting_part(erasing, row.text("amazon_user_id"), unreported.as_ref()),
        ])
    }

    /// What the player has used up stays used up, under the hash.
    fn guard_parts(
        &self,
        erasures: &Erasures,
        erasing: &Erasing<'_>,
        row: &Stored,
        sku: &str,
    ) -> Vec<TransactWriteItem> {
        let mut parts = vec![row.change(self).delete_in_transaction()];
        let used = Reader::new(&self.table, &row.0).texts("entitlements");
        if let Some(used) = used {
            let kept = self
                .change(erased_guard_key(erasing.id, sku))
                .add("entitlements", AttributeValue::Ss(used.to_vec()));
            parts.push(kept.in_transaction());
            parts.push(erasures.used_up_part(erasing, sku));
        } else {
            parts.push(erasures.running_part(erasing));
        }
        parts
    }

    /// How old the rows of the player's partition are, as far as they say.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn dates_of(&self, player: &PlayerId) -> Result<Dates, StoreError> {
        let mut dates = Dates::default();
        let mut after: Option<String> = None;
        loop {
            let (rows, is_more) = self.rows_of(player, after.as_deref()).await?;
            dates
                .written
                .extend(rows.iter().filter_map(Stored::written_at));
            let seen = rows.iter().filter_map(Stored::first_seen_at);
            dates.newest_seen = seen.max().max(dates.newest_seen);
            let last = rows.last().and_then(|row| row.text("sk"));
            after = last.map(str::to_owned).filter(|_| is_more);
            if after.is_none() {
                return Ok(dates);
            }
        }
    }
}

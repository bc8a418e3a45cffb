//! Records that are `pending` for the game and were never handed out: an operator or a resumed offer
//! made them so, and no check has answered them since. They are listed by their SKU in parts of the
//! index `due` that no run of `reconcile` looks at, `WAITS#<sku>#<shard>`, so that a corrected offer
//! finds them. The write that notes that a check hands one out takes it off the list.

use super::due::{DuePage, DuePosition};
use super::record::Record;
use crate::domain::{EntitlementId, Offer, Sku, Timestamp};
use crate::store::dynamo::{Change, WAITS, due_shard, s, time};
use crate::store::error::StoreError;
use crate::store::operations::Changes;
use crate::store::tables::Fulfillments;

/// The part of the index `due` where a record waits to be handed out.
fn waiting_shard(sku: &str, shard: &str) -> String {
    format!("{WAITS}{sku}#{shard}")
}

impl Fulfillments {
    /// Records of this SKU that wait to be handed out to the game, in one shard: a page of hints, after
    /// the position `after`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn never_handed_out(
        &self,
        sku: &Sku,
        shard: u8,
        now: Timestamp,
        after: Option<DuePosition>,
    ) -> Result<DuePage, StoreError> {
        let shard = waiting_shard(sku.as_str(), &shard.to_string());
        self.due_page(&shard, now, after).await
    }

    /// Gives a `pending` record that was never handed out the offer's title and content.
    #[must_use]
    pub fn correction_changes(&self, known: &Record, offer: &Offer, now: Timestamp) -> Changes {
        let title = (!offer.title.is_empty()).then(|| s(&offer.title));
        let change = self
            .change_as_read(known, now)
            // A hand-out changes nothing that `change_as_read` compares, so this has to notice it.
            .only_if_absent("handed_out_at")
            .set_or_remove("title", title)
            .set("content", s(offer.content.as_str()))
            .set("ordered_at", time(now))
            .set("updated_at", time(now));
        Changes(vec![change.in_transaction()])
    }
}

impl Change {
    /// Without a lease, and listed as waiting to be handed out.
    pub(super) fn waiting_for_the_game(
        self,
        sku: Option<&str>,
        id: &EntitlementId,
        now: Timestamp,
    ) -> Self {
        let shard = due_shard(id.as_str());
        self.listed_in_due(waiting_shard(sku.unwrap_or_default(), &shard), now)
    }
}

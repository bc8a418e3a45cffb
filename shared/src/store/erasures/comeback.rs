//! What an erased player had used up comes back with the player's next link.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};

use super::marker::{BATCH_TRIES, Marker};
use crate::domain::PlayerId;
use crate::store::dynamo::{
    BATCH, Change, Item, Reader, batch_get, erased_guard_key, guard_key, transact,
};
use crate::store::error::StoreError;
use crate::store::operations::Changes;
use crate::store::outcome::WriteOutcome;
use crate::store::tables::{Erasures, Fulfillments};

/// How many guards one transaction gives back. DynamoDB takes 100 parts, and a link has some of its own.
const AT_ONCE: usize = 80;

/// What the player has used up, as far as it is not given back yet.
#[derive(Debug)]
pub struct UsedUp(Vec<TransactWriteItem>);

impl Fulfillments {
    /// Reads what a player who comes back has used up before the erasure. The copy under the hash stays.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn used_up(&self, marker: &Marker, player: &PlayerId) -> Result<UsedUp, StoreError> {
        let skus: Vec<_> = marker.skus.iter().collect();
        let mut parts = Vec::new();
        for skus in skus.chunks(BATCH) {
            let keys = skus.iter().map(|sku| erased_guard_key(&marker.id, sku));
            let batch = batch_get(&self.client, &self.table, keys.collect(), BATCH_TRIES).await?;
            let items = batch.whole()?;
            let guards = items.iter();
            parts.extend(guards.filter_map(|item| self.given_back(item, player)));
        }
        Ok(UsedUp(parts))
    }

    fn given_back(&self, kept: &Item, player: &PlayerId) -> Option<TransactWriteItem> {
        let kept = Reader::new(&self.table, kept);
        let sku = kept.text("sk")?.strip_prefix("G#")?;
        let used = kept.texts("entitlements")?;
        let guard: Change = self
            .change(guard_key(player, sku))
            .add("entitlements", AttributeValue::Ss(used.to_vec()));
        Some(guard.in_transaction())
    }

    /// Gives back now what is too much for the transaction of a link. If no link is made after that, the
    /// player has used up the same as before. [`WriteOutcome::Changed`]: the marker is not as it was read.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn give_back_most(
        &self,
        erasures: &Erasures,
        marker: &Marker,
        used_up: &mut UsedUp,
    ) -> Result<WriteOutcome, StoreError> {
        while used_up.0.len() > AT_ONCE {
            let mut parts = used_up.0.split_off(used_up.0.len() - AT_ONCE);
            let Changes(unchanged) = erasures.still_changes(&marker.id, Some(marker));
            parts.extend(unchanged);
            if !transact(&self.client, parts).await?.outcome().is_done() {
                return Ok(WriteOutcome::Changed);
            }
        }
        Ok(WriteOutcome::Done)
    }
}

impl UsedUp {
    /// The changes that give back what is left.
    #[must_use]
    pub fn changes(self) -> Changes {
        Changes(self.0)
    }
}

//! What a SKU stands for: few items, read often, changed by hand.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};

use super::dynamo::{BATCH, Change, Item, Reader, batch_get, batch_get_as, n, s, unavailable};
use super::error::StoreError;
use super::operations::Changes;
use crate::budget::OFFER_KEPT;
use crate::domain::{Content, Offer, PerPlayer, Sku, Timestamp};

/// The offers table.
#[derive(Clone, Debug)]
pub struct Offers {
    client: Client,
    table: String,
}

/// The offers of some SKUs. One that can't be read does not keep the others from being read.
#[derive(Debug, Default)]
pub struct FoundOffers {
    /// Those that exist and can be read.
    pub offers: HashMap<Sku, Offer>,
    /// Those that a cache gave: whether they are paused now is not known.
    pub cached: HashSet<Sku>,
    /// Those that exist and can't be read, with the reason.
    pub unreadable: HashMap<Sku, StoreError>,
}

/// How many requests one batch read may take.
const BATCH_TRIES: u32 = 5;

impl Offers {
    /// The offers in `table`.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Stores an offer, and replaces an earlier one.
    #[must_use]
    pub fn put_changes(&self, offer: &Offer) -> Changes {
        let per_player = offer.per_player.0.map_or(AttributeValue::Null(true), n);
        let change = Change::of(&self.table, sku_key(&offer.sku))
            .set("title", s(&offer.title))
            .set("content", s(offer.content.as_str()))
            .set("per_player", per_player)
            .set_or_remove("paused", offer.paused.then_some(AttributeValue::Bool(true)));
        Changes(vec![change.in_transaction()])
    }

    /// Pauses an offer, or resumes it, if there is one.
    #[must_use]
    pub fn pause_changes(&self, sku: &Sku, is_paused: bool) -> Changes {
        let change = Change::of(&self.table, sku_key(sku))
            .when("attribute_exists(#sku)")
            .set_or_remove("paused", is_paused.then_some(AttributeValue::Bool(true)));
        Changes(vec![change.in_transaction()])
    }

    /// Removes an offer, if there is one.
    #[must_use]
    pub fn delete_changes(&self, sku: &Sku) -> Changes {
        let change = Change::of(&self.table, sku_key(sku)).when("attribute_exists(#sku)");
        Changes(vec![change.delete_in_transaction()])
    }

    /// Every offer, by SKU, and why the others can't be read.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn list(&self) -> Result<(Vec<Offer>, Vec<StoreError>), StoreError> {
        let (mut offers, mut unreadable) = (Vec::new(), Vec::new());
        let mut start: Option<Item> = None;
        loop {
            let page = self
                .client
                .scan()
                .table_name(&self.table)
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| unavailable("Scan", &error))?;
            for item in page.items() {
                match self.read(item) {
                    Ok(offer) => offers.push(offer),
                    Err(error) => unreadable.push(error),
                }
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                offers.sort_by(|a, b| a.sku.cmp(&b.sku));
                return Ok((offers, unreadable));
            }
        }
    }

    /// The offers of these SKUs, as far as they exist.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn get(&self, skus: &[&Sku]) -> Result<FoundOffers, StoreError> {
        let mut found = FoundOffers::default();
        for skus in skus.chunks(BATCH) {
            let keys = skus.iter().map(|sku| sku_key(sku)).collect();
            // The read is strong, because a new offer counts at once.
            let batch = batch_get(&self.client, &self.table, keys, BATCH_TRIES).await?;
            let items = batch.whole()?;
            for item in &items {
                let sku: Sku = Reader::new(&self.table, item).id("sku")?;
                match self.read(item) {
                    Ok(offer) => drop(found.offers.insert(sku, offer)),
                    Err(error) => drop(found.unreadable.insert(sku, error)),
                }
            }
        }
        Ok(found)
    }

    /// The offer of this SKU; `None` if there is none.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn one(&self, sku: &Sku) -> Result<Option<Offer>, StoreError> {
        let mut found = self.get(&[sku]).await?;
        match found.unreadable.remove(sku) {
            Some(error) => Err(error),
            None => Ok(found.offers.remove(sku)),
        }
    }

    /// Which of these offers are paused now. No cache answers, so a pause counts at once. The read is
    /// not strong, which halves its cost: all players' checks read the same few rows.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn paused(&self, skus: &[&Sku]) -> Result<HashSet<Sku>, StoreError> {
        let how = KeysAndAttributes::builder().projection_expression("sku, paused");
        let mut paused = HashSet::new();
        for skus in skus.chunks(BATCH) {
            let keys = skus.iter().map(|sku| sku_key(sku)).collect();
            let batch = batch_get_as(&self.client, &self.table, keys, BATCH_TRIES, &how).await?;
            for item in &batch.whole()? {
                let reader = Reader::new(&self.table, item);
                if reader.flag("paused") {
                    paused.insert(reader.id("sku")?);
                }
            }
        }
        Ok(paused)
    }

    fn read(&self, item: &Item) -> Result<Offer, StoreError> {
        let reader = Reader::new(&self.table, item);
        Ok(Offer {
            sku: reader.id("sku")?,
            title: reader.need_text("title")?.to_owned(),
            content: Content::stored(reader.need_text("content")?)
                .ok_or_else(|| reader.corrupt("content"))?,
            per_player: match item.get("per_player") {
                Some(AttributeValue::Null(true)) => PerPlayer(None),
                _ => PerPlayer(Some(
                    reader
                        .number("per_player")?
                        .ok_or_else(|| reader.corrupt("per_player"))?,
                )),
            },
            paused: reader.flag("paused"),
        })
    }
}

fn sku_key(sku: &Sku) -> Item {
    Item::from([("sku".to_owned(), s(sku.as_str()))])
}

/// Offers that this process has read lately. It keeps each for a minute. It does not remember that
/// an offer is missing, so that a new offer counts at once.
#[derive(Debug)]
pub struct CachedOffers {
    offers: Offers,
    kept: Mutex<HashMap<Sku, (Offer, Timestamp)>>,
}

impl CachedOffers {
    /// A cache in front of `offers`.
    #[must_use]
    pub fn new(offers: Offers) -> Self {
        Self {
            offers,
            kept: Mutex::new(HashMap::new()),
        }
    }

    /// The table itself, for operators, who do not wait for a cache.
    #[must_use]
    pub fn stored(&self) -> &Offers {
        &self.offers
    }

    /// The offers of these SKUs, as far as they exist.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn get(
        &self,
        skus: impl IntoIterator<Item = &Sku>,
        now: Timestamp,
    ) -> Result<FoundOffers, StoreError> {
        let mut found = FoundOffers::default();
        let mut missing = Vec::new();
        {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.retain(|_, (_, read_at)| now.since(*read_at) < OFFER_KEPT);
            for sku in skus {
                match kept.get(sku) {
                    Some((offer, _)) => {
                        found.offers.insert(sku.clone(), offer.clone());
                        found.cached.insert(sku.clone());
                    }
                    None if missing.contains(&sku) => {}
                    None => missing.push(sku),
                }
            }
        }
        if missing.is_empty() {
            return Ok(found);
        }
        let read = self.offers.get(&missing).await?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        for (sku, offer) in read.offers {
            kept.insert(sku.clone(), (offer.clone(), now));
            found.offers.insert(sku, offer);
        }
        found.unreadable = read.unreadable;
        Ok(found)
    }
}

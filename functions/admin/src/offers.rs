//! The offers of `offers.put`.

use std::collections::HashSet;

use prime_gaming::domain::{Offer, PerPlayer};
use prime_gaming::flow::Order;
use serde_json::value::RawValue;

use crate::fault::Fault;
use crate::form::{Form, Why};

/// The most offers of one `offers.put`: as many as are stored well within the time limit.
const MOST: usize = 500;

/// `{"offers": [{sku, title, content, per_player?}]}`: all of them, or none if any has a fault.
pub(crate) fn put(mut form: Form<'_>) -> Result<(Vec<Offer>, Order), Vec<Fault>> {
    let mut given: Vec<&RawValue> = form
        .raw("offers")
        .and_then(|list| serde_json::from_str(list.get()).ok())
        .unwrap_or_default();
    if !(1..=MOST).contains(&given.len()) {
        form.fault(format!(
            "offers must be a list of 1 to {MOST} objects with sku, title and content"
        ));
        given.clear();
    }
    let (mut offers, mut warnings) = (Vec::new(), Vec::new());
    let mut skus = HashSet::new();
    for (index, offer) in given.iter().enumerate() {
        match Offer::from_json(offer) {
            Ok(offer) if skus.insert(offer.sku.clone()) => {
                warnings.extend(warning(index, &offer));
                offers.push(offer);
            }
            Ok(offer) => form.fault(format!(
                "offers[{index}].sku: {} is in the list twice",
                offer.sku
            )),
            Err(found) => {
                for fault in found {
                    form.fault(format!("offers[{index}].{fault}"));
                }
            }
        }
    }
    let order = form.order(Why::Wanted, warnings);
    Ok((form.good(Some(offers))?, order))
}

fn warning(index: usize, offer: &Offer) -> Option<String> {
    (offer.per_player == PerPlayer(None)).then(|| {
        format!(
            "offers[{index}].per_player: null lets a player have {} any number of times; Amazon's \
             fraud page says at most once per game account",
            offer.sku
        )
    })
}

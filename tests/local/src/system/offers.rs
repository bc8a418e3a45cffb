//! The sample offers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::runtime::Function;
use crate::{Error, build};

/// The command that puts the sample offers, each as it is written there.
#[derive(Deserialize, Serialize)]
struct SampleOffers {
    command: String,
    offers: Vec<Box<RawValue>>,
}

/// Puts the sample offers in that are not there, and tells the SKUs of all that are.
pub(super) async fn seed(functions: &BTreeMap<String, Function>) -> Result<Vec<String>, Error> {
    let Some(admin) = functions.get("admin") else {
        return Ok(Vec::new());
    };
    let sample = std::fs::read(build::workspace().join("events/admin-offers-put.json"))?;
    let mut sample: SampleOffers = serde_json::from_slice(&sample)?;
    let known = skus(&admin.invoke(&json!({ "command": "offers.list" })).await?);
    sample.offers.retain(|offer| {
        let offer = crate::json::read(offer.get().as_bytes()).unwrap_or_default();
        !known.iter().any(|sku| offer["sku"] == sku.as_str())
    });
    if sample.offers.is_empty() {
        return Ok(known);
    }
    let answer = admin.invoke_bytes(serde_json::to_vec(&sample)?.into());
    let answer: Value = serde_json::from_slice(&answer.await?)?;
    if answer["ok"] != true {
        return Err(format!("the sample offers were refused: {answer}").into());
    }
    Ok(skus(
        &admin.invoke(&json!({ "command": "offers.list" })).await?,
    ))
}

fn skus(list: &Value) -> Vec<String> {
    let offers = list["offers"].as_array().into_iter().flatten();
    offers
        .filter_map(|offer| Some(offer["sku"].as_str()?.to_owned()))
        .collect()
}

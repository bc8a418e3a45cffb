//! An offer: what the studio gives for a SKU.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::ids::Sku;

/// The most that an offer's content may take as JSON text, in bytes.
pub const MAX_CONTENT_BYTES: usize = 8 * 1024;

/// The most that an offer's title may take, in bytes.
pub const MAX_TITLE_BYTES: usize = 200;

/// How many entitlements of one offer a player may use: a number, or `None` for any number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PerPlayer(pub Option<u32>);

/// What the studio gives for a SKU.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Offer {
    /// The SKU, as it was told to Amazon.
    pub sku: Sku,
    /// For people: support, QA.
    pub title: String,
    /// For the game: any JSON.
    pub content: Value,
    /// How often one player may have it.
    pub per_player: PerPlayer,
}

/// What is wrong with one field of an offer, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {rule}")]
pub struct OfferFault {
    /// The field, `sku`, `title`, `content` or `per_player`.
    pub field: &'static str,
    /// What would be right.
    pub rule: String,
}

impl Offer {
    /// Reads an offer from JSON. Unknown fields are ignored; `per_player` is 1 where it is left
    /// out, and any number where it is `null`.
    ///
    /// # Errors
    /// Every fault of the offer, not only the first.
    pub fn from_json(value: &Value) -> Result<Self, Vec<OfferFault>> {
        let empty = Map::new();
        let mut faults = Vec::new();
        let fields = value.as_object().unwrap_or_else(|| {
            faults.push(fault(
                "offer",
                "must be an object with sku, title and content",
            ));
            &empty
        });
        if !faults.is_empty() {
            return Err(faults);
        }

        let sku = match fields.get("sku").and_then(Value::as_str).map(Sku::new) {
            Some(Ok(sku)) => Some(sku),
            Some(Err(error)) => {
                faults.push(fault("sku", &error.to_string()));
                None
            }
            None => {
                faults.push(fault("sku", "is required, as a string"));
                None
            }
        };
        let title = fields.get("title").and_then(Value::as_str).unwrap_or("");
        if title.trim().is_empty() || title.len() > MAX_TITLE_BYTES {
            faults.push(fault("title", "is required, as a string of 1 to 200 bytes"));
        }
        let content = fields.get("content");
        match content {
            None => faults.push(fault("content", "is required, as any JSON")),
            Some(content) if content.to_string().len() > MAX_CONTENT_BYTES => {
                faults.push(fault("content", "must be at most 8192 bytes as JSON"));
            }
            Some(_) => {}
        }
        let per_player = match fields.get("per_player") {
            None => Some(PerPlayer(Some(1))),
            Some(Value::Null) => Some(PerPlayer(None)),
            Some(number) => {
                let number = number
                    .as_u64()
                    .filter(|number| (1..=1000).contains(number))
                    .and_then(|number| u32::try_from(number).ok());
                if number.is_none() {
                    faults.push(fault(
                        "per_player",
                        "must be a whole number from 1 to 1000, or null for any number",
                    ));
                }
                number.map(|number| PerPlayer(Some(number)))
            }
        };
        match (sku, content, per_player) {
            (Some(sku), Some(content), Some(per_player)) if faults.is_empty() => Ok(Self {
                sku,
                title: title.to_owned(),
                content: content.clone(),
                per_player,
            }),
            _ => Err(faults),
        }
    }
}

fn fault(field: &'static str, rule: &str) -> OfferFault {
    OfferFault {
        field,
        rule: rule.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn per_player_is_one_unless_said_otherwise() {
        let offer = Offer::from_json(&json!({"sku": "hat", "title": "Hat", "content": null}))
            .expect("content may be any JSON");
        assert_eq!(offer.per_player, PerPlayer(Some(1)));
        let offer = Offer::from_json(
            &json!({"sku": "hat", "title": "Hat", "content": 1, "per_player": null}),
        )
        .expect("null means any number");
        assert_eq!(offer.per_player, PerPlayer(None));
    }

    #[test]
    fn all_faults_are_named_at_once() {
        let faults = Offer::from_json(&json!({
            "sku": "a/b", "title": " ", "content": "x".repeat(MAX_CONTENT_BYTES), "per_player": 0
        }))
        .expect_err("everything is wrong");
        let fields: Vec<_> = faults.iter().map(|fault| fault.field).collect();
        assert_eq!(fields, ["sku", "title", "content", "per_player"]);
    }

    #[test]
    fn an_offer_is_an_object() {
        assert_eq!(
            Offer::from_json(&json!([]))
                .expect_err("not an object")
                .len(),
            1
        );
    }
}

//! An offer: what the studio gives for a SKU.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::content::Content;
use super::ids::Sku;
use super::json::{FieldsError, SHOWN_KEY_CHARS, fields};

/// The most that an offer's title may take, in bytes.
pub const MAX_TITLE_BYTES: usize = 200;

/// The largest limit of an offer: so many entitlements its guard holds at most.
pub const MAX_PER_PLAYER: u32 = 1000;

/// How many entitlements of one offer a player may use: a number, or `None` for any number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PerPlayer(pub Option<u32>);

/// What the studio gives for a SKU.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Offer {
    /// The SKU, as it was told to Amazon.
    pub sku: Sku,
    /// For people: players, support, QA.
    pub title: String,
    /// For the game: any JSON.
    pub content: Content,
    /// How often one player may have it.
    pub per_player: PerPlayer,
    /// Whether nothing of it is handed out for now.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub paused: bool,
}

/// What is wrong with one field of an offer, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {rule}")]
pub struct OfferFault {
    /// The field, `sku`, `title`, `content`, `per_player` or `paused`; `offer` if it is about the whole.
    pub field: &'static str,
    /// What would be right.
    pub rule: String,
}

impl Offer {
    /// Reads an offer from JSON. `per_player` is 1 where it is left out, and any number where it is
    /// `null`. `paused` is false where it is left out. An unknown field is a fault: it may be a typo of
    /// `paused`.
    ///
    /// # Errors
    /// Every fault of the offer, not only the first.
    pub fn from_json(json: &RawValue) -> Result<Self, Vec<OfferFault>> {
        let fields = fields(json).map_err(|error| {
            vec![match error {
                FieldsError::NotAnObject => {
                    fault("offer", "must be an object with sku, title and content")
                }
                error => fault("offer", error.to_string()),
            }]
        })?;
        let field = |name: &str| fields.get(name).copied();
        let unknown: Vec<_> = fields.keys().filter_map(|name| unknown(name)).collect();
        let results = (
            sku(field("sku")),
            title(field("title")),
            content(field("content")),
            per_player(field("per_player")),
            paused(field("paused")),
        );
        match results {
            (Ok(sku), Ok(title), Ok(content), Ok(per_player), Ok(paused)) if unknown.is_empty() => {
                Ok(Self {
                    sku,
                    title,
                    content,
                    per_player,
                    paused,
                })
            }
            (sku, title, content, per_player, paused) => {
                let faults = [
                    sku.err(),
                    title.err(),
                    content.err(),
                    per_player.err(),
                    paused.err(),
                ];
                Err(faults.into_iter().flatten().chain(unknown).collect())
            }
        }
    }
}

/// The fields of an offer.
const FIELDS: [&str; 5] = ["sku", "title", "content", "per_player", "paused"];

fn unknown(name: &str) -> Option<OfferFault> {
    let rule = || {
        let name: String = name.chars().take(SHOWN_KEY_CHARS).collect();
        let fields = FIELDS.join(", ");
        format!("{name:?} is no field of an offer, which takes {fields}")
    };
    (!FIELDS.contains(&name)).then(|| fault("offer", rule()))
}

/// A field that is a string. Space around it counts.
fn text(json: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(json?.get()).ok()
}

fn sku(json: Option<&RawValue>) -> Result<Sku, OfferFault> {
    let text = text(json).ok_or_else(|| fault("sku", "is required, as a string"))?;
    Sku::new(text).map_err(|error| fault("sku", format!("must be {}", error.rule())))
}

fn title(json: Option<&RawValue>) -> Result<String, OfferFault> {
    text(json)
        .filter(|title| !title.trim().is_empty() && title.len() <= MAX_TITLE_BYTES)
        .filter(|title| !title.chars().any(char::is_control))
        .ok_or_else(|| {
            let rule = "is required, as a string of 1 to 200 bytes without control characters";
            fault("title", rule)
        })
}

fn content(json: Option<&RawValue>) -> Result<Content, OfferFault> {
    let json = json.ok_or_else(|| fault("content", "is required, as any JSON"))?;
    Content::new(json).map_err(|error| fault("content", error.to_string()))
}

fn per_player(json: Option<&RawValue>) -> Result<PerPlayer, OfferFault> {
    const RULE: &str = "must be a whole number from 1 to 1000, or null for any number";
    let Some(json) = json else {
        return Ok(PerPlayer(Some(1)));
    };
    serde_json::from_str(json.get())
        .ok()
        .filter(|number: &Option<u32>| {
            number.is_none_or(|number| (1..=MAX_PER_PLAYER).contains(&number))
        })
        .map(PerPlayer)
        .ok_or_else(|| fault("per_player", RULE))
}

fn paused(json: Option<&RawValue>) -> Result<bool, OfferFault> {
    json.map_or(Ok(false), |json| {
        serde_json::from_str(json.get()).map_err(|_| fault("paused", "must be true or false"))
    })
}

fn fault(field: &'static str, rule: impl Into<String>) -> OfferFault {
    OfferFault {
        field,
        rule: rule.into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::MAX_CONTENT_BYTES;

    fn read(offer: &Value) -> Result<Offer, Vec<OfferFault>> {
        read_text(&offer.to_string())
    }

    fn read_text(offer: &str) -> Result<Offer, Vec<OfferFault>> {
        Offer::from_json(&RawValue::from_string(offer.to_owned()).expect("JSON"))
    }

    #[test]
    fn per_player_is_one_unless_said_otherwise() {
        let offer = read(&json!({"sku": "hat", "title": "Hat", "content": null}))
            .expect("content may be any JSON");
        assert_eq!(offer.per_player, PerPlayer(Some(1)));
        let offer = read(&json!({"sku": "hat", "title": "Hat", "content": 1, "per_player": null}))
            .expect("null means any number");
        assert_eq!(offer.per_player, PerPlayer(None));
    }

    #[test]
    fn all_faults_are_named_at_once() {
        let faults = read(&json!({
            "sku": "a/b", "title": " ", "content": "x".repeat(MAX_CONTENT_BYTES), "per_player": 0,
            "paused": "yes"
        }))
        .expect_err("everything is wrong");
        let fields: Vec<_> = faults.iter().map(|fault| fault.field).collect();
        assert_eq!(fields, ["sku", "title", "content", "per_player", "paused"]);
    }

    #[test]
    fn a_field_that_no_offer_has_is_a_fault() {
        let faults = read(&json!({
            "sku": "hat", "title": "Hat", "content": 1, "pause": true, "perPlayer": 2
        }))
        .expect_err("the operator meant something by them");
        let texts: Vec<_> = faults.iter().map(ToString::to_string).collect();
        let takes = "is no field of an offer, which takes sku, title, content, per_player, paused";
        assert_eq!(
            texts,
            [
                format!("offer: \"pause\" {takes}"),
                format!("offer: \"perPlayer\" {takes}")
            ]
        );
    }

    #[test]
    fn a_title_is_one_line_of_text() {
        for title in ["a\0b", "a\nb", "\u{7f}"] {
            let faults = read(&json!({"sku": "hat", "title": title, "content": 1}));
            assert_eq!(faults.expect_err(title)[0].field, "title");
        }
    }

    #[test]
    fn an_offer_is_an_object_with_each_field_once() {
        assert_eq!(read(&json!([])).expect_err("not an object").len(), 1);
        let faults = read_text(r#"{"sku": "a", "title": "A", "content": 1, "content": 2}"#)
            .expect_err("which content?");
        assert_eq!(
            faults[0].to_string(),
            r#"offer: has an object with the key "content" twice; keep one of them"#
        );
    }
}

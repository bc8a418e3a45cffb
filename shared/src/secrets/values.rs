//! What the secret holds.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use secrecy::SecretString;
use serde_json::{Map, Value};

use super::erasure_key::ErasureKey;
use crate::config::LwaConfig;
use crate::seal::{KeyError, TokenKeys};

/// The shortest `player_jwt_secret`, in bytes: as long as HS256's hash (RFC 7518, 3.2).
const MIN_JWT_SECRET_BYTES: usize = 32;

/// How long a webhook secret is, in bytes, by the Standard Webhooks specification.
const WEBHOOK_SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// The secret values. Printing them shows no secret.
#[derive(Debug)]
pub struct SecretValues {
    /// `lwa_client_secret`: the website client's, and the device client's where the ids are the same.
    pub lwa_client_secret: SecretString,
    /// `lwa_device_client_secret`: the device client's, which may have none.
    pub lwa_device_client_secret: Option<SecretString>,
    /// `token_keys`: the keys that seal tokens. The first one seals, and every one opens.
    pub token_keys: TokenKeys,
    /// `player_jwt_secret`: only where players' tokens are HS256; at least 32 bytes.
    pub player_jwt_secret: Option<SecretString>,
    /// `delivery_webhook_secret`: as it was written, `whsec_` and base64.
    pub delivery_webhook_secret: Option<SecretString>,
    /// `erasure_key`: hashes the ids of erased players. A deployment from before 0.2 may have none.
    pub erasure_key: Option<ErasureKey>,
    fingerprint: [u8; 32],
}

impl SecretValues {
    /// The fields that are known.
    pub const FIELDS: [&str; 6] = [
        "lwa_client_secret",
        "lwa_device_client_secret",
        "token_keys",
        "player_jwt_secret",
        "delivery_webhook_secret",
        "erasure_key",
    ];

    /// Reads the secret's JSON. An unknown field is ignored with a warning, because a newer version
    /// may need it. An empty text counts as unset.
    ///
    /// # Errors
    /// Every fault, each naming its field and what would be right, never a value.
    pub fn parse(json: &str) -> Result<Self, Vec<String>> {
        // serde_json's own message would quote what it found.
        let Ok(Value::Object(fields)) = serde_json::from_str(json) else {
            return Err(vec!["it must be a JSON object".to_owned()]);
        };
        let unknown = fields
            .keys()
            .filter(|name| !Self::FIELDS.contains(&name.as_str()))
            .count();
        if unknown > 0 {
            tracing::warn!(unknown, known = ?Self::FIELDS, "the secret has fields that are not known");
        }
        let mut faults = Vec::new();
        let lwa_client_secret = text(&fields, "lwa_client_secret", &mut faults);
        if lwa_client_secret.is_none() && !mentions(&faults, "lwa_client_secret") {
            faults.push("lwa_client_secret is required".to_owned());
        }
        let lwa_device_client_secret = text(&fields, "lwa_device_client_secret", &mut faults);
        let token_keys = token_keys(fields.get("token_keys"), &mut faults);
        let player_jwt_secret = text(&fields, "player_jwt_secret", &mut faults);
        if player_jwt_secret.is_some_and(|secret| secret.len() < MIN_JWT_SECRET_BYTES) {
            faults.push(format!(
                "player_jwt_secret must have at least {MIN_JWT_SECRET_BYTES} bytes"
            ));
        }
        let delivery_webhook_secret = text(&fields, "delivery_webhook_secret", &mut faults);
        if delivery_webhook_secret.is_some_and(|secret| !is_webhook_secret(secret)) {
            faults.push(
                "delivery_webhook_secret must be `whsec_` and 24 to 64 bytes in base64".to_owned(),
            );
        }
        let erasure_key = text(&fields, "erasure_key", &mut faults).map(ErasureKey::parse);
        if erasure_key.as_ref().is_some_and(Option::is_none) {
            faults.push("erasure_key must be 32 bytes in base64".to_owned());
        }
        match (lwa_client_secret, token_keys) {
            (Some(lwa_client_secret), Some(token_keys)) if faults.is_empty() => Ok(Self {
                lwa_client_secret: lwa_client_secret.into(),
                lwa_device_client_secret: lwa_device_client_secret.map(Into::into),
                token_keys,
                player_jwt_secret: player_jwt_secret.map(Into::into),
                delivery_webhook_secret: delivery_webhook_secret.map(Into::into),
                erasure_key: erasure_key.flatten(),
                fingerprint: fingerprint(json),
            }),
            _ => Err(faults),
        }
    }

    /// The secret of an LWA client: the website's, else the device client's, which may be empty.
    #[must_use]
    pub fn secret_for(&self, client_id: &str, lwa: &LwaConfig) -> SecretString {
        if client_id == lwa.client_id {
            self.lwa_client_secret.clone()
        } else {
            self.lwa_device_client_secret.clone().unwrap_or_default()
        }
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
    }
}

fn fingerprint(json: &str) -> [u8; 32] {
    let mut fingerprint = [0; 32];
    fingerprint.copy_from_slice(digest(&SHA256, json.as_bytes()).as_ref());
    fingerprint
}

fn mentions(faults: &[String], name: &str) -> bool {
    faults.iter().any(|fault| fault.starts_with(name))
}

fn text<'a>(
    fields: &'a Map<String, Value>,
    name: &str,
    faults: &mut Vec<String>,
) -> Option<&'a str> {
    match fields.get(name) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.as_str()).filter(|text| !text.is_empty()),
        Some(_) => {
            faults.push(format!("{name} must be a string"));
            None
        }
    }
}

fn token_keys(value: Option<&Value>, faults: &mut Vec<String>) -> Option<TokenKeys> {
    const FORM: &str = "a list of {\"id\": …, \"key\": …}";
    let Some(Value::Array(list)) = value else {
        faults.push(format!("token_keys is required, as {FORM}"));
        return None;
    };
    let keys: Vec<(&str, Vec<u8>)> = list
        .iter()
        .map(|element| {
            let part = |name| {
                element
                    .get(name)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
            };
            // A key that is not base64 gets the same sentence as one of another length.
            (part("id"), STANDARD.decode(part("key")).unwrap_or_default())
        })
        .collect();
    let borrowed: Vec<(&str, &[u8])> = keys.iter().map(|(id, key)| (*id, key.as_slice())).collect();
    match TokenKeys::new(&borrowed) {
        Ok(keys) => Some(keys),
        Err(wrong) => {
            // All faults of one key in one sentence.
            let mut by_key = BTreeMap::<usize, Vec<String>>::new();
            for (position, fault) in wrong {
                if fault == KeyError::Empty {
                    faults.push(format!("token_keys {fault}"));
                } else {
                    by_key.entry(position).or_default().push(fault.to_string());
                }
            }
            for (position, of_key) in by_key {
                faults.push(format!("token_keys[{position}] {}", of_key.join(" and ")));
            }
            None
        }
    }
}

fn is_webhook_secret(text: &str) -> bool {
    text.strip_prefix("whsec_")
        .and_then(|encoded| STANDARD.decode(encoded).ok())
        .is_some_and(|bytes| WEBHOOK_SECRET_BYTES.contains(&bytes.len()))
}

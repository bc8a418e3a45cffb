//! The usable keys of a JSON Web Key Set (RFC 7517): public keys for RS256, ES256 and EdDSA.
//!
//! Keys are read leniently, because account systems write them in many ways: an unneeded member may
//! have any value, a number may lack its leading zero bytes or have one too many, and `EdDSA` may have
//! its newer name `Ed25519` (RFC 9864).

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

use super::jwt_crypto::without_leading_zeros;
use crate::signals::event;

/// base64url with or without padding.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The size of a coordinate of P-256 and of an Ed25519 key.
const COORDINATE_BYTES: usize = 32;

/// A shorter coordinate is not a key: a random one never has that many leading zeros.
const SHORTEST_COORDINATE_BYTES: usize = 16;

/// The sizes of an RSA modulus that `ring` takes: 2048 to 8192 bits.
const MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

/// How many skipped keys the log names.
const MAX_NAMED: usize = 10;

/// The most that the log shows of a key's id.
const MAX_SHOWN_ID: usize = 64;

/// The usable keys of a set, at least one.
#[derive(Debug)]
pub(super) struct KeySet(Vec<Key>);

#[derive(Debug)]
struct Key {
    id: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
}

/// The text is not a key set, or has no usable key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum KeySetError {
    #[error("it is not a JSON Web Key Set")]
    Malformed,
    #[error("it holds no usable key for RS256, ES256 or EdDSA")]
    Empty,
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

impl KeySet {
    /// Reads a set. It skips an unusable key with a warning, because one key must not lock out every
    /// player.
    pub(super) fn parse(json: &[u8]) -> Result<Self, KeySetError> {
        let set: Set = serde_json::from_slice(json).map_err(|_| KeySetError::Malformed)?;
        let mut keys = Vec::new();
        let mut skipped = Vec::new();
        for (index, jwk) in set.keys.iter().enumerate() {
            match Key::parse(jwk) {
                Ok(key) => keys.push(key),
                Err(reason) => skipped.push(describe(index, jwk, reason)),
            }
        }
        if !skipped.is_empty() {
            let count = skipped.len();
            skipped.truncate(MAX_NAMED);
            tracing::warn!(
                event = event::KEYS_SKIPPED,
                count,
                keys = skipped.join("; "),
                "keys of the players' key set are not used"
            );
        }
        if keys.is_empty() {
            Err(KeySetError::Empty)
        } else {
            Ok(Self(keys))
        }
    }

    /// How many keys it has.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The keys that may have signed a token with this key id and algorithm. A token without an id may
    /// have any key of the algorithm, and a key without an id may have signed any token.
    pub(super) fn fitting(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> impl Iterator<Item = &DecodingKey> {
        let fits = move |key: &&Key| {
            key.algorithm == algorithm
                && (id.is_none() || key.id.is_none() || key.id.as_deref() == id)
        };
        self.0.iter().filter(fits).map(|key| &key.key)
    }

    /// Whether a key has this id.
    pub(super) fn has(&self, id: &str) -> bool {
        self.0.iter().any(|key| key.id.as_deref() == Some(id))
    }
}

fn describe(index: usize, jwk: &Value, reason: &str) -> String {
    match text(jwk, "kid") {
        Some(id) => {
            let id: String = id.chars().take(MAX_SHOWN_ID).collect();
            format!("key {index} ({id:?}): {reason}")
        }
        None => format!("key {index}: {reason}"),
    }
}

impl Key {
    /// Reads a key, or says why it is unusable.
    fn parse(jwk: &Value) -> Result<Self, &'static str> {
        let (algorithm, names, key): (_, &[&str], _) = match text(jwk, "kty") {
            Some("RSA") => (Algorithm::RS256, &["RS256"], rsa(jwk)?),
            Some("EC") if text(jwk, "crv") == Some("P-256") => {
                (Algorithm::ES256, &["ES256"], p256(jwk)?)
            }
            Some("EC") => return Err("`crv` is not P-256"),
            Some("OKP") if text(jwk, "crv") == Some("Ed25519") => {
                (Algorithm::EdDSA, &["EdDSA", "Ed25519"], ed25519(jwk)?)
            }
            Some("OKP") => return Err("`crv` is not Ed25519"),
            _ => return Err("`kty` is not RSA, EC or OKP"),
        };
        let absent_or = |name: &str, fits: &dyn Fn(&Value) -> bool| match jwk.get(name) {
            None | Some(Value::Null) => true,
            Some(value) => fits(value),
        };
        if !absent_or("use", &|value| value == "sig") {
            return Err("`use` is not `sig`");
        }
        let verifies = |value: &Value| {
            let operations = value.as_array().into_iter().flatten();
            operations
                .into_iter()
                .any(|operation| operation == "verify")
        };
        if !absent_or("key_ops", &verifies) {
            return Err("`key_ops` does not hold `verify`");
        }
        if !absent_or("alg", &|value| names.iter().any(|name| value == name)) {
            return Err("`alg` is not RS256, ES256 or EdDSA, or does not fit `kty`");
        }
        Ok(Self {
            id: text(jwk, "kid").map(ToOwned::to_owned),
            algorithm,
            key,
        })
    }
}

fn rsa(jwk: &Value) -> Result<DecodingKey, &'static str> {
    let n = bytes(jwk, "n").ok_or("`n` is missing, or not base64url")?;
    let e = bytes(jwk, "e").ok_or("`e` is missing, or not base64url")?;
    let (n, e) = (without_leading_zeros(&n), without_leading_zeros(&e));
    if !MODULUS_BYTES.contains(&n.len()) {
        return Err("`n` does not have 2048 to 8192 bits");
    }
    Ok(DecodingKey::from_rsa_raw_components(n, e))
}

fn p256(jwk: &Value) -> Result<DecodingKey, &'static str> {
    let x = coordinate(jwk, "x").ok_or("`x` is missing, or no coordinate of P-256")?;
    let y = coordinate(jwk, "y").ok_or("`y` is missing, or no coordinate of P-256")?;
    Ok(DecodingKey::from_ec_der(&[&[4][..], &x, &y].concat()))
}

fn ed25519(jwk: &Value) -> Result<DecodingKey, &'static str> {
    let x = coordinate(jwk, "x").ok_or("`x` is missing, or no key of Ed25519")?;
    Ok(DecodingKey::from_ed_der(&x))
}

fn text<'a>(jwk: &'a Value, name: &str) -> Option<&'a str> {
    jwk.get(name).and_then(Value::as_str)
}

fn bytes(jwk: &Value, name: &str) -> Option<Vec<u8>> {
    BASE64URL.decode(text(jwk, name)?).ok()
}

/// A number of 32 bytes. Its leading zeros may be missing, or be one too many.
fn coordinate(jwk: &Value, name: &str) -> Option<[u8; COORDINATE_BYTES]> {
    let bytes = bytes(jwk, name)?;
    let number = without_leading_zeros(&bytes);
    if !(SHORTEST_COORDINATE_BYTES..=COORDINATE_BYTES).contains(&number.len()) {
        return None;
    }
    let mut whole = [0; COORDINATE_BYTES];
    whole[COORDINATE_BYTES - number.len()..].copy_from_slice(number);
    Some(whole)
}

#[cfg(test)]
mod tests;

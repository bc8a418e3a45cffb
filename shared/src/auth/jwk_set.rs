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
                event = "keys_skipped",
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
mod tests {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    use super::*;

    fn ed(id: Option<&str>) -> Value {
        let mut key = json!({"kty": "OKP", "crv": "Ed25519", "x": "B".repeat(43)});
        if let Some(id) = id {
            key["kid"] = id.into();
        }
        key
    }

    fn with(mut key: Value, name: &str, value: Value) -> Value {
        key[name] = value;
        key
    }

    fn set(keys: &[Value]) -> Result<KeySet, KeySetError> {
        KeySet::parse(json!({"keys": keys}).to_string().as_bytes())
    }

    #[test]
    fn broken_and_useless_keys_do_not_cost_the_others() {
        let rsa_1024 = json!({"kty": "RSA", "kid": "short", "n": "f".repeat(171), "e": "AQAB"});
        let keys = [
            json!("not a key"),
            json!({"kid": "no type"}),
            json!({"kty": "RSA", "kid": "no n"}),
            rsa_1024,
            json!({"kty": "oct", "kid": "secret", "k": "AAAA"}),
            json!({"kty": "EC", "crv": "P-384", "x": "AAAA", "y": "AAAA"}),
            json!({"kty": "EC", "crv": "secp256k1", "x": "AAAA", "y": "AAAA"}),
            json!({"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA"}),
            with(ed(Some("enc")), "use", "enc".into()),
            with(ed(Some("sign")), "key_ops", json!(["sign"])),
            with(ed(Some("other")), "alg", "ES256".into()),
            with(ed(Some("short")), "x", "AAAA".into()),
            with(ed(Some("odd")), "x", "!".into()),
            with(
                with(ed(Some("good")), "use", "sig".into()),
                "alg",
                "EdDSA".into(),
            ),
        ];
        let set = set(&keys).expect("one is good");
        assert_eq!(set.0.len(), 1);
        assert_eq!(set.fitting(Some("good"), Algorithm::EdDSA).count(), 1);
    }

    #[test]
    fn a_set_without_a_usable_key_is_an_error() {
        assert_eq!(
            set(&[json!({"kty": "oct", "k": "AAAA"})]).err(),
            Some(KeySetError::Empty)
        );
        assert_eq!(set(&[]).err(), Some(KeySetError::Empty));
        for text in ["", "[]", "{}", "{\"keys\": {}}", "<html>"] {
            assert_eq!(
                KeySet::parse(text.as_bytes()).err(),
                Some(KeySetError::Malformed),
                "{text}"
            );
        }
    }

    #[test]
    fn keys_are_found_by_id_and_algorithm() {
        let set = set(&[ed(Some("a")), ed(Some("b")), ed(Some("b")), ed(None)]).expect("four");
        let fitting = |id, algorithm| set.fitting(id, algorithm).count();
        assert_eq!(
            fitting(Some("a"), Algorithm::EdDSA),
            2,
            "and the one without"
        );
        assert_eq!(
            fitting(Some("b"), Algorithm::EdDSA),
            3,
            "an id may come twice"
        );
        assert_eq!(fitting(Some("c"), Algorithm::EdDSA), 1, "the one without");
        assert_eq!(fitting(None, Algorithm::EdDSA), 4, "any could be meant");
        assert_eq!(fitting(Some("a"), Algorithm::RS256), 0);
        assert_eq!(fitting(None, Algorithm::ES256), 0);
        assert!(set.has("a") && !set.has("c"));
    }

    #[test]
    fn numbers_are_read_without_their_leading_zeros_or_with_one_too_many() {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut point = [7_u8; 32];
        point[..2].fill(0);
        let long = [&[0][..], &point].concat();
        for x in [&point[..], &point[1..], &point[2..], &long] {
            let jwk = json!({"x": encode(x), "padded": format!("{}==", encode(&[7; 16]))});
            assert_eq!(coordinate(&jwk, "x"), Some(point));
            assert_eq!(
                bytes(&jwk, "padded"),
                Some(vec![7; 16]),
                "with padding, too"
            );
        }
        for wrong in [vec![7; 33], vec![7; 15], vec![0; 32], Vec::new()] {
            assert_eq!(
                coordinate(&json!({"x": encode(&wrong)}), "x"),
                None,
                "{wrong:?}"
            );
        }
        for n in [vec![7; 255], vec![7; 1025]] {
            let jwk = json!({"kty": "RSA", "n": encode(&n), "e": "AQAB"});
            assert!(Key::parse(&jwk).is_err(), "{}", n.len());
        }
    }

    #[test]
    fn each_skipped_key_has_its_reason() {
        for (jwk, reason) in [
            (json!(7), "`kty`"),
            (json!({"kty": "oct", "k": "AAAA"}), "`kty`"),
            (json!({"kty": "EC", "crv": "P-384"}), "`crv`"),
            (json!({"kty": "OKP", "crv": "X25519"}), "`crv`"),
            (json!({"kty": "EC", "crv": "P-256", "x": "AAAA"}), "`x`"),
            (json!({"kty": "RSA", "e": "AQAB"}), "`n`"),
            (with(ed(None), "use", "enc".into()), "`use`"),
            (with(ed(None), "key_ops", json!(["sign"])), "`key_ops`"),
            (with(ed(None), "alg", "ES256".into()), "`alg`"),
        ] {
            let said = Key::parse(&jwk).expect_err("of no use");
            assert!(said.contains(reason), "{jwk}: {said}");
        }
        for odd in [
            with(ed(None), "kid", json!(7)),
            with(ed(None), "use", Value::Null),
            with(ed(None), "alg", "Ed25519".into()),
            with(ed(None), "x5c", json!("not a list")),
            with(ed(None), "key_ops", json!(["verify", "new"])),
        ] {
            assert!(Key::parse(&odd).is_ok(), "{odd}");
        }
    }
}

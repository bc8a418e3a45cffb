//! A JSON Web Key Set (RFC 7517), as far as it is of use: public keys for RS256, ES256 and EdDSA.

use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse,
};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use serde::Deserialize;
use serde_json::Value;

use super::jwt_crypto::without_leading_zeros;

/// The usable keys of a set, at least one.
#[derive(Debug)]
pub(super) struct KeySet(Vec<Key>);

#[derive(Debug)]
struct Key {
    id: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
}

/// What a set says to a token.
#[derive(Debug)]
pub(super) enum Found<'a> {
    /// This is its key.
    Key(&'a DecodingKey),
    /// No key has its id; a newer set might.
    UnknownId,
    /// There is a key of that id for another algorithm, or, for a token without an id, not exactly
    /// one key of its algorithm.
    Unfit,
}

/// A text that is no key set, or holds no key that is of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum KeySetError {
    #[error("it is not a JSON Web Key Set")]
    Malformed,
    #[error("it holds no usable key for RS256, ES256 or EdDSA")]
    Empty,
}

/// Why one key of a set is passed over.
enum Skip {
    /// For something else: encryption, another algorithm.
    OfNoUse,
    /// Not what it says it is.
    Broken,
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

impl KeySet {
    /// Reads a set. Broken keys are passed over with a warning: one of them must not lock out
    /// every player.
    pub(super) fn parse(json: &[u8]) -> Result<Self, KeySetError> {
        let set: Set = serde_json::from_slice(json).map_err(|_| KeySetError::Malformed)?;
        let mut keys = Vec::new();
        for (index, value) in set.keys.into_iter().enumerate() {
            match Key::parse(value) {
                Ok(key) => keys.push(key),
                Err(Skip::OfNoUse) => {
                    tracing::debug!(index, "a key of the players' key set is of no use here");
                }
                Err(Skip::Broken) => {
                    tracing::warn!(index, "a key of the players' key set is broken");
                }
            }
        }
        if keys.is_empty() {
            Err(KeySetError::Empty)
        } else {
            Ok(Self(keys))
        }
    }

    /// The key for a token with this key id and algorithm.
    pub(super) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Found<'_> {
        let fits = |key: &&Key| key.algorithm == algorithm;
        match id {
            Some(id) => {
                let mut same_id = self
                    .0
                    .iter()
                    .filter(|key| key.id.as_deref() == Some(id))
                    .peekable();
                if same_id.peek().is_none() {
                    return Found::UnknownId;
                }
                same_id
                    .find(fits)
                    .map_or(Found::Unfit, |key| Found::Key(&key.key))
            }
            None => {
                let mut fitting = self.0.iter().filter(fits);
                match (fitting.next(), fitting.next()) {
                    (Some(key), None) => Found::Key(&key.key),
                    _ => Found::Unfit,
                }
            }
        }
    }
}

impl Key {
    fn parse(value: Value) -> Result<Self, Skip> {
        let jwk: Jwk = serde_json::from_value(value).map_err(|_| Skip::Broken)?;
        let algorithm = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => Algorithm::RS256,
            AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
                Algorithm::ES256
            }
            AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
                Algorithm::EdDSA
            }
            AlgorithmParameters::Other(other) if claims_to_be_known(&other.fields) => {
                return Err(Skip::Broken);
            }
            _ => return Err(Skip::OfNoUse),
        };
        let common = &jwk.common;
        let for_signatures = matches!(common.public_key_use, None | Some(PublicKeyUse::Signature));
        let for_checking = common
            .key_operations
            .as_ref()
            .is_none_or(|operations| operations.contains(&KeyOperations::Verify));
        let for_this = common
            .key_algorithm
            .is_none_or(|named| named == KeyAlgorithm::from(algorithm));
        if !(for_signatures && for_checking && for_this) {
            return Err(Skip::OfNoUse);
        }
        let key = DecodingKey::from_jwk(&jwk).map_err(|_| Skip::Broken)?;
        let right_size = match key.kind() {
            // What `ring` takes: 2048 to 8192 bits.
            DecodingKeyKind::RsaModulusExponent { n, .. } => {
                (256..=1024).contains(&without_leading_zeros(n).len())
            }
            DecodingKeyKind::SecretOrDer(point) if algorithm == Algorithm::ES256 => {
                point.len() == 65
            }
            DecodingKeyKind::SecretOrDer(key) => key.len() == 32,
        };
        if !right_size {
            return Err(Skip::Broken);
        }
        Ok(Self {
            id: jwk.common.key_id,
            algorithm,
            key,
        })
    }
}

/// Whether a key that could not be read says that it is of a type which we read.
fn claims_to_be_known(fields: &std::collections::BTreeMap<String, Value>) -> bool {
    let kty = fields.get("kty").and_then(Value::as_str);
    let crv = fields.get("crv").and_then(Value::as_str);
    match kty {
        Some("RSA") | None => true,
        Some("EC") => matches!(crv, None | Some("P-256")),
        Some("OKP") => matches!(crv, None | Some("Ed25519")),
        Some(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ed(id: Option<&str>) -> Value {
        let mut key = json!({"kty": "OKP", "crv": "Ed25519", "x": "A".repeat(43)});
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
        assert!(matches!(
            set.find(Some("good"), Algorithm::EdDSA),
            Found::Key(_)
        ));
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
    fn a_key_is_found_by_id_and_algorithm() {
        let set = set(&[ed(Some("a")), ed(Some("b"))]).expect("two");
        assert!(matches!(
            set.find(Some("a"), Algorithm::EdDSA),
            Found::Key(_)
        ));
        assert!(matches!(
            set.find(Some("a"), Algorithm::RS256),
            Found::Unfit
        ));
        assert!(matches!(
            set.find(Some("c"), Algorithm::EdDSA),
            Found::UnknownId
        ));
        assert!(
            matches!(set.find(None, Algorithm::EdDSA), Found::Unfit),
            "two could be meant"
        );
    }

    #[test]
    fn without_an_id_the_only_fitting_key_is_meant() {
        let set = set(&[ed(None)]).expect("one");
        assert!(matches!(set.find(None, Algorithm::EdDSA), Found::Key(_)));
        assert!(matches!(set.find(None, Algorithm::ES256), Found::Unfit));
    }
}

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

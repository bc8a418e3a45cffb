//! Players' tokens, and the key set that they are checked by.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fuzz::{Scripted, fuzz, json, object, runtime, text};
use it::{AUDIENCE, ISSUER, JWT_SECRET, World, sign_hs256};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::{acceptable, whole};

/// The scope of game servers, whose tokens need no player id.
const SERVER: &str = "prime-gaming:server";

/// What a token that is let in must say; checked by other means than the service's own.
fn is_good(token: &str, now: f64) -> bool {
    let mut parts = token.split('.');
    let (Some(header), Some(claims), Some(_), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let decode = |part: &str| -> Option<Value> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
    };
    let (Some(header), Some(claims)) = (decode(header), decode(claims)) else {
        return false;
    };
    let is_audience = claims["aud"] == AUDIENCE
        || claims["aud"]
            .as_array()
            .is_some_and(|all| all.iter().any(|it| it == AUDIENCE));
    let id = claims["sub"].as_str().unwrap_or_default();
    let is_player = (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    let is_server = match &claims["scope"] {
        Value::String(words) => words.split(' ').any(|word| word == SERVER),
        list => list
            .as_array()
            .is_some_and(|list| list.iter().any(|word| word == SERVER)),
    };
    header["alg"] == "HS256"
        && header.get("crit").is_none()
        && claims["iss"] == ISSUER
        && is_audience
        && claims["exp"].as_f64().is_some_and(|exp| exp + 30.0 > now)
        && claims
            .get("nbf")
            .is_none_or(|nbf| nbf.as_f64().is_some_and(|nbf| nbf <= now + 30.0))
        && (is_player || is_server)
}

/// Tokens: who is let in has one that is good in every respect and is signed with the secret.
#[test]
fn jwts() {
    let runtime = runtime();
    let world = runtime.block_on(World::new());
    let now = world.clock.now().as_seconds();
    let text_of = |texts: Vec<&'static str>| select(texts).prop_map(Value::from).boxed();
    let header = object(vec![
        (
            "alg",
            text_of(vec!["HS256", "HS256", "HS256", "none", "RS256", "HS512"]),
        ),
        ("typ", text_of(vec!["JWT"])),
    ]);
    let time = move |from: i64, to: i64| (now + from..now + to).prop_map(Value::from).boxed();
    let claims = object(vec![
        ("iss", text_of(vec![ISSUER])),
        (
            "aud",
            prop_oneof![Just(json!(AUDIENCE)), Just(json!(["x", AUDIENCE]))].boxed(),
        ),
        ("exp", time(-60, 7200)),
        ("nbf", time(-600, 60)),
        ("sub", text_of(vec!["p1", "p2"])),
        ("name", text().prop_map(Value::from).boxed()),
        (
            "scope",
            prop_oneof![text().prop_map(Value::from), Just(json!(SERVER))].boxed(),
        ),
    ]);
    let secret = select(vec![
        JWT_SECRET,
        JWT_SECRET,
        JWT_SECRET,
        "",
        "another secret of more than 32 bytes",
    ]);
    let structured = (header, claims, secret).prop_map(|(header, claims, secret)| {
        sign_hs256(&header, &claims, secret.as_bytes()).into_bytes()
    });
    fuzz("jwts", structured, |input| {
        let token = String::from_utf8_lossy(input);
        if http::HeaderValue::from_str(&token).is_err() {
            return;
        }
        let answer = runtime.block_on(
            world
                .call("GET", "/v1/link?player_id=p1")
                .bearer(&token)
                .send(),
        );
        acceptable(&answer);
        if answer.status == 401 {
            assert!(answer.header("www-authenticate").is_some());
            return;
        }
        let token = token.trim();
        #[expect(clippy::cast_precision_loss, reason = "seconds of this age are exact")]
        let good = is_good(token, now as f64);
        assert!(good, "let in: {answer:?}");
        let (message, signature) = token.rsplit_once('.').expect("three parts");
        let (header, claims) = message.split_once('.').expect("three parts");
        assert_eq!(
            signature,
            signature_of(header, claims),
            "let in without the secret"
        );
    });
}

/// The signature that the secret makes over these two parts.
fn signature_of(header: &str, claims: &str) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, JWT_SECRET.as_bytes());
    let message = format!("{header}.{claims}");
    URL_SAFE_NO_PAD.encode(ring::hmac::sign(&key, message.as_bytes()))
}

/// Key sets: whatever the account system answers, a key that is not in it lets no caller in.
#[test]
fn key_sets() {
    let runtime = runtime();
    let server = runtime.block_on(Scripted::start());
    let url = format!("{}/first", server.url);
    let world = runtime.block_on(World::with(&[("PLAYER_JWKS_URL", &url)]));
    let text_of = |texts: Vec<&'static str>| select(texts).prop_map(Value::from).boxed();
    let key = object(vec![
        ("kty", text_of(vec!["RSA", "EC", "OKP", "oct"])),
        ("kid", text_of(vec!["k", ""])),
        (
            "alg",
            text_of(vec!["RS256", "ES256", "EdDSA", "Ed25519", "HS256"]),
        ),
        ("use", text_of(vec!["sig", "enc"])),
        ("crv", text_of(vec!["P-256", "Ed25519", "P-384"])),
        ("n", text_of(vec!["AQAB", "", "w7s7Ow", "!!"])),
        ("e", text_of(vec!["AQAB", "AA", ""])),
        (
            "x",
            text_of(vec![
                "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
                "AAAA",
                "",
            ]),
        ),
        (
            "y",
            text_of(vec!["x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0", ""]),
        ),
        ("k", text_of(vec!["AAAA", ""])),
    ]);
    let structured = prop_oneof![
        4 => vec(key, 0..4).prop_map(|keys| json!({"keys": keys})),
        1 => json(),
    ]
    .prop_map(|set| set.to_string().into_bytes());
    fuzz("key_sets", structured, |input| {
        let claims = json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "p1",
            "exp": world.clock.now().as_seconds() + 3600});
        for (alg, kid, coding) in [
            ("RS256", "k", "identity"),
            ("ES256", "k", ""),
            ("EdDSA", "", "identity"),
            ("Ed25519", "k", "identity"),
            ("HS256", "k", "identity"),
            // Says that it is compressed.
            ("RS256", "k", "gzip"),
            ("RS256", "k", "br"),
        ] {
            let headers = [
                ("content-type", b"application/json".as_slice()),
                ("content-encoding", coding.as_bytes()),
            ];
            server.answer(0, 200, &headers, input);
            // A set of an hour ago is not asked about again.
            world.clock.advance(std::time::Duration::from_secs(3601));
            let mut claims = claims.clone();
            claims["exp"] = (world.clock.now().as_seconds() + 3600).into();
            for secret in [&b""[..], b"\0\0\0", input] {
                let token = sign_hs256(&json!({"alg": alg, "kid": kid}), &claims, secret);
                let answer = runtime.block_on(world.call("GET", "/v1/link").bearer(&token).send());
                whole(&answer);
                assert!(matches!(answer.status.as_u16(), 401 | 503), "{answer:?}");
            }
        }
    });
}

//! Players' tokens on the routes of the API, each reason to refuse one by name: the header and
//! the signature here, what a token says in `auth_claims`, key sets in `auth_jwks`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use it::{Answer, JWT_SECRET, World, sign_hs256};
use serde_json::{Value, json};

use crate::link_support::links;

/// The claims of a good token.
pub(crate) fn claims(world: &World) -> Value {
    let now = world.clock.now().as_seconds();
    json!({"iss": it::ISSUER, "aud": it::AUDIENCE, "exp": now + 3600, "sub": "p1"})
}

/// The claims with one changed; `null` takes it away.
pub(crate) fn but(world: &World, name: &str, value: Value) -> Value {
    let mut claims = claims(world);
    if value.is_null() {
        claims.as_object_mut().expect("an object").remove(name);
    } else {
        claims[name] = value;
    }
    claims
}

pub(crate) fn signed(claims: &Value) -> String {
    let header = json!({"alg": "HS256", "typ": "JWT"});
    sign_hs256(&header, claims, JWT_SECRET.as_bytes())
}

pub(crate) async fn call(world: &World, token: &str) -> Answer {
    world.call("GET", "/v1/link").bearer(token).send().await
}

/// Asserts that this answer is a 401 that says what went wrong and repeats nothing.
pub(crate) fn refused(answer: &Answer, challenge: &str, token: &str) -> String {
    let detail = answer.problem(401, "invalid_token");
    assert_eq!(answer.header("www-authenticate"), Some(challenge));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    for part in token.split('.').filter(|part| part.len() > 8) {
        assert!(!answer.body.contains(part), "{}", answer.body);
    }
    detail
}

const INVALID: &str = "Bearer error=\"invalid_token\"";

pub(crate) async fn refused_token(world: &World, token: &str) -> String {
    refused(&call(world, token).await, INVALID, token)
}

#[tokio::test]
async fn every_route_wants_a_token() {
    let world = World::new().await;
    for (method, path) in [
        ("POST", "/v1/link/sessions"),
        ("GET", "/v1/link"),
        ("DELETE", "/v1/link"),
        ("POST", "/v1/entitlements/check"),
        ("GET", "/v1/entitlements"),
        ("POST", "/v1/fulfillments"),
    ] {
        let answer = world.call(method, path).send().await;
        refused(&answer, "Bearer", "");
        let bad = world.call(method, path).bearer("x.y.z");
        refused(&bad.send().await, INVALID, "");
        let bad = world.call(method, path).body("not even JSON");
        refused(&bad.send().await, "Bearer", "");
    }
    assert!(world.amazon.calls().is_empty());
    assert!(links(&world, "").await.is_empty(), "nothing was written");
}

#[tokio::test]
async fn health_wants_none() {
    let world = World::new().await;
    let answer = world.call("GET", "/health").send().await;
    assert_eq!(answer.ok(), json!({"status": "ok"}));
}

#[tokio::test]
async fn a_good_token_passes() {
    let world = World::new().await;
    let token = signed(&claims(&world));
    assert_eq!(call(&world, &token).await.status, 200);
    for scheme in ["bearer", "BEARER"] {
        let header = format!("{scheme} {token}");
        let call = world.call("GET", "/v1/link");
        let answer = call.header("authorization", &header).send().await;
        assert_eq!(answer.status, 200, "{scheme}");
    }
}

#[tokio::test]
async fn another_scheme_is_refused() {
    let world = World::new().await;
    let token = signed(&claims(&world));
    for value in [
        "Basic cDE6aHVudGVyMg==".to_owned(),
        format!("Basic {token}"),
        format!("Token {token}"),
        token.clone(),
        format!("Bearer{token}"),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        String::new(),
        format!("Bearer {token} {token}"),
        format!("Bearer {token}, Bearer {token}"),
        format!("Bearer \"{token}\""),
    ] {
        let call = world.call("GET", "/v1/link");
        let answer = call.header("authorization", &value).send().await;
        refused(&answer, INVALID, &token);
    }
}

#[tokio::test]
async fn a_doubled_header_is_refused() {
    let world = World::new().await;
    let token = signed(&claims(&world));
    let call = world.call("GET", "/v1/link").bearer(&token).bearer(&token);
    refused(&call.send().await, INVALID, &token);
}

#[tokio::test]
async fn a_token_elsewhere_does_not_count() {
    let world = World::new().await;
    let token = signed(&claims(&world));
    let path = format!("/v1/link?access_token={token}");
    let call = world.call("GET", &path);
    let call = call.header("cookie", &format!("token={token}"));
    refused(&call.send().await, "Bearer", &token);
}

#[tokio::test]
async fn garbage_is_refused() {
    let world = World::new().await;
    let good = signed(&claims(&world));
    let parts: Vec<&str> = good.split('.').collect();
    for token in [
        "x",
        ".",
        "..",
        "...",
        "a.b.c",
        "e30.e30.",
        "e30.e30.e30",
        "null",
        "////.++++.====",
        parts[0],
        &format!("{}.{}", parts[0], parts[1]),
        &format!("{}.{}.", parts[0], parts[1]),
        &format!("{good}."),
        &format!("{good}.x"),
        &format!("{}.{}.{}", parts[0], "!!!!", parts[2]),
        &format!("{}..{}", parts[0], parts[2]),
        &format!(".{}.{}", parts[1], parts[2]),
        &format!("{good}="),
    ] {
        refused(&call(&world, token).await, INVALID, "");
    }
    for value in [&b"Bearer \xff\xfe"[..], b"Bearer t\xc3\xb6ken.a.b"] {
        let request = http::Request::get("/v1/link").header("authorization", value);
        let request = request.body(axum::body::Bytes::new()).expect("a request");
        refused(&world.send(&request).await, INVALID, "");
    }
}

#[tokio::test]
async fn a_token_of_100_kb_is_refused() {
    let world = World::new().await;
    let long = signed(&but(&world, "more", "x".repeat(75_000).into()));
    assert!(long.len() > 100_000);
    refused_token(&world, &long).await;
    refused(&call(&world, &"x".repeat(100_000)).await, INVALID, "");
    let deep = format!("{}1{}", "[".repeat(40_000), "]".repeat(40_000));
    let header = URL_SAFE_NO_PAD.encode(deep);
    refused(
        &call(&world, &format!("{header}.e30.e30")).await,
        INVALID,
        "",
    );
}

#[tokio::test]
async fn alg_none_is_refused() {
    let world = World::new().await;
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let header = json!({"alg": alg, "typ": "JWT"});
        let unsigned = format!("{}.{}.", part(&header), part(&claims(&world)));
        refused_token(&world, &unsigned).await;
        let token = sign_hs256(&header, &claims(&world), JWT_SECRET.as_bytes());
        refused_token(&world, &token).await;
    }
    for header in [
        json!({"typ": "JWT"}),
        json!({"alg": null}),
        json!({"alg": ["HS256"]}),
    ] {
        let token = sign_hs256(&header, &claims(&world), JWT_SECRET.as_bytes());
        refused_token(&world, &token).await;
    }
}

#[tokio::test]
async fn a_wrong_secret_is_refused() {
    let world = World::new().await;
    let header = json!({"alg": "HS256"});
    let near = format!("{JWT_SECRET} ");
    for secret in ["", "secret", &JWT_SECRET[1..], &near] {
        let token = sign_hs256(&header, &claims(&world), secret.as_bytes());
        let detail = refused_token(&world, &token).await;
        assert!(detail.contains("signature"), "{detail}");
    }
}

#[tokio::test]
async fn changed_claims_are_refused() {
    let world = World::new().await;
    let mine = signed(&claims(&world));
    let theirs = signed(&but(&world, "sub", "p2".into()));
    let (message, _) = theirs.rsplit_once('.').expect("three parts");
    let (_, signature) = mine.rsplit_once('.').expect("three parts");
    refused_token(&world, &format!("{message}.{signature}")).await;
}

#[tokio::test]
async fn another_algorithm_is_refused() {
    let world = World::new().await;
    for alg in [
        "RS256", "ES256", "EdDSA", "HS384", "HS512", "PS256", "hs256",
    ] {
        let header = json!({"alg": alg, "typ": "JWT"});
        let token = sign_hs256(&header, &claims(&world), JWT_SECRET.as_bytes());
        refused_token(&world, &token).await;
    }
}

#[tokio::test]
async fn a_key_that_the_token_brings_along_does_not_count() {
    let world = World::new().await;
    let own = "a key that the attacker has chosen, long enough";
    let header = json!({
        "alg": "HS256", "kid": "../../dev/null", "jku": "http://127.0.0.1:1/keys",
        "jwk": {"kty": "oct", "k": URL_SAFE_NO_PAD.encode(own)},
    });
    let token = sign_hs256(&header, &claims(&world), own.as_bytes());
    refused_token(&world, &token).await;
}

#[tokio::test]
async fn critical_extensions_are_refused() {
    let world = World::new().await;
    for crit in [json!(["exp"]), json!(["b64"]), json!([])] {
        let header = json!({"alg": "HS256", "crit": crit, "b64": false});
        let token = sign_hs256(&header, &claims(&world), JWT_SECRET.as_bytes());
        refused_token(&world, &token).await;
    }
}

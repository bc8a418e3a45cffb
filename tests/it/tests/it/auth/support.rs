//! What the tests of players' tokens share.

use it::{Answer, JWT_SECRET, World, sign_hs256};
use serde_json::{Value, json};

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

pub(crate) const INVALID: &str = "Bearer error=\"invalid_token\"";

pub(crate) async fn refused_token(world: &World, token: &str) -> String {
    refused(&call(world, token).await, INVALID, token)
}

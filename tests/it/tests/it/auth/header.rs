//! Players' tokens on the routes of the API, each reason to refuse one by name: the header and
//! the signature here, what a token says in `claims`, key sets in `jwks`.

use it::World;
use serde_json::json;

use crate::auth::support::{INVALID, call, claims, refused, signed};
use crate::link::support::links;

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

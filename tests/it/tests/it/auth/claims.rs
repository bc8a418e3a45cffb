//! What a player's token must say.

use std::time::Duration;

use it::World;
use serde_json::{Value, json};

use crate::auth::support::{but, call, claims, refused_token, signed};

pub(crate) async fn refused_claim(world: &World, name: &str, value: Value) {
    let token = signed(&but(world, name, value.clone()));
    let detail = refused_token(world, &token).await;
    let named = [&format!("`{name}`"), "expired", "claims"]
        .iter()
        .any(|said| detail.contains(*said));
    assert!(named, "{name} {value}: {detail}");
}

async fn accepted_claim(world: &World, name: &str, value: Value) {
    let answer = call(world, &signed(&but(world, name, value.clone()))).await;
    assert_eq!(answer.status, 200, "{name} {value}: {answer:?}");
}

#[tokio::test]
async fn an_expired_token_has_30_seconds_of_grace() {
    let world = World::new().await;
    let now = world.clock.now().as_seconds();
    accepted_claim(&world, "exp", json!(now - 29)).await;
    refused_claim(&world, "exp", json!(now - 31)).await;
    for absurd in [json!(0), json!(-1), json!(-1e300)] {
        refused_claim(&world, "exp", absurd).await;
    }
}

#[tokio::test]
async fn a_token_expires_while_time_passes() {
    let world = World::new().await;
    let token = signed(&claims(&world));
    assert_eq!(call(&world, &token).await.status, 200);
    world.clock.advance(Duration::from_secs(3629));
    assert_eq!(call(&world, &token).await.status, 200);
    world.clock.advance(Duration::from_secs(2));
    refused_token(&world, &token).await;
}

#[tokio::test]
async fn a_token_of_the_future_has_30_seconds_of_grace() {
    let world = World::new().await;
    let now = world.clock.now().as_seconds();
    accepted_claim(&world, "nbf", json!(now)).await;
    accepted_claim(&world, "nbf", json!(now + 29)).await;
    refused_claim(&world, "nbf", json!(now + 31)).await;
    refused_claim(&world, "nbf", json!("soon")).await;
    accepted_claim(&world, "iat", json!(now + 3600)).await;
}

#[tokio::test]
async fn a_missing_claim_is_refused() {
    let world = World::new().await;
    for name in ["iss", "aud", "exp", "sub"] {
        refused_claim(&world, name, Value::Null).await;
    }
    refused_token(&world, &signed(&json!({}))).await;
    refused_token(&world, &signed(&json!([]))).await;
    refused_token(&world, &signed(&json!("p1"))).await;
}

#[tokio::test]
async fn an_audience_may_be_a_list() {
    let world = World::new().await;
    accepted_claim(&world, "aud", json!([it::AUDIENCE])).await;
    accepted_claim(&world, "aud", json!(["other", it::AUDIENCE])).await;
    for audience in [
        json!("other"),
        json!("prime-gaming other"),
        json!([]),
        json!(["other"]),
        json!([["prime-gaming"]]),
        json!({"prime-gaming": true}),
        json!(true),
    ] {
        refused_claim(&world, "aud", audience).await;
    }
}

#[tokio::test]
async fn a_player_id_is_1_to_128_visible_characters() {
    let world = World::new().await;
    for id in [
        json!(""),
        json!(7),
        json!(true),
        json!(["p1"]),
        json!({"id": "p1"}),
        json!("has space"),
        json!(" p1"),
        json!("tab\t"),
        json!("line\n"),
        json!("nul\u{0}"),
        json!("é"),
        json!("x".repeat(129)),
    ] {
        refused_claim(&world, "sub", id).await;
    }
    for id in [
        "x".repeat(128),
        "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~".to_owned(),
    ] {
        accepted_claim(&world, "sub", id.into()).await;
    }
}

#[tokio::test]
async fn the_id_claim_is_a_setting() {
    let world = World::with(&[("PLAYER_ID_CLAIM", "player")]).await;
    refused_claim(&world, "player", Value::Null).await;
    accepted_claim(&world, "player", "p1".into()).await;
}

#[tokio::test]
async fn a_server_needs_the_exact_scope() {
    let world = World::new().await;
    let path = "/v1/link?player_id=p9";
    for (scope, status) in [
        (json!("prime-gaming:server"), 200),
        (json!("openid prime-gaming:server email"), 200),
        (json!(["openid", "prime-gaming:server"]), 200),
        (json!("prime-gaming:servers"), 403),
        (json!("PRIME-GAMING:SERVER"), 403),
        (json!("prime-gaming:server,openid"), 403),
        (json!(["openid prime-gaming:server"]), 403),
        (json!({"prime-gaming:server": true}), 403),
        (json!(""), 403),
    ] {
        let token = signed(&but(&world, "scope", scope.clone()));
        let answer = world.call("GET", path).bearer(&token).send().await;
        assert_eq!(answer.status.as_u16(), status, "{scope}: {answer:?}");
    }
}

//! Faults of the studio: its webhook and its key set.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use it::{Reply, World};
use serde_json::{Value, json};

use super::support::{check, find, healthy, unwell};

#[tokio::test]
async fn an_endpoint_that_does_not_know_a_test_is_named() {
    let (world, studio) = healthy(&[]).await;
    studio.rule(|_| Some(Reply::status(422)));
    let answer = world.admin(json!({"command": "doctor"})).await;
    assert_eq!(unwell(&answer), ["webhook"]);
    check(
        &answer,
        "webhook",
        "it answered 422 to a signed test",
        "docs/webhook.md",
    );
}

#[tokio::test]
async fn an_endpoint_with_another_secret_is_named() {
    let (world, studio) = healthy(&[]).await;
    studio.rule(|_| Some(Reply::status(401)));
    let answer = world.admin(json!({"command": "doctor"})).await;
    check(
        &answer,
        "webhook",
        "it answered 401 to a signed test",
        "delivery_webhook_secret",
    );
}

#[tokio::test]
async fn an_endpoint_that_does_not_check_signatures_is_named() {
    let (world, studio) = healthy(&[]).await;
    studio.rule(|_| None);
    let answer = world.admin(json!({"command": "doctor"})).await;
    assert_eq!(unwell(&answer), ["webhook"]);
    check(
        &answer,
        "webhook",
        "it answered 200 to a test with a wrong signature",
        "check the signature",
    );
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_is_named() {
    let settings = [
        ("DELIVERY", "webhook"),
        (
            "DELIVERY_WEBHOOK_URL",
            "http://127.0.0.1:9/deliver?key=hush",
        ),
    ];
    let world = World::with(&settings).await;
    let answer = world.admin(json!({"command": "doctor"})).await;
    check(
        &answer,
        "webhook",
        "could not connect",
        "DeliveryWebhookUrl",
    );
    assert!(!answer.to_string().contains("hush"));
}

/// A server of a key set, and its address.
async fn key_set(status: StatusCode, body: Value) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let answer = move || async move { (status, body.to_string()) };
    let router = Router::new().route("/jwks", get(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}/jwks")
}

#[tokio::test]
async fn a_key_set_is_fetched_and_its_keys_are_counted() {
    // The key of RFC 8037, A.2.
    let key = json!({
        "kty": "OKP", "crv": "Ed25519", "kid": "k1",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    });
    for (status, body, fault) in [
        (200, json!({"keys": [key]}), None),
        (404, json!({}), Some("status 404")),
        (200, json!({"keys": []}), Some("no usable key")),
        (200, json!([]), Some("not a JSON Web Key Set")),
    ] {
        let url = key_set(StatusCode::from_u16(status).expect("a status"), body).await;
        let world = World::with(&[("PLAYER_JWKS_URL", url.as_str())]).await;
        world.offer("hat").await;
        let answer = world.admin(json!({"command": "doctor"})).await;
        match fault {
            None => {
                assert_eq!(answer["ok"], true, "{answer}");
                let found = find(&answer, "key_set");
                assert!(
                    found["detail"].to_string().contains("usable keys: 1"),
                    "{found}"
                );
            }
            Some(fault) => {
                assert_eq!(unwell(&answer), ["key_set"]);
                check(&answer, "key_set", fault, "Open PlayerJwksUrl");
            }
        }
    }
}

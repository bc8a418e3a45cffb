//! What the tests of device linking share.

use std::time::Duration;

use it::{Answer, World};
use serde_json::{Value, json};
use stand_in::{Client, Consent, Endpoint};

/// The client id of devices, where they have one of their own.
pub(crate) const DEVICE_CLIENT_ID: &str = "amzn1.application-oa2-client.devices";

/// Devices may link, with the website's client.
pub(crate) async fn devices() -> World {
    World::with(&[("DEVICE_LINKING", "on")]).await
}

/// Devices may link, with a client of their own, that has this secret or none.
pub(crate) async fn own_client(secret: Option<&str>) -> World {
    let mut world = World::with(&[
        ("DEVICE_LINKING", "on"),
        ("LWA_DEVICE_CLIENT_ID", DEVICE_CLIENT_ID),
    ])
    .await;
    world.amazon.register_client(Client {
        client_id: DEVICE_CLIENT_ID.to_owned(),
        client_secret: secret.map(str::to_owned),
        return_urls: Vec::new(),
        allowed_scopes: vec!["games::prime".to_owned(), "profile".to_owned()],
    });
    if let Some(secret) = secret {
        let mut secrets = it::secrets(false);
        secrets["lwa_device_client_secret"] = secret.into();
        std::fs::write(&world.secrets_file, secrets.to_string()).expect("writable");
        world.app = world.another_process().await;
    }
    world
}

/// Lets so many seconds pass, here and at Amazon.
pub(crate) fn pass(world: &World, seconds: u64) {
    world.pass(seconds);
    world.amazon.advance(Duration::from_secs(seconds));
}

pub(crate) async fn try_start(world: &World, player: &str) -> Answer {
    let call = world.call_as(player, "POST", "/v1/link/devices");
    call.send().await
}

/// A session that a device shows: what it was answered.
pub(crate) async fn start(world: &World, player: &str) -> Value {
    let answer = try_start(world, player).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()
}

pub(crate) fn id(session: &Value) -> &str {
    session["id"].as_str().expect("an id")
}

/// The player types the code in, and answers Amazon so.
pub(crate) fn decide(world: &World, session: &Value, account: &str, consent: Consent) {
    let code = session["user_code"].as_str().expect("a code");
    let decided = world.amazon.consent_device(code, account, consent);
    decided.expect("a pending pair");
}

pub(crate) fn approve(world: &World, session: &Value, account: &str) {
    decide(world, session, account, Consent::Approve);
}

/// A session that the player has said yes to.
pub(crate) async fn approved(world: &World, player: &str, account: &str) -> Value {
    let session = start(world, player).await;
    approve(world, &session, account);
    session
}

pub(crate) async fn try_poll(world: &World, player: &str, id: &str) -> Answer {
    let path = format!("/v1/link/devices/{id}");
    world.call_as(player, "POST", &path).send().await
}

/// How the session stands.
pub(crate) async fn poll(world: &World, player: &str, session: &Value) -> Value {
    try_poll(world, player, id(session)).await.ok()
}

/// Polls after the interval: how the session stands.
pub(crate) async fn poll_later(world: &World, player: &str, session: &Value) -> Value {
    pass(world, 30);
    poll(world, player, session).await
}

pub(crate) fn pending() -> Value {
    ended("pending")
}

/// An ending without an error.
pub(crate) fn ended(status: &str) -> Value {
    json!({"status": status, "interval": 30, "error": null})
}

pub(crate) fn failed(error: &str) -> Value {
    json!({"status": "failed", "interval": 30, "error": error})
}

/// How often Amazon was polled.
pub(crate) fn polls(world: &World) -> usize {
    world.amazon.calls_to(Endpoint::Token)
}

//! Faults of the secret.

use admin::handle_without_secret;
use it::World;
use it::permissions::acting_as;
use prime_gaming::app::StartError;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::support::{check, deployed, find, healthy, look, unwell};

/// What the checks say that can't be made without the secret.
const NOT_CHECKED: &str = "not checked, because the secret can't be used";

#[tokio::test]
async fn a_secret_that_is_not_there_is_named_and_the_rest_is_checked() {
    let (world, _) = healthy(&[]).await;
    std::fs::remove_file(&world.secrets_file).expect("it was there");
    let answer = world.admin(json!({"command": "doctor"})).await;
    check(&answer, "secret", "could not be read", "docs/deploying.md");
    let waiting = ["token_keys", "lwa_client", "webhook"];
    for name in waiting {
        check(&answer, name, NOT_CHECKED, "Mend the secret first");
    }
    assert_eq!(unwell(&answer).len(), 1 + waiting.len(), "{answer}");
}

#[tokio::test]
async fn a_process_without_a_secret_runs_the_doctor_and_nothing_else() {
    let (world, _) = healthy(&[]).await;
    std::fs::remove_file(&world.secrets_file).expect("it was there");
    let deployment = world.app.deployment();
    let reason = StartError::from("the secret could not be read: hidden");
    let ask = async |event: Value| -> Value {
        let event: Box<RawValue> = serde_json::from_str(&event.to_string()).expect("JSON");
        let work = Box::pin(handle_without_secret(&deployment, &reason, &event));
        serde_json::from_str(acting_as("admin", work).await.get()).expect("JSON")
    };
    check(
        &ask(json!({"command": "doctor"})).await,
        "secret",
        "not be read",
        "docs/",
    );
    let refused = ask(json!({"command": "player.get", "player_id": "p1"})).await;
    assert_eq!(refused["errors"][0]["code"], "unavailable", "{refused}");
    let detail = refused["errors"][0]["detail"].as_str().expect("text");
    assert!(
        detail.contains("could not be read") && detail.contains("doctor"),
        "{detail}"
    );
    let unknown = ask(json!({"command": "no.such"})).await;
    assert_eq!(unknown["errors"][0]["code"], "invalid_request", "{unknown}");
}

#[tokio::test]
async fn every_faulty_field_is_named() {
    let (world, _) = healthy(&[]).await;
    world.replace_secret(&json!({"token_keys": [{"id": "k1", "key": "c2hvcnQ="}]}));
    let answer = world.admin(json!({"command": "doctor"})).await;
    check(
        &answer,
        "secret",
        "lwa_client_secret is required",
        "docs/settings.md",
    );
    check(
        &answer,
        "secret",
        "token_keys[0] must be 32 bytes",
        "docs/settings.md",
    );
    check(
        &answer,
        "token_keys",
        "token_keys[0] must be 32 bytes",
        "docs/settings.md",
    );
}

#[tokio::test]
async fn what_the_settings_ask_for_must_be_in_it() {
    let (world, _) = healthy(&[]).await;
    let mut secret = it::secrets(false);
    secret["delivery_webhook_secret"] = json!(null);
    world.replace_secret(&secret);
    let answer = look(&deployed(&world)).await;
    check(
        &answer,
        "secret",
        "delivery_webhook_secret is missing",
        "docs/settings.md",
    );
    check(
        &answer,
        "webhook",
        "no delivery_webhook_secret",
        "Add delivery_webhook_secret",
    );
    let mut secret = it::secrets(false);
    secret["player_jwt_secret"] = json!(null);
    world.replace_secret(&secret);
    let answer = world.admin(json!({"command": "doctor"})).await;
    check(&answer, "secret", "PLAYER_JWKS_URL", "docs/settings.md");
}

#[tokio::test]
async fn the_token_keys_are_named_by_their_ids() {
    let world = World::new().await;
    let mut secret = it::secrets(false);
    let second = json!({"id": "test-2", "key": "CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg="});
    secret["token_keys"]
        .as_array_mut()
        .expect("keys")
        .push(second);
    world.replace_secret(&secret);
    let answer = world.admin(json!({"command": "doctor"})).await;
    let found = find(&answer, "token_keys");
    assert_eq!(found["ok"], true, "{found}");
    assert!(
        found["detail"].to_string().contains("test-1, test-2"),
        "{found}"
    );
}

//! Faults of Amazon, or of what the settings say of it.

use it::World;
use serde_json::json;
use stand_in::Client;

use super::support::{check, find, healthy, unwell};

const DEVICES: &str = "amzn1.application-oa2-client.devices";

#[tokio::test]
async fn a_client_secret_of_another_profile_is_named() {
    let (world, _) = healthy(&[]).await;
    let mut secret = it::secrets(false);
    secret["lwa_client_secret"] = json!("a secret of another profile");
    world.replace_secret(&secret);
    let answer = world.admin(json!({"command": "doctor"})).await;
    assert_eq!(unwell(&answer), ["lwa_client"]);
    check(
        &answer,
        "lwa_client",
        "invalid_client for LwaClientId",
        "lwa_client_secret",
    );
}

#[tokio::test]
async fn a_client_id_that_amazon_does_not_know_is_named() {
    let (world, _) = healthy(&[("LWA_CLIENT_ID", "amzn1.application-oa2-client.other")]).await;
    let answer = world.admin(json!({"command": "doctor"})).await;
    check(&answer, "lwa_client", "invalid_client", "Set LwaClientId");
    // Devices use the same client.
    assert_eq!(find(&answer, "lwa_device_client")["ok"], true);
}

#[tokio::test]
async fn the_client_of_devices_is_asked_for_too() {
    let (world, _) = healthy(&[("LWA_DEVICE_CLIENT_ID", DEVICES)]).await;
    let answer = world.admin(json!({"command": "doctor"})).await;
    assert_eq!(unwell(&answer), ["lwa_device_client"]);
    check(
        &answer,
        "lwa_device_client",
        "invalid_client",
        "lwa_device_client_secret",
    );

    for secret in [None, Some("a secret of devices")] {
        world.amazon.register_client(Client {
            client_id: DEVICES.to_owned(),
            client_secret: secret.map(str::to_owned),
            return_urls: Vec::new(),
            allowed_scopes: vec!["games::prime".to_owned(), "profile".to_owned()],
        });
        let mut secrets = it::secrets(false);
        secrets["lwa_device_client_secret"] = json!(secret);
        world.replace_secret(&secrets);
        let answer = world.admin(json!({"command": "doctor"})).await;
        assert_eq!(answer["ok"], true, "{answer}");
        let detail = find(&answer, "lwa_device_client")["detail"].to_string();
        assert!(detail.contains("knows LwaDeviceClientId"), "{detail}");
    }
}

#[tokio::test]
async fn hosts_that_do_not_belong_together_are_named() {
    let world = World::with(&[("LWA_PROFILE_URL", "http://localhost:9/user/profile")]).await;
    let answer = world.admin(json!({"command": "doctor"})).await;
    check(
        &answer,
        "amazon_region",
        "LwaProfileUrl leads to localhost",
        "Set LwaTokenUrl and LwaProfileUrl to the same host",
    );
}

#[tokio::test]
async fn services_of_amazon_that_do_not_answer_are_named() {
    // Port 9 of this machine: nothing listens there.
    let world = World::with(&[
        ("LWA_TOKEN_URL", "http://127.0.0.1:9/token"),
        (
            "PRIME_GAMING_ENTITLEMENTS_URL",
            "http://127.0.0.1:9/entitlements",
        ),
    ])
    .await;
    let answer = world.admin(json!({"command": "doctor"})).await;
    check(&answer, "lwa_client", "unavailable", "Look at LwaTokenUrl");
    check(
        &answer,
        "prime_gaming",
        "unavailable",
        "PrimeGamingEntitlementsUrl",
    );
}

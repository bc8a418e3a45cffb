//! The secret was rotated while a process was warm: it is read again before that is an error.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use it::{BASE_URL, CLIENT_ID, World, check_in, secrets, status_of};
use serde_json::{Value, json};
use stand_in::Client;
use stand_in::Endpoint::{Entitlements, Token};

/// For so long a refresh that brought nothing keeps the next one away.
const LEASE_SECONDS: u64 = 30;

async fn linked_world() -> World {
    let world = World::new().await;
    world.linked("p1", "alice").await;
    world.forget();
    world
}

/// Our client has this secret at Amazon from now on.
fn change_secret_at_amazon(world: &World, secret: &str) {
    world.amazon.register_client(Client {
        client_id: CLIENT_ID.to_owned(),
        client_secret: Some(secret.to_owned()),
        return_urls: vec![format!("{BASE_URL}/link/callback")],
        allowed_scopes: vec!["games::prime".to_owned(), "profile".to_owned()],
    });
}

fn write_secrets(world: &World, change: impl FnOnce(&mut Value)) {
    let mut values = secrets(false);
    change(&mut values);
    std::fs::write(&world.secrets_file, values.to_string()).expect("a writable file");
}

#[tokio::test]
async fn a_new_client_secret_is_read_when_amazon_refuses_the_old_one() {
    let world = linked_world().await;
    world.pass(3600);
    change_secret_at_amazon(&world, "the second secret");
    write_secrets(&world, |values| {
        values["lwa_client_secret"] = "the second secret".into();
    });
    assert_eq!(world.check("p1").await["fresh"], true);
    assert_eq!(world.asked(), [Token, Token, Entitlements]);
    world.contract_is_kept();
}

#[tokio::test]
async fn the_secret_is_read_again_at_most_once_a_minute() {
    let world = linked_world().await;
    world.pass(3600);
    change_secret_at_amazon(&world, "the second secret");
    // Read again, and found to be the same.
    let answer = world.check("p1").await;
    assert_eq!(
        (&answer["link"], &answer["fresh"]),
        (&json!("linked"), &json!(false))
    );
    assert_eq!(world.asked(), [Token]);

    write_secrets(&world, |values| {
        values["lwa_client_secret"] = "the second secret".into();
    });
    world.forget();
    world.pass(59);
    let answer = world.check("p1").await;
    assert_eq!(
        (&answer["link"], &answer["fresh"]),
        (&json!("linked"), &json!(false))
    );
    assert_eq!(world.asked(), [Token]);

    world.forget();
    world.pass(LEASE_SECONDS);
    let answer = world.check("p1").await;
    assert_eq!(
        (&answer["link"], &answer["fresh"]),
        (&json!("linked"), &json!(true))
    );
    assert_eq!(world.asked(), [Token, Token, Entitlements]);
}

#[tokio::test]
async fn tokens_sealed_with_a_key_that_is_new_make_the_secret_be_read_again() {
    let world = linked_world().await;
    world.pass(3600);
    write_secrets(&world, |values| {
        let new = json!({"id": "test-2", "key": STANDARD.encode([8_u8; 32])});
        let old = values["token_keys"][0].clone();
        values["token_keys"] = json!([new, old]);
    });
    let other = world.another_process().await;
    assert_eq!(check_in(&other, "p1").await["fresh"], true);
    let item = world.player_item("p1").await;
    let sealed = item["tokens"].as_s().expect("text");
    assert!(sealed.starts_with("test-2."));
    world.pass(5);
    assert_eq!(world.check("p1").await["fresh"], true);
}

#[tokio::test]
async fn tokens_sealed_with_an_unknown_key_are_no_fault_of_the_link() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.pass(120);
    write_secrets(&world, |values| {
        values["token_keys"] = json!([{"id": "test-9", "key": STANDARD.encode([9_u8; 32])}]);
    });
    let other = world.another_process().await;
    world.forget();
    let answer = check_in(&other, "p1").await;
    assert_eq!(
        (&answer["link"], &answer["fresh"]),
        (&json!("linked"), &json!(false))
    );
    assert_eq!(status_of(&answer, &id), "pending");
    assert_eq!(world.asked(), []);
    assert_eq!(
        world.check_later("p1").await["fresh"],
        true,
        "who has the key still works"
    );
}

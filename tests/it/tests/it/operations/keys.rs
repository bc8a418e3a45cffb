//! `keys.status`, `keys.reseal`.

use aws_sdk_dynamodb::types::AttributeValue;
use it::World;
use serde_json::{Value, json};

use super::support::{code, done, everything};

/// So that the secret is read again.
const A_MINUTE: u64 = 61;

/// The secret with these keys, each of 32 equal bytes.
fn put_keys(world: &World, keys: &[(&str, u8)]) {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    let text = std::fs::read_to_string(&world.secrets_file).expect("the secret");
    let mut secret: Value = serde_json::from_str(&text).expect("JSON");
    let old = secret["token_keys"].clone();
    let old: Vec<Value> = old.as_array().expect("keys").clone();
    let keys = keys.iter().map(|(id, byte)| {
        let known = old.iter().find(|key| key["id"] == *id);
        let key = json!({"id": id, "key": STANDARD.encode([*byte; 32])});
        known.cloned().unwrap_or(key)
    });
    secret["token_keys"] = keys.collect();
    std::fs::write(&world.secrets_file, secret.to_string()).expect("written");
    world.pass(A_MINUTE);
}

/// The id of the key that the tests' secret begins with.
fn first_key(world: &World) -> String {
    let text = std::fs::read_to_string(&world.secrets_file).expect("the secret");
    let secret: Value = serde_json::from_str(&text).expect("JSON");
    secret["token_keys"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned()
}

async fn status(world: &World, fields: Value) -> Value {
    let mut event = json!({"command": "keys.status"});
    for (name, value) in fields.as_object().expect("fields") {
        event[name] = value.clone();
    }
    let answer = world.admin(event).await;
    assert_eq!(answer["ok"], true, "{answer}");
    answer
}

/// Each key with its use and its links.
fn links(status: &Value) -> Vec<(String, String, u64)> {
    let keys = status["keys"].as_array().expect("keys").iter();
    let key = keys.map(|key| {
        let text = |name: &str| key[name].as_str().expect("a text").to_owned();
        (
            text("key_id"),
            text("use"),
            key["links"].as_u64().expect("a number"),
        )
    });
    key.collect()
}

fn sealed(key: &str, used: &str, links: u64) -> (String, String, u64) {
    (key.to_owned(), used.to_owned(), links)
}

#[tokio::test]
async fn a_rotation_ends_when_the_old_key_opens_nothing() {
    let world = World::new().await;
    let old = first_key(&world);
    for number in 0..3 {
        world
            .linked(&format!("p{number}"), &format!("a{number}"))
            .await;
    }
    put_keys(&world, &[("new", 7), (&old, 0)]);
    world.linked("p3", "a3").await;
    let counted = status(&world, json!({})).await;
    assert_eq!(
        links(&counted),
        [sealed("new", "seals", 0), sealed(&old, "opens", 4)]
    );
    // A process that has read the secret seals with the new key.
    world.linked("p4", "a4").await;
    let counted = status(&world, json!({})).await;
    assert_eq!(
        links(&counted),
        [sealed("new", "seals", 1), sealed(&old, "opens", 4)]
    );

    let stored = everything(&world).await;
    let answer = done(&world, "keys.reseal", json!({"dry_run": true})).await;
    assert_eq!(answer["resealed"], 4, "{answer}");
    assert_eq!(everything(&world).await, stored);
    let answer = done(&world, "keys.reseal", json!({"request_id": "r1"})).await;
    assert_eq!(
        (&answer["resealed"], &answer["cursor"]),
        (&json!(4), &Value::Null)
    );
    let again = done(&world, "keys.reseal", json!({"request_id": "r1"})).await;
    assert_eq!(again, answer);
    let counted = status(&world, json!({})).await;
    assert_eq!(
        links(&counted),
        [sealed("new", "seals", 5), sealed(&old, "opens", 0)]
    );

    // The old key goes, and every link still works.
    put_keys(&world, &[("new", 7)]);
    assert_eq!(links(&status(&world, json!({})).await).len(), 1);
    for number in 0..5 {
        let answer = world.check_later(&format!("p{number}")).await;
        assert_eq!(
            (&answer["link"], &answer["fresh"]),
            (&json!("linked"), &json!(true))
        );
    }
}

#[tokio::test]
async fn a_page_says_how_far_it_is_and_the_last_one_has_all_counts() {
    let world = World::new().await;
    for number in 0..4 {
        world
            .linked(&format!("p{number}"), &format!("a{number}"))
            .await;
    }
    let whole = status(&world, json!({})).await;
    assert_eq!(whole["read"], whole["of_about"]);
    let mut page = status(&world, json!({"limit": 3})).await;
    assert_eq!(page["read"], 3);
    let mut pages = 1;
    while !page["cursor"].is_null() {
        page = status(&world, json!({"limit": 3, "cursor": page["cursor"]})).await;
        pages += 1;
    }
    assert!(pages > 2, "{pages}");
    assert_eq!(page, whole);

    let old = first_key(&world);
    put_keys(&world, &[("new", 7), (&old, 0)]);
    let mut fields = json!({"limit": 3});
    let mut resealed = 0;
    loop {
        let answer = done(&world, "keys.reseal", fields.clone()).await;
        resealed += answer["resealed"].as_u64().expect("a number");
        fields["cursor"] = answer["cursor"].clone();
        if fields["cursor"].is_null() {
            break;
        }
    }
    assert_eq!(resealed, 4);
}

/// An older version of the service leaves the dead tokens of an earlier link beside newer ones.
#[tokio::test]
async fn dead_tokens_that_nothing_uses_do_not_hold_up_a_rotation() {
    let world = World::new().await;
    let old = first_key(&world);
    world.linked("p1", "alice").await;
    let update = world.dynamodb.update_item();
    let update = update
        .table_name(&world.app.config.tables.links)
        .key("pk", AttributeValue::S("PLAYER#p1".to_owned()))
        .update_expression("SET dead_tokens = tokens, dead_link_id = :earlier")
        .expression_attribute_values(":earlier", AttributeValue::S("earlier".to_owned()));
    update.send().await.expect("written");
    put_keys(&world, &[("new", 7), (&old, 0)]);
    let stored = everything(&world).await;
    let answer = done(&world, "keys.reseal", json!({"dry_run": true})).await;
    assert_eq!(answer["resealed"], 1, "{answer}");
    assert_eq!(everything(&world).await, stored);
    done(&world, "keys.reseal", json!({})).await;
    let counted = status(&world, json!({})).await;
    assert_eq!(
        links(&counted),
        [sealed("new", "seals", 1), sealed(&old, "opens", 0)]
    );
    assert_eq!(world.check_later("p1").await["fresh"], true);
}

/// An audit record is there before the first write, and not only after the last.
#[tokio::test]
async fn nothing_is_sealed_again_without_an_audit_record() {
    let world = World::new().await;
    let old = first_key(&world);
    world.linked("p1", "alice").await;
    put_keys(&world, &[("new", 7), (&old, 0)]);
    let tokens = world.stored_link("p1").await.tokens;
    // The database does not take the audit record.
    world.database.refuse("TransactWriteItems", 0, 1);
    let refused = code(&world, "keys.reseal", json!({})).await;
    assert_eq!(refused, "unavailable");
    assert_eq!(world.stored_link("p1").await.tokens, tokens);
    // It takes the first one, and not the last.
    world.database.refuse("TransactWriteItems", 1, 1);
    let refused = code(&world, "keys.reseal", json!({})).await;
    assert_eq!(refused, "unavailable");
    assert_ne!(world.stored_link("p1").await.tokens, tokens);
    let rows = everything(&world).await;
    let audits = rows.keys().filter(|key| key.contains(" KEYS A#"));
    assert_eq!(audits.count(), 1);
}

#[tokio::test]
async fn tokens_whose_key_is_gone_are_counted_and_named() {
    let world = World::new().await;
    let old = first_key(&world);
    world.linked("p1", "alice").await;
    put_keys(&world, &[("new", 7)]);
    let counted = status(&world, json!({})).await;
    assert_eq!(
        links(&counted),
        [sealed("new", "seals", 0), sealed(&old, "missing", 1)]
    );
    let answer = done(&world, "keys.reseal", json!({})).await;
    assert_eq!(answer["resealed"], 0);
    assert_eq!(answer["unopened"][0]["player_id"], "p1");
    let detail = answer["unopened"][0]["detail"].as_str().expect("a text");
    assert!(detail.contains(&old), "{detail}");
}

/// DynamoDB stores at most 400 KB under a request id.
#[tokio::test]
async fn an_answer_that_could_name_very_many_players_is_remembered() {
    let world = World::new().await;
    world.linked("p1", "alice").await;
    let table = &world.app.config.tables.links;
    let rows = everything(&world).await;
    let row = rows.get(&format!("{table} PLAYER#p1 "));
    let row = row.expect("the row of the player");
    for number in 0..450 {
        let mut row: std::collections::HashMap<_, _> = row.clone().into_iter().collect();
        let pk = format!("PLAYER#{number:0>128}");
        row.insert("pk".to_owned(), AttributeValue::S(pk));
        let put = world.dynamodb.put_item().table_name(table);
        put.set_item(Some(row)).send().await.expect("written");
    }
    put_keys(&world, &[("new", 7)]);
    let command = json!({"request_id": "r1"});
    let answer = done(&world, "keys.reseal", command.clone()).await;
    assert_eq!(answer["unopened"].as_array().map(Vec::len), Some(100));
    assert_eq!(answer["more_unopened"], 351);
    assert_eq!(done(&world, "keys.reseal", command).await, answer);
}

#[tokio::test]
async fn what_expires_soon_is_counted_apart() {
    let world = World::with(&[("DEVICE_LINKING", "on")]).await;
    world.linked("p1", "alice").await;
    let old = first_key(&world);
    let answer = world.call_as("p2", "POST", "/v1/link/devices").send().await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let counted = status(&world, json!({})).await;
    assert_eq!(links(&counted), [sealed(&old, "seals", 1)]);
    let short_lived = counted["keys"][0]["short_lived"].as_u64();
    assert!(short_lived.is_some_and(|count| count > 0), "{counted}");
    // What has expired counts no more, although DynamoDB has not deleted it yet.
    world.pass(2 * 3600);
    let counted = status(&world, json!({})).await;
    assert_eq!(counted["keys"][0]["short_lived"], 0, "{counted}");
}

#[tokio::test]
async fn a_refresh_that_comes_between_wins() {
    let world = World::new().await;
    let old = first_key(&world);
    world.linked("p1", "alice").await;
    let link = world.stored_link("p1").await;
    let before = link.tokens.clone().expect("tokens");
    let after = "new.other".to_owned().into();
    put_keys(&world, &[("new", 7), (&old, 0)]);
    done(&world, "keys.reseal", json!({})).await;
    let sealed_again = world.stored_link("p1").await;
    // The other's tokens are the stored ones no more.
    let written = world.app.links.store_resealed(&link, &before, &after);
    assert!(!written.await.expect("an answer").is_done());
    let now = world.stored_link("p1").await;
    assert_eq!(now.tokens, sealed_again.tokens);
    assert_eq!(now.token_version, link.token_version);
}

#[tokio::test]
async fn a_wrong_cursor_or_limit_is_named() {
    let world = World::new().await;
    for (fields, expected) in [
        (json!({"cursor": "x"}), "invalid_cursor"),
        (json!({"limit": 0}), "invalid_request"),
        (json!({"limit": 50_001}), "invalid_request"),
    ] {
        assert_eq!(code(&world, "keys.reseal", fields).await, expected);
    }
}

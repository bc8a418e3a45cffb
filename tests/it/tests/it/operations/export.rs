//! `player.export`: everything that is stored, and no secret.

use prime_gaming::testing::store::knows_attribute;
use serde_json::{Value, json};

use super::erasure::{NAME, PLAYER, REFUSAL, Story, erase, story};
use super::support::{code, everything};

async fn export(world: &it::World, fields: &Value) -> Value {
    let mut event = json!({"command": "player.export", "player_id": PLAYER});
    for (name, value) in fields.as_object().expect("fields") {
        event[name] = value.clone();
    }
    let answer = world.admin(event).await;
    assert_eq!(answer["ok"], true, "{answer}");
    answer
}

#[tokio::test]
async fn an_export_shows_all_that_is_stored_and_no_secret() {
    let Story {
        world,
        reported,
        unreported,
        pending,
    } = story().await;
    let answer = export(&world, &json!({})).await;
    assert_eq!(answer["link"]["status"], "linked");
    let account = world.amazon.account_id("alice");
    assert_eq!(answer["link"]["amazon_user_id"], account);
    assert_eq!(answer["amazon_accounts"][0]["amazon_user_id"], account);
    assert_eq!(answer["link_sessions"][0]["player_name"], NAME);
    assert_eq!(answer["link_attempts"].as_array().map(Vec::len), Some(2));
    assert_eq!(answer["device_sessions"].as_array().map(Vec::len), Some(2));
    assert_eq!(answer["cursor"], Value::Null);
    let entitlements = answer["entitlements"].as_array().expect("a list");
    assert_eq!(entitlements.len(), 7);
    for (id, status) in [
        (&reported, "reported"),
        (&unreported, "delivered"),
        (&pending, "pending"),
    ] {
        let found = entitlements.iter().find(|it| it["entitlement_id"] == *id);
        let found = found.expect("an entitlement");
        assert_eq!(found["status"], status);
        assert!(found["content"]["item"].is_string(), "{found}");
        let seen = found["first_seen_at"].as_str().expect("a time");
        assert!(seen.ends_with('Z'), "{seen}");
    }
    let used = answer["used_up"].as_array().expect("a list");
    assert_eq!(used.len(), 5, "{used:?}");
    let answers = entitlements.iter().map(|it| &it["delivery_answer"]);
    let answers: Vec<_> = answers.filter(|it| !it.is_null()).collect();
    assert_eq!(answers, [REFUSAL], "what the studio's webhook said");
    assert_eq!(answer["audit"][0]["command"], "entitlement.hold");

    // Each sealed or hashed value that is stored stays out of it.
    let text = answer.to_string();
    for (key, row) in everything(&world).await {
        for name in ["tokens", "verifier", "pair", "browser", "ticket", "session"] {
            let value = row.get(name).and_then(|value| value.as_s().ok());
            assert!(value.is_none_or(|it| !text.contains(it)), "{key} {name}");
        }
        // The hashes of a ticket's attempts, beside the counters of that name.
        let states = row.get("attempts").and_then(|value| value.as_ss().ok());
        for state in states.into_iter().flatten() {
            assert!(!text.contains(state), "{key} attempts");
        }
    }
}

/// A new attribute has to be put into one of the lists: shown, or a secret.
#[tokio::test]
async fn an_export_knows_every_attribute_that_is_stored() {
    let Story { world, .. } = story().await;
    for (key, row) in everything(&world).await {
        if key.contains("OfferTable") || key.contains("OffersTable") {
            continue;
        }
        for name in row.keys() {
            assert!(knows_attribute(name), "{name} of {key}");
        }
    }
}

#[tokio::test]
async fn a_large_export_comes_in_pages_that_fit_into_an_answer() {
    let Story { world, .. } = story().await;
    // Rows of 300 KB: more than the service writes.
    for number in 0..20 {
        let text = |text: String| aws_sdk_dynamodb::types::AttributeValue::S(text);
        let put = world.dynamodb.put_item();
        let put = put
            .table_name(&world.app.config.tables.fulfillments)
            .item("pk", text(format!("PLAYER#{PLAYER}")))
            .item("sk", text(format!("E#large-{number:02}")))
            .item("status", text("reported".to_owned()))
            .item("title", text("x".repeat(300_000)));
        put.send().await.expect("written");
    }
    let (mut ids, mut fields, mut pages) = (Vec::new(), json!({}), 0);
    loop {
        let answer = export(&world, &fields).await;
        assert!(answer.to_string().len() < 6_000_000);
        ids.extend(it::ids_of(&answer));
        pages += 1;
        if answer["cursor"].is_null() {
            break;
        }
        fields = json!({"cursor": answer["cursor"]});
    }
    assert_eq!(pages, 2);
    assert_eq!(ids.len(), 27);
    ids.dedup();
    assert_eq!(ids.len(), 27);
    let wrong = json!({"player_id": PLAYER, "cursor": "?"});
    assert_eq!(code(&world, "player.export", wrong).await, "invalid_cursor");
    let nobody = json!({"player_id": "p9"});
    assert_eq!(code(&world, "player.export", nobody).await, "not_found");
    super::support::done(&world, "player.erase", erase()).await;
}

#[tokio::test]
async fn many_amazon_accounts_come_in_pages() {
    let world = it::World::new().await;
    world.linked(PLAYER, "alice").await;
    let text = |text: String| aws_sdk_dynamodb::types::AttributeValue::S(text);
    for number in 0..210 {
        let put = world.dynamodb.put_item();
        let put = put
            .table_name(&world.app.config.tables.fulfillments)
            .item("pk", text(format!("PLAYER#{PLAYER}")))
            .item("sk", text(format!("E#e-{number:03}")))
            .item("status", text("reported".to_owned()))
            .item("amazon_user_id", text(format!("amzn1.account.{number:03}")));
        put.send().await.expect("written");
    }
    let (mut accounts, mut ids, mut fields) = (Vec::new(), Vec::new(), json!({}));
    for (of_accounts, of_rows) in [(100, 0), (100, 0), (11, 210)] {
        let answer = export(&world, &fields).await;
        let shown = answer["amazon_accounts"].as_array().expect("a list");
        let new = shown.iter().map(|it| it["amazon_user_id"].to_string());
        accounts.extend(new);
        assert_eq!(shown.len(), of_accounts);
        assert_eq!(it::ids_of(&answer).len(), of_rows);
        ids.extend(it::ids_of(&answer));
        fields = json!({"cursor": answer["cursor"]});
    }
    assert_eq!(fields["cursor"], Value::Null);
    accounts.sort();
    accounts.dedup();
    assert_eq!((accounts.len(), ids.len()), (211, 210));
}

//! `player.get`, `player.unlink`, `link.retry`, `amazon.get`.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use it::{World, status_of};
use serde_json::{Value, json};
use stand_in::Endpoint::{Entitlements, Fulfill};
use stand_in::Fault;

use super::support::{code, done, everything, trail};

async fn get(world: &World, fields: &Value) -> Value {
    let mut command = json!({"command": "player.get", "player_id": "p1"});
    for (name, value) in fields.as_object().expect("fields") {
        command[name] = value.clone();
    }
    let answer = world.admin(command).await;
    assert_eq!(answer["ok"], true, "{answer}");
    answer
}

#[tokio::test]
async fn a_player_is_shown_with_link_entitlements_and_audit_and_without_a_token() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    let answer = get(&world, &json!({})).await;
    let account = world.amazon.account_id("alice");
    assert_eq!(answer["player_id"], "p1");
    assert_eq!(answer["link"]["status"], "linked");
    assert_eq!(answer["link"]["amazon_user_id"], account);
    let linked_at = world.stored_link("p1").await.linked_at.to_string();
    assert_eq!(answer["link"]["linked_at"], linked_at);
    let entitlement = &answer["entitlements"][0];
    for (field, value) in [
        ("entitlement_id", json!(id)),
        ("sku", json!("hat")),
        ("title", json!("hat")),
        ("content", json!({"item": "hat"})),
        ("status", json!("pending")),
        ("reason", json!(null)),
        ("player_id", json!("p1")),
        ("amazon_user_id", json!(account)),
        ("attempts", json!(0)),
        ("attention_at", json!(null)),
        ("last_cause", json!(null)),
        ("handed_out_at", json!(world.clock.now().to_string())),
        ("delivered_at", json!(null)),
        ("reported_at", json!(null)),
    ] {
        assert_eq!(entitlement.get(field), Some(&value), "{field}");
    }
    assert_eq!(answer["cursor"], Value::Null);
    assert_eq!(answer["audit"], json!([]));
    let tokens = world.stored_link("p1").await.tokens.expect("tokens");
    let text = answer.to_string();
    assert!(!text.contains(tokens.as_str()));
    for secret in world.amazon.issued_secrets() {
        assert!(!text.contains(&secret), "{text}");
    }
}

#[tokio::test]
async fn a_players_entitlements_come_in_pages() {
    let world = World::new().await;
    world.offer_with("coin", &json!({"per_player": null})).await;
    world.linked("p1", "alice").await;
    for _ in 0..5 {
        world.amazon.claim("alice", "coin");
    }
    world.check("p1").await;
    let mut seen = Vec::new();
    let mut cursor = Value::Null;
    for size in [2, 2, 1] {
        let page = get(&world, &json!({"limit": 2, "cursor": cursor})).await;
        let page_ids = it::ids_of(&page);
        assert_eq!(page_ids.len(), size);
        seen.extend(page_ids);
        cursor = page["cursor"].clone();
    }
    assert_eq!(cursor, Value::Null);
    let mut all: Vec<_> = it::ids_of(&world.check("p1").await);
    all.sort();
    seen.sort();
    assert_eq!(seen, all);
    let bad = json!({"player_id": "p1", "cursor": "mine"});
    assert_eq!(code(&world, "player.get", bad).await, "invalid_cursor");
    for limit in [json!(0), json!(101), json!("5"), json!(1.5)] {
        let bad = json!({"player_id": "p1", "limit": limit});
        assert_eq!(code(&world, "player.get", bad).await, "invalid_request");
    }
}

#[tokio::test]
async fn a_row_that_can_not_be_read_is_named_and_hides_nothing() {
    let world = World::new().await;
    world.offer_with("coin", &json!({"per_player": null})).await;
    world.linked("p1", "alice").await;
    let (one, two) = (
        world.amazon.claim("alice", "coin"),
        world.amazon.claim("alice", "coin"),
    );
    world.check("p1").await;
    let update = world.dynamodb.update_item();
    let text = |text: String| aws_sdk_dynamodb::types::AttributeValue::S(text);
    let update = update
        .table_name(&world.app.config.tables.fulfillments)
        .key("pk", text("PLAYER#p1".to_owned()))
        .key("sk", text(format!("E#{one}")))
        .update_expression("REMOVE updated_at");
    update.send().await.expect("written");
    let answer = get(&world, &json!({})).await;
    assert_eq!(it::ids_of(&answer), [two]);
    let named = answer["unreadable"][0].as_str().expect("text");
    assert!(
        named.contains(&one) && named.contains("updated_at"),
        "{named}"
    );
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

/// Takes an attribute out of a row, which can't be read then.
async fn spoil(world: &World, table: &str, keys: &[(&str, &str)], attribute: &str) {
    let update = world.dynamodb.update_item().table_name(table);
    let update = keys.iter().fold(update, |update, (name, value)| {
        update.key(*name, text(value))
    });
    let update = update.update_expression(format!("REMOVE {attribute}"));
    update.send().await.expect("written");
}

async fn spoil_link(world: &World, player: &str) {
    let key = format!("PLAYER#{player}");
    let links = &world.app.config.tables.links;
    spoil(world, links, &[("pk", &key)], "linked_at").await;
}

/// Exactly one row can't be read, and the answer names its key and the attribute.
fn names(answer: &Value, key: &str, attribute: &str) {
    let unreadable = answer["unreadable"].as_array().expect("named rows");
    assert_eq!(unreadable.len(), 1, "{answer}");
    let named = unreadable[0].as_str().expect("text");
    assert!(named.contains(key) && named.contains(attribute), "{named}");
}

fn code_of(answer: &Value, id: &str) -> Value {
    it::entitlement_of(answer, id)["verdict"]["code"].clone()
}

#[tokio::test]
async fn a_link_that_can_not_be_read_is_named_and_hides_nothing() {
    let world = World::new().await;
    let delivered = world.pending("p1", "alice", "hat").await;
    let waiting = world.amazon.claim("alice", "boots");
    world.check_later("p1").await;
    world.offer("boots").await;
    let error = Fault::ItemResult("ERROR".to_owned());
    world.amazon.fault(Fulfill, error, 1);
    world.confirm("p1", &[&delivered]).await;
    let retry = json!({"player_id": "p1"});
    done(&world, "link.retry", retry).await;
    spoil_link(&world, "p1").await;
    let answer = get(&world, &json!({})).await;
    names(&answer, "PLAYER#p1", "linked_at");
    assert_eq!(answer["link"]["status"], Value::Null);
    assert_eq!(answer["audit"][0]["command"], "link.retry");
    // Nothing is known of the link, so nothing is said of it.
    assert_eq!(code_of(&answer, &delivered), "report_due");
    assert_eq!(code_of(&answer, &waiting), "attention");

    let one = json!({"command": "entitlement.get", "entitlement_id": delivered});
    let answer = world.admin(one).await;
    names(&answer, "PLAYER#p1", "linked_at");
    assert_eq!(answer["entitlement"]["verdict"]["code"], "report_due");

    let account = world.amazon.account_id("alice");
    let account = json!({"command": "amazon.get", "amazon_user_id": account});
    let answer = world.admin(account).await;
    names(&answer, "PLAYER#p1", "linked_at");
    assert_eq!(
        (&answer["player_id"], &answer["owes"]),
        (&json!("p1"), &json!(true))
    );
}

#[tokio::test]
async fn another_players_link_that_can_not_be_read_hides_nothing_of_the_player() {
    let world = World::new().await;
    let id = world.unreported("p1", "alice").await;
    world.amazon.revoke("alice");
    world.unlinked("p1").await;
    world.linked("p2", "alice").await;
    spoil_link(&world, "p2").await;
    let answer = get(&world, &json!({})).await;
    names(&answer, "PLAYER#p2", "linked_at");
    assert_eq!(answer["link"]["status"], "unlinked");
    assert_eq!(code_of(&answer, &id), "report_due");
}

#[tokio::test]
async fn an_audit_record_that_can_not_be_read_is_named_and_hides_nothing() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    for _ in 0..2 {
        done(&world, "link.retry", json!({"player_id": "p1"})).await;
        world.pass(1);
    }
    let table = &world.app.config.tables.fulfillments;
    let rows = everything(&world).await;
    let of_player = |row: &&BTreeMap<_, _>| row.get("pk") == Some(&text("PLAYER#p1"));
    let own = rows.values().filter(of_player);
    let sort_keys = own.filter_map(|row| row.get("sk")?.as_s().ok());
    let record = sort_keys.filter(|sk| sk.starts_with("A#")).min();
    let record = record.expect("an audit record");
    spoil(
        &world,
        table,
        &[("pk", "PLAYER#p1"), ("sk", record)],
        "command",
    )
    .await;
    let answer = get(&world, &json!({})).await;
    names(&answer, record, "command");
    assert_eq!(it::ids_of(&answer), [id]);
    assert_eq!(answer["audit"].as_array().expect("records").len(), 1);
}

#[tokio::test]
async fn a_record_or_a_holder_that_can_not_be_read_does_not_hide_the_entitlement() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.unlinked("p1").await;
    world.linked("p2", "alice").await;
    assert_eq!(
        status_of(&world.check("p2").await, &id),
        "held other_player"
    );
    let find = json!({"command": "entitlement.get", "entitlement_id": id});
    let table = &world.app.config.tables.fulfillments;
    let record = format!("E#{id}");
    spoil(
        &world,
        table,
        &[("pk", "PLAYER#p1"), ("sk", &record)],
        "updated_at",
    )
    .await;
    let answer = world.admin(find.clone()).await;
    names(&answer, "PLAYER#p1", "updated_at");
    assert_eq!(answer["entitlement"]["player_id"], "p2");
    assert_eq!(answer["also"], json!(["p1"]));

    let holders = format!("ENTITLEMENT#{id}");
    spoil(
        &world,
        table,
        &[("pk", &holders), ("sk", "OWNER")],
        "player_id",
    )
    .await;
    let answer = world.admin(find).await;
    names(&answer, "OWNER", "player_id");
    assert_eq!(answer["also"], json!([]));
}

#[tokio::test]
async fn unlinking_reports_first_and_leaves_an_audit_record() {
    let world = World::new().await;
    let id = world.unreported("p1", "alice").await;
    let answer = done(&world, "player.unlink", json!({"player_id": "p1"})).await;
    assert_eq!(
        answer,
        json!({"ok": true, "player_id": "p1", "unlinked": true})
    );
    assert_eq!(world.known_status("p1", &id).await, "reported");
    let shown = get(&world, &json!({})).await;
    assert_eq!(shown["link"]["status"], "unlinked");
    assert_eq!(shown["link"]["amazon_user_id"], Value::Null);
    assert_eq!(shown["audit"][0]["command"], "player.unlink");
    // Another player may have the account now.
    world.linked("p2", "alice").await;
    world.contract_is_kept();
}

#[tokio::test]
async fn unlinking_works_while_amazon_is_down_and_the_rest_is_reported_later() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world
        .amazon
        .fault(Fulfill, Fault::ItemResult("ERROR".to_owned()), 2);
    assert_eq!(world.confirm("p1", &[&id]).await[0]["status"], "delivered");
    done(&world, "player.unlink", json!({"player_id": "p1"})).await;
    let account =
        json!({"command": "amazon.get", "amazon_user_id": world.amazon.account_id("alice")});
    let answer = world.admin(account.clone()).await;
    assert_eq!(
        answer,
        json!({"ok": true, "player_id": null, "owes": true, "parked": []})
    );
    world.pass(120);
    world.reconcile().await;
    assert_eq!(world.known_status("p1", &id).await, "reported");
}

#[tokio::test]
async fn unlinking_a_player_whose_tokens_are_worthless_parks_the_report() {
    let world = World::new().await;
    let id = world.unreported("p1", "alice").await;
    world.amazon.revoke("alice");
    done(&world, "player.unlink", json!({"player_id": "p1"})).await;
    let account =
        json!({"command": "amazon.get", "amazon_user_id": world.amazon.account_id("alice")});
    let answer = world.admin(account).await;
    assert_eq!(answer["parked"][0]["entitlement_id"], id.as_str());
    world.linked("p2", "alice").await;
    world.reconcile().await;
    assert_eq!(world.known_status("p1", &id).await, "reported");
}

#[tokio::test]
async fn unlinking_a_player_without_a_link_is_carried_out_too() {
    let world = World::new().await;
    world.pending("p1", "alice", "hat").await;
    world.unlinked("p1").await;
    let command = json!({"player_id": "p1", "request_id": "r1"});
    let answer = done(&world, "player.unlink", command.clone()).await;
    assert_eq!(answer["unlinked"], false);
    assert_eq!(trail(&world, "p1").await[0]["note"], "there was no link");
    world.linked("p1", "alice").await;
    // The same request does not unlink what came later.
    assert_eq!(done(&world, "player.unlink", command).await, answer);
    assert_eq!(get(&world, &json!({})).await["link"]["status"], "linked");
}

#[tokio::test]
async fn a_retry_forgets_a_rest_that_amazon_asked_for() {
    let world = World::new().await;
    world.linked("p1", "alice").await;
    let busy = Fault::Status {
        status: 429,
        body: String::new(),
        retry_after: Some(600),
    };
    world.amazon.fault(Entitlements, busy, 1);
    assert_eq!(world.check("p1").await["fresh"], false);
    assert_eq!(world.check_later("p1").await["fresh"], false);
    done(&world, "link.retry", json!({"player_id": "p1"})).await;
    assert_eq!(world.check("p1").await["fresh"], true, "at once");
    // The shortest interval counts again, and another retry forgets it.
    assert_eq!(world.check("p1").await["fresh"], false);
    done(&world, "link.retry", json!({"player_id": "p1"})).await;
    assert_eq!(world.check("p1").await["fresh"], true);
}

/// A retry makes the next check ask Amazon, who answers.
async fn retries(world: &World) {
    assert_eq!(world.check_later("p1").await["fresh"], false);
    done(world, "link.retry", json!({"player_id": "p1"})).await;
    let answer = world.check("p1").await;
    assert_eq!(
        (&answer["fresh"], &answer["link"]),
        (&json!(true), &json!("linked"))
    );
}

#[tokio::test]
async fn a_retry_forgets_that_amazon_refused_the_link() {
    let world = World::new().await;
    world.linked("p1", "alice").await;
    let refused = Fault::Status {
        status: 403,
        body: String::new(),
        retry_after: None,
    };
    world.amazon.fault(Entitlements, refused, 3);
    assert_eq!(world.check("p1").await["link"], "relink_required");
    retries(&world).await;
}

#[tokio::test]
async fn a_retry_makes_a_second_look_due() {
    let world = World::new().await;
    world.linked("p1", "alice").await;
    world.pass(2 * 3600);
    let dead = Fault::Status {
        status: 400,
        body: json!({"error": "invalid_grant"}).to_string(),
        retry_after: None,
    };
    world.amazon.fault(stand_in::Endpoint::Token, dead, 1);
    assert_eq!(world.check("p1").await["link"], "relink_required");
    retries(&world).await;
}

#[tokio::test]
async fn without_a_link_there_is_nothing_to_retry() {
    let world = World::new().await;
    world.pending("p1", "alice", "hat").await;
    world.unlinked("p1").await;
    let player = json!({"player_id": "p1"});
    assert_eq!(code(&world, "link.retry", player).await, "not_found");
}

#[tokio::test]
async fn an_account_is_shown_with_what_is_parked_for_it() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    let account = world.amazon.account_id("alice");
    let command = json!({"command": "amazon.get", "amazon_user_id": account});
    let answer = world.admin(command.clone()).await;
    assert_eq!(
        answer,
        json!({"ok": true, "player_id": "p1", "owes": true, "parked": []}),
        "what is pending is to be reported one day"
    );
    world
        .amazon
        .fault(Fulfill, Fault::ItemResult("ERROR".to_owned()), 1);
    world.confirm("p1", &[&id]).await;
    world.amazon.revoke("alice");
    world.pass(60);
    world.reconcile().await;
    let answer = world.admin(command.clone()).await;
    let parked = json!([{"player_id": "p1", "entitlement_id": id}]);
    assert_eq!(answer["parked"], parked);
    world.linked("p1", "alice").await;
    world.reconcile().await;
    assert_eq!(world.known_status("p1", &id).await, "reported");
    world.reconcile().await;
    let answer = world.admin(command).await;
    assert_eq!(
        answer,
        json!({"ok": true, "player_id": "p1", "owes": false, "parked": []})
    );
    assert_eq!(status_of(&world.check_later("p1").await, &id), "");
}

//! Commands, and what all tables hold.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use it::World;
use serde_json::{Value, json};

/// A command with an actor and a reason.
pub(crate) fn order(command: &str, fields: &Value) -> Value {
    let mut event = json!({"command": command, "actor": "ada", "reason": "ticket 7"});
    for (name, value) in fields.as_object().expect("fields") {
        event[name] = value.clone();
    }
    event
}

/// Carries out a command, with an actor and a reason, and makes sure of it.
pub(crate) async fn done(world: &World, command: &str, fields: Value) -> Value {
    let answer = world.admin(order(command, &fields)).await;
    assert_eq!(answer["ok"], true, "{command} {fields}: {answer}");
    answer
}

/// The code of the one fault of a command, with an actor and a reason.
pub(crate) async fn code(world: &World, command: &str, fields: Value) -> String {
    let answer = world.admin(order(command, &fields)).await;
    only_code(&answer)
}

/// The code of an answer with one fault.
pub(crate) fn only_code(answer: &Value) -> String {
    assert_eq!(answer["ok"], false, "{answer}");
    let errors = answer["errors"].as_array().expect("a list");
    assert_eq!(errors.len(), 1, "{answer}");
    assert!(
        errors[0]["detail"]
            .as_str()
            .is_some_and(|it| !it.is_empty())
    );
    errors[0]["code"].as_str().expect("a code").to_owned()
}

/// The audit trail of a player.
pub(crate) async fn trail(world: &World, player: &str) -> Vec<Value> {
    let answer = world
        .admin(json!({"command": "player.get", "player_id": player}))
        .await;
    answer["audit"].as_array().expect("a trail").clone()
}

type Rows = BTreeMap<String, BTreeMap<String, AttributeValue>>;

/// Every row of every table.
pub(crate) async fn everything(world: &World) -> Rows {
    let tables = &world.app.config.tables;
    let mut rows = Rows::new();
    for table in [
        &tables.links,
        &tables.fulfillments,
        &tables.offers,
        &tables.erasures,
    ] {
        let scan = world.dynamodb.scan().table_name(table);
        let items = scan.consistent_read(true).into_paginator().items().send();
        let items: Result<Vec<_>, _> = items.collect().await;
        for item in items.expect("the rows") {
            let part = |name: &str| {
                let part = item.get(name).and_then(|value| value.as_s().ok());
                part.cloned().unwrap_or_default()
            };
            let key = format!("{table} {}{} {}", part("pk"), part("sku"), part("sk"));
            rows.insert(key, item.into_iter().collect());
        }
    }
    rows
}

/// A linked player with an entitlement that is held because the offer is used up: gives the ids of
/// the one before and of this one.
pub(crate) async fn duplicate(world: &World) -> (String, String) {
    let first = world.pending("p1", "alice", "hat").await;
    let second = world.amazon.claim("alice", "hat");
    let answer = world.check_later("p1").await;
    assert_eq!(it::status_of(&answer, &second), "held duplicate_offer");
    (first, second)
}

/// The entitlements that count against the offer's limit.
pub(crate) async fn places(world: &World, player: &str, sku: &str) -> Vec<String> {
    let pk = format!("PLAYER#{player}");
    let guard = world.fulfillment_item(&pk, &format!("G#{sku}")).await;
    let places = guard
        .get("entitlements")
        .map(|set| set.as_ss().expect("a set").clone());
    let mut places = places.unwrap_or_default();
    places.sort();
    places
}

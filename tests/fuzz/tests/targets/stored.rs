//! What is stored: rows, the secret; and what the people who invoke `admin` send.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fuzz::{fuzz, json, object, runtime, text};
use it::World;
use prime_gaming::domain::fields;
use prime_gaming::testing::secrets::SecretValues;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::whole;

/// Attributes of rows, by the way they are spoilt: `{"row": 0, "attribute": "status", "value": …}`;
/// without a value the attribute is missing.
fn spoilt(change: &Value, item: &mut HashMap<String, AttributeValue>) {
    let Some(name) = change["attribute"].as_str() else {
        return;
    };
    if ["pk", "sk"].contains(&name) {
        return;
    }
    let value = match &change["value"] {
        Value::Null => None,
        Value::Bool(flag) => Some(AttributeValue::Bool(*flag)),
        Value::Number(number) => Some(AttributeValue::N(number.to_string())),
        Value::String(text) => Some(AttributeValue::S(text.clone())),
        Value::Array(_) => Some(AttributeValue::L(Vec::new())),
        Value::Object(_) => Some(AttributeValue::M(HashMap::new())),
    };
    match value {
        Some(value) => drop(item.insert(name.to_owned(), value)),
        None => drop(item.remove(name)),
    }
}

/// Rows that are not what this code wrote: an error of ours that names the place and no value, or
/// an answer; never a panic, and never the caller's fault.
#[test]
fn rows() {
    const ATTRIBUTES: [&str; 42] = [
        "status",
        "link_id",
        "amazon_user_id",
        "client_id",
        "tokens",
        "dead_tokens",
        "dead_link_id",
        "next_look_at",
        "dead_until",
        "token_version",
        "access_expires_at",
        "linked_at",
        "checked_at",
        "next_check_at",
        "retry_at",
        "refresh_owner",
        "refresh_until",
        "has_open",
        "open_mark",
        "sku",
        "reason",
        "title",
        "content",
        "first_seen_at",
        "updated_at",
        "delivered_at",
        "reported_at",
        "attempts",
        "failing_since",
        "waiting_since",
        "counted_at",
        "stuck_at",
        "last_cause",
        "handed_out_at",
        "handed_out_again_at",
        "unclear_since",
        "ordered_at",
        "attention_at",
        "owner",
        "due_at",
        "seen",
        "check_owner",
    ];
    let runtime = runtime();
    let (world, rows) = runtime.block_on(async {
        let world = World::with(&[("CHECK_MIN_INTERVAL_SECONDS", "0")]).await;
        world.pending("p1", "alice", "hat").await;
        world.amazon.claim("alice", "hat");
        world.check("p1").await;
        let tables = &world.app.config.tables;
        let mut rows = Vec::new();
        for (table, prefix) in [
            (&tables.links, "PLAYER#"),
            (&tables.fulfillments, "PLAYER#"),
        ] {
            let page = world
                .dynamodb
                .scan()
                .table_name(table)
                .send()
                .await
                .expect("a scan");
            for item in page.items.unwrap_or_default() {
                if item["pk"].as_s().is_ok_and(|pk| pk.starts_with(prefix)) {
                    rows.push((table.clone(), item));
                }
            }
        }
        (world, rows)
    });
    assert!(rows.len() >= 3, "a link, a record and a guard");
    let value = prop_oneof![
        2 => select(vec!["linked", "unlinked", "relink_required", "pending", "held", "reported", "{", "k.AAAA"])
            .prop_map(Value::from),
        2 => any::<i64>().prop_map(Value::from),
        1 => text().prop_filter("DynamoDB takes at most so much", |text| text.len() < 1000)
            .prop_map(Value::from),
        1 => json(),
    ];
    let change = (0..rows.len(), select(ATTRIBUTES.to_vec()), value).prop_map(
        |(row, attribute, value)| json!({"row": row, "attribute": attribute, "value": value}),
    );
    let structured =
        vec(change, 1..4).prop_map(|changes| Value::from(changes).to_string().into_bytes());
    fuzz("rows", structured, |input| {
        let Ok(Value::Array(changes)) = serde_json::from_slice(input) else {
            return;
        };
        runtime.block_on(async {
            for (index, (table, item)) in rows.iter().enumerate() {
                let mut item = item.clone();
                for change in changes.iter().filter(|change| change["row"] == index) {
                    spoilt(change, &mut item);
                }
                let put = world
                    .dynamodb
                    .put_item()
                    .table_name(table)
                    .set_item(Some(item));
                if put.send().await.is_err() {
                    return; // no index takes such a key, so no such row can be
                }
            }
            for (method, path) in [
                ("GET", "/v1/link"),
                ("GET", "/v1/entitlements"),
                ("POST", "/v1/entitlements/check"),
            ] {
                let answer = world.call_as("p1", method, path).send().await;
                whole(&answer);
                assert!(matches!(answer.status.as_u16(), 200 | 500), "{answer:?}");
            }
        });
    });
}

/// The secret: each fault is named, and no value is repeated.
#[test]
fn secrets() {
    const KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
    const HUSH: &str = "hush-hush-hush-hush-hush-hush-hush-hush";
    let value = |text: &'static str| prop_oneof![Just(json!(text)), json()].boxed();
    let key = object(vec![("id", value("k1")), ("key", value(KEY))]);
    let structured = object(vec![
        ("lwa_client_secret", value(HUSH)),
        ("lwa_device_client_secret", value(HUSH)),
        ("player_jwt_secret", value(HUSH)),
        (
            "delivery_webhook_secret",
            value("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"),
        ),
        ("token_keys", vec(key, 0..3).prop_map(Value::from).boxed()),
        ("erasure_key", value(KEY)),
    ])
    .prop_map(|secret| secret.to_string().into_bytes());
    fuzz("secrets", structured, |input| {
        let Ok(text) = std::str::from_utf8(input) else {
            return;
        };
        match SecretValues::parse(text) {
            Ok(values) => {
                let printed = format!("{values:?}");
                assert!(
                    !printed.contains(HUSH) && !printed.contains(KEY),
                    "{printed}"
                );
                let secret: Value = serde_json::from_str(text).expect("JSON");
                for key in secret["token_keys"].as_array().expect("keys") {
                    let bytes = STANDARD.decode(key["key"].as_str().expect("text"));
                    assert_eq!(bytes.expect("base64").len(), 32);
                }
            }
            Err(faults) => {
                assert!(!faults.is_empty());
                for fault in &faults {
                    assert!(!fault.contains(HUSH) && !fault.contains(KEY), "{fault}");
                    assert!(fault.len() < 400, "{fault}");
                }
            }
        }
    });
}

/// Commands: always an answer, and a fault for whatever is not understood.
#[test]
fn commands() {
    let runtime = runtime();
    let world = runtime.block_on(World::new());
    let some_text = || text().prop_map(Value::from).boxed();
    let offer = object(vec![
        ("sku", prop_oneof![Just(json!("hat")), some_text()].boxed()),
        ("title", some_text()),
        ("content", json().boxed()),
        (
            "per_player",
            prop_oneof![Just(Value::Null), any::<i32>().prop_map(Value::from)].boxed(),
        ),
    ]);
    let command = select(vec![
        "offers.put",
        "offers.list",
        "offers.delete",
        "player.get",
        "player.unlink",
        "player.export",
        "player.erase",
        "player.erase_again",
        "link.retry",
        "amazon.get",
        "entitlement.get",
        "entitlement.hold",
        "entitlement.reassign",
        "x",
    ]);
    let structured = object(vec![
        ("actor", some_text()),
        ("reason", some_text()),
        ("request_id", some_text()),
        ("player_id", some_text()),
        ("entitlement_id", some_text()),
        ("command", command.prop_map(Value::from).boxed()),
        ("sku", some_text()),
        ("offers", vec(offer, 0..4).prop_map(Value::from).boxed()),
    ])
    .prop_map(|command| command.to_string().into_bytes());
    fuzz("commands", structured, |input| {
        // As text: what a parser would make of it is not what the function is given.
        let event = std::str::from_utf8(input).ok();
        let Some(event) = event.filter(|text| serde_json::from_str::<&RawValue>(text).is_ok())
        else {
            return;
        };
        let answer = runtime.block_on(world.admin_text(event));
        let answer: &RawValue = serde_json::from_str(&answer).expect("JSON");
        let fields = fields(answer).expect("an object");
        match fields["ok"].get() {
            "true" => {}
            "false" => {
                let errors: Vec<Value> =
                    serde_json::from_str(fields["errors"].get()).expect("a list");
                assert!(!errors.is_empty(), "{answer}");
                for error in errors {
                    let code = error["code"].as_str().unwrap_or_default();
                    let codes = [
                        "invalid_request",
                        "not_found",
                        "conflict",
                        "request_id_reused",
                    ];
                    assert!(codes.contains(&code), "{answer}");
                    assert!(error["detail"].as_str().is_some_and(|it| !it.is_empty()));
                }
            }
            other => panic!("{other}"),
        }
    });
}

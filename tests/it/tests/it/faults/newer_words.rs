//! Rows with words and types that only a newer version writes, as during a roll-out: an entitlement
//! costs its own place in the answers, any other row costs its own request, and each is one event that
//! an alarm counts.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use it::{World, ids_of};
use serde_json::Value;

use crate::attacks::secrets::Log;
use crate::devices::support as devices;
use crate::link::support::{back_from_amazon, links};

type Item = HashMap<String, AttributeValue>;

fn word() -> AttributeValue {
    AttributeValue::S("a word of a newer version".to_owned())
}

fn list() -> AttributeValue {
    AttributeValue::L(Vec::new())
}

async fn put(world: &World, table: &str, mut item: Item, attribute: &str, value: AttributeValue) {
    item.insert(attribute.to_owned(), value);
    let put = world.dynamodb.put_item().table_name(table);
    put.set_item(Some(item)).send().await.expect("written");
}

/// How many events `unreadable_row` there are about this attribute.
fn unreadable(log: &Log, attribute: &str) -> usize {
    let field = format!("no usable {attribute}");
    let text = log.text();
    let lines = text.lines().map(|line| {
        let line: Value = serde_json::from_str(line).expect("a JSON object a line");
        line["fields"].clone()
    });
    let events = lines.filter(|line| line["event"] == "unreadable_row");
    events
        .filter(|line| line["error"].as_str().is_some_and(|it| it.contains(&field)))
        .count()
}

#[tokio::test]
async fn an_entitlement_costs_its_place_in_every_answer_and_is_counted() {
    let cases = [
        ("pending", "status", word()),
        ("pending", "status", list()),
        ("pending", "content", list()),
        ("pending", "title", list()),
        ("pending", "attempts", word()),
        ("held", "reason", word()),
        ("held", "reason", list()),
        ("held", "sku", list()),
        ("reported", "reported_at", word()),
        ("reported", "delivered_at", list()),
    ];
    for (status, attribute, value) in cases {
        let context = format!("{status}: {attribute} {value:?}");
        let world = World::new().await;
        let id = match status {
            "held" => {
                world.linked("p1", "alice").await;
                let id = world.amazon.claim("alice", "nobody-knows");
                world.check("p1").await;
                id
            }
            _ => world.pending("p1", "alice", "hat").await,
        };
        if status == "reported" {
            world.confirm("p1", &[&id]).await;
        }
        assert!(world.known_status("p1", &id).await.starts_with(status));
        let item = world.record_item("p1", &id).await;
        let table = &world.app.config.tables.fulfillments;
        put(&world, table, item, attribute, value).await;

        let (log, _listening) = Log::start();
        for answer in [world.check_later("p1").await, world.check("p1").await] {
            assert_eq!(ids_of(&answer), [""; 0], "{context}");
        }
        assert_eq!(world.history("p1").await, [Value::Null; 0], "{context}");
        assert_ne!(unreadable(&log, attribute), 0, "{context}: {}", log.text());
        // What comes after it is handled.
        world.offer("scarf").await;
        let scarf = world.amazon.claim("alice", "scarf");
        let answer = world.check_later("p1").await;
        assert_eq!(ids_of(&answer), [scarf.as_str()], "{context}");
        let results = world.confirm("p1", &[&scarf]).await;
        assert_eq!(results[0]["status"], "reported", "{context}");
    }
}

#[tokio::test]
async fn a_link_costs_the_requests_of_its_player_and_is_counted() {
    for (attribute, value) in [
        ("status", word()),
        ("token_version", word()),
        ("linked_at", list()),
    ] {
        let world = World::new().await;
        world.linked("p1", "alice").await;
        world.linked("p2", "bob").await;
        let table = &world.app.config.tables.links;
        put(
            &world,
            table,
            world.player_item("p1").await,
            attribute,
            value,
        )
        .await;
        let (log, _listening) = Log::start();
        for (method, path) in [
            ("GET", "/v1/link"),
            ("POST", "/v1/entitlements/check"),
            ("DELETE", "/v1/link"),
        ] {
            let answer = world.call_as("p1", method, path).send().await;
            answer.problem(500, "internal");
        }
        assert_eq!(unreadable(&log, attribute), 3, "{}", log.text());
        assert_eq!(world.check("p2").await["link"], "linked");
    }
}

#[tokio::test]
async fn an_attempt_costs_its_own_page_and_is_counted() {
    let world = World::new().await;
    let (mut browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
    let attempts = links(&world, "ATTEMPT#").await;
    let (_, item) = attempts.into_iter().next().expect("one attempt");
    let table = &world.app.config.tables.links;
    put(&world, table, item, "status", word()).await;
    let (log, _listening) = Log::start();
    browser.get(&back).await.page(500, "internal");
    assert_eq!(unreadable(&log, "status"), 1, "{}", log.text());
    // The player starts again.
    world.linked("p1", "alice").await;
}

#[tokio::test]
async fn a_device_costs_its_own_polls_and_is_counted() {
    for attribute in ["status", "error"] {
        let world = devices::devices().await;
        let session = devices::start(&world, "p1").await;
        let rows = links(&world, "DEVICE#").await;
        let (_, item) = rows.into_iter().next().expect("one device");
        let table = &world.app.config.tables.links;
        put(&world, table, item, attribute, word()).await;
        let (log, _listening) = Log::start();
        let answer = devices::try_poll(&world, "p1", devices::id(&session)).await;
        answer.problem(500, "internal");
        assert_eq!(unreadable(&log, attribute), 1, "{}", log.text());
        let other = devices::start(&world, "p2").await;
        assert_eq!(
            devices::poll(&world, "p2", &other).await,
            devices::pending()
        );
    }
}

//! One bad row costs one entitlement: the others are read, admitted, delivered, reported and woken
//! as if it were not there.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use it::{World, entitlement_of, ids_of, status_of};
use serde_json::{Value, json};
use stand_in::Endpoint::Fulfill;
use stand_in::Fault;

type Item = HashMap<String, AttributeValue>;

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn number(value: &str) -> AttributeValue {
    AttributeValue::N(value.to_owned())
}

async fn put(world: &World, table: &str, item: Item) {
    let put = world.dynamodb.put_item().table_name(table);
    put.set_item(Some(item)).send().await.expect("written");
}

/// Writes an attribute of the record anew, or removes it; gives the record as it was.
async fn spoil(world: &World, id: &str, attribute: &str, value: Option<AttributeValue>) -> Item {
    let before = world.record_item("p1", id).await;
    let mut item = before.clone();
    match value {
        Some(value) => drop(item.insert(attribute.to_owned(), value)),
        None => drop(item.remove(attribute)),
    }
    put(world, &world.app.config.tables.fulfillments, item).await;
    before
}

/// The ways in which a row of a `pending` entitlement can't be read. The words are those of a
/// newer version.
fn ways() -> Vec<(&'static str, Option<AttributeValue>)> {
    vec![
        ("status", None),
        ("status", Some(text("paused"))),
        ("status", Some(number("1"))),
        ("status", Some(text("held"))),
        ("content", None),
        ("content", Some(text("{"))),
        ("content", Some(number("7"))),
        ("sku", Some(number("7"))),
        ("amazon_user_id", None),
        ("first_seen_at", Some(number("-1"))),
        ("updated_at", Some(text("today"))),
        ("attempts", Some(number("-1"))),
    ]
}

/// A linked player with so many pending coins; gives their ids in the order of the answer.
async fn coins(world: &World, count: usize) -> Vec<String> {
    world.offer_with("coin", &json!({"per_player": null})).await;
    world.linked("p1", "alice").await;
    for _ in 0..count {
        world.amazon.claim("alice", "coin");
        world.check_later("p1").await;
    }
    ids_of(&world.check("p1").await)
}

async fn list(world: &World, query: &str) -> Value {
    let path = format!("/v1/entitlements{query}");
    world.call_as("p1", "GET", &path).send().await.ok()
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn it_is_left_out_of_every_answer_and_comes_back_when_it_is_mended() {
    let world = World::new().await;
    let mut ids = coins(&world, 3).await;
    for (attribute, value) in ways() {
        let context = format!("{attribute} {value:?}");
        let before = spoil(&world, &ids[1], attribute, value).await;
        let mut others = ids.clone();
        others.remove(1);
        for is_fresh in [true, false] {
            if is_fresh {
                world.pass(5);
            }
            let answer = world.check("p1").await;
            assert_eq!(answer["fresh"], is_fresh, "{context}");
            assert_eq!(ids_of(&answer), others, "{context}");
        }
        // What Amazon lists besides is written down, and the others are confirmed.
        ids.push(world.amazon.claim("alice", "coin"));
        let answer = world.check_later("p1").await;
        let new = ids.last().expect("one is new");
        assert_eq!(status_of(&answer, new), "pending", "{context}");
        let done = ids.remove(0);
        let results = world.confirm("p1", &[&done]).await;
        assert_eq!(results[0]["status"], "reported", "{context}");
        for query in ["?limit=1", "?limit=100", "?status=pending&limit=1"] {
            let mut shown = Vec::new();
            let mut page = list(&world, query).await;
            shown.extend(ids_of(&page));
            while let Some(cursor) = page["next_cursor"].as_str() {
                page = list(&world, &format!("{query}&cursor={cursor}")).await;
                shown.extend(ids_of(&page));
            }
            assert!(!shown.contains(&ids[0]), "{context} {query}");
            assert!(shown.contains(&ids[1]) && shown.contains(&ids[2]));
        }
        put(&world, &world.app.config.tables.fulfillments, before).await;
        assert_eq!(ids_of(&world.check("p1").await), ids, "{context}");
        // In the middle again.
        ids = ids_of(&world.check("p1").await);
    }
}

#[tokio::test]
async fn of_several_confirmed_ones_only_it_comes_back_as_pending() {
    let world = World::new().await;
    let ids = coins(&world, 3).await;
    spoil(&world, &ids[1], "status", Some(text("paused"))).await;
    let ids: Vec<_> = ids.iter().map(String::as_str).collect();
    let results = world.confirm("p1", &ids).await;
    let statuses: Vec<_> = (0..3).map(|index| &results[index]["status"]).collect();
    assert_eq!(statuses, ["reported", "pending", "reported"]);
}

#[tokio::test]
async fn a_bad_row_that_is_all_there_is_is_not_forgotten() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    // Also where Amazon no longer lists it.
    assert!(world.amazon.remove_entitlement("alice", &id));
    let before = spoil(&world, &id, "status", Some(text("paused"))).await;
    for _ in 0..2 {
        assert_eq!(ids_of(&world.check_later("p1").await), [""; 0]);
    }
    put(&world, &world.app.config.tables.fulfillments, before).await;
    assert_eq!(status_of(&world.check("p1").await, &id), "pending");
}

#[tokio::test]
async fn what_amazon_lists_after_an_element_that_cant_be_written_is_admitted() {
    let world = World::new().await;
    for sku in ["first", "bad", "last"] {
        world.offer_with(sku, &json!({"per_player": null})).await;
    }
    world.linked("p1", "alice").await;
    // Nothing can be added to this guard, so the database refuses the transaction.
    let guard = Item::from([
        ("pk".to_owned(), text("PLAYER#p1")),
        ("sk".to_owned(), text("G#bad")),
        ("entitlements".to_owned(), number("7")),
    ]);
    put(&world, &world.app.config.tables.fulfillments, guard).await;
    let ids = ["first", "bad", "last"].map(|sku| world.amazon.claim("alice", sku));
    let answer = world.check("p1").await;
    assert_eq!(answer["fresh"], true);
    let statuses = ids.clone().map(|id| status_of(&answer, &id));
    assert_eq!(statuses, ["pending", "", "pending"]);
}

#[tokio::test]
async fn what_the_database_did_not_take_comes_with_the_next_check() {
    let world = World::new().await;
    world.offer_with("coin", &json!({"per_player": null})).await;
    world.linked("p1", "alice").await;
    let ids: Vec<_> = (0..3)
        .map(|_| world.amazon.claim("alice", "coin"))
        .collect();
    world.database.refuse("TransactWriteItems", 1, 1);
    let answer = world.check("p1").await;
    assert_eq!(answer["fresh"], true);
    let statuses: Vec<_> = ids.iter().map(|id| status_of(&answer, id)).collect();
    assert_eq!(statuses, ["pending", "", "pending"]);
    assert_eq!(ids_of(&world.check_later("p1").await).len(), 3);
}

#[tokio::test]
async fn an_offer_that_cant_be_read_costs_its_own_entitlements() {
    let world = World::new().await;
    world.offer("hat").await;
    world.linked("p1", "alice").await;
    let bad = Item::from([
        ("sku".to_owned(), text("scarf")),
        ("title".to_owned(), text("Scarf")),
        ("content".to_owned(), text("{")),
        ("per_player".to_owned(), number("1")),
    ]);
    put(&world, &world.app.config.tables.offers, bad).await;
    let scarf = world.amazon.claim("alice", "scarf");
    let hat = world.amazon.claim("alice", "hat");
    let answer = world.check("p1").await;
    assert_eq!(status_of(&answer, &hat), "pending");
    assert_eq!(entitlement_of(&answer, &scarf), Value::Null, "not held");
    world.offer("scarf").await;
    let answer = world.check_later("p1").await;
    assert_eq!(status_of(&answer, &scarf), "pending");
}

#[tokio::test]
async fn without_the_offers_what_needs_none_is_written_down() {
    let world = World::new().await;
    world.offer("hat").await;
    world.linked("p1", "alice").await;
    let hat = world.amazon.claim("alice", "hat");
    world.amazon.put_entitlement(
        "alice",
        json!({"EntitlementId": "e1", "VendorProductId": "hat", "NextInstruction": "OTHER"}),
    );
    world.database.refuse("BatchGetItem", 0, 1);
    let answer = world.check("p1").await;
    assert_eq!(status_of(&answer, "e1"), "held unknown_instruction");
    assert_eq!(entitlement_of(&answer, &hat), Value::Null, "not held");
    assert_eq!(status_of(&world.check_later("p1").await, &hat), "pending");
}

/// Two that are delivered, and that Amazon could not be told of.
async fn two_unreported(world: &World) -> Vec<String> {
    let ids = coins(world, 2).await;
    let fault = Fault::ItemResult("ERROR".to_owned());
    world.amazon.fault(Fulfill, fault, 2);
    let results = world.confirm("p1", &[&ids[0], &ids[1]]).await;
    assert_eq!(results[1]["status"], "delivered");
    ids
}

#[tokio::test]
async fn a_bad_parked_row_does_not_keep_the_others_asleep() {
    // In the order of the note one is before the other.
    for (bad, good) in [(0, 1), (1, 0)] {
        let world = World::new().await;
        let mut ids = two_unreported(&world).await;
        ids.sort();
        world.amazon.revoke("alice");
        world.pass(60);
        world.reconcile().await;
        let before = spoil(&world, &ids[bad], "updated_at", Some(text("today"))).await;
        assert!(!before.contains_key("due_at"), "it is parked");
        world.linked("p1", "alice").await;
        world.reconcile().await;
        assert_eq!(world.known_status("p1", &ids[good]).await, "reported");
        // It is not lost either: it is due, and mended it is reported.
        let mut item = world.record_item("p1", &ids[bad]).await;
        assert!(item.contains_key("due_at"));
        item.insert("updated_at".to_owned(), before["updated_at"].clone());
        put(&world, &world.app.config.tables.fulfillments, item).await;
        world.pass(3600);
        world.reconcile().await;
        assert_eq!(world.known_status("p1", &ids[bad]).await, "reported");
    }
}

#[tokio::test]
async fn unlinking_reports_what_can_be_read_and_keeps_the_tokens_for_the_rest() {
    let world = World::new().await;
    let ids = two_unreported(&world).await;
    let before = spoil(&world, &ids[0], "updated_at", Some(text("today"))).await;
    world.pass(60);
    world.unlinked("p1").await;
    assert_eq!(world.known_status("p1", &ids[1]).await, "reported");
    put(&world, &world.app.config.tables.fulfillments, before).await;
    world.pass(3600);
    world.reconcile().await;
    assert_eq!(world.known_status("p1", &ids[0]).await, "reported");
}

#[tokio::test]
async fn a_delivery_by_webhook_is_not_kept_up_by_a_bad_row() {
    let (world, studio) = World::with_studio(&[]).await;
    world.offer_with("coin", &json!({"per_player": null})).await;
    world.linked("p1", "alice").await;
    let ids: Vec<_> = (0..2)
        .map(|_| world.amazon.claim("alice", "coin"))
        .collect();
    studio.script([500, 500].map(it::Reply::status));
    world.check("p1").await;
    spoil(&world, &ids[0], "status", Some(text("paused"))).await;
    world.pass(60);
    assert_eq!(world.reconcile().await["done"], 1);
    assert_eq!(world.known_status("p1", &ids[1]).await, "reported");
    assert_eq!(studio.given().len(), 1);
}

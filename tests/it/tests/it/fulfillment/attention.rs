//! What has been failing for a week is shown to an operator, tried once a day, and never given up.
//! Time spent waiting is no failing.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use it::{Reply, World, status_of};
use serde_json::{Value, json};
use stand_in::Endpoint::{Entitlements, Fulfill};
use stand_in::Fault;

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

fn error() -> Fault {
    Fault::ItemResult("ERROR".to_owned())
}

fn status(status: u16, retry_after: Option<u32>) -> Fault {
    Fault::Status {
        status,
        body: String::new(),
        retry_after,
    }
}

async fn item(world: &World, id: &str) -> HashMap<String, AttributeValue> {
    world.record_item("p1", id).await
}

async fn has_attention(world: &World, id: &str) -> bool {
    item(world, id).await.contains_key("attention_at")
}

async fn due_in_seconds(world: &World, id: &str) -> i64 {
    let due_at = item(world, id).await["due_at"]
        .as_n()
        .expect("a number")
        .clone();
    let due_at: i64 = due_at.parse().expect("milliseconds");
    (due_at - world.clock.now().as_millis()) / 1000
}

/// Six hours pass, again and again, and every report fails; until an operator has to look.
async fn fail_for_a_week(world: &World, id: &str) {
    let began = world.clock.now();
    loop {
        world.pass(6 * HOUR);
        world.amazon.fault(Fulfill, error(), 1);
        assert_eq!(world.reconcile().await["failed"], 1);
        let failing_for = world.clock.now().since(began).as_secs();
        let is_noted = has_attention(world, id).await;
        assert_eq!(is_noted, failing_for >= 7 * DAY, "after {failing_for} s");
        if is_noted {
            return;
        }
    }
}

/// How often Amazon was told in so many days, with a check and a run of `reconcile` every three hours.
async fn tries_in(world: &World, days: u64) -> usize {
    world.forget();
    for _ in 0..days * 8 {
        world.pass(3 * HOUR);
        world.amazon.clear_faults();
        world.amazon.fault(Fulfill, error(), 9);
        world.check("p1").await;
        world.reconcile().await;
    }
    world.amazon.clear_faults();
    world.amazon.calls_to(Fulfill)
}

#[tokio::test]
async fn a_report_that_fails_for_a_week_is_tried_once_a_day() {
    let world = World::new().await;
    let id = world.unreported("p1", "alice").await;
    fail_for_a_week(&world, &id).await;
    let noted = item(&world, &id).await;
    assert_eq!(due_in_seconds(&world, &id).await, 24 * 3600);
    assert_eq!(tries_in(&world, 3).await, 3);
    assert_eq!(status_of(&world.check("p1").await, &id), "delivered");
    assert_eq!(
        item(&world, &id).await["attention_at"],
        noted["attention_at"]
    );
    // Unlinking is no reason to try it before its time.
    world.unlinked("p1").await;
    assert_eq!(world.amazon.calls_to(Fulfill), 3);
    world.linked("p1", "alice").await;
    world.pass(DAY);
    assert_eq!(world.reconcile().await["done"], 1);
    assert_eq!(world.known_status("p1", &id).await, "reported");
    let item = item(&world, &id).await;
    for gone in ["attention_at", "failing_since", "due_at", "open"] {
        assert!(!item.contains_key(gone), "{gone}");
    }
}

#[tokio::test]
async fn a_check_makes_the_daily_try_too() {
    let world = World::new().await;
    let id = world.unreported("p1", "alice").await;
    fail_for_a_week(&world, &id).await;
    world.forget();
    world.pass(DAY - 10);
    assert_eq!(status_of(&world.check("p1").await, &id), "delivered");
    assert_eq!(world.amazon.calls_to(Fulfill), 0);
    world.pass(10);
    world.check("p1").await;
    assert_eq!(world.known_status("p1", &id).await, "reported");
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn a_week_of_refusals_is_no_failing() {
    let world = World::new().await;
    let id = world.unreported("p1", "alice").await;
    world.pass(60);
    for _ in 0..8 * 12 {
        world.amazon.fault(Entitlements, status(403, None), 3);
        world.reconcile().await;
        world.amazon.clear_faults();
        world.pass(2 * HOUR);
    }
    // The first try after it fails.
    world.amazon.fault(Fulfill, error(), 1);
    assert_eq!(world.reconcile().await["failed"], 1);
    assert!(!has_attention(&world, &id).await);
    assert!(due_in_seconds(&world, &id).await <= 3600);
    world.pass(HOUR);
    assert_eq!(world.reconcile().await["done"], 1);
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn time_spent_waiting_between_failures_does_not_count() {
    let world = World::new().await;
    let id = world.unreported("p1", "alice").await;
    // Three days of failing, five of a refused link, three of failing.
    for days in [3, 3] {
        for _ in 0..days * 4 {
            world.pass(6 * HOUR);
            world.amazon.fault(Fulfill, error(), 1);
            assert_eq!(world.reconcile().await["failed"], 1);
        }
        assert!(!has_attention(&world, &id).await);
        for _ in 0..5 * 4 {
            world.pass(6 * HOUR);
            world.amazon.fault(Entitlements, status(403, None), 3);
            world.reconcile().await;
            world.amazon.clear_faults();
        }
        assert!(!has_attention(&world, &id).await);
    }
    // What failed before still counts.
    for _ in 0..6 {
        world.pass(6 * HOUR);
        world.amazon.fault(Fulfill, error(), 1);
        world.reconcile().await;
    }
    assert!(has_attention(&world, &id).await);
}

#[tokio::test]
async fn parking_is_waiting() {
    let world = World::new().await;
    let id = world.unreported("p1", "alice").await;
    world.pass(60);
    world.amazon.fault(Fulfill, error(), 1);
    world.reconcile().await;
    world.amazon.revoke("alice");
    world.pass(HOUR);
    world.reconcile().await;
    assert!(
        !item(&world, &id).await.contains_key("due_at"),
        "it is parked"
    );
    world.pass(8 * DAY);
    world.linked("p1", "alice").await;
    world.amazon.fault(Fulfill, error(), 1);
    assert_eq!(world.reconcile().await["failed"], 1);
    assert!(!has_attention(&world, &id).await);
}

#[tokio::test]
async fn what_is_parked_with_an_operators_attention_wakes() {
    let world = World::new().await;
    let id = world.unreported("p1", "alice").await;
    fail_for_a_week(&world, &id).await;
    world.amazon.revoke("alice");
    world.pass(DAY);
    world.reconcile().await;
    assert!(
        !item(&world, &id).await.contains_key("due_at"),
        "it is parked"
    );
    world.linked("p1", "alice").await;
    assert_eq!(world.reconcile().await["done"], 1);
    assert_eq!(world.known_status("p1", &id).await, "reported");
}

fn say(world: &World, id: &str, word: &str) {
    let element = json!({"EntitlementId": id, "VendorProductId": "hat", "NextInstruction": word});
    world.amazon.put_entitlement("alice", element);
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn an_unknown_word_that_lasts_a_week_has_an_operators_attention() {
    let world = World::new().await;
    let id = world.unreported("p1", "alice").await;
    say(&world, &id, "LATER");
    world.pass(60);
    world.reconcile().await;
    let began = world.clock.now();
    loop {
        world.pass(4 * HOUR);
        world.check("p1").await;
        assert_eq!(world.reconcile().await["failed"], 1);
        let lasts = world.clock.now().since(began).as_secs();
        let is_noted = has_attention(&world, &id).await;
        assert_eq!(is_noted, lasts >= 7 * DAY, "after {lasts} s");
        if is_noted {
            break;
        }
    }
    assert_eq!(due_in_seconds(&world, &id).await, 24 * 3600);
    say(&world, &id, "FULFILL");
    world.pass(DAY);
    assert_eq!(world.reconcile().await["done"], 1);
    let item = item(&world, &id).await;
    assert_eq!(item["status"], AttributeValue::S("reported".to_owned()));
    assert!(!item.contains_key("attention_at") && !item.contains_key("unclear_since"));
}

#[tokio::test]
async fn an_unknown_word_is_counted_from_its_first_sight_to_its_last() {
    let world = World::new().await;
    let id = world.unreported("p1", "alice").await;
    for word in ["LATER", "FULFILL", "LATER"] {
        say(&world, &id, word);
        for _ in 0..5 {
            world.pass(DAY);
            if word == "FULFILL" {
                world.amazon.fault(Fulfill, error(), 1);
            }
            assert_eq!(world.reconcile().await["failed"], 1);
        }
        assert!(!has_attention(&world, &id).await, "{word}");
    }
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn a_delivery_that_fails_for_a_week_is_tried_once_a_day() {
    let (world, studio) = World::with_studio(&[]).await;
    world.offer("hat").await;
    world.linked("p1", "alice").await;
    let id = world.amazon.claim("alice", "hat");
    studio.script([Reply::status(500)]);
    world.check("p1").await;
    let mut calls = 1;
    while !has_attention(&world, &id).await {
        world.pass(6 * HOUR);
        studio.script([Reply::status(500)]);
        assert_eq!(world.reconcile().await["failed"], 1);
        calls += 1;
        assert!(calls <= 29, "seven days are over");
    }
    assert_eq!(studio.calls().len(), 29);
    for hour in 1..=24 {
        world.pass(3 * HOUR);
        studio.script([Reply::status(500)]);
        if hour % 2 == 0 {
            assert_eq!(status_of(&world.check("p1").await, &id), "pending");
        } else {
            world.reconcile().await;
        }
        // What was not used is not to answer the next.
        if studio.calls().len() == calls {
            studio.forget_script();
        }
        calls = studio.calls().len();
    }
    assert_eq!(calls, 29 + 3);
    world.pass(DAY);
    world.check("p1").await;
    let item = item(&world, &id).await;
    assert_eq!(item["status"], AttributeValue::S("reported".to_owned()));
    assert!(!item.contains_key("attention_at") && !item.contains_key("failing_since"));
}

/// An earlier version took what had failed for a week out of the due index for good.
#[tokio::test]
async fn what_an_earlier_version_gave_up_is_tried_again() {
    for is_delivered in [true, false] {
        let (world, studio) = World::with_studio(&[]).await;
        world.offer("hat").await;
        world.linked("p1", "alice").await;
        let id = world.amazon.claim("alice", "hat");
        if is_delivered {
            world.amazon.fault(Fulfill, error(), 1);
        } else {
            studio.script([Reply::status(500)]);
        }
        world.check("p1").await;
        let mut item = item(&world, &id).await;
        for gone in ["due_at", "due_shard", "failing_since"] {
            assert!(item.remove(gone).is_some(), "{gone}");
        }
        let now = world.clock.now().as_millis().to_string();
        item.insert("attention_at".to_owned(), AttributeValue::N(now));
        let put = world.dynamodb.put_item();
        let put = put.table_name(&world.app.config.tables.fulfillments);
        put.set_item(Some(item)).send().await.expect("written");
        assert_eq!(world.reconcile().await["taken"], 0);
        world.check_later("p1").await;
        assert_eq!(
            world.known_status("p1", &id).await,
            "reported",
            "{is_delivered}"
        );
    }
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn rest_that_the_other_side_asks_for_does_not_hide_a_week_of_failures() {
    let world = World::new().await;
    let id = world.unreported("p1", "alice").await;
    let began = world.clock.now();
    while world.clock.now().since(began).as_secs() < 8 * DAY {
        world.pass(6 * HOUR);
        world.amazon.fault(Entitlements, status(503, Some(60)), 1);
        let done: Value = world.reconcile().await;
        assert_eq!(done["done"], 0);
        world.amazon.clear_faults();
    }
    assert!(has_attention(&world, &id).await, "each of these was a try");
}

//! What is parked until its Amazon account is linked again: how it wakes, how its note ends, and
//! what happens at the bounds.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use it::{World, ids_of, status_of};
use prime_gaming::testing::store::{DUE_SHARDS, Housekeeping, MOST_PARKED, Taken};
use serde_json::json;
use stand_in::Endpoint::{Entitlements, Fulfill};
use stand_in::Fault;

use crate::link::support::links;
use crate::store::kit::lease;

type Item = HashMap<String, AttributeValue>;

fn error() -> Fault {
    Fault::ItemResult("ERROR".to_owned())
}

fn refused() -> Fault {
    Fault::Status {
        status: 403,
        body: String::new(),
        retry_after: None,
    }
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

/// The same, parked because Amazon has ended the link.
async fn parked(world: &World) -> String {
    let id = world.unreported("p1", "alice").await;
    world.amazon.revoke("alice");
    world.pass(60);
    world.reconcile().await;
    assert_eq!(noted(world).await, [format!("p1 {id}")]);
    id
}

async fn note(world: &World) -> Item {
    let account = format!("ACCOUNT#{}", world.amazon.account_id("alice"));
    world.fulfillment_item(&account, "PARKED").await
}

/// What is noted for alice's account.
async fn noted(world: &World) -> Vec<String> {
    let note = note(world).await;
    let records = note.get("records").and_then(|records| records.as_ss().ok());
    records.cloned().unwrap_or_default()
}

async fn put(world: &World, item: Item) {
    let table = &world.app.config.tables.fulfillments;
    let request = world.dynamodb.put_item().table_name(table);
    let written = request.set_item(Some(item)).send().await;
    written.expect("written");
}

/// Parks so many more, which are like `id` but for their names. Amazon knows nothing of them, so
/// it has heard of them.
async fn park_more(world: &World, id: &str, more: usize) -> Vec<String> {
    let model = world.record_item("p1", id).await;
    let first_seen_at = model["first_seen_at"].as_n().expect("a number");
    let ids: Vec<_> = (0..more).map(|number| format!("more-{number}")).collect();
    for id in &ids {
        let mut item = model.clone();
        let seen = format!("{first_seen_at:0>15}#{id}");
        item.insert("sk".to_owned(), text(&format!("E#{id}")));
        item.insert("open".to_owned(), text(&seen));
        item.insert("seen".to_owned(), text(&seen));
        put(world, item).await;
    }
    let mut note = note(world).await;
    let mut records = noted(world).await;
    records.extend(ids.iter().map(|id| format!("p1 {id}")));
    note.insert("records".to_owned(), AttributeValue::Ss(records));
    put(world, note).await;
    ids
}

/// Takes the note, as a process does that dies right after.
async fn take_note(world: &World, owner: &str) -> Housekeeping {
    let (store, now) = (&world.app.fulfillments, world.clock.now());
    for shard in 0..DUE_SHARDS {
        let page = store.due(shard, now, None).await.expect("a page");
        for hint in &page.hints {
            let taken = store.acquire_due(hint, lease(owner, now), now).await;
            if let Some(Taken::Housekeeping(task)) = taken.expect("written") {
                return task;
            }
        }
    }
    panic!("the note is not due");
}

#[tokio::test]
async fn a_note_ends_with_the_last_report_that_it_is_about() {
    let world = World::new().await;
    let id = world.unreported("p1", "alice").await;
    world.pass(60);
    world.amazon.fault(Entitlements, refused(), 3);
    world.reconcile().await;
    assert_eq!(noted(&world).await, [format!("p1 {id}")]);
    world.pass(7200);
    world.reconcile().await;
    assert_eq!(world.known_status("p1", &id).await, "reported");
    assert_eq!(noted(&world).await, [""; 0]);
    world.reconcile().await;
    assert!(note(&world).await.is_empty());
    // So nothing is owed, whichever player links the account.
    world.unlinked("p1").await;
    world.linked("p2", "alice").await;
    world.unlinked("p2").await;
    assert!(links(&world, "REMNANT#").await.is_empty());
}

#[tokio::test]
async fn a_note_that_says_too_much_keeps_no_tokens() {
    let world = World::new().await;
    let id = world.unreported("p1", "alice").await;
    world.pass(60);
    world.amazon.fault(Entitlements, refused(), 3);
    world.reconcile().await;
    let stale = note(&world).await;
    world.pass(7200);
    world.reconcile().await;
    assert_eq!(world.known_status("p1", &id).await, "reported");
    world.unlinked("p1").await;
    // As an earlier version leaves it, or a crash.
    put(&world, stale).await;
    world.linked("p2", "alice").await;
    world.unlinked("p2").await;
    assert!(links(&world, "REMNANT#").await.is_empty());
    world.linked("p3", "alice").await;
    world.reconcile().await;
    assert!(note(&world).await.is_empty());
}

#[tokio::test]
async fn an_account_keeps_tokens_for_an_earlier_player_only_while_a_report_is_owed() {
    let world = World::new().await;
    let id = world.unreported("p1", "alice").await;
    world.amazon.fault(Fulfill, error(), 1);
    world.unlinked("p1").await;
    world.linked("p2", "alice").await;
    // Linking the same pair again forgets no debt.
    world.linked("p2", "alice").await;
    world.unlinked("p2").await;
    assert_eq!(links(&world, "REMNANT#").await.len(), 1);
    world.linked("p3", "alice").await;
    world.pass(60);
    world.reconcile().await;
    assert_eq!(world.known_status("p1", &id).await, "reported");
    world.unlinked("p3").await;
    assert!(links(&world, "REMNANT#").await.is_empty());
    world.contract_is_kept();
}

#[tokio::test]
async fn what_is_left_of_a_link_goes_when_its_last_inherited_report_is_made() {
    let world = World::new().await;
    let id = world.unreported("p1", "alice").await;
    world.amazon.fault(Fulfill, error(), 1);
    world.unlinked("p1").await;
    world.linked("p2", "alice").await;
    world.unlinked("p2").await;
    world.pass(60);
    world.reconcile().await;
    assert_eq!(world.known_status("p1", &id).await, "reported");
    world.pass(60);
    world.reconcile().await;
    assert!(links(&world, "REMNANT#").await.is_empty());
}

#[tokio::test]
async fn housekeeping_that_fails_comes_back_later_and_later() {
    let world = World::new().await;
    let id = parked(&world).await;
    // No second look at the dead tokens is due any more.
    world.pass(8 * 24 * 3600);
    world.reconcile().await;
    world.linked("p1", "alice").await;
    for attempt in 1..=12 {
        // The first takes the note, the second would wake what is in it.
        world.database.refuse("UpdateItem", 1, 1);
        world.reconcile().await;
        let note = note(&world).await;
        assert!(!note.contains_key("owner"), "{attempt}: {note:?}");
        let due_at = note["due_at"].as_n().expect("a number");
        let due_at: i64 = due_at.parse().expect("a number");
        let wait = due_at - world.clock.now().as_millis();
        let most = (5_000_i64 << (attempt - 1)).min(3_600_000);
        assert!((1_000..=most).contains(&wait), "{attempt}: {wait}");
        assert_eq!(
            note["attempts"].as_n().expect("a number"),
            &attempt.to_string()
        );
        world
            .clock
            .advance(Duration::from_millis(wait.unsigned_abs()));
    }
    world.reconcile().await;
    assert_eq!(world.known_status("p1", &id).await, "reported");
    assert!(note(&world).await.is_empty());
}

#[tokio::test]
async fn waking_goes_on_where_a_crash_has_stopped_it() {
    let world = World::new().await;
    let id = parked(&world).await;
    let more = park_more(&world, &id, 130).await;
    world.linked("p1", "alice").await;
    let task = take_note(&world, "dead").await;
    let now = world.clock.now();
    let woken = world.app.fulfillments.wake(&task, lease("dead", now)).await;
    let woken = woken.expect("an answer");
    assert_eq!((woken.records.len(), woken.is_rest), (100, true));
    assert_eq!(noted(&world).await.len(), 31);
    // What the dead process has taken is due when its leases end.
    let mut done = 0;
    for _ in 0..10 {
        world.pass(30);
        done += world.reconcile().await["done"].as_u64().expect("a number");
    }
    assert_eq!(done, 131, "each once");
    assert!(note(&world).await.is_empty());
    for id in more.iter().chain([&id]) {
        let item = world.record_item("p1", id).await;
        assert_eq!(item["status"], text("reported"), "{id}");
    }
    world.contract_is_kept();
}

#[tokio::test]
async fn what_can_not_be_read_does_not_keep_the_others_parked() {
    let world = World::new().await;
    let id = parked(&world).await;
    let more = park_more(&world, &id, 20).await;
    for broken in &more[..5] {
        let mut item = world.record_item("p1", broken).await;
        item.insert("first_seen_at".to_owned(), text("long ago"));
        put(&world, item).await;
    }
    let mut nonsense = note(&world).await;
    let mut records = noted(&world).await;
    records.extend(["nonsense".to_owned(), "p1 never-seen".to_owned()]);
    nonsense.insert("records".to_owned(), AttributeValue::Ss(records));
    put(&world, nonsense).await;
    world.linked("p1", "alice").await;
    world.reconcile().await;
    for id in more[5..].iter().chain([&id]) {
        let item = world.record_item("p1", id).await;
        assert_eq!(item["status"], text("reported"), "{id}");
    }
    assert!(note(&world).await.is_empty());
    assert!(world.record_item("p1", "never-seen").await.is_empty());
    // The broken ones stay in the due index, where an operator is told of them.
    let item = world.record_item("p1", &more[0]).await;
    assert!(item.contains_key("due_at"));
}

/// Notes as many as can be for alice's account.
async fn fill_note(world: &World) {
    let account = world.amazon.account_id("alice");
    let records = (0..MOST_PARKED).map(|number| format!("other e-{number}"));
    let item = Item::from([
        ("pk".to_owned(), text(&format!("ACCOUNT#{account}"))),
        ("sk".to_owned(), text("PARKED")),
        ("amazon_user_id".to_owned(), text(&account)),
        ("records".to_owned(), AttributeValue::Ss(records.collect())),
    ]);
    put(world, item).await;
}

#[tokio::test]
async fn beyond_the_bound_a_report_without_a_link_is_looked_at_daily() {
    let world = World::new().await;
    let id = world.unreported("p1", "alice").await;
    fill_note(&world).await;
    world.amazon.revoke("alice");
    world.pass(60);
    world.reconcile().await;
    assert_eq!(noted(&world).await.len(), 500);
    let due_at = |item: &Item| item["due_at"].clone();
    let tomorrow = world.clock.now() + Duration::from_secs(24 * 3600);
    let item = world.record_item("p1", &id).await;
    let wanted = AttributeValue::N(tomorrow.as_millis().to_string());
    assert_eq!(due_at(&item), wanted);
    assert!(!item.contains_key("owner"));
    // A player who links meanwhile need not wait for the day to end.
    world.linked("p1", "alice").await;
    assert_eq!(ids_of(&world.check("p1").await), [""; 0]);
    assert_eq!(world.known_status("p1", &id).await, "reported");
}

#[tokio::test]
async fn beyond_the_bound_a_report_of_another_player_is_made_within_a_day() {
    let world = World::new().await;
    let id = world.unreported("p1", "alice").await;
    fill_note(&world).await;
    world.amazon.revoke("alice");
    world.pass(60);
    world.reconcile().await;
    world.unlinked("p1").await;
    world.linked("p2", "alice").await;
    world.reconcile().await;
    world.pass(24 * 3600);
    world.reconcile().await;
    assert_eq!(world.known_status("p1", &id).await, "reported");
}

#[tokio::test]
async fn beyond_the_bound_a_refused_report_is_tried_hourly_as_ever() {
    let world = World::new().await;
    let id = world.unreported("p1", "alice").await;
    fill_note(&world).await;
    world.pass(60);
    world.amazon.fault(Entitlements, refused(), 3);
    world.reconcile().await;
    assert_eq!(noted(&world).await.len(), 500);
    world.pass(7200);
    world.reconcile().await;
    assert_eq!(world.known_status("p1", &id).await, "reported");
}

#[tokio::test]
async fn the_guard_of_an_offer_without_a_limit_stops_growing() {
    let world = World::new().await;
    world.offer_with("coin", &json!({"per_player": null})).await;
    world.linked("p1", "alice").await;
    let ids = (0..1000).map(|number| format!("e-{number}"));
    let guard = Item::from([
        ("pk".to_owned(), text("PLAYER#p1")),
        ("sk".to_owned(), text("G#coin")),
        ("entitlements".to_owned(), AttributeValue::Ss(ids.collect())),
    ]);
    put(&world, guard.clone()).await;
    let id = world.amazon.claim("alice", "coin");
    assert_eq!(status_of(&world.check("p1").await, &id), "pending");
    let kept = world.fulfillment_item("PLAYER#p1", "G#coin").await;
    assert_eq!(kept["entitlements"].as_ss().expect("texts").len(), 1000);
    // And no limit that is set later is too large for it.
    world.offer_with("coin", &json!({"per_player": 1000})).await;
    world.pass(60);
    let another = world.amazon.claim("alice", "coin");
    let answer = world.check("p1").await;
    assert_eq!(status_of(&answer, &another), "held duplicate_offer");
}

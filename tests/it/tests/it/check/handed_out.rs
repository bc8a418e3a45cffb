//! What a check notes of the entitlements that it hands out to the game: the alarm that hears of a
//! game that does not confirm counts these notes.

use aws_sdk_dynamodb::types::AttributeValue;
use it::{DbFault, Outage, Reply, World, ids_of, status_of};
use serde_json::{Value, json};

use crate::faults::time::hurried;

const MINUTE: u64 = 60;
const NOTE: [&str; 5] = [
    "GetItem",
    "UpdateItem",
    "Query",
    "BatchGetItem",
    "UpdateItem",
];
const NO_NOTE: [&str; 4] = ["GetItem", "UpdateItem", "Query", "BatchGetItem"];

async fn times(world: &World, id: &str) -> (Option<i64>, Option<i64>) {
    let item = world.record_item("p1", id).await;
    let time = |name: &str| {
        let value = item.get(name)?.as_n().expect("a number");
        Some(value.parse().expect("milliseconds"))
    };
    (time("handed_out_at"), time("handed_out_again_at"))
}

/// Checks, and holds what that asks of the database.
async fn check(world: &World, id: &str, costs: &[&str]) {
    world.forget();
    assert_eq!(status_of(&world.check("p1").await, id), "pending");
    assert_eq!(world.database.requests(), costs);
}

#[tokio::test]
async fn the_check_that_makes_it_pending_notes_it_in_the_same_transaction() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    let now = world.clock.now().as_millis();
    assert_eq!(times(&world, &id).await, (Some(now), None));
}

#[tokio::test]
async fn what_is_not_confirmed_for_ten_minutes_is_noted_once_an_hour() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    let first = world.clock.now().as_millis();
    let mut again = None;
    // Minutes since the first time.
    let mut passed = 0;
    for (minute, is_noted) in [(9, false), (11, true), (12, false), (50, false), (72, true)] {
        world.pass((minute - passed) * MINUTE);
        passed = minute;
        // Near its end, a check renews the access token as well.
        if minute < 50 {
            check(&world, &id, if is_noted { &NOTE } else { &NO_NOTE }).await;
        } else {
            world.check("p1").await;
        }
        let (handed_out_at, handed_out_again_at) = times(&world, &id).await;
        assert_eq!(handed_out_at, Some(first), "{minute}");
        assert_eq!(handed_out_again_at != again, is_noted, "{minute}");
        again = handed_out_again_at;
    }
}

/// Leaves the row as an earlier version has written it.
async fn remove_note(world: &World, id: &str) {
    let update = world
        .dynamodb
        .update_item()
        .table_name(&world.app.config.tables.fulfillments)
        .key("pk", AttributeValue::S("PLAYER#p1".to_owned()))
        .key("sk", AttributeValue::S(format!("E#{id}")))
        .update_expression("REMOVE handed_out_at");
    update.send().await.expect("written");
}

#[tokio::test]
async fn a_row_of_an_earlier_version_is_noted_as_handed_out_for_the_first_time() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    remove_note(&world, &id).await;
    world.pass(60 * MINUTE);
    world.check("p1").await;
    let now = world.clock.now().as_millis();
    assert_eq!(times(&world, &id).await, (Some(now), None));
}

async fn operate(world: &World, command: &str, further: &Value) -> Value {
    let mut event = json!({"command": command, "actor": "ada", "reason": "ticket 7"});
    for (name, value) in further.as_object().expect("fields") {
        event[name] = value.clone();
    }
    let answer = world.admin(event).await;
    assert_eq!(answer["ok"], true, "{answer}");
    answer
}

#[tokio::test]
async fn what_the_answer_has_no_room_for_is_not_noted_and_can_still_be_corrected() {
    let world = World::new().await;
    let endless = json!({"per_player": null});
    world.offer_with("coin", &endless).await;
    world.linked("p1", "alice").await;
    let ids: Vec<_> = (0..52)
        .map(|_| world.amazon.claim("alice", "coin"))
        .collect();
    // The one that writes them down, one that asks Amazon, and one that does not.
    let first = world.check("p1").await;
    let answers = [
        first.clone(),
        world.check_later("p1").await,
        world.check("p1").await,
    ];
    for answer in &answers {
        let shown = ids_of(answer);
        assert_eq!(
            (shown.len(), &answer["more"]),
            (50, &json!(true)),
            "{answer}"
        );
        for id in &ids {
            let is_noted = times(&world, id).await.0.is_some();
            assert_eq!(is_noted, shown.contains(id), "{id}");
        }
    }
    let left = ids.iter().filter(|id| !ids_of(&first).contains(id));
    let left: Vec<_> = left.collect();
    let crown = json!({"content": {"item": "crown"}, "per_player": null});
    world.offer_with("coin", &crown).await;
    let answer = operate(&world, "offers.correct", &json!({"sku": "coin"})).await;
    assert_eq!(answer["corrected"], 2, "{answer}");
    let shown = ids_of(&first);
    world.confirm("p1", &[&shown[0], &shown[1]]).await;
    let answer = world.check_later("p1").await;
    for id in left {
        assert_eq!(
            it::entitlement_of(&answer, id)["content"],
            json!({"item": "crown"})
        );
        assert!(times(&world, id).await.0.is_some());
    }
}

#[tokio::test]
async fn what_a_note_has_found_counts_even_if_there_is_no_time_for_the_others() {
    let world = World::new().await;
    let endless = json!({"per_player": null});
    world.offer_with("coin", &endless).await;
    world.linked("p1", "alice").await;
    let ids = [0; 2].map(|_| world.amazon.claim("alice", "coin"));
    world.check("p1").await;
    for id in &ids {
        remove_note(&world, id).await;
    }
    // The check has read both. An operator holds them, and the database answers only one note.
    let meanwhile = async {
        for id in &ids {
            let of = json!({"player_id": "p1", "entitlement_id": id});
            operate(&world, "entitlement.hold", &of).await;
        }
        world
            .database
            .begin(Outage::after(1, DbFault::Silence, u32::MAX));
    };
    let check = world.check("p1");
    let check = world.database.between("BatchGetItem", 0, check, meanwhile);
    let answer = hurried(check).await;
    world.database.end();
    let mut statuses = ids.map(|id| status_of(&answer, &id));
    statuses.sort();
    assert_eq!(statuses, ["held operator", "pending"]);
}

#[tokio::test]
async fn a_note_that_can_t_be_written_costs_the_game_nothing() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.pass(11 * MINUTE);
    // The first write lets the check begin.
    world.database.refuse("UpdateItem", 1, 1);
    check(&world, &id, &NOTE).await;
    assert_eq!(times(&world, &id).await.1, None);
    assert_eq!(world.confirm("p1", &[&id]).await[0]["status"], "reported");
}

#[tokio::test]
async fn what_a_webhook_delivers_is_noted_when_it_becomes_pending() {
    let (world, studio) = World::with_studio(&[]).await;
    studio.script([Reply::status(500)]);
    let id = world.pending("p1", "alice", "hat").await;
    let (first, again) = times(&world, &id).await;
    assert!(first.is_some() && again.is_none());
    world.pass(11 * MINUTE);
    studio.script([Reply::status(500)]);
    world.check("p1").await;
    assert_eq!(
        times(&world, &id).await,
        (first, None),
        "the game gets nothing"
    );
    let item = world.record_item("p1", &id).await;
    let text = |name: &str| {
        item.get(name)
            .and_then(|it: &AttributeValue| it.as_s().ok())
    };
    assert!(
        text("last_cause").is_some_and(|cause| cause.contains("500")),
        "{item:?}"
    );
    world.pass(3600);
    world.reconcile().await;
    let item = world.record_item("p1", &id).await;
    for gone in ["last_cause", "counted_at", "stuck_at", "failing_since"] {
        assert!(!item.contains_key(gone), "{gone}");
    }
}

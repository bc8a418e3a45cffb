//! `offers.correct`.

use it::{Reply, World, entitlement_of, status_of};
use prime_gaming::testing::config::Intake;
use serde_json::{Value, json};

use super::support::{code, done, duplicate, everything, trail};

async fn correct(world: &World, further: &Value) -> Value {
    let mut fields = json!({"sku": "hat"});
    for (name, value) in further.as_object().expect("fields") {
        fields[name] = value.clone();
    }
    done(world, "offers.correct", fields).await
}

fn counts(answer: &Value) -> (i64, i64, bool) {
    let count = |name: &str| answer[name].as_i64().expect("a number");
    (
        count("corrected"),
        count("too_late"),
        answer["cursor"].is_string(),
    )
}

async fn offer_a_crown(world: &World) {
    let right = json!({"title": "Crown", "content": {"item": "crown"}, "per_player": null});
    world.offer_with("hat", &right).await;
}

/// Players whose entitlements were released, and who have not come since.
async fn released(world: &World, count: usize) -> Vec<(String, String)> {
    let mut released = Vec::new();
    world.offer_with("hat", &json!({"paused": true})).await;
    for number in 0..count {
        let (player, account) = (format!("p{number}"), format!("a{number}"));
        world.linked(&player, &account).await;
        let id = world.amazon.claim(&account, "hat");
        let answer = world.check(&player).await;
        assert_eq!(status_of(&answer, &id), "held offer_paused");
        released.push((player, id));
    }
    done(world, "offers.resume", json!({"sku": "hat"})).await;
    world.reconcile().await;
    released
}

#[tokio::test]
async fn what_no_check_has_answered_gets_the_present_content() {
    let world = World::new().await;
    let (first, second) = duplicate(&world).await;
    let of = json!({"player_id": "p1", "entitlement_id": second});
    done(&world, "entitlement.release", of).await;
    world.pass(1);
    offer_a_crown(&world).await;
    let dry = correct(&world, &json!({"dry_run": true})).await;
    assert_eq!(counts(&dry), (1, 0, false));
    assert_eq!(counts(&correct(&world, &json!({})).await), (1, 0, false));
    let audit = &trail(&world, "p1").await[0];
    assert_eq!(
        (&audit["command"], &audit["entitlement_id"]),
        (&json!("offers.correct"), &json!(second))
    );
    let answer = world.check_later("p1").await;
    let corrected = entitlement_of(&answer, &second);
    assert_eq!(corrected["content"], json!({"item": "crown"}));
    assert_eq!(corrected["title"], "Crown");
    // What the game has had keeps what it was.
    assert_eq!(
        entitlement_of(&answer, &first)["content"],
        json!({"item": "hat"})
    );
    // A check has answered it now, so it is off the list.
    world.offer("hat").await;
    assert_eq!(counts(&correct(&world, &json!({})).await), (0, 0, false));
    assert_eq!(
        world.confirm("p1", &[&second]).await[0]["status"],
        "reported"
    );
    world.contract_is_kept();
}

/// A check has read what an operator corrects before the check notes that it hands it out.
#[tokio::test]
async fn a_check_under_way_answers_what_was_corrected_meanwhile() {
    let world = World::new().await;
    let (_, second) = duplicate(&world).await;
    let of = json!({"player_id": "p1", "entitlement_id": second});
    done(&world, "entitlement.release", of).await;
    world.pass(60);
    let correction = async {
        offer_a_crown(&world).await;
        assert_eq!(counts(&correct(&world, &json!({})).await), (1, 0, false));
    };
    // The check takes its turn first, and then notes what it hands out.
    let check = world.check("p1");
    let answer = world
        .database
        .between("UpdateItem", 1, check, correction)
        .await;
    let shown = entitlement_of(&answer, &second);
    assert_eq!(shown["content"], json!({"item": "crown"}));
    assert_eq!(shown["status"], "pending");
    let item = world.record_item("p1", &second).await;
    assert!(item.contains_key("handed_out_at"), "{item:?}");
}

/// A check has read what an operator holds before the check notes that it hands it out.
#[tokio::test]
async fn a_check_under_way_does_not_hand_out_what_was_held_meanwhile() {
    let world = World::new().await;
    let (_, second) = duplicate(&world).await;
    let of = json!({"player_id": "p1", "entitlement_id": second});
    done(&world, "entitlement.release", of.clone()).await;
    world.pass(60);
    let hold = async { drop(done(&world, "entitlement.hold", of).await) };
    let check = world.check("p1");
    let answer = world.database.between("UpdateItem", 1, check, hold).await;
    assert_eq!(status_of(&answer, &second), "held operator");
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn very_many_are_corrected_in_pages_and_a_repeated_request_does_nothing_twice() {
    let world = World::new().await;
    // So many that the last shard of the index never holds all that one call leaves.
    let released = released(&world, 48).await;
    offer_a_crown(&world).await;
    let (mut corrected, mut pages, mut cursor) = (0, 0, Value::Null);
    loop {
        let page = json!({"cursor": cursor, "request_id": format!("page {pages}")});
        let answer = correct(&world, &page).await;
        let rows = everything(&world).await;
        assert_eq!(correct(&world, &page).await, answer);
        assert_eq!(everything(&world).await, rows);
        corrected += counts(&answer).0;
        pages += 1;
        cursor = answer["cursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!((corrected, pages), (48, 2));
    // What has the content already is not corrected again.
    assert_eq!(counts(&correct(&world, &json!({})).await).0, 0);
    for (player, id) in &released[..2] {
        let answer = world.check(player).await;
        assert_eq!(
            entitlement_of(&answer, id)["content"],
            json!({"item": "crown"})
        );
    }
}

#[tokio::test]
async fn what_moved_to_a_new_player_is_corrected_until_a_check_answers_it() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    let to = json!({"entitlement_id": id, "from_player_id": "p1", "to_player_id": "p2"});
    done(&world, "entitlement.reassign", to).await;
    offer_a_crown(&world).await;
    assert_eq!(counts(&correct(&world, &json!({})).await), (1, 0, false));
    let answer = world.check("p2").await;
    assert_eq!(
        entitlement_of(&answer, &id)["content"],
        json!({"item": "crown"})
    );
    assert_eq!(world.confirm("p2", &[&id]).await[0]["status"], "reported");
}

#[tokio::test]
async fn what_was_handed_out_before_an_operator_held_it_keeps_its_content() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    let of = json!({"player_id": "p1", "entitlement_id": id});
    done(&world, "entitlement.hold", of.clone()).await;
    done(&world, "entitlement.release", of).await;
    offer_a_crown(&world).await;
    assert_eq!(counts(&correct(&world, &json!({})).await).0, 0);
    let answer = world.check_later("p1").await;
    assert_eq!(
        entitlement_of(&answer, &id)["content"],
        json!({"item": "hat"})
    );
}

#[tokio::test]
async fn a_delivery_is_corrected_before_the_first_call_and_never_after_it() {
    let (mut world, studio) = World::with_studio(&[]).await;
    world.offer_with("hat", &json!({"per_player": 1})).await;
    world.linked("p1", "alice").await;
    // A check may try it again.
    studio.script([Reply::status(500), Reply::status(500), Reply::status(500)]);
    let first = world.amazon.claim("alice", "hat");
    world.check("p1").await;
    let second = world.amazon.claim("alice", "hat");
    assert_eq!(
        status_of(&world.check_later("p1").await, &second),
        "held duplicate_offer"
    );
    world.app.config.intake = Intake::Hold;
    let of = json!({"player_id": "p1", "entitlement_id": second});
    done(&world, "entitlement.release", of).await;
    // The intake is on hold, so the delivery waits.
    world.pass(3600);
    world.reconcile().await;
    offer_a_crown(&world).await;
    assert_eq!(counts(&correct(&world, &json!({})).await), (1, 1, false));
    world.app.config.intake = Intake::Open;
    studio.forget_script();
    world.pass(3600);
    world.reconcile().await;
    let body = |id: &str| {
        let calls = studio.calls();
        let call = calls.iter().rev().find(|call| call.id == id);
        call.expect("a call").json()["data"]["content"].clone()
    };
    assert_eq!(body(&first), json!({"item": "hat"}));
    assert_eq!(body(&second), json!({"item": "crown"}));
}

#[tokio::test]
async fn it_needs_an_offer_and_a_cursor_of_its_own() {
    let world = World::new().await;
    let missing = json!({"sku": "hat"});
    assert_eq!(code(&world, "offers.correct", missing).await, "not_found");
    world.offer("hat").await;
    let foreign = json!({"sku": "hat", "cursor": "mine"});
    assert_eq!(
        code(&world, "offers.correct", foreign).await,
        "invalid_cursor"
    );
    let answer = correct(&world, &json!({})).await;
    let expected = json!({"ok": true, "corrected": 0, "too_late": 0, "cursor": null});
    assert_eq!(answer, expected);
}

#[tokio::test]
async fn what_waits_for_the_game_is_delivered_by_a_webhook_that_comes_later() {
    let (mut world, studio) = World::with_studio(&[]).await;
    let webhook = world.app.webhook.take();
    let waiting = released(&world, 1).await;
    let (player, id) = &waiting[0];
    world.app.webhook = webhook;
    // A check that does not ask Amazon makes it due.
    world.unlinked(player).await;
    world.check(player).await;
    world.reconcile().await;
    assert_eq!(studio.calls().len(), 1);
    assert_eq!(studio.calls()[0].id, *id);
}

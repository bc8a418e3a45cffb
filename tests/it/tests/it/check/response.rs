//! What a check answers: every field, the times, the order.

use std::time::Duration;

use futures_util::future::join_all;
use it::{World, entitlement_of, ids_of, status_of};
use serde_json::{Value, json};
use stand_in::Endpoint;

#[tokio::test]
async fn every_field_of_a_check_is_as_promised() {
    let world = World::new().await;
    world.offer("hat").await;
    world.linked("p1", "alice").await;
    let id = world.amazon.claim("alice", "hat");
    let now = world.clock.now();
    let answer = world.check("p1").await;
    assert_eq!(
        answer,
        json!({
            "link": "linked",
            "fresh": true,
            "checked_at": now.to_string(),
            "next_check_at": (now + Duration::from_secs(5)).to_string(),
            "more": false,
            "entitlements": [{
                "entitlement_id": id,
                "sku": "hat",
                "title": "hat",
                "content": {"item": "hat"},
                "status": "pending",
                "reason": null,
                "first_seen_at": now.to_string(),
                "delivered_at": null,
                "reported_at": null,
                "updated_at": now.to_string(),
            }],
        })
    );
    world.contract_is_kept();
}

#[tokio::test]
async fn a_player_without_a_link_gets_a_fresh_empty_answer() {
    let world = World::new().await;
    assert_eq!(
        world.check("nobody").await,
        json!({
            "link": "unlinked", "fresh": true, "checked_at": null, "next_check_at": null,
            "more": false, "entitlements": [],
        })
    );
    assert_eq!(world.asked(), []);
}

#[tokio::test]
async fn what_was_pending_at_unlinking_is_still_handed_out() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.unlinked("p1").await;
    for _ in 0..2 {
        let answer = world.check("p1").await;
        assert_eq!(
            (
                &answer["link"],
                &answer["fresh"],
                &answer["checked_at"],
                &answer["next_check_at"]
            ),
            (&json!("unlinked"), &json!(true), &Value::Null, &Value::Null)
        );
        assert_eq!(status_of(&answer, &id), "pending");
    }
}

#[tokio::test]
async fn a_check_too_soon_answers_what_is_known_and_does_not_ask_amazon() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    let asked_at = world.clock.now();
    world.amazon.claim("alice", "scarf");
    world.forget();
    world.clock.advance(Duration::from_millis(4_999));
    let answer = world.check("p1").await;
    assert_eq!(answer["link"], "linked");
    assert_eq!(answer["fresh"], false);
    assert_eq!(answer["checked_at"], asked_at.to_string());
    assert_eq!(
        answer["next_check_at"],
        (asked_at + Duration::from_secs(5)).to_string()
    );
    assert_eq!(ids_of(&answer), [id]);
    assert_eq!(world.asked(), []);
}

#[tokio::test]
async fn a_check_after_the_interval_asks_amazon() {
    let world = World::with(&[("CHECK_MIN_INTERVAL_SECONDS", "30")]).await;
    world.linked("p1", "alice").await;
    assert_eq!(world.check("p1").await["fresh"], true);
    world.forget();
    world.pass(29);
    assert_eq!(world.check("p1").await["fresh"], false);
    world.pass(1);
    let answer = world.check("p1").await;
    assert_eq!(answer["fresh"], true);
    assert_eq!(answer["checked_at"], world.clock.now().to_string());
    assert_eq!(world.asked(), [Endpoint::Entitlements]);
}

#[tokio::test]
async fn who_links_anew_is_asked_for_at_once() {
    let world = World::new().await;
    world.linked("p1", "alice").await;
    world.check("p1").await;
    world.linked("p1", "alice").await;
    assert_eq!(world.check("p1").await["fresh"], true);
}

#[tokio::test]
async fn a_game_server_checks_for_the_player_that_it_names() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    let answer = world
        .call("POST", "/v1/entitlements/check")
        .bearer(&world.server_token())
        .json(&json!({"player_id": "p1", "unknown_field": [1]}))
        .send()
        .await
        .ok();
    assert_eq!(status_of(&answer, &id), "pending");
}

#[tokio::test]
async fn confirm_mode_leaves_pending_ones_out_of_the_due_index() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    let item = world.record_item("p1", &id).await;
    assert!(!item.contains_key("due_at") && !item.contains_key("due_shard"));
}

#[tokio::test]
async fn pending_ones_come_first_and_each_kind_oldest_first() {
    let world = World::new().await;
    for sku in ["a", "b", "c", "d"] {
        world.offer(sku).await;
    }
    world.linked("p1", "alice").await;
    let mut ids = Vec::new();
    // An unknown offer, two to be delivered, another unknown offer, two that stay pending.
    for sku in ["unknown-1", "a", "b", "unknown-2", "c", "d"] {
        ids.push(world.amazon.claim("alice", sku));
        world.check_later("p1").await;
    }
    let fault = stand_in::Fault::ItemResult("ERROR".to_owned());
    world.amazon.fault(Endpoint::Fulfill, fault, 2);
    world.confirm("p1", &[&ids[2], &ids[1]]).await;
    let answer = world.check("p1").await;
    let wanted: Vec<_> = [4, 5, 0, 1, 2, 3]
        .iter()
        .map(|&at| ids[at].clone())
        .collect();
    assert_eq!(ids_of(&answer), wanted, "{answer}");
}

#[tokio::test]
async fn an_answer_has_at_most_fifty_and_no_pending_one_is_left_out_for_others() {
    let world = World::new().await;
    world.offer_with("coin", &json!({"per_player": null})).await;
    world.linked("p1", "alice").await;
    let held = world.amazon.claim("alice", "unknown");
    world.check("p1").await;
    let mut first = Vec::new();
    for _ in 0..30 {
        first.push(world.amazon.claim("alice", "coin"));
    }
    world.check_later("p1").await;
    for _ in 0..21 {
        world.amazon.claim("alice", "coin");
    }
    let answer = world.check_later("p1").await;
    let ids = ids_of(&answer);
    assert_eq!(ids.len(), 50);
    assert!(!ids.contains(&held), "51 pending ones are before it");
    assert!(first.iter().all(|id| ids[..30].contains(id)));
    let known = world.check("p1").await;
    assert_eq!(ids_of(&known), ids, "the order does not depend on Amazon");
    assert_eq!(
        (&answer["more"], &known["more"]),
        (&json!(true), &json!(true))
    );

    let confirmed: Vec<&str> = ids.iter().map(String::as_str).collect();
    world.confirm("p1", &confirmed).await;
    let rest = world.check_later("p1").await;
    assert_eq!(ids_of(&rest).len(), 2, "{rest}");
    assert_eq!(rest["more"], false);
    assert_eq!(status_of(&rest, &held), "held unknown_offer");
}

#[tokio::test]
async fn the_fifty_first_is_more() {
    let world = World::new().await;
    world.offer_with("coin", &json!({"per_player": null})).await;
    world.linked("p1", "alice").await;
    for more in [false, true] {
        let new = if more { 1 } else { 50 };
        for _ in 0..new {
            world.amazon.claim("alice", "coin");
        }
        for answer in [world.check_later("p1").await, world.check("p1").await] {
            assert_eq!((ids_of(&answer).len(), &answer["more"]), (50, &json!(more)));
        }
    }
}

#[tokio::test]
async fn content_is_as_it_was_when_the_entitlement_became_pending() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world
        .offer_with("hat", &json!({"content": {"item": "a better hat"}}))
        .await;
    world.pass(120);
    let answer = world.check("p1").await;
    assert_eq!(answer["fresh"], true);
    assert_eq!(
        entitlement_of(&answer, &id)["content"],
        json!({"item": "hat"})
    );
    let answer = world
        .admin(json!({"command": "offers.delete", "sku": "hat"}))
        .await;
    assert_eq!(answer["ok"], true);
    world.pass(120);
    let answer = world.check("p1").await;
    assert_eq!(status_of(&answer, &id), "pending");
    assert_eq!(
        entitlement_of(&answer, &id)["content"],
        json!({"item": "hat"})
    );
}

#[tokio::test]
async fn any_json_is_content() {
    let world = World::new().await;
    let contents = [
        json!(null),
        json!(false),
        json!(7),
        json!("text \u{1f600} \" \\"),
        json!([1, [2]]),
        json!({"a": {"b": null}}),
    ];
    world.linked("p1", "alice").await;
    let mut wanted = Vec::new();
    for (number, content) in contents.into_iter().enumerate() {
        let sku = format!("offer-{number}");
        world.offer_with(&sku, &json!({"content": content})).await;
        wanted.push((world.amazon.claim("alice", &sku), content));
    }
    let answer = world.check("p1").await;
    for (id, content) in wanted {
        let entitlement = entitlement_of(&answer, &id);
        assert_eq!(entitlement["status"], "pending");
        assert_eq!(entitlement["content"], content);
    }
}

#[tokio::test]
async fn fifty_parallel_checks_ask_amazon_once() {
    let world = World::new().await;
    world.offer("hat").await;
    world.linked("p1", "alice").await;
    world.amazon.claim("alice", "hat");
    world.forget();
    // Each is asserted to be a 200.
    let answers = join_all((0..50).map(|_| world.check("p1"))).await;
    assert_eq!(world.asked(), [Endpoint::Entitlements]);
    let fresh = answers.iter().filter(|answer| answer["fresh"] == true);
    assert_eq!(fresh.count(), 1);
    for answer in &answers {
        assert_eq!(answer["link"], "linked");
        assert_ne!(answer["next_check_at"], Value::Null);
    }
    world.contract_is_kept();
}

#[tokio::test]
async fn a_server_without_a_body_names_the_player_in_the_query() {
    let world = World::new().await;
    world.linked("p1", "alice").await;
    let server = world.server_token();
    let check = |query: &str| {
        let path = format!("/v1/entitlements/check{query}");
        world.call("POST", &path).bearer(&server)
    };
    let answer = check("?player_id=p1").send().await.ok();
    assert_eq!(answer["link"], "linked");
    check("").send().await.problem(400, "invalid_request");
    let other = world.call_as("p2", "POST", "/v1/entitlements/check?player_id=p1");
    other.send().await.problem(403, "forbidden");
}

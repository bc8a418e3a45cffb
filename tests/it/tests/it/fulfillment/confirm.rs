//! The game says "delivered".

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::{join, join_all};
use it::{World, confirm_in, ids_of, status_of};
use serde_json::{Value, json};
use stand_in::{Endpoint, Fault};

fn result(id: &str, status: &str) -> Value {
    json!({"entitlement_id": id, "status": status})
}

#[tokio::test]
async fn a_confirmation_is_reported_at_once() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    assert_eq!(
        world.confirm("p1", &[&id]).await,
        json!([result(&id, "reported")])
    );
    let fulfilled = world.amazon.fulfilled();
    assert_eq!(
        (fulfilled[0].entitlement_id.as_str(), fulfilled[0].times),
        (id.as_str(), 1)
    );
    assert_eq!(fulfilled[0].address, "Player");
    world.contract_is_kept();
}

#[tokio::test]
async fn a_repeated_confirmation_gives_the_same_answer() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    let first = world.confirm("p1", &[&id]).await;
    for _ in 0..3 {
        assert_eq!(world.confirm("p1", &[&id]).await, first);
    }
    assert_eq!(world.amazon.calls_to(Endpoint::Fulfill), 1);
}

#[tokio::test]
async fn results_come_in_the_order_of_first_mention_and_each_id_once() {
    let world = World::new().await;
    world.offer_with("coin", &json!({"per_player": null})).await;
    world.linked("p1", "alice").await;
    for _ in 0..4 {
        world.amazon.claim("alice", "coin");
    }
    let ids = ids_of(&world.check("p1").await);
    let [a, b, c, d] = [&ids[0], &ids[1], &ids[2], &ids[3]].map(String::as_str);
    world.confirm("p1", &[c]).await;
    let mentioned = ["x-1", d, c, d, a, "x-0", b, a, "x-1"];
    let results = world.confirm("p1", &mentioned).await;
    assert_eq!(
        results,
        json!([
            result("x-1", "unknown"),
            result(d, "reported"),
            result(c, "reported"),
            result(a, "reported"),
            result("x-0", "unknown"),
            result(b, "reported"),
        ])
    );
    assert_eq!(world.amazon.calls_to(Endpoint::Fulfill), 4);
}

#[tokio::test]
async fn fifty_are_confirmed_at_once_and_each_is_its_own_report() {
    let world = World::new().await;
    world.offer_with("coin", &json!({"per_player": null})).await;
    world.linked("p1", "alice").await;
    for _ in 0..50 {
        world.amazon.claim("alice", "coin");
    }
    let ids = ids_of(&world.check("p1").await);
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let results = world.confirm("p1", &ids).await;
    let wanted: Vec<_> = ids.iter().map(|id| result(id, "reported")).collect();
    assert_eq!(results, json!(wanted));
    assert_eq!(world.amazon.calls_to(Endpoint::Fulfill), 50);
    assert_eq!(world.amazon.fulfilled().len(), 50);
}

#[tokio::test]
async fn another_players_id_is_unknown_and_stays_as_it_is() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.linked("p2", "bob").await;
    assert_eq!(
        world.confirm("p2", &[&id]).await,
        json!([result(&id, "unknown")])
    );
    assert_eq!(world.known_status("p1", &id).await, "pending");
    assert!(world.record_item("p2", &id).await.is_empty());
    assert_eq!(world.amazon.calls_to(Endpoint::Fulfill), 0);
}

#[tokio::test]
async fn held_ones_keep_their_status() {
    let world = World::new().await;
    world.linked("p1", "alice").await;
    let id = world.amazon.claim("alice", "unknown");
    world.check("p1").await;
    assert_eq!(
        world.confirm("p1", &[&id]).await,
        json!([result(&id, "held")])
    );
    assert_eq!(
        status_of(&world.check("p1").await, &id),
        "held unknown_offer"
    );
}

#[tokio::test]
async fn in_webhook_mode_a_confirmation_changes_nothing() {
    let world = World::with(&[
        ("DELIVERY", "webhook"),
        ("DELIVERY_WEBHOOK_URL", "http://127.0.0.1:9/deliver"),
    ])
    .await;
    let id = world.pending("p1", "alice", "hat").await;
    let before = world.record_item("p1", &id).await;
    assert_eq!(
        world.confirm("p1", &[&id, "nobodys"]).await,
        json!([result(&id, "pending"), result("nobodys", "unknown")])
    );
    assert_eq!(world.record_item("p1", &id).await, before);
    assert_eq!(world.amazon.calls_to(Endpoint::Fulfill), 0);
}

#[tokio::test]
async fn two_confirmations_at_once_send_one_report() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    let other = world.another_process().await;
    let ids = [id.as_str()];
    let (one, two) = join(world.confirm("p1", &ids), confirm_in(&other, "p1", &ids)).await;
    for results in [one, two] {
        let status = &results[0]["status"];
        assert!(status == "delivered" || status == "reported", "{status}");
    }
    assert_eq!(world.amazon.calls_to(Endpoint::Fulfill), 1);
    assert_eq!(world.known_status("p1", &id).await, "reported");
}

#[tokio::test]
async fn twenty_confirmations_of_the_same_three_at_once_send_three_reports() {
    let world = World::new().await;
    world.offer_with("coin", &json!({"per_player": null})).await;
    world.linked("p1", "alice").await;
    for _ in 0..3 {
        world.amazon.claim("alice", "coin");
    }
    let ids = ids_of(&world.check("p1").await);
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    join_all((0..20).map(|_| world.confirm("p1", &ids))).await;
    assert_eq!(world.amazon.calls_to(Endpoint::Fulfill), 3);
    assert!(world.amazon.fulfilled().iter().all(|one| one.times == 1));
    world.contract_is_kept();
}

#[tokio::test]
async fn what_could_not_be_written_comes_back_pending_and_is_not_reported() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.database.refuse("UpdateItem", 0, 1);
    assert_eq!(
        world.confirm("p1", &[&id]).await,
        json!([result(&id, "pending")])
    );
    assert_eq!(world.amazon.calls_to(Endpoint::Fulfill), 0);
    assert_eq!(status_of(&world.check("p1").await, &id), "pending");
    assert_eq!(
        world.confirm("p1", &[&id]).await,
        json!([result(&id, "reported")])
    );
}

#[tokio::test]
async fn one_that_could_not_be_written_does_not_cost_the_others() {
    let world = World::new().await;
    world.offer_with("coin", &json!({"per_player": null})).await;
    world.linked("p1", "alice").await;
    for _ in 0..3 {
        world.amazon.claim("alice", "coin");
    }
    let ids = ids_of(&world.check("p1").await);
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    world.database.refuse("UpdateItem", 0, 1);
    let results = world.confirm("p1", &ids).await;
    let count = |status: &str| {
        let results = results.as_array().expect("a list");
        results.iter().filter(|one| one["status"] == status).count()
    };
    assert_eq!((count("pending"), count("reported")), (1, 2), "{results}");
}

#[tokio::test]
async fn a_database_that_is_gone_makes_all_pending() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.database.refuse("UpdateItem", 0, 100);
    world.database.refuse("BatchGetItem", 0, 100);
    assert_eq!(
        world.confirm("p1", &[&id, "nobodys"]).await,
        json!([result(&id, "pending"), result("nobodys", "pending")])
    );
}

#[tokio::test]
async fn ids_that_can_not_be_looked_at_together_are_confirmed_one_by_one() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.database.refuse("BatchGetItem", 0, 100);
    assert_eq!(
        world.confirm("p1", &[&id, "nobodys"]).await,
        json!([result(&id, "reported"), result("nobodys", "unknown")])
    );
}

#[tokio::test]
async fn a_row_that_can_not_be_read_costs_the_other_ids_nothing() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    let request = world
        .dynamodb
        .put_item()
        .table_name(&world.app.config.tables.fulfillments)
        .item("pk", AttributeValue::S("PLAYER#p1".to_owned()))
        .item("sk", AttributeValue::S("E#broken".to_owned()))
        .item("status", AttributeValue::S("lost".to_owned()));
    request.send().await.expect("written");
    assert_eq!(
        world.confirm("p1", &["broken", &id, "nobodys"]).await,
        json!([
            result("broken", "pending"),
            result(&id, "reported"),
            result("nobodys", "unknown"),
        ])
    );
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_counts_and_is_reported_once() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.forget();
    world.database.lose_answer("UpdateItem", 0);
    assert_eq!(
        world.confirm("p1", &[&id]).await,
        json!([result(&id, "reported")])
    );
    let updates = world.database.requests();
    let updates = updates.iter().filter(|name| *name == "UpdateItem").count();
    assert_eq!(updates, 3, "the SDK repeated the first");
    assert_eq!(world.asked(), [Endpoint::Fulfill]);
}

#[tokio::test]
async fn the_address_can_be_the_players_id() {
    let world = World::with(&[("PRIME_GAMING_FULFILLMENT_ADDRESS", "{player_id}")]).await;
    let id = world.pending("p1", "alice", "hat").await;
    world.confirm("p1", &[&id]).await;
    assert_eq!(world.amazon.fulfilled()[0].address, "p1");
}

#[tokio::test]
async fn a_confirmation_after_unlinking_is_reported_with_what_is_left_of_the_link() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.unlinked("p1").await;
    assert_eq!(
        world.confirm("p1", &[&id]).await,
        json!([result(&id, "reported")])
    );
    assert_eq!(world.amazon.fulfilled()[0].times, 1);
    world.contract_is_kept();
}

#[tokio::test]
async fn a_confirmation_long_after_unlinking_counts_and_waits_for_the_account() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.unlinked("p1").await;
    world.pass(24 * 3600);
    assert_eq!(
        world.confirm("p1", &[&id]).await,
        json!([result(&id, "delivered")])
    );
    assert_eq!(status_of(&world.check("p1").await, &id), "delivered");
    world.linked("p1", "alice").await;
    assert_eq!(ids_of(&world.check("p1").await), [""; 0]);
    assert_eq!(world.known_status("p1", &id).await, "reported");
    assert_eq!(world.amazon.fulfilled()[0].times, 1);
    world.contract_is_kept();
}

#[tokio::test]
async fn delivered_and_unreported_ones_are_reported_when_the_player_unlinks() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    let fault = Fault::ItemResult("ERROR".to_owned());
    world.amazon.fault(Endpoint::Fulfill, fault, 1);
    world.confirm("p1", &[&id]).await;
    world.unlinked("p1").await;
    assert_eq!(world.amazon.fulfilled().len(), 1);
    assert_eq!(world.known_status("p1", &id).await, "reported");
}

#[tokio::test]
async fn bad_confirmations_are_named() {
    let world = World::new().await;
    let many: Vec<_> = (0..51).map(|number| format!("e{number}")).collect();
    for (body, field) in [
        (json!({}), "entitlement_ids"),
        (json!({"entitlement_ids": null}), "entitlement_ids"),
        (json!({"entitlement_ids": "e1"}), "entitlement_ids"),
        (json!({"entitlement_ids": []}), "entitlement_ids"),
        (json!({"entitlement_ids": [1]}), "entitlement_ids"),
        (json!({"entitlement_ids": [""]}), "entitlement_ids"),
        (
            json!({"entitlement_ids": ["x".repeat(513)]}),
            "entitlement_ids",
        ),
        (json!({"entitlement_ids": ["a\u{7}"]}), "entitlement_ids"),
        (json!({"entitlement_ids": many}), "entitlement_ids"),
        (
            json!({"player_id": 5, "entitlement_ids": ["e1"]}),
            "player_id",
        ),
    ] {
        let answer = world
            .call_as("p1", "POST", "/v1/fulfillments")
            .json(&body)
            .send()
            .await;
        let detail = answer.problem(400, "invalid_request");
        assert!(detail.contains(field), "{detail}");
    }
    assert_eq!(world.database.requests(), [""; 0]);
}

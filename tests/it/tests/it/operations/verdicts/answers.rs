//! The answers that have verdicts: their language, and what they cost.

use it::World;
use serde_json::{Value, json};

use super::{get, holds};
use crate::operations::support::{code, done};

#[tokio::test]
async fn support_may_write_to_the_player_in_another_language() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    let of_entitlement = |language: Value| json!({"command": "entitlement.get", "entitlement_id": id, "language": language});
    let of_player =
        |language: Value| json!({"command": "player.get", "player_id": "p1", "language": language});
    for (language, say) in [
        (json!("de"), "Wir haben diese Belohnung"),
        (json!("en"), "We have passed this reward"),
        (Value::Null, "We have passed this reward"),
    ] {
        let found = world.admin(of_entitlement(language.clone())).await["entitlement"].clone();
        let listed = world.admin(of_player(language)).await["entitlements"][0].clone();
        for found in [found, listed] {
            let waits = "waits_for_confirmation";
            holds(&found, "game", waits, say, &Value::Null);
        }
    }
    for language in [json!("fr"), json!("DE"), json!(""), json!(1)] {
        for command in [of_entitlement(language.clone()), of_player(language)] {
            let answer = world.admin(command).await;
            assert_eq!(answer["errors"][0]["code"], "invalid_request", "{answer}");
            assert_eq!(answer["errors"][0]["detail"], "language must be en or de");
        }
    }
    // A command that changes something has its sentence in English.
    let other = json!({"player_id": "p1", "entitlement_id": id, "language": "de"});
    assert_eq!(
        code(&world, "entitlement.hold", other).await,
        "invalid_request"
    );
}

#[tokio::test]
async fn every_answer_with_an_entitlement_has_its_verdict() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    let of = json!({"player_id": "p1", "entitlement_id": id});
    let held = done(&world, "entitlement.hold", of.clone()).await;
    assert_eq!(held["entitlement"], get(&world, &id).await);
    assert_eq!(held["entitlement"]["verdict"]["code"], "operator_hold");
    let released = done(&world, "entitlement.release", of).await;
    assert_eq!(released["entitlement"], get(&world, &id).await);
    let to = json!({"entitlement_id": id, "from_player_id": "p1", "to_player_id": "p2"});
    let moved = done(&world, "entitlement.reassign", to).await;
    assert_eq!(moved["entitlement"]["verdict"]["code"], "waits_for_check");
}

#[tokio::test]
async fn a_page_costs_one_batch_of_offers_and_one_look_at_each_link() {
    let world = World::new().await;
    for sku in ["hat", "coat", "boots"] {
        world.offer_with(sku, &json!({"per_player": null})).await;
    }
    world.linked("p1", "alice").await;
    for sku in ["hat", "coat", "boots"].repeat(4) {
        world.amazon.claim("alice", sku);
    }
    let answer = world.check("p1").await;
    let ids = it::ids_of(&answer);
    let error = stand_in::Fault::ItemResult("ERROR".to_owned());
    world.amazon.fault(stand_in::Endpoint::Fulfill, error, 3);
    world.confirm("p1", &[&ids[0], &ids[1], &ids[2]]).await;
    world.forget();
    let command = json!({"command": "player.get", "player_id": "p1"});
    let answer = world.admin(command).await;
    assert_eq!(it::ids_of(&answer).len(), 12);
    // The player, the page and the audit trail; and all offers at once.
    let requests = world.database.requests();
    assert_eq!(requests, ["GetItem", "Query", "BatchGetItem", "Query"]);
}

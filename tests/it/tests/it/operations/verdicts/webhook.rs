//! What the studio's webhook has to deliver.

use it::{Reply, World};
use serde_json::{Value, json};

use super::{HOUR, about, at, get, helps, holds, waits};
use crate::operations::support::done;

#[tokio::test]
async fn a_webhook_that_fails_is_tried_again() {
    let (world, studio) = World::with_studio(&[]).await;
    world.offer("hat").await;
    world.linked("p1", "alice").await;
    studio.script([Reply::status(500)]);
    let id = world.amazon.claim("alice", "hat");
    world.check("p1").await;
    let found = get(&world, &id).await;
    let say = "We could not give you this reward yet";
    let verdict = holds(&found, "studio", "webhook_failing", say, &Value::Null);
    assert_eq!(verdict["since"], at(&world, 0));
    assert!(
        verdict["next_try_at"]
            .as_str()
            .is_some_and(|next| next > at(&world, 0).as_str())
    );
    // An operator holds and releases it: the service tries again.
    let of = json!({"player_id": "p1", "entitlement_id": id});
    done(&world, "entitlement.hold", of.clone()).await;
    let answer = done(&world, "entitlement.release", of).await;
    let found = &answer["entitlement"];
    let verdict = holds(
        found,
        "service",
        "delivery_due",
        "Your reward is on its way",
        &Value::Null,
    );
    assert_eq!(verdict["next_try_at"], at(&world, 0));
    // After a week it is an operator's turn.
    for _ in 0..8 {
        world.pass(24 * HOUR);
        studio.script([Reply::status(500)]);
        world.reconcile().await;
    }
    let found = get(&world, &id).await;
    let say = "We have not been able to give you";
    let verdict = holds(&found, "operator", "attention", say, &Value::Null);
    assert_eq!(verdict["next_try_at"], at(&world, 24 * HOUR));
}

#[tokio::test]
async fn what_the_studio_refuses_is_released_by_an_operator() {
    let (world, studio) = World::with_studio(&[]).await;
    world.offer("hat").await;
    world.linked("p1", "alice").await;
    let refused = json!({"refused": true}).to_string();
    studio.script([Reply::Refuse(http::StatusCode::GONE, Vec::new(), refused)]);
    let id = world.amazon.claim("alice", "hat");
    world.check("p1").await;
    let release = about("entitlement.release", &id);
    let found = get(&world, &id).await;
    holds(
        &found,
        "studio",
        "refused_by_studio",
        "The game did not accept",
        &release,
    );
    helps(&world, &found).await;
}

#[tokio::test]
async fn a_paused_offer_that_is_resumed_is_delivered_by_the_service() {
    let (world, _studio) = World::with_studio(&[]).await;
    world.offer_with("hat", &json!({"paused": true})).await;
    world.linked("p1", "alice").await;
    let id = world.amazon.claim("alice", "hat");
    world.check("p1").await;
    let resume = json!({"command": "offers.resume", "sku": "hat"});
    let found = get(&world, &id).await;
    holds(
        &found,
        "operator",
        "offer_paused",
        "We are not giving out",
        &resume,
    );
    helps(&world, &found).await;
    let found = get(&world, &id).await;
    waits(
        &found,
        "service",
        "delivery_due",
        "Your reward is on its way",
    );
}

#[tokio::test]
async fn a_delivery_of_which_nobody_knows_is_released_after_asking_the_player() {
    let (mut world, studio) = World::with_studio(&[]).await;
    world.offer("hat").await;
    world.linked("p1", "alice").await;
    studio.script([Reply::status(500)]);
    let id = world.amazon.claim("alice", "hat");
    world.check("p1").await;
    world.let_the_game_deliver();
    let say = "We are not sure whether this reward";
    waits(&get(&world, &id).await, "operator", "delivery_unknown", say);
    world.check_later("p1").await;
    let found = get(&world, &id).await;
    let release = about("entitlement.release", &id);
    holds(&found, "operator", "delivery_unknown", say, &release);
    helps(&world, &found).await;
}

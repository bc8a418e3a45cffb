//! What is delivered, and has to be reported.

use it::World;
use serde_json::{Value, json};
use stand_in::Endpoint::Fulfill;
use stand_in::Fault;

use super::{HOUR, about, at, get, helps, holds, retry, status, waits};
use crate::operations::support::done;

#[tokio::test]
async fn a_report_says_what_is_in_its_way() {
    let world = World::new().await;
    let id = world.unreported("p1", "alice").await;
    let rereport = about("entitlement.rereport", &id);
    let found = get(&world, &id).await;
    let (code, say) = (
        "amazon_refuses",
        "You have this reward. Amazon does not accept",
    );
    let verdict = holds(&found, "amazon", code, say, &rereport);
    assert!(verdict["next_try_at"].is_string());
    // Prime Gaming refuses this report alone.
    world.pass(HOUR);
    world.amazon.fault(Fulfill, status(403, None), 3);
    world.reconcile().await;
    holds(&get(&world, &id).await, "amazon", code, say, &rereport);
    // Prime Gaming is down.
    world.pass(HOUR);
    world.amazon.fault(Fulfill, status(503, None), 1);
    world.reconcile().await;
    let found = get(&world, &id).await;
    let (code, say) = (
        "amazon_failing",
        "You have this reward. We still have to tell Amazon so, and",
    );
    holds(&found, "amazon", code, say, &rereport);
    // It wants rest.
    world.pass(HOUR);
    world.amazon.fault(Fulfill, status(429, Some(600)), 1);
    world.reconcile().await;
    let verdict = holds(&get(&world, &id).await, "amazon", code, say, &retry());
    assert_eq!(verdict["next_try_at"], at(&world, 600));
    // It says a word that nobody knows.
    world.pass(HOUR);
    let element =
        json!({"EntitlementId": id, "VendorProductId": "hat", "NextInstruction": "SHINE"});
    world.amazon.put_entitlement("alice", element);
    world.reconcile().await;
    let say = "You have this reward. Amazon has sent us a message";
    holds(
        &get(&world, &id).await,
        "amazon",
        "unknown_instruction",
        say,
        &Value::Null,
    );
}

#[tokio::test]
async fn a_report_that_is_due_again_is_the_services_turn() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.confirm("p1", &[&id]).await;
    let of = json!({"player_id": "p1", "entitlement_id": id});
    let answer = done(&world, "entitlement.rereport", of).await;
    let say = "You have this reward. We still have to tell Amazon so, and you";
    let verdict = holds(
        &answer["entitlement"],
        "service",
        "report_due",
        say,
        &Value::Null,
    );
    assert_eq!(verdict["next_try_at"], at(&world, 0));
}

#[tokio::test]
async fn a_report_that_fails_for_a_week_is_an_operators_turn() {
    let world = World::new().await;
    let id = world.unreported("p1", "alice").await;
    for _ in 0..8 {
        world.pass(24 * HOUR);
        world
            .amazon
            .fault(Fulfill, Fault::ItemResult("ERROR".to_owned()), 1);
        world.reconcile().await;
    }
    let found = get(&world, &id).await;
    let rereport = about("entitlement.rereport", &id);
    let say = "You have this reward. We have not been able to tell";
    let verdict = holds(&found, "operator", "attention", say, &rereport);
    assert_eq!(verdict["since"], found["attention_at"]);
    helps(&world, &found).await;
    world.reconcile().await;
    waits(
        &get(&world, &id).await,
        "nobody",
        "done",
        "You have received this reward",
    );
}

#[tokio::test]
async fn a_report_without_a_usable_link_needs_one_of_whichever_player() {
    let world = World::new().await;
    let id = world.unreported("p1", "alice").await;
    world.amazon.revoke("alice");
    world.pass(2 * HOUR);
    world.reconcile().await;
    let found = get(&world, &id).await;
    let say = "You have this reward, but Amazon does not know that";
    let verdict = holds(&found, "player", "relink_needed", say, &retry());
    assert_eq!(verdict["next_try_at"], at(&world, HOUR));
    world.unlinked("p1").await;
    waits(&get(&world, &id).await, "player", "relink_needed", say);
    // Another player links the account, and its report goes out with that link.
    world.linked("p2", "alice").await;
    waits(
        &get(&world, &id).await,
        "service",
        "report_due",
        "You have this reward.",
    );
    world.reconcile().await;
    waits(
        &get(&world, &id).await,
        "nobody",
        "done",
        "You have received this reward",
    );
}

//! `INTAKE=hold`: nothing new is handed out or delivered; what is delivered is taken and reported.

use it::{Reply, World, ids_of, status_of};
use prime_gaming::testing::config::Intake;
use serde_json::{Value, json};
use stand_in::Endpoint::{Entitlements, Fulfill};
use stand_in::Fault;

use crate::tokens::second_look::HOUR;

fn hold(world: &mut World) {
    world.app.config.intake = Intake::Hold;
    world.forget();
}

fn open(world: &mut World) {
    world.app.config.intake = Intake::Open;
    world.forget();
}

#[tokio::test]
async fn what_amazon_lists_meanwhile_becomes_pending_afterwards() {
    let mut world = World::with(&[("INTAKE", "hold")]).await;
    world.offer("hat").await;
    world.linked("p1", "alice").await;
    let id = world.amazon.claim("alice", "hat");
    let before = world.player_item("p1").await;
    let answer = world.check("p1").await;
    assert_eq!(
        (&answer["link"], &answer["fresh"], ids_of(&answer)),
        (&json!("linked"), &json!(true), vec![])
    );
    assert!(world.record_item("p1", &id).await.is_empty());
    let after = world.player_item("p1").await;
    for name in ["has_open", "open_mark"] {
        assert_eq!(after.get(name), before.get(name), "nothing is open");
    }
    open(&mut world);
    assert_eq!(status_of(&world.check_later("p1").await, &id), "pending");
}

#[tokio::test]
async fn what_is_pending_is_left_out_but_its_confirmation_is_taken_and_reported() {
    let mut world = World::new().await;
    world.offer_with("coin", &json!({"per_player": null})).await;
    world.linked("p1", "alice").await;
    let (one, two) = (
        world.amazon.claim("alice", "coin"),
        world.amazon.claim("alice", "coin"),
    );
    assert_eq!(ids_of(&world.check("p1").await).len(), 2);
    hold(&mut world);
    for answer in [world.check("p1").await, world.check_later("p1").await] {
        assert_eq!(ids_of(&answer), [""; 0], "{answer}");
    }
    assert_eq!(world.history("p1").await, [] as [Value; 0]);
    let results = world.confirm("p1", &[&one]).await;
    assert_eq!(results[0]["status"], "reported");
    assert_eq!(world.asked(), [Entitlements, Fulfill]);
    open(&mut world);
    let answer = world.check_later("p1").await;
    assert_eq!(ids_of(&answer), [two.as_str()]);
    assert_eq!(status_of(&answer, &two), "pending");
    world.contract_is_kept();
}

#[tokio::test]
async fn what_can_not_become_pending_is_written_down_as_ever() {
    let world = World::with(&[("INTAKE", "hold")]).await;
    world.linked("p1", "alice").await;
    let id = world.amazon.claim("alice", "forgotten");
    let answer = world.check("p1").await;
    assert_eq!(status_of(&answer, &id), "held unknown_offer");
    // The offer is there now, and would make it `pending`.
    world.offer("forgotten").await;
    let answer = world.check_later("p1").await;
    assert_eq!(status_of(&answer, &id), "held unknown_offer");
}

#[tokio::test]
async fn what_was_delivered_before_is_reported_by_checks_and_by_reconcile() {
    let mut world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world
        .amazon
        .fault(Fulfill, Fault::ItemResult("ERROR".to_owned()), 2);
    world.confirm("p1", &[&id]).await;
    hold(&mut world);
    let answer = world.check_later("p1").await;
    assert_eq!(status_of(&answer, &id), "delivered");
    world.pass(HOUR);
    assert_eq!(world.reconcile().await["done"], 1);
    assert_eq!(world.known_status("p1", &id).await, "reported");
}

#[tokio::test]
async fn what_amazon_has_forgotten_is_reported_again() {
    let mut world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    let success = Fault::ItemResult("SUCCESS".to_owned());
    world.amazon.fault(Fulfill, success, 1);
    assert_eq!(world.confirm("p1", &[&id]).await[0]["status"], "reported");
    hold(&mut world);
    world.pass(601);
    world.check("p1").await;
    assert_eq!(world.asked(), [Entitlements, Fulfill]);
    assert_eq!(world.amazon.fulfilled().len(), 1);
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn no_webhook_is_called_and_nothing_spins_or_fails() {
    let (mut world, studio) = World::with_studio(&[]).await;
    world.offer("hat").await;
    world.linked("p1", "alice").await;
    let id = world.amazon.claim("alice", "hat");
    studio.script([Reply::status(500)]);
    assert_eq!(status_of(&world.check("p1").await, &id), "pending");
    let tried = world.record_item("p1", &id).await;
    hold(&mut world);
    let mut taken = 0;
    for _ in 0..120 {
        world.pass(60);
        taken += world.reconcile().await["taken"].as_u64().expect("a number");
    }
    assert!((10..=24).contains(&taken), "{taken} in two hours");
    let answer = world.check("p1").await;
    assert_eq!((&answer["fresh"], ids_of(&answer)), (&json!(true), vec![]));
    assert_eq!(studio.calls().len(), 1);
    let waiting = world.record_item("p1", &id).await;
    for name in ["attempts", "failing_since", "attention_at", "status"] {
        assert_eq!(waiting.get(name), tried.get(name), "{name}");
    }
    assert!(waiting.contains_key("due_at"));
    open(&mut world);
    world.pass(600);
    assert_eq!(world.reconcile().await["done"], 1);
    assert_eq!(studio.given()[&id], 1);
    assert_eq!(world.known_status("p1", &id).await, "reported");
}

#[tokio::test]
async fn what_is_listed_while_webhooks_are_on_hold_is_delivered_afterwards() {
    let (mut world, studio) = World::with_studio(&[("INTAKE", "hold")]).await;
    world.offer("hat").await;
    let id = world.amazon.claim("alice", "hat");
    world.linked("p1", "alice").await;
    world.check("p1").await;
    world.pass(60);
    world.reconcile().await;
    assert!(world.record_item("p1", &id).await.is_empty());
    open(&mut world);
    world.pass(600);
    world.reconcile().await;
    assert_eq!(studio.given()[&id], 1, "by the first check, which waited");
    assert_eq!(world.known_status("p1", &id).await, "reported");
}

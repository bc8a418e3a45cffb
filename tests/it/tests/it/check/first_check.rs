//! Where the studio's backend delivers, the service makes the first check after linking by itself.

use std::time::Duration;

use it::{DbFault, Outage, Reply, Studio, World, ids_of, player_id, status_of};
use prime_gaming::domain::DeviceStatus;
use prime_gaming::flow::{self, Budget};
use serde_json::json;
use stand_in::Endpoint::{Entitlements, Fulfill};
use stand_in::Fault;

use crate::devices::support::{approved, id as device_id, poll};
use crate::link::support::{back_from_amazon, cookies, open, scan, text};

/// A player who has claimed one entitlement, and is not linked yet: gives its id.
async fn claimed(settings: &[(&str, &str)]) -> (World, Studio, String) {
    let (world, studio) = World::with_studio(settings).await;
    world.offer("hat").await;
    let id = world.amazon.claim("alice", "hat");
    (world, studio, id)
}

/// Whether `reconcile` still has a first check to make.
async fn is_left(world: &World) -> bool {
    let items = scan(world, &world.app.config.tables.fulfillments).await;
    items.iter().any(|item| text(item, "sk") == "FIRST_CHECK")
}

#[tokio::test]
async fn the_reward_is_there_before_the_game_asks() {
    let (world, studio, id) = claimed(&[]).await;
    world.link("p1", "alice").await.page(200, "p1");
    assert_eq!(studio.given()[&id], 1);
    assert_eq!(world.known_status("p1", &id).await, "reported");
    let asked = world.asked();
    let ours = asked.iter().position(|it| *it == Entitlements);
    assert_eq!(
        asked[ours.expect("asked")..],
        [Entitlements, Fulfill],
        "{asked:?}"
    );
    assert!(!is_left(&world).await);
    // It counts for the shortest interval.
    world.forget();
    assert_eq!(world.check("p1").await["fresh"], false);
    assert_eq!(world.asked(), []);
    assert_eq!(world.check_later("p1").await["fresh"], true);
    world.contract_is_kept();
}

#[tokio::test]
async fn a_device_gets_it_too() {
    let (world, studio, id) = claimed(&[("DEVICE_LINKING", "on")]).await;
    let session = approved(&world, "p1", "alice").await;
    assert_eq!(poll(&world, "p1", &session).await["status"], "linked");
    assert_eq!(studio.given()[&id], 1);
    assert_eq!(world.known_status("p1", &id).await, "reported");
    assert!(!is_left(&world).await);
}

#[tokio::test]
async fn the_game_confirms_in_its_own_time_in_the_other_mode() {
    let world = World::new().await;
    world.offer("hat").await;
    world.amazon.claim("alice", "hat");
    world.linked("p1", "alice").await;
    assert!(!world.asked().contains(&Entitlements));
    assert!(!is_left(&world).await);
    assert_eq!(world.check("p1").await["fresh"], true);
}

/// Nothing that goes wrong with the check changes that the player is linked.
#[tokio::test]
async fn what_fails_is_left_to_reconcile() {
    for fault in [
        Fault::Reset,
        Fault::NotJson,
        Fault::Status {
            status: 503,
            body: String::new(),
            retry_after: None,
        },
    ] {
        let (world, studio, id) = claimed(&[]).await;
        world.amazon.fault(Entitlements, fault.clone(), 4);
        world.link("p1", "alice").await.page(200, "p1");
        assert!(is_left(&world).await, "{fault:?}");
        for _ in 0..10 {
            world.pass(60);
            world.reconcile().await;
        }
        assert_eq!(studio.given()[&id], 1, "{fault:?}");
        assert_eq!(world.known_status("p1", &id).await, "reported");
        assert!(!is_left(&world).await);
    }
}

#[tokio::test]
async fn a_studio_that_fails_is_asked_again_by_reconcile() {
    let (world, studio, id) = claimed(&[]).await;
    studio.script([Reply::status(500)]);
    world.link("p1", "alice").await.page(200, "p1");
    assert_eq!(world.known_status("p1", &id).await, "pending");
    world.pass(60);
    world.reconcile().await;
    assert_eq!(studio.given()[&id], 1);
    assert_eq!(world.known_status("p1", &id).await, "reported");
}

/// A request that Amazon has kept waiting has no time left for a check.
#[tokio::test]
async fn a_slow_request_leaves_the_check_to_reconcile() {
    let (world, studio, id) = claimed(&[("DEVICE_LINKING", "on")]).await;
    let session = approved(&world, "p1", "alice").await;
    let left = Budget::of(Duration::from_secs(9));
    let player = player_id("p1");
    let polled = flow::poll_device(&world.app, left, &player, device_id(&session));
    let answer = polled.await.expect("an answer").expect("a session");
    assert_eq!(answer.status, DeviceStatus::Linked);
    assert_eq!(world.amazon.calls_to(Entitlements), 0);
    assert!(is_left(&world).await);
    world.reconcile().await;
    assert_eq!(studio.given()[&id], 1);
    assert_eq!(world.known_status("p1", &id).await, "reported");
    assert!(!is_left(&world).await);
}

/// Amazon answered the check, but the database took nothing of what it listed: the check is not
/// made yet, although it was fresh.
#[tokio::test]
async fn a_check_that_could_not_write_something_down_stays_due() {
    let (world, studio, id) = claimed(&[]).await;
    let (browser, callback) = back_from_amazon(&world, "p1", "alice", None).await;
    // The attempt is consumed and the link is made. Every transaction after these two is refused.
    let outage = Outage::after(2, DbFault::Canceled("ThrottlingError"), u32::MAX);
    world.database.begin(outage);
    open(&world, &cookies(&browser), &callback)
        .await
        .page(200, "p1");
    world.database.end();
    assert_eq!(world.amazon.calls_to(Entitlements), 1);
    assert_eq!(studio.given().get(&id), None);
    assert!(is_left(&world).await);
    world.pass(60);
    world.reconcile().await;
    assert_eq!(studio.given()[&id], 1);
    assert!(!is_left(&world).await);
}

#[tokio::test]
async fn a_process_that_dies_after_linking_loses_nothing() {
    let (world, studio, id) = claimed(&[]).await;
    // Amazon's list never comes, and the process is gone before it gives up.
    world
        .amazon
        .fault(Entitlements, Fault::Stall(Duration::from_secs(60)), 1);
    let (at, back) = back_from_amazon(&world, "p1", "alice", None).await;
    let jar = cookies(&at);
    let callback = open(&world, &jar, &back);
    let dies = async {
        while world.amazon.calls_to(Entitlements) == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        _ = callback => panic!("it answers"),
        () = dies => {}
    }
    assert!(is_left(&world).await);
    world.pass(60);
    world.reconcile().await;
    assert_eq!(studio.given()[&id], 1);
    assert_eq!(world.known_status("p1", &id).await, "reported");
    assert!(!is_left(&world).await);
}

#[tokio::test]
async fn reconcile_waits_its_turn_and_forgets_what_is_no_link_any_more() {
    let (world, studio, id) = claimed(&[]).await;
    world.amazon.fault(Entitlements, Fault::Reset, 4);
    world.link("p1", "alice").await.page(200, "p1");
    world.forget();
    world.reconcile().await;
    assert_eq!(world.asked(), [], "the shortest interval is not over");
    world.unlinked("p1").await;
    world.pass(60);
    world.reconcile().await;
    assert_eq!((world.asked(), studio.calls().len()), (vec![], 0));
    assert!(!is_left(&world).await);
    // Linking again brings it.
    world.amazon.clear_faults();
    world.linked("p1", "alice").await;
    assert_eq!(studio.given()[&id], 1);
}

#[tokio::test]
async fn a_game_that_asks_at_the_same_time_asks_for_both() {
    let (world, studio, id) = claimed(&[]).await;
    world.amazon.fault(Entitlements, Fault::Reset, 4);
    world.link("p1", "alice").await.page(200, "p1");
    for _ in 0..4 {
        world.pass(60);
        let (answer, _) = futures_util::future::join(world.check("p1"), world.reconcile()).await;
        assert_eq!(answer["link"], "linked");
    }
    world.pass(60);
    world.reconcile().await;
    assert_eq!(studio.given()[&id], 1);
    let answer = world.check_later("p1").await;
    assert_eq!(
        (status_of(&answer, &id), ids_of(&answer)),
        (String::new(), vec![])
    );
    assert_eq!(answer["fresh"], json!(true));
    world.contract_is_kept();
}

//! Commands while a check, a confirmation, a delivery or another command is at work.

use futures_util::future::{join, join_all};
use it::{Reply, World, entitlement_id, player_id, status_of};
use prime_gaming::testing::store::Lease;
use serde_json::{Value, json};

use super::support::{code, done, duplicate, everything, order, places};

fn of(id: &str) -> Value {
    json!({"player_id": "p1", "entitlement_id": id})
}

#[tokio::test]
async fn what_is_being_delivered_is_neither_held_nor_moved() {
    let (world, studio) = World::with_studio(&[]).await;
    world.offer("hat").await;
    world.linked("p1", "alice").await;
    studio.script([Reply::status(500)]);
    let id = world.amazon.claim("alice", "hat");
    world.check("p1").await;
    world.pass(3600);
    let store = &world.app.fulfillments;
    let known = store.get(&player_id("p1"), &entitlement_id(&id)).await;
    let known = known.expect("a good row").expect("a record");
    let now = world.clock.now();
    let lease = Lease {
        owner: "at work",
        until: now + std::time::Duration::from_secs(30),
    };
    store
        .acquire(&known, lease, now)
        .await
        .expect("written")
        .expect("acquired");
    let before = everything(&world).await;
    let moved = json!({"entitlement_id": id, "from_player_id": "p1", "to_player_id": "p2"});
    assert_eq!(code(&world, "entitlement.hold", of(&id)).await, "conflict");
    assert_eq!(
        code(&world, "entitlement.reassign", moved).await,
        "conflict"
    );
    assert_eq!(everything(&world).await, before);
    // A lease that has run out belongs to a dead request.
    world.pass(30);
    done(&world, "entitlement.hold", of(&id)).await;
    assert_eq!(
        status_of(&world.check_later("p1").await, &id),
        "held operator"
    );
}

#[tokio::test]
async fn a_confirmation_and_a_hold_at_once_end_in_one_of_the_two() {
    for _ in 0..8 {
        let world = World::new().await;
        let id = world.pending("p1", "alice", "hat").await;
        let ids = [id.as_str()];
        let hold = world.admin(order("entitlement.hold", &of(&id)));
        let (results, answer) = join(world.confirm("p1", &ids), hold).await;
        let status = world.known_status("p1", &id).await;
        if answer["ok"] == true {
            assert_eq!(results[0]["status"], "held", "{answer}");
            assert_eq!(status, "held operator");
        } else {
            assert_eq!(results[0]["status"], "reported", "{answer}");
            assert_eq!(status, "reported");
        }
    }
}

#[tokio::test]
async fn of_two_moves_at_once_one_is_made() {
    for _ in 0..4 {
        let world = World::new().await;
        let id = world.pending("p1", "alice", "hat").await;
        let to = |player: &str| {
            let fields =
                json!({"entitlement_id": id, "from_player_id": "p1", "to_player_id": player});
            world.admin(order("entitlement.reassign", &fields))
        };
        let (two, three) = join(to("p2"), to("p3")).await;
        assert_ne!(two["ok"], three["ok"], "{two} {three}");
        let mut pending = 0;
        for player in ["p1", "p2", "p3"] {
            let answer = world.check_later(player).await;
            pending += usize::from(status_of(&answer, &id) == "pending");
        }
        assert_eq!(pending, 1);
    }
}

#[tokio::test]
async fn one_request_id_at_once_is_carried_out_once() {
    let world = World::new().await;
    let (_, second) = duplicate(&world).await;
    let mut fields = of(&second);
    fields["request_id"] = json!("r1");
    let event = order("entitlement.release", &fields);
    let answers = join_all((0..4).map(|_| world.admin(event.clone()))).await;
    for answer in &answers {
        assert_eq!(answer["ok"], true, "{answer}");
        assert_eq!(answer, &answers[0]);
    }
    let rows = everything(&world).await;
    assert_eq!(
        rows.keys()
            .filter(|key| key.contains("PLAYER#p1 A#"))
            .count(),
        1
    );
    assert_eq!(places(&world, "p1", "hat").await.len(), 2);
}

#[tokio::test]
async fn a_check_and_a_release_at_once_end_pending() {
    for _ in 0..4 {
        let world = World::new().await;
        let (_, second) = duplicate(&world).await;
        world.pass(5);
        let release = world.admin(order("entitlement.release", &of(&second)));
        let (_, answer) = join(world.check("p1"), release).await;
        assert_eq!(answer["ok"], true, "{answer}");
        assert_eq!(
            status_of(&world.check_later("p1").await, &second),
            "pending"
        );
    }
}

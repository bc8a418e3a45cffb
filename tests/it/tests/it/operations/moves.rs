//! `entitlement.reassign`.

use it::{Reply, World, status_of};
use serde_json::{Value, json};
use stand_in::Endpoint::Fulfill;
use stand_in::Fault;

use super::support::{code, done, duplicate, places, trail};

fn to_p2(id: &str) -> Value {
    json!({"entitlement_id": id, "from_player_id": "p1", "to_player_id": "p2"})
}

#[tokio::test]
async fn what_was_not_delivered_moves_to_the_new_game_account() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.unlinked("p1").await;
    world.linked("p2", "alice").await;
    assert_eq!(
        status_of(&world.check("p2").await, &id),
        "held other_player"
    );
    let answer = done(&world, "entitlement.reassign", to_p2(&id)).await;
    assert_eq!(answer["entitlement"]["player_id"], "p2");
    assert_eq!(answer["entitlement"]["status"], "pending");
    assert_eq!(
        status_of(&world.check("p1").await, &id),
        "held other_player"
    );
    assert_eq!(status_of(&world.check_later("p2").await, &id), "pending");
    assert_eq!(places(&world, "p1", "hat").await, [""; 0]);
    assert_eq!(places(&world, "p2", "hat").await, [id.as_str()]);
    assert_eq!(world.confirm("p1", &[&id]).await[0]["status"], "held");
    assert_eq!(world.confirm("p2", &[&id]).await[0]["status"], "reported");
    for player in ["p1", "p2"] {
        let trail = trail(&world, player).await;
        let note = trail[0]["note"].as_str().expect("a note");
        assert!(
            note.starts_with("from p1 to p2; it was first handed out to p1"),
            "{note}"
        );
        assert_eq!(trail[0]["entitlement_id"], id);
    }
    let get = json!({"command": "entitlement.get", "entitlement_id": id});
    let answer = world.admin(get).await;
    assert_eq!(answer["entitlement"]["player_id"], "p2");
    assert_eq!(answer["also"], json!(["p1"]));
    world.contract_is_kept();
}

#[tokio::test]
async fn it_moves_to_a_player_who_never_called_and_its_report_outlives_the_old_link() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    done(&world, "entitlement.reassign", to_p2(&id)).await;
    assert_eq!(status_of(&world.check("p2").await, &id), "pending");
    // The account stays linked to the old player, and owes the report of the new one.
    world
        .amazon
        .fault(Fulfill, Fault::ItemResult("ERROR".to_owned()), 1);
    assert_eq!(world.confirm("p2", &[&id]).await[0]["status"], "delivered");
    world.unlinked("p1").await;
    world.pass(120);
    world.reconcile().await;
    assert_eq!(world.known_status("p2", &id).await, "reported");
}

#[tokio::test]
async fn by_webhook_it_goes_out_for_the_new_player() {
    let (world, studio) = World::with_studio(&[]).await;
    world.offer("hat").await;
    world.linked("p1", "alice").await;
    let refused = json!({"refused": true}).to_string();
    studio.script([Reply::Refuse(http::StatusCode::GONE, Vec::new(), refused)]);
    let id = world.amazon.claim("alice", "hat");
    assert_eq!(
        status_of(&world.check("p1").await, &id),
        "held delivery_refused"
    );
    done(&world, "entitlement.reassign", to_p2(&id)).await;
    world.reconcile().await;
    assert_eq!(world.known_status("p2", &id).await, "reported");
    let calls = studio.calls();
    assert_eq!(calls[1].id, id);
    assert_eq!(calls[1].json()["data"]["player_id"], "p2");
}

#[tokio::test]
async fn the_new_players_limit_counts() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.pending("p2", "bob", "hat").await;
    assert_eq!(
        code(&world, "entitlement.reassign", to_p2(&id)).await,
        "conflict"
    );
    world.offer_with("hat", &json!({"per_player": 2})).await;
    done(&world, "entitlement.reassign", to_p2(&id)).await;
    assert_eq!(places(&world, "p2", "hat").await.len(), 2);
}

#[tokio::test]
async fn a_duplicate_moves_with_the_offers_content() {
    let world = World::new().await;
    let (first, second) = duplicate(&world).await;
    done(&world, "entitlement.reassign", to_p2(&second)).await;
    let answer = world.check("p2").await;
    assert_eq!(status_of(&answer, &second), "pending");
    assert_eq!(answer["entitlements"][0]["content"], json!({"item": "hat"}));
    assert_eq!(places(&world, "p1", "hat").await, [first]);
}

#[tokio::test]
async fn what_was_or_may_have_been_delivered_does_not_move() {
    let (world, studio) = World::with_studio(&[]).await;
    world.offer_with("hat", &json!({"per_player": 2})).await;
    world.linked("p1", "alice").await;
    studio.script([Reply::status(500)]);
    let unclear = world.amazon.claim("alice", "hat");
    assert_eq!(status_of(&world.check("p1").await, &unclear), "pending");
    assert_eq!(
        code(&world, "entitlement.reassign", to_p2(&unclear)).await,
        "conflict"
    );
    done(
        &world,
        "entitlement.hold",
        json!({"player_id": "p1", "entitlement_id": unclear}),
    )
    .await;
    assert_eq!(
        code(&world, "entitlement.reassign", to_p2(&unclear)).await,
        "conflict"
    );
    let delivered = world.amazon.claim("alice", "hat");
    world.check_later("p1").await;
    assert_eq!(world.known_status("p1", &delivered).await, "reported");
    assert_eq!(
        code(&world, "entitlement.reassign", to_p2(&delivered)).await,
        "conflict"
    );
    let same = json!({"entitlement_id": delivered, "from_player_id": "p1", "to_player_id": "p1"});
    assert_eq!(
        code(&world, "entitlement.reassign", same).await,
        "invalid_request"
    );
}

#[tokio::test]
async fn what_another_player_has_is_not_the_old_players_to_give() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.unlinked("p1").await;
    world.linked("p2", "alice").await;
    world.check("p2").await;
    let back = json!({"entitlement_id": id, "from_player_id": "p2", "to_player_id": "p3"});
    assert_eq!(code(&world, "entitlement.reassign", back).await, "conflict");
    let release = json!({"player_id": "p2", "entitlement_id": id});
    assert_eq!(
        code(&world, "entitlement.release", release).await,
        "conflict"
    );
}

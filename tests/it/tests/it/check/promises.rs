//! The promises that players and the studio's economy live by: nothing is delivered to two
//! players, nothing comes back once it was confirmed, and no offer more often than allowed.

use std::time::Duration;

use futures_util::future::{join, join_all};
use it::{World, ids_of, status_of};
use serde_json::{Value, json};
use stand_in::{Endpoint, Fault};

/// The answer is worked out now, and comes late.
fn late(millis: u64) -> Fault {
    Fault::AfterEffect(Box::new(Fault::Stall(Duration::from_millis(millis))))
}

fn fulfill(id: &str, sku: &str) -> Value {
    json!({"EntitlementId": id, "VendorProductId": sku, "NextInstruction": "FULFILL"})
}

#[tokio::test]
async fn a_stale_list_does_not_make_a_confirmed_one_pending_again() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    assert_eq!(
        world.confirm("p1", &[&id]).await[0]["status"],
        json!("reported")
    );
    world.amazon.put_entitlement("alice", fulfill(&id, "hat"));
    for _ in 0..3 {
        let answer = world.check_later("p1").await;
        assert_eq!(answer["fresh"], true);
        assert_eq!(ids_of(&answer), [""; 0]);
    }
    assert_eq!(world.known_status("p1", &id).await, "reported");
    assert_eq!(world.amazon.fulfilled()[0].times, 1);
}

#[tokio::test]
async fn a_check_that_was_under_way_does_not_make_a_confirmed_one_pending_again() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.pass(5);
    world.amazon.fault(Endpoint::Entitlements, late(300), 1);
    let confirmed_and_checked = async {
        let results = world.confirm("p1", &[&id]).await;
        assert_eq!(results[0]["status"], "reported");
        for _ in 0..5 {
            assert_eq!(ids_of(&world.check("p1").await), [""; 0]);
        }
    };
    join(world.check("p1"), confirmed_and_checked).await;
    for _ in 0..2 {
        assert_eq!(ids_of(&world.check_later("p1").await), [""; 0]);
    }
    assert_eq!(world.amazon.fulfilled()[0].times, 1);
}

#[tokio::test]
async fn an_unheard_confirmation_does_not_make_it_pending_again() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.amazon.fault(
        Endpoint::Fulfill,
        Fault::Status {
            status: 503,
            body: String::new(),
            retry_after: None,
        },
        20,
    );
    assert_eq!(
        world.confirm("p1", &[&id]).await[0]["status"],
        json!("delivered")
    );
    for _ in 0..4 {
        let answer = world.check_later("p1").await;
        assert_eq!(status_of(&answer, &id), "delivered");
    }
}

#[tokio::test]
async fn checks_and_confirmations_at_once_never_show_it_pending_afterwards() {
    let world = World::with(&[("CHECK_MIN_INTERVAL_SECONDS", "0")]).await;
    world.offer_with("coin", &json!({"per_player": null})).await;
    world.linked("p1", "alice").await;
    for _ in 0..5 {
        let id = world.amazon.claim("alice", "coin");
        assert_eq!(status_of(&world.check("p1").await, &id), "pending");
        let ids = [id.as_str()];
        let confirm = async {
            world.confirm("p1", &ids).await;
            world.check("p1").await
        };
        let (after, _) = join(confirm, join_all((0..8).map(|_| world.check("p1")))).await;
        assert_ne!(status_of(&after, &id), "pending");
        assert_ne!(status_of(&world.check("p1").await, &id), "pending");
        let times = world.amazon.fulfilled();
        let times = times.iter().find(|one| one.entitlement_id == id);
        assert_eq!(times.expect("it was reported").times, 1);
    }
    world.contract_is_kept();
}

#[tokio::test]
async fn an_account_that_moves_to_another_player_does_not_take_its_entitlements_along() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.unlinked("p1").await;
    world.linked("p2", "alice").await;
    for _ in 0..2 {
        let answer = world.check_later("p2").await;
        assert_eq!(status_of(&answer, &id), "held other_player");
    }
    assert_eq!(
        world.confirm("p2", &[&id]).await,
        json!([{"entitlement_id": id, "status": "held"}])
    );
    assert_eq!(world.amazon.calls_to(Endpoint::Fulfill), 0);

    // It is the first player's still, and is reported with the account's tokens of now.
    assert_eq!(status_of(&world.check("p1").await, &id), "pending");
    assert_eq!(
        world.confirm("p1", &[&id]).await[0]["status"],
        json!("reported")
    );
    assert_eq!(
        world.amazon.fulfilled()[0].account_id,
        world.amazon.account_id("alice")
    );
    world.contract_is_kept();
}

#[tokio::test]
async fn what_is_reported_goes_to_nobody_else() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.confirm("p1", &[&id]).await;
    world.unlinked("p1").await;
    world.linked("p2", "alice").await;
    world.amazon.put_entitlement("alice", fulfill(&id, "hat"));
    let answer = world.check("p2").await;
    assert_eq!(status_of(&answer, &id), "held other_player");
}

#[tokio::test]
async fn an_offer_is_delivered_once_to_a_player() {
    let world = World::new().await;
    let first = world.pending("p1", "alice", "hat").await;
    let second = world.amazon.claim("alice", "hat");
    let answer = world.check_later("p1").await;
    assert_eq!(status_of(&answer, &first), "pending");
    assert_eq!(status_of(&answer, &second), "held duplicate_offer");
    world.confirm("p1", &[&first]).await;
    for _ in 0..2 {
        let answer = world.check_later("p1").await;
        assert_eq!(status_of(&answer, &second), "held duplicate_offer");
    }
    assert_eq!(
        world.confirm("p1", &[&second]).await[0]["status"],
        json!("held")
    );
    assert_eq!(world.amazon.fulfilled().len(), 1);
    world.contract_is_kept();
}

#[tokio::test]
async fn an_offer_is_delivered_as_often_as_its_per_player_says() {
    let world = World::new().await;
    world.offer_with("boost", &json!({"per_player": 2})).await;
    world.offer_with("coin", &json!({"per_player": null})).await;
    world.linked("p1", "alice").await;
    let claim =
        |sku: &str| -> Vec<String> { (0..4).map(|_| world.amazon.claim("alice", sku)).collect() };
    let (boosts, coins) = (claim("boost"), claim("coin"));
    let answer = world.check("p1").await;
    let statuses: Vec<_> = boosts.iter().map(|id| status_of(&answer, id)).collect();
    assert_eq!(
        statuses,
        [
            "pending",
            "pending",
            "held duplicate_offer",
            "held duplicate_offer"
        ]
    );
    for id in &coins {
        assert_eq!(status_of(&answer, id), "pending");
    }
}

#[tokio::test]
async fn an_offer_is_delivered_once_also_over_several_amazon_accounts() {
    let world = World::new().await;
    let first = world.pending("p1", "alice", "hat").await;
    world.confirm("p1", &[&first]).await;
    world.unlinked("p1").await;
    let second = world.amazon.claim("bob", "hat");
    world.linked("p1", "bob").await;
    let answer = world.check("p1").await;
    assert_eq!(status_of(&answer, &second), "held duplicate_offer");
    // Nothing was taken from the account: another player may have it.
    world.unlinked("p1").await;
    world.linked("p2", "bob").await;
    let answer = world.check("p2").await;
    assert_eq!(status_of(&answer, &second), "pending");
}

#[tokio::test]
async fn an_offer_is_delivered_once_also_where_it_was_unlinked_while_pending() {
    let world = World::new().await;
    let first = world.pending("p1", "alice", "hat").await;
    world.unlinked("p1").await;
    let second = world.amazon.claim("bob", "hat");
    world.linked("p1", "bob").await;
    let answer = world.check("p1").await;
    assert_eq!(status_of(&answer, &first), "pending");
    assert_eq!(status_of(&answer, &second), "held duplicate_offer");
}

#[tokio::test]
async fn who_comes_back_with_the_same_account_keeps_what_was_pending() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.unlinked("p1").await;
    world.linked("p1", "alice").await;
    let answer = world.check("p1").await;
    assert_eq!(ids_of(&answer), [id.as_str()]);
    assert_eq!(status_of(&answer, &id), "pending");
    assert_eq!(
        world.confirm("p1", &[&id]).await[0]["status"],
        json!("reported")
    );
}

#[tokio::test]
async fn an_offer_held_as_unknown_counts_when_it_becomes_known() {
    let world = World::new().await;
    world.linked("p1", "alice").await;
    let ids = [
        world.amazon.claim("alice", "hat"),
        world.amazon.claim("alice", "hat"),
    ];
    world.check("p1").await;
    world.offer("hat").await;
    let answer = world.check_later("p1").await;
    let mut statuses: Vec<_> = ids.iter().map(|id| status_of(&answer, id)).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, ["held duplicate_offer", "pending"]);
}

#[tokio::test]
async fn what_amazon_listed_for_a_link_that_is_gone_is_not_written() {
    let world = World::new().await;
    world.offer("hat").await;
    world.linked("p1", "alice").await;
    let id = world.amazon.claim("alice", "hat");
    world.amazon.fault(Endpoint::Entitlements, late(500), 1);
    let unlink = async {
        while world.amazon.calls_to(Endpoint::Entitlements) == 0 {
            tokio::task::yield_now().await;
        }
        world.unlinked("p1").await;
    };
    let (answer, ()) = join(world.check("p1"), unlink).await;
    assert_eq!(ids_of(&answer), [""; 0]);
    assert!(world.record_item("p1", &id).await.is_empty());
    let owner = format!("ENTITLEMENT#{id}");
    assert!(world.fulfillment_item(&owner, "OWNER").await.is_empty());
    assert!(
        world
            .fulfillment_item("PLAYER#p1", "G#hat")
            .await
            .is_empty()
    );
    assert!(world.player_item("p1").await.is_empty());

    world.linked("p2", "alice").await;
    assert_eq!(status_of(&world.check("p2").await, &id), "pending");
}

#[tokio::test]
async fn two_processes_that_see_a_new_entitlement_write_it_once() {
    let world = World::with(&[("CHECK_MIN_INTERVAL_SECONDS", "0")]).await;
    world.offer("hat").await;
    world.linked("p1", "alice").await;
    let ids: Vec<_> = (0..3).map(|_| world.amazon.claim("alice", "hat")).collect();
    let answers = join_all((0..6).map(|_| world.check("p1"))).await;
    let last = world.check("p1").await;
    let pending = |answer: &Value| -> Vec<String> {
        let is_pending = |id: &&String| status_of(answer, id) == "pending";
        ids.iter().filter(is_pending).cloned().collect()
    };
    assert_eq!(pending(&last).len(), 1);
    for answer in &answers {
        let seen = pending(answer);
        assert!(seen.is_empty() || seen == pending(&last), "{answer}");
    }
    assert_eq!(world.history("p1").await.len(), 3);
}

#[tokio::test]
async fn what_amazon_lists_long_after_it_was_reported_is_reported_again_and_never_pending() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.confirm("p1", &[&id]).await;
    world.amazon.put_entitlement("alice", fulfill(&id, "hat"));
    world.forget();
    world.pass(599);
    assert_eq!(ids_of(&world.check("p1").await), [""; 0]);
    assert_eq!(world.asked(), [Endpoint::Entitlements]);
    world.pass(5);
    world.forget();
    let answer = world.check("p1").await;
    assert_eq!(ids_of(&answer), [""; 0]);
    assert_eq!(world.asked(), [Endpoint::Entitlements, Endpoint::Fulfill]);
    assert_eq!(world.amazon.fulfilled()[0].times, 2);
    assert_eq!(world.known_status("p1", &id).await, "reported");

    // Not again at once, should Amazon be slow to take it off its list.
    world.amazon.put_entitlement("alice", fulfill(&id, "hat"));
    world.forget();
    world.check_later("p1").await;
    assert_eq!(world.asked(), [Endpoint::Entitlements]);
    world.contract_is_kept();
}

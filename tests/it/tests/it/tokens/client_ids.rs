//! A link belongs to the LWA client that it was made with: where that is no longer ours, the player
//! has to link again, and nothing is lost if the setting is changed back.

use it::{BASE_URL, CLIENT_ID, CLIENT_SECRET, World, status_of};
use serde_json::{Value, json};
use stand_in::Client;
use stand_in::Endpoint::{Fulfill, Token};

use crate::devices::support::{approved, devices, poll};
use crate::link::support::{linked_pairs, links};
use crate::tokens::second_look::{HOUR, dies, status};

const OTHER: &str = "amzn1.application-oa2-client.other";

/// The setting is changed, which starts new processes.
async fn use_client(world: &mut World, client_id: &str) {
    world.app.config.lwa.client_id = client_id.to_owned();
    world.app.config.lwa.device_client_id = client_id.to_owned();
    world.amazon.register_client(Client {
        client_id: client_id.to_owned(),
        client_secret: Some(CLIENT_SECRET.to_owned()),
        return_urls: vec![format!("{BASE_URL}/link/callback")],
        allowed_scopes: vec!["games::prime".to_owned(), "profile".to_owned()],
    });
    world.app = world.another_process().await;
    world.forget();
}

#[tokio::test]
async fn a_link_of_another_client_is_not_used_and_serves_again_when_the_setting_is_back() {
    for is_expired in [false, true] {
        let mut world = World::new().await;
        let id = world.pending("p1", "alice", "hat").await;
        let before = world.player_item("p1").await;
        use_client(&mut world, OTHER).await;
        world.pass(if is_expired { HOUR } else { 5 });
        let answer = world.check("p1").await;
        assert_eq!(
            (&answer["link"], &answer["fresh"], &answer["next_check_at"]),
            (&json!("relink_required"), &json!(false), &Value::Null)
        );
        assert_eq!(status_of(&answer, &id), "pending");
        assert_eq!(status(&world, "p1").await, "relink_required");
        world.reconcile().await;
        assert_eq!(world.asked(), []);
        assert_eq!(world.player_item("p1").await, before);

        use_client(&mut world, CLIENT_ID).await;
        let answer = world.check("p1").await;
        assert_eq!(
            (&answer["link"], &answer["fresh"]),
            (&json!("linked"), &json!(true))
        );
        assert_eq!(status(&world, "p1").await, "linked");
        world.contract_is_kept();
    }
}

#[tokio::test]
async fn its_reports_wait_and_are_made_when_the_setting_is_back() {
    let mut world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    use_client(&mut world, OTHER).await;
    world.pass(HOUR);
    assert_eq!(world.confirm("p1", &[&id]).await[0]["status"], "delivered");
    for _ in 0..60 {
        world.pass(60);
        world.reconcile().await;
    }
    assert_eq!(world.asked(), []);
    let record = world.record_item("p1", &id).await;
    assert!(!record.contains_key("failing_since"), "it is not tried");
    use_client(&mut world, CLIENT_ID).await;
    world.pass(HOUR);
    world.reconcile().await;
    assert_eq!(world.known_status("p1", &id).await, "reported");
    world.contract_is_kept();
}

#[tokio::test]
async fn linking_again_with_the_new_client_makes_its_reports() {
    let mut world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    use_client(&mut world, OTHER).await;
    world.confirm("p1", &[&id]).await;
    world.linked("p1", "alice").await;
    assert_eq!(status(&world, "p1").await, "linked");
    assert_eq!(world.stored_link("p1").await.client_id, OTHER);
    world.reconcile().await;
    assert_eq!(world.known_status("p1", &id).await, "reported");
    assert_eq!(world.check("p1").await["fresh"], true);
    world.contract_is_kept();
}

#[tokio::test]
async fn what_is_left_of_such_a_link_waits_too() {
    let mut world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    use_client(&mut world, OTHER).await;
    world.pass(HOUR);
    world.confirm("p1", &[&id]).await;
    world.unlinked("p1").await;
    assert_eq!(links(&world, "REMNANT#").await.len(), 1);
    world.pass(HOUR);
    world.reconcile().await;
    assert_eq!(world.asked(), []);
    use_client(&mut world, CLIENT_ID).await;
    world.pass(2 * HOUR);
    world.reconcile().await;
    assert_eq!(world.asked(), [Token, Fulfill]);
    assert_eq!(world.known_status("p1", &id).await, "reported");
    world.contract_is_kept();
}

#[tokio::test]
async fn dead_tokens_of_another_client_are_not_tried_but_kept() {
    let mut world = World::new().await;
    world.linked("p1", "alice").await;
    dies(&world, "p1").await;
    use_client(&mut world, OTHER).await;
    world.pass(HOUR);
    for _ in 0..3 {
        world.check("p1").await;
        world.reconcile().await;
        world.pass(HOUR);
    }
    assert_eq!(world.asked(), []);
    assert!(world.player_item("p1").await.contains_key("dead_tokens"));
    use_client(&mut world, CLIENT_ID).await;
    world.reconcile().await;
    assert_eq!(status(&world, "p1").await, "linked");
    world.contract_is_kept();
}

#[tokio::test]
async fn a_link_made_on_a_device_belongs_to_the_devices_client() {
    let mut world = devices().await;
    let session = approved(&world, "p1", "alice").await;
    assert_eq!(poll(&world, "p1", &session).await["status"], "linked");
    world.app.config.lwa.client_id = OTHER.to_owned();
    assert_eq!(
        status(&world, "p1").await,
        "linked",
        "it is the devices' still"
    );
    world.app.config.lwa.device_client_id = OTHER.to_owned();
    assert_eq!(status(&world, "p1").await, "relink_required");
}

/// Another security profile: Amazon calls the same account by another id there.
#[tokio::test]
async fn linking_again_works_where_the_new_client_knows_the_account_by_another_id() {
    let mut world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    let before = world.stored_link("p1").await;
    // As long as the client is ours, another account is another account.
    let refused = world.link("p1", "alice-elsewhere").await;
    assert_eq!(refused.status, 409, "{refused:?}");
    use_client(&mut world, OTHER).await;
    world.confirm("p1", &[&id]).await;
    world.linked("p1", "alice-elsewhere").await;
    linked_pairs(&world, &[("p1", "alice-elsewhere")]).await;
    assert_eq!(world.check("p1").await["fresh"], true);
    // What the old link still has to report is kept, as by unlinking.
    let remnants = links(&world, "REMNANT#").await;
    assert_eq!(
        remnants.keys().collect::<Vec<_>>(),
        [before.amazon_user_id.as_str()]
    );
    use_client(&mut world, CLIENT_ID).await;
    world.pass(2 * HOUR);
    world.reconcile().await;
    assert_eq!(world.known_status("p1", &id).await, "reported");
    world.contract_is_kept();
}

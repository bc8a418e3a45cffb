//! Prime Gaming refuses tokens: the order to follow, and what it means for the link.

use std::time::Duration;

use it::{World, ids_of, status_of};
use serde_json::json;
use stand_in::Endpoint::{Entitlements, Fulfill, Token};
use stand_in::{Endpoint, Fault};

fn refuse(world: &World, endpoint: Endpoint, status: u16, times: u32) {
    let fault = Fault::Status {
        status,
        body: r#"{"message":"The access token is invalid or has expired"}"#.to_owned(),
        retry_after: None,
    };
    world.amazon.fault(endpoint, fault, times);
}

async fn link_status(world: &World, player: &str) -> String {
    let link = world.call_as(player, "GET", "/v1/link").send().await.ok();
    link["status"].as_str().expect("a status").to_owned()
}

#[tokio::test]
async fn a_single_refusal_is_asked_again() {
    let world = World::new().await;
    world.linked("p1", "alice").await;
    world.forget();
    refuse(&world, Entitlements, 400, 1);
    assert_eq!(world.check("p1").await["fresh"], true);
    assert_eq!(world.asked(), [Entitlements, Entitlements]);
}

#[tokio::test]
async fn a_refused_token_is_refreshed() {
    let world = World::new().await;
    world.linked("p1", "alice").await;
    world.forget();
    world.amazon.expire_access_tokens("alice");
    let answer = world.check("p1").await;
    assert_eq!(
        (&answer["link"], &answer["fresh"]),
        (&json!("linked"), &json!(true))
    );
    assert_eq!(
        world.asked(),
        [Entitlements, Entitlements, Token, Entitlements]
    );
    world.contract_is_kept();
}

#[tokio::test]
async fn refused_also_after_a_refresh_the_player_has_to_link_again_but_tokens_are_kept() {
    for status in [400, 401, 403] {
        let world = World::new().await;
        let id = world.pending("p1", "alice", "hat").await;
        world.pass(5);
        let now = world.clock.now();
        world.forget();
        refuse(&world, Entitlements, status, 100);
        let answer = world.check("p1").await;
        assert_eq!(
            world.asked(),
            [Entitlements, Entitlements, Token, Entitlements]
        );
        assert_eq!(
            (&answer["link"], &answer["fresh"]),
            (&json!("relink_required"), &json!(false))
        );
        assert_eq!(answer["checked_at"], now.to_string());
        assert_eq!(
            answer["next_check_at"],
            (now + Duration::from_secs(3600)).to_string()
        );
        assert_eq!(status_of(&answer, &id), "pending");
        assert_eq!(link_status(&world, "p1").await, "relink_required");
        assert!(world.player_item("p1").await.contains_key("tokens"));
    }
}

#[tokio::test]
async fn a_refused_link_is_tried_again_after_an_hour_and_a_success_clears_it() {
    let world = World::new().await;
    world.linked("p1", "alice").await;
    refuse(&world, Entitlements, 400, 6);
    world.check("p1").await;
    world.forget();
    for _ in 0..3 {
        world.pass(1199);
        let answer = world.check("p1").await;
        assert_eq!(
            (&answer["link"], &answer["fresh"]),
            (&json!("relink_required"), &json!(false))
        );
    }
    assert_eq!(world.asked(), []);

    // Still refused, so the service does not ask for another hour.
    world.pass(3);
    let answer = world.check("p1").await;
    assert_eq!(
        (&answer["link"], &answer["fresh"]),
        (&json!("relink_required"), &json!(false))
    );
    assert!(!world.asked().is_empty());
    world.amazon.clear_faults();
    world.forget();
    world.pass(3599);
    assert_eq!(world.check("p1").await["fresh"], false);
    assert_eq!(world.asked(), []);

    world.pass(1);
    let answer = world.check("p1").await;
    assert_eq!(
        (&answer["link"], &answer["fresh"]),
        (&json!("linked"), &json!(true))
    );
    assert_eq!(link_status(&world, "p1").await, "linked");
    assert_eq!(world.check_later("p1").await["link"], "linked");
}

#[tokio::test]
async fn linking_again_clears_a_refusal_at_once() {
    let world = World::new().await;
    world.linked("p1", "alice").await;
    refuse(&world, Entitlements, 400, 3);
    assert_eq!(world.check("p1").await["link"], "relink_required");
    world.linked("p1", "alice").await;
    let answer = world.check("p1").await;
    assert_eq!(
        (&answer["link"], &answer["fresh"]),
        (&json!("linked"), &json!(true))
    );
}

#[tokio::test]
async fn a_refused_report_while_the_list_works_is_that_items_fault() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.forget();
    refuse(&world, Fulfill, 400, 3);
    let results = world.confirm("p1", &[&id]).await;
    assert_eq!(results[0]["status"], "delivered");
    assert_eq!(
        world.asked(),
        [Fulfill, Fulfill, Token, Fulfill, Entitlements]
    );
    assert_eq!(link_status(&world, "p1").await, "linked");
    assert!(world.record_item("p1", &id).await.contains_key("due_at"));
    assert_eq!(ids_of(&world.check_later("p1").await), [""; 0]);
    assert_eq!(world.known_status("p1", &id).await, "reported");
    world.contract_is_kept();
}

#[tokio::test]
async fn a_refused_report_while_the_list_is_refused_too_is_the_links_fault() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.forget();
    refuse(&world, Fulfill, 403, 100);
    refuse(&world, Entitlements, 403, 100);
    let results = world.confirm("p1", &[&id]).await;
    assert_eq!(results[0]["status"], "delivered");
    assert_eq!(world.amazon.calls_to(Token), 1);
    assert_eq!(link_status(&world, "p1").await, "relink_required");
    assert!(world.player_item("p1").await.contains_key("tokens"));

    world.amazon.clear_faults();
    world.forget();
    let answer = world.check_later("p1").await;
    assert_eq!(answer["fresh"], false);
    assert_eq!(world.asked(), []);
    world.pass(3600);
    let answer = world.check("p1").await;
    assert_eq!(
        (&answer["link"], &answer["fresh"]),
        (&json!("linked"), &json!(true))
    );
    assert_eq!(world.known_status("p1", &id).await, "reported");
}

#[tokio::test]
async fn many_reports_that_are_refused_refresh_once() {
    let world = World::new().await;
    world.offer_with("coin", &json!({"per_player": null})).await;
    world.linked("p1", "alice").await;
    for _ in 0..6 {
        world.amazon.claim("alice", "coin");
    }
    let ids = ids_of(&world.check("p1").await);
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    world.forget();
    world.amazon.expire_access_tokens("alice");
    let results = world.confirm("p1", &ids).await;
    for result in results.as_array().expect("a list") {
        assert_eq!(result["status"], "reported");
    }
    assert_eq!(world.amazon.calls_to(Token), 1);
    world.contract_is_kept();
}

#[tokio::test]
async fn a_confirmation_leaves_a_refused_link_alone_until_its_hour_is_over() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.pass(5);
    refuse(&world, Entitlements, 400, 3);
    assert_eq!(world.check("p1").await["link"], "relink_required");
    world.forget();
    let results = world.confirm("p1", &[&id]).await;
    assert_eq!(results[0]["status"], "delivered");
    assert_eq!(world.asked(), []);
}

#[tokio::test]
async fn a_report_that_is_taken_after_the_hour_clears_a_refusal() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.pass(5);
    refuse(&world, Entitlements, 400, 3);
    assert_eq!(world.check("p1").await["link"], "relink_required");
    world.pass(3600);
    let results = world.confirm("p1", &[&id]).await;
    assert_eq!(results[0]["status"], "reported");
    assert_eq!(link_status(&world, "p1").await, "linked");
}

//! `GET /v1/link` and `DELETE /v1/link`, and linking again.

use std::time::Duration;

use it::World;
use serde_json::json;
use stand_in::{Endpoint, Fault};

use crate::link::support::{
    linked_pairs, links, no_violations, nothing_linked, status, text, unlinked,
};

#[tokio::test]
async fn who_was_never_linked_is_unlinked() {
    let world = World::new().await;
    unlinked(&world, "p1").await;
    assert!(links(&world, "").await.is_empty(), "asking writes nothing");
}

#[tokio::test]
async fn a_link_says_since_when() {
    let world = World::new().await;
    world.link("p1", "alice").await.page(200, "Player p1");
    let at = world.clock.now();
    world.clock.advance(Duration::from_secs(86_400));
    assert_eq!(
        status(&world, "p1").await,
        json!({"status": "linked", "linked_at": at.to_string()})
    );
    unlinked(&world, "p2").await;
}

#[tokio::test]
async fn a_revoked_link_must_be_made_again() {
    let world = World::new().await;
    world.link("p1", "alice").await.page(200, "Player p1");
    let at = world.clock.now();
    world.amazon.revoke("alice");
    assert_eq!(world.check("p1").await["link"], "relink_required");
    assert_eq!(
        status(&world, "p1").await,
        json!({"status": "relink_required", "linked_at": at.to_string()})
    );
    world.clock.advance(Duration::from_secs(10));
    world.link("p1", "alice").await.page(200, "Player p1");
    let at = world.clock.now();
    assert_eq!(
        status(&world, "p1").await,
        json!({"status": "linked", "linked_at": at.to_string()})
    );
    assert_eq!(world.check("p1").await["fresh"], true);
    linked_pairs(&world, &[("p1", "alice")]).await;
    no_violations(&world);
}

#[tokio::test]
async fn a_dead_link_still_holds_its_amazon_account() {
    let world = World::new().await;
    world.link("p1", "alice").await.page(200, "Player p1");
    world.amazon.revoke("alice");
    assert_eq!(world.check("p1").await["link"], "relink_required");
    let answer = world.link("p2", "alice").await;
    answer.page(409, "amazon_account_taken");
    let answer = world.link("p1", "bob").await;
    answer.page(409, "player_already_linked");
    let answer = world.call_as("p1", "DELETE", "/v1/link").send().await;
    assert_eq!(answer.status, 204);
    world.link("p2", "alice").await.page(200, "Player p2");
    linked_pairs(&world, &[("p2", "alice")]).await;
    no_violations(&world);
}

#[tokio::test]
async fn linking_the_same_pair_again_renews_its_tokens() {
    let world = World::new().await;
    world.link("p1", "alice").await.page(200, "Player p1");
    let before = links(&world, "PLAYER#").await.remove("p1").expect("linked");
    world.clock.advance(Duration::from_secs(100));
    world.link("p1", "alice").await.page(200, "Player p1");
    let after = links(&world, "PLAYER#").await.remove("p1").expect("linked");
    for name in ["tokens", "link_id"] {
        assert_ne!(text(&before, name), text(&after, name), "{name}");
    }
    for name in ["linked_at", "access_expires_at"] {
        assert_ne!(before[name], after[name], "{name}");
    }
    let at = world.clock.now().to_string();
    assert_eq!(status(&world, "p1").await["linked_at"], at);
    linked_pairs(&world, &[("p1", "alice")]).await;
    assert_eq!(world.check("p1").await["fresh"], true);
    no_violations(&world);
}

#[tokio::test]
async fn unlinking_is_the_same_twice() {
    let world = World::new().await;
    world.link("p1", "alice").await.page(200, "Player p1");
    for _ in 0..2 {
        let answer = world.call_as("p1", "DELETE", "/v1/link").send().await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (204, ""));
        assert!(answer.header("content-type").is_none());
        unlinked(&world, "p1").await;
        nothing_linked(&world).await;
    }
    no_violations(&world);
}

#[tokio::test]
async fn after_unlinking_both_are_free() {
    let world = World::new().await;
    world.link("p1", "alice").await.page(200, "Player p1");
    let answer = world.call_as("p1", "DELETE", "/v1/link").send().await;
    assert_eq!(answer.status, 204);
    world.link("p2", "alice").await.page(200, "Player p2");
    world.link("p1", "bob").await.page(200, "Player p1");
    linked_pairs(&world, &[("p1", "bob"), ("p2", "alice")]).await;
    no_violations(&world);
}

#[tokio::test]
async fn unlinking_keeps_what_is_open() {
    let world = World::new().await;
    world.offer("hat").await;
    world.link("p1", "alice").await.page(200, "Player p1");
    let id = world.amazon.claim("alice", "hat");
    assert_eq!(
        world.check("p1").await["entitlements"][0]["status"],
        "pending"
    );
    let answer = world.call_as("p1", "DELETE", "/v1/link").send().await;
    assert_eq!(answer.status, 204);
    unlinked(&world, "p1").await;
    assert!(links(&world, "AMAZON#").await.is_empty());
    let player = links(&world, "PLAYER#").await.remove("p1").expect("kept");
    for name in ["tokens", "link_id", "amazon_user_id", "client_id"] {
        assert!(!player.contains_key(name), "{name}");
    }
    let check = world.check("p1").await;
    assert_eq!(
        (&check["link"], &check["fresh"]),
        (&json!("unlinked"), &json!(true))
    );
    assert_eq!(check["entitlements"][0]["entitlement_id"], id);
    world.link("p2", "alice").await.page(200, "Player p2");
    no_violations(&world);
}

#[tokio::test]
async fn unlinking_works_while_amazon_is_down() {
    let world = World::new().await;
    world.offer("hat").await;
    world.link("p1", "alice").await.page(200, "Player p1");
    let id = world.amazon.claim("alice", "hat");
    world.check("p1").await;
    world.amazon.fault(Endpoint::Fulfill, Fault::Reset, 100);
    world
        .amazon
        .fault(Endpoint::Entitlements, Fault::Reset, 100);
    world.amazon.fault(Endpoint::Token, Fault::Reset, 100);
    assert_eq!(world.confirm("p1", &[&id]).await[0]["status"], "delivered");
    let answer = world.call_as("p1", "DELETE", "/v1/link").send().await;
    assert_eq!(answer.status, 204);
    unlinked(&world, "p1").await;
}

#[tokio::test]
async fn a_server_names_the_player() {
    let world = World::new().await;
    world.link("p1", "alice").await.page(200, "Player p1");
    let token = world.server_token();
    let call = |method, query: &str| {
        let path = format!("/v1/link?{query}");
        world.call(method, &path).bearer(&token).send()
    };
    assert_eq!(call("GET", "player_id=p1").await.ok()["status"], "linked");
    assert_eq!(call("GET", "player_id=p2").await.ok()["status"], "unlinked");
    for _ in 0..2 {
        assert_eq!(call("DELETE", "player_id=p1").await.status, 204);
    }
    assert_eq!(call("GET", "player_id=p1").await.ok()["status"], "unlinked");
    nothing_linked(&world).await;
}

#[tokio::test]
async fn a_server_must_name_a_player() {
    let world = World::new().await;
    world.link("server-1", "alice").await.page(200, "linked");
    let long = format!("player_id={}", "x".repeat(129));
    for method in ["GET", "DELETE"] {
        for query in [
            "",
            "player_id=",
            "player_id=a%20b",
            "player_id=%C3%A9",
            "player_id=a&player_id=a",
            "player=p1",
            long.as_str(),
        ] {
            let path = format!("/v1/link?{query}");
            let call = world.call(method, &path).bearer(&world.server_token());
            let detail = call.send().await.problem(400, "invalid_request");
            assert!(detail.contains("player_id"), "{detail}");
        }
    }
    linked_pairs(&world, &[("server-1", "alice")]).await;
}

#[tokio::test]
async fn a_player_acts_for_itself_only() {
    let world = World::new().await;
    world.link("p2", "alice").await.page(200, "Player p2");
    for method in ["GET", "DELETE"] {
        for named in ["p2", "P1", "", "a%20b"] {
            let path = format!("/v1/link?player_id={named}");
            let answer = world.call_as("p1", method, &path).send().await;
            answer.problem(403, "forbidden");
        }
        let path = "/v1/link?player_id=p1";
        let answer = world.call_as("p1", method, path).send().await;
        assert!(answer.status.is_success(), "oneself may be named");
    }
    linked_pairs(&world, &[("p2", "alice")]).await;
}

#[tokio::test]
async fn ids_that_look_like_keys_stay_apart() {
    let world = World::new().await;
    let ids = [
        "a", "A", "PLAYER#a", "a#E", "%61", "a/../b", "a|b", "&'\"<>",
    ];
    for id in ids {
        world
            .link(id, &format!("account of {id}"))
            .await
            .page(200, "linked");
    }
    for id in ids {
        assert_eq!(status(&world, id).await["status"], "linked", "{id}");
    }
    unlinked(&world, "b").await;
    let answer = world.call_as("PLAYER#a", "DELETE", "/v1/link").send().await;
    assert_eq!(answer.status, 204);
    assert_eq!(status(&world, "a").await["status"], "linked");
    no_violations(&world);
}

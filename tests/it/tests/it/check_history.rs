//! A player's history: everything that was ever seen, newest first, page by page.

use amazon::{Endpoint, Fault};
use it::{World, ids_of, status_of};
use serde_json::{Value, json};

/// Ten entitlements, seen one after the other; gives their ids, newest first.
async fn ten(world: &World) -> Vec<String> {
    world.offer_with("coin", &json!({"per_player": null})).await;
    world.linked("p1", "alice").await;
    let mut ids = Vec::new();
    for _ in 0..10 {
        ids.insert(0, world.amazon.claim("alice", "coin"));
        world.check_later("p1").await;
    }
    ids
}

async fn page(world: &World, query: &str) -> Value {
    let path = format!("/v1/entitlements{query}");
    world.call_as("p1", "GET", &path).send().await.ok()
}

#[tokio::test]
async fn who_was_never_seen_has_an_empty_history() {
    let world = World::new().await;
    assert_eq!(
        page(&world, "").await,
        json!({"entitlements": [], "next_cursor": null})
    );
}

#[tokio::test]
async fn pages_follow_each_other_newest_first_without_gaps() {
    let world = World::new().await;
    let ids = ten(&world).await;
    assert_eq!(ids_of(&page(&world, "").await), ids);
    for limit in [1, 3, 4, 7] {
        let mut seen = Vec::new();
        let mut query = format!("?limit={limit}");
        loop {
            let page = page(&world, &query).await;
            let on_page = ids_of(&page);
            assert!(on_page.len() <= limit);
            seen.extend(on_page);
            match page["next_cursor"].as_str() {
                Some(cursor) => query = format!("?limit={limit}&cursor={cursor}"),
                None => break,
            }
        }
        assert_eq!(seen, ids, "limit {limit}");
    }
}

#[tokio::test]
async fn a_cursor_holds_while_new_ones_come() {
    let world = World::new().await;
    let ids = ten(&world).await;
    let first = page(&world, "?limit=4").await;
    let cursor = first["next_cursor"].as_str().expect("there is more");
    world.amazon.claim("alice", "coin");
    world.check_later("p1").await;
    let second = page(&world, &format!("?limit=100&cursor={cursor}")).await;
    assert_eq!(ids_of(&second), ids[4..]);
    assert_eq!(second["next_cursor"], Value::Null);
}

#[tokio::test]
async fn a_last_page_that_is_just_full_leads_at_most_to_an_empty_one() {
    let world = World::new().await;
    let ids = ten(&world).await;
    let first = page(&world, "?limit=10").await;
    assert_eq!(ids_of(&first), ids);
    if let Some(cursor) = first["next_cursor"].as_str() {
        let second = page(&world, &format!("?limit=10&cursor={cursor}")).await;
        assert_eq!(second, json!({"entitlements": [], "next_cursor": null}));
    }
}

#[tokio::test]
async fn every_status_is_in_the_history() {
    let world = World::new().await;
    world.offer_with("coin", &json!({"per_player": null})).await;
    world.linked("p1", "alice").await;
    let ids: Vec<_> = ["coin", "coin", "coin", "unknown"]
        .map(|sku| world.amazon.claim("alice", sku))
        .into();
    world.check("p1").await;
    world.confirm("p1", &[&ids[0]]).await;
    let fault = Fault::ItemResult("ERROR".to_owned());
    world.amazon.fault(Endpoint::Fulfill, fault, 1);
    world.confirm("p1", &[&ids[1]]).await;
    let page = page(&world, "").await;
    let statuses: Vec<_> = ids.iter().map(|id| status_of(&page, id)).collect();
    assert_eq!(
        statuses,
        ["reported", "delivered", "pending", "held unknown_offer"]
    );
    for entitlement in page["entitlements"].as_array().expect("a list") {
        let mut fields: Vec<_> = entitlement
            .as_object()
            .expect("an object")
            .keys()
            .map(String::as_str)
            .collect();
        fields.sort_unstable();
        assert_eq!(
            fields,
            [
                "content",
                "entitlement_id",
                "first_seen_at",
                "reason",
                "sku",
                "status",
                "updated_at"
            ]
        );
    }
}

#[tokio::test]
async fn the_limit_is_twenty_unless_asked_and_a_hundred_at_most() {
    let world = World::new().await;
    world.offer_with("coin", &json!({"per_player": null})).await;
    world.linked("p1", "alice").await;
    for _ in 0..105 {
        world.amazon.claim("alice", "coin");
    }
    world.check("p1").await;
    assert_eq!(ids_of(&page(&world, "").await).len(), 20);
    assert_eq!(ids_of(&page(&world, "?limit=1").await).len(), 1);
    let first = page(&world, "?limit=100").await;
    assert_eq!(ids_of(&first).len(), 100);
    let cursor = first["next_cursor"].as_str().expect("there is more");
    let second = page(&world, &format!("?limit=100&cursor={cursor}")).await;
    assert_eq!(ids_of(&second).len(), 5);
}

#[tokio::test]
async fn wrong_limits_are_named() {
    let world = World::new().await;
    for limit in [
        "0",
        "101",
        "abc",
        "",
        "-1",
        "1.5",
        "%2B5",
        "1e1",
        "999999999999",
    ] {
        let answer = world
            .call_as("p1", "GET", &format!("/v1/entitlements?limit={limit}"))
            .send()
            .await;
        let detail = answer.problem(400, "invalid_request");
        assert!(detail.contains("limit"), "{limit}: {detail}");
    }
    let answer = world
        .call_as("p1", "GET", "/v1/entitlements?limit=5&limit=6")
        .send()
        .await;
    answer.problem(400, "invalid_request");
}

#[tokio::test]
async fn cursors_that_are_not_ours_are_named() {
    let world = World::new().await;
    ten(&world).await;
    let page = page(&world, "?limit=3").await;
    let cursor = page["next_cursor"].as_str().expect("there is more");
    let cut = &cursor[..cursor.len() - 30];
    let long = "A".repeat(2000);
    for cursor in ["", "x", "not-a-cursor", "%F0%9F%98%80", "AAAA", cut, &long] {
        let answer = world
            .call_as("p1", "GET", &format!("/v1/entitlements?cursor={cursor}"))
            .send()
            .await;
        answer.problem(400, "invalid_cursor");
    }
}

#[tokio::test]
async fn a_cursor_of_one_player_shows_another_player_nothing_of_the_first() {
    let world = World::new().await;
    ten(&world).await;
    let first = page(&world, "?limit=3").await;
    let cursor = first["next_cursor"].as_str().expect("there is more");
    let answer = world
        .call_as("p2", "GET", &format!("/v1/entitlements?cursor={cursor}"))
        .send()
        .await
        .ok();
    assert_eq!(answer, json!({"entitlements": [], "next_cursor": null}));
}

#[tokio::test]
async fn the_history_is_there_after_unlinking() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.confirm("p1", &[&id]).await;
    world.unlinked("p1").await;
    assert_eq!(world.known_status("p1", &id).await, "reported");
}

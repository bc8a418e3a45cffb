//! A player's history: everything that was ever seen, newest first, page by page.

use aws_sdk_dynamodb::types::AttributeValue;
use it::{World, ids_of, status_of};
use serde_json::{Value, json};
use stand_in::{Endpoint, Fault};

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
                "delivered_at",
                "entitlement_id",
                "first_seen_at",
                "reason",
                "reported_at",
                "sku",
                "status",
                "title",
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

/// All ids of these pages, and how many pages there were.
async fn pages(world: &World, query: &str) -> (Vec<String>, usize) {
    let (mut seen, mut count) = (Vec::new(), 0);
    let mut cursor = String::new();
    loop {
        let page = page(world, &format!("{query}{cursor}")).await;
        seen.extend(ids_of(&page));
        count += 1;
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (seen, count),
        }
    }
}

#[tokio::test]
async fn a_status_shows_what_has_it_and_nothing_else() {
    let world = World::new().await;
    world.offer_with("coin", &json!({"per_player": null})).await;
    world.linked("p1", "alice").await;
    let mut ids = Vec::new();
    for sku in ["coin", "coin", "coin", "unknown"].repeat(3) {
        ids.push(world.amazon.claim("alice", sku));
        world.check_later("p1").await;
    }
    let fault = Fault::ItemResult("ERROR".to_owned());
    world.amazon.fault(Endpoint::Fulfill, fault, 3);
    world.confirm("p1", &[&ids[1], &ids[5], &ids[9]]).await;
    world.confirm("p1", &[&ids[0], &ids[4], &ids[8]]).await;
    for (index, status) in ["reported", "delivered", "pending", "held"]
        .iter()
        .enumerate()
    {
        let wanted: Vec<_> = [8, 4, 0].map(|from| ids[from + index].clone()).into();
        for limit in [1, 2, 3, 100] {
            let query = format!("?status={status}&limit={limit}");
            let (seen, _) = pages(&world, &query).await;
            assert_eq!(seen, wanted, "{query}");
        }
    }
    let server = world
        .call("GET", "/v1/entitlements?player_id=p1&status=held")
        .bearer(&world.server_token());
    assert_eq!(ids_of(&server.send().await.ok()).len(), 3);
}

#[tokio::test]
async fn what_a_check_has_no_room_for_is_found_by_its_status() {
    let world = World::new().await;
    world.offer_with("coin", &json!({"per_player": null})).await;
    world.linked("p1", "alice").await;
    for round in 0..3 {
        for number in 0..20 {
            world.amazon.claim("alice", "coin");
            world
                .amazon
                .claim("alice", &format!("unknown-{round}-{number}"));
        }
        world.check_later("p1").await;
    }
    let answer = world.check_later("p1").await;
    assert_eq!((ids_of(&answer).len(), &answer["more"]), (50, &json!(true)));
    let (seen, _) = pages(&world, "?status=pending&limit=7").await;
    assert_eq!(seen.len(), 60);
    let shown = ids_of(&answer);
    assert!(
        shown.iter().all(|id| seen.contains(id)),
        "the 50 are among them"
    );
}

/// Copies the record of `id` so often, each copy seen a second after the one before.
async fn copies(world: &World, id: &str, count: usize) {
    let row = world.record_item("p1", id).await;
    let seen_at: i64 = row["first_seen_at"]
        .as_n()
        .expect("a number")
        .parse()
        .expect("ms");
    for number in 1..=count {
        let (id, at) = (format!("copy-{number}"), seen_at + 1000 * number as i64);
        let position = AttributeValue::S(format!("{at:015}#{id}"));
        let mut row = row.clone();
        row.insert("sk".to_owned(), AttributeValue::S(format!("E#{id}")));
        row.insert(
            "first_seen_at".to_owned(),
            AttributeValue::N(at.to_string()),
        );
        row.insert("seen".to_owned(), position.clone());
        row.insert("open".to_owned(), position);
        let put = world.dynamodb.put_item();
        let put = put.table_name(&world.app.config.tables.fulfillments);
        put.set_item(Some(row)).send().await.expect("written");
    }
}

#[tokio::test]
async fn a_page_that_finds_little_among_much_ends_short_and_goes_on() {
    let world = World::new().await;
    let wanted = world.pending("p1", "alice", "hat").await;
    world.pass(5);
    let held = world.amazon.claim("alice", "unknown");
    world.check("p1").await;
    copies(&world, &held, 1100).await;
    world.forget();
    let first = page(&world, "?status=pending").await;
    assert_eq!(ids_of(&first), [""; 0]);
    assert_ne!(first["next_cursor"], Value::Null, "it is not the last");
    assert_eq!(world.database.requests(), ["Query"; 5]);
    let (seen, count) = pages(&world, "?status=pending").await;
    assert_eq!((seen, count), (vec![wanted], 3));
    let (seen, _) = pages(&world, "?status=held&limit=100").await;
    assert_eq!(seen.len(), 1101);
}

#[tokio::test]
async fn other_statuses_are_named() {
    let world = World::new().await;
    for status in ["", "unknown", "Pending", "pending,held", "withdrawn", "%00"] {
        let path = format!("/v1/entitlements?status={status}");
        let answer = world.call_as("p1", "GET", &path).send().await;
        let detail = answer.problem(400, "invalid_request");
        assert!(detail.contains("status"), "{status}: {detail}");
    }
    let path = "/v1/entitlements?status=held&status=held";
    let answer = world.call_as("p1", "GET", path).send().await;
    answer.problem(400, "invalid_request");
}

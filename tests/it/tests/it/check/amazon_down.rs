//! Whatever is wrong at Amazon, a check is a 200 with what is known.

use std::time::Duration;

use it::{World, check_in, ids_of};
use serde_json::json;
use stand_in::{Endpoint, Fault};

fn status(status: u16, body: &str) -> Fault {
    Fault::Status {
        status,
        body: body.to_owned(),
        retry_after: None,
    }
}

/// A check while Amazon fails so often in this way.
async fn check_while(fault: Fault, times: u32) {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.amazon.claim("alice", "scarf");
    world.pass(5);
    let asked_at = world.clock.now();
    world
        .amazon
        .fault(Endpoint::Entitlements, fault.clone(), times);
    let answer = world.check("p1").await;
    assert_eq!(answer["link"], "linked", "{fault:?}");
    assert_eq!(answer["fresh"], false, "{fault:?}");
    assert_eq!(ids_of(&answer), [id.as_str()], "{fault:?}");
    assert_eq!(answer["checked_at"], asked_at.to_string(), "{fault:?}");
    assert_eq!(
        answer["next_check_at"],
        (asked_at + Duration::from_secs(5)).to_string(),
        "{fault:?}"
    );
    world.amazon.clear_faults();
    let answer = world.check_later("p1").await;
    assert_eq!(answer["fresh"], true, "{fault:?}");
    assert_eq!(ids_of(&answer).len(), 2, "{fault:?}");
}

#[tokio::test]
async fn amazon_answers_an_error() {
    for number in [404, 429, 500, 502, 503] {
        check_while(status(number, "sorry"), 1).await;
    }
}

#[tokio::test]
async fn amazon_closes_the_connection_twice() {
    check_while(Fault::Reset, 2).await;
}

#[tokio::test]
async fn amazon_closes_the_connection_once_and_the_player_notices_nothing() {
    let world = World::new().await;
    world.linked("p1", "alice").await;
    world.amazon.fault(Endpoint::Entitlements, Fault::Reset, 1);
    assert_eq!(world.check("p1").await["fresh"], true);
}

#[tokio::test]
async fn amazon_breaks_off_in_its_answer() {
    check_while(Fault::Truncated, 1).await;
}

#[tokio::test]
async fn amazon_answers_without_end() {
    check_while(Fault::Huge(4 * 1024 * 1024), 1).await;
}

#[tokio::test]
async fn amazon_answers_html() {
    check_while(Fault::NotJson, 1).await;
}

#[tokio::test]
async fn amazon_answers_something_else_than_a_listing() {
    for body in [
        "",
        "null",
        "[]",
        r#""Entitlements""#,
        r#"{"Entitlements":{}}"#,
        r#"{"entitlements":[]}"#,
        r#"{"message":"Internal server error"}"#,
        r#"{"__type":"InternalFailure"}"#,
        r#"{"Entitlements":null,"Error":{"Code":"InternalError"}}"#,
        r#"{"Entitlements":null"#,
    ] {
        check_while(status(200, body), 1).await;
    }
}

#[tokio::test]
async fn a_listing_without_its_list_says_that_nothing_is_claimed() {
    for body in [
        "{}",
        r#"{"Entitlements":null}"#,
        r#"{"Entitlements":null,"RequestId":"4f0c"}"#,
        r#"{"RequestId":"4f0c"}"#,
    ] {
        let world = World::new().await;
        world.linked("p1", "alice").await;
        world
            .amazon
            .fault(Endpoint::Entitlements, status(200, body), 1);
        let answer = world.check("p1").await;
        assert_eq!(answer["fresh"], true, "{body}");
        assert!(ids_of(&answer).is_empty(), "{body}");
    }
}

#[tokio::test]
async fn amazon_redirects() {
    check_while(status(302, ""), 1).await;
}

#[tokio::test]
async fn amazon_swallows_a_request_and_the_player_notices_nothing() {
    let world = World::new().await;
    world.linked("p1", "alice").await;
    assert_eq!(world.check("p1").await["fresh"], true);
    let silence = Fault::Stall(Duration::from_secs(8));
    world.amazon.fault(Endpoint::Entitlements, silence, 1);
    assert_eq!(world.check_later("p1").await["fresh"], true);
}

#[tokio::test]
async fn amazon_says_nothing_for_five_seconds() {
    // What an old connection swallows is asked again over a new one.
    check_while(Fault::Stall(Duration::from_secs(8)), 2).await;
}

#[tokio::test]
async fn retry_after_binds_every_check_of_every_process() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.pass(5);
    let asked_at = world.clock.now();
    let fault = Fault::Status {
        status: 429,
        body: String::new(),
        retry_after: Some(120),
    };
    world.amazon.fault(Endpoint::Entitlements, fault, 1);
    let allowed_at = (asked_at + Duration::from_secs(120)).to_string();
    let answer = world.check("p1").await;
    assert_eq!(
        (&answer["fresh"], &answer["next_check_at"]),
        (&json!(false), &json!(allowed_at))
    );
    world.forget();
    let other = world.another_process().await;
    for _ in 0..3 {
        world.pass(39);
        for answer in [world.check("p1").await, check_in(&other, "p1").await] {
            assert_eq!(answer["fresh"], false);
            assert_eq!(answer["next_check_at"], allowed_at);
            assert_eq!(ids_of(&answer), [id.as_str()]);
        }
    }
    assert_eq!(world.asked(), []);
    world.pass(3);
    assert_eq!(check_in(&other, "p1").await["fresh"], true);
    assert_eq!(world.asked(), [Endpoint::Entitlements]);
}

#[tokio::test]
async fn retry_after_binds_confirmations_too() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.pass(5);
    let fault = Fault::Status {
        status: 503,
        body: String::new(),
        retry_after: Some(60),
    };
    world.amazon.fault(Endpoint::Entitlements, fault, 1);
    world.check("p1").await;
    world.forget();
    let until = world.clock.now() + Duration::from_secs(60);
    let results = world.confirm("p1", &[&id]).await;
    assert_eq!(results[0]["status"], "delivered");
    assert_eq!(world.asked(), []);
    let due_at = world.record_item("p1", &id).await["due_at"].clone();
    let due_at: i64 = due_at.as_n().expect("a number").parse().expect("a number");
    assert!(due_at >= until.as_millis());
    world.pass(60);
    let answer = world.check("p1").await;
    assert_eq!(
        (answer["fresh"].as_bool(), ids_of(&answer).len()),
        (Some(true), 0)
    );
    assert_eq!(world.asked(), [Endpoint::Entitlements, Endpoint::Fulfill]);
}

#[tokio::test]
async fn amazon_is_gone_altogether() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.amazon.shutdown().await;
    let answer = world.check_later("p1").await;
    assert_eq!(answer["fresh"], false);
    assert_eq!(ids_of(&answer), [id.as_str()]);
    let results = world.confirm("p1", &[&id]).await;
    assert_eq!(results[0]["status"], "delivered");
}

#[tokio::test]
async fn the_database_is_gone() {
    let world = World::new().await;
    world.linked("p1", "alice").await;
    world.database.refuse("GetItem", 0, 10);
    let answer = world
        .call_as("p1", "POST", "/v1/entitlements/check")
        .send()
        .await;
    answer.problem(503, "unavailable");
    assert!(answer.header("retry-after").is_some());
}

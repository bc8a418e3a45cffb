//! `POST /v1/link/sessions`: the game asks for an address to open.

use std::time::Duration;

use futures_util::future::join_all;
use it::{Answer, BASE_URL, World};
use serde_json::{Value, json};

use crate::link::support::{at_amazon, callback, links, no_violations, parameter};

async fn start(world: &World, player: &str, body: &Value) -> Answer {
    let call = world.call_as(player, "POST", "/v1/link/sessions");
    call.json(body).send().await
}

async fn start_many(world: &World, player: &str, times: usize) {
    for _ in 0..times {
        assert_eq!(start(world, player, &json!({})).await.status, 201);
    }
}

/// Asserts that the player may start one more, and not two.
async fn one_more(world: &World, player: &str) {
    assert_eq!(start(world, player, &json!({})).await.status, 201);
    let answer = start(world, player, &json!({})).await;
    answer.problem(429, "too_many_attempts");
}

#[tokio::test]
async fn a_session_is_an_address_and_its_end() {
    let world = World::new().await;
    let answer = start(&world, "p1", &json!({})).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let session = answer.json();
    let fields: Vec<_> = session.as_object().expect("an object").keys().collect();
    assert_eq!(fields, ["expires_at", "start_url"]);
    let start_url = session["start_url"].as_str().expect("text");
    assert!(start_url.starts_with(&format!("{BASE_URL}/link/start?ticket=")));
    assert_eq!(parameter(start_url, "ticket").len(), 43, "256 random bits");
    let end = world.clock.now() + Duration::from_secs(600);
    assert_eq!(session["expires_at"], end.to_string());
    assert!(end.to_string().ends_with('Z'), "RFC 3339, UTC");
    assert_eq!(world.amazon.calls().len(), 0, "Amazon is not asked yet");
}

#[tokio::test]
async fn every_session_has_its_own_ticket() {
    let world = World::new().await;
    let (one, two) = (
        start(&world, "p1", &json!({})).await.json(),
        start(&world, "p1", &json!({})).await.json(),
    );
    assert_ne!(one["start_url"], two["start_url"]);
    assert_eq!(links(&world, "TICKET#").await.len(), 2);
}

#[tokio::test]
async fn an_allowed_return_to_is_taken() {
    let world = World::new().await;
    for return_to in [
        "https://play.example.com",
        "https://play.example.com/",
        "https://play.example.com/done?a=1&b=2#here",
        "https://play.example.com:443/done",
        "HTTPS://PLAY.EXAMPLE.COM/done",
        "mygame:",
        "mygame:linked",
        "mygame://anything/at/all?x=1#y",
        "MyGame://linked",
    ] {
        let player = return_to.replace([' ', '#'], "");
        let answer = start(&world, &player, &json!({"return_to": return_to})).await;
        assert_eq!(answer.status, 201, "{return_to}: {answer:?}");
    }
}

#[tokio::test]
async fn a_server_can_not_start_a_link() {
    let world = World::new().await;
    for body in [json!({}), json!({"player_id": "p1"})] {
        let call = world.call("POST", "/v1/link/sessions");
        let answer = call.bearer(&world.server_token()).json(&body).send().await;
        answer.problem(403, "forbidden");
    }
    assert!(links(&world, "TICKET#").await.is_empty());
}

#[tokio::test]
async fn a_body_may_be_missing_or_hold_more_than_is_known() {
    let world = World::new().await;
    let call = world.call_as("p1", "POST", "/v1/link/sessions");
    assert_eq!(call.send().await.status, 201, "no body");
    for body in [
        json!({}),
        json!({"return_to": null}),
        json!({"return_to": "mygame:x", "more": [1, {"a": null}]}),
    ] {
        let answer = start(&world, "p1", &body).await;
        assert_eq!(answer.status, 201, "{body}: {answer:?}");
    }
    let call = world.call_as("p1", "POST", "/v1/link/sessions");
    let answer = call.header("content-type", "text/plain").body(" \r\n ");
    assert_eq!(answer.send().await.status, 201, "a blank body");
}

#[tokio::test]
async fn a_return_to_that_is_no_text_is_an_invalid_request() {
    let world = World::new().await;
    for value in [json!(7), json!(true), json!(["mygame:x"]), json!({"a": 1})] {
        let answer = start(&world, "p1", &json!({"return_to": value})).await;
        let detail = answer.problem(400, "invalid_request");
        assert!(detail.contains("`return_to`"), "{detail}");
    }
}

#[tokio::test]
async fn the_eleventh_open_attempt_is_refused() {
    let world = World::new().await;
    start_many(&world, "p1", 1).await;
    world.clock.advance(Duration::from_secs(100));
    start_many(&world, "p1", 9).await;
    let answer = start(&world, "p1", &json!({})).await;
    answer.problem(429, "too_many_attempts");
    assert_eq!(
        answer.header("retry-after"),
        Some("500"),
        "until the oldest one expires"
    );
    assert_eq!(links(&world, "TICKET#").await.len(), 10);
    start_many(&world, "p2", 1).await;
}

#[tokio::test]
async fn an_attempt_at_amazon_counts_as_open() {
    let world = World::new().await;
    let _at_amazon = at_amazon(&world, "p1", None).await;
    start_many(&world, "p1", 8).await;
    one_more(&world, "p1").await;
}

#[tokio::test]
async fn an_expired_ticket_does_not_count() {
    let world = World::new().await;
    start_many(&world, "p1", 1).await;
    world.clock.advance(Duration::from_secs(1));
    start_many(&world, "p1", 9).await;
    world.clock.advance(Duration::from_secs(599));
    one_more(&world, "p1").await;
    world.clock.advance(Duration::from_secs(600));
    start_many(&world, "p1", 10).await;
}

#[tokio::test]
async fn an_expired_attempt_does_not_count() {
    let world = World::new().await;
    let _at_amazon = at_amazon(&world, "p1", None).await;
    world.clock.advance(Duration::from_secs(300));
    start_many(&world, "p1", 9).await;
    world.clock.advance(Duration::from_secs(300));
    one_more(&world, "p1").await;
}

#[tokio::test]
async fn a_failed_attempt_does_not_count() {
    let world = World::new().await;
    let (mut browser, state) = at_amazon(&world, "p1", None).await;
    start_many(&world, "p1", 9).await;
    let denied = callback(&[("error", "access_denied"), ("state", &state)]);
    browser.get(&denied).await.page(403, "access_denied");
    one_more(&world, "p1").await;
    no_violations(&world);
}

#[tokio::test]
async fn a_link_that_was_made_does_not_count() {
    let world = World::new().await;
    let mut browser = world.browser();
    let consent = browser.to_amazon("p1", None).await;
    start_many(&world, "p1", 9).await;
    let answer = browser.get(&browser.allow(&consent, "alice")).await;
    assert_eq!(answer.status, 200);
    one_more(&world, "p1").await;
    no_violations(&world);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_are_never_more_than_ten() {
    let world = World::new().await;
    let body = json!({});
    let answers = join_all((0..15).map(|_| start(&world, "p1", &body))).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    assert!((1..=10).contains(&made), "{made}");
    for refused in answers.iter().filter(|answer| answer.status != 201) {
        assert!([429, 503].contains(&refused.status.as_u16()), "{refused:?}");
        assert!(refused.header("retry-after").is_some());
    }
    assert_eq!(links(&world, "TICKET#").await.len(), made);
}

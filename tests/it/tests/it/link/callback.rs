//! `GET /link/callback`: whose state it is, in which browser, and how often.

use std::time::Duration;

use it::World;
use stand_in::Endpoint;

use crate::link::support::{
    at_amazon, back_from_amazon, callback, consume, linked_pairs, links, no_violations,
    nothing_linked, parameter, text, unlinked, with,
};

#[tokio::test]
async fn the_link_is_made() {
    let world = World::new().await;
    let (mut browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
    let answer = browser.get(&back).await;
    answer.page(200, "linked to player <bdi>Player p1</bdi> (<bdi>p1</bdi>)");
    linked_pairs(&world, &[("p1", "alice")]).await;
    for (endpoint, times) in [
        (Endpoint::Token, 1),
        (Endpoint::TokenInfo, 1),
        (Endpoint::Profile, 1),
        (Endpoint::Entitlements, 0),
    ] {
        assert_eq!(world.amazon.calls_to(endpoint), times, "{endpoint:?}");
    }
    let calls = world.amazon.calls();
    let token = calls.iter().find(|call| call.endpoint == Endpoint::Token);
    let form = &token.expect("it was asked").summary["form"];
    assert_eq!(form["grant_type"], "authorization_code");
    assert_eq!(form["redirect_uri"], "http://127.0.0.1:8080/link/callback");
    no_violations(&world);
}

#[tokio::test]
async fn what_can_not_be_understood_uses_nothing_up() {
    let world = World::new().await;
    let (mut browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
    for address in [
        with(&back, "code", None),
        format!("{back}&code=x"),
        format!("{back}&error=a&error=b"),
        format!("{back}&scope=x"),
    ] {
        let answer = browser.get(&address).await;
        answer.page(400, "invalid_state");
    }
    assert_eq!(world.amazon.calls_to(Endpoint::Token), 0);
    browser.get(&back).await.page(200, "Player p1");
}

#[tokio::test]
async fn just_before_ten_minutes_it_has_not() {
    let world = World::new().await;
    let (mut browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
    world.clock.advance(Duration::from_millis(599_999));
    browser.get(&back).await.page(200, "Player p1");
}

#[tokio::test]
async fn a_code_that_is_too_old_is_an_expired_attempt() {
    let world = World::new().await;
    let (mut browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
    world.amazon.advance(Duration::from_secs(360));
    browser.get(&back).await.page(400, "attempt_expired");
    assert_eq!(world.amazon.calls_to(Endpoint::Token), 1);
    nothing_linked(&world).await;
    unlinked(&world, "p1").await;
    no_violations(&world);
}

#[tokio::test]
async fn reloading_shows_a_failure_again_whatever_comes_along() {
    let world = World::new().await;
    let (mut browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
    let state = parameter(&back, "state");
    let denied = callback(&[("error", "access_denied"), ("state", &state)]);
    let first = browser.get(&denied).await;
    first.page(403, "access_denied");
    for address in [&denied, &back] {
        let again = browser.get(address).await;
        assert_eq!((again.status, &again.body), (first.status, &first.body));
    }
    assert_eq!(world.amazon.calls_to(Endpoint::Token), 0);
    nothing_linked(&world).await;
}

#[tokio::test]
async fn a_failure_is_remembered_when_amazon_is_well_again() {
    let world = World::new().await;
    let (mut browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
    let fault = stand_in::Fault::NotJson;
    world.amazon.fault(Endpoint::Token, fault, 1);
    browser.get(&back).await.page(503, "amazon_unavailable");
    browser.get(&back).await.page(503, "amazon_unavailable");
    assert_eq!(world.amazon.calls_to(Endpoint::Token), 1, "nothing twice");
    nothing_linked(&world).await;
}

/// Ten minutes until the attempt expires, and an hour.
const REMEMBERED: Duration = Duration::from_secs(4200);

const MILLISECOND: Duration = Duration::from_millis(1);

#[tokio::test]
async fn an_outcome_is_remembered_until_an_hour_after_the_attempt_expires() {
    let world = World::new().await;
    let (mut linked, back) = back_from_amazon(&world, "p1", "alice", None).await;
    let (mut denied, state) = at_amazon(&world, "p2", None).await;
    let denial = callback(&[("error", "access_denied"), ("state", &state)]);
    linked.get(&back).await.page(200, "Player p1");
    denied.get(&denial).await.page(403, "access_denied");
    world.clock.advance(REMEMBERED - MILLISECOND);
    linked.get(&back).await.page(200, "Player p1");
    denied.get(&denial).await.page(403, "access_denied");
    world.browser().get(&back).await.page(403, "wrong_browser");
    // TTL has not swept it: what is read decides.
    world.clock.advance(MILLISECOND);
    for (browser, address) in [(&mut linked, &back), (&mut denied, &denial)] {
        browser.get(address).await.page(400, "invalid_state");
    }
    assert_eq!(links(&world, "ATTEMPT#").await.len(), 2);
    linked_pairs(&world, &[("p1", "alice")]).await;
    assert_eq!(world.amazon.calls_to(Endpoint::Token), 1);
}

#[tokio::test]
async fn an_attempt_that_expires_at_amazon_is_remembered_as_long() {
    let world = World::new().await;
    let (mut browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
    world.clock.advance(Duration::from_secs(600));
    for _ in 0..2 {
        browser.get(&back).await.page(400, "attempt_expired");
    }
    world.browser().get(&back).await.page(403, "wrong_browser");
    world.clock.advance(Duration::from_secs(3600) - MILLISECOND);
    browser.get(&back).await.page(400, "attempt_expired");
    world.clock.advance(MILLISECOND);
    browser.get(&back).await.page(400, "invalid_state");
    assert_eq!(world.amazon.calls_to(Endpoint::Token), 0);
    nothing_linked(&world).await;
}

#[tokio::test]
async fn while_another_request_is_at_work_the_browser_looks_again_by_itself() {
    let world = World::new().await;
    let (mut browser, back) = back_from_amazon(&world, "p1", "alice", Some("mygame:x")).await;
    consume(&world, &back).await;
    world.clock.advance(Duration::from_secs(30));
    let answer = browser.get(&back).await;
    answer.page(200, "reloads by itself");
    assert_eq!(answer.header("refresh"), Some("2"));
    assert!(answer.header("location").is_none());
    assert!(!answer.body.contains("mygame"), "{}", answer.body);
    world.browser().get(&back).await.page(403, "wrong_browser");
    assert_eq!(world.amazon.calls_to(Endpoint::Token), 0);
    nothing_linked(&world).await;
}

#[tokio::test]
async fn an_attempt_whose_function_died_ends_as_our_fault() {
    let world = World::new().await;
    let (mut browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
    consume(&world, &back).await;
    world.clock.advance(Duration::from_millis(30_001));
    browser.get(&back).await.page(500, "internal");
    world.clock.advance(Duration::from_secs(600));
    browser.get(&back).await.page(500, "internal");
    assert_eq!(world.amazon.calls_to(Endpoint::Token), 0);
    nothing_linked(&world).await;
    let attempts = links(&world, "ATTEMPT#").await;
    assert!(attempts.values().all(|it| text(it, "status") == "consumed"));
}

#[tokio::test]
async fn two_attempts_of_one_browser_do_not_disturb_each_other() {
    let world = World::new().await;
    let mut browser = world.browser();
    let one = browser.to_amazon("p1", None).await;
    let two = browser.to_amazon("p2", None).await;
    let (one, two) = (browser.allow(&one, "alice"), browser.allow(&two, "bob"));
    browser.get(&two).await.page(200, "Player p2");
    browser.get(&one).await.page(200, "Player p1");
    linked_pairs(&world, &[("p1", "alice"), ("p2", "bob")]).await;
    no_violations(&world);
}

#[tokio::test]
async fn what_is_empty_says_nothing_and_uses_nothing_up() {
    let world = World::new().await;
    let (mut browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
    let state = parameter(&back, "state");
    for empty in ["code=", "error=", "error=&code="] {
        let empty = format!("/link/callback?{empty}&state={state}");
        browser.get(&empty).await.page(400, "invalid_state");
    }
    assert_eq!(world.amazon.calls_to(Endpoint::Token), 0);
    let back = format!("{back}&error=");
    browser.get(&back).await.page(200, "Player p1");
    linked_pairs(&world, &[("p1", "alice")]).await;
    no_violations(&world);
}

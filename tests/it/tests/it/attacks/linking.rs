//! Attacks on a link on its way from the game to Amazon and back: login CSRF, replay, injection of
//! codes, session fixation, HTTP parameter pollution, clickjacking.

use std::time::Duration;

use it::{World, hidden_inputs};
use stand_in::Endpoint;

use crate::link::failures::left_nothing;
use crate::link::support::{
    at_amazon, back_from_amazon, callback, cookies, linked_pairs, links, no_violations,
    nothing_linked, open, parameter, unlinked, with,
};

/// Login CSRF: the attacker mails the address of the attacker's own link to a victim, who would link
/// the victim's Amazon account to the attacker's player.
#[tokio::test]
async fn a_start_address_mailed_to_a_victim() {
    let world = World::new().await;
    let (mut attacker, mut victim) = (world.browser(), world.browser());
    let start = attacker.start_url("mallory", None).await;
    attacker.get(&start).await.page(200, "mallory");
    // Opening it does nothing but ask, and the consent page says whose player it is.
    let consent_page = victim.get(&start).await;
    consent_page.page(200, "Link Amazon to player <bdi>Player mallory</bdi>?");
    assert!(consent_page.header("location").is_none());
    assert!(
        !consent_page.body.contains("http-equiv"),
        "{}",
        consent_page.body
    );
    assert!(links(&world, "ATTEMPT#").await.is_empty());
    // The attacker goes to Amazon, and mails that address, or the one that Amazon came back to.
    let inputs = hidden_inputs(&attacker.get(&start).await.body);
    let sent = attacker.post("/link/start", &inputs).await;
    let back = victim.allow(sent.location(), "victim");
    victim.get(&back).await.page(403, "wrong_browser");
    attacker_has_nothing(&world).await;
    // Nor does it help to know what the victim's browser came back with.
    let (_victim, back) = back_from_amazon(&world, "victim", "victim", None).await;
    attacker.get(&back).await.page(403, "wrong_browser");
    attacker_has_nothing(&world).await;
}

async fn attacker_has_nothing(world: &World) {
    nothing_linked(world).await;
    assert_eq!(world.amazon.calls_to(Endpoint::Token), 0);
}

/// Session fixation: a browser gets another browser's cookie in the middle of the way.
#[tokio::test]
async fn a_session_swapped_mid_flow() {
    let world = World::new().await;
    let (attacker, theirs) = back_from_amazon(&world, "mallory", "mallory", None).await;
    // Before the post: the form is not that browser's.
    let start = world.browser().start_url("victim", None).await;
    let mut victim = world.browser();
    let inputs = hidden_inputs(&victim.get(&start).await.body);
    let form = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&inputs)
        .finish();
    let post = world
        .call("POST", "/link/start")
        .header("cookie", &cookies(&attacker))
        .header("origin", it::BASE_URL)
        .header("content-type", "application/x-www-form-urlencoded");
    post.body(form).send().await.page(403, "wrong_browser");
    // On the way back: the attempt is not that browser's.
    let sent = victim.post("/link/start", &inputs).await;
    let back = victim.allow(sent.location(), "victim");
    open(&world, &cookies(&attacker), &back)
        .await
        .page(403, "wrong_browser");
    open(&world, &cookies(&victim), &theirs)
        .await
        .page(403, "wrong_browser");
    attacker_has_nothing(&world).await;
    // Another player's consent page in the same browser changes nothing about this attempt.
    let other = victim.start_url("other", None).await;
    victim.get(&other).await.page(200, "Player other");
    victim.get(&back).await.page(200, "Player victim");
    linked_pairs(&world, &[("victim", "victim")]).await;
    no_violations(&world);
}

/// Replay: a used code with a new `state`.
#[tokio::test]
async fn a_replayed_code() {
    let world = World::new().await;
    let (mut browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
    browser.get(&back).await.page(200, "Player p1");
    let stored = links(&world, "PLAYER#").await;
    let (mut attacker, state) = at_amazon(&world, "mallory", None).await;
    let replayed = with(&back, "state", Some(&state));
    attacker.get(&replayed).await.page(400, "attempt_expired");
    // The same browser does no better with a second attempt of its own.
    let consent = browser.to_amazon("p2", None).await;
    let replayed = with(&back, "state", Some(&parameter(&consent, "state")));
    browser.get(&replayed).await.page(400, "attempt_expired");
    assert_eq!(links(&world, "PLAYER#").await, stored);
    linked_pairs(&world, &[("p1", "alice")]).await;
}

/// HTTP parameter pollution: of two values one could be checked and the other used.
#[tokio::test]
async fn duplicated_parameters() {
    let world = World::new().await;
    let (mut browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
    let (_, theirs) = back_from_amazon(&world, "mallory", "mallory", None).await;
    for name in ["state", "code", "scope"] {
        let (mine, other) = (parameter(&back, name), parameter(&theirs, name));
        for (first, second) in [(&mine, &other), (&other, &mine), (&mine, &mine)] {
            let rest = with(&back, name, None);
            let mut url = url::Url::parse(&rest).expect("an address");
            url.query_pairs_mut()
                .append_pair(name, first)
                .append_pair(name, second);
            let answer = browser.get(url.as_str()).await;
            answer.page(400, "invalid_state");
        }
    }
    let doubled = callback(&[
        ("state", &parameter(&back, "state")),
        ("error", "access_denied"),
        ("error", "server_error"),
    ]);
    browser.get(&doubled).await.page(400, "invalid_state");
    let start = browser.start_url("p1", None).await;
    let other = parameter(&browser.start_url("mallory", None).await, "ticket");
    let answer = browser.get(&format!("{start}&ticket={other}")).await;
    answer.page(400, "invalid_ticket");
    let server = world.server_token();
    for (method, path) in [
        ("GET", "/v1/link?player_id=p1&player_id=mallory"),
        ("DELETE", "/v1/link?player_id=p1&player_id=p1"),
        ("GET", "/v1/entitlements?player_id=mallory&player_id=p1"),
        (
            "POST",
            "/v1/entitlements/check?player_id=p1&player_id=mallory",
        ),
    ] {
        let answer = world.call(method, path).bearer(&server).send().await;
        answer.problem(400, "invalid_request");
    }
    attacker_has_nothing(&world).await;
    browser.get(&back).await.page(200, "Player p1");
    no_violations(&world);
}

#[tokio::test]
async fn a_framed_consent_page() {
    let world = World::new().await;
    let start = world.browser().start_url("p1", None).await;
    let answer = world.browser().get(&start).await;
    let policy = answer
        .header("content-security-policy")
        .expect("there is a policy");
    let directives: Vec<&str> = policy.split(';').map(str::trim).collect();
    assert!(directives.contains(&"frame-ancestors 'none'"), "{policy}");
    assert!(directives.contains(&"default-src 'none'"), "{policy}");
    assert!(directives.contains(&"base-uri 'none'"), "{policy}");
    let form_action = "form-action 'self' https: http:";
    assert!(directives.contains(&form_action), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(answer.header("referrer-policy"), Some("same-origin"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("x-frame-options"), Some("DENY"));
    assert_eq!(answer.body.matches("<form").count(), 1, "one form");
    assert!(!answer.body.contains("<script"));
}

#[tokio::test]
async fn a_framed_last_page() {
    let world = World::new().await;
    let linked = world.link("p1", "alice").await;
    let denied = world.link("p2", "alice").await;
    for answer in [linked, denied] {
        let policy = answer.header("content-security-policy").unwrap_or("");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(policy.contains("form-action 'none'"), "{policy}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("referrer-policy"), Some("same-origin"));
    }
}

#[tokio::test]
async fn a_missing_state() {
    let world = World::new().await;
    let (mut browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
    for address in [with(&back, "state", None), "/link/callback".to_owned()] {
        browser.get(&address).await.page(400, "invalid_state");
    }
    assert_eq!(world.amazon.calls_to(Endpoint::Token), 0);
    nothing_linked(&world).await;
}

#[tokio::test]
async fn a_wrong_state() {
    let world = World::new().await;
    let (mut browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
    let longer = format!("{}A", parameter(&back, "state"));
    let unknown = "A".repeat(43);
    let huge = "A".repeat(6000);
    for state in ["", "x", &unknown, &huge, &longer, "\u{0}\u{1F3AE}"] {
        let answer = browser.get(&with(&back, "state", Some(state))).await;
        answer.page(400, "invalid_state");
        assert!(answer.header("location").is_none());
    }
    assert_eq!(world.amazon.calls_to(Endpoint::Token), 0);
    nothing_linked(&world).await;
    browser.get(&back).await.page(200, "Player p1");
}

#[tokio::test]
async fn a_doubled_state() {
    let world = World::new().await;
    let (mut browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
    let state = parameter(&back, "state");
    for more in [state.as_str(), "", "x"] {
        let answer = browser.get(&format!("{back}&state={more}")).await;
        answer.page(400, "invalid_state");
    }
    assert_eq!(world.amazon.calls_to(Endpoint::Token), 0);
    nothing_linked(&world).await;
    browser.get(&back).await.page(200, "Player p1");
}

#[tokio::test]
async fn a_reused_state() {
    let world = World::new().await;
    let (mut browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
    let first = browser.get(&back).await;
    let stored = links(&world, "PLAYER#").await;
    world.clock.advance(Duration::from_secs(60));
    for _ in 0..2 {
        let again = browser.get(&back).await;
        assert_eq!((again.status, &again.body), (first.status, &first.body));
    }
    assert_eq!(world.amazon.calls_to(Endpoint::Token), 1);
    assert_eq!(links(&world, "PLAYER#").await, stored);
    no_violations(&world);
}

#[tokio::test]
async fn an_expired_state() {
    let world = World::new().await;
    let (mut browser, back) = back_from_amazon(&world, "p1", "alice", Some("mygame:x")).await;
    world.clock.advance(Duration::from_secs(600));
    let answer = browser.get(&back).await;
    answer.page(400, "attempt_expired");
    let stranger = world.browser().get(&back).await;
    stranger.page(403, "wrong_browser");
    assert!(!stranger.body.contains("mygame"), "{}", stranger.body);
    assert_eq!(world.amazon.calls_to(Endpoint::Token), 0);
    nothing_linked(&world).await;
    unlinked(&world, "p1").await;
}

#[tokio::test]
async fn the_state_of_another_browser() {
    let world = World::new().await;
    let (mut browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
    let (mut other, _) = at_amazon(&world, "p2", None).await;
    for _ in 0..3 {
        other.get(&back).await.page(403, "wrong_browser");
    }
    assert_eq!(world.amazon.calls_to(Endpoint::Token), 0);
    nothing_linked(&world).await;
    browser.get(&back).await.page(200, "Player p1");
    other.get(&back).await.page(403, "wrong_browser");
    linked_pairs(&world, &[("p1", "alice")]).await;
    no_violations(&world);
}

#[tokio::test]
async fn a_stolen_callback_address() {
    let world = World::new().await;
    let (mut browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
    let answer = world.browser().get(&back).await;
    answer.page(403, "wrong_browser");
    assert!(!answer.body.contains("Player p1"), "not for this browser");
    assert_eq!(world.amazon.calls_to(Endpoint::Token), 0);
    nothing_linked(&world).await;
    browser.get(&back).await.page(200, "Player p1");
    linked_pairs(&world, &[("p1", "alice")]).await;
}

#[tokio::test]
async fn an_injected_code_has_the_wrong_verifier() {
    let world = World::new().await;
    let (_stranger, theirs) = back_from_amazon(&world, "p2", "mallory", None).await;
    let (mut browser, mine) = back_from_amazon(&world, "p1", "alice", None).await;
    let injected = with(&mine, "code", Some(&parameter(&theirs, "code")));
    browser.get(&injected).await.page(400, "attempt_expired");
    nothing_linked(&world).await;
    assert_eq!(
        world.amazon.violations().len(),
        1,
        "the verifier is not that code's: {:?}",
        world.amazon.violations()
    );
}

#[tokio::test]
async fn an_error_and_a_code_together() {
    let world = World::new().await;
    let (mut browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
    for address in [format!("{back}&error=access_denied"), back] {
        browser.get(&address).await.page(403, "access_denied");
    }
    assert_eq!(world.amazon.calls_to(Endpoint::Token), 0);
    left_nothing(&world, "access_denied").await;
}

//! Every way in which the link is refused for a reason of the player's: its code, its page, and
//! nothing half-written.

use it::{BASE_URL, CLIENT_ID, CLIENT_SECRET, World};
use stand_in::{Client, Consent, Endpoint, Fault};

use crate::link::support::{
    at_amazon, back_from_amazon, callback, linked_pairs, links, no_violations, nothing_linked,
    parameter, status, text, unlinked, with,
};

/// Asserts that the attempt of `p1` has ended with this code and left nothing.
pub(crate) async fn left_nothing(world: &World, code: &str) {
    nothing_linked(world).await;
    unlinked(world, "p1").await;
    let attempts = links(world, "ATTEMPT#").await;
    for attempt in attempts.values() {
        assert_eq!(text(attempt, "status"), code);
        assert!(!attempt.contains_key("verifier"));
    }
    no_violations(world);
}

#[tokio::test]
async fn refused_at_amazon() {
    let world = World::new().await;
    let mut browser = world.browser();
    let consent = browser.to_amazon("p1", None).await;
    let back = browser.answer(&consent, "alice", &Consent::Refuse);
    browser.get(&back).await.page(403, "access_denied");
    assert_eq!(world.amazon.calls_to(Endpoint::Token), 0);
    left_nothing(&world, "access_denied").await;
}

#[tokio::test]
async fn every_error_word_of_amazon_has_its_meaning() {
    for (word, status, code) in [
        ("access_denied", 403, "access_denied"),
        ("invalid_scope", 403, "permission_missing"),
        ("server_error", 503, "amazon_unavailable"),
        ("temporarily_unavailable", 503, "amazon_unavailable"),
        ("invalid_request", 500, "internal"),
        ("unauthorized_client", 500, "internal"),
        ("unsupported_response_type", 500, "internal"),
        ("something_new", 500, "internal"),
    ] {
        let world = World::new().await;
        let (mut browser, state) = at_amazon(&world, "p1", None).await;
        let back = callback(&[("error", word), ("state", &state)]);
        browser.get(&back).await.page(status, code);
        left_nothing(&world, code).await;
    }
}

#[tokio::test]
async fn an_absurd_error_word_is_not_shown() {
    let world = World::new().await;
    let (mut browser, state) = at_amazon(&world, "p1", None).await;
    let word = format!("<script>{}", "x".repeat(5000));
    let back = callback(&[("error", &word), ("state", &state)]);
    let answer = browser.get(&back).await;
    answer.page(500, "internal");
    assert!(!answer.body.contains("script") && !answer.body.contains("xxxx"));
}

#[tokio::test]
async fn scopes_may_come_in_any_order_and_more_of_them() {
    for scope in ["profile games::prime", "games::prime email profile"] {
        let world = World::new().await;
        let (mut browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
        let answer = browser.get(&with(&back, "scope", Some(scope))).await;
        answer.page(200, "Player p1");
        no_violations(&world);
    }
}

#[tokio::test]
async fn without_a_scope_a_permission_that_amazon_says_is_missing_is_missing() {
    let world = World::new().await;
    let mut browser = world.browser();
    let consent = browser.to_amazon("p1", None).await;
    let only = Consent::GrantOnly(vec!["games::prime".to_owned()]);
    let back = browser.answer(&consent, "alice", &only);
    // The profile then answers `insufficient_scope`.
    let answer = browser.get(&with(&back, "scope", None)).await;
    nothing_linked(&world).await;
    answer.page(403, "permission_missing");
}

#[tokio::test]
async fn a_client_that_was_not_allow_listed_misses_a_permission() {
    let world = World::new().await;
    let mut browser = world.browser();
    let consent = browser.to_amazon("p1", None).await;
    world.amazon.register_client(Client {
        client_id: CLIENT_ID.to_owned(),
        client_secret: Some(CLIENT_SECRET.to_owned()),
        return_urls: vec![format!("{BASE_URL}/link/callback")],
        allowed_scopes: vec!["profile".to_owned()],
    });
    let back = browser.allow(&consent, "alice");
    assert_eq!(parameter(&back, "error"), "invalid_scope");
    browser.get(&back).await.page(403, "permission_missing");
    left_nothing(&world, "permission_missing").await;
}

#[tokio::test]
async fn a_token_that_amazon_does_not_know_is_a_mismatch() {
    for endpoint in [Endpoint::TokenInfo, Endpoint::Profile] {
        let world = World::new().await;
        let (mut browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
        let fault = Fault::OAuthError {
            error: "invalid_token".to_owned(),
            description: String::new(),
        };
        world.amazon.fault(endpoint, fault, 1);
        browser.get(&back).await.page(403, "identity_mismatch");
        left_nothing(&world, "identity_mismatch").await;
    }
}

#[tokio::test]
async fn an_amazon_account_has_one_player() {
    let world = World::new().await;
    world.link("p2", "alice").await.page(200, "Player p2");
    let before = (
        links(&world, "PLAYER#").await,
        links(&world, "AMAZON#").await,
    );
    let answer = world.link("p1", "alice").await;
    answer.page(409, "amazon_account_taken");
    assert!(!answer.body.contains("p2"), "whose it is, is not said");
    unlinked(&world, "p1").await;
    let after = (
        links(&world, "PLAYER#").await,
        links(&world, "AMAZON#").await,
    );
    assert_eq!(after, before, "the other player's link is as it was");
    assert_eq!(world.check("p2").await["fresh"], true, "and works");
    no_violations(&world);
}

#[tokio::test]
async fn a_player_has_one_amazon_account() {
    let world = World::new().await;
    world.link("p1", "alice").await.page(200, "Player p1");
    let before = links(&world, "PLAYER#").await;
    let answer = world.link("p1", "bob").await;
    answer.page(409, "player_already_linked");
    assert_eq!(links(&world, "PLAYER#").await, before);
    linked_pairs(&world, &[("p1", "alice")]).await;
    assert_eq!(status(&world, "p1").await["status"], "linked");
    assert_eq!(world.check("p1").await["fresh"], true);
    no_violations(&world);
}

#[tokio::test]
async fn two_linked_players_can_not_swap() {
    let world = World::new().await;
    world.link("p1", "alice").await.page(200, "Player p1");
    world.link("p2", "bob").await.page(200, "Player p2");
    let answer = world.link("p1", "bob").await;
    answer.page(409, "player_already_linked");
    linked_pairs(&world, &[("p1", "alice"), ("p2", "bob")]).await;
    no_violations(&world);
}

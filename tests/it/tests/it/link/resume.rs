//! `GET /link/continue`: the browser goes on after the studio's login.

use std::time::Duration;

use it::{World, hidden_inputs};
use prime_gaming::domain::random_token;

use crate::link::login::{LOGIN_PAGE, finish, logged_in, world};
use crate::link::support::{cookies, linked_pairs, links, no_violations, open, parameter, text};

/// Where the studio wants it to end.
const DONE: &str = "https://gaming.amazon.com/loot/example?tab=1";

#[tokio::test]
async fn it_ends_where_the_studio_wants_it() {
    let settings = [("PLAYER_LOGIN_URL", LOGIN_PAGE), ("LINK_DONE_URL", DONE)];
    let world = World::with(&settings).await;
    let (mut browser, address) = logged_in(&world, "p1").await;
    let consent_page = browser.get(&address).await;
    consent_page.page(200, "<bdi>p1</bdi>");
    let done = finish(&mut browser, &address, "alice").await;
    assert_eq!(done.status, 303);
    assert_eq!(done.location(), format!("{DONE}&status=linked"));

    let (mut browser, address) = logged_in(&world, "p2").await;
    let failed = finish(&mut browser, &address, "alice").await;
    assert_eq!(failed.status, 303);
    assert_eq!(
        failed.location(),
        format!("{DONE}&error=amazon_account_taken")
    );
    // A link that a game began ends on our page as before.
    world.link("p3", "carol").await.page(200, "p3");
    linked_pairs(&world, &[("p1", "alice"), ("p3", "carol")]).await;
    no_violations(&world);
}

#[tokio::test]
async fn opening_the_continue_address_uses_nothing_up() {
    let world = world().await;
    let (mut browser, address) = logged_in(&world, "p1").await;
    let before = links(&world, "").await;
    for _ in 0..3 {
        // A mail scanner, and the player's own browser.
        let scanner = world.browser().get(&address).await;
        scanner.page(403, "wrong_browser");
        assert_eq!(browser.get(&address).await.status, 200);
    }
    assert_eq!(links(&world, "").await, before);
    finish(&mut browser, &address, "alice")
        .await
        .page(200, "p1");
}

#[tokio::test]
async fn an_attempt_that_expires_at_amazon_ends_where_the_studio_wants_it() {
    let settings = [("PLAYER_LOGIN_URL", LOGIN_PAGE), ("LINK_DONE_URL", DONE)];
    let world = World::with(&settings).await;
    let (mut browser, address) = logged_in(&world, "p1").await;
    let inputs = hidden_inputs(&browser.get(&address).await.body);
    let sent = browser.post("/link/start", &inputs).await;
    let back = browser.allow(sent.location(), "alice");
    world.clock.advance(Duration::from_secs(600));
    let done = browser.get(&back).await;
    assert_eq!(done.status, 303);
    assert_eq!(done.location(), format!("{DONE}&error=attempt_expired"));
    world.browser().get(&back).await.page(403, "wrong_browser");
}

#[tokio::test]
async fn the_form_of_a_continue_code_can_be_posted_again() {
    let world = world().await;
    let (mut browser, address) = logged_in(&world, "p1").await;
    let inputs = hidden_inputs(&browser.get(&address).await.body);
    let first = browser.post("/link/start", &inputs).await;
    // Back from Amazon: the same address, the same form, in the same browser.
    browser.get(&address).await.page(200, "<bdi>p1</bdi>");
    let other = world.browser().get(&address).await;
    other.page(403, "wrong_browser");
    let second = browser.post("/link/start", &inputs).await;
    let (first, second) = (
        browser.allow(first.location(), "alice"),
        browser.allow(second.location(), "alice"),
    );
    browser.get(&first).await.page(400, "invalid_state");
    browser.get(&second).await.page(200, "p1");
    let answer = browser.post("/link/start", &inputs).await;
    answer.page(200, "Your Amazon account is linked");
    browser.get(&address).await.page(200, "<bdi>p1</bdi>");
    linked_pairs(&world, &[("p1", "alice")]).await;
    no_violations(&world);
}

#[tokio::test]
async fn an_expired_continue_address_is_invalid() {
    let world = world().await;
    let (mut browser, address) = logged_in(&world, "p1").await;
    let inputs = hidden_inputs(&browser.get(&address).await.body);
    world.clock.advance(Duration::from_secs(600));
    browser.get(&address).await.page(400, "invalid_ticket");
    let answer = browser.post("/link/start", &inputs).await;
    answer.page(400, "invalid_ticket");
}

#[tokio::test]
async fn a_continue_code_that_is_none_is_invalid() {
    let world = world().await;
    let (mut browser, address) = logged_in(&world, "p1").await;
    let code = parameter(&address, "code");
    let game = browser.start_url("p1", None).await;
    for query in [
        String::new(),
        "?code=".to_owned(),
        "?code".to_owned(),
        format!("?ticket={code}"),
        format!("?code={}", "A".repeat(43)),
        format!("?code={code}&code={code}"),
        format!("?code={code}A"),
        // A game's ticket is not bound to a browser: it is no continue code.
        format!("?code={}", parameter(&game, "ticket")),
    ] {
        for mut any in [world.browser(), logged_in(&world, &random_token()).await.0] {
            let answer = any.get(&format!("/link/continue{query}")).await;
            answer.page(400, "invalid_ticket");
            assert!(!answer.body.contains("<form"), "{query}");
        }
    }
    // Nor is a continue code a game's ticket, not even in its own browser.
    let answer = browser.get(&format!("/link/start?ticket={code}")).await;
    answer.page(400, "invalid_ticket");
    let answer = world
        .browser()
        .get(&format!("/link/start?ticket={code}"))
        .await;
    answer.page(403, "wrong_browser");
    assert_eq!(browser.get(&address).await.status, 200);
}

#[tokio::test]
async fn the_page_shows_what_link_the_player_has() {
    let world = world().await;
    world.linked("p1", "alice").await;
    let (mut browser, address) = logged_in(&world, "p1").await;
    let consent_page = browser.get(&address).await;
    consent_page.page(200, "already linked to an Amazon account");
    finish(&mut browser, &address, "alice")
        .await
        .page(200, "p1");
    let (mut browser, address) = logged_in(&world, "p1").await;
    finish(&mut browser, &address, "bob")
        .await
        .page(409, "player_already_linked");
    linked_pairs(&world, &[("p1", "alice")]).await;
}

#[tokio::test]
async fn a_double_click_on_the_continue_address_is_harmless() {
    let world = world().await;
    let (browser, address) = logged_in(&world, "p1").await;
    let cookies = cookies(&browser);
    let (one, two) = tokio::join!(
        open(&world, &cookies, &address),
        open(&world, &cookies, &address)
    );
    assert_eq!((one.status.as_u16(), two.status.as_u16()), (200, 200));
    assert_eq!(hidden_inputs(&one.body), hidden_inputs(&two.body));
    let stored = links(&world, "TICKET#").await;
    let ticket = stored.values().next().expect("one");
    assert_eq!(text(ticket, "player_id"), "p1");
}

//! Where the browser goes at the end: back to the game, or a page.

use std::time::Duration;

use it::{Answer, World};
use local::demo::links;
use stand_in::{Consent, Endpoint, Fault};

use crate::link::support::{
    at_amazon, back_from_amazon, callback, linked_pairs, no_violations, nothing_linked, with,
};

const SITE: &str = "https://play.example.com/settings/amazon?tab=2&status=old#rewards";

/// The one address on a page with one button.
fn button(answer: &Answer) -> String {
    assert!(!answer.body.contains("<form"), "{}", answer.body);
    assert!(!answer.body.contains("http-equiv"), "{}", answer.body);
    let mut links = links(&answer.body);
    assert_eq!(links.len(), 1, "{}", answer.body);
    links.remove(0)
}

#[tokio::test]
async fn success_goes_to_the_site_and_joins_its_query() {
    let world = World::new().await;
    let (mut browser, back) = back_from_amazon(&world, "p1", "alice", Some(SITE)).await;
    for _ in 0..2 {
        let answer = browser.get(&back).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (303, ""));
        assert_eq!(
            answer.location(),
            "https://play.example.com/settings/amazon?tab=2&status=old&status=linked#rewards"
        );
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    linked_pairs(&world, &[("p1", "alice")]).await;
    no_violations(&world);
}

#[tokio::test]
async fn success_goes_to_a_site_without_a_query() {
    let world = World::new().await;
    for (player, return_to, location) in [
        (
            "p1",
            "https://play.example.com",
            "https://play.example.com/?status=linked",
        ),
        (
            "p2",
            "https://play.example.com/a#b",
            "https://play.example.com/a?status=linked#b",
        ),
        (
            "p3",
            "https://play.example.com/a?",
            "https://play.example.com/a?status=linked",
        ),
    ] {
        let (mut browser, back) = back_from_amazon(&world, player, player, Some(return_to)).await;
        assert_eq!(browser.get(&back).await.location(), location);
    }
}

#[tokio::test]
async fn every_failure_goes_to_the_site_by_its_code() {
    let world = World::new().await;
    world.link("taken", "alice").await.page(200, "linked");
    world.link("has-one", "bob").await.page(200, "linked");
    for (player, account, code) in [
        ("p1", "alice", "amazon_account_taken"),
        ("has-one", "carol", "player_already_linked"),
    ] {
        let (mut browser, back) = back_from_amazon(&world, player, account, Some(SITE)).await;
        for _ in 0..2 {
            let answer = browser.get(&back).await;
            assert_eq!(answer.status, 303);
            let wanted = format!("?tab=2&status=old&error={code}#rewards");
            assert!(answer.location().ends_with(&wanted), "{answer:?}");
        }
    }
    for (word, code) in [
        ("access_denied", "access_denied"),
        ("invalid_scope", "permission_missing"),
        ("server_error", "amazon_unavailable"),
        ("invalid_request", "internal"),
    ] {
        let (mut browser, state) = at_amazon(&world, "p1", Some(SITE)).await;
        let answer = browser
            .get(&callback(&[("error", word), ("state", &state)]))
            .await;
        assert_eq!(answer.status, 303);
        let wanted = format!("&error={code}#rewards");
        assert!(answer.location().ends_with(&wanted), "{answer:?}");
    }
    no_violations(&world);
}

#[tokio::test]
async fn an_old_code_and_a_mismatch_go_to_the_site_too() {
    let world = World::new().await;
    let (mut browser, back) = back_from_amazon(&world, "p1", "alice", Some(SITE)).await;
    world.amazon.advance(Duration::from_secs(360));
    let answer = browser.get(&back).await;
    assert!(answer.location().contains("&error=attempt_expired#"));

    let (mut browser, back) = back_from_amazon(&world, "p1", "alice", Some(SITE)).await;
    world
        .amazon
        .behave(|it| it.tokeninfo_aud = Some("other".to_owned()));
    let answer = browser.get(&back).await;
    assert!(answer.location().contains("&error=identity_mismatch#"));
    nothing_linked(&world).await;
    no_violations(&world);
}

#[tokio::test]
async fn success_goes_to_an_app_by_a_button() {
    let world = World::new().await;
    let app = "mygame://amazon/done?from=link#end";
    let (mut browser, back) = back_from_amazon(&world, "p1", "alice", Some(app)).await;
    for _ in 0..2 {
        let answer = browser.get(&back).await;
        answer.page(200, "Your Amazon account is linked");
        assert!(answer.header("location").is_none());
        let wanted = "mygame://amazon/done?from=link&status=linked#end";
        assert_eq!(button(&answer), wanted);
    }
    linked_pairs(&world, &[("p1", "alice")]).await;
    no_violations(&world);
}

#[tokio::test]
async fn failure_goes_to_an_app_by_a_button() {
    let world = World::new().await;
    for (return_to, wanted) in [
        ("mygame:done", "mygame:done?error=access_denied"),
        ("mygame://x/?a=\"<b>&c", "error=access_denied"),
    ] {
        let mut browser = world.browser();
        let consent = browser.to_amazon("p1", Some(return_to)).await;
        let back = browser.answer(&consent, "alice", &Consent::Refuse);
        let answer = browser.get(&back).await;
        answer.page(403, "access_denied");
        assert!(button(&answer).ends_with(wanted), "{}", answer.body);
        assert!(!answer.body.contains("<b>"), "{}", answer.body);
    }
    no_violations(&world);
}

#[tokio::test]
async fn an_outage_says_so_to_an_app() {
    let world = World::new().await;
    let (mut browser, back) = back_from_amazon(&world, "p1", "alice", Some("mygame:x")).await;
    world.amazon.fault(Endpoint::Token, Fault::NotJson, 1);
    let answer = browser.get(&back).await;
    answer.page(503, "amazon_unavailable");
    assert_eq!(button(&answer), "mygame:x?error=amazon_unavailable");
    assert!(answer.header("retry-after").is_some());
}

#[tokio::test]
async fn the_wrong_browser_is_never_sent_anywhere() {
    let world = World::new().await;
    for return_to in [SITE, "mygame:x"] {
        let (mut browser, back) = back_from_amazon(&world, "p1", "alice", Some(return_to)).await;
        for _ in 0..2 {
            let answer = world.browser().get(&back).await;
            answer.page(403, "wrong_browser");
            assert!(answer.header("location").is_none());
            assert!(!answer.body.contains("<a "), "{}", answer.body);
            browser.get(&back).await;
        }
    }
}

#[tokio::test]
async fn an_invalid_state_is_never_sent_anywhere() {
    let world = World::new().await;
    for return_to in [SITE, "mygame:x"] {
        let (mut browser, back) = back_from_amazon(&world, "p1", "alice", Some(return_to)).await;
        for address in [
            with(&back, "state", None),
            with(&back, "state", Some("x")),
            format!("{back}&state=x"),
            format!("{}&return_to={SITE}", with(&back, "state", Some("x"))),
        ] {
            let answer = browser.get(&address).await;
            answer.page(400, "invalid_state");
            assert!(answer.header("location").is_none());
            assert!(!answer.body.contains("<a "), "{}", answer.body);
        }
    }
}

#[tokio::test]
async fn an_expired_attempt_goes_back_in_its_own_browser_alone() {
    let world = World::new().await;
    let (mut browser, back) = back_from_amazon(&world, "p1", "alice", Some(SITE)).await;
    let (mut player, to_app) = back_from_amazon(&world, "p2", "bob", Some("mygame:x")).await;
    world.clock.advance(Duration::from_secs(600));
    let answer = browser.get(&back).await;
    assert_eq!(answer.status, 303);
    assert!(answer.location().contains("&error=attempt_expired#"));
    let answer = player.get(&to_app).await;
    answer.page(400, "attempt_expired");
    assert_eq!(button(&answer), "mygame:x?error=attempt_expired");
    for address in [back, to_app] {
        let answer = world.browser().get(&address).await;
        answer.page(403, "wrong_browser");
        assert!(answer.header("location").is_none());
    }
    nothing_linked(&world).await;
}

//! The way that begins at Prime Gaming, over the example of a login page.

use std::sync::Mutex;

use browser::{Browser, Player, Walk, walk};
use local::studio::ACCOUNT;

/// The login page knows one player, whom one walk has at a time.
static TURN: Mutex<()> = Mutex::new(());

/// From the address on the Prime Gaming page to the question.
async fn log_in(walk: &Walk, browser: &Browser) -> Player {
    browser.open(&format!("{}/link", walk.service())).await;
    assert_eq!(browser.heading().await, "Log in");
    let login = browser.url().await;
    assert_eq!(login.query(), None, "no ticket is left in the address");
    assert_eq!(login.as_str(), walk.setting("PLAYER_LOGIN_URL"));
    browser.fill("[name=name]", ACCOUNT.name).await;
    browser.fill("[name=password]", ACCOUNT.password).await;
    browser.follow("button").await;
    assert_eq!(browser.url().await.path(), "/link/continue");
    walk.known_player(ACCOUNT.player.0, ACCOUNT.player.1)
}

#[test]
fn a_player_comes_from_prime_gaming_and_goes_back_there() {
    let _turn = TURN.lock();
    walk(async |walk| {
        let browser = walk.browser().await;
        browser.open(&format!("{}/link", walk.service())).await;
        browser.take_pictures("login").await;
        let player = log_in(walk, &browser).await;
        walk.say_yes(&browser, &player).await;
        walk.allow(&browser, &player).await;
        assert_eq!(browser.heading().await, "Prime Gaming (stand-in)");
        let back = format!("{}?status=linked", walk.setting("LINK_DONE_URL"));
        assert_eq!(browser.url().await.as_str(), back);
        assert_eq!(walk.link_status(&player).await, "linked");
        walk.all_is_well(&browser).await;
    });
}

#[test]
#[ignore = "slow: CI runs it"]
fn a_player_from_prime_gaming_who_refuses_goes_back_there() {
    let _turn = TURN.lock();
    walk(async |walk| {
        let browser = walk.browser().await;
        let player = log_in(walk, &browser).await;
        walk.say_yes(&browser, &player).await;
        browser.follow("button[value=cancel]").await;
        assert_eq!(browser.heading().await, "Prime Gaming (stand-in)");
        let back = format!("{}?error=access_denied", walk.setting("LINK_DONE_URL"));
        assert_eq!(browser.url().await.as_str(), back);
        walk.all_is_well(&browser).await;
    });
}

#[test]
#[ignore = "slow: CI runs it"]
fn a_wrong_password_is_said_and_can_be_corrected() {
    let _turn = TURN.lock();
    walk(async |walk| {
        let browser = walk.browser().await;
        browser.open(&format!("{}/link", walk.service())).await;
        browser.fill("[name=name]", ACCOUNT.name).await;
        browser.fill("[name=password]", "guess").await;
        browser.follow("button").await;
        assert_eq!(browser.text("[role=status]").await, "That is not right.");
        browser.fill("[name=name]", ACCOUNT.name).await;
        browser.fill("[name=password]", ACCOUNT.password).await;
        browser.follow("button").await;
        let player = walk.known_player(ACCOUNT.player.0, ACCOUNT.player.1);
        walk.sees_question(&browser, &player).await;
        walk.all_is_well(&browser).await;
    });
}

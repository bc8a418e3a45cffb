//! The console: a person plays with the whole system, by clicks alone.

use std::sync::Arc;

use browser::{Browser, Walk, keys, walk_with_console};
use serde_json::{Value, json};

/// The first player's card.
const CARD: &str = "[data-player=player-1]";

/// The console, in a new browser.
async fn console(walk: &Walk) -> Arc<Browser> {
    let browser = walk.browser().await;
    browser.open(&format!("{}/console", walk.service())).await;
    browser.shows_among(CARD, "not linked").await;
    browser
}

/// Presses one of the first player's buttons.
async fn order(browser: &Browser, what: &str) {
    browser.press(&format!("{CARD} [data-do={what}]")).await;
}

/// The console says so of what was done last.
async fn says(browser: &Browser, said: &str) {
    browser.shows_among("#said[aria-busy=false]", said).await;
}

/// The first player is linked to the account `robin`, which has claimed an offer.
async fn link_and_claim(browser: &Browser) {
    order(browser, "link").await;
    browser.shows_among(CARD, "linked, account robin").await;
    let offer = "#claim-offer option[value=monthly-boost]";
    browser.press(offer).await;
    browser.press("#claim button[value=claim]").await;
    browser.shows_among("#accounts", "monthly-boost").await;
    browser.shows_among(".dot.claimed", "monthly-boost").await;
}

/// The drawing has an entitlement of the offer in this state.
async fn is_drawn(browser: &Browser, status: &str) {
    let dot = format!(".dot.{status}");
    browser.shows_among(&dot, "monthly-boost").await;
    assert_eq!(browser.count(".dot").await, 1);
}

/// Both lamps are dark, nothing broke the page's policy, and nothing failed in it.
async fn all_is_well(browser: &Browser) {
    for lamp in ["#lost", "#doubled"] {
        browser.shows(&format!("{lamp} .is"), "dark").await;
    }
    assert_eq!(browser.console().await, Vec::<String>::new());
}

#[test]
fn console_shows_an_entitlement_from_its_claim_to_its_report_and_saves_what_was_done() {
    walk_with_console(async |walk| {
        let browser = console(walk).await;
        link_and_claim(&browser).await;
        order(&browser, "check").await;
        is_drawn(&browser, "pending").await;
        browser
            .shows_among("#feed-list li", "TransactWriteItems")
            .await;
        browser
            .shows_among("#feed-list li ul li", "status=pending")
            .await;
        order(&browser, "confirm").await;
        is_drawn(&browser, "reported").await;
        browser.shows_among("#feed-list li", "UpdateItem").await;
        for written in ["status=delivered", "status=reported"] {
            browser.shows_among("#feed-list li ul li", written).await;
        }
        browser.press(".dot.reported").await;
        browser
            .shows_among("#details", "The game confirmed ityes")
            .await;

        browser.run("scrollTo(0, 0)").await;
        browser.take_pictures("console").await;
        assert_eq!(browser.excess_on_smallest(".lamp").await, 0);

        // The page shows the new player, and the keys still go to where the first one was typed.
        browser.fill("#new-name", "Kim").await;
        browser.key(keys::ENTER).await;
        browser
            .shows_among("[data-player=player-2]", "not linked")
            .await;
        let focus = browser.run("return document.activeElement.id").await;
        assert_eq!(focus, "new-name");

        // What does not write can be left out, and so can a service.
        browser.press("#writes-only").await;
        let shown = "#feed-list > li:not([hidden])";
        let read = format!("{shown}[data-writes=false]");
        assert_eq!(browser.count(&read).await, 0);
        browser.press("#services [data-service=dynamodb]").await;
        let dynamodb = format!("{shown}[data-service=dynamodb]");
        assert_eq!(browser.count(&dynamodb).await, 0);

        let directory = tempfile::tempdir().expect("a directory");
        browser.download_into(directory.path()).await;
        browser.press("#download").await;
        let file = directory.path().join("console-script.json");
        let script: Value = serde_json::from_slice(&browser.downloaded(&file).await).expect("JSON");
        let done = json!({ "version": 1, "actions": [
            { "do": "link", "player": "player-1", "account": "robin" },
            { "do": "claim", "account": "robin", "sku": "monthly-boost" },
            { "do": "check", "player": "player-1" },
            { "do": "confirm", "player": "player-1" },
            { "do": "player", "player": "player-2", "name": "Kim" },
        ] });
        assert_eq!(script, done);
        all_is_well(&browser).await;
    });
}

#[test]
#[ignore = "slow: CI runs it"]
fn console_kills_a_check_and_nothing_is_lost() {
    walk_with_console(async |walk| {
        let browser = console(walk).await;
        link_and_claim(&browser).await;
        browser.fill("#kill-at", "3").await;
        browser
            .press("#kill-mode option[value=killed_before]")
            .await;
        browser.press("#kill button:not([type=button])").await;
        browser
            .shows_among("#armed", "of entitlements, at request 3")
            .await;
        order(&browser, "check").await;
        browser.shows_among("#feed-list .status", "no answer").await;
        browser.shows("#armed", "Nothing is armed.").await;
        is_drawn(&browser, "claimed").await;
        order(&browser, "check").await;
        is_drawn(&browser, "pending").await;
        order(&browser, "confirm").await;
        is_drawn(&browser, "reported").await;
        all_is_well(&browser).await;
    });
}

#[test]
#[ignore = "slow: CI runs it"]
fn console_lets_amazon_fail_until_the_switch_is_off_and_moves_the_clock() {
    walk_with_console(async |walk| {
        let browser = console(walk).await;
        link_and_claim(&browser).await;
        browser.press("[name=times][value='1000']").await;
        let switch = "[data-fault=entitlements]";
        browser.press(switch).await;
        let on = format!("{switch}[aria-checked=true]");
        browser.shows_among(&on, "List of entitlements").await;
        order(&browser, "check").await;
        says(&browser, "not fresh").await;
        is_drawn(&browser, "claimed").await;
        browser.press(switch).await;
        let off = format!("{switch}[aria-checked=false]");
        browser.shows_among(&off, "List of entitlements").await;

        browser.press("[data-forward='86400']").await;
        browser.shows("#forwarded", "1 day ahead").await;
        browser.shows_among("#alarm-list .is", "quiet").await;
        order(&browser, "check").await;
        is_drawn(&browser, "pending").await;
        all_is_well(&browser).await;
    });
}

#[test]
#[ignore = "slow: CI runs it"]
fn console_lights_a_lamp_if_the_game_confirms_what_it_has_not_saved() {
    walk_with_console(async |walk| {
        let browser = console(walk).await;
        let mistake = "[data-mistake=saves_before_confirming]";
        browser.press(mistake).await;
        let made = format!("{mistake}[aria-checked=true]");
        browser.shows_among(&made, "").await;
        link_and_claim(&browser).await;
        order(&browser, "check").await;
        is_drawn(&browser, "pending").await;
        browser.shows("#lost .is", "dark").await;
        order(&browser, "confirm").await;
        browser.shows("#lost .is", "is lit").await;
        browser.shows_among("#lost li", "Amazon was told").await;
        browser.shows("#doubled .is", "dark").await;
        browser.run("scrollTo(0, 0)").await;
        browser.take_pictures("console-lost").await;
        assert_eq!(browser.console().await, Vec::<String>::new());
    });
}

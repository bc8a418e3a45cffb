//! The way that begins in the game.

use browser::{keys, walk};
use serde_json::json;

#[test]
fn a_player_links_from_the_game() {
    walk(async |walk| {
        let (browser, player) = (walk.browser().await, walk.player());
        browser.open(&walk.start_url(&player).await).await;
        assert_eq!(browser.text("header").await, "Example Studio");
        browser.take_pictures("studio-question").await;
        walk.say_yes(&browser, &player).await;
        walk.allow(&browser, &player).await;
        walk.is_linked(&browser, &player).await;
        browser.take_pictures("studio-linked").await;
        assert_eq!(walk.links_made(&player), 1);
        walk.all_is_well(&browser).await;
    });
}

#[test]
fn a_player_goes_back_to_the_game_by_a_button() {
    walk(async |walk| {
        let (browser, player) = (walk.browser().await, walk.player());
        let body = json!({ "return_to": "mygame:linked?from=web" });
        let start_url = walk.start_url_with(&player, body).await;
        browser.open(&start_url).await;
        walk.say_yes(&browser, &player).await;
        walk.allow(&browser, &player).await;
        assert_eq!(browser.text("a.action").await, "Back to the game");
        let to = browser.attribute("a.action", "href").await;
        assert_eq!(to, "mygame:linked?from=web&status=linked");
        assert_eq!(walk.link_status(&player).await, "linked");
        walk.all_is_well(&browser).await;
    });
}

#[test]
fn a_player_who_refuses_is_told_so_and_can_begin_again() {
    walk(async |walk| {
        let (browser, player) = (walk.browser().await, walk.player());
        browser.open(&walk.start_url(&player).await).await;
        walk.say_yes(&browser, &player).await;
        browser.follow("button[value=cancel]").await;
        walk.sees_failure(&browser, "access_denied").await;
        assert_eq!(walk.link_status(&player).await, "unlinked");

        browser.open(&walk.start_url(&player).await).await;
        walk.say_yes(&browser, &player).await;
        walk.allow(&browser, &player).await;
        walk.is_linked(&browser, &player).await;
        assert_eq!(walk.links_made(&player), 1);
        walk.all_is_well(&browser).await;
    });
}

#[test]
fn a_player_without_a_mouse_links() {
    walk(async |walk| {
        let (browser, player) = (walk.browser().await, walk.player());
        let body = json!({ "return_to": "mygame:linked" });
        let start_url = walk.start_url_with(&player, body).await;
        browser.open(&start_url).await;
        walk.sees_question(&browser, &player).await;
        walk.tab_to(&browser, "button").await;
        walk.tab_to(&browser, "footer a").await;
        // Once around the browser's own buttons, or not: as Tab goes.
        while browser.run("return document.activeElement.localName").await != "button" {
            browser.key(keys::TAB).await;
        }
        browser.key(keys::ENTER).await;
        walk.is_at_amazon(&browser).await;
        walk.sign_in(&browser, &player.account).await;
        walk.tab_to(&browser, "button[value=allow]").await;
        browser.key(keys::ENTER).await;
        browser.shows("a.action", "Back to the game").await;
        walk.tab_to(&browser, "a.action").await;
        assert_eq!(walk.link_status(&player).await, "linked");
        walk.all_is_well(&browser).await;
    });
}

#[test]
fn a_player_whose_browser_runs_no_scripts_links() {
    walk(async |walk| {
        let (browser, player) = (walk.browser().await, walk.player());
        let off = "Emulation.setScriptExecutionDisabled";
        browser.devtools(off, json!({ "value": true })).await;
        browser.open(&walk.start_url(&player).await).await;
        walk.say_yes(&browser, &player).await;
        walk.allow(&browser, &player).await;
        walk.is_linked(&browser, &player).await;
        walk.all_is_well(&browser).await;
    });
}

//! The way that begins in the game.

use browser::{keys, walk, walk_alone};
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
#[ignore = "slow: CI runs it"]
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

/// Browsers hold the policy of the page with the form against every redirect up to the next page,
/// so this way, on which Amazon asks nothing, is the longest.
#[test]
#[ignore = "slow: CI runs it"]
fn a_player_who_agreed_before_goes_over_every_host_in_one_go() {
    walk_alone(async |walk| {
        let (browser, player) = (walk.browser().await, walk.player());
        let account = player.account.clone();
        walk.amazon().behave(|it| it.agreed_before = Some(account));
        let return_to = format!("{}/done?tab=2", walk.game().origin);
        let body = json!({ "return_to": return_to });
        browser
            .open(&walk.start_url_with(&player, body).await)
            .await;
        walk.sees_question(&browser, &player).await;
        browser.follow("button").await;
        browser.shows("h1", "Back in the game").await;
        let end = format!("{}/done?tab=2&status=linked", walk.game().moved_to);
        assert_eq!(browser.url().await.as_str(), end);
        assert_eq!(walk.link_status(&player).await, "linked");
        walk.all_is_well(&browser).await;
    });
}

#[test]
#[ignore = "slow: CI runs it"]
fn a_player_goes_back_to_a_site_that_has_moved() {
    walk(async |walk| {
        let (browser, player) = (walk.browser().await, walk.player());
        let body = json!({ "return_to": format!("{}/done", walk.game().origin) });
        browser
            .open(&walk.start_url_with(&player, body).await)
            .await;
        walk.say_yes(&browser, &player).await;
        walk.allow(&browser, &player).await;
        browser.shows("h1", "Back in the game").await;
        let end = format!("{}/done?status=linked", walk.game().moved_to);
        assert_eq!(browser.url().await.as_str(), end);
        walk.all_is_well(&browser).await;
    });
}

#[test]
#[ignore = "slow: CI runs it"]
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
#[ignore = "slow: CI runs it"]
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

//! What strangers can do with addresses that are not theirs, and with sites of their own.

use browser::{Attacker, walk};
use stand_in::Consent;

#[test]
#[ignore = "slow: CI runs it"]
fn a_stolen_callback_address_is_worth_nothing_in_another_browser() {
    walk(async |walk| {
        let (victim, player) = (walk.browser().await, walk.player());
        victim.open(&walk.start_url(&player).await).await;
        walk.say_yes(&victim, &player).await;
        let consent = walk.amazon().consent(
            victim.url().await.as_str(),
            &player.account,
            Consent::Approve,
        );
        let callback = consent.expect("Amazon agrees");

        let thief = walk.browser().await;
        thief.open(&callback).await;
        walk.sees_failure(&thief, "wrong_browser").await;
        assert_eq!(walk.link_status(&player).await, "unlinked");

        victim.open(&callback).await;
        walk.is_linked(&victim, &player).await;
        assert_eq!(walk.links_made(&player), 1);
        walk.all_is_well(&victim).await;
    });
}

#[test]
#[ignore = "slow: CI runs it"]
fn a_stolen_start_address_binds_to_the_browser_that_says_yes() {
    walk(async |walk| {
        let (victim, player) = (walk.browser().await, walk.player());
        let start_url = walk.start_url(&player).await;
        victim.open(&start_url).await;
        walk.sees_question(&victim, &player).await;

        // The thief is asked as well, and told whose player it is.
        let thief = walk.browser().await;
        thief.open(&start_url).await;
        walk.say_yes(&thief, &player).await;

        // From here on it is the thief's browser that can end it, and no other.
        victim.follow("button").await;
        walk.sees_failure(&victim, "invalid_ticket").await;
        let at_amazon = thief.url().await;
        let consent =
            walk.amazon()
                .consent(at_amazon.as_str(), "account-of-a-thief", Consent::Approve);
        let callback = consent.expect("Amazon agrees");
        victim.open(&callback).await;
        walk.sees_failure(&victim, "wrong_browser").await;
        assert_eq!(walk.link_status(&player).await, "unlinked");
        thief.open(&callback).await;
        walk.is_linked(&thief, &player).await;
    });
}

#[test]
#[ignore = "slow: CI runs it"]
fn the_question_is_not_shown_in_a_strangers_frame() {
    walk(async |walk| {
        let (browser, player) = (walk.browser().await, walk.player());
        let start_url = walk.start_url(&player).await;
        let frame = |of: &str| Attacker::start(format!("<iframe src=\"{of}\"></iframe>"));
        let harmless = frame("/other").await.expect("a site");
        browser.open(&harmless.origin).await;
        browser.into_frame().await;
        assert_eq!(browser.text("p").await, "A frame is shown.");

        let attacker = frame(&start_url).await.expect("a site");
        browser.open(&attacker.origin).await;
        browser.into_frame().await;
        assert_eq!(browser.count("form, button, bdi").await, 0);
        let console = browser.console().await.join("\n");
        assert!(console.contains("frame-ancestors 'none'"), "{console}");

        // By itself it is shown.
        browser.open(&start_url).await;
        walk.say_yes(&browser, &player).await;
    });
}

#[test]
fn a_strangers_form_does_not_say_yes() {
    walk(async |walk| {
        let (browser, player) = (walk.browser().await, walk.player());
        let start_url = walk.start_url(&player).await;
        browser.open(&start_url).await;
        // Even with what stands in the victim's page.
        let ticket = browser.attribute("[name=ticket]", "value").await;
        let token = browser.attribute("[name=token]", "value").await;
        let action = format!("{}/link/start", walk.service());
        let page = format!(
            "<form method=\"post\" action=\"{action}\"><input name=\"ticket\" value=\"{ticket}\">\
             <input name=\"token\" value=\"{token}\"><button>A prize!</button></form>"
        );
        let attacker = Attacker::start(page).await.expect("a site");
        browser.open(&attacker.origin).await;
        browser.follow("button").await;
        assert_eq!(browser.url().await.as_str(), action);
        walk.sees_failure(&browser, "wrong_browser").await;

        browser.open(&start_url).await;
        walk.say_yes(&browser, &player).await;
    });
}

//! Pictures of every page that our service has, as a studio sees them that has set nothing.

use browser::{Browser, Player, Walk, walk_alone};
use serde_json::json;
use stand_in::{Endpoint, Fault};

/// A new player is at Amazon's page.
async fn to_amazon(walk: &Walk, browser: &Browser) -> Player {
    let player = walk.player();
    browser.open(&walk.start_url(&player).await).await;
    walk.say_yes(browser, &player).await;
    player
}

/// The page tells of this failure; its picture is taken.
async fn failure(walk: &Walk, browser: &Browser, code: &str) {
    walk.sees_failure(browser, code).await;
    browser.take_pictures(code).await;
}

/// The page in German, which is longer.
async fn in_german(browser: &Browser, name: &str) {
    browser.speak("de-DE").await;
    browser.reload().await;
    assert_eq!(browser.attribute("html", "lang").await, "de");
    browser
        .take_picture_on_phone(&format!("{name}-german"))
        .await;
    browser.speak("en-GB").await;
}

#[test]
#[ignore = "slow: CI runs it"]
fn pictures_of_the_pages_of_a_link() {
    walk_alone(async |walk| {
        let (browser, player) = (walk.browser().await, walk.player());
        browser.open(&walk.start_url(&player).await).await;
        browser.take_pictures("question").await;
        in_german(&browser, "question").await;
        browser.reload().await;
        walk.say_yes(&browser, &player).await;
        walk.allow(&browser, &player).await;
        walk.is_linked(&browser, &player).await;
        browser.take_pictures("linked").await;
        in_german(&browser, "linked").await;

        browser.open(&walk.start_url(&player).await).await;
        assert_eq!(browser.count(".note").await, 1);
        browser.take_pictures("question-linked").await;
        in_german(&browser, "question-linked").await;
        walk.amazon().revoke(&player.account);
        walk.amazon().expire_access_tokens(&player.account);
        walk.check(&player).await;
        assert_eq!(walk.link_status(&player).await, "relink_required");
        browser.reload().await;
        assert_eq!(browser.count(".note").await, 1);
        browser.take_pictures("question-link-again").await;

        let long = "Wolfgang \u{202e}the-\"Unpronounceable\"-of-the-very-long-name ".repeat(2);
        let player = walk.known_player("player-with-a-long-name", &long);
        browser.open(&walk.start_url(&player).await).await;
        browser.take_pictures("question-long-name").await;
        let player = walk.known_player(&"player-with-a-very-long-id_".repeat(4), "Robin");
        browser.open(&walk.start_url(&player).await).await;
        browser.take_pictures("question-long-id").await;

        // The form is not of this browser any more.
        browser
            .devtools("Network.clearBrowserCookies", json!({}))
            .await;
        browser.follow("button").await;
        walk.sees_failure(&browser, "wrong_browser").await;
        browser.take_pictures("question-again").await;
    });
}

#[test]
#[ignore = "slow: CI runs it"]
fn pictures_of_the_ways_back_to_the_game() {
    walk_alone(async |walk| {
        let browser = walk.browser().await;
        let body = json!({ "return_to": "mygame:linked" });
        for (answer, name) in [("allow", "return"), ("cancel", "return-refused")] {
            let player = walk.player();
            let start_url = walk.start_url_with(&player, body.clone()).await;
            browser.open(&start_url).await;
            walk.say_yes(&browser, &player).await;
            browser.follow(&format!("button[value={answer}]")).await;
            assert_eq!(browser.text("a.action").await, "Back to the game");
            browser.take_pictures(name).await;
            in_german(&browser, name).await;
        }
    });
}

#[test]
#[ignore = "slow: CI runs it"]
fn pictures_of_what_goes_wrong_here() {
    walk_alone(async |walk| {
        let browser = walk.browser().await;
        let service = walk.service();
        let open = async |path: &str| browser.open(&format!("{service}{path}")).await;
        open("/link").await;
        failure(walk, &browser, "not_found").await;
        open("/link/start?ticket=unknown").await;
        failure(walk, &browser, "invalid_ticket").await;
        open("/link/callback?state=unknown&code=unknown").await;
        failure(walk, &browser, "invalid_state").await;

        to_amazon(walk, &browser).await;
        let at_amazon = browser.url().await;
        let state = at_amazon.query_pairs().find(|(name, _)| name == "state");
        let callback = format!("/link/callback?code=old&state={}", state.expect("one").1);
        browser
            .devtools("Network.clearBrowserCookies", json!({}))
            .await;
        open(&callback).await;
        failure(walk, &browser, "wrong_browser").await;
        in_german(&browser, "wrong_browser").await;

        let player = walk.player();
        browser.open(&walk.start_url(&player).await).await;
        let fill = "document.querySelector('[name=ticket]').value = 'x'.repeat(70000)";
        browser.run(fill).await;
        browser.follow("button").await;
        failure(walk, &browser, "payload_too_large").await;
    });
}

#[test]
#[ignore = "slow: CI runs it"]
fn pictures_of_what_goes_wrong_at_amazon() {
    walk_alone(async |walk| {
        let browser = walk.browser().await;
        to_amazon(walk, &browser).await;
        browser.follow("button[value=cancel]").await;
        failure(walk, &browser, "access_denied").await;

        let player = to_amazon(walk, &browser).await;
        browser.click("[name=grant]").await;
        walk.allow(&browser, &player).await;
        failure(walk, &browser, "permission_missing").await;

        let linked = to_amazon(walk, &browser).await;
        walk.allow(&browser, &linked).await;
        walk.is_linked(&browser, &linked).await;
        to_amazon(walk, &browser).await;
        walk.allow(&browser, &linked).await;
        failure(walk, &browser, "amazon_account_taken").await;
        in_german(&browser, "amazon_account_taken").await;

        browser.open(&walk.start_url(&linked).await).await;
        walk.say_yes(&browser, &linked).await;
        walk.sign_in(&browser, "another-account").await;
        browser.follow("button[value=allow]").await;
        failure(walk, &browser, "player_already_linked").await;

        let amazon = walk.amazon();
        for (error, code) in [
            ("temporarily_unavailable", "amazon_unavailable"),
            ("unauthorized_client", "internal"),
        ] {
            let fault = Fault::OAuthError {
                error: error.to_owned(),
                description: String::new(),
            };
            amazon.fault(Endpoint::Authorize, fault, 1);
            browser.open(&walk.start_url(&walk.player()).await).await;
            browser.follow("button").await;
            failure(walk, &browser, code).await;
        }

        let too_old = Fault::OAuthError {
            error: "invalid_grant".to_owned(),
            description: String::new(),
        };
        amazon.fault(Endpoint::Token, too_old, 1);
        let player = to_amazon(walk, &browser).await;
        walk.allow(&browser, &player).await;
        failure(walk, &browser, "attempt_expired").await;

        amazon.behave(|it| it.tokeninfo_aud = Some("another-app".to_owned()));
        let player = to_amazon(walk, &browser).await;
        walk.allow(&browser, &player).await;
        failure(walk, &browser, "identity_mismatch").await;
    });
}

//! What impatient players do: back, reload, double clicks. Nothing is exchanged twice.

use std::time::Duration;

use browser::{keys, walk, walk_alone};
use stand_in::{Consent, Endpoint, Fault};

#[test]
#[ignore = "slow: CI runs it"]
fn a_double_click_on_the_question_leads_to_a_link() {
    walk(async |walk| {
        let (browser, player) = (walk.browser().await, walk.player());
        browser.open(&walk.start_url(&player).await).await;
        browser.double_click("button").await;
        walk.is_at_amazon(&browser).await;
        assert_eq!(
            browser.posts().await,
            ["/link/start", "/link/start"],
            "both clicks count, and the browser follows the second"
        );
        walk.allow(&browser, &player).await;
        walk.is_linked(&browser, &player).await;
        assert_eq!(walk.links_made(&player), 1);
        walk.all_is_well(&browser).await;
    });
}

#[test]
#[ignore = "slow: CI runs it"]
fn enter_pressed_twice_on_the_question_leads_to_a_link() {
    walk(async |walk| {
        let (browser, player) = (walk.browser().await, walk.player());
        browser.open(&walk.start_url(&player).await).await;
        walk.tab_to(&browser, "button").await;
        browser.press_twice(keys::ENTER).await;
        walk.is_at_amazon(&browser).await;
        assert_eq!(browser.posts().await, ["/link/start", "/link/start"]);
        walk.allow(&browser, &player).await;
        walk.is_linked(&browser, &player).await;
        assert_eq!(walk.links_made(&player), 1);
        walk.all_is_well(&browser).await;
    });
}

#[test]
#[ignore = "slow: CI runs it"]
fn a_double_click_at_amazon_is_one_link() {
    walk(async |walk| {
        let (browser, player) = (walk.browser().await, walk.player());
        browser.open(&walk.start_url(&player).await).await;
        walk.say_yes(&browser, &player).await;
        walk.sign_in(&browser, &player.account).await;
        browser.double_click("button[value=allow]").await;
        walk.is_linked(&browser, &player).await;
        assert_eq!(
            browser.posts().await,
            ["/link/start", "/ap/oa", "/ap/oa"],
            "the stand-in's page takes both clicks"
        );
        assert_eq!(walk.links_made(&player), 1);
        walk.all_is_well(&browser).await;
    });
}

#[test]
#[ignore = "slow: CI runs it"]
fn back_from_amazon_a_second_yes_leads_there_again() {
    walk(async |walk| {
        let (browser, player) = (walk.browser().await, walk.player());
        browser.open(&walk.start_url(&player).await).await;
        walk.say_yes(&browser, &player).await;
        let first = browser.url().await;
        for _ in 0..2 {
            browser.back().await;
            walk.say_yes(&browser, &player).await;
        }
        walk.allow(&browser, &player).await;
        walk.is_linked(&browser, &player).await;
        // The page of the first yes leads nowhere any more.
        browser.open(first.as_str()).await;
        walk.allow(&browser, &player).await;
        walk.sees_failure(&browser, "invalid_state").await;
        assert_eq!(walk.links_made(&player), 1);
        walk.all_is_well(&browser).await;
    });
}

#[test]
#[ignore = "slow: CI runs it"]
fn back_from_the_end_a_second_yes_shows_the_same_end() {
    walk(async |walk| {
        let (browser, player) = (walk.browser().await, walk.player());
        let start_url = walk.start_url(&player).await;
        browser.open(&start_url).await;
        walk.say_yes(&browser, &player).await;
        walk.allow(&browser, &player).await;
        walk.is_linked(&browser, &player).await;
        browser.open(&start_url).await;
        walk.sees_question(&browser, &player).await;
        browser.follow("button").await;
        browser.shows("h1", "Your Amazon account is linked").await;
        assert_eq!(walk.links_made(&player), 1);
        walk.all_is_well(&browser).await;
    });
}

#[test]
#[ignore = "slow: CI runs it"]
fn two_first_requests_that_cross_leave_the_player_on_the_way() {
    walk(async |walk| {
        let (browser, player) = (walk.browser().await, walk.player());
        let start_url = walk.start_url(&player).await;
        let first = browser.tab().await;
        browser.open(&start_url).await;
        // As if both requests had left before the first answer: the browser keeps the other cookie.
        let forget = "Network.clearBrowserCookies";
        browser.devtools(forget, serde_json::json!({})).await;
        browser.new_tab().await;
        browser.open(&start_url).await;
        browser.show(&first).await;
        browser.follow("button").await;
        walk.sees_failure(&browser, "wrong_browser").await;
        walk.say_yes(&browser, &player).await;
        walk.allow(&browser, &player).await;
        walk.is_linked(&browser, &player).await;
        walk.all_is_well(&browser).await;
    });
}

#[test]
#[ignore = "slow: CI runs it"]
fn a_second_tab_waits_for_the_first_ones_link() {
    walk_alone(async |walk| {
        let (browser, player) = (walk.browser().await, walk.player());
        browser.open(&walk.start_url(&player).await).await;
        walk.say_yes(&browser, &player).await;
        let at_amazon = browser.url().await;
        let amazon = walk.amazon();
        let callback = amazon.consent(at_amazon.as_str(), &player.account, Consent::Approve);
        let callback = callback.expect("Amazon agrees");
        // Amazon takes so long for each step.
        let slow = Fault::Stall(Duration::from_millis(4500));
        for endpoint in [Endpoint::Token, Endpoint::TokenInfo] {
            amazon.fault(endpoint, slow.clone(), 1);
        }
        // In a tab that the driver does not wait for.
        let go = format!("window.open('{callback}'); return null");
        browser.run(&go).await;
        let asked = async {
            while amazon.calls_to(Endpoint::Token) == 0 {
                tokio::task::yield_now().await;
            }
        };
        let asked = tokio::time::timeout(Duration::from_secs(60), asked).await;
        asked.expect("the first tab comes back");
        // To the letter the same address would wait for the first answer in Chromium's cache.
        browser.open(&format!("{callback}&tab=2")).await;
        browser.shows("h1", "We are linking your account").await;
        browser.take_pictures("under_way").await;
        // The page looks again by itself.
        walk.is_linked(&browser, &player).await;
        assert_eq!(walk.exchanges_of(&browser.url().await), 1);
        assert_eq!(walk.links_made(&player), 1);
        walk.all_is_well(&browser).await;
    });
}

#[test]
#[ignore = "slow: CI runs it"]
fn back_from_amazon_and_forward_again_goes_on() {
    walk(async |walk| {
        let (browser, player) = (walk.browser().await, walk.player());
        browser.open(&walk.start_url(&player).await).await;
        walk.say_yes(&browser, &player).await;
        browser.back().await;
        browser.forward().await;
        walk.is_at_amazon(&browser).await;
        walk.allow(&browser, &player).await;
        walk.is_linked(&browser, &player).await;
        assert_eq!(walk.links_made(&player), 1);
        walk.all_is_well(&browser).await;
    });
}

#[test]
#[ignore = "slow: CI runs it"]
fn back_from_the_end_and_allowing_again_shows_the_same_end() {
    walk(async |walk| {
        let (browser, player) = (walk.browser().await, walk.player());
        browser.open(&walk.start_url(&player).await).await;
        walk.say_yes(&browser, &player).await;
        walk.allow(&browser, &player).await;
        walk.is_linked(&browser, &player).await;
        let first = browser.url().await;
        browser.back().await;
        walk.is_at_amazon(&browser).await;
        walk.allow(&browser, &player).await;
        walk.is_linked(&browser, &player).await;
        let second = browser.url().await;
        assert_eq!(walk.exchanges_of(&first), 1);
        assert_eq!(walk.exchanges_of(&second), 0, "Amazon gave another code");
        assert_eq!(walk.links_made(&player), 1);
        walk.all_is_well(&browser).await;
    });
}

#[test]
#[ignore = "slow: CI runs it"]
fn reloading_the_end_shows_it_again() {
    walk(async |walk| {
        let (browser, player) = (walk.browser().await, walk.player());
        browser.open(&walk.start_url(&player).await).await;
        walk.say_yes(&browser, &player).await;
        walk.allow(&browser, &player).await;
        walk.is_linked(&browser, &player).await;
        browser.reload().await;
        walk.is_linked(&browser, &player).await;
        assert_eq!(walk.exchanges_of(&browser.url().await), 1);
        assert_eq!(walk.links_made(&player), 1);
        walk.all_is_well(&browser).await;
    });
}

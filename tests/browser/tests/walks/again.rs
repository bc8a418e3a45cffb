//! What impatient players do: back, reload, double clicks. Nothing is exchanged twice.

use browser::walk;

#[test]
fn a_double_click_on_the_question_leads_to_amazon_once() {
    walk(async |walk| {
        let (browser, player) = (walk.browser().await, walk.player());
        browser.open(&walk.start_url(&player).await).await;
        browser.double_click("button").await;
        walk.is_at_amazon(&browser).await;
        assert_eq!(browser.posts().await, ["/link/start"]);
        walk.allow(&browser, &player).await;
        walk.is_linked(&browser, &player).await;
        assert_eq!(walk.links_made(&player), 1);
        walk.all_is_well(&browser).await;
    });
}

#[test]
fn a_click_counts_again_after_a_double_click() {
    walk(async |walk| {
        let (browser, player) = (walk.browser().await, walk.player());
        browser.open(&walk.start_url(&player).await).await;
        // The first click goes nowhere, as on a phone in a tunnel.
        let cut = "document.querySelector('form').addEventListener('submit', \
                   event => event.preventDefault(), { once: true });";
        browser.run(cut).await;
        browser.double_click("button").await;
        walk.sees_question(&browser, &player).await;
        browser.follow("button").await;
        walk.is_at_amazon(&browser).await;
        walk.all_is_well(&browser).await;
    });
}

#[test]
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
fn back_from_amazon_a_second_yes_is_told_that_the_address_is_used() {
    walk(async |walk| {
        let (browser, player) = (walk.browser().await, walk.player());
        browser.open(&walk.start_url(&player).await).await;
        walk.say_yes(&browser, &player).await;
        browser.back().await;
        // Chromium either kept the page as it was, or asked for it again.
        if browser.count("form").await == 1 {
            browser.submit("form").await;
        }
        walk.sees_failure(&browser, "invalid_ticket").await;

        browser.open(&walk.start_url(&player).await).await;
        walk.say_yes(&browser, &player).await;
        walk.allow(&browser, &player).await;
        walk.is_linked(&browser, &player).await;
        assert_eq!(walk.links_made(&player), 1);
        walk.all_is_well(&browser).await;
    });
}

#[test]
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

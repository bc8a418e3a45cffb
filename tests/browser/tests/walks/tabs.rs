//! Two tabs of one browser.

use browser::walk;

#[test]
#[ignore = "slow: CI runs it"]
fn two_tabs_with_two_tickets_both_finish() {
    walk(async |walk| {
        let (browser, player) = (walk.browser().await, walk.player());
        let first = browser.tab().await;
        browser.open(&walk.start_url(&player).await).await;
        let second = browser.new_tab().await;
        browser.open(&walk.start_url(&player).await).await;
        walk.say_yes(&browser, &player).await;

        // Both are under way before either ends.
        browser.show(&first).await;
        walk.say_yes(&browser, &player).await;
        browser.show(&second).await;
        walk.allow(&browser, &player).await;
        walk.is_linked(&browser, &player).await;
        browser.show(&first).await;
        walk.allow(&browser, &player).await;
        walk.is_linked(&browser, &player).await;
        walk.all_is_well(&browser).await;
    });
}

#[test]
#[ignore = "slow: CI runs it"]
fn two_tabs_with_one_ticket_are_one_link() {
    walk(async |walk| {
        let (browser, player) = (walk.browser().await, walk.player());
        let start_url = walk.start_url(&player).await;
        let first = browser.tab().await;
        browser.open(&start_url).await;
        let second = browser.new_tab().await;
        browser.open(&start_url).await;
        walk.say_yes(&browser, &player).await;

        // The later yes counts.
        browser.show(&first).await;
        walk.say_yes(&browser, &player).await;
        browser.show(&second).await;
        walk.allow(&browser, &player).await;
        walk.sees_failure(&browser, "invalid_state").await;

        browser.show(&first).await;
        walk.allow(&browser, &player).await;
        walk.is_linked(&browser, &player).await;
        assert_eq!(walk.links_made(&player), 1);
        walk.all_is_well(&browser).await;
    });
}

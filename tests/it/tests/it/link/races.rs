//! Requests at the same time: the conditions in the database decide, and decide once.

use std::collections::BTreeSet;

use futures_util::future::{join, join_all};
use it::{Answer, BASE_URL, World, hidden_inputs};
use stand_in::Endpoint;

use crate::link::support::{
    back_from_amazon, cookies, linked_pairs, links, no_violations, nothing_linked, open,
    open_attempts, parameter, status, text,
};

/// How often each race is run: an interleaving is a matter of chance.
pub(crate) const ROUNDS: usize = 5;

pub(crate) fn statuses(answers: &[Answer]) -> Vec<u16> {
    let mut statuses: Vec<_> = answers.iter().map(|it| it.status.as_u16()).collect();
    statuses.sort_unstable();
    statuses
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_callbacks_with_one_state_exchange_once_and_both_see_the_link() {
    for _ in 0..ROUNDS {
        let world = World::new().await;
        let (browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
        let cookies = cookies(&browser);
        let (one, two) = join(open(&world, &cookies, &back), open(&world, &cookies, &back)).await;
        one.page(200, "Player p1");
        two.page(200, "Player p1");
        assert_eq!(world.amazon.calls_to(Endpoint::Token), 1);
        assert_eq!(world.amazon.calls_to(Endpoint::Profile), 1);
        linked_pairs(&world, &[("p1", "alice")]).await;
        no_violations(&world);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_callbacks_with_one_state_exchange_once() {
    let world = World::new().await;
    let (browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
    let cookies = cookies(&browser);
    let answers = join_all((0..20).map(|_| open(&world, &cookies, &back))).await;
    for answer in &answers {
        answer.page(200, "Player p1");
    }
    assert_eq!(world.amazon.calls_to(Endpoint::Token), 1);
    linked_pairs(&world, &[("p1", "alice")]).await;
    no_violations(&world);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_callbacks_of_a_failure_both_see_it() {
    let world = World::new().await;
    let (browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
    world
        .amazon
        .fault(Endpoint::Token, stand_in::Fault::NotJson, 1);
    let cookies = cookies(&browser);
    let answers = join_all((0..5).map(|_| open(&world, &cookies, &back))).await;
    for answer in &answers {
        answer.page(503, "amazon_unavailable");
    }
    assert_eq!(world.amazon.calls_to(Endpoint::Token), 1);
    nothing_linked(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_with_the_address_does_not_get_in_the_way() {
    let world = World::new().await;
    let (browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
    let cookies = cookies(&browser);
    let strangers = (0..10).map(|_| open(&world, "prime-gaming-browser=x", &back));
    let (strangers, mine) = join(join_all(strangers), open(&world, &cookies, &back)).await;
    for answer in &strangers {
        answer.page(403, "wrong_browser");
    }
    mine.page(200, "Player p1");
    assert_eq!(world.amazon.calls_to(Endpoint::Token), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_amazon_accounts_for_one_player_make_one_link() {
    for _ in 0..ROUNDS {
        let world = World::new().await;
        let (one, back_one) = back_from_amazon(&world, "p1", "alice", None).await;
        let (two, back_two) = back_from_amazon(&world, "p1", "bob", None).await;
        let (cookies_one, cookies_two) = (cookies(&one), cookies(&two));
        let (one, two) = join(
            open(&world, &cookies_one, &back_one),
            open(&world, &cookies_two, &back_two),
        )
        .await;
        let (winner, loser) = if one.status == 200 {
            ("alice", two)
        } else {
            two.page(200, "Player p1");
            ("bob", one)
        };
        loser.page(409, "player_already_linked");
        assert_eq!(links(&world, "AMAZON#").await.len(), 1);
        linked_pairs(&world, &[("p1", winner)]).await;
        no_violations(&world);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_pair_linked_twice_at_once_is_one_link() {
    for _ in 0..ROUNDS {
        let world = World::new().await;
        let (one, back_one) = back_from_amazon(&world, "p1", "alice", None).await;
        let (two, back_two) = back_from_amazon(&world, "p1", "alice", None).await;
        let (cookies_one, cookies_two) = (cookies(&one), cookies(&two));
        let (one, two) = join(
            open(&world, &cookies_one, &back_one),
            open(&world, &cookies_two, &back_two),
        )
        .await;
        one.page(200, "Player p1");
        two.page(200, "Player p1");
        linked_pairs(&world, &[("p1", "alice")]).await;
        assert_eq!(world.check("p1").await["fresh"], true);
        no_violations(&world);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_twenty_posts_of_one_ticket_one_leads_to_a_link() {
    let world = World::new().await;
    let mut browser = world.browser();
    let start = browser.start_url("p1", None).await;
    let inputs = hidden_inputs(&browser.get(&start).await.body);
    let cookies = cookies(&browser);
    let form = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&inputs)
        .finish();
    let posts = (0..20).map(|_| {
        let call = world
            .call("POST", "/link/start")
            .header("cookie", &cookies)
            .header("origin", BASE_URL)
            .header("content-type", "application/x-www-form-urlencoded");
        call.body(form.clone()).send()
    });
    let answers = join_all(posts).await;
    assert_eq!(statuses(&answers), [303; 20]);
    let states: BTreeSet<_> = answers
        .iter()
        .map(|answer| parameter(answer.location(), "state"))
        .collect();
    assert_eq!(states.len(), 20, "each has a state of its own");
    assert_eq!(open_attempts(&world, "p1").await, 1);
    // All of them come back at once: the newest one alone is not void.
    let backs: Vec<_> = answers
        .iter()
        .map(|answer| browser.allow(answer.location(), "alice"))
        .collect();
    let ends = join_all(backs.iter().map(|back| open(&world, &cookies, back))).await;
    assert_eq!(statuses(&ends), [&[200][..], &[400; 19]].concat());
    for end in &ends {
        if end.status == 200 {
            end.page(200, "Player p1");
        } else {
            end.page(400, "invalid_state");
        }
    }
    assert_eq!(world.amazon.calls_to(Endpoint::Token), 1);
    linked_pairs(&world, &[("p1", "alice")]).await;
    assert_eq!(open_attempts(&world, "p1").await, 0);
    no_violations(&world);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unlinking_while_linking_leaves_both_items_or_none() {
    for _ in 0..ROUNDS {
        let world = World::new().await;
        world.link("p1", "alice").await.page(200, "Player p1");
        let (browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
        let cookies = cookies(&browser);
        let unlink = world.call_as("p1", "DELETE", "/v1/link").send();
        let (linked, unlinked) = join(open(&world, &cookies, &back), unlink).await;
        linked.page(200, "Player p1");
        assert_eq!(unlinked.status, 204);
        if status(&world, "p1").await["status"] == "linked" {
            linked_pairs(&world, &[("p1", "alice")]).await;
        } else {
            nothing_linked(&world).await;
        }
        no_violations(&world);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unlinking_many_times_at_once_is_unlinking() {
    let world = World::new().await;
    world.link("p1", "alice").await.page(200, "Player p1");
    let calls = (0..10).map(|_| world.call_as("p1", "DELETE", "/v1/link").send());
    assert_eq!(statuses(&join_all(calls).await), [204; 10]);
    nothing_linked(&world).await;
    let attempts = links(&world, "ATTEMPT#").await;
    assert!(attempts.values().all(|it| text(it, "status") == "linked"));
}

//! The server keeps the pace of polling: however often a game asks, Amazon is asked once an
//! interval, and by one request at a time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::{join, join_all};
use it::World;
use prime_gaming::flow::{self, Budget};
use serde_json::{Value, json};
use stand_in::{Endpoint, Fault};

use crate::devices::support::{
    approve, approved, devices, ended, failed, id, own_client, pass, pending, poll, poll_later,
    polls, start,
};
use crate::link::support::{back_from_amazon, cookies, linked_pairs, links, no_violations, open};

/// How often each race is run: an interleaving is a matter of chance.
const ROUNDS: usize = 5;

#[tokio::test]
async fn a_game_that_polls_too_fast_gets_the_stored_answer() {
    let world = devices().await;
    let session = start(&world, "p1").await;
    for _ in 0..3 {
        assert_eq!(poll(&world, "p1", &session).await, pending());
    }
    assert_eq!(polls(&world), 1);
    pass(&world, 29);
    approve(&world, &session, "alice");
    assert_eq!(poll(&world, "p1", &session).await, pending());
    assert_eq!(polls(&world), 1);
    pass(&world, 1);
    assert_eq!(poll(&world, "p1", &session).await, ended("linked"));
    assert_eq!(polls(&world), 2);
    no_violations(&world);
}

#[tokio::test]
async fn every_process_keeps_the_same_pace() {
    let world = devices().await;
    let session = start(&world, "p1").await;
    assert_eq!(poll(&world, "p1", &session).await, pending());
    let other = world.another_process().await;
    let player = it::player_id("p1");
    let answer = flow::poll_device(&other, Budget::of_request(), &player, id(&session)).await;
    let answer = answer.expect("an answer").expect("a session");
    assert_eq!(answer.status.as_str(), "pending");
    assert_eq!(polls(&world), 1);
}

#[tokio::test]
async fn slow_down_doubles_the_interval() {
    let world = devices().await;
    let session = start(&world, "p1").await;
    let slow_down = || Fault::OAuthError {
        error: "slow_down".to_owned(),
        description: String::new(),
    };
    world.amazon.fault(Endpoint::Token, slow_down(), 2);
    let slower = |interval: u64| json!({"status": "pending", "interval": interval, "error": null});
    assert_eq!(poll(&world, "p1", &session).await, slower(60));
    pass(&world, 59);
    assert_eq!(poll(&world, "p1", &session).await, slower(60));
    assert_eq!(polls(&world), 1);
    pass(&world, 1);
    assert_eq!(poll(&world, "p1", &session).await, slower(120));
    assert_eq!(polls(&world), 2);
    pass(&world, 119);
    assert_eq!(poll(&world, "p1", &session).await, slower(120));
    pass(&world, 1);
    assert_eq!(poll(&world, "p1", &session).await, slower(120));
    assert_eq!(polls(&world), 3);
    no_violations(&world);
}

#[tokio::test]
async fn the_interval_is_amazons() {
    let world = devices().await;
    world.amazon.behave(|it| it.device_interval_seconds = 1);
    let session = start(&world, "p1").await;
    assert_eq!(session["interval"], 1);
    for count in 1..=3 {
        assert_eq!(poll(&world, "p1", &session).await["interval"], 1);
        assert_eq!(polls(&world), count);
        assert_eq!(poll(&world, "p1", &session).await["status"], "pending");
        assert_eq!(polls(&world), count);
        pass(&world, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_polls_at_once_one_asks_amazon() {
    for _ in 0..ROUNDS {
        let world = devices().await;
        let session = approved(&world, "p1", "alice").await;
        let answers = join_all((0..8).map(|_| poll(&world, "p1", &session))).await;
        assert_eq!(polls(&world), 1);
        assert!(answers.contains(&ended("linked")), "{answers:?}");
        for answer in answers {
            assert!([ended("linked"), pending()].contains(&answer), "{answer}");
        }
        assert_eq!(poll(&world, "p1", &session).await, ended("linked"));
        linked_pairs(&world, &[("p1", "alice")]).await;
        no_violations(&world);
    }
}

/// Waits until Amazon has the slow poll, or that is over.
async fn until_asked(world: &World, is_over: &AtomicBool) {
    while polls(world) == 0 && !is_over.load(Ordering::SeqCst) {
        tokio::task::yield_now().await;
    }
}

/// A slow poll, and what is done meanwhile; that is told when the slow one is over.
async fn overtaken(
    slow: impl Future<Output = Value>,
    meanwhile: impl AsyncFnOnce(&AtomicBool) -> Value,
) -> (Value, Value) {
    let is_over = AtomicBool::new(false);
    let slow = async {
        let answer = slow.await;
        is_over.store(true, Ordering::SeqCst);
        answer
    };
    join(slow, meanwhile(&is_over)).await
}

/// A slow poll has used the pair up; a second one would hear that the pair is dead, and must not
/// end the session with that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poll_that_takes_longer_than_the_interval_is_not_overtaken() {
    let world = devices().await;
    world.amazon.behave(|it| it.device_interval_seconds = 1);
    let session = approved(&world, "p1", "alice").await;
    let slow = Fault::AfterEffect(Box::new(Fault::Stall(Duration::from_secs(1))));
    world.amazon.fault(Endpoint::Token, slow, 1);
    let impatient = async |slow: &AtomicBool| {
        until_asked(&world, slow).await;
        pass(&world, 2);
        poll(&world, "p1", &session).await["error"].clone()
    };
    let (answer, error) = overtaken(poll(&world, "p1", &session), impatient).await;
    assert_eq!(answer["status"], "linked");
    assert_eq!(error, json!(null));
    assert_eq!(polls(&world), 1);
    linked_pairs(&world, &[("p1", "alice")]).await;
}

/// The code expires while its poll is under way: what that finds out counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poll_that_began_in_time_is_not_expired() {
    let world = devices().await;
    let session = approved(&world, "p1", "alice").await;
    let slow = Fault::AfterEffect(Box::new(Fault::Stall(Duration::from_secs(1))));
    world.amazon.fault(Endpoint::Token, slow, 1);
    world.clock.advance(Duration::from_secs(590));
    let late = async |slow: &AtomicBool| {
        until_asked(&world, slow).await;
        world.clock.advance(Duration::from_secs(11));
        poll(&world, "p1", &session).await["status"].clone()
    };
    let (answer, status) = overtaken(poll(&world, "p1", &session), late).await;
    assert_eq!(answer["status"], "linked");
    assert_ne!(status, "expired");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_players_with_one_amazon_account_make_one_link() {
    for _ in 0..ROUNDS {
        let world = devices().await;
        let one = approved(&world, "p1", "alice").await;
        let two = approved(&world, "p2", "alice").await;
        let (a, b) = join(poll(&world, "p1", &one), poll(&world, "p2", &two)).await;
        let winner = if a == ended("linked") {
            assert_eq!(b, failed("amazon_account_taken"));
            "p1"
        } else {
            assert_eq!((a, b), (failed("amazon_account_taken"), ended("linked")));
            "p2"
        };
        linked_pairs(&world, &[(winner, "alice")]).await;
        no_violations(&world);
    }
}

/// The way of a browser and the way of a device at once, for these players, as one account.
async fn both_ways(world: &World, by_browser: &str, by_device: &str) -> (u16, Value) {
    let session = approved(world, by_device, "alice").await;
    let (browser, back) = back_from_amazon(world, by_browser, "alice", None).await;
    let cookies = cookies(&browser);
    let (page, answer) = join(
        open(world, &cookies, &back),
        poll(world, by_device, &session),
    )
    .await;
    // Ended is ended.
    assert_eq!(poll_later(world, by_device, &session).await, answer);
    (page.status.as_u16(), answer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_and_a_device_at_once_for_one_account_make_one_link() {
    for _ in 0..ROUNDS {
        let world = own_client(None).await;
        let winner = match both_ways(&world, "p1", "p2").await {
            (200, answer) => {
                assert_eq!(answer, failed("amazon_account_taken"));
                "p1"
            }
            (status, answer) => {
                assert_eq!((status, answer), (409, ended("linked")));
                "p2"
            }
        };
        linked_pairs(&world, &[(winner, "alice")]).await;
        assert_eq!(links(&world, "AMAZON#").await.len(), 1);
        no_violations(&world);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_and_a_device_at_once_for_one_player_agree() {
    for _ in 0..ROUNDS {
        let world = own_client(None).await;
        let (status, answer) = both_ways(&world, "p1", "p1").await;
        assert_eq!((status, answer), (200, ended("linked")));
        linked_pairs(&world, &[("p1", "alice")]).await;
        no_violations(&world);
    }
}

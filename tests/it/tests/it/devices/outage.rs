//! Amazon does not answer, or our own side fails, while a device polls: nothing that can be kept
//! is lost.

use std::time::Duration;

use it::World;
use stand_in::{Endpoint, Fault};

use crate::devices::support::{
    approved, devices, ended, failed, own_client, pass, pending, poll, poll_later, polls, start,
    try_start,
};
use crate::link::support::{linked_pairs, links, no_violations, nothing_linked, text};

fn status(status: u16) -> Fault {
    Fault::Status {
        status,
        body: "{}".to_owned(),
        retry_after: None,
    }
}

#[tokio::test]
async fn a_poll_that_amazon_does_not_answer_leaves_the_session_pending() {
    let oauth = Fault::OAuthError {
        error: "ServerError".to_owned(),
        description: String::new(),
    };
    for fault in [
        status(500),
        status(503),
        status(429),
        status(404),
        oauth,
        Fault::Truncated,
        Fault::NotJson,
        Fault::Huge(10_000_000),
    ] {
        let world = devices().await;
        let session = approved(&world, "p1", "alice").await;
        world.amazon.fault(Endpoint::Token, fault.clone(), 2);
        assert_eq!(poll(&world, "p1", &session).await, pending(), "{fault:?}");
        assert_eq!(poll(&world, "p1", &session).await, pending(), "too soon");
        assert_eq!(polls(&world), 1, "it is not repeated in the same breath");
        assert_eq!(poll_later(&world, "p1", &session).await, pending());
        assert_eq!(poll_later(&world, "p1", &session).await, ended("linked"));
        assert_eq!(polls(&world), 3);
        linked_pairs(&world, &[("p1", "alice")]).await;
        no_violations(&world);
    }
}

#[tokio::test]
async fn a_poll_whose_connection_died_is_repeated_at_once() {
    let world = devices().await;
    let session = approved(&world, "p1", "alice").await;
    world.amazon.fault(Endpoint::Token, Fault::Reset, 3);
    assert_eq!(poll(&world, "p1", &session).await, pending());
    assert_eq!(polls(&world), 2);
    assert_eq!(poll_later(&world, "p1", &session).await, ended("linked"));
    assert_eq!(polls(&world), 4);
    no_violations(&world);
}

#[tokio::test]
async fn a_passing_failure_of_who_knows_the_account_costs_no_poll() {
    for endpoint in [Endpoint::TokenInfo, Endpoint::Profile] {
        let world = devices().await;
        let session = approved(&world, "p1", "alice").await;
        for code in [502, 503, 504] {
            world.amazon.fault(endpoint, status(code), 1);
        }
        assert_eq!(poll(&world, "p1", &session).await, ended("linked"));
        assert_eq!(world.amazon.calls_to(endpoint), 4);
        no_violations(&world);
    }
}

#[tokio::test]
async fn a_silent_amazon_leaves_the_session_pending() {
    let world = devices().await;
    let session = approved(&world, "p1", "alice").await;
    let silence = Fault::Stall(Duration::from_secs(60));
    world.amazon.fault(Endpoint::Token, silence, 1);
    assert_eq!(poll(&world, "p1", &session).await, pending());
    assert_eq!(poll_later(&world, "p1", &session).await, ended("linked"));
}

#[tokio::test]
async fn retry_after_is_honoured_by_every_process() {
    let mut world = devices().await;
    let session = approved(&world, "p1", "alice").await;
    let busy = Fault::Status {
        status: 503,
        body: String::new(),
        retry_after: Some(100),
    };
    world.amazon.fault(Endpoint::Token, busy, 1);
    assert_eq!(poll(&world, "p1", &session).await, pending());
    world.app = world.another_process().await;
    pass(&world, 99);
    assert_eq!(poll(&world, "p1", &session).await, pending());
    assert_eq!(polls(&world), 1);
    pass(&world, 1);
    assert_eq!(poll(&world, "p1", &session).await, ended("linked"));
}

/// What can't be helped: the pair is used up and the answer is gone.
#[tokio::test]
async fn tokens_that_never_arrived_end_the_session() {
    let world = devices().await;
    let session = approved(&world, "p1", "alice").await;
    let lost = Fault::AfterEffect(Box::new(Fault::Truncated));
    world.amazon.fault(Endpoint::Token, lost, 1);
    assert_eq!(poll(&world, "p1", &session).await, pending());
    assert_eq!(poll_later(&world, "p1", &session).await, ended("expired"));
    nothing_linked(&world).await;
    // And the player may try again at once.
    let session = approved(&world, "p1", "alice").await;
    assert_eq!(poll(&world, "p1", &session).await, ended("linked"));
}

#[tokio::test]
async fn an_outage_of_who_knows_the_account_does_not_cost_the_link() {
    for (endpoint, fault) in [
        (Endpoint::TokenInfo, status(500)),
        (Endpoint::TokenInfo, Fault::Reset),
        (Endpoint::TokenInfo, Fault::NotJson),
        (Endpoint::Profile, status(500)),
        (Endpoint::Profile, Fault::Truncated),
        (Endpoint::Profile, Fault::Huge(10_000_000)),
    ] {
        let world = own_client(None).await;
        let session = approved(&world, "p1", "alice").await;
        // A GET is repeated once.
        world.amazon.fault(endpoint, fault.clone(), 2);
        assert_eq!(poll(&world, "p1", &session).await, pending(), "{fault:?}");
        world.amazon.clear_faults();
        nothing_linked(&world).await;
        let devices = links(&world, "DEVICE#").await;
        let device = devices.values().next().expect("a session");
        assert!(text(device, "tokens").starts_with("test-1."), "sealed");
        assert!(!device.contains_key("pair"), "used up: {device:?}");
        let asked = world.asked();
        assert_eq!(poll(&world, "p1", &session).await, pending(), "too soon");
        assert_eq!(world.asked(), asked);
        assert_eq!(poll_later(&world, "p1", &session).await, ended("linked"));
        assert_eq!(polls(&world), 1, "the pair works once");
        linked_pairs(&world, &[("p1", "alice")]).await;
        no_violations(&world);
    }
}

#[tokio::test]
async fn tokens_are_kept_beyond_the_life_of_the_code() {
    let world = devices().await;
    let session = approved(&world, "p1", "alice").await;
    world.amazon.fault(Endpoint::Profile, status(500), 1);
    assert_eq!(poll(&world, "p1", &session).await, pending());
    pass(&world, 599);
    try_start(&world, "p1")
        .await
        .problem(429, "too_many_attempts");
    pass(&world, 1);
    start(&world, "p1").await;
    assert_eq!(poll(&world, "p1", &session).await, ended("linked"));
    assert_eq!(polls(&world), 1);
}

#[tokio::test]
async fn tokens_that_nobody_could_look_at_while_they_lived_end_the_session() {
    let world = devices().await;
    world.amazon.access_token_seconds(60);
    let session = approved(&world, "p1", "alice").await;
    world.amazon.fault(Endpoint::Profile, status(500), 1);
    assert_eq!(poll(&world, "p1", &session).await, pending());
    pass(&world, 60);
    let ending = failed("amazon_unavailable");
    assert_eq!(poll(&world, "p1", &session).await, ending);
    assert_eq!(poll_later(&world, "p1", &session).await, ending);
    nothing_linked(&world).await;
}

/// A process dies after the tokens were stored: another one makes the link of them.
#[tokio::test]
async fn a_crash_after_the_tokens_came_does_not_cost_the_link() {
    let world = devices().await;
    world.amazon.behave(|it| it.device_interval_seconds = 1);
    let session = approved(&world, "p1", "alice").await;
    // Taking the poll and keeping the tokens pass; nothing that comes after them does.
    world.database.refuse("TransactWriteItems", 0, 1);
    world.database.refuse("UpdateItem", 2, 1);
    let answer = poll(&world, "p1", &session).await;
    assert_eq!(answer["status"], "pending");
    nothing_linked(&world).await;
    // Its lease protects it for as long as a request can live.
    pass(&world, 29);
    let answer = poll(&world, "p1", &session).await;
    assert_eq!(answer["status"], "pending");
    assert_eq!(world.amazon.calls_to(Endpoint::Profile), 1);
    pass(&world, 1);
    let answer = poll(&world, "p1", &session).await;
    assert_eq!(answer["status"], "linked");
    assert_eq!(polls(&world), 1, "the pair works once");
    linked_pairs(&world, &[("p1", "alice")]).await;
    no_violations(&world);
}

#[tokio::test]
async fn a_database_that_does_not_take_the_link_now_takes_it_later() {
    let world = devices().await;
    let session = approved(&world, "p1", "alice").await;
    world.database.refuse("TransactWriteItems", 0, 1);
    assert_eq!(poll(&world, "p1", &session).await, pending());
    assert_eq!(poll_later(&world, "p1", &session).await, ended("linked"));
    assert_eq!(polls(&world), 1);
    linked_pairs(&world, &[("p1", "alice")]).await;
}

/// Tokens that the database does not take still make a link, if it takes that.
#[tokio::test]
async fn tokens_that_could_not_be_kept_are_used_at_once() {
    for times in [1, 3] {
        let world = devices().await;
        let session = approved(&world, "p1", "alice").await;
        world.database.refuse("UpdateItem", 1, times);
        assert_eq!(poll(&world, "p1", &session).await, ended("linked"));
        linked_pairs(&world, &[("p1", "alice")]).await;
    }
}

#[tokio::test]
async fn no_poll_goes_out_that_the_database_did_not_grant() {
    let world = devices().await;
    let session = approved(&world, "p1", "alice").await;
    world.database.refuse("UpdateItem", 0, 1);
    let path = format!("/v1/link/devices/{}", session["id"].as_str().expect("it"));
    let answer = world.call_as("p1", "POST", &path).send().await;
    answer.problem(503, "unavailable");
    assert_eq!(polls(&world), 0);
    assert_eq!(poll(&world, "p1", &session).await, ended("linked"));
}

#[tokio::test]
async fn an_ending_that_was_not_stored_is_found_again() {
    let world = devices().await;
    world.linked("p2", "alice").await;
    let session = approved(&world, "p1", "alice").await;
    world.amazon.reset_calls();
    // Taking the poll and keeping the tokens pass, the ending does not.
    world.database.refuse("UpdateItem", 2, 1);
    let ending = failed("amazon_account_taken");
    assert_eq!(poll(&world, "p1", &session).await, ending);
    assert_eq!(poll_later(&world, "p1", &session).await, ending);
    assert_eq!(poll_later(&world, "p1", &session).await, ending);
    assert_eq!(polls(&world), 1);
    assert_eq!(world.amazon.calls_to(Endpoint::Profile), 2);
}

/// Every write of a good session whose answer is lost, one at a time.
#[tokio::test]
async fn answers_of_the_database_that_are_lost_change_nothing() {
    for (operation, pass) in [
        ("UpdateItem", 0),
        ("UpdateItem", 1),
        ("UpdateItem", 2),
        ("UpdateItem", 3),
        ("TransactWriteItems", 0),
        ("TransactWriteItems", 1),
    ] {
        let world = devices().await;
        world.database.lose_answer(operation, pass);
        let session = start(&world, "p1").await;
        assert_eq!(poll(&world, "p1", &session).await, pending());
        crate::devices::support::approve(&world, &session, "alice");
        assert_eq!(poll_later(&world, "p1", &session).await, ended("linked"));
        assert_eq!(polls(&world), 2, "{operation} {pass}");
        linked_pairs(&world, &[("p1", "alice")]).await;
        no_violations(&world);
    }
}

#[tokio::test]
async fn an_ending_whose_answer_was_lost_is_the_ending() {
    for pass in [0, 1] {
        let world: World = devices().await;
        let session = start(&world, "p1").await;
        crate::devices::support::decide(&world, &session, "alice", stand_in::Consent::Refuse);
        world.database.lose_answer("UpdateItem", pass);
        assert_eq!(poll(&world, "p1", &session).await, ended("denied"));
        assert_eq!(poll_later(&world, "p1", &session).await, ended("denied"));
        assert_eq!(polls(&world), 1);
    }
}

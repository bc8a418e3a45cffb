//! Tokens that have expired: who refreshes them, what is kept, and what ends a link.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use it::{World, confirm_in, ids_of, status_of};
use serde_json::json;
use stand_in::Endpoint::{self, Entitlements, Fulfill, Token};
use stand_in::Fault;

/// For so long a refresh that brought nothing keeps the next one away.
const LEASE_SECONDS: u64 = 30;

async fn linked_world() -> World {
    let world = World::new().await;
    world.linked("p1", "alice").await;
    world.forget();
    world
}

/// Fingerprints of the refresh tokens that were sent, in order.
fn sent_refresh_tokens(world: &World) -> Vec<String> {
    let calls = world.amazon.calls();
    let tokens = calls.iter().filter(|call| call.endpoint == Token);
    tokens
        .map(|call| {
            assert_eq!(call.summary["form"]["grant_type"], "refresh_token");
            call.summary["form"]["refresh_token"].to_string()
        })
        .collect()
}

#[tokio::test]
async fn a_token_is_used_until_a_minute_before_it_expires() {
    let world = linked_world().await;
    world.pass(3539);
    assert_eq!(world.check("p1").await["fresh"], true);
    assert_eq!(world.asked(), [Entitlements]);
    world.forget();
    world.pass(5);
    assert_eq!(world.check("p1").await["fresh"], true);
    assert_eq!(world.asked(), [Token, Entitlements]);
    world.forget();
    assert_eq!(world.check_later("p1").await["fresh"], true);
    assert_eq!(world.asked(), [Entitlements]);
    world.contract_is_kept();
}

#[tokio::test]
async fn twenty_at_once_refresh_once() {
    let world = World::new().await;
    world
        .amazon
        .behave(|behaviour| behaviour.rotate_refresh_tokens = true);
    world.offer_with("coin", &json!({"per_player": null})).await;
    world.linked("p1", "alice").await;
    for _ in 0..10 {
        world.amazon.claim("alice", "coin");
    }
    let ids = ids_of(&world.check("p1").await);
    let other = world.another_process().await;
    world.pass(3600);
    world.forget();
    world
        .amazon
        .fault(Token, Fault::Stall(Duration::from_millis(300)), 1);
    let checks = join_all((0..10).map(|_| world.check("p1")));
    let confirms = join_all(ids.iter().enumerate().map(|(number, id)| {
        let (world, other) = (&world, &other);
        async move {
            if number % 2 == 0 {
                world.confirm("p1", &[id]).await
            } else {
                confirm_in(other, "p1", &[id]).await
            }
        }
    }));
    let (checks, confirms) = futures_util::future::join(checks, confirms).await;
    assert_eq!(world.amazon.calls_to(Token), 1);
    assert!(checks.iter().any(|answer| answer["fresh"] == true));
    for (results, id) in confirms.iter().zip(&ids) {
        assert_eq!(
            results,
            &json!([{"entitlement_id": id, "status": "reported"}])
        );
    }
    assert_eq!(world.amazon.fulfilled().len(), 10);
    world.contract_is_kept();
}

#[tokio::test]
async fn a_refresh_token_is_never_used_after_its_successor_came() {
    let world = linked_world().await;
    world
        .amazon
        .behave(|behaviour| behaviour.rotate_refresh_tokens = true);
    for _ in 0..4 {
        world.pass(3600);
        assert_eq!(world.check("p1").await["fresh"], true);
    }
    let sent = sent_refresh_tokens(&world);
    assert_eq!(sent.len(), 4);
    assert_eq!(sent.iter().collect::<BTreeSet<_>>().len(), 4);
    world.contract_is_kept();
}

#[tokio::test]
async fn without_a_new_refresh_token_the_old_one_is_kept() {
    let world = linked_world().await;
    for _ in 0..3 {
        world.pass(3600);
        assert_eq!(world.check("p1").await["fresh"], true);
    }
    let sent = sent_refresh_tokens(&world);
    assert_eq!(sent.len(), 3);
    assert_eq!(sent.iter().collect::<BTreeSet<_>>().len(), 1);
}

#[tokio::test]
async fn invalid_grant_ends_the_link_until_the_player_links_again() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.amazon.revoke("alice");
    world.pass(3600);
    world.forget();
    let now = world.clock.now();
    let answer = world.check("p1").await;
    assert_eq!(world.asked(), [Token]);
    let second_look = (now + Duration::from_secs(3600)).to_string();
    assert_eq!(
        (&answer["link"], &answer["fresh"], &answer["next_check_at"]),
        (
            &json!("relink_required"),
            &json!(false),
            &json!(second_look)
        )
    );
    assert_eq!(answer["checked_at"], now.to_string());
    assert_eq!(ids_of(&answer), [id.as_str()]);
    assert!(!world.player_item("p1").await.contains_key("tokens"));

    world.forget();
    for _ in 0..3 {
        world.pass(1199);
        let answer = world.check("p1").await;
        assert_eq!(
            (&answer["link"], &answer["fresh"]),
            (&json!("relink_required"), &json!(false))
        );
    }
    let link = world.call_as("p1", "GET", "/v1/link").send().await.ok();
    assert_eq!(link["status"], "relink_required");
    let results = world.confirm("p1", &[&id]).await;
    assert_eq!(results[0]["status"], "delivered");
    assert_eq!(world.asked(), []);

    world.linked("p1", "alice").await;
    let answer = world.check("p1").await;
    assert_eq!(
        (&answer["link"], &answer["fresh"]),
        (&json!("linked"), &json!(true))
    );
    assert_eq!(world.known_status("p1", &id).await, "reported");
    world.contract_is_kept();
}

#[tokio::test]
async fn an_app_that_was_removed_shows_at_the_next_call() {
    let world = linked_world().await;
    world.amazon.revoke("alice");
    let answer = world.check("p1").await;
    assert_eq!(answer["link"], "relink_required");
    assert_eq!(world.asked(), [Entitlements, Entitlements, Token]);
}

/// Amazon's decision is known, so no process has to wait for the lease to expire.
#[tokio::test]
async fn a_refusal_of_ours_gives_the_lease_back_and_an_unknown_outcome_keeps_it() {
    for (fault, asked_next) in [
        (
            Fault::OAuthError {
                error: "unauthorized_client".to_owned(),
                description: String::new(),
            },
            vec![Token, Entitlements],
        ),
        (Fault::Truncated, vec![]),
    ] {
        let world = linked_world().await;
        world.pass(3600);
        world.amazon.fault(Token, fault.clone(), 1);
        world.check("p1").await;
        world.amazon.reset_calls();
        world.check_later("p1").await;
        assert_eq!(world.asked(), asked_next, "{fault:?}");
    }
}

#[tokio::test]
async fn only_invalid_grant_ends_a_link() {
    let oauth = |error: &str| Fault::OAuthError {
        error: error.to_owned(),
        description: String::new(),
    };
    let status = |status| Fault::Status {
        status,
        body: String::new(),
        retry_after: None,
    };
    for fault in [
        Fault::Truncated,
        Fault::NotJson,
        Fault::Huge(4 * 1024 * 1024),
        status(500),
        status(503),
        status(429),
        status(400),
        status(403),
        oauth("ServerError"),
        oauth("invalid_request"),
        oauth("unauthorized_client"),
        oauth("unsupported_grant_type"),
        oauth("something_new"),
    ] {
        let world = linked_world().await;
        world.pass(3600);
        world.amazon.fault(Token, fault.clone(), 1);
        let answer = world.check("p1").await;
        assert_eq!(
            (&answer["link"], &answer["fresh"]),
            (&json!("linked"), &json!(false)),
            "{fault:?}"
        );
        assert_eq!(world.asked(), [Token], "not repeated: {fault:?}");
        assert!(world.player_item("p1").await.contains_key("tokens"));
        // The lease on the refresh has run out.
        world.pass(LEASE_SECONDS);
        let answer = world.check("p1").await;
        assert_eq!(answer["fresh"], true, "{fault:?}");
        world.contract_is_kept();
    }
}

#[tokio::test]
async fn a_refresh_whose_connection_died_is_repeated_once_and_at_once() {
    let lost = || Fault::AfterEffect(Box::new(Fault::Reset));
    for (fault, times, asked) in [
        (Fault::Reset, 1, vec![Token, Token, Entitlements]),
        (lost(), 1, vec![Token, Token, Entitlements]),
        (Fault::Reset, 2, vec![Token, Token]),
        (lost(), 2, vec![Token, Token]),
    ] {
        let world = linked_world().await;
        world.pass(3600);
        world.amazon.fault(Token, fault.clone(), times);
        let answer = world.check("p1").await;
        assert_eq!(answer["fresh"], times == 1, "{fault:?}");
        assert_eq!(world.asked(), asked, "{fault:?}");
        let sent = sent_refresh_tokens(&world);
        assert_eq!(sent[0], sent[1]);
        world.contract_is_kept();
    }
}

#[tokio::test]
async fn a_refresh_whose_answer_was_lost_is_tried_with_the_stored_token() {
    let world = linked_world().await;
    world.pass(3600);
    let fault = Fault::AfterEffect(Box::new(Fault::Truncated));
    world.amazon.fault(Token, fault, 1);
    assert_eq!(world.check("p1").await["fresh"], false);
    world.pass(LEASE_SECONDS);
    assert_eq!(world.check("p1").await["fresh"], true);
    let sent = sent_refresh_tokens(&world);
    assert_eq!(sent[0], sent[1]);
    world.contract_is_kept();
}

#[tokio::test]
async fn who_loses_the_lease_uses_the_winners_token() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    let other = world.another_process().await;
    world.pass(3600);
    world.forget();
    world
        .amazon
        .fault(Token, Fault::Stall(Duration::from_millis(600)), 1);
    let ids = [id.as_str()];
    let confirm = async {
        while world.amazon.calls_to(Token) == 0 {
            tokio::task::yield_now().await;
        }
        confirm_in(&other, "p1", &ids).await
    };
    let (answer, results) = futures_util::future::join(world.check("p1"), confirm).await;
    assert_eq!(answer["fresh"], true);
    assert_eq!(results[0]["status"], "reported");
    assert_eq!(world.amazon.calls_to(Token), 1);
    let used: BTreeSet<String> = world
        .amazon
        .calls()
        .iter()
        .filter(|call| [Entitlements, Fulfill].contains(&call.endpoint))
        .map(|call| call.summary["headers"]["x-amz-access-token"].to_string())
        .collect();
    assert_eq!(used.len(), 1, "{used:?}");
}

#[tokio::test]
async fn who_waits_in_vain_for_the_winner_answers_what_is_known() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.pass(3600);
    let now = world.clock.now();
    let until = now + Duration::from_secs(15);
    let link = world.stored_link("p1").await;
    let taken = world
        .app
        .links
        .acquire_refresh(&link, "who-died", now, until);
    assert!(taken.await.expect("the database answers").is_ours());
    world.forget();
    let answer = world.check("p1").await;
    assert_eq!(
        (&answer["link"], &answer["fresh"]),
        (&json!("linked"), &json!(false))
    );
    assert_eq!(status_of(&answer, &id), "pending");
    assert_eq!(world.asked(), []);
    world.pass(15);
    assert_eq!(world.check("p1").await["fresh"], true);
    assert_eq!(world.asked(), [Token, Entitlements]);
}

#[tokio::test]
async fn amazons_retry_after_on_a_refresh_is_honoured() {
    let world = linked_world().await;
    world.pass(3600);
    let fault = Fault::Status {
        status: 429,
        body: String::new(),
        retry_after: Some(300),
    };
    world.amazon.fault(Token, fault, 1);
    let allowed_at = (world.clock.now() + Duration::from_secs(300)).to_string();
    assert_eq!(world.check("p1").await["next_check_at"], allowed_at);
    world.forget();
    world.pass(299);
    assert_eq!(world.check("p1").await["fresh"], false);
    assert_eq!(world.asked(), [] as [Endpoint; 0]);
    world.pass(1);
    assert_eq!(world.check("p1").await["fresh"], true);
}

#[tokio::test]
async fn tokens_that_could_not_be_stored_at_first_are_not_lost() {
    let world = linked_world().await;
    world
        .amazon
        .behave(|behaviour| behaviour.rotate_refresh_tokens = true);
    world.pass(3600);
    // The check lease and the refresh lease pass; storing fails twice.
    world.database.refuse("UpdateItem", 2, 2);
    assert_eq!(world.check("p1").await["fresh"], true);
    world.pass(3600);
    assert_eq!(world.check("p1").await["fresh"], true);
    world.contract_is_kept();
}

#[tokio::test]
async fn tokens_whose_storing_was_answered_by_silence_are_not_lost() {
    let world = linked_world().await;
    world
        .amazon
        .behave(|behaviour| behaviour.rotate_refresh_tokens = true);
    world.pass(3600);
    world.database.lose_answer("UpdateItem", 2);
    assert_eq!(world.check("p1").await["fresh"], true);
    world.pass(3600);
    assert_eq!(world.check("p1").await["fresh"], true);
    assert_eq!(world.amazon.calls_to(Token), 2);
    world.contract_is_kept();
}

#[tokio::test]
async fn a_refresh_lease_whose_answer_was_lost_is_still_ours() {
    let world = linked_world().await;
    world.pass(3600);
    world.database.lose_answer("UpdateItem", 1);
    assert_eq!(world.check("p1").await["fresh"], true);
    assert_eq!(world.asked(), [Token, Entitlements]);
}

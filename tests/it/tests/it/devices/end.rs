//! How a device session can end, and that it stays so.

use it::{CLIENT_ID, World};
use serde_json::{Value, json};
use stand_in::{Consent, Endpoint, Fault};

use crate::devices::support::{
    DEVICE_CLIENT_ID, approve, approved, decide, devices, ended, failed, id, own_client, pass,
    pending, poll, poll_later, polls, start, try_poll,
};
use crate::link::support::{linked_pairs, links, no_violations, nothing_linked, status, unlinked};

/// Asserts that the session stays as it is until an hour after it expires, that Amazon is not
/// asked, and that it is forgotten then. It was begun just now.
async fn is_over(world: &World, player: &str, session: &Value, ending: &Value) {
    world.amazon.reset_calls();
    for seconds in [0, 1, 29, 570, 3599] {
        pass(world, seconds);
        assert_eq!(poll(world, player, session).await, *ending, "{seconds}");
    }
    pass(world, 1);
    let answer = try_poll(world, player, id(session)).await;
    answer.problem(404, "not_found");
    assert_eq!(world.asked(), []);
    no_violations(world);
}

#[tokio::test]
async fn a_code_that_is_entered_links_the_player() {
    let world = devices().await;
    let session = start(&world, "p1").await;
    assert_eq!(poll(&world, "p1", &session).await, pending());
    approve(&world, &session, "alice");
    assert_eq!(poll_later(&world, "p1", &session).await, ended("linked"));
    assert_eq!(status(&world, "p1").await["status"], "linked");
    linked_pairs(&world, &[("p1", "alice")]).await;
    world.offer("hat").await;
    let claimed = world.amazon.claim("alice", "hat");
    let check = world.check("p1").await;
    assert_eq!(it::status_of(&check, &claimed), "pending");
    no_violations(&world);
}

#[tokio::test]
async fn linked_stays_linked() {
    let world = devices().await;
    let session = approved(&world, "p1", "alice").await;
    assert_eq!(poll(&world, "p1", &session).await, ended("linked"));
    // Also when the player unlinks: it tells how the session ended, not what is now.
    world.unlinked("p1").await;
    is_over(&world, "p1", &session, &ended("linked")).await;
}

#[tokio::test]
async fn denied_stays_denied() {
    let world = devices().await;
    let session = start(&world, "p1").await;
    decide(&world, &session, "alice", Consent::Refuse);
    assert_eq!(poll(&world, "p1", &session).await, ended("denied"));
    is_over(&world, "p1", &session, &ended("denied")).await;
    nothing_linked(&world).await;
}

#[tokio::test]
async fn a_code_that_nobody_enters_expires_without_a_call() {
    let world = devices().await;
    let session = start(&world, "p1").await;
    pass(&world, 599);
    assert_eq!(poll(&world, "p1", &session).await, pending());
    assert_eq!(polls(&world), 1);
    pass(&world, 1);
    assert_eq!(poll(&world, "p1", &session).await, ended("expired"));
    pass(&world, 3599);
    assert_eq!(poll(&world, "p1", &session).await, ended("expired"));
    pass(&world, 1);
    let answer = try_poll(&world, "p1", id(&session)).await;
    answer.problem(404, "not_found");
    assert_eq!(polls(&world), 1);
    unlinked(&world, "p1").await;
    no_violations(&world);
}

#[tokio::test]
async fn a_pair_that_amazon_calls_dead_has_expired() {
    for word in ["expired_token", "invalid_code_pair", "invalid_grant"] {
        let world = devices().await;
        let session = start(&world, "p1").await;
        let fault = Fault::OAuthError {
            error: word.to_owned(),
            description: String::new(),
        };
        world.amazon.fault(Endpoint::Token, fault, 1);
        assert_eq!(poll(&world, "p1", &session).await, ended("expired"));
        is_over(&world, "p1", &session, &ended("expired")).await;
    }
}

#[tokio::test]
async fn an_account_of_another_player_is_refused() {
    let world = devices().await;
    world.linked("p2", "alice").await;
    let session = approved(&world, "p1", "alice").await;
    let ending = failed("amazon_account_taken");
    assert_eq!(poll(&world, "p1", &session).await, ending);
    is_over(&world, "p1", &session, &ending).await;
    linked_pairs(&world, &[("p2", "alice")]).await;
}

#[tokio::test]
async fn a_player_with_another_account_is_refused() {
    let world = devices().await;
    world.linked("p1", "bob").await;
    let session = approved(&world, "p1", "alice").await;
    let ending = failed("player_already_linked");
    assert_eq!(poll(&world, "p1", &session).await, ending);
    is_over(&world, "p1", &session, &ending).await;
    linked_pairs(&world, &[("p1", "bob")]).await;
}

#[tokio::test]
async fn the_same_pair_again_renews_the_link() {
    let world = devices().await;
    world.linked("p1", "alice").await;
    let before = world.stored_link("p1").await;
    let session = approved(&world, "p1", "alice").await;
    assert_eq!(poll(&world, "p1", &session).await, ended("linked"));
    assert_ne!(world.stored_link("p1").await.id, before.id);
    linked_pairs(&world, &[("p1", "alice")]).await;
}

#[tokio::test]
async fn both_permissions_are_needed() {
    let world = devices().await;
    let session = start(&world, "p1").await;
    let consent = Consent::GrantOnly(vec!["games::prime".to_owned()]);
    decide(&world, &session, "alice", consent);
    let answer = poll(&world, "p1", &session).await;
    assert_eq!(answer, failed("permission_missing"));
    nothing_linked(&world).await;
    no_violations(&world);
}

#[tokio::test]
async fn scopes_in_the_token_answer_are_looked_at() {
    let world = devices().await;
    let session = start(&world, "p1").await;
    let body = json!({"access_token": "Atza|x", "refresh_token": "Atzr|x", "scope": "profile"});
    let fault = Fault::Status {
        status: 200,
        body: body.to_string(),
        retry_after: None,
    };
    world.amazon.fault(Endpoint::Token, fault, 1);
    let answer = poll(&world, "p1", &session).await;
    assert_eq!(answer, failed("permission_missing"));
    nothing_linked(&world).await;
}

#[tokio::test]
async fn a_token_for_another_app_is_refused() {
    // `aud` of some app, and `aud` of our own website, which is not the device's client either.
    for aud in ["amzn1.application-oa2-client.other", CLIENT_ID] {
        let world = own_client(None).await;
        world
            .amazon
            .behave(|it| it.tokeninfo_aud = Some(aud.to_owned()));
        let session = approved(&world, "p1", "alice").await;
        let ending = failed("identity_mismatch");
        assert_eq!(poll(&world, "p1", &session).await, ending);
        is_over(&world, "p1", &session, &ending).await;
        nothing_linked(&world).await;
    }
}

#[tokio::test]
async fn a_profile_of_another_user_is_refused() {
    let world = devices().await;
    let other = world.amazon.account_id("mallory");
    world.amazon.behave(|it| it.profile_user_id = Some(other));
    let session = approved(&world, "p1", "alice").await;
    let answer = poll(&world, "p1", &session).await;
    assert_eq!(answer, failed("identity_mismatch"));
    nothing_linked(&world).await;
}

#[tokio::test]
async fn without_a_refresh_token_nothing_is_linked() {
    let world = devices().await;
    world.amazon.omit_refresh_token(true);
    let session = approved(&world, "p1", "alice").await;
    assert_eq!(poll(&world, "p1", &session).await, failed("internal"));
    nothing_linked(&world).await;
}

#[tokio::test]
async fn a_poll_that_amazon_does_not_take_is_our_fault() {
    for word in ["invalid_request", "unauthorized_client", "invalid_client"] {
        let world = devices().await;
        let session = start(&world, "p1").await;
        let fault = Fault::OAuthError {
            error: word.to_owned(),
            description: String::new(),
        };
        world.amazon.fault(Endpoint::Token, fault, 1);
        assert_eq!(poll(&world, "p1", &session).await, failed("internal"));
        is_over(&world, "p1", &session, &failed("internal")).await;
    }
}

#[tokio::test]
async fn a_session_belongs_to_the_player_who_began_it() {
    let world = devices().await;
    let session = approved(&world, "p1", "alice").await;
    for stranger in ["p2", "P1", "p1#", "p"] {
        let answer = try_poll(&world, stranger, id(&session)).await;
        answer.problem(404, "not_found");
    }
    assert_eq!(polls(&world), 0);
    nothing_linked(&world).await;
    assert_eq!(poll(&world, "p1", &session).await, ended("linked"));
    let answer = try_poll(&world, "p2", id(&session)).await;
    answer.problem(404, "not_found");
}

#[tokio::test]
async fn what_is_no_id_is_not_found() {
    let world = devices().await;
    let session = start(&world, "p1").await;
    let good = id(&session);
    let hash = links(&world, "DEVICE#").await;
    let hash = hash.keys().next().expect("its hash").clone();
    for other in [
        "x",
        &good[1..],
        &format!("{good}A"),
        &format!("{}%2F", &good[3..]),
        &good.to_lowercase(),
        &"a".repeat(43),
        &"%00".repeat(43),
        &"a".repeat(4000),
        &hash,
    ] {
        let answer = try_poll(&world, "p1", other).await;
        answer.problem(404, "not_found");
    }
    assert_eq!(polls(&world), 0);
}

#[tokio::test]
async fn a_session_that_was_copied_to_another_player_does_not_open() {
    let world = devices().await;
    let session = approved(&world, "p1", "alice").await;
    let devices = links(&world, "DEVICE#").await;
    let mut item = devices.values().next().expect("a session").clone();
    item.insert(
        "player_id".to_owned(),
        aws_sdk_dynamodb::types::AttributeValue::S("p2".to_owned()),
    );
    world
        .dynamodb
        .put_item()
        .table_name(&world.app.config.tables.links)
        .set_item(Some(item))
        .send()
        .await
        .expect("written");
    assert_eq!(poll(&world, "p2", &session).await, failed("internal"));
    assert_eq!(polls(&world), 0);
    nothing_linked(&world).await;
}

/// What the refresh is asked with.
fn refreshed_as(world: &World) -> Vec<Value> {
    let calls = world.amazon.calls().into_iter();
    calls
        .filter(|call| call.endpoint == Endpoint::Token)
        .map(|call| call.summary["form"].clone())
        .filter(|form| form["grant_type"] == "refresh_token")
        .collect()
}

#[tokio::test]
async fn a_link_of_a_device_is_refreshed_by_the_devices_client() {
    for secret in [None, Some("a device secret for tests")] {
        let world = own_client(secret).await;
        let session = approved(&world, "p1", "alice").await;
        assert_eq!(poll(&world, "p1", &session).await, ended("linked"));
        assert_eq!(world.stored_link("p1").await.client_id, DEVICE_CLIENT_ID);
        pass(&world, 3600);
        assert_eq!(world.check("p1").await["fresh"], true);
        let [form] = refreshed_as(&world).try_into().expect("one refresh");
        assert_eq!(form["client_id"], DEVICE_CLIENT_ID);
        assert_eq!(form["client_secret"].is_string(), secret.is_some());
        no_violations(&world);
    }
}

//! Delivery by the studio's webhook: what is sent, and what each answer means.

use std::time::Duration;

use http::StatusCode;
use it::{Reply, Studio, WEBHOOK_SECRET, World, confirm_in, ids_of, status_of};
use serde_json::{Value, json};
use stand_in::Endpoint::{Entitlements, Fulfill};
use stand_in::Fault;
use standardwebhooks::Webhook;

/// A linked player with one claimed entitlement, never checked: gives its id.
async fn claimed() -> (World, Studio, String) {
    let (world, studio) = World::with_studio(&[]).await;
    world.offer("hat").await;
    world.linked("p1", "alice").await;
    let id = world.amazon.claim("alice", "hat");
    world.forget();
    (world, studio, id)
}

/// The same after one check, at which the studio failed.
async fn failed_once() -> (World, Studio, String) {
    let (world, studio, id) = claimed().await;
    studio.script([Reply::status(500)]);
    assert_eq!(status_of(&world.check("p1").await, &id), "pending");
    (world, studio, id)
}

#[tokio::test]
async fn a_check_delivers_and_reports_by_itself() {
    let (world, studio, id) = claimed().await;
    let answer = world.check("p1").await;
    assert_eq!((&answer["fresh"], ids_of(&answer)), (&json!(true), vec![]));
    assert_eq!(world.known_status("p1", &id).await, "reported");
    assert_eq!(world.asked(), [Entitlements, Fulfill]);
    assert_eq!(studio.calls().len(), 1);
    world.contract_is_kept();
}

#[tokio::test]
async fn a_delivery_is_a_standard_webhook() {
    let (world, studio, id) = claimed().await;
    let now = world.clock.now();
    world.check("p1").await;
    let call = &studio.calls()[0];
    assert_eq!(call.header("webhook-id"), id);
    assert_eq!(call.header("content-type"), "application/json");
    let sent_at = (now.as_millis() / 1000).to_string();
    assert_eq!(call.header("webhook-timestamp"), sent_at);
    let secret = Webhook::new(WEBHOOK_SECRET).expect("a secret");
    secret
        .verify(call.body.as_bytes(), &call.headers)
        .expect("signed");
    let tampered = call.body.replace("p1", "p2");
    assert!(secret.verify(tampered.as_bytes(), &call.headers).is_err());
    assert_eq!(
        call.json(),
        json!({
            "type": "entitlement.deliver",
            "timestamp": now.to_string(),
            "data": {
                "player_id": "p1",
                "entitlement_id": id,
                "sku": "hat",
                "title": "hat",
                "content": {"item": "hat"},
            },
        })
    );
}

#[tokio::test]
async fn conflict_means_delivered_before() {
    let (world, studio, id) = claimed().await;
    studio.script([Reply::AnswerAfter(StatusCode::CONFLICT)]);
    assert_eq!(ids_of(&world.check("p1").await), [""; 0]);
    assert_eq!(world.known_status("p1", &id).await, "reported");
}

/// An explicit refusal, with this JSON as its reason.
fn refusal(status: u16, reason: &Value) -> Reply {
    let status = StatusCode::from_u16(status).expect("a status");
    let body = json!({"refused": true, "reason": reason}).to_string();
    Reply::Refuse(status, Vec::new(), body)
}

#[tokio::test]
async fn an_explicit_refusal_is_held_with_the_beginning_of_its_reason() {
    for status in [410, 422] {
        let (world, studio, id) = claimed().await;
        let reason = "not for you\n".to_owned() + &"é".repeat(600);
        studio.script([refusal(status, &json!(reason))]);
        let check = world.check("p1").await;
        assert_eq!(status_of(&check, &id), "held delivery_refused");
        assert_eq!(world.asked(), [Entitlements], "{status}");
        let item = world.record_item("p1", &id).await;
        let kept = item["delivery_answer"].as_s().expect("text");
        assert_eq!(kept.chars().count(), 500);
        assert!(kept.starts_with("not for you éé"), "{kept}");
        assert!(!item.contains_key("due_at") && !item.contains_key("owner"));
        // Only an operator releases it.
        world.pass(7200);
        world.check("p1").await;
        assert_eq!(world.reconcile().await["taken"], 0);
        assert_eq!(studio.calls().len(), 1);
    }
}

#[tokio::test]
async fn a_refusal_needs_no_reason() {
    let (world, studio, id) = claimed().await;
    studio.script([refusal(410, &Value::Null)]);
    let check = world.check("p1").await;
    assert_eq!(status_of(&check, &id), "held delivery_refused");
    let item = world.record_item("p1", &id).await;
    assert!(!item.contains_key("delivery_answer"));
}

/// What frameworks answer to a fault in the studio's own code, and the tries that follow.
#[tokio::test]
async fn a_bare_410_or_422_is_a_failed_try_like_any_other() {
    let body = r#"{"detail": "Unprocessable Entity", "refused": "no"}"#;
    for status in [410, 422] {
        for body in ["", body] {
            let (world, studio, id) = claimed().await;
            let code = StatusCode::from_u16(status).expect("a status");
            studio.script([Reply::Refuse(code, Vec::new(), body.to_owned())]);
            assert_eq!(status_of(&world.check("p1").await, &id), "pending");
            let item = world.record_item("p1", &id).await;
            assert!(item.contains_key("failing_since"), "it counts as failing");
            assert_eq!(item["attempts"].as_n().expect("a number"), "1");
            world.pass(60);
            assert_eq!(world.reconcile().await["done"], 1);
            assert_eq!(studio.given()[&id], 1);
            assert_eq!(world.known_status("p1", &id).await, "reported");
        }
    }
}

fn unknowns() -> Vec<Reply> {
    let mut replies: Vec<_> = [301, 307, 400, 401, 404, 408, 429, 500, 503]
        .into_iter()
        .map(Reply::status)
        .collect();
    let location = vec![("location", "/deliver".to_owned())];
    replies.push(Reply::Refuse(StatusCode::FOUND, location, String::new()));
    replies.push(Reply::AnswerAfter(StatusCode::BAD_GATEWAY));
    replies
}

#[tokio::test]
async fn any_other_answer_is_tried_again_with_the_same_id_and_body() {
    for reply in unknowns() {
        let (world, studio, id) = claimed().await;
        studio.script([reply.clone()]);
        let answer = world.check("p1").await;
        assert_eq!(status_of(&answer, &id), "pending", "{reply:?}");
        assert_eq!(
            studio.calls().len(),
            1,
            "no redirect is followed: {reply:?}"
        );
        assert_eq!(world.asked(), [Entitlements], "nothing is reported");
        world.pass(60);
        assert_eq!(
            world.reconcile().await,
            json!({"taken": 1, "done": 1, "failed": 0, "left": 0}),
            "{reply:?}"
        );
        let calls = studio.calls();
        assert_eq!(calls.len(), 2);
        assert_eq!((&calls[1].id, &calls[1].body), (&id, &calls[0].body));
        assert_ne!(
            calls[1].header("webhook-timestamp"),
            calls[0].header("webhook-timestamp")
        );
        assert_eq!(studio.given()[&id], 1);
        assert_eq!(world.known_status("p1", &id).await, "reported");
    }
}

#[tokio::test]
async fn a_check_tries_again_what_is_due_and_nothing_else() {
    let (world, studio, id) = failed_once().await;
    let item = world.record_item("p1", &id).await;
    let due_at: i64 = item["due_at"]
        .as_n()
        .expect("a number")
        .parse()
        .expect("ms");
    let wait = due_at - world.clock.now().as_millis();
    assert!((1_000..=5_000).contains(&wait), "{wait}");
    world.pass(5);
    assert_eq!(ids_of(&world.check("p1").await), [""; 0]);
    assert_eq!(studio.calls().len(), 2);
}

#[tokio::test]
async fn what_the_studio_wants_to_wait_is_waited() {
    let (world, studio, id) = claimed().await;
    let wait = vec![("retry-after", "600".to_owned())];
    let busy = StatusCode::SERVICE_UNAVAILABLE;
    studio.script([Reply::Refuse(busy, wait, String::new())]);
    world.check("p1").await;
    world.pass(590);
    assert_eq!(world.reconcile().await["taken"], 0);
    assert_eq!(status_of(&world.check("p1").await, &id), "pending");
    assert_eq!(studio.calls().len(), 1);
    world.pass(20);
    assert_eq!(world.reconcile().await["done"], 1);
}

#[tokio::test]
async fn a_busy_studio_rests_for_that_delivery_an_hour_at_most_and_it_was_a_try() {
    let (world, studio, id) = claimed().await;
    let day = vec![("retry-after", "86400".to_owned())];
    let busy = StatusCode::TOO_MANY_REQUESTS;
    studio.script([Reply::Refuse(busy, day, String::new())]);
    world.check("p1").await;
    let item = world.record_item("p1", &id).await;
    assert!(item.contains_key("failing_since"));
    assert_eq!(item["attempts"].as_n().expect("a number"), "1");
    // Another player's delivery is not bound by it.
    world.linked("p2", "bob").await;
    world.amazon.claim("bob", "hat");
    assert_eq!(ids_of(&world.check("p2").await), [""; 0]);
    world.pass(3_590);
    assert_eq!(status_of(&world.check("p1").await, &id), "pending");
    assert_eq!(studio.calls().len(), 2);
    world.pass(10);
    assert_eq!(ids_of(&world.check("p1").await), [""; 0]);
    assert_eq!(studio.calls().len(), 3);
}

#[tokio::test]
async fn an_answer_that_takes_too_long_is_unknown() {
    let (world, studio, id) = claimed().await;
    studio.script([Reply::Stall(Duration::from_secs(7))]);
    assert_eq!(status_of(&world.check("p1").await, &id), "pending");
    world.pass(60);
    world.reconcile().await;
    assert_eq!(studio.given()[&id], 1);
    assert_eq!(world.known_status("p1", &id).await, "reported");
}

#[tokio::test]
async fn a_delivery_that_could_not_be_written_down_is_asked_for_again() {
    let (world, studio, id) = claimed().await;
    // The first update takes the check, the second would note the delivery, the third would
    // give it back.
    world.database.refuse("UpdateItem", 1, 2);
    assert_eq!(status_of(&world.check("p1").await, &id), "pending");
    assert_eq!(
        world.amazon.calls_to(Fulfill),
        0,
        "not before it is written"
    );
    // While a process may be at work on it, no other takes it.
    assert_eq!(world.reconcile().await["taken"], 0);
    world.pass(30);
    assert_eq!(world.reconcile().await["done"], 1);
    assert_eq!((studio.calls().len(), studio.given()[&id]), (2, 1));
    assert_eq!(world.known_status("p1", &id).await, "reported");
}

#[tokio::test]
async fn a_delivery_survives_unlinking() {
    let (world, studio, id) = failed_once().await;
    world.unlinked("p1").await;
    world.pass(60);
    assert_eq!(world.reconcile().await["done"], 1);
    assert_eq!(studio.given()[&id], 1);
    assert_eq!(world.known_status("p1", &id).await, "reported");
}

#[tokio::test]
async fn ten_checks_and_two_reconcilers_deliver_once() {
    let (world, studio, id) = failed_once().await;
    world.pass(60);
    let checks = futures_util::future::join_all((0..10).map(|_| world.check("p1")));
    let runs = futures_util::future::join_all((0..2).map(|_| world.reconcile()));
    futures_util::future::join(checks, runs).await;
    assert_eq!(studio.calls().len(), 2);
    assert_eq!(world.amazon.fulfilled()[0].times, 1);
    assert_eq!(world.known_status("p1", &id).await, "reported");
}

#[tokio::test]
async fn confirmations_change_nothing() {
    let (world, _studio, id) = failed_once().await;
    let before = world.record_item("p1", &id).await;
    let results = confirm_in(&world.app, "p1", &[&id, "nobodys"]).await;
    assert_eq!(
        results,
        json!([
            {"entitlement_id": id, "status": "pending"},
            {"entitlement_id": "nobodys", "status": "unknown"},
        ])
    );
    assert_eq!(world.record_item("p1", &id).await, before);
}

/// One id is not looked at together with others, so it is read by itself.
#[tokio::test]
async fn a_confirmation_of_one_entitlement_changes_nothing() {
    let (world, _studio, id) = failed_once().await;
    let before = world.record_item("p1", &id).await;
    for (id, status) in [(id.as_str(), "pending"), ("nobodys", "unknown")] {
        let results = world.confirm("p1", &[id]).await;
        assert_eq!(results, json!([{"entitlement_id": id, "status": status}]));
    }
    assert_eq!(world.record_item("p1", &id).await, before);
}

#[tokio::test]
async fn a_rotated_secret_is_read_again_when_the_signature_is_refused() {
    let (world, studio, id) = claimed().await;
    let mut secrets: Value = it::secrets(false);
    let rotated = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    secrets["delivery_webhook_secret"] = json!(rotated);
    std::fs::write(&world.secrets_file, secrets.to_string()).expect("writable");
    studio.script([Reply::status(401)]);
    assert_eq!(status_of(&world.check("p1").await, &id), "pending");
    world.pass(60);
    world.reconcile().await;
    let call = &studio.calls()[1];
    let secret = Webhook::new(rotated).expect("a secret");
    secret
        .verify(call.body.as_bytes(), &call.headers)
        .expect("signed with the new one");
}

#[tokio::test]
async fn after_webhook_was_turned_off_what_it_was_called_for_is_held() {
    // The game or `reconcile`, whichever comes first.
    for by_check in [true, false] {
        let (mut world, studio, id) = failed_once().await;
        world.let_the_game_deliver();
        // Not the game's to grant, also before that is written down.
        assert_eq!(world.known_status("p1", &id).await, HELD);
        let list = async |status: &str| {
            let path = format!("/v1/entitlements?status={status}");
            ids_of(&world.call_as("p1", "GET", &path).send().await.ok())
        };
        assert_eq!(list("pending").await, [""; 0]);
        assert_eq!(list("held").await, [id.as_str()]);
        assert_eq!(world.confirm("p1", &[&id]).await[0]["status"], "held");
        world.pass(60);
        if by_check {
            assert_eq!(status_of(&world.check("p1").await, &id), HELD);
        } else {
            let done = world.reconcile().await;
            assert_eq!((&done["taken"], &done["done"]), (&json!(1), &json!(1)));
        }
        let item = world.record_item("p1", &id).await;
        assert_eq!(item["status"].as_s().expect("text"), "held");
        assert!(!item.contains_key("due_at") && !item.contains_key("owner"));
        for _ in 0..2 {
            assert_eq!(world.reconcile().await["taken"], 0);
            assert_eq!(status_of(&world.check_later("p1").await, &id), HELD);
        }
        assert_eq!(world.confirm("p1", &[&id]).await[0]["status"], "held");
        assert_eq!(
            (studio.calls().len(), world.amazon.calls_to(Fulfill)),
            (1, 0)
        );
        // Nor does turning it on again bring it back: only an operator does.
        assert_eq!(world.known_status("p1", &id).await, HELD);
    }
}

const HELD: &str = "held delivery_unknown";

#[tokio::test]
async fn what_a_webhook_was_called_for_is_not_the_games_even_if_that_can_not_be_written() {
    let (mut world, _studio, id) = failed_once().await;
    world.let_the_game_deliver();
    world.pass(1);
    // Not fresh: the only update is this one.
    world.database.refuse("UpdateItem", 0, 1);
    assert_eq!(status_of(&world.check("p1").await, &id), HELD);
    let item = world.record_item("p1", &id).await;
    assert_eq!(item["status"].as_s().expect("text"), "pending");
    assert_eq!(status_of(&world.check("p1").await, &id), HELD);
    let item = world.record_item("p1", &id).await;
    assert_eq!(item["status"].as_s().expect("text"), "held");
}

#[tokio::test]
async fn a_delivery_that_is_under_way_while_webhooks_are_turned_off_is_left_alone() {
    let (mut world, _studio, id) = failed_once().await;
    let store = &world.app.fulfillments;
    let record = crate::store::kit::record(&world, &id).await;
    let now = world.clock.now();
    let lease = crate::store::kit::lease("me", now);
    let taken = store.acquire(&record, lease, now).await;
    let taken = taken.expect("written").expect("free");
    world.let_the_game_deliver();
    world.pass(5);
    assert_eq!(status_of(&world.check("p1").await, &id), HELD);
    let store = &world.app.fulfillments;
    let marked = store.mark_delivered(&taken, lease, world.clock.now()).await;
    assert!(matches!(
        marked.expect("written"),
        prime_gaming::testing::store::Confirmation::Delivered(_)
    ));
    world.pass(60);
    world.check("p1").await;
    assert_eq!(world.known_status("p1", &id).await, "reported");
}

#[tokio::test]
async fn what_no_webhook_was_called_for_is_the_games_after_it_was_turned_off() {
    let mut world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    let (studio, url) = Studio::start().await;
    let url: url::Url = url.parse().expect("a URL");
    let http = prime_gaming::testing::net::Client::new(world.app.clock.clone()).expect("a client");
    world.app.webhook = Some(prime_gaming::testing::delivery::Webhook::new(
        http,
        url.clone(),
    ));
    world.app.config.delivery = prime_gaming::testing::config::DeliveryConfig::Webhook {
        url,
        private: false,
    };
    // It is due now, and nothing calls the webhook for it.
    assert_eq!(status_of(&world.check("p1").await, &id), "pending");
    world.let_the_game_deliver();
    assert_eq!(world.reconcile().await["taken"], 1);
    assert_eq!(world.reconcile().await["taken"], 0);
    assert_eq!(status_of(&world.check("p1").await, &id), "pending");
    assert_eq!(world.confirm("p1", &[&id]).await[0]["status"], "reported");
    assert_eq!(studio.calls().len(), 0);
}

#[tokio::test]
async fn a_failed_delivery_costs_the_others_nothing() {
    let (world, studio) = World::with_studio(&[]).await;
    world.offer_with("coin", &json!({"per_player": null})).await;
    world.linked("p1", "alice").await;
    let ids: Vec<_> = (0..5)
        .map(|_| world.amazon.claim("alice", "coin"))
        .collect();
    studio.script([Reply::status(500)]);
    world.amazon.fault(Fulfill, Fault::NotJson, 1);
    let answer = world.check("p1").await;
    let pending = ids.iter().filter(|id| status_of(&answer, id) == "pending");
    let delivered = ids
        .iter()
        .filter(|id| status_of(&answer, id) == "delivered");
    assert_eq!((pending.count(), delivered.count()), (1, 1));
    assert_eq!(world.amazon.fulfilled().len(), 3);
    world.pass(60);
    assert_eq!(
        world.reconcile().await,
        json!({"taken": 2, "done": 2, "failed": 0, "left": 0})
    );
    assert_eq!(world.amazon.fulfilled().len(), 5);
    assert!(studio.given().values().all(|times| *times == 1));
}

#[tokio::test]
async fn what_was_pending_when_the_webhook_was_turned_on_is_delivered_too() {
    let mut world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.unlinked("p1").await;
    let (studio, url) = Studio::start().await;
    let url: url::Url = url.parse().expect("a URL");
    let http = prime_gaming::testing::net::Client::new(world.app.clock.clone()).expect("a client");
    world.app.webhook = Some(prime_gaming::testing::delivery::Webhook::new(
        http,
        url.clone(),
    ));
    world.app.config.delivery = prime_gaming::testing::config::DeliveryConfig::Webhook {
        url,
        private: false,
    };
    assert_eq!(world.reconcile().await["taken"], 0);
    assert_eq!(status_of(&world.check("p1").await, &id), "pending");
    assert_eq!(world.reconcile().await["done"], 1);
    assert_eq!(studio.given()[&id], 1);
    assert_eq!(world.known_status("p1", &id).await, "reported");
}

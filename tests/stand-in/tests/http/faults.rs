//! Faults on request.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stand_in::{Endpoint, Fault};

use crate::support::{Tester, json, start};

async fn linked() -> (Tester, String, String) {
    let t = start().await;
    let (access, refresh) = t.link("alice").await;
    (t, access, refresh)
}

fn status(status: u16, retry_after: Option<u32>) -> Fault {
    Fault::Status {
        status,
        body: "busy".to_owned(),
        retry_after,
    }
}

#[tokio::test]
async fn faults_come_one_after_the_other_and_then_end() {
    let (t, access, _) = linked().await;
    t.amazon
        .fault(Endpoint::Entitlements, status(429, Some(7)), 1);
    t.amazon.fault(Endpoint::Entitlements, status(503, None), 2);
    t.amazon.fault(Endpoint::Entitlements, Fault::NotJson, 1);
    t.amazon
        .fault(Endpoint::Entitlements, Fault::Huge(3_000_000), 1);
    let ask = || {
        let request = t.http.get(t.url("/api/entitlements"));
        request.header("x-amz-access-token", &access).send()
    };
    let first = ask().await.expect("an answer");
    assert_eq!(first.status(), 429);
    assert_eq!(first.headers()["retry-after"], "7");
    assert_eq!(first.text().await.expect("a body"), "busy");
    for _ in 0..2 {
        let next = ask().await.expect("an answer");
        assert_eq!(next.status(), 503);
        assert!(!next.headers().contains_key("retry-after"));
    }
    let page = ask()
        .await
        .expect("an answer")
        .bytes()
        .await
        .expect("a body");
    assert!(serde_json::from_slice::<Value>(&page).is_err());
    let (_, huge) = json(ask().await.expect("an answer")).await;
    assert!(
        huge["filler"]
            .as_str()
            .is_some_and(|text| text.len() >= 3_000_000)
    );
    assert_eq!(ask().await.expect("an answer").status(), 200);
    let statuses: Vec<_> = t
        .amazon
        .calls()
        .iter()
        .filter_map(|call| call.status)
        .collect();
    assert_eq!(
        statuses[statuses.len() - 6..],
        [429, 503, 503, 200, 200, 200]
    );
    t.amazon.fault(Endpoint::Entitlements, Fault::Reset, 5);
    t.amazon.clear_faults();
    assert_eq!(ask().await.expect("an answer").status(), 200);
    t.clean();
}

#[tokio::test]
async fn connections_break_before_and_within_an_answer() {
    let (t, access, refresh) = linked().await;
    t.amazon.fault(Endpoint::Entitlements, Fault::Reset, 1);
    let request = t.http.get(t.url("/api/entitlements"));
    let request = request.header("x-amz-access-token", &access);
    let error = request.send().await.expect_err("a closed connection");
    assert!(!error.is_timeout() && !error.is_connect(), "{error:?}");
    assert_eq!(t.amazon.calls_to(Endpoint::Entitlements), 1);
    assert_eq!(t.amazon.calls().last().expect("a call").status, None);

    t.amazon.fault(Endpoint::Token, Fault::Truncated, 1);
    t.amazon.fault(
        Endpoint::Token,
        Fault::AfterEffect(Box::new(Fault::Truncated)),
        1,
    );
    for _ in 0..2 {
        let form = crate::support::refresh_form(&refresh);
        let answer = t
            .post("/auth/o2/token", &form)
            .send()
            .await
            .expect("a head");
        assert_eq!(answer.status(), 200);
        assert!(answer.content_length().is_some_and(|length| length > 0));
        assert!(answer.bytes().await.is_err());
    }
    assert_eq!(t.refresh(&refresh).await.0, 200);
    t.clean();
}

#[tokio::test]
async fn a_fault_has_no_effect_unless_it_comes_after_it() {
    let (t, access, refresh) = linked().await;
    t.amazon.rotate_refresh_tokens(true);
    t.amazon.fault(Endpoint::Token, status(500, None), 1);
    let form = crate::support::refresh_form(&refresh);
    let answer = t.post("/auth/o2/token", &form).send().await;
    assert_eq!(answer.expect("an answer").status(), 500);
    let lost = Fault::AfterEffect(Box::new(Fault::Reset));
    t.amazon.fault(Endpoint::Token, lost.clone(), 1);
    assert!(t.post("/auth/o2/token", &form).send().await.is_err());
    // The successor got lost with the answer, so trying the old one is no fault of the client.
    assert_eq!(t.refresh(&refresh).await.1["error"], "invalid_grant");
    t.clean();

    let id = t.amazon.claim("alice", "sku");
    t.amazon.fault(Endpoint::Fulfill, Fault::Reset, 1);
    t.amazon.fault(Endpoint::Fulfill, lost, 1);
    assert!(t.report(&access, &id).send().await.is_err());
    assert_eq!(t.amazon.fulfilled(), []);
    assert!(t.report(&access, &id).send().await.is_err());
    assert_eq!(t.amazon.fulfilled()[0].times, 1);
    assert_eq!(t.entitlements(&access).await.1["Entitlements"], json!([]));
}

#[tokio::test]
async fn a_code_whose_answer_got_lost_is_used_up() {
    let t = start().await;
    let code = t.code("alice");
    let lost = Fault::AfterEffect(Box::new(status(504, None)));
    t.amazon.fault(Endpoint::Token, lost, 1);
    let form = crate::support::exchange_form(&code);
    let answer = t.post("/auth/o2/token", &form).send().await;
    assert_eq!(answer.expect("an answer").status(), 504);
    // Whether a 504 had an effect can't be known, so trying again is no fault of the client.
    assert_eq!(t.exchange(&code).await.1["error"], "invalid_grant");
    t.clean();
}

#[tokio::test]
async fn items_of_a_report_fail_on_their_own() {
    let (t, access, _) = linked().await;
    let id = t.amazon.claim("alice", "sku");
    let error = || Fault::ItemResult("ERROR".to_owned());
    t.amazon.fault(Endpoint::Fulfill, error(), 1);
    t.amazon.fault(Endpoint::Fulfill, Fault::MissingItem, 1);
    let (code, body) = t.fulfill(&access, &id).await;
    assert_eq!(code, 200);
    assert_eq!(body["FulfillmentStatusUpdates"][0]["Result"], "ERROR");
    assert_eq!(
        body["FulfillmentStatusUpdates"][0]["EntitlementId"],
        json!(id)
    );
    let (_, body) = t.fulfill(&access, &id).await;
    assert_eq!(body, json!({ "FulfillmentStatusUpdates": [] }));
    assert_eq!(t.amazon.fulfilled(), []);
    t.amazon
        .fault(Endpoint::Fulfill, Fault::AfterEffect(Box::new(error())), 1);
    let (_, body) = t.fulfill(&access, &id).await;
    assert_eq!(body["FulfillmentStatusUpdates"][0]["Result"], "ERROR");
    assert_eq!(t.amazon.fulfilled()[0].times, 1);
    t.clean();
}

#[tokio::test]
async fn oauth_errors_have_their_form() {
    let (t, _, refresh) = linked().await;
    for (error, wanted) in [
        ("invalid_grant", 400),
        ("invalid_client", 401),
        ("ServerError", 500),
    ] {
        let fault = Fault::OAuthError {
            error: error.to_owned(),
            description: "as asked".to_owned(),
        };
        t.amazon.fault(Endpoint::Token, fault, 1);
        let (code, body) = t.refresh(&refresh).await;
        assert_eq!((code, &body["error"]), (wanted, &json!(error)));
        assert_eq!(body["error_description"], "as asked");
    }
}

#[tokio::test]
async fn a_stalled_request_is_served_late_or_abandoned_without_effect() {
    let (t, access, refresh) = linked().await;
    let pause = Duration::from_millis(150);
    t.amazon
        .fault(Endpoint::Entitlements, Fault::Stall(pause), 1);
    let begin = Instant::now();
    assert_eq!(t.entitlements(&access).await.0, 200);
    assert!(begin.elapsed() >= pause);

    t.amazon.rotate_refresh_tokens(true);
    t.amazon
        .fault(Endpoint::Token, Fault::Stall(Duration::from_secs(600)), 1);
    let form = crate::support::refresh_form(&refresh);
    let request = t.post("/auth/o2/token", &form).timeout(pause);
    assert!(request.send().await.expect_err("no answer").is_timeout());
    assert_eq!(t.refresh(&refresh).await.0, 200);
    t.clean();
    let calls = t.amazon.calls();
    assert_eq!(calls[calls.len() - 2].status, None);
}

#[tokio::test]
async fn shutdown_closes_connections_that_wait() {
    let (t, access, _) = linked().await;
    t.amazon.fault(
        Endpoint::Entitlements,
        Fault::Stall(Duration::from_secs(600)),
        1,
    );
    let waiting = t.clone();
    let request = tokio::spawn(async move {
        let request = waiting.http.get(waiting.url("/api/entitlements"));
        let request = request.header("x-amz-access-token", access);
        request.send().await.is_err()
    });
    while t.amazon.calls_to(Endpoint::Entitlements) == 0 {
        tokio::task::yield_now().await;
    }
    t.amazon.shutdown().await;
    assert!(request.await.expect("the request"));
}

#[tokio::test]
#[should_panic(expected = "only fulfill answers about items")]
async fn item_faults_belong_to_reports() {
    let t = start().await;
    t.amazon.fault(Endpoint::Token, Fault::MissingItem, 1);
}

#[tokio::test]
async fn the_faults_that_still_wait_can_be_looked_at() {
    let (t, access, _) = linked().await;
    let down = Fault::Status {
        status: 503,
        body: "{}".to_owned(),
        retry_after: None,
    };
    t.amazon.fault(Endpoint::Entitlements, down.clone(), 2);
    t.amazon.fault(Endpoint::Entitlements, Fault::NotJson, 1);
    t.entitlements(&access).await;
    let waiting = t.amazon.faults();
    let seen: Vec<_> = waiting
        .iter()
        .map(|it| (it.endpoint, it.fault.clone(), it.times))
        .collect();
    let left = [
        (Endpoint::Entitlements, down, 1),
        (Endpoint::Entitlements, Fault::NotJson, 1),
    ];
    assert_eq!(seen, left);
}

#[tokio::test]
async fn an_answer_that_nobody_hears_is_a_lost_one_for_tokens_only() {
    let (t, _, _) = linked().await;
    t.amazon.will_not_be_heard("/api/fulfill");
    assert_eq!(t.amazon.faults(), []);
    t.amazon.will_not_be_heard("/auth/o2/token");
    let lost = Fault::AfterEffect(Box::new(Fault::Reset));
    assert_eq!(t.amazon.faults()[0].fault, lost);
    // A fault that waits for the request already stays what it is.
    t.amazon.will_not_be_heard("/auth/o2/token");
    assert_eq!(t.amazon.faults().len(), 1);
    assert_eq!(t.amazon.faults()[0].times, 1);
}

//! Listing and reporting.

use serde_json::{Value, json};
use stand_in::fingerprint;

use crate::support::{json, start, update};

#[tokio::test]
async fn broken_and_unknown_elements_are_listed_as_they_are() {
    let t = start().await;
    let (access, _) = t.link("alice").await;
    let id = t.amazon.claim("alice", "sku");
    for element in [
        json!(null),
        json!("text"),
        json!({ "VendorProductId": 7 }),
        json!({ "EntitlementId": "e-1", "NextInstruction": "DANCE" }),
    ] {
        t.amazon.put_entitlement("alice", element);
    }
    let (_, list) = t.entitlements(&access).await;
    let listed = list["Entitlements"].as_array().expect("a list");
    assert_eq!(listed.len(), 5);
    assert_eq!(listed[1], Value::Null);

    assert!(t.amazon.remove_entitlement("alice", &id));
    assert!(!t.amazon.remove_entitlement("alice", &id));
    let replaced = json!({ "EntitlementId": "e-1", "NextInstruction": "NOOP" });
    t.amazon.put_entitlement("alice", replaced.clone());
    let (_, list) = t.entitlements(&access).await;
    assert_eq!(list["Entitlements"][3], replaced);
    t.clean();
}

#[tokio::test]
async fn reports_are_counted_and_may_leave_a_noop() {
    let t = start().await;
    let (access, _) = t.link("alice").await;
    let id = t.amazon.claim("alice", "sku");
    t.amazon
        .behave(|behaviour| behaviour.noop_after_fulfillment = true);
    for times in 1..=2 {
        let (_, body) = t.fulfill(&access, &id).await;
        assert_eq!(body["FulfillmentStatusUpdates"][0]["Result"], "SUCCESS");
        assert_eq!(t.amazon.fulfilled()[0].times, times);
    }
    let (_, list) = t.entitlements(&access).await;
    assert_eq!(list["Entitlements"][0]["NextInstruction"], "NOOP");

    // Amazon forgot: listed as FULFILL again.
    t.amazon.put_entitlement(
        "alice",
        json!({ "EntitlementId": id, "VendorProductId": "sku", "NextInstruction": "FULFILL" }),
    );
    let (_, list) = t.entitlements(&access).await;
    assert_eq!(list["Entitlements"][0]["NextInstruction"], "FULFILL");
    t.clean();
}

#[tokio::test]
async fn each_fault_of_a_report_is_refused() {
    let t = start().await;
    let (access, _) = t.link("alice").await;
    let id = t.amazon.claim("alice", "sku");
    let with = |name: &str, value: Value| {
        let mut element = update(&id);
        element[name] = value;
        json!({ "FulfillmentStatusUpdates": [element] })
    };
    for (body, words) in [
        (json!([]), "not a JSON object"),
        (json!({}), "list"),
        (json!({ "FulfillmentStatusUpdates": [] }), "list"),
        (
            json!({ "FulfillmentStatusUpdates": [update(&id)], "More": 1 }),
            "More",
        ),
        (
            json!({ "FulfillmentStatusUpdates": [update(&id), update(&id)] }),
            "twice",
        ),
        (with("EntitlementId", json!("")), "EntitlementId"),
        (with("LastInstruction", json!("NOOP")), "LastInstruction"),
        (
            with("FulfillmentAddress", Value::Null),
            "FulfillmentAddress",
        ),
        (with("player", json!("p")), "unexpected field player"),
    ] {
        let request = t.report_body(&access, &body);
        assert_eq!(
            request.send().await.expect("an answer").status(),
            400,
            "{body}"
        );
        t.violated(words);
    }
    let body = json!({ "FulfillmentStatusUpdates": [update(&id)] }).to_string();
    let plain = t
        .http
        .post(t.url("/api/fulfill"))
        .header("x-amz-access-token", &access)
        .body(body);
    assert_eq!(plain.send().await.expect("an answer").status(), 400);
    t.violated("content type");
    assert_eq!(t.amazon.fulfilled(), []);
}

#[tokio::test]
async fn only_what_is_to_be_delivered_can_be_reported_and_only_by_its_account() {
    let t = start().await;
    let (alice, _) = t.link("alice").await;
    let (bob, _) = t.link("bob").await;
    let id = t.amazon.claim("alice", "sku");
    let odd = json!({ "EntitlementId": "odd", "NextInstruction": "DANCE" });
    t.amazon.put_entitlement("alice", odd);
    let result = async |token, id| {
        let (_, body) = t.fulfill(token, id).await;
        body["FulfillmentStatusUpdates"][0]["Result"].clone()
    };
    assert_eq!(result(&bob, &id).await, "ERROR");
    t.violated("another account");
    assert_eq!(result(&alice, "odd").await, "ERROR");
    t.violated("DANCE");
    assert_eq!(result(&alice, "gone").await, "ERROR");
    t.clean();
    assert_eq!(t.amazon.fulfilled(), []);
}

#[tokio::test]
async fn the_token_belongs_in_its_header() {
    let t = start().await;
    let (access, _) = t.link("alice").await;
    let url = t.url("/api/entitlements");
    let none = t.http.get(&url).send().await.expect("an answer");
    assert_eq!(none.status(), 400);
    t.violated("x-amz-access-token");
    let bearer = t.http.get(&url).bearer_auth(&access).send().await;
    assert_eq!(bearer.expect("an answer").status(), 400);
    assert_eq!(t.amazon.violations().len(), 2);
    t.amazon.reset_violations();
    let request = t.http.get(&url).query(&[("access_token", &access)]);
    let request = request.header("x-amz-access-token", &access);
    assert_eq!(request.send().await.expect("an answer").status(), 200);
    t.violated("query");
    let request = t.http.post(&url).header("x-amz-access-token", &access);
    let (status, _) = json(request.send().await.expect("an answer")).await;
    assert_eq!(status, 405);
    t.violated("POST");
    let unknown = t.http.get(t.url("/api/entitlement")).send().await;
    assert_eq!(unknown.expect("an answer").status(), 404);
    t.violated("no such address");
    assert!(!t.amazon.violations().concat().contains(&access));
    assert_ne!(fingerprint(&access), access);
}

#[tokio::test]
async fn what_was_claimed_can_be_looked_at_and_the_newest_taken_back() {
    let t = start().await;
    let (access, _) = t.link("alice").await;
    let ids = ["hat", "cap", "hat", "hat"].map(|sku| t.amazon.claim("alice", sku));
    t.fulfill(&access, &ids[3]).await;
    assert_eq!(t.amazon.withdraw("alice", "hat"), Some(ids[2].clone()));
    assert_eq!(t.amazon.withdraw("alice", "scarf"), None);
    assert_eq!(t.amazon.withdraw("nobody", "hat"), None);
    // One that tests have broken is none.
    t.amazon
        .put_entitlement("alice", json!({ "EntitlementId": 7 }));
    let known = t.amazon.claims();
    assert_eq!((known.len(), known[0].account.as_str()), (1, "alice"));
    assert_eq!(known[0].account_id, t.amazon.account_id("alice"));
    let claims = known[0].claims.iter();
    let seen: Vec<_> = claims
        .map(|it| (it.sku.as_str(), it.instruction.as_str(), it.fulfilled))
        .collect();
    let expected = [
        ("hat", "FULFILL", 0),
        ("cap", "FULFILL", 0),
        ("hat", "REVOKE", 0),
        ("hat", "FULFILL", 1),
    ];
    assert_eq!(seen, expected);
    t.clean();
}

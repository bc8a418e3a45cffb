//! The clock forward, and the alarms.

use serde_json::{Value, json};

use super::Page;

fn at(state: &Value) -> i64 {
    let now = state["now"].as_str().expect("a time");
    let now = prime_gaming::domain::Timestamp::parse(now).expect("RFC 3339");
    now.as_millis()
}

fn alarm<'a>(state: &'a Value, name: &str) -> &'a Value {
    let mut all = state["alarms"].as_array().expect("a list").iter();
    let found = all.find(|it| it["name"] == name);
    found.unwrap_or_else(|| panic!("no {name}"))
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn a_week_passes_and_the_token_is_refreshed() {
    let page = Page::open().await;
    page.link().await;
    let before = page.state().await;
    let said = page.act(json!({"do": "forward", "seconds": 604_800})).await;
    assert_eq!(said, "1 week passed. reconcile runs in that time: 60.");
    let state = page.state().await;
    assert_eq!(state["forwarded_seconds"], 604_800);
    let passed = at(&state) - at(&before);
    assert!((604_800_000..604_900_000).contains(&passed), "{passed}");
    let last = state["feed"].as_array().expect("a feed").last();
    let last = last.and_then(|it| it["number"].as_u64()).expect("a number");

    page.claim().await;
    assert!(page.check().await.contains("linked, fresh, 1 pending"));
    let state = page.state_after(last).await;
    let feed = state["feed"].as_array().expect("a feed");
    let refreshed = |it: &Value| it["request"] == "POST /auth/o2/token refresh_token";
    assert!(feed.iter().any(refreshed), "{feed:#?}");
    assert_eq!(page.lamps().await, (0, 0));
    page.system.stop().await;
}

#[tokio::test]
async fn what_is_stored_becomes_older() {
    let page = Page::with(&[("CHECK_MIN_INTERVAL_SECONDS", "300")]).await;
    page.link().await;
    // The link was made a moment ago, and a first check with it or after it.
    page.act(json!({"do": "forward", "seconds": 300})).await;
    assert!(page.check().await.contains("linked, fresh"));
    page.act(json!({"do": "forward", "seconds": 240})).await;
    assert!(page.check().await.contains("linked, not fresh"));
    page.act(json!({"do": "forward", "seconds": 60})).await;
    assert!(page.check().await.contains("linked, fresh"));
    page.system.stop().await;
}

#[tokio::test]
async fn what_is_left_to_do_is_done_while_time_passes() {
    let page = Page::open().await;
    page.link().await;
    page.claim().await;
    page.check().await;
    let fault = json!({"item_result": "ERROR"});
    page.act(json!({"do": "fault", "endpoint": "fulfill", "fault": fault, "times": 1}))
        .await;
    page.confirm().await;
    assert_eq!(page.entitlements().await[0]["status"], "delivered");
    page.act(json!({"do": "forward", "seconds": 3600})).await;
    assert_eq!(page.entitlements().await[0]["status"], "reported");
    assert_eq!(page.lamps().await, (0, 0));
    page.system.stop().await;
}

#[tokio::test]
async fn an_outage_rings_an_alarm_and_its_end_makes_the_lamp_dark() {
    let page = Page::open().await;
    page.link().await;
    for _ in 0..3 {
        page.claim().await;
    }
    page.check().await;
    page.act(json!({"do": "forward", "seconds": 120})).await;
    let state = page.state().await;
    assert!(
        !alarm(&state, "ReportingHigh")["description"]
            .as_str()
            .expect("a text")
            .is_empty()
    );
    assert_ne!(alarm(&state, "ReportingHigh")["state"], "ALARM");

    let down = json!({"status": {"status": 503}});
    page.act(json!({"do": "fault", "endpoint": "fulfill", "fault": down, "times": 1000}))
        .await;
    page.confirm().await;
    page.act(json!({"do": "forward", "seconds": 600})).await;
    let state = page.state().await;
    assert_eq!(alarm(&state, "ReportingHigh")["state"], "ALARM");
    assert_eq!(alarm(&state, "FunctionErrors")["state"], "OK");

    page.act(json!({"do": "clear_faults"})).await;
    page.act(json!({"do": "forward", "seconds": 86_400})).await;
    let state = page.state().await;
    assert_ne!(alarm(&state, "ReportingHigh")["state"], "ALARM");
    assert_eq!(page.entitlements().await[0]["status"], "reported");
    assert_eq!(page.lamps().await, (0, 0));
    page.system.stop().await;
}

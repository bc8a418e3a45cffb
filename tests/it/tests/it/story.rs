//! The main job, end to end, as a game and its player see it.

use it::World;
use serde_json::{Value, json};

#[tokio::test]
async fn story_of_a_reward() {
    let world = World::new().await;
    world.offer("hat").await;

    let unlinked = world.check("p1").await;
    assert_eq!(
        unlinked,
        json!({
            "link": "unlinked", "fresh": true, "checked_at": null, "next_check_at": null,
            "more": false, "entitlements": [],
        })
    );

    world.link("p1", "alice").await.page(200, "Player p1");
    let link = world.call_as("p1", "GET", "/v1/link").send().await.ok();
    assert_eq!(link["status"], "linked");
    assert_eq!(link["linked_at"], world.clock.now().to_string());

    let nothing = world.check("p1").await;
    assert_eq!(
        (&nothing["link"], &nothing["fresh"]),
        (&json!("linked"), &json!(true))
    );
    assert_eq!(nothing["entitlements"], json!([]));

    let id = world.amazon.claim("alice", "hat");
    let found = world.check_later("p1").await;
    let entitlement = &found["entitlements"][0];
    assert_eq!(entitlement["entitlement_id"], id);
    assert_eq!(entitlement["status"], "pending");
    assert_eq!(entitlement["sku"], "hat");
    assert_eq!(entitlement["content"], json!({"item": "hat"}));
    assert_eq!(entitlement["reason"], Value::Null);

    let results = world.confirm("p1", &[&id]).await;
    assert_eq!(
        results,
        json!([{"entitlement_id": id, "status": "reported"}])
    );
    let fulfilled = world.amazon.fulfilled();
    assert_eq!(fulfilled.len(), 1);
    assert_eq!(
        (fulfilled[0].entitlement_id.as_str(), fulfilled[0].times),
        (id.as_str(), 1)
    );
    assert_eq!(fulfilled[0].address, "Player");

    let again = world.check_later("p1").await;
    assert_eq!(
        (&again["fresh"], &again["entitlements"]),
        (&json!(true), &json!([]))
    );
    let history = world
        .call_as("p1", "GET", "/v1/entitlements")
        .send()
        .await
        .ok();
    assert_eq!(history["entitlements"][0]["status"], "reported");
    assert_eq!(history["next_cursor"], Value::Null);

    let answer = world.call_as("p1", "DELETE", "/v1/link").send().await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (204, ""));
    let link = world.call_as("p1", "GET", "/v1/link").send().await.ok();
    assert_eq!(link, json!({"status": "unlinked", "linked_at": null}));
    assert_eq!(world.amazon.violations(), Vec::<String>::new());
}

//! `doctor`: what it finds in a healthy deployment, and in one where something is wrong.

mod amazon;
mod hanging;
mod secret;
mod studio;
pub(super) mod support;
mod tables;

use std::time::Duration;

use it::{World, permissions};
use prime_gaming::testing::config::Intake;
use serde_json::json;

use super::support::everything;
use support::{check, checks, deployed, find, healthy, look, unwell, variant};

/// Every check, in the order of the answer.
const NAMES: [&str; 18] = [
    "secret",
    "token_keys",
    "lwa_client",
    "lwa_device_client",
    "amazon_region",
    "prime_gaming",
    "key_set",
    "links_table",
    "fulfillments_table",
    "offers_table",
    "erasures_table",
    "webhook",
    "offers",
    "alarm_topic",
    "intake",
    "addresses",
    "due",
    "attention",
];

#[tokio::test]
async fn a_healthy_system_is_well_and_stays_as_it_is() {
    let (world, studio) = healthy(&[]).await;
    let before = everything(&world).await;
    let answer = world.admin(json!({"command": "doctor"})).await;
    assert_eq!(answer["ok"], true, "{answer}");
    assert_eq!(answer.get("errors"), None);
    let names: Vec<_> = checks(&answer)
        .iter()
        .map(|it| it["name"].clone())
        .collect();
    assert_eq!(names, NAMES);
    for check in checks(&answer) {
        assert_eq!(check["ok"], true, "{check}");
        assert_eq!(check["fix"], json!(null), "{check}");
        assert!(check["detail"].as_str().is_some_and(|it| !it.is_empty()));
        let keys: Vec<_> = check.as_object().expect("an object").keys().collect();
        assert_eq!(keys, ["detail", "fix", "name", "ok"], "{check}");
    }
    assert_eq!(everything(&world).await, before);
    // Two tests and no delivery.
    let bodies: Vec<_> = studio.calls().into_iter().map(|call| call.body).collect();
    assert_eq!(bodies, [r#"{"type":"test"}"#; 2]);
    world.contract_is_kept();
}

#[tokio::test]
async fn a_local_system_says_what_can_not_be_known_there() {
    let (world, _) = healthy(&[]).await;
    let answer = world.admin(json!({"command": "doctor"})).await;
    for (name, said) in [
        (
            "links_table",
            "does not tell whether it has point-in-time recovery",
        ),
        (
            "links_table",
            "does not tell whether it has deletion protection",
        ),
        ("alarm_topic", "a local system has no alarms"),
    ] {
        let detail = find(&answer, name)["detail"].to_string();
        assert!(detail.contains(said), "{said} in {detail}");
    }
}

#[tokio::test]
async fn it_takes_no_fields_and_needs_no_actor() {
    let world = World::new().await;
    let answer = world
        .admin(json!({"command": "doctor", "player_id": "p1"}))
        .await;
    assert_eq!(answer["errors"][0]["code"], "invalid_request", "{answer}");
    assert_eq!(answer.get("checks"), None);
}

#[tokio::test]
async fn nothing_secret_is_in_its_answer() {
    let (world, _) = healthy(&[]).await;
    world.replace_secret(&json!({"lwa_client_secret": "hush-client", "token_keys": [
        {"id": "k1", "key": "hush"}
    ]}));
    let answers = [
        world.admin(json!({"command": "doctor"})).await,
        look(&deployed(&world)).await,
    ];
    for answer in answers {
        let text = answer.to_string();
        for secret in [
            "hush",
            it::CLIENT_SECRET,
            it::WEBHOOK_SECRET,
            it::JWT_SECRET,
        ] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

#[tokio::test]
async fn without_offers_everything_claimed_would_be_held() {
    let world = World::new().await;
    let answer = world.admin(json!({"command": "doctor"})).await;
    assert_eq!(unwell(&answer), ["offers"]);
    check(&answer, "offers", "there are no offers", "offers.put");
}

#[tokio::test]
async fn paused_and_unlimited_offers_are_named() {
    let (world, _) = healthy(&[]).await;
    let offers = json!([
        {"sku": "cape", "title": "Cape", "content": 1, "paused": true},
        {"sku": "boost", "title": "Boost", "content": 1, "per_player": null},
    ]);
    let put = world.admin(json!({"command": "offers.put", "offers": offers}));
    assert_eq!(put.await["ok"], true);
    let answer = world.admin(json!({"command": "doctor"})).await;
    assert_eq!(answer["ok"], true, "{answer}");
    assert_eq!(
        find(&answer, "offers")["detail"],
        "there are 3 offers; paused: cape; any number of times for each player: boost"
    );
}

#[tokio::test]
async fn a_held_intake_is_told() {
    let (mut world, _) = healthy(&[]).await;
    world.app.config.intake = Intake::Hold;
    let answer = world.admin(json!({"command": "doctor"})).await;
    assert_eq!(unwell(&answer), ["intake"]);
    check(&answer, "intake", "on hold", "Set Intake to open");
}

#[tokio::test]
async fn alarms_of_a_deployment_need_a_topic() {
    let (world, _) = healthy(&[]).await;
    let deployment = deployed(&world);
    let answer = look(&deployment).await;
    check(&answer, "alarm_topic", "no topic", "AlarmTopicArn");
    let topic = "arn:aws:sns:us-east-1:123456789012:on-call";
    let with_topic = variant(&deployment, |config| {
        config.alarm_topic = Some(topic.to_owned());
    });
    let found = look(&with_topic).await;
    let found = find(&found, "alarm_topic");
    assert_eq!(found["ok"], true, "{found}");
    assert!(
        found["detail"]
            .as_str()
            .is_some_and(|it| it.contains(topic))
    );
}

#[tokio::test]
async fn the_addresses_for_amazon_are_told_to_the_letter() {
    let (world, _) = healthy(&[]).await;
    let deployment = deployed(&world);
    let api = "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com";
    for (public, api_url, return_url, linking) in [
        (
            Some("https://api.studio.example/prime"),
            Some(api),
            "https://api.studio.example/prime/link/callback",
            "https://api.studio.example/prime/link",
        ),
        (
            None,
            Some(api),
            "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/link/callback",
            "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/link",
        ),
    ] {
        let url = |text: Option<&str>| text.map(|text| text.parse().expect("a URL"));
        let patient = variant(&deployment, |config| {
            config.public_base_url = url(public);
            config.api_url = url(api_url);
        });
        let answer = look(&patient).await;
        let found = find(&answer, "addresses");
        assert_eq!(found["ok"], true, "{found}");
        let detail = found["detail"].as_str().expect("text");
        for part in [
            format!("allowed return URL for the security profile: {return_url};"),
            format!("linking URL for Prime Gaming: {linking},"),
            "PlayerLoginUrl".to_owned(),
        ] {
            assert!(detail.contains(&part), "{part} in {detail}");
        }
    }
    let unknown = variant(&deployment, |config| {
        config.public_base_url = None;
        config.api_url = None;
    });
    check(
        &look(&unknown).await,
        "addresses",
        "do not tell",
        "LwaAllowedReturnUrl",
    );
}

#[tokio::test]
async fn what_is_due_is_counted_and_what_is_overdue_is_a_fault() {
    let (world, studio) = healthy(&[]).await;
    world.linked("p1", "alice").await;
    // The studio's backend is out of order for deliveries, so they stay due.
    studio.script([it::Reply::status(503)]);
    world.amazon.claim("alice", "hat");
    world.check_later("p1").await;
    world.pass(60);
    let answer = world.admin(json!({"command": "doctor"})).await;
    let due = find(&answer, "due");
    assert_eq!(due["ok"], true, "{due}");
    assert!(due["detail"].to_string().contains("due: 1;"), "{due}");
    world.clock.advance(Duration::from_secs(600));
    let answer = world.admin(json!({"command": "doctor"})).await;
    check(&answer, "due", "overdue", "reconcile");
}

#[tokio::test]
async fn what_waits_for_an_operator_is_a_fault() {
    let (world, studio) = healthy(&[]).await;
    world.linked("p1", "alice").await;
    let refused = json!({"refused": true}).to_string();
    studio.script([it::Reply::Refuse(
        http::StatusCode::GONE,
        Vec::new(),
        refused,
    )]);
    world.amazon.claim("alice", "hat");
    world.check_later("p1").await;
    let answer = world.admin(json!({"command": "doctor"})).await;
    check(&answer, "attention", "operator: 1", "attention.list");
}

#[tokio::test]
async fn a_role_that_may_not_look_is_named() {
    let (world, _) = healthy(&[]).await;
    let dynamodb = it::planted(&world.dynamodb, |operation, status, body| {
        if operation.starts_with("Describe") || operation == "Scan" {
            let denied = json!({
                "__type": "com.amazon.coral.service#AccessDeniedException",
                "Message": "not authorized"
            });
            return (400, denied);
        }
        (status, body)
    });
    let deployment = support::with_database(&world, permissions::guarded(&dynamodb));
    let answer = look(&deployment).await;
    for name in [
        "links_table",
        "fulfillments_table",
        "offers_table",
        "offers",
    ] {
        check(&answer, name, "AccessDeniedException", "AdminRole");
    }
}

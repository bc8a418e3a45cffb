//! Each action, and why one is refused.

use local::dynamo::{Embedded, Storage};
use serde_json::{Value, json};

use super::{OFFER, PLAYER, Page};

#[tokio::test]
async fn a_story_is_played_by_actions_alone() {
    let page = Page::open().await;
    let state = page.state().await;
    assert_eq!(state["api"], json!(page.system.base_url));
    assert_eq!(state["functions"][4], "reconcile");
    assert_eq!(
        (&state["players"][0]["link"], &state["delivery"]),
        (&json!("unlinked"), &json!("confirm"))
    );
    let token = state["players"][0]["token"].as_str().expect("a token");
    assert_eq!(token.split('.').count(), 3);

    page.link().await;
    page.claim().await;
    assert_eq!(
        page.check().await,
        "Robin checked: linked, fresh, 1 pending. The game saved 1."
    );
    assert_eq!(
        page.confirm().await,
        "Robin's game confirmed 1; 1 were taken."
    );
    assert_eq!(page.confirm().await, "Robin's game has nothing to confirm.");
    let said = page.act(json!({"do": "reconcile"})).await;
    assert_eq!(said, "reconcile took 0, 0 failed, 0 are left.");

    let state = page.state().await;
    let player = &state["players"][0];
    assert_eq!(
        (&player["link"], &player["account"]),
        (&json!("linked"), &json!("robin"))
    );
    let account = &state["accounts"][0];
    assert_eq!(account["name"], "robin");
    assert_eq!(
        (
            &account["claimed"][0]["sku"],
            &account["claimed"][0]["fulfilled"]
        ),
        (&json!(OFFER), &json!(1))
    );
    let own = &player["entitlements"][0];
    assert_eq!(
        (&own["status"], &own["sku"]),
        (&json!("reported"), &json!(OFFER))
    );

    page.act(json!({"do": "unlink", "player": PLAYER})).await;
    assert_eq!(page.state().await["players"][0]["link"], "unlinked");
    page.system.stop().await;
}

#[tokio::test]
async fn what_amazon_does_is_seen_by_the_next_check() {
    let page = Page::open().await;
    page.link().await;
    page.claim().await;
    page.act(json!({"do": "withdraw", "account": "robin", "sku": OFFER}))
        .await;
    assert!(page.check().await.contains("0 pending"));
    // Nothing was stored of it, or it is held.
    let held = page.entitlements().await;
    assert!(held.iter().all(|it| it["status"] == "held"), "{held:?}");
    assert_eq!(page.lamps().await, (0, 0));
    page.act(json!({"do": "revoke", "account": "robin"})).await;
    page.act(json!({"do": "forward", "seconds": 7200})).await;
    let said = page.check().await;
    assert!(said.contains("relink_required"), "{said}");
    assert_eq!(page.state().await["players"][0]["link"], "relink_required");
    page.system.stop().await;
}

#[tokio::test]
async fn faults_and_behaviour_are_switches() {
    let page = Page::open().await;
    page.link().await;
    let fault = json!({"status": {"status": 503, "body": "", "retry_after": null}});
    let ask = json!({"do": "fault", "endpoint": "entitlements", "fault": fault, "times": 50});
    page.act(ask).await;
    assert!(page.check().await.contains("not fresh"));
    let waiting = page.state().await["faults"].clone();
    assert_eq!(
        (&waiting[0]["endpoint"], &waiting[0]["fault"]),
        (&json!("entitlements"), &fault)
    );
    let times = waiting[0]["times"].as_u64().expect("a number");
    assert!((1..50).contains(&times), "{times}");
    page.act(json!({"do": "clear_faults"})).await;
    assert_eq!(page.state().await["faults"], json!([]));

    page.act(json!({"do": "behave", "change": {"rotate_refresh_tokens": true}}))
        .await;
    let behaviour = page.state().await["behaviour"].clone();
    assert_eq!(behaviour["rotate_refresh_tokens"], true);
    assert_eq!(behaviour["omit_refresh_token"], false);

    // Amazon does not ask, whatever account the player wants.
    page.act(json!({"do": "unlink", "player": PLAYER})).await;
    page.act(json!({"do": "behave", "change": {"agreed_before": "kim"}}))
        .await;
    let link = json!({"do": "link", "player": PLAYER, "account": "robin"});
    assert_eq!(page.act(link).await, "Robin linked the Amazon account kim.");
    assert_eq!(page.state().await["players"][0]["account"], "kim");
    page.system.stop().await;
}

#[tokio::test]
async fn what_is_armed_can_be_spared() {
    let page = Page::open().await;
    let kill = json!({"do": "kill", "function": "link", "at": 1, "mode": "killed_before"});
    page.act(kill).await;
    page.act(json!({"do": "spare"})).await;
    assert_eq!(page.state().await["kill"], Value::Null);
    page.link().await;
    page.system.stop().await;
}

#[tokio::test]
async fn a_kill_that_is_not_reached_is_told() {
    let page = Page::open().await;
    let kill = json!({"do": "kill", "function": "entitlements", "at": 50, "mode": "killed_before"});
    page.act(kill).await;
    let said = page.act(json!({"do": "check", "player": PLAYER})).await;
    let told = "entitlements was not disturbed: its invocation made only ";
    assert!(said.contains(told), "{said}");
    assert_eq!(page.state().await["kill"], Value::Null);
    let said = page.act(json!({"do": "check", "player": PLAYER})).await;
    assert!(!said.contains("disturbed"), "{said}");
    page.system.stop().await;
}

#[tokio::test]
async fn a_link_that_is_killed_is_told_and_can_be_made_again() {
    let page = Page::open().await;
    page.act(json!({"do": "kill", "function": "link", "at": 2, "mode": "killed_before"}))
        .await;
    let link = json!({"do": "link", "player": PLAYER, "account": "robin"});
    let said = page.act(link).await;
    assert!(
        said.starts_with("Robin could not link robin. POST /v1/link/sessions"),
        "{said}"
    );
    page.link().await;
    page.system.stop().await;
}

#[tokio::test]
async fn a_link_that_is_refused_is_told_with_the_code_of_the_page() {
    let page = Page::open().await;
    page.link().await;
    let zoe = json!({"do": "player", "player": "player-2", "name": "Zoe"});
    page.act(zoe).await;
    let link = json!({"do": "link", "player": "player-2", "account": "robin"});
    let said = page.act(link).await;
    let end = "got 409 from /link/callback, amazon_account_taken";
    assert!(said.ends_with(end), "{said}");
    page.system.stop().await;
}

#[tokio::test]
async fn a_refused_action_says_what_would_be_right_and_is_not_in_the_script() {
    let page = Page::open().await;
    for (action, said) in [
        (
            json!({"do": "chek"}),
            "unknown variant `chek`, expected one of `player`, `link`",
        ),
        (json!({"do": "check"}), "missing field `player`"),
        (
            json!({"do": "check", "player": "p9"}),
            "`player` is p9; the game's players are player-1",
        ),
        (
            json!({"do": "player", "player": "player-1", "name": "R"}),
            "`player` is player-1, which the game has already",
        ),
        (
            json!({"do": "revoke", "account": "kim"}),
            "`account` is kim, which has neither linked nor claimed",
        ),
        (
            json!({"do": "withdraw", "account": "robin", "sku": "hat"}),
            "robin",
        ),
        (
            json!({"do": "forward", "seconds": 1}),
            "`seconds` is 1; it must be from 60 to 2678400",
        ),
        (
            json!({"do": "behave", "change": {"rotate": true}}),
            "unknown field `rotate`",
        ),
    ] {
        let refused = page.refused(action.clone()).await;
        assert!(refused.contains(said), "{action}: {refused}");
    }
    page.claim().await;
    let refused = page
        .refused(json!({"do": "withdraw", "account": "robin", "sku": "hat"}))
        .await;
    assert_eq!(
        refused,
        "robin has no hat that was not reported; claim one first"
    );
    let claim = json!({"do": "claim", "account": "robin", "sku": OFFER});
    assert_eq!(page.state().await["script"], json!([claim]));
    page.system.stop().await;
}

#[tokio::test]
async fn without_the_stand_in_the_console_says_what_it_cannot_do() {
    let urls = [
        "LWA_AUTHORIZE_URL",
        "LWA_TOKEN_URL",
        "LWA_TOKENINFO_URL",
        "LWA_PROFILE_URL",
        "LWA_CODEPAIR_URL",
        "PRIME_GAMING_ENTITLEMENTS_URL",
        "PRIME_GAMING_FULFILL_URL",
    ];
    let settings = urls.map(|name| (name, "http://127.0.0.1:9/nothing"));
    let page = Page::with(&settings).await;
    let state = page.state().await;
    assert_eq!(
        (&state["amazon"], &state["behaviour"]),
        (&Value::Null, &Value::Null)
    );
    let limits = state["limits"].as_array().expect("a list");
    assert_eq!(limits.len(), 1, "{limits:?}");
    let claim = json!({"do": "claim", "account": "robin", "sku": OFFER});
    let refused = page.refused(claim).await;
    assert_eq!(
        refused,
        "Amazon is not the stand-in here: start without Amazon's addresses"
    );
    let said = page.check().await;
    assert!(said.starts_with("Robin checked: unlinked"), "{said}");
    page.system.stop().await;
}

#[tokio::test]
async fn with_a_database_of_ones_own_the_clock_stays_and_the_rest_works() {
    let database = Embedded::start(Storage::Memory).await.expect("a database");
    let page = Page::with(&[("AWS_ENDPOINT_URL_DYNAMODB", &database.endpoint)]).await;
    let refused = page.refused(json!({"do": "forward", "seconds": 60})).await;
    assert!(refused.starts_with("The database is your own"), "{refused}");
    page.link().await;
    page.claim().await;
    assert!(page.check().await.contains("1 pending"));
    page.confirm().await;
    assert_eq!(page.entitlements().await[0]["status"], "reported");
    assert_eq!(page.lamps().await, (0, 0));
    let state = page.state().await;
    let limits = state["limits"].as_array().expect("a list");
    assert_eq!(limits.len(), 1, "{limits:?}");
    let feed = state["feed"].as_array().expect("a feed");
    assert!(
        feed.iter().all(|it| it["service"] != "dynamodb"),
        "{feed:#?}"
    );
    page.system.stop().await;
}

#[tokio::test]
async fn a_webhook_that_leads_away_is_not_judged() {
    let page = Page::with(&[
        ("DELIVERY", "webhook"),
        ("DELIVERY_WEBHOOK_URL", "https://studio.example/deliver"),
    ])
    .await;
    let limits = page.state().await["limits"].clone();
    assert_eq!(limits.as_array().expect("a list").len(), 1, "{limits}");
    let amazon = page.system.amazon.as_ref().expect("a stand-in");
    let id = amazon.claim("mallory", OFFER);
    let tokens = amazon.tokens("mallory", "any-client");
    let token = tokens["access_token"].as_str().expect("a token");
    let update = json!({"FulfillmentStatusUpdates": [
        {"EntitlementId": id, "LastInstruction": "FULFILL", "FulfillmentAddress": "x"},
    ]});
    let request = page.http.post(format!("{}/api/fulfill", amazon.base_url()));
    let request = request.header("x-amz-access-token", token).json(&update);
    assert_eq!(request.send().await.expect("an answer").status(), 200);
    assert_eq!(page.lamps().await, (0, 0));
    page.system.stop().await;
}

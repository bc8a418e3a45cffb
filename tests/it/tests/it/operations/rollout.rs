//! The checks before a roll-out, and what CodeDeploy is told.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use it::permissions::{acting_as, guarded};
use it::{Reply, World};
use local::build::workspace;
use prime_gaming::Clock;
use prime_gaming::app::Deployment;
use prime_gaming::codedeploy::{CodeDeploy, Hook, HookStatus};
use prime_gaming::doctor::check_rollout;
use prime_gaming::testing::net;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::doctor::support::{healthy, variant, with_database};
use super::support::everything;

/// A CodeDeploy on loopback, which remembers what it is told.
#[derive(Clone, Default)]
struct Fake(Arc<Mutex<Vec<(HeaderMap, Value)>>>);

impl Fake {
    async fn start(status: StatusCode) -> (Self, CodeDeploy) {
        let fake = Self::default();
        let told = fake.clone();
        let answer = move |headers: HeaderMap, body: Bytes| {
            let body = serde_json::from_slice(&body).expect("JSON");
            told.0.lock().expect("no panic").push((headers, body));
            async move { (status, "{}") }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().fallback(answer);
        tokio::spawn(async move { axum::serve(listener, router).await });
        let http = net::Client::new(Clock::system()).expect("a client");
        let sdk = net::sdk_config_from(http.clone(), move |name| {
            Some(match name {
                "AWS_ENDPOINT_URL_CODEDEPLOY" => url.clone(),
                "AWS_REGION" => "us-east-1".to_owned(),
                "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => "local".to_owned(),
                _ => return None,
            })
        });
        let client = CodeDeploy::new(http, &sdk.expect("everything is there"));
        (fake, client.expect("an address"))
    }

    fn told(&self) -> Vec<Value> {
        let told = self.0.lock().expect("no panic");
        told.iter().map(|(_, body)| body.clone()).collect()
    }
}

/// What CodeDeploy hands over, as the file of `events/` has it.
fn event() -> Box<RawValue> {
    let text = std::fs::read_to_string(workspace().join("events/admin-rollout-hook.json"));
    serde_json::from_str(&text.expect("the file")).expect("JSON")
}

fn hook() -> Hook {
    admin::hook(&event()).expect("CodeDeploy's event")
}

/// Makes the checks as the function that CodeDeploy invokes, and gives what it is told.
async fn status(deployment: &Deployment) -> Value {
    let (fake, codedeploy) = Fake::start(StatusCode::OK).await;
    let hook = hook();
    let work = Box::pin(check_rollout(deployment, &codedeploy, &hook));
    let status = acting_as("RolloutCheckFunction", work).await;
    let status = status.expect("it is told").as_str();
    let told = fake.told();
    let event: Value = serde_json::from_str(event().get()).expect("JSON");
    let expected = json!({
        "deploymentId": event["DeploymentId"],
        "lifecycleEventHookExecutionId": event["LifecycleEventHookExecutionId"],
        "status": status,
    });
    assert_eq!(told, [expected]);
    told[0]["status"].clone()
}

fn deployment(world: &World) -> Deployment {
    with_database(world, guarded(&world.dynamodb))
}

#[tokio::test]
async fn a_healthy_version_is_rolled_out_and_nothing_changes() {
    let (world, _) = healthy(&[]).await;
    let before = everything(&world).await;
    assert_eq!(status(&deployment(&world)).await, "Succeeded");
    assert_eq!(everything(&world).await, before);
}

#[tokio::test]
async fn the_function_of_the_checks_does_not_know_the_apis_address_and_asks_amazon_all_the_same() {
    let (world, _) = healthy(&[]).await;
    let in_aws = variant(&deployment(&world), |config| {
        config.public_base_url = None;
        config.api_url = None;
    });
    assert_eq!(status(&in_aws).await, "Succeeded");
    let other_client = variant(&in_aws, |config| {
        config.lwa.client_id = "other".to_owned();
        config.lwa.device_client_id = "other".to_owned();
    });
    assert_eq!(status(&other_client).await, "Failed");
    world.contract_is_kept();
}

#[tokio::test]
async fn a_failing_studio_or_amazon_keeps_no_cure_from_being_deployed() {
    let (world, studio) = healthy(&[]).await;
    studio.rule(|_| Some(Reply::status(503)));
    let patient = variant(&deployment(&world), |config| {
        config.prime_gaming.entitlements_url =
            "http://127.0.0.1:9/entitlements".parse().expect("a URL");
        config.lwa.token_url = "http://127.0.0.1:9/token".parse().expect("a URL");
    });
    assert_eq!(status(&patient).await, "Succeeded");
    let offers = world.admin(json!({"command": "offers.delete", "sku": "hat"}));
    assert_eq!(offers.await["ok"], true);
    assert_eq!(status(&deployment(&world)).await, "Succeeded");
}

#[tokio::test]
async fn what_would_fail_every_player_stops_the_roll_out() {
    let (world, _) = healthy(&[]).await;
    let good = deployment(&world);
    let other_client = variant(&good, |config| config.lwa.client_id = "other".to_owned());
    assert_eq!(status(&other_client).await, "Failed");
    let no_keys = variant(&good, |config| {
        config.players.jwks_url = Some("http://127.0.0.1:9/jwks".parse().expect("a URL"));
    });
    assert_eq!(status(&no_keys).await, "Failed");
    std::fs::remove_file(&world.secrets_file).expect("it was there");
    assert_eq!(status(&good).await, "Failed");
}

#[tokio::test]
async fn a_codedeploy_that_is_not_told_is_an_error_so_that_lambda_tries_again() {
    let (world, _) = healthy(&[]).await;
    let (fake, codedeploy) = Fake::start(StatusCode::BAD_REQUEST).await;
    let (deployment, hook) = (deployment(&world), hook());
    let work = Box::pin(check_rollout(&deployment, &codedeploy, &hook));
    let told = acting_as("RolloutCheckFunction", work).await;
    assert!(told.is_err());
    assert_eq!(fake.told().len(), 1);
    assert_eq!(fake.told()[0]["status"], HookStatus::Succeeded.as_str());
}

#[test]
fn a_command_is_no_hook() {
    for text in [
        r#"{"command": "doctor"}"#,
        r#"{"DeploymentId": "d-1"}"#,
        r#"{"DeploymentId": 1, "LifecycleEventHookExecutionId": "e"}"#,
        "[]",
    ] {
        let event: Box<RawValue> = serde_json::from_str(text).expect("JSON");
        assert!(admin::hook(&event).is_none(), "{text}");
    }
}

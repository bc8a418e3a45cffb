use super::*;
use crate::Clock;
use crate::net::testing::{Reply, Server};

const NOW: Timestamp = Timestamp::from_millis(1_769_851_860_000);

fn hook() -> Hook {
    let event = r#"{"DeploymentId": "d-0123ABCDE", "LifecycleEventHookExecutionId": "eyJl"}"#;
    serde_json::from_str(event).expect("CodeDeploy's event")
}

fn client(server: &Server) -> CodeDeploy {
    let endpoint = server.url("").to_string();
    let http = Client::new(Clock::system()).expect("a client");
    let sdk = net::sdk_config_from(http.clone(), move |name| {
        Some(match name {
            "AWS_ENDPOINT_URL_CODEDEPLOY" => endpoint.clone(),
            "AWS_ACCESS_KEY_ID" => "AKIDEXAMPLE".to_owned(),
            "AWS_SECRET_ACCESS_KEY" => "hush-key".to_owned(),
            "AWS_SESSION_TOKEN" => "hush-token".to_owned(),
            "AWS_REGION" => "eu-central-1".to_owned(),
            _ => return None,
        })
    });
    CodeDeploy::new(http, &sdk.expect("everything is there")).expect("an address")
}

async fn tell(server: &Server, status: HookStatus) -> Result<(), CodeDeployError> {
    client(server).put_status(&hook(), status, NOW).await
}

#[tokio::test]
async fn the_result_is_told_by_one_signed_request() {
    let server = Server::start([Reply::json(200, "{}")]);
    let told = tell(&server, HookStatus::Succeeded).await;
    told.expect("it is told");
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    for part in [
        "POST / HTTP/1.1\r\n",
        "content-type: application/x-amz-json-1.1\r\n",
        "x-amz-target: CodeDeploy_20141006.PutLifecycleEventHookExecutionStatus\r\n",
        "x-amz-date: 20260131T093100Z\r\n",
        "x-amz-security-token: hush-token\r\n",
        "authorization: AWS4-HMAC-SHA256 \
         Credential=AKIDEXAMPLE/20260131/eu-central-1/codedeploy/aws4_request, \
         SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=",
        r#""deploymentId":"d-0123ABCDE""#,
        r#""lifecycleEventHookExecutionId":"eyJl""#,
        r#""status":"Succeeded""#,
    ] {
        assert!(requests[0].contains(part), "{part} in {}", requests[0]);
    }
    assert!(!requests[0].contains("hush-key"));
}

#[tokio::test]
async fn a_failure_on_the_way_is_tried_again_and_a_refusal_is_not() {
    let server = Server::start([Reply::json(500, "{}"), Reply::json(200, "{}")]);
    let told = tell(&server, HookStatus::Failed).await;
    told.expect("the second try");
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests[1].contains(r#""status":"Failed""#));

    let refusal = r#"{"__type": "DeploymentDoesNotExistException", "message": "hush"}"#;
    let server = Server::start([Reply::json(400, refusal)]);
    let told = tell(&server, HookStatus::Failed).await;
    let error = told.expect_err("refused").to_string();
    assert_eq!(
        error,
        "CodeDeploy answered status 400, DeploymentDoesNotExistException"
    );
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn it_is_told_also_if_the_first_answer_was_lost() {
    let refusal =
        r#"{"__type": "com.amazonaws.codedeploy#LifecycleEventAlreadyCompletedException"}"#;
    for lost in [Reply::Reset, Reply::Truncated, Reply::json(500, "{}")] {
        let server = Server::start([lost, Reply::json(400, refusal)]);
        let told = tell(&server, HookStatus::Succeeded).await;
        told.expect("the first request told it");
        assert_eq!(server.requests().len(), 2);
    }
    // Without a lost answer it was not this process that told it.
    let server = Server::start([Reply::json(400, refusal)]);
    let told = tell(&server, HookStatus::Succeeded).await;
    assert!(told.is_err());
}

#[test]
fn without_an_endpoint_it_is_the_regions() {
    let http = Client::new(Clock::system()).expect("a client");
    let sdk = net::sdk_config_from(http.clone(), |name| {
        (!name.starts_with("AWS_ENDPOINT")).then(|| "eu-central-1".to_owned())
    });
    let client = CodeDeploy::new(http, &sdk.expect("everything is there")).expect("an address");
    assert_eq!(
        client.url.as_str(),
        "https://codedeploy.eu-central-1.amazonaws.com/"
    );
}

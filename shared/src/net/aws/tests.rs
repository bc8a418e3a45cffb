use aws_sdk_dynamodb::types::AttributeValue;

use super::*;
use crate::Clock;
use crate::net::testing::{Reply, Server};

fn config(variables: &[(&'static str, String)]) -> Result<SdkConfig, SdkConfigError> {
    let variables = variables.to_vec();
    sdk_config_from(
        Client::new(Clock::system()).expect("a client"),
        move |name| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value.clone())
        },
    )
}

fn local(endpoints: &[(&'static str, String)]) -> SdkConfig {
    let mut variables = endpoints.to_vec();
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        variables.push((name, "local".to_owned()));
    }
    variables.push(("AWS_REGION", "eu-central-1".to_owned()));
    config(&variables).expect("everything is there")
}

async fn get(server: &Server) -> Result<String, String> {
    let sdk = local(&[("AWS_ENDPOINT_URL_DYNAMODB", server.url("").to_string())]);
    let answer = aws_sdk_dynamodb::Client::new(&sdk)
        .get_item()
        .table_name("links")
        .key("pk", AttributeValue::S("a".to_owned()))
        .send()
        .await
        .map_err(|error| crate::net::chain(&error))?;
    Ok(format!("{:?}", answer.item()))
}

const ITEM: &str = r#"{"Item":{"pk":{"S":"found"}}}"#;

#[test]
fn what_is_missing_is_named_and_empty_is_missing() {
    let error = config(&[
        ("AWS_REGION", "x".to_owned()),
        ("AWS_ACCESS_KEY_ID", String::new()),
    ])
    .expect_err("two are missing");
    assert_eq!(
        error,
        SdkConfigError("AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY".to_owned())
    );
}

#[tokio::test]
async fn dynamodb_is_asked_at_its_endpoint() {
    let server = Server::start([Reply::json(200, ITEM)]);
    assert!(get(&server).await.expect("an item").contains("found"));
    let request = &server.requests()[0].to_lowercase();
    assert!(
        request.contains("x-amz-target: dynamodb_20120810.getitem"),
        "{request}"
    );
    assert!(
        request.contains("/eu-central-1/dynamodb/aws4_request"),
        "{request}"
    );
}

#[tokio::test]
async fn secrets_manager_is_asked_at_its_endpoint() {
    let server = Server::start([Reply::json(200, r#"{"SecretString":"s"}"#)]);
    let sdk = local(&[
        ("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1".to_owned()),
        (
            "AWS_ENDPOINT_URL_SECRETS_MANAGER",
            server.url("").to_string(),
        ),
    ]);
    let secret = aws_sdk_secretsmanager::Client::new(&sdk)
        .get_secret_value()
        .secret_id("x")
        .send()
        .await
        .expect("a secret");
    assert_eq!(secret.secret_string(), Some("s"));
}

#[tokio::test]
async fn one_endpoint_serves_all_where_a_service_has_none_of_its_own() {
    let server = Server::start([Reply::json(200, ITEM)]);
    let sdk = local(&[
        ("AWS_ENDPOINT_URL", server.url("").to_string()),
        ("AWS_ENDPOINT_URL_DYNAMODB", String::new()),
    ]);
    assert_eq!(service_origin(&sdk, "DynamoDB"), Some(server.url("/")));
    aws_sdk_dynamodb::Client::new(&sdk)
        .list_tables()
        .send()
        .await
        .expect("an answer");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn without_an_endpoint_dynamodb_is_the_regions() {
    let origin = service_origin(&local(&[]), "DynamoDB").expect("an origin");
    assert_eq!(
        origin.as_str(),
        "https://dynamodb.eu-central-1.amazonaws.com/"
    );
}

#[tokio::test]
async fn the_sdk_repeats_what_failed_on_the_way_or_at_the_server() {
    for failure in [Reply::Close, Reply::Truncated, Reply::json(500, "{}")] {
        let server = Server::start([failure, Reply::json(200, ITEM)]);
        assert!(
            get(&server)
                .await
                .expect("the second try")
                .contains("found")
        );
        assert_eq!(server.requests().len(), 2);
    }
}

#[tokio::test]
async fn a_silent_database_is_asked_again_within_the_operations_limit() {
    let server = Server::start([Reply::Stall, Reply::json(200, ITEM)]);
    assert!(
        get(&server)
            .await
            .expect("the second try")
            .contains("found")
    );
}

#[tokio::test]
async fn the_sdk_gives_up_after_three_tries() {
    let server = Server::start((0..5).map(|_| Reply::json(500, "{}")));
    get(&server).await.expect_err("it keeps failing");
    assert_eq!(server.requests().len(), 3);
}

use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::*;
use crate::Clock;
use crate::config::LwaConfig;
use crate::net::testing::{Reply, Server};

fn key(byte: u8) -> String {
    STANDARD.encode([byte; 32])
}

fn good() -> Value {
    json!({
        "lwa_client_secret": "web-secret",
        "token_keys": [{"id": "k1", "key": key(1)}, {"id": "k2", "key": key(2)}],
    })
}

fn faults(secret: &Value) -> Vec<String> {
    SecretValues::parse(&secret.to_string()).expect_err("it is faulty")
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

async fn from_manager(server: &Server) -> Result<Secrets, SecretsError> {
    let endpoint = server.url("").to_string();
    let sdk = net::sdk_config_from(
        net::Client::new(Clock::system()).expect("a client"),
        move |name| {
            Some(match name {
                "AWS_ENDPOINT_URL_SECRETS_MANAGER" => endpoint.clone(),
                _ => "local".to_owned(),
            })
        },
    )
    .expect("a configuration");
    let client = aws_sdk_secretsmanager::Client::new(&sdk);
    Secrets::load(SecretsSource::Arn("arn:x".to_owned()), Some(client)).await
}

fn answer(secret: &Value) -> Reply {
    Reply::json(
        200,
        &json!({ "SecretString": secret.to_string() }).to_string(),
    )
}

#[test]
fn the_shortest_secret_is_enough_and_empty_is_unset() {
    let mut secret = good();
    for name in [
        "lwa_device_client_secret",
        "player_jwt_secret",
        "delivery_webhook_secret",
        "erasure_key",
    ] {
        secret[name] = json!("");
    }
    let values = SecretValues::parse(&secret.to_string()).expect("a usable secret");
    assert_eq!(values.lwa_client_secret.expose_secret(), "web-secret");
    assert!(values.lwa_device_client_secret.is_none());
    assert!(values.player_jwt_secret.is_none());
    assert!(values.delivery_webhook_secret.is_none());
    assert!(values.erasure_key.is_none());
    assert_eq!(format!("{:?}", values.token_keys), r#"["k1", "k2"]"#);
}

#[test]
fn every_fault_is_named_and_no_value() {
    let faults = faults(&json!({
        "lwa_client_secret": 4711,
        "lwa_device_client_secret": ["hush"],
        "token_keys": [
            {"id": "k1", "key": "hush not base64"},
            {"id": "k1", "key": STANDARD.encode("hush: 31 bytes, one too few....")},
            {"key": key(1)},
            "hush",
        ],
        "player_jwt_secret": "hush, too short",
        "delivery_webhook_secret": "whsec_hush",
        "erasure_key": "hush",
    }));
    let text = faults.join("\n");
    assert_eq!(
        text,
        "lwa_client_secret must be a string\n\
         lwa_device_client_secret must be a string\n\
         token_keys[0] must be 32 bytes in base64\n\
         token_keys[1] has the id of another key and must be 32 bytes in base64\n\
         token_keys[2] must have an id of 1 to 32 letters, digits, '-' or '_'\n\
         token_keys[3] must have an id of 1 to 32 letters, digits, '-' or '_' and has the id of \
         another key and must be 32 bytes in base64\n\
         player_jwt_secret must have at least 32 bytes\n\
         delivery_webhook_secret must be `whsec_` and 24 to 64 bytes in base64\n\
         erasure_key must be 32 bytes in base64"
    );
}

#[test]
fn what_is_required_must_be_there() {
    assert_eq!(
        faults(&json!({"lwa_client_secret": ""})),
        [
            "lwa_client_secret is required",
            "token_keys is required, as a list of {\"id\": …, \"key\": …}"
        ]
    );
    let empty = json!({"lwa_client_secret": "s", "token_keys": []});
    assert_eq!(faults(&empty), ["token_keys must hold at least one key"]);
    for text in ["", "hush", "[]", "{\"lwa_client_secret\": hush"] {
        let faults = SecretValues::parse(text).expect_err("not an object");
        assert_eq!(faults, ["it must be a JSON object"]);
    }
}

#[test]
fn webhook_secrets_have_their_own_form() {
    let mut secret = good();
    secret["delivery_webhook_secret"] = json!(format!("whsec_{}", key(3)));
    assert!(SecretValues::parse(&secret.to_string()).is_ok());
    for wrong in [
        key(3),
        "whsec_".to_owned(),
        format!("whsec_{}", STANDARD.encode([1; 65])),
    ] {
        secret["delivery_webhook_secret"] = json!(wrong);
        assert_eq!(faults(&secret).len(), 1, "{wrong}");
    }
}

#[test]
fn a_device_client_has_its_own_secret_or_none() {
    let url: url::Url = "https://example.com/".parse().expect("a URL");
    let login = LwaConfig {
        client_id: "web".to_owned(),
        device_client_id: "device".to_owned(),
        authorize_url: url.clone(),
        token_url: url.clone(),
        tokeninfo_url: url.clone(),
        profile_url: url.clone(),
        codepair_url: url,
        scope: "games::prime profile".to_owned(),
    };
    let mut secret = good();
    for expected in ["", "device-secret"] {
        secret["lwa_device_client_secret"] = json!(expected);
        let values = SecretValues::parse(&secret.to_string()).expect("a usable secret");
        assert_eq!(
            values.secret_for("web", &login).expose_secret(),
            "web-secret"
        );
        assert_eq!(
            values.secret_for("device", &login).expose_secret(),
            expected
        );
    }
}

#[test]
fn nothing_secret_is_printed() {
    let mut secret = good();
    secret["player_jwt_secret"] = json!("a secret of more than thirty-two bytes");
    let values = SecretValues::parse(&secret.to_string()).expect("a usable secret");
    let text = format!("{values:?}");
    for hidden in ["web-secret", "thirty-two", &key(1)] {
        assert!(!text.contains(hidden), "{text}");
    }
}

#[tokio::test]
async fn a_file_is_read_and_its_faults_are_told() {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let error = Secrets::load(SecretsSource::File(manifest), None).await;
    let error = error.expect_err("not a secret").to_string();
    assert_eq!(error, "the secret is not usable: it must be a JSON object");
    let missing = SecretsSource::File(PathBuf::from("/nowhere/secrets.json"));
    let error = Secrets::load(missing, None)
        .await
        .expect_err("no such file");
    assert!(
        error
            .to_string()
            .starts_with("the secret could not be read: SECRETS_FILE")
    );
}

#[tokio::test]
async fn a_refusal_of_secrets_manager_stops_the_start() {
    let refusal = r#"{"__type":"AccessDeniedException","Message":"no"}"#;
    let error = from_manager(&Server::start([Reply::json(400, refusal)])).await;
    let error = error.expect_err("refused").to_string();
    assert!(
        error.contains("SECRETS_ARN") && error.contains("AccessDenied"),
        "{error}"
    );
}

#[tokio::test]
async fn a_changed_secret_is_taken_at_most_once_a_minute() {
    let mut rotated = good();
    rotated["lwa_client_secret"] = json!("new");
    let server = Server::start([answer(&good()), answer(&rotated), answer(&rotated)]);
    let secrets = from_manager(&server).await.expect("a usable secret");
    assert!(secrets.reload(at(0)).await);
    assert_eq!(secrets.current().lwa_client_secret.expose_secret(), "new");
    assert!(!secrets.reload(at(59)).await);
    assert_eq!(
        server.requests().len(),
        2,
        "it was read less than a minute ago"
    );
    assert!(!secrets.reload(at(60)).await, "nothing has changed");
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn an_unusable_secret_does_not_replace_a_good_one() {
    let server = Server::start([answer(&good()), answer(&json!({})), Reply::json(400, "{}")]);
    let secrets = from_manager(&server).await.expect("a usable secret");
    let before = secrets.current();
    assert!(!secrets.reload(at(60)).await);
    assert!(!secrets.reload(at(120)).await);
    assert!(Arc::ptr_eq(&before, &secrets.current()));
}

#[tokio::test]
async fn what_another_call_has_read_meanwhile_is_newer() {
    let mut rotated = good();
    rotated["lwa_client_secret"] = json!("new");
    let server = Server::start([answer(&good()), answer(&rotated)]);
    let secrets = from_manager(&server).await.expect("a usable secret");
    let used = secrets.current();
    assert!(secrets.is_newer_than(&used, at(0)).await);
    assert!(secrets.is_newer_than(&used, at(1)).await, "no second read");
    let used = secrets.current();
    assert!(!secrets.is_newer_than(&used, at(2)).await);
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn many_who_notice_at_once_cost_one_read_and_all_hear_of_it() {
    let mut rotated = good();
    rotated["lwa_client_secret"] = json!("new");
    let server = Server::start([answer(&good()), answer(&rotated)]);
    let secrets = from_manager(&server).await.expect("a usable secret");
    let reloads = (0..10).map(|_| secrets.reload(at(60)));
    let heard = futures_util::future::join_all(reloads).await;
    assert_eq!(heard, [true; 10]);
    assert_eq!(server.requests().len(), 2);
}

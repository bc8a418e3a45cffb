//! Everything that the doctor asks hangs. Time passes by itself while all tasks wait, so the test takes
//! none.

use std::collections::BTreeMap;

use aws_sdk_secretsmanager::config::Credentials;
use it::{CLIENT_ID, secrets};
use local::dynamo;
use prime_gaming::Clock;
use prime_gaming::app::Deployment;
use prime_gaming::budget::{DOCTOR_CHECK, DOCTOR_LIMIT};
use prime_gaming::doctor::doctor;
use prime_gaming::testing::config::{Config, SecretsSource};
use prime_gaming::testing::net;
use prime_gaming::testing::secrets::SecretReader;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::NAMES;
use super::support::{find, unwell};

/// A server that takes every connection and never says anything; gives its address.
async fn silence() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((connection, _)) = listener.accept().await {
            open.push(connection);
        }
    });
    format!("http://{address}")
}

/// A deployment of which nothing answers; with a secret in a file, or in a Secrets Manager that does
/// not answer either.
async fn hanging(secret: Option<&std::path::Path>) -> Deployment {
    let silence = silence().await;
    let mut variables = BTreeMap::from([
        ("LINKS_TABLE", "a-LinksTable".to_owned()),
        ("FULFILLMENTS_TABLE", "a-FulfillmentsTable".to_owned()),
        ("OFFERS_TABLE", "a-OffersTable".to_owned()),
        ("ERASURES_TABLE", "a-ErasuresTable".to_owned()),
        ("PUBLIC_BASE_URL", "http://127.0.0.1:8080".to_owned()),
        ("LWA_CLIENT_ID", CLIENT_ID.to_owned()),
        ("LWA_DEVICE_CLIENT_ID", "devices".to_owned()),
        ("PLAYER_JWT_ISSUER", "issuer".to_owned()),
        ("PLAYER_JWT_AUDIENCE", "audience".to_owned()),
        ("DELIVERY", "webhook".to_owned()),
        (
            "SECRETS_ARN",
            "arn:aws:secretsmanager:us-east-1:1:secret:s".to_owned(),
        ),
    ]);
    for name in [
        "LWA_AUTHORIZE_URL",
        "LWA_TOKEN_URL",
        "LWA_TOKENINFO_URL",
        "LWA_PROFILE_URL",
        "LWA_CODEPAIR_URL",
        "PRIME_GAMING_ENTITLEMENTS_URL",
        "PRIME_GAMING_FULFILL_URL",
        "PLAYER_JWKS_URL",
        "DELIVERY_WEBHOOK_URL",
    ] {
        variables.insert(name, format!("{silence}/{name}"));
    }
    let config = Config::from_vars(|name| variables.get(name).cloned()).expect("good settings");
    let clock = Clock::system();
    let http = net::Client::new(clock.clone()).expect("a client");
    let reader = match secret {
        Some(path) => SecretReader::new(SecretsSource::File(path.to_owned()), None),
        None => {
            let manager = aws_sdk_secretsmanager::Config::builder()
                .behavior_version(aws_sdk_secretsmanager::config::BehaviorVersion::latest())
                .endpoint_url(&silence)
                .region(aws_sdk_secretsmanager::config::Region::new("us-east-1"))
                .credentials_provider(Credentials::new("a", "b", None, None, "test"))
                .http_client(net::sdk_http_client(http.clone()))
                .build();
            let client = aws_sdk_secretsmanager::Client::from_conf(manager);
            SecretReader::new(config.secrets.clone(), Some(client))
        }
    };
    Deployment::new(config, reader, clock, http, dynamo::client(&silence))
}

#[tokio::test(start_paused = true)]
async fn it_answers_in_time_even_if_nothing_does() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("secrets.json");
    std::fs::write(&file, secrets(true).to_string()).expect("written");
    for secret in [None, Some(file.as_path())] {
        let deployment = hanging(secret).await;
        let began = Instant::now();
        let answer = doctor(&deployment).await.into_json();
        let took = began.elapsed();
        assert!(took <= DOCTOR_CHECK && took < DOCTOR_LIMIT, "{took:?}");
        let answer: Value = serde_json::from_str(answer.get()).expect("JSON");
        assert_eq!(answer["ok"], false);
        // Those that ask nobody.
        let well = ["amazon_region", "alarm_topic", "intake", "addresses"];
        let with_secret = ["secret", "token_keys"];
        let expected: Vec<_> = NAMES
            .into_iter()
            .filter(|name| !well.contains(name))
            .filter(|name| secret.is_none() || !with_secret.contains(name))
            .collect();
        assert_eq!(unwell(&answer), expected, "{answer}");
        for name in expected {
            assert!(find(&answer, name)["fix"].is_string(), "{answer}");
        }
    }
}

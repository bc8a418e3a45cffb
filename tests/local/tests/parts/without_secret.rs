//! The function `admin` before its secret is filled, as a process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::HeaderMap;
use local::build::{Features, Profile, Target, cargo_build, workspace};
use local::log::Log;
use local::runtime::{Function, Spec, aws_variables};
use serde_json::{Value, json};

/// Nothing listens there.
const NOWHERE: &str = "http://127.0.0.1:9";

/// A CodeDeploy on loopback: its address, and what it is told.
pub(crate) async fn codedeploy() -> (String, Arc<Mutex<Vec<String>>>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let kept = told.clone();
    let take = move |headers: HeaderMap, body: String| {
        let signature = headers.get("authorization").and_then(|it| it.to_str().ok());
        assert!(signature.is_some_and(|it| it.starts_with("AWS4-HMAC-SHA256")));
        kept.lock().expect("no panic").push(body);
        async { "{}" }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let app = axum::Router::new().fallback(take);
    tokio::spawn(async move { axum::serve(listener, app).await });
    (format!("http://{address}"), told)
}

#[tokio::test]
async fn admin_starts_without_the_secret_and_takes_it_when_it_is_there() {
    let target = Target::Function("admin".to_owned());
    let built = cargo_build(&[target], Profile::own(), Features::for_tests()).await;
    let built = built.expect("it builds");
    let directory = tempfile::tempdir().expect("a directory");
    let secret = directory.path().join("secrets.json");
    let (codedeploy, told) = codedeploy().await;
    let mut env: BTreeMap<_, _> = aws_variables();
    for (name, value) in [
        ("LINKS_TABLE", "links"),
        ("FULFILLMENTS_TABLE", "fulfillments"),
        ("OFFERS_TABLE", "offers"),
        ("ERASURES_TABLE", "erasures"),
        ("PUBLIC_BASE_URL", NOWHERE),
        ("LWA_CLIENT_ID", "client"),
        ("LWA_TOKEN_URL", NOWHERE),
        ("PRIME_GAMING_ENTITLEMENTS_URL", NOWHERE),
        ("PLAYER_JWT_ISSUER", "issuer"),
        ("PLAYER_JWT_AUDIENCE", "audience"),
        ("AWS_ENDPOINT_URL_DYNAMODB", NOWHERE),
        ("AWS_ENDPOINT_URL_CODEDEPLOY", &codedeploy),
        ("SECRETS_FILE", secret.to_str().expect("UTF-8")),
    ] {
        env.insert(name.to_owned(), value.to_owned());
    }
    let spec = Spec {
        env,
        // A machine that is busy with other tests must not make a call look overdue.
        timeout: Duration::from_secs(60),
        ..Spec::new("admin", &built["admin"])
    };
    let (log, lines) = Log::memory();
    let function = Function::new(spec, log);

    let answer = function.invoke(&json!({"command": "doctor"})).await;
    let answer = answer.expect("it answers");
    assert_eq!(answer["ok"], false);
    let found = &answer["checks"][0];
    assert_eq!(
        (&found["name"], &found["ok"]),
        (&json!("secret"), &json!(false))
    );
    assert!(
        found["fix"]
            .as_str()
            .is_some_and(|fix| fix.contains("docs/deploying.md"))
    );

    // CodeDeploy asks before a roll-out, and players stay with the version that they have.
    let hook = std::fs::read(workspace().join("events/admin-rollout-hook.json"));
    let hook: Value = serde_json::from_slice(&hook.expect("the file")).expect("JSON");
    let answer = function.invoke(&hook).await.expect("it answers");
    assert_eq!(answer, json!({"status": "Failed"}));
    let told = told.lock().expect("no panic").clone();
    assert!(
        told.len() == 1 && told[0].contains(r#""status":"Failed""#),
        "{told:?}"
    );

    let command = json!({"command": "offers.list"});
    let detail = |answer: &Value| answer["errors"][0]["detail"].to_string();
    let refused = function.invoke(&command).await.expect("it answers");
    assert!(detail(&refused).contains("could not be read"), "{refused}");
    assert!(lines.text().contains("secret_unusable"), "{}", lines.text());

    // An operator fills the secret; the process lives on.
    let values = json!({
        "lwa_client_secret": "a client secret",
        "token_keys": [{"id": "k1", "key": "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="}],
        "player_jwt_secret": "a secret of the studio's account system",
    });
    std::fs::write(&secret, values.to_string()).expect("written");
    let carried_out = function.invoke(&command).await.expect("it answers");
    assert!(
        detail(&carried_out).contains("the database did not answer"),
        "{carried_out}"
    );
    assert_eq!(function.started(), 1);
}

//! Which functions read the secret, and that only their roles allow it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use local::build::{Features, Profile, Target, cargo_build};
use local::log::Log;
use local::runtime::{Function, Spec};
use local::template::{Template, Variable, project_template};
use serde_json::json;

const SECRET_ARN: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:Secret-AbCdEf";

/// A Secrets Manager on loopback that counts how often a function asked it for a value. It stands for every
/// other service too, so that no connection leaves this machine.
#[derive(Clone)]
struct SecretsManager {
    url: String,
    asked: Arc<AtomicUsize>,
}

impl SecretsManager {
    async fn start() -> Self {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        let answer = move |headers: HeaderMap| {
            let is_read = headers
                .get("x-amz-target")
                .is_some_and(|target| target == "secretsmanager.GetSecretValue");
            count.fetch_add(usize::from(is_read), Ordering::Relaxed);
            let secret = json!({
                "lwa_client_secret": "a client secret",
                "token_keys": [{"id": "k1", "key": "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="}],
                "player_jwt_secret": "a secret of the studio's account system",
            });
            let answer = json!({"SecretString": secret.to_string()}).to_string();
            async { ([(CONTENT_TYPE, "application/x-amz-json-1.1")], answer) }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let app = axum::Router::new().fallback(answer);
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self {
            url: format!("http://{address}"),
            asked,
        }
    }
}

/// The variables of a deployment, with every address on loopback.
fn environment(
    function: &local::template::Function,
    manager: &SecretsManager,
) -> BTreeMap<String, String> {
    let value = |name: &str, variable: &Variable| match variable {
        Variable::Table(name) => name.clone(),
        _ if name.ends_with("_URL") && (name.starts_with("LWA_") || name.starts_with("PRIME_")) => {
            format!("{}/{name}", manager.url)
        }
        _ if name.starts_with("AWS_ENDPOINT_URL_")
            || ["PUBLIC_BASE_URL", "API_URL"].contains(&name) =>
        {
            manager.url.clone()
        }
        _ if name == "SECRETS_ARN" => SECRET_ARN.to_owned(),
        Variable::Text(text) => text.clone(),
        Variable::Deployed => format!("the-{name}"),
    };
    let variables = function.environment.iter();
    variables
        .map(|(name, variable)| (name.clone(), value(name, variable)))
        .collect()
}

#[tokio::test]
async fn exactly_the_functions_that_may_read_the_secret_read_it() {
    let text = std::fs::read_to_string(project_template()).expect("the template");
    let template = Template::parse(&text).expect("the template");
    let permissions = Template::permissions(&text).expect("whole names");
    let may: BTreeSet<_> = permissions
        .iter()
        .filter(|permission| permission.action.starts_with("secretsmanager:"))
        .map(|permission| {
            assert_eq!(permission.action, "secretsmanager:GetSecretValue");
            assert_eq!(permission.resource, "Secret");
            permission.function.clone()
        })
        .collect();

    let targets: Vec<_> = template.binaries().map(Target::Function).collect();
    let built = cargo_build(&targets, Profile::own(), Features::for_tests()).await;
    let binaries = built.expect("the functions build");
    let mut read = BTreeSet::new();
    for function in &template.functions {
        let manager = SecretsManager::start().await;
        let spec = Spec {
            env: environment(function, &manager),
            ..Spec::new(&function.name, &binaries[&function.binary])
        };
        // A function reads the secret while it starts.
        let function = Function::new(spec, Log::none());
        function.warm().await.expect("it starts");
        function.stop().await;
        if manager.asked.load(Ordering::Relaxed) > 0 {
            read.insert(function.name().to_owned());
        }
    }
    assert!(!read.is_empty());
    assert_eq!(read, may);
}

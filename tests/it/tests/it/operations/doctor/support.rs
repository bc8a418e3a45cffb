//! Deployments for the doctor.

use it::permissions::{acting_as, guarded};
use it::{Studio, WEBHOOK_SECRET, World};
use prime_gaming::app::Deployment;
use prime_gaming::doctor::doctor;
use prime_gaming::testing::config::{Config, SecretsSource};
use prime_gaming::testing::net;
use prime_gaming::testing::secrets::SecretReader;
use serde_json::Value;
use standardwebhooks::Webhook;

/// A system with an offer, and a studio that delivers and checks signatures.
pub(crate) async fn healthy(settings: &[(&str, &str)]) -> (World, Studio) {
    let (world, studio) = World::with_studio(settings).await;
    world.offer("hat").await;
    studio.rule(|call| {
        let signer = Webhook::new(WEBHOOK_SECRET).expect("a secret");
        let is_signed = signer.verify(call.body.as_bytes(), &call.headers).is_ok();
        (!is_signed).then(|| it::Reply::status(401))
    });
    (world, studio)
}

/// The doctor's answer about a deployment, as the function `admin` gives it.
pub(crate) async fn look(deployment: &Deployment) -> Value {
    let answer = acting_as("admin", Box::pin(doctor(deployment))).await;
    serde_json::from_str(answer.into_json().get()).expect("JSON")
}

/// The same system as if it were deployed: not on one machine.
pub(crate) fn deployed(world: &World) -> Deployment {
    variant(&with_database(world, guarded(&world.dynamodb)), |config| {
        config.public_base_url = Some("https://prime.studio.example".parse().expect("a URL"));
    })
}

/// The same system over another client of its database.
pub(crate) fn with_database(world: &World, dynamodb: aws_sdk_dynamodb::Client) -> Deployment {
    let clock = world.app.clock.clone();
    Deployment::new(
        world.app.config.clone(),
        SecretReader::new(SecretsSource::File(world.secrets_file.clone()), None),
        clock.clone(),
        net::Client::new(clock).expect("a client"),
        dynamodb,
    )
}

/// A deployment with other settings.
pub(crate) fn variant(deployment: &Deployment, change: impl FnOnce(&mut Config)) -> Deployment {
    let mut variant = deployment.clone();
    change(&mut variant.config);
    variant
}

/// The checks of an answer.
pub(crate) fn checks(answer: &Value) -> &Vec<Value> {
    answer["checks"].as_array().expect("checks")
}

/// The check of this name.
pub(crate) fn find<'a>(answer: &'a Value, name: &str) -> &'a Value {
    let found = checks(answer).iter().find(|check| check["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {answer}"))
}

/// The names of the checks that have found something.
pub(crate) fn unwell(answer: &Value) -> Vec<&str> {
    let unwell = checks(answer).iter().filter(|check| check["ok"] == false);
    unwell
        .map(|check| check["name"].as_str().expect("a name"))
        .collect()
}

/// Makes sure that a check has found something, with these words in its detail and its fix.
pub(crate) fn check(answer: &Value, name: &str, detail: &str, fix: &str) {
    assert_eq!(answer["ok"], false, "{answer}");
    assert_eq!(answer.get("errors"), None, "{answer}");
    let found = find(answer, name);
    assert_eq!(found["ok"], false, "{found}");
    for (field, words) in [("detail", detail), ("fix", fix)] {
        let text = found[field].as_str().unwrap_or_default();
        assert!(text.contains(words), "{words:?} in {field}: {text}");
    }
}

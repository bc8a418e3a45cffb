//! Copies of the sample events, filled in for the running system.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use stand_in::Amazon;
use url::Url;

use crate::samples::{self, ORIGIN, PROMISES, Promise, Response, Stage, Values};
use crate::system::System;
use crate::template::Template;
use crate::{Error, random};

/// An offer of the sample offers that a player may claim more than once.
const REPEATABLE: &str = "monthly-boost";

/// An event that is ready to be sent.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its name in `events/`.
    pub name: &'static str,
    /// The function that takes it: its logical id in the template.
    pub function: String,
    /// What the function answers.
    pub promise: Promise,
    /// The event.
    pub payload: Value,
}

/// The local system, as the events are sent to it while others are prepared.
struct OnSystem<'a> {
    system: &'a System,
    template: &'a Template,
    amazon: &'a Amazon,
    /// Tells the players of this run from those that an earlier one left in the data directory.
    run: String,
}

impl OnSystem<'_> {
    /// The name of the Amazon account that this event is about.
    fn account(&self, name: &str) -> String {
        format!("{name}-{}", self.run)
    }

    fn player(&self, name: &str) -> String {
        format!("player-{}", self.account(name))
    }

    fn entitlement(&self, name: &str) -> String {
        format!("entitlement-{}", self.account(name))
    }

    async fn invoke(&self, binary: &str, event: &Value) -> Result<Value, Error> {
        let function = self.system.function(binary);
        let function = function.ok_or_else(|| format!("there is no function {binary}"))?;
        let answer = function.invoke(event).await;
        answer.map_err(|error| format!("{binary}: {}", error.to_json()).into())
    }
}

impl Stage for OnSystem<'_> {
    async fn send(&self, name: &str, values: &Values) -> Result<Response, Error> {
        let event = samples::filled(name, values)?;
        let (_, binary) = samples::function_of(self.template, name, &event)?;
        let answer = self.invoke(&binary, &event).await?;
        let response = Response::read(&answer);
        response.ok_or_else(|| format!("{name}: no response, but {answer}").into())
    }

    fn amazon(&self) -> &Amazon {
        self.amazon
    }

    fn sku(&self) -> &str {
        REPEATABLE
    }
}

/// All events but that of CodeDeploy, which has no stand-in. Each is about a player, an account and an
/// entitlement of its own, so that they can be sent in any order.
pub(super) async fn ready(
    system: &System,
    template: &Template,
    base_url: &Url,
) -> Result<Vec<Event>, Error> {
    let amazon = system.amazon.as_ref();
    let amazon = amazon.ok_or("the events need the stand-in, so no Amazon among the settings")?;
    let stage = OnSystem {
        system,
        template,
        amazon,
        run: random::hex(&random::bytes::<3>()),
    };
    let mut events = Vec::new();
    for (name, promise) in PROMISES {
        if *promise == Promise::Rollout {
            continue;
        }
        let mut values = values(&stage, name, base_url)?;
        prepare(&stage, name, *promise, &mut values)
            .await
            .map_err(|error| format!("the event {name} can't be prepared: {error}"))?;
        let payload = samples::filled(name, &values)?;
        let (function, _) = samples::function_of(template, name, &payload)?;
        events.push(Event {
            name,
            function,
            promise: *promise,
            payload,
        });
    }
    Ok(events)
}

/// What the texts of the events stand for on this system.
fn values(stage: &OnSystem<'_>, name: &str, base_url: &Url) -> Result<Values, Error> {
    let mut values = Values::default();
    let origin = base_url.origin().ascii_serialization();
    let host = origin.trim_start_matches("http://");
    values.replace(ORIGIN, &origin);
    values.replace(ORIGIN.trim_start_matches("https://"), host);
    // The cookie has no prefix where there is no TLS.
    values.replace("__Host-prime-gaming-browser", "prime-gaming-browser");
    let player = stage.player(name);
    values.replace("player-1", &player);
    values.replace("entitlement-1", &stage.entitlement(name));
    let account = stage.amazon.account_id(&stage.account(name));
    values.replace("amzn1.account.AEXAMPLE", &account);
    values.set(
        "PLAYER_TOKEN",
        &stage.system.player_token(&player, "Robin")?,
    );
    values.set("SERVER_TOKEN", &stage.system.server_token()?);
    values.set("BROWSER_ID", &prime_gaming::domain::random_token());
    Ok(values)
}

/// Whether the event is about a player who has linked and claimed already. That is most of the good
/// cases; those of linking begin before that.
fn is_of_linked_player(name: &str, promise: Promise) -> bool {
    match promise {
        Promise::Api(200 | 204, "") => {
            ["entitlements-", "fulfillments-", "link-get", "link-delete"]
                .iter()
                .any(|it| name.starts_with(it))
                && name != "entitlements-get-cursor"
        }
        Promise::Command(true) => [
            "admin-player-",
            "admin-entitlement-",
            "admin-link-",
            "admin-amazon-",
        ]
        .iter()
        .any(|it| name.starts_with(it)),
        _ => false,
    }
}

async fn prepare(
    stage: &OnSystem<'_>,
    name: &str,
    promise: Promise,
    values: &mut Values,
) -> Result<(), Error> {
    let account = stage.account(name);
    samples::prepare(stage, name, &account, values).await?;
    if !is_of_linked_player(name, promise) {
        return Ok(());
    }
    samples::link(stage, &account, values).await?;
    let claimed = json!({
        "EntitlementId": stage.entitlement(name),
        "VendorProductId": REPEATABLE,
        "NextInstruction": "FULFILL",
    });
    stage.amazon.put_entitlement(&account, claimed);
    // A check that is tried shall find what was claimed.
    if !name.starts_with("entitlements-check") {
        stage.send("entitlements-check-post", values).await?;
    }
    match name {
        "admin-entitlement-release" => {
            let mut hold = samples::filled("admin-entitlement-hold", values)?;
            hold["dry_run"] = false.into();
            must(&stage.invoke("admin", &hold).await?, "ok", &json!(true))
        }
        "admin-entitlement-rereport" => {
            let mut confirmation = samples::filled("fulfillments-post", values)?;
            let body = json!({ "entitlement_ids": [stage.entitlement(name)] });
            confirmation["body"] = body.to_string().into();
            confirmation["isBase64Encoded"] = false.into();
            let answer = stage.invoke("fulfillments", &confirmation).await?;
            must(&answer, "statusCode", &json!(200))
        }
        _ => Ok(()),
    }
}

fn must(answer: &Value, field: &str, expected: &Value) -> Result<(), Error> {
    if answer[field] == *expected {
        Ok(())
    } else {
        Err(format!("a step before it is answered {answer}").into())
    }
}

/// The settings of `events/env.json` that say how the service shall behave. Where things are, the local
/// system knows better.
pub(super) fn behaviour() -> Result<BTreeMap<String, String>, Error> {
    let mut settings = variables()?;
    settings.retain(|name, value| {
        let is_place = name.starts_with("AWS_")
            || name.starts_with("SECRETS_")
            || (value.starts_with("https://")
                && (name.starts_with("LWA_") || name.starts_with("PRIME_GAMING_")));
        !is_place && !value.is_empty()
    });
    Ok(settings)
}

/// The variables of `events/env.json`.
pub(super) fn variables() -> Result<BTreeMap<String, String>, Error> {
    let file = samples::read("env")?;
    Ok(serde_json::from_value(file["Parameters"].clone())?)
}

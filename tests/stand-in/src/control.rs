//! The same verbs as [`crate::Amazon`] has, for other processes.
//!
//! ```text
#![doc = include_str!("control.txt")]
//! ```

use std::time::Duration;

use axum::extract::State as Extract;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::amazon::Amazon;
use crate::faults::{Endpoint, Fault};
use crate::model::{Client, Consent};

#[derive(Deserialize)]
struct Offers {
    skus: Vec<String>,
}

#[derive(Deserialize)]
struct OfAccount {
    account: String,
}

#[derive(Deserialize)]
struct Claim {
    account: String,
    sku: String,
}

#[derive(Deserialize)]
struct Put {
    account: String,
    element: Value,
}

#[derive(Deserialize)]
struct Remove {
    account: String,
    entitlement_id: String,
}

#[derive(Deserialize)]
struct Authorization {
    authorize_url: String,
    account: String,
    consent: Consent,
}

#[derive(Deserialize)]
struct DeviceCode {
    user_code: String,
    account: String,
    consent: Consent,
}

#[derive(Deserialize)]
struct Advance {
    seconds: u64,
}

#[derive(Deserialize)]
struct Break {
    endpoint: Endpoint,
    fault: Fault,
    #[serde(default = "once")]
    times: u32,
}

fn once() -> u32 {
    1
}

fn refused(what: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "error": what }))).into_response()
}

fn done() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// A `GET` that reads something off the stand-in.
macro_rules! read {
    ($what:expr) => {
        get(async |Extract(amazon): Extract<Amazon>| {
            let what: fn(&Amazon) -> Value = $what;
            Json(what(&amazon))
        })
    };
}

/// A handler that does something and has nothing to say.
macro_rules! act {
    ($method:ident, $input:ty, $what:expr) => {
        $method(
            async |Extract(amazon): Extract<Amazon>, Json(input): Json<$input>| {
                let what: fn(&Amazon, $input) = $what;
                what(&amazon, input);
                done()
            },
        )
    };
}

/// A `DELETE` of what has gathered.
macro_rules! forget {
    ($what:expr) => {
        async |Extract(amazon): Extract<Amazon>| {
            let what: fn(&Amazon) = $what;
            what(&amazon);
            done()
        }
    };
}

pub(crate) fn routes(amazon: Amazon) -> Router {
    Router::new()
        .route("/", get(async || include_str!("control.txt")))
        .route("/settings", read!(settings))
        .route(
            "/clients",
            act!(post, Client, |amazon, client| amazon
                .register_client(client)),
        )
        .route(
            "/offers",
            act!(post, Offers, |amazon, input| amazon.set_offers(input.skus)),
        )
        .route("/claim", post(claim))
        .route(
            "/put",
            act!(post, Put, |amazon, input| {
                amazon.put_entitlement(&input.account, input.element);
            }),
        )
        .route("/remove", post(remove))
        .route("/account", post(account))
        .route("/consent", post(consent))
        .route("/device", post(device))
        .route("/devices", read!(|amazon| json!(amazon.device_pairs())))
        .route(
            "/revoke",
            act!(post, OfAccount, |amazon, input| amazon
                .revoke(&input.account)),
        )
        .route(
            "/expire",
            act!(post, OfAccount, |amazon, input| {
                amazon.expire_access_tokens(&input.account);
            }),
        )
        .route(
            "/advance",
            act!(post, Advance, |amazon, input| {
                amazon.advance(Duration::from_secs(input.seconds));
            }),
        )
        .route(
            "/behaviour",
            read!(|amazon| json!(amazon.behaviour())).post(behave),
        )
        .route("/fault", post(fault))
        .route("/faults", delete(forget!(Amazon::clear_faults)))
        .route(
            "/calls",
            read!(|amazon| json!(amazon.calls())).delete(forget!(Amazon::reset_calls)),
        )
        .route("/fulfilled", read!(|amazon| json!(amazon.fulfilled())))
        .route(
            "/violations",
            read!(|amazon| json!(amazon.violations())).delete(forget!(Amazon::reset_violations)),
        )
        .route("/secrets", read!(|amazon| json!(amazon.issued_secrets())))
        .with_state(amazon)
}

fn settings(amazon: &Amazon) -> Value {
    amazon
        .settings()
        .into_iter()
        .map(|(name, url)| (name.to_owned(), Value::from(url)))
        .collect()
}

async fn claim(Extract(amazon): Extract<Amazon>, Json(input): Json<Claim>) -> Json<Value> {
    Json(json!({ "entitlement_id": amazon.claim(&input.account, &input.sku) }))
}

async fn remove(Extract(amazon): Extract<Amazon>, Json(input): Json<Remove>) -> Json<Value> {
    Json(json!({ "removed": amazon.remove_entitlement(&input.account, &input.entitlement_id) }))
}

async fn account(Extract(amazon): Extract<Amazon>, Json(input): Json<OfAccount>) -> Json<Value> {
    Json(json!({ "account_id": amazon.account_id(&input.account) }))
}

async fn consent(Extract(amazon): Extract<Amazon>, Json(input): Json<Authorization>) -> Response {
    match amazon.consent(&input.authorize_url, &input.account, input.consent) {
        Ok(redirect) => Json(json!({ "redirect": redirect })).into_response(),
        Err(what) => refused(&what),
    }
}

async fn device(Extract(amazon): Extract<Amazon>, Json(input): Json<DeviceCode>) -> Response {
    match amazon.consent_device(&input.user_code, &input.account, input.consent) {
        Ok(()) => done(),
        Err(what) => refused(&what),
    }
}

async fn fault(Extract(amazon): Extract<Amazon>, Json(input): Json<Break>) -> Response {
    if let Err(what) = input.fault.check(input.endpoint) {
        return refused(&what);
    }
    amazon.fault(input.endpoint, input.fault, input.times);
    done()
}

async fn behave(Extract(amazon): Extract<Amazon>, Json(change): Json<Value>) -> Response {
    let Value::Object(change) = change else {
        return refused("not a JSON object");
    };
    match amazon.change_behaviour(&change) {
        Ok(behaviour) => Json(json!(behaviour)).into_response(),
        Err(what) => refused(&what),
    }
}

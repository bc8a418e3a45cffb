//! Linking without a browser on the device: code pairs and polling for their tokens.

use axum::http::StatusCode;
use serde_json::json;

use crate::exchange::{Ask, Reply};
use crate::faults::Endpoint;
use crate::input::Params;
use crate::lwa::token::{self, Grant};
use crate::lwa::{form, required, scopes};
use crate::model::{Consent, Device, DeviceAnswer};
use crate::state::Data;
use crate::{secrets, server};

/// How much sooner than the interval a poll may arrive: the way to us is not equally long each
/// time.
const TOLERANCE_MS: u64 = 250;

/// `POST /auth/o2/create/codepair`.
pub(crate) fn code_pair(data: &mut Data, ask: &Ask<'_>) -> Reply {
    create(data, ask).unwrap_or_else(|refusal| refusal)
}

fn create(data: &mut Data, ask: &Ask<'_>) -> Result<Reply, Reply> {
    const ENDPOINT: Endpoint = Endpoint::Codepair;
    let form = form(data, ENDPOINT, ask)?;
    if required(data, ENDPOINT, &form, "response_type")? != "device_code" {
        let what = "response_type is not device_code";
        data.violation(ENDPOINT, what);
        return Err(Reply::error("unsupported_response_type", what));
    }
    let client_id = required(data, ENDPOINT, &form, "client_id")?;
    let scope = required(data, ENDPOINT, &form, "scope")?;
    let scopes = scopes(data, ENDPOINT, scope);
    let Some(client) = data.clients.get(client_id) else {
        return Err(Reply::error("invalid_client", "Unknown client"));
    };
    if !client.may_ask_for(&scopes) {
        return Err(Reply::error(
            "invalid_scope",
            "An unknown scope was requested",
        ));
    }
    let (device_code, user_code) = (secrets::uuid(), secrets::letters(6));
    data.secret(&device_code);
    let behaviour = &data.behaviour;
    let page = format!("{}{}", ask.hosts.base, server::DEVICE);
    let complete = behaviour
        .device_complete_uri
        .then(|| format!("{page}?user_code={user_code}"));
    let (life, interval) = (
        behaviour.device_expires_seconds,
        behaviour.device_interval_seconds,
    );
    let device = Device {
        user_code: user_code.clone(),
        client_id: client_id.to_owned(),
        scopes,
        expires_ms: data.now_ms().saturating_add(life.saturating_mul(1000)),
        interval_ms: interval.saturating_mul(1000),
        last_poll_ms: None,
        answer: DeviceAnswer::Pending,
    };
    data.devices.insert(device_code.clone(), device);
    let mut body = json!({
        "user_code": user_code,
        "device_code": device_code,
        "verification_uri": page,
        "expires_in": life,
        "interval": interval,
    });
    if let Some(complete) = complete {
        body["verification_uri_complete"] = complete.into();
    }
    Ok(Reply::json(StatusCode::OK, &body))
}

/// One poll of a device pair at the token endpoint.
pub(super) fn poll(data: &mut Data, form: &Params) -> Result<Reply, Reply> {
    let device_code = required(data, token::ENDPOINT, form, "device_code")?;
    let user_code = required(data, token::ENDPOINT, form, "user_code")?;
    let now = data.now_ms();
    let dead = || Reply::error("invalid_code_pair", "The code pair is not valid");
    let device = data
        .devices
        .get_mut(device_code)
        .filter(|device| device.user_code == user_code)
        .ok_or_else(dead)?;
    let early = device
        .last_poll_ms
        .is_some_and(|last| now + TOLERANCE_MS < last.saturating_add(device.interval_ms));
    device.last_poll_ms = Some(now);
    match &device.answer {
        DeviceAnswer::Used => Err(dead()),
        DeviceAnswer::Denied => Err(Reply::error("access_denied", "The player refused")),
        _ if now >= device.expires_ms => {
            Err(Reply::error("expired_token", "The code pair has expired"))
        }
        DeviceAnswer::Pending if early => {
            device.interval_ms = device.interval_ms.saturating_mul(2);
            Err(Reply::error("slow_down", "Polled too fast"))
        }
        DeviceAnswer::Pending => Err(Reply::error(
            "authorization_pending",
            "The player has not entered the code yet",
        )),
        DeviceAnswer::Approved { account, scopes } => {
            let grant = Grant {
                client_id: device.client_id.clone(),
                account: account.clone(),
                scopes: scopes.clone(),
            };
            device.answer = DeviceAnswer::Used;
            let refresh = token::issue_refresh(data, &grant);
            Ok(token::issue(data, grant, Some(refresh)))
        }
    }
}

/// The player's answer on the page where device codes are entered.
pub(crate) fn decide(
    data: &mut Data,
    user_code: &str,
    account: &str,
    consent: Consent,
) -> Result<(), String> {
    let now = data.now_ms();
    let device = data
        .devices
        .values_mut()
        .find(|device| device.user_code == user_code)
        .ok_or("no such code")?;
    if device.pair(now).status != "pending" {
        return Err(format!("this code is {}", device.pair(now).status));
    }
    device.answer = match consent.granted(&device.scopes) {
        Some(scopes) => DeviceAnswer::Approved {
            account: account.to_owned(),
            scopes,
        },
        None => DeviceAnswer::Denied,
    };
    data.account(account);
    Ok(())
}

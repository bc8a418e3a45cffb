//! Whose token it is: `GET /auth/o2/tokeninfo` and `GET /user/profile`.

use axum::http::StatusCode;
use serde_json::json;

use crate::exchange::{Ask, Reply};
use crate::faults::Endpoint;
use crate::lwa::{live, must_get};
use crate::model::SCOPE_PROFILE;
use crate::state::Data;

fn invalid_token() -> Reply {
    Reply::error(
        "invalid_token",
        "The access token is expired, revoked, or malformed",
    )
}

/// What a token is good for.
pub(crate) fn token_info(data: &mut Data, ask: &Ask<'_>) -> Reply {
    const ENDPOINT: Endpoint = Endpoint::TokenInfo;
    if let Err(what) = must_get(data, ENDPOINT, ask.input) {
        return Reply::error("invalid_request", &what);
    }
    if ask.input.access_token().is_some() {
        data.violation(ENDPOINT, "the token is in a header and not in the query");
    }
    if let Some(name) = ask.input.query.doubled() {
        let what = format!("parameter {name} comes twice");
        data.violation(ENDPOINT, &what);
    }
    let Some(token) = ask.input.query.get("access_token") else {
        let what = "parameter access_token is missing";
        data.violation(ENDPOINT, what);
        return Reply::error("invalid_request", what);
    };
    let Some(access) = live(data, token) else {
        return invalid_token();
    };
    let overrides = &data.behaviour;
    let aud = overrides.tokeninfo_aud.as_ref();
    let user_id = overrides.tokeninfo_user_id.as_ref();
    Reply::json(
        StatusCode::OK,
        &json!({
            "iss": "https://www.amazon.com",
            "aud": aud.unwrap_or(&access.client_id),
            "user_id": user_id.or_else(|| Some(&data.accounts.get(&access.account)?.id)),
            "app_id": "amzn1.application.standin",
            "exp": (access.expires_ms - data.now_ms()) / 1000,
            "iat": access.issued_ms / 1000,
        }),
    )
}

/// Whose token it is.
pub(crate) fn profile(data: &mut Data, ask: &Ask<'_>) -> Reply {
    const ENDPOINT: Endpoint = Endpoint::Profile;
    let input = ask.input;
    if let Err(what) = must_get(data, ENDPOINT, input) {
        return Reply::error("invalid_request", &what);
    }
    if !input.query.is_empty() {
        data.violation(ENDPOINT, "parameters in the query, where they get logged");
    }
    if input.headers.contains_key("authorization")
        && input.headers.contains_key("x-amz-access-token")
    {
        data.violation(ENDPOINT, "the token is in two headers");
    }
    let Some(token) = input.access_token() else {
        let what = "the token is not in Authorization (bearer) or x-amz-access-token";
        data.violation(ENDPOINT, what);
        return Reply::error("invalid_request", what);
    };
    let Some(access) = live(data, token) else {
        return invalid_token();
    };
    if !access.scopes.iter().any(|scope| scope == SCOPE_PROFILE) {
        return Reply::error(
            "insufficient_scope",
            "The access token does not have the scope profile",
        );
    }
    let name = &access.account;
    let user_id = data.behaviour.profile_user_id.as_ref();
    Reply::json(
        StatusCode::OK,
        &json!({
            "user_id": user_id.or_else(|| Some(&data.accounts.get(name)?.id)),
            "name": name,
            "email": format!("{name}@example.com"),
        }),
    )
}

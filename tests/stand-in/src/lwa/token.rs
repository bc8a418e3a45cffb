//! `POST /auth/o2/token`: codes, refresh tokens and device codes for tokens.

use axum::http::StatusCode;
use serde_json::json;

use crate::exchange::{Ask, Reply};
use crate::faults::Endpoint;
use crate::input::Params;
use crate::lwa::{device, form, required};
use crate::model::{Access, Life, Refresh};
use crate::secrets;
use crate::state::Data;

pub(super) const ENDPOINT: Endpoint = Endpoint::Token;

/// Which client gets tokens, and for what grant.
pub(crate) struct Grant {
    pub(crate) client_id: String,
    pub(crate) account: String,
    pub(crate) scopes: Vec<String>,
}

/// The answer to a token request.
pub(crate) fn answer(data: &mut Data, ask: &Ask<'_>) -> Reply {
    let result = form(data, ENDPOINT, ask).and_then(|form| {
        match required(data, ENDPOINT, &form, "grant_type")? {
            "authorization_code" => authorization_code(data, &form, ask.answer_lost),
            "refresh_token" => refresh_token(data, &form, ask.answer_lost),
            "device_code" => device::poll(data, &form),
            other => {
                data.violation(ENDPOINT, &format!("grant_type {other:?}"));
                Err(Reply::error(
                    "unsupported_grant_type",
                    "The authorization grant type is not supported by the authorization server",
                ))
            }
        }
    });
    result.unwrap_or_else(|refusal| refusal)
}

/// The client: its id, and whether it proved its identity.
fn client(data: &mut Data, form: &Params) -> Result<(String, bool), Reply> {
    let id = required(data, ENDPOINT, form, "client_id")?;
    let refused = || Reply::error("invalid_client", "Client authentication failed");
    let client = data.clients.get(id).ok_or_else(refused)?;
    match (&client.client_secret, form.get("client_secret")) {
        (Some(secret), Some(given)) if secret == given => Ok((id.to_owned(), true)),
        (_, Some(_)) => Err(refused()),
        (Some(_), None) => {
            data.violation(ENDPOINT, "parameter client_secret is missing");
            Ok((id.to_owned(), false))
        }
        (None, None) => Ok((id.to_owned(), false)),
    }
}

fn authorization_code(data: &mut Data, form: &Params, answer_lost: bool) -> Result<Reply, Reply> {
    let (client_id, proven) = client(data, form)?;
    let code = required(data, ENDPOINT, form, "code")?;
    let redirect_uri = required(data, ENDPOINT, form, "redirect_uri")?;
    let verifier = required(data, ENDPOINT, form, "code_verifier")?;
    let invalid = |what: &str| Reply::error("invalid_grant", what);
    let Some(known) = data.codes.get(code).cloned() else {
        return Err(invalid("The authorization code is unknown"));
    };
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if known.used && known.unheard {
        // Using it again, because its answer never came, does not break the contract.
        return Err(invalid("the code was used already"));
    }
    let broken = if known.used {
        Some("the code was used already")
    } else if known.client_id != client_id {
        Some("the code was issued to another client")
    } else if known.redirect_uri != redirect_uri {
        Some("redirect_uri is not that of the authorize request")
    } else if !(43..=128).contains(&verifier.len()) || !verifier.bytes().all(unreserved) {
        Some("code_verifier is not 43 to 128 unreserved characters")
    } else if secrets::s256(verifier) != known.challenge {
        Some("code_verifier does not fit the code_challenge")
    } else {
        None
    };
    if let Some(what) = broken {
        data.violation(ENDPOINT, what);
        return Err(invalid(what));
    }
    if known.revoked || data.now_ms() >= known.expires_ms {
        return Err(invalid("The authorization code is expired"));
    }
    if let Some(code) = data.codes.get_mut(code) {
        code.used = true;
        code.unheard = answer_lost;
    }
    let grant = Grant {
        client_id,
        account: known.account,
        scopes: known.scopes,
    };
    // Without proof of the client no refresh token comes.
    let refresh = proven.then(|| issue_refresh(data, &grant));
    Ok(issue(data, grant, refresh))
}

fn refresh_token(data: &mut Data, form: &Params, answer_lost: bool) -> Result<Reply, Reply> {
    let (client_id, proven) = client(data, form)?;
    let confidential = data
        .clients
        .get(&client_id)
        .is_some_and(|client| client.client_secret.is_some());
    if confidential && !proven {
        return Err(Reply::error(
            "invalid_client",
            "Client authentication failed",
        ));
    }
    let token = required(data, ENDPOINT, form, "refresh_token")?;
    let invalid = || {
        Reply::error(
            "invalid_grant",
            "The request has an invalid grant parameter : refresh_token",
        )
    };
    let Some(known) = data.refresh.get(token).cloned() else {
        return Err(invalid());
    };
    if known.client_id != client_id {
        data.violation(ENDPOINT, "the refresh token was issued to another client");
        return Err(invalid());
    }
    match known.life {
        Life::Alive => {}
        Life::Replaced => {
            let fingerprint = secrets::fingerprint(token);
            let what = format!("refresh token {fingerprint} used after its successor was issued");
            data.violation(ENDPOINT, &what);
            return Err(invalid());
        }
        Life::ReplacedUnheard | Life::Revoked => return Err(invalid()),
    }
    let grant = Grant {
        client_id,
        account: known.account,
        scopes: known.scopes,
    };
    let successor = data.behaviour.rotate_refresh_tokens.then(|| {
        if let Some(old) = data.refresh.get_mut(token) {
            old.life = if answer_lost {
                Life::ReplacedUnheard
            } else {
                Life::Replaced
            };
        }
        issue_refresh(data, &grant)
    });
    Ok(issue(data, grant, successor))
}

/// A new refresh token.
pub(crate) fn issue_refresh(data: &mut Data, grant: &Grant) -> String {
    let token = secrets::token("Atzr", data.behaviour.token_bytes);
    data.secret(&token);
    data.refresh.insert(
        token.clone(),
        Refresh {
            client_id: grant.client_id.clone(),
            account: grant.account.clone(),
            scopes: grant.scopes.clone(),
            life: Life::Alive,
        },
    );
    token
}

/// The token answer with a new access token.
pub(crate) fn issue(data: &mut Data, grant: Grant, refresh: Option<String>) -> Reply {
    let token = secrets::token("Atza", data.behaviour.token_bytes);
    data.secret(&token);
    let seconds = data.behaviour.access_token_seconds;
    let now = data.now_ms();
    data.access.insert(
        token.clone(),
        Access {
            client_id: grant.client_id,
            account: grant.account,
            scopes: grant.scopes,
            issued_ms: now,
            expires_ms: now.saturating_add(seconds.saturating_mul(1000)),
        },
    );
    let mut body = json!({
        "access_token": token,
        "token_type": "bearer",
        "expires_in": seconds,
    });
    if let Some(refresh) = refresh.filter(|_| !data.behaviour.omit_refresh_token) {
        body["refresh_token"] = refresh.into();
    }
    Reply::json(StatusCode::OK, &body)
}

//! What game clients and game servers call.

use std::time::Duration;

use http::StatusCode;
use prime_gaming::App;
use prime_gaming::domain::Timestamp;
use prime_gaming::flow::{self, StartRefused};
use prime_gaming::http::{
    ApiError, Code, Request, Response, address, json, no_content, presentable,
};
use serde::{Deserialize, Serialize};
use url::Url;

#[derive(Deserialize)]
struct SessionBody {
    return_to: Option<String>,
}

#[derive(Serialize)]
struct SessionAnswer {
    start_url: Url,
    expires_at: Timestamp,
}

/// `POST /v1/link/sessions`
pub(crate) async fn start_session(app: &App, request: &Request) -> Result<Response, ApiError> {
    let caller = app.authenticator.caller(request, app.clock.now()).await?;
    let (player, name) = caller.player_only()?;
    let body: SessionBody = request.json_body()?;
    let base_url = request.base_url(app.config.public_base_url.as_ref())?;
    let session = flow::start_session(app, &player, name.as_deref(), body.return_to.as_deref())
        .await
        .map_err(refusal)?;
    let mut start_url = address(&base_url, "/link/start");
    start_url
        .query_pairs_mut()
        .append_pair("ticket", &session.ticket);
    json(
        StatusCode::CREATED,
        &SessionAnswer {
            start_url,
            expires_at: session.expires_at,
        },
    )
}

#[derive(Deserialize)]
struct LoginBody {
    login_ticket: String,
    player_id: Option<String>,
    player_name: Option<String>,
}

#[derive(Serialize)]
struct LoginAnswer {
    continue_url: Url,
}

/// `POST /v1/link/login`: the studio has logged a player in who came from the Prime Gaming page.
pub(crate) async fn log_in(app: &App, request: &Request) -> Result<Response, ApiError> {
    let caller = app.authenticator.caller(request, app.clock.now()).await?;
    // A player's token is refused whatever the body is.
    let caller = caller.server()?;
    let body: LoginBody = request.json_body()?;
    let player = caller.player(body.player_id.as_deref())?;
    let name = body.player_name.as_deref().and_then(presentable);
    let base_url = request.base_url(app.config.public_base_url.as_ref())?;
    let code = flow::continue_login(app, &body.login_ticket, &player, name.as_deref())
        .await
        .map_err(refusal)?;
    let mut continue_url = address(&base_url, "/link/continue");
    continue_url.query_pairs_mut().append_pair("code", &code);
    json(StatusCode::OK, &LoginAnswer { continue_url })
}

fn refusal(refused: StartRefused) -> ApiError {
    match refused {
        StartRefused::InvalidReturnTo(rule) => {
            ApiError::new(Code::InvalidReturnTo, rule.to_string())
        }
        StartRefused::TooManyAttempts(wait) => too_many_attempts(wait),
        StartRefused::InvalidLogin => ApiError::new(
            Code::InvalidTicket,
            "`login_ticket` is unknown, was used, or is older than 10 minutes: send the browser to \
             `GET /link` for a new one",
        ),
        StartRefused::Store(error) => error.into(),
    }
}

pub(crate) fn too_many_attempts(wait: Duration) -> ApiError {
    ApiError::new(
        Code::TooManyAttempts,
        "the player has 10 open link attempts: finish one, or wait until the oldest expires",
    )
    .retry_after(wait)
}

/// `GET /v1/link`
pub(crate) async fn status(app: &App, request: &Request) -> Result<Response, ApiError> {
    let caller = app.authenticator.caller(request, app.clock.now()).await?;
    let player = caller.player(request.query_one("player_id")?)?;
    json(StatusCode::OK, &flow::link_status(app, &player).await?)
}

/// `DELETE /v1/link`
pub(crate) async fn unlink(app: &App, request: &Request) -> Result<Response, ApiError> {
    let caller = app.authenticator.caller(request, app.clock.now()).await?;
    let player = caller.player(request.query_one("player_id")?)?;
    flow::unlink(app, &player).await?;
    Ok(no_content())
}

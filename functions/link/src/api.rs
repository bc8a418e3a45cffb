//! What game clients and game servers call.

use std::time::Duration;

use http::StatusCode;
use prime_gaming::App;
use prime_gaming::api::{ErrorCode, LinkLogin, LinkLoginRequest, LinkSession, LinkSessionRequest};
use prime_gaming::auth::presentable;
use prime_gaming::flow::{self, StartRefused};
use prime_gaming::http::{ApiError, Request, Response, address, json, no_content};

/// `POST /v1/link/sessions`
pub(crate) async fn start_session(app: &App, request: &Request) -> Result<Response, ApiError> {
    let caller = app.authenticator.caller(request, app.clock.now()).await?;
    let (player, name) = caller.player_only()?;
    let body: LinkSessionRequest = request.json_body()?;
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
        &LinkSession {
            start_url,
            expires_at: session.expires_at,
        },
    )
}

/// `POST /v1/link/login`: a player came from the Prime Gaming page, and the studio has logged the
/// player in.
pub(crate) async fn log_in(app: &App, request: &Request) -> Result<Response, ApiError> {
    let caller = app.authenticator.caller(request, app.clock.now()).await?;
    // A player's token is refused before the body is read.
    let caller = caller.server()?;
    let body: LinkLoginRequest = request.json_body()?;
    let player = caller.player(body.player_id.as_deref())?;
    let name = body.player_name.as_deref().and_then(presentable);
    let base_url = request.base_url(app.config.public_base_url.as_ref())?;
    let code = flow::continue_login(app, &body.login_ticket, &player, name.as_deref())
        .await
        .map_err(refusal)?;
    let mut continue_url = address(&base_url, "/link/continue");
    continue_url.query_pairs_mut().append_pair("code", &code);
    json(StatusCode::OK, &LinkLogin { continue_url })
}

fn refusal(refused: StartRefused) -> ApiError {
    match refused {
        StartRefused::InvalidReturnTo(rule) => {
            ApiError::new(ErrorCode::InvalidReturnTo, rule.to_string())
        }
        StartRefused::TooManyAttempts(wait) => too_many_attempts(wait),
        StartRefused::InvalidLogin => ApiError::new(
            ErrorCode::InvalidTicket,
            "`login_ticket` is unknown, was used, or is older than 10 minutes: send the browser to \
             `GET /link` for a new one",
        ),
        StartRefused::Store(error) => error.into(),
    }
}

pub(crate) fn too_many_attempts(wait: Duration) -> ApiError {
    ApiError::new(
        ErrorCode::TooManyAttempts,
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

//! The on-demand check, and a player's history.

use http::StatusCode;
use prime_gaming::App;
use prime_gaming::api::{CheckRequest, ErrorCode};
use prime_gaming::domain::Status;
use prime_gaming::flow::{self, Budget, Cursor, HistoryPage};
use prime_gaming::http::{ApiError, Request, Response, json, serve};

/// How many entitlements a page of the history has by default.
const DEFAULT_LIMIT: usize = 20;

/// The most entitlements on a page of the history.
const MAX_LIMIT: usize = 100;

/// Answers one request.
pub async fn handle(app: &App, request: Request) -> Response {
    let work = Box::pin(route(app, Budget::of_request(), &request));
    serve(&app.clock, &request, work).await
}

async fn route(app: &App, budget: Budget, request: &Request) -> Result<Response, ApiError> {
    match request.route_key() {
        Some("POST /v1/entitlements/check") => check(app, budget, request).await,
        Some("GET /v1/entitlements") => history(app, request).await,
        _ => Err(ApiError::not_found()),
    }
}

async fn check(app: &App, budget: Budget, request: &Request) -> Result<Response, ApiError> {
    let caller = app.authenticator.caller(request, app.clock.now()).await?;
    let body: CheckRequest = request.json_body()?;
    let named = match body.player_id {
        Some(_) => body.player_id.as_deref(),
        None => request.query_one("player_id")?,
    };
    let player = caller.player(named)?;
    let checked = flow::check(app, budget, &player).await?;
    json(StatusCode::OK, &checked.response)
}

async fn history(app: &App, request: &Request) -> Result<Response, ApiError> {
    let caller = app.authenticator.caller(request, app.clock.now()).await?;
    let player = caller.player(request.query_one("player_id")?)?;
    let limit = limit(request.query_one("limit")?)?;
    let status = request.query_one("status")?.map(status).transpose()?;
    let cursor = request
        .query_one("cursor")?
        .map(Cursor::parse)
        .transpose()
        .map_err(|error| ApiError::new(ErrorCode::InvalidCursor, error.to_string()))?;
    let page = HistoryPage {
        limit,
        cursor,
        status,
    };
    json(StatusCode::OK, &flow::history(app, &player, page).await?)
}

fn status(word: &str) -> Result<Status, ApiError> {
    Status::parse(word).ok_or_else(|| {
        ApiError::invalid_request(
            "`status` must be `pending`, `delivered`, `reported` or `held`".to_owned(),
        )
    })
}

fn limit(text: Option<&str>) -> Result<usize, ApiError> {
    let Some(text) = text else {
        return Ok(DEFAULT_LIMIT);
    };
    text.parse()
        .ok()
        // `parse` would accept a plus sign.
        .filter(|limit| (1..=MAX_LIMIT).contains(limit) && !text.starts_with('+'))
        .ok_or_else(|| {
            ApiError::invalid_request(format!(
                "`limit` must be a whole number from 1 to {MAX_LIMIT}"
            ))
        })
}

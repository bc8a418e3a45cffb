//! Linking: what games call, and the pages that a browser sees.

mod api;
mod browser;
mod devices;

use http::StatusCode;
use prime_gaming::App;
use prime_gaming::api::Health;
use prime_gaming::flow::Budget;
use prime_gaming::http::{ApiError, Request, Response, json, serve};

/// Answers one request.
pub async fn handle(app: &App, request: Request) -> Response {
    let budget = Budget::of_request();
    if request.is_for_browsers() {
        browser::serve(app, budget, &request).await
    } else {
        let work = Box::pin(route(app, budget, &request));
        serve(&app.clock, &request, work).await
    }
}

async fn route(app: &App, budget: Budget, request: &Request) -> Result<Response, ApiError> {
    match request.route_key() {
        Some("POST /v1/link/sessions") => api::start_session(app, request).await,
        Some("POST /v1/link/devices") => devices::start(app, request).await,
        Some("POST /v1/link/devices/{id}") => devices::poll(app, budget, request).await,
        Some("GET /v1/link") => api::status(app, request).await,
        Some("DELETE /v1/link") => api::unlink(app, request).await,
        Some("POST /v1/link/login") => api::log_in(app, request).await,
        Some("GET /health") => json(StatusCode::OK, &Health { status: "ok" }),
        _ => Err(ApiError::not_found()),
    }
}

//! Linking: what games call, and the pages that a browser sees.

mod api;
mod browser;
mod devices;

use http::StatusCode;
use prime_gaming::App;
use prime_gaming::flow::Budget;
use prime_gaming::http::{ApiError, Pages, Request, Response, in_time, json, serve};
use serde_json::json;

use browser::rendered;

/// Answers one request.
pub async fn handle(app: &App, request: Request) -> Response {
    let budget = Budget::of_request();
    let mut is_for_people = false;
    let seen = &mut is_for_people;
    let response = serve(&app.clock, request, |request| async move {
        *seen = request.is_for_browsers();
        let answer = in_time(route(app, budget, &request)).await;
        if *seen {
            answer.map_err(|error| Pages::new(&app.config.studio, &request).explain(error))
        } else {
            answer
        }
    })
    .await;
    if is_for_people {
        browser::hardened(app, response)
    } else {
        response
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
        Some("GET /link") => rendered(app, request, browser::landing(app, request).await),
        Some("GET /link/continue") => rendered(app, request, browser::resume(app, request).await),
        Some("GET /link/start") => {
            rendered(app, request, browser::consent_page(app, request).await)
        }
        Some("POST /link/start") => rendered(app, request, browser::authorize(app, request).await),
        Some("GET /link/callback") => {
            rendered(app, request, browser::callback(app, budget, request).await)
        }
        Some("GET /health") => json(StatusCode::OK, &json!({"status": "ok"})),
        _ => Err(ApiError::not_found()),
    }
}

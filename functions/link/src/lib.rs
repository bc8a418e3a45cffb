//! Linking: what games call, and the pages that a browser sees.

mod api;
mod browser;
mod devices;

use http::{Method, StatusCode};
use prime_gaming::App;
use prime_gaming::flow::Budget;
use prime_gaming::http::{ApiError, Pages, Request, Response, in_time, json, serve};
use serde_json::json;

/// Answers one request.
pub async fn handle(app: &App, event: lambda_http::Request) -> Response {
    let budget = Budget::of_request();
    serve(&app.clock, event, |request| async move {
        let answer = in_time(route(app, budget, &request)).await;
        if browser::serves(request.path()) {
            answer.map_err(|error| Pages::new(&app.config.studio, &request).explain(error))
        } else {
            answer
        }
    })
    .await
}

async fn route(app: &App, budget: Budget, request: &Request) -> Result<Response, ApiError> {
    match (request.method(), request.path()) {
        (&Method::POST, "/v1/link/sessions") => api::start_session(app, request).await,
        (&Method::POST, "/v1/link/devices") => devices::start(app, request).await,
        (&Method::GET, "/v1/link") => api::status(app, request).await,
        (&Method::DELETE, "/v1/link") => api::unlink(app, request).await,
        (&Method::POST, "/v1/link/login") => api::log_in(app, request).await,
        (&Method::GET, "/link") => browser::arrive(app, request).await,
        (&Method::GET, "/link/continue") => browser::go_on(app, request).await,
        (&Method::GET, "/link/start") => browser::question(app, request).await,
        (&Method::POST, "/link/start") => browser::to_amazon(app, request).await,
        (&Method::GET, "/link/callback") => browser::back(app, budget, request).await,
        (&Method::GET, "/health") => json(StatusCode::OK, &json!({"status": "ok"})),
        (&Method::POST, path) => match devices::id_in(path) {
            Some(id) => devices::poll(app, budget, request, id).await,
            None => Err(ApiError::not_found()),
        },
        _ => Err(ApiError::not_found()),
    }
}

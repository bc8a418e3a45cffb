//! Takes the game's confirmations of deliveries, and reports them to Prime Gaming.

use http::StatusCode;
use prime_gaming::App;
use prime_gaming::api::{Fulfillments, FulfillmentsRequest};
use prime_gaming::flow::{self, Budget};
use prime_gaming::http::{ApiError, Request, Response, json, serve};

/// The most ids of one confirmation.
const MAX_IDS: usize = 50;

/// Answers one request.
pub async fn handle(app: &App, request: Request) -> Response {
    let work = Box::pin(route(app, Budget::of_request(), &request));
    serve(&app.clock, &request, work).await
}

async fn route(app: &App, budget: Budget, request: &Request) -> Result<Response, ApiError> {
    match request.route_key() {
        Some("POST /v1/fulfillments") => confirm(app, budget, request).await,
        _ => Err(ApiError::not_found()),
    }
}

async fn confirm(app: &App, budget: Budget, request: &Request) -> Result<Response, ApiError> {
    let caller = app.authenticator.caller(request, app.clock.now()).await?;
    let body: FulfillmentsRequest = request.json_body()?;
    let player = caller.player(body.player_id.as_deref())?;
    if !(1..=MAX_IDS).contains(&body.entitlement_ids.len()) {
        return Err(ApiError::invalid_request(format!(
            "`entitlement_ids` must hold 1 to {MAX_IDS} ids"
        )));
    }
    let results = flow::confirm(app, budget, &player, body.entitlement_ids).await;
    json(StatusCode::OK, &Fulfillments { results })
}

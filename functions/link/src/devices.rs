//! Linking on a device that shows a code, as consoles and TVs do.

use http::StatusCode;
use prime_gaming::App;
use prime_gaming::domain::{LinkFailure, Timestamp, is_random_token};
use prime_gaming::flow::{self, Budget, DeviceRefused};
use prime_gaming::http::{ApiError, Code, Request, Response, json};
use serde::Serialize;
use url::Url;

#[derive(Serialize)]
struct SessionAnswer {
    id: String,
    user_code: String,
    verification_uri: Url,
    verification_uri_complete: Option<Url>,
    interval: u64,
    expires_at: Timestamp,
}

#[derive(Serialize)]
struct StatusAnswer {
    status: &'static str,
    interval: u64,
    error: Option<&'static str>,
}

/// `POST /v1/link/devices`
pub(crate) async fn start(app: &App, request: &Request) -> Result<Response, ApiError> {
    must_be_on(app)?;
    let caller = app.authenticator.caller(request, app.clock.now()).await?;
    let (player, _) = caller.player_only()?;
    let session = flow::start_device(app, &player).await.map_err(refusal)?;
    json(
        StatusCode::CREATED,
        &SessionAnswer {
            id: session.id,
            user_code: session.user_code,
            verification_uri: session.verification_uri,
            verification_uri_complete: session.verification_uri_complete,
            interval: session.interval.as_secs(),
            expires_at: session.expires_at,
        },
    )
}

/// `POST /v1/link/devices/{id}`
pub(crate) async fn poll(
    app: &App,
    budget: Budget,
    request: &Request,
) -> Result<Response, ApiError> {
    must_be_on(app)?;
    let caller = app.authenticator.caller(request, app.clock.now()).await?;
    let (player, _) = caller.player_only()?;
    let unknown = || {
        ApiError::new(
            Code::NotFound,
            "this player has no such device session: the id is that of another one, or too old",
        )
    };
    let id = request.id().filter(|id| is_random_token(id));
    let id = id.ok_or_else(unknown)?;
    let polled = flow::poll_device(app, budget, &player, id).await?;
    let answer = polled.ok_or_else(unknown)?;
    json(
        StatusCode::OK,
        &StatusAnswer {
            status: answer.status.as_str(),
            interval: answer.interval.as_secs(),
            error: answer.status.error().map(LinkFailure::code),
        },
    )
}

/// A code can be talked out of a player, so a studio has to want this.
fn must_be_on(app: &App) -> Result<(), ApiError> {
    if app.config.linking.devices {
        Ok(())
    } else {
        Err(ApiError::not_found())
    }
}

fn refusal(refused: DeviceRefused) -> ApiError {
    match refused {
        DeviceRefused::AlreadyOpen(wait) => ApiError::new(
            Code::TooManyAttempts,
            "the player has an open code: poll that session to its end, or wait until it expires",
        )
        .retry_after(wait),
        DeviceRefused::AmazonUnavailable { retry_after, cause } => {
            let error = ApiError::new(
                Code::AmazonUnavailable,
                "Amazon gives no code now: try again after the seconds in Retry-After",
            );
            match retry_after {
                Some(wait) => error.retry_after(wait),
                None => error,
            }
            .because(cause)
        }
        DeviceRefused::Store(error) => error.into(),
    }
}

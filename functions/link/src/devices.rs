//! Linking on a device that shows a code, as consoles and TVs do.

use http::StatusCode;
use prime_gaming::App;
use prime_gaming::api::{DeviceSession, DeviceStatus, ErrorCode};
use prime_gaming::domain::{LinkFailure, is_random_token};
use prime_gaming::flow::{self, Budget, DeviceRefused};
use prime_gaming::http::{ApiError, Request, Response, json};

/// `POST /v1/link/devices`
pub(crate) async fn start(app: &App, request: &Request) -> Result<Response, ApiError> {
    must_be_on(app)?;
    let caller = app.authenticator.caller(request, app.clock.now()).await?;
    let (player, _) = caller.player_only()?;
    let session = flow::start_device(app, &player).await.map_err(refusal)?;
    json(
        StatusCode::CREATED,
        &DeviceSession {
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
            ErrorCode::NotFound,
            "this player has no such device session: the id is that of another one, or too old",
        )
    };
    let id = request.id().filter(|id| is_random_token(id));
    let id = id.ok_or_else(unknown)?;
    let polled = flow::poll_device(app, budget, &player, id).await?;
    let polled = polled.ok_or_else(unknown)?;
    json(
        StatusCode::OK,
        &DeviceStatus {
            status: polled.status.as_str(),
            interval: polled.interval.as_secs(),
            error: polled.status.error().map(LinkFailure::code),
        },
    )
}

/// A stranger can talk a player into entering a code, so linking on devices is off by default.
fn must_be_on(app: &App) -> Result<(), ApiError> {
    if app.config.linking.devices {
        Ok(())
    } else {
        Err(ApiError::new(
            ErrorCode::NotFound,
            "linking on devices is off: DEVICE_LINKING would have to be on",
        ))
    }
}

fn refusal(refused: DeviceRefused) -> ApiError {
    match refused {
        DeviceRefused::AlreadyOpen(wait) => ApiError::new(
            ErrorCode::TooManyAttempts,
            "the player has an open code: poll that session to its end, or wait until it expires",
        )
        .retry_after(wait),
        DeviceRefused::NoCodePair(cause) => {
            let error = ApiError::new(
                ErrorCode::AmazonUnavailable,
                "Amazon gives no code now: try again after the seconds in Retry-After",
            );
            match cause.retry_after() {
                Some(wait) => error.retry_after(wait),
                None => error,
            }
            .because(cause)
        }
        DeviceRefused::Store(error) => error.into(),
    }
}

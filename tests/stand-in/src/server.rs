//! The listening side: connections, routes, and closing a connection without an answer.

use axum::Router;
use axum::extract::{Request, State as Extract};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::exchange::{CloseConnection, serve};
use crate::faults::Endpoint;
use crate::lwa::{authorize, device, identity, token};
use crate::state::Shared;
use crate::{pages, prime_gaming};

pub(crate) const AUTHORIZE: &str = "/ap/oa";
pub(crate) const SIGN_IN: &str = "/ap/signin";
pub(crate) const TOKEN: &str = "/auth/o2/token";
pub(crate) const TOKENINFO: &str = "/auth/o2/tokeninfo";
pub(crate) const PROFILE: &str = "/user/profile";
pub(crate) const CODEPAIR: &str = "/auth/o2/create/codepair";
pub(crate) const DEVICE: &str = "/us/code";
pub(crate) const ENTITLEMENTS: &str = "/api/entitlements";
pub(crate) const FULFILL: &str = "/api/fulfill";

macro_rules! endpoint {
    ($endpoint:ident, $work:path) => {
        any(|Extract(state): Extract<Shared>, request: Request| {
            serve(state, Endpoint::$endpoint, request, $work)
        })
    };
}

/// Every address of the base URL. Amazon's take any method, because a wrong one is to be recorded.
pub(crate) fn routes(state: Shared, control: Router) -> Router {
    Router::new()
        .route(AUTHORIZE, endpoint!(Authorize, authorize::ask))
        .route(TOKEN, endpoint!(Token, token::answer))
        .route(TOKENINFO, endpoint!(TokenInfo, identity::token_info))
        .route(PROFILE, endpoint!(Profile, identity::profile))
        .route(CODEPAIR, endpoint!(Codepair, device::code_pair))
        .route(ENTITLEMENTS, endpoint!(Entitlements, prime_gaming::list))
        .route(FULFILL, endpoint!(Fulfill, prime_gaming::fulfill))
        .route(DEVICE, get(pages::device_form).post(pages::device))
        .route("/", get(pages::home))
        .route("/claim", axum::routing::post(pages::claim))
        .route("/remove-app", axum::routing::post(pages::remove_app))
        .merge(icon())
        .fallback(unknown)
        .with_state(state)
        .nest("/_control", control)
}

/// The address where the player signs in, of an origin of its own.
pub(crate) fn sign_in_routes(state: Shared) -> Router {
    Router::new()
        .route(SIGN_IN, get(pages::sign_in))
        .merge(icon())
        .fallback(unknown)
        .with_state(state)
}

/// The consent page, of an origin of its own.
pub(crate) fn consent_routes(state: Shared) -> Router {
    Router::new()
        .route(AUTHORIZE, get(pages::ask).post(pages::consent))
        .merge(icon())
        .fallback(unknown)
        .with_state(state)
}

/// Browsers ask every origin for one.
fn icon() -> Router<Shared> {
    Router::new().route("/favicon.ico", get(async || StatusCode::NO_CONTENT))
}

async fn unknown(Extract(state): Extract<Shared>, request: Request) -> Response {
    state.change(|data| {
        data.violations.push(format!(
            "no such address: {} {}",
            request.method(),
            request.uri().path()
        ));
    });
    StatusCode::NOT_FOUND.into_response()
}

/// Waits for the word to stop.
async fn told(stop: &mut watch::Receiver<bool>) {
    // Without a sender there is nothing left to serve either.
    drop(stop.wait_for(|stop| *stop).await);
}

/// Serves until told to stop; then every connection is closed, whatever it is waiting for.
pub(crate) async fn run(listener: TcpListener, router: Router, mut stop: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = told(&mut stop) => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let service = TowerToHyperService::new(router.clone());
                    let service = service_fn(move |request: hyper::Request<Incoming>| {
                        let answer = service.call(request);
                        async move {
                            let Ok(response) = answer.await;
                            match response.extensions().get::<CloseConnection>() {
                                // An error makes hyper drop the connection with nothing sent.
                                Some(_) => Err("closed on request"),
                                None => Ok(response),
                            }
                        }
                    });
                    connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
                }
                // Out of file descriptors, or the client is gone already: the next may fare better.
                Err(_) => tokio::task::yield_now().await,
            },
        }
    }
    drop(listener);
    connections.shutdown().await;
}

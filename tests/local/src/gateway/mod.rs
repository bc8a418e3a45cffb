//! API Gateway's HTTP API on one machine: the template's routes in front of functions.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::request::Parts;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

mod answer;
mod cors;
mod event;
mod routes;

pub use answer::answer;
pub use cors::Cors;
pub use event::{Source, event};
pub use routes::{Match, Routes};

use crate::Error;
use crate::log::Log;
use crate::runtime::{Function, InvokeError};
use crate::template::Route;

/// The most that a request's body may take, in bytes: API Gateway's limit.
pub const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;

/// How long API Gateway waits for a function.
const INTEGRATION_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a stop waits for requests that are under way.
const STOP_WITHIN: Duration = Duration::from_secs(2);

/// A running gateway. It ends when this is dropped; [`Gateway::stop`] also waits.
#[derive(Debug)]
pub struct Gateway {
    /// Where it listens.
    pub address: SocketAddr,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
}

/// What is served beside the routes of functions, and who looks on.
#[derive(Clone, Default)]
pub struct Beside {
    /// Pages that are not of functions. They are not logged.
    pub pages: axum::Router,
    /// Is told of each request, by its route, and of its answer's status.
    pub witness: Option<Arc<Tell>>,
    /// Looks at each request to a function before the function gets it.
    pub look: Option<Arc<Look>>,
}

/// Looks at a request: its method, path and headers, and its body.
pub type Look = dyn Fn(&Parts, &[u8]) + Send + Sync;

/// Takes a request's method and route, and its answer's status.
pub type Tell = dyn Fn(&str, u16) + Send + Sync;

struct Shared {
    witness: Option<Arc<Tell>>,
    look: Option<Arc<Look>>,
    routes: Routes<Function>,
    cors: Cors,
    log: Log,
}

/// A port of the loopback interface for a gateway; 0 takes a free one.
///
/// # Errors
/// When the port is taken.
pub async fn bind(port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
}

/// The port that the argument `--port` names, for `what`.
///
/// # Errors
/// When the port is taken; the message names the port and what wanted it.
pub(crate) async fn bind_for(port: u16, what: &str) -> Result<TcpListener, Error> {
    let bound = bind(port).await;
    Ok(bound.map_err(|error| {
        format!("{what} can't use port {port}: {error}; choose another with --port")
    })?)
}

impl Gateway {
    /// Serves `routes` on `listener`, to other origins as `cors` says. Every request is written to `log`, by its route.
    /// `beside` is served too.
    ///
    /// # Errors
    /// When the listener has no address.
    pub fn start(
        listener: TcpListener,
        routes: Vec<(Route, Function)>,
        cors: Cors,
        log: Log,
        beside: Beside,
    ) -> std::io::Result<Self> {
        let address = listener.local_addr()?;
        let (stop, mut stopped) = watch::channel(false);
        let shared = Arc::new(Shared {
            routes: Routes::new(routes),
            cors,
            log,
            witness: beside.witness,
            look: beside.look,
        });
        let service = axum::Router::new()
            .fallback(handle)
            .with_state(shared)
            .merge(beside.pages)
            .into_make_service_with_connect_info::<SocketAddr>();
        let server = tokio::spawn(async move {
            let until = async move {
                // An error means that the handle is gone, which is a stop too.
                let _ = stopped.wait_for(|stopped| *stopped).await;
            };
            if let Err(error) = axum::serve(listener, service)
                .with_graceful_shutdown(until)
                .await
            {
                eprintln!("the gateway stopped: {error}");
            }
        });
        Ok(Self {
            address,
            stop,
            server,
        })
    }

    /// Takes no more requests, and gives those that are under way a moment to finish.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        // A browser may keep its connection; that must not keep the system from ending.
        let _ = tokio::time::timeout(STOP_WITHIN, self.server).await;
    }
}

async fn handle(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request<Body>,
) -> Response {
    let started = Instant::now();
    let subject = subject(&shared, &request);
    let request_id = crate::random::uuid();
    let cors = &shared.cors;
    let mut response = match cors.preflight(&request) {
        Some(response) => response,
        None => {
            let reader = cors.reader(request.uri().path(), request.headers());
            let mut response = serve(&shared, peer.ip(), &request_id, request).await;
            cors.finish(reader, response.headers_mut());
            response
        }
    };
    if let Ok(id) = request_id.parse() {
        response.headers_mut().insert("apigw-requestid", id);
    }
    let status = response.status().as_u16();
    if let Some(tell) = &shared.witness {
        tell(&subject, status);
    }
    shared.log.write(
        "gateway",
        format!("{subject} {status} {} ms", started.elapsed().as_millis()),
    );
    response
}

/// What the log calls a request: its route, because an id in the path may be a secret.
fn subject(shared: &Shared, request: &Request<Body>) -> String {
    let (method, path) = (request.method(), request.uri().path());
    let found = shared.routes.find(method.as_str(), path);
    let path = found.map_or(path, |found| &found.route.path);
    format!("{method} {path}")
}

async fn serve(
    shared: &Shared,
    peer: IpAddr,
    request_id: &str,
    request: Request<Body>,
) -> Response {
    let (parts, body) = request.into_parts();
    let Some(found) = shared.routes.find(parts.method.as_str(), parts.uri.path()) else {
        return refuse(StatusCode::NOT_FOUND, "Not Found");
    };
    let Ok(body) = axum::body::to_bytes(body, MAX_BODY_BYTES).await else {
        return refuse(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
    };
    if let Some(look) = &shared.look {
        look(&parts, &body);
    }
    let source = Source {
        ip: peer,
        request_id: request_id.to_owned(),
        now: prime_gaming::Clock::system().now(),
        ..Source::default()
    };
    let payload = event(&found, &Request::from_parts(parts, body), &source);
    let invocation = found.target.invoke_bytes(Bytes::from(payload.to_string()));
    match tokio::time::timeout(INTEGRATION_TIMEOUT, invocation).await {
        Err(_elapsed) => refuse(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
        Ok(Err(InvokeError::TooLarge)) => {
            refuse(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large")
        }
        Ok(Err(_logged_by_the_function)) => internal_error(),
        Ok(Ok(reply)) => answer(&reply).unwrap_or_else(|reason| {
            shared.log.write(
                "gateway",
                format!("{}: not an answer: {reason}", found.target.name()),
            );
            internal_error()
        }),
    }
}

fn internal_error() -> Response {
    refuse(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
}

/// An answer that the gateway makes itself.
fn refuse(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "message": message }))).into_response()
}

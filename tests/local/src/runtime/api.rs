//! The Lambda Runtime API of one process: where it asks for work and posts its answers.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::MAX_PAYLOAD_BYTES;
use crate::log::Log;

/// An error as the process reports it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Failure {
    #[serde(default)]
    pub(super) error_type: String,
    #[serde(default)]
    pub(super) error_message: String,
}

/// One invocation, on its way to the process.
pub(super) struct Job {
    pub(super) request_id: String,
    pub(super) payload: Bytes,
    pub(super) timeout: Duration,
    pub(super) answer: oneshot::Sender<Result<Bytes, Failure>>,
}

/// How far the process has come.
#[derive(Clone, Debug)]
pub(super) enum Phase {
    Starting,
    /// It has asked for work, for the first time at this moment.
    Ready(Instant),
    /// It has said why it can't start.
    Failed(Failure),
}

/// The server, seen from outside. It ends when this is dropped.
pub(super) struct Api {
    pub(super) address: SocketAddr,
    pub(super) jobs: mpsc::Sender<Job>,
    pub(super) phase: watch::Receiver<Phase>,
    server: JoinHandle<()>,
}

struct Shared {
    function: String,
    log: Log,
    phase: watch::Sender<Phase>,
    jobs: tokio::sync::Mutex<mpsc::Receiver<Job>>,
    /// The invocation that the process is working at.
    current: Mutex<Option<Job>>,
}

impl Api {
    pub(super) async fn start(function: &str, log: &Log) -> std::io::Result<Self> {
        let (jobs, receiver) = mpsc::channel(1);
        let (sender, phase) = watch::channel(Phase::Starting);
        let shared = Arc::new(Shared {
            function: function.to_owned(),
            log: log.clone(),
            phase: sender,
            jobs: tokio::sync::Mutex::new(receiver),
            current: Mutex::new(None),
        });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route(
                "/2018-06-01/runtime/invocation/{id}/response",
                post(response),
            )
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .with_state(shared);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let log = log.clone();
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                log.write("runtime", format!("the Runtime API stopped: {error}"));
            }
        });
        Ok(Self {
            address,
            jobs,
            phase,
            server,
        })
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Shared {
    fn current(&self) -> std::sync::MutexGuard<'_, Option<Job>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the invocation `id`, if that is the current one.
    fn finish(&self, id: &str, outcome: Result<Bytes, Failure>) -> Response {
        let Some(job) = self.current().take_if(|job| job.request_id == id) else {
            let body =
                json!({ "errorType": "InvalidRequestID", "errorMessage": "Invalid request ID" });
            return (StatusCode::BAD_REQUEST, Json(body)).into_response();
        };
        // The caller may have stopped waiting: the invocation ran out of time.
        let _ = job.answer.send(outcome);
        (StatusCode::ACCEPTED, Json(json!({ "status": "OK" }))).into_response()
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> Response {
    shared.phase.send_if_modified(|phase| {
        let first = matches!(phase, Phase::Starting);
        if first {
            *phase = Phase::Ready(Instant::now());
        }
        first
    });
    let Some(job) = shared.jobs.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };

    let clock = prime_gaming::Clock::system().now();
    let deadline = clock + job.timeout;
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", job.request_id.clone()),
        (
            "lambda-runtime-deadline-ms",
            deadline.as_millis().to_string(),
        ),
        (
            "lambda-runtime-invoked-function-arn",
            format!(
                "arn:aws:lambda:{}:{}:function:{}",
                crate::REGION,
                crate::ACCOUNT,
                shared.function
            ),
        ),
        ("lambda-runtime-trace-id", crate::random::trace_id(clock)),
    ];
    let payload = job.payload.clone();
    *shared.current() = Some(job);
    (headers, payload).into_response()
}

async fn response(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    body: Body,
) -> Response {
    // Read to its end even if it is too large: a connection with a rest unread would be closed,
    // and the process's next call for work would fail.
    match axum::body::to_bytes(body, usize::MAX).await {
        Ok(answer) if answer.len() <= MAX_PAYLOAD_BYTES => shared.finish(&id, Ok(answer)),
        Ok(_too_large) => {
            let failure = Failure {
                error_type: "Function.ResponseSizeTooLarge".to_owned(),
                error_message: format!("the answer is larger than {MAX_PAYLOAD_BYTES} bytes"),
            };
            shared.finish(&id, Err(failure));
            StatusCode::PAYLOAD_TOO_LARGE.into_response()
        }
        // The process broke off. Its end, or the time limit, is the invocation's outcome.
        Err(_broken_off) => StatusCode::BAD_REQUEST.into_response(),
    }
}

async fn error(State(shared): State<Arc<Shared>>, Path(id): Path<String>, body: Bytes) -> Response {
    shared.finish(&id, Err(failure(&body)))
}

async fn init_error(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let failure = failure(&body);
    let text = format!(
        "could not start: {}: {}",
        failure.error_type, failure.error_message
    );
    shared.log.write(&shared.function, text);
    shared.phase.send_replace(Phase::Failed(failure));
    (StatusCode::ACCEPTED, Json(json!({ "status": "OK" }))).into_response()
}

fn failure(body: &[u8]) -> Failure {
    serde_json::from_slice(body).unwrap_or_else(|_not_json| Failure {
        error_type: "Unhandled".to_owned(),
        error_message: String::from_utf8_lossy(body).into_owned(),
    })
}

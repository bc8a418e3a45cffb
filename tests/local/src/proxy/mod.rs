//! An HTTP proxy on loopback, between the functions and one service.

use std::net::Ipv4Addr;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use axum::http::{HeaderMap, Request, Response, request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use stand_in::{Amazon, Endpoint, Fault};
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use crate::gate::{Hit, Mode};
use crate::{Gate, Journal};

/// How long a process that waits for an answer may go on with other things, before its time
/// limit is said to have passed.
const LAST_MOMENTS: Duration = Duration::from_millis(50);

/// Where reports go.
const FULFILL: &str = "/api/fulfill";

/// Where tokens come from.
const TOKEN: &str = "/auth/o2/token";

/// What is behind a proxy.
#[derive(Clone)]
pub(crate) enum Service {
    /// A service that needs nothing beside its requests.
    Plain(String),
    /// Amazon, and who watches what it is told.
    Amazon(Amazon, Journal),
}

impl Service {
    fn base_url(&self) -> String {
        match self {
            Self::Plain(url) => url.clone(),
            Self::Amazon(amazon, _) => amazon.base_url(),
        }
    }
}

/// A running proxy. It ends when it is dropped.
pub(crate) struct Proxy {
    pub(crate) base_url: String,
    server: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Makes hyper close the connection.
#[derive(Debug)]
struct Closed;

impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("closed on purpose")
    }
}

impl std::error::Error for Closed {}

impl Proxy {
    pub(crate) async fn before(service: Service, gate: Gate) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let base_url = format!("http://{}", listener.local_addr()?);
        let front = Front {
            http: crate::world::http(),
            service,
            gate,
        };
        let server = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let front = front.clone();
                let service = service_fn(move |request| {
                    let front = front.clone();
                    async move { front.serve(request).await }
                });
                let io = TokioIo::new(stream);
                connections.spawn(http1::Builder::new().serve_connection(io, service));
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Self { base_url, server })
    }
}

#[derive(Clone)]
struct Front {
    http: reqwest::Client,
    service: Service,
    gate: Gate,
}

impl Front {
    async fn serve(self, request: Request<Incoming>) -> Result<Response<Body>, Closed> {
        let (head, body) = request.into_parts();
        let body = to_bytes(Body::new(body), usize::MAX)
            .await
            .map_err(|_broken_off| Closed)?;
        let (under_way, hit) = self.gate.enter(&label(&head, &body));
        // In a task of its own: what has arrived has its effect, also when the process is gone.
        let work = async move {
            let _under_way = under_way;
            self.handle(&head, body, hit).await
        };
        tokio::spawn(work).await.unwrap_or(Err(Closed))
    }

    async fn handle(
        &self,
        head: &request::Parts,
        body: Bytes,
        hit: Option<Hit>,
    ) -> Result<Response<Body>, Closed> {
        let Some(Hit { mode, function }) = hit else {
            return self.forward(head, body).await;
        };
        if mode.arrives() {
            self.forward_unheard(head, body).await;
        }
        match mode {
            Mode::KilledBefore | Mode::KilledAfter => function.kill_running().await,
            Mode::TimedOutBefore | Mode::TimedOutAfter => {
                tokio::time::sleep(LAST_MOMENTS).await;
                function.time_out_running().await;
            }
            Mode::RequestLost | Mode::AnswerLost | Mode::CutOff | Mode::Unheard => {}
        }
        Err(Closed)
    }

    /// Amazon must know that this answer is lost: a service that uses a refresh token again because
    /// its successor was lost does not break the contract.
    async fn forward_unheard(&self, head: &request::Parts, body: Bytes) {
        if let Service::Amazon(amazon, _) = &self.service
            && head.uri.path() == TOKEN
        {
            let lost = Fault::AfterEffect(Box::new(Fault::Reset));
            amazon.fault(Endpoint::Token, lost, 1);
        }
        // No process gets the answer.
        let _ = self.forward(head, body).await;
    }

    async fn forward(&self, head: &request::Parts, body: Bytes) -> Result<Response<Body>, Closed> {
        if let Service::Amazon(_, journal) = &self.service
            && head.uri.path() == FULFILL
        {
            journal.report_sent(&body).await;
        }
        let target = head.uri.path_and_query().map_or("/", |it| it.as_str());
        let url = format!("{}{target}", self.service.base_url());
        let answer = self
            .http
            .request(head.method.clone(), url)
            .headers(end_to_end(&head.headers))
            .body(body)
            .send()
            .await
            .map_err(|_no_answer| Closed)?;
        let mut response = Response::builder().status(answer.status());
        if let Some(headers) = response.headers_mut() {
            *headers = end_to_end(answer.headers());
        }
        let body = answer.bytes().await.map_err(|_broken_off| Closed)?;
        response.body(Body::from(body)).map_err(|_not_http| Closed)
    }
}

/// The headers that are not about one connection.
fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    for name in [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING] {
        headers.remove(name);
    }
    headers
}

/// DynamoDB names its operation in a header, and an index in the body; elsewhere it is method and
/// path. Queries may hold secrets and stay out.
fn label(head: &request::Parts, body: &[u8]) -> String {
    let target = head.headers.get("x-amz-target");
    let operation = target.and_then(|target| target.to_str().ok()?.split_once('.'));
    let Some((_version, operation)) = operation else {
        return format!("{} {}", head.method, head.uri.path());
    };
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    match body["IndexName"].as_str() {
        Some(index) => format!("{operation} {index}"),
        None => operation.to_owned(),
    }
}

//! HTTP proxies on loopback, between the functions and what they ask.
//!
//! - [`Gate`] counts the requests of one invocation and says what becomes of each: it passes, it or its
//!   answer is lost, or the process is killed.
//! - [`Watch`] looks at each request on its way, and at what became of it.

mod gate;

use std::net::Ipv4Addr;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use axum::http::{HeaderMap, Method, Request, Response, request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use gate::Hit;
pub use gate::{Gate, Mode};

/// How long a process that waits for an answer may go on with other things, before its time
/// limit is said to have passed.
const LAST_MOMENTS: Duration = Duration::from_millis(50);

/// Looks at what passes a proxy.
pub trait Watch: Clone + Send + Sync + 'static {
    /// The request is about to reach the service.
    fn arrives(&self, _asked: &Asked) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// The request is about to reach the service, and no process will get the answer.
    fn unheard(&self, _asked: &Asked) {}

    /// The request is over.
    fn over(&self, _asked: &Asked, _became: &Became) {}
}

/// Looks at nothing.
impl Watch for () {}

/// A request of a function.
#[derive(Clone)]
pub struct Asked {
    /// The HTTP method.
    pub method: Method,
    /// The path, without the query, which may hold secrets.
    pub path: String,
    /// The headers. Some hold secrets.
    pub headers: HeaderMap,
    /// The body. It may hold secrets.
    pub body: Bytes,
}

/// What became of a request.
#[derive(Clone)]
pub struct Became {
    /// The service's answer: status and body. `None`: it gave none, or the request never reached it.
    pub answer: Option<(u16, Bytes)>,
    /// Whether the process got that answer.
    pub heard: bool,
    /// How it was hit, if it was.
    pub hit: Option<Mode>,
}

impl Asked {
    fn new(head: &request::Parts, body: Bytes) -> Self {
        Self {
            method: head.method.clone(),
            path: head.uri.path().to_owned(),
            headers: head.headers.clone(),
            body,
        }
    }

    /// The header of this name, if it is a text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// What the function wants of DynamoDB, which is asked for it in a header.
    #[must_use]
    pub fn operation(&self) -> Option<&str> {
        let (_version, operation) = self.header("x-amz-target")?.split_once('.')?;
        Some(operation)
    }

    /// What gates call the request: the operation and the index, which is named in the body; elsewhere
    /// method and path.
    fn label(&self) -> String {
        let Some(operation) = self.operation() else {
            return format!("{} {}", self.method, self.path);
        };
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        match body["IndexName"].as_str() {
            Some(index) => format!("{operation} {index}"),
            None => operation.to_owned(),
        }
    }
}

/// A running proxy. It ends when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    /// Where it listens: `http://127.0.0.1:PORT`.
    pub base_url: String,
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
    /// Starts one before `service`, an origin. `gate` says what becomes of requests.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn before(
        service: impl Into<String>,
        gate: Gate,
        watch: impl Watch,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let base_url = format!("http://{}", listener.local_addr()?);
        let front = Front {
            http: crate::http_client(),
            service: service.into(),
            gate,
            watch,
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
struct Front<W> {
    http: reqwest::Client,
    service: String,
    gate: Gate,
    watch: W,
}

impl<W: Watch> Front<W> {
    async fn serve(self, request: Request<Incoming>) -> Result<Response<Body>, Closed> {
        let (head, body) = request.into_parts();
        let body = to_bytes(Body::new(body), usize::MAX)
            .await
            .map_err(|_broken_off| Closed)?;
        let asked = Asked::new(&head, body);
        // A process that starts opens connections; those requests are not what is counted.
        if asked.method == Method::HEAD {
            return self.pass(&head, &asked).await;
        }
        let (under_way, hit) = self.gate.enter(&asked.label());
        // In a task of its own: what has arrived has its effect, also when the process is gone.
        let work = async move {
            let _under_way = under_way;
            match hit {
                None => self.pass(&head, &asked).await,
                Some(hit) => self.hit(&head, &asked, hit).await,
            }
        };
        tokio::spawn(work).await.unwrap_or(Err(Closed))
    }

    async fn pass(&self, head: &request::Parts, asked: &Asked) -> Result<Response<Body>, Closed> {
        let answer = self.forward(head, asked).await;
        let became = Became {
            answer: answer.as_ref().ok().map(told),
            heard: answer.is_ok(),
            hit: None,
        };
        self.watch.over(asked, &became);
        answer.map(|answer| answer.map(Body::from))
    }

    async fn hit(
        &self,
        head: &request::Parts,
        asked: &Asked,
        Hit { mode, function }: Hit,
    ) -> Result<Response<Body>, Closed> {
        let mut answer = None;
        if mode.arrives() {
            self.watch.unheard(asked);
            answer = self.forward(head, asked).await.ok();
        }
        let became = Became {
            answer: answer.as_ref().map(told),
            heard: false,
            hit: Some(mode),
        };
        self.watch.over(asked, &became);
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

    async fn forward(
        &self,
        head: &request::Parts,
        asked: &Asked,
    ) -> Result<Response<Bytes>, Closed> {
        self.watch.arrives(asked).await;
        let target = head.uri.path_and_query().map_or("/", |it| it.as_str());
        let url = format!("{}{target}", self.service);
        let answer = self
            .http
            .request(head.method.clone(), url)
            .headers(end_to_end(&head.headers))
            .body(asked.body.clone())
            .send()
            .await
            .map_err(|_no_answer| Closed)?;
        let mut response = Response::builder().status(answer.status());
        if let Some(headers) = response.headers_mut() {
            *headers = end_to_end(answer.headers());
        }
        let body = answer.bytes().await.map_err(|_broken_off| Closed)?;
        response.body(body).map_err(|_not_http| Closed)
    }
}

fn told(answer: &Response<Bytes>) -> (u16, Bytes) {
    (answer.status().as_u16(), answer.body().clone())
}

/// The headers that are not about one connection.
fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    for name in [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING] {
        headers.remove(name);
    }
    headers
}

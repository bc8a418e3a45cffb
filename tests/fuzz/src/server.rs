//! A server that answers what it is told, for the clients that read other people's answers.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use axum::{Router, routing::any};
use tokio::net::TcpListener;

#[derive(Clone, Default)]
struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

/// A server on a free loopback port. Clones are handles of the same one.
#[derive(Clone)]
pub struct Scripted {
    replies: Arc<Mutex<[Reply; 2]>>,
    /// `http://127.0.0.1:PORT`
    pub url: String,
}

impl Scripted {
    /// Starts one that answers the first reply at `/first` and the second at `/second`.
    ///
    /// # Panics
    /// If there is no free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let scripted = Self {
            replies: Arc::default(),
            url: format!("http://{address}"),
        };
        let router = Router::new()
            .route("/first", any(async |State(it): State<Self>| it.reply(0)))
            .route("/second", any(async |State(it): State<Self>| it.reply(1)))
            .with_state(scripted.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        scripted
    }

    /// From now on `/first` (0) or `/second` (1) answers so; a header that is none is left out.
    ///
    /// # Panics
    /// If there is no such reply.
    pub fn answer(&self, which: usize, status: u16, headers: &[(&str, &[u8])], body: &[u8]) {
        let mut replies = self.replies.lock().unwrap_or_else(PoisonError::into_inner);
        let headers = headers.iter().filter_map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            Some((name, HeaderValue::from_bytes(value).ok()?))
        });
        replies[which] = Reply {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::OK),
            headers: headers.collect(),
            body: body.to_vec(),
        };
    }

    fn reply(&self, which: usize) -> Response<Body> {
        let replies = self.replies.lock().unwrap_or_else(PoisonError::into_inner);
        let reply = replies[which].clone();
        let mut response = Response::new(Body::from(reply.body));
        *response.status_mut() = reply.status;
        *response.headers_mut() = reply.headers;
        response
    }
}

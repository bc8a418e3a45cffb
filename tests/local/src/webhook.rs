//! A backend of the studio's that the webhook leads to. It checks the signature of each call.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use standardwebhooks::{HEADER_WEBHOOK_ID, Webhook};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use crate::Error;

/// Where calls go.
pub const PATH: &str = "/deliver";

/// A call of the webhook, as the backend sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call<'a> {
    /// Its signature is not that of the service. It is answered 401, whatever `take` says.
    Unsigned,
    /// It is signed.
    Signed {
        /// The `webhook-id`.
        id: &'a str,
        /// The body, JSON.
        body: &'a str,
    },
}

/// A running backend. It ends when it is dropped.
#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
    server: AbortHandle,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

type Take = dyn Fn(Call<'_>) -> StatusCode + Send + Sync;

#[derive(Clone)]
struct Shared {
    signer: Arc<Webhook>,
    take: Arc<Take>,
}

impl Receiver {
    /// Starts one on a free port. Calls are signed with `secret`, and `take` decides how each is answered.
    ///
    /// # Errors
    /// When no port is free, or the secret is not one.
    pub async fn start(
        secret: &str,
        take: impl Fn(Call<'_>) -> StatusCode + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        // The error's own text may quote the secret.
        let signer = Webhook::new(secret).map_err(|_| "the webhook's secret is not one")?;
        let shared = Shared {
            signer: Arc::new(signer),
            take: Arc::new(take),
        };
        let router = Router::new().route(PATH, post(receive)).with_state(shared);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let server = tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self {
            address,
            server: server.abort_handle(),
        })
    }

    /// Where it is: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }
}

async fn receive(State(to): State<Shared>, headers: HeaderMap, body: String) -> StatusCode {
    if to.signer.verify(body.as_bytes(), &headers).is_err() {
        (to.take)(Call::Unsigned);
        return StatusCode::UNAUTHORIZED;
    }
    let id = headers.get(HEADER_WEBHOOK_ID);
    let id = id.and_then(|id| id.to_str().ok()).unwrap_or_default();
    (to.take)(Call::Signed { id, body: &body })
}

//! The studio's backend, where its webhook delivers: it gives each `webhook-id` once.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;
use standardwebhooks::{HEADER_WEBHOOK_ID, Webhook};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use crate::Journal;

/// What calls are signed with.
pub(crate) const SECRET: &str = "whsec_YSBzZWNyZXQgdGhhdCBvbmx5IHRoZXNlIHRlc3RzIGtub3c=";

/// Where calls go.
pub(crate) const PATH: &str = "/deliver";

/// A running backend. It ends when it is dropped.
#[derive(Debug)]
pub struct Studio {
    pub(crate) base_url: String,
    is_down: Arc<AtomicBool>,
    server: AbortHandle,
}

impl Drop for Studio {
    fn drop(&mut self) {
        self.server.abort();
    }
}

#[derive(Clone)]
struct Receiver {
    journal: Journal,
    is_down: Arc<AtomicBool>,
}

impl Studio {
    pub(crate) async fn start(journal: Journal) -> std::io::Result<Self> {
        let is_down = Arc::new(AtomicBool::new(false));
        let receiver = Receiver {
            journal,
            is_down: Arc::clone(&is_down),
        };
        let router = Router::new()
            .route(PATH, post(receive))
            .with_state(receiver);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let base_url = format!("http://{}", listener.local_addr()?);
        let server = tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self {
            base_url,
            is_down,
            server: server.abort_handle(),
        })
    }

    /// Whether it gives nothing from now on, and answers so.
    pub fn is_down(&self, is_down: bool) {
        self.is_down.store(is_down, Ordering::SeqCst);
    }
}

async fn receive(State(to): State<Receiver>, headers: HeaderMap, body: String) -> StatusCode {
    let signer = Webhook::new(SECRET);
    if signer.is_ok_and(|signer| signer.verify(body.as_bytes(), &headers).is_err()) {
        to.journal
            .breach("the studio got an unsigned call".to_owned());
        return StatusCode::UNAUTHORIZED;
    }
    let id = headers
        .get(HEADER_WEBHOOK_ID)
        .and_then(|id| id.to_str().ok());
    let id = id.unwrap_or_default();
    to.journal.called(id, &body);
    if to.is_down.load(Ordering::SeqCst) {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    let order: Value = serde_json::from_str(&body).unwrap_or_default();
    let text = |name: &str| order["data"][name].as_str().unwrap_or_default();
    if to
        .journal
        .given(id, text("entitlement_id"), text("player_id"))
    {
        StatusCode::OK
    } else {
        StatusCode::CONFLICT
    }
}

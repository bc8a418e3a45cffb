//! A support page over the function `admin`, for people who should not need the AWS console.
//!
//! It listens on loopback only. The page calls this server, and the server invokes the function: on
//! the local system, or in a stack with the operator's own AWS credentials. Nothing of the stack is
//! exposed. Other pages in the same browser can't use the server: it wants a key that is only in the
//! fragment of the address that it prints, and requests that name its own host.

mod admin;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Serialize;
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};
use tokio::task::JoinHandle;

pub use admin::Admin;

use crate::{Error, environment, random};

/// The longest command, in bytes.
const MOST_BYTES: usize = 64 * 1024;

/// The page may load its own script and style, and call its own server. Nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Who sits at this machine.
#[must_use]
pub fn operator() -> String {
    let names = ["USER", "USERNAME"].into_iter().find_map(environment::text);
    names.unwrap_or_else(|| "support".to_owned())
}

/// The running server. It ends when it is dropped.
#[derive(Debug)]
pub struct Desk {
    /// The address to open. Its fragment is the key, which a browser sends nowhere by itself.
    pub url: String,
    server: JoinHandle<()>,
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.server.abort();
    }
}

struct Shared {
    admin: Admin,
    /// Who does what is done here: the audit records name them.
    actor: String,
    key: String,
    address: SocketAddr,
}

impl Desk {
    /// Serves the page on this port of 127.0.0.1; 0 takes a free one.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn start(admin: Admin, actor: &str, port: u16) -> Result<Self, Error> {
        let listener = crate::gateway::bind_for(port, "the support page").await?;
        let address = listener.local_addr()?;
        let key = random::hex(&random::bytes::<32>());
        let url = format!("http://{address}/#{key}");
        let shared = Shared {
            admin,
            actor: actor.to_owned(),
            key,
            address,
        };
        let app = Router::new()
            .route("/", get(page))
            .route("/page.js", get(script))
            .route("/page.css", get(style))
            .route("/about", post(about))
            .route("/command", post(command))
            .layer(DefaultBodyLimit::max(MOST_BYTES))
            .with_state(Arc::new(shared));
        let server = tokio::spawn(async move {
            // It serves until the desk is dropped.
            let _ = axum::serve(listener, app).await;
        });
        Ok(Self { url, server })
    }
}

async fn page() -> Response {
    file("text/html; charset=utf-8", include_str!("page.html"))
}

async fn script() -> Response {
    file("text/javascript; charset=utf-8", include_str!("page.js"))
}

async fn style() -> Response {
    file("text/css; charset=utf-8", include_str!("page.css"))
}

/// A file of a page of ours, with the headers that keep other scripts and styles away.
pub(crate) fn file(kind: &'static str, text: &'static str) -> Response {
    let headers = [
        (CONTENT_TYPE, kind),
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, text).into_response()
}

/// What the page says about itself.
async fn about(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    if !shared.knows(&headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    answer(&json!({"actor": shared.actor, "place": shared.admin.place()}))
}

/// Carries out a command, in the operator's name.
async fn command(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    if !shared.knows(&headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let Ok(command) = serde_json::from_slice(&body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    match shared.carry_out(command).await {
        Ok(told) => answer(&told),
        Err(error) => {
            let detail = format!("the function could not be invoked: {error}");
            answer(&json!({"ok": false, "errors": [{"code": "unavailable", "detail": detail}]}))
        }
    }
}

fn answer(body: &impl Serialize) -> Response {
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-store"),
    ];
    match serde_json::to_vec(body) {
        Ok(body) => (headers, body).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

impl Shared {
    /// Carries out a command, in the operator's name if it changes something. Each field is passed on as it
    /// came.
    async fn carry_out(
        &self,
        mut command: BTreeMap<String, Box<RawValue>>,
    ) -> Result<Box<RawValue>, Error> {
        if command.contains_key("reason") {
            command.insert("actor".to_owned(), to_raw_value(&self.actor)?);
        }
        self.admin.invoke(&command).await
    }

    /// Whether the page itself asks: with the key, and under this server's own name, which no page of
    /// another name can have.
    fn knows(&self, headers: &HeaderMap) -> bool {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let host = headers.get(HOST).and_then(|value| value.to_str().ok());
        let is_own = host == Some(self.address.to_string().as_str());
        is_own && text("x-support-key") == Some(self.key.as_str())
    }
}

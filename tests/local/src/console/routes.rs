//! What the console's page asks for.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Action, Console, script};
use crate::support::file;

/// Where the page is.
pub(super) const PATH: &str = "/console";

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// The page and its parts: path, kind and text of each.
const FILES: [(&str, &str, &str); 14] = [
    (PATH, HTML, include_str!("page/page.html")),
    ("/console/page.css", CSS, include_str!("page/page.css")),
    ("/console/alarms.js", SCRIPT, include_str!("page/alarms.js")),
    ("/console/dom.js", SCRIPT, include_str!("page/dom.js")),
    (
        "/console/drawing.js",
        SCRIPT,
        include_str!("page/drawing.js"),
    ),
    ("/console/faults.js", SCRIPT, include_str!("page/faults.js")),
    ("/console/feed.js", SCRIPT, include_str!("page/feed.js")),
    (
        "/console/functions.js",
        SCRIPT,
        include_str!("page/functions.js"),
    ),
    ("/console/life.js", SCRIPT, include_str!("page/life.js")),
    ("/console/page.js", SCRIPT, include_str!("page/page.js")),
    (
        "/console/players.js",
        SCRIPT,
        include_str!("page/players.js"),
    ),
    ("/console/script.js", SCRIPT, include_str!("page/script.js")),
    ("/console/server.js", SCRIPT, include_str!("page/server.js")),
    ("/console/top.js", SCRIPT, include_str!("page/top.js")),
];

/// The header that only the console's own page can send. The console's game sends it too.
pub(super) const HEADER: (&str, &str) = ("x-console", "1");

/// The longest action, in bytes.
const MOST_BYTES: usize = 64 * 1024;

struct Shared {
    console: Console,
    /// The names of this server, with its port.
    hosts: [String; 2],
}

impl Shared {
    /// Whether the page itself asks: with the header, which a page of another origin can't send, and under
    /// this server's own name, which no page of another name can have.
    fn knows(&self, headers: &HeaderMap) -> bool {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let host = text(HOST.as_str()).unwrap_or_default();
        self.hosts.iter().any(|own| own == host) && text(HEADER.0) == Some(HEADER.1)
    }
}

impl Console {
    /// Its page, and what the page asks for, on this port of loopback.
    pub(crate) fn routes(&self, port: u16) -> Router {
        let shared = Shared {
            console: self.clone(),
            hosts: ["127.0.0.1", "localhost"].map(|host| format!("{host}:{port}")),
        };
        let mut router = Router::new();
        for (path, kind, text) in FILES {
            router = router.route(path, get(async move || file(kind, text)));
        }
        router
            .route("/console/api/state", get(state))
            .route("/console/api/act", post(act))
            .route("/console/api/script", get(saved))
            .layer(DefaultBodyLimit::max(MOST_BYTES))
            .with_state(Arc::new(shared))
    }
}

#[derive(Deserialize)]
struct After {
    #[serde(default)]
    after: u64,
}

async fn state(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Query(After { after }): Query<After>,
) -> Response {
    if !shared.knows(&headers) {
        return stranger();
    }
    match shared.console.state(after).await {
        Ok(state) => answer(StatusCode::OK, &json!(state)),
        Err(error) => said(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

async fn act(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    if !shared.knows(&headers) {
        return stranger();
    }
    let action = match serde_json::from_slice::<Action>(&body) {
        Ok(action) => action,
        Err(error) => return said(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let console = shared.console.clone();
    // In a task of its own: an action that was begun is carried out, also when the page is closed.
    let acted = tokio::spawn(async move { console.act(action).await });
    match acted.await {
        Ok(Ok(what)) => said(StatusCode::OK, &what),
        Ok(Err(why)) => said(StatusCode::BAD_REQUEST, &why),
        Err(error) => said(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

async fn saved(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    if !shared.knows(&headers) {
        return stranger();
    }
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CONTENT_DISPOSITION, "attachment; filename=\"script.json\""),
        (CACHE_CONTROL, "no-store"),
    ];
    (headers, script::write(&shared.console.actions())).into_response()
}

fn stranger() -> Response {
    said(
        StatusCode::FORBIDDEN,
        "only the console's own page may ask, with the header x-console: 1",
    )
}

fn said(status: StatusCode, said: &str) -> Response {
    answer(status, &json!({"ok": status.is_success(), "said": said}))
}

fn answer(status: StatusCode, body: &Value) -> Response {
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-store"),
    ];
    (status, headers, body.to_string()).into_response()
}

//! The game's own site, to which a browser goes back after linking.

use axum::Router;
use axum::http::Uri;
use axum::response::{Html, Redirect};
use tokio::task::JoinHandle;

/// A site that redirects every address to the same one of another origin, as sites do that have
/// moved or add `www.`.
pub struct GameSite {
    /// The origin that a `return_to` names.
    pub origin: String,
    /// Where a browser ends up.
    pub moved_to: String,
    servers: [JoinHandle<()>; 2],
}

impl GameSite {
    pub(crate) async fn start() -> std::io::Result<Self> {
        let old = local::gateway::bind(0).await?;
        let new = local::gateway::bind(0).await?;
        let origin = format!("http://127.0.0.1:{}", old.local_addr()?.port());
        let moved_to = format!("http://localhost:{}", new.local_addr()?.port());
        let to = moved_to.clone();
        let redirects = Router::new()
            .fallback(async move |uri: Uri| Redirect::temporary(&format!("{to}{uri}")));
        let page = Router::new().fallback(async || Html("<h1>Back in the game</h1>"));
        let servers = [(old, redirects), (new, page)].map(|(listener, site)| {
            tokio::spawn(async move {
                // It is served until it is dropped.
                let _ = axum::serve(listener, site).await;
            })
        });
        Ok(Self {
            origin,
            moved_to,
            servers,
        })
    }
}

impl Drop for GameSite {
    fn drop(&mut self) {
        for server in &self.servers {
            server.abort();
        }
    }
}

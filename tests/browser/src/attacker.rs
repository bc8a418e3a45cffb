//! A stranger's site, which the browser is lured to.

use axum::Router;
use axum::http::Uri;
use axum::response::Html;
use tokio::task::JoinHandle;

/// A site with one page, `/`; every other address shows the words "A frame is shown.".
pub struct Attacker {
    /// `http://localhost:PORT`: another site than the service's, for browsers.
    pub origin: String,
    server: JoinHandle<()>,
}

impl Attacker {
    /// Starts the site with this page.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn start(page: String) -> std::io::Result<Self> {
        let listener = local::gateway::bind(0).await?;
        let origin = format!("http://localhost:{}", listener.local_addr()?.port());
        let site = Router::new().fallback(async move |uri: Uri| {
            Html(match uri.path() {
                "/" => page.clone(),
                _ => "<p>A frame is shown.</p>".to_owned(),
            })
        });
        let server = tokio::spawn(async move {
            // It is served until it is dropped.
            let _ = axum::serve(listener, site).await;
        });
        Ok(Self { origin, server })
    }
}

impl Drop for Attacker {
    fn drop(&mut self) {
        self.server.abort();
    }
}

//! The studio's account system, as far as a key set goes: it shows its key, or it is down.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use it::{AUDIENCE, ISSUER};
use prime_gaming::domain::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// A running account system.
pub(super) struct AccountSystem {
    /// Where its key set is.
    pub(super) url: String,
    key: Ed25519KeyPair,
    is_down: Arc<AtomicBool>,
}

impl AccountSystem {
    pub(super) async fn start() -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
        let key = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).expect("a key");
        let public = URL_SAFE_NO_PAD.encode(key.public_key().as_ref());
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": public});
        let shown = json!({"keys": [jwk]}).to_string();
        let is_down = Arc::new(AtomicBool::new(false));
        let down = Arc::clone(&is_down);
        let answer = move || {
            let answer = if down.load(Ordering::SeqCst) {
                (StatusCode::SERVICE_UNAVAILABLE, String::new())
            } else {
                (StatusCode::OK, shown.clone())
            };
            async move { answer }
        };
        let routes = Router::new().route("/jwks.json", get(answer));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self {
            url: format!("http://{address}/jwks.json"),
            key,
            is_down,
        }
    }

    pub(super) fn go_down(&self) {
        self.is_down.store(true, Ordering::SeqCst);
    }

    /// A player's token, valid for an hour.
    pub(super) fn token(&self, player: &str, now: Timestamp) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = json!({"alg": "EdDSA", "kid": "k", "typ": "JWT"});
        let exp = now.as_seconds() + 3600;
        let claims = json!({"iss": ISSUER, "aud": AUDIENCE, "exp": exp, "sub": player});
        let message = format!("{}.{}", part(&header), part(&claims));
        let signature = self.key.sign(message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }
}

//! Players' tokens that are checked by a key set: fetched over HTTP, kept, fetched again.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use it::{Answer, JWT_SECRET, World, sign_hs256};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

use crate::auth::support::{INVALID, call, claims, refused};

/// What the account system shows: its keys, or nothing at all.
#[derive(Default)]
struct Shown {
    keys: Option<Vec<Value>>,
    asked: usize,
}

#[derive(Clone, Default)]
pub(crate) struct AccountSystem(Arc<Mutex<Shown>>);

impl AccountSystem {
    /// Serves these keys on loopback, and a world that trusts them.
    pub(crate) async fn with(keys: Vec<Value>) -> (Self, World) {
        let system = Self::default();
        system.show(keys);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let routes = Router::new()
            .route("/jwks.json", get(key_set))
            .with_state(system.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let url = format!("http://{address}/jwks.json");
        (system, World::with(&[("PLAYER_JWKS_URL", &url)]).await)
    }

    fn show(&self, keys: Vec<Value>) {
        self.0.lock().expect("no panic with it").keys = Some(keys);
    }

    fn go_down(&self) {
        self.0.lock().expect("no panic with it").keys = None;
    }

    pub(crate) fn asked(&self) -> usize {
        self.0.lock().expect("no panic with it").asked
    }
}

async fn key_set(State(system): State<AccountSystem>) -> (StatusCode, String) {
    let mut shown = system.0.lock().expect("no panic with it");
    shown.asked += 1;
    match &shown.keys {
        Some(keys) => (StatusCode::OK, json!({"keys": keys}).to_string()),
        None => (StatusCode::INTERNAL_SERVER_ERROR, "down".to_owned()),
    }
}

/// A key pair of the account system.
enum Signer {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
}

impl Signer {
    fn ed25519() -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
        Self::Ed25519(Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).expect("a key"))
    }

    fn p256() -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
        Self::P256(EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).expect("a key"))
    }

    fn public(&self) -> &[u8] {
        match self {
            Self::Ed25519(key) => key.public_key().as_ref(),
            Self::P256(key) => key.public_key().as_ref(),
        }
    }

    /// The public half, as a member of a key set.
    fn jwk(&self, id: &str) -> Value {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let public = self.public();
        match self {
            Self::Ed25519(_) => {
                json!({"kty": "OKP", "crv": "Ed25519", "kid": id, "x": encode(public)})
            }
            Self::P256(_) => json!({
                "kty": "EC", "crv": "P-256", "kid": id, "use": "sig", "alg": "ES256",
                "x": encode(&public[1..33]), "y": encode(&public[33..]),
            }),
        }
    }

    fn token(&self, id: &str, claims: &Value) -> String {
        let alg = match self {
            Self::Ed25519(_) => "EdDSA",
            Self::P256(_) => "ES256",
        };
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = json!({"alg": alg, "kid": id, "typ": "JWT"});
        let message = format!("{}.{}", part(&header), part(claims));
        let signature = match self {
            Self::Ed25519(key) => key.sign(message.as_bytes()).as_ref().to_vec(),
            Self::P256(key) => key
                .sign(&SystemRandom::new(), message.as_bytes())
                .expect("signed")
                .as_ref()
                .to_vec(),
        };
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn unavailable(answer: &Answer) {
    answer.problem(503, "unavailable");
    assert!(answer.header("retry-after").is_some());
    assert!(answer.header("www-authenticate").is_none());
}

#[tokio::test]
async fn good_keys_pass_and_are_fetched_once() {
    let (ed, ec) = (Signer::ed25519(), Signer::p256());
    let (system, world) = AccountSystem::with(vec![ed.jwk("ed"), ec.jwk("ec")]).await;
    for _ in 0..3 {
        for token in [
            ed.token("ed", &claims(&world)),
            ec.token("ec", &claims(&world)),
        ] {
            assert_eq!(call(&world, &token).await.status, 200);
        }
    }
    assert_eq!(system.asked(), 1);
}

#[tokio::test]
async fn fifty_players_at_once_fetch_once() {
    let key = Signer::ed25519();
    let (system, world) = AccountSystem::with(vec![key.jwk("k")]).await;
    let token = key.token("k", &claims(&world));
    let answers = join_all((0..50).map(|_| call(&world, &token))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(system.asked(), 1);
}

#[tokio::test]
async fn the_claims_are_checked_here_too() {
    let key = Signer::ed25519();
    let (_system, world) = AccountSystem::with(vec![key.jwk("k")]).await;
    let now = world.clock.now().as_seconds();
    for (name, value) in [
        ("iss", json!("https://evil.example")),
        ("aud", json!("other")),
        ("exp", json!(now - 31)),
        ("nbf", json!(now + 31)),
        ("sub", json!("")),
    ] {
        let mut claims = claims(&world);
        claims[name] = value;
        let token = key.token("k", &claims);
        refused(&call(&world, &token).await, INVALID, &token);
    }
}

#[tokio::test]
async fn a_strangers_key_is_refused() {
    let (key, stranger) = (Signer::ed25519(), Signer::ed25519());
    let (_system, world) = AccountSystem::with(vec![key.jwk("k")]).await;
    let token = stranger.token("k", &claims(&world));
    refused(&call(&world, &token).await, INVALID, &token);
}

#[tokio::test]
async fn a_public_key_is_no_secret() {
    let key = Signer::p256();
    let jwk = key.jwk("k");
    let (_system, world) = AccountSystem::with(vec![
        jwk.clone(),
        json!({"kty": "oct", "kid": "h", "k": URL_SAFE_NO_PAD.encode(JWT_SECRET)}),
    ])
    .await;
    let x = jwk["x"].as_str().expect("text").as_bytes().to_vec();
    let texts = [
        jwk.to_string().into_bytes(),
        x,
        key.public().to_vec(),
        Vec::new(),
    ];
    for secret in &texts {
        let header = json!({"alg": "HS256", "kid": "k", "typ": "JWT"});
        let token = sign_hs256(&header, &claims(&world), secret);
        refused(&call(&world, &token).await, INVALID, &token);
    }
    for id in ["k", "h"] {
        let header = json!({"alg": "HS256", "kid": id});
        let token = sign_hs256(&header, &claims(&world), JWT_SECRET.as_bytes());
        refused(&call(&world, &token).await, INVALID, &token);
    }
}

#[tokio::test]
async fn a_new_key_is_fetched_at_most_once_a_minute() {
    let (old, new) = (Signer::ed25519(), Signer::p256());
    let (system, world) = AccountSystem::with(vec![old.jwk("old")]).await;
    let (old_token, new_token) = (
        old.token("old", &claims(&world)),
        new.token("new", &claims(&world)),
    );
    assert_eq!(call(&world, &old_token).await.status, 200);
    for _ in 0..5 {
        refused(&call(&world, &new_token).await, INVALID, &new_token);
    }
    assert_eq!(system.asked(), 2, "asked again for the unknown id, once");
    system.show(vec![old.jwk("old"), new.jwk("new")]);
    world.clock.advance(Duration::from_secs(59));
    refused(&call(&world, &new_token).await, INVALID, &new_token);
    assert_eq!(system.asked(), 2);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(call(&world, &new_token).await.status, 200);
    assert_eq!(call(&world, &old_token).await.status, 200);
    assert_eq!(system.asked(), 3);
}

#[tokio::test]
async fn the_first_unknown_key_after_a_rotation_passes_at_once() {
    let (old, new) = (Signer::ed25519(), Signer::ed25519());
    let (system, world) = AccountSystem::with(vec![old.jwk("old")]).await;
    let old_token = old.token("old", &claims(&world));
    assert_eq!(call(&world, &old_token).await.status, 200);
    system.show(vec![new.jwk("new")]);
    let new_token = new.token("new", &claims(&world));
    assert_eq!(call(&world, &new_token).await.status, 200);
    assert_eq!(system.asked(), 2);
    refused(&call(&world, &old_token).await, INVALID, &old_token);
}

#[tokio::test]
async fn a_withdrawn_key_stops_working_within_the_hour() {
    let (old, new) = (Signer::ed25519(), Signer::ed25519());
    let (system, world) = AccountSystem::with(vec![old.jwk("old")]).await;
    let mut lasting = claims(&world);
    lasting["exp"] = json!(world.clock.now().as_seconds() + 86_400);
    let token = old.token("old", &lasting);
    assert_eq!(call(&world, &token).await.status, 200);
    system.show(vec![new.jwk("new")]);
    world.clock.advance(Duration::from_millis(3_599_999));
    assert_eq!(call(&world, &token).await.status, 200);
    assert_eq!(system.asked(), 1);
    world.clock.advance(Duration::from_millis(1));
    refused(&call(&world, &token).await, INVALID, &token);
}

#[tokio::test]
async fn without_the_key_set_no_token_passes() {
    let key = Signer::ed25519();
    let (system, world) = AccountSystem::with(vec![key.jwk("k")]).await;
    system.go_down();
    let token = key.token("k", &claims(&world));
    for _ in 0..5 {
        unavailable(&call(&world, &token).await);
    }
    assert_eq!(system.asked(), 1, "the failure is remembered");
    system.show(vec![key.jwk("k")]);
    world.clock.advance(Duration::from_secs(29));
    let answer = call(&world, &token).await;
    unavailable(&answer);
    assert_eq!(answer.header("retry-after"), Some("1"));
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(call(&world, &token).await.status, 200);
    assert_eq!(system.asked(), 2);
}

#[tokio::test]
async fn a_key_set_that_went_down_serves_for_a_day_more() {
    let key = Signer::ed25519();
    let (system, world) = AccountSystem::with(vec![key.jwk("k")]).await;
    let mut lasting = claims(&world);
    lasting["exp"] = json!(world.clock.now().as_seconds() + 200_000);
    let token = key.token("k", &lasting);
    assert_eq!(call(&world, &token).await.status, 200);
    system.go_down();
    unavailable(&call(&world, &Signer::ed25519().token("new", &lasting)).await);
    assert_eq!(call(&world, &token).await.status, 200);
    world.clock.advance(Duration::from_secs(3600));
    let asked = system.asked();
    for _ in 0..20 {
        assert_eq!(call(&world, &token).await.status, 200);
    }
    assert_eq!(system.asked(), asked + 1, "the failure is remembered");
    world.clock.advance(Duration::from_secs(24 * 3600 - 1));
    assert_eq!(call(&world, &token).await.status, 200);
    world.clock.advance(Duration::from_secs(1));
    unavailable(&call(&world, &token).await);
}

#[tokio::test]
async fn a_key_that_was_replaced_under_its_name_passes_at_once() {
    let (old, new) = (Signer::p256(), Signer::p256());
    let (system, world) = AccountSystem::with(vec![old.jwk("k")]).await;
    let (old_token, new_token) = (
        old.token("k", &claims(&world)),
        new.token("k", &claims(&world)),
    );
    assert_eq!(call(&world, &old_token).await.status, 200);
    system.show(vec![new.jwk("k")]);
    assert_eq!(call(&world, &new_token).await.status, 200);
    refused(&call(&world, &old_token).await, INVALID, &old_token);
    assert_eq!(system.asked(), 2);
}

#[tokio::test]
async fn a_key_set_without_a_usable_key_is_none() {
    let (system, world) = AccountSystem::with(Vec::new()).await;
    let key = Signer::ed25519();
    unavailable(&call(&world, &key.token("k", &claims(&world))).await);
    system.show(vec![json!({"kty": "oct", "k": "AAAA"}), json!("no key")]);
    world.clock.advance(Duration::from_secs(30));
    unavailable(&call(&world, &key.token("k", &claims(&world))).await);
    assert_eq!(system.asked(), 2);
}

#[tokio::test]
async fn bad_tokens_do_not_make_us_ask() {
    let key = Signer::ed25519();
    let (system, world) = AccountSystem::with(vec![key.jwk("k")]).await;
    for token in [
        "x.y.z".to_owned(),
        "x".repeat(100_000),
        sign_hs256(
            &json!({"alg": "HS256"}),
            &claims(&world),
            JWT_SECRET.as_bytes(),
        ),
        sign_hs256(&json!({"alg": "none"}), &claims(&world), b""),
    ] {
        refused(&call(&world, &token).await, INVALID, "");
    }
    assert_eq!(system.asked(), 0);
}

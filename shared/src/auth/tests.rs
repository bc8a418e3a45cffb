//! Tokens are signed with real keys; the key set is served over loopback.

mod key_set;
mod tokens;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use serde_json::json;
use url::Url;

use super::*;
use crate::Clock;
use crate::api::ErrorCode;
use crate::http::testing::{header, request};
use crate::net;
use crate::net::testing::{Reply, Server};

/// A test key pair, 2048 bits, PKCS#8 in base64. It is public and protects nothing.
const TEST_RSA_KEY: &str = "\
    MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQCNdNB7ClmAx0EmcFBWWlIU+Xh6QfTuZrzrZbpey4shZ/T7\
    7WjAz0AvwBQmz2bBitIjJVP1hRPGJEENeBNMogOtToLJUK7wAlH2BZxD1tUVexIq6E4+fL1qDHQx/lgRWGLmMiC0GBllQvBK\
    0XU1yOQ6zbFa/5e/dvO1RVVbh6gUMyty8xfaxB+Trp/kSFizUBas43Vml7/OaeTdfxfAGqZoRJ2rmE0Mr/QXgxQjLphdcFli\
    tWBwg1E0/A9pyWIpH/MRCi7OJOyhJOc9kYOBp+AnlsKh3/3MjD3BG2WEOb1umd+Dj7Vn8pbDUmq0GHl4ojoea5/fRKcnnpbN\
    uEyQj8k9AgMBAAECggEACCEzDCc7np2U/ncM/vGA7yipRml9AKiR6ft2OxV6oQhe+Y2a7B3dJAFnhxV7Y9stGYz/JsinqscR\
    oAsLHOfgyziMZrKG409W04teAD4cD/h7QlEIkinMHwipMuhZumF4iZ9O5trNttaihcJE+Lrbdw+0RjUTTRMyjXP3JGQHAmYa\
    kLNQxWPJsAfeGFLDSE4FP/2nsx6Q5kG38WmJi6FnTasip0RryB4ME/46DfxZynlU1r4m+P4g4tZKGi5oRMTHmE2jT6+RpUfW\
    /5o7FIny+NiUbqCEh5Hka/d09B1esX+fBBXxWZ3PMq7HqDe5ATFQHIO8kZyl24tm3SNHEu14lwKBgQDF7YoWUX8h+cLw2dyR\
    hMI5uWM8qAvV59ZO7reQDHtave2wlozOvAemsytiKr1LJ0+hP5tD88+6wwmmM/YqGJFxRnEuPv3tPrDuTIxWsGgSDqmgyPNK\
    XNVuxVLfcf4RaySZcMug6b5O+OXhHu1Y1o0AG8FPmxPAGnl5WlzcaGLPiwKBgQC29aqy2YkFXKTjDpOiRVYxo1brG03kVuKM\
    6wrjjGiNWedv9eBuv3TNtkpwMob/mrYopwcZhUrkTemC52x9Rxjuq3yVfPqpAgq9VnrzVRq6XeA7w1B3e6XRM7qYhQImgAV3\
    TUE/LDDCPCKiL+enjfoWPLhPJ7tayX/kWunIKTnjVwKBgQC9UU5Jtr4h42KBOgHt9sxIpnizZhGcEts8OL2/vRCoZQ7bX8Vj\
    YRr4alxO046oOfvCwrJituy1OSUboowNC97iOHy9vWbo7JQT+4goyydgTkIWFuAO+ujzwS5ZqBFa297wHaHIUovDwfMv94MS\
    /HV16xZmbHDhyPD0EGjOMdKBrQKBgHkRUXZuGoyQxI93atwbM7E/G9oRxFZP5DRJqHfwxpKaplphArVmPb2OXe2mkcx8LQPz\
    mvAZUviGUfoMd67iqC3vDk7BWAEUV9T4b/2rGDewvRvu38Vg7dXkfBpHEag2WOecGIvcCxvMvUJDnvAyNAYZAgFnEkQ+SEHs\
    ovyPwz2bAoGBAJc+nd9I8+FhYZNsjZvhOq9/06iUiKZYhgpGKxbVU605lATVQL+78WtTKkSs/GM61sKz6/C4dbb3rsPyniO4\
    cdg4hFWIEF50VAVfKsuy467Q9ON0qYdhgz0srbfoj79+BLSM94VdPynthyjEDVeeXYPZXbNRYdc0ymOIaeUZyoK7";

const SECRET: &str = "a test secret of more than thirty-two bytes";
const NOW: Timestamp = Timestamp::from_millis(1_769_851_800_000);

/// Signs tokens, and shows its public half as a member of a key set.
enum Signer {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Hmac(String),
}

impl Signer {
    fn rsa() -> Self {
        let der = STANDARD.decode(TEST_RSA_KEY).expect("base64");
        Self::Rsa(RsaKeyPair::from_pkcs8(&der).expect("an RSA key"))
    }

    fn p256() -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let der = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
        Self::P256(EcdsaKeyPair::from_pkcs8(algorithm, der.as_ref(), &random).expect("a key"))
    }

    fn ed25519() -> Self {
        let der = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
        Self::Ed25519(Ed25519KeyPair::from_pkcs8(der.as_ref()).expect("a key"))
    }

    fn hmac(secret: &str) -> Self {
        Self::Hmac(secret.to_owned())
    }

    /// One with a coordinate that begins with a zero byte: one key in 128 has that.
    fn p256_with_leading_zero() -> Self {
        loop {
            let signer = Self::p256();
            let Self::P256(key) = &signer else {
                unreachable!("it is one of P-256")
            };
            let point = key.public_key().as_ref();
            if point[1] == 0 || point[33] == 0 {
                return signer;
            }
        }
    }

    fn alg(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "RS256",
            Self::P256(_) => "ES256",
            Self::Ed25519(_) => "EdDSA",
            Self::Hmac(_) => "HS256",
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .expect("signed");
                signature
            }
            Self::P256(key) => key
                .sign(&random, message)
                .expect("signed")
                .as_ref()
                .to_vec(),
            Self::Ed25519(key) => key.sign(message).as_ref().to_vec(),
            Self::Hmac(secret) => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
                hmac::sign(&key, message).as_ref().to_vec()
            }
        }
    }

    /// A token with this header and these claims, whatever they say.
    fn token_with(&self, header: &Value, claims: &Value) -> String {
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let message = format!("{}.{}", encode(header), encode(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }

    fn token(&self, id: Option<&str>, claims: &Value) -> String {
        let mut header = json!({"alg": self.alg(), "typ": "JWT"});
        if let Some(id) = id {
            header["kid"] = id.into();
        }
        self.token_with(&header, claims)
    }

    /// The public half.
    fn jwk(&self, id: &str) -> Value {
        let b64 = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Rsa(key) => {
                let key: PublicKeyComponents<Vec<u8>> = key.public().into();
                // With a sign byte, as some account systems write it.
                let n = [&[0_u8], key.n.as_slice()].concat();
                json!({"kty": "RSA", "kid": id, "use": "sig", "alg": "RS256",
                       "n": b64(&n), "e": b64(&key.e)})
            }
            Self::P256(key) => {
                let point = key.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "kid": id,
                       "x": b64(&point[1..33]), "y": b64(&point[33..])})
            }
            Self::Ed25519(key) => {
                json!({"kty": "OKP", "crv": "Ed25519", "kid": id, "x": b64(key.public_key().as_ref())})
            }
            Self::Hmac(secret) => json!({"kty": "oct", "kid": id, "k": b64(secret.as_bytes())}),
        }
    }
}

/// This public half without its key id.
fn without_id(mut jwk: Value) -> Value {
    jwk.as_object_mut().expect("an object").remove("kid");
    jwk
}

fn players(jwks_url: Option<Url>) -> PlayersConfig {
    PlayersConfig {
        issuer: "https://accounts.example.com".to_owned(),
        audience: "prime-gaming".to_owned(),
        jwks_url,
        id_claim: "sub".to_owned(),
        name_claim: "name".to_owned(),
        login_url: None,
    }
}

fn client() -> net::Client {
    net::Client::new(Clock::system()).expect("a client")
}

fn by_secret() -> Authenticator {
    Authenticator::new(&players(None), Some(SECRET.into()), client()).expect("one source")
}

fn by_set(server: &Server) -> Authenticator {
    let url = server.url("/jwks.json?key=hush");
    Authenticator::new(&players(Some(url)), None, client()).expect("one source")
}

fn set(keys: &[Value]) -> Reply {
    Reply::json(200, &json!({"keys": keys}).to_string())
}

fn claims() -> Value {
    json!({"iss": "https://accounts.example.com", "aud": "prime-gaming", "sub": "player-1",
           "exp": NOW.as_seconds() + 600, "name": "Pat"})
}

/// The claims with one changed; `null` takes it away.
fn but(name: &str, value: Value) -> Value {
    let mut claims = claims();
    if value.is_null() {
        claims.as_object_mut().expect("an object").remove(name);
    } else {
        claims[name] = value;
    }
    claims
}

async fn call(auth: &Authenticator, token: &str, now: Timestamp) -> Result<Caller, ApiError> {
    let value = format!("Bearer {token}");
    auth.caller(
        &request("GET", "/v1/link", &[("authorization", &value)], ""),
        now,
    )
    .await
}

async fn by_claims(claims: &Value) -> Result<Caller, ApiError> {
    call(&by_secret(), &Signer::hmac(SECRET).token(None, claims), NOW).await
}

fn player(name: Option<&str>) -> Caller {
    let id = crate::domain::PlayerId::new("player-1").expect("an id");
    Caller::Player {
        id,
        name: name.map(ToOwned::to_owned),
    }
}

fn after(seconds: u64) -> Timestamp {
    NOW + std::time::Duration::from_secs(seconds)
}

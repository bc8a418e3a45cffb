//! Forged JWTs of players, and sealed values that an attacker moved to another row.

use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use it::{JWT_SECRET, World, sign_hs256};
use serde_json::{Value, json};
use stand_in::Endpoint;

use crate::attacks::accounts::nothing_asked;
use crate::auth::claims::refused_claim;
use crate::auth::jwks::AccountSystem;
use crate::auth::support::{INVALID, but, call, claims, refused, refused_token, signed};
use crate::link::support::{Item, back_from_amazon, links, nothing_linked};

/// Algorithm confusion: HS256 with the public key as the secret. A verifier that trusts the token's
/// own `alg` accepts it.
#[tokio::test]
async fn an_rsa_public_key_as_the_secret() {
    // Any odd number of 2048 bits is a modulus, as long as no test has to sign.
    let modulus = [&[0xC5][..], &[0x3B; 254], &[0x4D]].concat();
    let n = URL_SAFE_NO_PAD.encode(&modulus);
    let jwk = json!({"kty": "RSA", "kid": "r", "use": "sig", "alg": "RS256", "n": n, "e": "AQAB"});
    let (_system, world) = AccountSystem::with(vec![jwk.clone()]).await;
    let texts = [
        jwk.to_string().into_bytes(),
        n.into_bytes(),
        modulus,
        Vec::new(),
    ];
    for secret in &texts {
        for alg in ["HS256", "RS256"] {
            let header = json!({"alg": alg, "kid": "r", "typ": "JWT"});
            let token = sign_hs256(&header, &claims(&world), secret);
            refused(&call(&world, &token).await, INVALID, &token);
        }
    }
}

#[tokio::test]
async fn the_audience_of_another_service() {
    let world = World::new().await;
    for audience in [
        json!("other"),
        json!("prime-gaming.evil.example"),
        json!("PRIME-GAMING"),
        json!(["other", "prime-gaming "]),
        json!([]),
        Value::Null,
    ] {
        refused_claim(&world, "aud", audience).await;
    }
}

#[tokio::test]
async fn an_expired_token() {
    let world = World::new().await;
    let now = world.clock.now().as_seconds();
    for exp in [json!(now - 31), json!(0), json!(-1), json!(-1e300)] {
        refused_claim(&world, "exp", exp).await;
    }
}

#[tokio::test]
async fn a_token_that_is_not_yet_valid() {
    let world = World::new().await;
    let now = world.clock.now().as_seconds();
    for nbf in [json!(now + 31), json!(1e300), json!("soon")] {
        refused_claim(&world, "nbf", nbf).await;
    }
}

#[tokio::test]
async fn a_token_without_an_end() {
    let world = World::new().await;
    for exp in [Value::Null, json!("never"), json!([]), json!({}), json!("")] {
        refused_claim(&world, "exp", exp).await;
    }
}

/// A `kid` that is an address, a path, a query or a number, and could find a key that it should not.
#[tokio::test]
async fn tricks_with_the_key_id() {
    let key_without_id = json!({"kty": "oct", "kid": "", "k": "AAAA"});
    let (system, world) = AccountSystem::with(vec![key_without_id]).await;
    let mut kids = vec![json!(null), json!(7), json!({"$ne": ""}), json!(["k"])];
    kids.extend(
        [
            "",
            "../../../../dev/null",
            "/dev/null",
            "' OR '1'='1",
            "k\u{0}",
            "k\r\nx: y",
            "http://127.0.0.1:1/keys",
            "file:///etc/passwd",
            "$(id)",
            "{{7*7}}",
        ]
        .map(Value::from),
    );
    kids.push("k".repeat(60_000).into());
    for kid in kids {
        for secret in [&b""[..], b"\0\0\0", JWT_SECRET.as_bytes()] {
            let header = json!({"alg": "HS256", "kid": kid});
            let token = sign_hs256(&header, &claims(&world), secret);
            refused(&call(&world, &token).await, INVALID, "");
        }
    }
    assert_eq!(system.asked(), 0, "no such token makes us ask");
}

/// A player's own token with parts of a game server's token, or for calls of a game server.
#[tokio::test]
async fn a_player_that_names_another() {
    let world = World::new().await;
    world.linked("victim", "victim").await;
    for (method, path) in [
        ("GET", "/v1/link?player_id=victim"),
        ("DELETE", "/v1/link?player_id=victim"),
        ("GET", "/v1/entitlements?player_id=victim"),
        ("POST", "/v1/entitlements/check?player_id=victim"),
    ] {
        let answer = world.call_as("mallory", method, path).send().await;
        answer.problem(403, "forbidden");
    }
    for path in [
        "/v1/entitlements/check",
        "/v1/fulfillments",
        "/v1/link/login",
    ] {
        let body = json!({"player_id": "victim", "entitlement_ids": ["e"], "login_ticket": "t"});
        let call = world.call_as("mallory", "POST", path).json(&body);
        call.send().await.problem(403, "forbidden");
    }
    for scope in [
        json!("prime-gaming"),
        json!(true),
        json!({"prime-gaming:server": 1}),
    ] {
        let token = world.token(&json!({"sub": "mallory", "scope": scope}));
        let call = world.call("GET", "/v1/link?player_id=victim");
        call.bearer(&token).send().await.problem(403, "forbidden");
    }
    assert_eq!(
        world.call_as("victim", "GET", "/v1/link").send().await.ok()["status"],
        "linked"
    );
}

async fn put(world: &World, item: Item) {
    let put = world.dynamodb.put_item();
    let put = put.table_name(&world.app.config.tables.links);
    put.set_item(Some(item)).send().await.expect("written");
}

/// An attacker who can write to the table, and has no key, gives one player the tokens of another.
#[tokio::test]
async fn sealed_tokens_moved_to_another_player() {
    let world = World::new().await;
    world.offer("hat").await;
    world.linked("victim", "victim").await;
    world.linked("mallory", "mallory").await;
    let id = world.amazon.claim("victim", "hat");
    let players = links(&world, "PLAYER#").await;
    let (victim, mut mallory) = (&players["victim"], players["mallory"].clone());
    mallory.insert("tokens".to_owned(), victim["tokens"].clone());
    world.forget();
    put(&world, mallory.clone()).await;
    let answer = world.check("mallory").await;
    assert_eq!(
        (&answer["fresh"], &answer["entitlements"]),
        (&json!(false), &json!([]))
    );
    // Nor with everything else of the victim's row.
    let mut row = victim.clone();
    row.insert(
        "pk".to_owned(),
        AttributeValue::S("PLAYER#mallory".to_owned()),
    );
    put(&world, row).await;
    let answer = world.check("mallory").await;
    assert_eq!(
        (&answer["fresh"], &answer["entitlements"]),
        (&json!(false), &json!([]))
    );
    let confirmed = world.confirm("mallory", &[&id]).await;
    assert_eq!(confirmed[0]["status"], "unknown");
    nothing_asked(&world);
    // The victim's own still open.
    assert_eq!(
        world.check("victim").await["entitlements"][0]["entitlement_id"],
        id
    );
}

/// The same with the PKCE verifier of an attempt, which is sealed for that attempt alone.
#[tokio::test]
async fn a_sealed_verifier_moved_to_another_attempt() {
    let world = World::new().await;
    let (mut browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
    let mine = links(&world, "ATTEMPT#").await;
    let (_other, _) = back_from_amazon(&world, "p2", "bob", None).await;
    let all = links(&world, "ATTEMPT#").await;
    let (theirs, _) = all
        .iter()
        .find(|(key, _)| !mine.contains_key(*key))
        .expect("two");
    let (_, own) = mine.iter().next().expect("one");
    let mut own = own.clone();
    own.insert("verifier".to_owned(), all[theirs]["verifier"].clone());
    put(&world, own).await;
    browser.get(&back).await.page(500, "internal");
    assert_eq!(world.amazon.calls_to(Endpoint::Token), 0);
    nothing_linked(&world).await;
}

#[tokio::test]
async fn the_algorithm_none() {
    let world = World::new().await;
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let header = json!({"alg": alg, "typ": "JWT"});
        let unsigned = format!("{}.{}.", part(&header), part(&claims(&world)));
        refused_token(&world, &unsigned).await;
        let token = sign_hs256(&header, &claims(&world), JWT_SECRET.as_bytes());
        refused_token(&world, &token).await;
    }
    for header in [
        json!({"typ": "JWT"}),
        json!({"alg": null}),
        json!({"alg": ["HS256"]}),
    ] {
        let token = sign_hs256(&header, &claims(&world), JWT_SECRET.as_bytes());
        refused_token(&world, &token).await;
    }
}

#[tokio::test]
async fn the_algorithm_of_another_kind_of_key() {
    let world = World::new().await;
    for alg in [
        "RS256", "ES256", "EdDSA", "HS384", "HS512", "PS256", "hs256",
    ] {
        let header = json!({"alg": alg, "typ": "JWT"});
        let token = sign_hs256(&header, &claims(&world), JWT_SECRET.as_bytes());
        refused_token(&world, &token).await;
    }
}

#[tokio::test]
async fn a_guessed_secret() {
    let world = World::new().await;
    let header = json!({"alg": "HS256"});
    let near = format!("{JWT_SECRET} ");
    for secret in ["", "secret", &JWT_SECRET[1..], &near] {
        let token = sign_hs256(&header, &claims(&world), secret.as_bytes());
        let detail = refused_token(&world, &token).await;
        assert!(detail.contains("signature"), "{detail}");
    }
}

#[tokio::test]
async fn claims_of_another_under_ones_own_signature() {
    let world = World::new().await;
    let mine = signed(&claims(&world));
    let theirs = signed(&but(&world, "sub", "p2".into()));
    let (message, _) = theirs.rsplit_once('.').expect("three parts");
    let (_, signature) = mine.rsplit_once('.').expect("three parts");
    refused_token(&world, &format!("{message}.{signature}")).await;
}

#[tokio::test]
async fn a_key_that_the_token_brings_along() {
    let world = World::new().await;
    let own = "a key that the attacker has chosen, long enough";
    let header = json!({
        "alg": "HS256", "kid": "../../dev/null", "jku": "http://127.0.0.1:1/keys",
        "jwk": {"kty": "oct", "k": URL_SAFE_NO_PAD.encode(own)},
    });
    let token = sign_hs256(&header, &claims(&world), own.as_bytes());
    refused_token(&world, &token).await;
}

#[tokio::test]
async fn unknown_critical_extensions() {
    let world = World::new().await;
    for crit in [json!(["exp"]), json!(["b64"]), json!([])] {
        let header = json!({"alg": "HS256", "crit": crit, "b64": false});
        let token = sign_hs256(&header, &claims(&world), JWT_SECRET.as_bytes());
        refused_token(&world, &token).await;
    }
}

#[tokio::test]
async fn a_huge_token() {
    let world = World::new().await;
    let long = signed(&but(&world, "more", "x".repeat(75_000).into()));
    assert!(long.len() > 100_000);
    refused_token(&world, &long).await;
    refused(&call(&world, &"x".repeat(100_000)).await, INVALID, "");
    let deep = format!("{}1{}", "[".repeat(40_000), "]".repeat(40_000));
    let header = URL_SAFE_NO_PAD.encode(deep);
    refused(
        &call(&world, &format!("{header}.e30.e30")).await,
        INVALID,
        "",
    );
}

#[tokio::test]
async fn a_token_in_the_address_or_the_cookie() {
    let world = World::new().await;
    let token = signed(&claims(&world));
    let path = format!("/v1/link?access_token={token}");
    let call = world.call("GET", &path);
    let call = call.header("cookie", &format!("token={token}"));
    refused(&call.send().await, "Bearer", &token);
}

#[tokio::test]
async fn the_wrong_issuer() {
    let world = World::new().await;
    let slash = format!("{}/", it::ISSUER);
    for issuer in [
        json!("https://evil.example"),
        json!(slash),
        json!([it::ISSUER]),
        json!(""),
    ] {
        refused_claim(&world, "iss", issuer).await;
    }
}

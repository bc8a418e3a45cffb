//! Which tokens are accepted, and as whose.

use super::*;

#[test]
fn there_is_exactly_one_good_source_of_keys() {
    let url = Url::parse("https://accounts.example.com/jwks.json").expect("a URL");
    let new = |url: Option<Url>, secret: Option<&str>| {
        Authenticator::new(&players(url), secret.map(Into::into), client()).err()
    };
    assert_eq!(new(None, None), Some(AuthConfigError::NoKeys));
    assert_eq!(
        new(Some(url.clone()), Some(SECRET)),
        Some(AuthConfigError::TwoSources)
    );
    assert_eq!(
        new(None, Some(&"x".repeat(31))),
        Some(AuthConfigError::ShortSecret)
    );
    assert_eq!(new(None, Some(&"x".repeat(32))), None);
    assert_eq!(new(Some(url), None), None);
    assert!(!format!("{:?}", by_secret()).contains("test secret"));
}

#[tokio::test]
async fn every_algorithm_of_a_key_set_is_accepted() {
    let signers = [Signer::rsa(), Signer::p256(), Signer::ed25519()];
    let keys: Vec<Value> = signers
        .iter()
        .map(|signer| signer.jwk(signer.alg()))
        .collect();
    let server = Server::start([set(&keys), set(&keys)]);
    let auth = by_set(&server);
    for signer in &signers {
        for id in [Some(signer.alg()), None] {
            let token = signer.token(id, &claims());
            let caller = call(&auth, &token, NOW).await.expect("a good token");
            assert_eq!(caller, player(Some("Pat")));
        }
        // The same key, another text.
        let token = signer.token(Some(signer.alg()), &claims());
        let (message, signature) = token.rsplit_once('.').expect("three parts");
        let other = signer.token(Some(signer.alg()), &but("sub", "player-2".into()));
        let (other, _) = other.rsplit_once('.').expect("three parts");
        for forged in [
            format!("{other}.{signature}"),
            format!("{message}."),
            format!("{message}.AAAA"),
        ] {
            let error = call(&auth, &forged, NOW).await.expect_err("forged");
            assert_eq!(error.detail(), "the token's signature is wrong");
        }
    }
    assert_eq!(
        server.requests().len(),
        2,
        "fetched once, and once more for the forged ones"
    );
}

#[tokio::test]
async fn eddsa_is_also_known_as_ed25519() {
    let signer = Signer::ed25519();
    for alg in [None, Some("EdDSA"), Some("Ed25519")] {
        let mut key = signer.jwk("k");
        if let Some(alg) = alg {
            key["alg"] = alg.into();
        }
        let server = Server::start([set(&[key])]);
        let auth = by_set(&server);
        for name in ["EdDSA", "Ed25519"] {
            let header = json!({"alg": name, "kid": "k"});
            let token = signer.token_with(&header, &claims());
            call(&auth, &token, NOW).await.expect(name);
        }
        let header = json!({"alg": "Ed448", "kid": "k"});
        let other = signer.token_with(&header, &claims());
        call(&auth, &other, NOW).await.expect_err("another curve");
        assert_eq!(server.requests().len(), 1, "{alg:?}");
    }
}

#[tokio::test]
async fn coordinates_without_their_leading_zero_byte_are_read() {
    let signer = Signer::p256_with_leading_zero();
    let mut key = signer.jwk("k");
    for name in ["x", "y"] {
        let bytes = URL_SAFE_NO_PAD.decode(key[name].as_str().expect("text"));
        let bytes = bytes.expect("base64url");
        let number = jwt_crypto::without_leading_zeros(&bytes);
        key[name] = URL_SAFE_NO_PAD.encode(number).into();
    }
    assert_ne!(key, signer.jwk("k"), "one is shorter now");
    let server = Server::start([set(&[key])]);
    let token = signer.token(Some("k"), &claims());
    call(&by_set(&server), &token, NOW).await.expect("read");
}

#[tokio::test]
async fn no_token_chooses_how_it_is_checked() {
    let (rsa, ed) = (Signer::rsa(), Signer::ed25519());
    let keys = [rsa.jwk("r"), ed.jwk("e"), Signer::hmac(SECRET).jwk("h")];
    let server = Server::start([set(&keys), set(&keys)]);
    let auth = by_set(&server);
    let public = rsa.jwk("r")["n"].as_str().expect("text").to_owned();
    for token in [
        // HS256 with a public key, or with a symmetric key that stands in the set.
        Signer::hmac(&public).token(Some("r"), &claims()),
        Signer::hmac(SECRET).token(Some("h"), &claims()),
        // A key of one type under the id of another.
        ed.token(Some("r"), &claims()),
        ed.token_with(&json!({"alg": "RS256", "kid": "e"}), &claims()),
        rsa.token_with(&json!({"alg": "RS512", "kid": "r"}), &claims()),
        rsa.token_with(&json!({"alg": "PS256", "kid": "r"}), &claims()),
        rsa.token_with(&json!({"alg": "none", "kid": "r"}), &claims()),
        rsa.token_with(&json!({"kid": "r"}), &claims()),
        // A key that the token brings along.
        ed.token_with(
            &json!({"alg": "EdDSA", "kid": "r", "jwk": ed.jwk("r"), "jku": "https://evil.example"}),
            &claims(),
        ),
        // Extensions that must be understood.
        ed.token_with(
            &json!({"alg": "EdDSA", "kid": "e", "crit": ["b64"], "b64": false}),
            &claims(),
        ),
        ed.token_with(&json!({"alg": "EdDSA", "kid": "e", "crit": []}), &claims()),
    ] {
        let error = call(&auth, &token, NOW).await.expect_err(&token);
        assert_eq!(error.code(), ErrorCode::InvalidToken);
    }
    assert!(
        server.requests().len() <= 2,
        "nor makes us ask more than once a minute"
    );
    for token in [
        rsa.token(None, &claims()),
        Signer::hmac("another secret of thirty-two bytes or more").token(None, &claims()),
        Signer::hmac(SECRET).token_with(&json!({"alg": "HS512"}), &claims()),
    ] {
        let error = call(&by_secret(), &token, NOW).await.expect_err(&token);
        assert_eq!(error.code(), ErrorCode::InvalidToken);
    }
}

#[tokio::test]
async fn every_claim_must_be_there_and_right() {
    let exp = NOW.as_seconds();
    for (name, value) in [
        ("iss", Value::Null),
        ("iss", json!("https://accounts.example.com/")),
        ("iss", json!(["https://accounts.example.com"])),
        ("aud", Value::Null),
        ("aud", json!("prime")),
        ("aud", json!([])),
        ("aud", json!(["other", 7])),
        ("aud", json!({"prime-gaming": true})),
        ("exp", Value::Null),
        ("exp", json!((exp + 600).to_string())),
        ("exp", json!(exp - 30)),
        ("exp", json!(-1)),
        ("nbf", json!(exp + 31)),
        ("nbf", json!("soon")),
        ("sub", Value::Null),
        ("sub", json!("")),
        ("sub", json!(7)),
        ("sub", json!("has space")),
        ("sub", json!("x".repeat(129))),
    ] {
        let error = by_claims(&but(name, value.clone())).await.expect_err(name);
        assert_eq!(error.code(), ErrorCode::InvalidToken, "{name} {value}");
        let expired = error.detail() == "the token has expired";
        assert!(
            expired || error.detail().contains(name),
            "{name}: {}",
            error.detail()
        );
    }
    for (name, value) in [
        ("aud", json!(["other", "prime-gaming"])),
        ("exp", json!(exp - 29)),
        ("exp", json!(1.8e9)),
        ("exp", json!(1e300)),
        ("nbf", json!(exp + 30)),
        ("scope", json!("openid prime-gaming:servers")),
        ("scope", json!(7)),
    ] {
        let caller = by_claims(&but(name, value.clone())).await;
        assert_eq!(
            caller.expect("good enough"),
            player(Some("Pat")),
            "{name} {value}"
        );
    }
}

#[tokio::test]
async fn a_name_that_can_not_be_shown_is_left_out() {
    let cut = format!("{}…", "x".repeat(39));
    for (name, shown) in [
        (json!("Ämy 🎮"), Some("Ämy 🎮")),
        (json!("x".repeat(257)), Some(cut.as_str())),
        (json!("a\nb"), Some("ab")),
        (Value::Null, None),
        (json!(""), None),
        (json!("  "), None),
        (json!(["Pat"]), None),
    ] {
        let caller = by_claims(&but("name", name.clone()))
            .await
            .expect("a player");
        assert_eq!(caller, player(shown), "{name}");
    }
}

#[tokio::test]
async fn a_server_has_the_scope_and_needs_no_player_id() {
    for scope in [
        json!("prime-gaming:server"),
        json!("openid prime-gaming:server x"),
        json!(["openid", "prime-gaming:server"]),
    ] {
        let caller = by_claims(&but("scope", scope.clone()))
            .await
            .expect("a server");
        assert_eq!(caller, Caller::Server, "{scope}");
    }
    for id in [
        None,
        Some(json!("")),
        Some(json!(7)),
        Some(json!("has space")),
    ] {
        let mut claims = but("scope", json!("prime-gaming:server"));
        match id {
            Some(id) => claims["sub"] = id,
            None => drop(claims.as_object_mut().expect("an object").remove("sub")),
        }
        let caller = by_claims(&claims).await.expect("a server");
        assert_eq!(caller, Caller::Server, "{claims}");
        for name in ["iss", "aud", "exp"] {
            let mut claims = claims.clone();
            claims.as_object_mut().expect("an object").remove(name);
            let error = by_claims(&claims).await.expect_err(name);
            assert_eq!(error.code(), ErrorCode::InvalidToken, "{name}");
        }
    }
}

#[tokio::test]
async fn absurd_tokens_are_refused() {
    let auth = by_secret();
    let long = Signer::hmac(SECRET).token(None, &but("more", "x".repeat(100_000).into()));
    for token in [
        long.as_str(),
        "a",
        "a.b",
        "a.b.c",
        "...",
        "e30.e30.e30",
        "a.b.c.d",
        "e30=.e30.e30",
    ] {
        let error = call(&auth, token, NOW).await.expect_err("absurd");
        assert_eq!(error.code(), ErrorCode::InvalidToken);
        assert!(!error.detail().contains("xxx"));
    }
    let none = auth.caller(&request("GET", "/v1/link", &[], ""), NOW).await;
    assert_eq!(none.expect_err("missing").code(), ErrorCode::InvalidToken);
    let signer = Signer::hmac(SECRET);
    let header = json!({"alg": "HS256"});
    for claims in [json!([]), json!("text"), Value::Null] {
        assert!(
            call(&auth, &signer.token_with(&header, &claims), NOW)
                .await
                .is_err()
        );
    }
}

#[test]
fn unlisted_algorithms_have_no_verifier() {
    jwt_crypto::install();
    for algorithm in [
        Algorithm::HS384,
        Algorithm::RS384,
        Algorithm::PS256,
        Algorithm::ES384,
    ] {
        let key = match algorithm {
            Algorithm::HS384 => DecodingKey::from_secret(SECRET.as_bytes()),
            Algorithm::ES384 => DecodingKey::from_ec_der(&[4; 65]),
            _ => DecodingKey::from_rsa_raw_components(&[1; 256], &[1, 0, 1]),
        };
        assert!(
            jsonwebtoken::crypto::verify("", b"", &key, algorithm).is_err(),
            "{algorithm:?}"
        );
    }
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes());
    assert!(jsonwebtoken::crypto::sign(b"", &key, Algorithm::HS256).is_err());
}

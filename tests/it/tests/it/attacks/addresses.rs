//! Attacks by addresses and headers: open redirects, header injection, and forged `Host` headers.

use it::{Answer, BASE_URL, World};
use serde_json::json;

use crate::link::login;
use crate::link::support::{back_from_amazon, callback, cookies, links, parameter, with};

async fn asked_back_to(world: &World, return_to: &str) -> Answer {
    let call = world.call_as("p1", "POST", "/v1/link/sessions");
    call.json(&json!({"return_to": return_to})).send().await
}

/// Open redirect: addresses that look odd, or that other parsers take for another host, lead only to
/// the allowed host.
#[tokio::test]
async fn redirects_to_encoded_hosts_end_at_the_allowed_one() {
    let world = World::new().await;
    for (number, return_to) in [
        "https://play%2Eexample%2Ecom/",
        "https://pl%61y.example.com/%2f%2fevil.example",
        "https://PLAY.example.com:443//evil.example",
        "HTTPS://play.example.com/?next=https://evil.example",
        "https:play.example.com/x",
        "https:/play.example.com/x",
        "https:////play.example.com/x",
        "https://play.example.com/#@evil.example",
        "https://play.example.com/%5C%5Cevil.example",
        "https://play.example.com/%0d%0aLocation:%20https://evil.example",
        "https://\u{FF50}lay.example.com/",
    ]
    .into_iter()
    .enumerate()
    {
        let player = format!("p{number}");
        let (mut browser, back) = back_from_amazon(&world, &player, &player, Some(return_to)).await;
        let answer = browser.get(&back).await;
        assert_eq!(answer.status, 303, "{return_to}");
        let location = url::Url::parse(answer.location()).expect("an address");
        assert_eq!(
            location.origin().ascii_serialization(),
            "https://play.example.com",
            "{return_to}"
        );
        assert!(answer.location().starts_with("https://play.example.com/"));
        assert_eq!(parameter(answer.location(), "status"), "linked");
    }
}

/// Open redirect: an address where the service expects none.
#[tokio::test]
async fn redirects_that_the_address_asks_for() {
    let world = login::world().await;
    let evil = "https://evil.example/";
    for path in ["/link", "/link/start", "/link/continue", "/link/callback"] {
        for name in [
            "return_to",
            "redirect_uri",
            "next",
            "url",
            "login_url",
            "continue_url",
        ] {
            let answer = world.browser().get(&format!("{path}?{name}={evil}")).await;
            assert!(
                !format!("{answer:?}").contains("evil.example"),
                "{path} {name}"
            );
        }
    }
    let (mut browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
    let asked = with(
        &with(&back, "return_to", Some(evil)),
        "redirect_uri",
        Some(evil),
    );
    let answer = browser.get(&asked).await;
    answer.page(200, "Player p1");
    assert!(!format!("{answer:?}").contains("evil.example"));
}

/// Header injection: a line break in everything that a caller can send and that could come back in a
/// header.
#[tokio::test]
async fn line_breaks_in_everything_that_may_come_back_in_a_header() {
    let world = login::world().await;
    let evil = "x\r\nSet-Cookie: evil=1\r\nLocation: https://evil.example\r\n\r\n<script>";
    let encoded: String = url::form_urlencoded::byte_serialize(evil.as_bytes()).collect();
    let mut answers = Vec::new();
    for path in [
        "/link",
        "/link/start",
        "/link/continue",
        "/link/callback",
        "/v1/link",
        "/health",
    ] {
        for name in [
            "ticket",
            "code",
            "state",
            "error",
            "scope",
            "player_id",
            "cursor",
            "x",
        ] {
            let path = format!("{path}?{name}={encoded}");
            answers.push(world.call_as("p1", "GET", &path).send().await);
        }
    }
    let (mut browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
    answers.push(browser.get(&with(&back, "scope", Some(evil))).await);
    answers.push(asked_back_to(&world, &format!("https://play.example.com/{evil}")).await);
    answers.push(asked_back_to(&world, &format!("mygame:{evil}")).await);
    // A name that has one is shown without it; an id that has one is none.
    let ticket = login::arrive(&mut browser).await;
    let body = json!({"login_ticket": ticket, "player_id": "p2", "player_name": evil});
    let call = world
        .call("POST", "/v1/link/login")
        .bearer(&world.server_token());
    let answer = call.json(&body).send().await;
    let consent_page = browser.get(&login::continue_url(&answer)).await;
    consent_page.page(
        200,
        "player <bdi>xSet-Cookie: evil=1Location: https://ev…</bdi>?",
    );
    consent_page.page(200, "Player id: <bdi>p2</bdi>");
    answers.extend([answer, consent_page]);
    let token = world.token(&json!({"sub": evil}));
    answers.push(world.call("GET", "/v1/link").bearer(&token).send().await);
    // In an event a header's value may hold anything; a cookie with a line break is none.
    let start = browser.start_url("p3", None).await;
    let event = json!({
        "version": "2.0", "routeKey": "GET /link/start", "rawPath": "/link/start",
        "rawQueryString": start.split_once('?').map(|(_, query)| query),
        "cookies": [cookies(&browser), format!("prime-gaming-browser={evil}")],
        "headers": {"accept-language": "de"},
        "requestContext": {
            "http": {"method": "GET", "path": "/link/start"}, "requestId": "r",
            "stage": "$default", "timeEpoch": 1_587_481_701_067_i64,
        },
        "isBase64Encoded": false,
    });
    answers.push(world.handle("link", &event).await);
    for answer in &answers {
        assert!(answer.status.as_u16() < 500, "{answer:?}");
        for (name, value) in &answer.headers {
            let value = value.to_str().expect("ASCII");
            assert!(!value.contains(['\r', '\n']), "{name}: {value}");
            assert!(
                !value.contains("evil=1") && name != "x-evil",
                "{name}: {value}"
            );
        }
        assert!(
            answer
                .header("location")
                .is_none_or(|it| !it.contains("https://evil"))
        );
        assert!(!answer.body.contains("<script"), "{}", answer.body);
    }
}

/// Every header with which a proxy names the host that the caller asked for.
#[tokio::test]
async fn a_forged_host_header_on_the_pages() {
    let world = login::world().await;
    let mut browser = world.browser();
    let start = browser.start_url("p1", None).await;
    browser.get(&start).await;
    let path = start.strip_prefix(BASE_URL).expect("ours").to_owned();
    for path in [
        "/link",
        path.as_str(),
        &callback(&[("state", "x"), ("code", "y")])[BASE_URL.len()..],
    ] {
        let mut call = world.call("GET", path).header("cookie", &cookies(&browser));
        for name in [
            "host",
            "x-forwarded-host",
            "x-host",
            "x-original-host",
            "forwarded",
            "x-forwarded-server",
            "x-original-url",
            "x-rewrite-url",
            "x-http-method-override",
            "x-forwarded-proto",
        ] {
            call = call.header(name, "host=evil.example");
        }
        let answer = call.send().await;
        assert!(
            !format!("{answer:?}").contains("evil.example"),
            "{answer:?}"
        );
    }
    assert!(links(&world, "ATTEMPT#").await.is_empty());
}

#[tokio::test]
async fn redirects_to_hosts_that_only_look_right() {
    let world = World::new().await;
    let long = format!("https://play.example.com/{}", "x".repeat(2048));
    for return_to in [
        "",
        " ",
        "/done",
        "done",
        "play.example.com",
        "//play.example.com/done",
        "https:",
        "https://",
        "https://example.com/",
        "https://play.example.com.evil.example/",
        "https://evil.example/play.example.com",
        "https://evilplay.example.com/",
        "https://play.example.com.",
        "https://play.example.com@evil.example/",
        "https://user@play.example.com/",
        "https://user:word@play.example.com/",
        "https://:word@play.example.com/",
        "https://play.example.com:8443/",
        "https://play.example.com:80/",
        "http://play.example.com/",
        "https://evil.example\\@play.example.com/",
        "https://play.example.com\\@evil.example/",
        "https://evil.example#@play.example.com/",
        "https://evil.example?@play.example.com/",
        "https://play.example.com/a b",
        "https://play.example.com/\r\nLocation: https://evil.example",
        "\thttps://play.example.com/",
        "java\nscript:alert(1)",
        "javascript:alert(1)",
        "javascript://play.example.com/%0aalert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "blob:https://play.example.com/1",
        "vbscript:x",
        "intent://play.example.com#Intent;scheme=https;end",
        "mygames:linked",
        "xmygame:linked",
        "https://pl\u{0430}y.example.com/",
        "https://play.ex\u{0430}mple.com/",
        "https://play%2Eexample.com.evil.example/",
        "https://play.example.com%2F@evil.example/",
        "https://play.example.com%40evil.example/",
        "https://evil.example%23.play.example.com/",
        "https://evil.example%00.play.example.com/",
        "https:/\\evil.example/",
        "https:\\\\evil.example/",
        "///evil.example/",
        "https:///evil.example/",
        "https:evil.example",
        "https://evil.example:443@play.example.com:443/",
        "https://[::ffff:127.0.0.1]/",
        "https://0x7f.1/",
        "https://\u{202E}moc.elpmaxe.yalp/",
        "https://play\u{FF0E}example\u{FF0E}com\u{FF0F}.evil.example/",
        "https://play.example.com\u{3002}evil.example/",
        "https://play.example.com\u{AD}.evil.example/",
        "mygame\u{0}:x",
        "mygam\u{0435}:x",
        "mygame",
        "https://play.example.com\u{2024}evil.example/",
        &long,
    ] {
        let answer = asked_back_to(&world, return_to).await;
        let detail = answer.problem(400, "invalid_return_to");
        assert!(detail.contains("return_to"), "{return_to:?}: {detail}");
    }
    assert!(links(&world, "TICKET#").await.is_empty());
    assert!(links(&world, "OPEN#").await.is_empty(), "none is counted");
}

#[tokio::test]
async fn a_forged_host_header() {
    let world = World::new().await;
    let call = world.call_as("p1", "POST", "/v1/link/sessions");
    let call = call.header("host", "evil.example");
    let call = call.header("x-forwarded-host", "evil.example");
    let answer = call.send().await;
    assert_eq!(answer.status, 201);
    let start = answer.json()["start_url"].clone();
    assert!(start.as_str().is_some_and(|url| url.starts_with(BASE_URL)));
}

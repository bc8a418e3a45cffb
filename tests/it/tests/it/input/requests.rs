//! Cookies, queries, headers and paths from outside are bounded and checked, and never make a 500.

use it::{BASE_URL, World};
use serde_json::{Value, json};

use crate::link::support::cookies;

#[tokio::test]
async fn absurd_cookies_do_no_harm() {
    let world = World::new().await;
    let browser = world.browser();
    let start = browser.start_url("p1", None).await;
    let path = start.strip_prefix(BASE_URL).expect("ours").to_owned();
    let many = vec!["a=b"; 2000].join("; ");
    let long = format!("prime-gaming-browser={}", "A".repeat(8000));
    for absurd in [
        "",
        ";",
        "=",
        ";;;===;;;",
        "prime-gaming-browser",
        "prime-gaming-browser=",
        "prime-gaming-browser==",
        "prime-gaming-browser=\"\"",
        "prime-gaming-browser=%00",
        "prime-gaming-browser=<script>",
        "prime-gaming-browser=\u{e9}\u{1F3AE}",
        "PRIME-GAMING-BROWSER=x",
        &many,
        &long,
    ] {
        let call = world.call("GET", &path).header("cookie", absurd);
        let answer = call.send().await;
        answer.page(200, "Player p1");
        let cookie = answer.header("set-cookie").unwrap_or_default();
        let (pair, _) = cookie.split_once(';').expect("attributes");
        assert_eq!(pair.len(), "prime-gaming-browser=".len() + 43, "a new one");
        for address in ["/link/callback?state=x&code=y", "/link/callback"] {
            let call = world.call("GET", address).header("cookie", absurd);
            call.send().await.page(400, "invalid_state");
        }
        let call = world.call_as("p1", "GET", "/v1/link");
        let answer = call.header("cookie", absurd).send().await;
        assert_eq!(answer.status, 200, "the API does not care");
    }
}

#[tokio::test]
async fn our_cookie_is_found_among_others() {
    let world = World::new().await;
    let mut browser = world.browser();
    let start = browser.start_url("p1", None).await;
    browser.get(&start).await;
    let ours = cookies(&browser);
    let path = start.strip_prefix(BASE_URL).expect("ours");
    let many = vec!["a=b"; 2000].join("; ");
    for sent in [
        format!("{many}; {ours}"),
        format!("x; =; {ours}; y==z; ;"),
        format!("xprime-gaming-browser=x; {ours}; prime-gaming-browser=later"),
        // Browsers send a site's cookies in UTF-8 as scripts have set them.
        format!("nick=Zo\u{eb}; {ours}"),
    ] {
        let call = world.call("GET", path).header("cookie", &sent);
        let answer = call.send().await;
        let cookie = answer.header("set-cookie").unwrap_or_default();
        assert!(cookie.starts_with(&ours), "not found in {sent}");
    }
}

#[tokio::test]
async fn odd_queries_and_headers_never_are_our_fault() {
    let world = World::new().await;
    let long = "x".repeat(9000);
    for query in [
        "?",
        "&&&",
        "=",
        "%",
        "%zz=%zz",
        "a=%00",
        "ticket=%ff%fe&state=%ff&code=%ff",
        "ticket[]=1&state[]=1&player_id[]=1",
        "state=a;code=b",
        "player_id=p1&player_id=p1",
        "limit=1&limit=2",
        "limit=99999999999999999999",
        "limit=-1",
        "limit=1e1",
        "limit=%2B5",
        "cursor=",
        "cursor=AAAA",
        "cursor=%00&limit=5",
        long.as_str(),
    ] {
        for path in [
            "/link/start",
            "/link/callback",
            "/v1/link",
            "/v1/entitlements",
            "/health",
        ] {
            let call = world.call_as("p1", "GET", &format!("{path}?{query}"));
            let answer = call
                .header("origin", "\u{e9}")
                .header("x-forwarded-proto", "gopher")
                .header("host", "evil.example")
                .header("accept", "*/*;q=\"")
                .send()
                .await;
            assert!(answer.status.as_u16() < 500, "{path}?{query}: {answer:?}");
            assert!(!answer.body.contains("evil.example"));
        }
    }
}

/// An event that the gateway's routes would not let through to this function.
fn stray(world: &World, method: &str, path: &str) -> Value {
    let token = world.player_token("p1");
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "",
        "headers": {"authorization": format!("Bearer {token}")},
        "requestContext": {
            "accountId": "1", "apiId": "a", "domainName": "a.example", "domainPrefix": "a",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1",
                     "sourceIp": "127.0.0.1", "userAgent": ""},
            "requestId": "stray-1", "routeKey": "$default", "stage": "$default",
            "time": "21/Apr/2020:15:08:21 +0000", "timeEpoch": 1_587_481_701_067_i64,
        },
        "body": "{}", "isBase64Encoded": false,
    })
}

#[tokio::test]
async fn an_unknown_route_inside_a_function_is_not_found() {
    let world = World::new().await;
    for function in ["link", "entitlements", "fulfillments"] {
        for (method, path) in [
            ("GET", "/"),
            ("GET", ""),
            ("GET", "/v1"),
            ("GET", "/v1/nothing"),
            ("GET", "/v1/link/"),
            ("GET", "//v1/link"),
            ("GET", "/V1/LINK"),
            ("GET", "/v1/%6cink"),
            ("PUT", "/v1/link"),
            ("PATCH", "/v1/entitlements/check"),
            ("DELETE", "/v1/fulfillments"),
            ("POST", "/v1/link/sessions/more"),
            ("OPTIONS", "/v1/link"),
            ("HEAD", "/v1/link"),
            ("TRACE", "/health"),
        ] {
            let answer = world.handle(function, &stray(&world, method, path)).await;
            answer.problem(404, "not_found");
            assert_eq!(answer.json()["request_id"], "stray-1");
        }
    }
    let other = stray(&world, "GET", "/v1/link");
    let answer = world.handle("entitlements", &other).await;
    answer.problem(404, "not_found");
}

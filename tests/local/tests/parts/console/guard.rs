//! Who may ask, and what is never shown.

use serde_json::{Value, json};

use super::{PLAYER, Page};

async fn status(page: &Page, path: &str, headers: &[(&str, &str)]) -> u16 {
    let url = page.url(path);
    let mut request = match path {
        "act" => page.http.post(url).json(&json!({"do": "spare"})),
        _ => page.http.get(url),
    };
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.expect("an answer").status().as_u16()
}

#[tokio::test]
async fn only_the_page_itself_may_ask() {
    let page = Page::open().await;
    let port = page.system.base_url.rsplit(':').next().expect("a port");
    let local = format!("localhost:{port}");
    for path in ["state?after=0", "act", "script"] {
        for strange in [
            vec![],
            vec![("x-console", "2")],
            // A page of another name that leads to this address.
            vec![("x-console", "1"), ("host", "evil.example")],
            vec![("x-console", "1"), ("host", "127.0.0.1")],
        ] {
            assert_eq!(
                status(&page, path, &strange).await,
                403,
                "{path}: {strange:?}"
            );
        }
        assert_eq!(
            status(&page, path, &[("x-console", "1")]).await,
            200,
            "{path}"
        );
        let by_name = [("x-console", "1"), ("host", local.as_str())];
        assert_eq!(status(&page, path, &by_name).await, 200, "{path}");
    }
    assert_eq!(
        page.state().await["script"],
        json!([{"do": "spare"}, {"do": "spare"}])
    );
    page.system.stop().await;
}

#[tokio::test]
async fn without_scripts_the_page_says_that_it_needs_them() {
    let page = Page::open().await;
    let url = format!("{}/console", page.system.base_url);
    let answer = page.http.get(url).send().await.expect("an answer");
    let text = answer.text().await.expect("a page");
    assert!(
        text.contains("<noscript><p>This page needs JavaScript."),
        "{text}"
    );
    page.system.stop().await;
}

#[tokio::test]
async fn no_other_page_is_granted_the_header() {
    let page = Page::with(&[("CORS_ORIGINS", "https://game.example")]).await;
    let request = page.http.request(reqwest::Method::OPTIONS, page.url("act"));
    let request = request
        .header("origin", "https://game.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "x-console");
    let answer = request.send().await.expect("an answer");
    assert!(
        answer
            .headers()
            .get("access-control-allow-headers")
            .is_none()
    );
    assert!(
        answer
            .headers()
            .get("access-control-allow-origin")
            .is_none()
    );
    page.system.stop().await;
}

#[tokio::test]
async fn the_feed_shows_what_a_check_wrote_and_no_secret_is_in_it() {
    let page = Page::open().await;
    page.link().await;
    page.claim().await;
    let before = page.state().await;
    let last = before["feed"].as_array().expect("a feed").len() as u64;
    page.check().await;
    page.confirm().await;
    page.act(json!({"do": "reconcile"})).await;

    let state = page.state_after(last).await;
    let feed = state["feed"].as_array().expect("a feed");
    assert_eq!(feed[0]["number"], json!(last + 1));
    let entry = |function: &str, service: &str, request: &str| {
        let mut all = feed.iter();
        let found = all.find(|it| {
            it["function"] == function && it["service"] == service && it["request"] == request
        });
        found.unwrap_or_else(|| panic!("no {request} of {function} in {feed:#?}"))
    };
    let id = &page.entitlements().await[0]["entitlement_id"];
    let id = id.as_str().expect("an id");
    let admitted = entry(
        "entitlements",
        "dynamodb",
        "TransactWriteItems Fulfillments Links",
    );
    let record = format!("PLAYER#{PLAYER} E#{id}  status=pending");
    let wrote = admitted["wrote"].as_array().expect("rows");
    let is_record = |row: &&Value| row.as_str().is_some_and(|row| row.starts_with(&record));
    assert_eq!(wrote.iter().filter(is_record).count(), 1, "{wrote:#?}");
    let list = entry("entitlements", "prime_gaming", "GET /api/entitlements");
    assert_eq!((&list["status"], &list["wrote"]), (&json!(200), &json!([])));
    let report = entry("fulfillments", "prime_gaming", "POST /api/fulfill");
    assert_eq!(report["wrote"], json!([format!("{id} is delivered")]));
    entry("gateway", "api", "POST /v1/entitlements/check");
    entry("reconcile", "dynamodb", "Query Fulfillments due");

    let whole = page.state().await.to_string();
    assert!(
        whole.contains("POST /auth/o2/token authorization_code"),
        "{whole}"
    );
    assert!(whole.contains("tokens=(sealed)"), "{whole}");
    let amazon = page.system.amazon.as_ref().expect("a stand-in");
    let secrets = amazon.issued_secrets();
    assert!(secrets.len() > 3);
    for secret in secrets {
        assert!(!whole.contains(&secret), "a secret is shown");
    }
    page.system.stop().await;
}

//! The pages, used as a browser uses them.

use stand_in::Endpoint;

use crate::support::{Pairs, RETURN_URL, authorize_pairs, but, query, start};

fn answer<'a>(decision: &'a str, grants: &[&'a str]) -> Pairs<'a> {
    let mut form = authorize_pairs();
    form.extend([("account", "alice"), ("decision", decision)]);
    form.extend(grants.iter().map(|scope| ("grant", *scope)));
    form
}

#[tokio::test]
async fn the_consent_page_asks_and_sends_the_browser_back() {
    let t = start().await;
    t.amazon.account_id("carol");
    let url = t.authorize_url(&but(authorize_pairs(), "state", "<\"&'>"));
    let (origins, page) = t.follow(&url).await;
    assert_eq!(page.status(), 200);
    assert_eq!(origins.len(), 3, "{origins:?}");
    assert_eq!(origins[0], t.amazon.base_url());
    assert!(origins[0] != origins[1] && origins[1] != origins[2]);
    assert_eq!(origins[2], t.amazon.consent_url());
    let page = page.text().await.expect("a page");
    for part in [
        "games::prime",
        "carol",
        "method=\"post\" action=\"/ap/oa\"",
        "value=\"&lt;&quot;&amp;&#39;&gt;\"",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("<script"));

    let send = async |form: Pairs<'_>| {
        let answer = t.decide(&form).send().await.expect("an answer");
        assert_eq!(answer.status(), 302);
        let to = answer.headers()["location"]
            .to_str()
            .expect("a text")
            .to_owned();
        assert!(to.starts_with(RETURN_URL));
        query(&to)
    };
    let whole = send(answer("allow", &["games::prime", "profile"])).await;
    assert_eq!(whole["scope"], "games::prime profile");
    assert_eq!(whole["state"], "s t/a+te");
    assert_eq!(t.exchange(&whole["code"]).await.0, 200);
    let part = send(answer("allow", &["profile"])).await;
    assert_eq!(part["scope"], "profile");
    let none = send(answer("cancel", &[])).await;
    assert_eq!(none["error"], "access_denied");
    assert_eq!(t.amazon.calls_to(Endpoint::Authorize), 1);
    t.clean();

    for form in [
        answer("maybe", &[]),
        but(answer("allow", &[]), "account", "no spaces please"),
        but(
            answer("allow", &[]),
            "redirect_uri",
            "https://evil.example/",
        ),
    ] {
        let answer = t.decide(&form).send().await.expect("an answer");
        assert_eq!(answer.status(), 400);
    }
    t.violated("redirect_uri");
}

#[tokio::test]
async fn who_agreed_before_is_sent_back_at_once() {
    let t = start().await;
    t.amazon
        .behave(|it| it.agreed_before = Some("alice".to_owned()));
    let url = t.authorize_url(&authorize_pairs());
    let mut to = url;
    for _ in 0..3 {
        let answer = t.http.get(&to).send().await.expect("an answer");
        assert_eq!(answer.status(), 302);
        let location = answer.headers()["location"].to_str();
        to = location.expect("a text").to_owned();
    }
    assert!(to.starts_with(RETURN_URL), "{to}");
    assert_eq!(t.exchange(&query(&to)["code"]).await.0, 200);
    t.clean();
}

#[tokio::test]
async fn a_refused_request_shows_a_page_or_goes_back() {
    let t = start().await;
    let get = async |name, value| {
        let url = t.authorize_url(&but(authorize_pairs(), name, value));
        t.http.get(url).send().await.expect("an answer")
    };
    assert_eq!(get("client_id", "unknown").await.status(), 400);
    assert_eq!(get("response_type", "token").await.status(), 302);
    t.violated("response_type");
}

#[tokio::test]
async fn offers_are_claimed_and_the_app_removed() {
    let t = start().await;
    let home = async |path: &str| {
        let answer = t.http.get(t.url(path)).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        answer.text().await.expect("a page")
    };
    assert!(home("/").await.contains("name=\"sku\" required"));
    t.amazon
        .set_offers(vec!["gold".to_owned(), "hat".to_owned()]);
    assert!(home("/").await.contains("<option value=\"hat\">"));

    let form = [("account", "alice"), ("sku", "hat")];
    let answer = t.post("/claim", &form).send().await.expect("an answer");
    assert_eq!(answer.status(), 303);
    assert_eq!(answer.headers()["location"], "/?account=alice");
    assert!(home("/?account=alice").await.contains("not yet"));
    let (access, refresh) = t.link("alice").await;
    let (_, list) = t.entitlements(&access).await;
    let id = list["Entitlements"][0]["EntitlementId"]
        .as_str()
        .expect("an id");
    t.fulfill(&access, id).await;
    assert!(home("/?account=alice").await.contains("yes, to Player"));
    assert!(home("/?account=nobody").await.contains("Nothing yet"));

    let form = [("account", "alice")];
    let answer = t
        .post("/remove-app", &form)
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 303);
    assert_eq!(t.refresh(&refresh).await.1["error"], "invalid_grant");
    for form in [
        &[("account", "alice")][..],
        &[("account", "<b>"), ("sku", "hat")],
    ] {
        let answer = t.post("/claim", form).send().await.expect("an answer");
        assert_eq!(answer.status(), 400);
    }
    t.clean();
}

#[tokio::test]
async fn a_device_code_is_entered() {
    let t = start().await;
    let pairs = [
        ("response_type", "device_code"),
        ("client_id", crate::support::CLIENT_ID),
        ("scope", "games::prime profile"),
    ];
    t.post("/auth/o2/create/codepair", &pairs)
        .send()
        .await
        .expect("an answer");
    let code = t.amazon.device_pairs()[0].user_code.clone();
    let page = t
        .http
        .get(t.url(&format!("/us/code?cbl-code={code}")))
        .send()
        .await;
    let page = page.expect("an answer").text().await.expect("a page");
    assert!(page.contains(&format!("value=\"{code}\"")));
    let small = code.to_ascii_lowercase();
    let form = [
        ("user_code", small.as_str()),
        ("account", "alice"),
        ("decision", "allow"),
    ];
    for status in [200, 400] {
        let answer = t.post("/us/code", &form).send().await.expect("an answer");
        assert_eq!(answer.status(), status);
    }
    assert_eq!(t.amazon.device_pairs()[0].status, "approved");
    t.clean();
}

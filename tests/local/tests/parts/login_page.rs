//! The example of a studio's login page, `docs/examples/login_page.py`, and attacks on it.

use local::demo;
use local::front::Front;
use local::log::Log;
use local::studio::{ACCOUNT, Studio};
use local::system::{Options, System};
use reqwest::header::{COOKIE, HeaderMap, LOCATION, ORIGIN, SET_COOKIE};

fn header(headers: &HeaderMap, name: &reqwest::header::HeaderName) -> String {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}

/// The cookie of an answer, as browsers send it back.
fn cookie(headers: &HeaderMap) -> String {
    let cookie = header(headers, &SET_COOKIE);
    cookie.split(';').next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn the_example_of_a_login_page_links_a_player_and_nobody_else() {
    let front = Front::bind().await.expect("a free port");
    let origin = front.origin.clone();
    let (log, lines) = Log::memory();
    let system = System::start(Options {
        settings: [("PLAYER_LOGIN_URL".to_owned(), format!("{origin}/login"))].into(),
        log,
        ..Options::default()
    })
    .await
    .expect("it starts");
    let studio = Studio::start(front, &system).await.expect("it starts");
    let Some(studio) = studio else {
        local::tools::skip("python3 is not installed");
        return system.stop().await;
    };

    let mut steps = 0;
    if let Err(failure) = demo::link_from_prime_gaming(&system, ACCOUNT, |_| steps += 1).await {
        let written = studio.stop().await.expect("it ends");
        panic!("{failure}\n{}\n{written}", lines.text());
    }
    assert_eq!(steps, 6);
    let secrets = attack(&system, &origin).await;

    let written = studio.stop().await.expect("it ends") + &lines.text();
    for secret in secrets {
        assert!(secret.len() >= 32, "too short to search for: {secret}");
        assert!(!written.contains(&secret), "{secret} in {written}");
    }
    system.stop().await;
}

/// What must not work; gives the secrets that were seen on the way.
async fn attack(system: &System, origin: &str) -> Vec<String> {
    let http = prime_gaming::testing::net::client(None).expect("no extra certificate");
    let get = async |url: &str, cookie: &str| {
        let answer = http.get(url).header(COOKIE, cookie).send().await;
        answer.expect("an answer")
    };
    let arrived = get(&format!("{}/link", system.base_url), "").await;
    let to_login = header(arrived.headers(), &LOCATION);
    let (_, login_ticket) = to_login.split_once("login_ticket=").expect("a ticket");

    // The sender of this address sits before another browser, whose ticket it is.
    let visited = get(&to_login, "").await;
    assert_eq!(visited.status(), 303);
    let login = header(visited.headers(), &LOCATION);
    assert_eq!(
        login,
        format!("{origin}/login"),
        "the ticket leaves the address"
    );
    let visit = cookie(visited.headers());
    let page = get(&login, &visit).await;
    assert_eq!(header(page.headers(), &SET_COOKIE), "");
    let page = page.text().await.expect("a page");
    let (_, rest) = page
        .split_once("name=\"form_token\" value=\"")
        .expect("one");
    let form_token = rest.split('"').next().unwrap_or_default();
    assert!(!page.contains(login_ticket));

    let post = async |cookie: &str, from: &str, token: &str, password: &str| {
        let form = [
            ("form_token", token),
            ("name", "robin"),
            ("password", password),
        ];
        let request = http.post(&login).header(COOKIE, cookie);
        let answer = request.header(ORIGIN, from).form(&form).send().await;
        answer.expect("an answer")
    };
    for (cookie, from, token) in [
        (visit.as_str(), "https://attacker.example", form_token),
        (&visit, "null", form_token),
        (&visit, origin, "other"),
        (&visit, origin, ""),
        (&visit, origin, "\u{e9}"),
        ("", origin, form_token),
        ("visit=other", origin, form_token),
    ] {
        let answer = post(cookie, from, token, ACCOUNT.password).await;
        assert_eq!(answer.status(), 403, "{cookie} {from} {token}");
    }
    let wrong = post(&visit, origin, form_token, "guess").await;
    assert_eq!(wrong.status(), 200);
    assert!(wrong.text().await.expect("a page").contains("not right"));

    // The victim logs in, and is sent on; but not with the cookie that the ticket belongs to.
    let sent = post(&visit, origin, form_token, ACCOUNT.password).await;
    assert_eq!(sent.status(), 303);
    let continue_url = header(sent.headers(), &LOCATION);
    assert!(continue_url.starts_with(&system.base_url), "{continue_url}");
    let refused = get(&continue_url, &visit).await;
    assert_eq!(refused.status(), 403);
    assert!(
        refused
            .text()
            .await
            .expect("a page")
            .contains("wrong_browser")
    );

    // The form is used up, and so is the ticket, in another visit.
    let again = post(&visit, origin, form_token, ACCOUNT.password).await;
    assert_eq!(again.status(), 403);
    let visit = cookie(get(&to_login, "").await.headers());
    let page = get(&login, &visit).await.text().await.expect("a page");
    let (_, rest) = page
        .split_once("name=\"form_token\" value=\"")
        .expect("one");
    let form_token = rest.split('"').next().unwrap_or_default();
    let used = post(&visit, origin, form_token, ACCOUNT.password).await;
    assert_eq!(used.status(), 502);

    let code = continue_url.split_once("code=").expect("a code").1;
    let server_token = system.server_token().expect("ours to issue");
    vec![login_ticket.to_owned(), code.to_owned(), server_token]
}

//! The support page's server: who may use it, and how it reaches a stack.

use local::gateway;
use local::support::{Admin, Desk};
use local::system::{Options, System};
use local::tools;
use prime_gaming::testing::net;
use serde_json::{Value, json};
use url::Url;

/// A program in place of the SAM CLI, with this script, in a folder that lasts as long as it is held.
fn sam(script: &str) -> (tempfile::TempDir, Admin) {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("sam");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("written");
    let permissions = std::fs::Permissions::from_mode(0o700);
    std::fs::set_permissions(&path, permissions).expect("it may be run");
    let admin = Admin::Stack {
        name: "prime".to_owned(),
        sam: path,
    };
    (folder, admin)
}

/// Answers with the command that it was given, and how it was called.
const ECHO: &str = r#"printf '{"ok": true, "called": "%s", "given": %s}' "$*" "$(cat)""#;

#[tokio::test]
async fn a_stack_is_reached_by_the_sam_cli_and_the_command_is_on_no_command_line() {
    let (_folder, admin) = sam(ECHO);
    let command = json!({"command": "player.get", "player_id": "p1"});
    let answer = admin.invoke(&command).await.expect("an answer");
    let answer: Value = serde_json::from_str(answer.get()).expect("JSON");
    assert_eq!(answer["given"], command);
    let called = "remote invoke AdminFunction --output text --parameter Qualifier=live --stack-name prime \
                  --event-file -";
    assert_eq!(answer["called"], called);
    let Some(real) = tools::find("sam") else {
        tools::skip(
            "there is no SAM CLI; `pip install --no-deps -r .ci/requirements.txt` brings it",
        );
        return;
    };
    let help = std::process::Command::new(real)
        .args(["remote", "invoke", "--help"])
        .env("SAM_CLI_TELEMETRY", "0")
        .output()
        .expect("it runs");
    let help = String::from_utf8_lossy(&help.stdout);
    for option in ["--output", "--parameter", "--stack-name", "--event-file"] {
        assert!(help.contains(option), "{option}: {help}");
    }
}

#[tokio::test]
async fn what_the_sam_cli_says_is_wrong_is_told() {
    let (_folder, admin) =
        sam("cat >/dev/null; echo Traceback >&2; echo 'Error: no such stack' >&2; exit 1");
    let error = admin.invoke(&json!({"command": "doctor"})).await;
    let error = error.expect_err("it failed").to_string();
    assert_eq!(error, "Error: no such stack");
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_with_what_wanted_it() {
    let taken = gateway::bind(0).await.expect("a free port");
    let port = taken.local_addr().expect("an address").port();
    let (_folder, admin) = sam(ECHO);
    let desk = Desk::start(admin, "ada", port).await;
    let system = System::start(Options {
        port,
        ..Options::default()
    });
    for (what, error) in [
        ("the support page", desk.expect_err("it is taken")),
        ("the API", system.await.expect_err("it is taken")),
    ] {
        let expected = format!("{what} can't use port {port}: ");
        assert!(error.to_string().starts_with(&expected), "{error}");
    }
}

#[tokio::test]
async fn what_a_stack_is_told_and_answers_is_passed_on_as_it_came() {
    const CONTENT: &str = r#"{ "z": 1.10, "a": [1e400, 12345678901234567890123, "\u00e9"] }"#;
    let (_folder, admin) = sam(r#"printf '{"given": %s}' "$(cat)""#);
    let desk = Desk::start(admin, "ada", 0).await.expect("a free port");
    let mut url = Url::parse(&desk.url).expect("an address");
    let key = url.fragment().expect("a key").to_owned();
    url.set_fragment(None);
    url.set_path("/command");
    let http = net::client(None).expect("a client");
    let command = format!(r#"{{"content":{CONTENT}}}"#);
    let request = http.post(url).header("x-support-key", key).body(command);
    let answer = request.send().await.expect("an answer").text().await;
    let answer = answer.expect("a text");
    assert_eq!(answer, format!(r#"{{"given": {{"content":{CONTENT}}}}}"#));
}

async fn post(url: &str, headers: &[(&str, &str)], body: &Value) -> (u16, Value) {
    let http = net::client(None).expect("a client");
    let mut request = http.post(url).json(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or_default())
}

#[tokio::test]
async fn only_the_page_itself_can_use_the_server() {
    let (_folder, admin) = sam(ECHO);
    let desk = Desk::start(admin, "ada", 0).await.expect("a free port");
    let mut url = Url::parse(&desk.url).expect("an address");
    assert_eq!(url.host_str(), Some("127.0.0.1"));
    let key = url.fragment().expect("a key").to_owned();
    assert_eq!(key.len(), 64);
    url.set_fragment(None);
    url.set_path("/command");
    let command =
        json!({"command": "link.retry", "player_id": "p1", "reason": "x", "actor": "eve"});
    for headers in [
        vec![],
        vec![("x-support-key", "wrong")],
        // A page of another name that leads to this address.
        vec![("x-support-key", key.as_str()), ("host", "evil.example")],
    ] {
        let (status, answer) = post(url.as_str(), &headers, &command).await;
        assert_eq!((status, answer), (403, Value::Null), "{headers:?}");
    }
    let good = [("x-support-key", key.as_str())];
    let (status, answer) = post(url.as_str(), &good, &command).await;
    assert_eq!(status, 200);
    // Nobody acts in another's name.
    assert_eq!(answer["given"]["actor"], "ada");
    let (status, _) = post(url.as_str(), &good, &json!([])).await;
    assert_eq!(status, 400);

    url.set_path("/");
    let page = net::client(None).expect("a client").get(url).send().await;
    let page = page.expect("the page");
    let policy = page.headers()["content-security-policy"].to_str();
    assert!(
        policy
            .expect("a text")
            .starts_with("default-src 'none'; script-src 'self';")
    );
    let text = page.text().await.expect("a page");
    assert!(text.contains("<noscript><p>This page needs JavaScript."));
    assert!(!text.contains(&key) && !text.contains("http://") && !text.contains("https://"));
}

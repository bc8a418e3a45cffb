//! The example of a receiver of deliveries, `docs/examples/webhook_receiver.py`.

use std::path::Path;
use std::process::Stdio;

use it::{WEBHOOK_SECRET, World, ids_of, status_of};
use local::build::workspace;
use prime_gaming::Clock;
use reqwest::StatusCode;
use serde_json::json;
use standardwebhooks::Webhook;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

struct Receiver {
    _process: Child,
    url: String,
}

/// `None` where there is no Python.
async fn receiver(database: &Path) -> Option<Receiver> {
    let started = Command::new("python3")
        .arg(workspace().join("docs/examples/webhook_receiver.py"))
        .env("WEBHOOK_SECRET", WEBHOOK_SECRET)
        .env("DATABASE", database)
        .env("PORT", "0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn();
    let mut process = match started {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            local::tools::skip("python3 is not installed");
            return None;
        }
        started => started.expect("python3 starts"),
    };
    let output = process.stdout.take().expect("a pipe");
    let first = BufReader::new(output).lines().next_line().await;
    let first = first.expect("readable").expect("it says its port");
    let port = first.rsplit(' ').next().expect("a port");
    Some(Receiver {
        _process: process,
        url: format!("http://127.0.0.1:{port}/"),
    })
}

/// What the player has of an item: asked of the receiver's own database.
async fn amounts(database: &Path) -> String {
    execute(database, "SELECT * FROM inventory").await
}

/// What the receiver's own database answers to this.
async fn execute(database: &Path, statement: &str) -> String {
    const SCRIPT: &str = "import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as database: print(database.execute(sys.argv[2]).fetchall())";
    let output = Command::new("python3")
        .args(["-c", SCRIPT])
        .arg(database)
        .arg(statement)
        .output()
        .await
        .expect("an answer");
    String::from_utf8(output.stdout)
        .expect("text")
        .trim()
        .to_owned()
}

async fn post(url: &str, id: &str, sent_at: i64, signed_at: i64, body: &str) -> StatusCode {
    let signer = Webhook::new(WEBHOOK_SECRET).expect("a secret");
    let signature = signer.sign(id, signed_at, body.as_bytes()).expect("text");
    let client = prime_gaming::testing::net::client(None).expect("a client");
    let request = client
        .post(url)
        .header("webhook-id", id)
        .header("webhook-timestamp", sent_at)
        .header("webhook-signature", signature)
        .body(body.to_owned());
    request.send().await.expect("an answer").status()
}

fn delivery(items: &serde_json::Value) -> String {
    let data = json!({"player_id": "p1", "content": {"items": items}});
    json!({"type": "entitlement.deliver", "data": data}).to_string()
}

#[tokio::test]
async fn the_example_of_a_receiver_gives_content_once_and_only_to_signed_calls() {
    let directory = tempfile::tempdir().expect("a directory");
    let database = directory.path().join("inventory.db");
    let Some(first) = receiver(&database).await else {
        return;
    };
    let now = Clock::system().now().as_seconds();
    let gold = delivery(&json!([{"id": "gold", "amount": 5}]));
    for (id, sent_at, signed_at, body) in [
        ("e1", now, now - 1, gold.as_str()),
        ("e1", now - 400, now - 400, &gold),
        ("e1", now + 400, now + 400, &gold),
    ] {
        let status = post(&first.url, id, sent_at, signed_at, body).await;
        assert_eq!(status, 401, "{sent_at} {signed_at}");
    }
    assert_eq!(amounts(&database).await, "[]");
    for _ in 0..2 {
        assert_eq!(post(&first.url, "e1", now, now, &gold).await, 204);
    }
    assert_eq!(amounts(&database).await, "[('p1', 'gold', 5)]");
    // A test is answered, and gives nothing.
    let test = r#"{"type":"test"}"#;
    assert_eq!(post(&first.url, "test_1", now, now, test).await, 204);
    assert_eq!(post(&first.url, "test_2", now, now - 1, test).await, 401);
    assert_eq!(amounts(&database).await, "[('p1', 'gold', 5)]");
    // Content that breaks in the middle is not given at all, and the id not used up: that is a
    // fault of the receiver's, and no refusal.
    let broken = delivery(&json!([{"id": "gem", "amount": 1}, {"amount": 2}]));
    assert_eq!(post(&first.url, "e2", now, now, &broken).await, 500);
    assert_eq!(amounts(&database).await, "[('p1', 'gold', 5)]");
    // Nor does a restart forget what was given.
    drop(first);
    let again = receiver(&database).await.expect("it starts again");
    assert_eq!(post(&again.url, "e1", now, now, &gold).await, 204);
    assert_eq!(amounts(&database).await, "[('p1', 'gold', 5)]");
}

#[tokio::test]
async fn a_check_delivers_through_the_example_of_a_receiver() {
    let directory = tempfile::tempdir().expect("a directory");
    let database = directory.path().join("inventory.db");
    let Some(receiver) = receiver(&database).await else {
        return;
    };
    let settings = [
        ("DELIVERY", "webhook"),
        ("DELIVERY_WEBHOOK_URL", receiver.url.as_str()),
    ];
    let world = World::with(&settings).await;
    let offer = json!({
        "sku": "starter", "title": "Starter",
        "content": {"items": [{"id": "gold", "amount": 500}]},
    });
    let put = world.admin(json!({"command": "offers.put", "offers": [offer]}));
    assert_eq!(put.await["ok"], true);
    world.linked("p1", "alice").await;
    let id = world.amazon.claim("alice", "starter");
    assert_eq!(ids_of(&world.check("p1").await), [""; 0]);
    assert_eq!(world.known_status("p1", &id).await, "reported");
    assert_eq!(amounts(&database).await, "[('p1', 'gold', 500)]");
}

#[tokio::test]
async fn the_examples_refusal_is_one() {
    let directory = tempfile::tempdir().expect("a directory");
    let database = directory.path().join("inventory.db");
    let Some(receiver) = receiver(&database).await else {
        return;
    };
    execute(&database, "INSERT INTO closed_accounts VALUES ('p1')").await;
    let settings = [
        ("DELIVERY", "webhook"),
        ("DELIVERY_WEBHOOK_URL", receiver.url.as_str()),
    ];
    let world = World::with(&settings).await;
    world.offer("hat").await;
    world.linked("p1", "alice").await;
    let id = world.amazon.claim("alice", "hat");
    let answer = world.check("p1").await;
    assert_eq!(status_of(&answer, &id), "held delivery_refused");
    let item = world.record_item("p1", &id).await;
    let reason = item["delivery_answer"].as_s().expect("text");
    assert_eq!(reason, "the account is closed");
    assert_eq!(amounts(&database).await, "[]");
}

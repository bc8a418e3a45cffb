//! `sam local` itself, with containers of an engine of the test's own.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use local::demo;
use local::sam::{Event, Reach};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::engine::{self, Engine};
use super::{Prepared, free_ports, prepared, sam_cli};

/// One event of each function, and of each way out of a container: to the database, and to Amazon.
const EVENTS: [&str; 6] = [
    "health-get",
    "link-devices-post",
    "entitlements-check-post",
    "fulfillments-bad-no-ids",
    "admin-doctor",
    "reconcile-scheduled",
];

/// `sam local` in the prepared folder. Without credentials: it would ask AWS about them.
fn sam_local(sam: &Path, engine: &Engine, prepared: &Prepared) -> Command {
    let mut command = Command::new(sam);
    command
        .arg("local")
        .current_dir(prepared.sam.folder())
        .env("DOCKER_HOST", engine.host())
        .env("HOME", prepared.sam.folder())
        .env("SAM_CLI_TELEMETRY", "0")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_DEFAULT_REGION", local::REGION)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    for credential in [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
    ] {
        command.env_remove(credential);
    }
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn containers_answer_events_and_play_the_story() {
    let Some(sam) = sam_cli() else {
        return;
    };
    let Some(engine) = engine::start() else {
        return;
    };
    let [port] = free_ports();
    let reach = Reach::find(Some(&engine.host())).await;
    assert!(matches!(reach, Reach::Bridge(_)), "{reach:?}");
    let prepared = prepared(port, reach).await;
    engine.make_image(&prepared.sam.folder().join("LinkFunction/bootstrap"));

    for name in EVENTS {
        let mut events = prepared.sam.events.iter();
        let event = events.find(|it| it.name == name).expect("an event");
        let answer = invoke(sam_local(&sam, &engine, &prepared), event).await;
        assert_eq!(event.promise.breach(&answer), None, "{name}");
    }

    let api = start_api(sam_local(&sam, &engine, &prepared), port).await;
    let base_url = format!("http://127.0.0.1:{port}");
    let mut steps = 0;
    let played = demo::play_at(&base_url, &prepared.system, |_| steps += 1).await;
    stop(api).await;
    played.unwrap_or_else(|failure| panic!("{failure}"));
    assert!(steps > 10, "{steps}");
}

/// What `sam local invoke` prints.
async fn invoke(mut sam_local: Command, event: &Event) -> Value {
    let file = format!("events/{}.json", event.name);
    let ran = sam_local
        .args([
            "invoke",
            &event.function,
            "--event",
            &file,
            "--skip-pull-image",
        ])
        .output();
    let ran = ran.await.expect("it runs");
    let said = String::from_utf8_lossy(&ran.stderr);
    let printed = String::from_utf8_lossy(&ran.stdout);
    let last = printed.lines().last().unwrap_or_default();
    serde_json::from_str(last).unwrap_or_else(|_| panic!("no answer: {printed}\n{said}"))
}

async fn start_api(mut sam_local: Command, port: u16) -> Child {
    let mut api = sam_local
        .args(["start-api", "--skip-pull-image"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let up = async {
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            assert!(matches!(api.try_wait(), Ok(None)), "it ended");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(60), up).await;
    waited.expect("it listens");
    api
}

/// Ends it as Ctrl-C does: it then removes its containers.
async fn stop(mut api: Child) {
    let pid = api
        .id()
        .and_then(|it| i32::try_from(it).ok())
        .and_then(Pid::from_raw);
    kill_process(pid.expect("it runs"), Signal::INT).expect("it is told");
    let ended = tokio::time::timeout(Duration::from_secs(30), api.wait()).await;
    ended.expect("it ends").expect("it ended");
}

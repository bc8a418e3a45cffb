//! The whole system: the real functions, built by cargo, on everything around them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

use local::demo;
use local::log::Log;
use local::system::{Options, System};
use local::terminal::outlives_terminal;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

async fn start(options: Options) -> System {
    System::start(options).await.expect("it starts")
}

fn kept_in(directory: &Path) -> Options {
    Options {
        data_dir: Some(directory.to_owned()),
        ..Options::default()
    }
}

async fn status_of(system: &System, path: &str, token: &str) -> u16 {
    let http = prime_gaming::testing::net::client(None).expect("no extra certificate");
    let request = http
        .get(format!("{}{path}", system.base_url))
        .bearer_auth(token);
    request
        .send()
        .await
        .expect("the gateway answers")
        .status()
        .as_u16()
}

#[tokio::test]
async fn the_demo_is_played_and_no_log_line_holds_a_secret() {
    let (log, lines) = Log::memory();
    let system = start(Options {
        log,
        ..Options::default()
    })
    .await;
    let mut steps = 0;
    if let Err(failure) = demo::play(&system, |_| steps += 1).await {
        panic!("{failure}\n{}", lines.text());
    }
    assert_eq!(steps, 14);

    let written = lines.text();
    assert!(
        written.contains("GET /link/callback 200"),
        "the gateway writes: {written}"
    );
    let amazon = system.amazon.clone().expect("nothing else was given");
    let mut secrets = amazon.issued_secrets();
    secrets.push(
        system
            .player_token("demo-player", "Robin")
            .expect("it is ours to issue"),
    );
    for secret in secrets {
        assert!(!written.contains(&secret), "a secret was written");
    }
    system.stop().await;
}

#[tokio::test]
async fn a_data_directory_keeps_keys_and_offers() {
    let directory = tempfile::tempdir().expect("a directory");
    let system = start(kept_in(directory.path())).await;
    let token = system
        .player_token("player-1", "Robin")
        .expect("it is ours to issue");
    let skus = system.skus.clone();
    assert_eq!(skus.len(), 3);
    system.stop().await;

    let system = start(kept_in(directory.path())).await;
    assert_eq!(system.skus, skus);
    assert_eq!(status_of(&system, "/v1/link", &token).await, 200);
    assert_eq!(status_of(&system, "/v1/link", "other").await, 401);
    for file in ["secrets.json", "amazon.json", "dynamodb.sqlite"] {
        let kept = std::fs::metadata(directory.path().join(file)).expect(file);
        assert_eq!(kept.permissions().mode() & 0o777, 0o600, "{file}");
    }
    system.stop().await;
}

#[tokio::test]
async fn the_stand_in_allows_every_scope_of_login_with_amazon() {
    let scope = "games::prime profile profile:user_id postal_code";
    let system = start(Options {
        settings: [("LWA_SCOPE".to_owned(), scope.to_owned())].into(),
        ..Options::default()
    })
    .await;
    let played = demo::play(&system, |_| {}).await;
    played.unwrap_or_else(|failure| panic!("{failure}"));
    system.stop().await;
}

#[tokio::test]
async fn two_systems_do_not_share_a_data_directory() {
    let directory = tempfile::tempdir().expect("a directory");
    let system = start(kept_in(directory.path())).await;
    let second = System::start(kept_in(directory.path())).await;
    let error = second.expect_err("it is in use").to_string();
    let expected = format!(
        "another local system uses the data in {}; end it, or choose another folder with --data-dir",
        directory.path().display()
    );
    assert_eq!(error, expected);
    // The first one is as it was, and its end makes room.
    let token = system.player_token("player-1", "Robin").expect("ours");
    assert_eq!(status_of(&system, "/v1/link", &token).await, 200);
    system.stop().await;
    start(kept_in(directory.path())).await.stop().await;
}

#[tokio::test]
async fn the_built_admin_function_keeps_content_to_the_byte() {
    const OFFER: &str = r#"{"sku":"odd","title":"Odd","content":{ "z": 1.10, "a": [1e400, 18446744073709551616] },"per_player":1}"#;
    let directory = tempfile::tempdir().expect("a directory");
    let system = start(kept_in(directory.path())).await;
    let admin = system.function("admin").expect("it is in the template");
    let by = r#""actor": "qa", "reason": "a test""#;
    let put = format!(r#"{{"command": "offers.put", {by}, "offers": [{OFFER}]}}"#);
    let answer = admin.invoke_bytes(put.into()).await.expect("an answer");
    assert_eq!(answer, r#"{"ok":true,"stored":["odd"]}"#);
    let list = r#"{"command": "offers.list"}"#.into();
    let answer = admin.invoke_bytes(list).await.expect("an answer");
    let answer = String::from_utf8(answer.to_vec()).expect("text");
    assert!(answer.contains(OFFER), "{answer}");
    system.stop().await;

    // The local system reads the list at its start, and keeps no number to the digit.
    let system = start(kept_in(directory.path())).await;
    assert!(system.skus.contains(&"odd".to_owned()));
    system.stop().await;
}

#[tokio::test]
async fn every_line_of_each_function_has_a_trace_id() {
    let (log, lines) = Log::memory();
    let system = start(Options {
        log,
        schedules: false,
        ..Options::default()
    })
    .await;
    assert_eq!(status_of(&system, "/v1/link", "other").await, 401);
    let reconcile = system.function("reconcile").expect("in the template");
    let run = reconcile.invoke(&serde_json::json!({})).await;
    run.expect("an answer");
    system.stop().await;
    let written = lines.text();
    for event in ["request", "reconciled", "command_done"] {
        let has_event = format!("\"event\":\"{event}\"");
        let mut found = written.lines().filter(|line| line.contains(&has_event));
        let line = found.next().unwrap_or_else(|| panic!("no {event}"));
        assert!(line.contains("\"trace_id\":\"1-"), "{line}");
    }
}

#[tokio::test]
async fn given_settings_win() {
    let database = local::dynamo::Embedded::start(local::dynamo::Storage::Memory).await;
    let database = database.expect("it starts");
    let other = "http://127.0.0.1:9/other";
    let settings = [
        ("AWS_ENDPOINT_URL_DYNAMODB", database.endpoint.as_str()),
        ("LINKS_TABLE", "given-links"),
        ("LWA_AUTHORIZE_URL", other),
        ("LWA_TOKEN_URL", other),
        ("LWA_TOKENINFO_URL", other),
        ("LWA_PROFILE_URL", other),
        ("LWA_CODEPAIR_URL", other),
        ("PRIME_GAMING_ENTITLEMENTS_URL", other),
        ("PRIME_GAMING_FULFILL_URL", other),
    ];
    let settings: BTreeMap<_, _> = settings
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let system = start(Options {
        settings,
        ..Options::default()
    })
    .await;
    assert!(system.amazon.is_none());
    assert_eq!(system.dynamodb_endpoint(), database.endpoint);
    let tables = database
        .client()
        .list_tables()
        .send()
        .await
        .expect("it answers");
    assert!(tables.table_names().contains(&"given-links".to_owned()));
    let token = system
        .player_token("player-1", "Robin")
        .expect("it is ours to issue");
    assert_eq!(status_of(&system, "/v1/link", &token).await, 200);
    system.stop().await;
}

/// A function opens connections when it starts, for its first request. None of them goes to the
/// studio: its backend may be down, and its key set is fetched when a token needs it.
#[tokio::test]
async fn functions_that_start_open_connections_to_amazon_alone() {
    let hosts = [
        "LWA_AUTHORIZE_URL",
        "LWA_TOKEN_URL",
        "LWA_TOKENINFO_URL",
        "LWA_PROFILE_URL",
        "LWA_CODEPAIR_URL",
        "PRIME_GAMING_ENTITLEMENTS_URL",
        "PRIME_GAMING_FULFILL_URL",
        "DELIVERY_WEBHOOK_URL",
        "PLAYER_JWKS_URL",
    ];
    let hosts = hosts.map(|name| {
        let host = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        host.set_nonblocking(true).expect("it need not wait");
        (name, host)
    });
    let urls = hosts.iter().map(|(name, host)| {
        let address = host.local_addr().expect("an address");
        ((*name).to_owned(), format!("http://{address}/"))
    });
    let mut settings: BTreeMap<_, _> = urls.collect();
    settings.insert("DELIVERY".to_owned(), "webhook".to_owned());
    let system = start(Options {
        settings,
        schedules: false,
        ..Options::default()
    })
    .await;
    // The test accepted no connection, so each still waits.
    let opened = hosts.iter().filter(|(_, host)| host.accept().is_ok());
    let opened: BTreeSet<_> = opened.map(|(name, _)| *name).collect();
    assert_eq!(
        opened,
        BTreeSet::from(["LWA_TOKEN_URL", "PRIME_GAMING_ENTITLEMENTS_URL"])
    );
    system.stop().await;
}

#[tokio::test]
async fn what_is_wrong_with_the_settings_is_said_at_the_start() {
    let settings = [("CHECK_MIN_INTERVAL_SECONDS".to_owned(), "soon".to_owned())].into();
    let error = System::start(Options {
        settings,
        ..Options::default()
    })
    .await;
    let error = error.expect_err("it can't start").to_string();
    assert!(
        error.contains("can't start") && error.contains("CHECK_MIN_INTERVAL_SECONDS"),
        "{error}"
    );
}

/// The program with the functions that the tests have built, which are beside it.
async fn program() -> Command {
    start(Options::default()).await.stop().await;
    let program = Path::new(env!("CARGO_BIN_EXE_local"));
    let mut command = Command::new(program);
    command
        .arg("--binaries")
        .arg(program.parent().expect("a folder"))
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

#[tokio::test]
async fn an_output_that_can_not_be_written_is_no_success() {
    let full = std::fs::File::options().write(true).open("/dev/full");
    let Ok(full) = full else { return };
    let mut demo = program().await;
    let demo = demo.arg("demo").stdout(full).stderr(Stdio::piped()).spawn();
    let output = demo.expect("it runs").wait_with_output().await;
    let output = output.expect("it ends");
    assert_eq!(output.status.code(), Some(1));
    let wrote = String::from_utf8_lossy(&output.stderr);
    let said = "local: the standard output could not be written\n";
    assert!(wrote.ends_with(said), "{wrote}");
}

#[tokio::test]
async fn a_system_whose_terminal_is_closed_leaves_no_secret_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut desk = program().await;
    desk.args(["support", "--local"])
        .env("TMPDIR", folder.path());
    let mut desk = desk.stdout(Stdio::piped()).spawn().expect("it runs");
    let output = desk.stdout.take().expect("a pipe");
    let first = BufReader::new(output).lines().next_line().await;
    let first = first.expect("it is read").expect("a line");
    assert!(first.starts_with("Open http://"), "{first}");
    let files = || std::fs::read_dir(folder.path()).expect("a folder").count();
    assert_ne!(files(), 0);
    let id = desk.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    // Under `nohup` the tests ignore the closed terminal, and so does what they start.
    let closed = if outlives_terminal() {
        Signal::TERM
    } else {
        Signal::HUP
    };
    kill_process(id.expect("it runs"), closed).expect("it is ours");
    let status = desk.wait().await.expect("it ends");
    assert_eq!((status.code(), files()), (Some(0), 0));
}

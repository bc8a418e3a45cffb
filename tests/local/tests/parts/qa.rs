//! The walk through Amazon's tests before launch, by itself on the local system.

use local::Error;
use local::log::Log;
use local::qa::{self, Account, Api, Pace, Report, Script, Tester};
use local::system::{Options, System};
use rustix::process::{Pid, Signal, kill_process};
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;
use url::Url;

async fn start(log: Log) -> System {
    start_with(log, &[]).await
}

async fn start_with(log: Log, settings: &[(&str, &str)]) -> System {
    // The walk waits until a check asks Amazon again.
    let always = ("CHECK_MIN_INTERVAL_SECONDS", "0");
    let settings = settings.iter().chain([&always]);
    let settings = settings.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    System::start(Options {
        settings: settings.collect(),
        log,
        ..Options::default()
    })
    .await
    .expect("it starts")
}

#[tokio::test]
async fn the_walk_passes_on_every_platform_and_its_report_has_no_token() {
    let (log, lines) = Log::memory();
    let system = start(log).await;
    let platforms = ["pc", "console"].map(str::to_owned);
    let mut steps = 0;
    let mut report = Report::new(&system.base_url);
    let walked = qa::by_itself(&system, &platforms, &mut report, |_| steps += 1).await;
    walked.expect("the walk is made");
    let text = report.markdown();
    assert!(report.is_passed(), "{text}\n{}", lines.text());
    assert_eq!((steps, report.steps.len()), (14, 14));
    assert!(report.steps.iter().all(|step| !step.requests.is_empty()));
    for heading in ["\n## pc\n", "\n## console\n", "Result: passed"] {
        assert!(text.contains(heading), "{text}");
    }
    let amazon = system.amazon.clone().expect("nothing else was given");
    let mut secrets = amazon.issued_secrets();
    secrets.push(system.player_token("qa-pc", "Robin").expect("a token"));
    for secret in secrets {
        assert!(!text.contains(&secret), "a secret is in the report");
    }
    assert_eq!(amazon.violations(), [""; 0]);
    system.stop().await;
}

#[tokio::test]
async fn the_walk_passes_where_the_webhook_delivers_to_the_local_systems_own_backend() {
    let (log, lines) = Log::memory();
    let system = start_with(log, &[("DELIVERY", "webhook")]).await;
    let mut report = Report::new(&system.base_url);
    let walked = qa::by_itself(&system, &["pc".to_owned()], &mut report, |_| {}).await;
    walked.expect("the walk is made");
    assert!(
        report.is_passed(),
        "{}\n{}",
        report.markdown(),
        lines.text()
    );
    // The demo's game confirms by itself, and the demo says so.
    let demo = local::demo::play(&system, |_| {}).await;
    let failure = demo.expect_err("the webhook delivers").to_string();
    assert!(
        failure.starts_with("the setting DELIVERY\n  expected: confirm"),
        "{failure}"
    );
    system.stop().await;
}

/// Does everything, but the content does not work.
struct Unhappy(Script);

impl Tester for Unhappy {
    async fn link(&mut self, start: &Url, account: Account) -> Result<(), Error> {
        self.0.link(start, account).await
    }

    async fn claim(&mut self, account: Account) -> Result<(), Error> {
        self.0.claim(account).await
    }

    async fn use_content(&mut self, _: &str) -> Result<(), Error> {
        Err("the hat is invisible".into())
    }
}

#[tokio::test]
async fn the_first_step_that_fails_ends_the_walk_and_is_in_the_report() {
    let system = start(Log::none()).await;
    let amazon = system.amazon.clone().expect("nothing else was given");
    let amazon = Url::parse(&amazon.base_url()).expect("an address");
    let token = system.player_token("p1", "Robin").expect("a token");
    let api = Url::parse(&system.base_url).expect("an address");
    let mut tester = Unhappy(Script::new(amazon, "p1", &system.skus[0]));
    let mut report = Report::new(&system.base_url);
    let pace = Pace {
        patience: Duration::from_secs(60),
        between: Duration::from_millis(200),
    };
    let player = Api::new(api.clone(), token);
    qa::walk("pc", player, &mut tester, pace, &mut report, |_| {}).await;
    assert!(!report.is_passed());
    assert_eq!(report.steps.len(), 3);
    assert!(
        report
            .markdown()
            .contains("**failed**: the hat is invisible")
    );

    // A token that is not good is said at the first step, without the token.
    let mut report = Report::new(&system.base_url);
    let player = Api::new(api, "not-a-good-token".to_owned());
    qa::walk("pc", player, &mut tester, pace, &mut report, |_| {}).await;
    let text = report.markdown();
    assert_eq!(report.steps.len(), 1);
    assert!(
        text.contains("401") && text.contains("invalid_token"),
        "{text}"
    );
    assert!(!text.contains("not-a-good-token"), "{text}");
    system.stop().await;
}

/// `local qa`, with a report in this folder.
fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
    command
        .arg("qa")
        .args(arguments)
        .current_dir(folder)
        .env("QA_TOKEN", "a-token")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

fn said(output: &Output) -> String {
    let both = [&output.stdout, &output.stderr].map(|it| String::from_utf8_lossy(it));
    both.concat()
}

#[tokio::test]
async fn what_is_wrong_with_the_arguments_is_said_before_the_walk() {
    const API: [&str; 2] = ["--api", "http://127.0.0.1:1"];
    let folder = tempfile::tempdir().expect("a folder");
    for (arguments, expected) in [
        (
            ["--wait", "18446744073709551615"].as_slice(),
            "is not in 0..=1440",
        ),
        (&["--platform", ""], "a value is required"),
        (
            &["--platform", "pc", "--platform", "pc"],
            "--platform pc is given twice",
        ),
        (
            &["--report", "missing/report.md"],
            "missing/report.md: No such file",
        ),
    ] {
        let arguments = [API.as_slice(), arguments].concat();
        let output = program(folder.path(), &arguments).output().await;
        let output = output.expect("it runs");
        let said = said(&output);
        assert!(
            !output.status.success() && said.contains(expected),
            "{said}"
        );
        assert!(!said.contains("FAILED"), "{said}");
    }
    let left = std::fs::read_dir(folder.path()).expect("a folder");
    assert_eq!(left.count(), 0);
}

#[tokio::test]
async fn the_report_has_the_cause_why_the_api_is_not_reached() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = program(folder.path(), &["--api", "http://127.0.0.1:1"]).output();
    let output = output.await.expect("it runs");
    let report = std::fs::read_to_string(folder.path().join("qa-report.md"));
    for text in [report.expect("it is written"), said(&output)] {
        assert!(text.contains("Connection refused"), "{text}");
    }
}

#[tokio::test]
async fn a_walk_that_the_tester_ends_has_a_report() {
    let system = start(Log::none()).await;
    let folder = tempfile::tempdir().expect("a folder");
    let token = system.player_token("p1", "Robin").expect("a token");
    let mut command = program(folder.path(), &["--api", &system.base_url]);
    let mut walk = command.env("QA_TOKEN", token).spawn().expect("it runs");
    let mut output = walk.stdout.take().expect("a pipe");
    let mut seen = String::new();
    while !seen.contains("press Enter") {
        let mut part = [0; 1024];
        let length = output.read(&mut part).await.expect("it goes on");
        assert_ne!(length, 0, "{seen}");
        seen += &String::from_utf8_lossy(&part[..length]);
    }
    let id = walk.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    kill_process(id.expect("it runs"), Signal::INT).expect("it is ours");
    // Its input is still open: nothing waits for the tester.
    let input = walk.stdin.take();
    let status = walk.wait().await.expect("it ends");
    assert_eq!(status.code(), Some(1));
    drop(input);
    let report = std::fs::read_to_string(folder.path().join("qa-report.md"));
    let report = report.expect("it is written");
    assert!(report.contains("\nResult: interrupted\n"), "{report}");
    system.stop().await;
}

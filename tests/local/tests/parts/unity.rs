//! The Unity example, `docs/examples/PrimeGaming.cs`: compiled with Mono against what it uses of
//! Unity (`tests/local/tests/unity`), and run as a game that talks to the local system.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use local::build::workspace;
use local::demo::{Browser, Form, Page, links};
use local::system::{Options, System};
use local::tools;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use url::Url;

/// Where Debian's package libnewtonsoft-json5.0-cil has it.
const NEWTONSOFT: &str = "/usr/lib/cli/Newtonsoft.Json-5.0/Newtonsoft.Json.dll";

/// Json.NET would read the string as a date, and write it in another way.
const CONTENT: &str = r#"{"from":"2026-01-31T10:30:00.120+01:00","gold":5}"#;

/// The example as a program; `None` where there is no Mono.
async fn build(folder: &Path) -> Option<PathBuf> {
    let (Some(compiler), Some(_)) = (tools::find("mcs"), tools::find("mono")) else {
        tools::skip("there is no Mono; `apt-get install mono-mcs mono-runtime` brings it");
        return None;
    };
    if !Path::new(NEWTONSOFT).is_file() {
        tools::skip("there is no Json.NET; `apt-get install libnewtonsoft-json5.0-cil` brings it");
        return None;
    }
    let program = folder.join("game.exe");
    let output = Command::new(compiler)
        .args(["-langversion:7.2", "-warnaserror"])
        .arg(format!("-reference:{NEWTONSOFT}"))
        .arg(format!("-out:{}", program.display()))
        .arg("docs/examples/PrimeGaming.cs")
        .arg("tests/local/tests/unity/UnityEngine.cs")
        .arg("tests/local/tests/unity/Game.cs")
        .current_dir(workspace())
        .output()
        .await
        .expect("the compiler starts");
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    Some(program)
}

/// The running game.
struct Game {
    _process: Child,
    commands: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Game {
    fn start(program: &Path, api: &str, token: &str) -> Self {
        let libraries = Path::new(NEWTONSOFT).parent().expect("a folder");
        let mut process = Command::new("mono")
            .arg(program)
            .env("MONO_PATH", libraries)
            .env("API", api)
            .env("PLAYER", token)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("mono starts");
        let output = process.stdout.take().expect("a pipe");
        Self {
            commands: process.stdin.take().expect("a pipe"),
            lines: BufReader::new(output).lines(),
            _process: process,
        }
    }

    /// What happens in the game after a command, until it is at rest.
    async fn does(&mut self, command: &str) -> Vec<String> {
        let command = format!("{command}\n");
        let sent = self.commands.write_all(command.as_bytes()).await;
        sent.expect("the game listens");
        let mut happened = Vec::new();
        loop {
            let line = self.lines.next_line().await.expect("text");
            match line.unwrap_or_else(|| panic!("the game ended after {command}{happened:?}")) {
                done if done == "done" => return happened,
                line => happened.push(line),
            }
        }
    }
}

/// The player in a browser: what each page asks, until one has nothing more to ask.
async fn walk(browser: &mut Browser, start: &str, decision: &str) -> Page {
    let mut page = open(browser, &Url::parse(start).expect("an address")).await;
    while let Some(mut form) = Form::all(&page.text).into_iter().next() {
        form.fill("account", "robin");
        form.press("decision", decision);
        let sent = browser.submit(&page, &form).await.expect("an answer");
        page = follow(browser, sent).await;
    }
    page
}

async fn open(browser: &mut Browser, url: &Url) -> Page {
    let page = browser.open(url).await.expect("an answer");
    follow(browser, page).await
}

async fn follow(browser: &mut Browser, mut page: Page) -> Page {
    while let Some(to) = page.location.clone() {
        page = browser.open(&to).await.expect("an answer");
    }
    page
}

/// The address of the app on a page that leads back into it.
fn back_to_the_app(page: &Page) -> String {
    let mut links = links(&page.text).into_iter();
    let to = links.find(|to| to.starts_with("mygame:"));
    to.expect("an address")
}

async fn started() -> System {
    let settings = [
        ("LINK_RETURN_ORIGINS", "mygame:"),
        ("CHECK_MIN_INTERVAL_SECONDS", "0"),
    ];
    let system = System::start(Options {
        settings: settings
            .map(|(name, value)| (name.into(), value.into()))
            .into(),
        schedules: false,
        ..Options::default()
    });
    let system = system.await.expect("it starts");
    let offer = format!(
        r#"{{"command":"offers.put","offers":[{{"sku":"dated","title":"Dated","per_player":null,"content":{CONTENT}}}]}}"#
    );
    let offer = serde_json::from_str(&offer).expect("JSON");
    let admin = system.function("admin").expect("a function");
    let put = admin.invoke(&offer).await.expect("an answer");
    assert_eq!(put["ok"], json!(true), "{put}");
    system
}

#[tokio::test]
async fn the_unity_example_links_grants_confirms_and_hears_each_deep_link_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(program) = build(folder.path()).await else {
        return;
    };
    let system = started().await;
    let amazon = system.amazon.as_ref().expect("the stand-in");
    let token = system.player_token("player-1", "Robin").expect("a token");
    let mut game = Game::start(&program, &system.base_url, &token);
    assert_eq!(game.does("scene").await, ["link unlinked"]);

    // Refused: the way back into the game says so, once, and a reload of the scene not again.
    let mut browser = Browser::new(prime_gaming::testing::net::client(None).expect("a client"));
    let [opened] = <[String; 1]>::try_from(game.does("link").await).expect("one line");
    let start = opened.strip_prefix("browser ").expect("an address");
    let page = walk(&mut browser, start, "cancel").await;
    let refused = back_to_the_app(&page);
    let heard = game.does(&format!("deep-link {refused}")).await;
    assert_eq!(heard, ["failed access_denied", "link unlinked"]);
    for _ in 0..2 {
        assert_eq!(game.does("scene").await, ["link unlinked"]);
        assert_eq!(game.does("listeners").await, ["listeners 1"]);
    }

    // Linked: everything is granted, more than one answer holds, with the content as the offer has it.
    let [opened] = <[String; 1]>::try_from(game.does("link").await).expect("one line");
    let start = opened.strip_prefix("browser ").expect("an address");
    let page = walk(&mut browser, start, "allow").await;
    let ids: Vec<_> = (0..51).map(|_| amazon.claim("robin", "dated")).collect();
    let heard = game
        .does(&format!("deep-link {}", back_to_the_app(&page)))
        .await;
    let mut granted: Vec<_> = heard
        .iter()
        .filter(|line| line.starts_with("grant "))
        .collect();
    granted.sort();
    let mut wanted: Vec<_> = ids
        .iter()
        .map(|id| format!("grant {id} {CONTENT}"))
        .collect();
    wanted.sort();
    assert_eq!(granted, wanted.iter().collect::<Vec<_>>(), "{heard:?}");
    assert_eq!(amazon.fulfilled().len(), ids.len());
    assert_eq!(game.does("focus").await, ["link linked"]);

    // A deep link opens the game: heard at its start, and by no later scene.
    let mut game = Game::start(&program, &system.base_url, &token);
    assert_eq!(game.does(&format!("opened-by {refused}")).await, [""; 0]);
    assert_eq!(
        game.does("scene").await,
        ["failed access_denied", "link linked"]
    );
    assert_eq!(game.does("scene").await, ["link linked"]);
    // Another app's address is none of ours.
    assert_eq!(game.does("deep-link other://prime?error=x").await, [""; 0]);
    system.stop().await;
}

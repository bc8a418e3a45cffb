//! chromedriver: takes commands over HTTP and gives them to Chromium (W3C WebDriver).

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use local::{Error, tools};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// A browser may take long to start on a machine that is busy.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The port that is free for IPv4 must be free for IPv6 too, or chromedriver gives up.
const TRIES: u32 = 5;

/// What the machine lacks, and how it gets it.
const INSTALL: &str = "on Debian: apt-get install --no-install-recommends chromium chromium-driver";

/// The running chromedriver.
pub(crate) struct Driver {
    http: reqwest::Client,
    url: String,
    chromium: PathBuf,
    process: Child,
}

impl Driver {
    /// Starts it on a free port; `Err` inside where it is not installed, with what to do.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) async fn start() -> Result<Result<Self, String>, Error> {
        let [Some(chromium), Some(chromedriver)] = ["chromium", "chromedriver"].map(tools::find)
        else {
            return Ok(Err(format!(
                "there is no chromium, or no chromedriver; {INSTALL}"
            )));
        };
        let mut tries = 0;
        let (port, process) = loop {
            tries += 1;
            match listening(&chromedriver).await? {
                Some(listening) => break listening,
                None if tries == TRIES => return Err("chromedriver does not start".into()),
                None => {}
            }
        };
        Ok(Ok(Self {
            http: prime_gaming::testing::net::client(None)?,
            url: format!("http://127.0.0.1:{port}"),
            chromium,
            process,
        }))
    }

    /// A new browser, whose profile is in this directory.
    pub(crate) async fn session(&self, profile: &Path) -> Result<Session, Error> {
        let args = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            // Only this machine has names.
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
        ];
        let mut args = args.map(str::to_owned).to_vec();
        args.push(format!("--user-data-dir={}", profile.display()));
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": {
                "binary": self.chromium,
                "args": args,
                "prefs": { "intl.accept_languages": "en-GB,en" },
            },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        } } });
        let mut session = Session {
            http: self.http.clone(),
            url: format!("{}/session", self.url),
        };
        let made = session.send(Method::POST, "", Some(wanted)).await?;
        let id = made["sessionId"].as_str().ok_or("a session has an id")?;
        session.url = format!("{}/{id}", session.url);
        Ok(session)
    }

    pub(crate) async fn stop(mut self) {
        // If it has ended by itself, that is as good.
        let _ = self.process.kill().await;
    }
}

/// Starts chromedriver; `None` where it ends at once.
async fn listening(chromedriver: &Path) -> Result<Option<(u16, Child)>, Error> {
    let mut process = Command::new(chromedriver)
        .arg("--port=0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let output = process.stdout.take().ok_or("it has no output")?;
    let mut lines = BufReader::new(output).lines();
    while let Some(line) = lines.next_line().await? {
        let port = line.rsplit_once(" successfully on port ");
        let Some(port) = port.and_then(|(_, port)| port.trim_end_matches('.').parse().ok()) else {
            continue;
        };
        // A pipe without a reader fills up, and would stop the driver.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        return Ok(Some((port, process)));
    }
    Ok(None)
}

/// One browser, as chromedriver knows it.
pub(crate) struct Session {
    http: reqwest::Client,
    url: String,
}

impl Session {
    /// Gives a command; the answer is what the command asks for.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, Error> {
        let what = format!("{method} {path}");
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.timeout(TIMEOUT).send().await?;
        let failed = !answer.status().is_success();
        let mut answer: Value = answer.json().await?;
        let value = answer["value"].take();
        if failed {
            let message = value["message"].as_str().unwrap_or_default();
            let message = message.lines().next().unwrap_or_default();
            return Err(format!("{what}: {}: {message}", value["error"]).into());
        }
        Ok(value)
    }
}

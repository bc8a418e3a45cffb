//! The example of a studio's login page, `docs/examples/login_page.py`, as a process.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use crate::Error;
use crate::build::workspace;
use crate::demo::Account;
use crate::front::{Front, Leading};
use crate::system::System;

/// The account that the example knows.
pub const ACCOUNT: Account<'static> = Account {
    name: "robin",
    password: "open sesame",
    player: ("player-1", "Robin"),
};

/// The running example. It has a port of its own behind the address that browsers see: that
/// address has to be known before the system starts, and the example starts after it.
#[derive(Debug)]
pub struct Studio {
    process: Child,
    output: Vec<JoinHandle<String>>,
    _front: Leading,
}

impl Studio {
    /// Starts it behind `front`, as the game server of `system`; `None` where there is no Python.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start(front: Front, system: &System) -> Result<Option<Self>, Error> {
        let started = Command::new("python3")
            .arg(workspace().join("docs/examples/login_page.py"))
            .env("API", &system.base_url)
            .env("SERVER_TOKEN", system.server_token()?)
            .env("ORIGIN", &front.origin)
            .env("PORT", "0")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        let mut process = match started {
            Ok(process) => process,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("python3 does not start: {error}").into()),
        };
        let output = process.stdout.take().ok_or("it has no output")?;
        let errors = process.stderr.take().ok_or("it has no errors")?;
        let errors = tokio::spawn(all_of(errors));
        let mut lines = BufReader::new(output).lines();
        let first = lines.next_line().await?.unwrap_or_default();
        let port = first.rsplit(' ').next().and_then(|port| port.parse().ok());
        let Some(port) = port else {
            process.kill().await?;
            return Err(format!("no port in {first:?}\n{}", errors.await?).into());
        };
        Ok(Some(Self {
            output: vec![tokio::spawn(all_of(lines.into_inner())), errors],
            process,
            _front: front.lead_to(port),
        }))
    }

    /// Ends it; gives everything that it has written.
    ///
    /// # Errors
    /// When it can't be ended.
    pub async fn stop(mut self) -> Result<String, Error> {
        self.process.kill().await?;
        let mut written = String::new();
        for output in self.output {
            written += &output.await?;
        }
        Ok(written)
    }
}

async fn all_of(mut stream: impl AsyncRead + Unpin) -> String {
    let mut text = String::new();
    // What was read before the end is enough.
    let _ = stream.read_to_string(&mut text).await;
    text
}

//! The function `admin`, wherever it is.

use std::process::Stdio;

use serde::Serialize;
use serde_json::value::RawValue;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::runtime::Function;
use crate::{Error, tools};

/// The function that carries out the commands.
#[derive(Debug)]
pub enum Admin {
    /// Of the local system.
    Local(Function),
    /// Of a stack. The SAM CLI invokes it by the AWS SDK, with the operator's own credentials, profile
    /// and region, so this program never sees them.
    Stack {
        /// The stack's name.
        name: String,
        /// The SAM CLI.
        sam: std::path::PathBuf,
    },
}

impl Admin {
    /// That of a stack.
    ///
    /// # Errors
    /// If there is no SAM CLI.
    pub fn of_stack(name: &str) -> Result<Self, Error> {
        let sam = tools::find("sam").ok_or(
            "there is no SAM CLI, which invokes the function; see docs/deploying.md how to get it",
        )?;
        Ok(Self::Stack {
            name: name.to_owned(),
            sam,
        })
    }

    /// Where it is, for the page's heading.
    #[must_use]
    pub fn place(&self) -> String {
        match self {
            Self::Local(_) => "the local system".to_owned(),
            Self::Stack { name, .. } => format!("the stack {name}"),
        }
    }

    /// Carries out a command, and gives its answer as it came: parsed, an offer's content would change.
    ///
    /// # Errors
    /// If the function could not be invoked, or did not answer with JSON.
    pub async fn invoke(&self, command: &impl Serialize) -> Result<Box<RawValue>, Error> {
        let command = serde_json::to_vec(command)?;
        match self {
            Self::Local(function) => {
                let answer = function.invoke_bytes(command.into()).await?;
                Ok(serde_json::from_slice(&answer)?)
            }
            Self::Stack { name, sam } => {
                // The command goes over a pipe: a command line is seen by others.
                let mut child = Command::new(sam)
                    .args(["remote", "invoke", "AdminFunction", "--output", "text"])
                    // The alias: a canary's new version must not answer before its time.
                    .args(["--parameter", "Qualifier=live"])
                    .args(["--stack-name", name, "--event-file", "-"])
                    .env("SAM_CLI_TELEMETRY", "0")
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    .stderr(Stdio::piped())
                    .kill_on_drop(true)
                    .spawn()?;
                let mut input = child.stdin.take().ok_or("it takes no input")?;
                input.write_all(&command).await?;
                drop(input);
                let output = child.wait_with_output().await?;
                if !output.status.success() {
                    return Err(last_line(&output.stderr).into());
                }
                Ok(serde_json::from_slice(&output.stdout)?)
            }
        }
    }
}

/// The last line that is not empty: there the SAM CLI says what is wrong.
fn last_line(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let mut lines = text.lines().rev().map(str::trim);
    let line = lines.find(|line| !line.is_empty());
    line.unwrap_or("the SAM CLI failed and said nothing")
        .to_owned()
}

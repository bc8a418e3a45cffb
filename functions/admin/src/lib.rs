//! Commands of people with IAM permission, who invoke the function directly: support, QA, and
//! those who maintain the offers.
//!
//! `{"command": "…", …}` → `{"ok": true, …}` or `{"ok": false, "errors": [{"code", "detail"}]}`.
//! For Lambda the invocation always succeeds. The response names every fault of the command at once.
//!
//! The same program makes the checks before a roll-out, when CodeDeploy invokes it.

mod command;
mod commands;
mod fault;
mod form;
mod offers;
mod process;

use command::Command;
use fault::{Fault, refused};
use form::Form;
use prime_gaming::App;
use prime_gaming::app::{Deployment, StartError};
use serde_json::value::RawValue;

pub use process::{Admin, hook};

/// Carries out one command, and gives its answer.
pub async fn handle(app: &App, event: &RawValue) -> Box<RawValue> {
    match carry_out(app, event).await {
        Ok(answer) => answer,
        Err(faults) => refused(&faults),
    }
}

/// Answers one command while there is no usable secret, for this reason: only `doctor` is carried out.
pub async fn handle_without_secret(
    deployment: &Deployment,
    reason: &StartError,
    event: &RawValue,
) -> Box<RawValue> {
    let answer = match Form::read(event) {
        Ok(form) if form.command == Command::Doctor => commands::run_doctor(deployment, form).await,
        Ok(_) => Err(vec![Fault::not_ready(reason)]),
        Err(faults) => Err(faults),
    };
    answer.unwrap_or_else(|faults| refused(&faults))
}

async fn carry_out(app: &App, event: &RawValue) -> Result<Box<RawValue>, Vec<Fault>> {
    let form = Form::read(event)?;
    // Boxed, because the commands differ much in size.
    Box::pin(commands::carry_out(app, form)).await
}

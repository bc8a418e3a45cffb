//! Commands of people with IAM permission, who invoke the function directly: support, QA, and the
//! keepers of the offers.
//!
//! `{"command": "…", …}` → `{"ok": true, …}` or `{"ok": false, "errors": [{"code", "detail"}]}`.
//! For Lambda the invocation always succeeds. The response names every fault of the command at once.

mod commands;
mod fault;
mod form;
mod offers;

use fault::{Fault, refused};
use form::Form;
use prime_gaming::App;
use serde_json::value::RawValue;

/// Carries out one command, and gives its answer.
pub async fn handle(app: &App, event: &RawValue) -> Box<RawValue> {
    match carry_out(app, event).await {
        Ok(answer) => answer,
        Err(faults) => refused(&faults),
    }
}

async fn carry_out(app: &App, event: &RawValue) -> Result<Box<RawValue>, Vec<Fault>> {
    let form = Form::read(event, &commands::NAMES)?;
    // Boxed, because the commands differ much in size.
    Box::pin(commands::carry_out(app, form)).await
}

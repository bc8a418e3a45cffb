//! The parts of the local system, tried with a real function process and a real database.

use std::time::Duration;

use local::build::{Features, Profile, Target, cargo_build};
use local::runtime::Spec;

mod alarms;
mod console;
mod deployment;
mod documents;
mod dynamo;
mod events;
mod gateway;
mod login_page;
mod manifests;
mod markdown;
mod odd;
mod qa;
mod rollout;
mod runtime;
mod sam;
mod secret_use;
mod settings;
mod support;
mod system;
mod test_names;
mod unity;
mod verdicts;
mod without_secret;

/// The function that `examples/echo.rs` is.
async fn echo() -> Spec {
    let target = Target::Example {
        package: "local".to_owned(),
        name: "echo".to_owned(),
    };
    let built = cargo_build(&[target], Profile::own(), Features::Tests).await;
    // A machine that is busy with other tests must not make a call look overdue.
    Spec {
        timeout: Duration::from_secs(60),
        ..Spec::new("echo", &built.expect("the example builds")["echo"])
    }
}

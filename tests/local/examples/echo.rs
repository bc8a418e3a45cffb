//! A function that misbehaves on request: what the tests of the runtime and the gateway invoke.

use std::process::ExitCode;
use std::time::Duration;

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Error> {
    let setting = |name: &str| {
        std::env::vars()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    };
    if let Some(last_words) = setting("FAIL_INIT") {
        eprintln!("{last_words}");
        return Ok(ExitCode::from(3));
    }
    run(service_fn(handle)).await?;
    Ok(ExitCode::SUCCESS)
}

async fn handle(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let (payload, context) = event.into_parts();
    // A test invokes it with a command, the gateway with an event whose body is the command.
    let body = payload["body"]
        .as_str()
        .and_then(|body| serde_json::from_str(body).ok());
    let command = body.as_ref().unwrap_or(&payload);
    match command["do"].as_str() {
        Some("fail") => Err("it was asked to fail".into()),
        Some("stall") => {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            Ok(Value::Null)
        }
        Some("exit") => {
            println!("last words");
            std::process::exit(7)
        }
        Some("reply") => Ok(command["reply"].clone()),
        Some("huge") => Ok(Value::from("x".repeat(7 * 1024 * 1024))),
        _ => Ok(json!({
            "event": payload,
            "pid": std::process::id(),
            "request_id": context.request_id,
            "arn": context.invoked_function_arn,
            "deadline": context.deadline,
            "variables": std::env::vars().map(|(name, _)| name).collect::<Vec<_>>(),
        })),
    }
}

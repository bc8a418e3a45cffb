//! Functions as processes: answers, failures, time limits, several at once.

use std::time::Duration;

use local::log::Log;
use local::runtime::{Function, Instance, InvokeError, Spec};
use serde_json::{Value, json};

use crate::echo;

#[tokio::test]
async fn a_call_is_answered_and_the_process_is_used_again() {
    let function = Function::new(echo().await, Log::none());
    let first = function
        .invoke(&json!({ "a": "ü" }))
        .await
        .expect("it answers");
    let second = function
        .invoke(&json!({ "b": 2 }))
        .await
        .expect("it answers");
    assert_eq!(first["event"], json!({ "a": "ü" }));
    assert_eq!(
        first["arn"],
        "arn:aws:lambda:us-east-1:123456789012:function:echo"
    );
    assert_eq!(first["request_id"].as_str().map(str::len), Some(36));
    assert_ne!(first["request_id"], second["request_id"]);
    assert_eq!(first["pid"], second["pid"]);
    assert_eq!(function.started(), 1);
}

#[tokio::test]
async fn a_process_sees_only_its_own_variables() {
    let mut spec = echo().await;
    spec.env.insert("GIVEN".to_owned(), "yes".to_owned());
    let answer = Function::new(spec, Log::none())
        .invoke(&json!({}))
        .await
        .expect("it answers");
    let names: Vec<_> = answer["variables"]
        .as_array()
        .expect("a list")
        .iter()
        .collect();
    assert!(names.contains(&&json!("GIVEN")) && names.contains(&&json!("AWS_REGION")));
    // Cargo sets these for the test itself.
    assert!(!names.contains(&&json!("CARGO_MANIFEST_DIR")), "{names:?}");
}

#[tokio::test]
async fn an_error_is_told_and_the_process_lives_on() {
    let function = Function::new(echo().await, Log::none());
    let error = function
        .invoke(&json!({ "do": "fail" }))
        .await
        .expect_err("it was asked to");
    let InvokeError::Function { message, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(message, "it was asked to fail");
    function.invoke(&json!({})).await.expect("it answers");
    assert_eq!(function.started(), 1);
}

#[tokio::test]
async fn a_crash_is_told_with_its_last_words_and_the_process_is_replaced() {
    let (log, lines) = Log::memory();
    let function = Function::new(echo().await, log);
    let error = function
        .invoke(&json!({ "do": "exit" }))
        .await
        .expect_err("it ends");
    let InvokeError::Crashed { status, log, .. } = &error else {
        panic!("{error:?}")
    };
    assert!(status.contains('7'), "{status}");
    assert_eq!(log, &["last words"]);
    assert!(
        lines
            .all()
            .iter()
            .any(|line| line.source == "echo" && line.text == "last words")
    );
    assert_eq!(error.to_json()["errorType"], "Runtime.ExitError");
    function
        .invoke(&json!({}))
        .await
        .expect("another process answers");
    assert_eq!(function.started(), 2);
}

#[tokio::test]
async fn an_overdue_process_is_killed_and_replaced() {
    let limit = Duration::from_millis(300);
    let mut instance = Instance::start(
        &Spec {
            timeout: limit,
            ..echo().await
        },
        &Log::none(),
    )
    .await
    .expect("it starts");
    assert!(instance.pid().is_some() && instance.init_time() > Duration::ZERO);
    let stall = json!({ "do": "stall" }).to_string();
    let error = instance
        .invoke(stall.into())
        .await
        .expect_err("it is too slow");
    assert!(
        matches!(&error, InvokeError::TimedOut { after, .. } if *after == limit),
        "{error:?}"
    );
    let message = error.to_json()["errorMessage"].to_string();
    assert!(
        message.contains("Task timed out after 0.30 seconds"),
        "{message}"
    );
    assert!(!instance.is_alive());
}

/// Stalls, and is ended by `end` once it works.
async fn ended_by(end: impl AsyncFn(&Function)) -> InvokeError {
    let function = Function::new(echo().await, Log::none());
    function.warm().await.expect("it starts");
    let caller = function.clone();
    let call = tokio::spawn(async move { caller.invoke(&json!({ "do": "stall" })).await });
    while !call.is_finished() {
        end(&function).await;
        tokio::task::yield_now().await;
    }
    end(&function).await;
    function
        .invoke(&json!({}))
        .await
        .expect("another process answers");
    assert_eq!(function.started(), 2);
    call.await.expect("no panic").expect_err("it was ended")
}

#[tokio::test]
async fn a_working_process_can_be_killed_or_made_overdue() {
    let error = ended_by(Function::kill_running).await;
    let InvokeError::Crashed { status, .. } = &error else {
        panic!("{error:?}")
    };
    assert!(status.contains("SIGKILL"), "{status}");
    let error = ended_by(Function::time_out_running).await;
    assert!(matches!(error, InvokeError::TimedOut { .. }), "{error:?}");
}

#[tokio::test]
async fn a_process_that_can_not_start_is_reported_with_its_log() {
    let mut spec = echo().await;
    spec.env
        .insert("FAIL_INIT".to_owned(), "LINKS_TABLE is missing".to_owned());
    let error = Function::new(spec, Log::none())
        .warm()
        .await
        .expect_err("it can't start");
    let InvokeError::Init { reason, log } = &error else {
        panic!("{error:?}")
    };
    assert!(reason.contains("exit status: 3"), "{reason}");
    assert_eq!(log, &["LINKS_TABLE is missing"]);
    assert!(error.to_string().contains("\n  LINKS_TABLE is missing"));

    let spec = Spec::new("absent", "/nowhere/absent");
    let error = Function::new(spec, Log::none())
        .warm()
        .await
        .expect_err("there is no such file");
    assert!(error.to_string().contains("/nowhere/absent"), "{error}");
}

#[tokio::test]
async fn calls_at_the_same_time_get_processes_of_their_own_up_to_the_limit() {
    let function = Function::new(
        Spec {
            max_instances: 2,
            ..echo().await
        },
        Log::none(),
    );
    let calls: Vec<_> = (0..20)
        .map(|number| {
            let function = function.clone();
            tokio::spawn(async move { function.invoke(&json!({ "number": number })).await })
        })
        .collect();
    for (number, call) in calls.into_iter().enumerate() {
        let answer = call.await.expect("no panic").expect("it answers");
        assert_eq!(answer["event"], json!({ "number": number }));
    }
    assert!(
        (1..=2).contains(&function.started()),
        "{}",
        function.started()
    );
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    let function = Function::new(echo().await, Log::none());
    let payload = Value::from("x".repeat(local::runtime::MAX_PAYLOAD_BYTES));
    assert_eq!(function.invoke(&payload).await, Err(InvokeError::TooLarge));
    let error = function
        .invoke(&json!({ "do": "huge" }))
        .await
        .expect_err("it is too large");
    assert_eq!(
        error.to_json()["errorType"],
        "Function.ResponseSizeTooLarge"
    );
    function.invoke(&json!({})).await.expect("it answers");
}

#[tokio::test]
async fn an_invocation_goes_on_when_its_caller_is_gone() {
    let function = Function::new(echo().await, Log::none());
    function.warm().await.expect("it starts");
    let caller = function.clone();
    let call = tokio::spawn(async move { caller.invoke(&json!({})).await });
    tokio::task::yield_now().await;
    call.abort();
    // Whether or not the call got through, the process is neither lost nor confused.
    function.invoke(&json!({})).await.expect("it answers");
}

#[tokio::test]
async fn a_stopped_function_refuses_calls() {
    let function = Function::new(echo().await, Log::none());
    function.warm().await.expect("it starts");
    function.stop().await;
    assert_eq!(function.invoke(&json!({})).await, Err(InvokeError::Stopped));
}

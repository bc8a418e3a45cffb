//! Odd events through the Lambda Runtime API to the real binaries.

use local::log::Log;
use local::odd::{self, MARK};
use local::runtime::InvokeError;
use local::system::{Options, System};
use serde_json::Value;

#[tokio::test]
async fn odd_events_are_answered_and_no_log_line_holds_what_was_sent() {
    let (log, lines) = Log::memory();
    let options = Options {
        log,
        ..Options::default()
    };
    let system = System::start(options).await.expect("it starts");
    let token = system
        .player_token("player-1", "Robin")
        .expect("it is ours to issue");
    let events = odd::events(&token);
    assert!(events.len() >= 79, "{}", events.len());
    for binary in ["link", "entitlements", "fulfillments"] {
        let function = system.function(binary).expect("it is there");
        for event in &events {
            let answer = function.invoke_bytes(event.payload.clone().into()).await;
            let answer = answer.unwrap_or_else(|error| panic!("{}: {error}", event.name));
            let answer: Value = serde_json::from_slice(&answer).expect("JSON");
            let status = answer["statusCode"].as_u64().expect("a status");
            // The route is `link`'s: the others do not know it.
            let expected = if binary == "link" {
                event.status
            } else {
                Some(404)
            };
            let right = match expected {
                Some(expected) => status == u64::from(expected),
                None => status < 500,
            };
            assert!(right, "{}: {answer}", event.name);
            let id = answer["headers"]["x-request-id"].as_str();
            assert!(
                id.is_some_and(|id| !id.is_empty()),
                "{}: {answer}",
                event.name
            );
        }
        assert_eq!(function.started(), 1, "no event ended the process");
    }
    // What is no JSON at all never comes from a caller. It is the runtime's own error, and says
    // nothing of the text.
    let function = system.function("link").expect("it is there");
    for text in [
        format!("{{\"headers\": Bearer {token}"),
        format!("{token}{MARK}"),
    ] {
        let error = function
            .invoke_bytes(text.into())
            .await
            .expect_err("no JSON");
        let InvokeError::Function { message, .. } = &error else {
            panic!("{error:?}")
        };
        assert!(
            !message.contains(&token) && !message.contains(MARK),
            "{message}"
        );
    }
    system.stop().await;
    for line in lines.all() {
        let clean = !line.text.contains(&token) && !line.text.contains(MARK);
        assert!(clean, "{line:?}");
    }
}

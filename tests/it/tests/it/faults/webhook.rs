//! The studio's backend fails: what is not known is asked for again, and nothing is given twice.

use http::StatusCode;
use it::{Reply, World, status_of};

#[tokio::test]
async fn whatever_the_studio_does_to_a_connection_the_content_is_given_once() {
    let huge = "x".repeat(4 * 1024 * 1024);
    let with = |status, body: &str| Reply::Refuse(status, Vec::new(), body.to_owned());
    let refuse = |status| with(status, &huge);
    let reason = format!(r#"{{"refused": true, "reason": "{}"}}"#, "x".repeat(60_000));
    let too_long = format!(r#"{{"refused": true, "reason": "{huge}"}}"#);
    for (replies, expected) in [
        // The status says everything.
        (vec![Reply::Truncated(StatusCode::OK)], ""),
        (vec![Reply::Truncated(StatusCode::BAD_GATEWAY)], "pending"),
        (vec![refuse(StatusCode::OK)], ""),
        (vec![refuse(StatusCode::INTERNAL_SERVER_ERROR)], "pending"),
        // A refusal is one only when the whole of it says so.
        (vec![refuse(StatusCode::UNPROCESSABLE_ENTITY)], "pending"),
        (vec![Reply::Truncated(StatusCode::GONE)], "pending"),
        (vec![with(StatusCode::GONE, &too_long)], "pending"),
        (
            vec![with(StatusCode::UNPROCESSABLE_ENTITY, &reason)],
            "held delivery_refused",
        ),
    ] {
        let (world, studio) = World::with_studio(&[]).await;
        world.offer("hat").await;
        world.linked("p1", "alice").await;
        let id = world.amazon.claim("alice", "hat");
        studio.script(replies.clone());
        let answer = world.check("p1").await;
        let context = format!("{expected} {}", replies.len());
        assert_eq!(status_of(&answer, &id), expected, "{context}");
        world.pass(60);
        world.reconcile().await;
        let status = world.known_status("p1", &id).await;
        if expected.starts_with("held") {
            assert_eq!(status, expected, "{context}");
            let item = world.record_item("p1", &id).await;
            let kept = item["delivery_answer"].as_s().expect("text");
            assert_eq!(kept.len(), 500);
        } else {
            assert_eq!(status, "reported", "{context}");
        }
        let calls = studio.calls();
        assert!(calls.iter().all(|call| call.body == calls[0].body));
        assert!(calls.len() <= 3, "{context}");
        world.contract_is_kept();
    }
}

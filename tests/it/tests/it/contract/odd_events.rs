//! Odd events, to the handlers. The tests of `local` send the same to the binaries, and read their
//! logs.

use it::World;
use local::odd;

#[tokio::test]
async fn every_odd_event_is_answered() {
    let world = World::new().await;
    let events = odd::events(&world.player_token("p1"));
    assert!(events.len() >= 79, "{}", events.len());
    for event in events {
        let answer = world.handle_text("link", &event.payload).await;
        let status = answer.status.as_u16();
        let right = match event.status {
            Some(expected) => status == expected,
            None => status < 500,
        };
        assert!(right, "{}: {answer:?}", event.name);
        assert!(
            !answer.body.contains(odd::MARK),
            "{}: {answer:?}",
            event.name
        );
    }
}

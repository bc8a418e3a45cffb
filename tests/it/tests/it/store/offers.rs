//! What a process remembers of offers.

use it::World;
use prime_gaming::domain::Sku;

fn sku(text: &str) -> Sku {
    Sku::new(text).expect("a sku")
}

/// How many of these are found, and how many requests it took.
async fn look(world: &World, skus: &[Sku]) -> (usize, usize) {
    world.forget();
    let found = world.app.offers.get(skus, world.clock.now()).await;
    (
        found.expect("an answer").offers.len(),
        world.database.requests().len(),
    )
}

#[tokio::test]
async fn an_offer_that_is_there_is_kept_for_a_minute() {
    let world = World::new().await;
    world.offer("hat").await;
    assert_eq!(look(&world, &[sku("hat")]).await, (1, 1));
    world.pass(59);
    assert_eq!(look(&world, &[sku("hat")]).await, (1, 0));
    world.pass(1);
    assert_eq!(look(&world, &[sku("hat")]).await, (1, 1));
}

#[tokio::test]
async fn an_offer_that_is_not_there_is_never_remembered() {
    let world = World::new().await;
    for _ in 0..2 {
        assert_eq!(look(&world, &[sku("hat")]).await, (0, 1));
    }
    world.offer("hat").await;
    assert_eq!(look(&world, &[sku("hat")]).await, (1, 1));
}

#[tokio::test]
async fn many_are_read_in_one_request_and_each_once() {
    let world = World::new().await;
    world.offer("hat").await;
    world.offer("scarf").await;
    let skus = [sku("hat"), sku("scarf"), sku("hat"), sku("gone")];
    assert_eq!(look(&world, &skus).await, (2, 1));
    assert_eq!(look(&world, &skus[..3]).await, (2, 0));
}

#[tokio::test]
async fn more_than_dynamodb_takes_at_once_are_read_in_several_requests() {
    let world = World::new().await;
    world.offer("offer-100").await;
    let skus: Vec<_> = (0..101)
        .map(|number| sku(&format!("offer-{number}")))
        .collect();
    assert_eq!(look(&world, &skus).await, (1, 2));
}

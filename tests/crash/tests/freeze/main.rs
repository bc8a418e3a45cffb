//! The built functions after a freeze: their processes are stopped between two calls, and every
//! connection that they had open dies meanwhile. The first call after it succeeds within 3 s,
//! whatever the old connections do.

use std::time::{Duration, Instant};

use crash::{Idle, Outcome, Player, Wire, World};
use local::runtime::Function;
use serde_json::Value;

/// The limit of the contract.
const LIMIT: Duration = Duration::from_secs(3);

/// A sample offer that may be claimed as often as one likes.
const OFFER: &str = "monthly-boost";

/// So long after it was issued an access token has expired.
const EXPIRES_AFTER: Duration = Duration::from_secs(2 * 3600);

const FUNCTIONS: [&str; 4] = ["link", "entitlements", "fulfillments", "reconcile"];

/// Stops the functions' processes, lets every connection die, lets the processes go on, and does
/// `call`: at the least so many connections to DynamoDB and to Amazon must have died.
async fn after_a_freeze<T>(
    world: &World,
    how: Idle,
    name: &str,
    least: [usize; 2],
    call: impl Future<Output = Outcome<T>>,
) -> T {
    let each = |what: fn(&Function) -> std::io::Result<()>| {
        for function in FUNCTIONS {
            what(world.function(function)).expect("a process of ours");
        }
    };
    each(Function::freeze);
    let dead: Vec<_> = world.wires.iter().map(|wire| wire.die(how)).collect();
    each(Function::thaw);
    let began = Instant::now();
    let outcome = call.await;
    let took = began.elapsed();
    let met: Vec<_> = world.wires.iter().map(Wire::met).collect();
    println!("{how:?}, {name}: {took:?}; of {dead:?} dead connections {met:?} were used");
    let outcome = outcome.unwrap_or_else(|error| panic!("{how:?}, {name}, {took:?}: {error}"));
    assert!(dead[0] >= least[0] && dead[1] >= least[1], "{dead:?}");
    assert!(met[0] > 0, "{name} went over an old connection first");
    assert!(took < LIMIT, "{how:?}, {name}: {took:?}");
    outcome
}

/// The statuses of what the player was ever given.
async fn statuses(player: &Player<'_>) -> Vec<String> {
    let history = player.history().await.expect("a history");
    history.into_iter().map(|(_, status, _)| status).collect()
}

async fn linked<'w>(world: &'w World) -> Player<'w> {
    let mut player = Player::new(world);
    player.link().await.expect("a link");
    player
}

async fn fresh_check(player: &mut Player<'_>) -> Outcome<Vec<String>> {
    let check = player.check().await?.ok_or("no answer")?;
    if !check.fresh {
        return Err(format!("Amazon was not asked: {check:?}"));
    }
    Ok(check.pending())
}

/// A code is exchanged, and the account looked up.
async fn a_link_is_finished(world: &World, how: Idle) {
    linked(world).await;
    let mut player = Player::new(world);
    let back = player.consent().await.expect("back from Amazon");
    let page = after_a_freeze(world, how, "callback", [1, 2], player.open(&back)).await;
    assert_eq!(page.status, 200, "{}", page.describe());
    assert_eq!(player.link_status().await.expect("a status"), "linked");
}

/// A token is refreshed, and three entitlements are taken over.
async fn a_check_finds_what_is_new(world: &World, how: Idle) {
    let mut player = linked(world).await;
    for _ in 0..2 {
        world.pass(EXPIRES_AFTER).await.expect("it passes");
        fresh_check(&mut player).await.expect("a fresh check");
    }
    for sku in [OFFER; 3] {
        player.claim(sku);
    }
    world.pass(EXPIRES_AFTER).await.expect("it passes");
    let check = fresh_check(&mut player);
    let pending = after_a_freeze(world, how, "check", [1, 2], check).await;
    assert_eq!(pending.len(), 3);
}

/// Three reports at the same time left three open connections; three more are made.
async fn confirmations_are_reported(world: &World, how: Idle) {
    let mut players = Vec::new();
    for _ in 0..2 {
        let mut player = linked(world).await;
        for sku in [OFFER; 3] {
            player.claim(sku);
        }
        let pending = fresh_check(&mut player).await.expect("a fresh check");
        player.grant(&pending);
        players.push((player, pending));
    }
    let (mut player, pending) = players.remove(0);
    let again = player.confirm(&pending).await.expect("an answer");
    assert!(again.is_empty(), "{again:?}");
    let (mut player, pending) = players.remove(0);
    let confirm = player.confirm(&pending);
    let again = after_a_freeze(world, how, "confirmation", [3, 3], confirm).await;
    assert!(again.is_empty(), "{again:?}");
    assert_eq!(statuses(&player).await, ["reported"; 3]);
}

async fn every_call_succeeds(how: Idle) {
    let world = World::with_wires().await;
    a_link_is_finished(&world, how).await;
    a_check_finds_what_is_new(&world, how).await;
    confirmations_are_reported(&world, how).await;
    assert!(world.amazon.violations().is_empty());
    let reconciled = world.function("reconcile").invoke(&Value::Null).await;
    assert_eq!(reconciled.expect("an answer")["failed"], 0);
    world.stop().await;
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn connections_that_reset_cost_the_first_call_nothing() {
    every_call_succeeds(Idle::Resets).await;
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn connections_that_swallow_cost_the_first_call_less_than_3_s() {
    every_call_succeeds(Idle::Swallows).await;
}

//! One scenario, disturbed in every way at every request.

use std::fmt::Write as _;

use local::proxy::Mode;

use crate::{Outcome, Player, World, settle};

/// What is disturbed, and what the game and the player do before and after.
#[expect(
    async_fn_in_trait,
    reason = "the futures stay in the test that runs them"
)]
pub trait Scenario {
    /// What `prepare` hands to `act` and `recover`.
    type Ready<'w>;

    /// The binary of the function that is disturbed.
    fn function(&self) -> &'static str;

    /// So many requests an undisturbed invocation makes at least: what makes fewer does not do
    /// what the scenario is about.
    fn least(&self) -> usize;

    /// Everything up to the invocation.
    async fn prepare<'w>(&self, player: &mut Player<'w>) -> Outcome<Self::Ready<'w>>;

    /// The one invocation that is disturbed. Whether it is answered does not matter.
    async fn act<'w>(&self, player: &mut Player<'w>, ready: &mut Self::Ready<'w>) -> Outcome;

    /// What the game and the player do next, until every promise is seen to be kept.
    async fn recover<'w>(&self, player: &mut Player<'w>, _ready: Self::Ready<'w>) -> Outcome {
        settle(player).await
    }
}

/// The quick modes. Without `CRASH_SWEEP=full` they take turns, one at each request.
const USUAL: [Mode; 3] = [Mode::KilledBefore, Mode::KilledAfter, Mode::AnswerLost];

/// The modes of one pass over the requests of a scenario. At each request the next one has its turn.
type Pass = &'static [Mode];

/// The function of operators' commands.
const OPERATORS: &str = "admin";

/// The passes of this run over a scenario of `function`. Usually one, in which the quick modes take
/// turns; with `CRASH_SWEEP=full` one for each mode, so that each request meets every mode. For an
/// operator's command these are the quick modes: no player waits for it within a time limit, and
/// where it is timed out or cut off it leaves what a kill leaves there.
#[expect(
    clippy::disallowed_methods,
    reason = "a choice of who runs the tests, and no setting of the system"
)]
fn passes(function: &str) -> Vec<Pass> {
    match std::env::var("CRASH_SWEEP").as_deref() {
        Ok("full") if function == OPERATORS => USUAL.chunks(1).collect(),
        Ok("full") => Mode::ALL.chunks(1).collect(),
        _ => vec![&USUAL],
    }
}

/// Runs `scenario` in every pass of this run, and in each pass disturbs every request that there is.
///
/// # Panics
/// When a promise is broken, with every place where that happened; or when there are fewer
/// requests to disturb than the scenario says.
pub async fn sweep<S: Scenario>(world: &World, scenario: S) {
    let passes = passes(scenario.function());
    run(world, &scenario, passes, None).await;
}

/// The same in a [`World`] of two versions, which serve the invocations in turn: once with this
/// version as the one that is disturbed, and once with the other. The quick modes take turns.
///
/// # Panics
/// As [`sweep`].
pub async fn sweep_beside<S: Scenario>(world: &World, scenario: S) {
    for is_other in [false, true] {
        run(world, &scenario, vec![&USUAL], Some(is_other)).await;
    }
}

/// `is_other` says which of two versions is disturbed.
async fn run<S: Scenario>(world: &World, scenario: &S, passes: Vec<Pass>, is_other: Option<bool>) {
    let of = match is_other {
        Some(true) => " of the other version",
        _ => "",
    };
    let mut failures = String::new();
    for pass in passes {
        let mut disturbed = 0;
        for (at, &mode) in (1..).zip(pass.iter().cycle()) {
            world.clear_lines();
            let (requests, outcome) = point(world, scenario, (mode, at), is_other).await;
            if let Err(broken) = outcome {
                let request = requests.get(at - 1).map_or("nothing", String::as_str);
                let lines = world.last_lines();
                let _ = write!(
                    failures,
                    "\n{mode:?} at request {at}, {request}{of}: {broken}\n{lines}"
                );
            }
            // There was no request of this number: every one has had its turn.
            if requests.len() < at {
                disturbed = at - 1;
                break;
            }
        }
        // Another version may need fewer requests.
        let least = match is_other {
            Some(true) => 1,
            _ => scenario.least(),
        };
        assert!(
            disturbed >= least,
            "{pass:?}: only {disturbed} requests{of}, not {least}{failures}"
        );
    }
    assert!(failures.is_empty(), "{failures}");
}

/// One player's story, disturbed at one request. Gives the requests, and what was broken.
async fn point<S: Scenario>(
    world: &World,
    scenario: &S,
    hit: (Mode, usize),
    is_other: Option<bool>,
) -> (Vec<String>, Outcome) {
    let mut player = Player::new(world);
    let mut disturbed = Disturbed::default();
    let outcome = story(&mut player, scenario, hit, is_other, &mut disturbed).await;
    let mut broken: Vec<String> = outcome.err().into_iter().collect();
    broken.extend(world.journal.take_breaches());
    broken.extend(breaches_of_contract(world, &disturbed));
    broken.extend(world.rows.forget().await.err());
    let outcome = if broken.is_empty() {
        Ok(())
    } else {
        Err(broken.join("; "))
    };
    (disturbed.requests, outcome)
}

/// What became of the disturbed invocation.
#[derive(Default)]
struct Disturbed {
    requests: Vec<String>,
    /// It stored no new tokens.
    kept_tokens: bool,
}

async fn story<S: Scenario>(
    player: &mut Player<'_>,
    scenario: &S,
    (mode, at): (Mode, usize),
    is_other: Option<bool>,
    disturbed: &mut Disturbed,
) -> Outcome {
    let world = player.world;
    let mut ready = scenario.prepare(player).await?;
    let tokens = world.rows.tokens(&player.id).await?;
    let function = world.function(scenario.function());
    if let Some(is_other) = is_other {
        function.give_turn(is_other);
    }
    // A process that starts opens connections; those are not what is counted.
    function.warm().await.map_err(|error| error.to_string())?;
    world.gate.arm(function, mode, at);
    let acted = scenario.act(player, &mut ready).await;
    disturbed.requests = world.gate.disarm().await;
    acted?;
    disturbed.kept_tokens = world.rows.tokens(&player.id).await? == tokens;
    scenario.recover(player, ready).await
}

/// Where Amazon was spoken to against its contract. Using a refresh token again is no breach, and
/// all that can be done, where its successor was not stored: the crash came between the two.
fn breaches_of_contract(world: &World, disturbed: &Disturbed) -> Vec<String> {
    let mut violations = world.amazon.violations();
    let is_second_use = |violation: &String| violation.contains("used after its successor");
    if disturbed.kept_tokens
        && let Some(first) = violations.iter().position(is_second_use)
    {
        violations.remove(first);
    }
    world.amazon.reset_violations();
    world.amazon.clear_faults();
    world.amazon.reset_calls();
    violations
}

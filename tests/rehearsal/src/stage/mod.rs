//! Outages, played on the local system with a shifted clock.
//!
//! A rehearsal is an hour or two of a campaign: players come by a seeded schedule, link, claim, play;
//! `reconcile` runs every minute; and after a healthy while an outage begins, which lasts to the end.
//! The handlers, their log lines, the database requests and the calls to Amazon are real (see the crate
//! `it`). What is simpler than in a deployment:
//!
//! - The clock stands still while a request is served, and jumps to the next thing that happens. So
//!   every request takes no time, and requests never overlap.
//! - What API Gateway and Lambda count, the stage counts itself: a request and its status, an
//!   invocation and its end. A crash is an invocation that never reaches the handler, and a time-out
//!   looks the same. The outages between players and functions meet every third request.
//! - One process serves everything, so what processes cache is the same for all. Where a line needs a
//!   process without a cache, the process is replaced when the outage begins.
//! - Silence is a connection that is closed at once, because the service treats both in the same way:
//!   it does not know the outcome, and tries later. Waiting for time limits would cost real time.
//! - LWA answers 500 where it is down: after a closed connection or 502, 503 and 504 the service asks
//!   again for up to 15 s of real time before it gives up with the same result.
//! - Where a line is not about linking, players are linked by their rows, and no link is logged.
//! - The jitter of the pauses between tries is always a half, so that the minutes are the same in every
//!   run. The hour begins with the rehearsal, so that periods of CloudWatch begin at the same times.
//! - Log lines reach CloudWatch at once. In a deployment they take some seconds more.
//! - An outage lasts some minutes beyond the last alarm that has to ring. What would ring later still is
//!   not seen.

mod agenda;
mod chance;
mod crowd;
mod gate;
mod keys;
mod lines;
mod log;
mod players;
mod reconcile;
mod trouble;

use std::sync::Arc;
use std::time::Duration;

use it::{LinkedRows, Studio, World};
use prime_gaming::Jitter;
use prime_gaming::domain::Timestamp;

use agenda::Agenda;
use chance::Chance;
pub use crowd::Crowd;
use crowd::{Delivery, Habit, Links};
use gate::Gate;
pub use gate::{Invocation, Request};
use keys::AccountSystem;
pub use lines::{Line, PICTURED, lines};
pub use log::LogLine;
use log::Tape;
use players::{Act, Player, SKU};
use reconcile::Reconcile;
pub use trouble::Trouble;

/// The name of the stack that is rehearsed.
pub const STACK: &str = "rehearsal";

/// Where the clock of a rehearsal starts is a multiple of this.
const HOUR_MS: i64 = 3_600_000;

/// How long the pauses between tries are, of what they may be.
const JITTER: f64 = 0.5;

/// `reconcile` runs for so many minutes before the outage: no alarm looks back for longer at it.
const LOOK_BACK: u64 = 30;

/// Players come at most so many seconds after they are expected.
const SPREAD: u64 = 300;

/// `reconcile` runs so many seconds after each full minute.
const RECONCILE_AT: u64 = 20;

/// What is played.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// What goes wrong.
    pub trouble: Trouble,
    /// Who comes.
    pub crowd: Crowd,
    /// Minutes before the outage begins.
    pub healthy: u64,
    /// Minutes from then to the end.
    pub lasts: u64,
}

/// What was logged and counted.
#[derive(Debug)]
pub struct Recording {
    /// When the first player came.
    pub began: Timestamp,
    /// From when on `reconcile` ran, and the alarms are worth a look.
    pub watched: Timestamp,
    /// When the outage began.
    pub outage: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// The log lines, in order.
    pub lines: Vec<LogLine>,
    /// What the gateway has answered, in order.
    pub requests: Vec<Request>,
    /// The invocations, in order.
    pub invocations: Vec<Invocation>,
}

/// What happens next.
#[derive(Debug)]
enum Event {
    Player(Act),
    Reconcile,
    Outage,
}

/// A rehearsal while it is played.
struct Stage {
    world: World,
    studio: Option<Studio>,
    accounts: Option<AccountSystem>,
    rows: Option<LinkedRows>,
    gate: Arc<Gate>,
    agenda: Agenda<Event>,
    chance: Chance,
    crowd: Crowd,
    players: Vec<Player>,
    /// What players claim from now on.
    claimed: &'static str,
    /// The instruction of what they claim, where it is not `FULFILL`.
    instruction: Option<&'static str>,
    nobody_returns: bool,
    nobody_confirms: bool,
    confirming_crashes: bool,
    reconcile: Reconcile,
}

/// Plays `plan`.
///
/// # Panics
/// If the local system does not start or work: a test has no better answer.
pub async fn play(plan: &Plan) -> Recording {
    let mut stage = Stage::new(plan).await;
    let clock = stage.world.clock.clone();
    let tape = Tape::start(move || clock.now());
    let began = stage.world.clock.now();
    let outage = began + Duration::from_secs(60 * plan.healthy);
    let ended = outage + Duration::from_secs(60 * plan.lasts);
    stage.fill_agenda(plan);
    while let Some((at, event)) = stage.agenda.next(ended) {
        stage.go_to(at);
        match event {
            Event::Player(act) => Box::pin(stage.play(act)).await,
            Event::Reconcile => stage.run_reconcile().await,
            Event::Outage => stage.begin(plan.trouble).await,
        }
    }
    stage.go_to(ended);
    Recording {
        began,
        watched: began + Duration::from_secs(60 * plan.healthy.saturating_sub(LOOK_BACK)),
        outage,
        ended,
        lines: tape.lines(),
        requests: stage.gate.requests(),
        invocations: stage.gate.invocations(),
    }
}

impl Stage {
    async fn new(plan: &Plan) -> Self {
        let accounts = if plan.trouble.needs_key_set() {
            Some(AccountSystem::start().await)
        } else {
            None
        };
        let mut settings = vec![("STACK_NAME", STACK)];
        if let Some(accounts) = &accounts {
            settings.push(("PLAYER_JWKS_URL", accounts.url.as_str()));
        }
        let (mut world, studio) = match plan.crowd.delivery {
            Delivery::Webhook => {
                let (world, studio) = World::with_studio(&settings).await;
                (world, Some(studio))
            }
            Delivery::Confirm => (World::with(&settings).await, None),
        };
        world.app.jitter = Jitter::fixed(JITTER);
        let now = world.clock.now().as_millis();
        let start = Timestamp::from_millis((now / HOUR_MS + 1) * HOUR_MS);
        world.offer(SKU).await;
        let mut stage = Self {
            gate: Arc::new(Gate::new(world.clock.clone())),
            world,
            studio,
            accounts,
            rows: None,
            agenda: Agenda::new(),
            chance: Chance::new(1),
            crowd: plan.crowd,
            players: Vec::new(),
            claimed: SKU,
            instruction: None,
            nobody_returns: false,
            nobody_confirms: false,
            confirming_crashes: false,
            reconcile: Reconcile::Runs,
        };
        stage.go_to(start);
        if plan.crowd.links != Links::Browser {
            let token = |player: &str| stage.token(player);
            stage.rows = Some(LinkedRows::begin(&stage.world, token).await);
        }
        stage.prepare(plan.trouble);
        stage.world.stand_before(stage.gate.clone());
        stage
    }

    /// Lets the time pass up to `at`, here and at Amazon.
    fn go_to(&mut self, at: Timestamp) {
        let passes = at.since(self.world.clock.now());
        self.world.clock.advance(passes);
        self.world.amazon.advance(passes);
    }

    /// Notes what a player does after `wait`.
    fn note(&mut self, wait: Duration, act: Act) {
        let at = self.world.clock.now() + wait;
        self.agenda.note(at, Event::Player(act));
    }

    fn fill_agenda(&mut self, plan: &Plan) {
        let seconds = 60 * (plan.healthy + plan.lasts);
        let start = self.world.clock.now();
        let outage = start + Duration::from_secs(60 * plan.healthy);
        self.agenda.note(outage, Event::Outage);
        for minute in plan.healthy.saturating_sub(LOOK_BACK)..plan.healthy + plan.lasts {
            let at = start + Duration::from_secs(60 * minute + RECONCILE_AT);
            self.agenda.note(at, Event::Reconcile);
        }
        let every = plan.crowd.every;
        for number in 0..usize::try_from(seconds.div_ceil(every)).expect("few players") {
            let habit = if plan.crowd.is_mixed {
                Habit::of(number)
            } else {
                Habit::None
            };
            self.players
                .push(Player::new(number, plan.crowd.checks, habit));
            let spread = self.chance.seconds(0, every.min(SPREAD));
            let wait = Duration::from_secs(every * u64::try_from(number).expect("few")) + spread;
            self.note(wait, Act::Arrive(number));
        }
    }
}

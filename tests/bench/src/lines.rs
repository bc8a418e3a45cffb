//! What a log line costs, and what the metrics in it add: `cargo run --release -p bench -- lines`.
//!
//! Writes the lines of a delivery in this process, as the functions write them, and the same lines
//! under names that no event has, which so have no metrics. Exits with 1 if metrics add more than
//! 20 µs to a line.

use std::io;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use prime_gaming::Clock;
use prime_gaming::signals::event;
use prime_gaming::testing::logging::{Lines, subscriber};
use tracing::Level;

/// How many lines are written in a round.
const LINES: u32 = 20_000;
/// The fastest of these rounds counts: what else the machine does only makes a round slower.
const ROUNDS: u32 = 15;
/// The most that metrics may add to a line.
const LIMIT: Duration = Duration::from_micros(20);

/// Measures, and prints what was found.
pub(crate) fn run() -> ExitCode {
    let lines = Lines::new("bench".to_owned(), Clock::system());
    let subscriber = subscriber(&["bench"], Level::INFO, lines, io::sink);
    let (plain, with_metrics) = tracing::subscriber::with_default(subscriber, || {
        // In turns, so that both meet the same machine.
        let rounds = (0..ROUNDS).map(|_| (round("plain"), round(event::DELIVERED)));
        rounds.fold((Duration::MAX, Duration::MAX), |fastest, round| {
            (fastest.0.min(round.0), fastest.1.min(round.1))
        })
    });
    let added = with_metrics.saturating_sub(plain);
    println!("a line without metrics  {:>6.2} µs", micros(plain));
    println!("a line with 2 metrics   {:>6.2} µs", micros(with_metrics));
    println!("so the metrics add      {:>6.2} µs", micros(added));
    if added <= LIMIT {
        ExitCode::SUCCESS
    } else {
        println!("that is more than {} µs", LIMIT.as_micros());
        ExitCode::FAILURE
    }
}

/// The time of one line.
fn round(event: &'static str) -> Duration {
    let started = Instant::now();
    let span = tracing::info_span!("request", request_id = "1bc29b36f623ba82aaf6724fd3b16718");
    let _entered = span.enter();
    for _ in 0..LINES {
        tracing::info!(
            event,
            player_id = "player-1",
            entitlement_id = "amzn1.pg.item.0b9e1d1e-6f0c-4d27-9a7a-000000000001",
            sku = "winter-hat",
            waited_seconds = 12_u64
        );
    }
    started.elapsed() / LINES
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

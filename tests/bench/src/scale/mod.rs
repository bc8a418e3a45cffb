//! Whether the cost of `reconcile` grows with what is due or with what is stored:
//! `cargo run --release -p bench -- scale`.
//!
//! Puts linked players into the tables of template.yaml in the embedded DynamoDB, and lets the
//! handler of `reconcile` work, with the stand-in for Amazon behind it: with nothing due, with the
//! same due and more and more stored, with more and more due. DynamoDB counts what that consumes.
//! Then every way of a check is counted, and priced. Exits with 1 if the counted requests
//! contradict that what is due decides. Times have the embedded database and the stand-in in them,
//! which share the processor: read them as ratios.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use it::{Stored, World};
use local::Error;

use costs::{Cost, Latency};
use meter::Meter;
use report::Report;
use subject::{Players, drain, process_of, slow_prime_gaming};

mod costs;
mod meter;
mod report;
mod subject;

/// Shows that the cost of reconcile grows with what is due, and counts what checks cost.
#[derive(Clone, Debug, Args)]
pub(crate) struct Arguments {
    /// How many players are stored at last.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(100..))]
    players: u32,
    /// How many of them have a report that is due at last, in percent.
    #[arg(long, default_value_t = 1.0, value_parser = percentage)]
    due: f64,
    /// How long Amazon takes for an answer, in milliseconds, where time matters.
    #[arg(long, default_value_t = 200)]
    amazon_ms: u16,
    /// How long DynamoDB takes for an answer, in milliseconds, where costs are computed.
    #[arg(long, default_value_t = 5)]
    database_ms: u16,
}

fn percentage(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if number > 0.0 && number <= 100.0 {
        Ok(number)
    } else {
        Err("more than 0 and at most 100".to_owned())
    }
}

/// Measures, and prints what was found.
pub(crate) async fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let report = measure(arguments).await?;
    print!("{report}");
    Ok(if report.contradictions().is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn measure(arguments: &Arguments) -> Result<Report, Error> {
    let most = arguments.players;
    let most_due = part_of(most, arguments.due);
    let latency = Latency {
        database_ms: arguments.database_ms.into(),
        amazon_ms: arguments.amazon_ms.into(),
    };
    let meter = Meter::default();
    let mut world = World::new().await;
    world.app = process_of(&world, &meter, None).await?;
    let world = world;
    let mut stored = Stored::begin(&world).await?;
    let mut players = Players::default();

    let (mut idle, mut fixed, mut growing) = (Vec::new(), Vec::new(), Vec::new());
    for level in [most / 100, most / 10, most] {
        eprintln!("storing {level} players");
        stored.fill(&world, level).await?;
        idle.push(drain(&world, &world.app, &meter, level).await?);
        players
            .make_due(&world, at_least_one(most_due / 10))
            .await?;
        fixed.push(drain(&world, &world.app, &meter, level).await?);
    }
    for due in [most_due / 100, most_due / 10, most_due] {
        eprintln!("making {due} reports due");
        players.make_due(&world, at_least_one(due)).await?;
        growing.push(drain(&world, &world.app, &meter, most).await?);
    }
    let slow = {
        let prime_gaming =
            slow_prime_gaming(&world, Duration::from_millis(arguments.amazon_ms.into()))?;
        let app = process_of(&world, &meter, Some(prime_gaming.address)).await?;
        players.make_due(&world, at_least_one(most_due)).await?;
        drain(&world, &app, &meter, most).await?
    };

    let mut costs = costs::count(&world, &meter, latency).await?;
    costs.extend(growing.last().map(Cost::of_report));
    costs.extend(idle.last().map(|drain| Cost::of_idle_run(drain, latency)));
    Ok(Report {
        sizes: stored.sizes(),
        idle,
        fixed,
        growing,
        slow,
        costs,
        latency,
    })
}

fn at_least_one(count: u32) -> u32 {
    count.max(1)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a percentage of a u32 is one"
)]
fn part_of(all: u32, percent: f64) -> u32 {
    (f64::from(all) * percent / 100.0).round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_small_run_shows_the_same() {
        let arguments = Arguments {
            players: 200,
            due: 10.0,
            amazon_ms: 1,
            database_ms: 5,
        };
        let report = measure(&arguments).await.expect("measured");
        assert_eq!(report.contradictions(), Vec::<String>::new(), "{report}");
        let all = |drains: &[subject::Drain]| -> Vec<u64> {
            drains.iter().map(|drain| drain.used.all()).collect()
        };
        assert_eq!(all(&report.idle), [8, 8, 8]);
        let due: Vec<_> = report.growing.iter().map(subject::Drain::due).collect();
        assert_eq!(due, [1, 2, 20]);
    }
}

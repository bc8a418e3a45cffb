//! How fast the functions are, and how much of it is ours: `cargo run --release -p bench`.
//!
//! Builds the functions as they are deployed, and beside them `hello`, a function that does
//! nothing; starts each as a real process behind a Lambda Runtime API; and compares what
//! `entitlements` needs on the three usual paths of a check with what `hello` needs. What a path
//! costs in calls of DynamoDB and of Amazon is counted. The embedded DynamoDB and the stand-in for
//! Amazon run in the benchmark's own process and are gone when times are taken ([`upstream`]).
//! Linux only: figures come from `/proc`.
//!
//! `--json FILE` writes everything as an object:
//! - `conditions`: `arch`, `core` (number, or `null` if not pinned), `load_average` (of the minute
//!   before), `starts`, `warm_rounds`, `warm_calls`;
//! - `figures`: by `hello`, `not_linked`, `too_soon`, `nothing_new`, the medians `init_ms`, `cold_ms`,
//!   `init_plus_cold_ms`, `warm_p50_ms`, `warm_p99_ms`, `cpu_ms_per_1000_calls`, `peak_memory_mb`,
//!   `binary_mb`, where a MB is a million bytes;
//! - `ratios`: by path, the same fields as multiples of `hello`'s;
//! - `calls_per_request`: by path, `dynamodb` and `amazon` with a number for each operation, and
//!   `as_allowed`;
//! - `binaries_mb`: by function;
//! - `bars`: a list of `name`, `value`, `limit`, `within`.
//!
//! `-- scale` measures something else: what `reconcile` costs where very many players are stored
//! ([`scale`]); and `-- lines` what a log line costs ([`lines`]).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use local::Error;
use local::build::{Features, Profile, Target, cargo_build, prebuilt, workspace};
use local::system::{Binaries, Options, System};
use local::template::{Template, project_template};
use serde_json::Value;

use measure::{Candidate, WARM_CALLS, WARM_ROUNDS};
use paths::Prepared;
use process::Subject;
use report::{CallsOfPath, Conditions, Report};

mod lines;
mod measure;
mod paths;
mod player;
mod process;
mod report;
mod scale;
mod upstream;
mod wire;

/// The yardstick's package, binary, and name in reports.
const HELLO: &str = "hello";

/// Measures the functions beside a hello-world.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Also write the figures to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Exit with 1 if a bar is not held.
    #[arg(long)]
    check: bool,
    /// Measure the executables in this directory, `hello` among them, instead of building them.
    #[arg(long, value_name = "DIR")]
    binaries: Option<PathBuf>,
    /// How often each function is started.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..))]
    starts: u32,
}

/// What else can be measured.
#[derive(Debug, Subcommand)]
enum Command {
    Scale(scale::Arguments),
    /// Measures what metrics add to a log line.
    Lines,
}

#[tokio::main]
async fn main() -> Result<ExitCode, Error> {
    let arguments = Arguments::parse();
    match &arguments.command {
        Some(Command::Scale(arguments)) => return scale::run(arguments).await,
        Some(Command::Lines) => return Ok(lines::run()),
        None => {}
    }
    let template = Template::read(&project_template())?;
    let binaries = binaries(&template, arguments.binaries.as_deref()).await?;
    let data = tempfile::tempdir()?;
    let prepared = prepare(&template, &binaries, data.path()).await?;
    let report = measured(&binaries, &prepared, arguments.starts, data.path())?;

    print!("{report}");
    if let Some(file) = arguments.json {
        std::fs::write(file, serde_json::to_vec_pretty(&report)?)?;
    }
    Ok(match arguments.check && !report.is_within() {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}

/// The functions and `hello`, each with its executable: built, or found in `directory`.
async fn binaries(
    template: &Template,
    directory: Option<&Path>,
) -> Result<BTreeMap<String, PathBuf>, Error> {
    let functions = template.binaries();
    let hello = HELLO.to_owned();
    if let Some(directory) = directory {
        return Ok(prebuilt(functions.chain([hello]), directory)?);
    }
    let functions: Vec<_> = functions.map(Target::Function).collect();
    let mut binaries = cargo_build(&functions, Profile::Release, Features::Deployed).await?;
    // By itself, so that it has no feature that it did not ask for.
    binaries.extend(
        cargo_build(
            &[Target::Function(hello)],
            Profile::Release,
            Features::Deployed,
        )
        .await?,
    );
    Ok(binaries)
}

/// Starts the whole system, links players in it, and prepares every path. The system is gone
/// afterwards.
async fn prepare(
    template: &Template,
    binaries: &BTreeMap<String, PathBuf>,
    data: &Path,
) -> Result<Vec<Prepared>, Error> {
    let binary = &binaries["entitlements"];
    let directory = binary.parent().ok_or("a binary without a directory")?;
    let system = System::start(Options {
        // Outlives the system: it holds the functions' secrets.
        data_dir: Some(data.to_owned()),
        binaries: Binaries::Prebuilt(directory.to_owned()),
        ..Options::default()
    })
    .await?;
    let mut prepared = Vec::new();
    for path in paths::Path::ALL {
        // A player for each path: what one check writes must not lead another one elsewhere.
        let token = system.player_token(path.name(), "Robin")?;
        if path.is_linked() {
            player::link(&system, &token, path.name()).await?;
        }
        let log = data.join("function.log");
        let event = event(&token)?;
        prepared.push(paths::prepare(
            path, &system, template, binary, event, &log,
        )?);
    }
    system.stop().await;
    Ok(prepared)
}

/// The project's own example of a check, with this token.
fn event(token: &str) -> Result<Vec<u8>, Error> {
    let file = workspace().join("events/entitlements-check-post.json");
    let mut event: Value = serde_json::from_slice(&std::fs::read(file)?)?;
    event["headers"]["authorization"] = format!("Bearer {token}").into();
    Ok(serde_json::to_vec(&event)?)
}

fn measured(
    binaries: &BTreeMap<String, PathBuf>,
    prepared: &[Prepared],
    starts: u32,
    data: &Path,
) -> Result<Report, Error> {
    let hello = Subject {
        binary: binaries[HELLO].clone(),
        env: BTreeMap::new(),
        event: event("token")?,
    };
    let says_hello = |answer: &[u8]| {
        let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
        answer["statusCode"] == 200
    };
    let checks: Vec<_> = prepared
        .iter()
        .map(|prepared| move |answer: &[u8]| prepared.path.was_taken(answer))
        .collect();
    let paths = prepared.iter().zip(&checks);
    let paths = paths.map(|(prepared, is_right)| Candidate {
        name: prepared.path.name(),
        subject: &prepared.subject,
        is_right,
    });
    let mut candidates = vec![Candidate {
        name: HELLO,
        subject: &hello,
        is_right: &says_hello,
    }];
    candidates.extend(paths);

    let load_average = measure::load_average()?;
    let core = measure::pin()?;
    let figures = measure::measure(&candidates, starts, &data.join("function.log"))?;
    let names = candidates.iter().map(|candidate| candidate.name);
    let calls = prepared.iter().map(|prepared| {
        let calls = CallsOfPath {
            calls: prepared.calls.clone(),
            as_allowed: prepared.as_allowed,
        };
        (prepared.path.name(), calls)
    });
    let sizes = binaries.iter().filter(|(name, _)| *name != HELLO);
    let sizes = sizes.map(|(name, path)| Ok((name.clone(), measure::size_mb(path)?)));
    let conditions = Conditions {
        arch: std::env::consts::ARCH,
        core,
        load_average,
        starts,
        warm_rounds: WARM_ROUNDS,
        warm_calls: WARM_CALLS,
    };
    Ok(Report::new(
        conditions,
        names.zip(figures).collect(),
        calls.collect(),
        sizes.collect::<Result<_, Error>>()?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn hello_answers_the_event_of_a_check() {
        let event = event("token").expect("the example is readable");
        let event = String::from_utf8(event).expect("text");
        let request = lambda_http::request::from_str(&event).expect("an event");
        let response = hello::handle(request).await.expect("an answer");
        assert_eq!(response.status(), 200);
    }
}

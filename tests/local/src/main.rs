//! `cargo run -p local`: the whole system on this machine. `cargo run -p local -- demo`: the
//! whole story on it, by itself.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Parser, Subcommand, value_parser};
use local::Error;
use local::build::{Features, Profile, workspace};
use local::console::script;
use local::demo;
use local::introduction::introduction;
use local::log::Log;
use local::qa::{self, Report, Step};
use local::sam::{self, Code, Reach, Sam};
use local::support::{self, Admin, Desk};
use local::system::{Binaries, Options, System, from_environment};
use local::template::{Template, project_template};
use local::terminal::{asked_to_end, is_cut, show};
use url::Url;

/// The port of the API, where none is asked for.
const DEFAULT_PORT: u16 = 8080;

/// Runs the whole system on this machine: the real functions behind the routes of template.yaml,
/// an embedded DynamoDB, and a stand-in for Amazon. Settings in the environment win.
#[derive(Parser)]
#[command(name = "local")]
struct Arguments {
    /// The API's port on 127.0.0.1; 0 takes a free one [default: 8080, for the demo a free one]
    #[arg(long, global = true)]
    port: Option<u16>,
    /// Keeps data between runs in this directory, instead of in memory
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Takes the functions' binaries from this directory, instead of building them
    #[arg(long, global = true, value_name = "DIR")]
    binaries: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Plays the whole story: link, claim, check, deliver, confirm, unlink
    Demo,
    /// Walks a tester through Amazon's tests before launch, and writes a report; without --api by
    /// itself, on the local system
    Qa(Qa),
    /// Plays a script of the console on a fresh system in memory. The exit code is 1 if a lamp lights
    Replay(Replay),
    /// Serves a support page over the function `admin`, on loopback only; --port is that of the page
    /// [default: a free one]
    Support(Support),
    /// Prepares everything for `sam local`, which runs the functions in containers, and prints its
    /// lines; --port is that of `sam local start-api` [default: 3000]
    Sam(SamLocal),
}

#[derive(Args)]
struct Qa {
    /// The address of the API to test. A token of the tester's player is in the variable `QA_TOKEN`, or
    /// in `QA_TOKEN_<PLATFORM>`: each platform needs a player of its own
    #[arg(long, value_name = "URL")]
    api: Option<Url>,
    /// A platform of the game, for example `pc`; give it again for each further one
    #[arg(long = "platform", value_name = "NAME", default_value = "game", value_parser = NonEmptyStringValueParser::new())]
    platforms: Vec<String>,
    /// Where the report goes
    #[arg(long, value_name = "FILE", default_value = "qa-report.md")]
    report: PathBuf,
    /// How many minutes to wait for each step, a day at most
    #[arg(long, value_name = "MINUTES", default_value_t = 15, value_parser = value_parser!(u64).range(..=1440))]
    wait: u64,
}

#[derive(Args)]
struct SamLocal {
    /// Takes the containers' functions from this directory, as `sam build` leaves it
    #[arg(long, value_name = "DIR")]
    built: Option<PathBuf>,
}

#[derive(Args)]
struct Replay {
    /// The script, as the console saves it
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Support {
    /// Uses the function of this stack, with your own AWS credentials
    #[arg(long, value_name = "NAME")]
    stack: Option<String>,
    /// Uses the local system, which it starts
    #[arg(long)]
    local: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match &arguments.command {
        Some(Command::Demo) => run_demo(&arguments).await,
        Some(Command::Qa(qa)) => run_qa(&arguments, qa).await,
        Some(Command::Replay(replay)) => run_replay(&arguments, replay).await,
        Some(Command::Support(support)) => run_support(&arguments, support).await,
        Some(Command::Sam(sam)) => run_sam(&arguments, sam).await,
        None => run(&arguments).await,
    };
    match outcome {
        Ok(()) if is_cut() => {
            eprintln!("local: the standard output could not be written");
            ExitCode::FAILURE
        }
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("local: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<(), Error> {
    let options = Options {
        console: true,
        ..options(arguments, DEFAULT_PORT, Log::console())?
    };
    let system = start_with(arguments, options).await?;
    show(&introduction(&system)?);
    asked_to_end().await;
    eprintln!("ending");
    system.stop().await;
    Ok(())
}

async fn run_demo(arguments: &Arguments) -> Result<(), Error> {
    let (log, lines) = Log::memory();
    let system = start(arguments, 0, log).await?;
    let played = tokio::select! {
        played = demo::play(&system, |done| show(&format!("ok  {done}\n"))) => played,
        () = asked_to_end() => return Err("interrupted".into()),
    };
    system.stop().await;
    played.map_err(|failure| {
        eprintln!("what the functions wrote:\n{}", lines.text());
        format!("FAILED  {failure}").into()
    })
}

async fn run_qa(arguments: &Arguments, qa: &Qa) -> Result<(), Error> {
    qa::no_platform_twice(&qa.platforms)?;
    qa::try_report(&qa.report)?;
    let say = |step: &Step| show(&step.to_string());
    let mut report;
    if let Some(api) = &qa.api {
        let patience = Duration::from_secs(60 * qa.wait);
        report = Report::new(api.as_str());
        tokio::select! {
            walked = qa::with_a_person(api, &qa.platforms, patience, &mut report, say) => walked?,
            () = asked_to_end() => report.is_interrupted = true,
        }
    } else {
        let (log, lines) = Log::memory();
        let system = start(arguments, 0, log).await?;
        report = Report::new(&system.base_url);
        let walked = tokio::select! {
            walked = qa::by_itself(&system, &qa.platforms, &mut report, say) => walked,
            () = asked_to_end() => {
                report.is_interrupted = true;
                Ok(())
            }
        };
        system.stop().await;
        walked?;
        if !report.is_passed() && !report.is_interrupted {
            eprintln!("what the functions wrote:\n{}", lines.text());
        }
    }
    std::fs::write(&qa.report, report.markdown())
        .map_err(|error| format!("{}: {error}", qa.report.display()))?;
    show(&format!("The report is in {}\n", qa.report.display()));
    if report.is_passed() {
        Ok(())
    } else if report.is_interrupted {
        Err("interrupted; the report has the steps so far".into())
    } else {
        Err("a step has failed; the report says which".into())
    }
}

async fn run_replay(arguments: &Arguments, replay: &Replay) -> Result<(), Error> {
    let file = replay.file.display();
    let text = std::fs::read_to_string(&replay.file).map_err(|error| format!("{file}: {error}"))?;
    let actions = script::read(&text).map_err(|error| format!("{file}: {error}"))?;
    let (log, _lines) = Log::memory();
    let options = Options {
        console: true,
        data_dir: None,
        ..options(arguments, 0, log)?
    };
    let system = start_with(arguments, options).await?;
    let console = system.console().ok_or("there is no console")?;
    let played = tokio::select! {
        played = console.replay(actions, |said| show(&format!("{said}\n"))) => played,
        () = asked_to_end() => Err("interrupted".into()),
    };
    system.stop().await;
    let lamps = played?;
    show(&lamps.to_string());
    if lamps.are_dark() {
        Ok(())
    } else {
        Err("a lamp lights".into())
    }
}

async fn run_support(arguments: &Arguments, support: &Support) -> Result<(), Error> {
    let actor = support::operator();
    let (system, admin) = match &support.stack {
        Some(stack) => (None, Admin::of_stack(stack)?),
        None => {
            let options = Options {
                // `--port` is that of the page.
                port: 0,
                ..options(arguments, 0, Log::console())?
            };
            let system = start_with(arguments, options).await?;
            let admin = system
                .function("admin")
                .ok_or("there is no function admin")?;
            let admin = Admin::Local(admin.clone());
            (Some(system), admin)
        }
    };
    let desk = Desk::start(admin, &actor, arguments.port.unwrap_or(0)).await?;
    show(&format!("Open {}\nCtrl-C ends it.\n", desk.url));
    asked_to_end().await;
    drop(desk);
    if let Some(system) = system {
        system.stop().await;
    }
    Ok(())
}

async fn run_sam(arguments: &Arguments, local: &SamLocal) -> Result<(), Error> {
    let port = sam::port(arguments.port).await?;
    let (log, lines) = Log::memory();
    let mut options = options(arguments, 0, log)?;
    options.settings = sam::settings(port, options.settings)?;
    // The port is that of `sam local`: the local system's own API is at a free one.
    options.port = 0;
    let code = match &local.built {
        Some(folder) => Code::Built(folder.clone()),
        None => Code::Same(options.binaries.clone()),
    };
    let template = options.template.clone();
    let system = start_with(arguments, options).await?;
    let prepared = sam::Options {
        folder: workspace().join("target/sam-local"),
        port,
        code,
        template,
        reach: Reach::find(None).await,
    };
    let prepared = tokio::select! {
        prepared = Sam::start(&system, prepared) => prepared,
        () = asked_to_end() => return Err("interrupted".into()),
    };
    let prepared = prepared.inspect_err(|_| {
        eprintln!("what the functions wrote:\n{}", lines.text());
    })?;
    show(&prepared.lines());
    show(
        "\nTickets and codes in the events are good once, and some for minutes only. Ctrl-C ends everything.\n",
    );
    asked_to_end().await;
    drop(prepared);
    system.stop().await;
    Ok(())
}

/// Builds and starts everything.
async fn start(arguments: &Arguments, default_port: u16, log: Log) -> Result<System, Error> {
    start_with(arguments, options(arguments, default_port, log)?).await
}

/// How the arguments and the environment want the system.
fn options(arguments: &Arguments, default_port: u16, log: Log) -> Result<Options, Error> {
    let template = project_template();
    let mut options = Options {
        port: arguments.port.unwrap_or(default_port),
        data_dir: arguments.data_dir.clone(),
        settings: from_environment(&Template::read(&template)?),
        template,
        binaries: Binaries::Build(Profile::own(), Features::Local),
        log,
        ..Options::default()
    };
    if let Some(directory) = &arguments.binaries {
        options.binaries = Binaries::Prebuilt(directory.clone());
    }
    Ok(options)
}

/// Starts the system. An interruption kills what was started so far.
async fn start_with(arguments: &Arguments, options: Options) -> Result<System, Error> {
    if arguments.binaries.is_none() {
        eprintln!("building the functions; the first time takes a minute or two");
    }
    tokio::select! {
        started = System::start(options) => started,
        () = asked_to_end() => Err("interrupted".into()),
    }
}

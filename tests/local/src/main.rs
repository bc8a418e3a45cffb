//! `cargo run -p local`: the whole system on this machine. `cargo run -p local -- demo`: the
//! whole story on it, by itself.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use local::Error;
use local::build::{Features, Profile, workspace};
use local::demo;
use local::log::Log;
use local::qa::{self, Api, Pace, Person, Report, Step};
use local::sam::{self, Code, Reach, Sam};
use local::support::{self, Admin, Desk};
use local::system::{Binaries, Options, System, from_environment};
use local::template::{Template, project_template};
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
    /// Serves a support page over the function `admin`, on loopback only
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
    #[arg(long = "platform", value_name = "NAME", default_value = "game")]
    platforms: Vec<String>,
    /// Where the report goes
    #[arg(long, value_name = "FILE", default_value = "qa-report.md")]
    report: PathBuf,
    /// How many minutes to wait for each step
    #[arg(long, value_name = "MINUTES", default_value_t = 15)]
    wait: u64,
}

#[derive(Args)]
struct SamLocal {
    /// Takes the containers' functions from this directory, as `sam build` leaves it
    #[arg(long, value_name = "DIR")]
    built: Option<PathBuf>,
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
        Some(Command::Support(support)) => run_support(&arguments, support).await,
        Some(Command::Sam(sam)) => run_sam(&arguments, sam).await,
        None => run(&arguments).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("local: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<(), Error> {
    let system = start(arguments, DEFAULT_PORT, Log::console()).await?;
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
    let say = |step: &Step| show(&told(step));
    let report = if let Some(api) = &qa.api {
        with_a_person(api, qa, say).await?
    } else {
        let (log, lines) = Log::memory();
        let system = start(arguments, 0, log).await?;
        let report = tokio::select! {
            report = qa::by_itself(&system, &qa.platforms, say) => report,
            () = asked_to_end() => return Err("interrupted".into()),
        };
        system.stop().await;
        let report = report?;
        if !report.is_passed() {
            eprintln!("what the functions wrote:\n{}", lines.text());
        }
        report
    };
    std::fs::write(&qa.report, report.markdown())
        .map_err(|error| format!("{}: {error}", qa.report.display()))?;
    show(&format!("The report is in {}\n", qa.report.display()));
    if report.is_passed() {
        Ok(())
    } else {
        Err("a step has failed; the report says which".into())
    }
}

async fn run_support(arguments: &Arguments, support: &Support) -> Result<(), Error> {
    let actor = support::operator();
    let (system, admin) = match &support.stack {
        Some(stack) => (None, Admin::of_stack(stack)?),
        None => {
            let system = start(arguments, 0, Log::console()).await?;
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
    let port = arguments.port.unwrap_or(sam::DEFAULT_PORT);
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

/// A person tests a deployment.
async fn with_a_person(api: &Url, qa: &Qa, mut say: impl FnMut(&Step)) -> Result<Report, Error> {
    let pace = Pace {
        patience: Duration::from_secs(60 * qa.wait),
        between: Duration::from_secs(5),
    };
    let tokens = qa.platforms.iter().map(|platform| qa::token(platform));
    let tokens: Vec<_> = tokens.collect::<Result<_, _>>()?;
    let mut report = Report::new(api.as_str());
    for (platform, token) in qa.platforms.iter().zip(tokens) {
        show(&format!("\nOn {platform}:\n"));
        let player = Api::new(api.clone(), token);
        qa::walk(platform, player, &mut Person, pace, &mut report, &mut say).await;
    }
    Ok(report)
}

fn told(step: &Step) -> String {
    match &step.outcome {
        Ok(seen) => format!("ok      {}, {}: {seen}\n", step.platform, step.name),
        Err(fault) => format!("FAILED  {}, {}: {fault}\n", step.platform, step.name),
    }
}

/// Not `print!`: that the output is a closed pipe is no reason to panic.
fn show(text: &str) {
    let mut output = std::io::stdout().lock();
    let _ = output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush());
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

/// Resolves on Ctrl-C, and where there is such a thing on a polite request to terminate.
async fn asked_to_end() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    // Without signals there is no way to ask but to kill.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// What to open and what to copy, once everything runs.
fn introduction(system: &System) -> Result<String, Error> {
    let api = &system.base_url;
    let mut text = format!("\nThe API           {api}\n");
    if let Some(amazon) = &system.amazon {
        let page = amazon.base_url();
        writeln!(
            text,
            "Amazon, stand-in  {page}/   claim offers here, as any account"
        )?;
    }
    if system
        .setting("PLAYER_LOGIN_URL")
        .is_some_and(|url| !url.is_empty())
    {
        writeln!(text, "From Prime Gaming {api}/link   over your login page")?;
    }
    writeln!(text, "Offers            {}", system.skus.join(", "))?;
    writeln!(text, "DynamoDB          {}", system.dynamodb_endpoint())?;
    if let Some(secret) = system.webhook_secret() {
        writeln!(
            text,
            "\nDeliveries are signed with this, for your receiver:\n\n  export WEBHOOK_SECRET={secret}"
        )?;
    }

    let (Ok(player), Ok(server)) = (
        system.player_token("player-1", "Robin"),
        system.server_token(),
    ) else {
        writeln!(
            text,
            "\nPlayers' tokens come from your own account system. Ctrl-C ends everything."
        )?;
        return Ok(text);
    };
    writeln!(
        text,
        r#"
Tokens of the player `player-1` and of a game server, valid for a day:

  export PLAYER={player}
  export SERVER={server}

Link: open the start_url of the answer in a browser.

  curl -sS -X POST {api}/v1/link/sessions -H "Authorization: Bearer $PLAYER"
  curl -sS {api}/v1/link -H "Authorization: Bearer $PLAYER"

Check, after claiming an offer:

  curl -sS -X POST {api}/v1/entitlements/check -H "Authorization: Bearer $PLAYER"

Confirm what was given, with the entitlement_id of the check, here as a game server:

  curl -sS -X POST {api}/v1/fulfillments -H "Authorization: Bearer $SERVER" \
    -H "Content-Type: application/json" \
    -d '{{"player_id": "player-1", "entitlement_ids": ["ENTITLEMENT_ID"]}}'

Look back, and unlink:

  curl -sS {api}/v1/entitlements -H "Authorization: Bearer $PLAYER"
  curl -sS -X DELETE {api}/v1/link -H "Authorization: Bearer $PLAYER"

Ctrl-C ends everything."#
    )?;
    Ok(text)
}

//! What `cargo run -p local -- sam` prepares, tried as the SAM CLI uses it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use local::build::{Features, Profile, workspace};
use local::sam::{Code, Options, Reach, Sam};
use local::system::{self, Binaries, System};
use local::template::project_template;
use local::tools;
use tempfile::TempDir;

mod containers;
mod emulator;
mod engine;
mod variables;

/// The SAM CLI, or `None` after saying that the test is skipped.
fn sam_cli() -> Option<PathBuf> {
    let sam = tools::find("sam");
    if sam.is_none() {
        tools::skip(
            "there is no SAM CLI; `pip install --no-deps -r .ci/requirements.txt` brings it",
        );
    }
    sam
}

/// The Python that runs the SAM CLI: the interpreter in its first line.
fn python() -> Option<String> {
    let script = std::fs::read_to_string(sam_cli()?).expect("a script");
    let first = script.lines().next().unwrap_or_default();
    let interpreter = first.strip_prefix("#!").expect("an interpreter");
    Some(interpreter.trim().to_owned())
}

/// The local system and what is prepared for `sam local` from it.
struct Prepared {
    system: System,
    sam: Sam,
    options: Options,
    place: TempDir,
}

impl Prepared {
    /// The options of a second run on the same data.
    fn again(&self) -> Options {
        Options {
            folder: self.place.path().join("again"),
            ..self.options.clone()
        }
    }
}

/// Prepares everything for `sam local start-api` at this port.
async fn prepared(port: u16, reach: Reach) -> Prepared {
    let settings = local::sam::settings(port, BTreeMap::new());
    let binaries = Binaries::Build(Profile::own(), Features::for_tests());
    let options = system::Options {
        settings: settings.expect("events/env.json"),
        binaries: binaries.clone(),
        ..system::Options::default()
    };
    let system = System::start(options).await.expect("it starts");
    let place = place();
    let options = Options {
        folder: place.path().join("sam-local"),
        port,
        code: Code::Same(binaries),
        template: project_template(),
        reach,
    };
    let sam = Sam::start(&system, options.clone()).await;
    Prepared {
        system,
        sam: sam.expect("it is prepared"),
        options,
        place,
    }
}

/// A folder on the file system of the binaries, which are then linked and not copied.
fn place() -> TempDir {
    let parent = workspace().join("target/tmp");
    std::fs::create_dir_all(&parent).expect("a folder");
    tempfile::tempdir_in(parent).expect("a folder")
}

/// Ports of loopback that are free now.
fn free_ports<const N: usize>() -> [u16; N] {
    let listener = |_| std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let listeners: [_; N] = std::array::from_fn(listener);
    listeners.map(|it| it.local_addr().expect("an address").port())
}

/// The text of a file.
fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

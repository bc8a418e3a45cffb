//! A container engine of the test's own, with a base image made by hand: no registry is asked.
//!
//! It changes nothing of the machine's firewall or routes, so its containers reach this machine by its
//! bridge, and nothing else.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use local::sam::architecture;
use local::tools;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// How long the engine may take to start, and to stop.
const PATIENCE: Duration = Duration::from_secs(30);

/// The folders that Lambda's base image has.
const FOLDERS: [&str; 6] = ["tmp", "var/task", "var/runtime", "var/rapid", "opt", "bin"];

/// What the SAM CLI runs in the image while it adds the emulator to it.
const PROGRAMS: [&str; 4] = ["sh", "chmod", "mkdir", "mv"];

/// A running engine. It ends when it is dropped.
pub(super) struct Engine {
    daemon: Child,
    /// Whether the bridge came with this engine.
    made_bridge: bool,
    home: TempDir,
}

/// Starts an engine, or says why the test is skipped.
pub(super) fn start() -> Option<Engine> {
    for program in ["dockerd", "docker", "busybox"] {
        if tools::find(program).is_none() {
            tools::skip(&format!(
                "there is no {program}; Debian has docker.io and busybox-static"
            ));
            return None;
        }
    }
    let engine = Engine::start();
    engine
        .map_err(|reason| tools::skip_also_in_ci(&format!("no container engine starts: {reason}")))
        .ok()
}

impl Engine {
    fn start() -> Result<Self, String> {
        let bridge = Path::new("/sys/class/net/docker0");
        if !rustix::process::geteuid().is_root() {
            return Err("it must be started as root".to_owned());
        }
        if Path::new("/var/run/docker.pid").exists() {
            return Err("another one runs on this machine".to_owned());
        }
        // The path of a socket must be short.
        let home = TempDir::with_prefix("engine-").map_err(|error| error.to_string())?;
        let path = |name: &str| home.path().join(name).display().to_string();
        let log = File::create(path("log")).map_err(|error| error.to_string())?;
        let made_bridge = !bridge.exists();
        let daemon = Command::new("dockerd")
            .args(["--data-root", &path("data"), "--exec-root", &path("exec")])
            .args([
                "--pidfile",
                &path("pid"),
                "--host",
                &format!("unix://{}", path("socket")),
            ])
            .args(["--iptables=false", "--ip-masq=false", "--ip-forward=false"])
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(|error| error.to_string())?)
            .stderr(log)
            .spawn()
            .map_err(|error| error.to_string())?;
        let mut engine = Self {
            daemon,
            made_bridge,
            home,
        };
        let began = Instant::now();
        while !engine
            .docker(&["version"])
            .is_ok_and(|it| it.status.success())
        {
            let ended = engine
                .daemon
                .try_wait()
                .map_err(|error| error.to_string())?;
            if ended.is_some() || began.elapsed() > PATIENCE {
                let log = fs::read_to_string(engine.home.path().join("log"));
                let last = log.unwrap_or_default();
                return Err(last.lines().last().unwrap_or("it said nothing").to_owned());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(engine)
    }

    /// The value for `DOCKER_HOST`.
    pub(super) fn host(&self) -> String {
        format!("unix://{}", self.home.path().join("socket").display())
    }

    fn docker(&self, arguments: &[&str]) -> std::io::Result<Output> {
        let mut command = Command::new("docker");
        command.args(arguments).env("DOCKER_HOST", self.host());
        command.stdin(Stdio::null()).output()
    }

    /// Makes the base image: what `bootstrap` is linked to, and a shell.
    pub(super) fn make_image(&self, bootstrap: &Path) {
        let root = self.home.path().join("root");
        for folder in FOLDERS {
            fs::create_dir_all(root.join(folder)).expect("a folder");
        }
        let busybox = tools::find("busybox").expect("it is there");
        fs::copy(busybox, root.join("bin/busybox")).expect("copied");
        for program in PROGRAMS {
            symlink("busybox", root.join("bin").join(program)).expect("linked");
        }
        for library in libraries(bootstrap) {
            let to = root.join(library.strip_prefix("/").expect("an absolute path"));
            fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
            fs::copy(&library, to).expect("copied");
        }
        let archive = self.home.path().join("root.tar").display().to_string();
        let packed = Command::new("tar")
            .arg("-C")
            .arg(&root)
            .args(["-cf", &archive, "."])
            .status();
        assert!(packed.expect("tar runs").success());
        let tag = format!("public.ecr.aws/lambda/provided:al2023-{}", architecture());
        let imported = self
            .docker(&["import", &archive, &tag])
            .expect("docker runs");
        assert!(
            imported.status.success(),
            "{}",
            String::from_utf8_lossy(&imported.stderr)
        );
    }
}

/// The libraries that an executable is linked to, and their loader.
fn libraries(executable: &Path) -> Vec<PathBuf> {
    let told = Command::new("ldd")
        .arg(executable)
        .output()
        .expect("ldd runs");
    let told = String::from_utf8(told.stdout).expect("UTF-8");
    let paths = told
        .lines()
        .filter_map(|line| line.split_whitespace().find(|it| it.starts_with('/')));
    paths.map(PathBuf::from).collect()
}

impl Drop for Engine {
    /// Asks the daemon to end, so that what it has started ends too.
    fn drop(&mut self) {
        if let Some(pid) = i32::try_from(self.daemon.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::TERM);
        }
        let began = Instant::now();
        while began.elapsed() < PATIENCE && matches!(self.daemon.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
        if self.made_bridge {
            let _ = Command::new("ip")
                .args(["link", "delete", "docker0"])
                .status();
        }
    }
}

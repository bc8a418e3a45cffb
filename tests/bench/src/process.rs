//! A function's process behind a Lambda Runtime API, watched closely.
//!
//! The local system has a Runtime API too; this one does less and stands in the measured time's
//! way less: a call's time runs from just before the event is written to the process's connection
//! until its answer has been read from it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use local::Error;

use crate::wire::{Message, Server, answer};

/// How long to wait for anything that the process should do.
const PATIENCE: Duration = Duration::from_secs(10);

/// Prefix of the Runtime API's addresses.
const API: &str = "/2018-06-01/runtime/";

/// What to run, and what to ask it.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) binary: PathBuf,
    /// Its variables beside Lambda's own.
    pub(crate) env: BTreeMap<String, String>,
    /// The event of every call.
    pub(crate) event: Vec<u8>,
}

/// What the process has done.
enum Did {
    Ready(Instant),
    Answered(Duration, Vec<u8>),
    Failed(String),
}

/// A running process of a function. It ends when this is dropped.
pub(crate) struct Process {
    child: Child,
    event: Vec<u8>,
    events: Sender<Vec<u8>>,
    did: Receiver<Did>,
    /// From starting the process until it first asked for work.
    pub(crate) init: Duration,
    _api: Server,
}

impl Process {
    /// Starts a process, and waits until it asks for work. What it logs goes to the file `log`.
    pub(crate) fn start(subject: &Subject, log: &Path) -> Result<Self, Error> {
        let (events, to_process) = channel();
        let (to_us, did) = channel();
        let api = api(to_process, to_us)?;
        // A file, because a pipe's reader would compete for the processor.
        let log_file = File::create(log)?;
        let mut command = command(subject, &api);
        command.stdout(log_file.try_clone()?).stderr(log_file);

        let started = Instant::now();
        let child = command.spawn()?;
        let mut process = Self {
            child,
            event: subject.event.clone(),
            events,
            did,
            init: Duration::ZERO,
            _api: api,
        };
        match process.did.recv_timeout(PATIENCE) {
            Ok(Did::Ready(at)) => process.init = at.duration_since(started),
            Ok(Did::Failed(what)) => return Err(format!("could not start: {what}").into()),
            Ok(Did::Answered(..)) | Err(_) => {
                let log = std::fs::read_to_string(log)?;
                return Err(format!("does not ask for work: {log}").into());
            }
        }
        Ok(process)
    }

    /// Calls it once: how long it took, and what it answered.
    pub(crate) fn call(&mut self) -> Result<(Duration, Vec<u8>), Error> {
        self.events.send(self.event.clone())?;
        match self.did.recv_timeout(PATIENCE) {
            Ok(Did::Answered(took, body)) => Ok((took, body)),
            Ok(Did::Failed(what)) => Err(what.into()),
            Ok(Did::Ready(_)) | Err(_) => Err("a call got no answer".into()),
        }
    }

    /// Time that all its threads have spent on a processor so far.
    pub(crate) fn cpu(&self) -> io::Result<Duration> {
        let mut total = 0;
        for task in std::fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            // In nanoseconds; /proc/PID/stat counts in hundredths of a second.
            let text = std::fs::read_to_string(task?.path().join("schedstat"))?;
            let first = text.split(' ').next().unwrap_or_default();
            total += first.parse::<u64>().map_err(io::Error::other)?;
        }
        Ok(Duration::from_nanos(total))
    }

    /// The most memory it has had in use so far (`VmHWM`), in bytes.
    pub(crate) fn peak_memory(&self) -> Result<u64, Error> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
        Ok(kib.ok_or("no VmHWM")?.parse::<u64>()? * 1024)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a Runtime API that hands out `events` and tells what the process `did`.
fn api(events: Receiver<Vec<u8>>, did: Sender<Did>) -> io::Result<Server> {
    let events = Arc::new(Mutex::new(events));
    let handed_out = Arc::new(Mutex::new(None));
    Server::start(move |request: &Message| {
        let now = Instant::now();
        let tell = |what| did.send(what).map_err(io::Error::other);
        let mut handed_out = handed_out.lock().unwrap_or_else(PoisonError::into_inner);
        let (method, path) = request.method_and_path();
        let path = path.strip_prefix(API).unwrap_or(path);
        match (method, path.rsplit('/').next().unwrap_or_default()) {
            ("GET", "next") => {
                if handed_out.is_none() {
                    tell(Did::Ready(now))?;
                }
                let events = events.lock().unwrap_or_else(PoisonError::into_inner);
                let event = events.recv().map_err(io::Error::other)?;
                let answer = answer("200 OK", &invocation(), &event);
                *handed_out = Some(Instant::now());
                Ok(answer)
            }
            ("POST", "response") => {
                let since = handed_out.map_or(Duration::ZERO, |at| now.duration_since(at));
                tell(Did::Answered(since, request.body.clone()))?;
                Ok(answer("202 Accepted", "", b""))
            }
            _ => {
                let text = String::from_utf8_lossy(&request.body);
                tell(Did::Failed(format!("{method} {path} {text}")))?;
                Ok(answer("202 Accepted", "", b""))
            }
        }
    })
}

/// The headers that tell a function about its invocation.
fn invocation() -> String {
    let deadline = prime_gaming::Clock::system().now() + Duration::from_secs(28);
    format!(
        "content-type: application/json\r\n\
         lambda-runtime-aws-request-id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd\r\n\
         lambda-runtime-deadline-ms: {}\r\n\
         lambda-runtime-invoked-function-arn: arn:aws:lambda:{}:{}:function:bench\r\n\
         lambda-runtime-trace-id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0\r\n",
        deadline.as_millis(),
        local::REGION,
        local::ACCOUNT,
    )
}

fn command(subject: &Subject, api: &Server) -> Command {
    let mut command = Command::new(&subject.binary);
    command
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", api.address.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", "bench")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
        .env("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023")
        .envs(local::runtime::aws_variables())
        .envs(&subject.env)
        .stdin(Stdio::null());
    command
}

//! One process of a function.

use std::collections::VecDeque;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use super::api::{Api, Job, Phase};
use super::{INIT_WITHIN, InvokeError, MAX_PAYLOAD_BYTES, Spec};
use crate::log::Log;

/// How many of a process's last lines are kept for error messages.
const TAIL_LINES: usize = 20;

/// How long to read on after the process has ended: a child of its own may hold the pipe.
const DRAIN_WITHIN: Duration = Duration::from_secs(1);

/// A running process of a function. It is killed when this is dropped.
pub struct Instance {
    spec: Spec,
    api: Api,
    pid: Option<u32>,
    init: Duration,
    tail: Tail,
    ended: watch::Receiver<Option<String>>,
    kill: watch::Sender<bool>,
    overrun: watch::Sender<bool>,
}

impl std::fmt::Debug for Instance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Instance")
            .field("spec", &self.spec)
            .field("pid", &self.pid)
            .finish_non_exhaustive()
    }
}

impl Instance {
    /// Starts the process and waits until it asks for work.
    ///
    /// # Errors
    /// [`InvokeError::Init`] when it can't be started, reports a failure, ends, or is too slow.
    pub async fn start(spec: &Spec, log: &Log) -> Result<Self, InvokeError> {
        let init_error = |reason: String, tail: &Tail| InvokeError::Init {
            reason,
            log: tail.lines(),
        };
        let tail = Tail::default();
        let mut api = Api::start(&spec.name, log)
            .await
            .map_err(|error| init_error(format!("no Runtime API: {error}"), &tail))?;

        let started = Instant::now();
        let mut child = command(spec, &api).spawn().map_err(|error| {
            init_error(
                format!("can't run {}: {error}", spec.binary.display()),
                &tail,
            )
        })?;
        let pid = child.id();
        let readers = [
            child
                .stdout
                .take()
                .map(|output| read(output, &spec.name, log, &tail)),
            child
                .stderr
                .take()
                .map(|output| read(output, &spec.name, log, &tail)),
        ];
        let (end, mut ended) = watch::channel(None);
        let (kill, killed) = watch::channel(false);
        tokio::spawn(async move {
            let status = wait(child, killed).await;
            for reader in readers.into_iter().flatten() {
                // The last words belong to the report of the end.
                let _ = tokio::time::timeout(DRAIN_WITHIN, reader).await;
            }
            end.send_replace(Some(status));
        });

        let ready = tokio::select! {
            biased;
            ready = first_poll(&mut api.phase) => ready,
            status = ended_with(&mut ended) => {
                Err(format!("ended before it asked for work: {status}"))
            }
            () = tokio::time::sleep(INIT_WITHIN) => {
                Err(format!("did not ask for work within {} s", INIT_WITHIN.as_secs()))
            }
        };
        match ready {
            Ok(at) => {
                let init = at.duration_since(started);
                Ok(Self {
                    spec: spec.clone(),
                    api,
                    pid,
                    init,
                    tail,
                    ended,
                    kill,
                    overrun: watch::Sender::new(false),
                })
            }
            Err(reason) => {
                kill.send_replace(true);
                ended_with(&mut ended).await;
                Err(init_error(reason, &tail))
            }
        }
    }

    /// How long it took from starting the process until it asked for work.
    #[must_use]
    pub fn init_time(&self) -> Duration {
        self.init
    }

    /// The process's id, as long as it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.pid.filter(|_| self.is_alive())
    }

    /// Sends the process a signal, as long as it runs.
    pub(super) fn signal(&self, signal: Signal) -> std::io::Result<()> {
        let pid = self.pid().and_then(|pid| i32::try_from(pid).ok());
        match pid.and_then(Pid::from_raw) {
            Some(pid) => Ok(kill_process(pid, signal)?),
            None => Ok(()),
        }
    }

    /// Whether the process runs this version.
    pub(super) fn runs(&self, spec: &Spec) -> bool {
        self.spec.binary == spec.binary
    }

    /// Whether the process is still there.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.ended.borrow().is_none()
    }

    /// Hands it one payload and waits for the answer. After [`InvokeError::TimedOut`] and
    /// [`InvokeError::Crashed`] the process is gone.
    ///
    /// # Errors
    /// As [`InvokeError`] lists them.
    pub async fn invoke(&mut self, payload: Bytes) -> Result<Bytes, InvokeError> {
        if payload.len() > MAX_PAYLOAD_BYTES {
            return Err(InvokeError::TooLarge);
        }
        let request_id = crate::random::uuid();
        let timeout = self.spec.timeout;
        self.overrun.send_replace(false);
        let mut overrun = self.overrun.subscribe();
        let (answer, answered) = oneshot::channel();
        let job = Job {
            request_id: request_id.clone(),
            payload,
            timeout,
            answer,
        };
        // If the server is gone, the answer's other end is gone with the job.
        let _ = self.api.jobs.send(job).await;

        tokio::select! {
            biased;
            Ok(outcome) = answered => outcome.map_err(|failure| InvokeError::Function {
                error_type: failure.error_type,
                message: failure.error_message,
            }),
            status = ended_with(&mut self.ended) => {
                Err(InvokeError::Crashed { request_id, status, log: self.tail.lines() })
            }
            () = out_of_time(timeout, &mut overrun) => {
                self.kill().await;
                Err(InvokeError::TimedOut { request_id, after: timeout })
            }
        }
    }

    /// What ends the process from outside while it works at an invocation, and what to drop when
    /// that invocation is over.
    pub(super) fn reins(&self) -> (Reins, watch::Sender<()>) {
        let (working, over) = watch::channel(());
        let reins = Reins {
            kill: self.kill.clone(),
            overrun: self.overrun.clone(),
            over,
        };
        (reins, working)
    }

    /// Kills the process and waits until it is gone.
    pub async fn kill(&mut self) {
        self.kill.send_replace(true);
        ended_with(&mut self.ended).await;
    }
}

/// Ends a process whose [`Instance`] is busy with an invocation.
#[derive(Debug)]
pub(super) struct Reins {
    kill: watch::Sender<bool>,
    overrun: watch::Sender<bool>,
    over: watch::Receiver<()>,
}

impl Reins {
    /// As a crash does, at once. Returns when the invocation is over.
    pub(super) async fn kill(self) {
        self.kill.send_replace(true);
        self.over().await;
    }

    /// As Lambda does at the end of the time limit. Returns when the invocation is over.
    pub(super) async fn time_out(self) {
        self.overrun.send_replace(true);
        self.over().await;
    }

    async fn over(mut self) {
        // Nothing is ever sent: the end of the sender is the message.
        while self.over.changed().await.is_ok() {}
    }
}

/// Waits for the end of the time limit, or until a test says that it is reached.
async fn out_of_time(timeout: Duration, overrun: &mut watch::Receiver<bool>) {
    let told = async {
        if overrun.wait_for(|overrun| *overrun).await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = tokio::time::sleep(timeout) => {}
        () = told => {}
    }
}

/// Waits for the process to ask for work, and tells when it did, or why it says it can't.
async fn first_poll(phase: &mut watch::Receiver<Phase>) -> Result<Instant, String> {
    match phase
        .wait_for(|phase| !matches!(phase, Phase::Starting))
        .await
        .as_deref()
    {
        Ok(Phase::Ready(at)) => Ok(*at),
        Ok(Phase::Failed(failure)) => {
            Err(format!("{}: {}", failure.error_type, failure.error_message))
        }
        Ok(Phase::Starting) | Err(_) => Err("the Runtime API ended".to_owned()),
    }
}

/// Waits for the process's end, and tells how it ended.
async fn ended_with(ended: &mut watch::Receiver<Option<String>>) -> String {
    match ended.wait_for(Option::is_some).await.as_deref() {
        Ok(Some(status)) => status.clone(),
        Ok(None) | Err(_) => "unknown".to_owned(),
    }
}

async fn wait(mut child: Child, mut killed: watch::Receiver<bool>) -> String {
    let asked_to_die = async {
        // An error means that the instance was dropped, which is a reason to kill too.
        let _ = killed.wait_for(|killed| *killed).await;
    };
    let status = tokio::select! {
        status = child.wait() => status,
        () = asked_to_die => match child.start_kill() {
            Ok(()) => child.wait().await,
            Err(error) => Err(error),
        },
    };
    status.map_or_else(|error| error.to_string(), |status| status.to_string())
}

fn command(spec: &Spec, api: &Api) -> Command {
    let mut command = Command::new(&spec.binary);
    command
        .env_clear()
        .env("PATH", crate::environment::path())
        .env("LANG", "en_US.UTF-8")
        .env("TZ", ":UTC")
        .env("_HANDLER", "bootstrap")
        .env("AWS_LAMBDA_RUNTIME_API", api.address.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", &spec.name)
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env(
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
            spec.memory_mb.to_string(),
        )
        .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/local")
        .env(
            "AWS_LAMBDA_LOG_STREAM_NAME",
            format!("local/{}[$LATEST]", spec.name),
        )
        .env("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023")
        .envs(super::aws_variables())
        .envs(&spec.env)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    if let Some(directory) = spec.binary.parent() {
        command.env("LAMBDA_TASK_ROOT", directory);
    }
    // Ctrl-C in a terminal goes to the whole group; it is ours to end the functions in order.
    #[cfg(unix)]
    command.process_group(0);
    command
}

/// The last lines of a process.
#[derive(Clone, Default)]
struct Tail(Arc<Mutex<VecDeque<String>>>);

impl Tail {
    fn push(&self, line: String) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == TAIL_LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    fn lines(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .cloned()
            .collect()
    }
}

/// Hands every line of `output` to the log until it ends. Broken UTF-8 is shown as such.
fn read(
    output: impl AsyncRead + Send + Unpin + 'static,
    name: &str,
    log: &Log,
    tail: &Tail,
) -> JoinHandle<()> {
    let (name, log, tail) = (name.to_owned(), log.clone(), tail.clone());
    tokio::spawn(async move {
        let mut reader = BufReader::new(output);
        let mut line = Vec::new();
        while matches!(reader.read_until(b'\n', &mut line).await, Ok(1..)) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            tail.push(text.clone());
            log.write(&name, text);
            line.clear();
        }
    })
}

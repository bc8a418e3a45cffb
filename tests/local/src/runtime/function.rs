//! A function: as many processes as its calls need, up to a limit.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use rustix::process::Signal;
use serde_json::Value;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::instance::Reins;
use super::{Instance, InvokeError, Spec};
use crate::log::Log;

/// Is told the function's name and how each of its invocations ended.
#[derive(Clone)]
pub struct Witness(Arc<Tell>);

type Tell = dyn Fn(&str, Result<(), &InvokeError>) + Send + Sync;

impl Witness {
    /// One that hands everything to `tell`.
    pub fn new(tell: impl Fn(&str, Result<(), &InvokeError>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }
}

impl std::fmt::Debug for Witness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Witness")
    }
}

/// A function that can be invoked. Clones are the same function; its processes end with the last.
#[derive(Clone, Debug)]
pub struct Function(Arc<Pool>);

#[derive(Debug)]
struct Pool {
    spec: Spec,
    /// Another version, which serves every second invocation.
    other: Option<Spec>,
    turn: AtomicUsize,
    log: Log,
    witness: Option<Witness>,
    /// Processes that wait for work, the last used one last: it is taken first, as in Lambda.
    idle: Mutex<Vec<Instance>>,
    /// How to end those that work, by the number of their invocation.
    busy: Mutex<BTreeMap<usize, Reins>>,
    invocations: AtomicUsize,
    /// One permit for each process that there may be.
    permits: Semaphore,
    started: AtomicUsize,
}

impl Function {
    /// A function that has no process yet.
    #[must_use]
    pub fn new(spec: Spec, log: Log) -> Self {
        Self::in_turn(spec, None, log, None)
    }

    /// A function that has no process yet. With another version, the two serve its invocations in
    /// turn, so that each meets what the other one has just done.
    #[must_use]
    pub fn in_turn(spec: Spec, other: Option<Spec>, log: Log, witness: Option<Witness>) -> Self {
        Self(Arc::new(Pool {
            permits: Semaphore::new(spec.max_instances),
            idle: Mutex::default(),
            busy: Mutex::default(),
            invocations: AtomicUsize::new(0),
            started: AtomicUsize::new(0),
            turn: AtomicUsize::new(0),
            spec,
            other,
            log,
            witness,
        }))
    }

    /// Whether the other version serves the next invocation. They take turns from there.
    pub fn give_turn(&self, is_others: bool) {
        let turn = usize::from(is_others);
        self.0.turn.store(turn, Ordering::Relaxed);
    }

    /// The function's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.spec.name
    }

    /// How many processes have been started so far.
    #[must_use]
    pub fn started(&self) -> usize {
        self.0.started.load(Ordering::Relaxed)
    }

    /// Starts a process ahead of the first call, so that a function that can't start is noticed.
    ///
    /// # Errors
    /// [`InvokeError::Init`] with what the process said, or [`InvokeError::Stopped`].
    pub async fn warm(&self) -> Result<(), InvokeError> {
        let _permit = self
            .0
            .permits
            .acquire()
            .await
            .map_err(|_closed| InvokeError::Stopped)?;
        let spec = self.0.version(self.0.turn.load(Ordering::Relaxed));
        let instance = self.0.instance(spec).await?;
        self.0.put_back(instance);
        Ok(())
    }

    /// Invokes it with `payload`. The invocation goes on when the caller stops waiting, as in
    /// Lambda.
    ///
    /// # Errors
    /// As [`InvokeError`] lists them.
    pub async fn invoke(&self, payload: &Value) -> Result<Value, InvokeError> {
        let answer = self.invoke_bytes(payload.to_string().into()).await?;
        crate::json::read(&answer).map_err(|error| InvokeError::Function {
            error_type: "Runtime.MarshalError".to_owned(),
            message: format!("the answer is not JSON: {error}"),
        })
    }

    /// As [`Function::invoke`], for a payload and an answer that are JSON text already.
    ///
    /// # Errors
    /// As [`InvokeError`] lists them.
    pub async fn invoke_bytes(&self, payload: Bytes) -> Result<Bytes, InvokeError> {
        let pool = Arc::clone(&self.0);
        let invocation = async move {
            let _permit = pool
                .permits
                .acquire()
                .await
                .map_err(|_closed| InvokeError::Stopped)?;
            let spec = pool.version(pool.turn.fetch_add(1, Ordering::Relaxed));
            let mut instance = pool.instance(spec).await?;
            let number = pool.invocations.fetch_add(1, Ordering::Relaxed);
            let (reins, working) = instance.reins();
            pool.busy().insert(number, reins);
            let outcome = instance.invoke(payload).await;
            pool.busy().remove(&number);
            drop(working);
            if let Err(error @ (InvokeError::TimedOut { .. } | InvokeError::Crashed { .. })) =
                &outcome
            {
                pool.log
                    .write(&pool.spec.name, format!("{}", error.to_json()));
            }
            if let Some(Witness(tell)) = &pool.witness {
                tell(&pool.spec.name, outcome.as_ref().map(drop));
            }
            pool.put_back(instance);
            outcome
        };
        tokio::spawn(invocation)
            .await
            .unwrap_or(Err(InvokeError::Stopped))
    }

    /// Kills the processes that are working at invocations now, as a crash would, and waits until
    /// those are over. Their invocations end as [`InvokeError::Crashed`].
    pub async fn kill_running(&self) {
        let busy = std::mem::take(&mut *self.0.busy());
        for reins in busy.into_values() {
            reins.kill().await;
        }
    }

    /// Ends the processes that are working at invocations now as if their time limit had passed,
    /// and waits until those are over. Their invocations end as [`InvokeError::TimedOut`].
    pub async fn time_out_running(&self) {
        let busy = std::mem::take(&mut *self.0.busy());
        for reins in busy.into_values() {
            reins.time_out().await;
        }
    }

    /// Stops the processes that wait for work, as Lambda freezes them, until [`Function::thaw`].
    /// Unlike in Lambda their clocks go on.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn freeze(&self) -> std::io::Result<()> {
        self.0
            .idle()
            .iter()
            .try_for_each(|it| it.signal(Signal::STOP))
    }

    /// Lets them go on.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn thaw(&self) -> std::io::Result<()> {
        self.0
            .idle()
            .iter()
            .try_for_each(|it| it.signal(Signal::CONT))
    }

    /// Waits until no invocation is under way, and ends every process. Until the pause is dropped,
    /// invocations wait; the first one starts a process.
    ///
    /// # Errors
    /// [`InvokeError::Stopped`].
    pub async fn pause(&self) -> Result<Pause<'_>, InvokeError> {
        let all = u32::try_from(self.0.spec.max_instances).unwrap_or(u32::MAX);
        let permits = self.0.permits.acquire_many(all).await;
        let permits = permits.map_err(|_closed| InvokeError::Stopped)?;
        let idle = std::mem::take(&mut *self.0.idle());
        for mut instance in idle {
            instance.kill().await;
        }
        Ok(Pause(permits))
    }

    /// Ends the processes that wait for work, and each other one when it has finished. Calls
    /// from now on are refused.
    pub async fn stop(&self) {
        self.0.permits.close();
        let idle = std::mem::take(&mut *self.0.idle());
        for mut instance in idle {
            instance.kill().await;
        }
    }
}

/// No process of a function runs as long as this is held.
#[derive(Debug)]
pub struct Pause<'a>(
    #[expect(dead_code, reason = "it is given back when dropped")] SemaphorePermit<'a>,
);

impl Pool {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Instance>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn busy(&self) -> std::sync::MutexGuard<'_, BTreeMap<usize, Reins>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The version whose turn it is.
    fn version(&self, turn: usize) -> &Spec {
        let is_others = turn % 2 == 1;
        let other = self.other.as_ref().filter(|_| is_others);
        other.unwrap_or(&self.spec)
    }

    /// A process of this version that waits for work.
    fn waiting(&self, spec: &Spec) -> Option<Instance> {
        let mut idle = self.idle();
        idle.retain(Instance::is_alive);
        let last = idle.iter().rposition(|instance| instance.runs(spec))?;
        Some(idle.remove(last))
    }

    /// A process of this version that waits for work, or a new one.
    async fn instance(&self, spec: &Spec) -> Result<Instance, InvokeError> {
        if let Some(instance) = self.waiting(spec) {
            return Ok(instance);
        }
        self.started.fetch_add(1, Ordering::Relaxed);
        let started = Instance::start(spec, &self.log).await;
        if let Err(error) = &started {
            self.log.write(&spec.name, format!("{}", error.to_json()));
        }
        started
    }

    fn put_back(&self, instance: Instance) {
        if instance.is_alive() && !self.permits.is_closed() {
            self.idle().push(instance);
        }
    }
}

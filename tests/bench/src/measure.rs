//! Takes the times: many starts and many calls, interleaved, on one core if that can be had.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use local::Error;
use serde::Serialize;

use crate::process::{Process, Subject};

/// How often the warm calls are repeated, each time with a new process.
pub(crate) const WARM_ROUNDS: usize = 3;

/// Calls of one warm round.
pub(crate) const WARM_CALLS: u32 = 2_000;

/// Calls of a new process before its warm calls are timed.
const WARM_UP_CALLS: u32 = 100;

/// What is measured.
pub(crate) struct Candidate<'a> {
    pub(crate) name: &'static str,
    pub(crate) subject: &'a Subject,
    /// Whether an answer is the one that this candidate should give.
    pub(crate) is_right: &'a dyn Fn(&[u8]) -> bool,
}

/// What came out: medians. Times in milliseconds, sizes in millions of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Figures {
    /// From starting the process until it asks for work.
    pub(crate) init_ms: f64,
    /// The first call.
    pub(crate) cold_ms: f64,
    /// Both, of the same start.
    pub(crate) init_plus_cold_ms: f64,
    pub(crate) warm_p50_ms: f64,
    pub(crate) warm_p99_ms: f64,
    /// Processor time of 1,000 warm calls.
    pub(crate) cpu_ms_per_1000_calls: f64,
    /// `VmHWM` after the warm calls.
    pub(crate) peak_memory_mb: f64,
    pub(crate) binary_mb: f64,
}

impl Figures {
    /// How many times `yardstick`'s these are.
    pub(crate) fn ratio_to(&self, yardstick: &Self) -> Self {
        Self {
            init_ms: self.init_ms / yardstick.init_ms,
            cold_ms: self.cold_ms / yardstick.cold_ms,
            init_plus_cold_ms: self.init_plus_cold_ms / yardstick.init_plus_cold_ms,
            warm_p50_ms: self.warm_p50_ms / yardstick.warm_p50_ms,
            warm_p99_ms: self.warm_p99_ms / yardstick.warm_p99_ms,
            cpu_ms_per_1000_calls: self.cpu_ms_per_1000_calls / yardstick.cpu_ms_per_1000_calls,
            peak_memory_mb: self.peak_memory_mb / yardstick.peak_memory_mb,
            binary_mb: self.binary_mb / yardstick.binary_mb,
        }
    }
}

/// Puts this whole process, and so all that it starts, on one core: between cores, wake-ups blur
/// every figure. Tells which core, or `None` where there is no `taskset`.
pub(crate) fn pin() -> Result<Option<u32>, Error> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let mut lines = status.lines();
    let cores = lines.find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    let last = cores.and_then(|list| list.rsplit(['-', ',']).next());
    let core = last.ok_or("no Cpus_allowed_list")?.trim().parse()?;
    let taskset = Command::new("taskset")
        .args(["-a", "-c", "-p", &format!("{core}")])
        .arg(std::process::id().to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    Ok(taskset.is_ok_and(|status| status.success()).then_some(core))
}

/// How many processes wanted to run in the last minute, on average: the more, the less do the
/// figures say, and the 99th percentile first of all.
pub(crate) fn load_average() -> Result<f64, Error> {
    let text = std::fs::read_to_string("/proc/loadavg")?;
    Ok(text.split(' ').next().unwrap_or_default().parse()?)
}

/// Measures all candidates in turn, so that what disturbs the machine disturbs all alike.
pub(crate) fn measure(
    candidates: &[Candidate<'_>],
    starts: u32,
    log: &Path,
) -> Result<Vec<Figures>, Error> {
    let mut taken: Vec<_> = candidates.iter().map(|_| Taken::default()).collect();
    for _ in 0..starts {
        for (candidate, taken) in candidates.iter().zip(&mut taken) {
            let mut process = Process::start(candidate.subject, log)?;
            let cold = call(candidate, &mut process)?;
            taken.init.push(ms(process.init));
            taken.cold.push(ms(cold));
            taken.init_plus_cold.push(ms(process.init + cold));
        }
    }
    for _ in 0..WARM_ROUNDS {
        for (candidate, taken) in candidates.iter().zip(&mut taken) {
            taken.warm(candidate, log)?;
        }
    }
    let sizes = candidates
        .iter()
        .map(|candidate| size_mb(&candidate.subject.binary));
    taken
        .into_iter()
        .zip(sizes)
        .map(|(taken, binary_mb)| Ok(taken.figures(binary_mb?)))
        .collect()
}

/// An executable's size in millions of bytes.
pub(crate) fn size_mb(binary: &Path) -> Result<f64, Error> {
    Ok(mb(std::fs::metadata(binary)?.len()))
}

/// Single values of one candidate: of each start, and of each warm round.
#[derive(Default)]
struct Taken {
    init: Vec<f64>,
    cold: Vec<f64>,
    init_plus_cold: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
    cpu: Vec<f64>,
    peak: Vec<f64>,
}

impl Taken {
    fn warm(&mut self, candidate: &Candidate<'_>, log: &Path) -> Result<(), Error> {
        let mut process = Process::start(candidate.subject, log)?;
        for _ in 0..WARM_UP_CALLS {
            call(candidate, &mut process)?;
        }
        let before = process.cpu()?;
        let times = (0..WARM_CALLS).map(|_| Ok(ms(call(candidate, &mut process)?)));
        let times = times.collect::<Result<Vec<_>, Error>>()?;
        let cpu = ms(process.cpu()?.saturating_sub(before));
        self.cpu.push(cpu * 1_000.0 / f64::from(WARM_CALLS));
        self.p50.push(quantile(times.clone(), 50));
        self.p99.push(quantile(times, 99));
        self.peak.push(mb(process.peak_memory()?));
        Ok(())
    }

    fn figures(self, binary_mb: f64) -> Figures {
        Figures {
            init_ms: quantile(self.init, 50),
            cold_ms: quantile(self.cold, 50),
            init_plus_cold_ms: quantile(self.init_plus_cold, 50),
            warm_p50_ms: quantile(self.p50, 50),
            warm_p99_ms: quantile(self.p99, 50),
            cpu_ms_per_1000_calls: quantile(self.cpu, 50),
            peak_memory_mb: quantile(self.peak, 50),
            binary_mb,
        }
    }
}

fn call(candidate: &Candidate<'_>, process: &mut Process) -> Result<Duration, Error> {
    let (took, answer) = process.call()?;
    if !(candidate.is_right)(&answer) {
        let answer = String::from_utf8_lossy(&answer);
        return Err(format!("{}: unexpected answer: {answer}", candidate.name).into());
    }
    Ok(took)
}

/// The value that `percent` of the values do not exceed: always one of them.
fn quantile(mut values: Vec<f64>, percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    let rank = (values.len() * percent).div_ceil(100).max(1);
    values.get(rank - 1).copied().unwrap_or(f64::NAN)
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_nearest_ranks() {
        let hundred: Vec<_> = (1..=100).rev().map(f64::from).collect();
        assert_eq!(quantile(hundred.clone(), 50), 50.0);
        assert_eq!(quantile(hundred, 99), 99.0);
        assert_eq!(quantile(vec![3.0, 1.0, 2.0], 50), 2.0);
        assert_eq!(quantile(vec![7.0], 99), 7.0);
    }
}

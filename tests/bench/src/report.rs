//! What was found, for people and for programs.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::measure::{Figures, WARM_CALLS, WARM_ROUNDS};
use crate::paths::Calls;

/// Everything that was found. Its fields are those of the JSON file.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) conditions: Conditions,
    /// By candidate: `hello`, `not_linked`, `too_soon`, `nothing_new`.
    pub(crate) figures: BTreeMap<&'static str, Figures>,
    /// The figures of each path divided by those of `hello`.
    pub(crate) ratios: BTreeMap<&'static str, Figures>,
    /// By path.
    pub(crate) calls_per_request: BTreeMap<&'static str, CallsOfPath>,
    /// Millions of bytes, by function.
    pub(crate) binaries_mb: BTreeMap<String, f64>,
    pub(crate) bars: Vec<Bar>,
}

/// How it was measured.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Conditions {
    pub(crate) arch: &'static str,
    /// The core that everything ran on; `null`: not pinned.
    pub(crate) core: Option<u32>,
    /// How many processes wanted to run in the minute before.
    pub(crate) load_average: f64,
    pub(crate) starts: u32,
    pub(crate) warm_rounds: usize,
    pub(crate) warm_calls: u32,
}

/// What one request of a path costs others.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct CallsOfPath {
    #[serde(flatten)]
    pub(crate) calls: Calls,
    pub(crate) as_allowed: bool,
}

/// A limit that was set, and what came out.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Bar {
    pub(crate) name: &'static str,
    pub(crate) value: f64,
    pub(crate) limit: f64,
    pub(crate) within: bool,
}

impl Bar {
    fn new(name: &'static str, value: f64, limit: f64) -> Self {
        Self {
            name,
            value,
            limit,
            within: value <= limit,
        }
    }
}

impl Report {
    pub(crate) fn new(
        conditions: Conditions,
        figures: BTreeMap<&'static str, Figures>,
        calls_per_request: BTreeMap<&'static str, CallsOfPath>,
        binaries_mb: BTreeMap<String, f64>,
    ) -> Self {
        let yardstick = figures[crate::HELLO];
        let paths = figures.iter().filter(|(name, _)| **name != crate::HELLO);
        let ratios: BTreeMap<_, _> = paths
            .clone()
            .map(|(name, figures)| (*name, figures.ratio_to(&yardstick)))
            .collect();
        let most = |values: &mut dyn Iterator<Item = f64>| values.fold(0.0, f64::max);
        let start = most(&mut ratios.values().map(|ratio| ratio.init_plus_cold_ms));
        let memory = most(&mut paths.map(|(_, figures)| figures.peak_memory_mb));
        let size = most(&mut binaries_mb.values().copied());
        let others = calls_per_request.values().filter(|calls| !calls.as_allowed);
        let others = others.count() as f64;
        let bars = vec![
            Bar::new("init plus cold, times hello, worst path", start, 4.0),
            Bar::new(
                "warm p50, times hello, not linked",
                ratios["not_linked"].warm_p50_ms,
                6.0,
            ),
            Bar::new("peak memory, MB, worst path", memory, 10.0),
            Bar::new("binary, MB, largest function", size, 8.0),
            Bar::new("paths with other calls than allowed", others, 0.0),
        ];
        Self {
            conditions,
            figures,
            ratios,
            calls_per_request,
            binaries_mb,
            bars,
        }
    }

    /// Whether every bar holds.
    pub(crate) fn is_within(&self) -> bool {
        self.bars.iter().all(|bar| bar.within)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Conditions {
            arch,
            load_average,
            starts,
            ..
        } = self.conditions;
        let core = match self.conditions.core {
            Some(core) => format!("all pinned to core {core} by taskset"),
            None => "NOT PINNED (no taskset): expect blur".to_owned(),
        };
        writeln!(
            f,
            "`entitlements` beside a hello on lambda_http: {arch}, {core}, load {load_average}"
        )?;
        writeln!(
            f,
            "Medians of {starts} interleaved starts and {WARM_ROUNDS} × {WARM_CALLS} warm calls. \
             The services' answers were\nrecorded from the embedded DynamoDB and the stand-in, and \
             are played back over plain HTTP by the\nbenchmark itself: no TLS, no database and no \
             network is in the times. Files were in the page cache.\n"
        )?;
        self.write_figures(f)?;
        writeln!(
            f,
            "\nCalls per request, counted at the real (embedded) services; without init's `HEAD /` to each"
        )?;
        for (path, found) in &self.calls_per_request {
            let allowed = if found.as_allowed {
                "as allowed"
            } else {
                "NOT AS ALLOWED"
            };
            let [dynamodb, amazon] = [&found.calls.dynamodb, &found.calls.amazon].map(list);
            writeln!(
                f,
                "  {path:<12} DynamoDB: {dynamodb:<28} Amazon: {amazon:<16} {allowed}"
            )?;
        }
        writeln!(f, "\nBinaries, MB")?;
        for (name, size) in &self.binaries_mb {
            writeln!(f, "  {name:<12} {size:.2}")?;
        }
        writeln!(f, "\nBars")?;
        for bar in &self.bars {
            let verdict = if bar.within { "within" } else { "above" };
            writeln!(
                f,
                "  {:<42} {:>6.2}  at most {:>2}  {verdict}",
                bar.name, bar.value, bar.limit
            )?;
        }
        Ok(())
    }
}

impl Report {
    fn write_figures(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HEADS: [&str; 8] = [
            "init", "cold", "both", "warm p50", "p99", "CPU", "memory", "binary",
        ];
        write!(f, "{:<14}", "")?;
        for head in HEADS {
            write!(f, "{head:>9}")?;
        }
        writeln!(f, "   (ms; CPU: ms per 1,000 calls; MB)")?;
        for (name, figures) in &self.figures {
            row(f, name, figures, 3)?;
            if let Some(ratio) = self.ratios.get(name) {
                row(f, "  × hello", ratio, 2)?;
            }
        }
        Ok(())
    }
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, figures: &Figures, digits: usize) -> fmt::Result {
    write!(f, "{name:<14}")?;
    for value in [
        figures.init_ms,
        figures.cold_ms,
        figures.init_plus_cold_ms,
        figures.warm_p50_ms,
        figures.warm_p99_ms,
        figures.cpu_ms_per_1000_calls,
        figures.peak_memory_mb,
        figures.binary_mb,
    ] {
        write!(f, "{value:>9.digits$}")?;
    }
    writeln!(f)
}

fn list(calls: &BTreeMap<String, f64>) -> String {
    if calls.is_empty() {
        return "none".to_owned();
    }
    let calls = calls.iter().map(|(name, count)| format!("{count} {name}"));
    calls.collect::<Vec<_>>().join(", ")
}

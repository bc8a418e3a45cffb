//! What each way through the service costs: counted requests and units, times prices.

use std::fmt;

use it::{World, ids_of};
use local::Error;
use serde_json::json;

use super::meter::{Meter, Used};
use super::subject::Drain;

/// Dollars for a million, or for a GB-second: us-east-1, on demand, first tier. Prices change:
/// compare them with AWS's pages, and count anew.
const READ_UNITS: f64 = 0.125;
const WRITE_UNITS: f64 = 0.625;
const API_REQUESTS: f64 = 1.00;
const INVOCATIONS: f64 = 0.20;
const ARM_GB_SECOND: f64 = 0.000_013_333_4;

/// The template's `MemorySize`, in GB.
const MEMORY: f64 = 0.25;

/// What a warm call computes by itself on that size's share of a processor, in milliseconds.
const OWN_MS: f64 = 4.0;

/// How long others take to answer, in milliseconds: an assumption, not a measurement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Latency {
    pub(crate) database_ms: f64,
    pub(crate) amazon_ms: f64,
}

/// What one of something costs.
#[derive(Clone, Debug)]
pub(crate) struct Cost {
    pub(crate) name: &'static str,
    /// Requests at our API; nothing else is invoked by it.
    api: f64,
    invocations: f64,
    requests: f64,
    reads: f64,
    writes: f64,
    amazon: f64,
    billed_ms: f64,
}

impl Cost {
    fn new(name: &'static str, api: u32, used: &Used, amazon: u64, latency: Latency) -> Self {
        let [requests, amazon] = [used.all(), amazon].map(float);
        let calls = f64::from(api);
        Self {
            name,
            api: calls,
            invocations: calls,
            requests,
            reads: used.reads,
            writes: used.writes,
            amazon,
            billed_ms: OWN_MS * calls + requests * latency.database_ms + amazon * latency.amazon_ms,
        }
    }

    /// One of the reports that a run of `reconcile` made. Its time is the run's, which does many
    /// at once, so it is left out here.
    pub(crate) fn of_report(drain: &Drain) -> Self {
        let each = float(drain.due()).max(1.0);
        Self {
            name: "reconcile, each report that is due",
            api: 0.0,
            invocations: 0.0,
            requests: float(drain.used.all()) / each,
            reads: drain.used.reads / each,
            writes: drain.used.writes / each,
            amazon: float(drain.amazon) / each,
            billed_ms: 0.0,
        }
    }

    /// A run of `reconcile` with nothing to do.
    pub(crate) fn of_idle_run(drain: &Drain, latency: Latency) -> Self {
        Self {
            invocations: 1.0,
            // All shards are read at once.
            billed_ms: OWN_MS + latency.database_ms,
            ..Self::new(
                "reconcile, a run with nothing due",
                0,
                &drain.used,
                0,
                latency,
            )
        }
    }

    /// Dollars for a million of DynamoDB's part.
    fn database(&self) -> f64 {
        self.reads * READ_UNITS + self.writes * WRITE_UNITS
    }

    /// Dollars for a million, without logs and traffic.
    fn all(&self) -> f64 {
        let compute = self.billed_ms / 1000.0 * MEMORY * ARM_GB_SECOND * 1e6;
        self.database() + self.api * API_REQUESTS + self.invocations * INVOCATIONS + compute
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "  {:<38} {:>3.0} {:>8.1} {:>6.1} {:>6.1} {:>6.1} {:>7.0} {:>9.2} {:>7.2}",
            self.name,
            self.api,
            self.requests,
            self.reads,
            self.writes,
            self.amazon,
            self.billed_ms,
            self.database(),
            self.all()
        )
    }
}

/// The head of the table whose lines are [`Cost`]s.
pub(crate) fn head(latency: Latency) -> String {
    let Latency {
        database_ms,
        amazon_ms,
    } = latency;
    format!(
        "What one costs, and a million in dollars (us-east-1, on demand: read unit {READ_UNITS}, \
         write unit {WRITE_UNITS},\nAPI request {API_REQUESTS:.2}, invocation {INVOCATIONS:.2} a \
         million, Arm {ARM_GB_SECOND} a GB-second; {MEMORY} GB; assumed:\n{database_ms} ms for an \
         answer of DynamoDB, {amazon_ms} ms for one of Amazon; without logs and traffic)\n\
         {:<40} API requests  reads writes Amazon      ms  DynamoDB     all",
        ""
    )
}

/// Goes every way once, and counts.
pub(crate) async fn count(
    world: &World,
    meter: &Meter,
    latency: Latency,
) -> Result<Vec<Cost>, Error> {
    const SKU: &str = "cost-offer";
    let player = "c0570000-0000-4000-8000-000000000000";
    world.offer_with(SKU, &json!({"per_player": null})).await;
    let mut costs = Vec::new();
    let begin = || {
        world.forget();
        meter.take();
    };
    let mut end = |name, api| -> Result<(), Error> {
        let amazon = u64::try_from(world.amazon.calls().len())?;
        costs.push(Cost::new(name, api, &meter.take(), amazon, latency));
        Ok(())
    };

    begin();
    world.check(player).await;
    end("check: not linked", 1)?;

    begin();
    world.linked(player, "cost").await;
    // The session, the page, its answer and the way back.
    end("linking", 4)?;

    begin();
    world.check_later(player).await;
    end("check: linked, nothing new", 1)?;

    begin();
    world.check(player).await;
    end("check: too soon, nothing open", 1)?;

    world.amazon.claim("cost", SKU);
    begin();
    let answer = world.check_later(player).await;
    end("check: one new, offer not remembered", 1)?;

    begin();
    world.check(player).await;
    end("check: too soon, one open", 1)?;

    begin();
    world.confirm(player, &[&ids_of(&answer)[0]]).await;
    end("confirmation of one, reported", 1)?;

    world.check_later(player).await;
    world.pass(3600);
    begin();
    world.check(player).await;
    end("check: token expired, nothing new", 1)?;
    Ok(costs)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts are far below what a float holds exactly"
)]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_checks_cost_the_sum_of_their_parts() {
        let used = Used {
            requests: [("GetItem".to_owned(), 1), ("UpdateItem".to_owned(), 1)].into(),
            reads: 1.0,
            writes: 2.0,
            due_writes: 0.0,
        };
        let latency = Latency {
            database_ms: 5.0,
            amazon_ms: 186.0,
        };
        let cost = Cost::new("check", 1, &used, 1, latency);
        assert!((cost.database() - 1.375).abs() < 1e-9);
        // 200 ms of a quarter GB are 0.05 GB-seconds.
        assert!(
            (cost.all() - (1.375 + 1.2 + 0.666_67)).abs() < 1e-9,
            "{cost}"
        );
    }
}

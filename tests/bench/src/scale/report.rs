//! What was found, and whether it says what is claimed.

use std::fmt;
use std::time::Duration;

use prime_gaming::testing::store::DUE_SHARDS;

use super::costs::{Cost, Latency, float, head};
use super::meter::Used;
use super::subject::Drain;

/// How many hints `reconcile` reads at once.
const PAGE: u64 = 25;

/// For so long of every minute a run begins work: 40 s planned, 5 s for what is under way.
const WORKING: Duration = Duration::from_secs(35);

/// Everything that was found.
#[derive(Debug)]
pub(crate) struct Report {
    /// What a player takes: the start of a row's key, and bytes.
    pub(crate) sizes: Vec<(String, usize)>,
    /// Nothing due, more and more stored.
    pub(crate) idle: Vec<Drain>,
    /// The same number due, more and more stored.
    pub(crate) fixed: Vec<Drain>,
    /// More and more due, the same stored.
    pub(crate) growing: Vec<Drain>,
    /// The same, where Amazon takes its time.
    pub(crate) slow: Drain,
    pub(crate) costs: Vec<Cost>,
    pub(crate) latency: Latency,
}

impl Report {
    fn drains(&self) -> impl Iterator<Item = &Drain> {
        let all = self.idle.iter().chain(&self.fixed).chain(&self.growing);
        all.chain([&self.slow])
    }

    /// What contradicts the claim. Counted requests alone decide; times do not.
    pub(crate) fn contradictions(&self) -> Vec<String> {
        self.drains().filter_map(contradiction).collect()
    }
}

/// What a drain asked of the database that what was due does not account for. How many players
/// were stored is not asked here: that is the claim.
fn contradiction(drain: &Drain) -> Option<String> {
    let Drain {
        stored, due, runs, ..
    } = drain;
    // A look at every page, and where there was work, another look that finds none. A run that
    // ends before the work does also counts what is left, and the next one looks anew.
    let pages = |due: &u64| if *due == 0 { 1 } else { due / PAGE + 2 };
    let again = 4 * u64::from(DUE_SHARDS) * (runs - 1);
    let most_queries = due.iter().map(pages).sum::<u64>() + again;
    // Taking it and writing down that it is done; the account's row and the player's.
    let expected = [
        ("UpdateItem", 2 * drain.due()),
        ("GetItem", 2 * drain.due()),
    ];
    let mut others = drain.used.all() - drain.used.of("Query");
    for (operation, count) in expected {
        if drain.used.of(operation) != count {
            return Some(format!(
                "{stored} stored, {} due: {} × {operation}, expected {count}",
                drain.due(),
                drain.used.of(operation)
            ));
        }
        others -= count;
    }
    let queries = drain.used.of("Query");
    if others > 0 || queries > most_queries {
        let requests = &drain.used.requests;
        return Some(format!(
            "{stored} stored, {} due: {requests:?}, expected at most {most_queries} × Query",
            drain.due()
        ));
    }
    None
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sizes = self.sizes.iter().map(|(key, size)| format!("{key} {size}"));
        let sizes: Vec<_> = sizes.collect();
        writeln!(f, "Bytes of a player's rows: {}\n", sizes.join(", "))?;
        writeln!(
            f,
            "Reconcile, until nothing is left; requests and units of DynamoDB\n\
             {:>10} {:>6} {:>5} {:>9} {:>8} {:>8} {:>9} {:>7} {:>9} {:>9}",
            "stored",
            "due",
            "runs",
            "requests",
            "each",
            "reads",
            "writes",
            "Amazon",
            "ms",
            "ms each"
        )?;
        for drain in self.drains() {
            write_drain(f, drain)?;
        }
        writeln!(f)?;
        self.write_ratios(f)?;
        writeln!(f, "\n{}", head(self.latency))?;
        self.costs
            .iter()
            .try_for_each(|cost| writeln!(f, "{cost}"))?;
        writeln!(f)?;
        let found = self.contradictions();
        if found.is_empty() {
            return writeln!(
                f,
                "The requests grow with what is due, and not with what is stored."
            );
        }
        found
            .iter()
            .try_for_each(|what| writeln!(f, "CONTRADICTED: {what}"))
    }
}

impl Report {
    fn write_ratios(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, drains) in [
            ("nothing due", &self.idle),
            ("the same due", &self.fixed),
            ("the same stored", &self.growing),
        ] {
            let (Some(first), Some(last)) = (drains.first(), drains.last()) else {
                continue;
            };
            let ratio = |of: &dyn Fn(&Drain) -> f64| of(last) / of(first);
            let units = |used: &Used| used.reads + used.writes;
            writeln!(
                f,
                "  {what:<16} stored × {:<6.0} due × {:<5.0} requests × {:<6.2} units × {:<6.2} time × {:.2}",
                ratio(&|drain| f64::from(drain.stored)),
                ratio(&|drain| float(drain.due().max(1))),
                ratio(&|drain| float(drain.used.all())),
                ratio(&|drain| units(&drain.used)),
                ratio(&|drain| drain.took.as_secs_f64()),
            )?;
        }
        let slow = &self.slow;
        let each_second = float(slow.due()) / slow.took.as_secs_f64();
        writeln!(
            f,
            "  With {} ms for each answer of Amazon: {each_second:.0} reports a second, {:.0} in a run of {} s; \
             index `due`: {:.1} write units a report",
            self.latency.amazon_ms,
            each_second * WORKING.as_secs_f64(),
            WORKING.as_secs(),
            slow.used.due_writes / float(slow.due()).max(1.0),
        )
    }
}

fn write_drain(f: &mut fmt::Formatter<'_>, drain: &Drain) -> fmt::Result {
    let due = drain.due();
    let each = |total: f64| match due {
        0 => "-".to_owned(),
        due => format!("{:.2}", total / float(due)),
    };
    let ms = drain.took.as_secs_f64() * 1000.0;
    writeln!(
        f,
        "{:>10} {due:>6} {:>5} {:>9} {:>8} {:>8.1} {:>9.1} {:>7} {ms:>9.0} {:>9}",
        drain.stored,
        drain.runs,
        drain.used.all(),
        each(float(drain.used.all())),
        drain.used.reads,
        drain.used.writes,
        drain.amazon,
        each(ms),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(stored: u32, due: Vec<u64>, requests: [(&str, u64); 3]) -> Drain {
        let requests = requests.map(|(name, count)| (name.to_owned(), count));
        Drain {
            stored,
            due,
            runs: 1,
            used: Used {
                requests: requests.into(),
                ..Used::default()
            },
            amazon: 0,
            took: Duration::from_secs(1),
        }
    }

    #[test]
    fn only_what_is_due_accounts_for_requests() {
        let counted = |queries, reads, updates| {
            [
                ("Query", queries),
                ("GetItem", reads),
                ("UpdateItem", updates),
            ]
        };
        let nothing = vec![0; 8];
        for stored in [1_000, 100_000] {
            let fine = drain(stored, nothing.clone(), counted(8, 0, 0));
            assert_eq!(contradiction(&fine), None);
        }
        let scans = drain(100_000, nothing, counted(9, 0, 0));
        assert!(contradiction(&scans).is_some());

        let some = vec![3, 30, 0, 0, 0, 0, 0, 0];
        let fine = drain(1_000, some.clone(), counted(2 + 3 + 6, 66, 66));
        assert_eq!(contradiction(&fine), None);
        for requests in [
            counted(12, 66, 66),
            counted(11, 67, 66),
            counted(11, 66, 67),
        ] {
            assert!(contradiction(&drain(1_000, some.clone(), requests)).is_some());
        }
    }
}

//! The clock forward. The functions use the system's clock, so what is stored becomes older instead.

use std::time::Duration;

use serde_json::json;

use super::Console;
use super::play::Said;
use crate::Error;

/// No alarm looks back much further: this much of a jump passes minute by minute.
const WATCHED: Duration = Duration::from_secs(60 * 60);

const MINUTE: Duration = Duration::from_secs(60);

impl Console {
    /// So many seconds pass: of a long jump the first part at once, and its last hour minute by minute,
    /// with a run of `reconcile` in each.
    pub(super) async fn forward(&self, seconds: u64) -> Said {
        if !self.place().has_own_database {
            return Err(
                "The database is your own, so the console does not make its rows older: start without \
                 AWS_ENDPOINT_URL_DYNAMODB"
                    .to_owned(),
            );
        }
        let by = Duration::from_secs(seconds);
        let runs = self.jump(by).await;
        let runs =
            runs.map_err(|error| format!("the clock was not moved as it should: {error}"))?;
        Ok(format!(
            "{} passed. reconcile runs in that time: {runs}.",
            told(seconds)
        ))
    }

    /// Gives how often `reconcile` ran.
    async fn jump(&self, by: Duration) -> Result<usize, Error> {
        let at_once = by.saturating_sub(WATCHED);
        if !at_once.is_zero() {
            self.pass(at_once).await?;
        }
        let (mut left, mut runs) = (by - at_once, 0);
        while !left.is_zero() {
            let step = left.min(MINUTE);
            self.pass(step).await?;
            left -= step;
            if let Some(reconcile) = self.place().functions.get("reconcile") {
                // How it ends is in its log lines.
                let _ = reconcile.invoke(&json!({})).await;
                runs += 1;
            }
        }
        self.onlooker().alarms.evaluate()?;
        // What is armed counts no request of a process that starts.
        if let Some(kill) = self.kill()
            && let Some(function) = self.place().functions.get(&kill.function)
        {
            function.warm().await?;
        }
        Ok(runs)
    }

    /// Runs `reconcile` once. An alarm expects a run in every minute, and the first one that the schedule
    /// makes comes a minute after the start.
    pub(crate) async fn bridge_first_minute(&self) {
        if let Some(reconcile) = self.place().functions.get("reconcile") {
            // If it fails, its log lines say so.
            let _ = reconcile.invoke(&json!({})).await;
        }
    }

    /// Time passes while no process runs: for all that is stored, for Amazon, and on the console's clock.
    /// Processes are replaced, so that nothing cached is younger than it should be; when they have ended,
    /// all of their log lines are there.
    async fn pass(&self, by: Duration) -> Result<(), Error> {
        let place = self.place();
        let mut pauses = Vec::new();
        for function in place.functions.values() {
            pauses.push(function.pause().await?);
        }
        self.onlooker().alarms.evaluate()?;
        place.rows.age(by).await?;
        if let Some(amazon) = &place.amazon {
            amazon.advance(by);
        }
        self.onlooker().time.forward(by);
        Ok(())
    }
}

/// A length of time in words.
fn told(seconds: u64) -> String {
    let units = [
        (604_800, "week"),
        (86_400, "day"),
        (3600, "hour"),
        (60, "minute"),
        (1, "second"),
    ];
    let mut left = seconds;
    let mut parts = Vec::new();
    for (length, unit) in units {
        match left / length {
            0 => {}
            1 => parts.push(format!("1 {unit}")),
            count => parts.push(format!("{count} {unit}s")),
        }
        left %= length;
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    #[test]
    fn lengths_of_time_are_told_in_words() {
        for (seconds, words) in [
            (60, "1 minute"),
            (3600, "1 hour"),
            (604_800, "1 week"),
            (90_061, "1 day, 1 hour, 1 minute, 1 second"),
            (1_209_600, "2 weeks"),
        ] {
            assert_eq!(super::told(seconds), words);
        }
    }
}

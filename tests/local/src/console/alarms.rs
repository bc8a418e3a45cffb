//! The alarms of the template as lamps: log lines, requests and invocations go to CloudWatch's model.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cloudwatch::{CloudWatch, End, Stack, State};
use serde::Serialize;

use super::time::Time;
use crate::Error;

/// The log group of the functions. No metric filter is on one: their metrics are in the lines.
const FUNCTIONS_GROUP: &str = "/aws/lambda/local";

/// No alarm looks back much further, in minutes.
const LOOK_BACK: u64 = 60;

/// An alarm, as the page shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lamp {
    /// Its logical id in the template.
    pub name: String,
    /// As CloudWatch writes it.
    pub state: &'static str,
    /// What an operator should look at first.
    pub description: String,
}

/// CloudWatch, as far as the alarms go. Clones are the same.
#[derive(Clone)]
pub struct Alarms {
    time: Time,
    watch: Arc<Mutex<Watch>>,
}

struct Watch {
    cloudwatch: CloudWatch,
    /// The minute that is evaluated next, in Unix seconds.
    next: u64,
}

impl std::fmt::Debug for Alarms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Alarms")
    }
}

impl Alarms {
    /// The alarms of this template, deployed under this name.
    ///
    /// # Errors
    /// If the template can't be read, or has an alarm that the model does not know.
    pub fn of_template(template: &Path, stack: &str, time: Time) -> Result<Self, Error> {
        let text = std::fs::read_to_string(template)
            .map_err(|error| format!("can't read {}: {error}", template.display()))?;
        let cloudwatch = CloudWatch::of_template(&text, Stack::new(stack))?;
        let next = time.seconds() / 60 * 60 + 60;
        let watch = Watch { cloudwatch, next };
        Ok(Self {
            time,
            watch: Arc::new(Mutex::new(watch)),
        })
    }

    fn watch(&self) -> MutexGuard<'_, Watch> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a line that a function wrote.
    ///
    /// # Errors
    /// If CloudWatch would take none of its metrics.
    pub fn line(&self, text: &str) -> Result<(), Error> {
        let at = self.time.seconds();
        Ok(self.watch().cloudwatch.log(FUNCTIONS_GROUP, at, text)?)
    }

    /// Takes a request that the gateway answered.
    ///
    /// # Errors
    /// If the template has no API with an access log.
    pub fn request(&self, status: u16) -> Result<(), Error> {
        let at = self.time.seconds();
        Ok(self.watch().cloudwatch.request(at, status)?)
    }

    /// Takes an invocation of the function that is made by the binary of this name.
    ///
    /// # Errors
    /// If the template has no such function.
    pub fn invocation(&self, function: &str, end: End) -> Result<(), Error> {
        let (first, rest) = function.split_at_checked(1).unwrap_or_default();
        let logical_id = format!("{}{rest}Function", first.to_ascii_uppercase());
        let at = self.time.seconds();
        Ok(self.watch().cloudwatch.invocation(at, &logical_id, end)?)
    }

    /// Evaluates each whole minute since the last time; after a long while only the last ones.
    ///
    /// # Errors
    /// If an expression of an alarm makes no series.
    pub fn evaluate(&self) -> Result<(), Error> {
        let now = self.time.seconds();
        let mut watch = self.watch();
        let oldest = (now / 60).saturating_sub(LOOK_BACK) * 60;
        watch.next = watch.next.max(oldest);
        while watch.next <= now {
            let minute = watch.next;
            watch.cloudwatch.evaluate(minute)?;
            watch.next += 60;
        }
        Ok(())
    }

    /// All alarms as they are.
    #[must_use]
    pub fn lamps(&self) -> Vec<Lamp> {
        let watch = self.watch();
        let cloudwatch = &watch.cloudwatch;
        let lamps = cloudwatch.alarms().map(|name| Lamp {
            name: name.to_owned(),
            state: match cloudwatch.state(name) {
                State::Alarm => "ALARM",
                State::Ok => "OK",
                State::InsufficientData => "INSUFFICIENT_DATA",
            },
            description: cloudwatch.description(name).to_owned(),
        });
        lamps.collect()
    }
}

//! The alarms of a stack, from minute to minute.

use std::collections::BTreeMap;

use serde_json::Value;

use super::alarm::Alarm;
use super::filter::Filter;
use super::formation::{Formation, Stack};
use super::math::Series;
use super::object::Object;
use super::rule::Rule;
use super::store::Store;
use super::{Fault, Metric, State, Statistic, emf};

/// CloudWatch, as far as one stack's metrics and alarms go.
pub struct CloudWatch {
    store: Store,
    filters: Vec<Filter>,
    /// By logical id.
    alarms: BTreeMap<String, Alarm>,
    composites: BTreeMap<String, Rule>,
    /// The logical id of each alarm, by its name in CloudWatch.
    ids: BTreeMap<String, String>,
    states: BTreeMap<String, State>,
    /// What an operator is told, by logical id.
    descriptions: BTreeMap<String, String>,
    formation: Formation,
}

/// An alarm's state became another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The alarm's logical id in the template.
    pub alarm: String,
    /// The state until now.
    pub from: State,
    /// The state from now on.
    pub to: State,
    /// When, in Unix seconds: a whole minute.
    pub at: u64,
}

impl CloudWatch {
    /// The alarms and metric filters of this template, deployed as `stack`. No alarm has data yet.
    ///
    /// # Errors
    /// If one of them can't be resolved, or CloudWatch would refuse it, or it uses what is not known.
    pub fn of_template(template: &str, stack: Stack) -> Result<Self, Fault> {
        let formation = Formation::new(template, stack)?;
        let mut filters = Vec::new();
        for resource in formation.resources("AWS::Logs::MetricFilter")? {
            let filter = Filter::read(&resource.properties);
            filters.push(filter.map_err(|fault| fault.inside(&resource.logical_id))?);
        }
        let (mut alarms, mut composites) = (BTreeMap::new(), BTreeMap::new());
        let mut descriptions = BTreeMap::new();
        let mut ids = BTreeMap::new();
        for resource in formation.resources("AWS::CloudWatch::Alarm")? {
            let id = resource.logical_id;
            descriptions.insert(id.clone(), description(&resource.properties));
            let alarm = Alarm::read(&resource.properties).map_err(|fault| fault.inside(&id))?;
            if let Some(other) = ids.insert(alarm.name.clone(), id.clone()) {
                return Err(Fault::new(format!("it has the name of {other}")).inside(id));
            }
            alarms.insert(id, alarm);
        }
        for resource in formation.resources("AWS::CloudWatch::CompositeAlarm")? {
            let id = resource.logical_id;
            descriptions.insert(id.clone(), description(&resource.properties));
            let rule = composite(&resource.properties, &ids).map_err(|fault| fault.inside(&id))?;
            composites.insert(id, rule);
        }
        let all = alarms.keys().chain(composites.keys());
        let states = all
            .map(|id| (id.clone(), State::InsufficientData))
            .collect();
        Ok(Self {
            store: Store::default(),
            filters,
            alarms,
            composites,
            ids,
            states,
            descriptions,
            formation,
        })
    }

    /// Takes a log line that was written at `at` to the log group of this name.
    ///
    /// # Errors
    /// If the line has metrics of which CloudWatch would take none, because it breaks a rule.
    pub fn log(&mut self, group: &str, at: u64, line: &str) -> Result<(), Fault> {
        for embedded in emf::read(line)? {
            for value in embedded.values {
                self.store.put(embedded.metric.clone(), at, value);
            }
        }
        if let Ok(line) = serde_json::from_str::<Value>(line) {
            for filter in &self.filters {
                if let Some((metric, value)) = filter.matches(group, &line)? {
                    self.store.put(metric, at, value);
                }
            }
        }
        Ok(())
    }

    /// Takes a value that a service of AWS measured at `at`, such as `AWS/Lambda`.
    pub fn put(&mut self, metric: Metric, at: u64, value: f64) {
        self.store.put(metric, at, value);
    }

    /// The statistic of what was put in the `period` seconds before `end`, which are whole minutes.
    /// `None` if nothing was.
    #[must_use]
    pub fn statistic(
        &self,
        metric: &Metric,
        statistic: Statistic,
        period: u64,
        end: u64,
    ) -> Option<f64> {
        self.store.get(metric, statistic, period, end)
    }

    /// The metrics of which there is a value.
    pub fn metrics(&self) -> impl Iterator<Item = &Metric> {
        self.store.metrics()
    }

    /// Evaluates every alarm at the whole minute that `at` is in, and tells what changed. What was
    /// put in that minute does not count yet. Call it for every minute, in their order.
    ///
    /// # Errors
    /// If an expression of an alarm makes no series.
    pub fn evaluate(&mut self, at: u64) -> Result<Vec<Change>, Fault> {
        let at = at / 60 * 60;
        let mut now = BTreeMap::new();
        for (id, alarm) in &self.alarms {
            let state = alarm.state(&self.store, at, self.state(id));
            now.insert(id.clone(), state.map_err(|fault| fault.inside(id))?);
        }
        let of_name = |name: &str| {
            let id = self.ids.get(name);
            let state = id.and_then(|id| now.get(id)).copied();
            state.unwrap_or(State::InsufficientData)
        };
        let composites: Vec<_> = self
            .composites
            .iter()
            .map(|(id, rule)| (id.clone(), rule.holds(&of_name)))
            .collect();
        for (id, holds) in composites {
            now.insert(id, if holds { State::Alarm } else { State::Ok });
        }
        let mut changes = Vec::new();
        for (alarm, to) in now {
            let from = self.states.insert(alarm.clone(), to);
            let from = from.unwrap_or(State::InsufficientData);
            if from != to {
                changes.push(Change {
                    alarm,
                    from,
                    to,
                    at,
                });
            }
        }
        Ok(changes)
    }

    /// The state of the alarm with this logical id. Without data if there is none of that id.
    #[must_use]
    pub fn state(&self, alarm: &str) -> State {
        self.states
            .get(alarm)
            .copied()
            .unwrap_or(State::InsufficientData)
    }

    /// The logical ids of all alarms, the composite ones included.
    pub fn alarms(&self) -> impl Iterator<Item = &str> {
        self.states.keys().map(String::as_str)
    }

    /// What the alarm with this logical id tells an operator.
    #[must_use]
    pub fn description(&self, alarm: &str) -> &str {
        self.descriptions.get(alarm).map_or("", String::as_str)
    }

    /// What `!Ref name` gives in the template: the name of a function, of a log group, of the API.
    ///
    /// # Errors
    /// If the template has no such resource or parameter.
    pub fn name_of(&self, name: &str) -> Result<String, Fault> {
        self.formation.reference(name)
    }

    /// The points by which a metric alarm is judged at the minute that `at` is in, the oldest first.
    ///
    /// # Errors
    /// If there is no such alarm, or as [`CloudWatch::evaluate`].
    pub fn points(&self, alarm: &str, at: u64) -> Result<Vec<Option<f64>>, Fault> {
        let found = self.alarms.get(alarm);
        let found = found.ok_or_else(|| Fault::new(format!("{alarm} is no metric alarm")))?;
        let points: Series = found.points(&self.store, at / 60 * 60)?;
        Ok(points)
    }
}

fn description(properties: &Value) -> String {
    let description = properties["AlarmDescription"].as_str();
    description.unwrap_or_default().to_owned()
}

/// The rule of a composite alarm, about alarms that there are.
fn composite(properties: &Value, ids: &BTreeMap<String, String>) -> Result<Rule, Fault> {
    let known = [
        "AlarmName",
        "AlarmDescription",
        "AlarmRule",
        "AlarmActions",
        "OKActions",
    ];
    let rule = Rule::parse(Object::with(properties, &known)?.text("AlarmRule")?)?;
    let stranger = rule
        .names()
        .into_iter()
        .find(|name| !ids.contains_key(*name));
    match stranger {
        Some(name) => Err(Fault::new(format!(
            "the rule is about {name}, which is no metric alarm"
        ))),
        None => Ok(rule),
    }
}

#[cfg(test)]
mod tests;

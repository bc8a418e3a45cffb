//! A line of the table, played, and the alarms that ring.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use cloudwatch::{CloudWatch, Fault, Stack, State};
use local::template::project_template;
use prime_gaming::domain::Timestamp;

use crate::stage::{Invocation, Line, Recording, Request, STACK, lines, play};

/// The alarms are held against a line from so many minutes after the beginning on: before that, some
/// have no data, which is what they ring for.
const SETTLED: u64 = 10;

/// A log group of functions. No metric filter is on one: their metrics are in the lines.
const FUNCTIONS_GROUP: &str = "/aws/lambda/rehearsal";

/// What rang in a rehearsal.
#[derive(Debug)]
pub struct Outcome {
    /// The line that was played.
    pub line: &'static Line,
    /// Each alarm that rang during the outage, and after how many minutes: whole ones, rounded up.
    pub rang: BTreeMap<String, u64>,
    /// Each alarm that rang in the healthy while before.
    pub too_early: Vec<String>,
}

/// Plays the line of this name.
///
/// # Errors
/// If the alarms of template.yaml can't be computed, or a log line has metrics that CloudWatch would
/// not take.
///
/// # Panics
/// If there is no line of this name, or it can't be played.
pub async fn rehearse(name: &str) -> Result<Outcome, Fault> {
    let line = lines().find(|line| line.name == name);
    let line = line.unwrap_or_else(|| panic!("no line is called {name}"));
    let recording = play(&line.plan).await;
    let (rang, too_early) = ring(&recording)?;
    Ok(Outcome {
        line,
        rang,
        too_early,
    })
}

/// A point in time as CloudWatch is handed it.
pub(crate) fn seconds(at: Timestamp) -> u64 {
    u64::try_from(at.as_seconds()).expect("after 1970")
}

/// One thing that happened.
#[derive(Clone, Copy)]
pub(crate) enum Seen<'r> {
    Line(&'r str),
    Request(Request),
    Invocation(Invocation),
}

/// What happened, in an order by time.
pub(crate) fn happened(recording: &Recording) -> Vec<(u64, Seen<'_>)> {
    let mut seen: Vec<(u64, Seen<'_>)> = Vec::new();
    for line in &recording.lines {
        seen.push((seconds(line.at), Seen::Line(&line.text)));
    }
    for request in &recording.requests {
        seen.push((seconds(request.at), Seen::Request(*request)));
    }
    for invocation in &recording.invocations {
        seen.push((seconds(invocation.at), Seen::Invocation(*invocation)));
    }
    seen.sort_by_key(|(at, _)| *at);
    seen
}

fn ring(recording: &Recording) -> Result<(BTreeMap<String, u64>, Vec<String>), Fault> {
    let template = std::fs::read_to_string(project_template()).expect("the template is readable");
    let mut cloudwatch = CloudWatch::of_template(&template, Stack::new(STACK))?;
    let mut seen = happened(recording).into_iter().peekable();
    let (began, outage) = (seconds(recording.watched), seconds(recording.outage));
    let (mut rang, mut too_early) = (BTreeMap::new(), Vec::new());
    for minute in (began..=seconds(recording.ended)).step_by(60) {
        while let Some((at, one)) = seen.next_if(|(at, _)| *at < minute) {
            tell(&mut cloudwatch, at, one)?;
        }
        cloudwatch.evaluate(minute)?;
        let ringing: Vec<_> = cloudwatch
            .alarms()
            .filter(|alarm| cloudwatch.state(alarm) == State::Alarm)
            .map(str::to_owned)
            .collect();
        if minute > outage {
            let minutes = (minute - outage).div_ceil(60);
            for alarm in ringing.into_iter().filter(|alarm| alarm != COMPOSITE) {
                rang.entry(alarm).or_insert(minutes);
            }
        } else if minute >= began + 60 * SETTLED {
            too_early.extend(ringing);
        }
    }
    Ok((rang, too_early))
}

/// Hands CloudWatch one thing.
pub(crate) fn tell(cloudwatch: &mut CloudWatch, at: u64, one: Seen<'_>) -> Result<(), Fault> {
    match one {
        Seen::Line(text) => cloudwatch.log(FUNCTIONS_GROUP, at, text),
        Seen::Request(Request { status, .. }) => cloudwatch.request(at, status),
        Seen::Invocation(Invocation { function, end, .. }) => {
            cloudwatch.invocation(at, logical_id(function), end)
        }
    }
}

fn logical_id(function: &str) -> &'static str {
    match function {
        "link" => "LinkFunction",
        "entitlements" => "EntitlementsFunction",
        "fulfillments" => "FulfillmentsFunction",
        "reconcile" => "ReconcileFunction",
        other => panic!("{other} is not in the template"),
    }
}

/// The composite alarm. It rings when a member rings, and says nothing of its own.
const COMPOSITE: &str = "CampaignHealth";

impl Outcome {
    /// What is wrong with it, each as a sentence.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for alarm in &self.too_early {
            faults.push(format!("{alarm} rang before the outage"));
        }
        for (alarm, within) in self.line.rings {
            match self.rang.get(*alarm) {
                Some(minutes) if minutes <= within => {}
                Some(minutes) => faults.push(format!(
                    "{alarm} rang after {minutes} minutes, not within {within}"
                )),
                None => faults.push(format!("{alarm} did not ring")),
            }
        }
        for alarm in self.rang.keys() {
            let is_asked_for = self.line.rings.iter().any(|(asked, _)| asked == alarm);
            if !is_asked_for && !self.line.may_follow.contains(&alarm.as_str()) {
                faults.push(format!("{alarm} rang too"));
            }
        }
        faults
    }

    /// Its row in the report.
    #[must_use]
    pub fn row(&self) -> String {
        let mut rang: Vec<_> = self.rang.iter().collect();
        rang.sort_by_key(|(alarm, minutes)| (**minutes, *alarm));
        let mut cell = String::new();
        for (alarm, minutes) in rang {
            let separator = if cell.is_empty() { "" } else { ", " };
            write!(cell, "{separator}`{alarm}` {minutes}").expect("a text takes everything");
        }
        if cell.is_empty() {
            "none".clone_into(&mut cell);
        }
        format!("| {} | {cell} |", self.line.outage)
    }
}

//! The picture of the dashboard for the documents: what it shows of a rehearsed outage.

use std::collections::BTreeMap;

use cloudwatch::picture::{self, Panel};
use cloudwatch::{CloudWatch, Dashboard, Fault, Metric, Shown, Stack};
use serde_json::Value;

use crate::rehearsal::{happened, seconds, tell};
use crate::stage::{PICTURED, Recording, STACK, play};

/// Where the picture is, in the workspace.
pub const PICTURE: &str = "docs/dashboard.svg";

/// What is written under charts over time: hours and minutes since the beginning.
const TIMES: [&str; 6] = ["0:00", "0:15", "0:30", "0:45", "1:00", "1:15"];

/// The beginning of the shown time, in Unix seconds: always the same, so that the picture is.
const FROM: u64 = 1_799_971_200;

/// The dashboard of this template as it shows the outage, as SVG.
///
/// # Errors
/// If something in the template is not known.
pub async fn draw(template: &str) -> Result<String, Fault> {
    Ok(svg(&panels(template).await?))
}

fn svg(panels: &[Panel]) -> String {
    picture::draw(panels, &TIMES)
}

/// What the dashboard shows of the outage.
async fn panels(template: &str) -> Result<Vec<Panel>, Fault> {
    let recording = play(&PICTURED).await;
    let stack = Stack::new(STACK).with("AWS::Region", "us-east-1");
    let mut cloudwatch = CloudWatch::of_template(template, stack.clone())?;
    let began = seconds(recording.began);
    // What was before the shown time is not on it.
    let shown = |at: u64| at.checked_sub(began).map(|since| FROM + since);
    for (at, one) in happened(&recording) {
        if let Some(at) = shown(at) {
            tell(&mut cloudwatch, at, one)?;
        }
    }
    let group = cloudwatch.name_of("LogGroup")?;
    for line in &recording.lines {
        if let Some(at) = shown(seconds(line.at)) {
            let bytes = u32::try_from(line.text.len()).map_or(0.0, f64::from);
            let metric = Metric::new("AWS/Logs", "IncomingBytes", &[("LogGroupName", &group)]);
            cloudwatch.put(metric, at, bytes);
        }
    }
    let until = shown(seconds(recording.ended)).unwrap_or(FROM);
    let failed = failed_links(&recording);
    let dashboard = Dashboard::of_template(template, stack)?;
    Ok(dashboard.panels(&cloudwatch, Shown { from: FROM, until }, |_| failed.clone()))
}

/// What the query for the codes of failed links answers, the most frequent first.
fn failed_links(recording: &Recording) -> Vec<(String, f64)> {
    let mut codes = BTreeMap::<String, f64>::new();
    for line in &recording.lines {
        let Ok(line) = serde_json::from_str::<Value>(&line.text) else {
            continue;
        };
        if line["event"] == "link_failed" {
            let code = line["code"].as_str().unwrap_or_default();
            *codes.entry(code.to_owned()).or_default() += 1.0;
        }
    }
    let mut codes: Vec<_> = codes.into_iter().collect();
    codes.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    codes
}

#[cfg(test)]
mod tests;

//! `docs/operating.md` against the template: the runbook has a row for every alarm, and no other.

use std::collections::BTreeSet;

use local::template::project_template;
use prime_gaming::budget::OVERDUE_AFTER;
use serde_yaml_ng::Value;

use crate::markdown;

#[test]
fn the_runbook_names_exactly_the_alarms_of_the_template() {
    let text = std::fs::read_to_string(project_template()).expect("the template");
    let template: Value = serde_yaml_ng::from_str(&text).expect("YAML");
    let resources = template["Resources"].as_mapping().expect("resources");
    let is_alarm = |resource: &Value| {
        let kind = resource["Type"].as_str();
        kind.is_some_and(|kind| kind.starts_with("AWS::CloudWatch::") && kind.ends_with("Alarm"))
    };
    let alarms: BTreeSet<_> = resources
        .iter()
        .filter(|(_, resource)| is_alarm(resource))
        .map(|(id, _)| id.as_str().expect("a name").to_owned())
        .collect();
    let table = markdown::table("operating.md", &["alarm", "rings when", "look", "do"]);
    let named: Vec<_> = table.rows.iter().flat_map(|row| row[0].clone()).collect();
    let names: BTreeSet<_> = named.iter().cloned().collect();
    assert_eq!(names.len(), named.len(), "an alarm has two rows: {named:?}");
    assert!(alarms.len() > 20, "too few alarms were found: {alarms:?}");
    assert_eq!(names, alarms);
}

#[test]
fn the_doctor_calls_overdue_what_the_alarm_rings_for() {
    let text = std::fs::read_to_string(project_template()).expect("the template");
    let template: Value = serde_yaml_ng::from_str(&text).expect("YAML");
    let threshold = &template["Resources"]["Overdue"]["Properties"]["Threshold"];
    assert_eq!(threshold.as_u64(), Some(OVERDUE_AFTER.as_secs()));
}

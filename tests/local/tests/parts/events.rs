//! The registry of the log events against `docs/signals.md`, which shows it, and against the code,
//! which logs them.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use local::build::workspace;
use prime_gaming::signals::{Condition, EVENTS, Event, Group, Metric};

/// The text of the sources below this folder, without tests.
fn sources(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        if name.split('_').any(|word| word == "tests") || name == "signals" {
            continue;
        }
        if path.is_dir() {
            sources(&path, text);
        } else if path.extension().is_some_and(|end| end == "rs") {
            *text += &std::fs::read_to_string(&path).expect("text");
        }
    }
}

fn code() -> String {
    let mut code = String::new();
    for folder in ["shared/src", "functions"] {
        sources(&workspace().join(folder), &mut code);
    }
    code
}

#[test]
fn the_code_logs_every_event_of_the_registry_and_no_other() {
    let code = code();
    let after = code.split("event = ").skip(1);
    // The constants are named like the events, in capitals.
    let logged: BTreeSet<_> = after
        .filter_map(|rest| {
            let value = rest.split([',', ')']).next()?.trim();
            let name = value.strip_prefix("event::");
            assert!(
                name.is_some() || !value.starts_with('"'),
                "{value} is no constant"
            );
            name.map(str::to_ascii_lowercase)
        })
        .collect();
    let events = EVENTS.iter().flat_map(|group| group.events);
    let registered: BTreeSet<_> = events.map(|event| event.name.to_owned()).collect();
    assert_eq!(logged, registered);
}

#[test]
fn the_page_shows_the_registry() {
    let page = std::fs::read_to_string(workspace().join("docs/signals.md")).expect("the page");
    for group in EVENTS {
        let table = table(group);
        assert!(
            page.contains(&table),
            "docs/signals.md should have this table:\n\n{table}"
        );
    }
}

/// The table of these events, as the page shows it.
fn table(group: &Group) -> String {
    let mut table = format!(
        "### {}\n\n| event | what happened | fields | what to do |\n",
        group.title
    );
    table += "|---|---|---|---|\n";
    for event in group.events {
        let Event {
            name,
            meaning,
            action,
            ..
        } = event;
        let meaning = meaning.trim();
        let fields = code_spans(event.fields);
        writeln!(table, "| `{name}` | {meaning} | {fields} | {action} |").expect("text");
    }
    table
}

fn code_spans(words: &[&str]) -> String {
    let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    words.join(", ")
}

#[test]
fn the_page_names_every_metric_with_its_lines() {
    let page = std::fs::read_to_string(workspace().join("docs/signals.md")).expect("the page");
    let table = metrics();
    assert!(
        page.contains(&table),
        "docs/signals.md should have this table:\n\n{table}"
    );
}

/// The table of the metrics, in the order of the registry.
fn metrics() -> String {
    let all = || {
        let events = EVENTS.iter().flat_map(|group| group.events);
        events.flat_map(|event| event.metrics.iter().map(move |metric| (event, metric)))
    };
    let mut table = "| metric | unit | by SKU | in the lines |\n|---|---|---|---|\n".to_owned();
    let mut seen = BTreeSet::new();
    for (_, metric) in all() {
        if !seen.insert(metric.name) {
            continue;
        }
        let same = all().filter(|(_, other)| other.name == metric.name);
        let lines: Vec<_> = same.map(|(event, metric)| line(event, metric)).collect();
        let (name, unit) = (metric.name, metric.unit.as_str());
        let by_sku = if metric.by_sku { "yes" } else { "" };
        writeln!(
            table,
            "| `{name}` | {unit} | {by_sku} | {} |",
            lines.join("; ")
        )
        .expect("text");
    }
    table
}

fn line(event: &Event, metric: &Metric) -> String {
    let name = event.name;
    match metric.condition {
        Condition::Always => format!("`{name}`"),
        Condition::True(field) => format!("`{name}` with `{field}`"),
        Condition::OneOf(field, values) => {
            format!("`{name}` with `{field}` {}", code_spans(values))
        }
    }
}

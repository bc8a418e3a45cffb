//! What the service says about itself: one log line for each thing that happened, named by its field
//! `event`, and the metrics in these lines.
//!
//! Every name of an event is a constant of [`event`]. The registry, [`EVENTS`], has for each its
//! fields, what an operator does about it, and its metrics. A metric is not a call of its own: the log
//! formatter adds it to the event's line, in CloudWatch's embedded metric format. `docs/signals.md`
//! shows the registry, and a test compares the two.

pub(crate) mod embedded;
mod entitlements;
mod linking;
mod metric;
mod operation;
mod storage;

pub use metric::{Condition, Metric, Unit, Value};

/// The names of the events.
pub mod event {
    pub use super::entitlements::*;
    pub use super::linking::*;
    pub use super::operation::*;
    pub use super::storage::*;
}

/// One kind of log line.
#[derive(Debug)]
pub struct Event {
    /// The value of the line's field `event`.
    pub name: &'static str,
    /// What happened, in Markdown.
    pub meaning: &'static str,
    /// The fields that a line can have beside `event` and those of its request's span.
    pub fields: &'static [&'static str],
    /// What an operator does about it.
    pub action: &'static str,
    /// The metrics that its line carries.
    pub metrics: &'static [Metric],
}

/// The events of one subject.
#[derive(Debug)]
pub struct Group {
    /// The subject.
    pub title: &'static str,
    /// Its events.
    pub events: &'static [Event],
}

/// Every event, by subject.
pub const EVENTS: &[Group] = &[
    linking::GROUP,
    entitlements::GROUP,
    operation::GROUP,
    storage::GROUP,
];

/// The event with this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Event> {
    let mut events = EVENTS.iter().flat_map(|group| group.events);
    events.find(|event| event.name == name)
}

/// Defines a constant for each event, and the group of them all. The constant's documentation is the
/// event's meaning.
macro_rules! events {
    (
        $title:literal
        $(
            $(#[doc = $meaning:literal])+
            $constant:ident = $name:literal {
                fields: [$($field:literal),* $(,)?],
                action: $action:literal,
                $(metrics: [$($metric:expr),* $(,)?],)?
            }
        )+
    ) => {
        $(
            $(#[doc = $meaning])+
            pub const $constant: &str = $name;
        )+
        pub(super) const GROUP: $crate::signals::Group = $crate::signals::Group {
            title: $title,
            events: &[
                $($crate::signals::Event {
                    name: $name,
                    meaning: concat!($($meaning),+),
                    fields: &[$($field),*],
                    action: $action,
                    metrics: &[$($($metric),*)?],
                }),+
            ],
        };
    };
}
use events;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn all() -> impl Iterator<Item = &'static Event> {
        EVENTS.iter().flat_map(|group| group.events)
    }

    #[test]
    fn every_event_has_a_name_of_its_own_and_is_found_by_it() {
        let names: BTreeSet<_> = all().map(|event| event.name).collect();
        assert_eq!(names.len(), all().count());
        for event in all() {
            assert_eq!(find(event.name).map(|found| found.name), Some(event.name));
        }
        assert!(find("no such event").is_none());
    }

    #[test]
    fn what_a_metric_reads_is_a_field_of_its_event() {
        for event in all() {
            for metric in event.metrics {
                for field in metric.reads() {
                    assert!(
                        event.fields.contains(&field),
                        "{}: {} reads {field}",
                        event.name,
                        metric.name
                    );
                }
            }
        }
    }

    #[test]
    fn a_line_about_an_entitlement_names_player_entitlement_and_sku() {
        for event in all().filter(|event| event.fields.contains(&"entitlement_id")) {
            for field in ["player_id", "sku"] {
                assert!(event.fields.contains(&field), "{}: {field}", event.name);
            }
        }
    }
}

//! Logs: one JSON object a line on standard output, which is what CloudWatch keeps and searches.
//!
//! Lines of this service are logged from the chosen level on; those of its dependencies only as
//! warnings and errors, because a more detailed line can show what must not be logged.
//!
//! A line of an event that has metrics carries them: see [`signals`](crate::signals).

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::{Format, Json, JsonFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Registry, fmt};

use crate::clock::Clock;
use crate::signals::embedded::Fields;

/// This crate, whose lines every function logs.
const LIBRARY: &str = env!("CARGO_CRATE_NAME");

/// The value of the metrics' dimension `Stack` where `STACK_NAME` is not set.
const NO_STACK: &str = "local";

/// Starts logging at the level of `AWS_LAMBDA_LOG_LEVEL` (Lambda's own setting, `INFO` by default),
/// once per process; later calls do nothing. `function` is the name of the function's crate.
#[expect(
    clippy::disallowed_methods,
    reason = "logs start before the settings are read"
)]
pub(crate) fn init(function: &'static str) {
    let level = std::env::var("AWS_LAMBDA_LOG_LEVEL").unwrap_or_default();
    let lines = Lines::new(
        std::env::var("STACK_NAME").unwrap_or_default(),
        Clock::system(),
    );
    // An error means that a test has set up logging before.
    let _ = subscriber(&[function], level_of(&level), lines, std::io::stdout).try_init();
}

/// Lambda's words: `TRACE`, `DEBUG`, `INFO`, `WARN`, `ERROR`, `FATAL`, in any case.
fn level_of(word: &str) -> Level {
    match word.trim().to_ascii_lowercase().as_str() {
        "trace" => Level::TRACE,
        "debug" => Level::DEBUG,
        "warn" => Level::WARN,
        "error" | "fatal" => Level::ERROR,
        _ => Level::INFO,
    }
}

/// A subscriber that logs the lines of this crate and of the crates `functions` from `level` on.
pub fn subscriber<W>(
    functions: &[&'static str],
    level: Level,
    lines: Lines,
    writer: W,
) -> impl tracing::Subscriber + Send + Sync + use<W>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let ours = functions.iter().copied().chain([LIBRARY]);
    let filter = Targets::new()
        .with_default(level.min(Level::WARN))
        .with_targets(ours.map(|target| (target, level)));
    let lines = fmt::layer()
        .fmt_fields(JsonFields::new())
        .event_format(lines)
        .with_ansi(false)
        .with_writer(writer);
    // One filter for the whole registry: a filter for each layer costs more at every line.
    Registry::default().with(filter).with(lines)
}

/// How a line is written: one flat JSON object, with the metrics of its event.
pub struct Lines {
    object: Format<Json>,
    stack: String,
    clock: Clock,
}

impl Lines {
    /// `stack` is the value of the metrics' dimension `Stack`. An empty one is `local`.
    #[must_use]
    pub fn new(stack: String, clock: Clock) -> Self {
        let object = fmt::format()
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false);
        let stack = Some(stack).filter(|stack| !stack.trim().is_empty());
        Self {
            object,
            stack: stack.unwrap_or_else(|| NO_STACK.to_owned()),
            clock,
        }
    }
}

impl<S> FormatEvent<S, JsonFields> for Lines
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    JsonFields: for<'w> FormatFields<'w> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &tracing::Event<'_>,
    ) -> std::fmt::Result {
        let mut line = String::new();
        self.object
            .format_event(context, Writer::new(&mut line), event)?;
        // The metrics become the object's last members.
        if let Some(open) = line.trim_end().strip_suffix('}').map(str::len) {
            line.truncate(open);
            Fields::of(event).write(&mut line, &self.stack, self.clock.now())?;
            line.push_str("}\n");
        }
        writer.write_str(&line)
    }
}

#[cfg(test)]
pub(crate) mod testing;

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::testing::Heard;
    use super::*;
    use crate::domain::Timestamp;
    use crate::signals::event;

    const NOW: Timestamp = Timestamp::from_millis(1_769_851_800_123);

    fn logged(level: Level, act: impl FnOnce()) -> Vec<Value> {
        let heard = Heard::new();
        let writer = heard.clone();
        let format = Lines::new("game-prod".to_owned(), Clock::from_fn(|| NOW));
        let subscriber = subscriber(&["link"], level, format, move || writer.clone());
        tracing::subscriber::with_default(subscriber, act);
        heard.json()
    }

    #[test]
    fn a_line_is_one_flat_object_with_its_requests_fields() {
        let lines = logged(Level::INFO, || {
            let span = tracing::info_span!(target: "prime_gaming", "request", request_id = "r-1");
            let _entered = span.enter();
            tracing::info!(target: "prime_gaming::flow", player = "a\nb\"", "hello");
        });
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0]["level"], "INFO");
        assert_eq!(lines[0]["message"], "hello");
        assert_eq!(lines[0]["player"], "a\nb\"");
        assert_eq!(lines[0]["span"]["request_id"], "r-1");
    }

    #[test]
    fn metrics_are_members_of_their_events_line() {
        let lines = logged(Level::INFO, || {
            tracing::info!(target: "prime_gaming", event = event::LINKED, player_id = "p1");
        });
        assert_eq!(lines[0]["player_id"], "p1");
        assert_eq!(lines[0]["Stack"], "game-prod");
        assert_eq!(lines[0]["Linked"], 1);
        assert_eq!(
            lines[0]["_aws"],
            json!({
                "Timestamp": NOW.as_millis(),
                "CloudWatchMetrics": [{
                    "Namespace": "PrimeGaming",
                    "Dimensions": [["Stack"]],
                    "Metrics": [{"Name": "Linked", "Unit": "Count"}],
                }],
            })
        );
    }

    #[test]
    fn what_is_counted_by_sku_has_two_sets_of_dimensions() {
        let lines = logged(Level::INFO, || {
            tracing::warn!(
                target: "prime_gaming",
                event = event::HELD, sku = "a\"b", reason = "delivery_refused", new = true
            );
        });
        let line = &lines[0];
        assert_eq!(
            (&line["Sku"], &line["sku"]),
            (&json!("a\"b"), &json!("a\"b"))
        );
        for (metric, value) in [("Held", 1), ("Seen", 1)] {
            assert_eq!(line[metric], value, "{metric}");
        }
        // Neither was said.
        assert_eq!(line.get("UnknownOffer"), None);
        assert_eq!(line.get("DeliveryFailed"), None);
        let directives = &line["_aws"]["CloudWatchMetrics"];
        assert_eq!(directives.as_array().map(Vec::len), Some(1), "{directives}");
        let directive = &directives[0];
        assert_eq!(
            directive["Dimensions"],
            json!([["Stack"], ["Stack", "Sku"]])
        );
        let metrics = directive["Metrics"].as_array().expect("metrics");
        let names: Vec<_> = metrics.iter().map(|metric| &metric["Name"]).collect();
        assert_eq!(names, ["Held", "Seen"]);
    }

    #[test]
    fn a_sku_without_an_offer_is_counted_as_other() {
        for (sku, reason) in [
            (Some("sku-1"), "unknown_offer"),
            (Some("sku-1"), "unknown_instruction"),
            (None, "duplicate_offer"),
            (Some(""), "duplicate_offer"),
            (Some("Krönung"), "duplicate_offer"),
            (Some(":a"), "duplicate_offer"),
        ] {
            let lines = logged(Level::INFO, || {
                tracing::warn!(target: "prime_gaming", event = event::HELD, sku, reason);
            });
            assert_eq!(lines[0]["Sku"], "other", "{sku:?} {reason}");
        }
    }

    #[test]
    fn a_numbers_field_is_the_metrics_value() {
        let lines = logged(Level::INFO, || {
            tracing::info!(
                target: "prime_gaming",
                event = event::RECONCILED, overdue_seconds = 61_u64, due = 3_u64
            );
        });
        assert_eq!(lines[0]["OverdueSeconds"], 61);
        assert_eq!(lines[0]["Due"], 3);
        let units = &lines[0]["_aws"]["CloudWatchMetrics"][0]["Metrics"];
        assert_eq!(
            (&units[0]["Unit"], &units[1]["Unit"]),
            (&json!("Seconds"), &json!("Count"))
        );
    }

    #[test]
    fn other_lines_carry_no_metrics() {
        let lines = logged(Level::INFO, || {
            tracing::info!(target: "prime_gaming", event = event::REQUEST, status = 200);
            tracing::info!(target: "prime_gaming", "no event");
            tracing::info!(target: "prime_gaming", event = event::REPORT_FAILED, counted = false);
        });
        assert_eq!(lines.len(), 3);
        for line in lines {
            assert_eq!(
                (line.get("_aws"), line.get("Stack")),
                (None, None),
                "{line}"
            );
        }
    }

    #[test]
    fn dependencies_are_heard_from_warnings_on() {
        let lines = logged(Level::DEBUG, || {
            tracing::debug!(target: "link", "ours");
            tracing::info!(target: "hyper", "chatter");
            tracing::warn!(target: "hyper", "trouble");
        });
        let said: Vec<_> = lines.iter().map(|line| line["message"].as_str()).collect();
        assert_eq!(said, [Some("ours"), Some("trouble")]);
        let lines = logged(Level::ERROR, || {
            tracing::warn!(target: "hyper", "trouble");
            tracing::warn!(target: "prime_gaming", "trouble");
        });
        assert!(lines.is_empty());
    }

    #[test]
    fn a_place_that_another_tests_thread_reaches_first_is_heard() {
        let say = || tracing::info!(target: "link", "said");
        let lines = logged(Level::INFO, || {
            std::thread::spawn(say).join().expect("no panic");
            say();
        });
        assert_eq!(lines.len(), 1);
    }

    #[test]
    fn lambdas_words_are_known_and_anything_else_is_info() {
        for (word, level) in [
            ("DEBUG", Level::DEBUG),
            ("warn", Level::WARN),
            ("FATAL", Level::ERROR),
            ("", Level::INFO),
            ("loud", Level::INFO),
        ] {
            assert_eq!(level_of(word), level, "{word}");
        }
    }

    #[test]
    fn starting_where_a_test_has_set_up_logging_is_harmless() {
        let _ = Heard::new();
        init("link");
        init("link");
    }
}

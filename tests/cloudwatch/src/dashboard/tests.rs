use std::collections::BTreeSet;

use prime_gaming::domain::HoldReason;
use prime_gaming::signals::{self, EVENTS, Event};

use super::*;
use crate::TEMPLATE;

fn stack() -> Stack {
    Stack::new("prime-gaming").with("AWS::Region", "us-east-1")
}

fn dashboard() -> Dashboard {
    Dashboard::of_template(TEMPLATE, stack()).unwrap_or_else(|fault| panic!("{fault}"))
}

fn events() -> impl Iterator<Item = &'static Event> {
    EVENTS.iter().flat_map(|group| group.events)
}

/// Whether a line of the service, the gateway or AWS itself makes this metric.
fn is_emitted(namespace: &str, dimensions: &[&str], name: &str) -> bool {
    let of_aws: &[(&str, &[&str], &[&str])] = &[
        (
            "AWS/Lambda",
            &["FunctionName"],
            &["Invocations", "Duration", "Errors", "Throttles"],
        ),
        (
            "AWS/ApiGateway",
            &["ApiId"],
            &["Count", "4xx", "5xx", "Latency"],
        ),
        ("AWS/Logs", &["LogGroupName"], &["IncomingBytes"]),
        (
            "AWS/DynamoDB",
            &["TableName"],
            &[
                "ConsumedReadCapacityUnits",
                "ConsumedWriteCapacityUnits",
                "ReadThrottleEvents",
                "WriteThrottleEvents",
            ],
        ),
        (
            "AWS/DynamoDB",
            &["GlobalSecondaryIndexName", "TableName"],
            &["ConsumedWriteCapacityUnits"],
        ),
    ];
    let by_sku = match (namespace, dimensions) {
        ("PrimeGaming", ["Stack"]) => false,
        ("PrimeGaming", ["Sku", "Stack"]) => true,
        _ => {
            let mut known = of_aws.iter();
            return known.any(|(known, of, names)| {
                *known == namespace && *of == dimensions && names.contains(&name)
            });
        }
    };
    // The one metric filter.
    let by_gateway = name == "ApiThrottled" && !by_sku;
    by_gateway
        || events()
            .flat_map(|event| event.metrics)
            .any(|metric| metric.name == name && (metric.by_sku || !by_sku))
}

#[test]
fn no_two_widgets_overlap_and_no_row_is_empty() {
    let places: Vec<_> = dashboard()
        .widgets
        .iter()
        .map(|widget| widget.place)
        .collect();
    for (number, place) in places.iter().enumerate() {
        for other in &places[..number] {
            assert!(!place.overlaps(*other), "{place:?} {other:?}");
        }
    }
    let bottom = places.iter().map(|place| place.y + place.height).max();
    for row in 0..bottom.expect("widgets") {
        let columns: u32 = places
            .iter()
            .filter(|place| (place.y..place.y + place.height).contains(&row))
            .map(|place| place.width)
            .sum();
        assert_eq!(columns, 24, "row {row}");
    }
}

#[test]
fn every_metric_on_it_is_emitted() {
    let mut shown = BTreeSet::new();
    for widget in dashboard().widgets {
        let metrics: Vec<(String, Vec<String>, String)> = match &widget.content {
            Content::Series(_, series) => series
                .iter()
                .map(|one| {
                    let metric = &one.metric;
                    let dimensions = metric.dimensions.keys().cloned().collect();
                    (metric.namespace.clone(), dimensions, metric.name.clone())
                })
                .collect(),
            Content::Totals(totals) => totals
                .iter()
                .map(|total| {
                    let (namespace, dimensions, name) = total.finds();
                    let dimensions = dimensions.into_iter().map(str::to_owned).collect();
                    (namespace.to_owned(), dimensions, name.to_owned())
                })
                .collect(),
            Content::Query(_) => Vec::new(),
        };
        for (namespace, dimensions, name) in metrics {
            let names: Vec<_> = dimensions.iter().map(String::as_str).collect();
            assert!(
                is_emitted(&namespace, &names, &name),
                "{}: {namespace} {name} by {names:?}",
                widget.title
            );
            shown.insert(name);
        }
    }
    for event in events() {
        for metric in event.metrics {
            // These two ring alarms, and are failures of items that are counted as failures too.
            let is_shown = shown.contains(metric.name)
                || ["DeliveryStuck", "ReportStuck"].contains(&metric.name);
            assert!(is_shown, "{} is on no widget", metric.name);
        }
    }
}

/// Asserts that a query names what the lines of the service have.
fn is_sound(query: &str) {
    let words = Words::of(query);
    let named: Vec<_> = words
        .compared
        .iter()
        .filter(|(field, _)| field == "event")
        .map(|(_, name)| signals::find(name).unwrap_or_else(|| panic!("{name}: {query}")))
        .collect();
    let has = |field: &str| match named.as_slice() {
        [] => events().any(|event| event.fields.contains(&field)),
        named => named.iter().any(|event| event.fields.contains(&field)),
    };
    for field in &words.fields {
        // What every line has, and what CloudWatch adds.
        let is_general = [
            "@timestamp",
            "@message",
            "level",
            "event",
            "span.request_id",
        ]
        .contains(&field.as_str());
        assert!(is_general || has(field), "{field}: {query}");
    }
    for (field, value) in &words.compared {
        if field == "reason" {
            assert!(HoldReason::parse(value).is_some(), "{value}: {query}");
        }
    }
}

#[test]
fn every_field_and_event_that_a_query_names_is_logged() {
    let formation = Formation::new(TEMPLATE, stack()).expect("a template");
    let saved = formation.resources("AWS::Logs::QueryDefinition");
    let saved = saved.unwrap_or_else(|fault| panic!("{fault}"));
    let group = formation.reference("LogGroup").expect("a log group");
    for query in &saved {
        let properties = &query.properties;
        assert_eq!(properties["LogGroupNames"], serde_json::json!([group]));
        let name = properties["Name"].as_str().expect("a name");
        assert!(name.starts_with("prime-gaming/"), "{name}");
        is_sound(properties["QueryString"].as_str().expect("a query"));
    }
    assert_eq!(saved.len(), 5);
    for widget in dashboard().widgets {
        if let Content::Query(query) = &widget.content {
            assert!(
                query.starts_with(&format!("SOURCE '{group}' | ")),
                "{query}"
            );
            is_sound(query);
        }
    }
}

#[test]
fn the_words_of_a_query_are_found() {
    let words = Words::of(
        "SOURCE '/aws/lambda/a' | filter event = \"held\" and reason in [\"a\", \"b\"] \
         | stats count(*) as links by bin(1h), code | sort links desc",
    );
    assert_eq!(words.fields, ["event", "reason", "code"]);
    let compared = [("event", "held"), ("reason", "a"), ("reason", "b")];
    assert_eq!(
        words.compared,
        compared.map(|(field, value)| (field.to_owned(), value.to_owned()))
    );
}

#[test]
fn what_is_not_known_is_refused() {
    for (from, to, expected) in [
        (
            "\"periodOverride\": \"inherit\"",
            "\"periodOverride\": \"auto\"",
            "must be inherit",
        ),
        ("\"view\": \"bar\"", "\"view\": \"pie\"", "pie is not known"),
        ("SEARCH('{", "SEARCH('", "is not known"),
        (
            "\"stat\": \"p95\"",
            "\"stat\": \"tm95\"",
            "tm95 is not known",
        ),
        ("\"width\": 10", "\"width\": 25", "is not on a dashboard"),
        (
            "\"type\": \"log\"",
            "\"type\": \"text\"",
            "text is not known",
        ),
        ("\"yAxis\"", "\"axis\"", "axis is not known"),
    ] {
        assert!(TEMPLATE.contains(from), "{from}");
        let text = TEMPLATE.replacen(from, to, 1);
        let fault = Dashboard::of_template(&text, stack())
            .expect_err(to)
            .to_string();
        assert!(fault.contains(expected), "{fault}");
    }
}

//! From a dashboard's JSON to its widgets.

use serde_json::Value;

use super::super::object::Object;
use super::super::{Fault, Metric, Statistic};
use super::search::Search;
use super::{Content, Series, Total, Widget};
use crate::picture::Place;

/// The columns of a dashboard.
const COLUMNS: u32 = 24;

pub(super) fn widgets(body: &Value) -> Result<Vec<Widget>, Fault> {
    let body = Object::with(body, &["start", "periodOverride", "widgets"])?;
    // Otherwise CloudWatch changes the periods when an operator selects another time range.
    if body.text("periodOverride")? != "inherit" {
        return Err(Fault::new("periodOverride must be inherit"));
    }
    let widgets = body.list("widgets")?.iter().enumerate();
    widgets
        .map(|(number, value)| {
            widget(value).map_err(|fault| fault.inside(format!("widget {}", number + 1)))
        })
        .collect()
}

fn widget(value: &Value) -> Result<Widget, Fault> {
    let widget = Object::with(value, &["type", "x", "y", "width", "height", "properties"])?;
    let whole = |name: &str| -> Result<u32, Fault> {
        let number = widget.need(name)?.as_u64();
        number
            .and_then(|number| number.try_into().ok())
            .ok_or_else(|| Fault::new(format!("{name} must be a whole number")))
    };
    let place = Place {
        x: whole("x")?,
        y: whole("y")?,
        width: whole("width")?,
        height: whole("height")?,
    };
    if place.width == 0 || place.height == 0 || place.x + place.width > COLUMNS {
        return Err(Fault::new(format!("{place:?} is not on a dashboard")));
    }
    let properties = widget.need("properties")?;
    let (title, content) = match widget.text("type")? {
        "log" => query(properties)?,
        "metric" => metrics(properties)?,
        other => return Err(Fault::new(format!("a widget {other} is not known"))),
    };
    Ok(Widget {
        title,
        place,
        content,
    })
}

fn query(properties: &Value) -> Result<(String, Content), Fault> {
    let properties = Object::with(properties, &["title", "region", "view", "query"])?;
    properties.text("region")?;
    if properties.text("view")? != "bar" {
        return Err(Fault::new("only bars are known for a query"));
    }
    let query = properties.text("query")?.to_owned();
    Ok((properties.text("title")?.to_owned(), Content::Query(query)))
}

fn metrics(properties: &Value) -> Result<(String, Content), Fault> {
    const KNOWN: [&str; 7] = [
        "title",
        "region",
        "view",
        "setPeriodToTimeRange",
        "stat",
        "period",
        "metrics",
    ];
    let properties = Object::with(properties, &KNOWN)?;
    properties.text("region")?;
    let metrics = properties.list("metrics")?.iter();
    let content = match properties.text_or("view", "timeSeries")? {
        "timeSeries" => {
            let default = properties.text_or("stat", "Average")?;
            let series: Result<_, _> = metrics.map(|metric| series(metric, default)).collect();
            Content::Series(properties.count("period")?, series?)
        }
        "bar" if properties.truth_or("setPeriodToTimeRange", false)? => {
            Content::Totals(metrics.map(total).collect::<Result<_, _>>()?)
        }
        other => return Err(Fault::new(format!("the view {other} is not known"))),
    };
    Ok((properties.text("title")?.to_owned(), content))
}

/// `[NAMESPACE, NAME, DIMENSION, VALUE, …, {…}]`
fn series(metric: &Value, default: &str) -> Result<Series, Fault> {
    let parts = metric.as_array().map(Vec::as_slice).unwrap_or_default();
    let [names @ .., options] = parts else {
        return Err(Fault::new("a metric must be a list with its options last"));
    };
    let names: Option<Vec<_>> = names.iter().map(Value::as_str).collect();
    let names = names.ok_or_else(|| Fault::new("a metric's names must be strings"))?;
    let [namespace, name, dimensions @ ..] = names.as_slice() else {
        return Err(Fault::new("a metric needs a namespace and a name"));
    };
    let (pairs, []) = dimensions.as_chunks::<2>() else {
        return Err(Fault::new(format!("a dimension of {name} has no value")));
    };
    let pairs: Vec<_> = pairs.iter().map(|[name, value]| (*name, *value)).collect();
    let options = Object::with(options, &["stat", "label", "color", "yAxis"])?;
    Ok(Series {
        metric: Metric::new(namespace, name, &pairs),
        statistic: Statistic::parse(options.text_or("stat", default)?)?,
        label: options.text("label")?.to_owned(),
        color: options.text("color")?.to_owned(),
        right: options.text_or("yAxis", "left")? == "right",
    })
}

/// `[{"expression": "SEARCH(…)", …}]`
fn total(metric: &Value) -> Result<Total, Fault> {
    let Some([options]) = metric.as_array().map(Vec::as_slice) else {
        return Err(Fault::new("a search must be alone in its list"));
    };
    let options = Object::with(options, &["expression", "label", "color"])?;
    let (search, statistic) = Search::parse(options.text("expression")?)?;
    Ok(Total {
        search,
        statistic,
        label: options.text("label")?.to_owned(),
        color: options.text("color")?.to_owned(),
    })
}

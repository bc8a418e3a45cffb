//! From the properties of an `AWS::CloudWatch::Alarm` to an [`Alarm`].

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::insights::Query;
use super::super::math::Expression;
use super::super::object::Object;
use super::super::store::Statistic;
use super::super::{Fault, Metric};
use super::{Alarm, Comparison, Judgement, Source, Treatment};

const PROPERTIES: [&str; 17] = [
    "AlarmName",
    "AlarmDescription",
    "AlarmActions",
    "OKActions",
    "Namespace",
    "MetricName",
    "Statistic",
    "ExtendedStatistic",
    "Dimensions",
    "Period",
    "Metrics",
    "EvaluationPeriods",
    "DatapointsToAlarm",
    "Threshold",
    "ComparisonOperator",
    "TreatMissingData",
    "ActionsEnabled",
];
/// The longest evaluation: a day, or a week if the period is an hour or longer.
const DAY: u64 = 24 * 3600;
/// CloudWatch refuses more metrics and expressions in one alarm.
const MAX_METRICS: usize = 10;

impl Alarm {
    /// Reads resolved properties.
    ///
    /// # Errors
    /// If a property is missing or not known, or CloudWatch would refuse it.
    pub(in super::super) fn read(properties: &Value) -> Result<Self, Fault> {
        let properties = Object::with(properties, &PROPERTIES)?;
        let (period, sources) = match properties.get("Metrics") {
            None => single(&properties)?,
            Some(_) => several(properties.list("Metrics")?)?,
        };
        let evaluation_periods = properties.count("EvaluationPeriods")?;
        let longest = if period < 3600 { DAY } else { 7 * DAY };
        if period % 60 != 0 || period * evaluation_periods > longest {
            return Err(Fault::new(format!(
                "{evaluation_periods} periods of {period} s can't be evaluated"
            )));
        }
        let datapoints_to_alarm = match properties.get("DatapointsToAlarm") {
            None => evaluation_periods,
            Some(_) => properties.count("DatapointsToAlarm")?,
        };
        if datapoints_to_alarm > evaluation_periods {
            return Err(Fault::new(
                "DatapointsToAlarm is larger than EvaluationPeriods",
            ));
        }
        let size = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        Ok(Self {
            name: properties.text("AlarmName")?.to_owned(),
            period,
            judgement: Judgement {
                comparison: comparison(properties.text("ComparisonOperator")?)?,
                threshold: properties.number("Threshold")?,
                evaluation_periods: size(evaluation_periods),
                datapoints_to_alarm: size(datapoints_to_alarm),
                missing: missing(properties.text_or("TreatMissingData", "missing")?)?,
            },
            sources,
        })
    }
}

fn comparison(word: &str) -> Result<Comparison, Fault> {
    Ok(match word {
        "GreaterThanThreshold" => Comparison::Greater,
        "GreaterThanOrEqualToThreshold" => Comparison::GreaterOrEqual,
        "LessThanThreshold" => Comparison::Less,
        "LessThanOrEqualToThreshold" => Comparison::LessOrEqual,
        _ => {
            return Err(Fault::new(format!(
                "the ComparisonOperator {word} is not known"
            )));
        }
    })
}

fn missing(word: &str) -> Result<Treatment, Fault> {
    Ok(match word {
        "missing" => Treatment::Missing,
        "notBreaching" => Treatment::NotBreaching,
        "breaching" => Treatment::Breaching,
        "ignore" => Treatment::Ignore,
        _ => return Err(Fault::new(format!("TreatMissingData {word} is not known"))),
    })
}

type Sources = Vec<(String, Source)>;

/// The one metric that an alarm without `Metrics` names.
fn single(properties: &Object<'_>) -> Result<(u64, Sources), Fault> {
    let metric = metric(properties)?;
    let statistic = match properties.get("ExtendedStatistic") {
        None => properties.text("Statistic")?,
        Some(_) => properties.text("ExtendedStatistic")?,
    };
    let source = Source::Metric(metric, Statistic::parse(statistic)?);
    Ok((properties.count("Period")?, vec![("m".to_owned(), source)]))
}

fn metric(names: &Object<'_>) -> Result<Metric, Fault> {
    let mut metric = Metric::new(names.text("Namespace")?, names.text("MetricName")?, &[]);
    if names.get("Dimensions").is_some() {
        for dimension in names.list("Dimensions")? {
            let dimension = Object::with(dimension, &["Name", "Value"])?;
            let (name, value) = (dimension.text("Name")?, dimension.text("Value")?);
            metric.dimensions.insert(name.to_owned(), value.to_owned());
        }
    }
    Ok(metric)
}

/// The list `Metrics`: the period that all share, and the sources with the watched one last.
fn several(queries: &[Value]) -> Result<(u64, Sources), Fault> {
    if queries.len() > MAX_METRICS {
        return Err(Fault::new(format!(
            "Metrics has more than {MAX_METRICS} entries"
        )));
    }
    let (mut periods, mut sources, mut watched) = (BTreeSet::new(), Sources::new(), Vec::new());
    for query in queries {
        let query = Object::with(
            query,
            &[
                "Id",
                "Label",
                "ReturnData",
                "Expression",
                "Period",
                "MetricStat",
            ],
        )?;
        let id = query.text("Id")?.to_owned();
        let sound = |char: char| char.is_ascii_alphanumeric() || char == '_';
        if !id.starts_with(|char: char| char.is_ascii_lowercase()) || !id.chars().all(sound) {
            return Err(Fault::new(format!("{id} can't be an id")));
        }
        if sources.iter().any(|(other, _)| *other == id) {
            return Err(Fault::new(format!("the id {id} is there twice")));
        }
        let (period, source) = source(&query).map_err(|fault| fault.inside(&id))?;
        periods.extend(period);
        if query.truth_or("ReturnData", true)? {
            watched.push(id.clone());
        }
        sources.push((id, source));
    }
    let [period] = periods.into_iter().collect::<Vec<_>>()[..] else {
        return Err(Fault::new(
            "all metrics of an alarm must have the same period",
        ));
    };
    let [watched] = &watched[..] else {
        return Err(Fault::new("exactly one of Metrics must return data"));
    };
    Ok((period, ordered(sources, watched)?))
}

fn source(query: &Object<'_>) -> Result<(Option<u64>, Source), Fault> {
    match (query.get("Expression"), query.get("MetricStat")) {
        (Some(_), None) => {
            let text = query.text("Expression")?;
            if Query::is_one(text) {
                Ok((
                    Some(query.count("Period")?),
                    Source::Insights(Query::parse(text)?),
                ))
            } else if query.get("Period").is_some() {
                Err(Fault::new("a Period beside metric math is not known"))
            } else {
                Ok((None, Source::Math(Expression::parse(text)?)))
            }
        }
        (None, Some(stat)) => {
            let stat = Object::with(stat, &["Metric", "Period", "Stat"])?;
            let names = Object::with(
                stat.need("Metric")?,
                &["Namespace", "MetricName", "Dimensions"],
            )?;
            let source = Source::Metric(metric(&names)?, Statistic::parse(stat.text("Stat")?)?);
            Ok((Some(stat.count("Period")?), source))
        }
        _ => Err(Fault::new("it needs either Expression or MetricStat")),
    }
}

/// The watched source and what it uses, each after what it uses itself.
fn ordered(mut rest: Sources, watched: &str) -> Result<Sources, Fault> {
    let mut sources = Sources::new();
    while !rest.is_empty() {
        let ready = rest.iter().position(|(_, source)| match source {
            Source::Math(expression) => {
                let known = |id: &&str| sources.iter().any(|(other, _)| other == id);
                expression.ids().iter().all(known)
            }
            Source::Metric(..) | Source::Insights(_) => true,
        });
        let Some(ready) = ready else {
            let ids: Vec<_> = rest.iter().map(|(id, _)| id.as_str()).collect();
            let ids = ids.join(", ");
            return Err(Fault::new(format!(
                "{ids} use ids that are not there, or each other"
            )));
        };
        sources.push(rest.remove(ready));
    }
    let used: Vec<_> = sources
        .iter()
        .flat_map(|(_, source)| match source {
            Source::Math(expression) => expression.ids(),
            Source::Metric(..) | Source::Insights(_) => Vec::new(),
        })
        .collect();
    let unused = sources
        .iter()
        .find(|(id, _)| id != watched && !used.contains(&id.as_str()));
    if let Some((id, _)) = unused {
        return Err(Fault::new(format!("nothing uses {id}")));
    }
    sources.sort_by_key(|(id, _)| id == watched);
    Ok(sources)
}

#[cfg(test)]
mod tests;

//! The dashboard of the template: its widgets, and what they show of a stack's metrics.

mod query;
mod read;
mod search;
#[cfg(test)]
mod tests;

use serde_json::Value;

use self::search::Search;
use super::formation::{Formation, Stack};
use super::{CloudWatch, Fault, Metric, Statistic};
use crate::picture::{Bar, Chart, Line, Panel, Place};

pub use query::Words;

/// The widgets of a dashboard.
#[derive(Debug)]
pub struct Dashboard {
    /// In the template's order.
    pub widgets: Vec<Widget>,
}

/// One widget.
#[derive(Debug)]
pub struct Widget {
    /// What it shows.
    pub title: String,
    /// Where it is.
    pub place: Place,
    /// What it is drawn from.
    pub content: Content,
}

/// What a widget is drawn from.
#[derive(Debug)]
pub enum Content {
    /// Metrics over time, one value for so many seconds.
    Series(u64, Vec<Series>),
    /// One value over the shown time for each metric that a search finds.
    Totals(Vec<Total>),
    /// The answer to a query of CloudWatch Logs Insights.
    Query(String),
}

/// A metric that is drawn as a line.
#[derive(Debug)]
pub struct Series {
    /// The metric.
    pub metric: Metric,
    statistic: Statistic,
    label: String,
    color: String,
    right: bool,
}

/// Metrics that are drawn as bars.
#[derive(Debug)]
pub struct Total {
    search: Search,
    statistic: Statistic,
    /// `${PROP('Dim.Sku')}` in it is the metric's dimension `Sku`.
    label: String,
    color: String,
}

impl Total {
    /// The namespace, the names of the dimensions, and the name of the metrics that it finds.
    #[must_use]
    pub fn finds(&self) -> (&str, Vec<&str>, &str) {
        self.search.finds()
    }
}

/// The time that a dashboard shows, in Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its beginning.
    pub from: u64,
    /// Its end.
    pub until: u64,
}

/// The colours of a query's answer.
const OF_ANSWER: &str = "#1f77b4";

impl Dashboard {
    /// The only dashboard of this template, deployed as `stack`.
    ///
    /// # Errors
    /// If there is another number of dashboards, or this one can't be resolved, is not JSON, or has
    /// something that is not known here.
    pub fn of_template(template: &str, stack: Stack) -> Result<Self, Fault> {
        let formation = Formation::new(template, stack)?;
        let found = formation.resources("AWS::CloudWatch::Dashboard")?;
        let [dashboard] = found.as_slice() else {
            return Err(Fault::new("there must be one dashboard"));
        };
        let body = dashboard.properties.get("DashboardBody");
        let body = body.and_then(Value::as_str);
        let body = body.ok_or_else(|| Fault::new("the dashboard has no body"))?;
        let body = serde_json::from_str(body)
            .map_err(|error| Fault::new(format!("the dashboard's body is not JSON: {error}")))?;
        Ok(Self {
            widgets: read::widgets(&body)?,
        })
    }

    /// The widgets as they show these metrics. `answer` answers the queries, which need log lines that
    /// `cloudwatch` does not keep.
    #[must_use]
    pub fn panels(
        &self,
        cloudwatch: &CloudWatch,
        shown: Shown,
        answer: impl Fn(&str) -> Vec<(String, f64)>,
    ) -> Vec<Panel> {
        let chart = |content: &Content| match content {
            Content::Series(period, series) => {
                let lines = series.iter();
                Chart::Lines(
                    lines
                        .map(|one| one.line(cloudwatch, shown, *period))
                        .collect(),
                )
            }
            Content::Totals(totals) => {
                let bars = totals.iter();
                Chart::Bars(
                    bars.flat_map(|total| total.bars(cloudwatch, shown))
                        .collect(),
                )
            }
            Content::Query(query) => {
                let bars = answer(query).into_iter().map(|(label, value)| Bar {
                    label,
                    color: OF_ANSWER.to_owned(),
                    value,
                });
                Chart::Bars(bars.collect())
            }
        };
        let widgets = self.widgets.iter();
        widgets
            .map(|widget| Panel {
                title: widget.title.clone(),
                place: widget.place,
                chart: chart(&widget.content),
            })
            .collect()
    }
}

impl Series {
    fn line(&self, cloudwatch: &CloudWatch, shown: Shown, period: u64) -> Line {
        let ends = (1..).map(|number| shown.from + number * period);
        let ends = ends.take_while(|end| *end <= shown.until);
        let value = |end| cloudwatch.statistic(&self.metric, self.statistic, period, end);
        Line {
            label: self.label.clone(),
            color: self.color.clone(),
            right: self.right,
            points: ends.map(value).collect(),
        }
    }
}

impl Total {
    fn bars(&self, cloudwatch: &CloudWatch, shown: Shown) -> Vec<Bar> {
        let found = cloudwatch
            .metrics()
            .filter(|metric| self.search.matches(metric));
        let bar = |metric: &Metric| {
            let all = shown.until - shown.from;
            let value = cloudwatch.statistic(metric, self.statistic, all, shown.until)?;
            Some(Bar {
                label: self.label_of(metric),
                color: self.color.clone(),
                value,
            })
        };
        found.filter_map(bar).collect()
    }

    fn label_of(&self, metric: &Metric) -> String {
        let dimensions = metric.dimensions.iter();
        dimensions.fold(self.label.clone(), |label, (name, value)| {
            label.replace(&format!("${{PROP('Dim.{name}')}}"), value)
        })
    }
}

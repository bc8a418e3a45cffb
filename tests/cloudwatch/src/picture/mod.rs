//! Pictures of charts, as SVG.
//!
//! They show what a dashboard in CloudWatch shows, in the same places, so that a reader of the documents
//! sees it before the first deployment. Lines have the same colours. Of the bars that one search finds,
//! CloudWatch gives the chosen colour to the first only.

mod bars;
mod lines;
mod scale;
mod svg;

use svg::{Anchor, Canvas};

/// The width of one of the 24 columns of a dashboard, and the height of one of its rows, in pixels.
const COLUMN: u32 = 50;
const ROW: u32 = 42;
/// Between two panels.
const GAP: f64 = 6.0;
/// Above what a panel shows.
const TITLE_HEIGHT: f64 = 28.0;

/// A chart with its title, and where it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// What it shows.
    pub title: String,
    /// Where it is.
    pub place: Place,
    /// The chart.
    pub chart: Chart,
}

/// A place on a dashboard, which has 24 columns and as many rows as it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The first column.
    pub x: u32,
    /// The first row.
    pub y: u32,
    /// How many columns.
    pub width: u32,
    /// How many rows.
    pub height: u32,
}

impl Place {
    /// Whether both have a column and a row in common.
    #[must_use]
    pub const fn overlaps(self, other: Self) -> bool {
        self.x < other.x + other.width
            && other.x < self.x + self.width
            && self.y < other.y + other.height
            && other.y < self.y + self.height
    }
}

/// What a panel shows.
#[derive(Clone, Debug, PartialEq)]
pub enum Chart {
    /// Values over time.
    Lines(Vec<Line>),
    /// One value of each, with its label.
    Bars(Vec<Bar>),
}

/// A line of a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its name in the legend.
    pub label: String,
    /// Its colour, as `#1f77b4`.
    pub color: String,
    /// Whether the axis on the right is its own.
    pub right: bool,
    /// The values from the beginning to the end of the shown time. None: no data.
    pub points: Vec<Option<f64>>,
}

/// A bar of a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// Its name, beside it.
    pub label: String,
    /// Its colour, as `#1f77b4`.
    pub color: String,
    /// How long it is.
    pub value: f64,
}

/// A rectangle in pixels.
#[derive(Clone, Copy, Debug)]
struct Area {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

impl Area {
    fn right(self) -> f64 {
        self.left + self.width
    }

    fn bottom(self) -> f64 {
        self.top + self.height
    }
}

/// A picture of these panels. `hours` are what is written under charts over time, from the beginning
/// to the end of the shown time, at equal distances.
#[must_use]
pub fn draw(panels: &[Panel], hours: &[&str]) -> String {
    let rows = panels
        .iter()
        .map(|panel| panel.place.y + panel.place.height);
    let rows = rows.max().unwrap_or_default();
    let mut canvas = Canvas::new(f64::from(24 * COLUMN), f64::from(rows * ROW));
    for panel in panels {
        let place = panel.place;
        let area = Area {
            left: f64::from(place.x * COLUMN) + GAP / 2.0,
            top: f64::from(place.y * ROW) + GAP / 2.0,
            width: f64::from(place.width * COLUMN) - GAP,
            height: f64::from(place.height * ROW) - GAP,
        };
        canvas.panel(area);
        canvas.title(area.left + 12.0, area.top + 19.0, &panel.title);
        let inner = Area {
            top: area.top + TITLE_HEIGHT,
            height: area.height - TITLE_HEIGHT,
            ..area
        };
        match &panel.chart {
            Chart::Lines(lines) => lines::draw(&mut canvas, inner, lines, hours),
            Chart::Bars(bars) => bars::draw(&mut canvas, inner, bars),
        }
    }
    canvas.finish()
}

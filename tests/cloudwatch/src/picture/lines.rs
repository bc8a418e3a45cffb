//! Charts of values over time, with a legend below.

use super::scale::{Scale, short};
use super::svg::width_of;
use super::{Anchor, Area, Canvas, Line};

/// Left and right of the plot: the numbers of an axis.
const AXIS: f64 = 46.0;
/// Below the plot: the hours.
const HOURS: f64 = 20.0;
/// One line of the legend.
const LEGEND: f64 = 16.0;

pub(super) fn draw(canvas: &mut Canvas, area: Area, lines: &[Line], hours: &[&str]) {
    let entries = legend(area, lines);
    let rows = entries.last().map_or(0.0, |(row, _)| row + 1.0);
    let plot = Area {
        left: area.left + AXIS,
        top: area.top + 6.0,
        width: area.width - 2.0 * AXIS,
        height: area.height - HOURS - rows * LEGEND - 12.0,
    };
    let scale = |right: bool| {
        let mut lines = lines.iter().filter(|line| line.right == right).peekable();
        lines.peek()?;
        let values = lines.flat_map(|line| line.points.iter().copied().flatten());
        Some(Scale::up_to(values.fold(0.0, f64::max)))
    };
    let scales = [scale(false), scale(true)];
    axes(canvas, plot, scales, hours);
    for line in lines {
        if let Some(scale) = scales[usize::from(line.right)] {
            for part in parts(plot, scale, &line.points) {
                canvas.through(&part, &line.color);
            }
        }
    }
    for ((row, left), line) in entries.into_iter().zip(lines) {
        let y = plot.bottom() + HOURS + 6.0 + row * LEGEND;
        let mark = Area {
            left,
            top: y,
            width: 10.0,
            height: 10.0,
        };
        canvas.rectangle(mark, &line.color);
        canvas.text(left + 15.0, y + 9.0, Anchor::Start, &line.label);
    }
}

fn axes(canvas: &mut Canvas, plot: Area, scales: [Option<Scale>; 2], hours: &[&str]) {
    let [left, right] = scales;
    let height = |scale: Scale, tick: f64| plot.bottom() - plot.height * tick / scale.end();
    for tick in left.into_iter().flat_map(Scale::ticks) {
        let y = height(left.unwrap_or(Scale::up_to(tick)), tick);
        canvas.straight("grid", (plot.left, y), (plot.right(), y));
        canvas.text(plot.left - 6.0, y + 4.0, Anchor::End, &short(tick));
    }
    for tick in right.into_iter().flat_map(Scale::ticks) {
        let y = height(right.unwrap_or(Scale::up_to(tick)), tick);
        canvas.text(plot.right() + 6.0, y + 4.0, Anchor::Start, &short(tick));
    }
    let corner = (plot.left, plot.bottom());
    canvas.straight("axis", corner, (plot.right(), plot.bottom()));
    for (number, hour) in hours.iter().enumerate() {
        let x = at(plot, number, hours.len());
        canvas.text(x, plot.bottom() + 15.0, Anchor::Middle, hour);
    }
}

/// How far to the right the point of this number is, of so many.
fn at(plot: Area, number: usize, of: usize) -> f64 {
    let float = |number: usize| u32::try_from(number).map_or(0.0, f64::from);
    plot.left + plot.width * float(number) / float(of.saturating_sub(1).max(1))
}

/// The line, ended where data is missing.
fn parts(plot: Area, scale: Scale, points: &[Option<f64>]) -> Vec<Vec<(f64, f64)>> {
    let mut parts = vec![Vec::new()];
    for (number, point) in points.iter().enumerate() {
        match (point, parts.last_mut()) {
            (Some(value), Some(part)) => {
                let y = plot.bottom() - plot.height * value / scale.end();
                part.push((at(plot, number, points.len()), y));
            }
            _ => parts.push(Vec::new()),
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// For each line, the row of the legend and how far to the right it is there.
fn legend(area: Area, lines: &[Line]) -> Vec<(f64, f64)> {
    let mut entries = Vec::new();
    let (mut row, mut left) = (0.0, area.left + 12.0);
    for line in lines {
        let width = width_of(&line.label) + 30.0;
        if left + width > area.right() && left > area.left + 12.0 {
            row += 1.0;
            left = area.left + 12.0;
        }
        entries.push((row, left));
        left += width;
    }
    entries
}

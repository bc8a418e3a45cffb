//! Charts of one value each.

use super::scale::short;
use super::svg::width_of;
use super::{Anchor, Area, Bar, Canvas};

/// The highest that a bar is, with the space below it.
const MOST: f64 = 26.0;

pub(super) fn draw(canvas: &mut Canvas, area: Area, bars: &[Bar]) {
    let float = |number: usize| u32::try_from(number).map_or(0.0, f64::from);
    let labels = bars.iter().map(|bar| width_of(&bar.label));
    let labels = labels.fold(0.0, f64::max) + 24.0;
    let numbers = 60.0;
    let height = ((area.height - 12.0) / float(bars.len().max(1))).min(MOST);
    let largest = bars.iter().map(|bar| bar.value).fold(1.0, f64::max);
    for (number, bar) in bars.iter().enumerate() {
        let shape = Area {
            left: area.left + labels,
            top: area.top + 4.0 + float(number) * height,
            width: (area.width - labels - numbers) * bar.value / largest,
            height: height * 0.75,
        };
        let text = shape.top + shape.height / 2.0 + 4.0;
        canvas.text(shape.left - 8.0, text, Anchor::End, &bar.label);
        canvas.rectangle(shape, &bar.color);
        canvas.text(shape.right() + 6.0, text, Anchor::Start, &short(bar.value));
    }
}

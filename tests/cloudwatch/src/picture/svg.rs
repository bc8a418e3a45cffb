//! Shapes and text in SVG.

use std::fmt::Write;

use super::Area;

const STYLE: &str = "text{font:11px Helvetica,Arial,sans-serif;fill:#424650}\
    .title{font-size:13px;font-weight:bold;fill:#16191f}\
    .panel{fill:#fff;stroke:#d5dbdb}.grid{stroke:#eaeded}.axis{stroke:#879196}\
    polyline{fill:none;stroke-width:1.6;stroke-linejoin:round}";

/// About how wide a character is.
const CHARACTER: f64 = 5.9;

/// Where a text is, seen from its point.
#[derive(Clone, Copy, Debug)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// An SVG that grows.
pub(super) struct Canvas(String);

impl Canvas {
    pub(super) fn new(width: f64, height: f64) -> Self {
        let mut canvas = Self(String::new());
        canvas.add(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\">"
        ));
        canvas.add(format_args!("<style>{STYLE}</style>"));
        canvas.add(format_args!(
            "<rect width=\"{width}\" height=\"{height}\" fill=\"#f2f3f3\"/>"
        ));
        canvas
    }

    pub(super) fn finish(mut self) -> String {
        self.0.push_str("</svg>\n");
        self.0
    }

    pub(super) fn panel(&mut self, area: Area) {
        self.add(format_args!(
            "<rect class=\"panel\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"4\"/>",
            area.left, area.top, area.width, area.height
        ));
    }

    pub(super) fn rectangle(&mut self, area: Area, color: &str) {
        self.add(format_args!(
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{}\"/>",
            area.left,
            area.top,
            area.width,
            area.height,
            escaped(color)
        ));
    }

    /// A line of this class: `grid` or `axis`.
    pub(super) fn straight(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        self.add(format_args!(
            "<line class=\"{class}\" x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\"/>",
            from.0, from.1, to.0, to.1
        ));
    }

    /// A line through these points; a dot where there is only one.
    pub(super) fn through(&mut self, points: &[(f64, f64)], color: &str) {
        let color = escaped(color);
        if let [(x, y)] = points {
            self.add(format_args!(
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2\" fill=\"{color}\"/>"
            ));
            return;
        }
        let mut list = String::new();
        for (x, y) in points {
            let space = if list.is_empty() { "" } else { " " };
            // Writing to a string can't fail.
            let _ = write!(list, "{space}{x:.1},{y:.1}");
        }
        self.add(format_args!(
            "<polyline points=\"{list}\" stroke=\"{color}\"/>"
        ));
    }

    pub(super) fn title(&mut self, x: f64, y: f64, text: &str) {
        self.add(format_args!(
            "<text class=\"title\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>",
            escaped(text)
        ));
    }

    pub(super) fn text(&mut self, x: f64, y: f64, anchor: Anchor, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        self.add(format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>",
            escaped(text)
        ));
    }

    fn add(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a string can't fail.
        let _ = writeln!(self.0, "{element}");
    }
}

/// About how many pixels a text takes.
pub(super) fn width_of(text: &str) -> f64 {
    text.chars().map(|_| CHARACTER).sum()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

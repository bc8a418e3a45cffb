use cloudwatch::picture::{Chart, Line};
use local::build::workspace;

use super::*;

#[tokio::test]
#[ignore = "CI draws it"]
async fn the_picture_in_the_documents_is_the_one_that_is_drawn_today() {
    let template = std::fs::read_to_string(workspace().join("template.yaml"));
    let panels = panels(&template.expect("the template")).await;
    let panels = panels.unwrap_or_else(|fault| panic!("{fault}"));
    // What has to be seen of the outage.
    for expected in [
        "seen",
        "pending",
        "delivered",
        "reported",
        "held",
        "started",
        "linked",
        "webhook failed or refused",
        "overdue, seconds",
        "due (right)",
    ] {
        let mut lines = panels.iter().flat_map(|panel| match &panel.chart {
            Chart::Lines(lines) => lines.as_slice(),
            Chart::Bars(_) => &[],
        });
        let is_seen = |line: &Line| {
            line.label == expected && line.points.iter().flatten().any(|point| *point > 0.0)
        };
        assert!(lines.any(is_seen), "nothing is seen of: {expected}");
    }
    let drawn = svg(&panels);
    let kept = std::fs::read_to_string(workspace().join(PICTURE)).unwrap_or_default();
    if drawn != kept {
        // A look at it tells what has changed.
        let _ = std::fs::write(workspace().join("target/dashboard.svg"), drawn);
        panic!(
            "{PICTURE} is out of date, and target/dashboard.svg is how it would look: \
             run `cargo run -p rehearsal -- dashboard`"
        );
    }
}

//! Axes with round numbers.

/// From 0 to a round number, in equal steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    step: f64,
    steps: u32,
}

impl Scale {
    /// The shortest with room for `largest`.
    pub(super) fn up_to(largest: f64) -> Self {
        if largest <= 0.0 {
            return Self {
                step: 1.0,
                steps: 1,
            };
        }
        let rough = largest / 4.0;
        let power = 10_f64.powf(rough.log10().floor());
        // Counts have no halves.
        let rounds = [1.0, 2.0, 2.5, 5.0, 10.0].map(|round| round * power);
        let step = rounds.into_iter().find(|step| *step >= rough);
        let step = step
            .unwrap_or(power)
            .max(if largest >= 1.0 { 1.0 } else { 0.0 });
        let steps = (1..=5).find(|steps| step * f64::from(*steps) >= largest);
        Self {
            step,
            steps: steps.unwrap_or(5),
        }
    }

    pub(super) fn end(self) -> f64 {
        self.step * f64::from(self.steps)
    }

    pub(super) fn ticks(self) -> impl Iterator<Item = f64> {
        (0..=self.steps).map(move |number| self.step * f64::from(number))
    }
}

/// A number as it is written beside an axis: `2.5k`, `10M`.
pub(super) fn short(number: f64) -> String {
    let (scaled, unit) = match number {
        large if large >= 1e9 => (large / 1e9, "G"),
        large if large >= 1e6 => (large / 1e6, "M"),
        large if large >= 1e4 => (large / 1e3, "k"),
        other => (other, ""),
    };
    let text = format!("{scaled:.1}");
    format!("{}{unit}", text.strip_suffix(".0").unwrap_or(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(largest: f64) -> Vec<String> {
        Scale::up_to(largest).ticks().map(short).collect()
    }

    #[test]
    fn axes_have_round_numbers_and_room_for_all() {
        assert_eq!(ticks(0.0), ["0", "1"]);
        assert_eq!(ticks(1.0), ["0", "1"]);
        assert_eq!(ticks(7.0), ["0", "2", "4", "6", "8"]);
        assert_eq!(ticks(1000.0), ["0", "250", "500", "750", "1000"]);
        assert_eq!(ticks(36_500.0), ["0", "10k", "20k", "30k", "40k"]);
        assert_eq!(ticks(2_100_000.0), ["0", "1M", "2M", "3M"]);
        for largest in [0.3, 3.0, 99.0, 101.0, 4999.0] {
            assert!(Scale::up_to(largest).end() >= largest, "{largest}");
        }
    }
}

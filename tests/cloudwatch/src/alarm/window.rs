//! From points to a state, with CloudWatch's rules about missing points.
//!
//! CloudWatch reads more points than it evaluates: two periods further back. If enough of these are
//! there, the latest of them decide, and missing ones don't matter. Otherwise all that are there
//! count, and only as many missing ones as are needed are treated as the alarm says.

use super::{Comparison, Judgement, State, Treatment};

/// By how many periods CloudWatch looks further back than the evaluation periods.
const FURTHER_BACK: usize = 2;

impl Judgement {
    /// How many periods the evaluation range has.
    pub(super) fn range(&self) -> u64 {
        u64::try_from(self.evaluation_periods + FURTHER_BACK).unwrap_or(u64::MAX)
    }

    /// The state that these points of the evaluation range make, the oldest first, if it was `before`.
    pub(super) fn state(&self, points: &[Option<f64>], before: State) -> State {
        let breaching: Vec<Option<bool>> = points
            .iter()
            .map(|point| point.map(|point| self.is_breaching(point)))
            .collect();
        let latest: Vec<bool> = breaching
            .iter()
            .rev()
            .copied()
            .flatten()
            .take(self.evaluation_periods)
            .collect();
        let count = latest.iter().filter(|breaching| **breaching).count();
        let missing = self.evaluation_periods - latest.len();
        let alarm_if = |rings: bool| if rings { State::Alarm } else { State::Ok };
        if missing == 0 || count >= self.datapoints_to_alarm {
            return alarm_if(count >= self.datapoints_to_alarm);
        }
        match self.missing {
            Treatment::NotBreaching => State::Ok,
            Treatment::Breaching => alarm_if(count + missing >= self.datapoints_to_alarm),
            Treatment::Missing if latest.is_empty() => State::InsufficientData,
            Treatment::Missing | Treatment::Ignore if latest.contains(&false) => State::Ok,
            Treatment::Missing if self.is_old_enough(points) => State::Alarm,
            // Nothing is there, or what is there is breaching and too new to decide.
            Treatment::Missing | Treatment::Ignore => before,
        }
    }

    /// Whether the oldest point is as old as M periods. If all that are there are breaching, such an
    /// alarm rings although they are fewer than M.
    fn is_old_enough(&self, points: &[Option<f64>]) -> bool {
        let oldest = points.iter().position(Option::is_some);
        oldest.is_some_and(|oldest| points.len() - oldest >= self.datapoints_to_alarm)
    }

    fn is_breaching(&self, point: f64) -> bool {
        match self.comparison {
            Comparison::Greater => point > self.threshold,
            Comparison::GreaterOrEqual => point >= self.threshold,
            Comparison::Less => point < self.threshold,
            Comparison::LessOrEqual => point <= self.threshold,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREATMENTS: [Treatment; 4] = [
        Treatment::Missing,
        Treatment::Ignore,
        Treatment::Breaching,
        Treatment::NotBreaching,
    ];

    fn judgement(datapoints_to_alarm: usize, evaluation_periods: usize) -> Judgement {
        Judgement {
            comparison: Comparison::Greater,
            threshold: 0.5,
            evaluation_periods,
            datapoints_to_alarm,
            missing: Treatment::Missing,
        }
    }

    /// The state for each of the treatments, of points such as `0 - X`.
    fn states(judgement: Judgement, points: &str, before: State) -> [State; 4] {
        let points: Vec<_> = points
            .split(' ')
            .map(|point| match point {
                "X" => Some(1.0),
                "0" => Some(0.0),
                _ => None,
            })
            .collect();
        TREATMENTS.map(|missing| {
            Judgement {
                missing,
                ..judgement
            }
            .state(&points, before)
        })
    }

    use State::{Alarm, InsufficientData as NoData, Ok as Quiet};

    #[test]
    fn three_of_three_as_cloudwatch_documents_it() {
        for before in [Quiet, Alarm] {
            let of = |points| states(judgement(3, 3), points, before);
            assert_eq!(of("0 - X - X"), [Quiet; 4]);
            assert_eq!(of("0 - - - -"), [Quiet; 4]);
            assert_eq!(of("- - - - -"), [NoData, before, Alarm, Quiet]);
            assert_eq!(of("0 X X - X"), [Alarm; 4]);
            assert_eq!(of("- - X - -"), [Alarm, before, Alarm, Quiet]);
        }
    }

    #[test]
    fn two_of_three_as_cloudwatch_documents_it() {
        for before in [Quiet, Alarm] {
            let of = |points| states(judgement(2, 3), points, before);
            assert_eq!(of("0 - X - X"), [Alarm; 4]);
            assert_eq!(of("0 0 X 0 X"), [Alarm; 4]);
            assert_eq!(of("0 - X - -"), [Quiet, Quiet, Alarm, Quiet]);
            assert_eq!(of("- - - - 0"), [Quiet, Quiet, Alarm, Quiet]);
            assert_eq!(of("- - - X -"), [Alarm, before, Alarm, Quiet]);
        }
    }

    #[test]
    fn complete_points_are_judged_by_the_latest() {
        let of = |points| states(judgement(3, 3), points, Quiet);
        assert_eq!(of("X X 0 0 0"), [Quiet; 4]);
        assert_eq!(of("0 0 X X X"), [Alarm; 4]);
        assert_eq!(of("X X X X 0"), [Quiet; 4]);
        let of = |points| states(judgement(2, 4), points, Quiet);
        assert_eq!(of("X X 0 0 X 0"), [Quiet; 4]);
        assert_eq!(of("0 0 X 0 0 X"), [Alarm; 4]);
    }

    #[test]
    fn one_point_that_is_too_new_changes_nothing_where_others_are_missing() {
        for before in [Quiet, Alarm] {
            let of = |points| states(judgement(3, 3), points, before);
            assert_eq!(of("- - - - X"), [before, before, Alarm, Quiet]);
        }
    }

    #[test]
    fn each_comparison() {
        let of = |comparison, point| {
            let judgement = Judgement {
                comparison,
                threshold: 5.0,
                ..judgement(1, 1)
            };
            judgement.state(&[None, None, Some(point)], Quiet) == Alarm
        };
        for (comparison, expected) in [
            (Comparison::Greater, [false, false, true]),
            (Comparison::GreaterOrEqual, [false, true, true]),
            (Comparison::Less, [true, false, false]),
            (Comparison::LessOrEqual, [true, true, false]),
        ] {
            assert_eq!([4.0, 5.0, 6.0].map(|point| of(comparison, point)), expected);
        }
    }
}

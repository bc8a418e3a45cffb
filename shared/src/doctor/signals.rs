//! Alarms have a topic, and the intake is open.

use super::Patient;
use crate::config::Intake;
use crate::domain::Finding;

pub(super) async fn alarm_topic(patient: &Patient<'_>) -> Finding {
    let config = &patient.deployment.config;
    topic(config.alarm_topic.as_deref(), config.is_local())
}

pub(super) async fn intake(patient: &Patient<'_>) -> Finding {
    open(patient.deployment.config.intake)
}

fn topic(topic: Option<&str>, is_local: bool) -> Finding {
    match topic {
        Some(topic) => Finding::well(format!("the alarms are sent to {topic}")),
        None if is_local => Finding::well("a local system has no alarms"),
        None => Finding::unwell(
            "the alarms have no topic: they show only in CloudWatch, and notify no one",
            "Create an SNS topic, subscribe the people on call to it, set AlarmTopicArn to it, and \
             deploy.",
        ),
    }
}

fn open(intake: Intake) -> Finding {
    match intake {
        Intake::Open => Finding::well("the intake is open"),
        Intake::Hold => Finding::unwell(
            "the intake is on hold: nothing new becomes pending, and nothing is delivered",
            "Set Intake to open and deploy, when the restore or the incident is over.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alarms_need_a_topic_but_on_one_machine() {
        for (arn, is_local, ok) in [
            (
                Some("arn:aws:sns:us-east-1:123456789012:on-call"),
                false,
                true,
            ),
            (None, true, true),
            (None, false, false),
        ] {
            let finding = topic(arn, is_local);
            assert_eq!(finding.ok, ok, "{finding:?}");
            assert!(arn.is_none_or(|arn| finding.detail.contains(arn)));
            assert!(ok || finding.fix.is_some_and(|it| it.contains("AlarmTopicArn")));
            assert!(!finding.stops_rollout);
        }
    }

    #[test]
    fn a_hold_is_told_and_can_be_deployed() {
        assert!(open(Intake::Open).ok);
        let finding = open(Intake::Hold);
        assert!(!finding.ok && !finding.stops_rollout);
        assert!(finding.fix.is_some_and(|it| it.contains("Intake")));
    }
}

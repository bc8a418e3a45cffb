//! The studio's endpoint takes a signed test, and refuses one with a wrong signature.

use super::Patient;
use crate::domain::Finding;
use crate::net::Unavailable;

const ANSWER_401: &str = "Let the endpoint answer 401 to a wrong signature.";

/// A failing endpoint stops no roll-out: it may be the studio's outage, and the service delivers later.
pub(super) async fn answers(patient: &Patient<'_>) -> Finding {
    let deployment = patient.deployment;
    let webhook = match deployment.webhook() {
        Ok(Some(webhook)) => webhook,
        Ok(None) => return Finding::well("Delivery is confirm, so there is no webhook"),
        Err(error) => {
            return Finding::unwell(error.to_string(), "Run doctor again.");
        }
    };
    let values = match patient.secret().await {
        Ok(values) => values,
        Err(finding) => return finding,
    };
    let Some(secret) = &values.delivery_webhook_secret else {
        return Finding::unwell(
            "not checked, because the secret has no delivery_webhook_secret",
            "Add delivery_webhook_secret to the secret's JSON, and run doctor again.",
        );
    };
    let now = deployment.clock.now();
    let (signed, unsigned) = tokio::join!(webhook.probe(secret, now), webhook.probe_unsigned(now));
    judge(&signed, &unsigned)
}

fn judge(signed: &Result<u16, Unavailable>, unsigned: &Result<u16, Unavailable>) -> Finding {
    let (mut faults, mut fixes) = (Vec::new(), Vec::new());
    match signed {
        Ok(200..=299) => {}
        Ok(status @ (401 | 403)) => {
            faults.push(format!("it answered {status} to a signed test"));
            fixes.push(
                "Give the endpoint the secret's delivery_webhook_secret, and let it accept the time of \
                 the signature.",
            );
        }
        Ok(status) => {
            faults.push(format!(
                "it answered {status} to a signed test, and not 2xx"
            ));
            fixes.push(
                "Let the endpoint answer 2xx to a signed {\"type\":\"test\"}, and deliver nothing for \
                 it (docs/webhook.md), and look at DeliveryWebhookUrl.",
            );
        }
        Err(error) => {
            faults.push(format!("it did not answer a signed test: {error}"));
            fixes.push(
                "Look at DeliveryWebhookUrl, at the endpoint's certificate, and for a private network at \
                 DeliveryWebhookPrivate.",
            );
        }
    }
    match unsigned {
        Ok(400..=499) => {}
        Ok(status @ 200..=299) => {
            faults.push(format!(
                "it answered {status} to a test with a wrong signature, and not 4xx"
            ));
            fixes.push(
                "Let the endpoint check the signature of every call before anything else, and answer 401 \
                 to a wrong one: otherwise anyone can make it deliver.",
            );
        }
        // It treats both tests alike: the first fault says it, and nothing is known of its look at
        // signatures.
        Ok(status) if signed.as_ref().is_ok_and(|same| same == status) => {}
        Err(_) if signed.is_err() => {}
        Ok(status) => {
            faults.push(format!(
                "it answered {status} to a test with a wrong signature, and not 4xx"
            ));
            fixes.push(ANSWER_401);
        }
        Err(error) => {
            faults.push(format!(
                "it did not answer a test with a wrong signature: {error}"
            ));
            fixes.push(ANSWER_401);
        }
    }
    if faults.is_empty() {
        return Finding::well(
            "the endpoint takes a signed test, and refuses one with a wrong signature",
        );
    }
    Finding::unwell(faults.join("; "), fixes.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silent() -> Result<u16, Unavailable> {
        Err(Unavailable::because("timed out"))
    }

    #[test]
    fn the_endpoint_takes_what_is_signed_and_refuses_what_is_not() {
        for status in [200, 202, 204] {
            assert!(judge(&Ok(status), &Ok(401)).ok);
        }
        for (signed, unsigned, detail, fix) in [
            (
                Ok(401),
                Ok(401),
                "401 to a signed test",
                "delivery_webhook_secret",
            ),
            (Ok(301), Ok(401), "301 to a signed test", "answer 2xx"),
            (Ok(500), Ok(400), "500 to a signed test", "answer 2xx"),
            (silent(), Ok(400), "timed out", "DeliveryWebhookUrl"),
            (silent(), silent(), "timed out", "DeliveryWebhookUrl"),
            (
                Ok(200),
                Ok(200),
                "200 to a test with a wrong",
                "check the signature",
            ),
            (
                silent(),
                Ok(503),
                "503 to a test with a wrong",
                "answer 401",
            ),
            (Ok(200), Ok(500), "500 to a test with a wrong", "answer 401"),
            (
                Ok(200),
                silent(),
                "did not answer a test with a wrong",
                "401",
            ),
        ] {
            let finding = judge(&signed, &unsigned);
            assert!(!finding.ok && !finding.stops_rollout, "{finding:?}");
            assert!(finding.detail.contains(detail), "{detail} in {finding:?}");
            assert!(finding.fix.is_some_and(|it| it.contains(fix)), "{fix}");
        }
    }

    #[test]
    fn an_endpoint_that_fails_at_both_tests_is_not_said_to_take_wrong_signatures() {
        for status in [301, 429, 503] {
            let finding = judge(&Ok(status), &Ok(status));
            assert!(!finding.detail.contains("wrong signature"), "{finding:?}");
            let fix = finding.fix.expect("a fix");
            assert!(fix.contains("answer 2xx"), "{fix}");
            assert!(!fix.contains("signature of every call"), "{fix}");
        }
        let finding = judge(&Ok(200), &Ok(503));
        assert!(!finding.fix.expect("a fix").contains("anyone"));
    }

    #[test]
    fn both_faults_are_named_at_once() {
        let finding = judge(&Ok(500), &Ok(200));
        assert!(
            finding
                .detail
                .contains("signed test, and not 2xx; it answered 200")
        );
    }
}

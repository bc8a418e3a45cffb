//! The trace id of AWS X-Ray: one id finds what every part of AWS logged about an invocation.

use std::future::Future;

use tracing::Instrument;

/// The trace id in a trace header, such as `Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0`:
/// `1-`, 8 and 24 hexadecimal digits. `None` where the header has another form: a caller may have
/// sent it, and anything else that a caller sends stays out of the log.
#[must_use]
pub fn trace_id(header: &str) -> Option<&str> {
    let mut roots = header
        .split(';')
        .filter_map(|part| part.trim().strip_prefix("Root="));
    roots.next().filter(|root| is_root(root))
}

fn is_root(root: &str) -> bool {
    let parts: Vec<_> = root.split('-').collect();
    let is_hex = |part: &str, digits: usize| {
        part.len() == digits && part.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    matches!(parts[..], ["1", time, random] if is_hex(time, 8) && is_hex(random, 24))
}

/// Does the work of an invocation that is no request of the gateway. All its log lines have the
/// invocation's id, and the trace id in `header`, the trace header of Lambda's Runtime API.
pub async fn invocation<T>(
    request_id: &str,
    header: Option<&str>,
    work: impl Future<Output = T>,
) -> T {
    let trace_id = header.and_then(trace_id);
    let span = tracing::info_span!("invocation", request_id, trace_id);
    work.instrument(span).await
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::http::testing::logged;

    const ROOT: &str = "1-5759e988-bd862e3fe1be46a994272793";

    #[test]
    fn the_documented_forms_have_a_trace_id() {
        for header in [
            format!("Root={ROOT}"),
            format!("Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1"),
            format!("Self=1-67891234-12456789abcdef012345678; Root={ROOT}; CalledFrom=app"),
        ] {
            assert_eq!(trace_id(&header), Some(ROOT), "{header}");
        }
    }

    #[test]
    fn anything_else_has_none() {
        for header in [
            "",
            "Root=",
            ROOT,
            "Parent=53995c3f42cd8ad8;Sampled=1",
            "Root=2-5759e988-bd862e3fe1be46a994272793",
            "Root=1-5759e988-bd862e3fe1be46a99427279",
            "Root=1-5759e98g-bd862e3fe1be46a994272793",
            "Root=1-5759e988-bd862e3fe1be46a994272793-1",
            "Root=1-5759e988-bd862e3fe1be46a99427279\u{663}",
            "Root=hush;Root=1-5759e988-bd862e3fe1be46a994272793",
            "Root=1-5759e988-bd862e3fe1be46a994272793,Root=1-5759e988-bd862e3fe1be46a994272793",
        ] {
            assert_eq!(trace_id(header), None, "{header}");
        }
    }

    #[tokio::test]
    async fn the_lines_of_an_invocation_have_its_ids() {
        let header = format!("Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=0");
        for (header, expected) in [(Some(header.as_str()), Some(ROOT)), (None, None)] {
            let work = async { tracing::info!("hello") };
            let lines = logged(invocation("req-1", header, work)).await;
            assert_eq!(lines[0]["span"]["request_id"], "req-1");
            let found = lines[0]["span"].get("trace_id");
            assert_eq!(found.and_then(Value::as_str), expected);
        }
    }
}

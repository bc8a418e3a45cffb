//! Where the list is in an answer, and whether an answer without one says that nothing was
//! claimed.

use serde_json::{Map, Value};

/// The elements of `Entitlements`. `None` if the answer is not a listing.
///
/// A list that is missing or `null` is an empty one, but only in an answer that is a listing
/// otherwise. A failure that comes with status 200 must never be taken for "nothing is claimed":
/// reports that wait would then count as made.
pub(super) fn elements(answer: &Value) -> Option<&[Value]> {
    let answer = answer.as_object()?;
    let is_listing = match answer.get("Entitlements") {
        Some(Value::Array(elements)) => return Some(elements),
        Some(Value::Null) => true,
        Some(_) => false,
        // A list or an object beside the missing list may be the list under another name, or a
        // failure. Plain values, such as a request id, change nothing.
        None => !answer
            .values()
            .any(|value| value.is_array() || value.is_object()),
    };
    (is_listing && !names_failure(answer)).then_some(&[])
}

/// Whether a field that holds something says that the call failed, by one of the names in which
/// web APIs, AWS's among them, say so.
fn names_failure(answer: &Map<String, Value>) -> bool {
    answer.iter().any(|(name, value)| {
        let name: String = name
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|c| c.to_ascii_lowercase())
            .collect();
        let failure = ["error", "exception", "fail"]
            .iter()
            .any(|word| name.contains(word))
            || matches!(
                name.as_str(),
                "code" | "fault" | "message" | "status" | "statuscode" | "success" | "type"
            );
        failure && !value.is_null()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(answer: &str) -> Option<usize> {
        let answer: Value = serde_json::from_str(answer).expect("JSON");
        elements(&answer).map(<[Value]>::len)
    }

    #[test]
    fn a_list_is_taken_whatever_is_beside_it() {
        for (answer, found) in [
            (r#"{"Entitlements":[]}"#, 0),
            (r#"{"Entitlements":[1,{}],"More":{"a":1}}"#, 2),
            (r#"{"Entitlements":[1],"message":"a hint"}"#, 1),
        ] {
            assert_eq!(read(answer), Some(found), "{answer}");
        }
    }

    #[test]
    fn a_missing_list_is_empty_where_the_answer_is_a_listing_otherwise() {
        for answer in [
            "{}",
            r#"{"Entitlements":null}"#,
            r#"{"Entitlements":null,"RequestId":"4f0c","Metadata":{"page":1},"Pages":[1]}"#,
            r#"{"RequestId":"4f0c","Count":0,"NextToken":null,"More":false}"#,
            r#"{"Entitlements":null,"Error":null}"#,
            r#"{"error":null,"__type":null}"#,
        ] {
            assert_eq!(read(answer), Some(0), "{answer}");
        }
    }

    #[test]
    fn what_is_no_listing_is_not_an_empty_one() {
        for answer in [
            "null",
            "true",
            "7",
            r#""Entitlements""#,
            "[]",
            r#"[{"EntitlementId":"e-1"}]"#,
            r#"{"Entitlements":{}}"#,
            r#"{"Entitlements":""}"#,
            r#"{"Entitlements":false}"#,
            r#"{"entitlements":[]}"#,
            r#"{"entitlements":[{"EntitlementId":"e-1"}]}"#,
            r#"{"Output":{"__type":"ThrottlingException"},"Version":"1.0"}"#,
            r#"{"message":"Internal server error"}"#,
            r#"{"Message":null,"message":"Forbidden"}"#,
            r#"{"__type":"com.amazon.coral#InternalFailure"}"#,
            r#"{"error":"invalid_token","error_description":"expired"}"#,
            r#"{"error_code":7}"#,
            r#"{"errorMessage":"timed out","errorType":"Sandbox.Timedout"}"#,
            r#"{"Exception":"NullPointer"}"#,
            r#"{"failureReason":"maintenance"}"#,
            r#"{"status":503}"#,
            r#"{"statusCode":503}"#,
            r#"{"code":"UNAVAILABLE"}"#,
            r#"{"success":false}"#,
            r#"{"Entitlements":null,"Error":{"Code":"InternalError"}}"#,
            r#"{"Entitlements":null,"message":"try again"}"#,
        ] {
            assert_eq!(read(answer), None, "{answer}");
        }
    }
}

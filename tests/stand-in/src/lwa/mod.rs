//! Login with Amazon.

pub(crate) mod authorize;
pub(crate) mod device;
pub(crate) mod identity;
pub(crate) mod token;

use crate::exchange::{Ask, Reply};
use crate::faults::Endpoint;
use crate::input::{Input, Params};
use crate::model::{Access, SCOPE_PRIME, SCOPE_PROFILE};
use crate::state::Data;

/// Both scopes at once: asking for only one of the two breaks the contract.
fn scopes(data: &mut Data, endpoint: Endpoint, scope: &str) -> Vec<String> {
    let scopes: Vec<String> = scope.split_whitespace().map(str::to_owned).collect();
    for wanted in [SCOPE_PRIME, SCOPE_PROFILE] {
        if !scopes.iter().any(|scope| scope == wanted) {
            data.violation(endpoint, &format!("scope without {wanted}"));
        }
    }
    scopes
}

/// The form of a `POST` as Login with Amazon takes it; anything else is recorded and refused.
fn form(data: &mut Data, endpoint: Endpoint, ask: &Ask<'_>) -> Result<Params, Reply> {
    let input = ask.input;
    let refuse = |data: &mut Data, what: &str| {
        data.violation(endpoint, what);
        Err(Reply::error("invalid_request", what))
    };
    if input.method != "POST" {
        return refuse(data, &format!("method {} instead of POST", input.method));
    }
    if !input.is_form() {
        return refuse(
            data,
            "the content type is not application/x-www-form-urlencoded",
        );
    }
    if !input.query.is_empty() {
        return refuse(data, "parameters in the query, where they get logged");
    }
    if input.headers.contains_key("authorization") {
        return refuse(
            data,
            "client credentials belong in the form, not in Authorization",
        );
    }
    let form = Params::parse(&input.body);
    if let Some(name) = form.doubled() {
        let what = format!("parameter {name} comes twice");
        return refuse(data, &what);
    }
    Ok(form)
}

/// A parameter that must be there; a missing one is recorded and refused.
fn required<'a>(
    data: &mut Data,
    endpoint: Endpoint,
    form: &'a Params,
    name: &str,
) -> Result<&'a str, Reply> {
    form.get(name).ok_or_else(|| {
        let what = format!("parameter {name} is missing");
        data.violation(endpoint, &what);
        Reply::error("invalid_request", &what)
    })
}

/// The live access token of a request.
pub(crate) fn live<'a>(data: &'a Data, token: &str) -> Option<&'a Access> {
    let access = data.access.get(token)?;
    (data.now_ms() < access.expires_ms).then_some(access)
}

/// Records a request that is not a plain `GET`.
pub(crate) fn must_get(data: &mut Data, endpoint: Endpoint, input: &Input) -> Result<(), String> {
    if input.method == "GET" && input.body.is_empty() {
        return Ok(());
    }
    let what = format!(
        "{} with {} bytes instead of GET",
        input.method,
        input.body.len()
    );
    data.violation(endpoint, &what);
    Err(what)
}

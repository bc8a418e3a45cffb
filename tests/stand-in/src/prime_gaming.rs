//! Prime Gaming: `GET /api/entitlements` and `POST /api/fulfill`.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::exchange::{Ask, Reply};
use crate::faults::{Endpoint, Fault};
use crate::lwa::{live, must_get};
use crate::model::{Entitlement, Fulfillment, SCOPE_PRIME, SCOPE_PROFILE};
use crate::secrets;
use crate::state::Data;

fn refuse(status: StatusCode, message: &str) -> Reply {
    Reply::json(status, &json!({ "message": message }))
}

/// A new entitlement of this account, ready to be delivered. Returns its id.
pub(crate) fn claim(data: &mut Data, account: &str, sku: &str) -> String {
    let id = secrets::uuid();
    let element = json!({
        "EntitlementId": id,
        "VendorProductId": sku,
        "NextInstruction": "FULFILL",
        // The contract warns of undocumented fields.
        "ItemMetadata": { "Category": "IN_GAME_CONTENT", "Revision": 3 },
    });
    data.account(account).entitlements.push(Entitlement {
        element,
        fulfilled: false,
    });
    id
}

/// The short name of the account whose live token the request carries in the right header.
fn authorize(data: &mut Data, endpoint: Endpoint, ask: &Ask<'_>) -> Result<String, Reply> {
    let input = ask.input;
    if input.headers.contains_key("authorization") {
        data.violation(
            endpoint,
            "the token is in Authorization, not in x-amz-access-token",
        );
    }
    if !input.query.is_empty() {
        data.violation(endpoint, "parameters in the query");
    }
    let Some(token) = input.header("x-amz-access-token") else {
        data.violation(endpoint, "no access token in x-amz-access-token");
        return Err(refuse(StatusCode::BAD_REQUEST, "No access token"));
    };
    let Some(access) = live(data, token) else {
        let message = "The access token is invalid or has expired";
        return Err(refuse(StatusCode::BAD_REQUEST, message));
    };
    let granted = |wanted: &str| access.scopes.iter().any(|scope| scope == wanted);
    if !(granted(SCOPE_PRIME) && granted(SCOPE_PROFILE)) {
        let message = "Not all permissions are authorized";
        return Err(refuse(StatusCode::FORBIDDEN, message));
    }
    Ok(access.account.clone())
}

/// What the account has claimed and Prime Gaming has not been told of.
pub(crate) fn list(data: &mut Data, ask: &Ask<'_>) -> Reply {
    const ENDPOINT: Endpoint = Endpoint::Entitlements;
    if let Err(what) = must_get(data, ENDPOINT, ask.input) {
        return refuse(StatusCode::METHOD_NOT_ALLOWED, &what);
    }
    let name = match authorize(data, ENDPOINT, ask) {
        Ok(name) => name,
        Err(refusal) => return refusal,
    };
    let noop = data.behaviour.noop_after_fulfillment;
    let entitlements: Vec<Value> = data
        .account(&name)
        .entitlements
        .iter()
        .filter(|entitlement| noop || !entitlement.fulfilled)
        .map(|entitlement| {
            let mut element = entitlement.element.clone();
            if entitlement.fulfilled {
                element["NextInstruction"] = "NOOP".into();
            }
            element
        })
        .collect();
    let body = json!({ "Entitlements": entitlements, "RequestId": secrets::uuid() });
    Reply::json(StatusCode::OK, &body)
}

struct Update {
    entitlement_id: String,
    address: String,
}

/// The report that entitlements were delivered.
pub(crate) fn fulfill(data: &mut Data, ask: &Ask<'_>) -> Reply {
    const ENDPOINT: Endpoint = Endpoint::Fulfill;
    let input = ask.input;
    if input.method != "POST" {
        let what = format!("method {} instead of POST", input.method);
        data.violation(ENDPOINT, &what);
        return refuse(StatusCode::METHOD_NOT_ALLOWED, &what);
    }
    let updates = if input.is("application/json") {
        updates(&input.body)
    } else {
        Err("the content type is not application/json".to_owned())
    };
    let updates = match updates {
        Ok(updates) => updates,
        Err(what) => {
            data.violation(ENDPOINT, &what);
            return refuse(StatusCode::BAD_REQUEST, &what);
        }
    };
    let name = match authorize(data, ENDPOINT, ask) {
        Ok(name) => name,
        Err(refusal) => return refusal,
    };
    let items_fail = matches!(ask.fault, Some(Fault::ItemResult(_) | Fault::MissingItem));
    let mut results = Vec::new();
    for update in updates {
        let mut result = "ERROR";
        if !items_fail || ask.answer_lost {
            result = apply(data, &name, &update);
        }
        match ask.fault {
            Some(Fault::MissingItem) => continue,
            Some(Fault::ItemResult(word)) => result = word,
            _ => {}
        }
        results.push(json!({ "EntitlementId": update.entitlement_id, "Result": result }));
    }
    let body = json!({ "FulfillmentStatusUpdates": results });
    Reply::json(StatusCode::OK, &body)
}

/// Reads a report, strictly: exactly the fields of the contract.
fn updates(body: &[u8]) -> Result<Vec<Update>, String> {
    let body: Value = serde_json::from_slice(body).map_err(|_| "the body is not JSON")?;
    fields(&body, &["FulfillmentStatusUpdates"])?;
    let elements = body["FulfillmentStatusUpdates"]
        .as_array()
        .filter(|elements| !elements.is_empty())
        .ok_or("FulfillmentStatusUpdates is not a list of at least one element")?;
    let mut updates: Vec<Update> = Vec::new();
    for element in elements {
        fields(
            element,
            &["EntitlementId", "LastInstruction", "FulfillmentAddress"],
        )?;
        let text = |name: &str| match element[name].as_str() {
            Some(text) if !text.is_empty() => Ok(text.to_owned()),
            _ => Err(format!("{name} is not a text of at least one character")),
        };
        if text("LastInstruction")? != "FULFILL" {
            return Err("LastInstruction is not FULFILL".to_owned());
        }
        let update = Update {
            entitlement_id: text("EntitlementId")?,
            address: text("FulfillmentAddress")?,
        };
        if updates
            .iter()
            .any(|earlier| earlier.entitlement_id == update.entitlement_id)
        {
            return Err(format!("{} comes twice", update.entitlement_id));
        }
        updates.push(update);
    }
    Ok(updates)
}

/// Whether `value` is an object with no fields but these.
fn fields(value: &Value, known: &[&str]) -> Result<(), String> {
    let object = value.as_object().ok_or("not a JSON object")?;
    match object.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(format!("unexpected field {key}")),
        None => Ok(()),
    }
}

/// Takes one delivered entitlement in; `SUCCESS` or `ERROR`.
fn apply(data: &mut Data, name: &str, update: &Update) -> &'static str {
    const ENDPOINT: Endpoint = Endpoint::Fulfill;
    let id = &update.entitlement_id;
    let is_it = |entitlement: &&mut Entitlement| entitlement.text("EntitlementId") == Some(id);
    let account = data.account(name);
    let account_id = account.id.clone();
    let Some(entitlement) = account.entitlements.iter_mut().find(is_it) else {
        let elsewhere = data
            .accounts
            .values_mut()
            .any(|account| account.entitlements.iter_mut().any(|one| is_it(&one)));
        if elsewhere {
            let what = format!("{id} reported with the token of another account");
            data.violation(ENDPOINT, &what);
        }
        return "ERROR";
    };
    match entitlement.text("NextInstruction") {
        Some("FULFILL") => entitlement.fulfilled = true,
        other => {
            let what = format!("{id} reported although its instruction is {other:?}");
            data.violation(ENDPOINT, &what);
            return "ERROR";
        }
    }
    let known = data
        .fulfillments
        .iter_mut()
        .find(|known| known.entitlement_id == *id && known.account_id == account_id);
    match known {
        Some(known) => {
            known.times += 1;
            known.address.clone_from(&update.address);
        }
        None => data.fulfillments.push(Fulfillment {
            entitlement_id: id.clone(),
            account_id,
            address: update.address.clone(),
            times: 1,
        }),
    }
    "SUCCESS"
}

//! What has more than one home says the same everywhere: template.yaml, openapi.yaml, the
//! settings, the codes.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use local::build::workspace;
use local::template::{Template, Variable, project_template};
use prime_gaming::api::ErrorCode;
use prime_gaming::domain::LinkFailure;
use prime_gaming::testing::config::{Config, DeliveryConfig, REQUIRED, SecretsSource};
use serde_yaml_ng::Value;

/// The codes of the API, each with its status.
const CODES: [(&str, u16); 12] = [
    ("invalid_request", 400),
    ("invalid_cursor", 400),
    ("invalid_return_to", 400),
    ("invalid_ticket", 400),
    ("invalid_token", 401),
    ("forbidden", 403),
    ("not_found", 404),
    ("payload_too_large", 413),
    ("too_many_attempts", 429),
    ("internal", 500),
    ("amazon_unavailable", 503),
    ("unavailable", 503),
];

/// The codes of linking, each with the status of its page.
const LINK_CODES: [(&str, u16); 11] = [
    ("invalid_ticket", 400),
    ("invalid_state", 400),
    ("attempt_expired", 400),
    ("wrong_browser", 403),
    ("access_denied", 403),
    ("permission_missing", 403),
    ("identity_mismatch", 403),
    ("amazon_account_taken", 409),
    ("player_already_linked", 409),
    ("amazon_unavailable", 503),
    ("internal", 500),
];

/// The settings of the service; the last two are the SDK's own.
const SETTINGS: [&str; 42] = [
    "ALARM_TOPIC_ARN",
    "API_URL",
    "STACK_NAME",
    "LINKS_TABLE",
    "FULFILLMENTS_TABLE",
    "OFFERS_TABLE",
    "ERASURES_TABLE",
    "PUBLIC_BASE_URL",
    "LWA_CLIENT_ID",
    "LWA_DEVICE_CLIENT_ID",
    "DEVICE_LINKING",
    "DEVICE_LINK_QR",
    "LWA_AUTHORIZE_URL",
    "LWA_TOKEN_URL",
    "LWA_TOKENINFO_URL",
    "LWA_PROFILE_URL",
    "LWA_CODEPAIR_URL",
    "LWA_SCOPE",
    "PRIME_GAMING_ENTITLEMENTS_URL",
    "PRIME_GAMING_FULFILL_URL",
    "PRIME_GAMING_FULFILLMENT_ADDRESS",
    "PLAYER_JWT_ISSUER",
    "PLAYER_JWT_AUDIENCE",
    "PLAYER_JWKS_URL",
    "PLAYER_ID_CLAIM",
    "PLAYER_NAME_CLAIM",
    "PLAYER_LOGIN_URL",
    "LINK_RETURN_ORIGINS",
    "LINK_DONE_URL",
    "STUDIO_NAME",
    "STUDIO_COLOR",
    "SUPPORT_URL",
    "PROGRAM_NAME",
    "CHECK_MIN_INTERVAL_SECONDS",
    "DELIVERY",
    "DELIVERY_WEBHOOK_URL",
    "DELIVERY_WEBHOOK_PRIVATE",
    "INTAKE",
    "SECRETS_ARN",
    "SECRETS_FILE",
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_ENDPOINT_URL_SECRETS_MANAGER",
];

fn template() -> Template {
    Template::read(&project_template()).expect("the template")
}

fn openapi() -> Value {
    let text = std::fs::read_to_string(workspace().join("openapi.yaml"));
    serde_yaml_ng::from_str(&text.expect("the file")).expect("YAML")
}

/// `POST /v1/link/sessions` and so on, of every operation.
fn operations(openapi: &Value) -> BTreeMap<String, Value> {
    const METHODS: [&str; 7] = ["get", "put", "post", "delete", "options", "head", "patch"];
    let mut operations = BTreeMap::new();
    for (path, item) in openapi["paths"].as_mapping().expect("paths") {
        let path = path.as_str().expect("text");
        for (method, operation) in item.as_mapping().expect("operations") {
            let method = method.as_str().expect("text");
            if METHODS.contains(&method) {
                let name = format!("{} {path}", method.to_uppercase());
                operations.insert(name, operation.clone());
            }
        }
    }
    operations
}

/// What `$ref` leads to, else the value itself.
fn resolved<'a>(openapi: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        None => value,
        Some(reference) => reference
            .trim_start_matches("#/")
            .split('/')
            .fold(openapi, |value, part| &value[part]),
    }
}

#[test]
fn the_routes_of_openapi_and_template_are_the_same() {
    let documented: BTreeSet<String> = operations(&openapi()).into_keys().collect();
    let deployed: BTreeSet<String> = template()
        .functions
        .iter()
        .flat_map(|function| &function.routes)
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    assert_eq!(documented, deployed);
}

#[test]
fn no_route_is_served_twice() {
    let template = template();
    let mut seen = BTreeSet::new();
    for function in &template.functions {
        for route in &function.routes {
            let route = format!("{} {}", route.method, route.path);
            assert!(seen.insert(route.clone()), "{route}");
        }
    }
}

#[test]
fn every_code_has_its_status() {
    let codes: BTreeSet<_> = ErrorCode::ALL
        .iter()
        .map(|code| (code.as_str(), code.status().as_u16()))
        .collect();
    assert_eq!(codes, CODES.into_iter().chain(LINK_CODES).collect());
    for (code, _) in LINK_CODES {
        assert!(LinkFailure::parse(code).is_some(), "{code} is unknown");
    }
}

#[test]
fn openapi_names_every_code() {
    let openapi = openapi();
    let listed = &openapi["components"]["schemas"]["Problem"]["properties"]["code"]["enum"];
    let listed: BTreeSet<_> = listed
        .as_sequence()
        .expect("a list of codes")
        .iter()
        .map(|code| code.as_str().expect("text"))
        .collect();
    assert_eq!(
        listed,
        CODES.iter().map(|(code, _)| *code).collect::<BTreeSet<_>>()
    );
    let text = std::fs::read_to_string(workspace().join("openapi.yaml")).expect("the file");
    for (code, _) in LINK_CODES {
        assert!(text.contains(code), "{code} is not in openapi.yaml");
    }
}

/// What a schema with `enum` allows.
fn words(schema: &Value) -> impl Iterator<Item = &Value> {
    schema["enum"].as_sequence().into_iter().flatten()
}

#[test]
fn openapi_gives_every_problem_a_status_that_its_codes_have() {
    let openapi = openapi();
    let mut seen = BTreeSet::new();
    for (name, operation) in operations(&openapi) {
        for (status, response) in operation["responses"].as_mapping().expect("responses") {
            let response = resolved(&openapi, response);
            let problem = &response["content"]["application/problem+json"];
            let schema = resolved(&openapi, &problem["schema"]);
            let Some(parts) = schema["allOf"].as_sequence() else {
                assert!(
                    problem.is_null(),
                    "{name} {status:?} has a problem of any status"
                );
                continue;
            };
            let status: u16 = match status {
                Value::Number(number) => number.as_u64().and_then(|it| it.try_into().ok()),
                other => other.as_str().and_then(|text| text.parse().ok()),
            }
            .expect("a status");
            let narrowed = &parts[1]["properties"];
            let statuses: Vec<u16> = words(&narrowed["status"])
                .filter_map(|status| status.as_u64()?.try_into().ok())
                .collect();
            assert_eq!(statuses, [status], "{name}");
            let codes: Vec<&str> = words(&narrowed["code"]).filter_map(Value::as_str).collect();
            assert!(!codes.is_empty(), "{name} {status}");
            for code in codes {
                let right = CODES.iter().find(|(known, _)| *known == code);
                assert_eq!(
                    right.map(|(_, status)| *status),
                    Some(status),
                    "{name} {code}"
                );
                seen.insert(code.to_owned());
            }
        }
    }
    assert!(seen.len() >= 8, "{seen:?}");
}

#[test]
fn every_v1_operation_documents_the_errors_that_it_always_has() {
    let openapi = openapi();
    for (name, operation) in operations(&openapi) {
        if !name.contains(" /v1/") {
            continue;
        }
        let responses = operation["responses"].as_mapping().expect("responses");
        let statuses: BTreeSet<String> = responses
            .keys()
            .map(|status| match status {
                Value::Number(number) => number.to_string(),
                other => other.as_str().unwrap_or_default().to_owned(),
            })
            .collect();
        for status in ["401", "403", "429", "503"] {
            assert!(statuses.contains(status), "{name} lacks {status}");
        }
    }
}

#[test]
fn every_answer_of_a_function_is_documented_with_its_request_id() {
    let openapi = openapi();
    let mut seen = 0;
    for (name, operation) in operations(&openapi) {
        for (status, response) in operation["responses"].as_mapping().expect("responses") {
            let response = resolved(&openapi, response);
            // What the gateway alone answers is plain JSON with a message.
            let only_message = response["content"].as_mapping().is_some_and(|content| {
                let schema = &content.iter().next().expect("a media type").1["schema"];
                content.len() == 1 && schema["$ref"] == "#/components/schemas/GatewayMessage"
            });
            if !only_message {
                let header = &response["headers"]["X-Request-Id"];
                let header = resolved(&openapi, header);
                assert!(header["schema"].is_mapping(), "{name} {status:?}");
                seen += 1;
            }
        }
    }
    assert!(seen > 50, "{seen}");
}

/// A value as a deployment would give it.
fn deployed_value(name: &str, variable: &Variable) -> String {
    match variable {
        Variable::Text(text) => text.clone(),
        Variable::Table(table) => format!("stack-{table}"),
        Variable::Deployed => match name {
            "SECRETS_ARN" => "arn:aws:secretsmanager:us-east-1:123456789012:secret:s-1".to_owned(),
            "API_URL" => "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com".to_owned(),
            "LWA_CLIENT_ID" => "amzn1.application-oa2-client.0123abcd".to_owned(),
            _ => "given-by-who-deploys".to_owned(),
        },
    }
}

#[test]
fn the_template_declares_every_setting_and_no_other() {
    for function in template().functions {
        let declared: BTreeSet<_> = function.environment.keys().map(String::as_str).collect();
        assert_eq!(declared, SETTINGS.into(), "{}", function.binary);
    }
}

#[test]
fn every_setting_is_read_by_the_configuration() {
    let asked = RefCell::new(BTreeSet::new());
    let template = template();
    let environment = &template.functions[0].environment;
    let lookup = |name: &str| {
        asked.borrow_mut().insert(name.to_owned());
        match name {
            "DELIVERY" => Some("webhook".to_owned()),
            "DELIVERY_WEBHOOK_URL" => Some("https://studio.example/deliver".to_owned()),
            _ => environment
                .get(name)
                .map(|variable| deployed_value(name, variable)),
        }
    };
    let config = Config::from_vars(lookup).expect("a deployment that delivers by webhook");
    assert!(matches!(config.delivery, DeliveryConfig::Webhook { .. }));
    let mut asked = asked.into_inner();
    // The SDK reads these by itself.
    asked.insert("AWS_ENDPOINT_URL_DYNAMODB".to_owned());
    asked.insert("AWS_ENDPOINT_URL_SECRETS_MANAGER".to_owned());
    // Logs start before the settings are read.
    asked.insert("STACK_NAME".to_owned());
    let settings: BTreeSet<_> = SETTINGS.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(asked, settings);
}

#[test]
fn every_function_starts_with_what_the_template_gives_it() {
    for function in template().functions {
        let lookup = |name: &str| {
            function
                .environment
                .get(name)
                .map(|variable| deployed_value(name, variable))
        };
        let config = Config::from_vars(lookup).expect("a good deployment");
        assert_eq!(config.tables.links, "stack-LinksTable");
        assert_eq!(config.tables.fulfillments, "stack-FulfillmentsTable");
        assert_eq!(config.tables.offers, "stack-OffersTable");
        assert_eq!(config.tables.erasures, "stack-ErasuresTable");
        assert!(matches!(config.secrets, SecretsSource::Arn(_)));
        assert_eq!(config.delivery, DeliveryConfig::Confirm);
        assert!(!config.is_local() && !config.linking.devices);
    }
}

#[test]
fn a_setting_that_the_template_leaves_to_its_parameters_is_missed_by_name() {
    let template = template();
    let environment = &template.functions[0].environment;
    // The template makes the secret.
    let required = REQUIRED.iter().map(|(name, _)| *name);
    for missing in required.filter(|name| *name != "SECRETS_ARN") {
        let lookup = |name: &str| {
            let variable = environment.get(name).filter(|_| name != missing);
            variable.map(|variable| deployed_value(name, variable))
        };
        let error = Config::from_vars(lookup).expect_err("something is missing");
        assert_eq!(error.variables(), BTreeSet::from([missing]));
    }
}

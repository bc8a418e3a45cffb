//! What template.yaml says about a deployment as a whole, and a running system can't show.

use std::collections::BTreeSet;

use it::permissions::allowed;
use local::build::workspace;
use serde_yaml_ng::Value;

fn template() -> Value {
    let text = std::fs::read_to_string(workspace().join("template.yaml"));
    serde_yaml_ng::from_str(&text.expect("the file")).expect("YAML")
}

/// What is under an intrinsic function's tag, else the value itself.
fn untagged(value: &Value) -> &Value {
    match value {
        Value::Tagged(tagged) => &tagged.value,
        other => other,
    }
}

fn resources(template: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let resources = template["Resources"].as_mapping().expect("resources");
    resources
        .iter()
        .map(|(name, resource)| (name.as_str().expect("a name"), resource))
}

fn default_of(template: &Value, parameter: &str) -> u64 {
    let default = &template["Parameters"][parameter]["Default"];
    default
        .as_u64()
        .unwrap_or_else(|| panic!("{parameter}: {default:?}"))
}

#[test]
fn what_holds_data_outlives_the_stack_and_not_a_failed_first_deployment() {
    let template = template();
    let mut kept = Vec::new();
    for (name, resource) in resources(&template) {
        let policy = |which: &str| resource[which].as_str().unwrap_or_default().to_owned();
        let policies = (policy("DeletionPolicy"), policy("UpdateReplacePolicy"));
        match resource["Type"].as_str().expect("a type") {
            "AWS::DynamoDB::Table" | "AWS::SecretsManager::Secret" => {
                let wanted = ("RetainExceptOnCreate".to_owned(), "Retain".to_owned());
                assert_eq!(policies, wanted, "{name}");
                kept.push(name);
            }
            _ => assert_ne!(policies.0, "Retain", "{name}"),
        }
    }
    assert_eq!(kept.len(), 5, "{kept:?}");
}

/// What the functions do with the database, `permissions.rs` holds against what they use; who reads the
/// secret, the tests of the local system.
#[test]
fn beside_the_database_a_role_allows_the_secret_lines_traces_and_the_rollouts_result() {
    let rest: BTreeSet<_> = allowed()
        .iter()
        .filter(|permission| !permission.action.starts_with("dynamodb:"))
        .map(|permission| format!("{} {}", permission.action, permission.resource))
        .collect();
    let wanted = [
        "codedeploy:PutLifecycleEventHookExecutionStatus \
         ServerlessDeploymentApplication/LinkFunctionDeploymentGroup",
        "logs:CreateLogStream LogGroup",
        "logs:PutLogEvents LogGroup",
        "secretsmanager:GetSecretValue Secret",
        "xray:PutTelemetryRecords *",
        "xray:PutTraceSegments *",
    ];
    assert_eq!(rest.iter().collect::<Vec<_>>(), wanted);
}

#[test]
fn all_functions_write_to_one_log_group() {
    let template = template();
    let logging = &template["Globals"]["Function"]["LoggingConfig"];
    assert_eq!(untagged(&logging["LogGroup"]), "LogGroup");
    assert_eq!(logging["LogFormat"], "JSON");
    let mut functions = 0;
    for (name, resource) in resources(&template) {
        if resource["Type"] == "AWS::Serverless::Function" {
            functions += 1;
            assert!(
                resource["Properties"].get("LoggingConfig").is_none(),
                "{name}"
            );
        }
    }
    assert_eq!(functions, 6);
    let group = &template["Resources"]["LogGroup"]["Properties"]["LogGroupName"];
    assert_eq!(untagged(group), "/aws/lambda/${AWS::StackName}");
}

#[test]
fn the_apis_own_address_is_closed_where_a_custom_domain_leads_to_it_and_only_there() {
    let template = template();
    let api = &template["Resources"]["HttpApi"]["Properties"];
    let closed = untagged(&api["DisableExecuteApiEndpoint"]);
    let closed: Vec<_> = closed.as_sequence().expect("!If").iter().collect();
    assert_eq!(
        closed,
        [
            &Value::from("HasPublicBaseUrl"),
            &true.into(),
            &false.into()
        ]
    );
    // SAM writes a server without a URL for it, and API Gateway warns about that.
    assert_ne!(api["FailOnWarnings"], Value::Bool(true));
}

#[test]
fn the_callback_is_throttled_far_above_the_routes_that_start_a_link() {
    let template = template();
    let routes = &template["Resources"]["HttpApi"]["Properties"]["RouteSettings"];
    let limits = |route: &str| {
        ["ThrottlingRateLimit", "ThrottlingBurstLimit"].map(|limit| {
            let parameter = untagged(&routes[route][limit]).as_str();
            default_of(&template, parameter.expect("a parameter"))
        })
    };
    let callback = limits("GET /link/callback");
    let mut starts = 0;
    for (route, _) in routes.as_mapping().expect("routes") {
        let route = route.as_str().expect("a route");
        if route != "GET /link/callback" {
            starts += 1;
            for (limit, callback) in limits(route).into_iter().zip(callback) {
                assert!(limit * 10 <= callback, "{route}: {limit}, {callback}");
            }
        }
    }
    assert!(starts >= 8, "{starts}");
    // A route's limit is a part of what all routes share.
    assert!(callback[0] <= default_of(&template, "ApiRateLimit"));
}

#[test]
fn the_access_log_tells_who_called_and_holds_no_secret_of_an_address() {
    let template = template();
    let log = &template["Resources"]["HttpApi"]["Properties"]["AccessLogSettings"];
    let format = untagged(&log["Format"]).as_str().expect("a format");
    let fields: serde_json::Value = serde_json::from_str(format).expect("JSON");
    let fields = fields.as_object().expect("an object");
    assert_eq!(fields["sourceIp"], "$context.identity.sourceIp");
    assert_eq!(fields["userAgent"], "$context.identity.userAgent");
    // Paths hold the ids of device sessions, queries hold tickets, codes and states.
    for variable in fields.values().map(|it| it.as_str().expect("text")) {
        let secret = [
            "path",
            "query",
            "resource",
            "authorizer",
            "header",
            "overrides",
        ]
        .iter()
        .find(|word| variable.to_ascii_lowercase().contains(*word));
        assert_eq!(secret, None, "{variable}");
    }
    // What a caller chooses can't stand before what we say of the call.
    assert!(format.ends_with(r#""userAgent":"$context.identity.userAgent"}"#));
}

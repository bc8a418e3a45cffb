//! How a new version is rolled out: what AWS's macro makes of `template.yaml`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;

use local::build::workspace;
use local::tools;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// The function that makes the checks before a roll-out. CodeDeploy invokes it without its alias.
const CHECKS: &str = "RolloutCheckFunction";

/// The logical ids of the functions that roll out.
const FUNCTIONS: [&str; 5] = [
    "LinkFunction",
    "EntitlementsFunction",
    "FulfillmentsFunction",
    "ReconcileFunction",
    "AdminFunction",
];

/// The members of the composite alarm `CampaignHealth`.
const HEALTH: [&str; 6] = [
    "LinkingCritical",
    "CheckingCritical",
    "DeliveringCritical",
    "ReportingCritical",
    "ServerErrors",
    "FunctionErrors",
];

/// The template as CloudFormation gets it, for each of these sets of parameters; `None` where there
/// is no SAM CLI.
async fn transformed(parameters: &[Value]) -> Option<Vec<Value>> {
    let python = tools::find("sam").map(|sam| sam.with_file_name("python3"));
    let Some(python) = python.filter(|python| python.is_file()) else {
        tools::skip(
            "there is no SAM CLI; `pip install --no-deps -r .ci/requirements.txt` brings it",
        );
        return None;
    };
    let mut process = Command::new(python)
        .args(["tests/local/tests/sam/transform.py", "template.yaml"])
        .current_dir(workspace())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("it starts");
    let mut input = process.stdin.take().expect("it is piped");
    let sets = json!(parameters).to_string();
    input.write_all(sets.as_bytes()).await.expect("it reads");
    drop(input);
    let output = process.wait_with_output().await.expect("it runs");
    assert!(output.status.success(), "the macro refuses the template");
    Some(serde_json::from_slice(&output.stdout).expect("JSON"))
}

/// Every text and name of a key in `value`.
fn texts<'v>(value: &'v Value, into: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => into.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, into)),
        Value::Object(members) => {
            for (key, member) in members {
                into.push(key);
                texts(member, into);
            }
        }
        _ => {}
    }
}

/// What `value` refers to, by `Ref`, `Fn::GetAtt`, `Fn::Sub` or `DependsOn`.
fn references(value: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    match value {
        Value::Array(items) => found.extend(items.iter().flat_map(references)),
        Value::Object(members) => {
            for (key, member) in members {
                match (key.as_str(), member) {
                    ("Ref" | "DependsOn", Value::String(name)) => drop(found.insert(name.clone())),
                    ("Fn::GetAtt" | "DependsOn" | "Fn::Sub", Value::Array(parts)) => {
                        let parts = parts.iter().filter_map(Value::as_str);
                        found.extend(parts.clone().map(ToOwned::to_owned));
                        found.extend(parts.flat_map(names_in));
                    }
                    ("Fn::Sub", Value::String(text)) => found.extend(names_in(text)),
                    _ => {}
                }
                found.extend(references(member));
            }
        }
        _ => {}
    }
    found
}

/// The names in a text of `Fn::Sub`: of `${Name}` and of `${Name.Attribute}`.
fn names_in(text: &str) -> Vec<String> {
    let parts = text.split("${").skip(1);
    let names = parts.filter_map(|part| part.split(['}', '.']).next());
    names.map(ToOwned::to_owned).collect()
}

/// The logical ids of the versions of the functions that roll out.
fn versions(template: &Value) -> BTreeSet<String> {
    let resources = template["Resources"].as_object().expect("resources");
    let versions = resources
        .iter()
        .filter(|(id, _)| !id.starts_with(CHECKS))
        .filter(|(_, resource)| resource["Type"] == "AWS::Lambda::Version");
    versions.map(|(id, _)| id.clone()).collect()
}

#[tokio::test]
async fn whatever_invokes_a_function_uses_its_alias() {
    let Some(templates) = transformed(&[json!({})]).await else {
        return;
    };
    let resources = templates[0]["Resources"].as_object().expect("resources");
    for function in FUNCTIONS {
        let alias = &resources[&format!("{function}Aliaslive")];
        assert_eq!(alias["Properties"]["Name"], "live");
        let update = &alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"];
        let group = json!({"Ref": format!("{function}DeploymentGroup")});
        assert_eq!(update["DeploymentGroupName"], group);
    }
    let mut integrations = 0;
    for (id, resource) in resources {
        let kind = resource["Type"].as_str().unwrap_or_default();
        let mut invoked = Vec::new();
        match kind {
            "AWS::ApiGatewayV2::Api" => {
                texts(&resource["Properties"]["Body"], &mut invoked);
                invoked.retain(|text| text.ends_with("/invocations"));
                integrations = invoked.len();
            }
            "AWS::Lambda::Permission" => {
                texts(&resource["Properties"]["FunctionName"], &mut invoked);
                invoked.retain(|text| *text != "Ref");
            }
            "AWS::Events::Rule" => {
                texts(&resource["Properties"]["Targets"][0]["Arn"], &mut invoked);
                invoked.retain(|text| *text != "Ref");
            }
            _ => continue,
        }
        assert!(!invoked.is_empty(), "{id}");
        for name in invoked {
            assert!(name.contains("FunctionAliaslive"), "{id}: {name}");
        }
    }
    assert_eq!(integrations, 15);
    for (output, function) in [
        ("AdminFunctionName", "AdminFunction"),
        ("ReconcileFunctionName", "ReconcileFunction"),
    ] {
        let value = &templates[0]["Outputs"][output]["Value"];
        assert_eq!(*value, json!({"Fn::Sub": format!("${{{function}}}:live")}));
    }
}

/// The name of the alarm with this logical id.
fn name_of(id: &str) -> Value {
    json!({"Fn::Sub": format!("${{AWS::StackName}}-{id}")})
}

#[tokio::test]
async fn a_canary_is_taken_back_by_the_members_of_campaign_health() {
    let rollouts = ["AllAtOnce", "Canary10Percent5Minutes"];
    let sets = rollouts.map(|rollout| json!({"Rollout": rollout}));
    let Some(templates) = transformed(&sets).await else {
        return;
    };
    let health = &templates[0]["Resources"]["CampaignHealth"]["Properties"]["AlarmRule"];
    assert_eq!(references(health), HEALTH.map(ToOwned::to_owned).into());
    for id in HEALTH {
        let alarm = &templates[0]["Resources"][id];
        assert_eq!(alarm["Type"], "AWS::CloudWatch::Alarm", "{id}");
        assert_eq!(alarm["Properties"]["AlarmName"], name_of(id));
    }
    let names = HEALTH.map(|id| json!({"Name": name_of(id)}));
    let alarms = json!({"Fn::If": ["IsCanary", {"Enabled": true, "Alarms": names}, {}]});
    for (rollout, template) in rollouts.iter().zip(&templates) {
        let condition = &template["Conditions"]["IsCanary"];
        assert_eq!(condition["Fn::Not"][0]["Fn::Equals"][1], "AllAtOnce");
        for function in FUNCTIONS {
            let group = &template["Resources"][format!("{function}DeploymentGroup")]["Properties"];
            let config = &group["DeploymentConfigName"]["Fn::Sub"];
            assert_eq!(config[0], "CodeDeployDefault.Lambda${ConfigName}");
            assert_eq!(config[1]["ConfigName"], *rollout);
            assert_eq!(group["AlarmConfiguration"], alarms);
            let events = group["AutoRollbackConfiguration"]["Events"].as_array();
            assert!(
                events.is_some_and(|events| events.contains(&json!("DEPLOYMENT_STOP_ON_ALARM")))
            );
        }
    }
}

#[tokio::test]
async fn one_function_has_the_checks_before_a_canary_and_codedeploy_may_invoke_them() {
    let Some(templates) = transformed(&[json!({})]).await else {
        return;
    };
    let resources = &templates[0]["Resources"];
    for function in FUNCTIONS {
        let alias = &resources[&format!("{function}Aliaslive")];
        let hook = &alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]["BeforeAllowTrafficHook"];
        if function == "LinkFunction" {
            let never = json!({"Ref": "AWS::NoValue"});
            assert_eq!(
                *hook,
                json!({"Fn::If": ["IsCanary", {"Ref": CHECKS}, never]})
            );
        } else {
            assert_eq!(*hook, Value::Null, "{function}");
        }
    }
    let checks = &resources[CHECKS];
    assert_eq!(checks["Condition"], "IsCanary");
    // CodeDeploy's role may invoke functions with such a name only. The rest is the last part of the
    // stack's id, 12 digits.
    let name = &checks["Properties"]["FunctionName"]["Fn::Sub"][0];
    let name = name.as_str().expect("a name");
    assert!(name.starts_with("CodeDeployHook_"), "{name}");
    assert!(
        name.replace("${Unique}", "0123456789ab").len() <= 64,
        "{name}"
    );
    // It does not wait for itself.
    assert_eq!(resources.get(format!("{CHECKS}DeploymentGroup")), None);
    let role = references(&resources["RolloutCheckRole"]["Properties"]);
    for needed in [
        "ServerlessDeploymentApplication",
        "LinkFunctionDeploymentGroup",
    ] {
        assert!(role.contains(needed), "{role:?}");
    }
}

/// SAM publishes a version if what it compares has changed, and only in `Tracing` it compares the
/// values of parameters: a parameter that is missing there would change, and the alias would keep
/// the old value.
#[tokio::test]
async fn a_new_value_of_each_parameter_of_a_function_publishes_a_version() {
    let sets = [
        json!({}),
        json!({"StudioName": "Robin Games"}),
        json!({"LogRetentionDays": "7"}),
    ];
    let Some(templates) = transformed(&sets).await else {
        return;
    };
    let [before, with_setting, without] = [0, 1, 2].map(|set| versions(&templates[set]));
    assert_eq!(before.len(), FUNCTIONS.len());
    assert_eq!(before.intersection(&with_setting).count(), 0);
    assert_eq!(before, without, "what no function has");

    let declared = templates[0]["Parameters"].as_object().expect("parameters");
    let value = |name: &String| format!("value of {name}");
    let values: BTreeMap<_, _> = declared.keys().map(|name| (name, value(name))).collect();
    let templates = transformed(&[json!(values)]).await.expect("as before");
    for function in FUNCTIONS {
        let properties = &templates[0]["Resources"][function]["Properties"];
        // The macro leaves all other references as they are.
        let mut used = references(properties);
        used.retain(|name| declared.contains_key(name));
        assert!(used.contains("StudioName") && used.contains("LogLevel"));
        used.insert("Tracing".to_owned());
        let compared = properties["TracingConfig"]["Mode"]["Fn::Select"][1].as_array();
        let compared = compared.into_iter().flatten().filter_map(Value::as_str);
        let compared: BTreeSet<_> = compared.map(ToOwned::to_owned).collect();
        assert_eq!(compared, used.iter().map(value).collect(), "{function}");
    }
}

/// CloudFormation refuses a template whose resources need each other. It counts what an update
/// policy refers to, which cfn-lint does not see before the macro.
#[tokio::test]
async fn no_resource_needs_itself() {
    let Some(templates) = transformed(&[json!({})]).await else {
        return;
    };
    let resources = templates[0]["Resources"].as_object().expect("resources");
    let mut needs: BTreeMap<&str, BTreeSet<String>> = resources
        .iter()
        .map(|(id, resource)| {
            let mut needs = references(resource);
            needs.retain(|name| resources.contains_key(name));
            (id.as_str(), needs)
        })
        .collect();
    assert!(needs["LinkFunctionAliaslive"].contains("LinkFunctionDeploymentGroup"));
    assert!(needs["HttpApi"].contains("LinkFunctionAliaslive"));
    // What needs nothing that is left can be made next.
    loop {
        let made: BTreeSet<_> = needs
            .iter()
            .filter(|(_, needs)| needs.is_empty())
            .map(|(id, _)| *id)
            .collect();
        if made.is_empty() {
            break;
        }
        needs.retain(|id, _| !made.contains(id));
        for needs in needs.values_mut() {
            needs.retain(|need| !made.contains(need.as_str()));
        }
    }
    assert!(needs.is_empty(), "{needs:#?}");
}

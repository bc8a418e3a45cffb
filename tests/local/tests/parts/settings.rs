//! `docs/settings.md` against `template.yaml` and the code: no setting is missing in the page, none
//! is there that does not exist, and each has the default that the page says.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use local::build::workspace;
use prime_gaming::budget::{FUNCTION_LIMIT, RECONCILE_LIMIT};
use prime_gaming::testing::config::Config;
use prime_gaming::testing::secrets::SecretValues;
use serde_yaml_ng::Value;

use crate::markdown::{Row, table};

/// The rows of the page's table with this header.
fn rows(header: &[&str]) -> Vec<Row> {
    table("settings.md", header).rows
}

/// What the template says of a default; `None` where a value has to be given.
fn default(parameter: &Value) -> Option<String> {
    match parameter.get("Default")? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        other => panic!("a default that is no text: {other:?}"),
    }
}

/// What the page says of a default.
fn documented(cell: &str) -> Option<String> {
    match cell {
        "required" => None,
        "empty" => Some(String::new()),
        value => Some(value.to_owned()),
    }
}

fn template() -> Value {
    let text = std::fs::read_to_string(workspace().join("template.yaml")).expect("a template");
    serde_yaml_ng::from_str(&text).expect("YAML")
}

/// The parameter that each variable of the functions is set to; `None` where it is another value.
fn variables(template: &Value) -> BTreeMap<String, Option<String>> {
    let variables = &template["Globals"]["Function"]["Environment"]["Variables"];
    let parameters = template["Parameters"].as_mapping().expect("parameters");
    let parameter = |value: &Value| match value {
        Value::Tagged(tagged) if tagged.tag == "Ref" => {
            let name = tagged.value.as_str()?;
            parameters.contains_key(name).then(|| name.to_owned())
        }
        _ => None,
    };
    let variables = variables.as_mapping().expect("variables").iter();
    let name = |name: &Value| name.as_str().expect("a name").to_owned();
    variables
        .map(|(variable, value)| (name(variable), parameter(value)))
        .collect()
}

#[test]
fn lambda_ends_the_functions_when_the_table_of_time_limits_says() {
    let template = template();
    let timeout = |at: &Value| at["Timeout"].as_u64();
    let all = timeout(&template["Globals"]["Function"]);
    assert_eq!(all, Some(FUNCTION_LIMIT.as_secs()));
    let resources = template["Resources"].as_mapping().expect("resources");
    let own: Vec<_> = resources
        .values()
        .filter_map(|resource| timeout(&resource["Properties"]))
        .collect();
    assert_eq!(own, [RECONCILE_LIMIT.as_secs()]);
}

#[test]
fn the_page_names_every_parameter_with_its_default() {
    let template = template();
    let settings = rows(&["parameter", "variable", "default", "meaning"]);
    let deployment = rows(&["parameter", "default", "meaning"]);
    let mut page = BTreeMap::new();
    let settings = settings.iter().map(|row| (&row[0], &row[2]));
    for (names, defaults) in settings.chain(deployment.iter().map(|row| (&row[0], &row[1]))) {
        assert_eq!(names.len(), defaults.len(), "{names:?} {defaults:?}");
        for (name, default) in names.iter().zip(defaults) {
            let twice = page.insert(name.clone(), documented(default));
            assert!(twice.is_none(), "{name} is there twice");
        }
    }
    let parameters = template["Parameters"].as_mapping().expect("parameters");
    let name = |name: &Value| name.as_str().expect("a name").to_owned();
    let parameters: BTreeMap<_, _> = parameters
        .iter()
        .map(|(key, parameter)| (name(key), default(parameter)))
        .collect();
    assert_eq!(page, parameters);
}

#[test]
fn the_page_names_every_variable_with_its_parameter() {
    let set = rows(&["parameter", "variable", "default", "meaning"]);
    let set = set
        .iter()
        .map(|row| (row[1][0].clone(), Some(row[0][0].clone())));
    let fixed = rows(&["variable", "deployed", "meaning"]);
    let fixed = fixed
        .iter()
        .flat_map(|row| row[0].iter().map(|name| (name.clone(), None)));
    let page: BTreeMap<_, _> = set.chain(fixed).collect();
    assert_eq!(page, variables(&template()));
}

#[test]
fn the_page_names_what_the_code_reads() {
    let asked = RefCell::new(BTreeSet::new());
    for delivery in ["confirm", "webhook"] {
        // What is read, not whether it is right.
        let _ = Config::from_vars(|name| {
            asked.borrow_mut().insert(name.to_owned());
            (name == "DELIVERY").then(|| delivery.to_owned())
        });
    }
    let page = variables(&template()).into_keys();
    // These two are the AWS SDK's own, and logs start before the settings are read.
    let page = page.filter(|name| !name.starts_with("AWS_ENDPOINT_URL_") && name != "STACK_NAME");
    assert_eq!(asked.into_inner(), page.collect());
}

#[test]
fn the_page_names_every_field_of_the_secret() {
    let rows = rows(&["field", "meaning"]);
    let page = rows.iter().map(|row| row[0][0].as_str());
    let page: BTreeSet<_> = page.collect();
    assert_eq!(page, BTreeSet::from(SecretValues::FIELDS));
}

//! What `sam local` makes of `events/env.json`: the pinned SAM CLI reads it itself.

use std::collections::{BTreeMap, BTreeSet};

use local::build::workspace;
use local::template::{Template, project_template};
use tokio::process::Command;

/// Prints the environment that `sam local` gives to each function, without the container.
const READER: &str = "
import json
from samcli.commands.local.cli_common.invoke_context import InvokeContext
from samcli.commands.local.lib.local_lambda import LocalLambdaRunner
from samcli.lib.providers.sam_function_provider import SamFunctionProvider
from samcli.lib.providers.sam_stack_provider import SamLocalStackProvider

stacks, _ = SamLocalStackProvider.get_stacks('template.yaml')
given = InvokeContext._get_env_vars_value('events/env.json')
runner = LocalLambdaRunner(None, None, '.', '.', env_vars_values=given)
functions = SamFunctionProvider(stacks).get_all()
print(json.dumps({it.name: runner._make_env_vars(it).resolve() for it in functions}))
";

type Variables = BTreeMap<String, String>;

#[tokio::test]
async fn every_function_gets_the_variables_of_the_file() {
    let Some(python) = super::python() else {
        return;
    };
    let ran = Command::new(python)
        .args(["-c", READER])
        .current_dir(workspace())
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_DEFAULT_REGION", local::REGION)
        .kill_on_drop(true)
        .output();
    let output = ran.await.expect("it runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    let got: BTreeMap<String, Variables> =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{errors}"));

    let file = std::fs::read_to_string(workspace().join("events/env.json")).expect("the file");
    let file: BTreeMap<String, Variables> = serde_json::from_str(&file).expect("variables");
    let template = Template::read(&project_template()).expect("the template");
    let functions: BTreeSet<_> = template.functions.iter().map(|it| &it.logical_id).collect();
    assert_eq!(got.keys().collect::<BTreeSet<_>>(), functions);
    for (function, mut variables) in got {
        variables.retain(|name, _| file["Parameters"].contains_key(name));
        assert_eq!(variables, file["Parameters"], "{function}");
    }
}

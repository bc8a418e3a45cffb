//! Every event through AWS's Runtime Interface Emulator, which `sam local` runs in its containers. It
//! ships with the SAM CLI, and needs no container here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use local::sam::{Event, Reach, SECRETS, Sam, architecture};
use local::samples::{self, PROMISES, Promise};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

use super::{free_ports, prepared, read};
use crate::without_secret::codedeploy;

/// Where the SAM CLI keeps the emulator.
const WHERE: &str =
    "import pathlib, samcli; print(pathlib.Path(samcli.__file__).parent / 'local/rapid')";

async fn emulator() -> Option<PathBuf> {
    if !cfg!(target_os = "linux") {
        local::tools::skip_also_in_ci("the emulator runs on Linux only");
        return None;
    }
    let told = Command::new(super::python()?).args(["-c", WHERE]).output();
    let told = told.await.expect("Python runs");
    let folder = String::from_utf8(told.stdout).expect("UTF-8");
    let name = format!("aws-lambda-rie-{}", architecture());
    Some(Path::new(folder.trim()).join(name))
}

/// A function behind the emulator.
struct Emulated {
    url: String,
    _process: Child,
}

impl Emulated {
    async fn start(emulator: &Path, folder: &Path, variables: &BTreeMap<String, String>) -> Self {
        let [front, runtime] = free_ports();
        let address = |port| format!("127.0.0.1:{port}");
        let process = Command::new(emulator)
            .args(["--runtime-interface-emulator-address", &address(front)])
            .args(["--runtime-api-address", &address(runtime)])
            .arg(folder.join("bootstrap"))
            .arg("bootstrap")
            .env_clear()
            .envs(variables)
            .env("SECRETS_FILE", folder.join(SECRETS))
            .envs(local::runtime::aws_variables())
            .env("AWS_LAMBDA_FUNCTION_NAME", "function")
            .env("AWS_LAMBDA_FUNCTION_TIMEOUT", "28")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        // The port is free at once, and taken when the emulator is up.
        let up = async {
            while TcpStream::connect(address(front)).await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(30), up).await;
        waited.expect("the emulator is up");
        Self {
            url: format!(
                "http://{}/2015-03-31/functions/function/invocations",
                address(front)
            ),
            _process: process.expect("it starts"),
        }
    }

    /// The answer to an event. The emulator takes one at a time.
    async fn invoke(&self, http: &reqwest::Client, event: &Value) -> Value {
        let sent = http.post(&self.url).body(event.to_string());
        let answer = sent.timeout(Duration::from_secs(60)).send().await;
        let text = answer.expect("an answer").text().await.expect("text");
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}"))
    }
}

/// The variables that `sam local` would give to every function.
fn variables(folder: &Path) -> BTreeMap<String, String> {
    let file: Value = serde_json::from_str(&read(&folder.join("env.json"))).expect("JSON");
    serde_json::from_value(file["Parameters"].clone()).expect("variables")
}

#[tokio::test]
async fn every_event_is_answered_as_its_name_promises() {
    let Some(emulator) = emulator().await else {
        return;
    };
    let reach = Reach::None("it is not needed".to_owned());
    let prepared = prepared(local::sam::DEFAULT_PORT, reach).await;
    let sent: BTreeSet<_> = prepared.sam.events.iter().map(|it| it.name).collect();
    let promised = PROMISES.iter().filter(|(_, it)| *it != Promise::Rollout);
    assert_eq!(sent, promised.map(|(name, _)| *name).collect());

    let folder = prepared.sam.folder();
    let variables = variables(folder);
    let mut of_functions: BTreeMap<String, Vec<Event>> = BTreeMap::new();
    for event in &prepared.sam.events {
        let of_function = of_functions.entry(event.function.clone()).or_default();
        of_function.push(event.clone());
    }
    let http = prime_gaming::testing::net::client(None).expect("a client");
    let mut functions = JoinSet::new();
    for (function, events) in of_functions {
        let (emulator, http) = (emulator.clone(), http.clone());
        let (folder, variables) = (folder.join(function), variables.clone());
        functions.spawn(async move {
            let emulated = Emulated::start(&emulator, &folder, &variables).await;
            let mut breaches = Vec::new();
            for Event {
                name,
                promise,
                payload,
                ..
            } in events
            {
                let answer = emulated.invoke(&http, &payload).await;
                let breach = promise.breach(&answer);
                breaches.extend(breach.map(|breach| format!("{name}: {breach}")));
            }
            breaches
        });
    }
    let breaches: Vec<_> = functions.join_all().await.concat();
    assert_eq!(breaches, [""; 0]);
    let amazon = prepared.system.amazon.as_ref().expect("a stand-in");
    assert_eq!(amazon.violations(), [""; 0]);

    // A second run finds the players and the accounts of the first one in the data directory.
    let again = Sam::start(&prepared.system, prepared.again()).await;
    let again = again.expect("it is prepared again");
    assert_eq!(again.events.len(), prepared.sam.events.len());
    answers_before_a_roll_out(&emulator, folder, &http).await;
}

/// The hook before a roll-out tells CodeDeploy, which only this test has.
async fn answers_before_a_roll_out(emulator: &Path, folder: &Path, http: &reqwest::Client) {
    let (codedeploy, told) = codedeploy().await;
    let mut variables = variables(folder);
    variables.insert("AWS_ENDPOINT_URL_CODEDEPLOY".to_owned(), codedeploy);
    let function = folder.join("RolloutCheckFunction");
    let emulated = Emulated::start(emulator, &function, &variables).await;
    let event = samples::read("admin-rollout-hook").expect("an event");
    let answer = emulated.invoke(http, &event).await;
    assert_eq!(Promise::Rollout.breach(&answer), None);
    assert_eq!(told.lock().expect("no panic").len(), 1);
}

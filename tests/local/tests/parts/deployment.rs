//! What `sam deploy` makes of the parameters in samconfig.toml and in the documents: the pinned
//! SAM CLI itself is run, against a CloudFormation that writes down what it is asked and refuses.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use local::build::workspace;
use local::tools;
use tokio::process::Command;

use crate::markdown;

/// Enough for `sam deploy` to take the stack for a new one, and then to give up.
fn refusal(stack: &str) -> String {
    format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code>\
         <Message>Stack with id {stack} does not exist</Message></Error></ErrorResponse>"
    )
}

/// The fields of a request's body.
fn fields(body: &str) -> Parameters {
    let fields = url::form_urlencoded::parse(body.as_bytes());
    fields.into_owned().collect()
}

type Parameters = BTreeMap<String, String>;

/// A CloudFormation on loopback, and the fields of its requests.
struct CloudFormation {
    url: String,
    requests: Arc<Mutex<Vec<Parameters>>>,
}

impl CloudFormation {
    async fn start() -> Self {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = requests.clone();
        let refuse = move |body: String| {
            let fields = fields(&body);
            let refusal = refusal(fields.get("StackName").map_or("", String::as_str));
            kept.lock().expect("no panic").push(fields);
            async { (StatusCode::BAD_REQUEST, refusal) }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let app = axum::Router::new().fallback(refuse);
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self {
            url: format!("http://{address}"),
            requests,
        }
    }

    /// The parameters of the change set that was to be made.
    fn parameters(&self) -> Option<Parameters> {
        let requests = self.requests.lock().expect("no panic");
        let mut made = requests.iter().filter(|fields| {
            let action = fields.get("Action").map(String::as_str);
            action == Some("CreateChangeSet")
        });
        let fields = made.next()?;
        let members = (1..).map_while(|n| {
            let field = |end: &str| fields.get(&format!("Parameters.member.{n}.{end}"));
            // A parameter that is given nowhere keeps its value.
            let value = field("ParameterValue").cloned().unwrap_or_default();
            Some((field("ParameterKey")?.clone(), value))
        });
        Some(members.collect())
    }
}

/// A deployment of the template's parameters, as `sam deploy` asks for it with this configuration;
/// `None` where there is no SAM CLI.
async fn deployed(config: &str, environment: &str) -> Option<Parameters> {
    let Some(sam) = tools::find("sam") else {
        tools::skip(
            "there is no SAM CLI; `pip install --no-deps -r .ci/requirements.txt` brings it",
        );
        return None;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let template = std::fs::read_to_string(workspace().join("template.yaml")).expect("a template");
    std::fs::write(
        folder.path().join("template.yaml"),
        only_parameters(&template),
    )
    .expect("written");
    std::fs::write(folder.path().join("samconfig.toml"), config).expect("written");
    let amazon = CloudFormation::start().await;
    let ran = Command::new(sam)
        .args([
            "deploy",
            "--no-resolve-s3",
            "--no-confirm-changeset",
            "--config-env",
            environment,
        ])
        .current_dir(folder.path())
        .env("HOME", folder.path())
        .env("AWS_ENDPOINT_URL", &amazon.url)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_DEFAULT_REGION", local::REGION)
        .env("SAM_CLI_TELEMETRY", "0")
        .kill_on_drop(true)
        .output()
        .await;
    let output = ran.expect("it runs");
    let parameters = amazon.parameters();
    Some(parameters.unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&output.stderr))))
}

/// A template that declares the same parameters, and holds nothing that has to be uploaded.
fn only_parameters(template: &str) -> String {
    let (_, rest) = template.split_once("\nParameters:\n").expect("parameters");
    let lines = rest.lines();
    let block = lines.take_while(|line| line.is_empty() || line.starts_with([' ', '#']));
    let block = block.collect::<Vec<_>>().join("\n");
    format!(
        "Transform: AWS::Serverless-2016-10-31\nParameters:\n{block}\nResources:\n  Nothing:\n    \
         Type: AWS::CloudFormation::WaitConditionHandle\n"
    )
}

/// The lines of a table `parameter_overrides`: each is a name and a string.
fn overrides(config: &str, header: &str) -> Parameters {
    let (_, table) = config
        .split_once(&format!("[{header}]\n"))
        .expect("the table");
    let lines = table.lines().take_while(|line| !line.starts_with('['));
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let pair = |line: &str| {
        let (name, value) = line.split_once(" = ").expect("a name and a value");
        let value = value
            .strip_prefix('"')
            .and_then(|value| value.strip_suffix('"'));
        let value = value.unwrap_or_else(|| panic!("not a string in quotes: {line}"));
        (name.to_owned(), value.to_owned())
    };
    lines.map(pair).collect()
}

/// All that `wanted` names, as `got` has it.
fn named(wanted: &Parameters, got: &Parameters) -> Parameters {
    let named = got.iter().filter(|(name, _)| wanted.contains_key(*name));
    named
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

#[tokio::test]
async fn documented_parameters_reach_cloudformation_as_they_are_written() {
    let pages = markdown::pages();
    let blocks: Vec<_> = pages
        .iter()
        .flat_map(|page| markdown::blocks(page, "toml"))
        .collect();
    let text = blocks.concat();
    assert!(
        text.contains("LwaClientId") && text.contains("\"Robin Games\""),
        "{text}"
    );
    for block in blocks {
        let wanted = overrides(&block, "prod.deploy.parameters.parameter_overrides");
        let config = format!(
            "version = 0.1\n[prod.global.parameters]\nstack_name = \"prime-gaming\"\n{block}"
        );
        let Some(got) = deployed(&config, "prod").await else {
            return;
        };
        assert_eq!(named(&wanted, &got), wanted);
    }
}

#[tokio::test]
async fn samconfigs_parameters_reach_cloudformation_as_they_are_written() {
    let config = std::fs::read_to_string(workspace().join("samconfig.toml")).expect("a file");
    for environment in ["default", "prod"] {
        let header = format!("{environment}.deploy.parameters.parameter_overrides");
        let wanted = overrides(&config, &header);
        assert!(wanted.contains_key("DeletionProtection"), "{wanted:?}");
        let Some(got) = deployed(&config, environment).await else {
            return;
        };
        assert_eq!(named(&wanted, &got), wanted);
    }
}

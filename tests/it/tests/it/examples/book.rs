//! The examples of openapi.yaml, held against what is sent and answered.

use std::collections::{BTreeMap, BTreeSet};

use http::StatusCode;
use it::Answer;
use local::build::workspace;
use serde_json::Value as Json;
use serde_yaml_ng::Value;

use super::Day;
use super::document::{Example, Node};
use super::mask::masked;

/// The day of the examples.
const DAY: &str = "2026-03-12";

/// The request id of the examples.
const REQUEST_ID: &str = "e1f8rESQedUStP=";

/// The document, and what became of its examples.
pub(super) struct Book {
    document: Value,
    /// The day on which the answers are made, instead of [`DAY`].
    pub(super) day: Day,
    /// The places of the examples that something real was compared with.
    tried: BTreeSet<String>,
    faults: Vec<String>,
    /// Examples of headers by their places, and what the headers really were. One header has
    /// another value in each answer, so its example must be one of them.
    headers: BTreeMap<String, (String, BTreeSet<String>)>,
}

impl Book {
    /// The document, for answers that are made on this day.
    pub(super) fn of(day: Day) -> Self {
        let text = std::fs::read_to_string(workspace().join("openapi.yaml")).expect("the file");
        Self {
            document: serde_yaml_ng::from_str(&text).expect("YAML"),
            day,
            tried: BTreeSet::new(),
            faults: Vec::new(),
            headers: BTreeMap::new(),
        }
    }

    /// The address of the deployment that the examples are from.
    pub(super) fn host(&self) -> String {
        let server = &self.document["servers"][0];
        let host = server["variables"]["host"]["default"].as_str();
        let url = server["url"].as_str().expect("an address");
        url.replace("{host}", host.expect("a host"))
    }

    /// Every operation, after its path.
    fn operations(&self) -> Vec<(Node<'_>, Node<'_>)> {
        let root = Node::root(&self.document);
        let groups = ["paths", "webhooks"].map(|group| root.at(group).expect("it is there"));
        let paths = groups.into_iter().flat_map(|group| group.entries());
        let operations = paths.flat_map(|(_, path)| {
            let entries = path.entries().into_iter();
            entries.map(move |(_, operation)| (path.clone(), operation))
        });
        operations
            .filter(|(_, operation)| operation.at("operationId").is_some())
            .collect()
    }

    fn operation(&self, id: &str) -> (Node<'_>, Node<'_>) {
        let mut operations = self.operations().into_iter();
        operations
            .find(|(_, operation)| operation.value["operationId"] == id)
            .unwrap_or_else(|| panic!("no operation {id}"))
    }

    fn parameter_of(&self, id: &str, name: &str) -> Node<'_> {
        let (path, operation) = self.operation(id);
        let lists = [operation.at("parameters"), path.at("parameters")];
        let mut all = lists.into_iter().flatten().flat_map(|list| list.entries());
        all.find(|(_, parameter)| parameter.value["name"] == name)
            .unwrap_or_else(|| panic!("{id} has no parameter {name}"))
            .1
    }

    /// The example of this name; empty for the only one.
    fn pick(node: &Node<'_>, name: &str) -> Example {
        let found = node.examples().remove(name);
        found.unwrap_or_else(|| panic!("no example {name:?} among {:?}", node.examples()))
    }

    fn body_example(&self, id: &str, name: &str) -> Example {
        let (_, operation) = self.operation(id);
        let content = operation.at("requestBody").and_then(|it| it.at("content"));
        let (_, media) = content.expect("a body").entries().remove(0);
        Self::pick(&media, name)
    }

    /// Whether the operation's description of its responses has this code.
    pub(super) fn names(&self, id: &str, code: &str) -> bool {
        let (_, operation) = self.operation(id);
        let responses = operation.at("responses").expect("some").entries();
        let mut descriptions = responses
            .iter()
            .filter_map(|(_, it)| it.value["description"].as_str());
        descriptions.any(|text| text.contains(&format!("`{code}`")))
    }

    /// The text of an example that a story sends, to see that it is taken.
    fn lend(&mut self, example: Example) -> String {
        self.tried.insert(example.place);
        example.text
    }

    /// The example of a parameter, to be sent.
    pub(super) fn parameter(&mut self, id: &str, name: &str) -> String {
        let example = Self::pick(&self.parameter_of(id, name), "");
        self.lend(example)
    }

    /// The value of a parameter that is another one in each story; the example has its form.
    pub(super) fn parameter_like(&mut self, id: &str, name: &str, live: &str) {
        let example = Self::pick(&self.parameter_of(id, name), "");
        self.compare(&example, live);
    }

    /// The words that the schema of a parameter has as examples, to be sent.
    pub(super) fn words(&mut self, id: &str, name: &str) -> Vec<String> {
        let schema = self.parameter_of(id, name).at("schema");
        let examples = schema.expect("a schema").examples().into_values();
        let examples: Vec<_> = examples.collect();
        examples.into_iter().map(|it| self.lend(it)).collect()
    }

    /// An example of an operation's body, to be sent. The fields that are others in each story get
    /// their `live` values, which have the form of the example's.
    pub(super) fn body(&mut self, id: &str, name: &str, live: &[(&str, &str)]) -> Json {
        let example = self.body_example(id, name);
        let place = example.place.clone();
        let mut body: Json = serde_json::from_str(&self.lend(example)).expect("JSON");
        for (field, value) in live {
            let text = body[field].as_str().unwrap_or_default().to_owned();
            let place = format!("{place}/{field}");
            self.compare(&Example { place, text }, value);
            body[field] = (*value).into();
        }
        body
    }

    /// A body that was sent; the only example has its form.
    pub(super) fn body_like(&mut self, id: &str, sent: &str) {
        let example = self.body_example(id, "");
        self.compare(&example, sent);
    }

    /// The example of a response of the studio's, to be given.
    pub(super) fn reply(&mut self, id: &str, status: &str) -> String {
        let (_, operation) = self.operation(id);
        let response = operation.at("responses").and_then(|it| it.at(status));
        let media = response.and_then(|it| it.at("content")?.at("application/json"));
        let example = Self::pick(&media.expect("a body"), "");
        self.lend(example)
    }

    /// An operation has answered so, as its only example says.
    pub(super) fn answered(&mut self, id: &str, answer: &Answer) {
        self.answered_as(id, "", answer);
    }

    /// An operation has answered so, as the example of this name says.
    pub(super) fn answered_as(&mut self, id: &str, name: &str, answer: &Answer) {
        let status = answer.status.as_str();
        let (_, operation) = self.operation(id);
        let response = operation.at("responses").and_then(|it| it.at(status));
        let response = response.unwrap_or_else(|| panic!("{id} {status}: {answer:?}"));
        let media = answer.header("content-type").map(|media| {
            let media = media.split(';').next().unwrap_or_default();
            let node = response.at("content").and_then(|it| it.at(media));
            node.unwrap_or_else(|| panic!("{id} {status} {media}: {answer:?}"))
        });
        let example = media.map(|media| Self::pick(&media, name));
        let headers = response.at("headers").into_iter();
        let headers: Vec<_> = headers
            .flat_map(|all| all.entries())
            .filter_map(|(name, header)| Some((header.examples(), answer.header(&name)?)))
            .collect();
        let request_id = answer.header("x-request-id").expect("an id");
        for (examples, value) in headers {
            let value = masked(&value.replace(request_id, REQUEST_ID));
            for Example { place, text } in examples.into_values() {
                let (_, real) = self.headers.entry(place).or_insert((text, BTreeSet::new()));
                real.insert(value.clone());
            }
        }
        match example {
            None => {}
            Some(example) if example.text.starts_with('<') => self.compare_page(&example, answer),
            Some(example) => {
                let [real, shown] = [request_id, REQUEST_ID].map(|id| format!("\"{id}\""));
                self.compare(&example, &answer.body.replace(&real, &shown));
            }
        }
    }

    fn compare(&mut self, example: &Example, real: &str) {
        let text = masked(&example.text.replace(DAY, &self.day.to_string()));
        let real = masked(real);
        if text != real {
            self.fault(
                &example.place,
                &format!("example: {text}\n  real:    {real}"),
            );
        }
        self.tried.insert(example.place.clone());
    }

    /// The pieces between the ellipses stand on the page in their order. They show its title, its
    /// heading, and the code of a failure.
    fn compare_page(&mut self, example: &Example, answer: &Answer) {
        self.tried.insert(example.place.clone());
        let mut rest = answer.body.as_str();
        for (index, piece) in example.text.split('…').enumerate() {
            match rest.find(piece) {
                Some(start) if start == 0 || index > 0 => rest = &rest[start + piece.len()..],
                _ => {
                    let without_style = |line: &&str| !line.contains(['{', '}']);
                    let page: Vec<_> = rest.lines().filter(without_style).collect();
                    let page = page.join("\n    ");
                    return self.fault(&example.place, &format!("{piece}\n  is not in:{page}"));
                }
            }
        }
        let failed = answer.status.as_u16() >= 400;
        for needed in ["<title>", "<h1>", if failed { "<code>" } else { "" }] {
            if !example.text.contains(needed) {
                self.fault(&example.place, &format!("does not show {needed}"));
            }
        }
    }

    /// What the gateway answers by itself: the reason phrase of the status.
    pub(super) fn gateway(&mut self) {
        let mut found = Vec::new();
        for (_, operation) in self.operations() {
            for (status, response) in operation.at("responses").expect("some").entries() {
                let content = response.at("content").into_iter();
                for (_, media) in content.flat_map(|it| it.entries()) {
                    if media.value["schema"]["$ref"] == "#/components/schemas/GatewayMessage" {
                        found.push((status.clone(), Self::pick(&media, "")));
                    }
                }
            }
        }
        for (status, example) in found {
            let status: StatusCode = status.parse().expect("a status");
            let reason = status.canonical_reason().expect("a reason");
            self.compare(&example, &format!(r#"{{"message":"{reason}"}}"#));
        }
    }

    fn fault(&mut self, place: &str, what: &str) {
        let fault = format!("{place}\n  {what}");
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    /// Every example that is not as it really is, and every one that nothing was compared with.
    pub(super) fn faults(mut self) -> Vec<String> {
        for (place, (text, real)) in std::mem::take(&mut self.headers) {
            if !real.contains(&masked(&text)) {
                self.fault(&place, &format!("example: {text}\n  real:    {real:?}"));
            }
            self.tried.insert(place);
        }
        let document = self.document.clone();
        for example in Node::all_examples(&document) {
            if !self.tried.contains(&example.place) {
                self.fault(&example.place, "is an example that no story plays");
            }
        }
        self.faults
    }
}

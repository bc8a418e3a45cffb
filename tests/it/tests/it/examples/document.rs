//! Places in openapi.yaml, and the examples there.

use std::collections::BTreeMap;

use serde_yaml_ng::Value;

/// A place in the document. Stepping into it follows `$ref`, so a shared part has one place.
#[derive(Clone)]
pub(super) struct Node<'d> {
    document: &'d Value,
    place: String,
    pub(super) value: &'d Value,
}

/// An example: where it is, and its text. A structure is written as JSON, with its fields in the
/// document's order.
#[derive(Clone, Debug)]
pub(super) struct Example {
    pub(super) place: String,
    pub(super) text: String,
}

impl<'d> Node<'d> {
    pub(super) fn root(document: &'d Value) -> Self {
        Self {
            document,
            place: String::new(),
            value: document,
        }
    }

    /// What is there under `key`.
    pub(super) fn at(&self, key: &str) -> Option<Self> {
        Some(self.step(key, self.value.get(key)?))
    }

    fn step(&self, key: &str, value: &'d Value) -> Self {
        match value.get("$ref").and_then(Value::as_str) {
            Some(reference) => reference
                .trim_start_matches("#/")
                .split('/')
                .fold(Self::root(self.document), |node, part| {
                    node.at(part).expect("a reference leads somewhere")
                }),
            None => Self {
                document: self.document,
                place: format!("{}/{key}", self.place),
                value,
            },
        }
    }

    /// The entries of a mapping or of a list.
    pub(super) fn entries(&self) -> Vec<(String, Self)> {
        let mapping = self.value.as_mapping().into_iter().flatten();
        let mapping = mapping.map(|(key, value)| (key.as_str().expect("a key").to_owned(), value));
        let list = self.value.as_sequence().into_iter().flatten().enumerate();
        let list = list.map(|(index, value)| (index.to_string(), value));
        mapping
            .chain(list)
            .map(|(key, value)| (key.clone(), self.step(&key, value)))
            .collect()
    }

    /// The examples of this media type, parameter, header or schema by their names. The one of
    /// `example` has an empty name.
    pub(super) fn examples(&self) -> BTreeMap<String, Example> {
        let named = self.at("examples").into_iter().flat_map(|it| it.entries());
        // In a schema the examples are bare values.
        let named = named.map(|(name, node)| (name, node.at("value").unwrap_or(node)));
        let single = self.at("example").map(|node| (String::new(), node));
        named
            .chain(single)
            .map(|(name, node)| (name, node.example()))
            .collect()
    }

    fn example(self) -> Example {
        let text = match self.value {
            Value::String(text) => text.clone(),
            other => serde_json::to_string(other).expect("JSON"),
        };
        Example {
            place: self.place,
            text,
        }
    }

    /// Every example of the document.
    pub(super) fn all_examples(document: &'d Value) -> Vec<Example> {
        let mut all = Vec::new();
        Self::root(document).collect(&mut all);
        all
    }

    fn collect(&self, all: &mut Vec<Example>) {
        all.extend(self.examples().into_values());
        for (key, node) in self.entries() {
            // What is reached by a reference is found at its own place.
            let is_here = node.place == format!("{}/{key}", self.place);
            if is_here && key != "example" && key != "examples" {
                node.collect(all);
            }
        }
    }
}

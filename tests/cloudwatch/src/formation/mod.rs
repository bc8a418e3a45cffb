//! Resources of a template, with CloudFormation's functions resolved.

mod resolve;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::Value as Json;
use serde_yaml_ng::Value as Yaml;

use super::Fault;

/// A deployment of the template: the stack's name, and the values that only a deployment knows.
#[derive(Clone, Debug)]
pub struct Stack {
    name: String,
    values: BTreeMap<String, String>,
}

impl Stack {
    /// A stack of this name, with the defaults of the template's parameters.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            values: BTreeMap::new(),
        }
    }

    /// Sets what a name refers to: a parameter, a resource, `AWS::Region`, or an attribute such as
    /// `Secret.Arn`.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.values.insert(name.to_owned(), value.to_owned());
        self
    }
}

/// A template that is deployed as a stack.
pub(super) struct Formation {
    root: Yaml,
    stack: Stack,
}

/// A resource with its properties resolved.
pub(super) struct Resource {
    pub(super) logical_id: String,
    pub(super) properties: Json,
}

impl Formation {
    /// # Errors
    /// If the template is not YAML.
    pub(super) fn new(template: &str, stack: Stack) -> Result<Self, Fault> {
        let root = serde_yaml_ng::from_str(template)
            .map_err(|error| Fault::new(format!("the template is not YAML: {error}")))?;
        Ok(Self { root, stack })
    }

    /// Every resource of this type whose condition holds, in the file's order.
    ///
    /// # Errors
    /// If a function in it is not known, or refers to nothing.
    pub(super) fn resources(&self, kind: &str) -> Result<Vec<Resource>, Fault> {
        let mut found = Vec::new();
        for (id, resource) in self.of_kind(kind) {
            let of_resource = || -> Result<_, Fault> {
                if let Some(condition) = resource.get("Condition").and_then(Yaml::as_str)
                    && !self.condition(condition)?
                {
                    return Ok(None);
                }
                let properties = resource.get("Properties").unwrap_or(&Yaml::Null);
                Ok(Some(Resource {
                    logical_id: id.to_owned(),
                    properties: self.resolve(properties)?.unwrap_or_default(),
                }))
            };
            found.extend(of_resource().map_err(|fault| fault.inside(id))?);
        }
        Ok(found)
    }

    fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a str, &'a Yaml)> {
        let resources = self.root.get("Resources").and_then(Yaml::as_mapping);
        let resources = resources.into_iter().flatten();
        resources.filter_map(move |(id, resource)| {
            let is_one = resource.get("Type").and_then(Yaml::as_str) == Some(kind);
            Some((id.as_str()?, resource)).filter(|_| is_one)
        })
    }
}

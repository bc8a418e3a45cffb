//! A place in a YAML document that knows its own address, so that errors can name it.

use serde_yaml_ng::Value;

use super::TemplateError;

/// A value and where it is.
#[derive(Clone)]
pub(super) struct Node<'a> {
    value: &'a Value,
    at: String,
}

impl<'a> Node<'a> {
    pub(super) fn root(value: &'a Value) -> Self {
        Self {
            value,
            at: String::new(),
        }
    }

    pub(super) fn error(&self, expected: impl Into<String>) -> TemplateError {
        TemplateError::Content {
            at: self.at.clone(),
            expected: expected.into(),
        }
    }

    fn child(&self, name: impl std::fmt::Display, value: &'a Value) -> Self {
        let at = if self.at.is_empty() {
            name.to_string()
        } else {
            format!("{}.{name}", self.at)
        };
        Self { value, at }
    }

    /// The value under `key`, where there is one that is not null.
    pub(super) fn get(&self, key: &str) -> Option<Self> {
        let value = self.value.as_mapping()?.get(key)?;
        (!value.is_null()).then(|| self.child(key, value))
    }

    /// The value under `keys`, one inside the other.
    pub(super) fn find(&self, keys: &[&str]) -> Option<Self> {
        keys.iter()
            .try_fold(self.clone(), |node, key| node.get(key))
    }

    /// The value under `key`, which must be there.
    pub(super) fn need(&self, key: &str) -> Result<Self, TemplateError> {
        self.get(key)
            .ok_or_else(|| self.error(format!("{key} is missing")))
    }

    /// The entries of a mapping.
    pub(super) fn entries(&self) -> Result<Vec<(&'a str, Self)>, TemplateError> {
        let mapping = self
            .value
            .as_mapping()
            .ok_or_else(|| self.error("must be a mapping"))?;
        mapping
            .iter()
            .map(|(key, value)| {
                let key = key
                    .as_str()
                    .ok_or_else(|| self.error("keys must be text"))?;
                Ok((key, self.child(key, value)))
            })
            .collect()
    }

    /// The elements of a list.
    pub(super) fn items(&self) -> Result<Vec<Self>, TemplateError> {
        let list = self
            .value
            .as_sequence()
            .ok_or_else(|| self.error("must be a list"))?;
        Ok(list
            .iter()
            .enumerate()
            .map(|(index, value)| self.child(index, value))
            .collect())
    }

    /// Text without a tag.
    pub(super) fn text(&self) -> Result<&'a str, TemplateError> {
        self.value
            .as_str()
            .ok_or_else(|| self.error("must be plain text"))
    }

    /// A whole number without a tag.
    pub(super) fn number(&self) -> Result<u64, TemplateError> {
        self.value
            .as_u64()
            .ok_or_else(|| self.error("must be a whole number"))
    }

    /// A scalar as the text that CloudFormation makes of it.
    pub(super) fn scalar(&self) -> Option<String> {
        match self.value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(truth) => Some(truth.to_string()),
            _ => None,
        }
    }

    /// The text in `!TAG text`.
    pub(super) fn tagged(&self, tag: &str) -> Option<&'a str> {
        match self.value {
            Value::Tagged(tagged) if tagged.tag == tag => tagged.value.as_str(),
            _ => None,
        }
    }

    /// The name in `!Ref name` or `{Ref: name}`.
    pub(super) fn reference(&self) -> Option<&'a str> {
        match self.value {
            Value::Mapping(mapping) if mapping.len() == 1 => mapping.get("Ref")?.as_str(),
            _ => self.tagged("Ref"),
        }
    }
}

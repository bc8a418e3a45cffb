//! A JSON object all of whose members must be known.

use serde_json::{Map, Value};

use super::Fault;

/// A JSON object that is read member by member.
pub(super) struct Object<'a>(&'a Map<String, Value>);

impl<'a> Object<'a> {
    /// # Errors
    /// If `value` is no object, or has a member that is not in `known`.
    pub(super) fn with(value: &'a Value, known: &[&str]) -> Result<Self, Fault> {
        let Value::Object(members) = value else {
            return Err(Fault::new("it must be an object"));
        };
        match members.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) => Err(Fault::new(format!("{name} is not known"))),
            None => Ok(Self(members)),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name)
    }

    pub(super) fn need(&self, name: &str) -> Result<&'a Value, Fault> {
        self.get(name)
            .ok_or_else(|| Fault::new(format!("{name} is missing")))
    }

    /// Text, which must be there.
    pub(super) fn text(&self, name: &str) -> Result<&'a str, Fault> {
        self.need(name)?
            .as_str()
            .ok_or_else(|| Fault::new(format!("{name} must be a string")))
    }

    /// Text, or `default` where there is none.
    pub(super) fn text_or(&self, name: &str, default: &'a str) -> Result<&'a str, Fault> {
        match self.get(name) {
            None => Ok(default),
            Some(_) => self.text(name),
        }
    }

    /// A list, which must be there.
    pub(super) fn list(&self, name: &str) -> Result<&'a [Value], Fault> {
        match self.need(name)? {
            Value::Array(items) => Ok(items),
            _ => Err(Fault::new(format!("{name} must be a list"))),
        }
    }

    /// A number, which must be there.
    pub(super) fn number(&self, name: &str) -> Result<f64, Fault> {
        self.need(name)?
            .as_f64()
            .ok_or_else(|| Fault::new(format!("{name} must be a number")))
    }

    /// A whole number above 0, which must be there.
    pub(super) fn count(&self, name: &str) -> Result<u64, Fault> {
        self.need(name)?
            .as_u64()
            .filter(|count| *count > 0)
            .ok_or_else(|| Fault::new(format!("{name} must be a whole number above 0")))
    }

    /// `true` or `false`, or `default` where there is none.
    pub(super) fn truth_or(&self, name: &str, default: bool) -> Result<bool, Fault> {
        self.get(name).map_or(Ok(default), |value| {
            value
                .as_bool()
                .ok_or_else(|| Fault::new(format!("{name} must be true or false")))
        })
    }
}

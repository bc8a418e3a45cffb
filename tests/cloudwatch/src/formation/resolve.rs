//! CloudFormation's functions, as far as alarms, metric filters and log groups use them.

use serde_json::{Map, Value as Json};
use serde_yaml_ng::Value as Yaml;

use super::super::Fault;
use super::Formation;

/// The property with the name of a resource of this type, if the template names it.
const NAMES: [(&str, &str); 3] = [
    ("AWS::CloudWatch::Alarm", "AlarmName"),
    ("AWS::CloudWatch::CompositeAlarm", "AlarmName"),
    ("AWS::Logs::LogGroup", "LogGroupName"),
];

impl Formation {
    /// The value of this part of the template, or none where it is `AWS::NoValue`.
    pub(super) fn resolve(&self, value: &Yaml) -> Result<Option<Json>, Fault> {
        Ok(Some(match value {
            Yaml::Null => return Ok(None),
            Yaml::Bool(truth) => Json::Bool(*truth),
            Yaml::Number(number) => serde_json::to_value(number)
                .map_err(|error| Fault::new(format!("{number} can't be used: {error}")))?,
            Yaml::String(text) => Json::String(text.clone()),
            Yaml::Sequence(items) => {
                let items = items.iter().map(|item| self.resolve(item));
                let items: Vec<_> = items.collect::<Result<_, _>>()?;
                Json::Array(items.into_iter().flatten().collect())
            }
            Yaml::Mapping(members) => {
                let mut object = Map::new();
                for (name, member) in members {
                    let name = name
                        .as_str()
                        .ok_or_else(|| Fault::new("a key must be text"))?;
                    if name == "Ref" || name.starts_with("Fn::") {
                        return Err(Fault::new(format!(
                            "{name} is known in its short form only"
                        )));
                    }
                    let resolved = self.resolve(member).map_err(|fault| fault.inside(name))?;
                    object.extend(resolved.map(|resolved| (name.to_owned(), resolved)));
                }
                Json::Object(object)
            }
            Yaml::Tagged(tagged) => return self.function(&tagged.tag.to_string(), &tagged.value),
        }))
    }

    fn function(&self, tag: &str, argument: &Yaml) -> Result<Option<Json>, Fault> {
        let text = || {
            argument
                .as_str()
                .ok_or_else(|| Fault::new(format!("{tag} is known of text only")))
        };
        match tag {
            "!Ref" if text()? == "AWS::NoValue" => Ok(None),
            "!Ref" => self.reference(text()?).map(|name| Some(Json::String(name))),
            "!GetAtt" => self
                .handed_in(text()?)
                .map(|value| Some(Json::String(value))),
            "!Sub" => self
                .substitute(text()?)
                .map(|text| Some(Json::String(text))),
            "!Join" => self.join(argument).map(|text| Some(Json::String(text))),
            "!If" => match argument.as_sequence().map(Vec::as_slice) {
                Some([condition, yes, no]) => {
                    let condition = condition
                        .as_str()
                        .ok_or_else(|| Fault::new("a condition must be a name"))?;
                    self.resolve(if self.condition(condition)? { yes } else { no })
                }
                _ => Err(Fault::new("!If must have three elements")),
            },
            _ => Err(Fault::new(format!("the function {tag} is not known"))),
        }
    }

    /// `!Join [SEPARATOR, [TEXT, …]]`
    fn join(&self, argument: &Yaml) -> Result<String, Fault> {
        let unknown = || Fault::new("!Join is known of a separator and a list of texts only");
        let Some([separator, parts]) = argument.as_sequence().map(Vec::as_slice) else {
            return Err(unknown());
        };
        let resolved = self.resolve(parts)?.unwrap_or_default();
        let parts = resolved.as_array().ok_or_else(unknown)?.iter();
        let texts: Option<Vec<_>> = parts.map(Json::as_str).collect();
        let separator = separator.as_str().ok_or_else(unknown)?;
        Ok(texts.ok_or_else(unknown)?.join(separator))
    }

    /// What `!Ref name` gives.
    pub(in super::super) fn reference(&self, name: &str) -> Result<String, Fault> {
        if name == "AWS::StackName" {
            return Ok(self.stack.name.clone());
        }
        if let Some(value) = self.stack.values.get(name) {
            return Ok(value.clone());
        }
        if let Some(parameter) = self.part("Parameters", name) {
            let default = parameter
                .get("Default")
                .map(|default| self.resolve(default));
            return match default.transpose()?.flatten() {
                Some(Json::String(text)) => Ok(text),
                Some(Json::Number(number)) => Ok(number.to_string()),
                _ => Err(unknown(name)),
            };
        }
        let resource = self.part("Resources", name).ok_or_else(|| unknown(name))?;
        let kind = resource.get("Type").and_then(Yaml::as_str);
        let property = NAMES.iter().find(|(known, _)| Some(*known) == kind);
        let named = property.and_then(|(_, property)| resource.get("Properties")?.get(*property));
        match named
            .map(|named| self.resolve(named))
            .transpose()?
            .flatten()
        {
            Some(Json::String(text)) => Ok(text),
            _ => Ok(format!("{}-{name}", self.stack.name)),
        }
    }

    fn handed_in(&self, name: &str) -> Result<String, Fault> {
        let value = self.stack.values.get(name);
        value.cloned().ok_or_else(|| unknown(name))
    }

    /// `text` with every `${name}` replaced.
    fn substitute(&self, text: &str) -> Result<String, Fault> {
        let mut whole = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after
                .split_once('}')
                .ok_or_else(|| Fault::new("a ${ in the text has no end"))?;
            whole.push_str(before);
            match name.strip_prefix('!') {
                Some(literal) => whole.push_str(&format!("${{{literal}}}")),
                None if name.contains('.') => whole.push_str(&self.handed_in(name)?),
                None => whole.push_str(&self.reference(name)?),
            }
            rest = after;
        }
        Ok(whole + rest)
    }

    /// Whether the condition of this name holds.
    pub(super) fn condition(&self, name: &str) -> Result<bool, Fault> {
        let condition = self.part("Conditions", name).ok_or_else(|| unknown(name))?;
        self.holds(condition).map_err(|fault| fault.inside(name))
    }

    fn holds(&self, condition: &Yaml) -> Result<bool, Fault> {
        let Yaml::Tagged(tagged) = condition else {
            return Err(Fault::new("the condition is not known"));
        };
        let parts = tagged.value.as_sequence().map(Vec::as_slice);
        match (tagged.tag.to_string().as_str(), parts) {
            ("!Not", Some([inner])) => Ok(!self.holds(inner)?),
            ("!Equals", Some([left, right])) => Ok(self.resolve(left)? == self.resolve(right)?),
            ("!And", Some(parts)) => parts
                .iter()
                .try_fold(true, |all, part| Ok(all && self.holds(part)?)),
            ("!Or", Some(parts)) => parts
                .iter()
                .try_fold(false, |any, part| Ok(any || self.holds(part)?)),
            ("!Condition", None) => match tagged.value.as_str() {
                Some(name) => self.condition(name),
                None => Err(Fault::new("!Condition needs a name")),
            },
            (tag, _) => Err(Fault::new(format!("the condition {tag} is not known"))),
        }
    }

    fn part(&self, section: &str, name: &str) -> Option<&Yaml> {
        self.root.get(section)?.get(name)
    }
}

fn unknown(name: &str) -> Fault {
    Fault::new(format!("{name} refers to nothing that is known"))
}

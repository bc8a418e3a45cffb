//! Reads the fields of a command. It collects the faults, so that the answer can name them all.

use std::collections::BTreeMap;

use prime_gaming::domain::{
    FieldsError, IdError, MAX_OPERATOR_CHARS, Timestamp, Waiting, fields, is_operator_text,
};
use prime_gaming::flow::{Order, Request, Sentences};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::command::Command;
use crate::fault::Fault;

/// The fields of a command, each as it was written.
type Fields<'a> = BTreeMap<String, &'a RawValue>;

/// Fields of every command that changes something. The others ignore them.
const OF_AN_ORDER: [&str; 4] = ["actor", "reason", "dry_run", "request_id"];

/// The largest page.
const MOST_LIMIT: usize = 100;
/// The size of a page where the command does not give one.
const USUAL_LIMIT: usize = 20;

/// The most rows of a table that a command reads.
const MOST_ROWS: usize = 50_000;
/// How many it reads where the command gives no number.
const USUAL_ROWS: usize = 5_000;

/// Whether a command needs an actor and a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// Without them it is refused.
    Needed,
    /// Without them it only warns.
    Wanted,
}

/// The fields of a command, and what is wrong with them so far.
pub(crate) struct Form<'a> {
    /// Which command it is.
    pub(crate) command: Command,
    fields: Fields<'a>,
    taken: Vec<&'static str>,
    faults: Vec<Fault>,
}

impl<'a> Form<'a> {
    /// The form of a command.
    ///
    /// # Errors
    /// If there is no such command, or it has a field twice.
    pub(crate) fn read(event: &'a RawValue) -> Result<Self, Vec<Fault>> {
        let fields = match fields(event) {
            Ok(fields) => fields,
            Err(FieldsError::NotAnObject) => Fields::new(),
            Err(error) => return Err(vec![Fault::invalid(format!("the command {error}"))]),
        };
        let name: Option<String> = parse(&fields, "command");
        let Some(command) = name.as_deref().and_then(Command::parse) else {
            let rule = format!("command must be one of {}", Command::words());
            return Err(vec![Fault::invalid(rule)]);
        };
        Ok(Self {
            command,
            fields,
            taken: Vec::new(),
            faults: Vec::new(),
        })
    }

    /// Says that something is wrong.
    pub(crate) fn fault(&mut self, detail: impl Into<String>) {
        self.faults.push(Fault::invalid(detail));
    }

    /// A field as it was written.
    pub(crate) fn raw(&mut self, name: &'static str) -> Option<&'a RawValue> {
        self.taken.push(name);
        self.fields.get(name).copied()
    }

    /// A field that must be an id.
    pub(crate) fn id<T: TryFrom<String, Error = IdError>>(
        &mut self,
        name: &'static str,
    ) -> Option<T> {
        let json = self.raw(name);
        let text = json.and_then(|json| serde_json::from_str::<String>(json.get()).ok());
        match T::try_from(text.unwrap_or_default()) {
            Ok(id) => Some(id),
            Err(error) => {
                self.fault(format!("{name} must be {}", error.rule()));
                None
            }
        }
    }

    /// An id that may be left out.
    pub(crate) fn optional_id<T: TryFrom<String, Error = IdError>>(
        &mut self,
        name: &'static str,
    ) -> Option<T> {
        match self.fields.get(name).map(|json| json.get()) {
            None | Some("null") => {
                self.taken.push(name);
                None
            }
            Some(_) => self.id(name),
        }
    }

    /// A reason for which entitlements wait for an operator: one that the command takes.
    pub(crate) fn waiting(
        &mut self,
        name: &'static str,
        is_needed: bool,
        is_taken: impl Fn(Waiting) -> bool,
    ) -> Option<Waiting> {
        let parse = |word: &str| Waiting::parse(word).filter(|waiting| is_taken(*waiting));
        let taken = Waiting::ALL
            .into_iter()
            .filter(|waiting| is_taken(*waiting));
        let words: Vec<_> = taken.map(Waiting::as_str).collect();
        let rule = format!("one of {}", words.join(", "));
        let faults = self.faults.len();
        let word = self.optional(name, &rule, |word: &String| parse(word).is_some());
        if is_needed && word.is_none() && self.faults.len() == faults {
            self.fault(format!("{name} is required: {rule}"));
        }
        word.and_then(|word| parse(&word))
    }

    /// A time that may be left out.
    pub(crate) fn time(&mut self, name: &'static str) -> Option<Timestamp> {
        let rule = "a time by RFC 3339, such as 2026-01-31T09:30:00Z";
        let text = self.optional(name, rule, |text: &String| Timestamp::parse(text).is_some());
        text.and_then(|text| Timestamp::parse(&text))
    }

    /// A field that may be left out. `rule` says what it must be.
    pub(crate) fn optional<T: DeserializeOwned>(
        &mut self,
        name: &'static str,
        rule: &str,
        is_good: impl Fn(&T) -> bool,
    ) -> Option<T> {
        let json = self.raw(name)?;
        let value: Option<Option<T>> = serde_json::from_str(json.get()).ok();
        match value {
            // `null` counts as left out.
            Some(None) => None,
            Some(Some(value)) if is_good(&value) => Some(value),
            _ => {
                self.fault(format!("{name} must be {rule}"));
                None
            }
        }
    }

    /// How many elements a page may have.
    pub(crate) fn limit(&mut self) -> usize {
        let rule = format!("a whole number from 1 to {MOST_LIMIT}");
        let given = self.optional("limit", &rule, |limit| (1..=MOST_LIMIT).contains(limit));
        given.unwrap_or(USUAL_LIMIT)
    }

    /// How many rows of a table a command reads.
    pub(crate) fn rows(&mut self) -> usize {
        let rule = format!("a whole number from 1 to {MOST_ROWS}");
        let given = self.optional("limit", &rule, |limit| (1..=MOST_ROWS).contains(limit));
        given.unwrap_or(USUAL_ROWS)
    }

    /// Where the page before ended.
    pub(crate) fn cursor(&mut self) -> Option<String> {
        self.optional("cursor", "the cursor of an earlier answer", |_| true)
    }

    /// The sentences for the player, in the language of the command.
    pub(crate) fn language(&mut self) -> &'static Sentences {
        let languages: Vec<_> = Sentences::languages().collect();
        let rule = languages.join(" or ");
        let is_known = |tag: &String| Sentences::of(Some(tag)).is_some();
        let given: Option<String> = self.optional("language", &rule, is_known);
        Sentences::of(given.as_deref()).unwrap_or_else(Sentences::usual)
    }

    /// The fields of every command that changes something.
    pub(crate) fn order(&mut self, why: Why, mut warnings: Vec<String>) -> Order {
        let rule = format!("1 to {MAX_OPERATOR_CHARS} characters without control characters");
        let is_good = |text: &String| is_operator_text(text);
        let mut texts = [None, None, None];
        for (text, (name, what)) in texts.iter_mut().zip([
            ("actor", "the person who asks for this"),
            ("reason", "a sentence that says why"),
            ("request_id", "an id of your own"),
        ]) {
            let faults = self.faults.len();
            *text = self.optional(name, &format!("{what}, in {rule}"), is_good);
            let is_missing = text.is_none() && self.faults.len() == faults && name != "request_id";
            match why {
                Why::Needed if is_missing => {
                    self.fault(format!("{name} is required: {what}, in {rule}"));
                }
                Why::Wanted if is_missing => {
                    warnings.push(format!("{name} is missing, so the audit record has none"));
                }
                _ => {}
            }
        }
        let dry_run = self.optional("dry_run", "true or false", |_| true);
        let [actor, reason, request_id] = texts;
        Order {
            command: self.command.as_str(),
            actor,
            reason,
            request: request_id.map(|id| Request::new(id, &self.digest())),
            dry_run: dry_run.unwrap_or(false),
            warnings,
        }
    }

    /// The fields as one text, in one order, without those that do not say what is to be done.
    fn digest(&self) -> String {
        let said = self
            .fields
            .iter()
            .filter(|(name, _)| !["dry_run", "request_id"].contains(&name.as_str()));
        let texts = said.map(|(name, json)| {
            // A string is the same however it is escaped.
            let text: Result<String, _> = serde_json::from_str(json.get());
            match text {
                Ok(text) => format!("{name:?}: {text:?}"),
                Err(_) => format!("{name:?}: {}", json.get()),
            }
        });
        texts.collect::<Vec<_>>().join("\n")
    }

    /// The fields that were read, if nothing is wrong with any.
    ///
    /// # Errors
    /// Everything that is wrong, unknown fields too.
    pub(crate) fn good<T>(mut self, read: Option<T>) -> Result<T, Vec<Fault>> {
        let known = |name: &str| {
            name == "command" || OF_AN_ORDER.contains(&name) || self.taken.contains(&name)
        };
        let unknown: Vec<_> = self.fields.keys().filter(|name| !known(name)).collect();
        let takes = match &self.taken[..] {
            [] => "no fields".to_owned(),
            taken => taken.join(", "),
        };
        let faults: Vec<_> = unknown
            .into_iter()
            .map(|name| {
                let name: String = name.chars().take(100).collect();
                Fault::invalid(format!(
                    "{name:?} is no field of {}, which takes {takes}",
                    self.command.as_str()
                ))
            })
            .collect();
        self.faults.extend(faults);
        match read {
            Some(read) if self.faults.is_empty() => Ok(read),
            _ => Err(self.faults),
        }
    }
}

fn parse<T: DeserializeOwned>(fields: &Fields<'_>, name: &str) -> Option<T> {
    serde_json::from_str(fields.get(name)?.get()).ok()
}

//! What was done, as a file: `{"version": 1, "actions": […]}`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::action::Action;
use super::game::Game;
use crate::Error;

/// The only version of the form.
const VERSION: u64 = 1;

/// The file as it is written.
#[derive(Serialize)]
struct Written<'a> {
    version: u64,
    actions: &'a [Action],
}

/// What the file must be.
const FORM: &str = "a script is {\"version\": 1, \"actions\": […]}, as the console saves it";

/// The file as it is read: each action by itself, so that an error names its line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read<'a> {
    #[serde(borrow)]
    version: &'a RawValue,
    #[serde(borrow)]
    actions: &'a RawValue,
}

/// The file, with a line for each action.
#[must_use]
pub fn write(actions: &[Action]) -> String {
    let written = Written {
        version: VERSION,
        actions,
    };
    let whole = serde_json::to_string(&written).unwrap_or_default();
    let lines: Vec<_> = actions
        .iter()
        .map(|action| format!("  {}", serde_json::to_string(action).unwrap_or_default()))
        .collect();
    if lines.is_empty() {
        return whole + "\n";
    }
    format!(
        "{{\"version\": {VERSION}, \"actions\": [\n{}\n]}}\n",
        lines.join(",\n")
    )
}

/// Reads the file. Nothing of it is carried out if one action is wrong.
///
/// # Errors
/// The line, the action and the field that are wrong.
pub fn read(text: &str) -> Result<Vec<Action>, Error> {
    // Some editors begin a file with a byte order mark, which is not JSON.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(format!("it is empty; {FORM}").into());
    }
    if !serde_json::from_str::<&RawValue>(text)?
        .get()
        .starts_with('{')
    {
        return Err(FORM.into());
    }
    let read: Read<'_> = serde_json::from_str(text)?;
    if read.version.get() != VERSION.to_string() {
        let (line, version) = (Place::of(read.version, text).line, read.version);
        return Err(format!("line {line}: `version` is {version}; only {VERSION} is known").into());
    }
    let Ok(listed) = serde_json::from_str::<Vec<&RawValue>>(read.actions.get()) else {
        let line = Place::of(read.actions, text).line;
        return Err(format!("line {line}: `actions` must be a list").into());
    };
    let game = Game::new();
    let mut players: BTreeSet<String> = game.players.into_iter().map(|it| it.id).collect();
    let mut actions = Vec::new();
    for (number, raw) in (1..).zip(listed) {
        let at = Place::of(raw, text);
        let wrong = |sentence: String| {
            let line = at.line_of(&sentence);
            format!("line {line}, action {number}: {sentence}")
        };
        if !raw.get().starts_with('{') {
            let sentence = "an action is an object, for example {\"do\": \"reconcile\"}";
            return Err(wrong(sentence.to_owned()).into());
        }
        let action = parse(raw.get()).map_err(wrong)?;
        action.check().map_err(|fault| wrong(fault.to_string()))?;
        if let Some(player) = action.player()
            && !players.contains(player)
        {
            return Err(wrong(format!("`player` is {player}, whom no action before adds")).into());
        }
        if let Action::Player { player, .. } = &action
            && !players.insert(player.clone())
        {
            return Err(wrong(format!("`player` is {player}, whom the game has already")).into());
        }
        actions.push(action);
    }
    Ok(actions)
}

/// The action, or what is wrong with it.
fn parse(raw: &str) -> Result<Action, String> {
    let told = |error: serde_json::Error| without_position(&error.to_string());
    let error = match serde_json::from_str(raw) {
        Ok(action) => return Ok(action),
        Err(error) => told(error),
    };
    if !error.starts_with("invalid ") {
        return Err(error);
    }
    // `serde` does not say which field has the wrong type: it is the one without which the error is another.
    let fields: Map<String, Value> = serde_json::from_str(raw).unwrap_or_default();
    let is_culprit = |name: &&String| {
        let mut others = fields.clone();
        others.remove(*name);
        let parsed = serde_json::from_value::<Action>(Value::Object(others));
        parsed
            .map_err(told)
            .err()
            .is_some_and(|other| other != error)
    };
    // Without `do` every error is another.
    let mut names = fields.keys().filter(|name| *name != "do");
    Err(match names.find(is_culprit) {
        Some(name) => format!("`{name}`: {error}"),
        None => error,
    })
}

/// The error without the position in its own text, which is not the one in the file.
fn without_position(error: &str) -> String {
    let sentence = error.rsplit_once(" at line ").map(|(sentence, _)| sentence);
    sentence.unwrap_or(error).to_owned()
}

/// Where an action is in the file.
struct Place<'a> {
    raw: &'a str,
    /// The line that it begins in.
    line: usize,
}

impl<'a> Place<'a> {
    fn of(raw: &'a RawValue, text: &str) -> Self {
        // The raw value is a part of the text.
        let offset = (raw.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
        let before = text.as_bytes().get(..offset).unwrap_or_default();
        Self {
            raw: raw.get(),
            line: 1 + before.iter().filter(|byte| **byte == b'\n').count(),
        }
    }

    /// The line of the field or word that the sentence names, or else of the action.
    fn line_of(&self, sentence: &str) -> usize {
        let named = sentence.split('`').nth(1);
        let at = named.and_then(|name| self.raw.find(&format!("\"{name}\"")));
        let before = &self.raw[..at.unwrap_or(0)];
        self.line + before.matches('\n').count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_read_as_it_was_written() {
        let actions = vec![
            Action::Player {
                player: "p2".to_owned(),
                name: "Kim".to_owned(),
            },
            Action::Check {
                player: "p2".to_owned(),
            },
            Action::Reconcile {},
        ];
        let text = write(&actions);
        assert_eq!(text.lines().count(), 5);
        assert_eq!(read(&text).expect("it is good"), actions);
        assert_eq!(read(&write(&[])).expect("it is good"), []);
        assert_eq!(
            read(&format!("\u{feff}{text}")).expect("it is good"),
            actions
        );
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line_and_field() {
        for (actions, said) in [
            (
                "{\"do\": \"reconcile\"},\n{\"do\": \"chek\"}",
                "line 3, action 2: unknown variant `chek`",
            ),
            (
                "{\"do\": \"check\",\n \"plyer\": \"p\"}",
                "line 3, action 1: unknown field `plyer`, expected `player`",
            ),
            (
                "{\"do\": \"check\"}",
                "line 2, action 1: missing field `player`",
            ),
            (
                "{\"do\": \"forward\",\n\n \"seconds\": 5}",
                "line 4, action 1: `seconds` is 5; it must be from 60",
            ),
            (
                "{\"do\": \"check\", \"player\": \"p9\"}",
                "line 2, action 1: `player` is p9, whom no action before adds",
            ),
            (
                "{\"do\": \"player\", \"player\": \"player-1\", \"name\": \"R\"}",
                "line 2, action 1: `player` is player-1, whom the game has already",
            ),
            (
                "{\"do\": \"forward\", \"seconds\": \"x\"}",
                "line 2, action 1: `seconds`: invalid type: string \"x\", expected u64",
            ),
            (
                "{\"do\": \"kill\", \"function\": \"link\",\n \"at\": -1, \"mode\": \"unheard\"}",
                "line 3, action 1: `at`: invalid value: integer `-1`, expected usize",
            ),
            (
                "17",
                "line 2, action 1: an action is an object, for example {",
            ),
        ] {
            let text = format!("{{\"version\": 1, \"actions\": [\n{actions}\n]}}");
            let error = read(&text).expect_err("it is wrong").to_string();
            assert!(error.starts_with(said), "{error}");
        }
    }

    #[test]
    fn another_form_is_refused() {
        for (text, said) in [
            (
                "{\"version\": 2, \"actions\": []}",
                "`version` is 2; only 1 is known",
            ),
            ("{\"version\": 1}", "missing field `actions` at line 1"),
            (
                "{\"version\": 1, \"actions\": [], \"x\": 1}",
                "unknown field `x`",
            ),
            ("{\"version\": 1,\n \"actions\": [}", "at line 2"),
            (
                "{\"version\": \"1\", \"actions\": []}",
                "line 1: `version` is \"1\"; only 1",
            ),
            (
                "{\"version\": 1,\n \"actions\": {}}",
                "line 2: `actions` must be a list",
            ),
            ("[]", "a script is {"),
            (" \n", "it is empty; a script is {"),
            ("\u{feff}[]", "a script is {"),
        ] {
            let error = read(text).expect_err("it is wrong").to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}

//! The rule of a composite alarm: `ALARM("a") AND (ALARM(b) OR NOT OK("c"))`.

use super::{Fault, State};

/// A rule over the states of other alarms.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Rule {
    /// Whether the alarm of this name is in this state.
    Is(State, String),
    Not(Box<Rule>),
    And(Box<Rule>, Box<Rule>),
    Or(Box<Rule>, Box<Rule>),
}

impl Rule {
    /// # Errors
    /// If it does not follow the syntax.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        let tokens = tokens(text)?;
        let mut parser = Parser { tokens: &tokens };
        let rule = parser.or()?;
        match parser.tokens.first() {
            None => Ok(rule),
            Some(token) => Err(unexpected(token)),
        }
    }

    /// The names of the alarms that it is about.
    pub(super) fn names(&self) -> Vec<&str> {
        match self {
            Self::Is(_, name) => vec![name],
            Self::Not(inner) => inner.names(),
            Self::And(left, right) | Self::Or(left, right) => {
                [left.names(), right.names()].concat()
            }
        }
    }

    /// Whether it holds when the alarms are in these states.
    pub(super) fn holds(&self, state: &impl Fn(&str) -> State) -> bool {
        match self {
            Self::Is(wanted, name) => state(name) == *wanted,
            Self::Not(inner) => !inner.holds(state),
            Self::And(left, right) => left.holds(state) && right.holds(state),
            Self::Or(left, right) => left.holds(state) || right.holds(state),
        }
    }
}

struct Parser<'a> {
    tokens: &'a [String],
}

impl Parser<'_> {
    fn or(&mut self) -> Result<Rule, Fault> {
        let mut left = self.and()?;
        while self.skip("OR") {
            left = Rule::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Rule, Fault> {
        let mut left = self.not()?;
        while self.skip("AND") {
            left = Rule::And(Box::new(left), Box::new(self.not()?));
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Rule, Fault> {
        if self.skip("NOT") {
            return Ok(Rule::Not(Box::new(self.not()?)));
        }
        if self.skip("(") {
            let inner = self.or()?;
            self.expect(")")?;
            return Ok(inner);
        }
        let state = match self.take()? {
            "ALARM" => State::Alarm,
            "OK" => State::Ok,
            "INSUFFICIENT_DATA" => State::InsufficientData,
            other => return Err(unexpected(other)),
        };
        self.expect("(")?;
        let name = self.take()?.to_owned();
        self.expect(")")?;
        Ok(Rule::Is(state, name))
    }

    fn skip(&mut self, word: &str) -> bool {
        let found = self.tokens.first().is_some_and(|token| token == word);
        if found {
            self.tokens = &self.tokens[1..];
        }
        found
    }

    fn take(&mut self) -> Result<&str, Fault> {
        let (first, rest) = self
            .tokens
            .split_first()
            .ok_or_else(|| Fault::new("the rule ends too early"))?;
        self.tokens = rest;
        Ok(first)
    }

    fn expect(&mut self, sign: &str) -> Result<(), Fault> {
        match self.take()? {
            found if found == sign => Ok(()),
            other => Err(unexpected(other)),
        }
    }
}

fn unexpected(token: &str) -> Fault {
    Fault::new(format!("{token} is not expected where it is in the rule"))
}

/// Brackets, and words; a name may be in quotes.
fn tokens(text: &str) -> Result<Vec<String>, Fault> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '(' | ')' => {
                tokens.push(first.to_string());
                1
            }
            '"' => {
                let end = rest[1..]
                    .find('"')
                    .ok_or_else(|| Fault::new("a quote in the rule has no end"))?;
                tokens.push(rest[1..=end].to_owned());
                end + 2
            }
            _ => {
                let word = |char: char| char.is_ascii_alphanumeric() || "-_".contains(char);
                let end = rest.find(|char| !word(char)).unwrap_or(rest.len());
                if end == 0 {
                    return Err(Fault::new(format!(
                        "the sign {first} in the rule is not known"
                    )));
                }
                tokens.push(rest[..end].to_owned());
                end
            }
        };
        rest = rest[end..].trim_start();
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the rule holds while `a` and `b` ring, `c` is quiet, and `d` has no data.
    fn holds(rule: &str) -> bool {
        let state = |name: &str| match name {
            "a" | "b" => State::Alarm,
            "c" => State::Ok,
            _ => State::InsufficientData,
        };
        Rule::parse(rule).expect(rule).holds(&state)
    }

    #[test]
    fn states_and_operators() {
        assert!(holds("ALARM(\"a\")"));
        assert!(holds("ALARM(b) AND OK(c)"));
        assert!(!holds("ALARM(a) AND ALARM(c)"));
        assert!(holds("ALARM(c) OR ALARM(d) OR ALARM(a)"));
        assert!(!holds("ALARM(c) OR ALARM(d)"));
        assert!(holds("INSUFFICIENT_DATA(\"d\") AND NOT ALARM(d)"));
        assert!(!holds("NOT (ALARM(c) OR ALARM(a))"));
    }

    #[test]
    fn not_binds_more_than_and_and_and_more_than_or() {
        assert!(holds("ALARM(a) OR ALARM(b) AND ALARM(c)"));
        assert!(!holds("(ALARM(a) OR ALARM(b)) AND ALARM(c)"));
        assert!(!holds("NOT ALARM(a) AND ALARM(c) OR ALARM(d)"));
        assert!(holds("NOT ALARM(c) OR ALARM(c)"));
    }

    #[test]
    fn names_the_alarms_it_is_about() {
        let rule = Rule::parse("ALARM(\"a-b\") AND (NOT OK(c_d) OR ALARM(e))").expect("sound");
        assert_eq!(rule.names(), ["a-b", "c_d", "e"]);
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for (rule, fault) in [
            ("", "the rule ends too early"),
            ("ALARM(a", "the rule ends too early"),
            (
                "ALARM(a) ALARM(b)",
                "ALARM is not expected where it is in the rule",
            ),
            ("ALARM a", "a is not expected where it is in the rule"),
            ("RINGS(a)", "RINGS is not expected where it is in the rule"),
            ("ALARM(\"a)", "a quote in the rule has no end"),
            ("ALARM(a) & ALARM(b)", "the sign & in the rule is not known"),
        ] {
            let found = Rule::parse(rule).expect_err(rule);
            assert_eq!(found.to_string(), fault, "{rule}");
        }
    }
}

//! A query of Metrics Insights: one sum over metrics that have the same name.
//!
//! Known is `SELECT SUM(Name) FROM SCHEMA("Namespace", Dimension, …) WHERE Dimension = 'a' OR …`.

use std::collections::BTreeSet;

use super::store::{Statistic, Store};
use super::{Fault, Metric};

/// A query that gives one series.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Query {
    name: String,
    namespace: String,
    /// A metric counts if it has these dimensions, and no others.
    dimensions: BTreeSet<String>,
    /// A metric counts if one of these dimensions has this value.
    wanted: Vec<(String, String)>,
}

impl Query {
    /// Whether this is a query, and not metric math.
    pub(super) fn is_one(text: &str) -> bool {
        text.trim_start().starts_with("SELECT ")
    }

    /// # Errors
    /// If it is of another form than the one that is known.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        let mut words = Words(tokens(text)?.into_iter());
        words.expect("SELECT")?;
        words.expect("SUM")?;
        words.expect("(")?;
        let name = words.word()?;
        for expected in [")", "FROM", "SCHEMA", "("] {
            words.expect(expected)?;
        }
        let namespace = words.quoted('"')?;
        let mut dimensions = BTreeSet::new();
        while words.one_of(&[",", ")"])? == "," {
            dimensions.insert(words.word()?);
        }
        words.expect("WHERE")?;
        let mut wanted = Vec::new();
        loop {
            let dimension = words.word()?;
            if !dimensions.contains(&dimension) {
                return Err(Fault::new(format!(
                    "{dimension} is not in the query's SCHEMA"
                )));
            }
            words.expect("=")?;
            wanted.push((dimension, words.quoted('\'')?));
            match words.0.next() {
                None => break,
                Some(Token::Plain(word)) if word == "OR" => {}
                Some(other) => return Err(unexpected(&other)),
            }
        }
        Ok(Self {
            name,
            namespace,
            dimensions,
            wanted,
        })
    }

    /// The sum over the metrics that count, of the `period` seconds before `end`.
    pub(super) fn sum(&self, store: &Store, period: u64, end: u64) -> Option<f64> {
        let points = store
            .metrics()
            .filter(|metric| self.counts(metric))
            .filter_map(|metric| store.get(metric, Statistic::Sum, period, end));
        points.reduce(|left, right| left + right)
    }

    fn counts(&self, metric: &Metric) -> bool {
        metric.name == self.name
            && metric.namespace == self.namespace
            && metric.dimensions.keys().eq(&self.dimensions)
            && self
                .wanted
                .iter()
                .any(|(name, value)| metric.dimensions.get(name) == Some(value))
    }
}

#[derive(Debug, PartialEq)]
enum Token {
    Plain(String),
    Quoted(char, String),
}

struct Words(std::vec::IntoIter<Token>);

impl Words {
    fn take(&mut self) -> Result<Token, Fault> {
        self.0
            .next()
            .ok_or_else(|| Fault::new("the query ends too early"))
    }

    fn expect(&mut self, text: &str) -> Result<(), Fault> {
        self.one_of(&[text]).map(|_| ())
    }

    fn one_of(&mut self, texts: &[&str]) -> Result<String, Fault> {
        match self.take()? {
            Token::Plain(word) if texts.contains(&word.as_str()) => Ok(word),
            other => Err(unexpected(&other)),
        }
    }

    fn word(&mut self) -> Result<String, Fault> {
        match self.take()? {
            Token::Plain(word) if word.starts_with(|char: char| char.is_ascii_alphabetic()) => {
                Ok(word)
            }
            other => Err(unexpected(&other)),
        }
    }

    fn quoted(&mut self, quote: char) -> Result<String, Fault> {
        match self.take()? {
            Token::Quoted(found, text) if found == quote => Ok(text),
            other => Err(unexpected(&other)),
        }
    }
}

fn unexpected(token: &Token) -> Fault {
    let (Token::Plain(text) | Token::Quoted(_, text)) = token;
    Fault::new(format!("{text} is not known where it is in the query"))
}

fn tokens(text: &str) -> Result<Vec<Token>, Fault> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '"' | '\'' => {
                let end = rest[1..]
                    .find(first)
                    .ok_or_else(|| Fault::new("a quote in the query has no end"))?;
                tokens.push(Token::Quoted(first, rest[1..=end].to_owned()));
                end + 2
            }
            _ if first.is_ascii_alphanumeric() => {
                let end = rest.find(|char: char| !char.is_ascii_alphanumeric());
                let end = end.unwrap_or(rest.len());
                tokens.push(Token::Plain(rest[..end].to_owned()));
                end
            }
            _ => {
                tokens.push(Token::Plain(first.to_string()));
                first.len_utf8()
            }
        };
        rest = rest[end..].trim_start();
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUERY: &str = "SELECT SUM(Errors) FROM SCHEMA(\"AWS/Lambda\", FunctionName) \
                         WHERE FunctionName = 'a-link' OR FunctionName = 'a-admin'";

    #[test]
    fn sums_the_metrics_that_count() {
        let mut store = Store::default();
        let mut put = |name: &str, dimensions: &[(&str, &str)], value: f64| {
            store.put(Metric::new("AWS/Lambda", name, dimensions), 30, value);
        };
        put("Errors", &[("FunctionName", "a-link")], 1.0);
        put("Errors", &[("FunctionName", "a-admin")], 2.0);
        put("Errors", &[("FunctionName", "other")], 4.0);
        put(
            "Errors",
            &[("FunctionName", "a-link"), ("Resource", "a-link:live")],
            8.0,
        );
        put("Errors", &[], 16.0);
        put("Throttles", &[("FunctionName", "a-link")], 32.0);
        let query = Query::parse(QUERY).expect("it is known");
        assert_eq!(query.sum(&store, 60, 60), Some(3.0));
        assert_eq!(query.sum(&store, 60, 120), None);
    }

    #[test]
    fn other_queries_are_refused() {
        for (from, to, fault) in [
            ("SUM", "AVG", "AVG is not known where it is in the query"),
            ("SCHEMA(", "(", "( is not known where it is in the query"),
            ("OR", "AND", "AND is not known where it is in the query"),
            (
                "= 'a-link'",
                "!= 'a-link'",
                "! is not known where it is in the query",
            ),
            (
                "WHERE FunctionName",
                "WHERE Resource",
                "Resource is not in the query's SCHEMA",
            ),
            (
                "'a-admin'",
                "'a-admin' GROUP BY FunctionName",
                "GROUP is not known where it is in the query",
            ),
            ("'a-admin'", "'a-admin", "a quote in the query has no end"),
            (
                " OR FunctionName = 'a-admin'",
                " OR",
                "the query ends too early",
            ),
        ] {
            let changed = QUERY.replacen(from, to, 1);
            let found = Query::parse(&changed).expect_err(&changed);
            assert_eq!(found.to_string(), fault, "{changed}");
        }
    }
}

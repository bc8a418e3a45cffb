//! Metric math, as far as the alarms use it.
//!
//! Numbers, ids, `+ - * /`, comparisons (1 or 0), `AND` and `OR` (also `&&` and `||`), `IF`, `FILL`
//! with a number or `REPEAT`, and `MAX`, `MIN`, `SUM` of an array. Everything else is a fault.
//!
//! A series has a point for each period, or none where data is missing. An operation on a missing
//! point, or one whose result is no number, has no point. `IF` needs only its condition and the
//! side that the condition chooses. `MAX`, `MIN` and `SUM` leave missing points out.

mod eval;
mod lexer;
mod parser;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::Fault;

/// A time series: for each period, in the order of time, its point.
pub(super) type Series = Vec<Option<f64>>;

/// An expression of metric math.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Expression(Node);

impl Expression {
    /// # Errors
    /// If it does not follow the syntax, or uses what is not known here.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        parser::parse(&lexer::tokens(text)?).map(Self)
    }

    /// The ids that it uses.
    pub(super) fn ids(&self) -> Vec<&str> {
        let mut ids = Vec::new();
        self.0.ids(&mut ids);
        ids
    }

    /// The series that it makes of these series, which all have as many points.
    ///
    /// # Errors
    /// If it uses another id, or makes a number or an array: an alarm needs one series.
    pub(super) fn evaluate(&self, series: &BTreeMap<&str, Series>) -> Result<Series, Fault> {
        match eval::evaluate(&self.0, series)? {
            eval::Value::Series(points) => Ok(points),
            eval::Value::Number(_) => Err(Fault::new("it makes a number, and not a series")),
            eval::Value::Array(_) => Err(Fault::new("it makes an array, and not one series")),
        }
    }
}

/// A part of an expression.
#[derive(Clone, Debug, PartialEq)]
enum Node {
    Number(f64),
    Id(String),
    Negate(Box<Node>),
    Operation(Operator, Box<Node>, Box<Node>),
    If(Box<Node>, Box<Node>, Box<Node>),
    Fill(Box<Node>, Filling),
    /// Of all series of the array, point by point.
    Aggregate(Aggregate, Box<Node>),
    Array(Vec<Node>),
}

impl Node {
    fn ids<'a>(&'a self, found: &mut Vec<&'a str>) {
        match self {
            Self::Number(_) => {}
            Self::Id(id) => found.push(id),
            Self::Negate(inner) | Self::Fill(inner, _) | Self::Aggregate(_, inner) => {
                inner.ids(found);
            }
            Self::Operation(_, left, right) => {
                [left, right].iter().for_each(|part| part.ids(found));
            }
            Self::If(test, yes, no) => [test, yes, no].iter().for_each(|part| part.ids(found)),
            Self::Array(parts) => parts.iter().for_each(|part| part.ids(found)),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
    And,
    Or,
}

/// What stands in for a missing point.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Filling {
    Number(f64),
    /// The last point before it, if there is one.
    Repeat,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Aggregate {
    Max,
    Min,
    Sum,
}

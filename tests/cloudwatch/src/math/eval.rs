//! From an expression and series to a value.

use std::collections::BTreeMap;

use super::super::Fault;
use super::{Aggregate, Filling, Node, Operator, Series};

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Number(f64),
    Series(Series),
    Array(Vec<Series>),
}

pub(super) fn evaluate(node: &Node, series: &BTreeMap<&str, Series>) -> Result<Value, Fault> {
    Ok(match node {
        Node::Number(number) => Value::Number(*number),
        Node::Id(id) => match series.get(id.as_str()) {
            Some(points) => Value::Series(points.clone()),
            None => return Err(Fault::new(format!("the id {id} is not known"))),
        },
        Node::Negate(inner) => {
            let inner = evaluate(inner, series)?;
            pointwise(&[inner], |[point]| Some(-point?))?
        }
        Node::Operation(operator, left, right) => {
            let parts = [evaluate(left, series)?, evaluate(right, series)?];
            pointwise(&parts, |[left, right]| {
                Some(operate(*operator, left?, right?))
            })?
        }
        Node::If(test, yes, no) => {
            let parts = [
                evaluate(test, series)?,
                evaluate(yes, series)?,
                evaluate(no, series)?,
            ];
            pointwise(
                &parts,
                |[test, yes, no]| if test? == 0.0 { no } else { yes },
            )?
        }
        Node::Fill(inner, filling) => match evaluate(inner, series)? {
            Value::Number(_) => return Err(Fault::new("FILL of a number is not known")),
            Value::Series(points) => Value::Series(fill(points, *filling)),
            Value::Array(all) => Value::Array(
                all.into_iter()
                    .map(|points| fill(points, *filling))
                    .collect(),
            ),
        },
        Node::Array(parts) => {
            let parts = parts.iter().map(|part| match evaluate(part, series)? {
                Value::Series(points) => Ok(points),
                _ => Err(Fault::new("an array is known of series only")),
            });
            Value::Array(parts.collect::<Result<_, _>>()?)
        }
        Node::Aggregate(aggregate, inner) => match evaluate(inner, series)? {
            Value::Array(all) => Value::Series(aggregated(*aggregate, &all)),
            _ => {
                return Err(Fault::new(
                    "MAX, MIN and SUM are known of arrays only, such as MAX([a, b])",
                ));
            }
        },
    })
}

/// `f` of each point of the parts. A number stands for itself at every point. A result that is
/// infinite or no number is no point.
fn pointwise<const N: usize>(
    parts: &[Value; N],
    f: impl Fn([Option<f64>; N]) -> Option<f64>,
) -> Result<Value, Fault> {
    let mut length = None;
    for part in parts {
        match part {
            Value::Number(_) => {}
            Value::Series(points) => length = Some(points.len()),
            Value::Array(_) => return Err(Fault::new("an operation on an array is not known")),
        }
    }
    let at = |index: usize| {
        let points = std::array::from_fn(|part| match &parts[part] {
            Value::Number(number) => Some(*number),
            Value::Series(points) => points.get(index).copied().flatten(),
            Value::Array(_) => None,
        });
        f(points).filter(|result| result.is_finite())
    };
    match length {
        Some(length) => Ok(Value::Series((0..length).map(at).collect())),
        None => at(0)
            .map(Value::Number)
            .ok_or_else(|| Fault::new("an operation on numbers has no result")),
    }
}

fn operate(operator: Operator, left: f64, right: f64) -> f64 {
    let truth = |truth: bool| f64::from(u8::from(truth));
    match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide => left / right,
        Operator::Less => truth(left < right),
        Operator::LessOrEqual => truth(left <= right),
        Operator::Greater => truth(left > right),
        Operator::GreaterOrEqual => truth(left >= right),
        Operator::Equal => truth(left == right),
        Operator::NotEqual => truth(left != right),
        Operator::And => truth(left != 0.0 && right != 0.0),
        Operator::Or => truth(left != 0.0 || right != 0.0),
    }
}

fn fill(points: Series, filling: Filling) -> Series {
    let mut last = match filling {
        Filling::Number(number) => Some(number),
        Filling::Repeat => None,
    };
    let filled = points.into_iter().map(|point| {
        if matches!(filling, Filling::Repeat) {
            last = point.or(last);
        }
        point.or(last)
    });
    filled.collect()
}

fn aggregated(aggregate: Aggregate, all: &[Series]) -> Series {
    let length = all.first().map_or(0, Vec::len);
    let at = |index: usize| {
        let points = all
            .iter()
            .filter_map(|points| points.get(index).copied().flatten());
        match aggregate {
            Aggregate::Max => points.reduce(f64::max),
            Aggregate::Min => points.reduce(f64::min),
            Aggregate::Sum => points.reduce(|left, right| left + right),
        }
    };
    (0..length).map(at).collect()
}

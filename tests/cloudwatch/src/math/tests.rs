use super::*;

/// Evaluates with `a` = 1, 2, missing, 4 and `b` = 10, missing, missing, 2.
fn of(expression: &str) -> Result<Series, String> {
    let series = BTreeMap::from([
        ("a", vec![Some(1.0), Some(2.0), None, Some(4.0)]),
        ("b", vec![Some(10.0), None, None, Some(2.0)]),
    ]);
    Expression::parse(expression)
        .and_then(|expression| expression.evaluate(&series))
        .map_err(|fault| fault.to_string())
}

#[track_caller]
fn gives(expression: &str, points: [impl Into<Option<f64>>; 4]) {
    assert_eq!(
        of(expression),
        Ok(points.map(Into::into).into()),
        "{expression}"
    );
}

const NONE: Option<f64> = None;

#[test]
fn arithmetic_by_points() {
    gives("a + b", [Some(11.0), NONE, NONE, Some(6.0)]);
    gives("a - b", [Some(-9.0), NONE, NONE, Some(2.0)]);
    gives("a * b", [Some(10.0), NONE, NONE, Some(8.0)]);
    gives("b / a", [Some(10.0), NONE, NONE, Some(0.5)]);
    gives("-a", [Some(-1.0), Some(-2.0), NONE, Some(-4.0)]);
    gives("a", [Some(1.0), Some(2.0), NONE, Some(4.0)]);
}

#[test]
fn the_order_of_operations() {
    gives("a + 2 * 3", [Some(7.0), Some(8.0), NONE, Some(10.0)]);
    gives("(a + 2) * 3", [Some(9.0), Some(12.0), NONE, Some(18.0)]);
    gives("8 - a - 1", [Some(6.0), Some(5.0), NONE, Some(3.0)]);
    gives("8 / a / 2", [Some(4.0), Some(2.0), NONE, Some(1.0)]);
    gives(
        "a + 1 > 2 AND a < 4",
        [Some(0.0), Some(1.0), NONE, Some(0.0)],
    );
    gives(
        "a == 1 OR a == 4 AND a == 5",
        [Some(1.0), Some(0.0), NONE, Some(0.0)],
    );
}

#[test]
fn a_division_by_zero_has_no_point() {
    gives("1 / (a - 2)", [Some(-1.0), NONE, NONE, Some(0.5)]);
    gives("0 / (a - 2)", [Some(0.0), NONE, NONE, Some(0.0)]);
}

#[test]
fn comparisons_are_one_or_zero() {
    gives("a < 2", [Some(1.0), Some(0.0), NONE, Some(0.0)]);
    gives("a <= 2", [Some(1.0), Some(1.0), NONE, Some(0.0)]);
    gives("a > 2", [Some(0.0), Some(0.0), NONE, Some(1.0)]);
    gives("a >= 2", [Some(0.0), Some(1.0), NONE, Some(1.0)]);
    gives("a == 2", [Some(0.0), Some(1.0), NONE, Some(0.0)]);
    gives("a != 2", [Some(1.0), Some(0.0), NONE, Some(1.0)]);
    gives("a == 2 && a > 0", [Some(0.0), Some(1.0), NONE, Some(0.0)]);
    gives("a == 2 || b == 2", [Some(0.0), NONE, NONE, Some(1.0)]);
}

#[test]
fn if_needs_its_condition_and_the_chosen_side() {
    gives(
        "IF(a > 1, 100, 7)",
        [Some(7.0), Some(100.0), NONE, Some(100.0)],
    );
    gives("IF(a > 1, b, a)", [Some(1.0), NONE, NONE, Some(2.0)]);
    gives("IF(a > 2, b, 0)", [Some(0.0), Some(0.0), NONE, Some(2.0)]);
    gives("IF(FILL(a, 0) >= 2, 1 / a, 0)", [0.0, 0.5, 0.0, 0.25]);
}

#[test]
fn fill_fills() {
    gives("FILL(b, 0)", [10.0, 0.0, 0.0, 2.0]);
    gives("FILL(b, -1.5)", [10.0, -1.5, -1.5, 2.0]);
    gives("FILL(b, REPEAT)", [10.0, 10.0, 10.0, 2.0]);
    gives(
        "FILL(1 / (a - 1), REPEAT)",
        [NONE, Some(1.0), Some(1.0), Some(1.0 / 3.0)],
    );
    gives("SUM(FILL([a, b], 1))", [11.0, 3.0, 2.0, 6.0]);
}

#[test]
fn aggregates_leave_missing_points_out() {
    gives("MAX([a, b])", [Some(10.0), Some(2.0), NONE, Some(4.0)]);
    gives("MIN([a, b])", [Some(1.0), Some(2.0), NONE, Some(2.0)]);
    gives("SUM([a, b])", [Some(11.0), Some(2.0), NONE, Some(6.0)]);
    gives(
        "MAX([a, b * 3]) - 1",
        [Some(29.0), Some(1.0), NONE, Some(5.0)],
    );
}

#[test]
fn what_is_not_known_is_refused() {
    let refused = |expression: &str, sentence: &str| {
        assert_eq!(of(expression), Err(sentence.to_owned()), "{expression}");
    };
    refused("c", "the id c is not known");
    refused("RATE(a)", "the function RATE is not known");
    refused("if(a, 1, 0)", "the function if is not known");
    refused(
        "FILL(a, LINEAR)",
        "FILL is known with a number or REPEAT only",
    );
    refused("FILL(a, b)", "FILL is known with a number or REPEAT only");
    refused("FILL(1, 0)", "FILL of a number is not known");
    refused("IF(a, 1)", "IF needs three arguments");
    refused(
        "MAX(a)",
        "MAX, MIN and SUM are known of arrays only, such as MAX([a, b])",
    );
    refused("MAX([a, 1])", "an array is known of series only");
    refused("a ^ 2", "^ is not expected where it is");
    refused("a AND NOT b", "NOT is not expected where it is");
    refused("a b", "b is not expected where it is");
    refused("A", "A is not expected where it is");
    refused("a +", "the expression ends too early");
    refused("(a", "the expression ends too early");
    refused("a % 2", "the sign % is not known");
    refused("1.2.3 + a", "1.2.3 is no number");
    refused("1 + 1", "it makes a number, and not a series");
    refused("[a, b]", "it makes an array, and not one series");
    refused("[a, b] + 1", "an operation on an array is not known");
}

#[test]
fn knows_the_ids_it_uses() {
    let expression = Expression::parse("IF(a > 1, MAX([b, FILL(c, 0)]), -d)").expect("it is sound");
    assert_eq!(expression.ids(), ["a", "b", "c", "d"]);
}

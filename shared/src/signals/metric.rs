//! The metrics, and how a line's fields become their values.

/// A metric that a line carries.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name in the namespace `PrimeGaming`.
    pub name: &'static str,
    /// Its unit.
    pub unit: Unit,
    /// Its value.
    pub value: Value,
    /// When the line carries it.
    pub condition: Condition,
    /// Whether it is also counted by SKU.
    pub by_sku: bool,
}

/// The unit of a metric, as CloudWatch names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// `Count`.
    Count,
    /// `Seconds`.
    Seconds,
}

impl Unit {
    /// CloudWatch's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Seconds => "Seconds",
        }
    }
}

/// Where the value of a metric comes from.
#[derive(Clone, Copy, Debug)]
pub enum Value {
    /// It is 1.
    One,
    /// It is the number in this field.
    Field(&'static str),
}

/// When a line carries a metric.
#[derive(Clone, Copy, Debug)]
pub enum Condition {
    /// Always.
    Always,
    /// If this field is `true`.
    True(&'static str),
    /// If this field has one of these values.
    OneOf(&'static str, &'static [&'static str]),
}

/// A reason for which an entitlement is held although no offer has its SKU: Amazon's words are
/// unbounded, so these are counted as `other`.
pub(super) const WITHOUT_OFFER: &[&str] = &["unknown_offer", "unknown_instruction"];

impl Metric {
    /// Counts lines.
    pub(super) const fn count(name: &'static str) -> Self {
        Self {
            name,
            unit: Unit::Count,
            value: Value::One,
            condition: Condition::Always,
            by_sku: false,
        }
    }

    /// A number in a field.
    pub(super) const fn field(name: &'static str, unit: Unit, field: &'static str) -> Self {
        Self {
            value: Value::Field(field),
            unit,
            ..Self::count(name)
        }
    }

    /// Only in lines where this field is `true`.
    pub(super) const fn if_true(self, field: &'static str) -> Self {
        Self {
            condition: Condition::True(field),
            ..self
        }
    }

    /// Only in lines where this field has one of these values.
    pub(super) const fn if_one_of(
        self,
        field: &'static str,
        values: &'static [&'static str],
    ) -> Self {
        Self {
            condition: Condition::OneOf(field, values),
            ..self
        }
    }

    /// Counted by SKU, too.
    pub(super) const fn by_sku(self) -> Self {
        Self {
            by_sku: true,
            ..self
        }
    }

    /// The fields that it needs.
    pub fn reads(&self) -> impl Iterator<Item = &'static str> {
        let value = match self.value {
            Value::One => None,
            Value::Field(field) => Some(field),
        };
        let condition = match self.condition {
            Condition::Always => None,
            Condition::True(field) | Condition::OneOf(field, _) => Some(field),
        };
        let sku = self.by_sku.then_some("sku");
        value.into_iter().chain(condition).chain(sku)
    }
}

//! What is to happen, by its time.

use std::collections::BTreeMap;

use prime_gaming::domain::Timestamp;

/// What players, the schedule of `reconcile` and the outage do next. What is due at the same time
/// happens in the order in which it was noted.
#[derive(Debug)]
pub(super) struct Agenda<T> {
    noted: u64,
    entries: BTreeMap<(i64, u64), T>,
}

impl<T> Agenda<T> {
    pub(super) fn new() -> Self {
        Self {
            noted: 0,
            entries: BTreeMap::new(),
        }
    }

    pub(super) fn note(&mut self, at: Timestamp, entry: T) {
        self.noted += 1;
        self.entries.insert((at.as_millis(), self.noted), entry);
    }

    /// The next one that is due before `end`.
    pub(super) fn next(&mut self, end: Timestamp) -> Option<(Timestamp, T)> {
        let first = self.entries.first_entry()?;
        let at = first.key().0;
        (at < end.as_millis()).then(|| (Timestamp::from_millis(at), first.remove()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_by_time_and_then_in_the_order_of_noting() {
        let at = Timestamp::from_millis;
        let mut agenda = Agenda::new();
        for (time, what) in [(5, "c"), (3, "a"), (5, "d"), (4, "b"), (9, "late")] {
            agenda.note(at(time), what);
        }
        let mut order = Vec::new();
        while let Some((_, what)) = agenda.next(at(9)) {
            order.push(what);
        }
        assert_eq!(order, ["a", "b", "c", "d"]);
    }
}

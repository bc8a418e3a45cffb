//! Whether a table of the database is as the service needs it.

use super::Finding;

/// An index as the service needs it, or as the database describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexShape {
    /// Its name.
    pub name: String,
    /// Its key: `pk:S` or `pk:S open:S`.
    pub key: String,
    /// What it holds of an item: `ALL`, `KEYS_ONLY`, or `INCLUDE` and the attributes.
    pub holds: String,
    /// Whether it is a local one, which can be read strongly.
    pub is_local: bool,
}

/// A table as the service needs it, or as the database describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableShape {
    /// Its key, as an index's.
    pub key: String,
    /// Its indexes.
    pub indexes: Vec<IndexShape>,
    /// The attribute by which items expire.
    pub ttl: Option<String>,
}

/// What the database says of a table. `None`: this database does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableFacts {
    /// Its form.
    pub shape: TableShape,
    /// Whether it can be restored to any second of the last weeks.
    pub recovery: Option<bool>,
    /// Whether it can't be deleted by mistake.
    pub protection: Option<bool>,
}

/// Whether the table of this name is as the service needs it. A fault of its form fails every player;
/// a missing protection does so only in a disaster.
#[must_use]
pub fn judge_table(name: &str, wanted: &TableShape, facts: &TableFacts) -> Finding {
    let faults = shape_faults(wanted, &facts.shape);
    let mut missing = Vec::new();
    let mut fixes = Vec::new();
    if !faults.is_empty() {
        fixes.push(format!(
            "Deploy the stack's template again; if it can't mend the table {name}, restore the table \
             from a backup into one with the template's form."
        ));
    }
    if let (Some(ttl), None) = (&wanted.ttl, &facts.shape.ttl) {
        missing.push(format!("its items do not expire by {ttl}"));
        fixes.push(format!(
            "Turn on the TTL: aws dynamodb update-time-to-live --table-name {name} \
             --time-to-live-specification Enabled=true,AttributeName={ttl}."
        ));
    }
    if facts.recovery == Some(false) {
        missing.push("it has no point-in-time recovery".to_owned());
        fixes.push(format!(
            "Turn on point-in-time recovery: aws dynamodb update-continuous-backups --table-name {name} \
             --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true."
        ));
    }
    if facts.protection == Some(false) {
        missing.push("it has no deletion protection".to_owned());
        fixes.push("Deploy with DeletionProtection set to true.".to_owned());
    }
    let all: Vec<_> = faults.iter().chain(&missing).cloned().collect();
    if all.is_empty() {
        return Finding::well(healthy(name, wanted, facts));
    }
    let detail = format!("{name}: {}", all.join("; "));
    let fix = fixes.join(" ");
    if faults.is_empty() {
        Finding::unwell(detail, fix)
    } else {
        Finding::grave(detail, fix)
    }
}

fn shape_faults(wanted: &TableShape, found: &TableShape) -> Vec<String> {
    let mut faults = Vec::new();
    if found.key != wanted.key {
        faults.push(format!("its key is {}, and not {}", found.key, wanted.key));
    }
    for index in &wanted.indexes {
        match found.indexes.iter().find(|it| it.name == index.name) {
            None => faults.push(format!("it has no index {}", index.name)),
            Some(it) if it != index => faults.push(format!(
                "its index {} is {}, and not {}",
                index.name,
                described(it),
                described(index)
            )),
            Some(_) => {}
        }
    }
    // Without it old items stay, which every read knows. A restored table has none.
    if found.ttl != wanted.ttl && found.ttl.is_some() {
        let said = |ttl: &Option<String>| match ttl {
            Some(attribute) => format!("expire by {attribute}"),
            None => "do not expire".to_owned(),
        };
        faults.push(format!(
            "its items {}, and must {}",
            said(&found.ttl),
            said(&wanted.ttl).replacen("do not", "not", 1)
        ));
    }
    faults
}

fn described(index: &IndexShape) -> String {
    let kind = if index.is_local { "local" } else { "global" };
    format!("{kind} by {} with {}", index.key, index.holds)
}

fn healthy(name: &str, wanted: &TableShape, facts: &TableFacts) -> String {
    let indexes: Vec<_> = wanted.indexes.iter().map(|it| it.name.as_str()).collect();
    let mut detail = format!("{name} has its key {}", wanted.key);
    if !indexes.is_empty() {
        detail += &format!(", its indexes {}", indexes.join(", "));
    }
    if let Some(ttl) = &wanted.ttl {
        detail += &format!(", its TTL by {ttl}");
    }
    let protections = [
        (facts.recovery, "point-in-time recovery"),
        (facts.protection, "deletion protection"),
    ];
    for (is_there, what) in protections {
        if is_there == Some(true) {
            detail += &format!(", {what}");
        }
    }
    for (is_there, what) in protections {
        if is_there.is_none() {
            detail += &format!("; this local database does not tell whether it has {what}");
        }
    }
    detail
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> TableShape {
        TableShape {
            key: "pk:S sk:S".to_owned(),
            indexes: vec![index("open", "pk:S open:S", "ALL", true)],
            ttl: None,
        }
    }

    fn index(name: &str, key: &str, holds: &str, is_local: bool) -> IndexShape {
        IndexShape {
            name: name.to_owned(),
            key: key.to_owned(),
            holds: holds.to_owned(),
            is_local,
        }
    }

    fn facts(shape: TableShape) -> TableFacts {
        TableFacts {
            shape,
            recovery: Some(true),
            protection: Some(true),
        }
    }

    #[test]
    fn a_table_as_it_should_be_is_well_and_so_is_an_index_more() {
        let mut more = wanted();
        more.indexes.push(index("other", "pk:S", "ALL", false));
        for shape in [wanted(), more] {
            let finding = judge_table("t", &wanted(), &facts(shape));
            assert!(finding.ok, "{finding:?}");
            for part in ["pk:S sk:S", "open", "recovery", "protection"] {
                assert!(finding.detail.contains(part), "{finding:?}");
            }
        }
    }

    #[test]
    fn a_fault_of_its_form_is_named_and_stops_a_rollout() {
        let with = |change: &dyn Fn(&mut TableShape)| {
            let mut shape = wanted();
            change(&mut shape);
            judge_table("t", &wanted(), &facts(shape))
        };
        for (finding, named) in [
            (with(&|it| it.key = "pk:S".to_owned()), "its key is pk:S"),
            (with(&|it| it.indexes.clear()), "it has no index open"),
            (
                with(&|it| it.indexes[0].holds = "KEYS_ONLY".to_owned()),
                "local by pk:S open:S with KEYS_ONLY, and not local by pk:S open:S with ALL",
            ),
            (
                with(&|it| it.indexes[0].is_local = false),
                "its index open is global",
            ),
            (
                with(&|it| it.ttl = Some("ttl".to_owned())),
                "its items expire by ttl, and must not expire",
            ),
        ] {
            assert!(!finding.ok && finding.stops_rollout, "{finding:?}");
            assert!(finding.detail.contains(named), "{named} in {finding:?}");
            assert!(finding.fix.is_some_and(|fix| fix.contains("template")));
        }
    }

    #[test]
    fn a_missing_protection_is_named_and_does_not_stop_a_rollout() {
        for (recovery, protection, named, fix) in [
            (
                Some(false),
                Some(true),
                "point-in-time recovery",
                "update-continuous-backups",
            ),
            (
                Some(true),
                Some(false),
                "deletion protection",
                "DeletionProtection",
            ),
        ] {
            let facts = TableFacts {
                recovery,
                protection,
                ..facts(wanted())
            };
            let finding = judge_table("t", &wanted(), &facts);
            assert!(!finding.ok && !finding.stops_rollout, "{finding:?}");
            assert!(finding.detail.contains(named), "{finding:?}");
            assert!(finding.fix.is_some_and(|it| it.contains(fix)));
        }
    }

    #[test]
    fn a_missing_ttl_is_named_and_does_not_stop_a_rollout() {
        let wanted = TableShape {
            ttl: Some("ttl".to_owned()),
            ..wanted()
        };
        let finding = judge_table(
            "t",
            &wanted,
            &facts(TableShape {
                ttl: None,
                ..wanted.clone()
            }),
        );
        assert_eq!((finding.ok, finding.stops_rollout), (false, false));
        assert!(
            finding.detail.contains("do not expire by ttl"),
            "{finding:?}"
        );
        assert!(
            finding
                .fix
                .is_some_and(|fix| fix.contains("update-time-to-live"))
        );
    }

    #[test]
    fn what_a_database_does_not_tell_is_said_and_is_no_fault() {
        let facts = TableFacts {
            recovery: None,
            protection: None,
            shape: wanted(),
        };
        let finding = judge_table("t", &wanted(), &facts);
        assert!(finding.ok, "{finding:?}");
        assert_eq!(finding.detail.matches("does not tell").count(), 2);
    }
}

//! `docs/operating.md` against the code: every event that is logged is in its tables, and no other.

use std::collections::BTreeSet;
use std::path::Path;

use local::build::workspace;

use crate::markdown;

/// The events that the sources below this folder log.
fn logged(folder: &Path, events: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let is_test = |path: &Path| {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            name.split('_').any(|word| word == "tests")
        };
        if is_test(&path) {
            continue;
        }
        if path.is_dir() {
            logged(&path, events);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = std::fs::read_to_string(&path).expect("text");
            let after = text.split("event = \"").skip(1);
            events.extend(after.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
        }
    }
}

#[test]
fn the_page_names_every_event_that_is_logged() {
    let mut code = BTreeSet::new();
    for folder in ["shared/src", "functions"] {
        logged(&workspace().join(folder), &mut code);
    }
    let tables = markdown::tables("operating.md").into_iter();
    let tables = tables.filter(|table| table.header.first().is_some_and(|first| first == "event"));
    let rows = tables.flat_map(|table| table.rows);
    let page: BTreeSet<_> = rows.flat_map(|row| row[0].clone()).collect();
    let missing: Vec<_> = code.difference(&page).collect();
    let unknown: Vec<_> = page.difference(&code).collect();
    assert!(code.len() > 50, "too few events were found: {code:?}");
    assert_eq!((missing, unknown), (vec![], vec![]));
}

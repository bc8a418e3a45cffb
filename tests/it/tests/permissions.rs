//! Every permission of the functions' roles is used. Cargo runs these tests after `it`, in the order
//! of their names, and `it` records what it used.

use std::collections::BTreeSet;

use it::permissions::{allowed, recorded};
use local::template::Permission;

fn lines(permissions: &BTreeSet<&Permission>) -> Vec<String> {
    permissions.iter().map(ToString::to_string).collect()
}

#[test]
fn the_roles_allow_nothing_of_the_database_that_no_test_uses() {
    let used = match recorded() {
        Ok(used) => used,
        Err(why) => return local::tools::skip(&why),
    };
    let of_database = |permission: &&Permission| permission.action.starts_with("dynamodb:");
    let allowed: BTreeSet<_> = allowed().iter().filter(of_database).collect();
    let unused = allowed
        .difference(&used.iter().collect())
        .copied()
        .collect();
    assert_eq!(lines(&unused), [""; 0], "no test of `it` uses these");
    // More than the roles allow fails in the test that does it.
    assert!(used.len() > 20, "{used:?}");
}

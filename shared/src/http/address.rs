//! Addresses that a browser is sent to.

use url::Url;

/// The address of one of our own paths. `base_url` may end in a path, which stays in front: with a
/// custom domain it is the key of an API mapping.
#[must_use]
pub fn address(base_url: &Url, path: &str) -> Url {
    let mut address = base_url.clone();
    address.set_path(&format!("{}{path}", base_url.path().trim_end_matches('/')));
    address
}

/// `url` with the outcome joined to its query: `status=linked`, or `error=` and a code. Path,
/// query and fragment stay as they are.
#[must_use]
pub fn with_outcome(url: &Url, name: &str, value: &str) -> Url {
    let mut url = url.clone();
    url.query_pairs_mut().append_pair(name, value);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_addresses_are_below_the_path_of_the_base_url() {
        for (base, expected) in [
            ("https://a.example", "https://a.example/link/start"),
            ("https://a.example/", "https://a.example/link/start"),
            (
                "https://a.example/prime",
                "https://a.example/prime/link/start",
            ),
            ("https://a.example/x/y/", "https://a.example/x/y/link/start"),
        ] {
            let base = Url::parse(base).expect("a URL");
            assert_eq!(address(&base, "/link/start").as_str(), expected);
        }
    }

    #[test]
    fn an_outcome_joins_the_query() {
        for (url, wanted) in [
            ("https://a.example", "https://a.example/?status=linked"),
            ("https://a.example/p?", "https://a.example/p?status=linked"),
            (
                "https://a.example/p?q=a%20b&r#f",
                "https://a.example/p?q=a%20b&r&status=linked#f",
            ),
            ("mygame:linked", "mygame:linked?status=linked"),
            ("mygame://x/y?z=1", "mygame://x/y?z=1&status=linked"),
        ] {
            let url = Url::parse(url).expect("a URL");
            assert_eq!(with_outcome(&url, "status", "linked").as_str(), wanted);
        }
    }
}

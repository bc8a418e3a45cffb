//! The routes of the API, and which of them a request takes.
//!
//! API Gateway names the route in `routeKey`. That name decides, and not the path: with a custom
//! domain, an API mapping may put a path in front.

/// Every route, by the name that API Gateway gives it.
pub const ROUTES: [&str; 15] = [
    "POST /v1/link/sessions",
    "POST /v1/link/login",
    "POST /v1/link/devices",
    "POST /v1/link/devices/{id}",
    "GET /v1/link",
    "DELETE /v1/link",
    "GET /link",
    "GET /link/continue",
    "GET /link/start",
    "POST /link/start",
    "GET /link/callback",
    "GET /health",
    "POST /v1/entitlements/check",
    "GET /v1/entitlements",
    "POST /v1/fulfillments",
];

/// The `routeKey` of a gateway without routes, like `cargo lambda watch`.
const NO_ROUTES: &str = "$default";

/// The route that `key` names. Without a name the method and the path decide.
pub(super) fn find(key: Option<&str>, method: &str, path: &str) -> Option<&'static str> {
    match key {
        Some(key) if key != NO_ROUTES => ROUTES.into_iter().find(|route| *route == key),
        _ => ROUTES.into_iter().find(|route| {
            route
                .split_once(' ')
                .is_some_and(|(its_method, pattern)| its_method == method && fits(pattern, path))
        }),
    }
}

/// The path in a route's name.
pub(super) fn path_of(route: &'static str) -> Option<&'static str> {
    route.split_once(' ').map(|(_, path)| path)
}

/// The part of `path` in the place of `{id}`, counted from the end, so that a path in front does not
/// matter.
pub(super) fn id_in<'a>(route: &str, path: &'a str) -> Option<&'a str> {
    let parts = route.rsplit('/').zip(path.rsplit('/'));
    parts
        .into_iter()
        .find_map(|(pattern, part)| is_variable(pattern).then_some(part))
}

fn fits(pattern: &str, path: &str) -> bool {
    pattern.split('/').count() == path.split('/').count()
        && pattern
            .split('/')
            .zip(path.split('/'))
            .all(|(pattern, part)| pattern == part || is_variable(pattern) && !part.is_empty())
}

fn is_variable(pattern: &str) -> bool {
    pattern.starts_with('{')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gateways_name_decides_and_not_the_path() {
        for route in ROUTES {
            assert_eq!(find(Some(route), "GET", "/prime/elsewhere"), Some(route));
        }
        for key in [
            "GET /nowhere",
            "get /v1/link",
            "GET  /v1/link",
            "",
            "ANY /v1/link",
        ] {
            assert_eq!(find(Some(key), "GET", "/v1/link"), None, "{key}");
        }
    }

    #[test]
    fn without_a_name_method_and_path_decide() {
        for key in [None, Some("$default")] {
            for route in ROUTES {
                let (method, path) = route.split_once(' ').expect("two parts");
                assert_eq!(find(key, method, &path.replace("{id}", "a-b")), Some(route));
            }
            for (method, path) in [
                ("PUT", "/v1/link"),
                ("POST", "/v1/link/devices/"),
                ("POST", "/v1/link/devices/a/b"),
                ("GET", "/v1/link/devices/a"),
                ("GET", "/v1/link/"),
                ("GET", "/prime/v1/link"),
                ("GET", ""),
            ] {
                assert_eq!(find(key, method, path), None, "{method} {path}");
            }
        }
    }

    #[test]
    fn an_id_is_found_behind_whatever_stands_in_front() {
        let route = "POST /v1/link/devices/{id}";
        assert_eq!(id_in(route, "/v1/link/devices/abc"), Some("abc"));
        assert_eq!(id_in(route, "/prime/v1/link/devices/abc"), Some("abc"));
        assert_eq!(id_in("GET /v1/link", "/v1/link"), None);
    }
}

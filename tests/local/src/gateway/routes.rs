//! Which route a request takes: the most specific one that fits, as in API Gateway.

use percent_encoding::percent_decode_str;
use std::collections::BTreeMap;

use crate::template::Route;

/// Routes, each with what it leads to.
#[derive(Clone, Debug)]
pub struct Routes<T>(Vec<(Route, T)>);

/// The route that a request takes.
#[derive(Clone, Debug)]
pub struct Match<'a, T> {
    /// The route.
    pub route: &'a Route,
    /// What the route leads to.
    pub target: &'a T,
    /// The values of the route's variable parts, decoded.
    pub parameters: BTreeMap<String, String>,
}

/// One part of a route's path. The order is API Gateway's: the earlier, the more specific.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part<'a> {
    Literal(&'a str),
    Variable(&'a str),
    Rest(&'a str),
}

impl<'a> Part<'a> {
    fn of(text: &'a str) -> Self {
        match text
            .strip_prefix('{')
            .and_then(|text| text.strip_suffix('}'))
        {
            None => Self::Literal(text),
            Some(name) => name
                .strip_suffix('+')
                .map_or(Self::Variable(name), Self::Rest),
        }
    }

    const fn rank(self) -> u8 {
        match self {
            Self::Literal(_) => 0,
            Self::Variable(_) => 1,
            Self::Rest(_) => 2,
        }
    }
}

impl<T> Routes<T> {
    /// These routes.
    #[must_use]
    pub fn new(routes: Vec<(Route, T)>) -> Self {
        Self(routes)
    }

    /// The route for this method and path, if there is one. The path is as it came, encoded.
    #[must_use]
    pub fn find(&self, method: &str, path: &str) -> Option<Match<'_, T>> {
        self.0
            .iter()
            .filter(|(route, _)| route.method == "ANY" || route.method == method)
            .filter_map(|(route, target)| {
                let parameters = parameters(&route.path, path)?;
                Some(Match {
                    route,
                    target,
                    parameters,
                })
            })
            .min_by_key(|found| {
                let parts = found
                    .route
                    .path
                    .split('/')
                    .map(|part| Part::of(part).rank());
                (parts.collect::<Vec<_>>(), found.route.method == "ANY")
            })
    }
}

/// The values of the variable parts, if the path fits the pattern.
fn parameters(pattern: &str, path: &str) -> Option<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let mut rest = Some(path);
    for part in pattern.split('/').map(Part::of) {
        let here = rest?;
        let (segment, after) = match (part, here.split_once('/')) {
            (Part::Rest(_), _) => (here, None),
            (_, Some((segment, after))) => (segment, Some(after)),
            (_, None) => (here, None),
        };
        match part {
            Part::Literal(text) if text == segment => {}
            Part::Variable(name) | Part::Rest(name) if !segment.is_empty() => {
                found.insert(name.to_owned(), decode(segment));
            }
            _ => return None,
        }
        rest = after;
    }
    rest.is_none().then_some(found)
}

fn decode(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes() -> Routes<u8> {
        let route = |method: &str, path: &str| Route {
            method: method.to_owned(),
            path: path.to_owned(),
        };
        Routes::new(vec![
            (route("ANY", "/v1/{rest+}"), 0),
            (route("POST", "/v1/devices/{id}"), 1),
            (route("POST", "/v1/devices/all"), 2),
            (route("GET", "/link"), 3),
            (route("ANY", "/link"), 4),
        ])
    }

    #[test]
    fn the_most_specific_route_wins() {
        let routes = routes();
        let target = |method, path| routes.find(method, path).map(|found| *found.target);
        assert_eq!(target("POST", "/v1/devices/all"), Some(2));
        assert_eq!(target("POST", "/v1/devices/7"), Some(1));
        assert_eq!(target("GET", "/v1/devices/7"), Some(0));
        assert_eq!(target("POST", "/v1/devices/7/more"), Some(0));
        assert_eq!(target("GET", "/link"), Some(3));
        assert_eq!(target("POST", "/link"), Some(4));
        for path in ["/", "/link/", "/linkage", "/v1", "/v1/", "/v2/devices"] {
            assert_eq!(target("GET", path), None, "{path}");
        }
    }

    #[test]
    fn variable_parts_are_decoded() {
        let routes = routes();
        let found = routes
            .find("POST", "/v1/devices/a%20b+c%26d")
            .expect("it fits");
        assert_eq!(found.parameters["id"], "a b+c&d");
        let found = routes.find("GET", "/v1/x/y").expect("it fits");
        assert_eq!(found.parameters["rest"], "x/y");
    }
}

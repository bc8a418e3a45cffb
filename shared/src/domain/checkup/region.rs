//! Whether Amazon's addresses belong to one region.
//!
//! Login with Amazon has three regions, and its hosts are documented. Prime Gaming has one known host,
//! `twitch.amazon.com`. No region's documentation names another one, so it counts for every region.

use std::fmt;

use super::Finding;

/// The hosts in the settings, each with its setting's name.
#[derive(Clone, Copy, Debug)]
pub struct Hosts<'a> {
    /// The page that the browser is sent to.
    pub authorize: (&'static str, &'a str),
    /// The services of Login with Amazon that are on one host.
    pub lwa: &'a [(&'static str, &'a str)],
    /// Both calls of Prime Gaming.
    pub prime_gaming: &'a [(&'static str, &'a str)],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Region {
    NorthAmerica,
    Europe,
    FarEast,
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NorthAmerica => "North America",
            Self::Europe => "the EU",
            Self::FarEast => "the Far East",
        })
    }
}

impl Region {
    /// The region of a host, where that is known.
    fn of(host: &str) -> Option<Self> {
        match host {
            "www.amazon.com" | "na.account.amazon.com" | "api.amazon.com" => {
                Some(Self::NorthAmerica)
            }
            "eu.account.amazon.com" | "api.amazon.co.uk" => Some(Self::Europe),
            "apac.account.amazon.com" | "api.amazon.co.jp" => Some(Self::FarEast),
            _ if host.ends_with(".amazon.co.uk") => Some(Self::Europe),
            _ if host.ends_with(".amazon.co.jp") => Some(Self::FarEast),
            _ => None,
        }
    }
}

/// Whether the hosts belong to one region.
#[must_use]
pub fn one_region(hosts: &Hosts<'_>) -> Finding {
    for (service, hosts) in [
        ("Login with Amazon", hosts.lwa),
        ("Prime Gaming", hosts.prime_gaming),
    ] {
        if let Some((first, others)) = hosts.split_first()
            && let Some(other) = others.iter().find(|(_, host)| *host != first.1)
        {
            return Finding::grave(
                format!(
                    "{} leads to {} and {} leads to {}, but {service} has one host",
                    first.0, first.1, other.0, other.1
                ),
                format!("Set {} and {} to the same host.", first.0, other.0),
            );
        }
    }
    let all = [hosts.authorize]
        .into_iter()
        .chain(hosts.lwa.iter().copied())
        .chain(hosts.prime_gaming.iter().copied());
    let known: Vec<_> = all
        .filter_map(|(setting, host)| Some((setting, host, Region::of(host)?)))
        .collect();
    let Some((first, others)) = known.split_first() else {
        return Finding::well(format!(
            "{}: the hosts agree with each other; their region is not known",
            hosts.lwa.first().map_or("", |(_, host)| host)
        ));
    };
    match others.iter().find(|(_, _, region)| *region != first.2) {
        Some(other) => Finding::grave(
            format!(
                "{} leads to {}, which is of {}, and {} leads to {}, which is of {}",
                first.0, first.1, first.2, other.0, other.1, other.2
            ),
            "Set the addresses of Login with Amazon and Prime Gaming to those of one region: the \
             region of your security profile.",
        ),
        None => Finding::well(format!("all known hosts are of {}", first.2)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(authorize: &str, lwa: [&str; 2], prime_gaming: [&str; 2]) -> Finding {
        one_region(&Hosts {
            authorize: ("AUTHORIZE", authorize),
            lwa: &[("TOKEN", lwa[0]), ("PROFILE", lwa[1])],
            prime_gaming: &[("LIST", prime_gaming[0]), ("FULFILL", prime_gaming[1])],
        })
    }

    #[test]
    fn hosts_of_one_region_are_well() {
        let twitch = ["twitch.amazon.com"; 2];
        for (authorize, lwa, prime_gaming, region) in [
            ("www.amazon.com", "api.amazon.com", twitch, "North America"),
            (
                "eu.account.amazon.com",
                "api.amazon.co.uk",
                twitch,
                "the EU",
            ),
            (
                "apac.account.amazon.com",
                "api.amazon.co.jp",
                twitch,
                "the Far East",
            ),
            ("127.0.0.1", "127.0.0.1", ["127.0.0.1"; 2], "not known"),
        ] {
            let finding = judged(authorize, [lwa; 2], prime_gaming);
            assert!(finding.ok, "{finding:?}");
            assert!(finding.detail.contains(region), "{finding:?}");
        }
    }

    #[test]
    fn hosts_of_two_regions_are_named_with_their_settings() {
        let twitch = ["twitch.amazon.com"; 2];
        for (authorize, lwa, prime_gaming, named) in [
            (
                "www.amazon.com",
                ["api.amazon.co.uk"; 2],
                twitch,
                [
                    "AUTHORIZE leads to www.amazon.com",
                    "TOKEN leads to api.amazon.co.uk",
                ],
            ),
            (
                "www.amazon.com",
                ["api.amazon.com", "api.amazon.co.jp"],
                twitch,
                [
                    "TOKEN leads to api.amazon.com",
                    "PROFILE leads to api.amazon.co.jp",
                ],
            ),
            (
                "www.amazon.com",
                ["api.amazon.com"; 2],
                ["twitch.amazon.com", "other.example"],
                [
                    "LIST leads to twitch.amazon.com",
                    "FULFILL leads to other.example",
                ],
            ),
            (
                "www.amazon.com",
                ["api.amazon.com"; 2],
                ["twitch.amazon.co.uk"; 2],
                [
                    "AUTHORIZE leads to www.amazon.com",
                    "LIST leads to twitch.amazon.co.uk",
                ],
            ),
        ] {
            let finding = judged(authorize, lwa, prime_gaming);
            assert!(!finding.ok && finding.stops_rollout, "{finding:?}");
            assert!(finding.fix.is_some());
            for part in named {
                assert!(finding.detail.contains(part), "{part} in {finding:?}");
            }
        }
    }
}

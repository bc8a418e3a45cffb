//! Where an address leads: to this machine, its link, a private network, or the internet. This is the
//! defence against SSRF.
//!
//! The studio sets the webhook's address, and its DNS decides where a request goes. Neither may lead
//! a request to this process, its link, or a cloud's metadata service. The functions here are pure.
//! The settings judge the host of a URL at the start, and the client judges every address that a
//! name resolves to when it connects, so DNS rebinding gains nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Where an address is, as far as a request to the studio's backend is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// On the internet.
    Public,
    /// In a private network: RFC 1918, RFC 6598 (shared, 100.64.0.0/10) and RFC 4193 (ULA). It is
    /// called only where a setting allows it.
    Private,
    /// Where no backend can be: this machine, its link, multicast, documentation, tunnels, reserved
    /// ranges, and the metadata service of a cloud. It is never called.
    Never,
}

impl Reach {
    /// Where `address` is. An IPv6 address that embeds an IPv4 address is judged by that one.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(v4) => Self::of_v4(v4),
            IpAddr::V6(v6) => embedded_v4(v6).map_or_else(|| Self::of_v6(v6), Self::of_v4),
        }
    }

    /// Where the host of `url` is, if that can be told without a resolver: it is an address, or a
    /// name that always means this machine (RFC 6761).
    #[must_use]
    pub fn of_host(url: &Url) -> Option<Self> {
        match url.host()? {
            Host::Domain(name) => {
                let name = name.trim_end_matches('.');
                let here = name == "localhost" || name.ends_with(".localhost");
                here.then_some(Self::Never)
            }
            Host::Ipv4(address) => Some(Self::of(address.into())),
            Host::Ipv6(address) => Some(Self::of(address.into())),
        }
    }

    /// Whether such an address may be called, where `private` says whether private networks may.
    #[must_use]
    pub fn is_allowed(self, private: bool) -> bool {
        match self {
            Self::Public => true,
            Self::Private => private,
            Self::Never => false,
        }
    }

    fn of_v4(v4: Ipv4Addr) -> Self {
        match v4.octets() {
            [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => Self::Private,
            // "This network", loopback, and link-local, where clouds put their metadata services.
            [0 | 127, ..] | [169, 254, ..] => Self::Never,
            // IETF protocol assignments, the relays of 6to4, benchmarks.
            [192, 0, 0, _] | [192, 88, 99, _] | [198, 18 | 19, ..] => Self::Never,
            // Documentation.
            [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Self::Never,
            // Multicast, reserved, broadcast.
            [224..=255, ..] => Self::Never,
            _ => Self::Public,
        }
    }

    fn of_v6(v6: Ipv6Addr) -> Self {
        match v6.segments() {
            // AWS's services on an instance, like the metadata service, have addresses like ULA's.
            [0xfd00, 0x0ec2, ..] => Self::Never,
            [0xfc00..=0xfdff, ..] => Self::Private,
            // IETF protocol assignments, Teredo among them.
            [0x2001, 0..=0x01ff, ..] => Self::Never,
            // Documentation.
            [0x2001, 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => Self::Never,
            // The range of the internet's hosts.
            [0x2000..=0x3fff, ..] => Self::Public,
            _ => Self::Never,
        }
    }
}

/// Whether `url` leads to this very machine: `localhost`, `127.0.0.0/8` or `[::1]`.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The IPv4 address that a packet to `v6` ends at.
fn embedded_v4(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    let (high, low) = match v6.segments() {
        // `::` and `::1` are IPv6's own.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => return None,
        // IPv4-compatible, IPv4-mapped, IPv4-translated (SIIT), and NAT64 by its well-known prefix.
        [0, 0, 0, 0, 0, 0, high, low]
        | [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => (high, low),
        // 6to4.
        [0x2002, high, low, ..] => (high, low),
        _ => return None,
    };
    Some(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC: [&str; 14] = [
        "8.8.8.8",
        "1.1.1.1",
        "100.63.255.255",
        "100.128.0.0",
        "169.253.255.255",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "223.255.255.255",
        "2600:1f18::1",
        "2a05:d018::1",
        "64:ff9b::808:808",
        "::ffff:8.8.8.8",
        "2002:808:808::1",
    ];

    const PRIVATE: [&str; 18] = [
        "10.0.0.0",
        "10.255.255.255",
        "172.16.0.0",
        "172.31.255.255",
        "192.168.0.1",
        "100.64.0.0",
        "100.127.255.255",
        "fc00::1",
        "fd00:ec1::254",
        "fd12:3456:789a::1",
        "fdff:ffff::1",
        "::ffff:10.0.0.1",
        "::10.0.0.1",
        "::ffff:0:192.168.0.1",
        "64:ff9b::a00:1",
        "64:ff9b::6440:1",
        "2002:a00:1::",
        "2002:c0a8:1::1",
    ];

    const NEVER: [&str; 52] = [
        "0.0.0.0",
        "0.1.2.3",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.0.0",
        "169.254.169.254",
        "169.254.170.2",
        "169.254.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "198.18.0.0",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:0.0.0.0",
        "::ffff:169.254.169.254",
        "::ffff:0:127.0.0.1",
        "::ffff:0:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::a9fe:a9fe",
        "64:ff9b:1::808:808",
        "64:ff9b:0:1::808:808",
        "100::1",
        "2001::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:2::1",
        "2001:20::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "2002:a9fe:a9fe::1",
        "3fff::1",
        "3fff:fff::1",
        "4000::1",
        "5f00::1",
        "fd00:ec2::254",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
        "1::1",
        "e000::1",
    ];

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn every_range_has_its_reach() {
        for (addresses, reach) in [
            (PUBLIC.as_slice(), Reach::Public),
            (PRIVATE.as_slice(), Reach::Private),
            (NEVER.as_slice(), Reach::Never),
        ] {
            for text in addresses {
                assert_eq!(Reach::of(address(text)), reach, "{text}");
            }
        }
    }

    #[test]
    fn the_setting_opens_private_networks_and_nothing_else() {
        for (reach, without, with) in [
            (Reach::Public, true, true),
            (Reach::Private, false, true),
            (Reach::Never, false, false),
        ] {
            assert_eq!(reach.is_allowed(false), without, "{reach:?}");
            assert_eq!(reach.is_allowed(true), with, "{reach:?}");
        }
    }

    #[test]
    fn every_spelling_of_a_host_is_the_same_host() {
        for (url, reach) in [
            ("https://studio.example/", None),
            ("https://localhost.example/", None),
            ("https://localhost/", Some(Reach::Never)),
            ("https://LOCALHOST./", Some(Reach::Never)),
            ("https://a.b.localhost/", Some(Reach::Never)),
            ("https://127.1/", Some(Reach::Never)),
            ("https://2130706433/", Some(Reach::Never)),
            ("https://0x7f.0.0.1/", Some(Reach::Never)),
            ("https://0177.0.0.1/", Some(Reach::Never)),
            ("https://0/", Some(Reach::Never)),
            ("https://[::]/", Some(Reach::Never)),
            ("https://[::ffff:7f00:1]/", Some(Reach::Never)),
            ("https://[fd00:ec2::254]/", Some(Reach::Never)),
            ("https://169.254.169.254/", Some(Reach::Never)),
            ("https://0xa9fea9fe/", Some(Reach::Never)),
            ("https://10.1/", Some(Reach::Private)),
            ("https://[fd12::1]/", Some(Reach::Private)),
            ("https://8.8.8.8/", Some(Reach::Public)),
            ("mailto:help@studio.example", None),
        ] {
            let parsed = Url::parse(url).expect("a URL");
            assert_eq!(Reach::of_host(&parsed), reach, "{url}");
        }
    }
}

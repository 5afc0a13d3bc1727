//! Which addresses and ports feedmill connects to.
//!
//! An address is public if it is assigned for use on the whole internet: the registries of special-purpose addresses (RFC 6890, kept by
//! IANA) name those that are not. IPv6 addresses that contain an IPv4 address are as public as that one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use url::{Host, Url};

/// IPv4 networks that are not public, as address and length of the prefix.
const SPECIAL_IPV4: [(Ipv4Addr, u8); 15] = [
    // "this" network, private networks, carrier-grade NAT
    (Ipv4Addr::UNSPECIFIED, 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    // loopback, link-local (metadata services of clouds), protocol assignments
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    // documentation, 6to4 relays, benchmarks
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    // multicast, reserved and broadcast
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// Global unicast (RFC 4291, section 2.4): no other IPv6 addresses are assigned.
const GLOBAL_IPV6: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
/// Networks of global unicast that are not public: protocol assignments with Teredo, documentation, 6to4.
const SPECIAL_IPV6: [(Ipv6Addr, u8); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];
/// Translated IPv4 addresses (NAT64, RFC 6052): the last 32 bits are the IPv4 address.
const NAT64: (Ipv6Addr, u8) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

/// Ports of other protocols, which no web server uses: the list of browsers (the Fetch standard, section 2.9, "bad ports"), and those
/// of common databases.
const BLOCKED_PORTS: [u16; 93] = [
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110, 111,
    113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554,
    556, 563, 587, 601, 636, 989, 990, 993, 995, 1433, 1719, 1720, 1723, 2049, 3306, 3389, 3659, 4045, 4190, 5060, 5061, 5432,
    6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 9200, 9300, 10080, 11211, 27017, 27018,
];

/// Whether `port` belongs to another protocol than HTTP.
#[must_use]
pub fn is_blocked_port(port: u16) -> bool {
    BLOCKED_PORTS.binary_search(&port).is_ok()
}

/// Whether `address` is reachable from the whole internet, and not only from this machine or its networks.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => !SPECIAL_IPV4.iter().any(|&network| contains_v4(network, address)),
        IpAddr::V6(address) if contains_v6(NAT64, address) => {
            let [.., a, b, c, d] = address.octets();
            is_public(Ipv4Addr::new(a, b, c, d).into())
        }
        IpAddr::V6(address) => {
            contains_v6(GLOBAL_IPV6, address) && !SPECIAL_IPV6.iter().any(|&network| contains_v6(network, address))
        }
    }
}

/// Whether a connection to `address` may be made, if the networks `allowed` are allowed on purpose.
#[must_use]
pub fn may_connect(address: IpAddr, allowed: &[IpNet]) -> bool {
    let address = address.to_canonical();
    is_public(address) || allowed.iter().any(|network| network.contains(&address))
}

/// The networks that a person allows by naming `url`: a literal address allows itself, and `localhost` allows loopback. A name allows
/// nothing, because its owner decides where it leads.
#[must_use]
pub fn named_networks(url: &Url) -> Vec<IpNet> {
    let loopback = || ["127.0.0.0/8", "::1/128"].iter().filter_map(|network| network.parse().ok());
    match url.host() {
        Some(Host::Ipv4(address)) => vec![IpNet::from(IpAddr::from(address))],
        Some(Host::Ipv6(address)) => vec![IpNet::from(IpAddr::from(address).to_canonical())],
        Some(Host::Domain(name)) if name.trim_end_matches('.') == "localhost" => loopback().collect(),
        _ => Vec::new(),
    }
}

fn contains_v4((network, length): (Ipv4Addr, u8), address: Ipv4Addr) -> bool {
    Ipv4Net::new(network, length).is_ok_and(|network| network.contains(&address))
}

fn contains_v6((network, length): (Ipv6Addr, u8), address: Ipv6Addr) -> bool {
    Ipv6Net::new(network, length).is_ok_and(|network| network.contains(&address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_addresses() {
        for (address, expected) in [
            ("1.1.1.1", true),
            ("8.8.8.8", true),
            ("172.15.255.255", true),
            ("172.32.0.0", true),
            ("100.63.255.255", true),
            ("100.128.0.0", true),
            ("192.0.1.1", true),
            ("198.17.255.255", true),
            ("223.255.255.255", true),
            ("0.0.0.0", false),
            ("0.1.2.3", false),
            ("10.0.0.1", false),
            ("100.64.0.1", false),
            ("100.127.255.255", false),
            ("127.0.0.1", false),
            ("127.255.255.254", false),
            ("169.254.169.254", false),
            ("172.16.0.1", false),
            ("172.31.255.255", false),
            ("192.0.0.1", false),
            ("192.0.2.1", false),
            ("192.88.99.1", false),
            ("192.168.1.1", false),
            ("198.18.0.1", false),
            ("198.19.255.255", false),
            ("198.51.100.7", false),
            ("203.0.113.7", false),
            ("224.0.0.1", false),
            ("240.0.0.1", false),
            ("255.255.255.255", false),
            ("2606:4700::1111", true),
            ("2a00:1450:4001::1", true),
            ("::", false),
            ("::1", false),
            ("::ffff:127.0.0.1", false),
            ("::ffff:10.0.0.1", false),
            ("::ffff:1.1.1.1", true),
            // the deprecated form without ffff
            ("::127.0.0.1", false),
            ("64:ff9b::7f00:1", false),
            ("64:ff9b::a00:1", false),
            ("64:ff9b::101:101", true),
            ("64:ff9b:1::1", false),
            ("100::1", false),
            ("2001::1", false),
            ("2001:db8::1", false),
            ("2002:7f00:1::", false),
            ("3fff::1", false),
            ("5f00::1", false),
            ("fc00::1", false),
            ("fd12:3456::1", false),
            ("fe80::1", false),
            ("fec0::1", false),
            ("ff02::1", false),
        ] {
            assert_eq!(is_public(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn allowed_networks_are_added() {
        let allowed: Vec<IpNet> = vec!["127.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        for (address, expected) in [
            ("127.0.0.1", true),
            ("::ffff:127.0.0.1", true),
            ("fd00::1", true),
            ("::1", false),
            ("10.0.0.1", false),
            ("1.1.1.1", true),
        ] {
            assert_eq!(may_connect(address.parse().unwrap(), &allowed), expected, "{address}");
        }
    }

    #[test]
    fn a_literal_address_allows_itself_and_a_name_nothing() {
        for (url, expected) in [
            ("http://192.168.1.7:8080/feed", vec!["192.168.1.7/32"]),
            ("http://2130706433/", vec!["127.0.0.1/32"]),
            ("http://0x7f.1/", vec!["127.0.0.1/32"]),
            ("http://[::1]/", vec!["::1/128"]),
            ("http://[::ffff:7f00:1]/", vec!["127.0.0.1/32"]),
            ("http://localhost:2368/rss/", vec!["127.0.0.0/8", "::1/128"]),
            ("http://localhost.example.com/", vec![]),
            ("http://nas.local/", vec![]),
        ] {
            let networks: Vec<String> = named_networks(&url.parse().unwrap())
                .iter()
                .map(ToString::to_string)
                .collect();
            assert_eq!(networks, expected, "{url}");
        }
    }

    #[test]
    fn ports_of_other_protocols() {
        assert!(BLOCKED_PORTS.is_sorted());
        for (port, expected) in [
            (22, true),
            (25, true),
            (6379, true),
            (80, false),
            (443, false),
            (8080, false),
            (2368, false),
        ] {
            assert_eq!(is_blocked_port(port), expected, "{port}");
        }
    }
}

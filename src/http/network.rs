//! The networks of client addresses.

use std::net::IpAddr;

use ipnet::IpNet;

/// The network that counts as one client: an IPv4 address, or the 64 bits of IPv6 that one subscriber has.
#[must_use]
pub fn client_network(address: IpAddr) -> IpAddr {
    network(address, 32, 64)
}

/// The network that the access log shows: enough to tell one flood from another, too little to tell people apart.
#[must_use]
pub fn logged_network(address: IpAddr) -> IpAddr {
    network(address, 24, 48)
}

/// Whether `address` is this machine itself.
#[must_use]
pub fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// The first address of the network that contains `address`, by the length of its prefix. An IPv4 address in an IPv6 spelling, which a
/// socket for both families has, is an IPv4 address.
fn network(address: IpAddr, ipv4_bits: u8, ipv6_bits: u8) -> IpAddr {
    let address = address.to_canonical();
    let bits = if address.is_ipv4() { ipv4_bits } else { ipv6_bits };
    IpNet::new(address, bits).map_or(address, |network| network.network())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks() {
        for (address, client, logged) in [
            ("192.0.2.77", "192.0.2.77", "192.0.2.0"),
            ("::ffff:192.0.2.77", "192.0.2.77", "192.0.2.0"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::", "2001:db8:1::"),
            ("2001:db8:1:2:ffff::9", "2001:db8:1:2::", "2001:db8:1::"),
            ("2001:db8:1:3::3", "2001:db8:1:3::", "2001:db8:1::"),
            ("::1", "::", "::"),
        ] {
            let address = address.parse().unwrap();
            assert_eq!(client_network(address).to_string(), client, "{address}");
            assert_eq!(logged_network(address).to_string(), logged, "{address}");
        }
    }

    #[test]
    fn loopback_addresses() {
        for (address, expected) in [
            ("127.0.0.1", true),
            ("127.1.2.3", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("192.0.2.1", false),
            ("::", false),
        ] {
            assert_eq!(is_loopback(address.parse().unwrap()), expected, "{address}");
        }
    }
}

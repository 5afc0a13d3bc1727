//! The guard of requests to other servers, against the `ipaddress` module of Python.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::process::{Command, Stdio};

use feedmill::outgoing::address::is_public;
use ipnet::IpNet;

/// Networks whose edges are compared: those of the registries of IANA, and what lies between them.
const NETWORKS: [&str; 47] = [
    "0.0.0.0/8",
    "1.1.1.0/24",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.0.8/29",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "255.255.255.255/32",
    "::/128",
    "::1/128",
    "::/96",
    "::ffff:0:0/96",
    "::ffff:127.0.0.0/104",
    "::ffff:10.0.0.0/104",
    "::ffff:169.254.0.0/112",
    "::ffff:8.8.8.0/120",
    "64:ff9b::/96",
    "64:ff9b::7f00:0/104",
    "64:ff9b::a9fe:0/112",
    "64:ff9b::808:800/120",
    "64:ff9b:1::/48",
    "100::/64",
    "2000::/3",
    "2001::/23",
    "2001:1::/32",
    "2001:db8::/32",
    "2002::/16",
    "2620:4f:8000::/48",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
];

/// Where the guard refuses addresses that Python calls global, and why.
const STRICTER: [(&str, &str); 8] = [
    ("224.0.0.0/4", "multicast: no server is there"),
    (
        "192.0.0.0/24",
        "protocol assignments: the anycast addresses in it lead to a machine of this network",
    ),
    ("192.88.99.0/24", "relays of 6to4, withdrawn in 2015 (RFC 7526)"),
    (
        "2001::/23",
        "protocol assignments, among them Teredo, which contains an IPv4 address",
    ),
    ("2002::/16", "6to4 contains an IPv4 address, which may be private"),
    (
        "3fff::/20",
        "documentation since 2024 (RFC 9637), which an older Python does not know",
    ),
    (
        "::/3",
        "not assigned as global unicast: loopback, local translation (RFC 8215)",
    ),
    ("4000::/2", "not assigned"),
];
/// The rest of what is not assigned in IPv6.
const UNASSIGNED: &str = "8000::/1";

/// Prints for each address whether it is global. An address that contains an IPv4 address is as global as that one.
const ORACLE: &str = "
import ipaddress, sys
nat64 = ipaddress.ip_network('64:ff9b::/96')
for line in sys.stdin:
    address = ipaddress.ip_address(line.strip())
    if address.version == 6 and address.ipv4_mapped:
        address = address.ipv4_mapped
    elif address.version == 6 and address in nat64:
        address = ipaddress.ip_address(int(address) & 0xffffffff)
    print(int(address.is_global))
";

fn next(address: IpAddr, step: i8) -> IpAddr {
    match address {
        IpAddr::V4(address) => Ipv4Addr::from(u32::from(address).wrapping_add_signed(step.into())).into(),
        IpAddr::V6(address) => Ipv6Addr::from(u128::from(address).wrapping_add_signed(step.into())).into(),
    }
}

/// The edges of all networks, and addresses at random in each.
fn addresses() -> Vec<IpAddr> {
    let mut addresses = Vec::new();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = || {
        // xorshift: the same addresses in each run
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for network in NETWORKS {
        let network: IpNet = network.parse().unwrap();
        let (first, last) = (network.network(), network.broadcast());
        addresses.extend([first, next(first, -1), next(first, 1), last, next(last, -1), next(last, 1)]);
        for _ in 0..40 {
            addresses.push(match (first, network.hostmask()) {
                (IpAddr::V4(first), IpAddr::V4(mask)) => {
                    let low = u32::try_from(random() >> 32).unwrap();
                    Ipv4Addr::from(u32::from(first) | low & u32::from(mask)).into()
                }
                (IpAddr::V6(first), IpAddr::V6(mask)) => {
                    let low = u128::from(random()) << 64 | u128::from(random());
                    Ipv6Addr::from(u128::from(first) | low & u128::from(mask)).into()
                }
                _ => unreachable!("a network has one family"),
            });
        }
    }
    addresses.extend((0..2000).map(|_| IpAddr::from(Ipv4Addr::from(u32::try_from(random() >> 32).unwrap()))));
    addresses
}

/// Returns Python's answer for each address; `None` without Python.
fn ask_python(addresses: &[IpAddr]) -> Option<Vec<bool>> {
    let mut python = Command::new("python3")
        .args(["-c", ORACLE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let questions: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    let mut input = python.stdin.take().unwrap();
    let writing = std::thread::spawn(move || input.write_all(questions.join("\n").as_bytes()));
    let output = python.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    assert!(output.status.success(), "python3 failed");
    let answers = String::from_utf8(output.stdout).unwrap();
    Some(answers.lines().map(|line| line == "1").collect())
}

#[test]
fn no_address_is_connected_to_that_python_does_not_call_global() {
    let addresses = addresses();
    let Some(answers) = ask_python(&addresses) else {
        println!("skipped: there is no python3");
        return;
    };
    assert_eq!(answers.len(), addresses.len());
    assert!(answers.contains(&true) && answers.contains(&false));
    let stricter = STRICTER.iter().map(|(network, _)| *network).chain([UNASSIGNED]);
    let stricter: Vec<IpNet> = stricter.map(|network| network.parse().unwrap()).collect();
    let mut found = 0;
    for (address, is_global) in addresses.into_iter().zip(answers) {
        if is_public(address) == is_global {
            continue;
        }
        found += 1;
        assert!(is_global, "{address} is not global, and would be connected to");
        let address = address.to_canonical();
        assert!(
            stricter.iter().any(|network| network.contains(&address)),
            "{address} is global, and refused for no reason in the table"
        );
    }
    assert!(found > 0, "the table says where they differ");
}

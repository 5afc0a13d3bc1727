//! Whether the site has a public address, which other servers can reach.

use url::{Host, Url};

use super::Config;

/// Top-level domains, and a domain, that are never on the internet (RFC 6761, RFC 6762, RFC 8375, and `internal`, reserved in 2024).
const LOCAL_DOMAINS: [&str; 8] = [
    "localhost",
    "local",
    "internal",
    "test",
    "invalid",
    "onion",
    "lan",
    "home.arpa",
];

/// The path of the hub.
pub(crate) const HUB_PATH: &str = "/hub";

impl Config {
    /// Whether `site.base_url` is an address that other servers can reach. A name may still lead to a private network.
    #[must_use]
    pub fn has_public_address(&self) -> bool {
        self.site.base_url.as_ref().is_some_and(is_public)
    }

    /// The address of the site's own hub; `None` if it has none.
    #[must_use]
    pub fn hub_address(&self) -> Option<String> {
        let is_on = self.push.hub.unwrap_or_else(|| self.has_public_address());
        (is_on && !self.is_static).then(|| format!("{}{HUB_PATH}", self.base()))
    }
}

fn is_public(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            let is_below = |domain: &str| name == domain || name.ends_with(&format!(".{domain}"));
            name.contains('.') && !LOCAL_DOMAINS.iter().any(|domain| is_below(domain))
        }
        Some(Host::Ipv4(address)) => {
            !(address.is_private() || address.is_loopback() || address.is_link_local() || address.is_unspecified())
        }
        // 2000::/3, the only addresses that are assigned (RFC 4291, section 2.4)
        Some(Host::Ipv6(address)) => address.segments()[0] & 0xe000 == 0x2000,
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_site_with_a_public_address_has_a_hub_unless_it_is_configured() {
        for (base_url, expected) in [
            ("https://example.com", true),
            ("http://example.com:8080/blog", true),
            ("http://8.8.8.8", true),
            ("http://[2a00::1]", true),
            ("http://localhost:8080", false),
            ("http://blog.localhost", false),
            ("http://mill.local", false),
            ("http://mill.home.arpa.", false),
            ("http://mill", false),
            ("http://127.0.0.1:8080", false),
            ("http://10.1.2.3", false),
            ("http://192.168.1.2", false),
            ("http://169.254.1.2", false),
            ("http://[::1]", false),
            ("http://[fd00::1]", false),
        ] {
            let mut config = Config::default();
            config.site.base_url = Some(base_url.parse().unwrap());
            assert_eq!(config.has_public_address(), expected, "{base_url}");
            assert_eq!(config.hub_address().is_some(), expected, "{base_url}");
            config.push.hub = Some(!expected);
            assert_eq!(config.hub_address().is_some(), !expected, "{base_url}");
        }
    }

    #[test]
    fn the_hub_is_below_the_address_of_the_site() {
        let mut config = Config::default();
        assert_eq!(config.hub_address(), None, "there is no public address");
        config.push.hub = Some(true);
        assert_eq!(config.hub_address().unwrap(), "http://127.0.0.1:8080/hub");
        config.site.base_url = Some("https://example.com/blog/".parse().unwrap());
        assert_eq!(config.hub_address().unwrap(), "https://example.com/blog/hub");
        config.is_static = true;
        assert_eq!(config.hub_address(), None, "files answer no subscription");
    }
}

//! The hubs (`WebSub`) that feeds name.

use url::Url;

use super::{Config, InvalidSetting, PushSettings};

/// The most hubs of others: each of them is told of every feed that changed.
const MOST_HUBS: usize = 10;

impl Config {
    /// The addresses of the hubs that every feed names: the site's own, if it has one, and those of others.
    #[must_use]
    pub fn hubs(&self) -> Vec<String> {
        let others = self.outside_hubs().iter().map(ToString::to_string);
        self.hub_address().into_iter().chain(others).collect()
    }

    /// The hubs of others: feeds name them, and they are told of each change. `WebSub` has it (section 6) that one goes with the other,
    /// so there are none where no hub can be told: without a public address, and for a site of files.
    #[must_use]
    pub fn outside_hubs(&self) -> &[Url] {
        if self.has_public_address() && !self.is_static {
            &self.push.hubs
        } else {
            &[]
        }
    }
}

impl PushSettings {
    /// Checks all values of `[push]`.
    pub(super) fn validate(&self) -> Result<(), InvalidSetting> {
        let wrong = |message: String, fix: &str| Err(InvalidSetting::new("push.hubs", message, fix));
        for (at, hub) in self.hubs.iter().enumerate() {
            if !matches!(hub.scheme(), "http" | "https") || hub.host().is_none() || hub.fragment().is_some() {
                let message = format!("`push.hubs` contains `{hub}`, which is not an http or https address without `#`");
                return wrong(message, "write addresses such as `https://hub.example/`");
            }
            if !hub.username().is_empty() || hub.password().is_some() {
                let message = format!(
                    "`push.hubs` contains an address at {} with a name or password, which every reader would see",
                    hub.host_str().unwrap_or_default()
                );
                return wrong(message, "write the address without what is before `@`");
            }
            if self.hubs.iter().take(at).any(|before| before == hub) {
                return wrong(format!("`push.hubs` contains `{hub}` twice"), "remove one of them");
            }
        }
        if self.hubs.len() > MOST_HUBS {
            let message = format!(
                "`push.hubs` has {} hubs, and at most {MOST_HUBS} are possible",
                self.hubs.len()
            );
            return wrong(message, "remove some");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(hubs: &str) -> Result<Config, String> {
        let text = format!("[site]\nbase_url = 'https://example.com'\n[push]\nhub = false\nhubs = {hubs}\n");
        Config::parse("feedmill.toml".into(), &text).map_err(|diagnostic| diagnostic.to_string())
    }

    #[test]
    fn feeds_name_exactly_the_hubs_that_are_told() {
        let mut config = config("['https://hub.example/', 'http://b.example/hub?x=1']").unwrap();
        assert_eq!(config.hubs(), ["https://hub.example/", "http://b.example/hub?x=1"]);
        let told: Vec<&str> = config.outside_hubs().iter().map(Url::as_str).collect();
        assert_eq!(config.hubs(), told);
        for is_static in [false, true] {
            config.is_static = is_static;
            for base_url in [
                None,
                Some("http://localhost:8080"),
                Some("http://10.0.0.1"),
                Some("http://mill.local"),
            ] {
                let base_url = base_url.map(|url| url.parse().unwrap());
                let unreachable = Config {
                    site: crate::config::SiteSettings {
                        base_url,
                        ..config.site.clone()
                    },
                    ..config.clone()
                };
                assert!(unreachable.hubs().is_empty() && unreachable.outside_hubs().is_empty());
            }
        }
        assert!(config.hubs().is_empty(), "no hub is told of a site of files");
        assert!(Config::default().hubs().is_empty(), "no hub is named by default");
    }

    #[test]
    fn the_own_hub_is_the_first() {
        let mut config = config("['https://hub.example/']").unwrap();
        config.push.hub = None;
        assert_eq!(config.hubs(), ["https://example.com/hub", "https://hub.example/"]);
    }

    #[test]
    fn hubs_are_checked() {
        let eleven: Vec<String> = (0..11).map(|n| format!("'https://{n}.example/'")).collect();
        for (hubs, expected) in [
            ("'https://hub.example/'", "hubs = [\"https://hub.example/\"]"),
            ("['hub.example']", "hubs = [\"https://hub.example\"]"),
            ("[7]", "a list with the number 7 in it"),
            ("['ftp://hub.example/']", "not an http or https address"),
            ("['https://hub.example/#x']", "not an http or https address"),
            (
                "['https://ann:secret@hub.example/']",
                "at hub.example with a name or password",
            ),
            ("['https://hub.example', 'https://hub.example/']", "twice"),
            (&format!("[{}]", eleven.join(", ")), "11 hubs, and at most 10"),
        ] {
            let message = config(hubs).unwrap_err();
            assert!(message.contains(expected) && !message.contains("secret"), "{hubs}: {message}");
        }
    }
}

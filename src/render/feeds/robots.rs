//! `robots.txt` (RFC 9309): it allows everything, and names the site map.

use crate::config::Config;

/// The media type.
pub const MEDIA_TYPE: &str = "text/plain; charset=utf-8";

/// The rules. They apply if the site is at the root of its host. They are served below a path as well, so that the operator of
/// the host can copy them.
#[must_use]
pub fn rules(config: &Config) -> String {
    format!("User-agent: *\nAllow: /\n\nSitemap: {}/sitemap.xml\n", config.base())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_the_map_is_absolute() {
        let mut config = Config::default();
        config.site.base_url = Some("https://example.com/blog/".parse().unwrap());
        assert_eq!(
            rules(&config),
            "User-agent: *\nAllow: /\n\nSitemap: https://example.com/blog/sitemap.xml\n"
        );
    }
}

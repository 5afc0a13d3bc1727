//! `robots.txt` (RFC 9309): everything may be read, and here is the map.

use crate::config::Config;

/// The media type.
pub const MEDIA_TYPE: &str = "text/plain; charset=utf-8";

/// The rules. They hold where the site is at the root of its host; below a path they are served all the same, for whoever runs the
/// host to pass on.
#[must_use]
pub fn rules(config: &Config) -> String {
    format!("User-agent: *\nAllow: /\n\nSitemap: {}/sitemap.xml\n", config.base())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_map_has_an_absolute_address() {
        let mut config = Config::default();
        config.site.base_url = Some("https://example.com/blog/".parse().unwrap());
        assert_eq!(
            rules(&config),
            "User-agent: *\nAllow: /\n\nSitemap: https://example.com/blog/sitemap.xml\n"
        );
    }
}

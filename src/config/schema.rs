//! The settings, with the kind of value that each needs and an example.
//!
//! Only for messages: what is accepted is decided by the types in [`super::tables`]. A test compares the two.

/// A setting.
#[derive(Debug)]
pub(super) struct Setting {
    /// The table that it is in: `site`.
    pub table: &'static str,
    /// Its key in that table: `base_url`.
    pub key: &'static str,
    /// The kind of value that it needs.
    pub kind: Kind,
    /// A value as it is written in the file.
    pub example: &'static str,
}

/// A kind of value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Any text.
    Text,
    /// `true` or `false`.
    Flag,
    /// A whole number from the first to the second.
    Number(u64, u64),
    /// A number of seconds.
    Seconds,
    /// One of these words.
    Word(&'static [&'static str]),
    /// An http or https address.
    Address,
    /// A colour.
    Colour,
    /// A list of texts.
    Texts,
    /// A list of networks.
    Networks,
    /// A table with these texts; the first number of them are required.
    Table(&'static [&'static str], usize),
    /// A list of tables with these texts, all of them required.
    Tables(&'static [&'static str]),
}

impl Kind {
    /// What it is, to complete "must be".
    pub fn in_words(self) -> String {
        match self {
            Kind::Text => "text in quotes".to_owned(),
            Kind::Flag => "`true` or `false`, without quotes".to_owned(),
            Kind::Number(least, most) if most >= u64::from(u32::MAX) => {
                format!("a whole number of at least {least}, without quotes")
            }
            Kind::Number(least, most) => format!("a whole number from {least} to {most}, without quotes"),
            Kind::Seconds => "a number of seconds from 0.001 to 86400, without quotes".to_owned(),
            Kind::Word(words) => format!("one of `\"{}\"`", words.join("\"`, `\"")),
            Kind::Address => "a whole http or https address in quotes".to_owned(),
            Kind::Colour => "a colour in quotes, `#rgb` or `#rrggbb`".to_owned(),
            Kind::Texts => "a list of texts".to_owned(),
            Kind::Networks => "a list of networks".to_owned(),
            Kind::Table(keys, _) => format!("a table with `{}`", keys.join("`, `")),
            Kind::Tables(keys) => format!("a list of tables with `{}`", keys.join("` and `")),
        }
    }
}

/// The tables, and the lists of tables, at the top of the file.
pub(super) const TABLES: [&str; 10] = [
    "site", "feed", "list", "posts", "server", "watch", "state", "cache", "pace", "redirect",
];

/// `[[redirect]]`, a list of tables at the top of the file.
pub(super) const REDIRECT: Kind = Kind::Tables(&["from", "to"]);

const ANY: u64 = u32::MAX as u64;

const fn setting(table: &'static str, key: &'static str, kind: Kind, example: &'static str) -> Setting {
    Setting {
        table,
        key,
        kind,
        example,
    }
}

/// All settings that are in a table.
pub(super) const SETTINGS: &[Setting] = &[
    setting("site", "title", Kind::Text, "\"Notes from the mill\""),
    setting("site", "description", Kind::Text, "\"Notes on mills\""),
    setting("site", "base_url", Kind::Address, "\"https://example.com\""),
    setting("site", "identity", Kind::Address, "\"https://example.com\""),
    setting("site", "language", Kind::Text, "\"en\""),
    setting("site", "timezone", Kind::Text, "\"Europe/Berlin\""),
    setting(
        "site",
        "author",
        Kind::Table(&["name", "email", "url"], 1),
        "{ name = \"Example Author\" }",
    ),
    setting("site", "copyright", Kind::Text, "\"© 2026 Example Author\""),
    setting("site", "icon", Kind::Address, "\"https://example.com/icon.png\""),
    setting("site", "image", Kind::Address, "\"https://example.com/image.png\""),
    setting("site", "accent", Kind::Colour, "\"#1b6b54\""),
    setting(
        "site",
        "nav",
        Kind::Tables(&["name", "url"]),
        "[{ name = \"About\", url = \"/about\" }]",
    ),
    setting("site", "footer", Kind::Text, "\"Written by hand\""),
    setting("site", "templates", Kind::Text, "\"templates\""),
    setting("feed", "limit", Kind::Number(1, 1000), "20"),
    setting("feed", "content", Kind::Word(&["full", "summary"]), "\"summary\""),
    setting("feed", "max_bytes", Kind::Number(0, u64::MAX), "1048576"),
    setting("feed", "markdown", Kind::Flag, "true"),
    setting("list", "per_page", Kind::Number(1, 200), "8"),
    setting("posts", "dir", Kind::Text, "\"posts\""),
    setting("posts", "permalink", Kind::Text, "\"/posts/{slug}\""),
    setting("posts", "ignore", Kind::Texts, "[\"README.md\", \"node_modules\"]"),
    setting("posts", "include", Kind::Texts, "[\"_archive\"]"),
    setting("posts", "media", Kind::Texts, "[\"html\"]"),
    setting("posts", "day_first", Kind::Flag, "true"),
    setting("posts", "split_tags", Kind::Word(&["auto", "space", "never"]), "\"never\""),
    setting("posts", "drop_tags", Kind::Texts, "[\"posts\"]"),
    setting("posts", "max_file_bytes", Kind::Number(1, u64::MAX), "1048576"),
    setting("posts", "max_depth", Kind::Number(0, u64::MAX), "32"),
    setting("posts", "max_files", Kind::Number(1, u64::MAX), "1000000"),
    setting("posts", "minor", Kind::Flag, "true"),
    setting("server", "listen", Kind::Text, "\"127.0.0.1:8080\""),
    setting("server", "admin", Kind::Text, "\"127.0.0.1:8081\""),
    setting("server", "max_connections", Kind::Number(1, 1_000_000), "4096"),
    setting("server", "max_connections_per_address", Kind::Number(1, 1_000_000), "256"),
    setting("server", "header_timeout", Kind::Seconds, "10"),
    setting("server", "idle_timeout", Kind::Seconds, "75"),
    setting("server", "body_timeout", Kind::Seconds, "30"),
    setting("server", "write_timeout", Kind::Seconds, "60"),
    setting("server", "drain_timeout", Kind::Seconds, "10"),
    setting("server", "max_header_bytes", Kind::Number(1024, 1_048_576), "32768"),
    setting("server", "max_headers", Kind::Number(1, 1000), "100"),
    setting("server", "max_body_bytes", Kind::Number(0, 1_048_576), "16384"),
    setting("server", "log", Kind::Word(&["text", "json"]), "\"json\""),
    setting("server", "access_log", Kind::Flag, "true"),
    setting("watch", "mode", Kind::Word(&["auto", "native", "poll"]), "\"poll\""),
    setting("watch", "settle", Kind::Seconds, "0.1"),
    setting("watch", "rescan", Kind::Seconds, "60"),
    setting("watch", "poll", Kind::Seconds, "1"),
    setting("watch", "delete_grace", Kind::Seconds, "1"),
    setting("watch", "vanish_grace", Kind::Seconds, "60"),
    setting("state", "dir", Kind::Text, "\"/var/lib/feedmill\""),
    setting("state", "withdrawn_days", Kind::Number(0, 36_500), "90"),
    setting("cache", "feeds", Kind::Number(0, ANY), "300"),
    setting("cache", "pages", Kind::Number(0, ANY), "0"),
    setting("cache", "stale_while_revalidate", Kind::Number(0, ANY), "600"),
    setting("cache", "stale_if_error", Kind::Number(0, ANY), "86400"),
    setting("pace", "requests_per_minute", Kind::Number(0, ANY), "60"),
    setting("pace", "burst", Kind::Number(0, ANY), "60"),
    setting("pace", "trusted_proxies", Kind::Networks, "[\"10.0.0.0/8\"]"),
];

/// The setting `table.key`.
pub(super) fn find(table: &str, key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.table == table && setting.key == key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    /// The names that serde expects where it finds `unknown`: in its own words, "expected one of `a`, `b`".
    fn expected(text: &str) -> Vec<String> {
        let said = toml::from_str::<Config>(text).unwrap_err().message().to_owned();
        let (_, names) = said.split_once("expected ").unwrap();
        let mut names: Vec<String> = names.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        names.sort();
        names
    }

    fn sorted(names: &[&str]) -> Vec<String> {
        let mut names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn every_setting_is_here_and_every_example_is_accepted() {
        assert_eq!(expected("xyz = 1"), sorted(&TABLES));
        for table in TABLES.into_iter().filter(|table| *table != "redirect") {
            let keys: Vec<&str> = SETTINGS.iter().filter(|one| one.table == table).map(|one| one.key).collect();
            assert_eq!(expected(&format!("[{table}]\nxyz = 1")), sorted(&keys), "[{table}]");
        }
        for Setting {
            table,
            key,
            kind,
            example,
        } in SETTINGS
        {
            let text = format!("[{table}]\n{key} = {example}\n");
            let config = Config::parse("feedmill.toml".into(), &text);
            assert!(config.is_ok(), "{text}{config:?}");
            if let Kind::Table(keys, _) = kind {
                assert_eq!(expected(&format!("[{table}]\n{key} = {{ xyz = 1 }}")), sorted(keys));
            }
            if let Kind::Tables(keys) = kind {
                assert_eq!(expected(&format!("[{table}]\n{key} = [{{ xyz = 1 }}]")), sorted(keys));
            }
            if let Kind::Word(words) = kind {
                assert_eq!(expected(&format!("[{table}]\n{key} = 'xyz'")), sorted(words));
            }
        }
        assert_eq!(expected("[[redirect]]\nxyz = 1"), sorted(&["from", "to"]));
    }
}

//! All settings, each with the kind of its value and an example.
//!
//! They are only for messages; the types in [`super::tables`] decide what is accepted. A test compares the two.

/// A setting.
#[derive(Debug)]
pub(super) struct Setting {
    /// Its table: `site`.
    pub table: &'static str,
    /// Its key in the table: `base_url`.
    pub key: &'static str,
    /// The kind of its value.
    pub kind: ValueKind,
    /// An example of its value, in TOML.
    pub example: &'static str,
}

/// A kind of value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ValueKind {
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
    /// A list of http and https addresses.
    Addresses,
    /// A list of networks.
    Networks,
    /// A table with these texts; the first number of them are required.
    Table(&'static [&'static str], usize),
    /// A list of tables with these texts, all of them required.
    Tables(&'static [&'static str]),
}

impl ValueKind {
    /// The kind in words, to complete "must be".
    pub fn describe(self) -> String {
        match self {
            ValueKind::Text => "text in quotes".to_owned(),
            ValueKind::Flag => "`true` or `false`, without quotes".to_owned(),
            ValueKind::Number(least, most) if most >= u64::from(u32::MAX) => {
                format!("a whole number of at least {least}, without quotes")
            }
            ValueKind::Number(least, most) => format!("a whole number from {least} to {most}, without quotes"),
            ValueKind::Seconds => "a number of seconds from 0.001 to 86400, without quotes".to_owned(),
            ValueKind::Word(words) => format!("one of `\"{}\"`", words.join("\"`, `\"")),
            ValueKind::Address => "a whole http or https address in quotes".to_owned(),
            ValueKind::Colour => "a colour in quotes, `#rgb` or `#rrggbb`".to_owned(),
            ValueKind::Texts => "a list of texts".to_owned(),
            ValueKind::Addresses => "a list of whole http or https addresses".to_owned(),
            ValueKind::Networks => "a list of networks".to_owned(),
            ValueKind::Table(keys, _) => format!("a table with `{}`", keys.join("`, `")),
            ValueKind::Tables(keys) => format!("a list of tables with `{}`", keys.join("` and `")),
        }
    }
}

/// The tables, and the lists of tables, at the top of the file.
pub(super) const TABLES: [&str; 12] = [
    "site",
    "feed",
    "list",
    "posts",
    "server",
    "watch",
    "state",
    "cache",
    "pace",
    "push",
    "redirect",
    "shortcodes",
];

/// `[[redirect]]`, a list of tables at the top of the file.
pub(super) const REDIRECT: ValueKind = ValueKind::Tables(&["from", "to"]);

const ANY: u64 = u32::MAX as u64;

const fn setting(table: &'static str, key: &'static str, kind: ValueKind, example: &'static str) -> Setting {
    Setting {
        table,
        key,
        kind,
        example,
    }
}

/// All settings in tables.
pub(super) const SETTINGS: &[Setting] = &[
    setting("site", "title", ValueKind::Text, "\"Notes from the mill\""),
    setting("site", "description", ValueKind::Text, "\"Notes on mills\""),
    setting("site", "base_url", ValueKind::Address, "\"https://example.com\""),
    setting("site", "identity", ValueKind::Address, "\"https://example.com\""),
    setting("site", "language", ValueKind::Text, "\"en\""),
    setting("site", "timezone", ValueKind::Text, "\"Europe/Berlin\""),
    setting(
        "site",
        "author",
        ValueKind::Table(&["name", "email", "url"], 1),
        "{ name = \"Example Author\" }",
    ),
    setting("site", "copyright", ValueKind::Text, "\"© 2026 Example Author\""),
    setting("site", "icon", ValueKind::Address, "\"https://example.com/icon.png\""),
    setting("site", "image", ValueKind::Address, "\"https://example.com/image.png\""),
    setting("site", "accent", ValueKind::Colour, "\"#1b6b54\""),
    setting(
        "site",
        "nav",
        ValueKind::Tables(&["name", "url"]),
        "[{ name = \"About\", url = \"/about\" }]",
    ),
    setting("site", "footer", ValueKind::Text, "\"Written by hand\""),
    setting("site", "templates", ValueKind::Text, "\"templates\""),
    setting("feed", "limit", ValueKind::Number(1, 1000), "20"),
    setting("feed", "content", ValueKind::Word(&["full", "summary"]), "\"summary\""),
    setting("feed", "max_bytes", ValueKind::Number(0, u64::MAX), "1048576"),
    setting("feed", "markdown", ValueKind::Flag, "true"),
    setting("list", "per_page", ValueKind::Number(1, 200), "8"),
    setting("posts", "dir", ValueKind::Text, "\"posts\""),
    setting("posts", "permalink", ValueKind::Text, "\"/posts/{slug}\""),
    setting("posts", "ignore", ValueKind::Texts, "[\"README.md\", \"node_modules\"]"),
    setting("posts", "include", ValueKind::Texts, "[\"_archive\"]"),
    setting("posts", "media", ValueKind::Texts, "[\"html\"]"),
    setting(
        "posts",
        "enclosure_base",
        ValueKind::Address,
        "\"https://media.example.com/show/\"",
    ),
    setting("posts", "static", ValueKind::Text, "\"static\""),
    setting("posts", "day_first", ValueKind::Flag, "true"),
    setting(
        "posts",
        "split_tags",
        ValueKind::Word(&["auto", "space", "never"]),
        "\"never\"",
    ),
    setting("posts", "drop_tags", ValueKind::Texts, "[\"posts\"]"),
    setting("posts", "max_file_bytes", ValueKind::Number(1, u64::MAX), "1048576"),
    setting("posts", "max_depth", ValueKind::Number(0, u64::MAX), "32"),
    setting("posts", "max_files", ValueKind::Number(1, u64::MAX), "1000000"),
    setting("posts", "minor", ValueKind::Flag, "true"),
    setting("server", "listen", ValueKind::Text, "\"127.0.0.1:8080\""),
    setting("server", "admin", ValueKind::Text, "\"127.0.0.1:8081\""),
    setting("server", "max_connections", ValueKind::Number(1, 1_000_000), "4096"),
    setting(
        "server",
        "max_connections_per_address",
        ValueKind::Number(1, 1_000_000),
        "256",
    ),
    setting("server", "header_timeout", ValueKind::Seconds, "10"),
    setting("server", "idle_timeout", ValueKind::Seconds, "75"),
    setting("server", "body_timeout", ValueKind::Seconds, "30"),
    setting("server", "write_timeout", ValueKind::Seconds, "60"),
    setting("server", "drain_timeout", ValueKind::Seconds, "10"),
    setting("server", "max_header_bytes", ValueKind::Number(1024, 1_048_576), "32768"),
    setting("server", "max_headers", ValueKind::Number(1, 1000), "100"),
    setting("server", "max_body_bytes", ValueKind::Number(0, 1_048_576), "16384"),
    setting("server", "log", ValueKind::Word(&["text", "json"]), "\"json\""),
    setting("server", "access_log", ValueKind::Flag, "true"),
    setting(
        "server",
        "access_log_format",
        ValueKind::Word(&["event", "combined"]),
        "\"combined\"",
    ),
    setting("watch", "mode", ValueKind::Word(&["auto", "native", "poll"]), "\"poll\""),
    setting("watch", "settle", ValueKind::Seconds, "0.1"),
    setting("watch", "rescan", ValueKind::Seconds, "60"),
    setting("watch", "poll", ValueKind::Seconds, "1"),
    setting("watch", "delete_grace", ValueKind::Seconds, "1"),
    setting("watch", "vanish_grace", ValueKind::Seconds, "60"),
    setting("state", "dir", ValueKind::Text, "\"/var/lib/feedmill\""),
    setting("state", "withdrawn_days", ValueKind::Number(0, 36_500), "90"),
    setting("cache", "feeds", ValueKind::Number(0, ANY), "300"),
    setting("cache", "pages", ValueKind::Number(0, ANY), "0"),
    setting("cache", "stale_while_revalidate", ValueKind::Number(0, ANY), "600"),
    setting("cache", "stale_if_error", ValueKind::Number(0, ANY), "86400"),
    setting("pace", "requests_per_minute", ValueKind::Number(0, ANY), "60"),
    setting("pace", "burst", ValueKind::Number(0, ANY), "60"),
    setting("pace", "trusted_proxies", ValueKind::Networks, "[\"10.0.0.0/8\"]"),
    setting("push", "hub", ValueKind::Flag, "true"),
    setting("push", "signature", ValueKind::Word(&["sha256", "sha1"]), "\"sha1\""),
    setting("push", "allow", ValueKind::Networks, "[\"10.0.0.0/8\"]"),
    setting("push", "per_host", ValueKind::Number(1, 32), "2"),
    setting("push", "max_subscriptions", ValueKind::Number(0, 100_000), "10000"),
    setting("push", "max_subscriptions_per_host", ValueKind::Number(1, 100_000), "100"),
    setting("push", "delay", ValueKind::Number(0, 86_400), "300"),
    setting("push", "hubs", ValueKind::Addresses, "[\"https://hub.example/\"]"),
];

/// The setting `table.key`.
pub(super) fn find(table: &str, key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.table == table && setting.key == key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    /// The names in serde's message "expected one of `a`, `b`" for `text`.
    fn expected(text: &str) -> Vec<String> {
        let message = toml::from_str::<Config>(text).unwrap_err().message().to_owned();
        let (_, names) = message.split_once("expected ").unwrap();
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
        for table in TABLES
            .into_iter()
            .filter(|table| !matches!(*table, "redirect" | "shortcodes"))
        {
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
            if let ValueKind::Table(keys, _) = kind {
                assert_eq!(expected(&format!("[{table}]\n{key} = {{ xyz = 1 }}")), sorted(keys));
            }
            if let ValueKind::Tables(keys) = kind {
                assert_eq!(expected(&format!("[{table}]\n{key} = [{{ xyz = 1 }}]")), sorted(keys));
            }
            if let ValueKind::Word(words) = kind {
                assert_eq!(expected(&format!("[{table}]\n{key} = 'xyz'")), sorted(words));
            }
        }
        assert_eq!(expected("[[redirect]]\nxyz = 1"), sorted(&["from", "to"]));
    }
}

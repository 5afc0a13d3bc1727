//! What a configuration means, and the messages about one that is wrong.

use std::time::Duration;

use super::*;

fn parse(text: &str) -> Result<Config, String> {
    Config::parse("feedmill.toml".into(), text).map_err(|diagnostic| diagnostic.to_string())
}

#[test]
fn nothing_needs_to_be_set() {
    let config = parse("").unwrap();
    assert_eq!((config.list.per_page, config.feed.limit), (8, 20));
    assert_eq!(config.base(), "http://127.0.0.1:8080");
    assert_eq!(config.authority(), "localhost");
}

#[test]
fn without_an_address_it_is_the_one_listened_at() {
    let cases = [
        ("127.0.0.1:80", "http://127.0.0.1:80"),
        ("example:8080", "http://example:8080"),
        ("0.0.0.0:8080", "http://localhost:8080"),
        ("[::]:8080", "http://localhost:8080"),
    ];
    for (listen, expected) in cases {
        assert_eq!(parse(&format!("[server]\nlisten = '{listen}'")).unwrap().base(), expected);
    }
}

#[test]
fn what_is_set_is_taken() {
    let config = parse("[site]\nbase_url = 'https://example.com/blog/'\n[watch]\nsettle = 0.25\n").unwrap();
    assert_eq!(config.base(), "https://example.com/blog");
    assert_eq!(config.authority(), "example.com");
    assert_eq!(config.watch.settle, Duration::from_millis(250));
}

/// Files that are refused, and the messages about them.
const MISTAKES: &[(&str, &str)] = &[
    (
        "[site",
        "feedmill.toml:1:6: error: this table's name is not closed correctly (write `[name]`, or `[[name]]` where there can be several)",
    ),
    (
        "[site]]",
        "feedmill.toml:1:7: error: this table's name is not closed correctly (write `[name]`, or `[[name]]` where there can be several)",
    ),
    (
        "site",
        "feedmill.toml:1:5: error: this is not a setting (write `name = \"value\"`, or put a `#` before a comment)",
    ),
    (
        "= 1",
        "feedmill.toml:1:1: error: there is no name before the `=` (write `name = \"value\"`)",
    ),
    (
        "[site]\ntitle = Notes",
        "feedmill.toml:2:9: error: text must be in quotes (write `\"` before and after the value)",
    ),
    (
        "[site]\ntitle: Notes",
        "feedmill.toml:2:8: error: a setting is written with `=`, not with `:` (write `name = \"value\"`)",
    ),
    (
        "[site]\ntitle = 'it's'",
        "feedmill.toml:2:13: error: this text is not closed, or something follows it (unexpected key or value, expected newline, `#`) (put the whole text between two `\"`, and write `\\\"` for one inside)",
    ),
    (
        "[site]\ntitle = \"open",
        "feedmill.toml:2:14: error: this text is not closed, or something follows it (invalid basic string, expected `\"`) (put the whole text between two `\"`, and write `\\\"` for one inside)",
    ),
    (
        "[site]\ntitle = \"a\" \"b\"",
        "feedmill.toml:2:13: error: this text is not closed, or something follows it (unexpected key or value, expected newline, `#`) (put the whole text between two `\"`, and write `\\\"` for one inside)",
    ),
    (
        "[site]\ntitle = \"a\"\ntitle = \"b\"",
        "feedmill.toml:3:1: error: this name was used before (remove one of the two, or join them)",
    ),
    (
        "[site]\ntitle = \"a\"\n[site]\n",
        "feedmill.toml:3:2: error: this name was used before (remove one of the two, or join them)",
    ),
    (
        "[site]\ntitle =",
        "feedmill.toml:2:8: error: there is no value after the `=` (write one, text in quotes, or remove the line)",
    ),
    (
        "[site]\nbase-url = \"https://x.example\"",
        "feedmill.toml:2:1: error: there is no setting `site.base-url` (write `base_url`)",
    ),
    (
        "[site]\nbaseURL = \"https://x.example\"",
        "feedmill.toml:2:1: error: there is no setting `site.baseURL` (write `base_url`)",
    ),
    (
        "[site]\nurl = \"https://x.example\"",
        "feedmill.toml:2:1: error: there is no setting `site.url` (write it as `base_url` below `[site]`)",
    ),
    (
        "title = \"x\"",
        "feedmill.toml:1:1: error: `title` is outside of every table (write `[site]` on a line before it, and the setting as `title`)",
    ),
    (
        "base_url = \"https://x.example\"",
        "feedmill.toml:1:1: error: `base_url` is outside of every table (write `[site]` on a line before it, and the setting as `base_url`)",
    ),
    (
        "[Site]\ntitle = \"x\"",
        "feedmill.toml:1:2: error: there is no table `Site` (write `[site]`)",
    ),
    (
        "[sites]\ntitle = \"x\"",
        "feedmill.toml:1:2: error: there is no table `sites` (write `[site]`)",
    ),
    (
        "[params]\nx = 1",
        "feedmill.toml:1:2: error: there is no setting or table `params` (remove it; the tables are `site`, `feed`, `list`, `posts`, `server`, `watch`, `state`, `cache`, `pace`, `push`, `redirect` and `shortcodes`)",
    ),
    (
        "site = \"x\"",
        "feedmill.toml:1:8: error: `site` must be a table (write `[site]` on a line of its own, and its settings below it)",
    ),
    (
        "[[site]]\ntitle = \"x\"",
        "feedmill.toml:1:1: error: `site` must be a table (write `[site]` on a line of its own, and its settings below it)",
    ),
    (
        "[site]\ntitle = 5",
        "feedmill.toml:2:9: error: `site.title` must be text in quotes, and is the number 5 (write it like `title = \"5\"`)",
    ),
    (
        "[site]\ntitle = true",
        "feedmill.toml:2:9: error: `site.title` must be text in quotes, and is `true` (write it like `title = \"Notes from the mill\"`)",
    ),
    (
        "[site]\ntitle = [\"a\"]",
        "feedmill.toml:2:9: error: `site.title` must be text in quotes, and is a list (write it like `title = \"Notes from the mill\"`)",
    ),
    (
        "[site]\nauthor = \"Ann\"",
        "feedmill.toml:2:10: error: `site.author` must be a table, and is the text \"Ann\" (write it like `author = { name = \"Example Author\" }`)",
    ),
    (
        "[site]\nauthor = [\"Ann\"]",
        "feedmill.toml:2:10: error: `site.author` must be a table, and is a list (write it like `author = { name = \"Example Author\" }`)",
    ),
    (
        "[site]\nauthor = { nam = \"Ann\" }",
        "feedmill.toml:2:12: error: there is no setting `nam` in `site.author`; it has `name`, `email`, `url` (write it like `author = { name = \"Example Author\" }`)",
    ),
    (
        "[site]\nauthor = { email = \"a@b.example\" }",
        "feedmill.toml:2:10: error: `site.author` has no `name` (write it like `author = { name = \"Example Author\" }`)",
    ),
    (
        "[site]\nauthor = { name = 5 }",
        "feedmill.toml:2:19: error: `name` in `site.author` must be text in quotes, and is the number 5 (write it like `author = { name = \"Example Author\" }`)",
    ),
    (
        "[site]\nauthor = { name = \"\" }",
        "feedmill.toml:2:10: error: `site.author` has an empty `name` (write it like `author = { name = \"Example Author\", url = \"https://example.com\" }`)",
    ),
    (
        "[site]\nauthor = { name = \"a\", url = \"javascript:x\" }",
        "feedmill.toml:2:10: error: the `url` of `site.author` must be an http or https address, and is `javascript:x` (write it like `author = { name = \"Example Author\", url = \"https://example.com\" }`)",
    ),
    (
        "[site.author]\nname = \"Ann\"\nhomepage = \"x\"",
        "feedmill.toml:3:1: error: there is no setting `homepage` in `site.author`; it has `name`, `email`, `url` (write it like `author = { name = \"Example Author\" }`)",
    ),
    (
        "[site]\nbase_url = \"example.com\"",
        "feedmill.toml:2:12: error: `site.base_url` must be a whole http or https address in quotes, and is the text \"example.com\" (write it like `base_url = \"https://example.com\"`)",
    ),
    (
        "[site]\nbase_url = \"\"",
        "feedmill.toml:2:12: error: `site.base_url` must be a whole http or https address in quotes, and is the text \"\" (write it like `base_url = \"https://example.com\"`)",
    ),
    (
        "[site]\nbase_url = \"ftp://x\"",
        "feedmill.toml:2:12: error: `site.base_url` must be an http or https address without `?` and `#`, and is `ftp://x/` (write it like `https://example.com`)",
    ),
    (
        "[site]\nbase_url = \"https://x.example/?a\"",
        "feedmill.toml:2:12: error: `site.base_url` must be an http or https address without `?` and `#`, and is `https://x.example/?a` (write it like `https://example.com`)",
    ),
    (
        "[site]\nbase_url = 5",
        "feedmill.toml:2:12: error: `site.base_url` must be a whole http or https address in quotes, and is the number 5 (write it like `base_url = \"https://example.com\"`)",
    ),
    (
        "[site]\nidentity = \"x\"",
        "feedmill.toml:2:12: error: `site.identity` must be a whole http or https address in quotes, and is the text \"x\" (write it like `identity = \"https://example.com\"`)",
    ),
    (
        "[site]\nlanguage = \"English\"",
        "feedmill.toml:2:12: error: `site.language` must be the code of a language, and is `English` (write a code such as `en`, `de` or `pt-BR`)",
    ),
    (
        "[site]\nlanguage = 5",
        "feedmill.toml:2:12: error: `site.language` must be text in quotes, and is the number 5 (write it like `language = \"en\"`)",
    ),
    (
        "[site]\ntimezone = \"CEST\"",
        "feedmill.toml:2:12: error: `site.timezone` must be the IANA name of a time zone, and is `CEST` (write a name such as `Europe/Berlin`, or `UTC`)",
    ),
    (
        "[site]\ntimezone = \"+02:00\"",
        "feedmill.toml:2:12: error: `site.timezone` must be the IANA name of a time zone, and is `+02:00` (write a name such as `Europe/Berlin`, or `UTC`)",
    ),
    (
        "[site]\naccent = \"red\"",
        "feedmill.toml:2:10: error: `site.accent` must be a colour in quotes, `#rgb` or `#rrggbb`, and is the text \"red\" (write it like `accent = \"#1b6b54\"`)",
    ),
    (
        "[site]\naccent = 5",
        "feedmill.toml:2:10: error: `site.accent` must be a colour in quotes, `#rgb` or `#rrggbb`, and is the number 5 (write it like `accent = \"#1b6b54\"`)",
    ),
    (
        "[site]\nicon = \"/icon.png\"",
        "feedmill.toml:2:8: error: `site.icon` must be a whole http or https address in quotes, and is the text \"/icon.png\" (write it like `icon = \"https://example.com/icon.png\"`)",
    ),
    (
        "[site]\nicon = \"data:x\"",
        "feedmill.toml:2:8: error: `site.icon` must be an http or https address, and is `data:x` (write it like `https://example.com/icon.png`)",
    ),
    (
        "[site]\nnav = [\"a\"]",
        "feedmill.toml:2:8: error: `site.nav` must be a table, and is the text \"a\" (write it like `nav = [{ name = \"About\", url = \"/about\" }]`)",
    ),
    (
        "[site]\nnav = \"a\"",
        "feedmill.toml:2:7: error: `site.nav` must be a list of tables with `name` and `url`, and is the text \"a\" (write `nav = [{ name = \"About\", url = \"/about\" }]`)",
    ),
    (
        "[site.nav]\nname = \"a\"",
        "feedmill.toml:1:1: error: `site.nav` must be a list of tables with `name` and `url`, and is a table (write `nav = [{ name = \"About\", url = \"/about\" }]`)",
    ),
    (
        "[[site.nav]]\nname = \"a\"",
        "feedmill.toml:1:1: error: `site.nav` has no `url` (write it like `nav = [{ name = \"About\", url = \"/about\" }]`)",
    ),
    (
        "[[site.nav]]\nname = \"a\"\nurl = \"x\"",
        "feedmill.toml:1:1: error: `x` in `site.nav` is not an address that a link can lead to (write a path such as `/about`, or an http, https or mailto address)",
    ),
    (
        "[[site.nav]]\nname = \"a\"\nlink = \"/x\"",
        "feedmill.toml:3:1: error: there is no setting `link` in `site.nav`; it has `name`, `url` (write it like `nav = [{ name = \"About\", url = \"/about\" }]`)",
    ),
    (
        "[site]\nfooter = 5",
        "feedmill.toml:2:10: error: `site.footer` must be text in quotes, and is the number 5 (write it like `footer = \"5\"`)",
    ),
    (
        "[site]\ntemplates = true",
        "feedmill.toml:2:13: error: `site.templates` must be text in quotes, and is `true` (write it like `templates = \"templates\"`)",
    ),
    (
        "[feed]\nlimit = \"20\"",
        "feedmill.toml:2:9: error: `feed.limit` must be a whole number from 1 to 1000, without quotes, and is the text \"20\" (write it like `limit = 20`)",
    ),
    (
        "[feed]\nlimit = 0",
        "feedmill.toml:2:9: error: `feed.limit` must be a whole number from 1 to 1000, without quotes, and is the number 0 (write it like `limit = 20`)",
    ),
    (
        "[feed]\nlimit = -1",
        "feedmill.toml:2:9: error: `feed.limit` must be a whole number from 1 to 1000, without quotes, and is the number -1 (write it like `limit = 20`)",
    ),
    (
        "[feed]\nlimit = 20.5",
        "feedmill.toml:2:9: error: `feed.limit` must be a whole number from 1 to 1000, without quotes, and is the number 20.5 (write it like `limit = 20`)",
    ),
    (
        "[feed]\nlimit = 99999999999999999999",
        "feedmill.toml:2:9: error: `feed.limit` must be a whole number from 1 to 1000, without quotes, and is the number 99999999999999999999 (write it like `limit = 20`)",
    ),
    (
        "[feed]\ncontent = \"all\"",
        "feedmill.toml:2:11: error: `feed.content` must be one of `\"full\"`, `\"summary\"`, and is the text \"all\" (write it like `content = \"summary\"`)",
    ),
    (
        "[feed]\ncontent = true",
        "feedmill.toml:2:11: error: `feed.content` must be one of `\"full\"`, `\"summary\"`, and is `true` (write it like `content = \"summary\"`)",
    ),
    (
        "[feed]\nmax_bytes = \"1 MB\"",
        "feedmill.toml:2:13: error: `feed.max_bytes` must be a whole number of at least 0, without quotes, and is the text \"1 MB\" (write it like `max_bytes = 1048576`)",
    ),
    (
        "[list]\nper_page = 500",
        "feedmill.toml:2:12: error: `list.per_page` must be a whole number from 1 to 200, without quotes, and is the number 500 (write it like `per_page = 8`)",
    ),
    (
        "[list]\nper_pge = 8",
        "feedmill.toml:2:1: error: there is no setting `list.per_pge` (write `per_page`)",
    ),
    (
        "[list]\nlimit = 8",
        "feedmill.toml:2:1: error: there is no setting `list.limit` (write it as `limit` below `[feed]`)",
    ),
    (
        "[posts]\ndir = 5",
        "feedmill.toml:2:7: error: `posts.dir` must be text in quotes, and is the number 5 (write it like `dir = \"posts\"`)",
    ),
    (
        "[posts]\npermalink = \"/x\"",
        "feedmill.toml:2:13: error: `posts.permalink` must begin with `/` or `https://` and contain `{slug}`, and is `/x` (write it like `permalink = \"/posts/{slug}\"`)",
    ),
    (
        "[posts]\npermalink = \"/{titel}/{slug}\"",
        "feedmill.toml:2:13: error: `posts.permalink` contains `{titel}`, which is not a placeholder (write one of `{slug}`, `{year}`, `{month}`, `{day}` and `{section}`)",
    ),
    (
        "[posts]\npermalink = \"/:year/:title/\"",
        "feedmill.toml:2:13: error: `posts.permalink` contains `:year`, which is another program's placeholder (write `permalink = \"/{year}/{slug}/\"`)",
    ),
    (
        "[posts]\npermalink = \"/:year/{slug}\"",
        "feedmill.toml:2:13: error: `posts.permalink` contains `:year`, which is another program's placeholder (write `permalink = \"/{year}/{slug}\"`)",
    ),
    (
        "[posts]\npermalink = \"/{slug\"",
        "feedmill.toml:2:13: error: `posts.permalink` contains `{slug`, which is not a placeholder (write one of `{slug}`, `{year}`, `{month}`, `{day}` and `{section}`)",
    ),
    (
        "[posts]\npermalink = \"/{ slug }\"",
        "feedmill.toml:2:13: error: `posts.permalink` contains `{ slug }`, which is not a placeholder (write one of `{slug}`, `{year}`, `{month}`, `{day}` and `{section}`)",
    ),
    (
        "[posts]\npermalink = \"/{}/{slug}\"",
        "feedmill.toml:2:13: error: `posts.permalink` contains `{}`, which is not a placeholder (write one of `{slug}`, `{year}`, `{month}`, `{day}` and `{section}`)",
    ),
    (
        "[posts]\npermalink = \"/{slug}}\"",
        "feedmill.toml:2:13: error: `posts.permalink` contains `}`, which is not a placeholder (write one of `{slug}`, `{year}`, `{month}`, `{day}` and `{section}`)",
    ),
    (
        "[posts]\npermalink = \"{slug}\"",
        "feedmill.toml:2:13: error: `posts.permalink` must begin with `/` or `https://` and contain `{slug}`, and is `{slug}` (write it like `permalink = \"/posts/{slug}\"`)",
    ),
    (
        "[posts]\nignore = \"x\"",
        "feedmill.toml:2:10: error: `posts.ignore` must be a list of texts, and is the text \"x\" (write it like `ignore = [\"x\"]`)",
    ),
    (
        "[posts]\nignore = [1]",
        "feedmill.toml:2:10: error: `posts.ignore` must be a list of texts, and is a list with the number 1 in it (write it like `ignore = [\"README.md\", \"node_modules\"]`)",
    ),
    (
        "[posts]\nday_first = \"yes\"",
        "feedmill.toml:2:13: error: `posts.day_first` must be `true` or `false`, without quotes, and is the text \"yes\" (write it like `day_first = true`)",
    ),
    (
        "[posts]\nday_first = yes",
        "feedmill.toml:2:13: error: this is neither text nor `true` or `false` (write `true` or `false`, in lower case)",
    ),
    (
        "[posts]\nsplit_tags = \"comma\"",
        "feedmill.toml:2:14: error: `posts.split_tags` must be one of `\"auto\"`, `\"space\"`, `\"never\"`, and is the text \"comma\" (write it like `split_tags = \"never\"`)",
    ),
    (
        "[posts]\nmax_file_bytes = 0",
        "feedmill.toml:2:18: error: `posts.max_file_bytes` must be a whole number of at least 1, without quotes, and is the number 0 (write it like `max_file_bytes = 1048576`)",
    ),
    (
        "[posts]\nmax_depth = -3",
        "feedmill.toml:2:13: error: `posts.max_depth` must be a whole number of at least 0, without quotes, and is the number -3 (write it like `max_depth = 32`)",
    ),
    (
        "[posts]\nmax_files = 0",
        "feedmill.toml:2:13: error: `posts.max_files` must be a whole number of at least 1, without quotes, and is the number 0 (write it like `max_files = 1000000`)",
    ),
    (
        "[posts]\nminor = \"no\"",
        "feedmill.toml:2:9: error: `posts.minor` must be `true` or `false`, without quotes, and is the text \"no\" (write it like `minor = false`)",
    ),
    (
        "[server]\nlisten = 8080",
        "feedmill.toml:2:10: error: `server.listen` must be text in quotes, and is the number 8080 (write it like `listen = \"127.0.0.1:8080\"`)",
    ),
    (
        "[server]\nmax_connections = 0",
        "feedmill.toml:2:19: error: `server.max_connections` must be a whole number from 1 to 1000000, without quotes, and is the number 0 (write it like `max_connections = 4096`)",
    ),
    (
        "[server]\nheader_timeout = 0",
        "feedmill.toml:2:18: error: `server.header_timeout` must be a number of seconds from 0.001 to 86400, without quotes, and is the number 0 (write it like `header_timeout = 10`)",
    ),
    (
        "[server]\nheader_timeout = \"10s\"",
        "feedmill.toml:2:18: error: `server.header_timeout` must be a number of seconds from 0.001 to 86400, without quotes, and is the text \"10s\" (write it like `header_timeout = 10`)",
    ),
    (
        "[server]\nheader_timeout = 100000",
        "feedmill.toml:2:18: error: `server.header_timeout` must be a number of seconds from 0.001 to 86400, without quotes, and is the number 100000 (write it like `header_timeout = 10`)",
    ),
    (
        "[server]\nlog = \"yaml\"",
        "feedmill.toml:2:7: error: `server.log` must be one of `\"text\"`, `\"json\"`, and is the text \"yaml\" (write it like `log = \"json\"`)",
    ),
    (
        "[server]\npreview = true",
        "feedmill.toml:2:1: error: there is no setting `server.preview` (remove it, and start with `feedmill serve --preview`)",
    ),
    (
        "[watch]\nmode = \"events\"",
        "feedmill.toml:2:8: error: `watch.mode` must be one of `\"auto\"`, `\"native\"`, `\"poll\"`, and is the text \"events\" (write it like `mode = \"poll\"`)",
    ),
    (
        "[watch]\nsettle = -1",
        "feedmill.toml:2:10: error: `watch.settle` must be a number of seconds from 0.001 to 86400, without quotes, and is the number -1 (write it like `settle = 0.1`)",
    ),
    (
        "[watch]\nrescan = nan",
        "feedmill.toml:2:10: error: `watch.rescan` must be a number of seconds from 0.001 to 86400, without quotes, and is the number nan (write it like `rescan = 60`)",
    ),
    (
        "[posts]\nmedia = ['html', 'MD']",
        "feedmill.toml:2:9: error: `posts.media` contains `MD`, an ending of posts, whose files are never served as they are (remove it)",
    ),
    (
        "[posts]\nmedia = ['../x']",
        "feedmill.toml:2:9: error: `posts.media` contains `../x`, which is not an ending of file names (write endings such as `html`)",
    ),
    (
        "[state]\ndir = \"\"",
        "feedmill.toml:2:7: error: `state.dir` is empty, and must name a folder (name a folder, or remove it for the usual one)",
    ),
    (
        "[state]\nwithdrawn_days = -1",
        "feedmill.toml:2:18: error: `state.withdrawn_days` must be a whole number from 0 to 36500, without quotes, and is the number -1 (write it like `withdrawn_days = 90`)",
    ),
    (
        "[state]\nwithdrawn_days = 9999999",
        "feedmill.toml:2:18: error: `state.withdrawn_days` must be a whole number from 0 to 36500, without quotes, and is the number 9999999 (write it like `withdrawn_days = 90`)",
    ),
    (
        "[cache]\nfeeds = \"5m\"",
        "feedmill.toml:2:9: error: `cache.feeds` must be a whole number of at least 0, without quotes, and is the text \"5m\" (write it like `feeds = 300`)",
    ),
    (
        "[cache]\nfeeds = -1",
        "feedmill.toml:2:9: error: `cache.feeds` must be a whole number of at least 0, without quotes, and is the number -1 (write it like `feeds = 300`)",
    ),
    (
        "[pace]\ntrusted_proxies = [\"10.0.0.1\"]",
        "feedmill.toml:2:19: error: `pace.trusted_proxies` must be a list of networks, and is a list with the text \"10.0.0.1\" in it (write it like `trusted_proxies = [\"10.0.0.1/32\"]`)",
    ),
    (
        "[pace]\ntrusted_proxies = \"10.0.0.0/8\"",
        "feedmill.toml:2:19: error: `pace.trusted_proxies` must be a list of networks, and is the text \"10.0.0.0/8\" (write it like `trusted_proxies = [\"10.0.0.0/8\"]`)",
    ),
    (
        "[pace]\ntrusted_proxies = [\"proxy\"]",
        "feedmill.toml:2:19: error: `pace.trusted_proxies` must be a list of networks, and is a list with the text \"proxy\" in it (write it like `trusted_proxies = [\"10.0.0.0/8\"]`)",
    ),
    (
        "[pace]\nrequests_per_minute = 1.5",
        "feedmill.toml:2:23: error: `pace.requests_per_minute` must be a whole number of at least 0, without quotes, and is the number 1.5 (write it like `requests_per_minute = 60`)",
    ),
    (
        "[redirect]\nfrom = \"/a\"\nto = \"/b\"",
        "feedmill.toml:1:1: error: `[[redirect]]` must be a list of tables with `from` and `to`, and is a table (write `[[redirect]]`, and below it `from = \"/old\"` and `to = \"/new\"`)",
    ),
    (
        "[[redirect]]\nfrom = \"/a\"",
        "feedmill.toml:1:1: error: `[[redirect]]` has no `to` (write it like `[[redirect]]`, and below it `from = \"/old\"` and `to = \"/new\"`)",
    ),
    (
        "[[redirect]]\nfrom = \"a\"\nto = \"/b\"",
        "feedmill.toml:1:1: error: `from` of a redirect must be a path without `#`, with at most one parameter, and is `a` (write it like `from = \"/old\"` or `from = \"/?p=123\"`)",
    ),
    (
        "[[redirect]]\nfrom = \"/a\"\nto = \"b\"",
        "feedmill.toml:1:1: error: `to` of a redirect must be a path or an http address, and is `b` (write it like `to = \"/new\"`)",
    ),
    (
        "[[redirect]]\nfrom = \"/a\"\nto = \"/a\"",
        "feedmill.toml:1:1: error: these redirects form a loop: `/a` → `/a` (remove one of them)",
    ),
    (
        "[[redirect]]\nfrom = \"/a\"\nto = \"/b\"\ncode = 302",
        "feedmill.toml:4:1: error: there is no setting `code` in `[[redirect]]`; it has `from`, `to` (write it like `[[redirect]]`, and below it `from = \"/old\"` and `to = \"/new\"`)",
    ),
    (
        "[[redirects]]\nfrom = \"/a\"\nto = \"/b\"",
        "feedmill.toml:1:3: error: there is no table `redirects` (write `[[redirect]]`)",
    ),
];

#[test]
fn every_mistake_has_its_place_and_its_fix() {
    for (text, expected) in MISTAKES {
        assert_eq!(&parse(text).unwrap_err(), expected, "{text:?}");
    }
}

#[test]
fn patterns_of_addresses_hold_placeholders_that_are_known() {
    for good in [
        "/{slug}",
        "/{section}/{year}-{month}-{day}/{slug}.html",
        "https://x.example:8080/{slug}",
        "/a:b/{slug}",
    ] {
        assert!(parse(&format!("[posts]\npermalink = '{good}'")).is_ok(), "{good}");
    }
    for wrong in [
        "/{Slug}/{slug}",
        "/{slug}/{titel}",
        "/{{slug}}",
        "/{slug}/:page",
        "/{slug}{",
        "/{title}",
    ] {
        let said = parse(&format!("[posts]\npermalink = '{wrong}'")).unwrap_err();
        assert!(
            said.contains("placeholder") && said.contains("`{section}`"),
            "{wrong}: {said}"
        );
    }
}

#[test]
fn a_byte_order_mark_is_no_mistake() {
    assert_eq!(parse("\u{feff}[list]\nper_page = 9\n").unwrap().list.per_page, 9);
}

proptest::proptest! {
    /// Whatever a file says: it is read, or there is one error that names the file, a place in it and what to do.
    #[test]
    fn no_file_is_refused_without_a_place_and_a_fix(
        table in proptest::sample::select(vec!["site", "feed", "posts", "server", "watch", "pace", "push", "redirect", "Site", "x"]),
        key in proptest::sample::select(vec!["title", "author", "limit", "base_url", "nav", "rescan", "trusted_proxies", "day_first", "from", "é"]),
        value in proptest::sample::select(vec![
            "1", "-1", "1.5", "nan", "'x'", "\"\"", "true", "[]", "[1]", "['x']", "[[]]", "{}", "{ a = 1 }", "[{}]", "1979-05-27", "x", "", "'",
        ]),
        junk in ".{0,8}",
    ) {
        let text = format!("[{table}]\n{key} = {value}{junk}\n");
        if let Err(diagnostic) = Config::parse("feedmill.toml".into(), &text) {
            proptest::prop_assert!(diagnostic.position.is_some() && !diagnostic.mend.is_empty(), "{text}: {diagnostic}");
            let said = diagnostic.to_string();
            for word in ["struct", "usize", "invalid type", "expected one of", "u32"] {
                proptest::prop_assert!(!said.contains(word), "{text}: {said}");
            }
        }
    }
}

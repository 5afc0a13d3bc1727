//! A file for Caddy, which the block of the site imports.

use std::fmt::Write as _;

use super::HostRule;
use super::headers::{MEDIA_CACHE_CONTROL, SampleHeaders, as_pattern};

/// The file.
pub(super) const NAME: &str = ".feedmill-caddy";

/// The directives of the site.
pub(super) fn site(rules: &[HostRule], gone: &[HostRule], samples: &SampleHeaders) -> String {
    let base = &samples.base_path;
    let mut text = String::from("# Import this file in the block of the site, after `root`.\n");
    let (plain, queries): (Vec<&HostRule>, Vec<&HostRule>) = rules.iter().partition(|rule| rule.query.is_empty());
    text.push_str("map {path} {feedmill_to} {feedmill_gone} {\n");
    for rule in plain {
        for from in rule.spellings() {
            let _ = writeln!(text, "\t{} {} \"\"", literal(&from), literal(rule.to));
        }
    }
    for from in gone.iter().flat_map(HostRule::spellings) {
        let _ = writeln!(text, "\t{} \"\" gone", literal(&from));
    }
    text.push_str("\tdefault \"\" \"\"\n}\nmap {path}?{query} {feedmill_query_to} {\n");
    for rule in queries {
        let from = format!("{}?{}", rule.decoded(), rule.query);
        let _ = writeln!(text, "\t{} {}", literal(&from), literal(rule.to));
    }
    text.push_str("\tdefault \"\"\n}\n");
    text.push_str(
        "@feedmill_moved expression `{feedmill_to} != \"\"`\n\
         redir @feedmill_moved {feedmill_to} 301\n\
         @feedmill_query_moved expression `{feedmill_query_to} != \"\"`\n\
         redir @feedmill_query_moved {feedmill_query_to} 301\n\
         @feedmill_gone expression `{feedmill_gone} != \"\"`\n\
         respond @feedmill_gone 410\n",
    );
    for (name, value) in &samples.common {
        let _ = writeln!(text, "header {name} {}", quoted(value));
    }
    let below_base = format!("^{}/(.*/)?", as_pattern(base));
    let names: Vec<String> = samples.files.iter().map(|(file, _)| as_pattern(file)).collect();
    let _ = writeln!(
        text,
        "@feedmill_page not path_regexp {}",
        quoted(&format!("{below_base}({})$", names.join("|")))
    );
    for (name, value) in samples.page.iter().filter(|(name, _)| name != "content-type") {
        // only where nothing below sets another value
        let _ = writeln!(text, "header @feedmill_page ?{name} {}", quoted(value));
    }
    for (at, (file, fields)) in samples.files.iter().enumerate() {
        let pattern = format!("{below_base}{}$", as_pattern(file));
        let _ = writeln!(
            text,
            "@feedmill_file{at} path_regexp {}\nheader @feedmill_file{at} {{",
            quoted(&pattern)
        );
        for (name, value) in fields {
            let _ = writeln!(text, "\t{name} {}", quoted(value));
        }
        text.push_str("}\n");
    }
    let _ = writeln!(text, "header {base}/media/* cache-control {}", quoted(MEDIA_CACHE_CONTROL));
    text.push_str("@feedmill_markdown path *.md\nheader @feedmill_markdown content-type \"text/markdown; charset=utf-8\"\n");
    text.push_str("try_files {path} {path}.html {path}/index.html {path}.json\n");
    text.push_str("file_server {\n\tprecompressed br gzip\n\thide .feedmill* .git .htaccess\n}\n");
    let _ = writeln!(
        text,
        "handle_errors {{\n\t@feedmill_missing expression `{{err.status_code}} == 404`\n\thandle @feedmill_missing {{\n\t\t\
         rewrite * {base}/404.html\n\t\tfile_server\n\t}}\n}}"
    );
    text
}

/// `text` in double quotes. A backslash is one, unless a quote follows.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\\\""))
}

/// `text` in quotes. Braces begin a placeholder, and `~` at the beginning a regular expression.
fn literal(text: &str) -> String {
    quoted(&text.replace('{', "\\{").replace('}', "\\}"))
}

//! `_redirects` and `_headers`, which Netlify, Cloudflare Pages and (without headers) GitLab Pages read.

use std::fmt::Write as _;

use super::HostRule;
use super::headers::{MEDIA_CACHE_CONTROL, SampleHeaders};

/// The paths of the files of scopes. `*` in the middle of a path does not mean the same on each host; a placeholder does.
const FOLDERS: [&str; 8] = [
    "",
    "/archive/:number",
    "/tags/:tag",
    "/tags/:tag/archive/:number",
    "/authors/:author",
    "/authors/:author/archive/:number",
    "/sections/:section",
    "/sections/:section/archive/:number",
];

/// The redirects, one on each line.
pub(super) fn redirects(rules: &[HostRule]) -> String {
    let mut text = String::new();
    for rule in rules {
        // `:name` and `*` have a meaning in the path, and a space ends it
        let from = rule.from.replace(':', "%3A").replace('*', "%2A");
        if rule.query.is_empty() {
            let _ = writeln!(text, "{from} {} 301", rule.to);
        } else {
            // the sign: although there is a file at the path
            let _ = writeln!(text, "{from} {} {} 301!", rule.query.replace('&', " "), rule.to);
        }
    }
    text
}

/// The headers. A host joins the values of a field that several rules set, so no field is set twice for one path.
pub(super) fn headers(samples: &SampleHeaders) -> String {
    let mut text = String::new();
    let base = &samples.base_path;
    let _ = writeln!(text, "{base}/*");
    let policy = samples.page.iter().filter(|(name, _)| name == "content-security-policy");
    for (name, value) in samples.common.iter().chain(policy) {
        let _ = writeln!(text, "  {name}: {value}");
    }
    let _ = writeln!(text, "{base}/media/*\n  cache-control: {MEDIA_CACHE_CONTROL}");
    for (file, fields) in &samples.files {
        let folders = if *file == "feeds.opml" { &FOLDERS[..1] } else { &FOLDERS[..] };
        for folder in folders {
            let _ = writeln!(text, "{base}{folder}/{file}");
            for (name, value) in fields {
                let _ = writeln!(text, "  {name}: {value}");
            }
        }
    }
    text
}

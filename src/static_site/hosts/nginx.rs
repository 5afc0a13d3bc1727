//! Two files for nginx: maps for the `http` block, and what the `server` block of the site includes.

use std::fmt::Write as _;

use http::header;

use super::headers::{MEDIA_CACHE_CONTROL, SampleHeaders, as_pattern};
use super::{HostRule, quoted};

/// The file for the `http` block.
pub(super) const MAPS: &str = ".feedmill-nginx-maps.conf";
/// The file for the `server` block.
pub(super) const SERVER: &str = ".feedmill-nginx-server.conf";

/// The redirects and the withdrawn addresses as maps.
pub(super) fn maps(rules: &[HostRule], gone: &[HostRule]) -> String {
    let mut text = String::from("# Include this file in the `http` block.\n");
    let length = |rule: &HostRule| rule.decoded().len() + rule.query.len();
    let longest = rules.iter().chain(gone).map(length).max().unwrap_or(0);
    let bucket = (longest + 64).next_power_of_two().max(256);
    let size = (3 * (rules.len() + gone.len())).next_power_of_two().max(2048) * 2;
    let _ = writeln!(text, "map_hash_bucket_size {bucket};\nmap_hash_max_size {size};");
    text.push_str("map $uri $feedmill_to {\n    default \"\";\n");
    // `$` begins a variable in the value of a map
    let target = |rule: &HostRule| quoted(&rule.to.replace('$', "%24"));
    let (plain, queries): (Vec<&HostRule>, Vec<&HostRule>) = rules.iter().partition(|rule| rule.query.is_empty());
    for rule in plain {
        for from in rule.spellings() {
            let _ = writeln!(text, "    {} {};", quoted(&from), target(rule));
        }
    }
    text.push_str("}\nmap \"$uri?$args\" $feedmill_query_to {\n    default \"\";\n");
    for rule in queries {
        let from = format!("{}?{}", rule.decoded(), rule.query);
        let _ = writeln!(text, "    {} {};", quoted(&from), target(rule));
    }
    text.push_str("}\nmap $uri $feedmill_gone {\n    default \"\";\n");
    for from in gone.iter().flat_map(HostRule::spellings) {
        let _ = writeln!(text, "    {} 1;", quoted(&from));
    }
    text.push_str("}\n");
    text
}

/// The locations of the site.
pub(super) fn server(samples: &SampleHeaders) -> String {
    let base = &samples.base_path;
    let mut text = String::from(
        "# Include this file in the `server` block, after `root`. The other file belongs in the `http` block.\n\
         if ($feedmill_gone) { return 410; }\n\
         if ($feedmill_to) { return 301 $feedmill_to; }\n\
         if ($feedmill_query_to) { return 301 $feedmill_query_to; }\n\
         absolute_redirect off;\n\
         gzip_static on;\n",
    );
    let _ = writeln!(text, "error_page 404 {base}/404.html;");
    // what begins with a dot is for operators; /.well-known/ is for everybody (RFC 8615)
    text.push_str("location ~ /\\.(?!well-known/) { return 404; }\n");
    let pattern = as_pattern(base);
    for (file, fields) in &samples.files {
        let _ = writeln!(text, "location ~ ^{pattern}/(.*/)?{}$ {{\n    types {{ }}", as_pattern(file));
        for (name, value) in fields {
            if name == header::CONTENT_TYPE.as_str() {
                let _ = writeln!(text, "    default_type {};", quoted(value));
            } else {
                let _ = writeln!(text, "    add_header {name} {};", quoted(value));
            }
        }
        add_common(&mut text, samples);
        text.push_str("    try_files $uri =404;\n}\n");
    }
    let _ = writeln!(
        text,
        "location ~ ^{pattern}/.*\\.md$ {{\n    types {{ }}\n    default_type \"text/markdown; charset=utf-8\";"
    );
    add_common(&mut text, samples);
    text.push_str("    try_files $uri =404;\n}\n");
    let _ = writeln!(
        text,
        "location {base}/media/ {{\n    add_header cache-control {};",
        quoted(MEDIA_CACHE_CONTROL)
    );
    if let Some(value) = samples.page_field(&header::CONTENT_SECURITY_POLICY) {
        let _ = writeln!(text, "    add_header {} {};", header::CONTENT_SECURITY_POLICY, quoted(value));
    }
    add_common(&mut text, samples);
    text.push_str("    try_files $uri =404;\n}\n");
    let _ = writeln!(text, "location {base}/ {{\n    charset utf-8;");
    for name in [header::CACHE_CONTROL, header::CONTENT_SECURITY_POLICY] {
        if let Some(value) = samples.page_field(&name) {
            let _ = writeln!(text, "    add_header {name} {};", quoted(value));
        }
    }
    add_common(&mut text, samples);
    text.push_str("    try_files $uri $uri.html $uri/index.html $uri.json =404;\n}\n");
    text
}

/// The fields of every response. A location with a field of its own inherits none.
fn add_common(text: &mut String, samples: &SampleHeaders) {
    for (name, value) in &samples.common {
        let _ = writeln!(text, "    add_header {name} {};", quoted(value));
    }
}

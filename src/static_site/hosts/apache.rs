//! `.htaccess` for Apache. It needs `mod_alias`, `mod_rewrite` and `mod_headers`, which most hosts have.

use std::fmt::Write as _;

use http::header;

use super::headers::{MEDIA_CACHE_CONTROL, SampleHeaders, as_pattern, literal_pattern};
use super::{HostRule, quoted};

/// The text of the file.
pub(super) fn htaccess(rules: &[HostRule], gone: &[HostRule], samples: &SampleHeaders) -> String {
    let base = &samples.base_path;
    let mut text = String::from("Options -Indexes -MultiViews\nDirectorySlash Off\nDirectoryIndex index.html\n");
    let _ = writeln!(text, "ErrorDocument 404 {base}/404.html");
    text.push_str("<FilesMatch \"^\\.\">\n    Require all denied\n</FilesMatch>\nAddDefaultCharset utf-8\nAddType \"text/markdown; charset=utf-8\" .md\n");
    let (plain, queries): (Vec<&HostRule>, Vec<&HostRule>) = rules.iter().partition(|rule| rule.query.is_empty());
    let one_of = |spellings: Vec<String>| {
        let patterns: Vec<String> = spellings.iter().map(|spelling| literal_pattern(spelling)).collect();
        quoted(&format!("^({})$", patterns.join("|")))
    };
    for rule in plain {
        // in the target `$` begins a part of the match, and `%` is written as it is
        let _ = writeln!(
            text,
            "RedirectMatch 301 {} {}",
            one_of(rule.spellings()),
            quoted(&rule.to.replace('$', "%24"))
        );
    }
    for rule in gone {
        let _ = writeln!(text, "RedirectMatch gone {}", one_of(rule.spellings()));
    }
    let _ = writeln!(text, "RewriteEngine On\nRewriteBase {base}/");
    for rule in queries {
        let path = rule
            .from
            .strip_prefix(base.as_str())
            .unwrap_or(&rule.from)
            .trim_start_matches('/');
        let _ = writeln!(
            text,
            "RewriteCond %{{QUERY_STRING}} {}\nRewriteRule {} {} [R=301,L,QSD,NE]",
            quoted(&format!("^{}$", literal_pattern(rule.query))),
            quoted(&format!("^{}$", as_pattern(path))),
            quoted(&rule.to.replace('$', "%24").replace('%', "\\%"))
        );
    }
    // a page wins over a folder of the same name
    text.push_str(
        "RewriteCond %{REQUEST_FILENAME}.html -f\nRewriteRule ^(.*[^/])$ $1.html [L]\n\
         RewriteCond %{REQUEST_FILENAME}.json -f\nRewriteRule ^(.*[^/])$ $1.json [L]\n\
         RewriteCond %{REQUEST_FILENAME}/index.html -f\nRewriteRule ^(.*[^/])$ $1/index.html [L]\n",
    );
    text.push_str("<IfModule mod_headers.c>\n");
    for (name, value) in &samples.common {
        let _ = writeln!(text, "    Header set {name} {}", quoted(value));
    }
    text.push_str("    <FilesMatch \"\\.html$\">\n");
    for name in [header::CACHE_CONTROL, header::CONTENT_SECURITY_POLICY] {
        if let Some(value) = samples.page_field(&name) {
            let _ = writeln!(text, "        Header set {name} {}", quoted(value));
        }
    }
    text.push_str("    </FilesMatch>\n");
    let _ = writeln!(
        text,
        "    <If \"%{{REQUEST_URI}} =~ m#^{}/media/#\">\n        Header set cache-control {}\n    </If>",
        as_pattern(base),
        quoted(MEDIA_CACHE_CONTROL)
    );
    for (file, fields) in &samples.files {
        let _ = writeln!(text, "    <Files \"{file}\">");
        for (name, value) in fields {
            if name == header::CONTENT_TYPE.as_str() {
                let _ = writeln!(text, "        ForceType {}", quoted(value));
            } else {
                let _ = writeln!(text, "        Header set {name} {}", quoted(value));
            }
        }
        text.push_str("    </Files>\n");
    }
    text.push_str("</IfModule>\n");
    text
}

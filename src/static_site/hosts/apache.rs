//! `.htaccess` for Apache. It needs `mod_alias`, `mod_rewrite` and `mod_headers`, which most hosts have.

use std::fmt::Write as _;

use http::header;

use super::headers::{MEDIA_CACHE_CONTROL, SampleHeaders, as_pattern};
use super::{HostRule, quoted};

/// The text of the file.
pub(super) fn htaccess(rules: &[HostRule], gone: &[HostRule], samples: &SampleHeaders) -> String {
    let base = &samples.base_path;
    let mut text = String::from("Options -Indexes -MultiViews\nDirectorySlash Off\nDirectoryIndex index.html\n");
    let _ = writeln!(text, "ErrorDocument 404 {base}/404.html");
    text.push_str("<FilesMatch \"^\\.\">\n    Require all denied\n</FilesMatch>\nAddDefaultCharset utf-8\nAddType \"text/markdown; charset=utf-8\" .md\n");
    for rule in rules {
        // in the target `$` begins a part of the match, and `%` is written as it is
        let _ = writeln!(
            text,
            "RedirectMatch 301 {} {}",
            quoted(&format!("^{}$", as_pattern(&rule.from))),
            quoted(&rule.to.replace('$', "%24"))
        );
    }
    for rule in gone {
        let _ = writeln!(
            text,
            "RedirectMatch gone {}",
            quoted(&format!("^{}$", as_pattern(&rule.from)))
        );
    }
    let _ = writeln!(text, "RewriteEngine On\nRewriteBase {base}/");
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

//! Absolute URLs in documents, which need no base URL (RFC 3986).

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use url::{Position, Url};

use super::xml_text::one_line;
use crate::post::Post;
use crate::post::reference::{References, Role, Targets};

/// The characters that stay as they are in a path: `pchar` and `/` (RFC 3986, section 3.3). A percent sign is encoded, because
/// addresses are not encoded yet.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

/// The characters that the URL standard keeps in a path or query and RFC 3986 does not allow there. Validators reject them.
const LEFT_OVER: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The absolute URL of a post: `address` below `base` (which has no slash at its end), percent-encoded. An absolute `address`
/// is returned as it is.
///
/// See [`Post::address`](crate::post::Post::address).
#[must_use]
pub fn post_url(base: &str, address: &str) -> String {
    if let Some(elsewhere) = web_address(address) {
        return elsewhere;
    }
    let path = utf8_percent_encode(address.trim_start_matches('/'), PATH);
    let url = format!("{base}/{path}");
    web_address(&url).unwrap_or(url)
}

/// Resolves the addresses in `post`, published on the site at `base`, where they lead to `targets`.
#[must_use]
pub fn references(post: &Post, base: &str, targets: &Targets) -> References {
    References::new(base, &post_url(base, &post.address), &post.source).with_targets(targets)
}

/// `text` if it is an http(s) URL, as the URL standard serializes it.
pub(super) fn web_address(text: &str) -> Option<String> {
    Url::parse(&one_line(text)).ok().and_then(|url| web_url(&url))
}

/// Resolves `reference` in a post; `None` if the result is not an http(s) URL.
pub(super) fn resolved(references: &References, reference: &str, role: Role) -> Option<String> {
    let reference = one_line(reference);
    if reference.is_empty() {
        return None;
    }
    references.resolve(&reference, role).and_then(|url| web_url(&url))
}

fn web_url(url: &Url) -> Option<String> {
    let is_web = matches!(url.scheme(), "http" | "https") && url.host().is_some();
    let path = utf8_percent_encode(&url[Position::BeforePath..], LEFT_OVER);
    is_web.then(|| format!("{}{path}", &url[..Position::BeforePath]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn posts_have_absolute_urls() {
        let base = "https://example.com/blog";
        let cases = [
            ("/posts/hello", "https://example.com/blog/posts/hello"),
            ("posts/hello/", "https://example.com/blog/posts/hello/"),
            ("/posts/日本 c++", "https://example.com/blog/posts/%E6%97%A5%E6%9C%AC%20c++"),
            ("/100%?#<\">", "https://example.com/blog/100%25%3F%23%3C%22%3E"),
            ("/a;b=c&d'(e)", "https://example.com/blog/a;b=c&d'(e)"),
            ("//evil.example/x", "https://example.com/blog/evil.example/x"),
            ("https://elsewhere.example/a?b=c#d", "https://elsewhere.example/a?b=c#d"),
            ("https://elsewhere.example/é", "https://elsewhere.example/%C3%A9"),
            ("javascript:alert(1)", "https://example.com/blog/javascript:alert(1)"),
        ];
        for (address, expected) in cases {
            assert_eq!(post_url(base, address), expected, "{address:?}");
        }
    }

    #[test]
    fn references_are_resolved_relative_to_the_post() {
        let base = "https://example.com/blog";
        let references = References::new(base, "https://example.com/blog/posts/hello", "notes/hello.md".into());
        let cases = [
            ("cat.png", Some("https://example.com/blog/media/notes/cat.png")),
            ("../cat.png", Some("https://example.com/blog/media/cat.png")),
            ("/img/cat 1.png", Some("https://example.com/img/cat%201.png")),
            ("/cat[1]?a={b|c}", Some("https://example.com/cat%5B1%5D?a=%7Bb%7Cc%7D")),
            ("http://[::1]:8080/%5B", Some("http://[::1]:8080/%5B")),
            ("//cdn.example/cat.png", Some("https://cdn.example/cat.png")),
            ("https://cdn.example/cat.png", Some("https://cdn.example/cat.png")),
            ("data:image/png;base64,AAAA", None),
            ("javascript:alert(1)", None),
            ("http://", None),
            ("  ", None),
        ];
        for (reference, expected) in cases {
            assert_eq!(
                resolved(&references, reference, Role::Part).as_deref(),
                expected,
                "{reference:?}"
            );
        }
    }
}

//! Finds what is shown for an `object`: its own content if that shows the same file, else a picture or a link.

use super::token::{Tag, Token, Tokens};

/// Further tokens are not searched for the end of an object.
const MOST_TOKENS: usize = 64;

/// Endings of pictures that objects show.
const PICTURES: [&str; 7] = [".svg", ".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif"];

/// What is shown for an `object`, with the number of tokens that this replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ObjectReplacement<'a> {
    /// Its content.
    Content,
    /// The picture at this address.
    Picture(&'a str, usize),
    /// A link to this address.
    Link(&'a str, usize),
}

/// Returns what is shown for `tag`, the start of an `object`, before the tokens `after`.
pub(super) fn shown<'a>(tag: &Tag<'a>, after: &Tokens<'a>) -> ObjectReplacement<'a> {
    let Some(address) = address(tag) else {
        return ObjectReplacement::Content;
    };
    let kind = tag.attribute("type").unwrap_or_default().trim().to_ascii_lowercase();
    let path = address.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    let is_picture = kind.starts_with("image/") || kind.is_empty() && PICTURES.iter().any(|ending| path.ends_with(ending));
    let content = content(after);
    match content {
        ObjectContent { has_picture: true, .. } => ObjectReplacement::Content,
        ObjectContent { has_link: true, .. } if !is_picture => ObjectReplacement::Content,
        ObjectContent { length, .. } if is_picture => ObjectReplacement::Picture(address, length),
        ObjectContent { length, .. } => ObjectReplacement::Link(address, length),
    }
}

/// Returns the address of the file that the object `tag` shows.
pub(super) fn address<'a>(tag: &Tag<'a>) -> Option<&'a str> {
    tag.attribute("data").map(str::trim).filter(|address| !address.is_empty())
}

/// What is in an object.
struct ObjectContent {
    has_picture: bool,
    has_link: bool,
    /// The number of tokens with the start and the end of the object; 1 if its end is not found.
    length: usize,
}

fn content(after: &Tokens<'_>) -> ObjectContent {
    let mut content = ObjectContent {
        has_picture: false,
        has_link: false,
        length: 1,
    };
    let mut depth = 0_usize;
    for (token, number) in after.clone().zip(2..=MOST_TOKENS) {
        match token {
            Token::Start(tag) => match tag.name.as_str() {
                "object" => depth += 1,
                "img" => content.has_picture = true,
                "a" | "embed" | "iframe" | "video" | "audio" => content.has_link = true,
                _ => {}
            },
            Token::End(name) if name == "object" => match depth.checked_sub(1) {
                Some(outer) => depth = outer,
                None => {
                    content.length = number;
                    return content;
                }
            },
            _ => {}
        }
    }
    // what follows is not known to be in it
    ObjectContent {
        has_picture: false,
        has_link: false,
        ..content
    }
}

#[cfg(test)]
mod tests {
    use crate::post::html;
    use crate::post::reference::References;

    #[test]
    fn objects_become_pictures_and_links() {
        let cases = [
            ("<object data=\"a.svg\"></object>b", "<img src=\"a.svg\">b"),
            (
                "<object type=\"image/svg+xml\" data=\"a\" width=\"9\" title=\"T\">No SVG here.</object>b",
                "<img src=\"a\" width=\"9\" alt=\"T\">b",
            ),
            // the fallback shows the same
            ("<object data=\"a.svg\"><img src=\"a.png\"></object>", "<img src=\"a.png\">"),
            (
                "<object data=\"a.svg\"><a href=\"a.svg\">a</a></object>",
                "<img src=\"a.svg\">",
            ),
            (
                "<object data=\"a.pdf\" type=\"application/pdf\"><p><a href=\"a.pdf\">The file</a></p></object>",
                "<p><a href=\"a.pdf\">The file</a></p>",
            ),
            ("<object data=\"a.pdf\">No reader.</object>b", "<a href=\"a.pdf\">a.pdf</a>b"),
            (
                "<object data=\"a.pdf\" title=\"A &amp; B\"></object>",
                "<a href=\"a.pdf\">A &amp; B</a>",
            ),
            (
                "<object data=\"a.svg\"><object data=\"a.png\">c</object></object>d",
                "<img src=\"a.svg\">d",
            ),
            (
                "<object data=\"https://www.youtube.com/embed/x\"></object>",
                "<a href=\"https://www.youtube.com/watch?v=x\">www.youtube.com/watch?v=x</a>",
            ),
            (
                "<object data=\"a.svg\"><object data=\"a.png\">c</object>e</object>d",
                "<img src=\"a.svg\">d",
            ),
            (
                "<object data=\"a.pdf\"><p>x</p><a href=\"a.pdf\">y</a></object>z",
                "<p>x</p><a href=\"a.pdf\">y</a>z",
            ),
            // without an end or an address
            (
                "<object data=\"a.svg\"><img src=\"a.png\">b",
                "<img src=\"a.svg\"><img src=\"a.png\">b",
            ),
            (
                "<object data=\"a.pdf\"><a href=\"c.pdf\">c</a>b",
                "<a href=\"a.pdf\">a.pdf</a><a href=\"c.pdf\">c</a>b",
            ),
            ("<object data=\"a.svg\">b", "<img src=\"a.svg\">b"),
            ("<object><param name=\"a\">b</object>", "b"),
            ("<object data=\"javascript:a\">b</object>", "<a>javascript:a</a>"),
        ];
        let references = References::new("https://a.test", "https://a.test/b", "a.md".into());
        for (written, expected) in cases {
            let found = html::for_feed(written, &references).replace("https://a.test/media/", "");
            assert_eq!(found, expected, "{written}");
        }
        assert!(
            html::addresses("<object data=\"a.svg\">")
                .iter()
                .any(|(address, _)| address == "a.svg")
        );
        assert_eq!(html::removed("<object data=\"a.svg\"></object>"), None);
        assert!(html::removed("<object></object>").is_some());
    }
}

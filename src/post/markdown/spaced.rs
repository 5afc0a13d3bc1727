//! Finds the addresses of links and pictures that contain spaces: `![x](my pic.png)`.
//!
//! They are not addresses in `CommonMark`, but in the Markdown of Jekyll, Hexo and Pelican. An address with spaces counts only if it ends
//! like the name of a file that may be on a site, so that no words in brackets become one.

use memchr::memmem;

use crate::source_file::file_type::{is_markdown_ending, media_kind};

/// In bytes: the longest address.
const LONGEST: usize = 300;

/// What Pelican's addresses begin with.
const PELICAN: [&str; 3] = ["{filename}", "{static}", "{attach}"];

/// What Pelican's addresses begin with that name no file.
const PELICAN_NAMES: [&str; 3] = ["{author}", "{tag}", "{category}"];

/// Returns whether `text` may have an address with spaces.
pub(super) fn may_have(text: &[u8]) -> bool {
    memmem::find_iter(text, b"](").any(|at| {
        let address = text.get(at + 2..).unwrap_or_default().iter().take(LONGEST);
        let mut address = address.take_while(|byte| !matches!(byte, b')' | b'\n'));
        address.any(|&byte| byte == b' ')
    })
}

/// Returns the address with spaces in `text`, which begins with `](`, and the length of both.
pub(super) fn parse(text: &str) -> Option<(&str, usize)> {
    let rest = text.strip_prefix("](")?;
    let end = rest.bytes().take(LONGEST).position(|byte| matches!(byte, b')' | b'\n'))?;
    let inner = rest.get(..end)?;
    // what follows a quote is a title
    let title = [" \"", " '"].iter().filter_map(|quote| inner.find(quote)).min();
    let address = inner.get(..title.unwrap_or(end))?.trim();
    let start = inner.len() - inner.trim_start().len();
    let is_closed = title.is_some() || rest.as_bytes().get(end) == Some(&b')');
    if let Some(name) = PELICAN_NAMES.iter().find_map(|start| address.strip_prefix(start)) {
        let is_plain = is_closed && name.contains(' ') && !name.contains(['<', '>', '(', '"', '{']);
        return is_plain.then_some((address, 2 + start + address.len()));
    }
    let path = address.split(['#', '?']).next()?;
    let (stem, ending) = path.rsplit_once('.')?;
    let ending = ending.to_ascii_lowercase();
    let is_file = !stem.is_empty() && (media_kind(&ending).is_some() || is_markdown_ending(&ending));
    let plain = PELICAN
        .iter()
        .find_map(|start| address.strip_prefix(start))
        .unwrap_or(address);
    let has_spaces = address.contains(' ') && !plain.contains(['<', '>', '(', '\t', '"', '{']);
    (is_file && is_closed && has_spaces).then_some((address, 2 + start + address.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_with_spaces() {
        let cases = [
            ("](my pic.png)", Some("my pic.png")),
            ("]( my pic.png ) x", Some("my pic.png")),
            ("](my pic.PNG \"A title\")", Some("my pic.PNG")),
            ("](my pic.png 'A title')", Some("my pic.png")),
            ("](a b/c d.md#part)", Some("a b/c d.md#part")),
            ("](https://a.test/a b.pdf)", Some("https://a.test/a b.pdf")),
            ("]({filename}my post.md)", Some("{filename}my post.md")),
            ("]({author}Ann Ott)", Some("{author}Ann Ott")),
            ("]({{ x }}my pic.png)", None),
            ("](pic.png)", None),
            ("](pic.png \"A title.png\")", None),
            ("](pic.png =100x200)", None),
            ("](as in words.)", None),
            ("](as in e.g. this)", None),
            ("](<my pic.png>)", None),
            ("](my pic.png", None),
            ("](my\npic.png)", None),
            ("](a (b c.png)", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text).map(|(address, _)| address), expected, "{text}");
        }
        let text = "](  my pic.png  'x')";
        let (_, length) = parse(text).unwrap();
        assert_eq!(&text[length..], "  'x')");
        assert_eq!(parse(&format!("](a {}.png)", "b".repeat(LONGEST))), None);
    }
}

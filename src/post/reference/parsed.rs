//! Parses an address as an author wrote it: the path in it, and from where the path leads.
//!
//! It knows the forms of other tools that name a file of the site: `@/x.md` (Zola), `{filename}x.md` and `{static}x.png` (Pelican),
//! `__GHOST_URL__/x` (Ghost), `link://slug/x` (Nikola), `@site/static/x.png` and `pathname:///x` (Docusaurus), and the addresses that stand for wikilinks
//! ([`WIKILINK`]).

use percent_encoding::percent_decode_str;
use url::{ParseError, Url};

/// The scheme of the address that stands for a wikilink in HTML that is not cleaned yet: `wikilink:A%20note`.
pub(crate) const WIKILINK: &str = "wikilink:";

/// In bytes. A longer path leads nowhere.
const LONGEST_PATH: usize = 1024;

/// An address within the site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsedReference<'a> {
    /// The path, percent-decoded, without a slash at its start.
    pub path: String,
    /// Whether a browser understands the address as it is written.
    pub is_address: bool,
    /// Whether the path leads from the root of the site or of the posts folder, and not from the post.
    pub is_from_root: bool,
    /// The query and the fragment, as written, with `?` and `#`.
    pub rest: &'a str,
    /// What the path names.
    pub form: ReferenceForm,
}

/// What the path of an address names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferenceForm {
    /// A file, or the address of a page.
    Address,
    /// A file.
    File,
    /// A post or a file by any name: a wikilink.
    Name,
    /// The page of a tag.
    Tag,
    /// The page of an author.
    Author,
    /// The first page of the site.
    Top,
}

impl ParsedReference<'_> {
    /// Parses `reference`; `None` if it leads to another site or to a part of the same page.
    #[must_use]
    pub fn parse(reference: &str) -> Option<ParsedReference<'_>> {
        let reference = reference.trim();
        let (form, is_from_root, address) = form_of(reference)?;
        let is_address = address.len() == reference.len();
        let (path, rest) = address.split_at(address.find(['?', '#']).unwrap_or(address.len()));
        if path.len() > LONGEST_PATH {
            return None;
        }
        let path = percent_decode_str(path).decode_utf8().ok()?;
        // pages of other tools were written on Windows, too
        let path = path.replace('\\', "/");
        let is_from_root = is_from_root || path.starts_with('/');
        Some(ParsedReference {
            path: path.trim_start_matches('/').to_owned(),
            is_address,
            is_from_root,
            rest,
            form,
        })
    }

    /// The name of the file in the path, in lower case its extension: `png`; empty if there is none.
    #[must_use]
    pub fn extension(&self) -> String {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        match name.rsplit_once('.') {
            Some((stem, ending)) if !stem.is_empty() => ending.to_lowercase(),
            _ => String::new(),
        }
    }
}

/// Pelican's forms.
const PELICAN: [(&str, ReferenceForm); 8] = [
    ("filename", ReferenceForm::File),
    ("static", ReferenceForm::File),
    ("attach", ReferenceForm::File),
    ("photo", ReferenceForm::File),
    ("tag", ReferenceForm::Tag),
    ("category", ReferenceForm::Tag),
    ("author", ReferenceForm::Author),
    ("index", ReferenceForm::Top),
];

/// The forms of Nikola, by the word after `link://`.
const NIKOLA: [(&str, ReferenceForm); 7] = [
    ("slug", ReferenceForm::Name),
    ("filename", ReferenceForm::File),
    ("tag", ReferenceForm::Tag),
    ("category", ReferenceForm::Tag),
    ("section_index", ReferenceForm::Tag),
    ("author", ReferenceForm::Author),
    ("root", ReferenceForm::Address),
];

/// The form of `reference`, whether it leads from the root, and the address in it.
fn form_of(reference: &str) -> Option<(ReferenceForm, bool, &str)> {
    if let Some(name) = reference.strip_prefix(WIKILINK) {
        return Some((ReferenceForm::Name, false, name));
    }
    if let Some((form, path)) = pelican_form(reference) {
        return Some((form, false, path));
    }
    if let Some((name, path)) = reference.strip_prefix("link://").and_then(|link| link.split_once('/')) {
        let (_, form) = NIKOLA.iter().find(|(known, _)| *known == name)?;
        return Some((*form, *form == ReferenceForm::File, path));
    }
    for (start, form) in [
        ("@/", ReferenceForm::File),
        ("@site/", ReferenceForm::File),
        ("pathname:///", ReferenceForm::Address),
        ("__GHOST_URL__", ReferenceForm::Address),
    ] {
        if let Some(path) = reference.strip_prefix(start) {
            return Some((form, true, path));
        }
    }
    let is_relative = Url::parse(reference) == Err(ParseError::RelativeUrlWithoutBase);
    let leads_elsewhere = reference.is_empty() || reference.starts_with(['#', '?']) || reference.starts_with("//");
    (is_relative && !leads_elsewhere).then_some((ReferenceForm::Address, false, reference))
}

/// Parses `{filename}x`, as it is or percent-encoded, and the older `|filename|x`.
fn pelican_form(reference: &str) -> Option<(ReferenceForm, &str)> {
    for (open, close) in [("{", "}"), ("%7B", "%7D"), ("|", "|"), ("%7C", "%7C")] {
        let Some(inner) = reference.strip_prefix(open) else {
            continue;
        };
        let (name, path) = inner.split_once(close)?;
        let (_, form) = PELICAN.iter().find(|(known, _)| *known == name)?;
        return Some((*form, path));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_every_form() {
        let cases = [
            ("a.png", "Address a.png"),
            ("../a%20b.md#part", "Address ../a b.md #part"),
            ("/2020/03/05/x/?y", "Address /2020/03/05/x/ ?y"),
            ("img\\a.png", "Address img/a.png"),
            ("@/x/_index.md", "File /x/_index.md"),
            ("@site/static/a.png", "File /static/a.png"),
            ("pathname:///a.pdf", "Address /a.pdf"),
            ("__GHOST_URL__/content/a.png", "Address /content/a.png"),
            ("{filename}/x.md", "File /x.md"),
            ("%7Bstatic%7Dy.png", "File y.png"),
            ("{attach}y.png", "File y.png"),
            ("|filename|x.md", "File x.md"),
            ("{tag}rust", "Tag rust"),
            ("{author}Ann Ott", "Author Ann Ott"),
            ("{index}", "Top"),
            ("%7Bindex%7D#a", "Top  #a"),
            ("link://slug/a-post", "Name a-post"),
            ("link://filename/posts/a.md#part", "File /posts/a.md #part"),
            ("link://tag/rust", "Tag rust"),
            ("wikilink:A%20note#part", "Name A note #part"),
            ("wikilink:C%23", "Name C#"),
        ];
        for (reference, expected) in cases {
            let written = ParsedReference::parse(reference).unwrap();
            let root = if written.is_from_root { "/" } else { "" };
            let shown = format!("{:?} {root}{} {}", written.form, written.path, written.rest);
            assert_eq!(shown.trim_end(), expected, "{reference}");
        }
        for elsewhere in [
            "https://a.test/x",
            "link://listing/x",
            "//a.test/x",
            "mailto:a@b.test",
            "#x",
            "?x",
            "",
            "%ff",
        ] {
            assert_eq!(ParsedReference::parse(elsewhere), None, "{elsewhere}");
        }
    }
}

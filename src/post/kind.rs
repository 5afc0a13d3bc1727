//! Decides whether a file is a post or a page, and which address a page has.
//!
//! A page is read like a post, but it is in no feed and no list: an `about.md`, an imprint. Its author says so (`type: page`), or its
//! place does: a folder `pages`, or a usual name at the top of the posts folder.

use camino::Utf8Path;
use serde::Serialize;

use super::Origin;
use super::fields::{self, FieldKey, Fields};
use super::slug::{PathName, is_drafts, is_posts, parse_path, slugify};

/// What a file is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A post.
    Post,
    /// A page, because its front matter says so.
    Page,
    /// A page, because of its folder or its name. A post that readers have is never made a page by this.
    PageByPlace,
    /// The page whose text is shown at addresses where there is nothing.
    NotFound,
}

impl Kind {
    /// Whether it is a page of any kind.
    #[must_use]
    pub fn is_page(self) -> bool {
        self != Kind::Post
    }

    /// The word for it in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        if self.is_page() { "page" } else { "post" }
    }
}

/// Folders of pages, in lower case: Jekyll's, Pelican's and Blot's, that of some themes of Hugo.
const FOLDERS_OF_PAGES: [&str; 3] = ["_pages", "page", "pages"];

/// The name of a page at the top of the posts folder, dated or not.
const ABOUT: &str = "about";

/// Names of pages at the top of the posts folder that have no date.
const UNDATED_PAGES: [&str; 12] = [
    "about-me",
    "colophon",
    "contact",
    "cookies",
    "datenschutz",
    "disclaimer",
    "impressum",
    "imprint",
    "index",
    "legal",
    "privacy",
    "terms",
];

/// Templates and types of pages that tools fill themselves: Hexo writes a date into these, too.
const LISTS: [&str; 12] = [
    "archive",
    "archives",
    "categories",
    "category",
    "friends",
    "home",
    "index",
    "links",
    "page",
    "search",
    "tag",
    "tags",
];

/// The name of the file with the text for addresses where there is nothing.
const NOT_FOUND_NAME: &str = "404";

/// The addresses at which tools expect the text for addresses where there is nothing.
const NOT_FOUND: [&str; 2] = ["/404", "/404.html"];

/// What the file at `file` with these fields is; `date` says where its date comes from.
pub(super) fn read_kind(fields: &Fields, file: &Utf8Path, path: &PathName, date: &Origin) -> Kind {
    if let Some(kind) = named_kind(fields, "type").or_else(|| named_kind(fields, "post_type")) {
        return kind;
    }
    let layout = named_kind(fields, "layout");
    let is_in_posts = || file.components().any(|part| is_posts(part.as_str()));
    // in a folder of Jekyll's posts, a layout only says how a post looks
    if layout == Some(Kind::Post) || path.date.is_some() || is_in_posts() {
        return Kind::Post;
    }
    if layout.is_some() {
        return Kind::Page;
    }
    let is_in_pages = is_in_pages(file);
    let is_named = || {
        let is_undated = *date == Origin::FileTime;
        let name = path.slug.as_str();
        is_at_top(file) && (name == ABOUT || is_undated && UNDATED_PAGES.contains(&name))
    };
    if is_at_top(file) && path.slug == NOT_FOUND_NAME {
        Kind::NotFound
    } else if is_in_pages || is_named() {
        Kind::PageByPlace
    } else {
        Kind::Post
    }
}

fn is_in_pages(file: &Utf8Path) -> bool {
    let folder = file.parent();
    folder.is_some_and(|folder| folder.components().any(|part| is_folder_of_pages(part.as_str())))
}

/// Whether an undated file at `file` may be a page by its place alone.
pub(crate) fn is_place_of_pages(file: &Utf8Path) -> bool {
    let name = || parse_path(file).slug;
    let is_name = |name: &str| name == ABOUT || UNDATED_PAGES.contains(&name) || name == NOT_FOUND_NAME;
    is_in_pages(file) || is_at_top(file) && is_name(&name())
}

/// Whether these fields only tell another tool to make a page by a template, if the file has no text: a list of all tags, a search.
pub(super) fn are_for_template(fields: &Fields, is_undated: bool) -> bool {
    let is_list = |key| value_of(fields, key).is_some_and(|(_, name)| LISTS.contains(&&*name));
    is_undated && fields.first_text(&["layout", "template"]).is_some() || ["layout", "template", "type"].into_iter().any(is_list)
}

/// The kind that the value of `key` names: `page`, or a template called so (`layouts/page.njk`).
fn named_kind(fields: &Fields, key: &str) -> Option<Kind> {
    let (found, name) = value_of(fields, key)?;
    let kind = match &*name {
        "page" | "pages" => Kind::Page,
        "post" | "posts" => Kind::Post,
        _ => return None,
    };
    if kind == Kind::Page {
        found.set_known();
    }
    Some(kind)
}

/// The field `key` and its value, in lower case: of the path of a template, only its name.
fn value_of<'a>(fields: &'a Fields, key: &str) -> Option<(&'a FieldKey<'a>, String)> {
    let found = fields.keys().find(|found| found.name().eq_ignore_ascii_case(key))?;
    let text = fields::text(found.node())?.trim().to_lowercase();
    let name = text.rsplit('/').next().unwrap_or_default();
    Some((found, name.split('.').next().unwrap_or_default().to_owned()))
}

/// Whether only the name of `file` says that it is a page.
pub(super) fn is_guessed(kind: Kind, file: &Utf8Path) -> bool {
    kind == Kind::PageByPlace && is_at_top(file)
}

fn is_folder_of_pages(folder: &str) -> bool {
    FOLDERS_OF_PAGES.iter().any(|known| folder.eq_ignore_ascii_case(known))
}

/// Whether `file` is at the top of the posts folder: `about.md`, or `about/index.md`.
fn is_at_top(file: &Utf8Path) -> bool {
    let mut folders = file.components().count() - 1;
    let is_index = file.file_name().is_some_and(|name| name.starts_with("index."));
    if is_index && folders == 1 {
        folders = 0;
    }
    folders == 0
}

/// The address of the page at `file` that names none: its path below the folder of pages, without ending. `slug` is its last part.
pub(super) fn address_of_page(file: &Utf8Path, slug: &str) -> String {
    let is_index = file.file_name().is_some_and(|name| name.starts_with("index."));
    let mut folders: Vec<&str> = file
        .parent()
        .into_iter()
        .flat_map(Utf8Path::components)
        .map(|part| part.as_str())
        .collect();
    // the folder of an index is its name
    if is_index {
        folders.pop();
    }
    let is_part = |folder: &&str| !is_folder_of_pages(folder) && !is_drafts(folder) && !is_posts(folder);
    let folders = folders
        .into_iter()
        .filter(is_part)
        .map(slugify)
        .filter(|part| !part.is_empty());
    let mut address = String::new();
    for part in folders {
        address.push('/');
        address.push_str(&part);
    }
    format!("{address}/{slug}")
}

/// The kind of a page at `address`.
pub(super) fn kind_at(kind: Kind, address: &str) -> Kind {
    if kind.is_page() && NOT_FOUND.contains(&address) {
        Kind::NotFound
    } else {
        kind
    }
}

/// The addresses that a page with [`Kind::NotFound`] may have.
pub(crate) fn not_found_addresses() -> impl Iterator<Item = &'static str> {
    NOT_FOUND.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::post::{ParsedPost, Visibility, read};
    use crate::source_file::SourceFile;

    fn parse(path: &str, text: &str) -> ParsedPost {
        let file = SourceFile {
            path: path.into(),
            bytes: text.as_bytes().into(),
            modified: "2026-01-31T00:00:00Z".parse().unwrap(),
        };
        read(&file, &Config::default()).unwrap()
    }

    /// The kind and the address of a file with this front matter.
    fn kind_of(path: &str, front_matter: &str) -> (Kind, String) {
        let post = parse(path, &format!("---\n{front_matter}\n---\nText.\n")).post;
        (post.kind, post.address.to_string())
    }

    #[test]
    fn what_a_file_is_and_where_a_page_is() {
        use Kind::{NotFound, Page, PageByPlace, Post};
        let cases = [
            // said in the front matter
            ("notes/x.md", "type: page", Page, "/notes/x"),
            ("notes/x.md", "Type: Page\ndate: 2026-01-01", Page, "/notes/x"),
            ("x.md", "post_type: page", Page, "/x"),
            ("x.md", "layout: page", Page, "/x"),
            ("x.md", "layout: layouts/page.njk", Page, "/x"),
            ("docs/team/index.md", "layout: page", Page, "/docs/team"),
            ("x.md", "layout: page\npermalink: /team/", Page, "/team/"),
            ("x.md", "layout: page\nslug: crew", Page, "/crew"),
            ("x.md", "type: page\ntitle: T\nurl: about us", Page, "/about us"),
            // a layout does not make a page of a dated file, or of one among posts
            ("2026-01-01-x.md", "layout: page", Post, "/posts/x"),
            ("_posts/x.md", "layout: page", Post, "/posts/x"),
            ("_posts/x.md", "type: page", Page, "/x"),
            // said to be a post
            ("pages/x.md", "type: post", Post, "/posts/x"),
            ("about.md", "layout: post", Post, "/posts/about"),
            // other values say nothing
            ("x.md", "type: note\nlayout: single", Post, "/posts/x"),
            ("x.md", "type: [page, post]", Post, "/posts/x"),
            ("x.md", "layout: pagefind", Post, "/posts/x"),
            // by the folder
            ("pages/x.md", "", PageByPlace, "/x"),
            ("_pages/x.md", "date: 2026-01-01", PageByPlace, "/x"),
            ("Pages/Legal Texts/x y.md", "", PageByPlace, "/legal-texts/x-y"),
            ("en/pages/x.md", "", PageByPlace, "/en/x"),
            ("page/x/index.md", "", PageByPlace, "/x"),
            ("pages/x.fr.md", "", PageByPlace, "/fr/x"),
            ("pages/2026-01-01-x.md", "", Post, "/posts/x"),
            ("webpages/x.md", "", Post, "/posts/x"),
            // by the name
            ("about.md", "", PageByPlace, "/about"),
            ("About.md", "date: 2026-01-01", PageByPlace, "/about"),
            ("about/index.md", "", PageByPlace, "/about"),
            ("about/team.md", "", Post, "/posts/team"),
            ("notes/about.md", "", Post, "/posts/about"),
            ("2026-01-01-about.md", "", Post, "/posts/about"),
            ("index.md", "", PageByPlace, "/index"),
            ("index.md", "date: 2026-01-01", Post, "/posts/index"),
            ("impressum.md", "", PageByPlace, "/impressum"),
            ("contact.md", "date: 2026-01-01", Post, "/posts/contact"),
            ("404.md", "", NotFound, "/404"),
            ("404.md", "permalink: /404.html", NotFound, "/404.html"),
            ("pages/404.md", "", NotFound, "/404"),
            ("lost.md", "layout: page\npermalink: /404.html", NotFound, "/404.html"),
            ("notes/404.md", "", Post, "/posts/404"),
            // an address of feedmill's own
            ("pages/tags.md", "", PageByPlace, "/pages/tags"),
            ("x.md", "", Post, "/posts/x"),
        ];
        for (path, front_matter, kind, address) in cases {
            assert_eq!(
                kind_of(path, front_matter),
                (kind, address.to_owned()),
                "{path}: {front_matter}"
            );
        }
    }

    #[test]
    fn a_page_is_held_back_like_a_post() {
        let now = "2026-02-01T00:00:00Z".parse().unwrap();
        for (front_matter, expected) in [
            ("type: page", Visibility::Page),
            ("type: page\nunlisted: true", Visibility::Unlisted),
            ("type: page\ndraft: true", Visibility::Draft),
            ("type: page\nprivate: true", Visibility::Private),
            ("type: page\ndate: TBD", Visibility::Held),
            ("type: page\ndate: 2030-01-01", Visibility::Scheduled),
            ("type: page\nexpiryDate: 2020-01-01", Visibility::Expired),
            ("permalink: /404.html\ntype: page", Visibility::Unlisted),
        ] {
            let post = parse("x.md", &format!("---\n{front_matter}\n---\nText.\n")).post;
            assert_eq!(post.visibility(now), expected, "{front_matter}");
        }
        let draft = parse("pages/_drafts/x.md", "Text.\n").post;
        assert_eq!((draft.visibility(now), draft.address.as_str()), (Visibility::Draft, "/x"));
    }

    #[test]
    fn what_is_said_about_a_page() {
        for (path, text, expected) in [
            ("about.md", "Text.\n", &["page-guessed"][..]),
            ("404.md", "Text.\n", &[]),
            ("pages/x.md", "Text.\n", &[]),
            ("pages/tags.md", "Text.\n", &["address-reserved"]),
            ("x.md", "---\ntype: page\n---\nText.\n", &[]),
            ("x.md", "---\ntype: page\ndate: TBD\n---\nText.\n", &["date-unknown"]),
            ("x.md", "Text.\n", &["date-missing"]),
            // a file that is only there for another tool's template
            ("archives.md", "---\ntitle: A\nlayout: archives\n---\n", &["template-only"]),
            ("x.md", "---\ntitle: A\nlayout: page\n---\n\n", &["template-only"]),
            ("a.md", "---\ntitle: A\ntemplate: x.html\n---\n", &["template-only"]),
            (
                "tags/index.md",
                "---\ntitle: A\ndate: 2026-01-01\ntype: tags\n---\n",
                &["template-only"],
            ),
            ("a.md", "---\ntitle: A\ndate: 2026-01-01\nlayout: x\n---\n", &[]),
            ("a.md", "---\ntitle: A\ndate: 2026-01-01\nlayout: post\n---\n", &[]),
            ("2026-01-01-a.md", "---\ntitle: A\nlayout: page\n---\n", &[]),
            (
                "a.md",
                "---\ntitle: A\ndate: 2026-01-01\ntype: link\nlink: https://example.com/\n---\n",
                &[],
            ),
            ("a.md", "---\ntitle: A\ndate: 2026-01-01\ntype: tags\n---\nText.\n", &[]),
            ("a.md", "---\ntitle: A\nlayout: x\n---\nText.\n", &["date-missing"]),
        ] {
            let parsed = parse(path, text);
            let codes: Vec<&str> = parsed.remarks.iter().map(|remark| remark.code).collect();
            assert_eq!(codes, expected, "{path}: {text}");
            let is_held = expected.iter().any(|code| matches!(*code, "template-only" | "date-unknown"));
            assert_eq!(
                (parsed.post.is_held, parsed.held.is_some()),
                (is_held, is_held),
                "{path}: {text}"
            );
        }
    }

    #[test]
    fn the_type_of_a_page_is_known_and_any_other_is_not() {
        let extra = |text: &str| parse("x.md", &format!("---\n{text}\n---\nText.\n")).post.extra.is_some();
        assert!(!extra("type: page"));
        assert!(extra("type: post") && extra("type: recipe"));
    }
}

//! The JSON listing and its links as an HTTP header (RFC 8288).
//!
//! Posts have the same ids, URLs, titles and dates as in the feeds. This module does not choose the posts of a page and does
//! not check the parameters of a request.

mod entry;
pub mod event;
pub mod scopes;

use std::cell::Cell;
use std::sync::Arc;

use serde::Serialize;
use url::form_urlencoded;

use self::entry::{Entry, WholeText};
use super::{Content, clean, post_url};
use crate::config::Person;
use crate::post::Post;
use crate::post::reference::Targets;
use crate::time::{Moment, Timestamp};
pub use entry::one;

/// Returns the text of a post; `None` if it cannot be read.
pub type ToContent<'a> = dyn Fn(&Arc<Post>) -> Option<Content> + 'a;

/// The most bytes of HTML and Markdown on one page of the listing, approximately. Posts beyond it have `null`.
const CONTENT_BYTES: usize = 16 * 1024 * 1024;

/// The content of one page of a listing.
#[derive(Clone, Copy)]
pub struct ListingPage<'a> {
    /// The address of the site, without a slash at its end.
    pub base: &'a str,
    /// What the addresses in posts lead to.
    pub targets: &'a Targets,
    /// The parameters of the request besides those of [`Paging`] and `per_page`. Every link of this page repeats them.
    pub query: &'a [(String, String)],
    /// How a client gets from page to page.
    pub paging: Paging,
    /// The most posts on a page.
    pub per_page: usize,
    /// The number of posts on all pages. With cursors: on this page and those that follow.
    pub total: usize,
    /// The posts of this page; empty past the last page.
    pub posts: &'a [Arc<Post>],
    /// The cursor after the last of them, for requests.
    pub cursor: Option<&'a str>,
    /// The posts that were withdrawn meanwhile; `None` if the request does not ask for them.
    pub deletions: Option<Deletions<'a>>,
    /// The author of posts that name none.
    pub author: Option<&'a Person>,
    /// Whether its pages are files, with no query in their addresses.
    pub is_static: bool,
    /// Returns the whole text of each post, if the request asks for it.
    pub content: Option<&'a ToContent<'a>>,
}

/// Withdrawn posts, for clients that keep a copy.
#[derive(Clone, Copy)]
pub struct Deletions<'a> {
    /// The instant since which all of them are known.
    pub known_from: Timestamp,
    /// The posts, each with the instant of its withdrawal.
    pub posts: &'a [(Arc<Post>, Timestamp)],
}

/// How a client gets from one page of a listing to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paging {
    /// By number, from 1: this page's number.
    Page(usize),
    /// By cursor, newest first.
    After,
    /// By cursor, oldest change first.
    Since,
}

/// The pages to which a page of a listing links, as absolute URLs. A listing without posts has no links.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Links {
    /// The first page.
    pub first: Option<String>,
    /// The page before this one; the last page if this one is past the end. `None` with cursors.
    pub prev: Option<String>,
    /// The page after this one.
    pub next: Option<String>,
    /// The last page. `None` with cursors.
    pub last: Option<String>,
}

#[derive(Serialize)]
struct ListingBody<'a> {
    page: Option<usize>,
    pages: usize,
    per_page: usize,
    total: usize,
    posts: Vec<Entry<'a>>,
    #[serde(flatten)]
    links: Links,
    cursor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted: Option<Vec<Deleted>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_from: Option<Moment>,
}

#[derive(Serialize)]
struct Deleted {
    id: String,
    /// Only if it differs from the id.
    #[serde(skip_serializing_if = "Option::is_none")]
    atom_id: Option<String>,
    url: String,
    date_deleted: Moment,
}

impl ListingPage<'_> {
    /// The number of pages; 0 if there are not posts. With cursors: this page and those that follow.
    #[must_use]
    pub fn pages(&self) -> usize {
        self.total.div_ceil(self.per_page.max(1))
    }

    /// The links of this page.
    #[must_use]
    pub fn links(&self) -> Links {
        let pages = self.pages();
        let follows = |name: &str| self.cursor.filter(|_| pages > 1).map(|cursor| self.address(name, cursor));
        let at = |page: usize| (1..=pages).contains(&page).then(|| self.address("page", &page.to_string()));
        match self.paging {
            Paging::Page(page) => Links {
                first: at(1),
                prev: at(page.saturating_sub(1).min(pages)),
                next: at(page.saturating_add(1)),
                last: at(pages),
            },
            Paging::After => Links {
                first: Some(self.address("page", "1")),
                next: follows("after"),
                ..Links::default()
            },
            Paging::Since => Links {
                next: follows("since"),
                ..Links::default()
            },
        }
    }

    fn address(&self, name: &str, place: &str) -> String {
        if self.is_static {
            return match place {
                "1" => format!("{}/api/posts.json", self.base),
                number => format!("{}/api/posts/page/{number}.json", self.base),
            };
        }
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair(name, place)
            .append_pair("per_page", &self.per_page.to_string())
            .extend_pairs(self.query)
            .finish();
        format!("{}/api/posts?{query}", self.base)
    }

    /// The document: `{"page","pages","per_page","total","posts":[…],"first","prev","next","last","cursor"}`. With cursors
    /// `page` is null.
    #[must_use]
    pub fn json(&self) -> Vec<u8> {
        let budget = Cell::new(CONTENT_BYTES);
        let content = |post| self.content.map(|content| within(&budget, post, content));
        let document = ListingBody {
            page: match self.paging {
                Paging::Page(page) => Some(page),
                Paging::After | Paging::Since => None,
            },
            pages: self.pages(),
            per_page: self.per_page,
            total: self.total,
            posts: self
                .posts
                .iter()
                .map(|post| Entry::of(post, (self.base, self.targets), self.author, content(post)))
                .collect(),
            links: self.links(),
            cursor: self.cursor,
            deleted: self.deletions.map(|deletions| {
                deletions
                    .posts
                    .iter()
                    .map(|(post, at)| Deleted::of(post, *at, self.base))
                    .collect()
            }),
            deleted_from: self.deletions.map(|deletions| Moment::utc(deletions.known_from)),
        };
        serde_json::to_vec(&document).unwrap_or_default() // these types have nothing that JSON cannot say
    }
}

impl Deleted {
    /// The entry of `post`, which was withdrawn from the site at `base` at the instant `at`.
    fn of(post: &Post, at: Timestamp, base: &str) -> Deleted {
        Deleted {
            id: clean::id(&post.id),
            atom_id: post.atom_id.as_deref().map(clean::id),
            url: post_url(base, &post.address),
            date_deleted: Moment::utc(at),
        }
    }
}

/// The content of `post`, as long as `budget` suffices for it.
fn within(budget: &Cell<usize>, post: &Arc<Post>, content: &ToContent) -> WholeText {
    if budget.get() == 0 {
        return WholeText::default();
    }
    let text = content(post).map(WholeText::from).unwrap_or_default();
    budget.set(budget.get().saturating_sub(text.length()));
    text
}

impl Links {
    /// The value of a `Link` header with these links (RFC 8288, section 3); `None` if there are none.
    #[must_use]
    pub fn header(&self) -> Option<String> {
        let links = [
            ("first", &self.first),
            ("prev", &self.prev),
            ("next", &self.next),
            ("last", &self.last),
        ];
        let header = links
            .iter()
            .filter_map(|(relation, address)| Some(format!("<{}>; rel=\"{relation}\"", address.as_ref()?)))
            .collect::<Vec<_>>()
            .join(", ");
        (!header.is_empty()).then_some(header)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;

    use serde_json::{Value, json};

    use super::*;
    use crate::render::feeds::item::tests::post;

    static NOWHERE: OnceLock<Targets> = OnceLock::new();

    fn page<'a>(page: usize, total: usize, posts: &'a [Arc<Post>], query: &'a [(String, String)]) -> ListingPage<'a> {
        ListingPage {
            base: "https://example.com",
            targets: NOWHERE.get_or_init(Targets::default),
            query,
            paging: Paging::Page(page),
            per_page: 8,
            total,
            posts,
            cursor: None,
            deletions: None,
            author: None,
            is_static: false,
            content: None,
        }
    }

    fn value(page: &ListingPage) -> Value {
        serde_json::from_slice(&page.json()).unwrap()
    }

    #[test]
    fn the_document_has_the_documented_fields() {
        let posts = [Arc::new(post())];
        let expected = json!({
            "page": 5, "pages": 6, "per_page": 8, "total": 41,
            "posts": [{
                "id": "tag:example.com,2026:kelp",
                "slug": "kelp",
                "url": "https://example.com/posts/kelp%20&%20co",
                "title": "Kelp & co",
                "summary": "All of it.",
                "date_published": "2026-01-02T03:04:05Z",
                "date_modified": "2026-01-02T03:04:05Z",
                "tags": ["sea"],
                "authors": [{"name": "Ada Quill"}],
                "section": "shore",
                "language": null,
                "image": "https://example.com/media/shore/kelp.png",
                "external_url": "https://elsewhere.example/",
                "extra": {"mood": "green"}
            }],
            "first": "https://example.com/api/posts?page=1&per_page=8",
            "prev": "https://example.com/api/posts?page=4&per_page=8",
            "next": "https://example.com/api/posts?page=6&per_page=8",
            "last": "https://example.com/api/posts?page=6&per_page=8",
            "cursor": null
        });
        assert_eq!(value(&page(5, 41, &posts, &[])), expected);
        let keys: Vec<_> = value(&page(5, 41, &posts, &[]))
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect();
        let order = [
            "page", "pages", "per_page", "total", "posts", "first", "prev", "next", "last", "cursor",
        ];
        assert_eq!(keys, order);
    }

    #[test]
    fn links_lead_to_existing_pages() {
        // page, total; first, prev, next, last
        let cases = [
            ("no posts", 1, 0, [None, None, None, None]),
            ("no posts, past the end", 9, 0, [None, None, None, None]),
            ("one page", 1, 8, [Some(1), None, None, Some(1)]),
            ("the first of two", 1, 9, [Some(1), None, Some(2), Some(2)]),
            ("the last of two", 2, 9, [Some(1), Some(1), None, Some(2)]),
            ("past the end", 7, 9, [Some(1), Some(2), None, Some(2)]),
            ("far past the end", usize::MAX, 9, [Some(1), Some(2), None, Some(2)]),
        ];
        for (name, number, total, expected) in cases {
            let page = page(number, total, &[], &[]);
            let Links { first, prev, next, last } = page.links();
            let expected = expected.map(|number: Option<usize>| number.map(|number| page.address("page", &number.to_string())));
            assert_eq!([first, prev, next, last], expected, "{name}");
        }
    }

    #[test]
    fn links_keep_the_other_parameters_and_are_safe_in_a_header() {
        let query = [("tag".to_owned(), "c++ & \"é\">\r\n".to_owned())];
        let links = page(2, 9, &[], &query).links();
        let tag = "tag=c%2B%2B+%26+%22%C3%A9%22%3E%0D%0A";
        let expected = format!(
            "<https://example.com/api/posts?page=1&per_page=8&{tag}>; rel=\"first\", \
             <https://example.com/api/posts?page=1&per_page=8&{tag}>; rel=\"prev\", \
             <https://example.com/api/posts?page=2&per_page=8&{tag}>; rel=\"last\""
        );
        assert_eq!(links.header(), Some(expected));
        assert_eq!(page(1, 0, &[], &query).links().header(), None);
    }

    #[test]
    fn the_whole_text_is_included_on_request() {
        let posts = [Arc::new(post())];
        let content = |post: &Arc<Post>| {
            let markdown = post.text.loaded()?;
            let html = format!("<p>{markdown}</p>").into();
            Some(Content {
                html,
                markdown: Arc::clone(markdown),
            })
        };
        let page = ListingPage {
            content: Some(&content),
            ..page(1, 1, &posts, &[])
        };
        let listed = value(&page);
        assert_eq!(listed["posts"][0]["content_html"], "<p>Kelp.</p>");
        assert_eq!(listed["posts"][0]["content_markdown"], "Kelp.");
    }

    #[test]
    fn the_text_on_one_page_is_limited() {
        let posts = [Arc::new(post()), Arc::new(post()), Arc::new(post())];
        let content = |_: &Arc<Post>| {
            Some(Content {
                html: "x".repeat(CONTENT_BYTES / 2).into(),
                markdown: "x".into(),
            })
        };
        let page = ListingPage {
            content: Some(&content),
            ..page(1, 3, &posts, &[])
        };
        let listed = value(&page);
        let has: Vec<bool> = (0..3).map(|i| listed["posts"][i]["content_html"].is_string()).collect();
        assert_eq!(has, [true, true, false]);
        assert_eq!(listed["posts"][2].get("content_markdown"), Some(&Value::Null));
    }

    #[test]
    fn pages_by_cursor_link_to_the_next_while_posts_follow() {
        let query = [("tag".to_owned(), "sea".to_owned())];
        for (paging, name) in [(Paging::After, "after"), (Paging::Since, "since")] {
            let walk = |total| ListingPage {
                paging,
                cursor: Some("AbC"),
                ..page(1, total, &[], &query)
            };
            let next = format!("https://example.com/api/posts?{name}=AbC&per_page=8&tag=sea");
            assert_eq!(walk(9).links().next, Some(next), "{name}");
            assert_eq!(walk(8).links().next, None, "{name}");
            assert_eq!((walk(9).links().prev, walk(9).links().last), (None, None), "{name}");
            let listed = value(&walk(9));
            assert_eq!((&listed["page"], &listed["cursor"]), (&Value::Null, &json!("AbC")), "{name}");
        }
    }

    #[test]
    fn posts_are_named_as_in_the_feeds() {
        let mut named = post();
        named.id = " tag:x\u{0}\r\n".into();
        named.title = "Two\nlines".into();
        named.authors.clear();
        let author = Person {
            name: "Site".to_owned(),
            ..Person::default()
        };
        let mut config = crate::config::Config::default();
        config.site.author = Some(author.clone());
        config.site.base_url = Some("https://example.com".parse().unwrap());
        let references = crate::render::references(&named, &config.base(), &Targets::default());
        let item = crate::render::item(&named, &config, &references, None);
        let posts = [Arc::new(named)];
        let page = ListingPage {
            author: Some(&author),
            ..page(1, 1, &posts, &[])
        };
        let listed = &value(&page)["posts"][0];
        assert_eq!(listed["id"], item.id.as_str());
        assert_eq!(listed["url"], item.url.as_str());
        assert_eq!(listed["title"], item.title.as_str());
        assert_eq!(listed["authors"], json!([{"name": "Site"}]));
        assert_eq!(item.authors, [author]);
    }
}

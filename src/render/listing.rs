//! The listing and what belongs to it, as JSON; and its links as an HTTP header (RFC 8288).
//!
//! Posts are named and spelled as in the feeds: the same ids, URLs, titles and dates. Which posts stand on a page, and what a request
//! may ask for, is not decided here.

mod entry;
pub mod scopes;

use std::cell::Cell;
use std::sync::Arc;

use serde::Serialize;
use url::form_urlencoded;

use self::entry::{Entry, WholeText};
use super::{Content, clean, post_url};
use crate::config::Person;
use crate::post::Post;
use crate::time::{Moment, Timestamp};
pub use entry::one;

/// Gives the text of a post, if it can be had.
pub type ToContent<'a> = dyn Fn(&Arc<Post>) -> Option<Content> + 'a;

/// How many bytes of HTML and Markdown one page of the listing carries, about; the posts past it say `null`.
const CONTENT_BYTES: usize = 16 * 1024 * 1024;

/// What one page of a listing says.
#[derive(Clone, Copy)]
pub struct ListingPage<'a> {
    /// The address of the site, without a slash at its end.
    pub base: &'a str,
    /// The parameters of the request beside those of [`Way`] and `per_page`, which every link of this page keeps.
    pub query: &'a [(String, String)],
    /// How one gets from page to page.
    pub way: Way,
    /// How many posts a page holds.
    pub per_page: usize,
    /// How many posts there are on all pages; on a walk, on this page and those that follow.
    pub total: usize,
    /// The posts of this page; none past the last.
    pub posts: &'a [Arc<Post>],
    /// The place after the last of them, as requests may name it.
    pub cursor: Option<&'a str>,
    /// What went meanwhile; `None` where that was not asked.
    pub deletions: Option<Deletions<'a>>,
    /// Who wrote posts that name no author.
    pub author: Option<&'a Person>,
    /// What gives the whole text of each, where that is asked for.
    pub content: Option<&'a ToContent<'a>>,
}

/// Posts that went, for who keeps a copy.
#[derive(Clone, Copy)]
pub struct Deletions<'a> {
    /// The instant from which on all are known.
    pub known_from: Timestamp,
    /// The posts, and when each went.
    pub posts: &'a [(Arc<Post>, Timestamp)],
}

/// How one gets from one page of a listing to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By number: this is the page of that number, from 1.
    Page(usize),
    /// By cursor, newest first.
    After,
    /// By cursor, oldest change first.
    Since,
}

/// The pages that a page of a listing leads to, as absolute URLs. A listing without posts leads nowhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Links {
    /// The first page.
    pub first: Option<String>,
    /// The page before this one; the last for a page past the end. There is none on a walk.
    pub prev: Option<String>,
    /// The page after this one.
    pub next: Option<String>,
    /// The last page. There is none on a walk.
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
    /// Where it is another than the id.
    #[serde(skip_serializing_if = "Option::is_none")]
    atom_id: Option<String>,
    url: String,
    date_deleted: Moment,
}

impl ListingPage<'_> {
    /// How many pages there are; 0 where there are no posts. On a walk, this one and those that follow.
    #[must_use]
    pub fn pages(&self) -> usize {
        self.total.div_ceil(self.per_page.max(1))
    }

    /// Where this page leads to.
    #[must_use]
    pub fn links(&self) -> Links {
        let pages = self.pages();
        let follows = |name: &str| self.cursor.filter(|_| pages > 1).map(|cursor| self.address(name, cursor));
        let at = |page: usize| (1..=pages).contains(&page).then(|| self.address("page", &page.to_string()));
        match self.way {
            Way::Page(page) => Links {
                first: at(1),
                prev: at(page.saturating_sub(1).min(pages)),
                next: at(page.saturating_add(1)),
                last: at(pages),
            },
            Way::After => Links {
                first: Some(self.address("page", "1")),
                next: follows("after"),
                ..Links::default()
            },
            Way::Since => Links {
                next: follows("since"),
                ..Links::default()
            },
        }
    }

    fn address(&self, name: &str, place: &str) -> String {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair(name, place)
            .append_pair("per_page", &self.per_page.to_string())
            .extend_pairs(self.query)
            .finish();
        format!("{}/api/posts?{query}", self.base)
    }

    /// The document: `{"page","pages","per_page","total","posts":[…],"first","prev","next","last","cursor"}`. On a walk `page` is null.
    #[must_use]
    pub fn json(&self) -> Vec<u8> {
        let budget = Cell::new(CONTENT_BYTES);
        let content = |post| self.content.map(|content| within(&budget, post, content));
        let document = ListingBody {
            page: match self.way {
                Way::Page(page) => Some(page),
                Way::After | Way::Since => None,
            },
            pages: self.pages(),
            per_page: self.per_page,
            total: self.total,
            posts: self
                .posts
                .iter()
                .map(|post| Entry::of(post, self.base, self.author, content(post)))
                .collect(),
            links: self.links(),
            cursor: self.cursor,
            deleted: self
                .deletions
                .map(|deletions| deletions.posts.iter().map(|(post, at)| self.deleted(post, *at)).collect()),
            deleted_from: self.deletions.map(|deletions| Moment::utc(deletions.known_from)),
        };
        serde_json::to_vec(&document).unwrap_or_default() // these types have nothing that JSON cannot say
    }
}

impl ListingPage<'_> {
    fn deleted(&self, post: &Post, at: Timestamp) -> Deleted {
        Deleted {
            id: clean::id(post.id()),
            atom_id: post.rare.atom_id.as_deref().map(clean::id),
            url: post_url(self.base, post.address()),
            date_deleted: Moment::utc(at),
        }
    }
}

/// The content of `post`, as long as there is `budget` for it.
fn within(budget: &Cell<usize>, post: &Arc<Post>, content: &ToContent) -> WholeText {
    if budget.get() == 0 {
        return WholeText::default();
    }
    let text = content(post).map(WholeText::from).unwrap_or_default();
    budget.set(budget.get().saturating_sub(text.length()));
    text
}

impl Links {
    /// The value of a `Link` header with these links (RFC 8288, section 3); `None` where there are none.
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
    use serde_json::{Value, json};

    use super::*;
    use crate::post::{Each, Words};
    use crate::render::feeds::item::tests::post;

    fn page<'a>(page: usize, total: usize, posts: &'a [Arc<Post>], query: &'a [(String, String)]) -> ListingPage<'a> {
        ListingPage {
            base: "https://example.com",
            query,
            way: Way::Page(page),
            per_page: 8,
            total,
            posts,
            cursor: None,
            deletions: None,
            author: None,
            content: None,
        }
    }

    fn value(page: &ListingPage) -> Value {
        serde_json::from_slice(&page.json()).unwrap()
    }

    #[test]
    fn the_shape_is_the_one_that_was_promised() {
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
    fn links_lead_to_pages_that_are_there() {
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
    fn the_whole_text_comes_when_asked_for() {
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
    fn one_page_carries_only_so_much_text() {
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
    fn a_walk_goes_on_by_its_cursor_while_posts_follow() {
        let query = [("tag".to_owned(), "sea".to_owned())];
        for (way, name) in [(Way::After, "after"), (Way::Since, "since")] {
            let walk = |total| ListingPage {
                way,
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
        named.words = Words::from(Each {
            id: " tag:x\u{0}\r\n",
            title: "Two\nlines",
            ..named.words.each()
        });
        Arc::make_mut(&mut named.alike).authors = Arc::default();
        let author = Person {
            name: "Site".to_owned(),
            ..Person::default()
        };
        let mut config = crate::config::Config::default();
        config.site.author = Some(author.clone());
        config.site.base_url = Some("https://example.com".parse().unwrap());
        let item = crate::render::item(&named, &config, None);
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

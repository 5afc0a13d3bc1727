//! Lists of posts: all of a scope or a year, what a search found, and what is shown to who finds nothing.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Serialize;
use serde_json::json;
use url::form_urlencoded;

use super::Page;
use super::address::Addresses;
use super::head::Head;
use super::summary::Summary;
use crate::config::Config;
use crate::index::Scope;
use crate::post::{Post, Visibility};
use crate::render::clean::one_line;

/// What a list of posts is about.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// A scope and its name, which is empty for the site.
    Scope(&'a Scope, &'a str),
    /// A year on the authors' calendars.
    Year(i16),
}

/// One page of a list.
#[derive(Clone, Copy, Debug)]
pub struct Listed<'a> {
    /// Its posts, newest first.
    pub posts: &'a [Arc<Post>],
    /// Its number, from 1.
    pub number: usize,
    /// How many posts all pages have.
    pub total: usize,
}

/// Posts that the world may not read, for the page of their author.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unpublished<'a> {
    /// Some of them, and what each is.
    pub posts: &'a [(Arc<Post>, Visibility)],
    /// How many more there are.
    pub more: usize,
}

/// What a search came to.
#[derive(Clone, Copy, Debug)]
pub enum Found<'a> {
    /// Nothing was asked yet.
    Unasked,
    /// What was asked cannot be looked for; why, in words for people.
    Refused(&'a str),
    /// The posts that were found, the best first.
    Posts(Listed<'a>),
}

/// The pages of a list.
#[derive(Debug, Serialize)]
struct Pages {
    number: usize,
    count: usize,
    first: Option<String>,
    previous: Option<String>,
    next: Option<String>,
    last: Option<String>,
}

#[derive(Serialize)]
struct ListBody {
    kind: &'static str,
    title: String,
    total: usize,
    posts: Vec<Summary>,
    /// Posts that are not public, where the author looks at the page.
    unpublished: Vec<Summary>,
    /// How many more of these there are.
    unpublished_more: usize,
    pages: Pages,
    subscribe: String,
}

#[derive(Serialize)]
struct SearchBody<'a> {
    query: &'a str,
    problem: Option<&'a str>,
    total: usize,
    posts: Vec<Summary>,
    pages: Pages,
}

#[derive(Serialize)]
struct NothingBody<'a> {
    title: Cow<'a, str>,
    posts: Vec<Summary>,
}

impl Subject<'_> {
    /// The path of its first page.
    fn path(self) -> String {
        match self {
            Subject::Scope(scope, _) => Addresses::page_of(scope),
            Subject::Year(year) => format!("/years/{year}"),
        }
    }

    /// The path and the name of the scope whose feeds it has.
    fn scope(self) -> (String, String) {
        match self {
            Subject::Scope(scope, name) => (scope.path(), name.to_owned()),
            Subject::Year(_) => (String::new(), String::new()),
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Subject::Scope(Scope::Site, _) => "",
            Subject::Scope(Scope::Tag(_), _) => "Tag",
            Subject::Scope(Scope::Author(_), _) => "Author",
            Subject::Scope(Scope::Section(_), _) => "Section",
            Subject::Year(_) => "Year",
        }
    }

    fn title(self) -> String {
        match self {
            Subject::Scope(Scope::Site, _) => "All posts".to_owned(),
            Subject::Scope(_, name) => one_line(name).into_owned(),
            Subject::Year(year) => year.to_string(),
        }
    }
}

impl Listed<'_> {
    fn summaries(&self, config: &Config, addresses: &Addresses) -> Vec<Summary> {
        summaries(self.posts, config, addresses)
    }

    /// The pages, where `address` gives that of each.
    fn pages(&self, per_page: usize, address: impl Fn(usize) -> String) -> Pages {
        let (number, count) = (self.number, self.total.div_ceil(per_page.max(1)).max(1));
        let at = |n: usize| Some(address(n)).filter(|_| n != number && (1..=count).contains(&n));
        Pages {
            number,
            count,
            first: at(1),
            previous: at(number.saturating_sub(1)),
            next: at(number.saturating_add(1)),
            last: at(count),
        }
    }
}

fn summaries(posts: &[Arc<Post>], config: &Config, addresses: &Addresses) -> Vec<Summary> {
    posts.iter().map(|post| Summary::of(post, config, addresses)).collect()
}

/// A page of the posts about `subject`.
#[must_use]
pub fn list(config: &Config, subject: Subject, listed: Listed) -> Page {
    list_with_unpublished(config, subject, listed, Unpublished::default())
}

/// The same for the author of the posts, with those that are not published.
#[must_use]
pub fn list_with_unpublished(config: &Config, subject: Subject, listed: Listed, unpublished: Unpublished) -> Page {
    let addresses = Addresses::of(config);
    let path = subject.path();
    let page_path = |n: usize| match n {
        1 => path.clone(),
        n => format!("{}/page/{n}", path.trim_end_matches('/')),
    };
    let title = subject.title();
    let is_home = path == "/" && listed.number == 1;
    let shown = match (is_home, listed.number) {
        (true, _) => String::new(),
        (_, 1) => title.clone(),
        (_, n) => format!("{title}, page {n}"),
    };
    let (scope, name) = subject.scope();
    let mut head = Head::new(
        config,
        &addresses,
        &shown,
        Some(addresses.absolute(&page_path(listed.number))),
        (&scope, &name),
    )
    .of_website(config);
    if is_home {
        let site = &config.site;
        head = head.with_data(&json!({
            "@context": "https://schema.org",
            "@type": "Blog",
            "name": one_line(&site.title),
            "description": one_line(&site.description),
            "url": addresses.absolute("/"),
            "inLanguage": site.language,
        }));
    } else {
        head.description = format!("{title}: {} posts", listed.total);
    }
    let pages = listed.pages(config.list.per_page, |n| addresses.here(&page_path(n)));
    head.previous.clone_from(&pages.previous);
    head.next.clone_from(&pages.next);
    let body = ListBody {
        kind: subject.kind(),
        title,
        total: listed.total,
        posts: listed.summaries(config, &addresses),
        unpublished: unpublished
            .posts
            .iter()
            .map(|(post, visibility)| Summary::of(post, config, &addresses).kept_back(*visibility))
            .collect(),
        unpublished_more: unpublished.more,
        pages,
        subscribe: addresses.here(&format!("{scope}/subscribe")),
    };
    Page::new("list.html", head, body)
}

/// The page that a search for `query` is answered with.
#[must_use]
pub fn search(config: &Config, query: &str, found: Found) -> Page {
    let addresses = Addresses::of(config);
    let (problem, listed) = match found {
        Found::Unasked => (None, None),
        Found::Refused(why) => (Some(why), None),
        Found::Posts(listed) => (None, Some(listed)),
    };
    let listed = listed.unwrap_or(Listed {
        posts: &[],
        number: 1,
        total: 0,
    });
    let pages = listed.pages(config.list.per_page, |n| {
        let mut asked = form_urlencoded::Serializer::new(String::new());
        asked.append_pair("q", query);
        if n > 1 {
            asked.append_pair("page", &n.to_string());
        }
        addresses.here(&format!("/search?{}", asked.finish()))
    });
    let title = if query.is_empty() {
        "Search".to_owned()
    } else {
        format!("Search: {}", one_line(query))
    };
    let mut head = Head::new(config, &addresses, &title, None, ("", ""));
    head.path = addresses.here("/search");
    let body = SearchBody {
        query,
        problem,
        total: listed.total,
        posts: listed.summaries(config, &addresses),
        pages,
    };
    Page::new("search.html", head, body)
}

/// The page of an address at which nothing is, with the `newest` posts.
#[must_use]
pub fn missing(config: &Config, newest: &[Arc<Post>]) -> Page {
    nothing(config, "missing.html", "Nothing here", "", newest)
}

/// The page of a post that was taken away, with its title, if it had one, and the `newest` posts.
#[must_use]
pub fn withdrawn(config: &Config, title: &str, newest: &[Arc<Post>]) -> Page {
    nothing(config, "withdrawn.html", "Withdrawn", title, newest)
}

/// The page of a post that cannot be read for now, with the `newest` posts.
#[must_use]
pub fn awaited(config: &Config, newest: &[Arc<Post>]) -> Page {
    nothing(config, "awaited.html", "Away for a moment", "", newest)
}

fn nothing(config: &Config, template: &'static str, name: &str, title: &str, newest: &[Arc<Post>]) -> Page {
    let addresses = Addresses::of(config);
    let body = NothingBody {
        title: one_line(title),
        posts: summaries(newest, config, &addresses),
    };
    Page::new(template, Head::new(config, &addresses, name, None, ("", "")), body)
}

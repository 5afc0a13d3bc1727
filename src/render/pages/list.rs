//! Pages with lists of posts: of a scope, of a year, search results, and messages such as "not found" with the newest posts.

use std::borrow::Cow;
use std::sync::Arc;

use minijinja::Value;
use serde::Serialize;
use serde_json::json;
use url::form_urlencoded;

use super::address::Addresses;
use super::head::Head;
use super::page::Page;
use super::summary::Summary;
use crate::config::Config;
use crate::index::Scope;
use crate::post::reference::References;
use crate::post::{Post, Visibility};
use crate::render::article::Article;
use crate::render::xml_text::one_line;

/// The subject of a list.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// A scope and its name, which is empty for the site.
    Scope(&'a Scope, &'a str),
    /// A year on the authors' calendars.
    Year(i16),
}

/// One page of a list.
#[derive(Clone, Copy, Debug)]
pub struct ListPage<'a> {
    /// Its posts, newest first.
    pub posts: &'a [Arc<Post>],
    /// Its number, from 1.
    pub number: usize,
    /// How many posts all pages have.
    pub total: usize,
}

/// Unpublished posts, on a page for their author.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unpublished<'a> {
    /// Some of them, with their visibility.
    pub posts: &'a [(Arc<Post>, Visibility)],
    /// The number of others.
    pub more: usize,
}

/// The result of a search.
#[derive(Clone, Copy, Debug)]
pub enum SearchResult<'a> {
    /// There is no query yet.
    NoQuery,
    /// The query is invalid; the reason, for people.
    Invalid(&'a str),
    /// The posts found, the best first.
    Posts(ListPage<'a>),
}

/// The number of a page, and links to the others.
#[derive(Debug, Serialize)]
struct Pagination {
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
    /// Unpublished posts, on a page for their author.
    unpublished: Vec<Summary>,
    /// The number of other unpublished posts.
    unpublished_more: usize,
    pages: Pagination,
    subscribe: String,
}

#[derive(Serialize)]
struct SearchBody<'a> {
    query: &'a str,
    problem: Option<&'a str>,
    total: usize,
    posts: Vec<Summary>,
    pages: Pagination,
}

#[derive(Serialize)]
struct MessageBody<'a> {
    title: Cow<'a, str>,
    /// The author's own text, as sanitized HTML.
    content: Option<Value>,
    posts: Vec<Summary>,
}

impl Subject<'_> {
    /// The path of its first page.
    fn path(self) -> String {
        match self {
            Subject::Scope(scope, _) => Addresses::scope_page(scope),
            Subject::Year(year) => format!("/years/{year}"),
        }
    }

    /// The path and the name of the scope whose feeds are linked.
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

impl ListPage<'_> {
    fn summaries(&self, config: &Config, addresses: &Addresses) -> Vec<Summary> {
        summaries(self.posts, config, addresses)
    }

    /// The links to the other pages; `address` returns the address of each.
    fn pages(&self, per_page: usize, address: impl Fn(usize) -> String) -> Pagination {
        let (number, count) = (self.number, self.total.div_ceil(per_page.max(1)).max(1));
        let at = |n: usize| Some(address(n)).filter(|_| n != number && (1..=count).contains(&n));
        Pagination {
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
    posts.iter().map(|post| Summary::new(post, config, addresses)).collect()
}

/// A page of the list of `subject`.
#[must_use]
pub fn list(config: &Config, subject: Subject, listed: ListPage) -> Page {
    list_with_unpublished(config, subject, listed, Unpublished::default())
}

/// The same page for the author, with unpublished posts.
#[must_use]
pub(crate) fn list_with_unpublished(config: &Config, subject: Subject, listed: ListPage, unpublished: Unpublished) -> Page {
    let addresses = Addresses::new(config);
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
    let pages = listed.pages(config.list.per_page, |n| addresses.local(&page_path(n)));
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
            .map(|(post, visibility)| Summary::new(post, config, &addresses).with_visibility(*visibility))
            .collect(),
        unpublished_more: unpublished.more,
        pages,
        subscribe: addresses.local(&format!("{scope}/subscribe")),
    };
    Page::new("list.html", head, body)
}

/// The page with the result of a search for `query`.
#[must_use]
pub fn search(config: &Config, query: &str, found: SearchResult) -> Page {
    let addresses = Addresses::new(config);
    let (problem, listed) = match found {
        SearchResult::NoQuery => (None, None),
        SearchResult::Invalid(why) => (Some(why), None),
        SearchResult::Posts(listed) => (None, Some(listed)),
    };
    let listed = listed.unwrap_or(ListPage {
        posts: &[],
        number: 1,
        total: 0,
    });
    let pages = listed.pages(config.list.per_page, |n| {
        let mut parameters = form_urlencoded::Serializer::new(String::new());
        parameters.append_pair("q", query);
        if n > 1 {
            parameters.append_pair("page", &n.to_string());
        }
        addresses.local(&format!("/search?{}", parameters.finish()))
    });
    let title = if query.is_empty() {
        "Search".to_owned()
    } else {
        format!("Search: {}", one_line(query))
    };
    let mut head = Head::new(config, &addresses, &title, None, ("", ""));
    head.path = addresses.local("/search");
    let body = SearchBody {
        query,
        problem,
        total: listed.total,
        posts: listed.summaries(config, &addresses),
        pages,
    };
    Page::new("search.html", head, body)
}

/// The page of an unknown address, with the `newest` posts. `own` is the page that its author wrote for this, with its text.
#[must_use]
pub(crate) fn not_found(config: &Config, own: Option<(&Post, &str, &References)>, newest: &[Arc<Post>]) -> Page {
    let Some((post, text, references)) = own else {
        return message_page(config, "missing.html", "Nothing here", ("", None), newest);
    };
    let html = Article::render(post, text, references, &config.shortcodes).html;
    let title = if post.has_title() { post.title.as_str() } else { "" };
    let name = if title.is_empty() { "Nothing here" } else { title };
    message_page(config, "missing.html", name, (title, Some(html)), newest)
}

/// The page of a withdrawn post, with its title (which may be empty) and the `newest` posts.
#[must_use]
pub fn withdrawn(config: &Config, title: &str, newest: &[Arc<Post>]) -> Page {
    message_page(config, "withdrawn.html", "Withdrawn", (title, None), newest)
}

/// The page of a post that is temporarily unavailable, with the `newest` posts.
#[must_use]
pub(crate) fn temporarily_unavailable(config: &Config, newest: &[Arc<Post>]) -> Page {
    message_page(config, "awaited.html", "Away for a moment", ("", None), newest)
}

fn message_page(
    config: &Config,
    template: &'static str,
    name: &str,
    (title, html): (&str, Option<String>),
    newest: &[Arc<Post>],
) -> Page {
    let addresses = Addresses::new(config);
    let body = MessageBody {
        title: one_line(title),
        content: html.map(Value::from_safe_string),
        posts: summaries(newest, config, &addresses),
    };
    Page::new(template, Head::new(config, &addresses, name, None, ("", "")), body)
}

//! The page of one post.

use std::sync::Arc;

use minijinja::Value;
use serde::Serialize;
use serde_json::json;

use super::address::Addresses;
use super::head::{Head, meta};
use super::summary::{Summary, tags};
use super::{Day, Link, Page, name, runs_left};
use crate::config::Config;
use crate::index::Scope;
use crate::post::reference::{References, Role};
use crate::post::{Direction, Enclosure, Post, key};
use crate::render::address::{post_url, resolved};
use crate::render::article::Article;
use crate::render::clean::{self, one_line};
use crate::render::item;

/// The posts around a post.
#[derive(Clone, Copy, Debug, Default)]
pub struct Around<'a> {
    /// The one published right after it.
    pub newer: Option<&'a Arc<Post>>,
    /// The one published right before it.
    pub older: Option<&'a Arc<Post>>,
    /// Those about the same.
    pub related: &'a [Arc<Post>],
}

#[derive(Serialize)]
struct Body {
    title: String,
    /// Which way the text runs, where that is not known from its language.
    direction: Option<&'static str>,
    date: Day,
    /// When it last changed, where that was on another day.
    updated: Option<Day>,
    authors: Vec<Link>,
    tags: Vec<Link>,
    /// How long it takes to read.
    minutes: usize,
    /// What it is about, where that is elsewhere.
    link: Option<Link>,
    /// Its picture, where the text does not show it.
    image: Option<String>,
    files: Vec<File>,
    /// The text, as clean HTML.
    content: Value,
    /// Its Markdown, where that has an address.
    source: Option<String>,
    newer: Option<Link>,
    older: Option<Link>,
    related: Vec<Summary>,
}

#[derive(Serialize)]
struct File {
    kind: &'static str,
    name: String,
    url: String,
}

/// The page of `post`, whose text is `text`; `references` says what the addresses in it mean.
#[must_use]
pub fn post(config: &Config, post: &Post, text: &str, references: &References, around: Around) -> Page {
    let addresses = Addresses::of(config);
    let image = picture(post, references);
    let body = body(config, post, text, references, around);
    Page::new("post.html", head(config, post, &addresses, image.as_deref()), body)
}

/// The page of `post`, whose text is `text`, for whom it is shared with before it is published. Its head tells nobody of it or of the site: no feeds, no
/// address, no data.
#[must_use]
pub fn shared(config: &Config, post: &Post, text: &str, references: &References) -> Page {
    let addresses = Addresses::of(config);
    let public = head(config, post, &addresses, None);
    let mut head = Head::new(config, &addresses, &name(post), None, ("", ""));
    head.description = String::new();
    head.robots = Some("noindex, nofollow, noarchive");
    head.feeds = Vec::new();
    head.language = public.language;
    head.direction = public.direction;
    let body = Body {
        source: None,
        ..body(config, post, text, references, Around::default())
    };
    Page::new("post.html", head, body)
}

/// The absolute URL of the picture of `post`.
fn picture(post: &Post, references: &References) -> Option<String> {
    let image = post.image.as_ref()?;
    resolved(references, image, Role::Part)
}

fn body(config: &Config, post: &Post, text: &str, references: &References, around: Around) -> Body {
    let addresses = Addresses::of(config);
    let item = item(post, config, None);
    let article = Article::of(post, text, references);
    let absolute = |reference: &String| resolved(references, reference, Role::Part);
    let image_here = picture(post, references).map(|url| addresses.relative(url));
    let link = |post: &Arc<Post>| Link {
        name: name(post),
        url: addresses.post(&post.address),
    };
    let site_language = &config.site.language;
    let as_the_site = item.language.is_none() && post.direction == Direction::of_language(site_language);
    let is_unsaid = as_the_site && runs_left(text);
    Body {
        title: item.title.clone(),
        direction: is_unsaid.then_some("auto"),
        date: Day::of(post.date, site_language),
        updated: Some(post.modified())
            .filter(|updated| updated.date() > post.date.date())
            .map(|updated| Day::of(updated, site_language)),
        authors: authors(post, &addresses),
        tags: tags(post, &addresses),
        minutes: article.minutes,
        link: item.link.as_deref().map(elsewhere),
        image: image_here.filter(|url| !shows(&article.html, url)),
        files: post
            .enclosures
            .iter()
            .filter_map(|enclosure| file(enclosure, absolute(&enclosure.url)?, &addresses))
            .collect(),
        content: Value::from_safe_string(article.html),
        source: Some(source(&addresses, &post.address)),
        newer: around.newer.map(link),
        older: around.older.map(link),
        related: around
            .related
            .iter()
            .map(|post| Summary::of(post, config, &addresses))
            .collect(),
    }
}

fn head(config: &Config, post: &Post, addresses: &Addresses, image: Option<&str>) -> Head {
    let item = item(post, config, None);
    let title = name(post);
    let url = post_url(&config.base(), &post.address);
    let mut head = Head::new(config, addresses, &title, Some(url.clone()), ("", ""));
    head.description.clone_from(&item.summary);
    head.graph.push(meta("og:type", "article"));
    head.graph.push(meta("article:published_time", &item.published.rfc3339()));
    if item.modified != item.published {
        head.graph.push(meta("article:modified_time", &item.modified.rfc3339()));
    }
    if !item.summary.is_empty() {
        head.graph.push(meta("og:description", &item.summary));
    }
    head.graph.extend(item.tags.iter().map(|tag| meta("article:tag", tag)));
    head.picture(image.or(config.site.image.as_ref().map(url::Url::as_str)));
    if let Some(language) = &item.language {
        head.language.clone_from(language);
    }
    head.direction = post.direction;
    let person = |author: &crate::config::Person| json!({ "@type": "Person", "name": author.name, "url": author.url });
    let authors: Vec<_> = item.authors.iter().map(person).collect();
    let mut data = json!({
        "@context": "https://schema.org",
        "@type": "BlogPosting",
        "headline": title,
        "url": url,
        "mainEntityOfPage": url,
        "datePublished": item.published.rfc3339(),
        "dateModified": item.modified.rfc3339(),
        "inLanguage": head.language,
        "description": item.summary,
        "isPartOf": { "@type": "Blog", "name": one_line(&config.site.title), "url": addresses.absolute("/") },
    });
    if let Some(data) = data.as_object_mut() {
        let more = [
            ("author", json!(authors), authors.is_empty()),
            ("keywords", json!(item.tags), item.tags.is_empty()),
            ("image", json!(image), image.is_none()),
        ];
        for (name, value, _) in more.into_iter().filter(|(.., is_empty)| !is_empty) {
            data.insert(name.to_owned(), value);
        }
    }
    head.with_data(&data)
}

/// The authors that `post` names, with the pages of their posts.
fn authors(post: &Post, addresses: &Addresses) -> Vec<Link> {
    let people = clean::people(&*post.authors).into_iter();
    people
        .map(|author| Link {
            url: addresses.here(&Scope::Author(key(&author.name)).path()),
            name: author.name,
        })
        .collect()
}

/// The link to `url`, called by its host.
fn elsewhere(url: &str) -> Link {
    let host = url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
    Link {
        name: host.unwrap_or_else(|| url.to_owned()),
        url: url.to_owned(),
    }
}

/// Whether `html` shows the picture at `url`.
fn shows(html: &str, url: &str) -> bool {
    let attribute = html_escape::encode_double_quoted_attribute(url);
    html.contains(&format!("src=\"{attribute}\""))
}

fn file(enclosure: &Enclosure, url: String, addresses: &Addresses) -> Option<File> {
    let last = url.split(['?', '#']).next()?.rsplit('/').next().unwrap_or_default();
    let name = percent_encoding::percent_decode_str(last).decode_utf8_lossy().into_owned();
    let kind = match enclosure.media_type.split('/').next() {
        Some("audio") => "audio",
        Some("video") => "video",
        _ => "file",
    };
    Some(File {
        kind,
        name: enclosure.title.clone().unwrap_or(name),
        url: addresses.relative(url),
    })
}

/// The address of the Markdown of the post at `address`, from a page of the site.
fn source(addresses: &Addresses, address: &str) -> String {
    format!("{}.md", addresses.post(address).trim_end_matches('/'))
}

//! The page of one post.

use std::sync::Arc;

use minijinja::Value;
use serde::Serialize;
use serde_json::json;

use super::address::Addresses;
use super::head::{Head, meta};
use super::page::{Link, Page, PageDate, display_name, has_rtl_letters};
use super::summary::{Summary, tags};
use crate::config::Config;
use crate::index::Scope;
use crate::post::reference::{References, Role};
use crate::post::{Direction, Enclosure, Post, Status, key};
use crate::render::address::{post_url, resolved};
use crate::render::article::Article;
use crate::render::clean;
use crate::render::feeds::item::has_file;
use crate::render::item;
use crate::render::xml_text::one_line;

/// The posts that the page of a post links to.
#[derive(Clone, Copy, Debug, Default)]
pub struct NeighbourPosts<'a> {
    /// The next post.
    pub newer: Option<&'a Arc<Post>>,
    /// The previous post.
    pub older: Option<&'a Arc<Post>>,
    /// Posts about similar subjects.
    pub related: &'a [Arc<Post>],
}

#[derive(Serialize)]
struct PostBody {
    /// Whether it is a page, whose date readers do not see.
    is_page: bool,
    title: String,
    /// The text direction, if the language does not imply it.
    direction: Option<&'static str>,
    date: PageDate,
    /// When it last changed, if that was on another day.
    updated: Option<PageDate>,
    authors: Vec<Link>,
    tags: Vec<Link>,
    /// How long it takes to read.
    minutes: usize,
    /// The page on another site that it is about.
    link: Option<Link>,
    /// Its picture, if the text does not show it.
    image: Option<String>,
    files: Vec<AttachedFile>,
    /// The text, as sanitized HTML.
    content: Value,
    /// The address of its Markdown, if there is one.
    source: Option<String>,
    newer: Option<Link>,
    older: Option<Link>,
    related: Vec<Summary>,
}

#[derive(Serialize)]
struct AttachedFile {
    kind: &'static str,
    name: String,
    url: String,
}

/// The page of `post` with the text `text`. `references` resolves the addresses in the text.
#[must_use]
pub fn post(config: &Config, post: &Post, text: &str, references: &References, neighbours: NeighbourPosts) -> Page {
    let addresses = Addresses::new(config);
    let image = picture(post, references);
    let body = body(config, post, text, references, neighbours);
    let mut head = head(config, post, (&addresses, references), image.as_deref());
    if post.status == Status::Unlisted {
        // the response says it too, but a host of files sends no header of ours
        head.robots = Some("noindex");
    }
    Page::new("post.html", head, body)
}

/// The page of the unpublished `post` for the people that it is shared with. Its head reveals neither the post nor the site: no feeds,
/// no address, no data.
#[must_use]
pub fn shared(config: &Config, post: &Post, text: &str, references: &References) -> Page {
    let addresses = Addresses::new(config);
    let public = head(config, post, (&addresses, references), None);
    let mut head = Head::new(config, &addresses, &display_name(post), None, ("", ""));
    head.description = String::new();
    head.robots = Some("noindex, nofollow, noarchive");
    head.feeds = Vec::new();
    head.language = public.language;
    head.direction = public.direction;
    let body = PostBody {
        source: None,
        ..body(config, post, text, references, NeighbourPosts::default())
    };
    Page::new("post.html", head, body)
}

/// The absolute URL of the picture of `post`.
fn picture(post: &Post, references: &References) -> Option<String> {
    let image = post.image.as_ref()?;
    resolved(references, image, Role::Part)
}

fn body(config: &Config, post: &Post, text: &str, references: &References, neighbours: NeighbourPosts) -> PostBody {
    let addresses = Addresses::new(config);
    let item = item(post, config, references, None);
    let article = Article::render(post, text, references, &config.shortcodes);
    let absolute = |reference: &String| resolved(references, reference, Role::Part);
    let image_here = picture(post, references).map(|url| addresses.relative(url));
    let link = |post: &Arc<Post>| Link {
        name: display_name(post),
        url: addresses.post(&post.address),
    };
    let site_language = &config.site.language;
    let as_the_site = item.language.is_none() && post.direction == Direction::of_language(site_language);
    let is_unsaid = as_the_site && has_rtl_letters(text);
    PostBody {
        is_page: post.kind.is_page(),
        title: item.title.clone(),
        direction: is_unsaid.then_some("auto"),
        date: PageDate::new(post.date, site_language),
        updated: Some(post.modified())
            .filter(|updated| updated.date() > post.date.date())
            .map(|updated| PageDate::new(updated, site_language)),
        authors: authors(post, &addresses),
        tags: tags(post, &addresses),
        minutes: article.minutes,
        link: item.link.as_deref().map(host_link),
        image: image_here.filter(|url| !contains_picture(&article.html, url)),
        files: post
            .enclosures
            .iter()
            .filter(|enclosure| has_file(enclosure, references))
            .filter_map(|enclosure| file(enclosure, absolute(&enclosure.url)?, &addresses))
            .collect(),
        content: Value::from_safe_string(article.html),
        source: Some(markdown_address(&addresses, &post.address)),
        newer: neighbours.newer.map(link),
        older: neighbours.older.map(link),
        related: neighbours
            .related
            .iter()
            .map(|post| Summary::new(post, config, &addresses))
            .collect(),
    }
}

fn head(config: &Config, post: &Post, (addresses, references): (&Addresses, &References), image: Option<&str>) -> Head {
    let item = item(post, config, references, None);
    let title = display_name(post);
    let url = post_url(&config.base(), &post.address);
    let is_page = post.kind.is_page();
    let mut head = Head::new(config, addresses, &title, Some(url.clone()), ("", ""));
    head.description.clone_from(&item.summary);
    head.graph.push(meta("og:type", if is_page { "website" } else { "article" }));
    if !is_page {
        head.graph.push(meta("article:published_time", &item.published.rfc3339()));
        if item.modified != item.published {
            head.graph.push(meta("article:modified_time", &item.modified.rfc3339()));
        }
    }
    if !item.summary.is_empty() {
        head.graph.push(meta("og:description", &item.summary));
    }
    if !is_page {
        head.graph.extend(item.tags.iter().map(|tag| meta("article:tag", tag)));
    }
    head.add_picture(image.or(config.site.image.as_ref().map(url::Url::as_str)));
    if let Some(language) = &item.language {
        head.language.clone_from(language);
    }
    head.direction = post.direction;
    if is_page {
        return head;
    }
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
            url: addresses.local(&Scope::Author(key(&author.name)).path()),
            name: author.name,
        })
        .collect()
}

/// The link to `url`, with its host as the name.
fn host_link(url: &str) -> Link {
    let host = url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
    Link {
        name: host.unwrap_or_else(|| url.to_owned()),
        url: url.to_owned(),
    }
}

/// Whether `html` contains the picture at `url`.
fn contains_picture(html: &str, url: &str) -> bool {
    let attribute = html_escape::encode_double_quoted_attribute(url);
    html.contains(&format!("src=\"{attribute}\""))
}

fn file(enclosure: &Enclosure, url: String, addresses: &Addresses) -> Option<AttachedFile> {
    let last = url.split(['?', '#']).next()?.rsplit('/').next().unwrap_or_default();
    let name = percent_encoding::percent_decode_str(last).decode_utf8_lossy().into_owned();
    let kind = match enclosure.media_type.split('/').next() {
        Some("audio") => "audio",
        Some("video") => "video",
        _ => "file",
    };
    Some(AttachedFile {
        kind,
        name: enclosure.title.clone().unwrap_or(name),
        url: addresses.relative(url),
    })
}

/// The address of the Markdown of the post at `address`, for a link on the site's pages.
fn markdown_address(addresses: &Addresses, address: &str) -> String {
    format!("{}.md", addresses.post(address).trim_end_matches('/'))
}

//! Pages for people, in the plainest valid HTML.

use std::fmt::Write as _;

use html_escape::encode_double_quoted_attribute as attribute;
use html_escape::encode_text as escaped;

use super::{Format, Place, feed_path, post_url};
use crate::config::Config;
use crate::index::{Members, Scope};
use crate::post::reference::References;
use crate::post::{Post, html, markdown};

/// The media type of pages.
pub const MEDIA_TYPE: &str = "text/html; charset=utf-8";

/// Page `number` (from 1) of the posts of `scope`; `None` past its end.
#[must_use]
pub fn list(config: &Config, scope: &Scope, members: &Members, number: usize) -> Option<String> {
    let per_page = config.list.per_page;
    let total = members.posts.len();
    let pages = total.div_ceil(per_page).max(1);
    if !(1..=pages).contains(&number) {
        return None;
    }
    let title = title(config, members);
    let path = scope.path();
    let mut body = format!("<h1>{}</h1>\n", escaped(&title));
    if total == 0 {
        body.push_str("<p>No posts yet. Drop a Markdown file into the posts folder.</p>\n");
    } else {
        let _ = writeln!(body, "<p>{total} {} so far</p>", if total == 1 { "post" } else { "posts" });
    }
    for post in members.posts.iter().skip((number - 1) * per_page).take(per_page) {
        let url = post_url(&config.base(), &post.address);
        let name = if post.title.is_empty() {
            post.slug.as_str()
        } else {
            post.title.as_str()
        };
        let _ = writeln!(
            body,
            "<article>\n<h2><a href=\"{}\">{}</a></h2>",
            attribute(&url),
            escaped(name)
        );
        let _ = writeln!(body, "<p>{} {}</p>\n</article>", time(post), escaped(&post.summary));
    }
    let link = |rel: &str, n: usize, text: &str| {
        let to = if n == 1 {
            if path.is_empty() { "/".to_owned() } else { path.clone() }
        } else {
            format!("{path}/page/{n}")
        };
        format!(
            "<a rel=\"{rel}\" href=\"{}{}\">{text}</a> ",
            attribute(&config.base()),
            attribute(&to)
        )
    };
    body.push_str("<p>");
    if number > 1 {
        body.push_str(&link("prev", number - 1, "Newer posts"));
    }
    let _ = write!(
        body,
        "Page {number} / {pages} · {total} {} ",
        if total == 1 { "post" } else { "posts" }
    );
    if number < pages {
        body.push_str(&link("next", number + 1, "Older posts"));
    }
    body.push_str("</p>\n");
    Some(document(config, &title, &config.site.language, (&title, &path), &body))
}

/// The page that explains the feeds of `scope`.
#[must_use]
pub fn subscribe(config: &Config, scope: &Scope, members: &Members) -> String {
    let (base, path) = (config.base(), scope.path());
    let title = title(config, members);
    let mut body = format!("<h1>Subscribe to {}</h1>\n", escaped(&title));
    body.push_str(
        "<p>A feed brings new posts to you: a reader asks for it now and then, and shows what is new. \
         Copy one of these addresses into yours; they all say the same.</p>\n<ul>\n",
    );
    for (format, name) in [(Format::Rss, "RSS"), (Format::Atom, "Atom"), (Format::Json, "JSON Feed")] {
        let address = format!("{base}{}", feed_path(&path, Place::Newest, format));
        let _ = writeln!(
            body,
            "<li>{name}: <a href=\"{}\">{}</a></li>",
            attribute(&address),
            escaped(&address)
        );
    }
    body.push_str("</ul>\n");
    document(
        config,
        &format!("Subscribe to {title}"),
        &config.site.language,
        (&title, &path),
        &body,
    )
}

/// The page of one post; `references` says what the addresses in it mean.
#[must_use]
pub fn post(config: &Config, post: &Post, references: &References) -> String {
    let name = if post.title.is_empty() {
        post.slug.as_str()
    } else {
        post.title.as_str()
    };
    let content = html::for_page(&markdown::render(&post.body, &post.title).html, references);
    let mut body = String::from("<article>\n");
    if !post.title.is_empty() {
        let _ = writeln!(body, "<h1>{}</h1>", escaped(&post.title));
    }
    let authors: Vec<_> = post.authors.iter().map(|author| escaped(&author.name)).collect();
    let by = if authors.is_empty() {
        String::new()
    } else {
        format!(" · {}", authors.join(", "))
    };
    let _ = write!(body, "<p>{}{by}</p>\n{content}\n</article>\n", time(post));
    let _ = writeln!(
        body,
        "<p><a href=\"{}/\">{}</a></p>",
        attribute(&config.base()),
        escaped(&config.site.title)
    );
    document(
        config,
        name,
        post.language.as_deref().unwrap_or(&config.site.language),
        (&config.site.title, ""),
        &body,
    )
}

fn title(config: &Config, members: &Members) -> String {
    let site = &config.site.title;
    if members.name.is_empty() {
        site.clone()
    } else {
        format!("{site}: {}", members.name)
    }
}

fn time(post: &Post) -> String {
    format!("<time datetime=\"{}\">{}</time>", post.date.rfc3339(), post.date.date())
}

/// A whole page, with the feeds of the scope it belongs to: the scope's title and path.
fn document(config: &Config, title: &str, language: &str, (feed_title, scope_path): (&str, &str), body: &str) -> String {
    let base = config.base();
    let mut alternates = String::new();
    for format in Format::ALL {
        let (media_type, name) = (format.link_type(), attribute(feed_title));
        let to = feed_path(scope_path, Place::Newest, format);
        let href = attribute(&base).into_owned() + &attribute(&to);
        let _ = writeln!(
            alternates,
            "<link rel=\"alternate\" type=\"{media_type}\" title=\"{name}\" href=\"{href}\">"
        );
    }
    format!(
        "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n{alternates}</head>\n\
         <body>\n{body}</body>\n</html>\n",
        attribute(language),
        escaped(title),
    )
}

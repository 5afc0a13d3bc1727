//! Reads the export of Medium: one page of HTML for each post, marked up as an h-entry.
//!
//! Answers to other people's posts are among the posts; they are short, and their title is the beginning of their text.

use std::sync::Mutex;

use url::Url;

use super::ListedFile;
use super::archive::Archive;
use super::text::{date_in, plain, push_new};
use crate::import::imported::{Audience, FoundItem, ImportedPost, SiteFacts};
use crate::post::html::token::{self, Token};

/// The length of the number at the end of an address.
const NUMBER: std::ops::RangeInclusive<usize> = 8..=14;
/// The most characters of an answer.
const LONGEST_ANSWER: usize = 1500;

/// Whether `archive` has pages of Medium.
pub(super) fn is_medium(archive: &mut Archive) -> bool {
    let first = pages(archive).into_iter().next();
    first.is_some_and(|name| {
        archive
            .read_text(&name)
            .is_ok_and(|html| html.contains("h-entry") && html.contains("e-content"))
    })
}

fn pages(archive: &Archive) -> Vec<String> {
    let is_page =
        |name: &&String| name.to_ascii_lowercase().ends_with(".html") && (name.starts_with("posts/") || name.contains("/posts/"));
    archive.names().iter().filter(is_page).cloned().collect()
}

/// Reads the pages of `archive`.
pub(super) fn read_medium(mut archive: Archive) -> ListedFile {
    let mut found = Vec::new();
    for name in pages(&archive) {
        found.push(match archive.read_text(&name) {
            Ok(html) => read_page(&name, &html),
            Err(message) => FoundItem::Mistake { place: name, message },
        });
    }
    ListedFile {
        format: "Medium",
        site: SiteFacts::default(),
        found,
        archive: Some(Mutex::new(archive)),
    }
}

fn read_page(name: &str, html: &str) -> FoundItem {
    let file = name.rsplit('/').next().unwrap_or_default();
    let page = MediumPage::parse(html);
    let url: Option<Url> = page.canonical.as_deref().and_then(|url| url.parse().ok());
    let is_draft = file.starts_with("draft_") || url.is_none() || page.date.is_empty();
    let state = if is_draft { "draft" } else { "published" }.to_owned();
    let title = plain(&page.title);
    let words = plain(&page.content);
    if !is_draft && !page.has_structure && words.chars().count() <= LONGEST_ANSWER && is_start(&title, &words) {
        return FoundItem::LeftOut {
            kind: "comment".to_owned(),
            state,
            why: "an answer to a post".to_owned(),
        };
    }
    let last = url
        .as_ref()
        .and_then(|url| url.path_segments()?.next_back())
        .unwrap_or_default()
        .to_owned();
    let (slug, number) = split_number(&last);
    let mut post = ImportedPost {
        place: name.to_owned(),
        audience: if is_draft { Audience::Draft } else { Audience::Everybody },
        state,
        // the guid of its feed
        id: number
            .map(|number| format!("https://medium.com/p/{number}"))
            .unwrap_or_default(),
        source_key: format!("medium {file}"),
        slug: slug.to_owned(),
        date: date_in(&page.date),
        summary: plain(&page.summary),
        authors: page.authors,
        tags: page.tags,
        html: without_title(&page.content, &title),
        title,
        url,
        ..ImportedPost::default()
    };
    post.authors.truncate(10);
    FoundItem::Post(Box::new(post))
}

/// Whether `words` are `title`, or begin with it where Medium has cut it.
fn is_start(title: &str, words: &str) -> bool {
    let title = title.trim_end_matches(['…', '.']).trim();
    !title.is_empty() && words.starts_with(title)
}

/// The end of an address without the number that Medium adds, and the number.
fn split_number(last: &str) -> (&str, Option<&str>) {
    let is_number = |text: &str| NUMBER.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match last.rsplit_once('-') {
        Some((slug, number)) if is_number(number) => (slug, Some(number)),
        None if is_number(last) => ("", Some(last)),
        _ => (last, None),
    }
}

/// The parts of a page.
#[derive(Default)]
struct MediumPage {
    title: String,
    summary: String,
    content: String,
    canonical: Option<String>,
    date: String,
    authors: Vec<String>,
    tags: Vec<String>,
    /// Whether its content has a heading, a picture or a quotation, which answers seldom have.
    has_structure: bool,
}

impl MediumPage {
    fn parse(html: &str) -> MediumPage {
        let mut page = MediumPage::default();
        let mut open: Option<(&'static str, String, usize, usize)> = None;
        let mut offset = 0;
        for token in token::tokens(html) {
            let at = match &token {
                Token::Start(tag) => tag.written.as_ptr() as usize - html.as_ptr() as usize,
                Token::Text(text) | Token::Raw(text) => text.as_ptr() as usize - html.as_ptr() as usize,
                Token::End(_) => offset,
            };
            match &token {
                Token::Start(tag) => {
                    offset = at + tag.written.len();
                    if let Some((kind, name, depth, _)) = &mut open {
                        *depth += usize::from(tag.name == *name && !tag.closes_itself);
                        page.has_structure |= *kind == "e-content"
                            && matches!(tag.name.as_str(), "h2" | "h3" | "h4" | "figure" | "img" | "pre" | "ul" | "ol");
                    } else if let Some(kind) = kind_of(tag.attribute("class").unwrap_or_default()) {
                        match kind {
                            "p-canonical" => {
                                page.canonical = tag
                                    .attribute("href")
                                    .map(|href| html_escape::decode_html_entities(href).into_owned());
                            }
                            "dt-published" => page.date = tag.attribute("datetime").unwrap_or_default().to_owned(),
                            kind => open = Some((kind, tag.name.clone(), 1, offset)),
                        }
                    }
                }
                Token::Text(text) | Token::Raw(text) => offset = at + text.len(),
                Token::End(name) => {
                    let end = offset;
                    offset += html.get(offset..).and_then(|rest| rest.find('>')).map_or(0, |end| end + 1);
                    if let Some((kind, open_name, depth, start)) = &mut open
                        && name == open_name
                    {
                        *depth -= 1;
                        if *depth == 0 {
                            let inside = html.get(*start..end).unwrap_or_default().to_owned();
                            page.add(kind, inside);
                            open = None;
                        }
                    }
                }
            }
        }
        // its end is missing
        if let Some((kind, _, _, start)) = open {
            page.add(kind, html.get(start..).unwrap_or_default().to_owned());
        }
        page
    }

    fn add(&mut self, kind: &str, inside: String) {
        match kind {
            "p-name" => self.title = inside,
            "p-summary" => self.summary = inside,
            "e-content" => self.content = inside,
            "p-author" => push_new(&mut self.authors, plain(&inside)),
            "p-tag" => push_new(&mut self.tags, plain(&inside)),
            _ => {}
        }
    }
}

fn kind_of(classes: &str) -> Option<&'static str> {
    let kinds = [
        "p-name",
        "p-summary",
        "e-content",
        "p-canonical",
        "dt-published",
        "p-author",
        "p-tag",
    ];
    kinds
        .into_iter()
        .find(|kind| classes.split_whitespace().any(|class| class == *kind))
}

/// `html` without a first heading that repeats `title`.
fn without_title(html: &str, title: &str) -> String {
    for name in ["h1", "h2", "h3", "h4"] {
        let Some(start) = html.find(&format!("<{name}")) else {
            continue;
        };
        let Some(end) = html.get(start..).and_then(|rest| rest.find(&format!("</{name}>"))) else {
            continue;
        };
        let end = start + end + name.len() + 3;
        let (before, heading, after) = (&html[..start], &html[start..end], &html[end..]);
        if plain(before).is_empty() && plain(heading) == title {
            return format!("{before}{after}");
        }
    }
    html.to_owned()
}

//! Reads WXR, the export of WordPress and of Squarespace: RSS 2.0 with elements of its own (versions 1.0 to 1.2).
//!
//! Nothing says who may read an item but its status and its password. Both come after its text, so an item that is cut is a draft.

use std::collections::HashMap;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use url::Url;

use super::ReadProgress;
use super::element::Element;
use super::text::{plain, push_new};
use super::wordpress_body::{self, Attachments};
use super::xml::{Input, XmlPart, XmlParts};
use crate::import::feed::parse_moment;
use crate::import::imported::{Audience, FoundItem, ImportedDate, ImportedEnclosure, ImportedKind, ImportedPost, SiteFacts};
use crate::time::{Moment, Timestamp};

/// The most attachments whose addresses are kept.
const MOST_ATTACHMENTS: usize = 200_000;
/// The items that are searched for the markup of Squarespace.
const ITEMS_OF_SQUARESPACE: usize = 50;
/// The category that WordPress gives to posts without one.
const NO_CATEGORY: &str = "Uncategorized";

/// A WXR file whose table of authors and attachments is read.
#[derive(Debug)]
pub(crate) struct Wordpress {
    path: Utf8PathBuf,
    /// What it says about the site.
    pub(crate) site: SiteFacts,
    /// Names of authors by their logins.
    authors: HashMap<String, String>,
    /// Addresses of attachments by their numbers, with the number of their post.
    attachments: HashMap<u64, (u64, Box<str>)>,
    now: Timestamp,
    is_squarespace: bool,
    /// The items that were searched for the markup of Squarespace.
    items: usize,
}

impl Attachments for Wordpress {
    fn address(&self, id: &str) -> Option<String> {
        let (_, address) = self.attachments.get(&id.parse().ok()?)?;
        Some(address.to_string())
    }

    fn of_post(&self, parent: &str) -> Vec<String> {
        let Some(parent) = parent.parse::<u64>().ok().filter(|&parent| parent > 0) else {
            return Vec::new();
        };
        let found = self.attachments.iter().filter(|(_, (of, _))| *of == parent);
        let mut found: Vec<(u64, String)> = found.map(|(&id, (_, address))| (id, address.to_string())).collect();
        found.sort();
        found.into_iter().map(|(_, address)| address).collect()
    }
}

impl Wordpress {
    /// Reads the table of authors and attachments of the file at `path`. An item that was to be published before `now` is a draft.
    pub(crate) fn open(path: &Utf8Path, now: Timestamp, progress: &mut ReadProgress) -> Result<Wordpress, String> {
        let mut wordpress = Wordpress {
            path: path.to_owned(),
            site: SiteFacts::default(),
            authors: HashMap::new(),
            attachments: HashMap::new(),
            now,
            is_squarespace: false,
            items: 0,
        };
        let mut parts = XmlParts::open(Input::File(path.to_owned()))?;
        while let Some(part) = parts.next_part() {
            progress(parts.bytes(), 0);
            if let XmlPart::Element(element) = part {
                wordpress.add_fact(&element);
            }
        }
        if let Some(home) = &wordpress.site.home {
            let feed = if wordpress.is_squarespace {
                "blog?format=rss"
            } else {
                "feed/"
            };
            let folder: Url = if home.path().ends_with('/') {
                home.clone()
            } else {
                format!("{home}/").parse().unwrap_or_else(|_| home.clone())
            };
            wordpress.site.feed = folder.join(feed).ok();
        }
        Ok(wordpress)
    }

    fn add_fact(&mut self, element: &Element) {
        match element.name.as_str() {
            "title" => self.site.title = element.text().trim().to_owned(),
            "link" | "wp:base_blog_url" => {
                if let Ok(home) = element.text().trim().parse::<Url>() {
                    self.site.home = Some(home);
                }
            }
            "generator" => self.is_squarespace |= element.text().contains("Squarespace"),
            // its exports do not name it, but its markup does
            "item" if self.items < ITEMS_OF_SQUARESPACE => {
                self.items += 1;
                let content = element.text_of("content:encoded");
                self.is_squarespace |= content.contains("sqs-block") || content.contains("squarespace-cdn.com");
                self.add_attachment(element);
            }
            "wp:author" => {
                let name = element.text_of("wp:author_display_name");
                let login = element.text_of("wp:author_login");
                let given = format!(
                    "{} {}",
                    element.text_of("wp:author_first_name"),
                    element.text_of("wp:author_last_name")
                );
                let name = [name, given.trim().to_owned(), login.clone()]
                    .into_iter()
                    .find(|name| !name.is_empty());
                self.authors.insert(login, name.unwrap_or_default());
            }
            "item" => self.add_attachment(element),
            _ => {}
        }
    }

    fn add_attachment(&mut self, item: &Element) {
        if let (Ok(id), Some(address)) = (item.text_of("wp:post_id").parse(), attachment_address(item))
            && self.attachments.len() < MOST_ATTACHMENTS
        {
            let parent = item.text_of("wp:post_parent").parse().unwrap_or(0);
            self.attachments.insert(id, (parent, address.into()));
        }
    }

    /// The name of the tool.
    pub(crate) fn format(&self) -> &'static str {
        if self.is_squarespace { "Squarespace" } else { "WordPress" }
    }

    /// Reads all items, in the order of the file.
    pub(crate) fn read(&self, progress: &mut ReadProgress, visit: &mut dyn FnMut(FoundItem)) -> Result<(), String> {
        let mut parts = XmlParts::open(Input::File(self.path.clone()))?;
        let mut items = 0;
        // in exports of Squarespace the attachment after an item is its picture
        let mut last: Option<FoundItem> = None;
        while let Some(part) = parts.next_part() {
            match part {
                XmlPart::Mistake(line, message) => visit(FoundItem::Mistake {
                    place: format!("line {line}"),
                    message,
                }),
                XmlPart::Element(element) if element.name == "item" => {
                    items += 1;
                    let next = self.item(&element);
                    if let (true, Some(FoundItem::Post(post)), Some(address)) =
                        (self.is_squarespace, &mut last, attachment_address(&element))
                    {
                        post.image.get_or_insert(address);
                    }
                    last.replace(next).into_iter().for_each(&mut *visit);
                }
                XmlPart::Element(_) => {}
            }
            progress(parts.bytes(), items);
        }
        last.into_iter().for_each(visit);
        Ok(())
    }

    fn item(&self, item: &Element) -> FoundItem {
        let (kind, state) = (item.text_of("wp:post_type"), item.text_of("wp:status"));
        let post_kind = match kind.as_str() {
            "page" => ImportedKind::Page,
            // a file from which the types are missing has posts, but does not say whether they are public
            "post" | "" => ImportedKind::Post,
            _ => {
                let why = String::new();
                return FoundItem::LeftOut { kind, state, why };
            }
        };
        let id = item.text_of("wp:post_id");
        let mut post = ImportedPost {
            kind: post_kind,
            place: format!("line {}", item.line),
            audience: self.audience(item, &kind, &state),
            state: if has_password(item) {
                format!("{state}, password")
            } else {
                state
            },
            id: item.text_of("guid"),
            source_key: format!("wordpress {id} {} {}", item.text_of("title"), item.text_of("wp:post_date")),
            slug: item.text_of("wp:post_name"),
            title: plain(&item.text_of("title")),
            date: date(item, "wp:post_date", "wp:post_date_gmt"),
            updated: date(item, "wp:post_modified", "wp:post_modified_gmt"),
            is_pinned: item.text_of("wp:is_sticky") == "1",
            comments: item
                .all("wp:comment")
                .filter(|comment| comment.text_of("wp:comment_type").len() < 8)
                .count(),
            ..ImportedPost::default()
        };
        self.add_names(item, &mut post);
        self.add_addresses(item, &id, &mut post);
        self.add_meta(item, &mut post);
        let excerpt = item.text_of("excerpt:encoded");
        if !excerpt.is_empty() {
            post.summary = plain(&excerpt);
        }
        let content = item.text_of("content:encoded");
        post.html = wordpress_body::html_of(&content, &id, self, &mut post);
        if let Some(name) = restricted_part(&content) {
            if post.audience == Audience::Everybody {
                post.audience = Audience::Private;
            }
            post.losses.push(format!(
                "a part of it, in `{name}`, was for some readers only, so all of it is private"
            ));
        }
        if item.is_cut {
            post.losses
                .push("its end is missing in the export, so it is a draft".to_owned());
        }
        if has_other_item(item) {
            post.losses
                .push("the end of its text is missing in the export, and the next item is in it, so it is a draft".to_owned());
        }
        FoundItem::Post(Box::new(post))
    }

    /// Who may read an item. Only what is known to be public is for everybody.
    fn audience(&self, item: &Element, kind: &str, state: &str) -> Audience {
        if item.is_cut || kind.is_empty() || has_other_item(item) {
            return Audience::Draft;
        }
        if has_password(item) {
            return Audience::Private;
        }
        match state {
            "publish" => Audience::Everybody,
            "private" => Audience::Private,
            // it waits for its date; one that missed it was never shown
            "future" => {
                let date = date(item, "wp:post_date", "wp:post_date_gmt").and_then(ImportedDate::moment);
                if date.is_some_and(|date| date.timestamp() > self.now) {
                    Audience::Everybody
                } else {
                    Audience::Draft
                }
            }
            _ => Audience::Draft,
        }
    }

    fn add_names(&self, item: &Element, post: &mut ImportedPost) {
        let name_of = |login: &str| self.authors.get(login).cloned().unwrap_or_else(|| login.to_owned());
        for category in item.all("category") {
            let name = category.text().trim().to_owned();
            match category.attribute("domain") {
                "category" | "post_tag" | "tag" | "" if !name.is_empty() && name != NO_CATEGORY => {
                    push_new(&mut post.tags, plain(&name));
                }
                // the plugin Co-Authors Plus
                "author" if !name.is_empty() => push_new(&mut post.authors, plain(&name)),
                _ => {}
            }
        }
        let creator = item.text_of("dc:creator");
        if post.authors.is_empty() && !creator.is_empty() {
            post.authors.push(name_of(&creator));
        }
    }

    fn add_addresses(&self, item: &Element, id: &str, post: &mut ImportedPost) {
        let link = item.text_of("link");
        post.url = Url::options()
            .base_url(self.site.home.as_ref())
            .parse(&link)
            .ok()
            .filter(|_| !link.is_empty());
        let query = if post.kind == ImportedKind::Page { "page_id" } else { "p" };
        if !id.is_empty() && id != "0" && !self.is_squarespace {
            post.aliases.push(format!("/?{query}={id}"));
        }
        let old = metas(item).filter(|(key, _)| key == "_wp_old_slug").map(|(_, value)| value);
        let folder = post.url.as_ref().and_then(|url| {
            let path = url.path().trim_end_matches('/');
            path.rsplit_once('/').map(|(folder, _)| folder.to_owned())
        });
        if let Some(folder) = folder {
            post.aliases.extend(old.map(|slug| format!("{folder}/{slug}/")));
        }
    }

    fn add_meta(&self, item: &Element, post: &mut ImportedPost) {
        for (key, value) in metas(item) {
            match key.as_str() {
                "_thumbnail_id" => post.image = self.address(value.trim()),
                "enclosure" => {
                    let mut lines = value.lines().map(str::trim);
                    let url = lines.next().unwrap_or_default().to_owned();
                    let length = lines.next().and_then(|length| length.parse().ok()).unwrap_or(0);
                    let media_type = lines.next().unwrap_or_default().to_owned();
                    if url.starts_with("http") {
                        post.enclosures.push(ImportedEnclosure { url, media_type, length });
                    }
                }
                "_yoast_wpseo_metadesc" if post.summary.is_empty() => post.summary = plain(&value),
                _ => {}
            }
        }
    }
}

/// Parts of the names of shortcodes and blocks of plugins that show what is in them to some readers only.
const RESTRICTING: [&str; 14] = [
    "member", "restrict", "private", "paid", "premium", "paywall", "subscri", "protect", "logged", "mepr", "pmpro", "s2if",
    "wlm_", "rcp_",
];

/// The name of a shortcode or block in `content` that shows what is in it to some readers only.
fn restricted_part(content: &str) -> Option<String> {
    let is_restricting = |name: &str| {
        let name = name.to_lowercase();
        RESTRICTING.iter().any(|part| name.contains(part))
    };
    let name_of = |text: &str| -> String {
        let is_part = |c: &char| c.is_ascii_alphanumeric() || "_-/".contains(*c);
        text.chars().take_while(is_part).collect()
    };
    // the end of a shortcode: without one it has nothing in it
    let shortcodes = content.split("[/").skip(1).map(name_of);
    let blocks = content.split("<!-- wp:").skip(1).map(name_of);
    shortcodes.chain(blocks).find(|name| is_restricting(name))
}

fn has_password(item: &Element) -> bool {
    item.all("wp:post_password")
        .any(|password| !password.text().trim().is_empty())
}

/// Whether a text of `item` has no end, so that the next item is in it, and what follows it is of that one.
fn has_other_item(item: &Element) -> bool {
    let has_item = |element: &Element| {
        let text = element.text();
        text.contains("</item>") && text.contains("<wp:")
    };
    item.all("content:encoded").chain(item.all("excerpt:encoded")).any(has_item)
}

/// The address of an attachment; `None` for other items.
fn attachment_address(item: &Element) -> Option<String> {
    if item.text_of("wp:post_type") != "attachment" {
        return None;
    }
    [item.text_of("wp:attachment_url"), item.text_of("guid")]
        .into_iter()
        .find(|text| !text.is_empty())
}

fn metas(item: &Element) -> impl Iterator<Item = (String, String)> {
    item.all("wp:postmeta")
        .map(|meta| (meta.text_of("wp:meta_key"), meta.text_of("wp:meta_value")))
}

/// The date in the element `local`, with the offset that follows from the one in `gmt`. Drafts have zeros there.
fn date(item: &Element, local: &str, gmt: &str) -> Option<ImportedDate> {
    let parse = |name: &str| {
        let text = item.text_of(name);
        DateTime::strptime("%Y-%m-%d %H:%M:%S", &text).ok().filter(|at| at.year() > 0)
    };
    let in_feed = || {
        parse_moment(&item.text_of("pubDate"))
            .map(ImportedDate::Zoned)
            .filter(|_| local == "wp:post_date")
    };
    match (parse(local), parse(gmt)) {
        (Some(local), Some(gmt)) => {
            let at = Moment::local(gmt, &TimeZone::UTC)?.timestamp();
            let seconds = i32::try_from(local.duration_since(gmt).as_secs()).unwrap_or(0);
            let offset = Offset::from_seconds(seconds).unwrap_or(Offset::UTC);
            Moment::new(at, offset).map(ImportedDate::Zoned)
        }
        (Some(local), None) => Some(ImportedDate::Local(local)),
        (None, Some(gmt)) => Moment::local(gmt, &TimeZone::UTC).map(ImportedDate::Zoned),
        (None, None) => in_feed(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_for_some_readers_are_found_by_the_names_of_plugins() {
        for (content, expected) in [
            ("Open.\n[members_only]Paid.[/members_only]", Some("members_only")),
            ("[restrict userlevel=\"x\"]Paid.[/restrict]", Some("restrict")),
            ("[mepr-show rules=\"1\"]Paid.[/mepr-show]", Some("mepr-show")),
            ("[private]Paid.[/private]", Some("private")),
            (
                "<!-- wp:premium-content/container -->Paid.<!-- /wp:premium-content/container -->",
                Some("premium-content/container"),
            ),
            ("<!-- wp:jetpack/premium-content -->Paid.", Some("jetpack/premium-content")),
            ("[caption]A picture[/caption] and [gallery ids=\"1\"]", None),
            ("<!-- wp:paragraph --><p>private members</p><!-- /wp:paragraph -->", None),
            ("", None),
        ] {
            assert_eq!(restricted_part(content).as_deref(), expected, "{content}");
        }
    }
}

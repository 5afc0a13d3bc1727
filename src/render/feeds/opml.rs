//! All feeds of the site as an outline: OPML 2.0, which feed readers import.
//!
//! There is one outline for each scope, its RSS feed, so that a reader that imports the file has each feed once and not three
//! times. The site's own feed comes first; tags, authors and sections are groups.

use std::fmt::Write as _;

use super::super::{Format, Place, escaped, feed_path, xml_safe};
use crate::config::Config;
use crate::index::{Index, Members, Scope};

/// The media type. `text/x-opml` is the specification's own, and readers recognise it.
pub const MEDIA_TYPE: &str = "text/x-opml; charset=utf-8";

/// Whether a scope belongs to a group.
type IsIn = fn(&Scope) -> bool;

/// The outline of the feeds of `index`.
#[must_use]
pub fn outline(config: &Config, index: &Index) -> String {
    let site = &config.site;
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<opml version=\"2.0\">\n<head>\n");
    element(&mut xml, "title", &site.title);
    if let Some(changed) = index.posts().iter().map(|post| post.modified()).max() {
        element(&mut xml, "dateModified", &changed.rfc822());
    }
    if let Some(author) = &site.author {
        element(&mut xml, "ownerName", &author.name);
        if let Some(email) = &author.email {
            element(&mut xml, "ownerEmail", email);
        }
    }
    element(&mut xml, "docs", "https://opml.org/spec2.opml");
    xml.push_str("</head>\n<body>\n");
    let groups: [(&str, IsIn); 4] = [
        ("", |scope| matches!(scope, Scope::Site)),
        ("Sections", |scope| matches!(scope, Scope::Section(_))),
        ("Tags", |scope| matches!(scope, Scope::Tag(_))),
        ("Authors", |scope| matches!(scope, Scope::Author(_))),
    ];
    for (name, holds) in groups {
        let members: Vec<_> = index
            .scopes()
            .filter(|(scope, members)| holds(scope) && (**scope == Scope::Site || !members.in_feeds().is_empty()))
            .collect();
        if members.is_empty() {
            continue;
        }
        if !name.is_empty() {
            let _ = writeln!(xml, "<outline text=\"{name}\">");
        }
        for (scope, members) in members {
            feed(&mut xml, config, scope, members);
        }
        if !name.is_empty() {
            xml.push_str("</outline>\n");
        }
    }
    xml.push_str("</body>\n</opml>\n");
    xml
}

fn feed(xml: &mut String, config: &Config, scope: &Scope, members: &Members) {
    let (base, path) = (config.base(), scope.path());
    let title = if members.name.is_empty() {
        config.site.title.clone()
    } else {
        format!("{}: {}", config.site.title, members.name)
    };
    let home = if path.is_empty() { "/" } else { &path };
    let attributes = [
        ("type", "rss".to_owned()),
        ("text", title.clone()),
        ("title", title),
        ("xmlUrl", format!("{base}{}", feed_path(&path, Place::Newest, Format::Rss))),
        ("htmlUrl", format!("{base}{home}")),
        ("version", "RSS2".to_owned()),
    ];
    xml.push_str("<outline");
    for (name, value) in attributes {
        let _ = write!(xml, " {name}=\"{}\"", text(&value));
    }
    xml.push_str("/>\n");
}

fn element(xml: &mut String, name: &str, value: &str) {
    let _ = writeln!(xml, "<{name}>{}</{name}>", text(value));
}

/// `value` as the text of an element or attribute, on one line.
fn text(value: &str) -> String {
    let line = value.split_whitespace().collect::<Vec<_>>().join(" ");
    escaped(&xml_safe(&line))
}

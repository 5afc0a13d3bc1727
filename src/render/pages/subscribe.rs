//! The page that explains the feeds of a scope.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::address::Addresses;
use super::head::{FeedLink, Head, feeds};
use super::page::{Link, Page};
use super::summary::Summary;
use crate::config::Config;
use crate::index::{Index, Members, Scope};
use crate::render::xml_text::one_line;
use crate::render::{Format, Place, feed_path};

/// The number of posts shown from the feed.
const SHOWN_POSTS: usize = 5;
/// The most other feeds that are linked: those with the most posts.
const NAMED_FEEDS: usize = 24;

/// Web readers, each with the address to which the percent-encoded address of a feed is appended.
const READERS: [(&str, &str); 5] = [
    ("Feedly", "https://feedly.com/i/subscription/feed%2F"),
    ("Inoreader", "https://www.inoreader.com/?add_feed="),
    ("NewsBlur", "https://www.newsblur.com/?url="),
    ("The Old Reader", "https://theoldreader.com/feeds/subscribe?url="),
    ("Feedbin", "https://feedbin.com/?subscribe="),
];

#[derive(Serialize)]
struct SubscribeBody {
    title: String,
    feeds: Vec<FeedLink>,
    readers: Vec<Link>,
    posts: Vec<Summary>,
    others: Vec<OtherFeed>,
    outline: String,
}

#[derive(Serialize)]
struct OtherFeed {
    name: String,
    url: String,
    kind: &'static str,
}

/// The page that explains the feeds of `scope`, a scope of `index`.
#[must_use]
pub fn subscribe(config: &Config, index: &Index, scope: &Scope, members: &Members) -> Page {
    let addresses = Addresses::new(config);
    let path = scope.path();
    let site = one_line(&config.site.title);
    let title = if *scope == Scope::Site {
        site.into_owned()
    } else {
        format!("{site}: {}", one_line(&members.name))
    };
    let shown = format!("Subscribe to {title}");
    let head = Head::new(
        config,
        &addresses,
        &shown,
        Some(addresses.absolute(&format!("{path}/subscribe"))),
        (&path, &members.name),
    )
    .of_website(config);
    let newest = members.in_feeds();
    let mut own = feeds(config, &addresses, (&path, &members.name));
    own.truncate(Format::ALL.len());
    let body = SubscribeBody {
        feeds: own,
        readers: readers(&addresses, &path),
        posts: newest
            .iter()
            .take(SHOWN_POSTS)
            .map(|post| Summary::new(post, config, &addresses))
            .collect(),
        others: others(config, &addresses, index, scope),
        outline: addresses.local("/feeds.opml"),
        title,
    };
    Page::new("subscribe.html", head, body)
}

fn readers(addresses: &Addresses, path: &str) -> Vec<Link> {
    let feed = addresses.absolute(&feed_path(path, Place::Newest, Format::Rss));
    let encoded = utf8_percent_encode(&feed, NON_ALPHANUMERIC).to_string();
    let mut readers = vec![Link {
        name: "The reader on this device".to_owned(),
        url: format!("feed:{feed}"),
    }];
    readers.extend(READERS.iter().map(|(name, at)| Link {
        name: (*name).to_owned(),
        url: format!("{at}{encoded}"),
    }));
    readers
}

/// The feeds of other scopes: the site's, then those with the most posts.
fn others(config: &Config, addresses: &Addresses, index: &Index, scope: &Scope) -> Vec<OtherFeed> {
    let mut scopes: Vec<_> = index
        .scopes()
        .filter(|(other, members)| *other != scope && (**other == Scope::Site || !members.in_feeds().is_empty()))
        .collect();
    // the sort is stable, so scopes with equally many posts keep their order
    scopes.sort_by_key(|(other, members)| (**other != Scope::Site, std::cmp::Reverse(members.in_feeds().len())));
    let other = |(scope, members): (&Scope, &Members)| OtherFeed {
        name: match scope {
            Scope::Site => one_line(&config.site.title).into_owned(),
            _ => one_line(&members.name).into_owned(),
        },
        url: addresses.local(&format!("{}/subscribe", scope.path())),
        kind: match scope {
            Scope::Site => "everything",
            Scope::Tag(_) => "tag",
            Scope::Author(_) => "author",
            Scope::Section(_) => "section",
        },
    };
    scopes.into_iter().take(NAMED_FEEDS).map(other).collect()
}

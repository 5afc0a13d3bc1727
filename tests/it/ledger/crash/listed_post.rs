//! Reads the posts in a feed or a listing, in all formats.

use feedmill::time::Timestamp;
use serde_json::Value;

use super::BASE;

/// A post as a list shows it.
#[derive(Clone, Debug, Default)]
pub struct ListedPost {
    pub id: String,
    pub marker: String,
    pub address: String,
    pub published: Option<Timestamp>,
    pub updated: Option<Timestamp>,
    pub text: String,
}

fn marker(title: &str) -> String {
    title.split(' ').next().unwrap_or_default().to_owned()
}

fn address(url: &str) -> String {
    url.strip_prefix(BASE).unwrap_or_else(|| panic!("{url}")).to_owned()
}

pub fn from_json(body: &str, key: &str) -> Vec<ListedPost> {
    let json: Value = serde_json::from_str(body).unwrap();
    let posts = json[key].as_array().unwrap().iter();
    let text = |post: &Value, key: &str| post[key].as_str().unwrap_or_default().to_owned();
    let listed = posts.map(|post| ListedPost {
        id: text(post, "id"),
        marker: marker(&text(post, "title")),
        address: address(&text(post, "url")),
        published: text(post, "date_published").parse().ok(),
        updated: text(post, "date_modified").parse().ok(),
        text: text(post, "content_html"),
    });
    listed.collect()
}

/// The date of the feed's last change, and its posts.
pub fn from_atom(body: &str) -> (Timestamp, Vec<ListedPost>) {
    let xml = roxmltree::Document::parse(body).unwrap();
    let feed = xml.root_element();
    let withdrawn = feed.children().filter(|node| node.tag_name().name() == "deleted-entry");
    let withdrawn: Vec<_> = withdrawn.filter_map(|node| node.attribute("ref")).collect();
    let entries = feed.children().filter(|node| node.tag_name().name() == "entry");
    let listed = entries.map(|entry| {
        let link = entry.children().find(|node| node.attribute("rel") == Some("alternate"));
        let id = text(entry, "id");
        assert!(!withdrawn.contains(&id.as_str()), "{id} is an entry and a tombstone: {body}");
        ListedPost {
            id,
            marker: marker(&text(entry, "title")),
            address: address(link.unwrap().attribute("href").unwrap()),
            published: text(entry, "published").parse().ok(),
            updated: text(entry, "updated").parse().ok(),
            text: String::new(),
        }
    });
    let listed = listed.collect();
    (text(feed, "updated").parse().unwrap(), listed)
}

pub fn from_rss(body: &str) -> Vec<ListedPost> {
    let xml = roxmltree::Document::parse(body).unwrap();
    let items = xml.descendants().filter(|node| node.has_tag_name("item"));
    let listed = items.map(|item| ListedPost {
        id: text(item, "guid"),
        marker: marker(&text(item, "title")),
        address: address(&text(item, "link")),
        ..ListedPost::default()
    });
    listed.collect()
}

/// The text of the child of `node` with this name.
fn text(node: roxmltree::Node, name: &str) -> String {
    let child = node.children().find(|child| child.tag_name().name() == name);
    child.and_then(|child| child.text()).unwrap_or_default().to_owned()
}

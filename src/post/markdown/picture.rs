//! Tidies pictures that are none: a video or a sound in the form of a picture, and the size in an alternative text.

use comrak::Node;
use comrak::nodes::{NodeLink, NodeValue};

use super::shortcode::destination;

/// The hosts of pages that Obsidian and others embed in the form of a picture.
const EMBEDDED: [&str; 8] = [
    "youtube.com",
    "youtu.be",
    "vimeo.com",
    "twitter.com",
    "x.com",
    "bilibili.com",
    "soundcloud.com",
    "open.spotify.com",
];

/// Makes a player of `![a](b.mp4)` and a link of `![a](https://youtu.be/b)`, and removes the size at the end of an alternative text:
/// `![a|100](b.png)`.
pub(super) fn tidy(root: Node<'_>) {
    let pictures: Vec<Node<'_>> = root
        .descendants()
        .filter(|node| matches!(node.data().value, NodeValue::Image(_)))
        .collect();
    for node in pictures {
        let link = match &node.data().value {
            NodeValue::Image(link) => NodeLink::clone(link),
            _ => continue,
        };
        if let Some(player) = player(&link.url) {
            let html = format!("<{player} controls src=\"{}\"></{player}>", destination(&link.url));
            while let Some(child) = node.first_child() {
                child.detach();
            }
            node.data_mut().value = NodeValue::HtmlInline(html);
        } else if is_embedded(&link.url) {
            if node.first_child().is_none() {
                node.data_mut().value = NodeValue::HtmlInline(format!("<a href=\"{0}\">{0}</a>", destination(&link.url)));
            } else {
                node.data_mut().value = NodeValue::Link(Box::new(link));
            }
        } else if let Some(last) = node.last_child() {
            remove_size(last);
        }
    }
}

/// The element that plays the file at `url`, if it is a sound or a video.
fn player(url: &str) -> Option<&'static str> {
    let path = url.split(['?', '#']).next()?;
    let kind = mime_guess::from_path(path).first()?;
    match kind.type_().as_str() {
        "audio" => Some("audio"),
        "video" => Some("video"),
        _ => None,
    }
}

fn is_embedded(url: &str) -> bool {
    let host = url
        .split_once("://")
        .map_or("", |(_, rest)| rest.split('/').next().unwrap_or_default());
    let host = host
        .strip_prefix("www.")
        .or_else(|| host.strip_prefix("player."))
        .unwrap_or(host);
    EMBEDDED.contains(&host)
}

/// Removes `|100` or `|100x200` from the end of the text in `node`.
fn remove_size(node: Node<'_>) {
    if let NodeValue::Text(text) = &mut node.data_mut().value
        && let Some((alt, size)) = text.rsplit_once('|')
        && !size.is_empty()
        && size.chars().all(|c| c.is_ascii_digit() || c == 'x')
    {
        *text = alt.trim_end().to_owned().into();
    }
}

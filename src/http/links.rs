//! The `Link` field (RFC 8288): the related documents of a feed or a page.

use crate::index::Scope;
use crate::render::{Format, Place, feed_path};

/// Returns the `Link` of the feed of `scope` at `place` in `format`; the scope has `archives` full archives.
///
/// `self` is the document itself, `alternate` the same in other formats and the page for people. The other relations are its history
/// (RFC 5005), and `hubs` for subscriptions to it (`WebSub`).
#[must_use]
pub fn feed_links(base: &str, scope: &Scope, place: Place, format: Format, archives: usize, hubs: &[String]) -> String {
    let path = scope.path();
    let address = |place, format| format!("{base}{}", feed_path(&path, place, format));
    let home = if path.is_empty() { "/" } else { path.as_str() };
    let mut links = vec![format!(
        "<{}>; rel=\"self\"; type=\"{}\"",
        address(place, format),
        format.link_type()
    )];
    for other in Format::ALL.into_iter().filter(|&other| other != format) {
        links.push(format!(
            "<{}>; rel=\"alternate\"; type=\"{}\"",
            address(place, other),
            other.link_type()
        ));
    }
    links.push(format!("<{base}{home}>; rel=\"alternate\"; type=\"text/html\""));
    let (previous, next) = match place {
        Place::Newest => (archives, 0),
        Place::Archive(k) => (k - 1, if k < archives { k + 1 } else { 0 }),
    };
    for (k, relation) in [(previous, "prev-archive"), (next, "next-archive")]
        .into_iter()
        .filter(|&(k, _)| k > 0)
    {
        links.push(format!("<{}>; rel=\"{relation}\"", address(Place::Archive(k), format)));
    }
    if place == Place::Newest {
        links.extend(hubs.iter().map(|hub| format!("<{hub}>; rel=\"hub\"")));
    } else {
        links.push(format!("<{}>; rel=\"current\"", address(Place::Newest, format)));
    }
    links.join(", ")
}

/// Returns the `Link` of a page of `scope`: its feeds.
#[must_use]
pub fn page_links(base: &str, scope: &Scope) -> String {
    let path = scope.path();
    let feed = |format: Format| {
        let address = feed_path(&path, Place::Newest, format);
        format!("<{base}{address}>; rel=\"alternate\"; type=\"{}\"", format.link_type())
    };
    Format::ALL.map(feed).join(", ")
}

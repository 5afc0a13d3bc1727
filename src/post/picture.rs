//! Reads a post's picture from its front matter, as any of the common tools writes it.
//!
//! A picture is a text or a mapping that contains one, at any of many keys: `image: a.png`, `cover: {image: a.png}`,
//! `header: {og_image: a.png}`, `images: [a.png]`. The text is an address, or the markup of a picture: `[[a.png]]`, `![](a.png)`,
//! `<img src="a.png">`. The picture of Hugo's `resources` is the one with the name of a featured image.

use super::fields::{self, Fields};
use super::html;
use super::markdown;
use super::node::{Node, Value};
use super::reference::{Role, WIKILINK};

/// Keys of the picture, by precedence. Their values count whatever they look like, so that `check` names one that leads nowhere.
const KEYS: [&str; 12] = [
    "image",
    "images",
    "cover",
    "coverImage",
    "heroImage",
    "feature_image",
    "featured_image",
    "previewimage",
    "thumbnail",
    "photos",
    "banner",
    "ogImage",
];

/// Keys, in lower case without `-` and `_`, that contain the picture for some tools and something else for others (`card: summary`,
/// `header: {caption: …}`), by precedence. A value counts only if it looks like the address of a picture.
const OTHER_KEYS: [&str; 53] = [
    "card",
    "featured",
    "feature",
    "featureimg",
    "featuredimg",
    "hero",
    "heroimg",
    "header",
    "headerimage",
    "headerimg",
    "mainimage",
    "leadimage",
    "postimage",
    "titleimage",
    "coverimg",
    "coverphoto",
    "coverart",
    "bannerimage",
    "bannerimg",
    "topimg",
    "indeximg",
    "bigimg",
    "splash",
    "poster",
    "teaser",
    "teaserimage",
    "preview",
    "previewimg",
    "thumb",
    "thumbnailimg",
    "thumbnailimage",
    "thumbimage",
    "listimage",
    "picture",
    "pictures",
    "photo",
    "img",
    "pic",
    "episodeimage",
    "podcastimage",
    "itunesimage",
    "itunes:image",
    "artwork",
    "socialimage",
    "shareimage",
    "shareimg",
    "metaimage",
    "twitterimage",
    "og:image",
    "og",
    "opengraph",
    "social",
    "seo",
];

/// Keys of the address in a mapping, by precedence.
const PARTS: [&str; 18] = [
    "path",
    "url",
    "src",
    "image",
    "file",
    "filename",
    "href",
    "feature",
    "og_image",
    "overlay_image",
    "full",
    "large",
    "light",
    "thumbnail",
    "thumb",
    "teaser",
    "fallback",
    "images",
];

/// Words in the name or the file of a resource that is the picture of its bundle.
const FEATURED: [&str; 6] = ["featured", "feature", "cover", "thumbnail", "header", "banner"];

/// The deepest mapping or list in a field that is searched.
const DEEPEST: usize = 4;

/// Endings of pictures.
const ENDINGS: [&str; 14] = [
    "jpg", "jpeg", "jpe", "jfif", "png", "apng", "gif", "webp", "avif", "svg", "bmp", "tif", "tiff", "jxl",
];

/// Returns the picture of a post: a URL, or a path as its author wrote it.
pub(super) fn read_picture(fields: &Fields) -> Option<String> {
    let named = fields
        .all(&KEYS)
        .into_iter()
        .find_map(|(_, node)| address_in(node, false, DEEPEST));
    named.or_else(|| resource(fields)).or_else(|| other_picture(fields))
}

/// The picture at one of [`OTHER_KEYS`]. A key without a picture stays unknown.
fn other_picture(fields: &Fields) -> Option<String> {
    OTHER_KEYS.iter().find_map(|name| {
        let key = fields.keys().find(|key| key.folded() == *name && !key.is_known())?;
        let address = address_in(key.node(), true, DEEPEST)?;
        if !matches!(key.node().value, Value::Map(_)) {
            key.set_known();
        }
        Some(address)
    })
}

/// The featured image among Hugo's `resources`: `[{src: a.png, name: featured-image}]`.
fn resource(fields: &Fields) -> Option<String> {
    let key = fields.keys().find(|key| key.folded() == "resources")?;
    let resources = fields::elements(key.node());
    let found = resources.into_iter().find_map(|resource| {
        let part = |key| fields::first_in(resource, &[key]).and_then(fields::text).unwrap_or_default();
        let source = part("src");
        // a pattern names no file
        let is_address = looks_like_picture(source) && !source.contains(['*', '[', '{']);
        let is_featured = [part("name"), source].into_iter().any(|text| {
            let text = text.to_lowercase();
            FEATURED.iter().any(|word| text.contains(word))
        });
        (is_address && is_featured).then(|| source.to_owned())
    })?;
    key.set_known();
    Some(found)
}

/// The address of the picture in `node`; where it `must_look` like one, only such an address.
fn address_in(node: &Node, must_look: bool, depth: usize) -> Option<String> {
    let depth = depth.checked_sub(1)?;
    match &node.value {
        Value::Null => None,
        Value::Scalar { .. } => address(fields::name(node)?).filter(|address| !must_look || looks_like_picture(address)),
        Value::List(list) => list.iter().find_map(|node| address_in(node, must_look, depth)),
        Value::Map(_) => PARTS
            .iter()
            .filter_map(|key| fields::first_in(node, &[key]))
            .find_map(|node| address_in(node, must_look, depth)),
    }
}

/// The address in `text`, which may be the markup of a picture.
fn address(text: &str) -> Option<String> {
    if !text.starts_with(['!', '[', '<']) {
        return Some(text.to_owned());
    }
    let html = markdown::render(text, "").html;
    let addresses = html::addresses(&html);
    let picture = addresses.iter().find(|(_, role)| *role == Role::Part);
    let (address, _) = picture.or_else(|| addresses.first())?;
    Some(address.strip_prefix(WIKILINK).unwrap_or(address).to_owned())
}

/// Whether `text` looks like the address of a picture.
fn looks_like_picture(text: &str) -> bool {
    let path = text.split(['?', '#']).next().unwrap_or_default();
    let ending = path.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::post::front_matter;

    /// The picture, and the fields that are not known.
    fn read(front_matter: &str) -> (Option<String>, String) {
        let text = format!("---\n{front_matter}\n---\n");
        let parts = front_matter::parse("a.md".into(), &text).unwrap();
        let fields = Fields::new(&parts.fields);
        let picture = read_picture(&fields);
        (picture, serde_json::to_string(&fields.unknown_fields()).unwrap())
    }

    #[test]
    fn pictures_in_every_form() {
        let cases = [
            ("image: a.png", "a.png"),
            ("image: a b.png", "a b.png"),
            ("images: [a.png, b.png]", "a.png"),
            ("images: {feature: a.png, thumb: b.png}", "a.png"),
            ("images: [{src: a.png, desc: b}]", "a.png"),
            ("cover: {image: a.png, alt: b, relative: true}", "a.png"),
            ("image: {path: a.png, lqip: 'data:x'}", "a.png"),
            ("cover: {image: {file: ../a.png}}", "../a.png"),
            ("cover: '[[a.jpg]]'", "a.jpg"),
            ("cover: '[[a b.jpg|100]]'", "a%20b.jpg"),
            ("cover: '![[x/a.jpg]]'", "x/a.jpg"),
            ("cover: [[a.jpg]]", "a.jpg"),
            ("image: '![b](a.jpg \"c\")'", "a.jpg"),
            ("image: '[b](a.jpg)'", "a.jpg"),
            ("image: '<img alt=\"b\" src=\"a.jpg\">'", "a.jpg"),
            ("ogImage: a.png", "a.png"),
            ("ogImage: {src: ../a.png}", "../a.png"),
            ("og_image: a.png\nimage: b.png", "b.png"),
            ("featuredImage: a.png", "a.png"),
            ("coverImage: {url: 'https://a.example/b'}", "https://a.example/b"),
            ("cover-img: /a.jpg", "/a.jpg"),
            ("header: {overlay_image: /a.jpg, teaser: /b.jpg}", "/a.jpg"),
            ("header: {caption: x, teaser: /b.jpg}", "/b.jpg"),
            ("bigimg: [{src: /a.jpg, desc: b}]", "/a.jpg"),
            ("hero: {title: x, image: {file: ../a.webp, dark: ../b.webp}}", "../a.webp"),
            ("og: {image: a.png}", "a.png"),
            ("params: {featured_image: a.png}", "a.png"),
            ("extra: {thumb: a.png?v=2}", "a.png?v=2"),
            ("resources: [{src: a.pdf}, {src: b.jpg, name: featured-image}]", "b.jpg"),
            ("resources: [{src: img/cover.jpg}]", "img/cover.jpg"),
            ("image: false\ncover: true\nthumbnail: a.png", "a.png"),
            ("image: ''\ncover: a.png", "a.png"),
            // a name without an ending is said to lead nowhere
            ("image: sunset", "sunset"),
        ];
        for (front_matter, expected) in cases {
            assert_eq!(read(front_matter).0.as_deref(), Some(expected), "{front_matter}");
        }
    }

    #[test]
    fn fields_that_are_no_pictures_are_kept() {
        let cases = [
            ("card: summary_large_image", r#"{"card":"summary_large_image"}"#),
            ("featured: true", r#"{"featured":true}"#),
            ("header: Welcome", r#"{"header":"Welcome"}"#),
            ("header: {caption: a}", r#"{"header":{"caption":"a"}}"#),
            ("poster: Ann", r#"{"poster":"Ann"}"#),
            ("seo: {title: a.png}", r#"{"seo":{"title":"a.png"}}"#),
            (
                "resources: [{src: '*.jpg', name: cover}, {src: a.jpg}]",
                r#"{"resources":[{"src":"*.jpg","name":"cover"},{"src":"a.jpg"}]}"#,
            ),
            ("photos: []", "{}"),
            ("image: {a: {b: c}}", "{}"),
        ];
        for (front_matter, unknown) in cases {
            assert_eq!(read(front_matter), (None, unknown.to_owned()), "{front_matter}");
        }
    }
}

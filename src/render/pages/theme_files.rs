//! The files of the built-in theme.

/// The name of the style sheet, and its path on the site.
pub(crate) const STYLE: &str = "style.css";

/// The templates and the style sheet: name and text.
pub const FILES: [(&str, &str); 11] = [
    ("layout.html", include_str!("theme/layout.html")),
    ("entries.html", include_str!("theme/entries.html")),
    ("list.html", include_str!("theme/list.html")),
    ("post.html", include_str!("theme/post.html")),
    ("search.html", include_str!("theme/search.html")),
    ("directory.html", include_str!("theme/directory.html")),
    ("subscribe.html", include_str!("theme/subscribe.html")),
    ("missing.html", include_str!("theme/missing.html")),
    ("withdrawn.html", include_str!("theme/withdrawn.html")),
    ("awaited.html", include_str!("theme/awaited.html")),
    (STYLE, include_str!("theme/style.css")),
];

/// The icon of a site that names none.
pub(crate) const ICON: &str = include_str!("theme/favicon.svg");

/// The same icon with 144 by 144 pixels, for readers of feeds: RSS 2.0 does not know SVG, and many readers cannot show it.
pub(crate) const RASTER_ICON: &[u8] = include_bytes!("theme/icon.png");

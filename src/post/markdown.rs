//! stub
/// A post's Markdown, rendered but not yet cleaned: what [`super::html`] makes safe.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// HTML as the author's Markdown and raw HTML gave it. Never to be served as it is.
    pub html: String,
    /// Whether something had to be cut to stay within bounds, in words for the author.
    pub cut: Option<String>,
}

/// What a look at the Markdown tells without rendering the whole of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// The text of the first `#` heading, if that is the first block.
    pub heading: Option<String>,
    /// The text up to the author's "more" marker, else the first sentence of the first real paragraph; as plain text.
    pub summary: String,
    /// Leftover shortcodes and Liquid that feedmill does not know: byte offset in the body, and the text.
    pub unknown_shortcodes: Vec<(usize, String)>,
}

/// Renders `body`. A first heading that says what `title` says is left out: the title stands above already.
#[must_use]
pub fn render(body: &str, title: &str) -> Rendered {
    let _ = title;
    Rendered {
        html: body.to_owned(),
        cut: None,
    }
}

/// Looks through `body`.
#[must_use]
pub fn outline(body: &str) -> Outline {
    let _ = body;
    Outline::default()
}

//! How pages look: templates and a style sheet, compiled in, each of which the author's own may take the place of.
//!
//! Templates are minijinja's (Jinja), strict: to ask for what a page does not have is a mistake. What they write is escaped for HTML
//! but for what feedmill has cleaned itself. A theme is made with the configuration, whose colours, links and footer it holds, and
//! every template is tried on sample pages first, so that one that cannot be used never reaches a reader ([`Theme::new`]).

use std::collections::BTreeMap;
use std::error::Error as _;
use std::fmt;
use std::sync::Arc;

use camino::Utf8PathBuf;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, context};
use serde::Serialize;

use super::address::Addresses;
use super::head::{FeedLink, feeds};
use super::{Link, Page, fault, trial};
use crate::config::{Colour, Config};
use crate::diagnostic::{Diagnostic, Position, Severity};
use crate::post::reference::References;
use crate::post::{Direction, html, markdown};
use crate::render::clean::{language, one_line};
use crate::render::encode::{Coding, Document};

/// The style sheet's name, and its path on the site.
pub const STYLE: &str = "style.css";

/// The files that a theme is made of: name and text.
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

/// The picture of a site that names none.
pub const ICON: &str = include_str!("theme/favicon.svg");

/// The same of 144 by 144 pixels, for readers of feeds: RSS 2.0 knows no SVG, and many readers show none.
pub const RASTER_ICON: &[u8] = include_bytes!("theme/icon.png");

/// What the style sheet's `--paper` is, in light and in dark.
const PAPER: [Colour; 2] = [Colour::new(0xfd, 0xfc, 0xfa), Colour::new(0x15, 0x18, 0x1c)];

/// What rendering one page may cost: about one for an instruction. A page of 200 posts takes 100,000.
const FUEL: u64 = 2_000_000;

/// How pages look.
pub struct Theme {
    environment: Environment<'static>,
    /// The look without the author's templates, where there are any.
    plain: Option<Environment<'static>>,
    site: Value,
    style: Arc<Document>,
}

/// What is the same on every page, as templates are given it.
#[derive(Serialize)]
struct Site {
    title: String,
    description: String,
    language: String,
    direction: Direction,
    home: String,
    search: String,
    style: String,
    icon: String,
    paper: Paper,
    links: Vec<Link>,
    footer: Option<Value>,
    copyright: Option<String>,
    feeds: Vec<FeedLink>,
}

#[derive(Serialize)]
struct Paper {
    light: String,
    dark: String,
}

impl Theme {
    /// The look that is compiled in, with the colours, links and footer of `config`.
    #[must_use]
    pub fn plain(config: &Config) -> Theme {
        let style = style_sheet(config, text_of(STYLE));
        Theme {
            environment: environment(&BTreeMap::new()).unwrap_or_else(|_| Environment::empty()),
            plain: None,
            site: site(config, &style),
            style: Arc::new(style),
        }
    }

    /// The same with `own` files, by name, in the place of those compiled in; other names can be included by them.
    ///
    /// # Errors
    ///
    /// What is wrong with them, each with its file (below `folder`) and line. Then none of them can be used.
    pub fn new(config: &Config, folder: &str, own: &BTreeMap<String, String>) -> Result<Theme, Vec<Diagnostic>> {
        let about = |error: &Error| diagnostic(folder, own, error);
        let environment = environment(own).map_err(|errors| errors.iter().map(about).collect::<Vec<_>>())?;
        let style = style_sheet(config, own.get(STYLE).map_or(text_of(STYLE), String::as_str));
        let theme = Theme {
            environment,
            plain: Some(environment_of_files()),
            site: site(config, &style),
            style: Arc::new(style),
        };
        let mut wrong: Vec<Diagnostic> = Vec::new();
        for page in trial::pages(config) {
            if let Err(error) = theme.tried(&theme.environment, &page) {
                let found = about(&error);
                if !wrong.contains(&found) {
                    wrong.push(found);
                }
                // what never ends on one page does not on the others either
                if error.kind() == ErrorKind::OutOfFuel {
                    break;
                }
            }
        }
        if wrong.is_empty() { Ok(theme) } else { Err(wrong) }
    }

    /// `page` in this look.
    ///
    /// Where a template of the author's fails in spite of its trial, the page is shown without their templates.
    #[must_use]
    pub fn render(&self, page: &Page) -> String {
        let own = self.tried(&self.environment, page).inspect_err(|error| {
            tracing::warn!(
                "the template {} cannot make a page, so the one compiled in does: {error}",
                page.template
            );
        });
        let plain = || self.plain.as_ref().and_then(|plain| self.tried(plain, page).ok());
        own.ok()
            .or_else(plain)
            .unwrap_or_else(|| fault::page("/", 500, "Something went wrong here", ""))
    }

    /// The style sheet.
    #[must_use]
    pub fn style(&self) -> &Arc<Document> {
        &self.style
    }

    /// What follows the address of the style sheet, so that a new one has a new address.
    #[must_use]
    pub fn style_version(&self) -> &str {
        version(&self.style)
    }

    fn tried(&self, environment: &Environment, page: &Page) -> Result<String, Error> {
        let all = context! { site => self.site.clone(), head => page.head.clone(), page => page.body.clone() };
        environment.get_template(page.template)?.render(all)
    }
}

impl fmt::Debug for Theme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Theme")
            .field("style", &self.style_version())
            .finish_non_exhaustive()
    }
}

fn text_of(name: &str) -> &'static str {
    FILES.iter().find(|(file, _)| *file == name).map_or("", |(_, text)| text)
}

/// The environment of the files that are compiled in.
fn environment_of_files() -> Environment<'static> {
    environment(&BTreeMap::new()).unwrap_or_else(|_| Environment::empty())
}

/// The environment of the templates, those of `own` in the place of those compiled in; or every mistake in the form of one of them.
fn environment(own: &BTreeMap<String, String>) -> Result<Environment<'static>, Vec<Error>> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.map_err(|error| vec![error])?);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    // the escaping that comes with minijinja writes every slash of an address in six characters
    environment.set_formatter(|out, state, value| {
        if value.is_none() {
            return Ok(());
        }
        let text = value.to_string();
        let escaped = match state.auto_escape() {
            AutoEscape::Html if !value.is_safe() => html_escape::encode_quoted_attribute(&text),
            _ => text.as_str().into(),
        };
        out.write_str(&escaped).map_err(Error::from)
    });
    let files = FILES.iter().filter(|(name, _)| !own.contains_key(*name));
    let all = files.map(|&(name, text)| (name.to_owned(), text.to_owned()));
    let all = all.chain(own.iter().map(|(name, text)| (name.clone(), text.clone())));
    let added = all
        .filter(|(name, _)| name != STYLE)
        .map(|(name, text)| environment.add_template_owned(name, text));
    let wrong: Vec<Error> = added.filter_map(Result::err).collect();
    if wrong.is_empty() { Ok(environment) } else { Err(wrong) }
}

/// What is wrong with a template of `own`, whose files lie in `folder`.
fn diagnostic(folder: &str, own: &BTreeMap<String, String>, error: &Error) -> Diagnostic {
    // what fails in an included template is told by the one that includes it
    let mut inmost = error;
    while let Some(source) = inmost.source().and_then(|source| source.downcast_ref::<Error>()) {
        inmost = source;
    }
    let name = inmost.name().or_else(|| error.name()).unwrap_or_default();
    let path = Utf8PathBuf::from(folder).join(name);
    let what = inmost.kind().to_string();
    let message = match inmost.detail() {
        Some(detail) => format!("{what}: {detail}"),
        None => what,
    };
    let mend = match inmost.kind() {
        ErrorKind::UndefinedError => "name something that this page has; `feedmill theme export` writes templates that do",
        ErrorKind::TemplateNotFound => "name a file that lies in the folder",
        ErrorKind::OutOfFuel => "loop over less",
        _ => "mend the template; until then the last good one is used",
    };
    let diagnostic = Diagnostic::new(Severity::Error, "template", &path, message).mend(mend);
    match (inmost.line(), own.get(name)) {
        (Some(line), Some(text)) => {
            let line_start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
            let start = inmost.range().map_or(line_start, |range| range.start).max(line_start);
            let length = inmost.range().map_or(1, |range| range.len().min(80));
            diagnostic.at(text, Position::of(text, start), length)
        }
        _ => diagnostic,
    }
}

/// The style sheet `text` with the author's accent, made legible on either paper.
fn style_sheet(config: &Config, text: &str) -> Document {
    let accent = config.site.accent.map(|accent| {
        let [light, dark] = PAPER.map(|paper| accent.legible_on(paper));
        format!(
            "@media screen {{ :root {{ --accent: {light}; }} }}\n\
             @media screen and (prefers-color-scheme: dark) {{ :root {{ --accent: {dark}; }} }}\n"
        )
    });
    let document = Document::new("text/css; charset=utf-8", format!("{text}{}", accent.unwrap_or_default()));
    document.finish();
    document
}

/// A name for the content of `style`.
fn version(style: &Document) -> &str {
    style.encoded(Coding::Identity).etag.get(1..13).unwrap_or_default()
}

fn site(config: &Config, style: &Document) -> Value {
    let addresses = Addresses::of(config);
    let site = &config.site;
    let language = language(&site.language).unwrap_or_default();
    let configured = site.nav.iter().map(|link| Link {
        name: one_line(&link.name).into_owned(),
        url: if link.url.starts_with('/') {
            addresses.here(&link.url)
        } else {
            link.url.clone()
        },
    });
    let mut links: Vec<Link> = configured.collect();
    let known = [("Tags", "/tags"), ("Search", "/search"), ("Subscribe", "/subscribe")];
    // who names links has chosen them; a way to the posts and one to their feed there is always
    for (name, path) in known.into_iter().skip(usize::from(!links.is_empty())) {
        let url = addresses.here(path);
        if links.iter().all(|link| link.url != url) {
            links.push(Link {
                name: name.to_owned(),
                url,
            });
        }
    }
    let [light, dark] = PAPER.map(|paper| paper.to_string());
    let icon = site.icon.as_ref().map(ToString::to_string);
    Value::from(Serde(Site {
        title: one_line(&site.title).into_owned(),
        description: one_line(&site.description).into_owned(),
        direction: Direction::of_language(&language),
        language,
        home: addresses.here("/"),
        search: addresses.here("/search"),
        style: addresses.here(&format!("/{STYLE}?v={}", version(style))),
        icon: icon.unwrap_or_else(|| addresses.here("/favicon.svg")),
        paper: Paper { light, dark },
        links,
        footer: site.footer.as_deref().map(|footer| line(footer, &addresses)),
        copyright: site.copyright.as_deref().map(|copyright| one_line(copyright).into_owned()),
        feeds: feeds(config, &addresses, ("", "")),
    }))
}

/// The line of Markdown `text` as clean HTML.
fn line(text: &str, addresses: &Addresses) -> Value {
    let home = addresses.absolute("/");
    let references = References::new(&home, &home, "".into());
    let html = html::for_page(&markdown::render(&one_line(text), "").html, &references);
    let html = html.trim();
    let inner = html.strip_prefix("<p>").and_then(|html| html.strip_suffix("</p>"));
    // what is more than a line of text is shown as the text it is
    match inner.filter(|inner| !inner.contains("<p")) {
        Some(inner) => Value::from_safe_string(inner.to_owned()),
        None => Value::from(html::text(html)),
    }
}

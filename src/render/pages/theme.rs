//! The theme of pages: built-in templates and a style sheet, each of which an author can replace.
//!
//! Templates are minijinja's (Jinja), in strict mode: an undefined value is an error. Their output is escaped for HTML, except HTML
//! that feedmill has sanitized. A theme contains the colours, links and footer of the configuration. Every template is rendered with
//! sample pages first, so that one that fails never reaches a reader ([`Theme::new`]).

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
use super::page::{Link, Page};
pub(crate) use super::theme_files::{FILES, ICON, RASTER_ICON, STYLE};
use super::{sample_pages, static_error};
use crate::config::{Colour, Config};
use crate::diagnostic::{Diagnostic, Position, Severity};
use crate::post::reference::References;
use crate::post::{Direction, html, markdown};
use crate::render::clean::language;
use crate::render::encode::{Coding, Document};
use crate::render::xml_text::one_line;

/// The value of `--paper` in the style sheet, light and dark.
const PAPER: [Colour; 2] = [Colour::new(0xfd, 0xfc, 0xfa), Colour::new(0x15, 0x18, 0x1c)];

/// The fuel for one page: about one for each instruction. A page of 200 posts takes 100,000.
const FUEL: u64 = 2_000_000;

/// The templates and the style sheet of a site.
pub struct Theme {
    environment: Environment<'static>,
    /// The built-in templates, if `environment` contains custom ones.
    built_in: Option<Environment<'static>>,
    site: Value,
    style: Arc<Document>,
}

/// The value `site` of the templates: what is the same on every page.
#[derive(Serialize)]
struct ThemeSite {
    title: String,
    description: String,
    language: String,
    direction: Direction,
    home: String,
    search: String,
    style: String,
    icon: String,
    paper: PaperColours,
    links: Vec<Link>,
    footer: Option<Value>,
    copyright: Option<String>,
    feeds: Vec<FeedLink>,
}

#[derive(Serialize)]
struct PaperColours {
    light: String,
    dark: String,
}

impl Theme {
    /// The built-in theme with the colours, links and footer of `config`.
    #[must_use]
    pub fn built_in(config: &Config) -> Theme {
        let style = style_sheet(config, text_of(STYLE));
        Theme {
            environment: built_in_environment(),
            built_in: None,
            site: site(config, &style),
            style: Arc::new(style),
        }
    }

    /// The theme with `custom` files, by name, in place of the built-in ones. Files with other names can be included by them.
    ///
    /// # Errors
    ///
    /// The errors in them, each with its file (below `folder`) and line. Then none of them is used.
    pub fn new(config: &Config, folder: &str, custom: &BTreeMap<String, String>) -> Result<Theme, Vec<Diagnostic>> {
        let about = |error: &Error| diagnostic(folder, custom, error);
        let environment = environment(custom).map_err(|errors| errors.iter().map(about).collect::<Vec<_>>())?;
        let style = style_sheet(config, custom.get(STYLE).map_or(text_of(STYLE), String::as_str));
        let theme = Theme {
            environment,
            built_in: Some(built_in_environment()),
            site: site(config, &style),
            style: Arc::new(style),
        };
        let mut wrong: Vec<Diagnostic> = Vec::new();
        for page in sample_pages::pages(config) {
            if let Err(error) = theme.try_render(&theme.environment, &page) {
                let found = about(&error);
                if !wrong.contains(&found) {
                    wrong.push(found);
                }
                // a template that never ends on one page does not end on the others either
                if error.kind() == ErrorKind::OutOfFuel {
                    break;
                }
            }
        }
        if wrong.is_empty() { Ok(theme) } else { Err(wrong) }
    }

    /// Renders `page`.
    ///
    /// If a custom template fails although the sample pages worked, the built-in templates are used.
    #[must_use]
    pub fn render(&self, page: &Page) -> String {
        let custom = self.try_render(&self.environment, page).inspect_err(|error| {
            tracing::warn!(
                "the template {} cannot make a page, so the built-in one is used: {error}",
                page.template
            );
        });
        let built_in = || {
            self.built_in
                .as_ref()
                .and_then(|built_in| self.try_render(built_in, page).ok())
        };
        custom
            .ok()
            .or_else(built_in)
            .unwrap_or_else(|| static_error::page("/", 500, "Something went wrong here", ""))
    }

    /// The style sheet.
    #[must_use]
    pub fn style(&self) -> &Arc<Document> {
        &self.style
    }

    /// A name for the content of the style sheet, which is part of its address: a changed one has another address.
    #[must_use]
    pub(crate) fn style_version(&self) -> &str {
        version(&self.style)
    }

    fn try_render(&self, environment: &Environment, page: &Page) -> Result<String, Error> {
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

/// The environment of the built-in templates.
fn built_in_environment() -> Environment<'static> {
    environment(&BTreeMap::new()).unwrap_or_else(|_| Environment::empty())
}

/// The environment with the templates in `custom` in place of built-in ones; or every syntax error.
fn environment(custom: &BTreeMap<String, String>) -> Result<Environment<'static>, Vec<Error>> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.map_err(|error| vec![error])?);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    // minijinja's own escaping writes every slash of an address in six characters
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
    let files = FILES.iter().filter(|(name, _)| !custom.contains_key(*name));
    let all = files.map(|&(name, text)| (name.to_owned(), text.to_owned()));
    let all = all.chain(custom.iter().map(|(name, text)| (name.clone(), text.clone())));
    let added = all
        .filter(|(name, _)| name != STYLE)
        .map(|(name, text)| environment.add_template_owned(name, text));
    let wrong: Vec<Error> = added.filter_map(Result::err).collect();
    if wrong.is_empty() { Ok(environment) } else { Err(wrong) }
}

/// The diagnostic for `error` in a template of `custom`, whose files are in `folder`.
fn diagnostic(folder: &str, custom: &BTreeMap<String, String>, error: &Error) -> Diagnostic {
    // an error in an included template is wrapped in one of the template that includes it
    let mut innermost = error;
    while let Some(source) = innermost.source().and_then(|source| source.downcast_ref::<Error>()) {
        innermost = source;
    }
    let name = innermost.name().or_else(|| error.name()).unwrap_or_default();
    let path = Utf8PathBuf::from(folder).join(name);
    let what = innermost.kind().to_string();
    let message = match innermost.detail() {
        Some(detail) => format!("{what}: {detail}"),
        None => what,
    };
    let mend = match innermost.kind() {
        ErrorKind::UndefinedError => "name something that this page has; `feedmill theme export` writes templates that do",
        ErrorKind::TemplateNotFound => "name a file that lies in the folder",
        ErrorKind::OutOfFuel => "loop over less",
        _ => "mend the template; until then the last good templates are used, or the built-in ones",
    };
    let diagnostic = Diagnostic::new(Severity::Error, "template", &path, message).mend(mend);
    match (innermost.line(), custom.get(name)) {
        (Some(line), Some(text)) => {
            let line_start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
            let start = innermost.range().map_or(line_start, |range| range.start).max(line_start);
            let length = innermost.range().map_or(1, |range| range.len().min(80));
            diagnostic.at(text, Position::of(text, start), length)
        }
        _ => diagnostic,
    }
}

/// The style sheet `text` with the configured accent colour, which is made legible in light and dark.
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
    let addresses = Addresses::new(config);
    let site = &config.site;
    let language = language(&site.language).unwrap_or_default();
    let configured = site.nav.iter().map(|link| Link {
        name: one_line(&link.name).into_owned(),
        url: if link.url.starts_with('/') {
            addresses.local(&link.url)
        } else {
            link.url.clone()
        },
    });
    let mut links: Vec<Link> = configured.collect();
    let known = [("Tags", "/tags"), ("Search", "/search"), ("Subscribe", "/subscribe")];
    // configured links replace `Tags`; search and subscribe are always there
    let known = known.into_iter().filter(|(_, path)| !config.is_static || *path != "/search");
    for (name, path) in known.skip(usize::from(!links.is_empty())) {
        let url = addresses.local(path);
        if links.iter().all(|link| link.url != url) {
            links.push(Link {
                name: name.to_owned(),
                url,
            });
        }
    }
    let [light, dark] = PAPER.map(|paper| paper.to_string());
    let icon = site.icon.as_ref().map(ToString::to_string);
    Value::from(Serde(ThemeSite {
        title: one_line(&site.title).into_owned(),
        description: one_line(&site.description).into_owned(),
        direction: Direction::of_language(&language),
        language,
        home: addresses.local("/"),
        search: if config.is_static {
            String::new()
        } else {
            addresses.local("/search")
        },
        style: addresses.local(&format!("/{STYLE}?v={}", version(style))),
        icon: icon.unwrap_or_else(|| addresses.local("/favicon.svg")),
        paper: PaperColours { light, dark },
        links,
        footer: site.footer.as_deref().map(|footer| line(footer, &addresses)),
        copyright: site.copyright.as_deref().map(|copyright| one_line(copyright).into_owned()),
        feeds: feeds(config, &addresses, ("", "")),
    }))
}

/// A line of Markdown as sanitized HTML.
fn line(text: &str, addresses: &Addresses) -> Value {
    let home = addresses.absolute("/");
    let references = References::new(&home, &home, "".into());
    let html = html::for_page(&markdown::render(&one_line(text), "").html, &references);
    let html = html.trim();
    let inner = html.strip_prefix("<p>").and_then(|html| html.strip_suffix("</p>"));
    // more than a line is shown as plain text
    match inner.filter(|inner| !inner.contains("<p")) {
        Some(inner) => Value::from_safe_string(inner.to_owned()),
        None => Value::from(html::text(html)),
    }
}

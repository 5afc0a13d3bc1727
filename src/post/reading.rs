//! The one place where a file becomes a [`Post`].

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use super::characters::is_forbidden;
use super::dating::{self, PostDate};
use super::fields::{self, Fields};
use super::fingerprint::{self, Fingerprint};
use super::front_matter::{self, Dialect, Node, Parts, Value};
use super::inherited::Inherited;
use super::remarks::Remarks;
use super::slug::{self, PathName};
use super::{
    Alike, Digest, Each, Origin, Origins, PATH_PART, Post, Rare, RareFields, Status, Words, address, aliases, atom_id_for,
    authors, direction, enclosures, html, markdown, tags, unfinished, visibility,
};
use crate::config::Config;
use crate::diagnostic::{Diagnostic, Position, Severity};
use crate::source_file::SourceFile;
use crate::time::Moment;

/// A post and what its author should know of it.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The post.
    pub post: Post,
    /// What was guessed or left out.
    pub remarks: Vec<Diagnostic>,
    /// Why the post is held back ([`Post::is_held`]); it is one of the remarks, too. A version that is held back does not replace one
    /// that readers have.
    pub held: Option<Diagnostic>,
}

/// A longer title is cut: it is a paragraph that lost its way.
const LONGEST_TITLE: usize = 1000;
/// A longer summary is cut.
const LONGEST_SUMMARY: usize = 2000;
/// A longer id is refused.
const LONGEST_ID: usize = 1000;

/// Reads `file`.
///
/// # Errors
///
/// Why it is no post: not text, or a front matter that nothing can be made of.
pub fn read(file: &SourceFile, config: &Config) -> Result<Reading, Diagnostic> {
    read_with(file, &Inherited::default(), config)
}

/// Reads `file`, which has what is `inherited` beside what it says itself.
///
/// # Errors
///
/// As [`read`].
pub fn read_with(file: &SourceFile, inherited: &Inherited, config: &Config) -> Result<Reading, Diagnostic> {
    let text = file.text()?;
    let Parts {
        dialect,
        fields: mut written,
        body,
        remarks,
    } = front_matter::parse(&file.path, &text)?;
    let own = inherited.extend_fields(&mut written);
    let fields = Fields::new(&written);
    let path = slug::parse_path(&file.path);
    let outline = markdown::outline(body);
    let mut says = Remarks::new(&file.path, &text, remarks);
    says.check_control_characters();
    say_of_markup(&outline, text.len() - body.len(), &mut says);
    let (title, title_origin) = title(&fields, &outline, &path, &mut says);
    let (summary, summary_origin) = summary(&fields, &outline);
    let dated = dating::read_date(&fields, &path, file, config, &mut says);
    let updated = dating::read_updated(&fields, config, &mut says).filter(|&updated| updated >= dated.moment);
    let expires = dating::read_expiry(&fields, config, &mut says);

    let (standing, standing_origin) = visibility::read_status(&fields, body, path.draft, &dated, &mut says);
    let is_hidden = matches!(standing, Status::Draft | Status::Private);
    if is_hidden {
        // its date is nobody's business yet
        says.make_notes("date-missing");
    }
    unfinished::hold_unfinished(&fields, body, &mut says);

    let (place, refused) = address::read_address(&fields, &path, dated.moment, config);
    say_unusable(refused, &mut says);
    let aliases = aliases::read_aliases(&fields, &place.address, config, &mut says);
    let mut ids = ids(&fields, &mut says);
    let (id, id_origin) = ids.next().unwrap_or_else(|| made_id(config, &dated, &place.slug));
    let language = language(&fields, &path, &mut says);
    let direction = direction::read_direction(&fields, language.as_deref().unwrap_or(&config.site.language), &mut says);
    let like_jekyll =
        dialect == Dialect::Yaml && path.date.is_some() && written.iter().any(|(key, _)| key.eq_ignore_ascii_case("layout"));

    let origins = Origins {
        title: title_origin,
        id: id_origin,
        address: place.origin,
        date: dated.origin,
        standing: standing_origin,
        summary: summary_origin,
    };
    let (image, link, enclosures) = (image(&fields), link(&fields), enclosures::read_enclosures(&fields));
    // a summary made of the text is no word of its author's
    let named_summary = matches!(origins.summary, Origin::Field(_)).then_some(&summary);
    let shown = [Some(&title), named_summary, link.as_ref(), image.as_ref()];
    let shown = shown.into_iter().map(|part| part.map_or("", String::as_str));
    let content = Fingerprint::of(body, shown.chain(enclosures.iter().map(|enclosure| enclosure.url.as_str())));
    let (in_feeds, minor) = (visibility::read_in_feeds(&fields), visibility::read_minor(&fields));
    let tags = tags::read_tags(&fields, &config.posts, like_jekyll);
    let authors = authors::read_authors(&fields);
    let shows_nothing = image.is_none() && link.is_none() && enclosures.is_empty() && unfinished::is_blank(body);
    if shows_nothing && !matches!(origins.title, Origin::Field(_)) && origins.date == Origin::FileTime {
        says.hold_instead_of("date-missing", nothing_written(file, &text));
    }
    // only now is it known which keys mean nothing
    visibility::hold_misspelled_keys(&fields, file, config, &mut says);
    let (remarks, held) = says.into_diagnostics(is_hidden);
    let post = Post {
        words: Words::from(Each {
            source: &file.path,
            id: &id,
            slug: &place.slug,
            address: &place.address,
            title: &title,
            summary: &summary,
        }),
        date: dated.moment,
        updated,
        standing,
        in_feeds,
        minor,
        tags: Arc::new(tags.into_iter().map(Arc::from).collect()),
        alike: Arc::new(Alike {
            authors: authors.into(),
            section: path.section.map(Arc::from),
            language: language.map(Arc::from),
            origins: Arc::new(origins),
        }),
        direction,
        rare: Rare::from(RareFields {
            aliases: aliases.addresses,
            names: aliases.names,
            atom_id: atom_id_for(&id, config.authority()),
            other_ids: ids.map(|(id, _)| id).collect(),
            expires,
            image,
            link,
            enclosures,
            extra: fields.unknown_fields(),
        }),
        content,
        file: Digest::of(&file.bytes),
        text: body.into(),
        touched: file.modified.into(),
        told: None,
        is_out_already: false,
        is_held: held.is_some(),
        has_long_text: fingerprint::is_long(body),
    };
    let reading = bounded(Reading { post, remarks, held }, file, body);
    Ok(inherited.complete(reading, &written, own))
}

/// `reading`, held back where the text `body` of `file` costs more than a post may.
fn bounded(mut reading: Reading, file: &SourceFile, body: &str) -> Reading {
    if let Some(diagnostic) = too_complex(file, body, reading.post.title()) {
        reading.post.is_held = true;
        reading.remarks.push(diagnostic.clone());
        reading.held.get_or_insert(diagnostic);
    }
    reading
}

/// Why the text `body` of `file` is held back: it could be shown in part alone, and would cost more than a post may.
fn too_complex(file: &SourceFile, body: &str, title: &str) -> Option<Diagnostic> {
    let why = markdown::overflow(body, title)?;
    let diagnostic = Diagnostic::new(Severity::Error, "too-complex", &file.path, why);
    Some(diagnostic.mend("write it shorter and flatter, or as several posts"))
}

/// A warning about each address that is written and not used.
fn say_unusable<'a>(refused: impl IntoIterator<Item = (&'a Node, address::AddressError)>, says: &mut Remarks) {
    for (node, refusal) in refused {
        let message = format!("`{}` is not used: {}", fields::text(node).unwrap_or_default(), refusal.why());
        says.warn_value("address-unusable", node, message, refusal.mend());
    }
}

/// The error about a file in which nothing is written.
fn nothing_written(file: &SourceFile, text: &str) -> Diagnostic {
    let message = "it has neither title, date nor text";
    let start = Position { line: 1, column: 1 };
    Diagnostic::new(Severity::Error, "nothing-written", &file.path, message)
        .at(text, start, 1)
        .mend("write the post")
}

/// What is to be said of the HTML and the tags in a text that begins at byte `start` of the file.
fn say_of_markup(outline: &markdown::Outline, start: usize, says: &mut Remarks) {
    say_unknown_shortcodes(outline, start, says);
    for remark in outline.remarks() {
        let message = remark.message.as_str();
        says.warn_at(remark.code, start + remark.offset, remark.length, message, &remark.mend);
    }
}

/// The first of the tags that nothing is known of stands for all of them; the text begins at byte `start` of the file.
fn say_unknown_shortcodes(outline: &markdown::Outline, start: usize, says: &mut Remarks) {
    let is_told = |(_, tag): &&(usize, String)| !visibility::is_protecting(tag);
    let unknown: Vec<&(usize, String)> = outline.unknown_shortcodes().iter().filter(is_told).collect();
    let Some(((offset, first), others)) = unknown.split_first() else {
        return;
    };
    let first = first.lines().next().unwrap_or_default();
    let message = match others.len() {
        0 => format!("`{first}` is another tool's, and shown as code"),
        1 => format!("`{first}` and one more like it are another tool's, and shown as code"),
        n => format!("`{first}` and {n} more like it are another tool's, and shown as code"),
    };
    let length = first.chars().count();
    says.warn_at(
        "shortcode-unknown",
        start + offset,
        length,
        message,
        "write it as Markdown or HTML",
    );
}

fn title(fields: &Fields, outline: &markdown::Outline, path: &PathName, says: &mut Remarks) -> (String, Origin) {
    if let Some((key, node)) = fields.first(&["title", "linkTitle"]) {
        let origin = Origin::Field(key.to_owned());
        match &node.value {
            Value::Scalar { text, .. } => {
                // titles are text, but tools that paste them into HTML have taught authors to write `&amp;`
                let title = html_escape::decode_html_entities(text);
                return (shortened(&title, LONGEST_TITLE), origin);
            }
            _ => says.warn_value(
                "title-unusable",
                node,
                "this is not used: a title is one text",
                "write `title: …`",
            ),
        }
    }
    match outline.heading().filter(|heading| !heading.is_empty()) {
        Some(heading) => (shortened(heading, LONGEST_TITLE), Origin::Heading),
        None => (slug::title_from_name(&path.name), Origin::FileName),
    }
}

fn summary(fields: &Fields, outline: &markdown::Outline) -> (String, Origin) {
    let keys = ["summary", "description", "excerpt", "custom_excerpt"];
    if let Some((key, _, text)) = fields.first_text(&keys) {
        return (shortened(&plain(text), LONGEST_SUMMARY), Origin::Field(key.to_owned()));
    }
    (outline.summary().to_owned(), Origin::Text)
}

/// A text that may hold Markdown or HTML, as plain text.
fn plain(text: &str) -> String {
    if text.contains(['<', '&', '[', '*', '_', '`', '\\']) {
        html::text(&html::escape_unknown_tags(&markdown::render(text, "").html))
    } else {
        text.to_owned()
    }
}

/// `text` on one line, cut at a word to `most` characters.
fn shortened(text: &str, most: usize) -> String {
    let folded = fields::single_line(text);
    match folded.char_indices().nth(most) {
        None => folded.into_owned(),
        Some((end, _)) => {
            let cut = &folded[..end];
            format!("{}…", cut.rsplit_once(' ').map_or(cut, |(words, _)| words))
        }
    }
}

/// The keys of ids, the one that counts first: where a post has several, its `guid` is what an old feed used.
const ID_KEYS: [&str; 3] = ["guid", "id", "uuid"];

/// The ids in the front matter, each once, the one that counts first.
fn ids(fields: &Fields, says: &mut Remarks) -> impl Iterator<Item = (String, Origin)> + use<> {
    let mut ids: Vec<(String, Origin)> = Vec::new();
    for (key, node) in fields.all(&ID_KEYS) {
        let Some(text) = fields::text(node) else { continue };
        if text.len() > LONGEST_ID || text.contains(|c: char| c.is_control() || is_forbidden(c)) {
            says.warn_value(
                "id-unusable",
                node,
                "this is not used: an id is one line of at most 1000 bytes",
                "write a shorter one, or leave the key out",
            );
        } else if ids.iter().all(|(id, _)| id != text) {
            ids.push((text.to_owned(), Origin::Field(key.to_owned())));
        }
    }
    ids.into_iter()
}

/// The id of a post that names none.
fn made_id(config: &Config, dated: &PostDate, slug: &str) -> (String, Origin) {
    let id = tag_uri(config.authority(), dated.moment, &dated.origin, slug);
    (id, Origin::DateAndSlug)
}

/// `tag:example.com,2026-01-31:hello` (RFC 4151).
///
/// A date that a touch of the file could move is no part of an id: the authority is then dated with a year alone, as section 2.1
/// allows.
fn tag_uri(authority: &str, date: Moment, date_origin: &Origin, slug: &str) -> String {
    let date: &dyn fmt::Display = if *date_origin == Origin::FileTime {
        &"2000"
    } else {
        &date.date()
    };
    let slug = percent_encoding::utf8_percent_encode(slug, PATH_PART);
    let mut uri = String::with_capacity(64 + authority.len());
    // a text takes whatever is written to it
    let _ = write!(uri, "tag:{authority},{date}:{slug}");
    uri
}

fn language(fields: &Fields, path: &PathName, says: &mut Remarks) -> Option<String> {
    let Some((_, node, text)) = fields.first_text(&["lang", "language", "locale"]) else {
        return path.language.clone();
    };
    let text = text.replace('_', "-");
    let is_tag = text.split('-').enumerate().all(|(i, part)| {
        let right_length = if i == 0 {
            (2..=3).contains(&part.len())
        } else {
            (1..=8).contains(&part.len())
        };
        right_length
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && (i > 0 || part.bytes().all(|b| b.is_ascii_alphabetic()))
    });
    if is_tag {
        return Some(text);
    }
    says.warn_value(
        "language-unknown",
        node,
        format!("`{text}` is no language tag, and is left out"),
        "write one like `en` or `pt-BR`",
    );
    path.language.clone()
}

fn image(fields: &Fields) -> Option<String> {
    let keys = [
        "image",
        "images",
        "cover",
        "heroImage",
        "feature_image",
        "featured_image",
        "previewimage",
        "thumbnail",
        "photos",
        "card",
        "banner",
    ];
    let elements = fields.all(&keys).into_iter().flat_map(|(_, node)| fields::elements(node));
    elements
        .filter_map(|element| match element.value {
            Value::Map(_) => fields::first_in(element, &["path", "url", "src", "image", "feature"]).and_then(fields::name),
            _ => fields::name(element),
        })
        .map(str::to_owned)
        .next()
}

fn link(fields: &Fields) -> Option<String> {
    let keys = ["external_url", "externalLink", "external_link", "link"];
    let is_web = |text: &&str| url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    let texts = fields.all(&keys).into_iter().filter_map(|(_, node)| fields::text(node));
    texts.filter(is_web).map(str::to_owned).next()
}

/// What of a post another one has already.
#[derive(Clone, Copy, Debug, Default)]
pub struct Taken {
    /// Its id.
    pub id: bool,
    /// Its address.
    pub address: bool,
}

impl Post {
    /// The same post under another slug, with a derived id or address in place of what is `taken`.
    #[must_use]
    pub fn displaced(&self, slug: &str, taken: Taken, config: &Config) -> Post {
        let mut post = self.clone();
        let (mut id, mut address) = (Cow::Borrowed(self.id()), Cow::Borrowed(self.address()));
        if taken.address {
            address = address::address_by_pattern(slug, &slug::parse_path(self.source()), self.date, config).into();
            post.origins_mut().address = Origin::Displaced;
        }
        if taken.id {
            id = tag_uri(config.authority(), self.date, &self.alike.origins.date, slug).into();
            post.origins_mut().id = Origin::DateAndSlug;
            post.set_atom_id(None);
        }
        post.words = Words::from(Each {
            id: &id,
            slug,
            address: &address,
            ..self.words.each()
        });
        post
    }
}

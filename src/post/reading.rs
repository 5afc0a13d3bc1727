//! Reads a file as a [`Post`].

mod id;
mod markup_remarks;

use self::id::{ids, made_id, tag_uri};
use self::markup_remarks::remark_markup;
use super::address::AddressParts;
use super::characters::composed;
use super::dating::{self, PostDate};
use super::fields::{self, Fields};
use super::fingerprint::{self, Fingerprint};
use super::front_matter::{self, Dialect, Node, Parts, Value};
use super::inherited::Inherited;
use super::kind::{self, Kind};
use super::people::People;
use super::remarks::Remarks;
use super::slug::{self, PathName};
use super::{
    Digest, Origin, Origins, Post, Status, address, aliases, atom_id_for, authors, direction, enclosures, html, is_reserved,
    markdown, picture, tags, unfinished, unusable, visibility,
};
use crate::config::Config;
use crate::diagnostic::{Diagnostic, Position, Severity};
use crate::source_file::SourceFile;
use crate::time::Moment;

/// A post, with the diagnostics for its author.
#[derive(Clone, Debug)]
pub struct ParsedPost {
    /// The post.
    pub post: Post,
    /// What was guessed or left out.
    pub remarks: Vec<Diagnostic>,
    /// Why the post is held back ([`Post::is_held`]); also one of the remarks. A version that is held back does not replace one
    /// that readers have.
    pub held: Option<Diagnostic>,
}

/// The most characters of a title. A longer one is cut: it is probably a paragraph.
const LONGEST_TITLE: usize = 1000;
/// The most characters of a summary. A longer one is cut.
const LONGEST_SUMMARY: usize = 2000;

/// Reads the post in `file`.
///
/// # Errors
///
/// The reason why it is not a post: it is not text, or its front matter cannot be parsed.
pub fn read(file: &SourceFile, config: &Config) -> Result<ParsedPost, Diagnostic> {
    read_with(file, &Inherited::default(), config)
}

/// Reads the post in `file`, with the fields `inherited` from other files.
///
/// # Errors
///
/// As [`read`].
pub fn read_with(file: &SourceFile, inherited: &Inherited, config: &Config) -> Result<ParsedPost, Diagnostic> {
    let text = file.text()?;
    let Parts {
        dialect,
        fields: mut written,
        body,
        remarks,
    } = front_matter::parse(&file.path, &text)?;
    let own = inherited.extend_fields(&mut written);
    let path = slug::parse_path(&file.path);
    let in_posts = || {
        file.path
            .components()
            .any(|part| matches!(part.as_str(), "_posts" | "_drafts"))
    };
    let has_layout = || written.iter().any(|(key, _)| key.eq_ignore_ascii_case("layout"));
    let parts = FileParts {
        file,
        config,
        body,
        is_jekyll: dialect == Dialect::Yaml
            && inherited
                .splits_tags()
                .unwrap_or_else(|| path.date.is_some() && (has_layout() || in_posts())),
        people: inherited.people(),
        path,
        outline: markdown::outline_with(body, &config.shortcodes),
        fields: Fields::new(&written),
    };
    let mut remarks = Remarks::new(&file.path, &text, remarks);
    remarks.check_control_characters();
    remark_markup(&parts.outline, text.len() - body.len(), &mut remarks);
    let mut post = parts.post(&mut remarks);
    unusable::remark_unusable(&parts.fields, &mut remarks);
    if parts.is_blank(&post) {
        remarks.hold_instead_of("date-missing", nothing_written(file, &text));
    } else if parts.is_for_template(&post) {
        remarks.hold_instead_of("date-missing", only_for_template(file));
    }
    // all keys were read now, so the rest is unknown
    visibility::hold_misspelled_keys(&parts.fields, file, config, &mut remarks);
    post.extra = Some(parts.fields.unknown_fields())
        .filter(|extra| !extra.is_empty())
        .map(Box::new);
    let (remarks, held) = remarks.into_diagnostics(is_hidden(post.status));
    post.is_held = held.is_some();
    let parsed = hold_if_too_complex(ParsedPost { post, remarks, held }, file, body, config);
    let mut parsed = inherited.complete(parsed, &written, own);
    if parsed.post.is_held {
        make_note_of_date(&mut parsed.remarks);
    }
    Ok(parsed)
}

/// Makes a note of the warning that a post has no date: it is held back, so readers do not see the date that stands for it.
fn make_note_of_date(remarks: &mut [Diagnostic]) {
    let warnings = remarks.iter_mut().filter(|remark| remark.severity == Severity::Warning);
    warnings
        .filter(|remark| remark.code == "date-missing")
        .for_each(|remark| remark.severity = Severity::Note);
}

/// The parts of a file: its path, its front matter and its text.
struct FileParts<'a> {
    file: &'a SourceFile,
    config: &'a Config,
    /// The Markdown, without the front matter.
    body: &'a str,
    /// Whether the file looks like one of Jekyll.
    is_jekyll: bool,
    /// The people in the data files of the site.
    people: Vec<&'a People>,
    path: PathName,
    outline: markdown::Outline<'a>,
    fields: Fields<'a>,
}

impl FileParts<'_> {
    /// The post, without the fields that depend on the remarks of all parts: `is_held` and `extra`.
    fn post(&self, remarks: &mut Remarks) -> Post {
        let (file, config, fields, path) = (self.file, self.config, &self.fields, &self.path);
        let (title, title_origin) = title(fields, &self.outline, path, remarks);
        let (summary, summary_origin) = summary(fields, &self.outline);
        let dated = dating::read_date(fields, path, file, config, remarks);
        let kind = kind::read_kind(fields, &file.path, path, &dated.origin);
        let updated = dating::read_updated(fields, config, remarks).filter(|&updated| updated >= dated.moment);
        let expires = dating::read_expiry(fields, config, remarks);
        let (status, status_origin) = self.status(&dated, remarks);
        let place = self.address(kind, dated.moment, remarks);
        let kind = kind::kind_at(kind, &place.address);
        self.remark_page(kind, &place.address, remarks);
        let aliases = aliases::read_aliases(fields, &place.address, config, remarks);
        let mut ids = ids(fields, remarks);
        let (id, id_origin) = ids.next().unwrap_or_else(|| made_id(config, &dated, &place.slug));
        let language = language(fields, path, remarks);
        let site_language = &config.site.language;
        let direction = direction::read_direction(fields, language.as_ref().unwrap_or(site_language), remarks);
        let mut post = Post {
            atom_id: atom_id_for(&id, config.authority()).map(Into::into),
            id: id.into(),
            other_ids: ids.map(|(id, _)| id).collect(),
            slug: place.slug.into(),
            address: place.address.into(),
            aliases: aliases.addresses.into(),
            names: aliases.names.into(),
            title: title.into(),
            summary: summary.into(),
            date: dated.moment,
            updated,
            expires,
            status,
            kind,
            in_feeds: visibility::read_in_feeds(fields),
            minor: visibility::read_minor(fields),
            tags: tags::read_tags(fields, &config.posts, self.is_jekyll).into(),
            authors: authors::read_authors(fields, &self.people),
            section: path.section.as_deref().map(Into::into),
            language: language.map(Into::into),
            direction,
            image: picture::read_picture(fields).map(Into::into),
            link: link(fields).map(Into::into),
            enclosures: enclosures::read_enclosures(fields, &config.posts).into(),
            origins: Origins {
                title: title_origin,
                id: id_origin,
                address: place.origin,
                date: dated.origin,
                status: status_origin,
                summary: summary_origin,
            },
            file: Digest::of(&file.bytes),
            text: self.body.into(),
            touched: file.modified.into(),
            has_long_text: fingerprint::is_long(self.body),
            ..Post::unknown(file.path.clone(), Origin::Default)
        };
        post.content = fingerprint_of(&post, self.body);
        post.shrink();
        post
    }

    /// The status of the post with the date `dated`, and where it came from.
    fn status(&self, dated: &PostDate, remarks: &mut Remarks) -> (Status, Origin) {
        let (status, origin) = visibility::read_status(&self.fields, self.body, self.path.draft, dated, remarks);
        if is_hidden(status) {
            // a draft needs no date yet
            remarks.make_notes("date-missing");
        }
        unfinished::hold_unfinished(&self.fields, self.body, remarks);
        (status, origin)
    }

    /// The slug and the address of the post or page, which is published at `date`.
    fn address(&self, kind: Kind, date: Moment, remarks: &mut Remarks) -> address::PostAddress {
        let parts = AddressParts {
            kind,
            file: &self.file.path,
            path: &self.path,
            date,
        };
        let (place, refused) = address::read_address(&self.fields, parts, self.config);
        remark_refused_addresses(refused, remarks);
        place
    }

    /// Says that a file is read as a page, where only its name says so, and that the page at `address` wanted one of feedmill's own.
    fn remark_page(&self, kind: Kind, address: &str, remarks: &mut Remarks) {
        if !kind.is_page() {
            return;
        }
        // no reader sees the date of a page
        remarks.remove("date-missing");
        if kind::is_guessed(kind, &self.file.path) {
            let message = "it is read as a page, because of its name: it is in no feed and no list";
            remarks.warn_file("page-guessed", message, "write `type: page` to confirm it, or `type: post`");
            remarks.make_notes("page-guessed");
        }
        if let Some(wanted) = address
            .strip_prefix(address::ADDRESSES_OF_PAGES)
            .filter(|rest| is_reserved(rest))
        {
            let message = format!("it is at {address}: addresses that begin like {wanted} are feedmill's own");
            remarks.warn_file("address-reserved", message, "write another `slug`");
        }
    }

    /// Whether `post` has no content in its fields and its text.
    fn is_blank(&self, post: &Post) -> bool {
        let is_undated = post.origins.date == Origin::FileTime;
        self.is_without_content(post) && !matches!(post.origins.title, Origin::Field(_)) && is_undated
    }

    /// Whether `post` has nothing to show, except perhaps a title.
    fn is_without_content(&self, post: &Post) -> bool {
        post.image.is_none() && post.link.is_none() && post.enclosures.is_empty() && unfinished::is_blank(self.body)
    }

    /// Whether the file only tells another tool to make a page by a template.
    fn is_for_template(&self, post: &Post) -> bool {
        let is_undated = post.origins.date == Origin::FileTime;
        let has_dated_name = self.path.date.is_some();
        self.is_without_content(post) && !has_dated_name && kind::are_for_template(&self.fields, is_undated)
    }
}

impl Post {
    /// Frees the unused capacity of its lists.
    fn shrink(&mut self) {
        self.authors.shrink_to_fit();
    }
}

fn is_hidden(status: Status) -> bool {
    matches!(status, Status::Draft | Status::Private)
}

/// The fingerprint of the content of `post`, whose text is `body`.
fn fingerprint_of(post: &Post, body: &str) -> Fingerprint {
    // a summary made from the text is not the author's
    let named_summary = matches!(post.origins.summary, Origin::Field(_)).then_some(&*post.summary);
    let shown = [Some(&*post.title), named_summary, post.link.as_deref(), post.image.as_deref()];
    let shown = shown.into_iter().map(Option::unwrap_or_default);
    let enclosures = post.enclosures.iter().map(|enclosure| enclosure.url.as_str());
    Fingerprint::of(body, shown.chain(enclosures))
}

/// Holds the post in `file` back if rendering its text `body` costs more than a post may.
fn hold_if_too_complex(mut parsed: ParsedPost, file: &SourceFile, body: &str, config: &Config) -> ParsedPost {
    if let Some(diagnostic) = too_complex(file, body, &parsed.post.title, config) {
        parsed.post.is_held = true;
        parsed.remarks.push(diagnostic.clone());
        parsed.held.get_or_insert(diagnostic);
    }
    parsed
}

/// Why the text `body` of `file` is held back: rendering it costs more than a post may, so only a part of it could be shown.
fn too_complex(file: &SourceFile, body: &str, title: &str, config: &Config) -> Option<Diagnostic> {
    let why = markdown::overflow(body, title, &config.shortcodes)?;
    let diagnostic = Diagnostic::new(Severity::Error, "too-complex", &file.path, why);
    Some(diagnostic.mend("write it shorter and flatter, or as several posts"))
}

/// Warns about each address that is written but not used.
fn remark_refused_addresses<'a>(refused: impl IntoIterator<Item = (&'a Node, address::AddressError)>, remarks: &mut Remarks) {
    for (node, refusal) in refused {
        let message = format!("`{}` is not used: {}", fields::text(node).unwrap_or_default(), refusal.why());
        remarks.warn_value("address-unusable", node, message, refusal.mend());
    }
}

/// The error about a file without content.
fn nothing_written(file: &SourceFile, text: &str) -> Diagnostic {
    let message = "it has neither title, date nor text";
    let start = Position { line: 1, column: 1 };
    Diagnostic::new(Severity::Error, "nothing-written", &file.path, message)
        .at(text, start, 1)
        .mend("write the post")
}

/// The note about a page without text: another tool may make it by a template.
fn only_for_template(file: &SourceFile) -> Diagnostic {
    let message = "the page has no text";
    Diagnostic::new(Severity::Note, "template-only", &file.path, message)
        .mend("write a text; or delete the file, if it is only there for a template of another tool")
}

fn title(fields: &Fields, outline: &markdown::Outline, path: &PathName, remarks: &mut Remarks) -> (String, Origin) {
    if let Some((key, node)) = fields.first(&["title", "linkTitle"]) {
        let origin = Origin::Field(key.into());
        match &node.value {
            Value::Scalar { text, .. } => {
                // titles are text, but tools that insert them into HTML make authors write `&amp;`
                let title = html_escape::decode_html_entities(text);
                return (composed(&shortened(&title, LONGEST_TITLE)).into_owned(), origin);
            }
            _ => remarks.warn_value(
                "title-unusable",
                node,
                "this is not used: a title is one text",
                "write `title: …`",
            ),
        }
    }
    match outline.heading().filter(|heading| !heading.is_empty()) {
        Some(heading) => (shortened(heading, LONGEST_TITLE), Origin::Heading),
        None if is_untitled(fields, path) => (String::new(), Origin::Default),
        None => (slug::title_from_name(&path.name), Origin::FileName),
    }
}

/// Keys that tell the kind of a post.
const KIND_KEYS: [&str; 5] = ["post_format", "format", "type", "kind", "layout"];
/// The kinds of posts that have no title.
const UNTITLED_KINDS: [&str; 8] = [
    "status",
    "aside",
    "microblog",
    "micropost",
    "micro",
    "microposts",
    "tweet",
    "toot",
];

/// Whether the post has no title on purpose: it says that it is a short note, or it has an empty title and a
/// date in place of a name.
fn is_untitled(fields: &Fields, path: &PathName) -> bool {
    let is_short_note = || fields.first(&["microblog"]).and_then(|(_, node)| fields::boolean(node)) == Some(true);
    let has_kind = || {
        let mut kinds = fields
            .keys()
            .filter(|key| KIND_KEYS.iter().any(|kind| kind.replace('_', "") == key.folded()));
        kinds.any(|key| fields::text(key.node()).is_some_and(|kind| UNTITLED_KINDS.contains(&kind.to_lowercase().as_str())))
    };
    let has_empty_title = || {
        let is_named = path.name.contains(char::is_alphabetic);
        !is_named && fields.keys().any(|key| key.folded() == "title")
    };
    is_short_note() || has_kind() || has_empty_title()
}

fn summary(fields: &Fields, outline: &markdown::Outline) -> (String, Origin) {
    let keys = ["summary", "description", "excerpt", "custom_excerpt"];
    if let Some((key, _, text)) = fields.first_text(&keys) {
        return (shortened(&plain(text), LONGEST_SUMMARY), Origin::Field(key.into()));
    }
    (outline.summary().to_owned(), Origin::Text)
}

/// A text that may contain Markdown or HTML, as plain text.
fn plain(text: &str) -> String {
    if text.contains(['<', '&', '[', '*', '_', '`', '\\']) {
        html::text(&html::escape_unknown_tags(&markdown::render(text, "").html))
    } else {
        text.to_owned()
    }
}

/// `text` on one line, cut between words to at most `most` characters.
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

fn language(fields: &Fields, path: &PathName, remarks: &mut Remarks) -> Option<String> {
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
    remarks.warn_value(
        "language-unknown",
        node,
        format!("`{text}` is not a language tag, and is left out"),
        "write one like `en` or `pt-BR`",
    );
    path.language.clone()
}

fn link(fields: &Fields) -> Option<String> {
    let keys = ["external_url", "externalLink", "external_link", "link"];
    let is_web = |text: &&str| url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    let texts = fields.all(&keys).into_iter().filter_map(|(_, node)| fields::text(node));
    texts.filter(is_web).map(str::to_owned).next()
}

/// The claims of a post that another post owns.
#[derive(Clone, Copy, Debug, Default)]
pub struct LostClaims {
    /// The id.
    pub id: bool,
    /// The address.
    pub address: bool,
}

impl Post {
    /// The same post under another slug, with a derived id or address in place of each `lost` one.
    #[must_use]
    pub fn displaced(&self, slug: &str, lost: LostClaims, config: &Config) -> Post {
        let mut post = self.clone();
        post.slug = slug.into();
        if lost.address {
            let parts = AddressParts {
                kind: self.kind,
                file: &self.source,
                path: &slug::parse_path(&self.source),
                date: self.date,
            };
            post.address = address::made_address(slug, parts, config).into();
            post.origins.address = Origin::Displaced;
        }
        if lost.id {
            post.id = tag_uri(config.authority(), self.date, &self.origins.date, slug).into();
            post.origins.id = Origin::DateAndSlug;
            post.atom_id = None;
        }
        post
    }
}

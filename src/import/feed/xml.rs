//! Parses RSS 0.9x, 1.0 and 2.0 and Atom, in one pass over the document.
//!
//! The format follows from the elements, not from what the document claims: feeds often contain elements of another format.

use std::io::BufRead;

use quick_xml::encoding::DecodingReader;
use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::reader::NsReader;
use url::Url;

use super::entities::Entities;
use super::old_feed::{ItemDraft, MOST_ITEMS, MOST_TEXT, OldFeed, parse_moment, plain_text};
use crate::render::Format;

/// The deepest nesting of elements.
const DEEPEST: usize = 256;

/// Parses `bytes`, which begin like an XML document, in the encoding that it declares.
pub(super) fn parse_xml(bytes: &[u8], found: Option<&Url>) -> Result<OldFeed, String> {
    let mut reader = NsReader::from_reader(DecodingReader::new(bytes));
    let config = reader.config_mut();
    config.allow_dangling_amp = true;
    config.expand_empty_elements = true;
    let mut parser = XmlParser::new(found);
    let broke = parser.parse_document(&mut reader).err();
    let mut feed = match (parser.feed, broke) {
        (None, Some(error)) => return Err(format!("it is not XML: {error}")),
        (None, None) => return Err("it is XML, but not a feed: neither RSS nor Atom".to_owned()),
        (Some(_), Some(error)) if parser.drafts.is_empty() => return Err(format!("it is broken: {error}")),
        (Some(mut feed), broke) => {
            if let Some(error) = broke {
                feed.notes.push(format!("it is broken, and was read up to there: {error}"));
            }
            feed
        }
    };
    feed.add_drafts(parser.drafts);
    Ok(feed)
}

/// A namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KnownNamespace {
    /// RSS: none, or that of RSS 0.90, 1.0 or 1.1.
    Rss,
    Atom,
    DublinCore,
    Content,
    FeedBurner,
    Other,
}

impl KnownNamespace {
    fn new(resolved: &ResolveResult) -> KnownNamespace {
        let ResolveResult::Bound(Namespace(name)) = resolved else {
            return KnownNamespace::Rss;
        };
        match *name {
            b"http://www.w3.org/2005/Atom" | b"http://purl.org/atom/ns#" => KnownNamespace::Atom,
            b"http://purl.org/dc/elements/1.1/" | b"http://purl.org/dc/terms/" => KnownNamespace::DublinCore,
            b"http://purl.org/rss/1.0/modules/content/" => KnownNamespace::Content,
            b"http://rssnamespace.org/feedburner/ext/1.0" => KnownNamespace::FeedBurner,
            b"" => KnownNamespace::Rss,
            other if is_rss(other) => KnownNamespace::Rss,
            _ => KnownNamespace::Other,
        }
    }
}

/// Whether `name` is a namespace of some version of RSS (`http://purl.org/rss/1.0/`, `http://my.netscape.com/rdf/simple/0.9/`, …).
fn is_rss(name: &[u8]) -> bool {
    let roots: [&[u8]; 4] = [
        b"http://purl.org/rss/1.0/",
        b"http://purl.org/net/rss1.1#",
        b"http://my.netscape.com/rdf/simple/",
        b"http://backend.userland.com/",
    ];
    roots.iter().any(|root| name.starts_with(root)) && !name.windows(9).any(|part| part == b"/modules/")
}

/// An open element, and its text so far.
struct FeedElement {
    space: KnownNamespace,
    name: String,
    /// Its depth.
    depth: usize,
    /// The attributes `href`, `rel` and `isPermaLink`.
    href: Option<String>,
    relation: Option<String>,
    is_no_permalink: bool,
    base: Option<Url>,
    text: String,
    /// The first unresolved reference in its text or its `href`.
    unresolved: Option<String>,
}

/// The parts parsed so far, and the position in the document.
struct XmlParser<'a> {
    found: Option<&'a Url>,
    feed: Option<OldFeed>,
    drafts: Vec<ItemDraft>,
    /// The base address of every open element (XML Base).
    bases: Vec<Option<Url>>,
    /// The depth of the open `channel` or `feed`.
    container: Option<usize>,
    /// The open item and its depth.
    item: Option<(usize, ItemDraft)>,
    /// The open element of the item or the feed.
    field: Option<FeedElement>,
    /// The entities that the document declares.
    entities: Entities,
}

impl<'a> XmlParser<'a> {
    fn new(found: Option<&'a Url>) -> XmlParser<'a> {
        XmlParser {
            found,
            feed: None,
            drafts: Vec::new(),
            bases: Vec::new(),
            container: None,
            item: None,
            field: None,
            entities: Entities::default(),
        }
    }

    fn parse_document<R: BufRead>(&mut self, reader: &mut NsReader<DecodingReader<R>>) -> Result<(), String> {
        let mut buffer = Vec::new();
        loop {
            buffer.clear();
            let (resolved, event) = reader
                .read_resolved_event_into(&mut buffer)
                .map_err(|error| error.to_string())?;
            match event {
                Event::Decl(declaration) => {
                    if let Some(encoding) = declaration.encoder() {
                        reader.get_mut().set_encoding(encoding);
                    }
                }
                Event::Start(start) => {
                    let space = KnownNamespace::new(&resolved);
                    self.start_element(space, &start)?;
                }
                Event::End(_) => self.end_element(),
                // the bytes are decoded to UTF-8, whatever the declaration says
                Event::Text(text) => self.add_text(&String::from_utf8_lossy(&text)),
                Event::CData(text) => self.add_text(&String::from_utf8_lossy(&text)),
                Event::GeneralRef(reference) => self.add_reference(&String::from_utf8_lossy(&reference)),
                Event::DocType(declaration) => self.entities = Entities::parse(&String::from_utf8_lossy(&declaration)),
                Event::Eof if self.bases.is_empty() => return Ok(()),
                Event::Eof => return Err("it ends too early".to_owned()),
                Event::Empty(_) | Event::Comment(_) | Event::PI(_) => {}
            }
        }
    }

    fn start_element(&mut self, space: KnownNamespace, start: &BytesStart) -> Result<(), String> {
        let depth = self.bases.len() + 1;
        if depth > DEEPEST {
            return Err(format!("elements are nested more than {DEEPEST} deep"));
        }
        let base = self.bases.last().cloned().flatten().or_else(|| self.found.cloned());
        let base = match attribute(start, b"xml:base") {
            Some(relative) => Url::options().base_url(base.as_ref()).parse(&relative).ok().or(base),
            None => base,
        };
        self.bases.push(base.clone());
        let name = String::from_utf8_lossy(start.local_name().as_ref()).into_owned();
        match (&mut self.field, &self.item) {
            // markup in a text separates words
            (Some(field), _) => field.text.push(' '),
            (None, Some((item, _))) if depth == item + 1 => self.open_field(space, name, depth, start, base),
            (None, Some(_)) => {}
            (None, None) => match (space, name.as_str()) {
                (KnownNamespace::Rss, "rss" | "RDF" | "channel") => {
                    self.feed.get_or_insert_with(|| OldFeed::new(Format::Rss, self.found));
                    if name == "channel" {
                        self.container = Some(depth);
                    }
                }
                (KnownNamespace::Atom, "feed") => {
                    self.feed.get_or_insert_with(|| OldFeed::new(Format::Atom, self.found));
                    self.container = Some(depth);
                }
                (KnownNamespace::Rss, "item") | (KnownNamespace::Atom, "entry") if self.feed.is_some() => {
                    if self.drafts.len() >= MOST_ITEMS {
                        return Err(format!("it has more than {MOST_ITEMS} items"));
                    }
                    self.item = Some((depth, ItemDraft::default()));
                }
                _ if self.container.is_some_and(|container| depth == container + 1) => {
                    self.open_field(space, name, depth, start, base);
                }
                _ => {}
            },
        }
        Ok(())
    }

    fn open_field(&mut self, space: KnownNamespace, name: String, depth: usize, start: &BytesStart, base: Option<Url>) {
        self.field = Some(FeedElement {
            space,
            name,
            depth,
            href: attribute(start, b"href"),
            relation: attribute(start, b"rel"),
            is_no_permalink: attribute(start, b"isPermaLink").is_some_and(|value| value.eq_ignore_ascii_case("false")),
            base,
            text: String::new(),
            unresolved: written_attribute(start, b"href").and_then(|href| self.entities.first_unresolved(&href)),
        });
    }

    fn add_text(&mut self, text: &str) {
        if let Some(field) = &mut self.field
            && field.text.len() <= MOST_TEXT
        {
            field.text.push_str(text);
        }
    }

    /// Adds the text of the reference to `name`. Feeds use entities of HTML without declaring them, and an unknown one stays as written:
    /// that is enough for a text, but not for an id.
    fn add_reference(&mut self, name: &str) {
        let text = match self.entities.resolve(name) {
            Some(text) => text,
            None => {
                let written = format!("&{name};");
                let text = html_escape::decode_html_entities(&written).into_owned();
                if let Some(field) = &mut self.field {
                    field.unresolved.get_or_insert(written);
                }
                text
            }
        };
        self.add_text(&text);
    }

    fn end_element(&mut self) {
        let depth = self.bases.len();
        self.bases.pop();
        if let Some(field) = self.field.take_if(|field| field.depth == depth) {
            match &mut self.item {
                Some((_, draft)) => draft.add_field(field),
                None => {
                    if let Some(feed) = &mut self.feed {
                        feed.add_field(&field);
                    }
                }
            }
        }
        if let Some((_, draft)) = self.item.take_if(|(item, _)| *item == depth) {
            self.drafts.push(draft);
        }
        self.container.take_if(|container| *container == depth);
    }
}

impl FeedElement {
    /// The target of a link: in Atom an attribute, in RSS the text.
    fn link(&self) -> Option<(String, Option<Url>)> {
        let written = match self.space {
            KnownNamespace::Atom => self.href.as_deref()?,
            _ => &self.text,
        };
        let written = written.trim();
        (!written.is_empty()).then(|| (written.to_owned(), self.base.clone()))
    }

    fn url(&self) -> Option<Url> {
        let (written, base) = self.link()?;
        Url::options().base_url(base.as_ref()).parse(&written).ok()
    }

    fn has_relation(&self, relation: &str) -> bool {
        self.relation.as_deref().unwrap_or("alternate").eq_ignore_ascii_case(relation)
    }
}

impl OldFeed {
    /// Adds a `field` of the channel or the feed.
    fn add_field(&mut self, field: &FeedElement) {
        match (field.space, field.name.as_str()) {
            (KnownNamespace::Rss | KnownNamespace::Atom, "title") => self.title = plain_text(&field.text, MOST_TEXT),
            (KnownNamespace::Atom, "id") => self.id = Some(field.text.trim().to_owned()),
            (KnownNamespace::Rss, "link") => self.home = field.url(),
            (KnownNamespace::Atom, "link") => {
                let url = field.url();
                if field.has_relation("alternate") {
                    self.home = self.home.take().or(url);
                } else if field.has_relation("self") {
                    self.address = url.or(self.address.take());
                } else if field.has_relation("prev-archive") || field.has_relation("next") {
                    self.older = url;
                }
            }
            _ => {}
        }
    }
}

impl ItemDraft {
    /// Adds a `field` of the item.
    fn add_field(&mut self, field: FeedElement) {
        if field.name == "link"
            && let (Some(reference), Some((link, _))) = (&field.unresolved, field.link())
        {
            self.unresolved_links.push((link, reference.clone()));
        }
        match (field.space, field.name.as_str()) {
            (KnownNamespace::Rss, "guid") => {
                if let Some(link) = field.link().filter(|_| !field.is_no_permalink && field.text.contains("://")) {
                    self.links.push(link);
                }
                self.unresolved_id = field.unresolved;
                self.id = Some(field.text);
            }
            (KnownNamespace::Atom, "id") => {
                self.unresolved_id = field.unresolved;
                self.id = Some(field.text);
            }
            // the item's own link comes before its guid, whatever their order in the document
            (KnownNamespace::Rss, "link") => self.links.splice(0..0, field.link()).for_each(drop),
            (KnownNamespace::Atom, "link") if field.has_relation("alternate") => self.links.extend(field.link()),
            (KnownNamespace::FeedBurner, "origLink") => self.links.extend(field.link()),
            (KnownNamespace::Rss | KnownNamespace::Atom, "title") => self.title = field.text,
            (KnownNamespace::Rss, "pubDate")
            | (KnownNamespace::DublinCore, "date")
            | (KnownNamespace::Atom, "published" | "issued") => {
                self.published = parse_moment(&field.text).or(self.published);
            }
            (KnownNamespace::Atom, "updated" | "modified") | (KnownNamespace::DublinCore, "modified") => {
                self.updated = parse_moment(&field.text).or(self.updated);
            }
            (KnownNamespace::Rss, "description") | (KnownNamespace::Atom, "summary") => self.summary = field.text,
            (KnownNamespace::Content, "encoded") | (KnownNamespace::Atom, "content") => self.content = field.text,
            _ => {}
        }
    }
}

/// The attribute `name` as text. Unknown entities stay as written.
fn attribute(start: &BytesStart, name: &[u8]) -> Option<String> {
    let written = written_attribute(start, name)?;
    Some(html_escape::decode_html_entities(&written).into_owned())
}

/// The attribute `name` as written.
fn written_attribute(start: &BytesStart, name: &[u8]) -> Option<String> {
    let is_it = |attribute: &Attribute| attribute.key.as_ref() == name;
    let found = start.attributes().with_checks(false).filter_map(Result::ok).find(is_it)?;
    Some(String::from_utf8_lossy(&found.value).into_owned())
}

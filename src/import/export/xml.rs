//! Reads the items of an XML export or feed one after the other, however broken the document is.
//!
//! Exports are often not well-formed: plugins write control characters, entities of HTML and stray tags, and some files are two exports one
//! after the other. So tags need not match, an item that starts in another one ends that one, and after a part that never ends the
//! reading goes on at the next item. Entities are not expanded, so a document cannot grow. Only one item is in memory at a time.
//!
//! Names of elements have a prefix by their namespace (`wp:status`, `atom:entry`), whatever prefix the document uses: see [`CANONICAL`].

use std::cell::Cell;
use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, SeekFrom};
use std::rc::Rc;
use std::sync::Arc;

use camino::Utf8PathBuf;
use quick_xml::Reader;
use quick_xml::encoding::DecodingReader;
use quick_xml::events::{BytesStart, Event};

use super::element::{Element, ElementContent};
use crate::diagnostic::plain_error;

/// The most bytes of one text or tag, and of one item.
const LARGEST_ITEM: usize = 8 * 1024 * 1024;
/// Elements that are nested deeper in an item are left out; their text stays.
const DEEPEST: usize = 200;
/// The most places at which the reading starts again after a part that never ends.
const MOST_RESTARTS: usize = 100;
/// The most mistakes that are reported.
const MOST_MISTAKES: usize = 200;

/// Prefixes of names, by the beginning of the namespace without `http://` or `https://`.
const CANONICAL: [(&str, &str); 12] = [
    ("www.w3.org/2005/Atom", "atom"),
    ("purl.org/atom/ns#", "atom"),
    ("www.w3.org/2007/app", "app"),
    ("purl.org/atom/app#", "app"),
    ("purl.org/dc/", "dc"),
    ("purl.org/rss/1.0/modules/content/", "content"),
    ("purl.org/rss/1.0/modules/slash/", "slash"),
    ("schemas.google.com/blogger/", "blogger"),
    ("purl.org/syndication/thread/", "thr"),
    ("search.yahoo.com/mrss", "media"),
    ("www.itunes.com/dtds/", "itunes"),
    ("rssnamespace.org/feedburner/", "feedburner"),
];

/// What comes next in a document.
#[derive(Debug)]
pub(crate) enum XmlPart {
    /// An element of the root, the channel or the feed: an item, or a fact about the site.
    Element(Element),
    /// A mistake at a line.
    Mistake(usize, String),
}

/// The lines and bytes that a reader consumed.
#[derive(Clone, Default)]
struct XmlPosition {
    lines: Rc<Cell<usize>>,
    bytes: Rc<Cell<u64>>,
    /// The value of `bytes` at which the next read fails, so that a text without an end does not fill the memory.
    limit: Rc<Cell<u64>>,
}

/// Counts lines and bytes, and fails at the limit.
struct CountingReader<R> {
    inner: R,
    position: XmlPosition,
}

impl<R: BufRead> Read for CountingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let n = available.len().min(buffer.len());
        buffer[..n].copy_from_slice(&available[..n]);
        self.consume(n);
        Ok(n)
    }
}

impl<R: BufRead> BufRead for CountingReader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.position.bytes.get() > self.position.limit.get() {
            return Err(io::Error::other("it is too large, or its end is missing"));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        if let Ok(available) = self.inner.fill_buf() {
            let consumed = available.get(..amount).unwrap_or(available);
            let lines = memchr::memchr_iter(b'\n', consumed).count();
            self.position.lines.set(self.position.lines.get() + lines);
        }
        self.position.bytes.set(self.position.bytes.get() + amount as u64);
        self.inner.consume(amount);
    }
}

/// Where a document is.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    File(Utf8PathBuf),
    Memory(Arc<Vec<u8>>),
}

impl Input {
    /// A reader from `offset` on.
    fn open_at(&self, offset: u64) -> io::Result<Box<dyn Read>> {
        match self {
            Input::File(path) => {
                let mut file = File::open(path)?;
                file.seek(SeekFrom::Start(offset))?;
                Ok(Box::new(file))
            }
            Input::Memory(bytes) => {
                let rest = bytes
                    .get(usize::try_from(offset).unwrap_or(usize::MAX)..)
                    .unwrap_or_default()
                    .to_vec();
                Ok(Box::new(Cursor::new(rest)))
            }
        }
    }
}

/// The reader of a document.
type DocumentReader = Reader<CountingReader<DecodingReader<BufReader<Box<dyn Read>>>>>;

/// A document that is read part by part.
pub(crate) struct XmlParts {
    input: Input,
    reader: DocumentReader,
    position: XmlPosition,
    /// The offset in the file at which `reader` began.
    start: u64,
    prefixes: HashMap<String, &'static str>,
    /// The prefix of elements without one.
    default_prefix: &'static str,
    /// Open elements, outermost first.
    open: Vec<Element>,
    /// Elements that are left out, deeper than `open`.
    too_deep: usize,
    /// The size of the open elements.
    size: usize,
    /// Parts that come before the rest of the document.
    ready: VecDeque<XmlPart>,
    restarts: usize,
    mistakes: usize,
    is_done: bool,
}

impl XmlParts {
    /// Opens the document in `input`.
    ///
    /// # Errors
    ///
    /// Why it cannot be read.
    pub(crate) fn open(input: Input) -> Result<XmlParts, String> {
        let position = XmlPosition::default();
        let reader = open_at(&input, 0, &position).map_err(|error| plain_error(&error))?;
        Ok(XmlParts {
            input,
            reader,
            position,
            start: 0,
            prefixes: HashMap::new(),
            default_prefix: "",
            open: Vec::new(),
            too_deep: 0,
            size: 0,
            ready: VecDeque::new(),
            restarts: 0,
            mistakes: 0,
            is_done: false,
        })
    }

    /// The bytes read so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.start + self.position.bytes.get()
    }

    /// The next part; `None` at the end.
    pub(crate) fn next_part(&mut self) -> Option<XmlPart> {
        let mut buffer = Vec::new();
        loop {
            if let Some(part) = self.ready.pop_front() {
                return Some(part);
            }
            if self.is_done {
                return None;
            }
            buffer.clear();
            let (before, line) = (self.position.bytes.get(), self.position.lines.get() + 1);
            self.position.limit.set(before + LARGEST_ITEM as u64);
            match self.reader.read_event_into(&mut buffer) {
                Ok(event) => {
                    if matches!(event, Event::Eof) {
                        self.end_all("the file ends in it");
                        self.is_done = true;
                    } else {
                        self.add_event(&event.into_owned(), line);
                    }
                }
                Err(quick_xml::Error::IllFormed(error)) => self.mistake(line, error.to_string()),
                Err(error) => self.restart(before, line, &error.to_string()),
            }
        }
    }

    fn mistake(&mut self, line: usize, message: String) {
        self.mistakes += 1;
        if self.mistakes <= MOST_MISTAKES {
            self.ready.push_back(XmlPart::Mistake(line, message));
        }
    }

    fn add_event(&mut self, event: &Event, line: usize) {
        match event {
            Event::Decl(declaration) => {
                if let Some(encoding) = declaration.encoder() {
                    self.reader.get_mut().inner.set_encoding(encoding);
                }
            }
            Event::Start(start) => self.start_element(start, line),
            Event::Empty(start) => {
                self.start_element(start, line);
                self.end_element(&self.name(start.name().as_ref()));
            }
            Event::End(end) => self.end_element(&self.name(end.name().as_ref())),
            Event::Text(text) => self.add_text(&String::from_utf8_lossy(text), line),
            Event::CData(text) => self.add_text(&String::from_utf8_lossy(text), line),
            Event::GeneralRef(reference) => {
                let written = format!("&{};", String::from_utf8_lossy(reference));
                self.add_text(&html_escape::decode_html_entities(&written), line);
            }
            Event::DocType(_) | Event::Comment(_) | Event::PI(_) | Event::Eof => {}
        }
    }

    /// The name with its canonical prefix.
    fn name(&self, written: &[u8]) -> String {
        let written = String::from_utf8_lossy(written);
        let (prefix, local) = written.split_once(':').unwrap_or(("", &written));
        let canonical = match self.prefixes.get(prefix) {
            Some(known) => known,
            None if prefix.is_empty() => self.default_prefix,
            None => prefix,
        };
        if canonical.is_empty() {
            local.to_owned()
        } else {
            format!("{canonical}:{local}")
        }
    }

    fn start_element(&mut self, start: &BytesStart, line: usize) {
        self.declare_prefixes(start);
        let name = self.name(start.name().as_ref());
        if is_container(&name) {
            self.end_all("another document begins in it");
            return;
        }
        if is_item(&name) && !self.open.is_empty() {
            self.end_all("another item begins in it");
        }
        if self.open.len() >= DEEPEST || self.size > LARGEST_ITEM {
            self.too_deep += 1;
            return;
        }
        let mut written = start.attributes();
        let attributes = written.with_checks(false).filter_map(Result::ok);
        let attributes = attributes
            .filter(|attribute| !attribute.key.as_ref().starts_with(b"xmlns"))
            .map(|attribute| {
                let name = String::from_utf8_lossy(attribute.key.local_name().as_ref()).into_owned();
                let value = String::from_utf8_lossy(&attribute.value);
                (name, html_escape::decode_html_entities(&value).into_owned())
            });
        let element = Element {
            name,
            attributes: attributes.collect(),
            line,
            ..Element::default()
        };
        self.size += element.size();
        self.open.push(element);
    }

    /// Remembers the namespaces that `start` declares. Only the outermost elements declare the default one for others.
    fn declare_prefixes(&mut self, start: &BytesStart) {
        for attribute in start.attributes().with_checks(false).filter_map(Result::ok) {
            let key = String::from_utf8_lossy(attribute.key.as_ref()).into_owned();
            let uri = String::from_utf8_lossy(&attribute.value).into_owned();
            if let Some(prefix) = key.strip_prefix("xmlns:") {
                if self.prefixes.len() < 100
                    && let Some(canonical) = canonical_prefix(&uri)
                {
                    self.prefixes.insert(prefix.to_owned(), canonical);
                }
            } else if key == "xmlns" && self.open.is_empty() {
                self.default_prefix = canonical_prefix(&uri).unwrap_or_default();
            }
        }
    }

    fn end_element(&mut self, name: &str) {
        if is_container(name) {
            self.end_all("the document ends in it");
            return;
        }
        if self.too_deep > 0 {
            self.too_deep -= 1;
            return;
        }
        let Some(depth) = self.open.iter().rposition(|element| element.name == name) else {
            return;
        };
        while self.open.len() > depth {
            self.close_last();
        }
    }

    fn close_last(&mut self) {
        let Some(element) = self.open.pop() else { return };
        match self.open.last_mut() {
            Some(parent) => parent.content.push(ElementContent::Element(element)),
            None => {
                self.size = 0;
                self.too_deep = 0;
                self.ready.push_back(XmlPart::Element(element));
            }
        }
    }

    /// Ends all open elements, because of `why`.
    fn end_all(&mut self, why: &str) {
        let Some(outer) = self.open.first_mut() else { return };
        outer.is_cut = true;
        let (line, name) = (outer.line, outer.name.clone());
        self.mistake(line, format!("the end of this `{name}` is missing: {why}"));
        while !self.open.is_empty() {
            self.close_last();
        }
    }

    fn add_text(&mut self, text: &str, line: usize) {
        if self.open.is_empty() {
            return;
        }
        let fits = self.size <= LARGEST_ITEM;
        self.size += text.len();
        if fits && self.size > LARGEST_ITEM {
            self.mistake(line, format!("this item has more than {LARGEST_ITEM} bytes, and is cut here"));
            if let Some(outer) = self.open.first_mut() {
                outer.is_cut = true;
            }
        }
        if self.size > LARGEST_ITEM {
            return;
        }
        let Some(element) = self.open.last_mut() else { return };
        match element.content.last_mut() {
            Some(ElementContent::Text(known)) => known.push_str(text),
            _ => element.content.push(ElementContent::Text(text.to_owned())),
        }
    }

    /// Goes on at the next item after the part at `before`, which cannot be read.
    fn restart(&mut self, before: u64, line: usize, why: &str) {
        self.mistake(line, format!("the rest of this item cannot be read: {why}"));
        self.end_all("what is in it cannot be read");
        self.restarts += 1;
        let position = XmlPosition::default();
        let found = if self.restarts > MOST_RESTARTS {
            Ok(None)
        } else {
            next_item(&self.input, self.start + before)
        };
        match found {
            Ok(Some((offset, lines))) => match open_at(&self.input, offset, &position) {
                Ok(reader) => {
                    position.lines.set(line - 1 + lines);
                    (self.reader, self.position, self.start) = (reader, position, offset);
                }
                Err(error) => {
                    self.mistake(line, plain_error(&error));
                    self.is_done = true;
                }
            },
            Ok(None) => self.is_done = true,
            Err(error) => {
                self.mistake(line, plain_error(&error));
                self.is_done = true;
            }
        }
    }
}

/// A reader of `input` from `offset` on.
fn open_at(input: &Input, offset: u64, position: &XmlPosition) -> io::Result<DocumentReader> {
    let mut reader = Reader::from_reader(CountingReader {
        inner: DecodingReader::new(BufReader::with_capacity(64 * 1024, input.open_at(offset)?)),
        position: position.clone(),
    });
    let config = reader.config_mut();
    config.allow_dangling_amp = true;
    config.allow_unmatched_ends = true;
    config.check_end_names = false;
    Ok(reader)
}

/// The offset of the next `<item` or `<entry` in `input` after `offset`, and the lines before it.
fn next_item(input: &Input, offset: u64) -> io::Result<Option<(u64, usize)>> {
    let mut reader = BufReader::new(input.open_at(offset + 1)?);
    let (mut at, mut lines, mut line) = (offset + 1, 0, Vec::new());
    loop {
        line.clear();
        // a line without an end is read in pieces; each begins after a `<`
        let n = reader.by_ref().take(64 * 1024).read_until(b'\n', &mut line)?;
        if n == 0 {
            return Ok(None);
        }
        for start in memchr::memchr_iter(b'<', &line) {
            let rest = line.get(start..).unwrap_or_default();
            if [b"<item>".as_slice(), b"<item ", b"<entry>", b"<entry "]
                .iter()
                .any(|tag| rest.starts_with(tag))
            {
                return Ok(Some((at + start as u64, lines)));
            }
        }
        at += n as u64;
        lines += usize::from(line.ends_with(b"\n"));
    }
}

/// Whether an element with this name contains items.
fn is_container(name: &str) -> bool {
    matches!(
        name,
        "rss" | "RDF" | "rdf:RDF" | "channel" | "atom:feed" | "feed" | "urlset" | "sitemapindex"
    )
}

/// Whether an element with this name is an item.
fn is_item(name: &str) -> bool {
    matches!(name, "item" | "atom:entry")
}

fn canonical_prefix(uri: &str) -> Option<&'static str> {
    let name = uri.trim().split_once("://").map_or(uri, |(_, name)| name);
    if name.contains("wordpress.org/export/") {
        return Some(if name.contains("/excerpt") { "excerpt" } else { "wp" });
    }
    let found = CANONICAL.iter().find(|(known, _)| name.starts_with(known));
    if let Some((_, prefix)) = found {
        return Some(prefix);
    }
    let is_rss =
        name.starts_with("purl.org/rss/1.0/") || name.starts_with("purl.org/net/rss1.1") || name.contains("netscape.com/rdf/");
    (is_rss && !name.contains("/modules/")).then_some("")
}

#[cfg(test)]
mod tests;

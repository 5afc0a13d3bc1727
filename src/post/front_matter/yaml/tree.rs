//! The strict parser of YAML: builds a tree from the events of `saphyr_parser`.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};

use crate::diagnostic::{Diagnostic, Position};
use crate::post::front_matter::mapping::{DEEPEST, KeyValue, RepeatedKey, merge_repeated};
use crate::post::front_matter::parts::FrontMatterText;
use crate::post::node::{Node, Value};

/// The most weight of all copies that aliases make: one for each node, and one for each byte of its text. Ten aliases of ten aliases of …
/// would make 10⁹ nodes of a few hundred bytes.
const MOST_COPIED: usize = 256 * 1024;

/// The key whose value is merged into the mapping that contains it (YAML 1.1, <https://yaml.org/type/merge.html>).
const MERGE_KEY: &str = "<<";

/// The mapping of a document, and the repeated keys of the mappings in it.
#[derive(Default)]
pub(in super::super) struct YamlMapping {
    pub(in super::super) entries: Vec<KeyValue>,
    pub(in super::super) repeated: Vec<RepeatedKey>,
}

/// Parses `text`, whose first line is line `line` of the file, as one document that is a mapping or empty.
pub(in super::super) fn parse_strict(text: &str, line: usize) -> Result<YamlMapping, YamlError> {
    let mut builder = Builder {
        line,
        open: Vec::new(),
        root: None,
        anchors: HashMap::new(),
        copied: 0,
        repeated: Vec::new(),
    };
    // the parser takes NUL for the end of the text, and would ignore the rest silently
    if let Some(nul) = text.find('\0') {
        let at = Position::of(text, nul);
        let at = Position {
            line: at.line + line - 1,
            ..at
        };
        return Err(YamlError::syntax(at, "a NUL character is not YAML"));
    }
    let mut documents = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| builder.convert_error(&error))?;
        if matches!(event, Event::DocumentStart(_)) {
            documents += 1;
            if documents > 1 {
                return Err(YamlError::syntax(
                    builder.position(&span),
                    "a second document begins within the front matter",
                ));
            }
        }
        builder.add_event(event, &span)?;
    }
    let no_mapping = |at| YamlError::syntax(at, "a `key: value` is needed");
    let entries = match builder.root {
        Some(DocumentRoot::Map(entries)) => entries,
        None | Some(DocumentRoot::Node(Node { value: Value::Null, .. })) => Vec::new(),
        Some(DocumentRoot::Node(node)) => return Err(no_mapping(node.position)),
    };
    Ok(YamlMapping {
        entries,
        repeated: builder.repeated,
    })
}

/// The root of the document.
enum DocumentRoot {
    Map(Vec<KeyValue>),
    Node(Node),
}

/// A list or mapping that is not complete yet.
struct OpenCollection {
    at: Position,
    anchor: usize,
    items: OpenItems,
}

/// The items of an open list or mapping.
enum OpenItems {
    List(Vec<Node>),
    /// With the key whose value has not come yet.
    Map(Vec<KeyValue>, Option<(String, Position)>),
}

/// A node that aliases may copy.
struct Anchored {
    node: Node,
    weight: usize,
    depth: usize,
}

/// Builds the tree.
struct Builder {
    line: usize,
    open: Vec<OpenCollection>,
    root: Option<DocumentRoot>,
    anchors: HashMap<usize, Anchored>,
    copied: usize,
    repeated: Vec<RepeatedKey>,
}

impl Builder {
    fn position(&self, span: &Span) -> Position {
        Position {
            line: span.start.line() + self.line - 1,
            column: span.start.col() + 1,
        }
    }

    fn convert_error(&self, error: &ScanError) -> YamlError {
        let at = Position {
            line: error.marker().line() + self.line - 1,
            column: error.marker().col() + 1,
        };
        YamlError {
            at,
            why: explain(error.info()),
            is_limit: error.info() == "recursion limit exceeded",
        }
    }

    fn add_event(&mut self, event: Event<'_>, span: &Span) -> Result<(), YamlError> {
        let at = self.position(span);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                if self.expects_key() {
                    self.set_key(text.into_owned(), at);
                    return Ok(());
                }
                let node = Node {
                    value: scalar(text, style, tag.as_deref()),
                    position: at,
                };
                self.add(node, anchor);
            }
            Event::Alias(anchor) => {
                let node = self.copy(anchor, at)?;
                match node.value {
                    Value::Scalar { text, .. } if self.expects_key() => self.set_key(text, at),
                    _ if self.expects_key() => return Err(YamlError::syntax(at, "a key has to be a text")),
                    _ => self.add(node, 0),
                }
            }
            Event::SequenceStart(anchor, _) => self.begin(OpenItems::List(Vec::new()), anchor, at)?,
            Event::MappingStart(anchor, _) => self.begin(OpenItems::Map(Vec::new(), None), anchor, at)?,
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {}
        }
        Ok(())
    }

    /// Whether the next node is a key.
    fn expects_key(&self) -> bool {
        matches!(
            self.open.last(),
            Some(OpenCollection {
                items: OpenItems::Map(_, None),
                ..
            })
        )
    }

    /// Sets the key whose value comes next.
    fn set_key(&mut self, key: String, at: Position) {
        if let Some(OpenCollection {
            items: OpenItems::Map(_, pending_key),
            ..
        }) = self.open.last_mut()
        {
            *pending_key = Some((key, at));
        }
    }

    fn begin(&mut self, items: OpenItems, anchor: usize, at: Position) -> Result<(), YamlError> {
        if self.expects_key() {
            return Err(YamlError::syntax(at, "a key has to be a text"));
        }
        if self.open.len() >= DEEPEST {
            return Err(too_deep(at));
        }
        self.open.push(OpenCollection { at, anchor, items });
        Ok(())
    }

    fn end(&mut self) {
        let Some(OpenCollection { at, anchor, items }) = self.open.pop() else {
            return;
        };
        let value = match items {
            OpenItems::List(nodes) => Value::List(nodes),
            OpenItems::Map(entries, _) if self.open.is_empty() => {
                self.root = Some(DocumentRoot::Map(merge_mappings(entries)));
                return;
            }
            OpenItems::Map(entries, _) => Value::Map(merge_repeated(merge_mappings(entries), &mut self.repeated)),
        };
        self.add(Node { value, position: at }, anchor);
    }

    fn add(&mut self, node: Node, anchor: usize) {
        if anchor > 0 {
            let (weight, depth) = measure(&node);
            self.anchors.insert(
                anchor,
                Anchored {
                    node: node.clone(),
                    weight,
                    depth,
                },
            );
        }
        match self.open.last_mut().map(|open| &mut open.items) {
            Some(OpenItems::List(nodes)) => nodes.push(node),
            Some(OpenItems::Map(entries, pending_key)) => {
                if let Some((key, at)) = pending_key.take() {
                    entries.push(KeyValue { key, at, node });
                }
            }
            None => self.root = Some(DocumentRoot::Node(node)),
        }
    }

    /// A copy of the node with this `anchor`, at `at`.
    fn copy(&mut self, anchor: usize, at: Position) -> Result<Node, YamlError> {
        let Some(anchored) = self.anchors.get(&anchor) else {
            return Err(YamlError::syntax(at, "an alias within what it stands for never ends"));
        };
        self.copied += anchored.weight;
        if self.copied > MOST_COPIED {
            return Err(YamlError::limit(at, "the aliases up to here stand for too much text"));
        }
        if self.open.len() + anchored.depth > DEEPEST {
            return Err(too_deep(at));
        }
        Ok(Node {
            position: at,
            ..anchored.node.clone()
        })
    }
}

/// Replaces [`MERGE_KEY`] in `entries` by the fields of its mappings. The mapping's own keys take precedence, then those of earlier
/// mappings. Nothing is copied here: the weight of aliases was counted before.
fn merge_mappings(entries: Vec<KeyValue>) -> Vec<KeyValue> {
    if entries.iter().all(|entry| entry.key != MERGE_KEY) {
        return entries;
    }
    let mut taken: HashSet<String> = entries.iter().map(|entry| entry.key.clone()).collect();
    let mut all = Vec::with_capacity(entries.len());
    for KeyValue { key, at, node } in entries {
        if key != MERGE_KEY {
            all.push(KeyValue { key, at, node });
            continue;
        }
        let sources = match node.value {
            Value::List(nodes) => nodes,
            value => vec![Node { value, ..node }],
        };
        for source in sources {
            let Value::Map(map) = source.value else { continue };
            // if one mapping has a key twice, both values count
            let fields: Vec<_> = map.into_iter().filter(|(key, _)| !taken.contains(key)).collect();
            taken.extend(fields.iter().map(|(key, _)| key.clone()));
            all.extend(fields.into_iter().map(|(key, node)| KeyValue { key, at, node }));
        }
    }
    all
}

fn too_deep(at: Position) -> YamlError {
    YamlError::limit(at, "lists and mappings are nested too deep")
}

fn scalar(text: Cow<'_, str>, style: ScalarStyle, tag: Option<&Tag>) -> Value {
    let is_text = tag.is_some_and(|tag| tag.suffix == "str" || tag.suffix.is_empty());
    let plain = style == ScalarStyle::Plain && !is_text;
    if plain && matches!(&*text, "" | "~" | "null" | "Null" | "NULL") {
        Value::Null
    } else {
        Value::Scalar {
            text: text.into_owned(),
            plain,
        }
    }
}

/// The weight of `node`, as [`MOST_COPIED`] counts it, and how many lists and mappings deep it is.
fn measure(node: &Node) -> (usize, usize) {
    let within = |(weight, depth): (usize, usize), node: &Node| {
        let (more, deeper) = measure(node);
        (weight + more, depth.max(deeper))
    };
    match &node.value {
        Value::Null => (1, 0),
        Value::Scalar { text, .. } => (1 + text.len(), 0),
        Value::List(nodes) => {
            let (weight, depth) = nodes.iter().fold((1, 0), within);
            (weight, depth + 1)
        }
        Value::Map(fields) => {
            let keys: usize = fields.iter().map(|(key, _)| key.len()).sum();
            let (weight, depth) = fields.iter().map(|(_, node)| node).fold((1, 0), within);
            (weight + keys, depth + 1)
        }
    }
}

/// Returns the error for a `block` that exceeds a limit.
pub(in super::super) fn refuse(block: FrontMatterText<'_, '_>, error: &YamlError) -> Diagnostic {
    let mend = "write it without nesting, as in other posts".to_owned();
    block
        .file
        .refuse("front-matter-too-complex", error.at, error.why.to_string(), mend)
}

/// Why a text is not usable as YAML.
pub(in super::super) struct YamlError {
    pub(in super::super) at: Position,
    /// In words for the author, as part of a sentence.
    pub(in super::super) why: Cow<'static, str>,
    /// Whether it may be valid YAML but exceeds a limit.
    pub(in super::super) is_limit: bool,
}

impl YamlError {
    fn syntax(at: Position, why: &'static str) -> YamlError {
        YamlError {
            at,
            why: why.into(),
            is_limit: false,
        }
    }

    fn limit(at: Position, why: &'static str) -> YamlError {
        YamlError {
            at,
            why: why.into(),
            is_limit: true,
        }
    }
}

/// The parser's message `info` in words for the author.
fn explain(info: &str) -> Cow<'static, str> {
    const MEANINGS: [(&str, &str); 17] = [
        ("mapping values are not allowed", "a value without quotes may not hold `: `"),
        ("illegal placement of ':'", "a value without quotes may not hold `: `"),
        ("':' must be followed", "a space is missing after `:`"),
        ("tab", "a tab stands where YAML wants spaces"),
        ("unexpected end of stream", "a quote is opened and never closed"),
        ("document indicator", "a quote is opened and never closed"),
        ("trailing content after double-quoted", "text follows the closing quote"),
        ("did not find expected key", "this does not fit the lines before it"),
        ("simple key expect", "a `: ` after the key is missing"),
        ("expected ',' or ']'", "a list is opened with `[` and not closed"),
        ("expected ',' or '}'", "a mapping is opened with `{` and not closed"),
        ("flow construct", "a list or mapping is opened and not closed"),
        (
            "unknown anchor",
            "a value without quotes may not begin with `*`, which is YAML's sign for an alias",
        ),
        (
            "expected node content",
            "a value is missing, or a bracket stands where none can",
        ),
        ("escape", "between double quotes, `\\` has to be written twice"),
        ("recursion limit", "lists and mappings are nested too deep"),
        ("block sequence entries", "a list item needs a line of its own"),
    ];
    if let Some(sign) = info
        .strip_prefix("unexpected character: `")
        .and_then(|rest| rest.chars().next())
    {
        return format!("a value without quotes may not begin with `{sign}`").into();
    }
    match MEANINGS.iter().find(|(part, _)| info.contains(part)) {
        Some((_, meaning)) => (*meaning).into(),
        None => format!("this is not YAML: {info}").into(),
    }
}

//! The strict reading: a parser's events → a tree.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};

use super::{Mistake, plainly};
use crate::post::front_matter::{DEEPEST, Entry, Node, Position, Repeated, Value, keep_last};

/// What the copies that aliases make may weigh in all: a unit for each node and one for each byte of its spelling. Ten aliases of
/// ten aliases of … make 10⁹ nodes of a few hundred bytes.
const MOST_COPIED: usize = 256 * 1024;

/// The key whose value is mappings that belong to the one it stands in (YAML 1.1, <https://yaml.org/type/merge.html>).
const MERGE_KEY: &str = "<<";

/// A mapping, and the keys that came twice in the mappings within it.
#[derive(Default)]
pub(in super::super) struct Tree {
    pub(in super::super) entries: Vec<Entry>,
    pub(in super::super) repeated: Vec<Repeated>,
}

/// Reads `text`, whose first line is number `line` of the file, as one document that is a mapping or nothing.
pub(in super::super) fn strict(text: &str, line: usize) -> Result<Tree, Mistake> {
    let mut builder = Builder {
        line,
        open: Vec::new(),
        root: None,
        anchors: HashMap::new(),
        copied: 0,
        repeated: Vec::new(),
    };
    // the parser takes NUL for the end of the text, and would leave out what follows without a word
    if let Some(nul) = text.find('\0') {
        let at = Position::of(text, nul);
        let at = Position {
            line: at.line + line - 1,
            ..at
        };
        return Err(Mistake::syntax(at, "a NUL character is not YAML"));
    }
    let mut documents = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| builder.misread(&error))?;
        if matches!(event, Event::DocumentStart(_)) {
            documents += 1;
            if documents > 1 {
                return Err(Mistake::syntax(
                    builder.place(&span),
                    "a second document begins within the front matter",
                ));
            }
        }
        builder.take(event, &span)?;
    }
    let no_mapping = |at| Mistake::syntax(at, "a `key: value` is needed");
    let entries = match builder.root {
        Some(Root::Map(entries)) => entries,
        None | Some(Root::Node(Node { value: Value::Null, .. })) => Vec::new(),
        Some(Root::Node(node)) => return Err(no_mapping(node.position)),
    };
    Ok(Tree {
        entries,
        repeated: builder.repeated,
    })
}

/// What the document is.
enum Root {
    Map(Vec<Entry>),
    Node(Node),
}

/// A list or mapping that is not complete yet.
struct Open {
    at: Position,
    anchor: usize,
    items: Items,
}

enum Items {
    List(Vec<Node>),
    /// With the key that waits for its value.
    Map(Vec<Entry>, Option<(String, Position)>),
}

/// A node that aliases may copy.
struct Anchored {
    node: Node,
    weight: usize,
    depth: usize,
}

/// Makes a tree of events.
struct Builder {
    line: usize,
    open: Vec<Open>,
    root: Option<Root>,
    anchors: HashMap<usize, Anchored>,
    copied: usize,
    repeated: Vec<Repeated>,
}

impl Builder {
    fn place(&self, span: &Span) -> Position {
        Position {
            line: span.start.line() + self.line - 1,
            column: span.start.col() + 1,
        }
    }

    fn misread(&self, error: &ScanError) -> Mistake {
        let at = Position {
            line: error.marker().line() + self.line - 1,
            column: error.marker().col() + 1,
        };
        Mistake {
            at,
            why: plainly(error.info()),
            is_limit: error.info() == "recursion limit exceeded",
        }
    }

    fn take(&mut self, event: Event<'_>, span: &Span) -> Result<(), Mistake> {
        let at = self.place(span);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                if self.wants_key() {
                    self.take_key(text.into_owned(), at);
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
                    Value::Scalar { text, .. } if self.wants_key() => self.take_key(text, at),
                    _ if self.wants_key() => return Err(Mistake::syntax(at, "a key has to be a text")),
                    _ => self.add(node, 0),
                }
            }
            Event::SequenceStart(anchor, _) => self.begin(Items::List(Vec::new()), anchor, at)?,
            Event::MappingStart(anchor, _) => self.begin(Items::Map(Vec::new(), None), anchor, at)?,
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {}
        }
        Ok(())
    }

    fn wants_key(&self) -> bool {
        matches!(
            self.open.last(),
            Some(Open {
                items: Items::Map(_, None),
                ..
            })
        )
    }

    fn take_key(&mut self, key: String, at: Position) {
        if let Some(Open {
            items: Items::Map(_, waiting),
            ..
        }) = self.open.last_mut()
        {
            *waiting = Some((key, at));
        }
    }

    fn begin(&mut self, items: Items, anchor: usize, at: Position) -> Result<(), Mistake> {
        if self.wants_key() {
            return Err(Mistake::syntax(at, "a key has to be a text"));
        }
        if self.open.len() >= DEEPEST {
            return Err(too_deep(at));
        }
        self.open.push(Open { at, anchor, items });
        Ok(())
    }

    fn end(&mut self) {
        let Some(Open { at, anchor, items }) = self.open.pop() else {
            return;
        };
        let value = match items {
            Items::List(nodes) => Value::List(nodes),
            Items::Map(entries, _) if self.open.is_empty() => {
                self.root = Some(Root::Map(merged(entries)));
                return;
            }
            Items::Map(entries, _) => Value::Map(keep_last(merged(entries), &mut self.repeated)),
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
            Some(Items::List(nodes)) => nodes.push(node),
            Some(Items::Map(entries, waiting)) => {
                if let Some((key, at)) = waiting.take() {
                    entries.push(Entry { key, at, node });
                }
            }
            None => self.root = Some(Root::Node(node)),
        }
    }

    /// A copy of the node that `anchor` names, to stand at `at`.
    fn copy(&mut self, anchor: usize, at: Position) -> Result<Node, Mistake> {
        let Some(anchored) = self.anchors.get(&anchor) else {
            return Err(Mistake::syntax(at, "an alias within what it stands for never ends"));
        };
        self.copied += anchored.weight;
        if self.copied > MOST_COPIED {
            return Err(Mistake::limit(at, "the aliases up to here stand for too much text"));
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

/// `entries` with what the mappings after [`MERGE_KEY`] hold in its place: the mapping's own keys win, and of several mappings the
/// first. What aliases copy has been weighed by then, and nothing is copied here.
fn merged(entries: Vec<Entry>) -> Vec<Entry> {
    if entries.iter().all(|entry| entry.key != MERGE_KEY) {
        return entries;
    }
    let mut taken: HashSet<String> = entries.iter().map(|entry| entry.key.clone()).collect();
    let mut all = Vec::with_capacity(entries.len());
    for Entry { key, at, node } in entries {
        if key != MERGE_KEY {
            all.push(Entry { key, at, node });
            continue;
        }
        let sources = match node.value {
            Value::List(nodes) => nodes,
            value => vec![Node { value, ..node }],
        };
        for source in sources {
            let Value::Map(map) = source.value else { continue };
            // of a key that one mapping holds twice both values count
            let fields: Vec<_> = map.into_iter().filter(|(key, _)| !taken.contains(key)).collect();
            taken.extend(fields.iter().map(|(key, _)| key.clone()));
            all.extend(fields.into_iter().map(|(key, node)| Entry { key, at, node }));
        }
    }
    all
}

fn too_deep(at: Position) -> Mistake {
    Mistake::limit(at, "lists and mappings are nested too deep")
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

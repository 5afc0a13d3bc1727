//! Atom 1.0 (RFC 4287).

use jiff::Timestamp;
use roxmltree::{Document, Node};

use super::{ATOM, FH, XmlRule, all, is_absolute, is_once, is_rfc3339, is_unique, text};

fn entries<'a>(atom: &'a Document) -> impl Iterator<Item = Node<'a, 'a>> {
    all(atom.root_element(), ATOM, "entry")
}

/// Whether `content` is an empty XHTML text (RFC 4287, section 4.1.3.3).
fn is_empty(content: Node) -> bool {
    let parts: Vec<_> = content.children().collect();
    content.attribute("type") == Some("xhtml")
        && matches!(parts[..], [div] if div.has_tag_name(("http://www.w3.org/1999/xhtml", "div")) && !div.has_children())
}

pub(super) const RULES: &[XmlRule] = &[
    ("2.1 a feed has one id, title and updated, and an author", |atom| {
        let once = |name| is_once(atom.root_element(), ATOM, name);
        ["id", "title", "updated", "author"].into_iter().all(once)
    }),
    ("2.2 an entry has one id, title and updated", |atom| {
        entries(atom).all(|entry| ["id", "title", "updated"].into_iter().all(|name| is_once(entry, ATOM, name)))
    }),
    (
        "2.3 an entry has one alternate, and a content that is empty only where there is no summary",
        |atom| {
            entries(atom).all(|entry| {
                let alternates = all(entry, ATOM, "link").filter(|link| link.attribute("rel") == Some("alternate"));
                let contents: Vec<_> = all(entry, ATOM, "content").collect();
                let has_summary = text(entry, ATOM, "summary").is_some();
                alternates.count() == 1
                    && match contents[..] {
                        [] => has_summary,
                        [content] => content.text().is_some() || is_empty(content) && !has_summary,
                        _ => false,
                    }
            })
        },
    ),
    ("2.4 a feed has one self, and one alternate, which stands last", |atom| {
        let relations: Vec<_> = all(atom.root_element(), ATOM, "link")
            .filter_map(|link| link.attribute("rel"))
            .collect();
        let count = |name| relations.iter().filter(|&&relation| relation == name).count();
        count("self") == 1 && count("alternate") == 1 && relations.last() == Some(&"alternate")
    }),
    ("2.5 ids are unique", |atom| {
        is_unique(entries(atom).map(|entry| text(entry, ATOM, "id")))
    }),
    ("2.6 dates are RFC 3339", |atom| {
        let is_date = |node: &Node| matches!(node.tag_name().name(), "updated" | "published");
        atom.descendants()
            .filter(is_date)
            .all(|date| date.text().is_some_and(is_rfc3339))
    }),
    ("2.7 texts are text, content is html or empty", |atom| {
        let is_named = |node: Node, names: &[&str]| node.is_element() && names.contains(&node.tag_name().name());
        let texts = ["title", "subtitle", "summary", "rights"];
        atom.descendants()
            .all(|node| !is_named(node, &texts) || node.attribute("type") == Some("text"))
            && entries(atom)
                .flat_map(|entry| all(entry, ATOM, "content"))
                .all(|node| node.attribute("type") == Some("html") || is_empty(node))
    }),
    ("2.8 updated is not before published", |atom| {
        let date = |entry, name| text(entry, ATOM, name).unwrap().parse::<Timestamp>().unwrap();
        entries(atom).all(|entry| date(entry, "updated") >= date(entry, "published"))
    }),
    ("2.9 terms, hrefs and names are there", |atom| {
        atom.descendants()
            .filter(Node::is_element)
            .all(|node| match node.tag_name().name() {
                "category" => node.attribute("term").is_some_and(|term| !term.is_empty()),
                "link" => node.attribute("href").is_some_and(is_absolute),
                "author" => text(node, ATOM, "name").is_some_and(|name| !name.is_empty()),
                _ => true,
            })
    }),
    ("4.1 the mark of an archive stands before the entries", |atom| {
        let position = |node: Node| node.range().start;
        let archive = all(atom.root_element(), FH, "archive").next().map(position);
        archive.is_none_or(|archive| entries(atom).all(|entry| archive < position(entry)))
    }),
    ("4.6 no link along the history inside an entry", |atom| {
        let allowed = ["alternate", "related", "enclosure"];
        let mut links = entries(atom).flat_map(|entry| all(entry, ATOM, "link"));
        links.all(|link| link.attribute("rel").is_some_and(|relation| allowed.contains(&relation)))
    }),
];

//! The entities that an XML document declares, and the resolution of references (XML 1.0, sections 4.1 and 4.2).
//!
//! The text of an entity is not expanded again, so a document cannot grow: an entity whose text refers to another one is unresolved,
//! and so is an external one.

use std::collections::HashMap;

/// The most entities that are read.
const MOST_ENTITIES: usize = 200;
/// The most bytes of an entity's text.
const LONGEST_ENTITY: usize = 1000;

/// Entities by name, with their texts.
#[derive(Debug, Default)]
pub(super) struct Entities(HashMap<String, Option<String>>);

impl Entities {
    /// Parses the declarations in `declaration`, the content of a `<!DOCTYPE …>`.
    pub(super) fn parse(declaration: &str) -> Entities {
        let mut entities = HashMap::new();
        let mut rest = declaration;
        while let Some((_, after)) = rest.split_once("<!") {
            if let Some(comment) = after.strip_prefix("--") {
                rest = comment.split_once("-->").map_or("", |(_, after)| after);
                continue;
            }
            rest = after;
            let Some(entity) = after.strip_prefix("ENTITY") else {
                continue;
            };
            let Some((name, value)) = entity.trim_start().split_once(|c: char| c.is_ascii_whitespace()) else {
                continue;
            };
            if entities.len() == MOST_ENTITIES {
                break;
            }
            let value = value.trim_start();
            let quoted = value.chars().next().filter(|quote| matches!(quote, '"' | '\''));
            let text = quoted.and_then(|quote| value.get(1..)?.split_once(quote));
            if let Some((_, after)) = text {
                rest = after;
            }
            // the first declaration of a name wins
            let text = text.and_then(|(text, _)| entity_value(text));
            entities.entry(name.to_owned()).or_insert(text);
        }
        Entities(entities)
    }

    /// The text of the reference to `name`; `None` if it is unresolved.
    pub(super) fn resolve(&self, name: &str) -> Option<String> {
        if let Some(declared) = self.0.get(name) {
            return declared.clone();
        }
        is_predefined(name).then(|| html_escape::decode_html_entities(&format!("&{name};")).into_owned())
    }

    /// The first unresolved reference in `text`, as written.
    pub(super) fn first_unresolved(&self, text: &str) -> Option<String> {
        let references = text.split('&').skip(1).filter_map(|after| after.split_once(';'));
        let mut names = references.map(|(name, _)| name).filter(|name| is_name(name));
        let unresolved = names.find(|name| self.resolve(name).is_none())?;
        Some(format!("&{unresolved};"))
    }
}

/// The value of an entity with the literal `text`, if that refers to no other entity and contains no markup.
fn entity_value(text: &str) -> Option<String> {
    if text.len() > LONGEST_ENTITY || text.contains(['<', '%']) {
        return None;
    }
    let names = text
        .split('&')
        .skip(1)
        .map(|after| after.split_once(';').map_or("", |(name, _)| name));
    let is_plain = names.into_iter().all(is_predefined);
    is_plain.then(|| html_escape::decode_html_entities(text).into_owned())
}

/// Whether `name` is a character reference, or one of the five predefined entities.
fn is_predefined(name: &str) -> bool {
    name.starts_with('#') || matches!(name, "amp" | "lt" | "gt" | "quot" | "apos")
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '#' | '_' | '-' | '.' | ':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_resolved() {
        let declaration = r#"rss [ <!-- <!ENTITY c "comment"> --> <!ENTITY a "one">
            <!ENTITY b 'tw&#111;'><!ENTITY a "again"><!ENTITY nested "&a;&a;"><!ENTITY % p "q"><!ENTITY file SYSTEM "file:///etc/passwd">
            <!ENTITY copy "mine"> <!ENTITY markup "<b>"> ]"#;
        let entities = Entities::parse(declaration);
        for (name, expected) in [
            ("a", Some("one")),
            ("b", Some("two")),
            ("copy", Some("mine")),
            ("amp", Some("&")),
            ("#65", Some("A")),
            ("#x41", Some("A")),
            ("c", None),
            ("nested", None),
            ("p", None),
            ("q", None),
            ("file", None),
            ("markup", None),
            ("nbsp", None),
            ("x", None),
        ] {
            assert_eq!(entities.resolve(name).as_deref(), expected, "{name}");
        }
        assert_eq!(entities.first_unresolved("?a=1&b=2&amp;c&a;"), None);
        assert_eq!(entities.first_unresolved("?a=1&amp;b&x;").as_deref(), Some("&x;"));
        for broken in [
            "rss [<!ENTITY",
            "rss [<!ENTITY a",
            "rss [<!ENTITY a \"",
            "rss [<!--",
            "<!ENTITY é 'x'>",
            "",
        ] {
            Entities::parse(broken);
        }
    }

    #[test]
    fn entities_are_not_expanded_recursively() {
        let mut declaration = r#"rss [<!ENTITY l0 "lol">"#.to_owned();
        for level in 1..1000 {
            let text = format!("&l{};", level - 1).repeat(10);
            declaration.extend(["<!ENTITY l", &level.to_string(), " \"", &text, "\">"]);
        }
        let entities = Entities::parse(&declaration);
        assert_eq!(entities.resolve("l0").as_deref(), Some("lol"));
        assert!((1..1000).all(|level| entities.resolve(&format!("l{level}")).is_none()));
    }
}

//! Reads a post's former addresses: `aliases` (Hugo, Zola), `redirect_from` (Jekyll), `Path-Alias` (Publ).
//!
//! An alias that contains `/` is a path from the site's root, perhaps with one parameter of a query (`/?p=123`). One that begins with `./` or `../` is a path from the folder of the
//! post's own address, as in Hugo. A single word may be a path or the other name of an Obsidian note: it is stored as a [name], and
//! leads to the post only where nothing else has that address.
//!
//! [name]: Post::addresses_of_names

use percent_encoding::percent_decode_str;

use super::Post;
use super::address::{AddressError, address_from_root, checked_address, is_segment, page_key, path_on_site};
use super::fields::{self, Fields};
use super::node::{Node, Value};
use super::remarks::Remarks;
use crate::config::{Config, is_parameter};

/// A post's former addresses and other names.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Aliases {
    /// Former addresses, as paths.
    pub addresses: Vec<String>,
    /// Single words: old addresses, or other names of an Obsidian note.
    pub names: Vec<String>,
}

/// Keys whose values are paths or names.
const MIXED_KEYS: [&str; 2] = ["aliases", "alias"];
/// Keys whose values are only paths from the site's root.
const PATH_KEYS: [&str; 2] = ["redirect_from", "path_alias"];

/// The most aliases and names of one post; further ones are reported and left out.
const MOST_ALIASES: usize = 64;
/// A longer name, in bytes, is left out.
const LONGEST_NAME: usize = 200;

/// Returns the aliases in `fields` of the post whose address is `own`.
pub(super) fn read_aliases(fields: &Fields, own: &str, config: &Config, remarks: &mut Remarks) -> Aliases {
    let texts_of = |keys: &[&str], may_be_name: bool| {
        let nodes = fields.all(keys).into_iter();
        nodes.flat_map(move |(_, node)| {
            split_texts(node, may_be_name)
                .into_iter()
                .map(move |text| (text, may_be_name))
        })
    };
    let mut written = texts_of(&MIXED_KEYS, true).chain(texts_of(&PATH_KEYS, false));
    let mut found = Aliases::default();
    for ((node, text), may_be_name) in written.by_ref().take(MOST_ALIASES) {
        match parse_alias(text, own, may_be_name, config) {
            Alias::Name if text.len() <= LONGEST_NAME => found.names.push(fields::single_line(text).into_owned()),
            Alias::Name => {}
            // the post's own address is not a former one, and repetitions count once
            Alias::Path(Ok(path)) if page_key(&path) == page_key(own) || found.has(&path) => {}
            Alias::Path(Ok(path)) => found.addresses.push(path),
            Alias::Path(Err(error)) => warn_unusable(node, text, &error, remarks),
        }
    }
    if let Some(((node, _), _)) = written.next() {
        let message = format!("this alias and those after it lead nowhere: a post has at most {MOST_ALIASES}");
        remarks.warn_value("alias-unusable", node, message, "write a `[[redirect]]` in the configuration");
    }
    found
}

impl Aliases {
    fn has(&self, address: &str) -> bool {
        self.addresses.iter().any(|known| page_key(known) == page_key(address))
    }
}

fn warn_unusable(node: &Node, text: &str, error: &AddressError, remarks: &mut Remarks) {
    let shown: String = text.chars().take(100).collect();
    let message = format!("the alias `{shown}` leads nowhere: {}", error.why());
    let (code, mend) = match error {
        AddressError::Reserved => ("alias-reserved", "remove it"),
        _ => ("alias-unusable", "write a path such as `/2019/old-name`"),
    };
    remarks.warn_value(code, node, message, mend);
}

/// The texts in `node`, each with the node that contains it. A single text is split at commas (Obsidian), and at spaces where it begins
/// like a path (Pico).
fn split_texts(node: &Node, may_be_name: bool) -> Vec<(&Node, &str)> {
    let parts: Vec<&str> = match &node.value {
        Value::Scalar { text, .. } if may_be_name && text.contains(',') => text.split(',').collect(),
        Value::Scalar { text, .. } if text.trim_start().starts_with('/') => text.split_whitespace().collect(),
        Value::Scalar { .. } => fields::name(node).into_iter().collect(),
        _ => {
            let elements = fields::elements(node).into_iter();
            return elements.filter_map(|node| Some((node, fields::text(node)?))).collect();
        }
    };
    let parts = parts.into_iter().map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| (node, part)).collect()
}

/// One alias.
enum Alias {
    Path(Result<String, AddressError>),
    Name,
}

fn parse_alias(text: &str, own: &str, may_be_name: bool, config: &Config) -> Alias {
    if let Some((path, query)) = text.split_once('?').filter(|(path, _)| path.starts_with('/')) {
        return Alias::Path(address_with_parameter(path, query));
    }
    if text.starts_with('/') || text.contains("://") {
        return Alias::Path(path_on_site(text, config).and_then(address_from_root));
    }
    if text.starts_with("./") || text.starts_with("../") {
        return Alias::Path(address_from_folder(text, own));
    }
    let is_path = text.trim_matches('/').contains('/') && text.trim_matches('/').split('/').all(is_slug);
    if may_be_name && !is_path {
        return Alias::Name;
    }
    Alias::Path(address_from_root(text))
}

/// Returns the old address `path` with the one parameter `query`, as WordPress has it: `/?p=123`.
fn address_with_parameter(path: &str, query: &str) -> Result<String, AddressError> {
    let path = if path == "/" {
        path.to_owned()
    } else {
        address_from_root(path)?
    };
    let query = percent_decode_str(query).decode_utf8().map_err(|_| AddressError::NotUtf8)?;
    let address = format!("{path}?{query}");
    if is_parameter(&query) && address.len() <= LONGEST_NAME {
        Ok(address)
    } else {
        Err(AddressError::NoPath)
    }
}

/// Returns the address of `path`, percent-encoded or not, relative to the folder of the address `own`.
fn address_from_folder(path: &str, own: &str) -> Result<String, AddressError> {
    let path = percent_decode_str(path).decode_utf8().map_err(|_| AddressError::NotUtf8)?;
    let folder = folder(own).ok_or(AddressError::NoPath)?;
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop().ok_or(AddressError::NoPath)?),
            _ => parts.push(part),
        }
    }
    checked_address(&parts.join("/"))
}

/// The folder of `address`; `None` for an absolute URL.
fn folder(address: &str) -> Option<&str> {
    let (folder, _) = page_key(address).strip_prefix('/')?.rsplit_once('/').unwrap_or_default();
    Some(folder)
}

/// Whether `text` is one word that can be the last segment of an address.
fn is_slug(text: &str) -> bool {
    is_segment(text)
        && text
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '~' | '+' | '@' | '%'))
}

impl Post {
    /// Returns the addresses that the post's names may have been, each to be used only where nothing else has it: a name of one word may
    /// have been an address beside the post (a former slug; Hugo) or at the site's root (Zola).
    pub fn addresses_of_names(&self) -> impl Iterator<Item = String> {
        let words = self.names.iter().filter(|name| is_slug(name));
        let addresses = words.flat_map(|word| {
            let beside = folder(&self.address).map(|folder| format!("{folder}/{word}"));
            [beside, Some(word.clone())].into_iter().flatten()
        });
        addresses.filter_map(|path| checked_address(&path).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::post;
    use crate::source_file::SourceFile;
    use crate::time::Timestamp;

    fn read(front_matter: &str) -> (Post, Vec<String>) {
        let file = SourceFile {
            path: "new.md".into(),
            bytes: format!("---\ndate: 2026-01-01\n{front_matter}\n---\n").into_bytes().into(),
            modified: Timestamp::UNIX_EPOCH,
        };
        let config = Config::parse("feedmill.toml".into(), "[site]\nbase_url = 'https://example.com/blog'").unwrap();
        let reading = post::read(&file, &config).unwrap();
        (reading.post, reading.remarks.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn aliases_in_every_form() {
        // front matter, aliases, names
        let cases: [(&str, &[&str], &[&str]); 31] = [
            ("aliases: [/a, /b/c/]", &["/a", "/b/c/"], &[]),
            ("aliases:\n- /a\n- ~\n- ''\n- [/b]\n- {x: /c}", &["/a", "/b"], &[]),
            ("aliases: /a", &["/a"], &[]),
            ("aliases: /a /b", &["/a", "/b"], &[]),
            ("aliases: /a, /b", &["/a", "/b"], &[]),
            (
                "aliases: [releases/1.0, 2014/12/Core.html]",
                &["/releases/1.0", "/2014/12/Core.html"],
                &[],
            ),
            ("aliases: [./a, ../b/c, ../d]", &["/posts/a", "/b/c", "/d"], &[]),
            ("aliases: old-name", &[], &["old-name"]),
            (
                "aliases: [Kelp, Sea  weed, and/or, Input / Output]",
                &["/and/or"],
                &["Kelp", "Sea weed", "Input / Output"],
            ),
            ("aliases: Kelp, Sea weed", &[], &["Kelp", "Sea weed"]),
            ("aliases: Sea weed", &[], &["Sea weed"]),
            ("alias: /a", &["/a"], &[]),
            ("aliases: false", &[], &[]),
            ("aliases: ''", &[], &[]),
            ("redirect_from: /a/", &["/a/"], &[]),
            ("redirect_from:\n-  /a/\n- b", &["/a/", "/b"], &[]),
            ("redirectFrom: a", &["/a"], &[]),
            ("Path-Alias: /a", &["/a"], &[]),
            ("url: /100%25/x\naliases: [./a%20b]", &["/100%/a b"], &[]),
            ("aliases: [/a]\nredirect_from: [/b, /a]", &["/a", "/b"], &[]),
            ("params: {aliases: [/a]}", &["/a"], &[]),
            ("aliases: [/caf%C3%A9, /日本]", &["/café", "/日本"], &[]),
            ("aliases: [/a/index.html, /b.html]", &["/a/", "/b.html"], &[]),
            ("aliases: [/a, /a/, /a/index.html]", &["/a"], &[]),
            ("aliases: [/posts/new, /posts/new/, /posts/new/index.html]", &[], &[]),
            ("aliases: [/posts/new.html]", &["/posts/new.html"], &[]),
            ("aliases: [https://example.com/blog/a]", &["/a"], &[]),
            ("aliases: [http://EXAMPLE.com/blog/a/]", &["/a/"], &[]),
            ("slug: x\naliases: [/posts/new]", &["/posts/new"], &[]),
            ("url: /a/b/c/\naliases: [../d]", &["/a/d"], &[]),
            ("url: /a/index.html\naliases: [/a]", &[], &[]),
        ];
        for (front_matter, aliases, names) in cases {
            let (post, warnings) = read(front_matter);
            assert_eq!(
                (&post.aliases, &post.names),
                (&owned(aliases).into(), &owned(names).into()),
                "{front_matter}"
            );
            assert_eq!(warnings, Vec::<String>::new(), "{front_matter}");
        }
    }

    #[test]
    fn an_alias_may_have_one_parameter() {
        for (path, query, expected) in [
            ("/", "p=12", Some("/?p=12")),
            ("/blog/", "page_id=3", Some("/blog/?page_id=3")),
            ("/", "name=caf%C3%A9", Some("/?name=café")),
            ("/", "p=1&q=2", None),
            ("/", "p", None),
            ("/", "p=", None),
            ("/../x", "p=1", None),
        ] {
            let found = address_with_parameter(path, query);
            assert_eq!(found.as_deref().ok(), expected, "{path}?{query}");
        }
    }

    #[test]
    fn an_unusable_alias_is_reported_with_its_place() {
        let cases = [
            (
                "aliases: [/a, ../../b]",
                "new.md:3:15: warning: the alias `../../b` leads nowhere: an address cannot contain",
            ),
            (
                "aliases: [/a, /b/../c]",
                "new.md:3:15: warning: the alias `/b/../c` leads nowhere: an address cannot contain",
            ),
            (
                "aliases: ['/?p=12&q=1']",
                "new.md:3:11: warning: the alias `/?p=12&q=1` leads nowhere: an address cannot contain",
            ),
            (
                "aliases: ['/a#b']",
                "new.md:3:11: warning: the alias `/a#b` leads nowhere: an address cannot contain",
            ),
            ("aliases: [\"/a\\nb\"]", "new.md:3:11: warning: the alias `/a"),
            (
                "aliases: /",
                "new.md:3:10: warning: the alias `/` leads nowhere: an address cannot contain",
            ),
            (
                "aliases: /%ff",
                "new.md:3:10: warning: the alias `/%ff` leads nowhere: it is not UTF-8",
            ),
            (
                "redirect_from: a/../b",
                "new.md:3:16: warning: the alias `a/../b` leads nowhere: an address cannot contain",
            ),
            (
                "aliases: https://elsewhere.example/a",
                "new.md:3:10: warning: the alias `https://elsewhere.example/a` leads nowhere: it is not below the site's own address",
            ),
            (
                "aliases: https://example.com/a",
                "new.md:3:10: warning: the alias `https://example.com/a` leads nowhere: it is not below the site's own address",
            ),
            (
                "aliases: https://example.com/blogs/a",
                "new.md:3:10: warning: the alias `https://example.com/blogs/a` leads nowhere: it is not below",
            ),
            (
                "aliases: /feed.xml",
                "new.md:3:10: warning: the alias `/feed.xml` leads nowhere: addresses that begin so are feedmill's",
            ),
            (
                "aliases: /tags/a",
                "new.md:3:10: warning: the alias `/tags/a` leads nowhere: addresses that begin so are feedmill's",
            ),
        ];
        for (front_matter, expected) in cases {
            let (post, warnings) = read(front_matter);
            assert_eq!(warnings.len(), 1, "{front_matter}: {warnings:?}");
            assert!(warnings[0].starts_with(expected), "{front_matter}: {warnings:?}");
            assert!(
                post.aliases.iter().all(|alias| alias == "/a"),
                "{front_matter}: {:?}",
                post.aliases
            );
        }
    }

    #[test]
    fn the_number_and_length_of_aliases_are_limited() {
        let many: Vec<String> = (0..70).map(|n| format!("/a{n}")).collect();
        let (post, warnings) = read(&format!("aliases: [{}]", many.join(", ")));
        assert_eq!(*post.aliases, many[..MOST_ALIASES]);
        assert!(warnings.len() == 1 && warnings[0].contains("at most 64"), "{warnings:?}");
        let (post, _) = read(&format!("aliases: [/{}, {}]", "a".repeat(1024), "b".repeat(201)));
        assert!(post.aliases.is_empty() && post.names.is_empty());
    }

    #[test]
    fn names_may_have_been_addresses() {
        let cases: [(&str, &[&str]); 5] = [
            ("aliases: old-name", &["/posts/old-name", "/old-name"]),
            ("url: /2014/x/\naliases: old", &["/2014/old", "/old"]),
            ("url: /x\naliases: old", &["/old", "/old"]),
            ("aliases: [Two words, 'a?b', '..']", &[]),
            ("aliases: feed", &["/posts/feed"]),
        ];
        for (front_matter, expected) in cases {
            let found: Vec<String> = read(front_matter).0.addresses_of_names().collect();
            assert_eq!(found, owned(expected), "{front_matter}");
        }
    }

    fn owned(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&text| text.to_owned()).collect()
    }
}

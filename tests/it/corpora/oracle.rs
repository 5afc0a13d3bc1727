//! Reads the posts of the corpora with other parsers than feedmill's, by the rules of the tools for which they were written.

use std::collections::BTreeMap;
use std::fs;

use camino::Utf8Path;
use serde::Deserialize;
use serde_json::Value;

/// The expected values of a post in the listing; `None` if this could not read them.
pub struct Expected {
    title: Option<String>,
    day: Option<String>,
    tags: Option<Vec<String>>,
    /// Whether its own site did not publish it as a post.
    pub is_hidden: bool,
}

#[derive(Deserialize)]
struct Head {
    title: Option<String>,
    date: Option<String>,
    path: Option<String>,
    tags: Option<Words>,
    categories: Option<Words>,
    draft: Option<bool>,
    published: Option<bool>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Words {
    One(String),
    Many(Vec<Option<String>>),
}

impl Words {
    /// As Jekyll reads them: one text is split at spaces. (Jekyll keeps commas at the words, which is never meant.)
    fn list(self) -> Vec<String> {
        match self {
            Words::One(text) => text
                .split_whitespace()
                .map(|word| word.trim_matches(',').to_owned())
                .collect(),
            Words::Many(list) => list.into_iter().flatten().collect(),
        }
    }
}

/// Every Markdown file below `root`, relative to it.
pub fn files(root: &Utf8Path) -> Vec<String> {
    fn walk(folder: &Utf8Path, root: &Utf8Path, found: &mut Vec<String>) {
        for entry in folder.read_dir_utf8().unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                walk(entry.path(), root, found);
            } else if entry.path().extension() == Some("md") {
                found.push(entry.path().strip_prefix(root).unwrap().to_string());
            }
        }
    }
    let mut found = Vec::new();
    walk(root, root, &mut found);
    found
}

/// The expected values of every post below `root`, by its path.
pub fn posts(root: &Utf8Path) -> BTreeMap<String, Expected> {
    let is_post = |source: &String| !source.ends_with("_index.md");
    let expected = |source: String| {
        let text = fs::read_to_string(root.join(&source)).unwrap();
        let expected = expected(&source, &text);
        (source, expected)
    };
    files(root).into_iter().filter(is_post).map(expected).collect()
}

fn expected(source: &str, text: &str) -> Expected {
    let parted = |fence: &str| {
        let text = text.trim_start_matches('\u{feff}');
        let (head, body) = text.strip_prefix(fence)?.split_once(&format!("\n{fence}"))?;
        Some((head.to_owned(), body.trim().is_empty()))
    };
    let (yaml, toml) = (parted("---"), parted("+++"));
    let has_text = !yaml.iter().chain(&toml).any(|(_, is_empty)| *is_empty);
    let head: Option<Head> = match (yaml, toml) {
        (Some((yaml, _)), _) => serde_saphyr::from_str(&yaml).ok(),
        (_, Some((toml, _))) => toml::from_str(&toml).ok(),
        _ => None,
    };
    let name = source.rsplit('/').next().unwrap_or_default();
    let dated_name = day(name);
    let Some(head) = head else {
        return Expected {
            title: None,
            day: dated_name,
            tags: None,
            is_hidden: false,
        };
    };
    let dated_path = head.path.as_deref().and_then(day);
    let dated = head
        .date
        .map(|date| date.chars().take(10).collect())
        .or(dated_path)
        .or(dated_name);
    let tags = [head.tags, head.categories]
        .into_iter()
        .flatten()
        .flat_map(Words::list)
        .collect();
    // a file with only a template's name is a page of its site, and not a post
    let is_nothing = head.title.is_none() && dated.is_none() && !has_text;
    Expected {
        title: head.title,
        day: dated,
        tags: Some(tags),
        is_hidden: head.draft == Some(true) || head.published == Some(false) || is_nothing,
    }
}

/// The day at the start of `text`: `2026-01-31-hello`, `2026/01/31/hello`.
fn day(text: &str) -> Option<String> {
    let day = text.get(..10)?;
    let is_day = day.char_indices().all(|(at, c)| {
        if at == 4 || at == 7 {
            matches!(c, '-' | '/')
        } else {
            c.is_ascii_digit()
        }
    });
    is_day.then(|| day.replace('/', "-"))
}

impl Expected {
    /// The differences in the listing for the post `source`.
    pub fn differences(&self, source: &str, listed: &Value) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.is_hidden {
            wrong.push(format!("{source}: is hidden, and listed"));
        }
        let folded = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some(title) = self.title.as_deref().map(folded)
            && listed["title"] != html_unescaped(&title)
        {
            wrong.push(format!("{source}: {title:?} is listed as {}", listed["title"]));
        }
        if let Some(day) = &self.day
            && !listed["date_published"].as_str().unwrap().starts_with(day.as_str())
        {
            wrong.push(format!("{source}: of {day}, and listed as of {}", listed["date_published"]));
        }
        if let Some(tags) = &self.tags {
            let mut distinct: Vec<String> = Vec::new();
            for tag in tags.iter().map(|tag| folded(tag)).filter(|tag| !tag.is_empty()) {
                if !distinct.iter().any(|known| known.to_lowercase() == tag.to_lowercase()) {
                    distinct.push(tag);
                }
            }
            let found: Vec<&str> = listed["tags"]
                .as_array()
                .unwrap()
                .iter()
                .map(|tag| tag.as_str().unwrap())
                .collect();
            if found != distinct {
                wrong.push(format!("{source}: {distinct:?} is listed as {found:?}"));
            }
        }
        wrong
    }
}

fn html_unescaped(text: &str) -> String {
    let entities = [
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&ldquo;", "“"),
        ("&rdquo;", "”"),
        ("&amp;", "&"),
    ];
    entities
        .iter()
        .fold(text.to_owned(), |text, (entity, character)| text.replace(entity, character))
}

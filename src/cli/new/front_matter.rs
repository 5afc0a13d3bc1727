//! The front matter of a new post.

use std::fmt::Write as _;

use jiff::civil;
use serde_json::json;

/// The form of front matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum FrontMatterForm {
    /// YAML between lines of `---`.
    #[default]
    Yaml,
    /// TOML between lines of `+++`.
    Toml,
    /// A JSON object.
    Json,
}

/// What the front matter says.
#[derive(Debug)]
pub(super) struct NewFields<'a> {
    pub(super) title: &'a str,
    /// `None` for a page.
    pub(super) date: Option<civil::DateTime>,
    /// Whether the date is written with its time.
    pub(super) has_time: bool,
    pub(super) tags: &'a [String],
    /// As the other posts write it.
    pub(super) author: Option<&'a str>,
    pub(super) is_draft: bool,
    pub(super) is_page: bool,
}

impl FrontMatterForm {
    /// The form of the front matter that `text` begins with.
    pub(super) fn of(text: &str) -> Option<FrontMatterForm> {
        let first = text.trim_start_matches('\u{feff}').lines().next()?.trim_end();
        match first {
            "---" => Some(FrontMatterForm::Yaml),
            "+++" => Some(FrontMatterForm::Toml),
            _ if first.starts_with('{') && !first.starts_with("{%") && !first.starts_with("{{") => Some(FrontMatterForm::Json),
            _ => None,
        }
    }

    /// The value of the key `name` in the front matter that `text` begins with, as written there on one line.
    pub(super) fn value_of(self, text: &str, name: &str) -> Option<String> {
        let (sign, end) = match self {
            FrontMatterForm::Yaml => (':', "---"),
            FrontMatterForm::Toml => ('=', "+++"),
            FrontMatterForm::Json => return None,
        };
        let lines = text.lines().skip(1).take_while(|line| line.trim_end() != end);
        let value = lines
            .filter_map(|line| line.split_once(sign))
            .find(|(key, _)| key.trim_end() == name);
        value
            .map(|(_, value)| value.trim().to_owned())
            .filter(|value| !value.is_empty())
    }

    /// The text of a new file.
    pub(super) fn write(self, fields: &NewFields) -> String {
        match self {
            FrontMatterForm::Yaml => fields.between("---", ": "),
            FrontMatterForm::Toml => fields.between("+++", " = "),
            FrontMatterForm::Json => fields.as_json(),
        }
    }
}

impl NewFields<'_> {
    /// The fields in lines between two lines with `fence`. A JSON string is a string in YAML and in TOML too.
    fn between(&self, fence: &str, sign: &str) -> String {
        let mut text = format!("{fence}\ntitle{sign}{}\n", json!(self.title));
        if let Some(date) = self.date_text() {
            let _ = writeln!(text, "date{sign}{date}");
        }
        if self.is_page {
            let _ = writeln!(text, "type{sign}{}", json!("page"));
        } else {
            let tags: Vec<String> = self.tags.iter().map(|tag| json!(tag).to_string()).collect();
            let _ = writeln!(text, "tags{sign}[{}]", tags.join(", "));
        }
        if let Some(author) = self.author {
            let _ = writeln!(text, "author{sign}{author}");
        }
        if self.is_draft {
            let _ = writeln!(text, "draft{sign}true");
        }
        let _ = writeln!(text, "{fence}\n");
        text
    }

    fn as_json(&self) -> String {
        let mut fields = json!({ "title": self.title });
        let mut add = |name: &str, value: serde_json::Value| {
            if let Some(fields) = fields.as_object_mut() {
                fields.insert(name.to_owned(), value);
            }
        };
        if let Some(date) = self.date_text() {
            add("date", date.into());
        }
        if self.is_page {
            add("type", "page".into());
        } else {
            add("tags", self.tags.into());
        }
        if self.is_draft {
            add("draft", true.into());
        }
        format!("{fields:#}\n\n")
    }

    fn date_text(&self) -> Option<String> {
        let date = self.date?;
        Some(if self.has_time {
            date.strftime("%Y-%m-%dT%H:%M:%S").to_string()
        } else {
            date.date().to_string()
        })
    }
}

#[cfg(test)]
mod tests {
    use camino::Utf8Path;

    use super::*;
    use crate::config::Config;
    use crate::post::{Status, read};
    use crate::source_file::SourceFile;
    use crate::time::Timestamp;

    #[test]
    fn what_is_written_is_read_again() {
        let tags = ["sea".to_owned(), "C++: \"x\"".to_owned()];
        for form in [FrontMatterForm::Yaml, FrontMatterForm::Toml, FrontMatterForm::Json] {
            for (title, is_draft, has_time) in [("Plain", true, false), ("A: \"b\" #c \\ 'é' {{ x }}", false, true)] {
                let fields = NewFields {
                    title,
                    date: Some(civil::datetime(2026, 1, 31, 9, 30, 0, 0)),
                    has_time,
                    tags: &tags,
                    author: None,
                    is_draft,
                    is_page: false,
                };
                let text = form.write(&fields);
                assert_eq!(FrontMatterForm::of(&text), Some(form));
                let file = SourceFile {
                    path: Utf8Path::new("a.md").into(),
                    bytes: text.clone().into_bytes().into(),
                    modified: Timestamp::UNIX_EPOCH,
                };
                let read = read(&file, &Config::default()).unwrap();
                assert_eq!(read.post.title, title, "{text}");
                assert_eq!(read.post.status == Status::Draft, is_draft, "{text}");
                assert_eq!(
                    read.post.tags.iter().collect::<Vec<_>>(),
                    tags.iter().collect::<Vec<_>>(),
                    "{text}"
                );
                let date = if has_time {
                    "2026-01-31T09:30:00Z"
                } else {
                    "2026-01-31T00:00:00Z"
                };
                assert_eq!(read.post.date.rfc3339(), date, "{text}");
                assert!(read.remarks.is_empty(), "{:?}", read.remarks);
            }
        }
    }

    #[test]
    fn values_are_found_as_written() {
        let yaml = "---\ntitle: x\nauthor: \"Ann\"\n---\nauthor: no\n";
        assert_eq!(FrontMatterForm::Yaml.value_of(yaml, "author").as_deref(), Some("\"Ann\""));
        assert_eq!(
            FrontMatterForm::Yaml.value_of("---\ntitle: x\n---\nauthor: no\n", "author"),
            None
        );
        assert_eq!(
            FrontMatterForm::Toml
                .value_of("+++\nauthor = 'Ann'\n+++\n", "author")
                .as_deref(),
            Some("'Ann'")
        );
        for (text, form) in [
            ("{\"a\": 1}", Some(FrontMatterForm::Json)),
            ("{{ x }}", None),
            ("# A", None),
            ("", None),
        ] {
            assert_eq!(FrontMatterForm::of(text), form, "{text}");
        }
    }
}

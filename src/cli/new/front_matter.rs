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
    /// TOML with the tags in a table `[taxonomies]`, as Zola has them.
    TomlTaxonomies,
    /// A JSON object.
    Json,
    /// Lines such as `Title: …` up to an empty line, as Pelican has them.
    Header,
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
        let text = text.trim_start_matches('\u{feff}');
        let first = text.lines().next()?.trim_end();
        match first {
            "---" => Some(FrontMatterForm::Yaml),
            "+++" if front_lines(text, "+++").any(|line| line.trim() == "[taxonomies]") => Some(FrontMatterForm::TomlTaxonomies),
            "+++" => Some(FrontMatterForm::Toml),
            _ if first.starts_with('{') && !first.starts_with("{%") && !first.starts_with("{{") => Some(FrontMatterForm::Json),
            _ => {
                let mut keys = text.lines().map_while(|line| line.split_once(": ")).map(|(key, _)| key);
                keys.any(|key| key.eq_ignore_ascii_case("title"))
                    .then_some(FrontMatterForm::Header)
            }
        }
    }

    /// The value of the key `name` in the front matter that `text` begins with, as written there on one line.
    pub(super) fn value_of(self, text: &str, name: &str) -> Option<String> {
        let lines: Vec<&str> = match self {
            FrontMatterForm::Yaml => front_lines(text, "---").collect(),
            FrontMatterForm::Toml | FrontMatterForm::TomlTaxonomies => front_lines(text, "+++").collect(),
            FrontMatterForm::Header => text.lines().take_while(|line| !line.trim().is_empty()).collect(),
            FrontMatterForm::Json => return None,
        };
        let sign = match self {
            FrontMatterForm::Toml | FrontMatterForm::TomlTaxonomies => '=',
            _ => ':',
        };
        let value = lines
            .into_iter()
            .filter_map(|line| line.split_once(sign))
            .find(|(key, _)| key.trim_end().eq_ignore_ascii_case(name));
        value
            .map(|(_, value)| value.trim().to_owned())
            .filter(|value| !value.is_empty())
    }

    /// The text of a new file.
    pub(super) fn write(self, fields: &NewFields) -> String {
        match self {
            FrontMatterForm::Yaml => fields.between("---", ": ", false),
            FrontMatterForm::Toml => fields.between("+++", " = ", false),
            FrontMatterForm::TomlTaxonomies => fields.between("+++", " = ", true),
            FrontMatterForm::Json => fields.as_json(),
            // a comma in a tag cannot be said there
            FrontMatterForm::Header if fields.tags.iter().any(|tag| tag.contains(',')) => fields.between("---", ": ", false),
            FrontMatterForm::Header => fields.as_header(),
        }
    }
}

/// The lines between the first line of `text` and one that is `fence`.
fn front_lines<'a>(text: &'a str, fence: &'a str) -> impl Iterator<Item = &'a str> {
    text.lines().skip(1).take_while(move |line| line.trim_end() != fence)
}

impl NewFields<'_> {
    /// The fields in lines between two lines with `fence`. A JSON string is a string in YAML and in TOML too. `has_table` says whether the
    /// tags are in the table `[taxonomies]`.
    fn between(&self, fence: &str, sign: &str, has_table: bool) -> String {
        let mut text = format!("{fence}\ntitle{sign}{}\n", json!(self.title));
        let mut add = |key: &str, value: String| {
            let _ = writeln!(text, "{key}{sign}{value}");
        };
        if let Some(date) = self.date_text('T') {
            add("date", date);
        }
        let tags: Vec<String> = self.tags.iter().map(|tag| json!(tag).to_string()).collect();
        let tags = format!("[{}]", tags.join(", "));
        if self.is_page {
            add("type", json!("page").to_string());
        } else if !has_table {
            add("tags", tags.clone());
        }
        if let Some(author) = self.author {
            add("author", author.to_owned());
        }
        if self.is_draft {
            add("draft", true.to_string());
        }
        if has_table && !self.is_page {
            let _ = writeln!(text, "\n[taxonomies]\ntags{sign}{tags}");
        }
        let _ = writeln!(text, "{fence}\n");
        text
    }

    /// The fields in lines at the top of the file.
    fn as_header(&self) -> String {
        let mut text = format!("Title: {}\n", self.title);
        let mut add = |key: &str, value: &str| {
            let _ = writeln!(text, "{key}: {value}");
        };
        if let Some(date) = self.date_text(' ') {
            add("Date", &date);
        }
        if self.is_page {
            add("Type", "page");
        } else if !self.tags.is_empty() {
            add("Tags", &self.tags.join(", "));
        }
        if let Some(author) = self.author {
            add("Author", author);
        }
        if self.is_draft {
            add("Status", "draft");
        }
        text.push('\n');
        text
    }

    fn as_json(&self) -> String {
        let mut fields = json!({ "title": self.title });
        let mut add = |name: &str, value: serde_json::Value| {
            if let Some(fields) = fields.as_object_mut() {
                fields.insert(name.to_owned(), value);
            }
        };
        if let Some(date) = self.date_text('T') {
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

    /// The date, with `between` between day and time.
    fn date_text(&self, between: char) -> Option<String> {
        let date = self.date?;
        Some(if self.has_time {
            date.strftime(&format!("%Y-%m-%d{between}%H:%M:%S")).to_string()
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
        let forms = [
            FrontMatterForm::Yaml,
            FrontMatterForm::Toml,
            FrontMatterForm::TomlTaxonomies,
            FrontMatterForm::Json,
            FrontMatterForm::Header,
        ];
        for form in forms {
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
    fn a_tag_with_a_comma_is_one_tag_in_any_form() {
        let tags = ["a, b".to_owned()];
        let fields = NewFields {
            title: "x",
            date: None,
            has_time: false,
            tags: &tags,
            author: None,
            is_draft: true,
            is_page: false,
        };
        assert_eq!(
            FrontMatterForm::Header.write(&fields),
            "---\ntitle: \"x\"\ntags: [\"a, b\"]\ndraft: true\n---\n\n"
        );
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
        assert_eq!(
            FrontMatterForm::Header
                .value_of("Title: x\nAuthor: Ann\n\nauthor: no\n", "author")
                .as_deref(),
            Some("Ann")
        );
        for (text, form) in [
            ("Title: x\nDate: 2026-01-31\n\nText\n", Some(FrontMatterForm::Header)),
            ("Date: 2026-01-31\ntitle: x\n", Some(FrontMatterForm::Header)),
            ("Note: not a head\n\ntitle: x\n", None),
            (
                "+++\ntitle = \"x\"\n[taxonomies]\n+++\n",
                Some(FrontMatterForm::TomlTaxonomies),
            ),
            ("+++\ntitle = \"x\"\n+++\n[taxonomies]\n", Some(FrontMatterForm::Toml)),
            ("{\"a\": 1}", Some(FrontMatterForm::Json)),
            ("{{ x }}", None),
            ("# A", None),
            ("", None),
        ] {
            assert_eq!(FrontMatterForm::of(text), form, "{text}");
        }
    }
}

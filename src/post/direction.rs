//! The direction of a post's text: the one in its front matter, else that of its language.

use serde::Serialize;

use super::fields::{self, Fields};
use super::remarks::Remarks;

/// The direction of a text: the value of HTML's `dir` (HTML standard, section 3.2.6.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub enum Direction {
    /// From left to right.
    #[default]
    #[serde(rename = "ltr")]
    LeftToRight,
    /// From right to left.
    #[serde(rename = "rtl")]
    RightToLeft,
}

/// Languages (RFC 5646) that are written from right to left unless the tag names a script.
#[rustfmt::skip]
const LANGUAGES: [&str; 40] = [
    "acm", "aeb", "ajp", "apc", "ar", "arc", "arq", "ars", "ary", "arz", "azb", "bal", "bgn", "bqi", "ckb", "dv", "fa", "glk", "haz", "he",
    "iw", "ji", "khw", "ks", "lrc", "mzn", "nqo", "pnb", "prs", "ps", "rhg", "sd", "sdh", "skr", "sus", "syr", "ug", "ur", "yi", "zdj",
];

/// Scripts (ISO 15924) that are written from right to left.
#[rustfmt::skip]
const SCRIPTS: [&str; 12] = [
    "adlm", "arab", "aran", "hebr", "mand", "nkoo", "rohg", "samr", "syrc", "thaa", "yezi", "mend",
];

impl Direction {
    /// Returns the value of HTML's `dir`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::LeftToRight => "ltr",
            Direction::RightToLeft => "rtl",
        }
    }

    /// Returns the direction of the language `tag` (RFC 5646): that of its script where it has one, else that of its language.
    #[must_use]
    pub fn of_language(tag: &str) -> Direction {
        let mut parts = tag.split(['-', '_']);
        let language = parts.next().unwrap_or_default();
        // after a subtag of one character there is no script
        let script = parts
            .take_while(|part| part.len() > 1)
            .find(|part| part.len() == 4 && part.bytes().all(|byte| byte.is_ascii_alphabetic()));
        let is_one_of = |known: &[&str], part: &str| known.iter().any(|known| known.eq_ignore_ascii_case(part));
        let right_to_left = script.map_or_else(|| is_one_of(&LANGUAGES, language), |script| is_one_of(&SCRIPTS, script));
        if right_to_left {
            Direction::RightToLeft
        } else {
            Direction::LeftToRight
        }
    }
}

/// Returns the direction of a post in `language`, which `dir: rtl`, `dir: ltr` or `rtl: true` overrides.
pub(super) fn read_direction(fields: &Fields, language: &str, remarks: &mut Remarks) -> Direction {
    let mend = "write `dir: rtl` or `dir: ltr`";
    if let Some((_, node, text)) = fields.first_text(&["dir", "direction"]) {
        match text.to_ascii_lowercase().as_str() {
            "rtl" => return Direction::RightToLeft,
            "ltr" => return Direction::LeftToRight,
            // the default
            "auto" => {}
            _ => remarks.warn_value(
                "direction-unknown",
                node,
                format!("`{text}` is not a direction, and is left out"),
                mend,
            ),
        }
    }
    if let Some((_, node)) = fields.first(&["rtl"]) {
        match fields::boolean(node) {
            Some(true) => return Direction::RightToLeft,
            Some(false) => return Direction::LeftToRight,
            None => remarks.warn_value(
                "direction-unknown",
                node,
                "this is neither true nor false, and is left out",
                mend,
            ),
        }
    }
    Direction::of_language(language)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::post;
    use crate::source_file::SourceFile;

    #[test]
    fn languages_and_scripts() {
        let right_to_left = [
            "ar",
            "ar-EG",
            "he",
            "fa-IR",
            "ur",
            "ps",
            "sd",
            "ug",
            "yi",
            "dv",
            "ckb",
            "ks",
            "FA",
            "az-Arab",
            "pa-arab-PK",
            "ff-Adlm",
            "zh-cmn-Hebr",
            "fa_IR",
        ];
        let left_to_right = [
            "",
            "en",
            "de-CH",
            "zh-Hant",
            "ja",
            "ks-Deva",
            "ur-Latn",
            "sd-Deva-IN",
            "arn",
            "en-x-arab",
            "fr-1arab",
            "ku",
        ];
        for tag in right_to_left {
            assert_eq!(Direction::of_language(tag), Direction::RightToLeft, "{tag}");
        }
        for tag in left_to_right {
            assert_eq!(Direction::of_language(tag), Direction::LeftToRight, "{tag}");
        }
    }

    #[test]
    fn front_matter_wins_over_the_language_of_the_post_and_of_the_site() {
        let cases = [
            ("nothing", "a: b", "en", "ltr", ""),
            ("the site's language", "a: b", "fa", "rtl", ""),
            ("the post's language", "lang: en", "fa", "ltr", ""),
            ("set by the author", "lang: en\ndir: RTL", "en", "rtl", ""),
            ("against the language", "lang: he\ndirection: ltr", "en", "ltr", ""),
            ("as in Zola's themes", "rtl: true", "en", "rtl", ""),
            ("left to the language", "lang: he\ndir: auto", "en", "rtl", ""),
            ("no direction", "lang: he\ndir: upwards", "en", "rtl", "direction-unknown"),
            ("neither true nor false", "rtl: perhaps", "en", "ltr", "direction-unknown"),
        ];
        for (name, front_matter, site, expected, remark) in cases {
            let mut config = Config::default();
            config.site.language = site.to_owned();
            let file = SourceFile {
                path: "a.md".into(),
                bytes: format!("---\ndate: 2026-01-01\n{front_matter}\n---\n").into_bytes().into(),
                modified: crate::time::Timestamp::UNIX_EPOCH,
            };
            let reading = post::read(&file, &config).unwrap();
            assert_eq!(reading.post.direction.as_str(), expected, "{name}");
            let remarks: Vec<_> = reading.remarks.iter().map(|remark| remark.code).collect();
            assert_eq!(remarks.concat(), remark, "{name}");
        }
    }
}

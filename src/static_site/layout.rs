//! The file for each address.

use camino::Utf8PathBuf;
use percent_encoding::percent_decode_str;
use serde::Deserialize;

/// The longest name that file systems allow, in bytes, less the endings of a compressed copy.
const LONGEST_NAME: usize = 255 - ".html.gz".len();

/// Where the file of a page without an ending is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum FileLayout {
    /// `/posts/x` is `posts/x.html`. Most hosts show it at `/posts/x`.
    #[default]
    Html,
    /// `/posts/x` is `posts/x/index.html`. Hosts show it at `/posts/x/`.
    Index,
}

impl FileLayout {
    /// The file for the percent-encoded `path`, relative to the folder, or why there is none.
    pub(super) fn file_of(self, path: &str, media_type: &str) -> Result<Utf8PathBuf, &'static str> {
        let decoded = percent_decode_str(path.trim_start_matches('/'))
            .decode_utf8()
            .map_err(|_| "it is not UTF-8")?;
        if decoded.is_empty() {
            return Ok("index.html".into());
        }
        let (folder, is_folder) = match decoded.strip_suffix('/') {
            Some(folder) => (folder, true),
            None => (&*decoded, false),
        };
        for part in folder.split('/') {
            match part {
                "" | "." | ".." => return Err("a part of it is empty, `.` or `..`"),
                part if part.contains(['\0', '\\']) => return Err("it has a character that files cannot have"),
                part if part.len() > LONGEST_NAME => return Err("a part of it is too long for a file"),
                _ => {}
            }
        }
        let has_ending = |ending: &str| folder.ends_with(ending);
        Ok(match media_type {
            "text/html" if is_folder => format!("{folder}/index.html").into(),
            "text/html" if has_ending(".html") || has_ending(".htm") => folder.into(),
            "text/html" => match self {
                FileLayout::Html => format!("{folder}.html").into(),
                FileLayout::Index => format!("{folder}/index.html").into(),
            },
            "application/json" if !has_ending(".json") => format!("{folder}.json").into(),
            _ => folder.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_has_a_file() {
        let cases = [
            ("/", "text/html", Ok("index.html"), Ok("index.html")),
            ("/posts/x", "text/html", Ok("posts/x.html"), Ok("posts/x/index.html")),
            (
                "/2020/03/x/",
                "text/html",
                Ok("2020/03/x/index.html"),
                Ok("2020/03/x/index.html"),
            ),
            ("/old/x.html", "text/html", Ok("old/x.html"), Ok("old/x.html")),
            ("/tags/c%2B%2B", "text/html", Ok("tags/c++.html"), Ok("tags/c++/index.html")),
            ("/tags/a%2Fb", "text/html", Ok("tags/a/b.html"), Ok("tags/a/b/index.html")),
            (
                "/posts/caf%C3%A9.md",
                "text/markdown",
                Ok("posts/café.md"),
                Ok("posts/café.md"),
            ),
            ("/api/posts", "application/json", Ok("api/posts.json"), Ok("api/posts.json")),
            ("/feed.json", "application/feed+json", Ok("feed.json"), Ok("feed.json")),
            ("/tags/..", "text/html", Err(()), Err(())),
            ("/tags/%2E%2E/x", "text/html", Err(()), Err(())),
            ("/a//b", "text/html", Err(()), Err(())),
            ("/a%00b", "text/html", Err(()), Err(())),
            ("/a%5Cb", "text/html", Err(()), Err(())),
            ("/%FF", "text/html", Err(()), Err(())),
        ];
        for (path, media_type, html, index) in cases {
            for (layout, expected) in [(FileLayout::Html, html), (FileLayout::Index, index)] {
                let file = layout.file_of(path, media_type);
                assert_eq!(
                    file.as_deref().map(camino::Utf8Path::as_str).map_err(|_| ()),
                    expected,
                    "{path} {layout:?}"
                );
            }
        }
        let long = format!("/posts/{}", "x".repeat(256));
        assert!(FileLayout::Html.file_of(&long, "text/html").is_err());
    }
}

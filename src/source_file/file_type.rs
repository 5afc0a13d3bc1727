//! File types by ending: Markdown, and files that may be served beside posts.
//!
//! These are the only lists of endings in the program. Endings are compared in lower case.

/// The endings of Markdown files. `mdx` is that of Astro and Docusaurus; editors and GitHub know the others.
pub(crate) const MARKDOWN: [&str; 11] = [
    "md", "markdown", "mdx", "mdown", "mkdown", "mkd", "mkdn", "mdwn", "mdtxt", "mdtext", "mmd",
];

/// Other endings that are removed from a post's name for its slug.
const OTHER_TEXT: [&str; 3] = ["rmd", "qmd", "txt"];

/// A kind of file that is served beside posts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaKind {
    /// Pictures, sound, video, fonts, models: they never contain the text of a post.
    Binary,
    /// Documents, books, archives: they may contain a text, so a copy of a post is recognised by its name.
    Container,
    /// Captions, calendars, maps, tables and other text: a copy of a post is recognised by its name and its first bytes.
    Text,
    /// JSON and formats based on it.
    Json,
    /// XML and formats based on it.
    Xml,
}

const PICTURES: [&str; 25] = [
    "ai", "apng", "avif", "bmp", "eps", "gif", "heic", "heif", "ico", "jfif", "jp2", "jpe", "jpeg", "jpg", "jxl", "kra", "png",
    "psd", "qoi", "tga", "tif", "tiff", "webp", "xcf", "dng",
];
const SOUND: [&str; 18] = [
    "aac", "aif", "aiff", "amr", "flac", "m4a", "m4b", "mid", "midi", "mka", "mp2", "mp3", "oga", "ogg", "opus", "wav", "weba",
    "wma",
];
const VIDEO: [&str; 15] = [
    "3gp", "avi", "flv", "m2ts", "m4s", "m4v", "mkv", "mov", "mp4", "mpeg", "mpg", "ogv", "webm", "wmv", "y4m",
];
const FONTS: [&str; 5] = ["eot", "otf", "ttf", "woff", "woff2"];
const MODELS: [&str; 14] = [
    "3ds", "3mf", "blend", "fbx", "glb", "iges", "igs", "obj", "ply", "splat", "step", "stl", "stp", "usdz",
];
const DOCUMENTS: [&str; 13] = [
    "djvu", "doc", "docx", "fodt", "odp", "ods", "odt", "pdf", "ppt", "pptx", "ps", "xls", "xlsx",
];
const BOOKS: [&str; 7] = ["azw", "azw3", "cbr", "cbz", "epub", "fb2", "mobi"];
const ARCHIVES: [&str; 15] = [
    "7z", "br", "bz2", "gz", "lz4", "rar", "tar", "tbz", "tbz2", "tgz", "txz", "tzst", "xz", "zip", "zst",
];
/// Binary maps, tables and parts of models.
const OTHER_DATA: [&str; 9] = ["bin", "fit", "kmz", "mbtiles", "npy", "npz", "parquet", "pmtiles", "mtl"];
/// Captions and lists of parts.
const CAPTIONS: [&str; 9] = ["ass", "lrc", "m3u", "m3u8", "sbv", "srt", "ssa", "sub", "vtt"];
const CALENDARS: [&str; 4] = ["ics", "ifb", "vcf", "vcs"];
/// Plain text, tables, references, checksums and signatures.
const TEXT: [&str; 15] = [
    "asc", "bib", "csv", "dat", "md5", "minisig", "ris", "sha1", "sha256", "sha512", "sig", "tab", "text", "tsv", "txt",
];
const JSON: [&str; 8] = ["geojson", "gltf", "ipynb", "json", "jsonl", "ndjson", "topojson", "jsonld"];
const XML: [&str; 9] = ["dae", "gpx", "kml", "mpd", "osm", "svg", "tcx", "ttml", "xml"];

/// The kind of a file with this ending, which is in lower case; `None` if it is served only if the configuration names it.
///
/// Programs, scripts, style sheets, web pages, settings, keys, databases and logs are not included: people who keep them beside posts
/// rarely mean to publish them, and many contain private data.
#[must_use]
pub(crate) fn media_kind(ending: &str) -> Option<MediaKind> {
    let kinds: [(MediaKind, &[&[&str]]); 5] = [
        (MediaKind::Binary, &[&PICTURES, &SOUND, &VIDEO, &FONTS, &MODELS]),
        (MediaKind::Container, &[&DOCUMENTS, &BOOKS, &ARCHIVES, &OTHER_DATA]),
        (MediaKind::Text, &[&CAPTIONS, &CALENDARS, &TEXT]),
        (MediaKind::Json, &[&JSON]),
        (MediaKind::Xml, &[&XML]),
    ];
    let found = kinds
        .into_iter()
        .find(|(_, lists)| lists.iter().any(|list| list.contains(&ending)));
    found.map(|(kind, _)| kind)
}

/// Whether `ending` is in [`MARKDOWN`], in any case.
#[must_use]
pub(crate) fn is_markdown_ending(ending: &str) -> bool {
    MARKDOWN.iter().any(|known| known.eq_ignore_ascii_case(ending))
}

/// Whether the file with this name or path is Markdown, by its ending. A name that is only an ending is not.
#[must_use]
pub(crate) fn is_markdown(name: &str) -> bool {
    markdown_stem(name).is_some()
}

/// `name` without its Markdown ending; `None` if it has none.
#[must_use]
pub(crate) fn markdown_stem(name: &str) -> Option<&str> {
    let (stem, ending) = name.rsplit_once('.')?;
    (!stem.is_empty() && !stem.ends_with('/') && is_markdown_ending(ending)).then_some(stem)
}

/// The name of a post's file without the ending, which is not part of its slug.
#[must_use]
pub(crate) fn without_text_ending(name: &str) -> &str {
    let is_text = |ending: &str| is_markdown_ending(ending) || OTHER_TEXT.iter().any(|known| known.eq_ignore_ascii_case(ending));
    match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() && is_text(ending) => stem,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_markdown() {
        let cases = [
            ("a.md", Some("a")),
            ("A.MD", Some("A")),
            ("a.b.markdown", Some("a.b")),
            ("a.mdx", Some("a")),
            ("a.mkd", Some("a")),
            ("a.mdown", Some("a")),
            ("a.mdtxt", Some("a")),
            ("x/a.mkdn", Some("x/a")),
            ("a.mdwn", Some("a")),
            (".md", None),
            ("x/.md", None),
            ("md", None),
            ("a.txt", None),
            ("a.rmd", None),
            ("a.md.txt", None),
            ("a.md~", None),
        ];
        for (name, stem) in cases {
            assert_eq!(markdown_stem(name), stem, "{name}");
        }
        assert_eq!(without_text_ending("a.txt"), "a");
        assert_eq!(without_text_ending(".txt"), ".txt");
        assert_eq!(without_text_ending("2.10.0"), "2.10.0");
    }

    #[test]
    fn every_ending_is_in_one_list_and_none_is_markdown() {
        let lists: [&[&str]; 13] = [
            &PICTURES,
            &SOUND,
            &VIDEO,
            &FONTS,
            &MODELS,
            &DOCUMENTS,
            &BOOKS,
            &ARCHIVES,
            &OTHER_DATA,
            &CAPTIONS,
            &CALENDARS,
            &TEXT,
            &JSON,
        ];
        let mut all: Vec<&str> = lists.concat();
        all.extend(XML);
        for ending in &all {
            assert!(media_kind(ending).is_some() && !is_markdown_ending(ending), "{ending}");
            assert!(
                ending.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()),
                "{ending}"
            );
        }
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count, "each stands in one list");
    }
}

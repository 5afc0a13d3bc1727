//! The author's own templates and style sheet: a folder with a few small files.

use std::collections::BTreeMap;
use std::fs;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};

use super::stamp;
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::version::Version;

/// The most bytes of a file; a larger one is refused.
const LARGEST: u64 = 256 * 1024;
/// The most files; more are refused.
const MOST_FILES: usize = 100;

/// The versions of the files in a folder of templates, by path.
pub type TemplateVersions = BTreeMap<Utf8PathBuf, Version>;

/// Returns the versions of the templates (`.html`) and style sheets (`.css`) directly in `folder`; none if the folder does not exist.
///
/// # Errors
///
/// The folder exists but cannot be read.
pub fn scan(folder: &Utf8Path) -> io::Result<TemplateVersions> {
    let entries = match folder.read_dir_utf8() {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(TemplateVersions::new());
        }
        Err(error) => return Err(error),
    };
    let mut versions = TemplateVersions::new();
    for entry in entries.take(MOST_FILES * 10) {
        let path = entry?.into_path();
        let is_hidden = path.file_name().is_none_or(|name| name.starts_with('.'));
        if is_hidden || !matches!(path.extension(), Some("html" | "css")) {
            continue;
        }
        // a file that is deleted meanwhile is left out
        if let Ok(metadata) = fs::metadata(&path)
            && metadata.is_file()
        {
            versions.insert(path, stamp::version(&metadata));
        }
    }
    Ok(versions)
}

/// Returns the texts of the files in `versions`, by file name.
///
/// # Errors
///
/// Diagnostics for the files that cannot be used.
pub fn read(versions: &TemplateVersions) -> Result<BTreeMap<String, String>, Vec<Diagnostic>> {
    let refused =
        |path: &Utf8Path, message: &str, mend: &str| Diagnostic::new(Severity::Error, "template", path, message).mend(mend);
    if let Some((path, _)) = versions.iter().nth(MOST_FILES) {
        let message = format!("there are more than {MOST_FILES} templates");
        return Err(vec![refused(
            path.parent().unwrap_or(path),
            &message,
            "keep only those that are used",
        )]);
    }
    let mut texts = BTreeMap::new();
    let mut wrong = Vec::new();
    for (path, version) in versions {
        if version.size() > LARGEST {
            let message = format!("a template has at most {LARGEST} bytes");
            wrong.push(refused(path, &message, "split it, and include the parts"));
            continue;
        }
        match fs::read_to_string(path) {
            Ok(text) => drop(texts.insert(path.file_name().unwrap_or_default().to_owned(), text)),
            // the next scan does not find it
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => wrong.push(refused(
                path,
                &format!("it cannot be read: {error}"),
                "save it as UTF-8, readable by feedmill",
            )),
        }
    }
    if wrong.is_empty() { Ok(texts) } else { Err(wrong) }
}

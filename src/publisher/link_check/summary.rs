//! Says what a check of the links found: one diagnostic for each problem, and one for many that are alike.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use camino::{Utf8Path, Utf8PathBuf};
use percent_encoding::percent_decode_str;

use super::suggestions::Suggestions;
use super::{BrokenLink, LinkCheck, LinkFault, LinkUse, LostPart, OldAddress};
use crate::diagnostic::{Diagnostic, Position, Severity};
use crate::post::html::RemovedMarkup;
use crate::post::page_key;
use crate::post::reference::{ParsedReference, WIKILINK};
use crate::site::Site;
use crate::source::Source;

/// The most diagnostics of one post about its links.
const MOST_OF_A_POST: usize = 20;
/// If more posts than this have the same broken address, there is one diagnostic for all of them.
const MOST_REPEATED: usize = 3;
/// If more broken addresses than this begin with the same folder, there is one diagnostic for all of them.
const MOST_IN_A_FOLDER: usize = 10;
/// If fewer links have the form of an old address, nothing is suggested.
const FEWEST_OLD: usize = 3;
/// The most diagnostics about links that were taken for posts by their slugs.
const MOST_GUESSED: usize = 10;

/// Returns the diagnostics about what `check` found in posts of `site`, whose files are in `source`.
#[must_use]
pub fn link_diagnostics(site: &Site, source: &Source, check: &LinkCheck) -> Vec<Diagnostic> {
    let mut writer = DiagnosticWriter {
        source,
        suggestions: Suggestions::new(site),
        texts: HashMap::new(),
        found: Vec::new(),
    };
    for (path, part) in &check.lost {
        writer.lost(path, part);
    }
    writer.old_addresses(check);
    let rest = writer.repeated(&check.broken);
    let rest = writer.folders(rest);
    let mut of_post: BTreeMap<&Utf8Path, usize> = BTreeMap::new();
    for link in rest {
        let count = of_post.entry(&link.source).or_default();
        *count += 1;
        if *count <= MOST_OF_A_POST {
            writer.broken(link, "");
        }
    }
    for (path, count) in of_post.into_iter().filter(|(_, count)| *count > MOST_OF_A_POST) {
        let message = format!("{} more of its links and pictures lead nowhere", count - MOST_OF_A_POST);
        let diagnostic = Diagnostic::new(Severity::Warning, "link-nowhere", path, message);
        writer.found.push(diagnostic.mend("correct those named above first"));
    }
    writer.found
}

/// Returns the `posts.permalink` that would give the post at `address` the address `reference`, if it has another.
pub(super) fn old_pattern(site: &Site, reference: &str, address: &str) -> Option<String> {
    let post = site.index.by_address(address)?;
    let path = reference.strip_prefix(&site.config().base()).unwrap_or(reference);
    let path = path.split(['?', '#']).next()?;
    let path = percent_decode_str(path).decode_utf8().ok()?;
    let parts: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
    let date = post.date.date();
    let known = [
        ("{year}", format!("{:04}", date.year())),
        ("{month}", format!("{:02}", date.month())),
        ("{day}", format!("{:02}", date.day())),
    ];
    if page_key(&path) == page_key(address) {
        return None;
    }
    // without a date, only the slug is the post's own
    let last = parts.iter().rposition(|part| !part.is_empty()).filter(|last| *last > 0);
    let first = parts.iter().position(|part| *part == known[0].1).or(last)?;
    let mut pattern: Vec<String> = parts.iter().take(first).map(|part| (*part).to_owned()).collect();
    let mut rest = parts.get(first..)?;
    for (name, value) in &known {
        if let Some((part, after)) = rest.split_first()
            && part == value
        {
            pattern.push((*name).to_owned());
            rest = after;
        }
    }
    let slug = post.slug.as_str();
    match rest {
        [last] if *last == slug => pattern.push("{slug}".to_owned()),
        [last, ""] if *last == slug => pattern.push("{slug}/".to_owned()),
        [last] if last.strip_suffix(".html") == Some(slug) => pattern.push("{slug}.html".to_owned()),
        _ => return None,
    }
    let pattern = format!("/{}", pattern.join("/"));
    (pattern != site.config().posts.permalink).then_some(pattern)
}

/// Whether `reference` has the form of an address with a date: `/2020/03/05/title/`.
fn is_dated(reference: &str) -> bool {
    let path = reference
        .split_once("://")
        .map_or(reference, |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
    let mut parts = path.trim_start_matches('/').split('/').skip_while(|part| !is_number(part, 4));
    parts.next().is_some() && parts.next().is_some_and(|part| is_number(part, 2))
}

fn is_number(part: &str, digits: usize) -> bool {
    part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit())
}

/// Writes the diagnostics.
struct DiagnosticWriter<'a> {
    source: &'a Source,
    suggestions: Suggestions<'a>,
    /// The texts of files with problems.
    texts: HashMap<Utf8PathBuf, Option<String>>,
    found: Vec<Diagnostic>,
}

impl DiagnosticWriter<'_> {
    fn text(&mut self, path: &Utf8Path) -> Option<&str> {
        if !self.texts.contains_key(path) {
            let file = self.source.read_latest(path);
            let text = file.and_then(|file| Some(file.text().ok()?.into_owned()));
            self.texts.insert(path.to_owned(), text);
        }
        self.texts.get(path)?.as_deref()
    }

    /// `diagnostic` at the first place in its file that contains one of `spellings`.
    fn place(&mut self, diagnostic: Diagnostic, spellings: &[String]) -> Diagnostic {
        let path = diagnostic.path.clone();
        let Some(text) = self.text(&path) else {
            return diagnostic;
        };
        let found = spellings.iter().filter(|spelling| !spelling.is_empty()).find_map(|spelling| {
            let offset = text.find(spelling.as_str())?;
            Some((Position::of(text, offset), spelling.chars().count()))
        });
        match found {
            Some((position, length)) => diagnostic.at(text, position, length),
            None => diagnostic,
        }
    }

    /// The diagnostic about one broken link; `more` says where else it is.
    fn broken(&mut self, link: &BrokenLink, more: &str) {
        let (code, severity) = code_of(link);
        let shown = shown(&link.reference);
        let message = match (&link.fault, link.used) {
            (LinkFault::Nowhere, _) if link.reference.starts_with(WIKILINK) => {
                format!("`{shown}` is only text: no post or file has this name")
            }
            (LinkFault::Nowhere, LinkUse::Link) => format!("`{shown}` leads nowhere: the site has no such post, page or file"),
            (LinkFault::Nowhere, LinkUse::Picture) => format!("`{shown}` is not shown: there is no such file"),
            (LinkFault::Nowhere, LinkUse::Enclosure) => format!("the enclosure `{shown}` leads nowhere: there is no such file"),
            (LinkFault::NotPublic, _) => format!("`{shown}` leads to a post that is not public, so readers get no link"),
            (LinkFault::NoPart, _) => format!("`{shown}` leads to the top of the page: it has no such part"),
            (LinkFault::NotServed(path), _) => format!("links to {path}, which is not served: {}", self.why_not_served(path)),
        };
        let mend = match &link.fault {
            LinkFault::NotPublic => "publish the post, or remove the link".to_owned(),
            LinkFault::NoPart => "link to the id of a heading: its words in lower case, joined by `-`".to_owned(),
            LinkFault::NotServed(path) => self.mend_of_not_served(path),
            LinkFault::Nowhere => self
                .mend_of_static(link)
                .unwrap_or_else(|| match self.suggestions.nearest(link) {
                    Some(path) => format!("did you mean `{path}`?"),
                    None if link.used == LinkUse::Link => "correct the address, or remove the link".to_owned(),
                    None => "put the file beside the post, or correct the address".to_owned(),
                }),
        };
        let diagnostic = Diagnostic::new(severity, code, &link.source, format!("{message}{more}")).mend(mend);
        let diagnostic = self.place(diagnostic, &spellings(&link.reference));
        self.found.push(diagnostic);
    }

    /// The fix for `link` if its target is a static file of another tool, outside the posts folder.
    fn mend_of_static(&self, link: &BrokenLink) -> Option<String> {
        let written = ParsedReference::parse(&link.reference).filter(|written| written.is_from_root)?;
        let path = Utf8Path::new(&written.path);
        let folder = self
            .source
            .static_folder_beside(path.strip_prefix("static").unwrap_or(path))?;
        Some(format!(
            "the file is in `{folder}`, which is not in the posts folder: put that folder into it, with the name `static`"
        ))
    }

    fn why_not_served(&self, path: &Utf8Path) -> &'static str {
        if self.source.is_media_name(path) {
            "it looks like the source of a post"
        } else if self.source.rules().is_kind_served(path) {
            "its folder or its name is one that is left out"
        } else {
            "files of this kind are not"
        }
    }

    fn mend_of_not_served(&self, path: &Utf8Path) -> String {
        let ending = path.extension().unwrap_or_default();
        if self.source.is_media_name(path) {
            "give it the content of what it is called, or take out the link".to_owned()
        } else if self.source.rules().is_kind_served(path) {
            "move it beside the post".to_owned()
        } else {
            format!("put it into a .zip file, or write `posts.media = [\"{ending}\"]` in feedmill.toml")
        }
    }

    /// Writes one diagnostic for each address that many posts have. Returns the other links.
    fn repeated<'l>(&mut self, broken: &'l [BrokenLink]) -> Vec<&'l BrokenLink> {
        let mut alike: BTreeMap<(&LinkFault, LinkUse, &str, bool), Vec<&BrokenLink>> = BTreeMap::new();
        let from_root = |link: &BrokenLink| link.reference.starts_with('/') || link.reference.starts_with(WIKILINK);
        let (repeatable, mut rest): (Vec<_>, Vec<_>) = broken.iter().partition(|link| from_root(link));
        for link in repeatable {
            let key = (&link.fault, link.used, link.reference.as_str(), link.is_public);
            alike.entry(key).or_default().push(link);
        }
        for links in alike.into_values() {
            match links.as_slice() {
                [first, others @ ..] if links.len() > MOST_REPEATED => {
                    self.broken(first, &format!("; {} more posts have it too", others.len()));
                }
                _ => rest.extend(links),
            }
        }
        rest.sort();
        rest
    }

    /// Writes one diagnostic for each folder at the root from which many addresses are missing. Returns the other links.
    fn folders<'l>(&mut self, broken: Vec<&'l BrokenLink>) -> Vec<&'l BrokenLink> {
        let mut by_folder: BTreeMap<(LinkUse, String), Vec<&BrokenLink>> = BTreeMap::new();
        let mut rest = Vec::new();
        for link in broken {
            match folder_of(link) {
                Some(folder) => by_folder.entry((link.used, folder)).or_default().push(link),
                None => rest.push(link),
            }
        }
        for ((used, folder), links) in by_folder {
            let [first, ..] = links.as_slice() else { continue };
            if links.len() <= MOST_IN_A_FOLDER {
                rest.extend(links);
                continue;
            }
            let what = match used {
                LinkUse::Link => "links",
                LinkUse::Picture => "pictures",
                LinkUse::Enclosure => "enclosures",
            };
            let mend = self.mend_of_static(first).unwrap_or_else(|| match used {
                LinkUse::Link => {
                    "put what they lead to into the posts folder, or add a `[[redirect]]` to feedmill.toml".to_owned()
                }
                _ => "put this folder into the posts folder".to_owned(),
            });
            let (code, severity) = code_of(first);
            let message = format!(
                "{} {what} begin with `{folder}` and lead nowhere, this one first",
                links.len()
            );
            let diagnostic = Diagnostic::new(severity, code, &first.source, message).mend(mend);
            let diagnostic = self.place(diagnostic, &spellings(&first.reference));
            self.found.push(diagnostic);
        }
        rest.sort();
        rest
    }

    /// Suggests the setting under which most links that have the form of an old address would be right, and says which others were taken for
    /// posts by their slugs alone.
    fn old_addresses(&mut self, check: &LinkCheck) {
        let mut counts: BTreeMap<&str, (usize, &OldAddress)> = BTreeMap::new();
        for old in &check.old_addresses {
            counts.entry(&old.pattern).or_insert((0, old)).0 += 1;
        }
        let most = counts.iter().max_by_key(|(_, (count, _))| *count);
        let suggested = most
            .filter(|(_, (count, _))| *count >= FEWEST_OLD)
            .map(|(pattern, _)| *pattern);
        if let Some((pattern, (count, first))) = suggested.and_then(|pattern| Some((pattern, *counts.get(pattern)?))) {
            self.suggest_permalink(check, pattern, count, first);
        }
        let others = counts
            .into_iter()
            .filter(|(pattern, (_, first))| Some(*pattern) != suggested && !is_dated(&first.reference));
        for (_, (count, first)) in others.take(MOST_GUESSED) {
            let more = match count {
                1 => String::new(),
                count => format!("; {} more are like it", count - 1),
            };
            let message = format!("`{}` is taken for the post with this slug{more}", shown(&first.reference));
            let diagnostic = Diagnostic::new(Severity::Note, "link-guessed", &first.source, message);
            let diagnostic = diagnostic
                .mend("link to the file or the address of the post; add an alias to the post if it was at this address");
            let diagnostic = self.place(diagnostic, &spellings(&first.reference));
            self.found.push(diagnostic);
        }
    }

    /// Suggests `pattern`, which makes `count` links right. `first` is the first of them.
    fn suggest_permalink(&mut self, check: &LinkCheck, pattern: &str, count: usize, first: &OldAddress) {
        let all = if is_dated(&first.reference) {
            let old = check.old_addresses.iter().filter(|old| is_dated(&old.reference));
            let lost = check
                .broken
                .iter()
                .filter(|link| link.fault == LinkFault::Nowhere && is_dated(&link.reference));
            old.count() + lost.count()
        } else {
            count
        };
        let shown = shown(&first.reference);
        let message =
            format!("{all} links look like `{shown}`: `posts.permalink = \"{pattern}\"` would make {count} of them right");
        let diagnostic = Diagnostic::new(Severity::Note, "old-addresses", &first.source, message);
        let diagnostic = diagnostic.mend(
            "set it in feedmill.toml if these are the addresses that readers know; in posts they lead to the right posts already",
        );
        let diagnostic = self.place(diagnostic, &spellings(&first.reference));
        self.found.push(diagnostic);
    }

    fn lost(&mut self, path: &Utf8Path, part: &LostPart) {
        match part {
            LostPart::Cut(why) => {
                let diagnostic = Diagnostic::new(Severity::Warning, "too-complex", path, why.clone());
                self.found
                    .push(diagnostic.mend("write it shorter and flatter, or as several posts"));
            }
            LostPart::RemovedMarkup(RemovedMarkup { count, first }) => {
                let message = match count {
                    1 => format!("`{first}` is removed"),
                    2 => format!("`{first}` and one more like it are removed"),
                    count => format!("`{first}` and {} more like it are removed", count - 1),
                };
                let diagnostic = Diagnostic::new(Severity::Note, "html-removed", path, message).mend(
                    "leave it out, or put it into a template: pages and feeds carry no scripts, styles and forms of a post",
                );
                let written = self.text(path).and_then(|text| {
                    let at = text.to_ascii_lowercase().find(first.as_str())?;
                    text.get(at..at + first.len()).map(str::to_owned)
                });
                let diagnostic = self.place(diagnostic, &[written.unwrap_or_default()]);
                self.found.push(diagnostic);
            }
        }
    }
}

/// The code and the severity of the diagnostic about `link`.
fn code_of(link: &BrokenLink) -> (&'static str, Severity) {
    let severity = if link.is_problem() {
        Severity::Warning
    } else {
        Severity::Note
    };
    match (&link.fault, link.used) {
        (LinkFault::NotServed(_), _) => ("media-not-served", severity),
        (LinkFault::NotPublic, _) => ("link-not-public", severity),
        (LinkFault::NoPart, _) => ("link-part-missing", severity),
        (LinkFault::Nowhere, LinkUse::Link) => ("link-nowhere", severity),
        (LinkFault::Nowhere, LinkUse::Picture) => ("picture-missing", severity),
        (LinkFault::Nowhere, LinkUse::Enclosure) => ("enclosure-missing", severity),
    }
}

/// The folder at the root in which the target of `link` would be.
fn folder_of(link: &BrokenLink) -> Option<String> {
    let path = link
        .reference
        .strip_prefix('/')
        .filter(|_| link.fault == LinkFault::Nowhere && link.is_public)?;
    let (first, _) = path.split_once('/')?;
    Some(format!("/{first}/"))
}

/// `reference` as the author may have written it.
fn shown(reference: &str) -> String {
    match reference.strip_prefix(WIKILINK) {
        Some(name) => format!("[[{}]]", decoded(name)),
        None => decoded(reference),
    }
}

fn decoded(reference: &str) -> String {
    percent_decode_str(reference).decode_utf8_lossy().into_owned()
}

/// The spellings of `reference` to look for in the author's text, the most exact first.
fn spellings(reference: &str) -> Vec<String> {
    if let Some(name) = reference.strip_prefix(WIKILINK) {
        let name = decoded(name.split('#').next().unwrap_or_default());
        return vec![format!("[[{name}"), name];
    }
    let whole = decoded(reference);
    let path = whole.split(['?', '#']).next().unwrap_or_default().to_owned();
    let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
    let all = [reference.to_owned(), reference.replace('&', "&amp;"), whole, path, name];
    let mut seen = BTreeSet::new();
    all.into_iter().filter(|spelling| seen.insert(spelling.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_with_a_date() {
        let cases = [
            ("/2020/03/05/title/", true),
            ("/blog/2020/03/title.html", true),
            ("https://example.com/2020/03/05/title/", true),
            ("/2020/title", false),
            ("/20/03/05", false),
            ("title", false),
        ];
        for (reference, expected) in cases {
            assert_eq!(is_dated(reference), expected, "{reference}");
        }
    }
}

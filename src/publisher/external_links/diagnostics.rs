//! Says which links to other sites do not work.

use std::collections::{BTreeMap, HashMap};

use camino::Utf8Path;

use super::{ExternalCheck, LinkState};
use crate::diagnostic::{Diagnostic, Position, Severity};
use crate::publisher::ExternalLink;
use crate::source::Source;

/// The most diagnostics of one post about links to other sites.
const MOST_OF_A_POST: usize = 50;

/// Returns the diagnostics about what `check` found at the addresses of `links`, which are in files of `source`.
#[must_use]
pub fn external_diagnostics(source: &Source, links: &[ExternalLink], check: &ExternalCheck) -> Vec<Diagnostic> {
    let mut texts: HashMap<&Utf8Path, Option<String>> = HashMap::new();
    let mut of_post: BTreeMap<&Utf8Path, usize> = BTreeMap::new();
    let mut found = Vec::new();
    for link in links {
        let Some(diagnostic) = check.states.get(&link.url).and_then(|state| diagnostic(link, state)) else {
            continue;
        };
        let count = of_post.entry(&link.source).or_default();
        *count += 1;
        if *count > MOST_OF_A_POST {
            continue;
        }
        let text = texts.entry(&link.source).or_insert_with(|| {
            let file = source.read_latest(&link.source)?;
            Some(file.text().ok()?.into_owned())
        });
        found.push(match text {
            Some(text) => placed(diagnostic, text, &link.reference),
            None => diagnostic,
        });
    }
    for (path, count) in of_post.into_iter().filter(|(_, count)| *count > MOST_OF_A_POST) {
        let message = format!("{} more of its links to other sites do not work", count - MOST_OF_A_POST);
        let diagnostic = Diagnostic::new(Severity::Warning, "external-more", path, message);
        found.push(diagnostic.mend("correct those named above first"));
    }
    found
}

/// The diagnostic about a link that leads to `state`; `None` if that is fine, or cannot be judged.
fn diagnostic(link: &ExternalLink, state: &LinkState) -> Option<Diagnostic> {
    let shown = &link.reference;
    let (severity, code, message, mend) = match state {
        LinkState::Alive | LinkState::Unjudged(_) => return None,
        LinkState::Moved(to) => (
            Severity::Note,
            "external-moved",
            format!("`{shown}` has moved for good, to {to}"),
            "write the new address".to_owned(),
        ),
        LinkState::Gone(status) => (
            Severity::Warning,
            "external-gone",
            format!("`{shown}` leads nowhere: the server answers {status}"),
            "correct the address, link to a copy in an archive, or remove the link".to_owned(),
        ),
        LinkState::ServerError(status) => (
            Severity::Warning,
            "external-error",
            format!("`{shown}` does not work: the server answers {status}"),
            "check it again later; if it still fails, remove the link".to_owned(),
        ),
        LinkState::Unreachable(why) => (
            Severity::Warning,
            "external-unreachable",
            format!("`{shown}` cannot be reached: {why}"),
            "open it in a browser; correct the address, or remove the link".to_owned(),
        ),
    };
    Some(Diagnostic::new(severity, code, &link.source, message).mend(mend))
}

/// `diagnostic` at the first place in `text` with `reference`, as an author may have written it.
fn placed(diagnostic: Diagnostic, text: &str, reference: &str) -> Diagnostic {
    let decoded = percent_encoding::percent_decode_str(reference).decode_utf8_lossy();
    // a parser adds the slash after a host
    let without_slash = reference.trim_end_matches('/');
    for spelling in [reference, &reference.replace('&', "&amp;"), &*decoded, without_slash] {
        if let Some(offset) = whole_address(text, spelling) {
            return diagnostic.at(text, Position::of(text, offset), spelling.chars().count());
        }
    }
    diagnostic
}

/// Where `address` is in `text`, and is not the beginning of a longer one.
fn whole_address(text: &str, address: &str) -> Option<usize> {
    let ends = |c: char| c.is_whitespace() || ")]>\"'`,;|#}".contains(c);
    let mut places = text.match_indices(address).map(|(at, _)| at);
    places.find(|at| {
        let after = text.get(at + address.len()..).and_then(|rest| rest.chars().next());
        after.is_none_or(|c| ends(c) || c == '/' || c == '.')
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PostSettings;
    use crate::source::MemorySource;

    #[test]
    fn a_post_with_many_broken_links_gets_some_and_their_number() {
        let link = |n: usize| ExternalLink {
            source: "a.md".into(),
            reference: format!("https://example.org/{n}"),
            url: format!("https://example.org/{n}").parse().unwrap(),
        };
        let links: Vec<ExternalLink> = (0..60).map(link).collect();
        let mut check = ExternalCheck::default();
        for link in &links {
            check.states.insert(link.url.clone(), LinkState::Gone(404));
        }
        let source = Source::Memory(MemorySource::new(&PostSettings::default()));
        let found = external_diagnostics(&source, &links, &check);
        assert_eq!(found.len(), MOST_OF_A_POST + 1);
        let last = found.last().unwrap();
        assert_eq!((last.code, last.severity), ("external-more", Severity::Warning));
        assert!(last.message.starts_with("10 more of its links"), "{last}");
    }

    #[test]
    fn a_link_is_found_where_it_is_written_and_not_in_a_longer_one() {
        let text = "see https://example.org/ab and\n<https://example.org/a> or [x](https://example.org?b&amp;c)\n";
        let at = |reference: &str| {
            let diagnostic = Diagnostic::new(Severity::Warning, "external-gone", "a.md".into(), "x");
            placed(diagnostic, text, reference).position
        };
        assert_eq!(at("https://example.org/a"), Some(Position { line: 2, column: 2 }));
        assert_eq!(at("https://example.org/ab"), Some(Position { line: 1, column: 5 }));
        assert_eq!(at("https://example.org?b&c"), Some(Position { line: 2, column: 32 }));
        assert_eq!(at("https://example.org/none"), None);
    }
}

//! The problems of posts as a private Atom feed, for authors who do not use a terminal.
//!
//! An entry is a kind of problem in a file: its id is made of the site's identity, the path and the code. `updated` changes when the
//! message or the fix does, but not when the same problem moves to another line. A problem that is solved is no longer in the feed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Mutex;

use html_escape::encode_text as escaped;
use serde::{Deserialize, Serialize};

use super::status::ServerStatus;
use crate::diagnostic::{Diagnostic, Position, Severity};
use crate::render::feeds::feed_page::EMPTY_SINCE;
use crate::render::feeds::private_feed::{PrivateFeed, write_private_feed};
use crate::render::{CleanItem, Item};
use crate::storage::{Cache, Storage};
use crate::time::{Moment, Timestamp};

/// The most entries.
const MAX_ENTRIES: usize = 200;
/// The most places that one entry names.
const MAX_PLACES: usize = 20;

/// The feed, with what it said before.
#[derive(Debug)]
pub struct ProblemFeed {
    /// The address of the operator's listener, without a slash at its end.
    address: String,
    /// Where the times are stored. Without it, a restart gives every problem a new time.
    storage: Option<Storage>,
    known: Mutex<Option<KnownProblems>>,
}

/// Since when there are which problems.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct KnownProblems {
    /// When the last problem appeared, changed or was solved.
    changed: Timestamp,
    /// By the id of the entry.
    problems: BTreeMap<String, KnownProblem>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct KnownProblem {
    /// The digest of what the entry says, without positions.
    digest: String,
    since: Timestamp,
}

/// An entry of the feed.
#[derive(Debug)]
struct Problem {
    id: String,
    title: String,
    is_error: bool,
    html: String,
    digest: String,
}

impl ProblemFeed {
    /// The feed of a listener at `address`, a URL without a slash at its end.
    #[must_use]
    pub fn new(address: String, storage: Option<Storage>) -> ProblemFeed {
        ProblemFeed {
            address,
            storage,
            known: Mutex::default(),
        }
    }

    /// Returns the document for `status`. It may wait for a disk.
    #[must_use]
    pub fn document(&self, status: &ServerStatus) -> String {
        let problems = problems(status);
        let known = self.remember(&problems, status.now());
        let home = format!("{}/status", self.address);
        let since = |problem: &Problem| known.problems.get(&problem.id).map_or(known.changed, |known| known.since);
        let mut dated: Vec<(Timestamp, &Problem)> = problems.iter().map(|problem| (since(problem), problem)).collect();
        dated.sort_by_key(|(since, _)| std::cmp::Reverse(*since));
        let subtitle = match problems.len() {
            0 => "No problems.".to_owned(),
            MAX_ENTRIES => format!("The first {MAX_ENTRIES} problems; the status page lists all."),
            1 => "1 problem.".to_owned(),
            n => format!("{n} problems."),
        };
        write_private_feed(&PrivateFeed {
            id: entry_id(status.identity(), "", "feed"),
            title: format!("Problems of {}", status.base()),
            subtitle,
            address: format!("{}/status.atom", self.address),
            updated: Moment::utc(known.changed),
            items: dated
                .into_iter()
                .map(|(since, problem)| item(problem, since, &home))
                .collect(),
            home,
        })
    }

    /// Compares `problems` with those known, stores what changed, and returns the result.
    fn remember(&self, problems: &[Problem], now: Timestamp) -> KnownProblems {
        let mut known = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let before = known.get_or_insert_with(|| self.stored());
        let now_known = before.updated(problems, now);
        if now_known != *before {
            *before = now_known;
            self.store(before);
        }
        before.clone()
    }

    fn stored(&self) -> KnownProblems {
        let content = self
            .storage
            .as_ref()
            .and_then(|storage| storage.read_cache(Cache::Problems).ok()?);
        let stored = content.and_then(|content| serde_json::from_slice(&content).ok());
        stored.unwrap_or(KnownProblems {
            changed: EMPTY_SINCE,
            problems: BTreeMap::new(),
        })
    }

    fn store(&self, known: &KnownProblems) {
        let Some(storage) = &self.storage else { return };
        let written = serde_json::to_vec(known)
            .map_err(std::io::Error::from)
            .and_then(|content| storage.write_cache(Cache::Problems, &content));
        if let Err(error) = written {
            tracing::warn!(
                "after a restart /status.atom shows known problems as new, because their times cannot be stored: {error}"
            );
        }
    }
}

impl KnownProblems {
    /// The same after `problems` were found at `now`.
    fn updated(&self, problems: &[Problem], now: Timestamp) -> KnownProblems {
        let mut changed = self.changed;
        // times are shown to seconds; a clock that was set back must not move the feed back
        let now = now.max(self.changed);
        let mut updated = BTreeMap::new();
        for problem in problems {
            let before = self.problems.get(&problem.id).filter(|known| known.digest == problem.digest);
            let known = before.cloned().unwrap_or_else(|| {
                changed = now;
                KnownProblem {
                    digest: problem.digest.clone(),
                    since: now,
                }
            });
            updated.insert(problem.id.clone(), known);
        }
        if self.problems.keys().any(|id| !updated.contains_key(id)) {
            changed = now;
        }
        KnownProblems {
            changed,
            problems: updated,
        }
    }
}

/// The entries for `status`: first those about the service, then errors, then warnings.
fn problems(status: &ServerStatus) -> Vec<Problem> {
    let identity = status.identity();
    let mut groups: BTreeMap<(&str, &str), Vec<&Diagnostic>> = BTreeMap::new();
    for diagnostic in status.problems.iter().filter(|problem| problem.severity != Severity::Note) {
        groups
            .entry((diagnostic.path.as_str(), diagnostic.code))
            .or_default()
            .push(diagnostic);
    }
    let mut of_files: Vec<Problem> = groups
        .into_iter()
        .map(|((path, code), group)| file_problem(identity, path, code, &group))
        .collect();
    let errors = status.problems.iter().filter(|problem| problem.severity == Severity::Error);
    let with_error: BTreeSet<&str> = errors.map(|problem| problem.path.as_str()).collect();
    // what is held because of another file has no problem of its own
    let held = status
        .held_back
        .iter()
        .filter(|post| post.is_mistake && !with_error.contains(post.path.as_str()));
    of_files.extend(held.map(|post| Problem {
        id: entry_id(identity, &post.path, "held"),
        title: format!("{} is not published", post.path),
        is_error: true,
        html: format!("<p>{}</p>", escaped(&post.why)),
        digest: digest([post.why.as_str()]),
    }));
    of_files.sort_by_key(|problem| !problem.is_error);
    let mut problems = service_problems(status);
    problems.extend(of_files);
    problems.truncate(MAX_ENTRIES);
    problems
}

/// The problems that are not those of one file.
fn service_problems(status: &ServerStatus) -> Vec<Problem> {
    let watch = status.watch();
    let all = [
        ("degraded", "The site is not updated", &watch.degraded),
        ("ledger", "The ledger is not written", &watch.ledger),
        ("ledger-temporary", "The ledger may be lost", &watch.ledger_warning),
        ("config", "The configuration is not used", &watch.config.problem),
    ];
    let all = all.into_iter().filter_map(|(code, title, why)| {
        let why = why.as_ref()?;
        Some(Problem {
            id: entry_id(status.identity(), "", code),
            title: title.to_owned(),
            is_error: true,
            html: format!("<p>{}</p>", escaped(why)),
            digest: digest([why.as_str()]),
        })
    });
    all.collect()
}

/// The entry for `group`: the problems of one kind in one file.
fn file_problem(identity: &str, path: &str, code: &str, group: &[&Diagnostic]) -> Problem {
    let is_error = group.iter().any(|problem| problem.severity == Severity::Error);
    let first = group.first().map_or("", |first| first.message.as_str());
    let mut html = String::new();
    for problem in group.iter().take(MAX_PLACES) {
        let place = problem
            .position
            .map_or_else(String::new, |Position { line, column }| format!(":{line}:{column}"));
        let _ = writeln!(
            html,
            "<p><code>{}{place}</code>: {}</p>",
            escaped(path),
            escaped(&problem.message)
        );
        if !problem.mend.is_empty() {
            let _ = writeln!(html, "<p>To fix it: {}</p>", escaped(&problem.mend));
        }
    }
    if group.len() > MAX_PLACES {
        let _ = writeln!(html, "<p>There are {} more like these.</p>", group.len() - MAX_PLACES);
    }
    if is_error {
        html.push_str("<p>Until it is fixed, readers do not get this version of the file.</p>\n");
    }
    let more = if group.len() > 1 {
        format!(" (and {} more)", group.len() - 1)
    } else {
        String::new()
    };
    let mut texts: Vec<&str> = group.iter().flat_map(|problem| [&*problem.message, &*problem.mend]).collect();
    texts.sort_unstable();
    Problem {
        id: entry_id(identity, path, code),
        title: format!("{path}: {first}{more}"),
        is_error,
        html,
        digest: digest(texts),
    }
}

fn item(problem: &Problem, since: Timestamp, home: &str) -> CleanItem {
    Item {
        id: problem.id.clone(),
        atom_id: problem.id.clone(),
        url: home.to_owned(),
        title: problem.title.clone(),
        summary: String::new(),
        content: Some(problem.html.as_str().into()),
        markdown: None,
        published: Moment::utc(since),
        modified: Moment::utc(since),
        authors: Vec::new(),
        tags: vec![if problem.is_error { "error" } else { "warning" }.to_owned()],
        language: None,
        image: None,
        link: None,
        enclosures: Vec::new(),
    }
    .into()
}

/// A digest of `texts` and of where one ends.
fn digest<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    hash(texts).to_hex()[..32].to_owned()
}

fn hash<'a>(texts: impl IntoIterator<Item = &'a str>) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for text in texts {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.finalize()
}

/// An id that is always the same for a kind of problem in a file: a UUID of version 8 (RFC 9562, section 5.8), because the path of a file
/// need not be fit for an IRI.
fn entry_id(identity: &str, path: &str, code: &str) -> String {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash([identity, path, code]).as_bytes()[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut id = "urn:uuid:".to_owned();
    for (at, byte) in bytes.iter().enumerate() {
        let hyphen = if [4, 6, 8, 10].contains(&at) { "-" } else { "" };
        let _ = write!(id, "{hyphen}{byte:02x}");
    }
    id
}

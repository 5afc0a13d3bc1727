//! The posts of the model: the content and the path of their files.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use camino::{Utf8Path, Utf8PathBuf};
use feedmill::time::Timestamp;

/// Names of files: so few that posts get the same ones.
const STEMS: [&str; 12] = [
    "alder", "birch", "cedar", "elder", "fir", "hazel", "juniper", "larch", "maple", "oak", "rowan", "willow",
];
const FOLDERS: [&str; 3] = ["", "woods", "hills"];
/// With so many words, a text with one edited word is similar to the text before.
const WORDS: u64 = 300;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Published,
    Draft,
    Unlisted,
}

/// A post of the model.
#[derive(Clone, Debug)]
pub(super) struct ModelPost {
    pub(super) number: usize,
    pub(super) path: Utf8PathBuf,
    /// Whether its file exists.
    pub(super) is_there: bool,
    /// The number of the post whose title it has: its own, or the one that it is a copy of.
    pub(super) title: usize,
    /// How often its title was changed.
    pub(super) titles: u32,
    /// The number of the post whose text it has: its own, or the one that it is a copy of.
    pub(super) text: usize,
    pub(super) edits: u32,
    pub(super) date: Option<Timestamp>,
    pub(super) expires: Option<Timestamp>,
    pub(super) slug: Option<String>,
    pub(super) written_id: Option<String>,
    pub(super) standing: Status,
    pub(super) is_spaced: bool,
    pub(super) is_reordered: bool,
    /// The id that readers know it by, if the model can know it.
    pub(super) id: Option<String>,
    /// All ids that it had.
    pub(super) had: BTreeSet<String>,
    /// How often its title was changed when readers last had it.
    pub(super) last_title_seen: Option<u32>,
    /// Its date when readers last had it.
    pub(super) is_out_from: Option<Timestamp>,
}

impl ModelPost {
    pub(super) fn new(number: usize, path: Utf8PathBuf) -> ModelPost {
        ModelPost {
            number,
            path,
            is_there: true,
            title: number,
            titles: 0,
            text: number,
            edits: 0,
            date: None,
            expires: None,
            slug: None,
            written_id: None,
            standing: Status::Published,
            is_spaced: false,
            is_reordered: false,
            id: None,
            had: BTreeSet::new(),
            last_title_seen: None,
            is_out_from: None,
        }
    }

    /// A word that only this title of this post and of its copies contains.
    pub(super) fn title_word(&self) -> String {
        format!("title{}x{}q", self.title, self.titles)
    }

    /// A word that only this version of this text contains.
    pub(super) fn text_word(&self) -> String {
        format!("text{}x{}q", self.text, self.edits)
    }

    /// Whether it has expired at `now`.
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    pub(super) fn slug(&self) -> String {
        let stem = self.path.file_stem().unwrap_or_default().to_lowercase();
        self.slug.clone().unwrap_or(stem)
    }

    /// The content of the file.
    pub(super) fn file(&self) -> String {
        let mut keys = vec![format!("title: The {} of a wood", self.title_word())];
        keys.extend(self.date.map(|date| format!("date: {date}")));
        keys.extend(self.expires.map(|expires| format!("expires: {expires}")));
        keys.extend(self.slug.as_ref().map(|slug| format!("slug: {slug}")));
        keys.extend(self.written_id.as_ref().map(|id| format!("id: \"{id}\"")));
        match self.standing {
            Status::Published => {}
            Status::Draft => keys.push("draft: true".to_owned()),
            Status::Unlisted => keys.push("visibility: unlisted".to_owned()),
        }
        if self.is_reordered {
            keys.reverse();
        }
        let space = if self.is_spaced { "\n" } else { " " };
        let mut file = format!("---\n{}\n---\n", keys.join("\n"));
        for at in 0..WORDS {
            if at == 7 {
                let _ = write!(file, "{}{space}", self.text_word());
            }
            let word = (self.text as u64 * 1_000_003 + at + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
            let _ = write!(file, "w{word:x}{space}");
        }
        file.push('\n');
        file
    }
}

/// The path with this number.
pub(super) fn path_of(number: u8) -> Utf8PathBuf {
    let number = usize::from(number);
    let stem = STEMS[number % STEMS.len()];
    Utf8Path::new(FOLDERS[number / STEMS.len() % FOLDERS.len()]).join(format!("{stem}.md"))
}

/// `path` in the folder with this number.
pub(super) fn in_folder(path: &Utf8Path, number: u8) -> Utf8PathBuf {
    Utf8Path::new(FOLDERS[usize::from(number) % FOLDERS.len()]).join(path.file_name().unwrap_or_default())
}

/// `path` with the case of its first letter changed.
pub(super) fn recased(path: &Utf8Path) -> Utf8PathBuf {
    let name = path.file_name().unwrap_or_default();
    let (first, rest) = name.split_at(1);
    let first = if first.chars().all(char::is_lowercase) {
        first.to_uppercase()
    } else {
        first.to_lowercase()
    };
    path.with_file_name(format!("{first}{rest}"))
}

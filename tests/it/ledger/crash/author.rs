//! An author who saves, renames, moves, withdraws and deletes posts all the time, whether feedmill runs or not.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::path::PathBuf;

use feedmill::time::Timestamp;

use crate::server::write;

/// No post is deleted if there are fewer than this: half of a folder that disappears at once counts as missing.
const FEW: usize = 10;
/// How many file names a post gets, one after the other and back.
const NAMES: u64 = 4;

/// Random numbers from a seed (splitmix64).
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }

    pub fn chance(&mut self, one_in: u64) -> bool {
        self.below(one_in) == 0
    }
}

/// A post of the author.
#[derive(Clone, Debug)]
pub struct Work {
    /// The path of its file, also after it was deleted.
    path: PathBuf,
    slug: Option<String>,
    title: u64,
    revision: u64,
    is_dated: bool,
    is_draft: bool,
    is_deleted: bool,
}

impl Work {
    pub fn is_public(&self) -> bool {
        !self.is_draft && !self.is_deleted
    }

    /// The words in its text that name the edit.
    pub fn revision(&self, marker: &str) -> String {
        format!("{marker} revision {}.", self.revision)
    }
}

pub struct Author {
    posts: PathBuf,
    random: Random,
    /// By a word that only the title and text of this post contain.
    pub works: BTreeMap<String, Work>,
    /// The posts with an address in their front matter.
    pub asked_for: HashMap<String, HashSet<String>>,
    serial: u64,
    /// The actions, to be printed after a failure.
    pub diary: Vec<String>,
}

impl Author {
    pub fn new(posts: PathBuf, seed: u64) -> Author {
        let mut author = Author {
            posts,
            random: Random(seed),
            works: BTreeMap::new(),
            asked_for: HashMap::new(),
            serial: 0,
            diary: Vec::new(),
        };
        for _ in 0..FEW + 2 {
            author.begin();
        }
        author
    }

    /// Performs a random action.
    pub fn act(&mut self) {
        let live: Vec<String> = self.markers(|work| !work.is_deleted);
        let deleted: Vec<String> = self.markers(|work| work.is_deleted);
        let Some(marker) = self.pick(&live) else { return self.begin() };
        match self.random.below(20) {
            0..=4 => self.change(&marker, |work, _| work.revision += 1),
            5 | 6 => self.change(&marker, |work, _| work.title += u64::from(work.is_dated)),
            7 | 8 => {
                let slug = format!("{marker}-slug-{}", self.random.below(NAMES));
                self.change(&marker, move |work, keeps| work.slug = (!keeps).then_some(slug));
            }
            9..=13 => {
                let folder = ["", "notes/", "notes/old/"][usize::try_from(self.random.below(3)).unwrap()];
                let to = format!("{folder}{marker}-{}.md", self.random.below(NAMES));
                if !self.posts.join(&to).exists() {
                    self.rename(&marker, &to);
                }
            }
            14 | 15 => self.change(&marker, |work, _| {
                work.is_draft = !work.is_draft;
                work.revision += 1;
            }),
            16 if live.len() > FEW => self.delete(&marker),
            17 => match self.pick(&deleted) {
                Some(deleted) => self.restore(&deleted),
                None => self.begin(),
            },
            18 if live.len() < 2 * FEW => self.begin(),
            // a checkout writes the same content again
            _ => self.change(&marker, |_, _| {}),
        }
    }

    fn markers(&self, which: impl Fn(&Work) -> bool) -> Vec<String> {
        let chosen = self.works.iter().filter(|(_, work)| which(work));
        chosen.map(|(marker, _)| marker.clone()).collect()
    }

    fn pick(&mut self, of: &[String]) -> Option<String> {
        let at = self.random.below(of.len().max(1) as u64);
        of.get(usize::try_from(at).unwrap()).cloned()
    }

    fn begin(&mut self) {
        self.serial += 1;
        let marker = format!("mark{:03}", self.serial);
        let work = Work {
            path: format!("{marker}-0.md").into(),
            slug: None,
            title: 0,
            revision: 0,
            // a post without a date keeps the first time of its file
            is_dated: !self.serial.is_multiple_of(4),
            is_draft: self.random.chance(6),
            is_deleted: false,
        };
        self.works.insert(marker.clone(), work);
        self.save(&marker);
    }

    fn change(&mut self, marker: &str, change: impl FnOnce(&mut Work, bool)) {
        let keeps = self.random.chance(3);
        change(self.works.get_mut(marker).unwrap(), keeps);
        self.save(marker);
    }

    /// Saves by a rename, or in place as some programs do.
    fn save(&mut self, marker: &str) {
        self.ask_for_address(marker);
        self.note(&format!("saves {marker}: {:?}", self.works[marker]));
        let (work, text) = (&self.works[marker], self.text(marker));
        if self.random.chance(4) {
            write(&self.posts, work.path.to_str().unwrap(), &text);
        } else {
            write(&self.posts, ".saving.tmp", &text);
            let path = self.posts.join(&work.path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::rename(self.posts.join(".saving.tmp"), path).unwrap();
        }
    }

    pub fn note(&mut self, what: &str) {
        self.diary.push(format!("{:?} {what}", Timestamp::now()));
    }

    fn ask_for_address(&mut self, marker: &str) {
        let work = &self.works[marker];
        let stem = work.path.file_stem().unwrap().to_str().unwrap();
        let address = format!("/posts/{}", work.slug.as_deref().unwrap_or(stem));
        self.asked_for.entry(address).or_default().insert(marker.to_owned());
    }

    fn rename(&mut self, marker: &str, to: &str) {
        let work = self.works.get_mut(marker).unwrap();
        let from = std::mem::replace(&mut work.path, to.into());
        self.ask_for_address(marker);
        self.note(&format!("renames {marker}: {} to {to}", from.display()));
        let to = self.posts.join(to);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::rename(self.posts.join(from), to).unwrap();
    }

    fn delete(&mut self, marker: &str) {
        let work = self.works.get_mut(marker).unwrap();
        work.is_deleted = true;
        fs::remove_file(self.posts.join(&work.path)).unwrap();
        self.note(&format!("deletes {marker}"));
    }

    fn restore(&mut self, marker: &str) {
        let work = self.works.get_mut(marker).unwrap();
        work.is_deleted = false;
        self.save(marker);
    }

    fn text(&self, marker: &str) -> String {
        let work = &self.works[marker];
        let day = marker.trim_start_matches("mark").parse::<u64>().unwrap() % 28 + 1;
        let keys = [
            Some(format!("title: {marker} title {}", work.title)),
            Some("tags: [harbour]".to_owned()),
            work.is_dated.then(|| format!("date: 2026-01-{day:02}T09:00:00Z")),
            work.slug.as_ref().map(|slug| format!("slug: {slug}")),
            work.is_draft.then(|| "draft: true".to_owned()),
        ];
        let keys: Vec<String> = keys.into_iter().flatten().collect();
        // a long text with unique words, a few of which an edit changes
        let mut words = Random(marker.bytes().fold(7, |hash, byte| hash * 31 + u64::from(byte)));
        let words: Vec<String> = (0..120).map(|_| format!("w{:x}", words.below(1 << 24))).collect();
        let end = if work.is_draft { "withheld" } else { "" };
        format!(
            "---\n{}\n---\n{}\n\n{}\n\n{end}\n",
            keys.join("\n"),
            words.join(" "),
            work.revision(marker)
        )
    }
}

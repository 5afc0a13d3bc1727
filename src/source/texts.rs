//! The texts of posts, read from their files on demand.
//!
//! A text is identified by its [`Digest`], so the text of a changed file is never used for its old version: that has no text then. The
//! texts used last are kept in memory, because a post that was just read is rendered next, in several formats.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::Source;
use crate::post::text::read_text;
use crate::post::{Digest, Post, Texts};
use crate::source_file::SourceFile;

/// The most bytes of texts in memory: several times those of the newest feeds and of the posts edited at a time. More would save little,
/// because rendered texts are cached too.
const BYTES: u64 = 4 * 1024 * 1024;
/// The approximate overhead of a text in memory, in bytes.
const BESIDE: u64 = 128;
/// The approximate number of texts in memory.
const ABOUT_TEXTS: usize = 1000;

/// The texts of the posts of one source.
pub struct FileTexts {
    source: Source,
    kept: Cache<Digest, CachedText, TextWeight>,
    /// Texts pinned elsewhere, because their files may no longer contain them.
    held: Mutex<HashMap<Digest, Weak<str>>>,
}

#[derive(Clone)]
struct TextWeight;

impl Weighter<Digest, CachedText> for TextWeight {
    fn weight(&self, _: &Digest, cached: &CachedText) -> u64 {
        (cached.text.len() + cached.rest.bytes().len()) as u64 + BESIDE
    }
}

/// A text, and the rest of its file.
#[derive(Clone)]
struct CachedText {
    text: Arc<str>,
    rest: RestOfFile,
}

/// The content of a file besides the text of its post.
#[derive(Clone)]
enum RestOfFile {
    /// The part before the text.
    Before(Arc<[u8]>),
    /// The whole file: its line endings or its encoding differ from those of the text.
    Whole(Arc<[u8]>),
    Unknown,
}

impl CachedText {
    /// The whole file, if that is known.
    fn file(self) -> Option<Arc<[u8]>> {
        match self.rest {
            RestOfFile::Before(before) => Some([&*before, self.text.as_bytes()].concat().into()),
            RestOfFile::Whole(bytes) => Some(bytes),
            RestOfFile::Unknown => None,
        }
    }

    /// Whether this and `other`, which has the same text, certainly come from different files.
    fn differs_from(&self, other: &CachedText) -> bool {
        match (&self.rest, &other.rest) {
            (RestOfFile::Unknown, _) | (_, RestOfFile::Unknown) => false,
            (RestOfFile::Before(one), RestOfFile::Before(other)) | (RestOfFile::Whole(one), RestOfFile::Whole(other)) => {
                one != other
            }
            _ => true,
        }
    }
}

/// The key of a file with this digest whose text is also that of another file. A file that consists of its text only has the digest of
/// that text.
fn file_key(file: Digest) -> Digest {
    Digest::of(&file.to_bytes())
}

impl RestOfFile {
    fn of(text: &str, file: Option<&[u8]>) -> RestOfFile {
        let Some(file) = file else { return RestOfFile::Unknown };
        match file.strip_suffix(text.as_bytes()) {
            Some(before) => RestOfFile::Before(before.into()),
            None => RestOfFile::Whole(file.into()),
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            RestOfFile::Before(bytes) | RestOfFile::Whole(bytes) => bytes,
            RestOfFile::Unknown => &[],
        }
    }
}

impl FileTexts {
    /// Returns the texts of the posts in `source`.
    #[must_use]
    pub fn new(source: Source) -> FileTexts {
        FileTexts::with_cache_limit(BYTES, source)
    }

    /// Returns the texts of the posts in `source`, with a limit of `bytes` in memory.
    #[must_use]
    pub fn with_cache_limit(bytes: u64, source: Source) -> FileTexts {
        FileTexts {
            source,
            kept: Cache::with_weighter(ABOUT_TEXTS, bytes, TextWeight),
            held: Mutex::default(),
        }
    }

    /// Whether texts of `bytes` in all could be kept in memory together.
    #[must_use]
    pub fn has_room_for(&self, bytes: u64) -> bool {
        bytes <= self.kept.capacity()
    }

    /// Moves the text of `post` into the cache.
    pub fn cache_text(&self, post: &mut Post) {
        self.cache_text_and_file(post, None);
    }

    /// Does the same with the bytes of the post's file, if they are known.
    pub fn cache_text_and_file(&self, post: &mut Post, file: Option<&[u8]>) {
        let digest = post.text.digest();
        if let Some(text) = post.text.unload() {
            let rest = RestOfFile::of(&text, file);
            self.keep(digest, post.file, CachedText { text, rest });
        }
    }

    /// Caches the content of the file with the digest `file`. If another file with the same text is cached, both are kept.
    fn keep(&self, text: Digest, file: Digest, cached: CachedText) {
        let other = self.kept.peek(&text).filter(|other| other.differs_from(&cached));
        self.kept.insert(if other.is_some() { file_key(file) } else { text }, cached);
    }

    /// The whole content of the file of `post`, if it is in memory or the file did not change. May read the file.
    #[must_use]
    pub fn file(&self, post: &Post) -> Option<Arc<[u8]>> {
        let is_it = |bytes: &Arc<[u8]>| Digest::of(bytes) == post.file;
        let cached = [post.text.digest(), file_key(post.file)];
        let mut cached = cached.iter().filter_map(|digest| self.kept.get(digest)?.file());
        let read = || Some(self.source.read_latest(&post.source)?.bytes);
        cached.find(is_it).or_else(|| read().filter(is_it))
    }

    /// Makes `text`, the text of `post`, available until `text` is dropped.
    pub fn pin_text(&self, post: &Post, text: &Arc<str>) {
        let mut held = self.lock();
        held.retain(|_, text| text.strong_count() > 0);
        held.insert(post.text.digest(), Arc::downgrade(text));
    }

    /// The text of `post`, if it is in memory. It stays available until the returned value is dropped.
    #[must_use]
    pub fn pin(&self, post: &Post) -> Option<Arc<str>> {
        let digest = post.text.digest();
        let text = self.in_memory(digest)?;
        self.pin_text(post, &text);
        Some(text)
    }

    /// Removes all texts that are not pinned.
    #[cfg(test)]
    pub fn forget(&self) {
        self.kept.clear();
    }

    fn in_memory(&self, digest: Digest) -> Option<Arc<str>> {
        let held = || self.lock().get(&digest)?.upgrade();
        self.kept.get(&digest).map(|cached| cached.text).or_else(held)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Digest, Weak<str>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the text of `post` from its file, and returns it with the file.
    fn read(&self, post: &Post) -> Option<(Arc<str>, SourceFile)> {
        let file = self.source.read_latest(&post.source)?;
        let text = read_text(&file, post.text.digest())?;
        Some((text, file))
    }
}

impl Texts for FileTexts {
    fn load(&self, post: &Post) -> Option<Arc<str>> {
        let digest = post.text.digest();
        if let Some(text) = self.in_memory(digest) {
            return Some(text);
        }
        let (text, file) = self.read(post)?;
        let rest = RestOfFile::of(&text, Some(&file.bytes));
        let cached = CachedText {
            text: Arc::clone(&text),
            rest,
        };
        self.keep(digest, Digest::of(&file.bytes), cached);
        Some(text)
    }

    fn load_once(&self, post: &Post) -> Option<Arc<str>> {
        let in_memory = self.in_memory(post.text.digest());
        in_memory.or_else(|| Some(self.read(post)?.0))
    }
}

impl fmt::Debug for FileTexts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileTexts")
            .field("source", &self.source)
            .field("kept", &self.kept.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use camino::{Utf8Path, Utf8PathBuf};

    use super::*;
    use crate::config::Config;
    use crate::post;
    use crate::source::{FileEntry, Folder, ScanScope};

    struct Posts {
        temporary: tempfile::TempDir,
        folder: Folder,
    }

    impl Posts {
        fn of(files: &[(&str, &[u8])]) -> Posts {
            let temporary = tempfile::tempdir().unwrap();
            let root = Utf8PathBuf::from_path_buf(temporary.path().join("posts")).unwrap();
            for (path, content) in files {
                let path = root.join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, content).unwrap();
            }
            let folder = Folder::new(root, &Config::default().posts);
            Posts { temporary, folder }
        }

        fn source(&self) -> Source {
            Source::Folder(self.folder.clone())
        }

        fn path(&self, path: &str) -> Utf8PathBuf {
            self.folder.root().join(path)
        }

        fn entry(&self, path: &str) -> FileEntry {
            let files = self.folder.scan(&ScanScope::Everywhere, &|_| false).unwrap().files;
            files.get(Utf8Path::new(path)).cloned().unwrap()
        }

        /// The current post at `path`, with its text.
        fn post(&self, path: &str) -> Post {
            let source = self.folder.read(path.into(), &self.entry(path)).unwrap();
            post::read(&source, &Config::default()).unwrap().post
        }
    }

    /// Splits a post into the post without its text, and the text.
    fn split(mut post: Post) -> (Post, Arc<str>) {
        let text = post.text.unload().unwrap();
        (post, text)
    }

    #[test]
    fn a_text_is_read_again_as_it_was_read() {
        let utf16: Vec<u8> = "\u{feff}---\ntitle: Dune\n---\r\nSand.\r\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let cases: [(&str, &[u8]); 7] = [
            ("plain.md", b"Reeds.\n"),
            ("yaml.md", b"---\ntitle: Reeds\n---\n\nReeds and rushes.\n"),
            ("toml.md", b"+++\ntitle = 'Reeds'\n+++\nReeds.\n"),
            ("windows.md", b"---\r\ntitle: Reeds\r\n---\r\nReeds.\r\nRushes.\r\n"),
            ("mark.md", b"\xef\xbb\xbf---\ntitle: Reeds\n---\nReeds.\n"),
            ("wide.md", &utf16),
            ("deep/in/empty.md", b"---\ntitle: Nothing\n---\n"),
        ];
        let posts = Posts::of(&cases);
        for bytes in [0, BYTES] {
            let texts = FileTexts::with_cache_limit(bytes, posts.source());
            for (path, _) in cases {
                let (post, text) = split(posts.post(path));
                for time in ["first", "second"] {
                    assert_eq!(texts.text(&post), Some(Arc::clone(&text)), "{path}, the {time} time");
                }
            }
        }
    }

    #[test]
    fn a_changed_text_is_not_returned() {
        let posts = Posts::of(&[("a.md", b"---\ntitle: A\n---\nReeds.\n"), ("b.md", b"Dunes.\n")]);
        let texts = FileTexts::with_cache_limit(0, posts.source());
        let (post, reeds) = split(posts.post("a.md"));
        let long = b"x".repeat(2 * 1024 * 1024);
        let steps: [(&str, &[u8], bool); 6] = [
            ("a text was added to", b"---\ntitle: A\n---\nReeds.\nMore.\n", false),
            ("the front matter is another", b"---\ntitle: B\n---\nReeds.\n", true),
            ("it is not text", b"---\ntitle: A\n---\nReeds.\n\xff", false),
            ("it is empty", b"", false),
            ("all is as before", b"---\ntitle: A\n---\nReeds.\n", true),
            ("it is too long", &long, false),
        ];
        for (name, content, is_there) in steps {
            fs::write(posts.path("a.md"), content).unwrap();
            assert_eq!(texts.text(&post), is_there.then(|| Arc::clone(&reeds)), "{name}");
        }
        fs::remove_file(posts.path("a.md")).unwrap();
        assert_eq!(texts.text(&post), None, "it is gone");
        fs::write(posts.temporary.path().join("outside.md"), "Reeds.\n").unwrap();
        symlink("../outside.md", posts.path("a.md")).unwrap();
        assert_eq!(texts.text(&post), None, "a link leads out");
    }

    #[test]
    fn links_within_the_folder_are_followed_to_their_present_target() {
        let posts = Posts::of(&[
            ("..one/a.md", b"Reeds.\n"),
            ("..two/a.md", b"Reeds.\n"),
            ("..two/b.md", b"Dunes.\n"),
        ]);
        symlink("..one", posts.path("..data")).unwrap();
        symlink("..data/a.md", posts.path("a.md")).unwrap();
        let texts = FileTexts::with_cache_limit(0, posts.source());
        let (post, reeds) = split(posts.post("a.md"));
        assert_eq!(texts.text(&post), Some(Arc::clone(&reeds)));
        fs::remove_file(posts.path("..data")).unwrap();
        symlink("..two", posts.path("..data")).unwrap();
        fs::remove_dir_all(posts.path("..one")).unwrap();
        assert_eq!(texts.text(&post), Some(reeds));
        fs::remove_file(posts.path("..data")).unwrap();
        assert_eq!(texts.text(&post), None, "a link that leads nowhere");
    }

    #[test]
    fn a_held_text_is_available_without_its_file() {
        let posts = Posts::of(&[("a.md", b"Reeds.\n")]);
        let texts = FileTexts::new(posts.source());
        let mut post = posts.post("a.md");
        texts.cache_text(&mut post);
        let held = texts.pin(&post);
        texts.forget();
        fs::remove_file(posts.path("a.md")).unwrap();
        assert_eq!(texts.text(&post).as_deref(), Some("Reeds.\n"));
        drop(held);
        assert_eq!(texts.text(&post), None);
        assert_eq!(texts.pin(&post), None);
    }

    #[test]
    fn the_bytes_of_each_file_are_available_even_if_many_have_the_same_text() {
        let files: Vec<(String, String)> = (0..5)
            .map(|n| (format!("{n}.md"), format!("---\ntitle: Note {n}\n---\nTODO\n")))
            .chain([("plain.md".to_owned(), "TODO\n".to_owned())])
            .collect();
        let given: Vec<(&str, &[u8])> = files.iter().map(|(path, bytes)| (&**path, bytes.as_bytes())).collect();
        let posts = Posts::of(&given);
        let texts = FileTexts::new(posts.source());
        let read: Vec<Post> = given
            .iter()
            .map(|(path, bytes)| {
                let mut post = posts.post(path);
                texts.cache_text_and_file(&mut post, Some(bytes));
                post
            })
            .collect();
        for (path, _) in &given {
            fs::write(posts.path(path), "").unwrap();
        }
        for (post, (path, bytes)) in read.iter().zip(&given) {
            assert_eq!(texts.file(post).as_deref(), Some(*bytes), "{path}");
            assert_eq!(texts.text(post).as_deref(), Some("TODO\n"), "{path}");
        }
    }

    #[test]
    fn a_text_that_is_needed_once_is_not_kept() {
        let posts = Posts::of(&[("a.md", b"Reeds.\n")]);
        let texts = FileTexts::new(posts.source());
        let (post, reeds) = split(posts.post("a.md"));
        assert_eq!(texts.text_once(&post), Some(Arc::clone(&reeds)));
        assert_eq!(texts.kept.len(), 0);
        assert_eq!(texts.text(&post), Some(Arc::clone(&reeds)));
        fs::remove_file(posts.path("a.md")).unwrap();
        assert_eq!(texts.text_once(&post), Some(reeds), "it is in memory");
    }

    #[test]
    fn the_cache_keeps_to_its_limit() {
        let posts = Posts::of(&[("a.md", &[b'x'; 1000])]);
        let texts = FileTexts::with_cache_limit(10_000, posts.source());
        let mut post = posts.post("a.md");
        for n in 0..100 {
            post.text = format!("{n}{}", "x".repeat(1000)).as_str().into();
            texts.cache_text(&mut post);
            assert!(post.text.loaded().is_none());
        }
        assert!((1..=10_000).contains(&texts.kept.weight()), "{}", texts.kept.weight());
    }
}

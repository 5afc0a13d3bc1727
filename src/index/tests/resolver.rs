//! What addresses in posts lead to; and that the tables after changes equal those of all posts and files.

use std::collections::BTreeMap;

use camino::Utf8Path;
use proptest::prelude::*;

use super::*;
use crate::post::reference::{Destination, FoundDestination, ParsedReference, Role};

/// Files of posts, each with its front matter.
const POSTS: [(&str, &str); 13] = [
    ("hello.md", "title: Hello, world"),
    ("notes/hello.md", "title: A note\ndraft: true"),
    ("notes/Other Note.md", "title: Other\naliases: [The other]"),
    ("notes/deep/one.md", "title: One\nslug: first\naliases: [/old/one/]"),
    ("notes/deep/two.md", "title: Twin"),
    ("twin.md", "title: Twin"),
    ("2020-03-05-title.md", "title: Dated\ntags: [Tools]"),
    ("guide/index.md", "title: Guide"),
    ("guide/part.mdx", "title: Part"),
    ("secret/index.md", "title: Secret\ndraft: true"),
    ("e\u{301}te\u{301}.md", "title: Summer"),
    ("a%b.md", "title: Percent"),
    ("c#.md", "title: C sharp"),
];

const FILES: [&str; 12] = [
    "cat.png",
    "notes/cat.png",
    "notes/deep/one/inside.png",
    "img/dog.png",
    "img/Big Dog.PNG",
    "other/img/dog.png",
    "secret/hidden.png",
    "notes/e\u{301}te\u{301}.png",
    "attachments/only.mp3",
    "guide/data.json",
    "hello/beside.png",
    "notes/hello/owned.png",
];

fn known(posts_of: &[(&str, &str)], files: &[&str]) -> Index {
    let texts: Vec<(&str, String)> = posts_of
        .iter()
        .map(|(path, head)| {
            let date = if path.starts_with("2020") { "" } else { "date: 2026-01-01\n" };
            (*path, format!("---\n{date}{head}\n---\nText.\n"))
        })
        .collect();
    let texts: Vec<(&str, &str)> = texts.iter().map(|(path, text)| (*path, text.as_str())).collect();
    index(&texts, NOW).0.with_files(&all_files(files.iter().copied()), None)
}

fn all_files<'a>(files: impl Iterator<Item = &'a str>) -> FileChanges {
    FileChanges {
        added: files.map(|path| Utf8Path::new(path).into()).collect(),
        gone: Vec::new(),
        are_all: true,
    }
}

fn find(index: &Index, source: &str, reference: &str, role: Role) -> FoundDestination {
    let is_shown = |path: &Utf8Path| !path.starts_with("secret") && !path.starts_with("notes/hello");
    let lookup_site = LookupSite {
        base_path: "",
        folder: "_posts",
        static_folder: "static".into(),
        shows_all: false,
        may_read_file: &is_shown,
        is_redirected: &|path| path == "/moved",
    };
    let written = ParsedReference::parse(reference).unwrap();
    let page = index.post(source.into()).map_or("/posts/x", |post| post.address.as_str());
    index.find_target((source.into(), page), &written, role, lookup_site)
}

fn shown(found: &FoundDestination) -> String {
    match &found.target {
        None => "nothing".to_owned(),
        Some(Destination::AsWritten) => "as written".to_owned(),
        Some(Destination::Page(address)) => address.clone(),
        Some(Destination::File(path)) => format!("file {path}"),
        Some(Destination::NotPublic) => "not public".to_owned(),
    }
}

#[test]
fn links() {
    let index = known(&POSTS, &FILES);
    let cases = [
        // as written
        ("hello.md", "/posts/hello", "as written"),
        ("hello.md", "/", "as written"),
        ("hello.md", "/tags/tools", "as written"),
        ("hello.md", "/rss.xml", "as written"),
        ("hello.md", "/moved", "as written"),
        ("hello.md", "/media/cat.png", "as written"),
        ("hello.md", "/media/only.mp3", "file attachments/only.mp3"),
        ("hello.md", "/posts/hello.md", "as written"),
        ("hello.md", "first", "as written"),
        ("hello.md", "../feeds.opml", "as written"),
        // beside the file
        ("notes/deep/one.md", "two.md", "/posts/two"),
        ("notes/deep/one.md", "./two.md", "/posts/two"),
        ("notes/deep/one.md", "two", "as written"),
        ("notes/deep/one.md", "two.html", "/posts/two"),
        ("notes/deep/one.md", "../Other%20Note.md", "/posts/other-note"),
        ("notes/deep/one.md", "cat.png", "file notes/cat.png"),
        ("guide/index.md", "part.mdx", "/posts/part"),
        ("guide/index.md", "part.md", "/posts/part"),
        ("guide/index.md", "data.json", "file guide/data.json"),
        ("guide/part.mdx", "../hello.md", "/posts/hello"),
        ("guide/part.mdx", "index.md", "/posts/guide"),
        ("guide/part.mdx", "../guide/", "/posts/guide"),
        // in the folder of the post's name, as an address of the tool's pages
        ("guide/part.mdx", "../index/", "/posts/guide"),
        ("notes/deep/one.md", "../two/", "/posts/two"),
        // in a folder above
        ("notes/deep/one.md", "twin.md", "/posts/twin"),
        ("notes/deep/one.md", "guide/index.md", "/posts/guide"),
        // from the root, with or without the name of the posts folder
        ("notes/deep/one.md", "/hello.md", "/posts/hello"),
        ("notes/deep/one.md", "@/notes/deep/two.md", "/posts/two"),
        ("notes/deep/one.md", "_posts/twin.md", "/posts/twin"),
        ("notes/deep/one.md", "/en/_posts/twin.md", "/posts/twin"),
        ("notes/deep/one.md", "{filename}/twin.md", "/posts/twin"),
        ("hello.md", "{filename}notes/deep/two.md", "/posts/two"),
        // Unicode and case
        ("hello.md", "\u{e9}t\u{e9}.md", "/posts/ete"),
        ("hello.md", "HELLO.MD", "/posts/hello"),
        ("hello.md", "a%25b.md", "/posts/a-b"),
        ("hello.md", "c%23.md", "/posts/c"),
        // sections
        ("hello.md", "@/notes/_index.md", "/sections/notes"),
        ("hello.md", "@/_index.md", "/"),
        ("hello.md", "@/none/_index.md", "nothing"),
        ("hello.md", "/notes/", "/sections/notes"),
        ("hello.md", "/notes", "/sections/notes"),
        ("hello.md", "/notes/deep/", "/sections/notes"),
        ("hello.md", "/Notes/Deep", "/sections/notes"),
        ("hello.md", "/_posts/notes/deep/", "/sections/notes"),
        ("hello.md", "/notes/none/", "nothing"),
        ("hello.md", "notes/deep/", "nothing"),
        ("hello.md", "/notes.pdf", "nothing"),
        ("hello.md", "{tag}Tools", "/tags/tools"),
        ("hello.md", "{tag}none", "nothing"),
        ("hello.md", "{index}", "/"),
        // forms that no browser understands
        ("hello.md", "__GHOST_URL__/posts/first", "/posts/first"),
        ("hello.md", "__GHOST_URL__/posts/first/?a", "/posts/first"),
        ("hello.md", "pathname:///rss.xml", "/rss.xml"),
        // the only one of this name
        ("hello.md", "gone/two.md", "/posts/two"),
        ("hello.md", "gone/only.mp3", "file attachments/only.mp3"),
        // by slug, title, alias, old address
        ("guide/part.mdx", "/first/", "/posts/first"),
        ("guide/part.mdx", "/old/one", "/posts/first"),
        ("guide/part.mdx", "/old/one/index.html", "/posts/first"),
        ("hello.md", "/2020/03/05/title/", "/posts/title"),
        ("hello.md", "/2020/03/05/title.html", "/posts/title"),
        ("hello.md", "/tools/2020/03/05/title.html", "/posts/title"),
        ("hello.md", "/blog/2020-03-05-title", "/posts/title"),
        ("hello.md", "/2020/03/06/title/", "nothing"),
        ("hello.md", "/2020/03/06/Other_Note/", "nothing"),
        ("hello.md", "/posts/other_note/", "/posts/other-note"),
        ("hello.md", "/docs/next/title", "nothing"),
        ("hello.md", "/next/title", "/posts/title"),
        // below an unknown folder, by a slug of several words
        ("hello.md", "/web/other-note/", "/posts/other-note"),
        ("hello.md", "/web/other_note/", "/posts/other-note"),
        ("hello.md", "/a/b/other-note.html", "/posts/other-note"),
        ("hello.md", "web/other-note/", "nothing"),
        ("hello.md", "/web/2020/other-note/", "nothing"),
        ("hello.md", "/tags/other-note/", "as written"),
        ("hello.md", "/web/other-note.pdf", "nothing"),
        // not every address below `/api/` is feedmill's
        ("hello.md", "/api/posts", "as written"),
        ("hello.md", "/api/none", "nothing"),
        ("hello.md", "/other-site/title/", "nothing"),
        ("hello.md", "/notes/deep/one/", "/posts/first"),
        // nowhere
        ("hello.md", "none.md", "nothing"),
        ("hello.md", "none", "nothing"),
        ("hello.md", "/none", "nothing"),
        ("hello.md", "../../twin.md", "/posts/twin"),
        ("hello.md", "example.com/title", "nothing"),
        ("hello.md", "hello.pdf", "nothing"),
        // not public
        ("notes/deep/one.md", "../hello.md", "not public"),
        ("hello.md", "secret/index.md", "not public"),
        ("hello.md", "/secret/", "not public"),
        ("hello.md", "hidden.png", "nothing"),
        ("hello.md", "owned.png", "nothing"),
    ];
    for (source, reference, expected) in cases {
        let found = find(&index, source, reference, Role::Link);
        assert_eq!(shown(&found), expected, "{reference} in {source}");
    }
}

#[test]
fn parts() {
    let index = known(&POSTS, &FILES);
    let cases = [
        ("notes/deep/one.md", "inside.png", "file notes/deep/one/inside.png"),
        ("notes/deep/one.md", "cat.png", "file notes/cat.png"),
        ("notes/deep/one.md", "../../cat.png", "file cat.png"),
        ("notes/deep/one.md", "/cat.png", "file cat.png"),
        ("notes/deep/one.md", "/img/dog.png", "file img/dog.png"),
        ("notes/deep/one.md", "/other/img/dog.png", "file other/img/dog.png"),
        ("notes/deep/one.md", "/x/other/img/dog.png", "file other/img/dog.png"),
        // of two that are equally good, none
        ("notes/deep/one.md", "/assets/img/dog.png", "nothing"),
        ("notes/deep/one.md", "dog.png", "nothing"),
        ("notes/deep/one.md", "big%20dog.png", "file img/Big Dog.PNG"),
        ("hello.md", "img/big dog.png", "file img/Big Dog.PNG"),
        ("hello.md", "img\\Big Dog.PNG", "file img/Big Dog.PNG"),
        ("hello.md", "beside.png", "file hello/beside.png"),
        (
            "notes/deep/one.md",
            "../\u{e9}t\u{e9}.png",
            "file notes/e\u{301}te\u{301}.png",
        ),
        (
            "hello.md",
            "__GHOST_URL__/content/images/only.mp3",
            "file attachments/only.mp3",
        ),
        ("hello.md", "{static}/img/dog.png", "file img/dog.png"),
        ("hello.md", "@site/static/img/dog.png", "file img/dog.png"),
        ("hello.md", "@site/static/only.mp3", "file attachments/only.mp3"),
        ("hello.md", "hidden.png", "nothing"),
        // its address is what the author wrote
        ("hello.md", "secret/hidden.png", "file secret/hidden.png"),
        ("hello.md", "twin.md", "nothing"),
        ("hello.md", "none.png", "nothing"),
        ("hello.md", "../../../etc/passwd", "nothing"),
    ];
    for (source, reference, expected) in cases {
        let found = find(&index, source, reference, Role::Part);
        assert_eq!(shown(&found), expected, "{reference} in {source}");
    }
}

#[test]
fn wikilinks() {
    let index = known(&POSTS, &FILES);
    let cases = [
        ("hello.md", "Other%20Note", "/posts/other-note"),
        ("hello.md", "other%20note", "/posts/other-note"),
        ("hello.md", "other-note", "/posts/other-note"),
        ("hello.md", "Other", "/posts/other-note"),
        ("hello.md", "The%20other", "/posts/other-note"),
        ("hello.md", "notes%2FOther%20Note", "/posts/other-note"),
        ("hello.md", "Hello%2C%20world", "/posts/hello"),
        ("hello.md", "first", "/posts/first"),
        ("hello.md", "Guide", "/posts/guide"),
        ("hello.md", "only%2Emp3", "file attachments/only.mp3"),
        ("hello.md", "C%23", "/posts/c"),
        // the name of a file comes before a title
        ("notes/deep/one.md", "Twin", "/posts/twin"),
        ("notes/Other%20Note.md", "Missing", "nothing"),
        ("hello.md", "Secret", "not public"),
        ("hello.md", "A%20note", "not public"),
        // not public beside the file
        ("notes/deep/one.md", "hello", "not public"),
        ("hello.md", "hidden%2Epng", "nothing"),
    ];
    for (source, name, expected) in cases {
        let found = find(&index, source, &format!("wikilink:{name}"), Role::Link);
        assert_eq!(shown(&found), expected, "{name} in {source}");
    }
}

#[test]
fn a_site_below_a_path() {
    let index = known(&POSTS, &FILES);
    let lookup_site = LookupSite {
        base_path: "/blog",
        folder: "",
        static_folder: "static".into(),
        shows_all: true,
        may_read_file: &|_| true,
        is_redirected: &|_| false,
    };
    let cases = [
        ("/blog/posts/hello", "as written"),
        ("/posts/hello", "/posts/hello"),
        ("twin", "as written"),
        ("/secret/", "/posts/secret"),
        ("/blogs/hello", "nothing"),
        ("/web/other-note", "nothing"),
        ("/blog/web/other-note", "/posts/other-note"),
    ];
    for (reference, expected) in cases {
        let written = ParsedReference::parse(reference).unwrap();
        let place = ("hello.md".into(), "/blog/posts/hello");
        let found = index.find_target(place, &written, Role::Link, lookup_site);
        assert_eq!(shown(&found), expected, "{reference}");
    }
}

/// Front matter that may change what a post is found by.
fn head() -> impl Strategy<Value = String> {
    let line = |key: &'static str, values: &'static [&'static str]| {
        let line = (0..values.len()).prop_map(move |at| format!("{key}: {}\n", values[at]));
        proptest::option::weighted(0.4, line).prop_map(Option::unwrap_or_default)
    };
    (
        line("title", &["One", "Two", "three", "ONE"]),
        line("slug", &["one", "two", "four"]),
        line("aliases", &["[/old, two]", "[Three]", "[/posts/one/]"]),
        line("draft", &["true"]),
        line("expiryDate", &["2026-06-03", "2026-06-05"]),
    )
        .prop_map(|(title, slug, aliases, draft, expiry)| {
            ["date: 2026-06-02\n", &title, &slug, &aliases, &draft, &expiry].concat()
        })
}

const PATHS: [&str; 6] = ["one.md", "a/one.md", "a/Two.md", "b/index.md", "b/c/four.md", "o\u{301}.md"];
const MEDIA: [&str; 7] = [
    "x.png",
    "a/x.png",
    "a/one/y.png",
    "b/X.png",
    "b/z.png",
    "b/c/x.png",
    "o\u{301}.png",
];
const QUESTIONS: [(&str, &str, Role); 25] = [
    ("one.md", "x.png", Role::Part),
    ("one.md", "/a/x.png", Role::Part),
    ("one.md", "y.png", Role::Part),
    ("a/one.md", "y.png", Role::Part),
    ("a/one.md", "z.png", Role::Part),
    ("a/one.md", "q/c/x.png", Role::Part),
    ("b/index.md", "\u{f3}.png", Role::Part),
    ("b/index.md", "z.png", Role::Link),
    ("one.md", "a/one.md", Role::Link),
    ("a/one.md", "two.md", Role::Link),
    ("a/one.md", "four", Role::Link),
    ("one.md", "b", Role::Link),
    ("one.md", "/b/", Role::Link),
    ("one.md", "/posts/two", Role::Link),
    ("one.md", "/old", Role::Link),
    ("one.md", "/2026/06/02/four/", Role::Link),
    ("one.md", "@/a/_index.md", Role::Link),
    ("one.md", "@/b/_index.md", Role::Link),
    ("a/one.md", "\u{f3}.md", Role::Link),
    ("one.md", "wikilink:One", Role::Link),
    ("a/one.md", "wikilink:Two", Role::Link),
    ("b/c/four.md", "wikilink:Three", Role::Link),
    ("b/c/four.md", "wikilink:a%2FTwo", Role::Link),
    ("b/c/four.md", "wikilink:four", Role::Link),
    ("b/c/four.md", "wikilink:z%2Epng", Role::Link),
];

#[derive(Clone, Debug)]
enum Step {
    /// Writes these posts, or deletes them if there is no text.
    Posts(Vec<(usize, Option<String>)>),
    /// Adds or deletes these media files.
    Media(Vec<(usize, bool)>),
    /// Moves the clock by this many hours.
    Pass(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let post = (0..PATHS.len(), proptest::option::weighted(0.8, head()));
    let file = (0..MEDIA.len(), any::<bool>());
    prop_oneof![
        4 => proptest::collection::vec(post, 1..4).prop_map(Step::Posts),
        3 => proptest::collection::vec(file, 1..4).prop_map(Step::Media),
        1 => (1_i64..30).prop_map(Step::Pass),
    ]
}

/// Every answer of `index`, with the files of posts that are not public hidden.
fn answers(index: &Index) -> Vec<FoundDestination> {
    let may_read_file = |path: &Utf8Path| {
        let owner = path.starts_with("b").then(|| index.post("b/index.md".into())).flatten();
        owner.is_none_or(|post| index.is_readable(post))
    };
    let lookup_site = LookupSite {
        base_path: "",
        folder: "",
        static_folder: "static".into(),
        shows_all: false,
        may_read_file: &may_read_file,
        is_redirected: &|_| false,
    };
    let answer = |(source, reference, role): &(&str, &str, Role)| {
        let written = ParsedReference::parse(reference).unwrap();
        index.find_target(((*source).into(), "/posts/x"), &written, *role, lookup_site)
    };
    QUESTIONS.iter().map(answer).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn tables_after_changes_equal_those_of_all_posts_and_files(steps in proptest::collection::vec(step(), 1..12)) {
        let config = Config::default();
        let mut now = at("2026-06-02T12:00:00Z");
        let mut posts_now: BTreeMap<Utf8PathBuf, Arc<Post>> = BTreeMap::new();
        let mut media_now: BTreeSet<&str> = BTreeSet::new();
        let mut index = Index::build(Vec::new(), &HashSet::new(), &config, now, &SharedVec::default())
            .with_files(&all_files(std::iter::empty()), None);
        for step in steps {
            let mut changes = Changes::default();
            let mut files = FileChanges::default();
            match step {
                Step::Pass(hours) => now += jiff::SignedDuration::from_hours(hours),
                Step::Posts(written) => {
                    let written: BTreeMap<usize, Option<String>> = written.into_iter().collect();
                    for (path, head) in written {
                        let path = PATHS[path];
                        match head {
                            Some(head) => {
                                let post = posts(&[(path, format!("---\n{head}---\nText.\n").as_str())]).remove(0);
                                posts_now.insert(path.into(), Arc::clone(&post));
                                changes.add(vec![post]);
                            }
                            None => {
                                posts_now.remove(Utf8Path::new(path));
                                changes.gone.push(path.into());
                            }
                        }
                    }
                }
                Step::Media(written) => {
                    let written: BTreeMap<usize, bool> = written.into_iter().collect();
                    for (path, is_there) in written {
                        let path = MEDIA[path];
                        if is_there && media_now.insert(path) {
                            files.added.push(Utf8Path::new(path).into());
                        } else if !is_there && media_now.remove(path) {
                            files.gone.push(Utf8Path::new(path).into());
                        }
                    }
                }
            }
            let (after, _) = index.after_changes(changes, &HashSet::new(), &config, now);
            let after = after.with_files(&files, Some(&index));
            let whole = Index::build(posts_now.values().cloned().collect(), &HashSet::new(), &config, now, &SharedVec::default())
                .with_files(&all_files(media_now.iter().copied()), None);
            let (before, found, expected) = (answers(&index), answers(&after), answers(&whole));
            let keys = after.changed_keys().unwrap();
            for (question, ((before, found), expected)) in QUESTIONS.iter().zip(before.iter().zip(&found).zip(&expected)) {
                prop_assert_eq!(&found.target, &expected.target, "{:?}", question);
                let has_changed_key = before.keys.iter().any(|key| keys.contains(key));
                prop_assert!(before.target == found.target || has_changed_key, "{:?} {:?} {:?}", question, before, found);
            }
            prop_assert!(keys.is_empty() || after.generation() != index.generation());
            index = after;
        }
    }
}

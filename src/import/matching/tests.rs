//! Which item matches which post, and by what evidence.

use super::*;
use crate::import::feed;
use crate::post;
use crate::post::text::LoadedTexts;
use crate::source_file::SourceFile;
use crate::time::Timestamp;

const TEXT: &str = "The mill by the river grinds slowly in winter, and the miller tells stories to whoever waits for flour.";

fn config(text: &str) -> Config {
    Config::parse("feedmill.toml".into(), text).unwrap()
}

fn posts(files: &[(&str, &str)], config: &Config) -> Vec<Arc<Post>> {
    let read = |(path, text): &(&str, &str)| {
        let source = SourceFile {
            path: (*path).into(),
            bytes: text.as_bytes().into(),
            modified: Timestamp::UNIX_EPOCH,
        };
        Arc::new(post::read(&source, config).unwrap().post)
    };
    files.iter().map(read).collect()
}

/// The id, address, title, day and text of one item.
type Item<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str);

fn old(items: &[Item]) -> OldFeed {
    let items: Vec<serde_json::Value> = items
        .iter()
        .map(|(id, url, title, day, text)| {
            serde_json::json!({ "id": id, "url": url, "title": title, "date_published": day, "content_text": text })
        })
        .collect();
    let document = serde_json::json!({
        "version": "https://jsonfeed.org/version/1.1", "home_page_url": "https://old.example/", "items": items
    });
    feed::parse_feed(document.to_string().as_bytes(), None).unwrap()
}

/// The id, file and evidence of each item with a post.
fn pairs(items: &[Item], files: &[(&str, &str)], configured: &str) -> Vec<(String, String, MatchedBy)> {
    let config = config(configured);
    let (feed, posts) = (old(items), posts(files, &config));
    let matching = match_items(&feed, &posts, &LoadedTexts, &config);
    assert_eq!(matching.matched.len() + matching.unmatched.len(), feed.items.len());
    let pair = |pair: &Match| (pair.item.id.clone(), pair.post.source().to_string(), pair.by);
    matching.matched.iter().map(pair).collect()
}

#[expect(clippy::type_complexity, clippy::too_many_lines, reason = "a table")]
#[test]
fn every_kind_of_evidence() {
    let cases: [(&str, Item, (&str, &str), Option<MatchedBy>); 15] = [
        (
            "the file says the id",
            ("x1", "", "", "", ""),
            ("a.md", "---\nid: x1\n---\n"),
            Some(MatchedBy::Id),
        ),
        (
            "the address, whatever it ends with",
            ("1", "https://old.example/posts/Hello/index.html", "", "", ""),
            ("hello.md", "# Other"),
            Some(MatchedBy::Address),
        ),
        (
            "the address in the front matter",
            ("1", "https://www.old.example/notes/x.php?utm_medium=feed", "", "", ""),
            ("hello.md", "---\npermalink: /notes/x\n---\n"),
            Some(MatchedBy::Address),
        ),
        (
            "an address with a query is a page of its own",
            ("1", "https://old.example/?p=1&utm_source=x", "", "", ""),
            ("hello.md", "---\naliases: [/old/x]\n---\n"),
            None,
        ),
        (
            "the address that an alias keeps",
            ("1", "https://old.example/old/x/", "Other", "2019-01-01", ""),
            ("2026-01-31-hello.md", "---\naliases: [/old/x.html]\n---\n"),
            Some(MatchedBy::Address),
        ),
        (
            "the name, below a date",
            ("1", "https://old.example/2026/01/31/ios-8.1.1.html", "Hello", "", ""),
            ("2026-01-31-ios-8.1.1.md", "# Changed"),
            Some(MatchedBy::Name),
        ),
        (
            "a name that title and day speak against",
            ("1", "https://old.example/2019/update.html", "Old news", "2019-05-01", ""),
            ("2026-01-31-update.md", "# Update"),
            None,
        ),
        (
            "a name on another site, with the title",
            ("1", "https://elsewhere.example/x/hello", "Hello", "2026-01-31", ""),
            ("hello.md", "---\ntitle: hello\ndate: 2020-01-01\n---\n"),
            Some(MatchedBy::Name),
        ),
        (
            "an address on another site is none",
            ("1", "https://elsewhere.example/posts/hello", "Else", "2019-01-31", ""),
            ("hello.md", "---\ntitle: hello\ndate: 2026-01-01\n---\n"),
            None,
        ),
        (
            "title and day, folded and a zone apart",
            (
                "1",
                "https://old.example/?p=1",
                "&#8220;It&rsquo;s fine&#8221;",
                "2026-02-01T00:30:00+02:00",
                "",
            ),
            ("x.md", "---\ntitle: it's   FINE!\ndate: 2026-01-31\n---\n"),
            Some(MatchedBy::TitleAndDay),
        ),
        (
            "the title alone",
            ("1", "", "Hello", "2019-01-01", ""),
            ("x.md", "---\ntitle: Hello\ndate: 2026-01-31\n---\n"),
            Some(MatchedBy::Title),
        ),
        (
            "a name made of the title",
            ("1", "", "Hello, world!", "2026-01-31", ""),
            ("2026-01-31-hello-world.md", "# Greetings"),
            Some(MatchedBy::NameFromTitle),
        ),
        (
            "day and text",
            ("1", "", "Before", "2026-01-31", TEXT),
            (
                "2026-01-31-x.md",
                "The mill by the river *grinds slowly* in winter, and the miller tells stories. More.",
            ),
            Some(MatchedBy::DayAndText),
        ),
        (
            "the text on another day",
            ("1", "", "Before", "2026-03-31", TEXT),
            ("2026-01-31-x.md", TEXT),
            None,
        ),
        (
            "nothing at all",
            ("1", "https://old.example/", "", "", ""),
            ("index.md", ""),
            None,
        ),
    ];
    for (name, item, file, expected) in cases {
        let by = pairs(&[item], &[file], "").first().map(|(_, _, by)| *by);
        assert_eq!(by, expected, "{name}");
    }
}

#[test]
fn an_item_has_one_post_and_a_post_one_item() {
    // two posts of one name, told apart by their days; two of one title and day, not told apart
    let files = [
        ("2026-01-07-weekly.md", "# Weekly"),
        ("2026-01-14-weekly.md", "# Weekly"),
        ("a.md", "---\ntitle: Twin\ndate: 2026-02-01\n---\n"),
        ("b.md", "---\ntitle: Twin\ndate: 2026-02-01\n---\n"),
    ];
    let items = [
        ("w2", "https://old.example/2026/01/14/weekly/", "Weekly", "2026-01-14", ""),
        ("w1", "https://old.example/2026/01/07/weekly/", "Weekly", "2026-01-07", ""),
        ("t", "https://old.example/?p=3", "Twin", "2026-02-01", ""),
    ];
    let found = pairs(&items, &files, "");
    let expected = [("w2", "2026-01-14-weekly.md"), ("w1", "2026-01-07-weekly.md")];
    let found: Vec<(&str, &str)> = found.iter().map(|(id, file, _)| (id.as_str(), file.as_str())).collect();
    assert_eq!(found, expected);

    let config = config("");
    let (feed, posts) = (old(&items), posts(&files, &config));
    let matching = match_items(&feed, &posts, &LoadedTexts, &config);
    let could_be: Vec<&str> = matching.unmatched[0]
        .could_be
        .iter()
        .map(|post| post.source().as_str())
        .collect();
    assert_eq!(could_be, ["a.md", "b.md"]);
}

#[test]
fn a_title_of_two_items_is_no_evidence() {
    let items = [
        ("1", "https://old.example/1", "Notes", "2026-01-01", ""),
        ("2", "https://old.example/2", "Notes", "2026-02-01", ""),
    ];
    let files = [("x.md", "---\ntitle: Notes\ndate: 2026-02-01\n---\n")];
    let found = pairs(&items, &files, "");
    assert_eq!(
        found,
        [("2".to_owned(), "x.md".to_owned(), MatchedBy::TitleAndDay)],
        "and the other one has none"
    );
}

#[test]
fn a_site_in_a_folder() {
    let configured = "[site]\nbase_url = 'https://old.example/blog'\n";
    let items = [("1", "https://old.example/blog/posts/hello.html", "", "", "")];
    let found = pairs(&items, &[("hello.md", "x")], configured);
    assert_eq!(found[0].2, MatchedBy::Address);
}

proptest::proptest! {
    #[test]
    fn every_match_is_unique(
        titles in proptest::collection::vec(0..4_usize, 0..8),
        files in proptest::collection::vec((0..4_usize, 1..4_u8), 0..8),
    ) {
        let names = ["Mill", "River", "Flour", "Mill!"];
        let items: Vec<(String, String, &str)> = titles
            .iter()
            .enumerate()
            .map(|(i, &title)| (format!("id{i}"), format!("https://old.example/{i}/{}", names[title].to_lowercase()), names[title]))
            .collect();
        let items: Vec<Item> = items.iter().map(|(id, url, title)| (id.as_str(), url.as_str(), *title, "2026-01-02", "")).collect();
        let texts: Vec<(String, String)> = files
            .iter()
            .enumerate()
            .map(|(i, (title, day))| (format!("{i}.md"), format!("---\ntitle: {}\ndate: 2026-01-0{day}\n---\n", names[*title])))
            .collect();
        let texts: Vec<(&str, &str)> = texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let found = pairs(&items, &texts, "");
        let of_items: BTreeSet<&String> = found.iter().map(|(id, _, _)| id).collect();
        let of_posts: BTreeSet<&String> = found.iter().map(|(_, file, _)| file).collect();
        proptest::prop_assert_eq!((of_items.len(), of_posts.len()), (found.len(), found.len()));
    }
}

use std::sync::Barrier;

use super::*;
use crate::config::Config;
use crate::post;
use crate::post::text::LoadedTexts;
use crate::source_file::SourceFile;
use crate::time::Timestamp;

fn read(path: &str, text: &str) -> Arc<Post> {
    let file = SourceFile {
        path: path.into(),
        bytes: text.as_bytes().into(),
        modified: Timestamp::UNIX_EPOCH,
    };
    Arc::new(post::read(&file, &Config::default()).unwrap().post)
}

/// Posts with these titles, tags and texts, in this order.
fn posts(posts: &[(&str, &str, &str)]) -> Vec<Arc<Post>> {
    let read = |(number, (title, tags, body)): (usize, &(&str, &str, &str))| {
        read(
            &format!("{number}.md"),
            &format!("---\ntitle: {title}\ntags: [{tags}]\nsummary: '.'\n---\n{body}\n"),
        )
    };
    posts.iter().enumerate().map(read).collect()
}

fn titles<'a>(search: &SiteSearch, posts: impl IntoIterator<Item = &'a Arc<Post>>, query: &str) -> Vec<String> {
    let words = SearchQuery::parse(query).unwrap();
    let posts: SharedVec<Arc<Post>> = posts.into_iter().cloned().collect();
    let found = search.find(&posts, &LoadedTexts, &words, |_| true).unwrap();
    found.iter().map(|post| post.title.to_string()).collect()
}

#[test]
fn nothing_in_scripts_and_style_sheets_is_found() {
    let posts = posts(&[(
        "A",
        "",
        "kelp <script>alert(\"hid228\")</script> <style>hid224</style> water\n\n<script>\nhid229\n\nhid230\n</script>\n\nsea `<script>shown</script>`",
    )]);
    let search = SiteSearch::default();
    for found in ["kelp", "water", "sea", "shown"] {
        assert_eq!(titles(&search, &posts, found), ["A"], "{found}");
    }
    for hidden in ["hid228", "hid224", "hid229", "hid230", "alert", "\"alert hid228\""] {
        assert!(titles(&search, &posts, hidden).is_empty(), "{hidden}");
    }
}

#[test]
fn a_post_is_found_by_every_word_of_the_query() {
    let posts = posts(&[
        ("Kelp", "sea", "Green kelp grows in cold water."),
        ("Water", "", "The sea is cold; kelp is not green water."),
        ("Čapek", "c++", "Robots naïve and «émile»."),
        ("海の話", "", "日本語の海洋生物について。"),
        (
            "Straße",
            "",
            "See https://hidden.example/secretpath and [this](http://hidden.example/secretpath).",
        ),
    ]);
    let search = SiteSearch::default();
    let cases: [(&str, &[&str]); 21] = [
        ("kelp", &["Kelp", "Water"]),
        ("KELP, cold!", &["Kelp", "Water"]),
        ("grows cold", &["Kelp"]),
        ("gro", &["Kelp"]),
        ("gro cold", &[]),
        ("cold gro", &["Kelp"]),
        ("g", &[]),
        ("capek", &["Čapek"]),
        ("emile naive", &["Čapek"]),
        ("C++", &["Čapek"]),
        ("海洋", &["海の話"]),
        ("海", &["海の話"]),
        ("日本語", &["海の話"]),
        ("本日", &[]),
        ("strasse", &["Straße"]),
        ("secretpath", &[]),
        ("\"green kelp\"", &["Kelp"]),
        ("\"kelp green\"", &[]),
        ("\"cold water\" grows", &["Kelp"]),
        ("„green water“", &["Water"]),
        ("\"gro\"", &[]),
    ];
    for (query, expected) in cases {
        assert_eq!(titles(&search, &posts, query), expected, "{query}");
    }
}

#[test]
fn titles_then_tags_then_text_and_short_before_long() {
    let filler = "word ".repeat(200);
    let once = format!("{filler} kelp");
    let thrice = format!("kelp kelp kelp {filler}");
    let posts = posts(&[
        ("Long", "", &once),
        ("More", "", &thrice),
        ("Short", "", "kelp in few words"),
        ("Tagged", "kelp", &filler),
        ("About kelp", "", &filler),
        ("Begun", "", "kelpie in few words"),
    ]);
    assert_eq!(
        titles(&SiteSearch::default(), &posts, "kelp"),
        ["About kelp", "Tagged", "More", "Short", "Begun", "Long"]
    );
}

#[test]
fn a_rare_word_weighs_more_and_equal_posts_keep_their_order() {
    let posts = posts(&[
        ("A", "", "common common rare"),
        ("B", "", "common common other"),
        ("C", "", "common common other"),
        ("D", "", "common rare rare"),
    ]);
    let search = SiteSearch::default();
    assert_eq!(titles(&search, &posts, "common other"), ["B", "C"]);
    assert_eq!(titles(&search, &posts, "common rare"), ["D", "A"]);
}

#[test]
fn one_change_reads_one_post_and_removed_posts_are_not_found() {
    let count = 300;
    let text = |i: usize| format!("---\ntitle: Post {i}\n---\nnumber{i}x all\n");
    let mut posts: Vec<_> = (0..count).map(|i| read(&format!("{i}.md"), &text(i))).collect();
    let mut search = SiteSearch::default();
    assert_eq!(titles(&search, &posts, "all").len(), count);
    let first = Arc::clone(&search.view.get().unwrap().segments[0]);
    for i in 0..40 {
        posts[i] = read("new.md", &format!("---\ntitle: New {i}\n---\nfresh{i} all\n"));
        posts.swap(i, count - 1 - i);
        search = SiteSearch::following(&search);
        assert_eq!(titles(&search, &posts, &format!("fresh{i}")), [format!("New {i}")]);
        assert_eq!(titles(&search, &posts, &format!("number{i}x")), [""; 0], "{i}");
        assert_eq!(titles(&search, &posts, "all").len(), count);
        let segments = &search.view.get().unwrap().segments;
        assert!(Arc::ptr_eq(&segments[0], &first), "the large segment is used again");
        assert!(segments.len() <= 8, "{} segments", segments.len());
    }
    posts.truncate(3);
    let search = SiteSearch::following(&search);
    assert_eq!(titles(&search, &posts, "all").len(), 3);
    assert_eq!(
        search.view.get().unwrap().segments.len(),
        1,
        "a segment that is nearly empty is replaced"
    );
}

#[test]
fn posts_excluded_by_the_filter_do_not_count_for_the_limit() {
    let all: SharedVec<_> = (0..MOST_FOUND + 200)
        .map(|i| read(&format!("{i}.md"), &format!("---\ntitle: T{i}\n---\nsea\n")))
        .collect();
    let words = SearchQuery::parse("sea").unwrap();
    let search = SiteSearch::default();
    assert_eq!(search.find(&all, &LoadedTexts, &words, |_| true).unwrap().len(), MOST_FOUND);
    let last = |post: &Post| post.title == *format!("T{}", MOST_FOUND + 199);
    assert_eq!(search.find(&all, &LoadedTexts, &words, last).unwrap().len(), 1);
}

#[test]
fn a_search_does_not_wait_long_for_another_that_builds_the_index() {
    let posts: SharedVec<_> = posts(&[("A", "", "sea")]).into_iter().collect();
    let search = SiteSearch::default();
    let words = SearchQuery::parse("sea").unwrap();
    let borrowed = search.shared.borrow().unwrap();
    assert!(matches!(search.find(&posts, &LoadedTexts, &words, |_| true), Err(Busy)));
    let both = Barrier::new(2);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            both.wait();
            search.find(&posts, &LoadedTexts, &words, |_| true)
        });
        both.wait();
        drop(borrowed);
        assert_eq!(
            waiting.join().unwrap().unwrap().len(),
            1,
            "it continues when the other has finished"
        );
    });
}

#[test]
fn the_search_is_usable_after_a_panic() {
    let posts = posts(&[("A", "", "sea")]);
    let search = SiteSearch::default();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _borrowed = search.shared.borrow().unwrap();
        panic!("made up");
    }));
    assert!(panicked.is_err());
    assert_eq!(titles(&search, &posts, "sea"), ["A"]);
}

#[test]
fn the_index_is_small() {
    let text = "---\ntitle: T\n---\nthe cold sea has green kelp and much else besides that nobody has ever named in full\n";
    let all: Vec<_> = (0..1000).map(|i| read(&format!("{i}.md"), text)).collect();
    let segment = Segment::build(&all, &LoadedTexts);
    assert!(segment.size() < 1000 * (12 + 2 * 20), "{} bytes", segment.size());
}

#[test]
fn distances_and_weights_of_any_size() {
    let text = |word: &str, times: usize| format!("---\ntitle: ''\n---\n{}\n", format!("{word} ").repeat(times));
    let mut all = vec![read("x.md", "---\ntitle: ''\n---\nx\n"); 20_000];
    for (at, times) in [(0, 1), (1, 2), (129, 300), (16_600, 3)] {
        all[at] = read("y.md", &text("kelp", times));
    }
    let mut found = Vec::new();
    Segment::build(&all, &LoadedTexts).find("kelp", false, |post, weight| found.push((post, weight / 2)));
    let posts: Vec<_> = found.iter().map(|(post, _)| *post).collect();
    assert_eq!(posts, [0, 1, 129, 16_600]);
    assert_eq!(found[2].1, 255);
    assert!(found[1].1 > found[0].1);
}

#[test]
fn a_prepared_index_is_used_by_searches() {
    let all: SharedVec<_> = posts(&[("A", "", "sea"), ("B", "", "kelp")]).into_iter().collect();
    let search = SiteSearch::default();
    search.prepare(&all, &LoadedTexts).unwrap();
    let built = Arc::clone(&search.view.get().unwrap().segments[0]);
    assert_eq!(titles(&search, all.iter(), "sea"), ["A"]);
    let next = SiteSearch::following(&search);
    assert_eq!(titles(&next, all.iter(), "kelp"), ["B"]);
    assert!(Arc::ptr_eq(&next.view.get().unwrap().segments[0], &built));
    // another search is building the same index
    let busy = SiteSearch::default();
    let _borrowed = busy.shared.borrow().unwrap();
    assert_eq!(busy.prepare(&all, &LoadedTexts), Err(Busy));
}

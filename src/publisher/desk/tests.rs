use super::*;

fn on(folder: &tempfile::TempDir, read: ReadPost) -> Desk {
    let root = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
    Desk::reading_with(read, Arc::default(), root)
}

#[test]
fn a_post_that_makes_feedmill_fail_touches_no_other() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.md", "bomb.md", "c.md"] {
        std::fs::write(folder.path().join(name), "# Hello").unwrap();
    }
    let mut desk = on(&folder, |source, config| {
        assert_ne!(source.path, "bomb.md", "made to fail");
        post::read(source, config)
    });
    // seen an hour later, every file has held still
    let now = Timestamp::now() + Duration::from_hours(1);
    let outcome = desk.look(&Hints::everything(), now, Duration::ZERO);
    assert!(outcome.changed);
    let read: Vec<&str> = desk.posts().map(|post| post.source.as_str()).collect();
    assert_eq!(read, ["a.md", "c.md"]);
    let said: Vec<String> = desk
        .diagnostics()
        .iter()
        .filter(|d| d.code == "internal")
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        said,
        ["bomb.md: error: made feedmill fail, which is a fault in feedmill (report it with this file)"]
    );
}

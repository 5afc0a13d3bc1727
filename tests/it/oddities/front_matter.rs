//! Front matter with syntax errors, or with hardly any content.

use super::Odd;

/// The expected title, day, tags separated by `|`, and codes of diagnostics.
type Expected<'a> = (&'a str, &'a str, &'a str, &'a str);

fn assert_all(cases: &[(&str, &str, &str, Expected)]) {
    let mut wrong = Vec::new();
    for (name, path, content, (title, day, tags, codes)) in cases {
        let odd = Odd::new(path, content);
        let Some(post) = odd.listed() else {
            wrong.push(format!("{name}: is not listed; {:?}", odd.site.diagnostics));
            continue;
        };
        let found_tags: Vec<&str> = post["tags"]
            .as_array()
            .unwrap()
            .iter()
            .map(|tag| tag.as_str().unwrap())
            .collect();
        let found = (
            post["title"].as_str().unwrap(),
            &post["date_published"].as_str().unwrap()[..10],
            found_tags.join("|"),
            odd.codes(),
        );
        if found != (title, day, (*tags).to_owned(), (*codes).to_owned()) {
            wrong.push(format!("{name}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn item_1_invalid_yaml_is_read_key_by_key() {
    assert_all(&[
        (
            "a colon in the title",
            "a.md",
            "---\ntitle: Ferry: a story\ndate: 2024-05-06\ntags: [sea]\n---\nText.\n",
            ("Ferry: a story", "2024-05-06", "sea", "yaml-syntax"),
        ),
        (
            "a colon in the title and in the description",
            "a.md",
            "---\ndate: 2024-05-06\ntitle: One: two\ndescription: Three: four\ntags:\n  - sea\n---\n",
            ("One: two", "2024-05-06", "sea", "yaml-syntax yaml-syntax"),
        ),
        (
            "an asterisk first",
            "a.md",
            "---\ntitle: *Grand* day\ndate: 2024-05-06\n---\n",
            ("*Grand* day", "2024-05-06", "", "yaml-syntax"),
        ),
        (
            "an at sign first",
            "a.md",
            "---\ntitle: @home\ndate: 2024-05-06\n---\n",
            ("@home", "2024-05-06", "", "yaml-syntax"),
        ),
        (
            "a percent sign first",
            "a.md",
            "---\ntitle: %d and other signs\ndate: 2024-05-06\n---\n",
            ("%d and other signs", "2024-05-06", "", "yaml-syntax"),
        ),
        (
            "text after the quotes",
            "a.md",
            "---\ntitle: \"Grand\" day\ndate: 2024-05-06\n---\n",
            ("\"Grand\" day", "2024-05-06", "", "yaml-syntax"),
        ),
        (
            "an apostrophe between single quotes",
            "a.md",
            "---\ntitle: 'It's late'\ndate: 2024-05-06\n---\n",
            ("It's late", "2024-05-06", "", "yaml-syntax"),
        ),
        (
            "a quote never closed",
            "a.md",
            "---\ntitle: \"Open\ndate: 2024-05-06\ntags: [sea]\n---\nText.\n",
            ("Open", "2024-05-06", "sea", "yaml-syntax"),
        ),
        (
            "brackets first",
            "a.md",
            "---\ntitle: [Solved] The lamp\ndate: 2024-05-06\n---\n",
            ("[Solved] The lamp", "2024-05-06", "", "yaml-syntax"),
        ),
        (
            "no space after the colon",
            "a.md",
            "---\ntitle:Tight\ndate: 2024-05-06\n---\n",
            ("Tight", "2024-05-06", "", "yaml-syntax"),
        ),
        (
            "a key further in than the others",
            "a.md",
            "---\ntitle: Plain\n  date: 2024-05-06\n---\n",
            ("Plain", "2024-05-06", "", "yaml-syntax"),
        ),
        (
            "a back slash between double quotes",
            "a.md",
            "---\ntitle: \"C:\\path\"\ndate: 2024-05-06\n---\n",
            ("C:\\path", "2024-05-06", "", "yaml-syntax"),
        ),
    ]);
}

#[test]
fn item_2_tabs_and_unclosed_lists() {
    assert_all(&[
        (
            "a tab after a list item",
            "a.md",
            "---\ntitle: Tabs\ndate: 2024-05-06\ntags:\n- sea\t\n- land\n---\n",
            ("Tabs", "2024-05-06", "sea|land", ""),
        ),
        (
            "a tab before list items",
            "a.md",
            "---\ntitle: Tabs\ndate: 2024-05-06\ntags:\n\t- sea\n\t- land\n---\n",
            ("Tabs", "2024-05-06", "sea|land", "yaml-tab"),
        ),
        (
            "a block of text indented with tabs",
            "a.md",
            "---\ntitle: Tabs\nsummary: |\n\tOne line.\ndate: 2024-05-06\n---\n",
            ("Tabs", "2024-05-06", "", "yaml-tab"),
        ),
        (
            "a tab after the colon",
            "a.md",
            "---\ntitle:\tTabs\ndate:\t2024-05-06\n---\n",
            ("Tabs", "2024-05-06", "", ""),
        ),
        (
            "a list never closed",
            "a.md",
            "---\ntitle: Lists\ntags: [sea, land\ndate: 2024-05-06\n---\n",
            ("Lists", "2024-05-06", "sea|land", "yaml-syntax"),
        ),
    ]);
    let odd = Odd::new("a.md", "---\ntitle: Never closed\ndate: 2024-05-06\n\nText.\n");
    assert!(odd.read().is_none());
    assert_eq!(odd.codes(), "front-matter-unclosed");
}

#[test]
fn items_3_and_9_front_matter_without_its_fences() {
    assert_all(&[
        (
            "closed and never opened",
            "a.md",
            "title: No opening\ndate: 2024-05-06\ntags:\n- sea\n---\n\nText.\n",
            ("No opening", "2024-05-06", "sea", ""),
        ),
        (
            "a header",
            "a.md",
            "Title: Header: with a colon\nDate: 2024-05-06 10:00\nTags: sea, land\n\nText.\n",
            ("Header: with a colon", "2024-05-06", "sea|land", ""),
        ),
        (
            "a header that the text follows at once",
            "a.md",
            "Title: Header\nDate: 2024-05-06\nText without an empty line above.\n",
            ("Header", "2024-05-06", "", "header-unclosed"),
        ),
        (
            "a header alone",
            "a.md",
            "Title: Header\nDate: 2024-05-06",
            ("Header", "2024-05-06", "", ""),
        ),
        (
            "prose that looks like a header",
            "2024-05-06-note.md",
            "Note: this is how a text may begin.\n\nAnd go on.\n",
            ("Note", "2024-05-06", "", ""),
        ),
    ]);
}

#[test]
fn item_4_the_last_of_duplicate_keys_wins() {
    assert_all(&[
        (
            "two titles",
            "a.md",
            "---\ntitle: First\ndate: 2024-05-06\ntitle: Second\n---\n",
            ("Second", "2024-05-06", "", "yaml-duplicate-key"),
        ),
        (
            "two titles in TOML",
            "a.md",
            "+++\ntitle = 'First'\ndate = 2024-05-06\ntitle = 'Second'\n+++\n",
            ("Second", "2024-05-06", "", "toml-duplicate-key"),
        ),
        (
            "two titles in JSON",
            "a.md",
            "{\"title\": \"First\", \"date\": \"2024-05-06\", \"title\": \"Second\"}\n",
            ("Second", "2024-05-06", "", "json-duplicate-key"),
        ),
        (
            "two titles in a header",
            "a.md",
            "Title: First\nDate: 2024-05-06\nTitle: Second\n\nText.\n",
            ("Second", "2024-05-06", "", "header-duplicate-key"),
        ),
    ]);
}

#[test]
fn item_6_capitals_comments_blanks_and_other_fences() {
    assert_all(&[
        (
            "capitals",
            "a.md",
            "---\nTitle: Capitals\nDATE: 2024-05-06\nTags: [sea]\n---\n",
            ("Capitals", "2024-05-06", "sea", ""),
        ),
        (
            "comments",
            "a.md",
            "---\n# a note\ntitle: Comments # not a part\ndate: 2024-05-06 # nor this\n---\n",
            ("Comments", "2024-05-06", "", ""),
        ),
        (
            "spaces after the fences",
            "a.md",
            "---  \ntitle: Spaces\ndate: 2024-05-06\n--- \nText.\n",
            ("Spaces", "2024-05-06", "", ""),
        ),
        (
            "closed by dots",
            "a.md",
            "---\ntitle: Dots\ndate: 2024-05-06\n...\nText.\n",
            ("Dots", "2024-05-06", "", ""),
        ),
        (
            "blank lines first",
            "a.md",
            "\n\n---\ntitle: Blank\ndate: 2024-05-06\n---\n",
            ("Blank", "2024-05-06", "", ""),
        ),
        (
            "nothing between the fences",
            "2024-05-06-nothing.md",
            "---\n---\n\nText.\n",
            ("Nothing", "2024-05-06", "", ""),
        ),
        (
            "TOML with a quote missing",
            "a.md",
            "+++\ntitle = \"TOML\ndate = 2024-05-06\n+++\n",
            ("TOML", "2024-05-06", "", "toml-syntax"),
        ),
        (
            "YAML between the fences of TOML",
            "a.md",
            "+++\ntitle: Mixed\ndate: 2024-05-06\n+++\n",
            ("Mixed", "2024-05-06", "", "toml-syntax toml-syntax"),
        ),
        (
            "TOML between the fences of YAML",
            "a.md",
            "---\ntitle = \"Mixed\"\ndate = 2024-05-06\n---\n",
            ("Mixed", "2024-05-06", "", "yaml-syntax yaml-syntax"),
        ),
    ]);
}

#[test]
fn item_7_json_over_many_lines_with_and_without_a_text() {
    let json = "{\n  \"title\": \"Spread out\",\n  \"date\": \"2024-05-06\",\n  \"tags\": [\n    \"sea\"\n  ]\n}\n";
    assert_all(&[
        ("without a text", "a.md", json, ("Spread out", "2024-05-06", "sea", "")),
        (
            "with a text",
            "a.md",
            &format!("{json}\n{{ this is no JSON }}\n"),
            ("Spread out", "2024-05-06", "sea", ""),
        ),
    ]);
    let odd = Odd::new("a.md", "{\n  \"title\": \"Broken\",\n  \"tags\": [\"sea\",],\n}\n\nText.\n");
    assert!(odd.read().is_none());
    assert_eq!(odd.codes(), "json-syntax");
}

#[test]
fn item_8_no_front_matter_or_no_title_in_it() {
    assert_all(&[
        (
            "a heading",
            "2024-05-06-a.md",
            "# The *first* heading\n\nText.\n",
            ("The first heading", "2024-05-06", "", ""),
        ),
        (
            "a heading underlined",
            "2024-05-06-a.md",
            "The heading\n===========\n\nText.\n",
            ("The heading", "2024-05-06", "", ""),
        ),
        (
            "no heading",
            "2024-05-06-the-file-s-name.md",
            "Text alone.\n",
            ("The file s name", "2024-05-06", "", ""),
        ),
        (
            "front matter without a title",
            "2024-05-06-untitled-one.md",
            "---\ntags: [sea]\n---\nText.\n",
            ("Untitled one", "2024-05-06", "sea", ""),
        ),
        (
            "a title that is nothing",
            "2024-05-06-a.md",
            "---\ntitle: ~\n---\n# A heading\n",
            ("A heading", "2024-05-06", "", ""),
        ),
        (
            "titles that YAML takes for something else",
            "2024-05-06-a.md",
            "---\ntitle: 1.10\n---\n",
            ("1.10", "2024-05-06", "", ""),
        ),
        ("no", "2024-05-06-a.md", "---\ntitle: no\n---\n", ("no", "2024-05-06", "", "")),
        (
            "a list for a title",
            "2024-05-06-a-list.md",
            "---\ntitle: [one, two]\n---\n",
            ("A list", "2024-05-06", "", "title-unusable"),
        ),
    ]);
}

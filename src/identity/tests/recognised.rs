//! Which file is which post: the rules of `matching` as an author sees them.

use super::*;

/// What the author does, the files before and after each step, the file before it that each file was (or [`NEW`]), and the codes of the
/// warnings.
pub(super) type MatchCase = (
    &'static str,
    &'static [&'static [TestFile]],
    &'static [(&'static str, &'static str)],
    &'static [&'static str],
);

pub(super) const NEW: &str = "new";

#[rustfmt::skip]
const ROWS: &[MatchCase] = &[
    ("nothing", &[&[("a.md", "title: A", "mill")], &[("a.md", "title: A", "mill")]], &[("a.md", "a.md")], &[]),
    ("rename", &[&[("a.md", "title: A", "mill")], &[("b.md", "title: A", "mill")]], &[("b.md", "a.md")], &[]),
    ("rename and retitle", &[&[("a.md", "title: A", "mill")], &[("b.md", "title: B", "mill")]], &[("b.md", "a.md")], &[]),
    ("another case", &[&[("tides.md", "", "mill")], &[("Tides.md", "", "mill")]], &[("Tides.md", "tides.md")], &[]),
    ("rename, edit and redate",
        &[&[("a.md", "title: A;date: 2025-01-01", "mill")], &[("b.md", "title: A;date: 2025-02-01", "mill'")]],
        &[("b.md", "a.md")], &[]),
    ("rename, edit and retitle",
        &[&[("a.md", "title: A;date: 2025-01-01", "mill")], &[("b.md", "title: B;date: 2025-01-01", "mill'")]],
        &[("b.md", "a.md")], &[]),
    ("edit in place, of all", &[&[("a.md", "title: A", "mill")], &[("a.md", "title: B", "lamp")]], &[("a.md", "a.md")], &[]),
    ("another post in its place",
        &[&[("a.md", "title: A;date: 2025-01-01", "mill")], &[("a.md", "title: B;date: 2025-02-01", "lamp")]],
        &[("a.md", NEW)], &[]),
    ("another post in its place, and it elsewhere",
        &[&[("a.md", "title: A;date: 2025-01-01", "mill")], &[("a.md", "title: B;date: 2025-02-01", "lamp"), ("b.md", "title: A;date: 2025-01-01", "mill")]],
        &[("a.md", NEW), ("b.md", "a.md")], &[]),
    ("swap",
        &[&[("a.md", "title: A", "mill"), ("b.md", "title: B", "lamp")], &[("a.md", "title: B", "lamp"), ("b.md", "title: A", "mill")]],
        &[("a.md", "b.md"), ("b.md", "a.md")], &[]),
    ("swap on one day",
        &[&[("a.md", "title: A;date: 2025-01-01", "mill"), ("b.md", "title: B;date: 2025-01-01", "lamp")],
          &[("a.md", "title: B;date: 2025-01-01", "lamp"), ("b.md", "title: A;date: 2025-01-01", "mill")]],
        &[("a.md", "b.md"), ("b.md", "a.md")], &[]),
    ("swap with one that has an id",
        &[&[("a.md", "title: A;id: x:a", "mill"), ("b.md", "title: B", "lamp")],
          &[("a.md", "title: B", "lamp"), ("b.md", "title: A;id: x:a", "mill")]],
        &[("a.md", "b.md"), ("b.md", "a.md")], &[]),
    ("rotation",
        &[&[("a.md", "title: A", "mill"), ("b.md", "title: B", "lamp"), ("c.md", "title: C", "bees")],
          &[("a.md", "title: C", "bees"), ("b.md", "title: A", "mill"), ("c.md", "title: B", "lamp")]],
        &[("a.md", "c.md"), ("b.md", "a.md"), ("c.md", "b.md")], &[]),
    ("copy, and edit of the original",
        &[&[("a.md", "title: A", "mill")], &[("a.md", "title: A", "mill'"), ("b.md", "title: A", "mill")]],
        &[("a.md", "a.md"), ("b.md", NEW)], &[]),
    ("mass rename with other titles",
        &[&[("a.md", "title: A", "mill"), ("b.md", "title: B", "lamp"), ("c.md", "title: C", "bees")],
          &[("1.md", "title: One", "mill"), ("2.md", "title: Two", "lamp"), ("3.md", "title: Three", "bees")]],
        &[("1.md", "a.md"), ("2.md", "b.md"), ("3.md", "c.md")], &[]),
    ("a folder is moved, with edits",
        &[&[("x/a.md", "title: A", "mill"), ("x/b.md", "title: B", "lamp")], &[("y/a.md", "title: A", "mill'"), ("y/b.md", "title: B", "lamp'")]],
        &[("y/a.md", "x/a.md"), ("y/b.md", "x/b.md")], &[]),
    ("one text in two files, and both renamed",
        &[&[("a.md", "title: A", "mill"), ("b.md", "title: B", "mill")], &[("c.md", "title: B", "mill"), ("d.md", "title: A", "mill")]],
        &[("c.md", "b.md"), ("d.md", "a.md")], &[]),
    ("equal short texts say nothing",
        &[&[("a.md", "title: A", "TODO"), ("b.md", "title: B", "TODO")], &[("c.md", "title: C", "TODO")]],
        &[("c.md", NEW)], &[]),
    ("a short text with title and day",
        &[&[("a.md", "title: A;date: 2025-01-01", "TODO"), ("b.md", "title: B;date: 2025-01-01", "TODO")],
          &[("b.md", "title: B;date: 2025-01-01", "TODO"), ("c.md", "title: A;date: 2025-01-01", "TODO")]],
        &[("b.md", "b.md"), ("c.md", "a.md")], &[]),
    ("a script without spaces", &[&[("a.md", "title: 潮", "tide")], &[("b.md", "title: 潮", "tide'")]], &[("b.md", "a.md")], &[]),
    ("only the title is the same",
        &[&[("a.md", "title: A;date: 2025-01-01", "mill")], &[("b.md", "title: A;date: 2025-02-01", "lamp")]],
        &[("b.md", NEW)], &[]),
    ("as similar to one as to another",
        &[&[("a.md", "title: A", "mill"), ("b.md", "title: A", "mill'")], &[("c.md", "title: A", "mill''")]],
        &[("c.md", NEW)], &["identity-unclear"]),
    ("withdrawn, and back elsewhere much later",
        &[&[("a.md", "title: A", "mill"), ("b.md", "title: B", "lamp")], &[("b.md", "title: B", "lamp")],
          &[("b.md", "title: B", "lamp"), ("c.md", "title: New", "mill")]],
        &[("b.md", "b.md"), ("c.md", "a.md")], &[]),
    ("an id is added", &[&[("a.md", "title: A", "mill")], &[("a.md", "title: A;id: x:1", "mill")]], &[("a.md", NEW)], &["id-changed"]),
    ("its own id is written down",
        &[&[("a.md", "title: A", "mill")], &[("b.md", "title: A;id: \"tag:localhost,2000:a\"", "mill")]], &[("b.md", "a.md")], &[]),
    ("an id is added, and later left out again",
        &[&[("a.md", "title: A", "mill")], &[("a.md", "title: A;id: x:1", "mill")], &[("a.md", "title: A", "mill")]],
        &[("a.md", NEW)], &[]),
    ("an id is changed",
        &[&[("a.md", "title: A;id: x:1", "mill")], &[("a.md", "title: A;id: x:2", "mill")]], &[("a.md", NEW)], &["id-changed"]),
    ("an id is removed", &[&[("a.md", "title: A;id: x:1", "mill")], &[("a.md", "title: A", "mill'")]], &[("a.md", "a.md")], &[]),
    ("everything but the id is changed",
        &[&[("a.md", "title: A;id: x:1;date: 2025-01-01", "mill")], &[("b.md", "title: B;id: x:1;date: 2025-02-01", "lamp")]],
        &[("b.md", "a.md")], &[]),
    ("ids are swapped",
        &[&[("a.md", "title: A;id: x:1", "mill"), ("b.md", "title: B;id: x:2", "lamp")],
          &[("a.md", "title: A;id: x:2", "mill"), ("b.md", "title: B;id: x:1", "lamp")]],
        &[("a.md", "a.md"), ("b.md", "b.md")], &["id-taken", "id-taken"]),
    ("a second file claims an id that a path gave",
        &[&[("a.md", "title: A", "mill")], &[("a.md", "title: A", "mill"), ("b.md", "title: B;id: \"tag:localhost,2000:a\"", "lamp")]],
        &[("a.md", "a.md")], &[]),
    ("a second file claims the id of one that is edited",
        &[&[("a.md", "title: A", "mill")], &[("a.md", "title: A", "mill'"), ("b.md", "title: B;id: \"tag:localhost,2000:a\"", "lamp")]],
        &[("a.md", "a.md")], &[]),
    (
        "a known post claims the id of another",
        &[
            &[("a.md", "title: A;id: x:1", "mill"), ("b.md", "title: B", "lamp")],
            &[("a.md", "title: A;id: x:1", "mill"), ("b.md", "title: B;id: x:1", "lamp'")],
        ],
        &[("a.md", "a.md"), ("b.md", "b.md")],
        &["id-taken"],
    ),
    (
        "renamed and edited to where another was withdrawn",
        &[
            &[("a.md", "title: A;id: x:1", "mill"), ("b.md", "title: B", "lamp")],
            &[("b.md", "title: B", "lamp")],
            &[("a.md", "title: B", "lamp'")],
        ],
        &[("a.md", "b.md")],
        &[],
    ),
    (
        "renamed and edited over another",
        &[
            &[("a.md", "title: A", "mill"), ("b.md", "title: B", "lamp")],
            &[("a.md", "title: B", "lamp'")],
        ],
        &[("a.md", "b.md")],
        &[],
    ),
    (
        "an old path for something else",
        &[
            &[("a.md", "title: A;id: x:1", "mill"), ("b.md", "title: B", "lamp")],
            &[("b.md", "title: B", "lamp")],
            &[("a.md", "title: C", "bees"), ("b.md", "title: B", "lamp")],
        ],
        &[("a.md", NEW), ("b.md", "b.md")],
        &[],
    ),
    (
        "a second file claims an id that an unlisted post has now",
        &[
            &[
                ("a.md", "title: A;id: x:1", "mill"),
                ("m.md", "title: M;id: x:2;visibility: unlisted", "lamp"),
            ],
            &[("m.md", "title: M;id: x:1;visibility: unlisted", "lamp")],
            &[
                ("b.md", "title: A;id: x:1", "mill"),
                ("m.md", "title: M;id: x:1;visibility: unlisted", "lamp"),
            ],
        ],
        &[("m.md", "m.md"), ("b.md", "a.md")],
        &["id-taken"],
    ),
    (
        "edited to the text of a copy that was withdrawn",
        &[
            &[("a.md", "title: A", "mill"), ("b.md", "title: A", "mill'")],
            &[("a.md", "title: A", "mill")],
            &[("a.md", "title: A", "mill'")],
        ],
        &[("a.md", "a.md")],
        &[],
    ),
    (
        "a withdrawn post is back in the file of another",
        &[
            &[("a.md", "title: A", "mill"), ("b.md", "title: B", "lamp")],
            &[("a.md", "title: A", "mill")],
            &[("a.md", "title: B", "lamp")],
        ],
        &[("a.md", "b.md")],
        &[],
    ),
    (
        "back elsewhere, and another in its place",
        &[
            &[("a.md", "title: A", "mill"), ("b.md", "title: B", "lamp")],
            &[("b.md", "title: B", "lamp")],
            &[("a.md", "title: C;id: x:1;draft: true", "bees"), ("b.md", "title: B", "lamp")],
            &[
                ("a.md", "title: C;id: x:1;draft: true", "bees"),
                ("b.md", "title: B", "lamp"),
                ("c.md", "title: A", "mill"),
            ],
        ],
        &[("b.md", "b.md"), ("c.md", "a.md")],
        &[],
    ),
    (
        "back where another post was meanwhile",
        &[
            &[("a.md", "title: A", "mill"), ("c.md", "title: C", "lamp")],
            &[("b.md", "title: A", "mill"), ("c.md", "title: C", "lamp")],
            &[("c.md", "title: C", "lamp")],
            &[("b.md", "title: B;id: x:1", "bees"), ("c.md", "title: C", "lamp")],
            &[("c.md", "title: C", "lamp"), ("d.md", "title: B;id: x:1", "bees")],
            &[
                ("b.md", "title: A", "mill"),
                ("c.md", "title: C", "lamp"),
                ("d.md", "title: B;id: x:1", "bees"),
            ],
        ],
        &[("b.md", "a.md"), ("c.md", "c.md")],
        &[],
    ),
    (
        "two posts with one title are renamed and edited, and one of them keeps its slug",
        &[
            &[("x/a.md", "title: A", "mill'"), ("b.md", "title: A", "mill'''")],
            &[("y/a.md", "title: A", "mill"), ("c.md", "title: A", "mill''")],
        ],
        &[("y/a.md", "x/a.md"), ("c.md", "b.md")],
        &[],
    ),
    (
        "two short posts with the same bytes are both renamed",
        &[
            &[("a.md", "title: A", "One."), ("b.md", "title: A", "One.")],
            &[("c.md", "title: A", "One."), ("d.md", "title: A", "One.")],
        ],
        &[("c.md", NEW), ("d.md", NEW)],
        &["identity-unclear", "identity-unclear"],
    ),
    (
        "of two copies of one text the one in the same folder is renamed",
        &[
            &[("x/a.md", "title: A", "mill"), ("y/b.md", "title: A", "mill")],
            &[("y/c.md", "title: A", "mill")],
        ],
        &[("y/c.md", "y/b.md")],
        &[],
    ),
    (
        "moved to another folder and written anew, with a title that another post has",
        &[
            &[("x/a.md", "title: A", "mill"), ("b.md", "title: A", "lamp")],
            &[("b.md", "title: A", "lamp"), ("y/a.md", "title: A", "bees")],
        ],
        &[("b.md", "b.md"), ("y/a.md", "x/a.md")],
        &[],
    ),
    (
        "its id is not an IRI, and the one that Atom has for it is written down",
        &[
            &[("a.md", "title: A;id: a b", "mill")],
            &[("a.md", "title: A;id: \"tag:localhost,2000:id:a%20b\"", "mill")],
        ],
        &[("a.md", "a.md")],
        &[],
    ),
];

#[test]
fn files_are_matched_to_posts() {
    check(ROWS);
}

/// Checks each case without restarts, and with a restart before each step.
pub(super) fn check(rows: &[MatchCase]) {
    for &(name, steps, expected, warnings) in rows {
        for is_restarted in [false, true] {
            let mut scenario = Scenario::new();
            scenario.publish(steps[0]);
            let before = scenario.ids();
            for files in &steps[1..] {
                scenario.pass(24 * 300);
                if is_restarted {
                    scenario.restart();
                }
                scenario.publish(files);
            }
            let after = scenario.ids();
            for &(path, former) in expected {
                let was = before
                    .iter()
                    .find(|(_, id)| **id == after[path])
                    .map_or(NEW, |(path, _)| path);
                assert_eq!(was, former, "{name}, restarted: {is_restarted}: {path}");
            }
            let codes: Vec<&str> = scenario.warnings.iter().map(|remark| remark.code).collect();
            assert_eq!(codes, warnings, "{name}, restarted: {is_restarted}");
        }
    }
}

//! Files that name ids: of themselves, of each other, and of posts that were withdrawn. What readers know stays.

use super::*;

/// What happens, the files after each step, the id of each file after the last step, and the codes of the warnings then.
type NamedIdCase = (
    &'static str,
    &'static [&'static [TestFile]],
    &'static [(&'static str, &'static str)],
    &'static [&'static str],
);

/// Most were chosen among random steps: each shows something that no other test here does.
#[rustfmt::skip]
const ROWS: &[NamedIdCase] = &[
    (
        "a file takes the made id of another, which moves away with its text",
        &[&[("a.md", "title: B;id: x:1", "lamp'")], &[("a.md", "title: B;id: x:1", "lamp'"), ("c.md", "title: B;visibility: unlisted", "TODO")], &[("a.md", "id: \"tag:localhost,2000:a\"", "lamp'"), ("b.md", "title: B;visibility: unlisted", "TODO"), ("c.md", "title: B;id: x:1;visibility: unlisted", "TODO")], &[("a.md", "title: B;visibility: unlisted", "TODO"), ("b.md", "title: B;id: \"tag:localhost,2000:a\"", "lamp'")]],
        &[("a.md", "tag:localhost,2000:a"), ("b.md", "x:1")],
        &["id-taken"],
    ),
    (
        "a draft moves to the file of a post that keeps asking for its id",
        &[&[("a.md", "title: B;id: x:2;date: 2025-01-01;visibility: unlisted", ""), ("b.md", "title: B;id: \"tag:localhost,2000:a\";date: 2025-02-01", "TODO")], &[("a.md", "title: B;id: x:2;date: 2025-01-01;draft: true", ""), ("b.md", "title: B;id: \"tag:localhost,2000:a\";guid: x:1;date: 2025-02-01", "TODO"), ("c.md", "title: B;id: x:2;date: 2025-01-01", "")], &[("b.md", "title: B;id: x:2;date: 2025-01-01;draft: true", ""), ("c.md", "id: x:2;date: 2025-01-01", "")], &[("b.md", "id: x:2", "bees"), ("c.md", "title: B;date: 2025-01-01;draft: true", "")]],
        &[("b.md", "tag:localhost,2000:a"), ("c.md", "x:2")],
        &["id-taken"],
    ),
    (
        "three files that name each other's ids become one",
        &[&[("a.md", "title: B;id: \"tag:localhost,2000:a\";date: 2025-02-01", "TODO"), ("b.md", "title: A;guid: x:1", "lamp'"), ("c.md", "title: A;id: \"tag:localhost,2000:a\";guid: x:1;date: 2025-02-01", "")], &[("b.md", "title: B;date: 2025-02-01", "TODO"), ("c.md", "title: A;id: \"tag:localhost,2000:a\";guid: x:1;date: 2025-02-01", "")], &[("c.md", "title: B;guid: x:1;date: 2025-02-01", "TODO")]],
        &[("c.md", "tag:localhost,2000:a")],
        &["id-taken"],
    ),
    (
        "a file with an id of its own replaces one of two with the same id",
        &[&[("a.md", "id: \"tag:localhost,2000:a\"", "TODO"), ("b.md", "title: B;id: x:1", "lamp'"), ("c.md", "title: B;id: x:1", "lamp'")], &[("b.md", "id: \"tag:localhost,2000:a\";guid: x:2", "TODO"), ("c.md", "title: B;id: x:1", "lamp'")]],
        &[("b.md", "tag:localhost,2000:a"), ("c.md", "x:1")],
        &[],
    ),
    (
        "the second of two files with one id goes, the first asks for no id",
        &[&[("a.md", "title: A", "mill'"), ("b.md", "title: A;id: \"tag:localhost,2000:a\";date: 2025-01-01", "mill'")], &[("a.md", "title: A;date: 2025-01-01", "TODO"), ("b.md", "title: A;id: \"tag:localhost,2000:a\";guid: x:1;date: 2025-01-01", "mill'")], &[("a.md", "title: A;date: 2025-01-01", "TODO")]],
        &[("a.md", "tag:localhost,2000:a")],
        &[],
    ),
    (
        "a post moves, another takes its path, and it asks for that one's id",
        &[&[("a.md", "title: B;id: x:2;visibility: unlisted", "mill'"), ("b.md", "id: \"tag:localhost,2000:a\"", "mill'")], &[("c.md", "title: B;id: x:2;visibility: unlisted", "mill'")], &[("a.md", "title: B;id: x:1;visibility: unlisted", "mill'"), ("c.md", "title: B;id: x:2;visibility: unlisted", "mill'")], &[("a.md", "title: B;visibility: unlisted", "mill'"), ("b.md", "title: B;id: x:1;visibility: unlisted", "mill'")]],
        &[("a.md", "x:1"), ("b.md", "x:2")],
        &["id-taken"],
    ),
    (
        "a post that is known by a made id, and a file that takes up the id it asked for",
        &[&[("a.md", "id: x:1;date: 2025-02-01", "bees"), ("b.md", "title: B", "bees")], &[("b.md", "id: x:1;guid: x:2;date: 2025-02-01", "bees")], &[("c.md", "guid: x:2;date: 2025-02-01", "bees")], &[("b.md", "guid: x:2;date: 2025-02-01", "bees"), ("c.md", "id: x:1;guid: x:2;date: 2025-02-01", "")]],
        &[("b.md", "x:2"), ("c.md", "tag:localhost,2000:b")],
        &["id-ignored"],
    ),
    (
        "a file takes up the made id of another, then asks for a third",
        &[&[("a.md", "title: A;id: \"tag:localhost,2000:a\"", "bees"), ("b.md", "title: B;guid: x:1;date: 2025-02-01", "mill'"), ("c.md", "title: A;id: x:2;date: 2025-01-01", "lamp")], &[("a.md", "title: A;id: \"tag:localhost,2000:a\";date: 2025-01-01", "bees"), ("b.md", "title: B;guid: x:1;date: 2025-02-01", "mill'"), ("c.md", "title: A;id: x:2;date: 2025-01-01", "lamp")], &[("a.md", "title: A;id: x:1;date: 2025-01-01;visibility: unlisted", "bees"), ("b.md", "title: B;guid: x:1;date: 2025-02-01", "mill'"), ("c.md", "id: \"tag:localhost,2000:a\";date: 2025-02-01", "mill'")], &[("a.md", "title: A;id: x:1;date: 2025-01-01;visibility: unlisted", "bees"), ("b.md", "title: B;guid: x:1;date: 2025-02-01", "lamp"), ("c.md", "id: x:1;date: 2025-02-01", "lamp")]],
        &[("a.md", "x:1"), ("b.md", "x:1"), ("c.md", "tag:localhost,2000:a")],
        &["id-taken"],
    ),
    (
        "a file asks for the id of one that goes",
        &[&[("a.md", "", "bees"), ("b.md", "title: A;guid: x:2;date: 2025-01-01", "lamp"), ("c.md", "title: B", "lamp'")], &[("a.md", "", "bees"), ("b.md", "title: B;id: \"tag:localhost,2000:a\"", "mill"), ("c.md", "title: A;guid: x:2;date: 2025-01-01;visibility: unlisted", "lamp")], &[("a.md", "guid: x:1", "bees"), ("b.md", "title: B;id: \"tag:localhost,2000:a\";guid: x:2", "mill")]],
        &[("a.md", "x:1"), ("b.md", "x:2")],
        &["id-changed"],
    ),
    (
        "a file names the id of one post, and is as similar to a second as to a third",
        &[
            &[("a.md", "title: Z;id: x:1", "bees"), ("x/b.md", "title: A", "mill"), ("y/c.md", "title: A", "mill'")],
            &[("d.md", "title: A;id: x:1", "mill''")],
        ],
        &[("d.md", "x:1")],
        &[],
    ),
    (
        "a file names the id of one post, and is more similar to a second than to a third",
        &[
            &[("a.md", "title: Z;id: x:1", "bees"), ("x/b.md", "title: A", "mill"), ("y/c.md", "title: A", "mill'")],
            &[("z/b.md", "title: A;id: x:1", "mill''")],
        ],
        &[("z/b.md", "tag:localhost,2000:b")],
        &["id-taken"],
    ),
    (
        "a draft at the path of a withdrawn post names its id, and has the text of another whose file is gone",
        &[
            &[("a.md", "title: A;id: x:1", "mill"), ("b.md", "title: A", "mill'")],
            &[("b.md", "title: A", "mill'")],
            &[("a.md", "title: A;id: x:1;draft: true", "mill'")],
        ],
        &[("a.md", "tag:localhost,2000:b")],
        &["id-taken"],
    ),
];

#[test]
fn files_that_name_ids_get_those_that_readers_do_not_know() {
    for &(name, steps, ids, warnings) in ROWS {
        for is_restarted in [false, true] {
            let mut scenario = Scenario::new();
            for (step, files) in steps.iter().enumerate() {
                if step > 0 {
                    scenario.pass(24 * 300);
                    if is_restarted {
                        scenario.restart();
                    }
                }
                scenario.publish(files);
            }
            let mut found: Vec<(String, String)> = scenario.ids().into_iter().collect();
            found.sort();
            let found: Vec<(&str, &str)> = found.iter().map(|(path, id)| (&**path, &**id)).collect();
            assert_eq!(found, ids, "{name}, restarted: {is_restarted}");
            let codes: Vec<&str> = scenario.warnings.iter().map(|remark| remark.code).collect();
            assert_eq!(codes, warnings, "{name}, restarted: {is_restarted}");
        }
    }
}

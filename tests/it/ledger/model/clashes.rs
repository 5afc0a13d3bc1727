//! Two files with one id, copies, and changed ids: a post that was served under one id keeps it, while feedmill runs and after restarts.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::thread;
use std::time::Duration;

use super::harness::Harness;

/// A path, front matter with `;` between lines, and the name of a text, with a `'` for each edited word.
type ClashFile = (&'static str, &'static str, &'static str);

/// What happens, the files after each step, and for each file of the last step the file that had its id first.
type ClashCase = (
    &'static str,
    &'static [&'static [ClashFile]],
    &'static [(&'static str, &'static str)],
);

/// An id that no file had before.
const NEW: &str = "new";

const A: ClashFile = ("a.md", "title: A;date: 2025-01-01;id: x:1", "mill");
const B: ClashFile = ("b.md", "title: B;date: 2025-01-02;id: x:1", "lamp");
/// A post without an id.
const C: ClashFile = ("c.md", "title: C;date: 2025-01-03", "bees");
const D: ClashFile = ("d.md", "title: D;date: 2025-01-04;id: x:4", "reed");

#[rustfmt::skip]
const CASES: &[ClashCase] = &[
    ("one is deleted", &[&[A], &[A, B], &[B]], &[("b.md", "b.md")]),
    ("one is deleted, the other one edited", &[&[A], &[A, B], &[B], &[("b.md", B.1, "lamp'")]], &[("b.md", "b.md")]),
    ("one is deleted and the other edited at once", &[&[A, B], &[("b.md", B.1, "lamp'")]], &[("b.md", "b.md")]),
    ("the second is edited", &[&[A, B], &[A, ("b.md", B.1, "lamp'")]], &[("a.md", "a.md"), ("b.md", "b.md")]),
    ("the second has another title and is edited", &[&[A, B], &[A, ("b.md", "title: Bee;date: 2025-01-02;id: x:1", "lamp'")], &[("b.md", B.1, "lamp''")]],
        &[("b.md", "b.md")]),
    ("the first gets an id of its own", &[&[A, B], &[("a.md", "title: A;date: 2025-01-01;id: x:9", "mill"), B]], &[("a.md", NEW), ("b.md", "b.md")]),
    ("the first loses its id", &[&[A, B], &[("a.md", "title: A;date: 2025-01-01", "mill"), B]], &[("a.md", "a.md"), ("b.md", "b.md")]),
    ("the first loses its id and goes", &[&[A, B], &[("a.md", "title: A;date: 2025-01-01", "mill"), B], &[B]], &[("b.md", "b.md")]),
    ("the second loses its id", &[&[A, B], &[A, ("b.md", "title: B;date: 2025-01-02", "lamp")]], &[("a.md", "a.md"), ("b.md", "b.md")]),
    ("the second gets an id of its own", &[&[A, B], &[A, ("b.md", "title: B;date: 2025-01-02;id: x:9", "lamp")]], &[("a.md", "a.md"), ("b.md", NEW)]),
    ("the first becomes a draft", &[&[A, B], &[("a.md", "title: A;date: 2025-01-01;id: x:1;draft: true", "mill"), B]], &[("b.md", "b.md")]),
    ("the first becomes a draft, and goes", &[&[A, B], &[("a.md", "title: A;date: 2025-01-01;id: x:1;draft: true", "mill"), B], &[B]],
        &[("b.md", "b.md")]),
    ("the first becomes a draft, and is published again",
        &[&[A, B], &[("a.md", "title: A;date: 2025-01-01;id: x:1;draft: true", "mill"), B], &[A, B]],
        &[("a.md", "a.md"), ("b.md", "b.md")]),
    ("the first expires", &[&[A, B], &[("a.md", "title: A;date: 2025-01-01;id: x:1;expires: 2025-02-01", "mill"), B]], &[("b.md", "b.md")]),
    ("the second is a draft meanwhile", &[&[A, B], &[A, ("b.md", "title: B;date: 2025-01-02;id: x:1;draft: true", "lamp")],
        &[("b.md", "title: B;date: 2025-01-02;id: x:1;draft: true", "lamp")], &[B]], &[("b.md", "b.md")]),
    ("one is deleted, the other one renamed", &[&[A, B], &[B], &[("e.md", B.1, "lamp")]], &[("e.md", "b.md")]),
    ("one is deleted and the other renamed at once", &[&[A, B], &[("e.md", B.1, "lamp")]], &[("e.md", "b.md")]),
    ("one is deleted, the other one renamed and edited", &[&[A, B], &[B], &[("e.md", B.1, "lamp'")]], &[("e.md", "b.md")]),
    ("one is deleted, the other one renamed to its name", &[&[A, B], &[B], &[("a.md", B.1, "lamp")]], &[("a.md", "b.md")]),
    ("one is written over by the other", &[&[A, B], &[("a.md", B.1, "lamp")]], &[("a.md", "b.md")]),
    ("both are deleted, and the second is back", &[&[A, B, C], &[C], &[B, C]], &[("b.md", "b.md")]),
    ("both are deleted, and the second is back elsewhere", &[&[A, B, C], &[C], &[("e.md", B.1, "lamp"), C]], &[("e.md", "b.md")]),
    ("both are deleted, and both are back", &[&[A, B, C], &[C], &[A, B, C]], &[("a.md", "a.md"), ("b.md", "b.md")]),
    ("the one that was never served has the id, and is removed", &[&[("a.md", "title: A;date: 2025-01-01;id: x:1;expires: 2025-02-01", "mill"), B], &[B]],
        &[("b.md", "b.md")]),
    ("the one that was never served has the id, and the second is renamed after its removal",
        &[&[("a.md", "title: A;date: 2025-01-01;id: x:1;expires: 2025-02-01", "mill"), B], &[B], &[("e.md", B.1, "lamp")]], &[("e.md", "b.md")]),
    ("one is deleted, and back", &[&[A, B], &[B], &[A, B]], &[("a.md", "a.md"), ("b.md", "b.md")]),
    ("one is deleted, and back elsewhere", &[&[A, B], &[B], &[B, ("e.md", A.1, "mill")]], &[("e.md", "a.md"), ("b.md", "b.md")]),
    ("one is deleted, and a new one names its id", &[&[A, B], &[B], &[B, ("e.md", "title: E;date: 2025-01-05;id: x:1", "reed")]],
        &[("e.md", "a.md"), ("b.md", "b.md")]),
    ("a third names the id", &[&[A, B], &[A, B, ("e.md", "title: E;date: 2025-01-05;id: x:1", "reed")],
        &[B, ("e.md", "title: E;date: 2025-01-05;id: x:1", "reed")]], &[("e.md", "e.md"), ("b.md", "b.md")]),
    ("a copy of a whole post, and it goes", &[&[A], &[A, ("e.md", A.1, "mill")], &[("e.md", A.1, "mill")]], &[("e.md", "e.md")]),
    ("a copy of a whole post, edited, and it goes", &[&[A], &[A, ("e.md", A.1, "mill")], &[A, ("e.md", A.1, "mill'")], &[("e.md", A.1, "mill'")]],
        &[("e.md", "e.md")]),
    ("a copy of a whole post, it goes and the copy is edited", &[&[A], &[A, ("e.md", A.1, "mill")], &[("e.md", A.1, "mill'")]], &[("e.md", "e.md")]),
    ("a copy of a whole post takes its name after its removal", &[&[A], &[A, ("e.md", A.1, "mill")], &[("e.md", A.1, "mill")], &[("a.md", A.1, "mill")]],
        &[("a.md", "e.md")]),
    ("a copy of a whole post is renamed after its removal", &[&[A], &[A, ("e.md", A.1, "mill")], &[("e.md", A.1, "mill")], &[("f.md", A.1, "mill")]],
        &[("f.md", "e.md")]),
    ("a copy of a post without an id, and it goes", &[&[C], &[C, ("e.md", C.1, "bees")], &[("e.md", C.1, "bees")]], &[("e.md", "e.md")]),
    ("a copy of a post without an id takes its name after its removal",
        &[&[C], &[C, ("e.md", C.1, "bees")], &[("e.md", C.1, "bees")], &[("c.md", C.1, "bees")]], &[("c.md", "e.md")]),
    ("a removed copy is back beside it", &[&[A], &[A, ("e.md", A.1, "mill")], &[A], &[A, ("e.md", A.1, "mill")]],
        &[("a.md", "a.md"), ("e.md", "e.md")]),
    ("a folder is copied, and the first goes",
        &[&[("x/a.md", A.1, "mill"), ("x/c.md", C.1, "bees")],
          &[("x/a.md", A.1, "mill"), ("x/c.md", C.1, "bees"), ("y/a.md", A.1, "mill"), ("y/c.md", C.1, "bees")],
          &[("y/a.md", A.1, "mill"), ("y/c.md", C.1, "bees")]],
        &[("y/a.md", "y/a.md"), ("y/c.md", "y/c.md")]),
    ("a folder is copied, and the copy takes the name of the first",
        &[&[("x/a.md", A.1, "mill"), ("x/c.md", C.1, "bees"), D],
          &[("x/a.md", A.1, "mill"), ("x/c.md", C.1, "bees"), ("y/a.md", A.1, "mill"), ("y/c.md", C.1, "bees"), D],
          &[("y/a.md", A.1, "mill"), ("y/c.md", C.1, "bees"), D],
          &[("x/a.md", A.1, "mill"), ("x/c.md", C.1, "bees"), D]],
        &[("x/a.md", "y/a.md"), ("x/c.md", "y/c.md")]),
    ("a backup is restored beside, and the first goes",
        &[&[A, C], &[("a.md", A.1, "mill'"), C, ("backup/a.md", A.1, "mill"), ("backup/c.md", C.1, "bees")],
          &[("backup/a.md", A.1, "mill"), ("backup/c.md", C.1, "bees")]],
        &[("backup/a.md", "backup/a.md"), ("backup/c.md", "backup/c.md")]),
    ("a backup is restored beside, and goes",
        &[&[A, C], &[("a.md", A.1, "mill'"), C, ("backup/a.md", A.1, "mill"), ("backup/c.md", C.1, "bees")], &[("a.md", A.1, "mill'"), C]],
        &[("a.md", "a.md"), ("c.md", "c.md")]),
    ("the second is edited to what the first was when it is removed",
        &[&[A, ("b.md", B.1, "mill")], &[("a.md", A.1, "mill'"), ("b.md", B.1, "mill")], &[("b.md", B.1, "mill")], &[("b.md", B.1, "mill'")]],
        &[("b.md", "b.md")]),
    ("the second is a draft and is edited to what the first was when it is removed",
        &[&[A, ("b.md", B.1, "mill")], &[("a.md", A.1, "mill'"), ("b.md", B.1, "mill")],
          &[("b.md", "title: B;date: 2025-01-02;id: x:1;draft: true", "mill")], &[("b.md", B.1, "mill'")]],
        &[("b.md", "b.md")]),
    ("ids are swapped",
        &[&[A, D], &[("a.md", "title: A;date: 2025-01-01;id: x:4", "mill"), ("d.md", "title: D;date: 2025-01-04;id: x:1", "reed")]],
        &[("a.md", "a.md"), ("d.md", "d.md")]),
    ("ids are swapped, and one goes",
        &[&[A, D], &[("a.md", "title: A;date: 2025-01-01;id: x:4", "mill"), ("d.md", "title: D;date: 2025-01-04;id: x:1", "reed")],
          &[("d.md", "title: D;date: 2025-01-04;id: x:1", "reed")]],
        &[("d.md", "d.md")]),
    ("files are swapped", &[&[A, D], &[("a.md", D.1, "reed"), ("d.md", A.1, "mill")]], &[("a.md", "d.md"), ("d.md", "a.md")]),
    ("files with one text are swapped",
        &[&[A, ("d.md", D.1, "mill")], &[("a.md", D.1, "mill"), ("d.md", A.1, "mill")]], &[("a.md", "d.md"), ("d.md", "a.md")]),
    ("an id is changed to a third one's", &[&[A, B, D], &[A, ("b.md", "title: B;date: 2025-01-02;id: x:4", "lamp"), D]],
        &[("a.md", "a.md"), ("b.md", "b.md"), ("d.md", "d.md")]),
    ("an id is changed to a third one's, which goes",
        &[&[A, B, D], &[A, ("b.md", "title: B;date: 2025-01-02;id: x:4", "lamp"), D], &[A, ("b.md", "title: B;date: 2025-01-02;id: x:4", "lamp")]],
        &[("a.md", "a.md"), ("b.md", "b.md")]),
    ("an id is changed to that of a removed post", &[&[A, D], &[D], &[("d.md", "title: D;date: 2025-01-04;id: x:1", "reed")]], &[("d.md", "d.md")]),
    ("an id is changed to that of a removed post, with an edit",
        &[&[A, D], &[D], &[("d.md", "title: D;date: 2025-01-04;id: x:1", "reed'")]], &[("d.md", "d.md")]),
    ("an id is added, of a removed post", &[&[A, C], &[C], &[("c.md", "title: C;date: 2025-01-03;id: x:1", "bees")]], &[("c.md", "c.md")]),
    ("an id is added, of a removed post, and the file renamed", &[&[A, C], &[C], &[("e.md", "title: C;date: 2025-01-03;id: x:1", "bees")]],
        &[("e.md", "c.md")]),
    ("an id is changed to a new one and back", &[&[A], &[("a.md", "title: A;date: 2025-01-01;id: x:9", "mill")], &[A]], &[("a.md", NEW)]),
    ("one is renamed, and a new one in its place names its id",
        &[&[A], &[("e.md", A.1, "mill"), ("a.md", "title: E;date: 2025-01-05;id: x:1", "reed")]], &[("e.md", "a.md"), ("a.md", NEW)]),
    ("one is renamed and edited, and a new one in its place names its id",
        &[&[A], &[("e.md", A.1, "mill'"), ("a.md", "title: E;date: 2025-01-05;id: x:1", "reed")]], &[("e.md", "a.md"), ("a.md", NEW)]),
    ("one is renamed to an earlier name, and a new one in its place names its id",
        &[&[D], &[("b.md", D.1, "reed"), ("d.md", "title: E;date: 2025-01-05;id: x:4", "mill")]], &[("b.md", "d.md"), ("d.md", NEW)]),
    ("one is copied and edited in its place", &[&[A], &[("e.md", A.1, "mill"), ("a.md", A.1, "mill'")]], &[("a.md", "a.md"), ("e.md", "e.md")]),
    ("a clash ends at an id of a removed post",
        &[&[("tide.md", "title: T;date: 2025-01-03", "reed"), ("x/x-tide.md", "title: X;date: 2025-01-03", "mill")],
          &[("tide.md", "title: T;date: 2025-01-03", "reed")],
          &[("tide.md", "title: T;date: 2025-01-03", "reed"), ("x/tide.md", "title: U;date: 2025-01-03", "bees")]],
        &[("tide.md", "tide.md"), ("x/tide.md", "x/tide.md")]),
];

/// A text with so many words that it is similar to the text before an edit, and with no word of another text.
fn text(name: &str) -> String {
    let edits = name.bytes().filter(|&byte| byte == b'\'').count();
    let name = name.trim_end_matches('\'');
    let mut text = String::new();
    for number in 0..300 {
        let edit = if number == 7 { edits } else { 0 };
        let _ = write!(text, "{name}{}x{edit} ", number * 7 % 301);
    }
    text
}

/// Writes `files`, and removes all others but one post that stays: an empty folder counts as not mounted.
fn set_files(harness: &mut Harness, before: &[ClashFile], files: &[ClashFile]) {
    for (path, ..) in before
        .iter()
        .filter(|(path, ..)| !files.iter().any(|(other, ..)| other == path))
    {
        harness.remove((*path).into());
    }
    for &(path, head, body) in files.iter().filter(|file| !before.contains(file)) {
        let head = head.replace(';', "\n");
        harness.write(path.into(), &format!("---\n{head}\n---\n{}\n", text(body)));
    }
}

/// The failures after the steps of a row, before and after a restart. With `is_asleep`, feedmill restarts before each step.
fn failures(&(name, steps, expected): &ClashCase, is_asleep: bool) -> Vec<String> {
    let mut failures = Vec::new();
    let mut harness = Harness::new();
    harness.write("keeper.md".into(), "---\ntitle: Keeper\ndate: 2024-01-01\n---\nIt stays.\n");
    harness.settle();
    let mut first: BTreeMap<&str, String> = BTreeMap::new();
    let mut addresses: BTreeMap<&str, String> = BTreeMap::new();
    let mut before: &[ClashFile] = &[];
    // the last step is only a restart
    for (count, files) in steps.iter().chain(steps.last()).enumerate() {
        harness.pass(Duration::from_mins(10));
        if is_asleep || count == steps.len() {
            harness.stop();
        }
        set_files(&mut harness, before, files);
        harness.start();
        harness.settle();
        before = files;
        for (path, ..) in files
            .iter()
            .filter(|(_, head, _)| !head.contains("draft") && !head.contains("expires"))
        {
            let post = harness.site.post((*path).into()).unwrap();
            let id = post.id.clone();
            addresses.entry(path).or_insert_with(|| post.address.to_string());
            if !first.values().any(|other| *other == id) {
                first.entry(path).or_insert(id.to_string());
            }
        }
        if count + 1 < steps.len() {
            continue;
        }
        let what = format!("{name}, asleep: {is_asleep}, step {count}");
        for &(path, former) in expected {
            let id = &harness.site.post(path.into()).unwrap().id;
            let was = first.iter().find(|(_, other)| **other == *id).map_or(NEW, |(path, _)| path);
            if was != former {
                failures.push(format!("{what}: {path} was {was} and not {former}"));
            }
        }
        // a deleted post is withdrawn
        let atom = harness.get("/atom.xml").body;
        for (path, id) in &first {
            let is_there = harness
                .site
                .all()
                .iter()
                .any(|post| post.id == *id && post.is_readable(harness.now));
            if !is_there && !atom.contains(&format!("ref=\"{id}\"")) {
                failures.push(format!("{what}: no tombstone of {path}"));
            }
            // and its address does not lead to another post
            let answer = harness.get(&addresses[path]);
            let to = harness
                .site
                .all()
                .iter()
                .find(|post| answer.location.ends_with(post.address.as_str()));
            let is_other = to.is_some_and(|post| post.id != *id && first.values().any(|known| *known == post.id));
            if !is_there && (is_other || !matches!(answer.status, 200 | 301 | 410)) {
                failures.push(format!(
                    "{what}: the address of {path} answers {} {}",
                    answer.status, answer.location
                ));
            }
        }
    }
    harness.stop();
    failures
}

#[test]
fn a_post_keeps_the_id_that_it_was_served_under() {
    // most of the time is waiting for the disk
    let parts = CASES.chunks(CASES.len().div_ceil(8));
    let failures: Vec<String> = thread::scope(|scope| {
        let of_part = |cases: &'static [ClashCase]| {
            let cases = cases.iter().flat_map(|row| [(row, false), (row, true)]);
            cases
                .flat_map(|(row, is_asleep)| failures(row, is_asleep))
                .collect::<Vec<_>>()
        };
        let threads: Vec<_> = parts.map(|cases| scope.spawn(move || of_part(cases))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

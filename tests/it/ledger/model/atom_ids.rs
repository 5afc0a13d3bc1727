//! Ids that are not IRIs: RSS and JSON Feed have them as they are written, Atom has an IRI, and an id that was served stays.

use std::time::Duration;

use super::harness::{Answer, Harness};

const UUID: &str = "550E8400-E29B-41D4-A716-446655440000";
const URN: &str = "urn:uuid:550e8400-e29b-41d4-a716-446655440000";
const TEXT: &str = "A mill stands where the creek bends, and its wheel has turned twice a day for longer than the village can remember. \
    When the water falls the miller opens the sluice, and the stones begin to grind barley for the bread of the week.";

/// A site with a post that is never changed.
fn harness() -> Harness {
    let mut harness = Harness::new();
    harness.write(
        "keeper.md".into(),
        "---\ntitle: Keeper\ndate: 2024-01-01\nid: x:keeper\n---\nIt stays.\n",
    );
    harness.settle();
    harness
}

fn publish(harness: &mut Harness, path: &str, front_matter: &str) {
    harness.pass(Duration::from_mins(10));
    harness.write(path.into(), &format!("---\n{front_matter}\n---\n{TEXT}\n"));
    harness.settle();
}

fn remove(harness: &mut Harness, path: &str) {
    harness.pass(Duration::from_mins(10));
    harness.remove(path.into());
    harness.settle();
}

fn restart(harness: &mut Harness) {
    harness.stop();
    harness.pass(Duration::from_mins(10));
    harness.start();
    harness.settle();
}

fn ids_in(document: &str, name: &str) -> Vec<String> {
    let document = roxmltree::Document::parse(document).unwrap();
    let ids = document
        .descendants()
        .filter(|node| node.tag_name().name() == name && node.parent_element().unwrap().tag_name().name() != "feed");
    ids.map(|node| node.text().unwrap_or_default().to_owned()).collect()
}

/// The ids in RSS and in Atom, without the one of the keeper.
fn ids(harness: &Harness) -> Vec<(String, String)> {
    let Answer { body: rss, .. } = harness.get("/rss.xml");
    let Answer { body: atom, .. } = harness.get("/atom.xml");
    let ids = ids_in(&rss, "guid").into_iter().zip(ids_in(&atom, "id"));
    ids.filter(|(id, _)| id != "x:keeper").collect()
}

fn pair(rss: &str, atom: &str) -> Vec<(String, String)> {
    vec![(rss.to_owned(), atom.to_owned())]
}

#[test]
fn atom_has_an_iri_and_the_others_the_id_as_it_is_written() {
    for (written, atom_id) in [
        (UUID, URN),
        ("x:1", "x:1"),
        ("night 17", "tag:one.example,2000:id:night%2017"),
        ("/2019/03/x", "tag:one.example,2000:id:%2F2019%2F03%2Fx"),
    ] {
        let mut harness = harness();
        publish(
            &mut harness,
            "a.md",
            &format!("title: A\ndate: 2025-01-01\nid: \"{written}\""),
        );
        let expected = pair(written, atom_id);
        assert_eq!(ids(&harness), expected);
        let json: serde_json::Value = serde_json::from_str(&harness.get("/feed.json").body).unwrap();
        assert_eq!(json["items"][0]["id"], written);
        let listed: serde_json::Value = serde_json::from_str(&harness.get("/api/posts").body).unwrap();
        let listed = &listed["posts"][0];
        assert_eq!(listed["id"], written);
        assert_eq!(
            listed["atom_id"].as_str(),
            Some(atom_id).filter(|atom_id| *atom_id != written)
        );
        // after all changes to the file and the site
        restart(&mut harness);
        assert_eq!(ids(&harness), expected, "restarted");
        harness.stop();
        harness.set_host(1);
        harness.rename("a.md".into(), "b.md".into());
        restart(&mut harness);
        assert_eq!(ids(&harness), expected, "moved, with its site");
        publish(
            &mut harness,
            "b.md",
            &format!("title: A\ndate: 2025-03-01\nid: \"{written}\""),
        );
        assert_eq!(ids(&harness), expected, "with a new date");
        let changed = harness.get("/api/posts?since=2000-01-01T00:00:00Z").body;
        assert_eq!(changed.contains("\"atom_id\""), atom_id != written);
        remove(&mut harness, "b.md");
        let tombstone = format!("<at:deleted-entry ref=\"{atom_id}\"");
        for _ in 0..2 {
            assert!(
                harness.get("/atom.xml").body.contains(&tombstone),
                "{}",
                harness.get("/atom.xml").body
            );
            restart(&mut harness);
        }
        harness.stop();
    }
}

#[test]
fn atom_keeps_an_id_that_is_not_an_iri_if_readers_have_it() {
    let said = |harness: &Harness| -> Vec<&'static str> { harness.site.diagnostics.iter().map(|said| said.code).collect() };
    for written in [UUID, "night 17"] {
        let mut harness = harness();
        let front_matter = format!("title: A\ndate: 2025-01-01\nid: \"{written}\"");
        publish(&mut harness, "a.md", &front_matter);
        assert_eq!(said(&harness), [""; 0]);
        // the record of an older version
        harness.amend(|record| record.atom_id = None);
        for _ in 0..2 {
            restart(&mut harness);
            assert_eq!(ids(&harness), pair(written, written));
            assert_eq!(said(&harness), ["atom-id"]);
        }
        publish(&mut harness, "a.md", &format!("{front_matter}\ntags: [a]"));
        assert_eq!(
            (ids(&harness), said(&harness)),
            (pair(written, written), vec!["atom-id"]),
            "edited"
        );
        harness.stop();
        harness.rename("a.md".into(), "b.md".into());
        restart(&mut harness);
        assert_eq!(
            (ids(&harness), said(&harness)),
            (pair(written, written), vec!["atom-id"]),
            "renamed"
        );
        // the author changes the id
        let mend = harness.site.diagnostics[0].mend.clone();
        let wanted = mend.split('"').nth(1).unwrap().to_owned();
        publish(&mut harness, "b.md", &format!("title: A\ndate: 2025-01-01\nid: \"{wanted}\""));
        assert_eq!(ids(&harness), pair(&wanted, &wanted));
        assert!(
            harness
                .get("/atom.xml")
                .body
                .contains(&format!("<at:deleted-entry ref=\"{written}\""))
        );
        restart(&mut harness);
        assert_eq!((ids(&harness), said(&harness)), (pair(&wanted, &wanted), vec![]));
        harness.stop();
    }
}

#[test]
fn a_post_that_was_never_in_atom_gets_an_iri() {
    let mut harness = harness();
    publish(
        &mut harness,
        "a.md",
        &format!("title: A\ndate: 2025-01-01\nid: {UUID}\nvisibility: unlisted"),
    );
    harness.amend(|record| record.atom_id = None);
    restart(&mut harness);
    publish(&mut harness, "a.md", &format!("title: A\ndate: 2025-01-01\nid: {UUID}"));
    assert_eq!(ids(&harness), pair(UUID, URN));
    restart(&mut harness);
    assert_eq!(ids(&harness), pair(UUID, URN));
    harness.stop();
}

#[test]
fn the_same_id_in_another_form_is_the_same_post() {
    for (first, second) in [
        (UUID, URN),
        (URN, UUID),
        ("{550e8400-e29b-41d4-a716-446655440000}", UUID),
        ("night 17", "tag:one.example,2000:id:night%2017"),
    ] {
        let mut harness = harness();
        publish(&mut harness, "a.md", &format!("title: A\ndate: 2025-01-01\nid: \"{first}\""));
        let before = ids(&harness);
        publish(&mut harness, "a.md", &format!("title: A\ndate: 2025-01-01\nid: \"{second}\""));
        assert_eq!(ids(&harness), before, "{first} as {second}");
        restart(&mut harness);
        assert_eq!(ids(&harness), before, "{first} as {second}");
        harness.stop();
    }
}

#[test]
fn no_two_posts_have_one_id_in_atom() {
    let forms = [
        UUID,
        URN,
        "550e8400-e29b-41d4-a716-446655440000",
        "a b",
        "tag:one.example,2000:id:a%20b",
    ];
    let mut harness = harness();
    for (number, id) in forms.iter().enumerate() {
        harness.write(
            format!("{number}.md").as_str().into(),
            &format!(
                "---\ntitle: Number {number}\ndate: 2025-01-0{}\nid: \"{id}\"\n---\n{number} {number} {number}\n",
                number + 1
            ),
        );
    }
    harness.settle();
    let mut before = ids(&harness);
    for is_restarted in [false, true] {
        if is_restarted {
            restart(&mut harness);
            assert_eq!(ids(&harness), before);
        }
        let mut atom_ids: Vec<&String> = before.iter().map(|(_, atom_id)| atom_id).collect();
        atom_ids.sort();
        atom_ids.dedup();
        assert_eq!(atom_ids.len(), forms.len(), "{before:?}");
        before = ids(&harness);
    }
    harness.stop();
}

#[test]
fn a_post_that_was_served_under_its_id_keeps_it_beside_a_guid() {
    let front_matter = "title: A\ndate: 2025-01-01\nid: x:id\nguid: x:guid\nuuid: x:uuid";
    for served in ["x:id", "x:uuid"] {
        let mut harness = harness();
        publish(&mut harness, "a.md", front_matter);
        assert_eq!(ids(&harness), pair("x:guid", "x:guid"), "a new post has its guid");
        // an older version used another key first
        harness.amend(|record| {
            if record.id == "x:guid" {
                record.id = served.into();
            }
        });
        let expected = pair(served, served);
        restart(&mut harness);
        assert_eq!(ids(&harness), expected);
        assert_eq!(harness.site.diagnostics.len(), 0, "{:?}", harness.site.diagnostics);
        publish(&mut harness, "a.md", &format!("{front_matter}\ntags: [a]"));
        assert_eq!(ids(&harness), expected, "edited");
        harness.stop();
        harness.rename("a.md".into(), "b.md".into());
        restart(&mut harness);
        assert_eq!(ids(&harness), expected, "renamed");
        publish(&mut harness, "b.md", "title: A\ndate: 2025-01-01\nguid: x:guid");
        assert_eq!(ids(&harness), expected, "the other key is left out");
        restart(&mut harness);
        assert_eq!(ids(&harness), expected);
        harness.stop();
    }
}

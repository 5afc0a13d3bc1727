//! Ids that are not IRIs: RSS and JSON Feed have them as written, Atom an IRI, and a served id stays.

use std::time::Duration;

use super::world::{Answer, World};

const UUID: &str = "550E8400-E29B-41D4-A716-446655440000";
const URN: &str = "urn:uuid:550e8400-e29b-41d4-a716-446655440000";
const TEXT: &str = "A mill stands where the creek bends, and its wheel has turned twice a day for longer than the village can remember. \
    When the water falls the miller opens the sluice, and the stones begin to grind barley for the bread of the week.";

/// A site with a permanent post.
fn world() -> World {
    let mut world = World::new();
    world.write(
        "keeper.md".into(),
        "---\ntitle: Keeper\ndate: 2024-01-01\nid: x:keeper\n---\nIt stays.\n",
    );
    world.settle();
    world
}

fn publish(world: &mut World, path: &str, front_matter: &str) {
    world.pass(Duration::from_mins(10));
    world.write(path.into(), &format!("---\n{front_matter}\n---\n{TEXT}\n"));
    world.settle();
}

fn remove(world: &mut World, path: &str) {
    world.pass(Duration::from_mins(10));
    world.remove(path.into());
    world.settle();
}

fn restart(world: &mut World) {
    world.stop();
    world.pass(Duration::from_mins(10));
    world.start();
    world.settle();
}

fn ids_in(document: &str, name: &str) -> Vec<String> {
    let document = roxmltree::Document::parse(document).unwrap();
    let ids = document
        .descendants()
        .filter(|node| node.tag_name().name() == name && node.parent_element().unwrap().tag_name().name() != "feed");
    ids.map(|node| node.text().unwrap_or_default().to_owned()).collect()
}

/// The ids in RSS and in Atom, except that of the permanent post.
fn ids(world: &World) -> Vec<(String, String)> {
    let Answer { body: rss, .. } = world.get("/rss.xml");
    let Answer { body: atom, .. } = world.get("/atom.xml");
    let ids = ids_in(&rss, "guid").into_iter().zip(ids_in(&atom, "id"));
    ids.filter(|(id, _)| id != "x:keeper").collect()
}

fn pair(rss: &str, atom: &str) -> Vec<(String, String)> {
    vec![(rss.to_owned(), atom.to_owned())]
}

#[test]
fn atom_has_an_iri_and_the_others_the_id_as_written() {
    for (written, atom_id) in [
        (UUID, URN),
        ("x:1", "x:1"),
        ("night 17", "tag:one.example,2000:id:night%2017"),
        ("/2019/03/x", "tag:one.example,2000:id:%2F2019%2F03%2Fx"),
    ] {
        let mut world = world();
        publish(&mut world, "a.md", &format!("title: A\ndate: 2025-01-01\nid: \"{written}\""));
        let expected = pair(written, atom_id);
        assert_eq!(ids(&world), expected);
        let json: serde_json::Value = serde_json::from_str(&world.get("/feed.json").body).unwrap();
        assert_eq!(json["items"][0]["id"], written);
        let listed: serde_json::Value = serde_json::from_str(&world.get("/api/posts").body).unwrap();
        let listed = &listed["posts"][0];
        assert_eq!(listed["id"], written);
        assert_eq!(
            listed["atom_id"].as_str(),
            Some(atom_id).filter(|atom_id| *atom_id != written)
        );
        // after any change of the file and the site
        restart(&mut world);
        assert_eq!(ids(&world), expected, "restarted");
        world.stop();
        world.set_host(1);
        world.rename("a.md".into(), "b.md".into());
        restart(&mut world);
        assert_eq!(ids(&world), expected, "moved, with its site");
        publish(&mut world, "b.md", &format!("title: A\ndate: 2025-03-01\nid: \"{written}\""));
        assert_eq!(ids(&world), expected, "dated anew");
        let changed = world.get("/api/posts?since=2000-01-01T00:00:00Z").body;
        assert_eq!(changed.contains("\"atom_id\""), atom_id != written);
        remove(&mut world, "b.md");
        let tombstone = format!("<at:deleted-entry ref=\"{atom_id}\"");
        for _ in 0..2 {
            assert!(
                world.get("/atom.xml").body.contains(&tombstone),
                "{}",
                world.get("/atom.xml").body
            );
            restart(&mut world);
        }
        world.stop();
    }
}

#[test]
fn atom_keeps_an_id_that_it_had_as_written() {
    let said = |world: &World| -> Vec<&'static str> { world.site.diagnostics.iter().map(|said| said.code).collect() };
    for written in [UUID, "night 17"] {
        let mut world = world();
        let front_matter = format!("title: A\ndate: 2025-01-01\nid: \"{written}\"");
        publish(&mut world, "a.md", &front_matter);
        assert_eq!(said(&world), [""; 0]);
        // as an older version has it
        world.amend(|record| record.atom_id = None);
        for _ in 0..2 {
            restart(&mut world);
            assert_eq!(ids(&world), pair(written, written));
            assert_eq!(said(&world), ["atom-id"]);
        }
        publish(&mut world, "a.md", &format!("{front_matter}\ntags: [a]"));
        assert_eq!(
            (ids(&world), said(&world)),
            (pair(written, written), vec!["atom-id"]),
            "edited"
        );
        world.stop();
        world.rename("a.md".into(), "b.md".into());
        restart(&mut world);
        assert_eq!(
            (ids(&world), said(&world)),
            (pair(written, written), vec!["atom-id"]),
            "renamed"
        );
        // its author writes another id
        let mend = world.site.diagnostics[0].mend.clone();
        let wanted = mend.split('"').nth(1).unwrap().to_owned();
        publish(&mut world, "b.md", &format!("title: A\ndate: 2025-01-01\nid: \"{wanted}\""));
        assert_eq!(ids(&world), pair(&wanted, &wanted));
        assert!(
            world
                .get("/atom.xml")
                .body
                .contains(&format!("<at:deleted-entry ref=\"{written}\""))
        );
        restart(&mut world);
        assert_eq!((ids(&world), said(&world)), (pair(&wanted, &wanted), vec![]));
        world.stop();
    }
}

#[test]
fn a_post_that_was_never_in_atom_gets_an_iri_too() {
    let mut world = world();
    publish(
        &mut world,
        "a.md",
        &format!("title: A\ndate: 2025-01-01\nid: {UUID}\nvisibility: unlisted"),
    );
    world.amend(|record| record.atom_id = None);
    restart(&mut world);
    publish(&mut world, "a.md", &format!("title: A\ndate: 2025-01-01\nid: {UUID}"));
    assert_eq!(ids(&world), pair(UUID, URN));
    restart(&mut world);
    assert_eq!(ids(&world), pair(UUID, URN));
    world.stop();
}

#[test]
fn the_same_id_in_another_form_is_the_same_post() {
    for (first, second) in [
        (UUID, URN),
        (URN, UUID),
        ("{550e8400-e29b-41d4-a716-446655440000}", UUID),
        ("night 17", "tag:one.example,2000:id:night%2017"),
    ] {
        let mut world = world();
        publish(&mut world, "a.md", &format!("title: A\ndate: 2025-01-01\nid: \"{first}\""));
        let before = ids(&world);
        publish(&mut world, "a.md", &format!("title: A\ndate: 2025-01-01\nid: \"{second}\""));
        assert_eq!(ids(&world), before, "{first} as {second}");
        restart(&mut world);
        assert_eq!(ids(&world), before, "{first} as {second}");
        world.stop();
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
    let mut world = world();
    for (number, id) in forms.iter().enumerate() {
        world.write(
            format!("{number}.md").as_str().into(),
            &format!(
                "---\ntitle: Number {number}\ndate: 2025-01-0{}\nid: \"{id}\"\n---\n{number} {number} {number}\n",
                number + 1
            ),
        );
    }
    world.settle();
    let mut before = ids(&world);
    for is_restarted in [false, true] {
        if is_restarted {
            restart(&mut world);
            assert_eq!(ids(&world), before);
        }
        let mut atom_ids: Vec<&String> = before.iter().map(|(_, atom_id)| atom_id).collect();
        atom_ids.sort();
        atom_ids.dedup();
        assert_eq!(atom_ids.len(), forms.len(), "{before:?}");
        before = ids(&world);
    }
    world.stop();
}

#[test]
fn a_post_that_was_served_under_its_id_keeps_it_beside_a_guid() {
    let front_matter = "title: A\ndate: 2025-01-01\nid: x:id\nguid: x:guid\nuuid: x:uuid";
    for served in ["x:id", "x:uuid"] {
        let mut world = world();
        publish(&mut world, "a.md", front_matter);
        assert_eq!(ids(&world), pair("x:guid", "x:guid"), "what is new has its guid");
        // an older version read another key first
        world.amend(|record| {
            if record.id == "x:guid" {
                served.clone_into(&mut record.id);
            }
        });
        let expected = pair(served, served);
        restart(&mut world);
        assert_eq!(ids(&world), expected);
        assert_eq!(world.site.diagnostics.len(), 0, "{:?}", world.site.diagnostics);
        publish(&mut world, "a.md", &format!("{front_matter}\ntags: [a]"));
        assert_eq!(ids(&world), expected, "edited");
        world.stop();
        world.rename("a.md".into(), "b.md".into());
        restart(&mut world);
        assert_eq!(ids(&world), expected, "renamed");
        publish(&mut world, "b.md", "title: A\ndate: 2025-01-01\nguid: x:guid");
        assert_eq!(ids(&world), expected, "the other key is left out");
        restart(&mut world);
        assert_eq!(ids(&world), expected);
        world.stop();
    }
}

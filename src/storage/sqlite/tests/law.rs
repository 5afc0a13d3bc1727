//! Whatever is kept and forgotten, in whatever batches and with whatever restarts: what is there is what was kept last.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Keep(Vec<RecordChange>),
    KeepNow(Vec<RecordChange>),
    Restart,
}

fn change() -> impl Strategy<Value = RecordChange> {
    // few keys, so that they meet; any text, so that nothing in it matters
    let key = prop_oneof![
        Just("a".to_owned()),
        Just("b".to_owned()),
        Just("it's \0 “ñ”".to_owned()),
        ".{0,5}"
    ];
    prop_oneof![
        (key.clone(), ".*").prop_map(|(id, title)| RecordChange::Put(post(&id, &title))),
        (key.clone(), ".*").prop_map(|(path, tag)| RecordChange::Put(document(&path, &tag))),
        key.clone().prop_map(|key| RecordChange::Delete("post", key)),
        key.prop_map(|key| RecordChange::Delete("document", key)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => vec(change(), 0..6).prop_map(Step::Keep),
        2 => vec(change(), 0..6).prop_map(Step::KeepNow),
        1 => Just(Step::Restart),
    ]
}

fn apply(model: &mut BTreeMap<(&'static str, String), Record>, changes: &[RecordChange]) {
    for change in changes.iter().cloned() {
        match change {
            RecordChange::Put(record) => {
                let (kind, key) = record.key();
                model.insert((kind, key.to_owned()), record);
            }
            RecordChange::Delete(kind, key) => {
                model.remove(&(kind, key));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]
    #[test]
    fn the_last_word_on_each_key_counts(steps in vec(step(), 1..12)) {
        let folder = Folder::new();
        let mut model = BTreeMap::new();
        let mut store = folder.open().store;
        for step in steps {
            match step {
                Step::Keep(changes) => {
                    apply(&mut model, &changes);
                    store.write(changes);
                }
                Step::KeepNow(changes) => {
                    apply(&mut model, &changes);
                    prop_assert!(store.write_now(changes, PATIENCE));
                    prop_assert_eq!(&read(&folder.dir).unwrap().records, &model.values().cloned().collect::<Vec<_>>());
                }
                Step::Restart => {
                    prop_assert!(store.close());
                    let opening = folder.open();
                    prop_assert_eq!(&opening.records, &model.values().cloned().collect::<Vec<_>>());
                    prop_assert!(opening.notes.is_empty());
                    store = opening.store;
                }
            }
        }
        prop_assert!(store.close());
        prop_assert_eq!(read(&folder.dir).unwrap().records, model.into_values().collect::<Vec<_>>());
    }
}

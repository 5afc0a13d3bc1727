//! Random puts and deletions, in any batches and with any restarts: the last change of each key wins.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum WriterAction {
    Write(Vec<RecordChange>),
    WriteNow(Vec<RecordChange>),
    Restart,
}

fn change() -> impl Strategy<Value = RecordChange> {
    // few keys, so that changes concern the same ones; any text, because its content must not matter
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

fn step() -> impl Strategy<Value = WriterAction> {
    prop_oneof![
        3 => vec(change(), 0..6).prop_map(WriterAction::Write),
        2 => vec(change(), 0..6).prop_map(WriterAction::WriteNow),
        1 => Just(WriterAction::Restart),
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
    fn the_last_change_of_each_key_wins(steps in vec(step(), 1..12)) {
        let folder = TestFolder::new();
        let mut model = BTreeMap::new();
        let mut store = folder.open().store;
        for step in steps {
            match step {
                WriterAction::Write(changes) => {
                    apply(&mut model, &changes);
                    store.write(changes);
                }
                WriterAction::WriteNow(changes) => {
                    apply(&mut model, &changes);
                    prop_assert!(store.write_now(changes, PATIENCE));
                    prop_assert_eq!(&read(&folder.dir).unwrap().records, &model.values().cloned().collect::<Vec<_>>());
                }
                WriterAction::Restart => {
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

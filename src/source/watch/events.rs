//! Translates events of `notify` into hints: the path to scan, and nothing about its state.

use std::path::Path;

use camino::{Utf8Path, Utf8PathBuf};
use notify::event::{AccessKind, AccessMode, CreateKind, Event, EventKind, ModifyKind, RenameMode};

use super::HintKind;

/// The meaning of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum WatchEvent {
    /// Scan everything.
    Everything,
    /// The folder itself was deleted or moved: the watched folder is no longer the one at its path.
    RootGone,
    /// Scan the path.
    Changed(Utf8PathBuf, HintKind),
    /// Scan the path, and watch it if it is a folder.
    ChangedOrNewFolder(Utf8PathBuf, HintKind),
}

/// Whether this system raises an event when a writer closes a file. On others, no event marks the end of a change.
const HAS_CLOSE_EVENTS: bool = cfg!(target_os = "linux");

/// Translates `event`, about the folder at `root`.
///
/// Opening, reading and closing a file without writing is ignored: otherwise each scan would cause the next.
pub(super) fn translate(event: &Event, root: &Path) -> Vec<WatchEvent> {
    let changing = if HAS_CLOSE_EVENTS {
        HintKind::Modified
    } else {
        HintKind::Seen
    };
    if event.need_rescan() {
        return vec![WatchEvent::Everything];
    }
    let (kind, may_be_new_folder) = match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => (HintKind::Closed, false),
        // the second follows an event for each of its two paths
        EventKind::Access(_) | EventKind::Modify(ModifyKind::Name(RenameMode::Both)) => return Vec::new(),
        EventKind::Create(CreateKind::File) | EventKind::Modify(ModifyKind::Data(_)) => (changing, false),
        EventKind::Modify(ModifyKind::Name(RenameMode::To)) => (HintKind::Moved, true),
        EventKind::Modify(ModifyKind::Name(RenameMode::From)) | EventKind::Remove(_) => (HintKind::Seen, false),
        // a folder that could not be read could not be watched either; with new permissions it may be
        EventKind::Create(CreateKind::Folder) | EventKind::Modify(_) | EventKind::Any | EventKind::Other => {
            (HintKind::Seen, true)
        }
        EventKind::Create(_) => (changing, true),
    };
    if event.paths.is_empty() {
        return vec![WatchEvent::Everything];
    }
    let is_going = matches!(
        event.kind,
        EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(RenameMode::From))
    );
    let meaning = |path: &std::path::PathBuf| match below(path, root) {
        Some(path) if path.as_str().is_empty() && is_going => WatchEvent::RootGone,
        Some(path) if path.as_str().is_empty() => WatchEvent::Everything,
        Some(path) if may_be_new_folder => WatchEvent::ChangedOrNewFolder(path, kind),
        Some(path) => WatchEvent::Changed(path, kind),
        None => WatchEvent::Everything,
    };
    event.paths.iter().map(meaning).collect()
}

/// `path` relative to `root`, or the nearest folder above it with a name in UTF-8.
fn below(path: &Path, root: &Path) -> Option<Utf8PathBuf> {
    let path = path.strip_prefix(root).ok()?;
    path.ancestors().find_map(Utf8Path::from_path).map(Utf8Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify::event::{DataChange, Flag, MetadataKind, RemoveKind};
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    fn translated(kind: EventKind, path: &str) -> Vec<WatchEvent> {
        translate(&Event::new(kind).add_path(path.into()), Path::new("/posts"))
    }

    #[test]
    fn events() {
        let changed = |kind| vec![WatchEvent::Changed("a.md".into(), kind)];
        let cover = |kind| vec![WatchEvent::ChangedOrNewFolder("a.md".into(), kind)];
        let name = |mode| EventKind::Modify(ModifyKind::Name(mode));
        let changing = if HAS_CLOSE_EVENTS {
            HintKind::Modified
        } else {
            HintKind::Seen
        };
        let cases = [
            (EventKind::Access(AccessKind::Open(AccessMode::Any)), vec![]),
            (EventKind::Access(AccessKind::Close(AccessMode::Read)), vec![]),
            (EventKind::Access(AccessKind::Read), vec![]),
            (
                EventKind::Access(AccessKind::Close(AccessMode::Write)),
                changed(HintKind::Closed),
            ),
            (EventKind::Create(CreateKind::File), changed(changing)),
            (EventKind::Create(CreateKind::Folder), cover(HintKind::Seen)),
            (EventKind::Modify(ModifyKind::Data(DataChange::Any)), changed(changing)),
            (
                EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any)),
                cover(HintKind::Seen),
            ),
            (name(RenameMode::From), changed(HintKind::Seen)),
            (name(RenameMode::To), cover(HintKind::Moved)),
            (name(RenameMode::Both), vec![]),
            (name(RenameMode::Any), cover(HintKind::Seen)),
            (EventKind::Remove(RemoveKind::File), changed(HintKind::Seen)),
            (EventKind::Remove(RemoveKind::Folder), changed(HintKind::Seen)),
            (EventKind::Any, cover(HintKind::Seen)),
        ];
        for (kind, expected) in cases {
            assert_eq!(translated(kind, "/posts/a.md"), expected, "{kind:?}");
        }
    }

    #[test]
    fn an_event_without_a_known_path_is_for_everything() {
        let root = Path::new("/posts");
        let overflow = Event::new(EventKind::Other).set_flag(Flag::Rescan);
        assert_eq!(
            translate(&overflow, root),
            [WatchEvent::Everything],
            "an overflow has no path"
        );
        let dropped = Event::new(EventKind::Other)
            .set_flag(Flag::Rescan)
            .add_path("/posts/in".into());
        assert_eq!(
            translate(&dropped, root),
            [WatchEvent::Everything],
            "events were dropped, here and elsewhere"
        );
        assert_eq!(
            translate(&Event::new(EventKind::Any), root),
            [WatchEvent::Everything],
            "no path"
        );
        assert_eq!(
            translated(EventKind::Remove(RemoveKind::Folder), "/posts"),
            [WatchEvent::RootGone],
            "the root"
        );
        assert_eq!(
            translated(EventKind::Any, "/elsewhere/a.md"),
            [WatchEvent::Everything],
            "another place"
        );
        let unreadable = root.join("in").join(OsStr::from_bytes(b"\xff.md"));
        let event = Event::new(EventKind::Remove(RemoveKind::File)).add_path(unreadable);
        assert_eq!(
            translate(&event, root),
            [WatchEvent::Changed("in".into(), HintKind::Seen)],
            "its folder"
        );
    }
}

//! Translates events of `notify` into hints: at which path to look, and nothing about what is there.

use std::path::Path;

use camino::{Utf8Path, Utf8PathBuf};
use notify::event::{AccessKind, AccessMode, CreateKind, Event, EventKind, ModifyKind, RenameMode};

use super::How;

/// The meaning of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum WatchEvent {
    /// Look everywhere.
    Everything,
    /// The folder itself was deleted or moved: what is watched is no longer what is there.
    RootGone,
    /// Look at the path.
    Look(Utf8PathBuf, How),
    /// Look at the path, and watch it if it is a folder.
    LookAndCover(Utf8PathBuf, How),
}

/// Whether this system raises an event when a writer closes a file; elsewhere, an event about a change says nothing about its end.
const TELLS_CLOSE: bool = cfg!(target_os = "linux");

/// The meaning of `event`, about the folder at `root`.
///
/// Files that are opened, read and closed again mean nothing: else each scan would cause the next.
pub(super) fn translate(event: &Event, root: &Path) -> Vec<WatchEvent> {
    let changing = if TELLS_CLOSE { How::Modified } else { How::Seen };
    if event.need_rescan() {
        return vec![WatchEvent::Everything];
    }
    let (how, may_be_new_folder) = match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => (How::Closed, false),
        // the second comes after an event for each of its two paths
        EventKind::Access(_) | EventKind::Modify(ModifyKind::Name(RenameMode::Both)) => return Vec::new(),
        EventKind::Create(CreateKind::File) | EventKind::Modify(ModifyKind::Data(_)) => (changing, false),
        EventKind::Modify(ModifyKind::Name(RenameMode::To)) => (How::Moved, true),
        EventKind::Modify(ModifyKind::Name(RenameMode::From)) | EventKind::Remove(_) => (How::Seen, false),
        // a folder that could not be read could not be watched either; with other rights, it may be
        EventKind::Create(CreateKind::Folder) | EventKind::Modify(_) | EventKind::Any | EventKind::Other => (How::Seen, true),
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
        Some(path) if may_be_new_folder => WatchEvent::LookAndCover(path, how),
        Some(path) => WatchEvent::Look(path, how),
        None => WatchEvent::Everything,
    };
    event.paths.iter().map(meaning).collect()
}

/// `path` below `root`, or its nearest folder with a name in UTF-8.
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

    fn said(kind: EventKind, path: &str) -> Vec<WatchEvent> {
        translate(&Event::new(kind).add_path(path.into()), Path::new("/posts"))
    }

    #[test]
    fn events() {
        let look = |how| vec![WatchEvent::Look("a.md".into(), how)];
        let cover = |how| vec![WatchEvent::LookAndCover("a.md".into(), how)];
        let name = |mode| EventKind::Modify(ModifyKind::Name(mode));
        let changing = if TELLS_CLOSE { How::Modified } else { How::Seen };
        let cases = [
            (EventKind::Access(AccessKind::Open(AccessMode::Any)), vec![]),
            (EventKind::Access(AccessKind::Close(AccessMode::Read)), vec![]),
            (EventKind::Access(AccessKind::Read), vec![]),
            (EventKind::Access(AccessKind::Close(AccessMode::Write)), look(How::Closed)),
            (EventKind::Create(CreateKind::File), look(changing)),
            (EventKind::Create(CreateKind::Folder), cover(How::Seen)),
            (EventKind::Modify(ModifyKind::Data(DataChange::Any)), look(changing)),
            (EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any)), cover(How::Seen)),
            (name(RenameMode::From), look(How::Seen)),
            (name(RenameMode::To), cover(How::Moved)),
            (name(RenameMode::Both), vec![]),
            (name(RenameMode::Any), cover(How::Seen)),
            (EventKind::Remove(RemoveKind::File), look(How::Seen)),
            (EventKind::Remove(RemoveKind::Folder), look(How::Seen)),
            (EventKind::Any, cover(How::Seen)),
        ];
        for (kind, expected) in cases {
            assert_eq!(said(kind, "/posts/a.md"), expected, "{kind:?}");
        }
    }

    #[test]
    fn what_cannot_be_placed_is_everywhere() {
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
            said(EventKind::Remove(RemoveKind::Folder), "/posts"),
            [WatchEvent::RootGone],
            "the root"
        );
        assert_eq!(
            said(EventKind::Any, "/elsewhere/a.md"),
            [WatchEvent::Everything],
            "another place"
        );
        let unreadable = root.join("in").join(OsStr::from_bytes(b"\xff.md"));
        let event = Event::new(EventKind::Remove(RemoveKind::File)).add_path(unreadable);
        assert_eq!(
            translate(&event, root),
            [WatchEvent::Look("in".into(), How::Seen)],
            "its folder"
        );
    }
}

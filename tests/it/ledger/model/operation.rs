//! The operations of the model.

use proptest::prelude::*;

/// An operation. The first number selects a post, modulo the number of posts.
#[derive(Clone, Copy, Debug)]
pub(super) enum Operation {
    /// Creates a file at the path with the first number. The second number selects the kind of post.
    Create(u8, u8),
    Edit(u8),
    Respace(u8),
    Reorder(u8),
    Touch(u8),
    Retitle(u8),
    /// Changes the date to this many hours ago.
    Redate(u8, i16),
    Slug(u8, u8),
    Rename(u8, u8),
    Move(u8, u8),
    Recase(u8),
    RenameAndEdit(u8, u8),
    /// Moves and edits the post, may make it a draft, and creates a post of the kind with the last number at its old path.
    Supplant(u8, u8, u8),
    Delete(u8),
    BringBack(u8),
    BringBackAt(u8, u8),
    Copy(u8, u8),
    /// Copies the whole file.
    CopyFile(u8, u8),
    /// Copies all files of one folder to another.
    CopyFolder(u8, u8),
    Swap(u8, u8),
    Checkout,
    Stand(u8, u8),
    /// Lets it expire in this many minutes, or removes the expiry.
    Expire(u8, u8),
    Permalink(u8),
    Host(u8),
    SameId(u8, u8),
    /// Writes an id that no post had, or removes the id.
    OwnId(u8, bool),
    SwapIds(u8, u8),
    /// Writes the id of a post without a file into another.
    GoneId(u8, u8),
    Unmount(bool),
    /// Breaks a file while feedmill runs, or not, and repairs it after two restarts.
    Break(u8, u8),
    /// Changes the clock by this many minutes.
    Clock(i16),
    Wait(u8),
    Restart,
    Crash,
    LoseStore,
    Carry,
}

impl Operation {
    /// Whether feedmill is restarted.
    pub(super) fn restarts(self) -> bool {
        use Operation as O;
        let by_person = matches!(
            self,
            O::Permalink(_) | O::Host(_) | O::Unmount(_) | O::Break(..) | O::Restart | O::Carry
        );
        by_person || matches!(self, O::Crash | O::LoseStore)
    }
}

/// A strategy for all operations.
pub(super) fn operation() -> impl Strategy<Value = Operation> {
    use Operation as O;
    let post = any::<u8>;
    let two = || (any::<u8>(), any::<u8>());
    let files = prop_oneof![
        8 => two().prop_map(|(path, kind)| O::Create(path, kind)),
        3 => post().prop_map(O::Edit),
        1 => post().prop_map(O::Respace),
        1 => post().prop_map(O::Reorder),
        1 => post().prop_map(O::Touch),
        2 => post().prop_map(O::Retitle),
        2 => (post(), -48..4800_i16).prop_map(|(post, hours)| O::Redate(post, hours)),
        2 => two().prop_map(|(post, slug)| O::Slug(post, slug)),
        3 => two().prop_map(|(post, path)| O::Rename(post, path)),
        2 => two().prop_map(|(post, folder)| O::Move(post, folder)),
        1 => post().prop_map(O::Recase),
        2 => two().prop_map(|(post, path)| O::RenameAndEdit(post, path)),
        2 => (two(), post()).prop_map(|((post, path), kind)| O::Supplant(post, path, kind)),
        3 => post().prop_map(O::Delete),
        2 => post().prop_map(O::BringBack),
        2 => two().prop_map(|(post, path)| O::BringBackAt(post, path)),
        1 => two().prop_map(|(post, path)| O::Copy(post, path)),
        2 => two().prop_map(|(post, path)| O::CopyFile(post, path)),
        1 => two().prop_map(|(from, to)| O::CopyFolder(from, to)),
        2 => two().prop_map(|(post, other)| O::Swap(post, other)),
        4 => two().prop_map(|(post, standing)| O::Stand(post, standing)),
        2 => two().prop_map(|(post, minutes)| O::Expire(post, minutes)),
        2 => two().prop_map(|(post, other)| O::SameId(post, other)),
        1 => (post(), any::<bool>()).prop_map(|(post, is_written)| O::OwnId(post, is_written)),
        1 => two().prop_map(|(post, other)| O::SwapIds(post, other)),
        1 => two().prop_map(|(post, other)| O::GoneId(post, other)),
    ];
    let others = prop_oneof![
        1 => Just(O::Checkout),
        1 => any::<u8>().prop_map(O::Permalink),
        1 => any::<u8>().prop_map(O::Host),
        1 => any::<bool>().prop_map(O::Unmount),
        2 => two().prop_map(|(post, how)| O::Break(post, how)),
        3 => (-600..600_i16).prop_map(O::Clock),
        1 => any::<u8>().prop_map(O::Wait),
        2 => Just(O::Restart),
        2 => Just(O::Crash),
        1 => Just(O::LoseStore),
        1 => Just(O::Carry),
    ];
    prop_oneof![4 => files, 1 => others]
}

//! The kinds of evidence for a match.

use serde::Serialize;

/// The evidence for a match, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MatchedBy {
    /// The ids are the same.
    Id,
    /// The paths are the same except for their endings.
    Address,
    /// The addresses end with the same name, and title, day and text do not all differ.
    Name,
    /// The titles are the same, and the days differ by at most one, because of time zones.
    TitleAndDay,
    /// The titles are the same, and no other item and no other post has this title.
    Title,
    /// The post's name is the slug of the item's title.
    NameFromTitle,
    /// The days are the same, and the texts similar.
    DayAndText,
}

impl MatchedBy {
    /// All of them, the strongest first.
    pub(super) const ALL: [MatchedBy; 7] = [
        MatchedBy::Id,
        MatchedBy::Address,
        MatchedBy::Name,
        MatchedBy::TitleAndDay,
        MatchedBy::Title,
        MatchedBy::NameFromTitle,
        MatchedBy::DayAndText,
    ];

    /// The evidence in words, to complete `3 by …`.
    #[must_use]
    pub(crate) fn in_words(self) -> &'static str {
        match self {
            MatchedBy::Id => "id",
            MatchedBy::Address => "address",
            MatchedBy::Name => "the end of the address",
            MatchedBy::TitleAndDay => "title and day",
            MatchedBy::Title => "title",
            MatchedBy::NameFromTitle => "a name made of the title",
            MatchedBy::DayAndText => "day and text",
        }
    }
}

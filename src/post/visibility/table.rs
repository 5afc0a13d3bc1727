//! The keys of all common tools that decide who may read a post, with the effect of each value: [`TABLE`].

use std::collections::HashMap;
use std::sync::LazyLock;

use jiff::tz::TimeZone;

use crate::post::characters::is_invisible;
use crate::post::date::NoDate;
use crate::post::date_field::{self, DateField};
use crate::post::fields;
use crate::post::node::{Node, Value};

/// The effect of a key with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::post) enum Effect {
    /// Nothing about who may read the post.
    Nothing,
    /// All may read it.
    Public,
    /// Readers who know its address may read it.
    Unlisted,
    /// It is not finished.
    Draft,
    /// Nobody may read it.
    Private,
    /// All may read it from its date, which must be written.
    Scheduled,
    /// Not understood, and clearly about who may read the post: it is held back.
    Held,
}

/// Values of a key.
#[derive(Clone, Copy, Debug)]
pub(super) enum Values {
    /// `true`, `yes`, `on`, `1`, `y`, `t`
    Yes,
    /// `false`, `no`, `off`, `0`, `n`, `f`
    No,
    /// One of these words, in any case; `-` and `_` count as spaces.
    Words(&'static [&'static str]),
    /// A date, also an impossible one: [`dating`](crate::post::dating) reads it.
    Date,
}

/// Keys with the same meaning, without `-`, `_` and capitals, and the effects of their values, of which the first match counts. A dotted
/// key reaches into a mapping.
pub(super) struct VisibilityRow {
    pub(super) keys: &'static [&'static str],
    pub(super) values: &'static [(Values, Effect)],
    /// The effect of every other value.
    pub(super) otherwise: Effect,
    /// Whether an unknown key that is one letter from one of these is a misspelling.
    pub(super) catches_misspellings: bool,
}

const PUBLISHED: Values = Values::Words(&[
    "published",
    "publish",
    "public",
    "live",
    "final",
    "posted",
    "released",
    "online",
    "featured",
    "everyone",
    "everybody",
    "anyone",
    "all",
    "world",
    "open",
]);
const SCHEDULED: Values = Values::Words(&["scheduled", "schedule", "future", "queued", "queue"]);
const UNLISTED: Values = Values::Words(&["unlisted", "hidden", "quiet", "quiet public", "not listed"]);
const PRIVATE: Values = Values::Words(&[
    "private",
    "protected",
    "password",
    "password protected",
    "internal",
    "members",
    "members only",
    "paid",
    "tiers",
    "subscribers",
    "subscribers only",
    "followers",
    "friends",
    "direct",
    "restricted",
    "locked",
    "secret",
    "confidential",
    "sent",
    "only paid",
    "only free",
    "founding",
    "me",
    "only me",
    "nobody",
    "no one",
]);
const DRAFT: Values = Values::Words(&[
    "draft",
    "drafts",
    "drafting",
    "pending",
    "skip",
    "unpublished",
    "not published",
    "idea",
    "ideas",
    "wip",
    "work in progress",
    "in progress",
    "inprogress",
    "unfinished",
    "todo",
    "to do",
    "not started",
    "backlog",
    "planned",
    "planning",
    "outline",
    "review",
    "in review",
    "needs review",
    "ready for review",
    "trash",
    "trashed",
    "deleted",
    "removed",
    "auto draft",
    "autodraft",
    "inherit",
    "rejected",
    "withdrawn",
    "retracted",
    "disabled",
    "offline",
    "never",
    "on hold",
    "hold",
]);
/// What Material for `MkDocs` shows beside the title of a page.
const OUTDATED: Values = Values::Words(&["deprecated"]);

/// Keys of an embargo: the post must not be published before the date under another key.
pub(super) const EMBARGO: &[&str] = &["embargo", "embargoed", "isembargoed", "underembargo"];

/// The effects of the values of a status.
const STATES: &[(Values, Effect)] = &[
    (PUBLISHED, Effect::Public),
    (SCHEDULED, Effect::Scheduled),
    (UNLISTED, Effect::Unlisted),
    (PRIVATE, Effect::Private),
    (DRAFT, Effect::Draft),
    (OUTDATED, Effect::Nothing),
];

/// All keys, with the effect of each value. A key that is not here has no effect on who may read a post.
///
/// | tools | keys |
/// |---|---|
/// | Hugo, Zola, Astro, Eleventy, Docusaurus, `MkDocs` Material, Quartz, Blot, Lume | `draft` |
/// | Jekyll, Hexo, Grav, dev.to, Zenn, Middleman, Gatsby's starters, Statamic, Dendron | `published` |
/// | Obsidian Publish, Metalsmith; Digital Garden; Logseq | `publish`; `dg-publish`; `public` |
/// | Pelican, Nikola, Ghost, `GoBlog`; `WordPress`, Micropub; Tumblr | `status`; `post_status`, `post-status`; `state` |
/// | `GoBlog`, Micropub, Ghost; Substack | `visibility`; `audience` |
/// | Hugo's bundles, `build`; Eleventy, Lume; Zola, Bridgetown | `headless`, `build`; `permalink`, `url`; `render` |
/// | Hexo's encryption, Nikola; `WordPress` | `password`, `encrypt`; `post_password` |
/// | Docusaurus; Hexo's hiding; themes of Hugo; `VuePress`; nanoc | `unlisted`; `hidden`, `hide`; `hiddenInHomeList`; `article`; `is_hidden` |
/// | Hashnode; Qiita | `saveAsDraft`, `ignorePost`; `ignorePublish`, `private` |
pub(super) const TABLE: &[VisibilityRow] = &[
    VisibilityRow {
        keys: &[
            "draft",
            "isdraft",
            "saveasdraft",
            "unpublished",
            "isunpublished",
            "wip",
            "ignorepost",
            "ignorepublish",
            "nopublish",
            "unpublish",
            "donotpublish",
            "dontpublish",
            "notpublished",
        ],
        values: &[
            (Values::Yes, Effect::Draft),
            (Values::No, Effect::Public),
            (DRAFT, Effect::Draft),
            (PRIVATE, Effect::Private),
        ],
        otherwise: Effect::Held,
        catches_misspellings: true,
    },
    // keys that may have another meaning
    VisibilityRow {
        keys: &["drafts", "ignored", "deleted", "trashed"],
        values: &[(Values::Yes, Effect::Draft)],
        otherwise: Effect::Nothing,
        catches_misspellings: false,
    },
    VisibilityRow {
        keys: &["published", "publish", "ispublished", "dgpublish"],
        values: &[
            (Values::Yes, Effect::Public),
            (Values::No, Effect::Draft),
            (Values::Date, Effect::Nothing),
            (PUBLISHED, Effect::Public),
            (SCHEDULED, Effect::Scheduled),
            (UNLISTED, Effect::Unlisted),
            (PRIVATE, Effect::Private),
            (DRAFT, Effect::Draft),
        ],
        otherwise: Effect::Held,
        catches_misspellings: true,
    },
    VisibilityRow {
        keys: &["public", "ispublic"],
        values: &[
            (Values::Yes, Effect::Public),
            (Values::No, Effect::Private),
            (PUBLISHED, Effect::Public),
            (UNLISTED, Effect::Unlisted),
            (PRIVATE, Effect::Private),
            (DRAFT, Effect::Draft),
        ],
        otherwise: Effect::Held,
        catches_misspellings: true,
    },
    VisibilityRow {
        keys: &[
            "private",
            "isprivate",
            "membersonly",
            "subscribersonly",
            "paidonly",
            "emailonly",
        ],
        values: &[
            (Values::Yes, Effect::Private),
            (Values::No, Effect::Public),
            (PRIVATE, Effect::Private),
            (DRAFT, Effect::Draft),
        ],
        otherwise: Effect::Held,
        catches_misspellings: true,
    },
    VisibilityRow {
        keys: &[
            "status",
            "poststatus",
            "publishstatus",
            "publishedstatus",
            "publicationstatus",
            "publishstate",
            "poststate",
            "wpstatus",
        ],
        values: STATES,
        otherwise: Effect::Held,
        catches_misspellings: true,
    },
    VisibilityRow {
        keys: &["visibility", "postvisibility"],
        values: &[
            (Values::Yes, Effect::Public),
            (Values::No, Effect::Private),
            (PUBLISHED, Effect::Public),
            (UNLISTED, Effect::Unlisted),
            (PRIVATE, Effect::Private),
            (DRAFT, Effect::Draft),
        ],
        otherwise: Effect::Held,
        catches_misspellings: true,
    },
    // `state: Ohio`, `audience: beginners`
    VisibilityRow {
        keys: &["state", "stage", "audience", "access"],
        values: STATES,
        otherwise: Effect::Nothing,
        catches_misspellings: false,
    },
    VisibilityRow {
        keys: &["scheduled", "isscheduled"],
        values: &[
            (Values::Yes, Effect::Scheduled),
            (Values::No, Effect::Public),
            (Values::Date, Effect::Nothing),
        ],
        otherwise: Effect::Held,
        catches_misspellings: true,
    },
    // the embargo's own date says when it ends; the post's date does not
    VisibilityRow {
        keys: EMBARGO,
        values: &[
            (Values::Yes, Effect::Scheduled),
            (Values::No, Effect::Public),
            (Values::Date, Effect::Nothing),
        ],
        otherwise: Effect::Held,
        catches_misspellings: true,
    },
    VisibilityRow {
        keys: &["unlisted", "isunlisted", "hidden", "ishidden"],
        values: &[
            (Values::Yes, Effect::Unlisted),
            (Values::No, Effect::Public),
            (UNLISTED, Effect::Unlisted),
            (PRIVATE, Effect::Private),
            (DRAFT, Effect::Draft),
        ],
        otherwise: Effect::Held,
        catches_misspellings: true,
    },
    VisibilityRow {
        keys: &["listed", "islisted"],
        values: &[(Values::Yes, Effect::Public), (Values::No, Effect::Unlisted)],
        otherwise: Effect::Held,
        catches_misspellings: true,
    },
    // a list names collections; Eleventy still builds the page
    VisibilityRow {
        keys: &["eleventyexcludefromcollections"],
        values: &[(Values::No, Effect::Public)],
        otherwise: Effect::Unlisted,
        catches_misspellings: true,
    },
    // lists such as `hide: [toc]` name parts of the page
    VisibilityRow {
        keys: &[
            "hide",
            "hiddeninhomelist",
            "hiddeninlist",
            "hiddenfromhomepage",
            "hidefromhome",
            "hidefromhomepage",
            "hidefromlist",
            "excludefromhome",
            "excludefromlist",
        ],
        values: &[(Values::Yes, Effect::Unlisted)],
        otherwise: Effect::Nothing,
        catches_misspellings: false,
    },
    VisibilityRow {
        keys: &["article"],
        values: &[(Values::No, Effect::Unlisted)],
        otherwise: Effect::Nothing,
        catches_misspellings: false,
    },
    VisibilityRow {
        keys: &["build.list"],
        values: &[
            (Values::Yes, Effect::Public),
            (Values::Words(&["always"]), Effect::Public),
            (Values::No, Effect::Unlisted),
            (Values::Words(&["never", "local"]), Effect::Unlisted),
        ],
        otherwise: Effect::Held,
        catches_misspellings: false,
    },
    // a page that is not written: with `link` it has an address without a page
    VisibilityRow {
        keys: &["build.render"],
        values: &[
            (Values::Yes, Effect::Public),
            (Values::Words(&["always"]), Effect::Public),
            (Values::No, Effect::Private),
            (Values::Words(&["never", "link"]), Effect::Private),
        ],
        otherwise: Effect::Held,
        catches_misspellings: false,
    },
    // a page without an address
    VisibilityRow {
        keys: &["build", "render"],
        values: &[(Values::No, Effect::Private), (Values::Words(&["never"]), Effect::Private)],
        otherwise: Effect::Nothing,
        catches_misspellings: false,
    },
    VisibilityRow {
        keys: &["headless", "lock", "locked"],
        values: &[(Values::Yes, Effect::Private)],
        otherwise: Effect::Nothing,
        catches_misspellings: false,
    },
    VisibilityRow {
        keys: &["permalink", "url"],
        values: &[(Values::Words(&["false"]), Effect::Private)],
        otherwise: Effect::Nothing,
        catches_misspellings: false,
    },
    // protected text: the value may be any password but a plain `false`
    VisibilityRow {
        keys: &[
            "password",
            "passwort",
            "kennwort",
            "passwd",
            "passphrase",
            "postpassword",
            "pagepassword",
        ],
        values: &[(Values::Words(&["false"]), Effect::Public)],
        otherwise: Effect::Private,
        catches_misspellings: true,
    },
    VisibilityRow {
        keys: &[
            "encrypt",
            "encrypted",
            "isencrypted",
            "encryption",
            "protected",
            "isprotected",
            "passwordprotected",
            "passwordprotect",
        ],
        values: &[(Values::No, Effect::Public), (Values::Words(&["none"]), Effect::Public)],
        otherwise: Effect::Private,
        catches_misspellings: true,
    },
    // keys without an effect that sound similar: buttons of a theme, navigation, search engines
    VisibilityRow {
        keys: &[
            "share",
            "sharing",
            "visible",
            "comments",
            "comment",
            "toc",
            "navigation",
            "navexclude",
            "sitemap",
            "noindex",
            "robots",
            "search",
            "index",
            "archived",
            "expired",
            "dghide",
            "dghome",
            "discoverable",
            "makediscoverable",
            "hiddenfromsearch",
            "searchhidden",
        ],
        values: &[],
        otherwise: Effect::Nothing,
        catches_misspellings: false,
    },
];

/// The rows of [`TABLE`] by their keys.
pub(super) static ROWS: LazyLock<HashMap<&'static str, &'static VisibilityRow>> = LazyLock::new(|| {
    let rows = TABLE.iter().flat_map(|row| row.keys.iter().map(move |key| (*key, row)));
    rows.collect()
});

/// Returns the effect of `key`, without `-`, `_` and capitals, with the value `node`.
pub(super) fn effect_of(key: &str, node: &Node) -> Option<Effect> {
    ROWS.get(key)?.effect_of(node)
}

impl VisibilityRow {
    /// Returns the effect of the value `node`; for a list the strictest effect of its elements. `None` for a blank value.
    pub(super) fn effect_of(&self, node: &Node) -> Option<Effect> {
        if fields::is_blank(node) {
            return None;
        }
        if let Value::List(list) = &node.value {
            return list
                .iter()
                .filter_map(|node| self.effect_of(node))
                .max_by_key(|effect| effect.strictness());
        }
        let found = self.values.iter().find(|(values, _)| values.matches(node));
        Some(found.map_or(self.otherwise, |(_, effect)| *effect))
    }
}

impl Effect {
    /// Returns how strict it is.
    pub(super) fn strictness(self) -> u8 {
        match self {
            Effect::Nothing => 0,
            Effect::Public => 1,
            Effect::Unlisted => 2,
            Effect::Scheduled => 3,
            Effect::Held => 4,
            Effect::Draft => 5,
            Effect::Private => 6,
        }
    }
}

impl Values {
    /// Whether `node` is one of these values.
    fn matches(self, node: &Node) -> bool {
        match self {
            Values::Yes => parse_boolean(node) == Some(true),
            Values::No => parse_boolean(node) == Some(false) && !is_open_quote(node),
            Values::Words(words) => !is_open_quote(node) && word(node).is_some_and(|word| words.contains(&word.as_str())),
            Values::Date => is_date(node),
        }
    }
}

/// Whether `node` has the form of a date.
fn is_date(node: &Node) -> bool {
    let found = date_field::read_date_field(node, &TimeZone::UTC, false);
    !matches!(found, DateField::NotUnderstood(NoDate::Unknown, _) | DateField::Blank)
}

fn parse_boolean(node: &Node) -> Option<bool> {
    trimmed_text(node).and_then(fields::parse_boolean)
}

/// Whether `node` begins with a quote that is not closed: the author has not finished the value.
fn is_open_quote(node: &Node) -> bool {
    let text = fields::text(node).unwrap_or_default();
    text.strip_prefix(['"', '\''])
        .is_some_and(|rest| !rest.trim_end().ends_with(['"', '\'']))
}

/// The text of `node` without quotes, white space and invisible characters around it: a boolean may be in quotes within quotes.
fn trimmed_text(node: &Node) -> Option<&str> {
    let is_trimmed = |c: char| c.is_whitespace() || matches!(c, '"' | '\'') || is_invisible(c);
    fields::text(node).map(|text| text.trim_matches(is_trimmed))
}

/// `node` as a word: in lower case, `-` and `_` as spaces.
fn word(node: &Node) -> Option<String> {
    let text = trimmed_text(node)?.to_lowercase().replace(['-', '_'], " ");
    Some(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

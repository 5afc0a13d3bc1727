//! What the words of every tool say about who may read a post: [`TABLE`].

use crate::post::characters::is_invisible;
use crate::post::date::NoDate;
use crate::post::date_field::{self, DateField};
use crate::post::fields;
use crate::post::front_matter::{Node, Value};
use jiff::tz::TimeZone;

/// What a value of a key says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::post) enum Effect {
    /// Nothing about who may read the post.
    Nothing,
    /// All may read it.
    Public,
    /// Who knows its address may read it.
    Unlisted,
    /// It is not finished.
    Draft,
    /// Nobody may read it.
    Private,
    /// All may read it from its date on, which has to be written.
    Scheduled,
    /// It is not understood, and plainly about who may read the post.
    Held,
}

/// Values of a key.
#[derive(Clone, Copy, Debug)]
pub(super) enum Values {
    /// `true`, `yes`, `on`, `1`, `y`, `t`
    Yes,
    /// `false`, `no`, `off`, `0`, `n`, `f`
    No,
    /// One of these words, in whatever capitals; `-` and `_` are spaces.
    Words(&'static [&'static str]),
    /// A date, also an impossible one: [`dating`](crate::post::dating) reads it.
    Date,
}

/// One row: keys that mean the same, without `-`, `_` and capitals, and what their values say; the first that fits counts. A dotted key
/// reaches into a mapping.
pub(super) struct WordRow {
    pub(super) keys: &'static [&'static str],
    pub(super) values: &'static [(Values, Effect)],
    /// What every other value says.
    pub(super) otherwise: Effect,
    /// Whether a key that is one letter from one of these is a slip.
    pub(super) is_guarded: bool,
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

/// Keys that say that a post is not to be published before a day that another key names.
pub(super) const EMBARGO: &[&str] = &["embargo", "embargoed", "isembargoed", "underembargo"];

/// What keys that take a word say.
const STATES: &[(Values, Effect)] = &[
    (PUBLISHED, Effect::Public),
    (SCHEDULED, Effect::Scheduled),
    (UNLISTED, Effect::Unlisted),
    (PRIVATE, Effect::Private),
    (DRAFT, Effect::Draft),
];

/// The words of every tool, with what each value says. A key that is not here says nothing about who may read a post.
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
pub(super) const TABLE: &[WordRow] = &[
    WordRow {
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
        is_guarded: true,
    },
    // words that mean something else as well
    WordRow {
        keys: &["drafts", "ignored", "deleted", "trashed"],
        values: &[(Values::Yes, Effect::Draft)],
        otherwise: Effect::Nothing,
        is_guarded: false,
    },
    WordRow {
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
        is_guarded: true,
    },
    WordRow {
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
        is_guarded: true,
    },
    WordRow {
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
        is_guarded: true,
    },
    WordRow {
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
        is_guarded: true,
    },
    WordRow {
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
        is_guarded: true,
    },
    // `state: Ohio`, `audience: beginners`
    WordRow {
        keys: &["state", "stage", "audience", "access"],
        values: STATES,
        otherwise: Effect::Nothing,
        is_guarded: false,
    },
    WordRow {
        keys: &["scheduled", "isscheduled"],
        values: &[
            (Values::Yes, Effect::Scheduled),
            (Values::No, Effect::Public),
            (Values::Date, Effect::Nothing),
        ],
        otherwise: Effect::Held,
        is_guarded: true,
    },
    // a date of its own says when it ends; the date that the post is from does not
    WordRow {
        keys: EMBARGO,
        values: &[
            (Values::Yes, Effect::Scheduled),
            (Values::No, Effect::Public),
            (Values::Date, Effect::Nothing),
        ],
        otherwise: Effect::Held,
        is_guarded: true,
    },
    WordRow {
        keys: &["unlisted", "isunlisted", "hidden", "ishidden"],
        values: &[
            (Values::Yes, Effect::Unlisted),
            (Values::No, Effect::Public),
            (UNLISTED, Effect::Unlisted),
            (PRIVATE, Effect::Private),
            (DRAFT, Effect::Draft),
        ],
        otherwise: Effect::Held,
        is_guarded: true,
    },
    WordRow {
        keys: &["listed", "islisted"],
        values: &[(Values::Yes, Effect::Public), (Values::No, Effect::Unlisted)],
        otherwise: Effect::Held,
        is_guarded: true,
    },
    // a list names collections; Eleventy keeps the page
    WordRow {
        keys: &["eleventyexcludefromcollections"],
        values: &[(Values::No, Effect::Public)],
        otherwise: Effect::Unlisted,
        is_guarded: true,
    },
    // lists as in `hide: [toc]` name parts of the page
    WordRow {
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
        is_guarded: false,
    },
    WordRow {
        keys: &["article"],
        values: &[(Values::No, Effect::Unlisted)],
        otherwise: Effect::Nothing,
        is_guarded: false,
    },
    WordRow {
        keys: &["build.list"],
        values: &[
            (Values::Yes, Effect::Public),
            (Values::Words(&["always"]), Effect::Public),
            (Values::No, Effect::Unlisted),
            (Values::Words(&["never", "local"]), Effect::Unlisted),
        ],
        otherwise: Effect::Held,
        is_guarded: false,
    },
    // a page that is not written: with `link` it has an address at which nothing is
    WordRow {
        keys: &["build.render"],
        values: &[
            (Values::Yes, Effect::Public),
            (Values::Words(&["always"]), Effect::Public),
            (Values::No, Effect::Private),
            (Values::Words(&["never", "link"]), Effect::Private),
        ],
        otherwise: Effect::Held,
        is_guarded: false,
    },
    // a page without an address
    WordRow {
        keys: &["build", "render"],
        values: &[(Values::No, Effect::Private), (Values::Words(&["never"]), Effect::Private)],
        otherwise: Effect::Nothing,
        is_guarded: false,
    },
    WordRow {
        keys: &["headless", "lock", "locked"],
        values: &[(Values::Yes, Effect::Private)],
        otherwise: Effect::Nothing,
        is_guarded: false,
    },
    WordRow {
        keys: &["permalink", "url"],
        values: &[(Values::Words(&["false"]), Effect::Private)],
        otherwise: Effect::Nothing,
        is_guarded: false,
    },
    // text that its author protects: what it is protected with may be any word but a plain `false`
    WordRow {
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
        is_guarded: true,
    },
    WordRow {
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
        is_guarded: true,
    },
    // what sounds like it and says nothing: buttons of a theme, navigation, search engines
    WordRow {
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
        is_guarded: false,
    },
];

impl WordRow {
    /// What `node` says as the value of one of these keys; of a list the strictest of what its elements say. `None` where nothing is
    /// written.
    pub(super) fn effect_of(&self, node: &Node) -> Option<Effect> {
        if fields::is_blank(node) {
            return None;
        }
        if let Value::List(list) = &node.value
            && !self.values.iter().any(|(values, _)| values.hold_list(node))
        {
            return list
                .iter()
                .filter_map(|node| self.effect_of(node))
                .max_by_key(|effect| effect.rank());
        }
        let found = self.values.iter().find(|(values, _)| values.hold(node));
        Some(found.map_or(self.otherwise, |(_, effect)| *effect))
    }
}

impl Effect {
    /// How strict it is.
    pub(super) fn rank(self) -> u8 {
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
    fn hold(self, node: &Node) -> bool {
        match self {
            Values::Yes => truth(node) == Some(true),
            Values::No => truth(node) == Some(false) && !is_open(node),
            Values::Words(words) => !is_open(node) && word(node).is_some_and(|word| words.contains(&word.as_str())),
            Values::Date => is_date(node),
        }
    }

    /// Whether the list `node` is one of these values as a whole.
    fn hold_list(self, node: &Node) -> bool {
        matches!(self, Values::Date) && is_date(node)
    }
}

/// Whether `node` has the form of a date.
fn is_date(node: &Node) -> bool {
    let found = date_field::read(node, &TimeZone::UTC, false);
    !matches!(found, DateField::NotUnderstood(NoDate::Unknown, _) | DateField::Blank)
}

fn truth(node: &Node) -> Option<bool> {
    bare(node).and_then(fields::truth_in)
}

/// Whether `node` begins with a quote that nothing closes: its author had not finished the value.
fn is_open(node: &Node) -> bool {
    let text = fields::text(node).unwrap_or_default();
    text.strip_prefix(['"', '\''])
        .is_some_and(|rest| !rest.trim_end().ends_with(['"', '\'']))
}

/// The text of `node` without what is around it; a truth value may stand in quotes within quotes.
fn bare(node: &Node) -> Option<&str> {
    let is_around = |c: char| c.is_whitespace() || matches!(c, '"' | '\'') || is_invisible(c);
    fields::text(node).map(|text| text.trim_matches(is_around))
}

/// `node` as a word: in lower case, `-` and `_` as spaces.
fn word(node: &Node) -> Option<String> {
    let text = bare(node)?.to_lowercase().replace(['-', '_'], " ");
    Some(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

//! Whether a post is a draft, private, unlisted or published, by any tool's habit.
//!
//! Where that is in doubt the post is a draft, and its author is told: a post that stays in is mended in a minute, one that leaked never.

use super::dating::Dated;
use super::fields::{self, Fields};
use super::front_matter::Node;
use super::{Origin, Standing};

/// Keys that say that a post is a draft.
pub const DRAFT_KEYS: [&str; 3] = ["draft", "drafts", "isDraft"];

/// What the front matter wants, and what says so.
pub struct Verdict<'a> {
    /// What is wanted.
    pub standing: Standing,
    /// What says so.
    pub origin: Origin,
    /// A value that had to be guessed.
    pub doubt: Option<Doubt<'a>>,
}

/// A value that is not understood.
pub struct Doubt<'a> {
    /// The value.
    pub node: &'a Node,
    /// What it was taken for.
    pub message: String,
    /// What to write instead.
    pub mend: String,
}

/// The standing of a post with these fields; `in_drafts` if it lies in a folder of drafts.
///
/// `dated` says whether it has a date of its own, and whether the key `published` holds that, not a truth value.
pub fn read<'a>(fields: &Fields<'a>, in_drafts: bool, dated: &Dated) -> Verdict<'a> {
    let said = |standing, key: &str| Verdict {
        standing,
        origin: Origin::Field(key.to_owned()),
        doubt: None,
    };
    let doubtful = |standing, (key, node): (&str, &'a Node), as_what: &str| Verdict {
        standing,
        origin: Origin::Field(key.to_owned()),
        doubt: Some(doubt(key, node, as_what)),
    };
    let drafts = fields.all(&DRAFT_KEYS);
    let mut verdicts = Vec::new();
    for &(key, node) in &drafts {
        match fields::truth(node) {
            Some(false) => {}
            Some(true) => verdicts.push(said(Standing::Draft, key)),
            None => verdicts.push(doubtful(Standing::Draft, (key, node), "a draft")),
        }
    }
    // an explicit `draft: false` rules over `published: false`, as in Hugo
    let keys: &[&str] = if dated.published_is_date {
        &["publish"]
    } else {
        &["published", "publish"]
    };
    for (key, node) in fields.all(keys).into_iter().filter(|_| drafts.is_empty()) {
        match fields::truth(node) {
            Some(true) => {}
            Some(false) => verdicts.push(said(Standing::Draft, key)),
            None => verdicts.push(doubtful(Standing::Draft, (key, node), "a draft")),
        }
    }
    for (key, node) in fields.all(&["status"]) {
        match word(node).as_str() {
            "scheduled" | "future" if dated.origin == Origin::FileTime => verdicts.push(Verdict {
                standing: Standing::Draft,
                origin: Origin::Field(key.to_owned()),
                doubt: Some(Doubt {
                    node,
                    message: "it is to be published at a time that nothing names, so this is taken as a draft".to_owned(),
                    mend: "write a `date`".to_owned(),
                }),
            }),
            "published" | "publish" | "public" | "scheduled" | "future" | "live" | "final" => {}
            "private" => verdicts.push(said(Standing::Private, key)),
            "hidden" | "unlisted" => verdicts.push(said(Standing::Unlisted, key)),
            "draft" | "pending" | "skip" | "unpublished" | "idea" | "wip" => verdicts.push(said(Standing::Draft, key)),
            _ => verdicts.push(doubtful(Standing::Draft, (key, node), "a draft")),
        }
    }
    for (key, node) in fields.all(&["visibility"]) {
        match word(node).as_str() {
            "public" => {}
            "unlisted" | "hidden" => verdicts.push(said(Standing::Unlisted, key)),
            "private" | "members" | "paid" | "tiers" => verdicts.push(said(Standing::Private, key)),
            _ => verdicts.push(doubtful(Standing::Private, (key, node), "private")),
        }
    }
    for (key, node) in fields.all(&["private"]) {
        match fields::truth(node) {
            Some(false) => {}
            Some(true) => verdicts.push(said(Standing::Private, key)),
            None => verdicts.push(doubtful(Standing::Private, (key, node), "private")),
        }
    }
    for (key, node) in fields.all(&["unlisted", "hidden", "eleventyExcludeFromCollections"]) {
        match fields::truth(node) {
            Some(false) => {}
            Some(true) => verdicts.push(said(Standing::Unlisted, key)),
            None => verdicts.push(doubtful(Standing::Unlisted, (key, node), "unlisted")),
        }
    }
    // Hugo's ways of saying that a page is in no list, or is none
    for (keys, standing) in [(["build.list"], Standing::Unlisted), (["build.render"], Standing::Private)] {
        let never = |node: &Node| matches!(word(node).as_str(), "never" | "false");
        let found = fields.all(&keys).into_iter().filter(|(_, node)| never(node));
        verdicts.extend(found.map(|(key, _)| said(standing, key)));
    }
    // Eleventy's way of saying that there is to be no page
    if let Some((key, _, text)) = fields.first_text(&["permalink"])
        && text.eq_ignore_ascii_case("false")
    {
        verdicts.push(said(Standing::Private, key));
    }
    if in_drafts {
        verdicts.push(Verdict {
            standing: Standing::Draft,
            origin: Origin::FileName,
            doubt: None,
        });
    }
    // the strictest wins, the first of equals
    let published = Verdict {
        standing: Standing::Published,
        origin: Origin::Default,
        doubt: None,
    };
    verdicts.into_iter().rev().fold(published, |best, next| {
        if rank(next.standing) >= rank(best.standing) {
            next
        } else {
            best
        }
    })
}

/// Whether feeds may carry a post with these fields.
pub fn in_feeds(fields: &Fields) -> bool {
    let refused = [
        "hiddenInRss",
        "disable_feed",
        "feed_exclude",
        "rss.exclude",
        "exclude_from_feed",
    ];
    let wanted = ["feed", "rss"];
    let says = |keys: &[&str], truth: bool| fields.all(keys).iter().any(|(_, node)| fields::truth(node) == Some(truth));
    !says(&refused, true) && !says(&wanted, false)
}

/// What the author says of the last edit: whether it is too small to tell readers of.
pub fn minor(fields: &Fields) -> Option<bool> {
    fields
        .first(&["minor", "minor_edit"])
        .and_then(|(_, node)| fields::truth(node))
}

/// Where `front_matter`, a text that gave none of [`DRAFT_KEYS`], holds a line that says `draft: true` nonetheless, and that line.
///
/// A slip of indentation, a quote left open or a table above it makes such a line part of another value.
pub fn stray_draft(front_matter: &str) -> Option<(usize, &str)> {
    let mut offset = 0;
    for line in front_matter.split_inclusive('\n') {
        let content = line.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '{'));
        let start = offset + line.len() - content.len();
        offset += line.len();
        let said = content.split_once([':', '=', '：']).filter(|(key, _)| {
            let key = key.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\''));
            key.eq_ignore_ascii_case("draft")
        });
        let Some((_, value)) = said else { continue };
        let value = value.split(" #").next().unwrap_or_default();
        let value = value.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | '}' | ']'));
        if fields::truth_in(value) == Some(true) {
            return Some((start, content.trim_end()));
        }
    }
    None
}

fn rank(standing: Standing) -> u8 {
    match standing {
        Standing::Published => 0,
        Standing::Unlisted => 1,
        Standing::Draft => 2,
        Standing::Private => 3,
    }
}

fn doubt<'a>(key: &str, node: &'a Node, as_what: &str) -> Doubt<'a> {
    let what = match fields::text(node) {
        Some(text) => format!("`{key}: {text}` is not understood"),
        None => format!("`{key}` has not one value"),
    };
    let mend = match key.to_ascii_lowercase().as_str() {
        "status" => format!("write `{key}: draft` or `{key}: published`"),
        "visibility" => format!("write `{key}: public`, `{key}: unlisted` or `{key}: private`"),
        _ => format!("write `{key}: true` or `{key}: false`"),
    };
    Doubt {
        node,
        message: format!("{what}, so this is taken as {as_what}"),
        mend,
    }
}

fn word(node: &Node) -> String {
    fields::text(node).unwrap_or_default().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::post::front_matter;

    fn undated() -> Dated {
        Dated {
            moment: crate::time::Moment::utc(crate::time::Timestamp::UNIX_EPOCH),
            origin: Origin::FileTime,
            published_is_date: false,
        }
    }

    #[test]
    fn every_habit() {
        use Standing::{Draft, Private, Published, Unlisted};
        let cases = [
            ("title: x", Published),
            ("draft: true", Draft),
            ("draft: yes", Draft),
            ("draft: on", Draft),
            ("draft: 1", Draft),
            ("draft: \"true\"", Draft),
            ("Draft: Yes", Draft),
            ("draft: maybe", Draft),
            ("draft: [x]", Draft),
            ("draft: false", Published),
            ("draft: no", Published),
            ("draft:", Published),
            ("published: false", Draft),
            ("published: True", Published),
            ("published: no", Draft),
            ("published: soon", Draft),
            ("draft: false\npublished: false", Published),
            ("draft: true\npublished: true", Draft),
            ("draft: true\ndraft: false", Draft),
            ("draft: false\nDraft: true", Draft),
            ("draft: false\ndraft: false", Published),
            ("status: draft\nstatus: published", Draft),
            ("private: true\nprivate: false", Private),
            ("\u{feff}draft: true", Draft),
            ("\u{a0}draft: true", Draft),
            ("publish: false", Draft),
            ("status: draft", Draft),
            ("status: Published", Published),
            ("status: private", Private),
            ("status: hidden", Unlisted),
            ("status: skip", Draft),
            ("status: whatever", Draft),
            ("status: scheduled", Draft),
            ("visibility: unlisted", Unlisted),
            ("visibility: private", Private),
            ("visibility: members", Private),
            ("visibility: some", Private),
            ("unlisted: true", Unlisted),
            ("hidden: true", Unlisted),
            ("private: true", Private),
            ("unlisted: true\ndraft: true", Draft),
            ("permalink: false", Private),
            ("extra: {draft: true}", Draft),
            ("isDraft: true", Draft),
            ("build: {list: never}", Unlisted),
            ("_build: {render: false, list: never}", Private),
            ("build: {list: always, render: link}", Published),
            ("build: fast", Published),
            ("status: published\nStatus: draft", Draft),
        ];
        for (front_matter, expected) in cases {
            let text = format!("---\n{front_matter}\n---\n");
            let parts = front_matter::parse("a.md".into(), &text).unwrap();
            assert_eq!(
                read(&Fields::new(&parts.fields), false, &undated()).standing,
                expected,
                "{front_matter}"
            );
            let in_drafts = read(&Fields::new(&parts.fields), true, &undated()).standing;
            assert!(
                matches!(in_drafts, Draft | Private),
                "{front_matter} in a folder of drafts is {in_drafts:?}"
            );
        }
    }

    #[test]
    fn drafts_gone_astray_are_found() {
        let cases = [
            ("tags: [a, b]\n  draft: true", Some("draft: true")),
            ("title: x\n draft:yes", Some("draft:yes")),
            ("[taxonomies]\ndraft = true # not yet", Some("draft = true # not yet")),
            ("- draft: true", Some("draft: true")),
            ("{\"post\": {\n  \"draft\": true}}", Some("\"draft\": true}}")),
            ("text: |\n  draft: false", None),
            ("# draft: true", None),
            ("drafty: true", None),
            ("title: a draft: true", None),
        ];
        for (front_matter, expected) in cases {
            assert_eq!(stray_draft(front_matter).map(|(_, line)| line), expected, "{front_matter}");
        }
        assert_eq!(stray_draft("a: b\n  draft: 1").unwrap().0, 7);
    }

    #[test]
    fn doubt_is_said() {
        let cases = [
            (
                "draft: maybe",
                "`draft: maybe` is not understood, so this is taken as a draft",
                "write `draft: true` or `draft: false`",
            ),
            (
                "Draft: [x, y]",
                "`Draft` has not one value, so this is taken as a draft",
                "write `Draft: true` or `Draft: false`",
            ),
            (
                "visibility: some",
                "`visibility: some` is not understood, so this is taken as private",
                "write `visibility: public`, `visibility: unlisted` or `visibility: private`",
            ),
            (
                "status: scheduled",
                "it is to be published at a time that nothing names, so this is taken as a draft",
                "write a `date`",
            ),
        ];
        for (front_matter, message, mend) in cases {
            let text = format!("---\n{front_matter}\n---\n");
            let parts = front_matter::parse("a.md".into(), &text).unwrap();
            let doubt = read(&Fields::new(&parts.fields), false, &undated()).doubt.unwrap();
            assert_eq!(
                (doubt.message.as_str(), doubt.mend.as_str()),
                (message, mend),
                "{front_matter}"
            );
        }
    }

    #[test]
    fn kept_out_of_feeds() {
        let cases = [
            ("title: x", true),
            ("feed: false", false),
            ("hiddenInRss: true", false),
            ("rss: {exclude: true}", false),
            ("feed: {excerpt_only: true}", true),
            ("disable_feed: yes", false),
        ];
        for (front_matter, expected) in cases {
            let text = format!("---\n{front_matter}\n---\n");
            let parts = front_matter::parse("a.md".into(), &text).unwrap();
            assert_eq!(in_feeds(&Fields::new(&parts.fields)), expected, "{front_matter}");
        }
    }
}

//! A subscription, and the row that stores it.

use serde::{Deserialize, Serialize};

use crate::index::Scope;
use crate::render::{Format, Place, feed_path};
use crate::storage::{PushKind, PushRow};
use crate::time::Timestamp;

/// The subscription document of a scope in one format: what one subscribes to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Topic {
    /// The scope.
    pub scope: Scope,
    /// The format.
    pub format: Format,
}

impl Topic {
    /// Its path below the address of the site: `/tags/rust/atom.xml`.
    #[must_use]
    pub fn path(&self) -> String {
        feed_path(&self.scope.path(), Place::Newest, self.format)
    }
}

/// Names a subscription: a digest of its topic and its callback, which only one subscription has (`WebSub`, section 5.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriptionId(u128);

impl SubscriptionId {
    /// The id of the subscription of `callback` to `topic`.
    #[must_use]
    pub fn of(topic: &Topic, callback: &str) -> SubscriptionId {
        let digest = blake3::hash(format!("{} {callback}", topic.path()).as_bytes());
        SubscriptionId(
            digest
                .as_bytes()
                .iter()
                .take(16)
                .fold(0, |id, byte| (id << 8) | u128::from(*byte)),
        )
    }

    /// The key of its row.
    pub(super) fn key(self) -> String {
        format!("{:032x}", self.0)
    }
}

/// A verified subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// What it is for.
    pub topic: Topic,
    /// The URL of the topic as the subscriber wrote it, if that is another than the topic's own.
    pub written_topic: Option<Box<str>>,
    /// Where deliveries are sent. Whoever knows it can send entries to the subscriber, so it is never logged or shown.
    pub callback: Box<str>,
    /// The key of signatures.
    pub secret: Option<Box<str>>,
    /// When it ends.
    pub until: Timestamp,
    /// The delivery that waits or is being sent.
    pub waiting: Option<Waiting>,
}

/// A delivery that is not done. It has no body: that is made from the site that stands when it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Since when the subscriber has not been told of something.
    pub since: Timestamp,
    /// The failed attempts.
    pub tries: u8,
    /// When the next attempt is due.
    pub due: Timestamp,
}

/// A subscription as it is stored.
#[derive(Serialize, Deserialize)]
struct StoredSubscription<'a> {
    kind: ScopeKind,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    name: &'a str,
    format: StoredFormat,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    topic: Option<Box<str>>,
    callback: Box<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret: Option<Box<str>>,
    until: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    waiting: Option<Waiting>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ScopeKind {
    Site,
    Tag,
    Author,
    Section,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StoredFormat {
    Rss,
    Atom,
    Json,
}

impl Subscription {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> SubscriptionId {
        SubscriptionId::of(&self.topic, &self.callback)
    }

    /// The row that stores it.
    pub(super) fn row(&self) -> PushRow {
        let (kind, name) = match &self.topic.scope {
            Scope::Site => (ScopeKind::Site, ""),
            Scope::Tag(name) => (ScopeKind::Tag, name.as_str()),
            Scope::Author(name) => (ScopeKind::Author, name.as_str()),
            Scope::Section(name) => (ScopeKind::Section, name.as_str()),
        };
        let stored = StoredSubscription {
            kind,
            name,
            format: match self.topic.format {
                Format::Rss => StoredFormat::Rss,
                Format::Atom => StoredFormat::Atom,
                Format::Json => StoredFormat::Json,
            },
            topic: self.written_topic.clone(),
            callback: self.callback.clone(),
            secret: self.secret.clone(),
            until: self.until,
            waiting: self.waiting,
        };
        // texts, numbers and instants: these can always be written
        let value = serde_json::to_string(&stored).unwrap_or_default();
        PushRow::put(PushKind::Subscription, self.id().key(), value)
    }

    /// The row that deletes it.
    #[must_use]
    pub fn deletion(&self) -> PushRow {
        PushRow::delete(PushKind::Subscription, self.id().key())
    }

    /// The subscription that `row` stores, if it is one.
    #[must_use]
    pub fn from_row(row: &PushRow) -> Option<Subscription> {
        let value = row.value.as_deref().filter(|_| row.kind == PushKind::Subscription)?;
        // a name with an escaped character cannot be borrowed
        let value: serde_json::Value = serde_json::from_str(value).ok()?;
        let stored = StoredSubscription::deserialize(&value).ok()?;
        let name = || stored.name.to_owned();
        let subscription = Subscription {
            topic: Topic {
                scope: match stored.kind {
                    ScopeKind::Site => Scope::Site,
                    ScopeKind::Tag => Scope::Tag(name()),
                    ScopeKind::Author => Scope::Author(name()),
                    ScopeKind::Section => Scope::Section(name()),
                },
                format: match stored.format {
                    StoredFormat::Rss => Format::Rss,
                    StoredFormat::Atom => Format::Atom,
                    StoredFormat::Json => Format::Json,
                },
            },
            written_topic: stored.topic,
            callback: stored.callback,
            secret: stored.secret,
            until: stored.until,
            waiting: stored.waiting,
        };
        (subscription.id().key() == row.key).then_some(subscription)
    }
}

/// The host of a callback, without its port: all limits are for it, because one host can have any number of ports.
#[must_use]
pub fn host_of(callback: &str) -> Option<Box<str>> {
    let url = url::Url::parse(callback).ok()?;
    url.host_str().map(|host| host.trim_end_matches('.').into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscription() -> Subscription {
        Subscription {
            topic: Topic {
                scope: Scope::Tag("c++ \"quoted\"".to_owned()),
                format: Format::Atom,
            },
            written_topic: Some("https://example.com/tags/c++/atom.xml".into()),
            callback: "https://reader.example/push/1?x=%20".into(),
            secret: Some("s3cr\u{1}t".into()),
            until: Timestamp::UNIX_EPOCH,
            waiting: Some(Waiting {
                since: Timestamp::UNIX_EPOCH,
                tries: 3,
                due: Timestamp::UNIX_EPOCH,
            }),
        }
    }

    #[test]
    fn a_row_gives_the_subscription_back() {
        for scope in [
            Scope::Site,
            Scope::Tag("a".to_owned()),
            Scope::Author("a".to_owned()),
            Scope::Section("a".to_owned()),
        ] {
            for format in Format::ALL {
                let topic = Topic {
                    scope: scope.clone(),
                    format,
                };
                let subscription = Subscription { topic, ..subscription() };
                assert_eq!(Subscription::from_row(&subscription.row()), Some(subscription));
            }
        }
        let plain = Subscription {
            written_topic: None,
            secret: None,
            waiting: None,
            ..subscription()
        };
        assert_eq!(Subscription::from_row(&plain.row()), Some(plain));
    }

    #[test]
    fn a_row_of_something_else_is_no_subscription() {
        let row = subscription().row();
        let other_key = PushRow {
            key: "0".repeat(32),
            ..row.clone()
        };
        let other_kind = PushRow {
            kind: PushKind::Announced,
            ..row.clone()
        };
        let cut = PushRow {
            value: row.value.as_deref().map(|value| value[..40].into()),
            ..row
        };
        for row in [other_key, other_kind, cut] {
            assert_eq!(Subscription::from_row(&row), None, "{row:?}");
        }
    }

    #[test]
    fn one_callback_has_one_subscription_to_each_topic() {
        let first = subscription();
        let id = |topic: &Topic, callback: &str| SubscriptionId::of(topic, callback);
        let json = Topic {
            format: Format::Json,
            ..first.topic.clone()
        };
        assert_eq!(first.id(), id(&first.topic, &first.callback));
        assert_ne!(first.id(), id(&json, &first.callback));
        assert_ne!(first.id(), id(&first.topic, "https://reader.example/push/2"));
    }

    #[test]
    fn ports_do_not_make_another_host() {
        for (callback, host) in [
            ("https://reader.example/a", Some("reader.example")),
            ("http://Reader.Example.:8080/a", Some("reader.example")),
            ("http://[::1]:1/", Some("[::1]")),
            ("data:x", None),
            ("", None),
        ] {
            assert_eq!(host_of(callback).as_deref(), host, "{callback}");
        }
    }
}

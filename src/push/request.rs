//! Reads what a subscriber asks of the hub: a form with `hub.mode`, `hub.topic` and `hub.callback` (`WebSub`, section 5.1).
//!
//! Unknown parameters are ignored, because subscribers send old ones (`hub.verify`). Everything else that is wrong is refused with a
//! reason, before anything is sent to anybody.

use std::borrow::Cow;
use std::time::Duration;

use url::{Host, Url, form_urlencoded};

use super::subscription::Topic;
use crate::config::Config;
use crate::outgoing::address;

/// The most bytes of a form.
pub const MAX_FORM_BYTES: usize = 8 * 1024;
/// The most bytes of a callback, or of the address of a topic.
const MAX_URL_BYTES: usize = 2048;
/// A secret has fewer bytes than this (`WebSub`, section 5.1).
const SECRET_BYTES: usize = 200;
/// How long a subscription lasts if the subscriber does not say: 10 days (`WebSub`, section 8.2).
const DEFAULT_LEASE: Duration = Duration::from_hours(10 * 24);
/// The shortest: an hour.
const SHORTEST_LEASE: Duration = Duration::from_hours(1);
/// The longest: 15 days.
const LONGEST_LEASE: Duration = Duration::from_hours(15 * 24);

/// What a subscriber asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// To be told of new entries.
    Subscribe,
    /// To be told no more.
    Unsubscribe,
}

impl Mode {
    /// The value of `hub.mode`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Mode::Subscribe => "subscribe",
            Mode::Unsubscribe => "unsubscribe",
        }
    }
}

/// A request that is understood and allowed, and not verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionRequest {
    /// What is asked.
    pub mode: Mode,
    /// The topic.
    pub topic: Topic,
    /// The URL of the topic as the subscriber wrote it.
    pub written_topic: Box<str>,
    /// The callback.
    pub callback: Url,
    /// The key of signatures.
    pub secret: Option<Box<str>>,
    /// How long the subscription is to last.
    pub lease: Duration,
}

/// What a form asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HubRequest {
    /// To subscribe or to unsubscribe.
    Subscription(Box<SubscriptionRequest>),
    /// To look for news of a topic. The hub knows them already.
    Publish,
}

/// Parses the form `body`. `topic_at` returns the topic at a URL, or why there is none.
///
/// # Errors
///
/// Why it is refused, for the subscriber.
pub fn parse_form(
    content_type: Option<&str>,
    body: &[u8],
    config: &Config,
    topic_at: impl Fn(&str) -> Result<Topic, String>,
) -> Result<HubRequest, String> {
    let fields = Fields::parse(content_type, body)?;
    let mode = match fields.required("hub.mode")? {
        "subscribe" => Mode::Subscribe,
        "unsubscribe" => Mode::Unsubscribe,
        "publish" => {
            let topics = fields.all("hub.url").chain(fields.all("hub.topic"));
            let checked = topics
                .map(|topic| topic_at(topic).map(|_| ()))
                .collect::<Result<Vec<()>, _>>()?;
            return if checked.is_empty() {
                Err("hub.url is missing".to_owned())
            } else {
                Ok(HubRequest::Publish)
            };
        }
        _ => return Err("hub.mode must be subscribe or unsubscribe".to_owned()),
    };
    let written_topic = fields.required("hub.topic")?;
    let topic = topic_at(written_topic)?;
    let callback = parse_callback(fields.required("hub.callback")?, config)?;
    let secret = fields.optional("hub.secret")?.filter(|secret| !secret.is_empty());
    if secret.is_some_and(|secret| secret.len() >= SECRET_BYTES) {
        return Err(format!("hub.secret must have fewer than {SECRET_BYTES} bytes"));
    }
    Ok(HubRequest::Subscription(Box::new(SubscriptionRequest {
        mode,
        topic,
        written_topic: written_topic.into(),
        callback,
        secret: secret.map(Into::into),
        lease: match mode {
            Mode::Subscribe => parse_lease(fields.optional("hub.lease_seconds")?)?,
            Mode::Unsubscribe => DEFAULT_LEASE,
        },
    })))
}

/// The parameters of a form.
struct Fields<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Fields<'a> {
    fn parse(content_type: Option<&str>, body: &'a [u8]) -> Result<Fields<'a>, String> {
        let media_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default();
        if !media_type.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err("the Content-Type must be application/x-www-form-urlencoded".to_owned());
        }
        if body.len() > MAX_FORM_BYTES {
            return Err(format!("the form may have {MAX_FORM_BYTES} bytes"));
        }
        let pairs: Vec<_> = form_urlencoded::parse(body).collect();
        // bytes that are not UTF-8 are read as this character
        let is_broken = |(name, value): &(Cow<str>, Cow<str>)| name.starts_with("hub.") && value.contains('\u{fffd}');
        if pairs.iter().any(is_broken) {
            return Err("the form must be UTF-8".to_owned());
        }
        Ok(Fields(pairs))
    }

    fn all<'f, 'n>(&'f self, name: &'n str) -> impl Iterator<Item = &'f str> + use<'f, 'n, 'a> {
        self.0
            .iter()
            .filter(move |(found, _)| found == name)
            .map(|(_, value)| &**value)
    }

    fn optional<'f>(&'f self, name: &str) -> Result<Option<&'f str>, String> {
        let mut values = self.all(name);
        let first = values.next();
        match values.next() {
            Some(_) => Err(format!("{name} may be given only once")),
            None => Ok(first),
        }
    }

    fn required<'f>(&'f self, name: &str) -> Result<&'f str, String> {
        let value = self.optional(name)?.filter(|value| !value.is_empty());
        let value = value.ok_or_else(|| format!("{name} is missing"))?;
        if value.len() > MAX_URL_BYTES {
            return Err(format!("{name} may have {MAX_URL_BYTES} bytes"));
        }
        Ok(value)
    }
}

fn parse_callback(text: &str, config: &Config) -> Result<Url, String> {
    let refuse = |why: &str| Err(format!("hub.callback {why}"));
    // a URL parser leaves such characters out, and the callback would be another one
    if text.contains(|c: char| c.is_control() || c == ' ') {
        return refuse("contains a space or a control character");
    }
    let Ok(url) = Url::parse(text) else {
        return refuse("must be a whole http or https URL");
    };
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return refuse("must be a whole http or https URL");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("must not contain a user name or a password");
    }
    if url.fragment().is_some() {
        return refuse("must not contain a fragment (#)");
    }
    if url.port().is_some_and(address::is_blocked_port) {
        return refuse("has a port that belongs to another protocol");
    }
    // a name is looked up when it is connected to, each time
    let literal = match url.host() {
        Some(Host::Ipv4(address)) => Some(address.into()),
        Some(Host::Ipv6(address)) => Some(address.into()),
        _ => None,
    };
    if literal.is_some_and(|literal| !address::may_connect(literal, &config.push.allow)) {
        return refuse("has an address that is not public");
    }
    // the hub would call itself; what else is here never answers a challenge
    if config.hub_address().is_some_and(|hub| url.as_str().starts_with(&hub)) {
        return refuse("is the hub itself");
    }
    if url.as_str().len() > MAX_URL_BYTES || http::Uri::try_from(url.as_str()).is_err() {
        return refuse("contains characters that no URL may contain");
    }
    Ok(url)
}

/// Parses `hub.lease_seconds`. Subscribers write 0, or nothing, if they leave it to the hub.
fn parse_lease(text: Option<&str>) -> Result<Duration, String> {
    let text = text.unwrap_or_default();
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("hub.lease_seconds must be a number of seconds".to_owned());
    }
    Ok(match text.trim_start_matches('0') {
        "" => DEFAULT_LEASE,
        // what has more digits than fit is longer than the longest
        digits => digits
            .parse()
            .map_or(LONGEST_LEASE, Duration::from_secs)
            .clamp(SHORTEST_LEASE, LONGEST_LEASE),
    })
}

#[cfg(test)]
mod tests;

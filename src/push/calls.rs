//! What the hub sends to subscribers: challenges, documents and denials.

use std::fmt::Write as _;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use ring::hmac;
use url::{Url, form_urlencoded};

use super::queue::Delivery;
use super::request::SubscriptionRequest;
use super::subscription::Subscription;
use crate::config::{Config, SignatureAlgorithm};
use crate::outgoing::{Client, FetchError, Limits, OutgoingRequest, Response};

/// The most bytes of an answer to a challenge.
const MAX_CHALLENGE_ANSWER: u64 = 64 * 1024;

/// The limits of one request. A redirect is a failure (`WebSub`, section 7).
fn limits(time: Duration) -> Limits {
    Limits {
        bytes: MAX_CHALLENGE_ANSWER,
        time,
        redirects: 0,
    }
}

/// `callback` with these parameters after its own, which stay as they are (`WebSub`, section 5.3).
fn with_parameters(callback: &Url, parameters: &[(&str, &str)]) -> Option<Url> {
    let mut text = callback.as_str().to_owned();
    match callback.query() {
        None => text.push('?'),
        Some(query) if query.is_empty() || query.ends_with('&') => {}
        Some(_) => text.push('&'),
    }
    let start = text.len();
    let mut serializer = form_urlencoded::Serializer::for_suffix(text, start);
    serializer.extend_pairs(parameters);
    Url::parse(&serializer.finish()).ok()
}

/// Asks the callback of `request` whether it wants that. It does if it answers with 2xx and exactly the `challenge`.
pub(super) fn verify(client: &Client, request: &SubscriptionRequest, challenge: &str, time: Duration) -> bool {
    let lease = request.lease.as_secs().to_string();
    let mut parameters = vec![
        ("hub.mode", request.mode.name()),
        ("hub.topic", &request.written_topic),
        ("hub.challenge", challenge),
    ];
    if request.mode == super::request::Mode::Subscribe {
        parameters.push(("hub.lease_seconds", &lease));
    }
    let Some(url) = with_parameters(&request.callback, &parameters) else {
        return false;
    };
    let request = closing(OutgoingRequest::get(&url));
    match client.send(&request, limits(time)) {
        Ok(response) if response.status().is_success() => {
            response.read_to_vec().is_ok_and(|answer| answer == challenge.as_bytes())
        }
        _ => false,
    }
}

/// Tells a subscriber that there is no such topic any more. Nobody has to believe that (it is not signed), and no answer matters.
pub(super) fn deny(client: &Client, subscription: &Subscription, topic: &str, time: Duration) {
    let reason = ("hub.reason", "there is no such feed any more");
    let parameters = [("hub.mode", "denied"), ("hub.topic", topic), reason];
    let url = Url::parse(&subscription.callback)
        .ok()
        .and_then(|callback| with_parameters(&callback, &parameters));
    if let Some(url) = url {
        let _ = client.send(&closing(OutgoingRequest::get(&url)), limits(time));
    }
}

/// A document to send.
#[derive(Clone, Debug)]
pub(super) struct PushedDocument {
    pub(super) media_type: &'static str,
    pub(super) bytes: Bytes,
    /// Its address.
    pub(super) address: String,
}

/// Sends `document` to the subscriber (`WebSub`, section 7).
pub(super) fn deliver(
    client: &Client,
    subscription: &Subscription,
    document: &PushedDocument,
    config: &Config,
    time: Duration,
) -> Delivery {
    let failed = Delivery::Failed {
        retry_after: None,
        blames_host: false,
    };
    let (Ok(callback), Some(hub)) = (Url::parse(&subscription.callback), config.hub_address()) else {
        return failed;
    };
    // one field, because some subscribers read only the first
    let link = format!("<{hub}>; rel=\"hub\", <{}>; rel=\"self\"", document.address);
    let mut request = closing(OutgoingRequest::post(&callback, &document.bytes))
        .with_header("Content-Type", document.media_type)
        .with_header("Link", link);
    if let Some(secret) = &subscription.secret {
        let signature = sign(config.push.signature, secret, &document.bytes);
        request = request.with_header("X-Hub-Signature", signature);
    }
    match client.send(&request, limits(time)) {
        Ok(response) => outcome(&response),
        Err(error) => Delivery::Failed {
            retry_after: None,
            // an address that is refused says nothing of the others on the host
            blames_host: !matches!(error, FetchError::NotPublic(_) | FetchError::BlockedPort(_)),
        },
    }
}

fn outcome(response: &Response) -> Delivery {
    let status = response.status();
    if status.is_success() {
        return Delivery::Delivered;
    }
    if status == StatusCode::GONE {
        return Delivery::Ended;
    }
    let is_busy = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
    // a date is too rare to be read
    let seconds = response
        .header("Retry-After")
        .filter(|_| is_busy)
        .and_then(|value| value.trim().parse().ok());
    Delivery::Failed {
        retry_after: seconds.map(Duration::from_secs),
        blames_host: is_busy || status.is_server_error(),
    }
}

/// The value of `X-Hub-Signature`.
fn sign(algorithm: SignatureAlgorithm, secret: &str, body: &[u8]) -> String {
    let (name, algorithm) = match algorithm {
        SignatureAlgorithm::Sha256 => ("sha256", hmac::HMAC_SHA256),
        SignatureAlgorithm::Sha1 => ("sha1", hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
    };
    let tag = hmac::sign(&hmac::Key::new(algorithm, secret.as_bytes()), body);
    let mut signature = format!("{name}=");
    for byte in tag.as_ref() {
        let _ = write!(signature, "{byte:02x}");
    }
    signature
}

/// `request` on a connection of its own: a subscriber may close one that is kept, and a POST on it would be lost.
fn closing(request: OutgoingRequest<'_>) -> OutgoingRequest<'_> {
    request.with_header("Connection", "close")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_follow_those_of_the_callback() {
        for (callback, expected) in [
            ("https://reader.example/push", "https://reader.example/push?hub.mode=a%26b"),
            ("https://reader.example", "https://reader.example/?hub.mode=a%26b"),
            ("https://reader.example/?k=1", "https://reader.example/?k=1&hub.mode=a%26b"),
            (
                "https://reader.example/?k=%2F&",
                "https://reader.example/?k=%2F&hub.mode=a%26b",
            ),
            ("https://reader.example/?", "https://reader.example/?hub.mode=a%26b"),
            (
                "https://reader.example/?hub.mode=x",
                "https://reader.example/?hub.mode=x&hub.mode=a%26b",
            ),
        ] {
            let url = with_parameters(&callback.parse().unwrap(), &[("hub.mode", "a&b")]);
            assert_eq!(url.unwrap().as_str(), expected, "{callback}");
        }
    }

    #[test]
    fn signatures_are_hmacs_in_hexadecimal() {
        // RFC 4231, section 4.3, and RFC 2202, section 3, test case 2
        let body = b"what do ya want for nothing?";
        let signatures = [SignatureAlgorithm::Sha256, SignatureAlgorithm::Sha1].map(|algorithm| sign(algorithm, "Jefe", body));
        assert_eq!(
            signatures,
            [
                "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
                "sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"
            ]
        );
    }
}

use super::*;
use crate::index::Scope;
use crate::render::Format;

const TOPIC: &str = "https://example.com/atom.xml";
const CALLBACK: &str = "https://reader.example/push?k=1";
const FORM: &str = "application/x-www-form-urlencoded";

fn topic() -> Topic {
    Topic {
        scope: Scope::Site,
        format: Format::Atom,
    }
}

/// Parses `body` for a site with one topic.
fn parse(content_type: Option<&str>, body: &[u8]) -> Result<HubRequest, String> {
    let mut config = Config::default();
    config.site.base_url = Some("https://example.com".parse().unwrap());
    config.push.allow = vec!["10.1.0.0/16".parse().unwrap()];
    parse_form(content_type, body, &config, |url| match url {
        TOPIC => Ok(topic()),
        _ => Err("foreign".to_owned()),
    })
}

/// A form with these pairs.
fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// The request to subscribe with these additional pairs.
fn subscribe(more: &[(&str, &str)]) -> Result<SubscriptionRequest, String> {
    let mut pairs = vec![("hub.mode", "subscribe"), ("hub.topic", TOPIC), ("hub.callback", CALLBACK)];
    pairs.extend(more);
    match parse(Some(FORM), form(&pairs).as_bytes())? {
        HubRequest::Subscription(request) => Ok(*request),
        HubRequest::Publish => panic!("it is no publication"),
    }
}

#[test]
fn a_typical_request() {
    let request = subscribe(&[]).unwrap();
    assert_eq!(
        request,
        SubscriptionRequest {
            mode: Mode::Subscribe,
            topic: topic(),
            written_topic: TOPIC.into(),
            callback: CALLBACK.parse().unwrap(),
            secret: None,
            lease: DEFAULT_LEASE,
        }
    );
    let further = subscribe(&[("foo", "1"), ("hub.foo", "1"), ("hub.verify", "sync"), ("foo", "2")]).unwrap();
    assert_eq!(further, request, "unknown parameters are ignored");
    let body = form(&[
        ("hub.mode", "unsubscribe"),
        ("hub.topic", TOPIC),
        ("hub.callback", CALLBACK),
        ("hub.lease_seconds", "x"),
    ]);
    let Ok(HubRequest::Subscription(leaving)) = parse(Some("Application/X-WWW-Form-URLencoded; charset=UTF-8"), body.as_bytes())
    else {
        panic!("the lease is ignored");
    };
    assert_eq!(leaving.mode, Mode::Unsubscribe);
}

#[test]
fn leases_are_clamped() {
    for (text, expected) in [
        ("", Some(864_000)),
        ("0", Some(864_000)),
        ("1", Some(3600)),
        ("3599", Some(3600)),
        ("7200", Some(7200)),
        ("0007200", Some(7200)),
        ("1296000", Some(1_296_000)),
        ("1296001", Some(1_296_000)),
        ("99999999999999999999999999", Some(1_296_000)),
        ("-1", None),
        ("1e3", None),
        ("1.5", None),
        (" 7200", None),
        ("١", None),
    ] {
        let lease = subscribe(&[("hub.lease_seconds", text)]).map(|request| request.lease.as_secs());
        assert_eq!(lease.ok(), expected, "{text:?}");
    }
}

#[test]
fn a_secret_has_fewer_than_200_bytes() {
    let (most, more, wide) = ("s".repeat(199), "s".repeat(200), "é".repeat(100));
    for (secret, expected) in [("", Ok(None)), (&*most, Ok(Some(&*most))), (&more, Err(())), (&wide, Err(()))] {
        let parsed = subscribe(&[("hub.secret", secret)]).map(|request| request.secret);
        assert_eq!(parsed.as_ref().map(|secret| secret.as_deref()).map_err(|_| ()), expected);
        if let Err(reason) = parsed {
            assert!(!reason.contains("ss") && !reason.contains('é'), "{reason}");
        }
    }
}

#[test]
fn callbacks_that_no_subscriber_has_are_refused() {
    let long = format!("https://reader.example/{}", "a".repeat(2048));
    for (callback, reason) in [
        ("/push", "must be a whole"),
        ("ftp://reader.example/", "must be a whole"),
        ("file:///etc/passwd", "must be a whole"),
        ("gopher://reader.example/", "must be a whole"),
        ("data:text/plain,x", "must be a whole"),
        ("https://", "must be a whole"),
        ("https://user@reader.example/", "user name"),
        ("https://user:word@reader.example/", "user name"),
        ("https://:word@reader.example/", "user name"),
        ("https://reader.example/#part", "fragment"),
        ("https://reader.example/#", "fragment"),
        ("https://reader.example/a b", "space"),
        ("https://reader.example/a\nb", "control"),
        (" https://reader.example/", "space"),
        ("http://reader.example:22/", "port"),
        ("http://reader.example:25/", "port"),
        ("http://reader.example:6379/", "port"),
        ("http://127.0.0.1/", "not public"),
        ("http://127.1/", "not public"),
        ("http://0x7f.1/", "not public"),
        ("http://2130706433/", "not public"),
        ("http://017700000001/", "not public"),
        ("http://169.254.169.254/latest/meta-data", "not public"),
        ("http://[::1]/", "not public"),
        ("http://[::ffff:127.0.0.1]/", "not public"),
        ("http://[64:ff9b::7f00:1]/", "not public"),
        ("http://10.2.0.1/", "not public"),
        ("http://[::1%25lo]/", "must be a whole"),
        ("https://example.com/hub", "the hub itself"),
        ("https://example.com/hub?x", "the hub itself"),
        (&long, "2048 bytes"),
    ] {
        let pairs = [("hub.mode", "subscribe"), ("hub.topic", TOPIC), ("hub.callback", callback)];
        let refusal = parse(Some(FORM), form(&pairs).as_bytes()).unwrap_err();
        assert!(refusal.contains(reason), "{callback}: {refusal}");
    }
    for callback in [
        "http://10.1.2.3:8080/",
        "https://reader.example/?",
        "http://xn--bcher-kva.example/",
        "https://bücher.example/",
    ] {
        let pairs = [("hub.mode", "subscribe"), ("hub.topic", TOPIC), ("hub.callback", callback)];
        assert!(parse(Some(FORM), form(&pairs).as_bytes()).is_ok(), "{callback}");
    }
}

#[test]
fn forms_that_are_none_are_refused() {
    let good = form(&[("hub.mode", "subscribe"), ("hub.topic", TOPIC), ("hub.callback", CALLBACK)]);
    let with = |more: &str| format!("{good}&{more}");
    let cases: [(Option<&str>, Vec<u8>, &str); 16] = [
        (None, good.clone().into(), "Content-Type"),
        (Some("application/json"), b"{}".to_vec(), "Content-Type"),
        (Some("multipart/form-data; boundary=x"), good.clone().into(), "Content-Type"),
        (Some(FORM), Vec::new(), "hub.mode is missing"),
        (Some(FORM), b"hub.mode=subscribe".to_vec(), "hub.topic is missing"),
        (
            Some(FORM),
            form(&[("hub.mode", "subscribe"), ("hub.topic", TOPIC)]).into(),
            "hub.callback is missing",
        ),
        (
            Some(FORM),
            form(&[("hub.mode", "subscribe"), ("hub.topic", "")]).into(),
            "hub.topic is missing",
        ),
        (Some(FORM), b"hub.mode=denied".to_vec(), "hub.mode must be"),
        (Some(FORM), b"hub.mode=Subscribe".to_vec(), "hub.mode must be"),
        (
            Some(FORM),
            form(&[("hub.mode", "subscribe"), ("hub.topic", "https://other.example/")]).into(),
            "foreign",
        ),
        (
            Some(FORM),
            with("hub.mode=subscribe").into(),
            "hub.mode may be given only once",
        ),
        (Some(FORM), with("hub.topic=x").into(), "hub.topic may be given only once"),
        (
            Some(FORM),
            with("hub.callback=x").into(),
            "hub.callback may be given only once",
        ),
        (Some(FORM), with("hub.secret=%ff").into(), "UTF-8"),
        (Some(FORM), with(&"x".repeat(MAX_FORM_BYTES)).into(), "8192 bytes"),
        (Some(FORM), b"\0\0\0".to_vec(), "hub.mode is missing"),
    ];
    for (content_type, body, reason) in cases {
        let refusal = parse(content_type, &body).unwrap_err();
        assert!(refusal.contains(reason), "{}: {refusal}", String::from_utf8_lossy(&body));
    }
}

#[test]
fn a_publication_names_topics_of_this_site() {
    for (body, is_taken) in [
        (form(&[("hub.mode", "publish"), ("hub.url", TOPIC)]), true),
        (
            form(&[("hub.mode", "publish"), ("hub.topic", TOPIC), ("hub.topic", TOPIC)]),
            true,
        ),
        (
            form(&[
                ("hub.mode", "publish"),
                ("hub.url", TOPIC),
                ("hub.url", "https://other.example/"),
            ]),
            false,
        ),
        (form(&[("hub.mode", "publish")]), false),
    ] {
        let parsed = parse(Some(FORM), body.as_bytes());
        assert_eq!(parsed == Ok(HubRequest::Publish), is_taken, "{body}: {parsed:?}");
    }
}

proptest::proptest! {
    #[test]
    fn no_form_makes_the_parser_panic(body in proptest::collection::vec(proptest::num::u8::ANY, 0..200), text in "hub\\.(mode|topic|callback|lease_seconds)=[ -~]{0,40}(&hub\\.[a-z_]{4,13}=[%0-9a-f:/.@#]{0,30}){0,4}") {
        let _ = parse(Some(FORM), &body);
        let _ = parse(Some(FORM), text.as_bytes());
    }
}

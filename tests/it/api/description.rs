//! The description of the API, `/openapi.json`, against the server.

use std::collections::BTreeSet;

use feedmill::http::target::Target;
use serde_json::{Value, json};

use super::{BASE, cursor, garden};
use crate::server::{Answer, TestSite};

/// The path in the description for `target`. A new kind of address does not compile until it has one.
fn described_at(target: &Target) -> Option<String> {
    use feedmill::index::Scope;
    use feedmill::render::Place;
    let below = |scope: &Scope| match scope {
        Scope::Site => "",
        Scope::Tag(_) => "/tags/{tag}",
        Scope::Author(_) => "/authors/{author}",
        Scope::Section(_) => "/sections/{section}",
    };
    Some(match target {
        Target::Feed(scope, Place::Newest, _) => format!("{}/{{feed}}", below(scope)),
        Target::Feed(scope, Place::Archive(_), _) => format!("{}/archive/{{k}}/{{feed}}", below(scope)),
        Target::Page(Scope::Site, 1) => "/".to_owned(),
        Target::Page(scope, 1) => below(scope).to_owned(),
        Target::Page(scope, _) => format!("{}/page/{{n}}", below(scope)),
        Target::Year(_, 1) => "/years/{year}".to_owned(),
        Target::Year(..) => "/years/{year}/page/{n}".to_owned(),
        Target::Years => "/years".to_owned(),
        Target::Directory(kind) => format!("/{}", kind.name()),
        Target::Search => "/search".to_owned(),
        Target::Hub => "/hub".to_owned(),
        Target::Style => "/style.css".to_owned(),
        Target::Icon => "/favicon.svg".to_owned(),
        Target::RasterIcon => "/icon.png".to_owned(),
        Target::Moved(to) if to == "/favicon.svg" => "/favicon.ico".to_owned(),
        Target::Moved(to) if to.starts_with("/years/") => "/years/{year}/page/{n}".to_owned(),
        Target::Listing => "/api/posts".to_owned(),
        Target::Listed(_) => "/api/posts/{slug}".to_owned(),
        Target::Scopes(kind) => format!("/api/{}", kind.name()),
        Target::Events => "/api/events".to_owned(),
        Target::Description => "/openapi.json".to_owned(),
        Target::Health => "/healthz".to_owned(),
        Target::Readiness => "/readyz".to_owned(),
        Target::Subscription(scope) => format!("{}/feed", below(scope)),
        Target::Subscribe(scope) => format!("{}/subscribe", below(scope)),
        Target::Outline => "/feeds.opml".to_owned(),
        Target::Map(None) => "/sitemap.xml".to_owned(),
        Target::Map(Some(_)) => "/sitemap-{part}.xml".to_owned(),
        Target::Robots => "/robots.txt".to_owned(),
        Target::Media(_) => "/media/{path}".to_owned(),
        // the first page of a list is the list
        Target::Moved(to) if to == "/" => "/page/{n}".to_owned(),
        Target::Moved(to) => format!("{}/page/{{n}}", below(Target::parse(to)?.scope()?)),
        Target::Address(address) if address.starts_with("/posts/") && address.split('.').next_back() == Some("md") => {
            "/posts/{slug}.md".to_owned()
        }
        Target::Address(address) if address.starts_with("/posts/") => "/posts/{slug}".to_owned(),
        Target::Address(_) => return None,
    })
}

/// The description of the API, with its references resolved.
pub(super) struct Description(Value);

impl Description {
    pub(super) fn of(site: &TestSite) -> Description {
        Description(site.get("/openapi.json").json())
    }

    fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value.get("$ref").and_then(Value::as_str) {
            Some(reference) => self
                .0
                .pointer(reference.strip_prefix('#').unwrap())
                .unwrap_or_else(|| panic!("{reference} leads nowhere")),
            None => value,
        }
    }

    /// Adds the violations of `schema` in `value` to `faults`.
    fn faults(&self, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
        let schema = self.resolved(schema);
        let mut wrong = |what: String| faults.push(format!("{at}: {what}: {value}"));
        for key in schema.as_object().unwrap().keys() {
            let known = [
                "type",
                "format",
                "const",
                "enum",
                "required",
                "properties",
                "additionalProperties",
                "items",
                "minimum",
                "maximum",
                "minLength",
                "maxLength",
                "default",
                "description",
            ];
            assert!(known.contains(&key.as_str()), "this test does not know {key}");
        }
        let is = |name: &Value| match name.as_str().unwrap() {
            "string" => value.is_string(),
            "integer" => value.is_u64() || value.is_i64(),
            "null" => value.is_null(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            other => panic!("{other} is not a type"),
        };
        match &schema["type"] {
            Value::Null => {}
            Value::Array(names) if names.iter().any(is) => {}
            name @ Value::String(_) if is(name) => {}
            name => wrong(format!("is no {name}")),
        }
        if schema.get("const").is_some_and(|only| only != value) {
            wrong(format!("is not {}", schema["const"]));
        }
        if schema
            .get("minimum")
            .and_then(Value::as_i64)
            .is_some_and(|least| value.as_i64().is_some_and(|value| value < least))
        {
            wrong("is too small".to_owned());
        }
        if let (Some("uri"), Some(text)) = (schema["format"].as_str(), value.as_str())
            && url::Url::parse(text).is_err()
        {
            wrong("is no URL".to_owned());
        }
        if let (Some("date-time"), Some(text)) = (schema["format"].as_str(), value.as_str())
            && text.parse::<feedmill::time::Timestamp>().is_err()
        {
            wrong("is not an instant".to_owned());
        }
        if let Some(map) = value.as_object() {
            for name in schema["required"].as_array().into_iter().flatten() {
                if !map.contains_key(name.as_str().unwrap()) {
                    wrong(format!("has no {name}"));
                }
            }
            for (name, part) in map {
                match schema["properties"].get(name) {
                    Some(schema) => self.faults(schema, part, &format!("{at}/{name}"), faults),
                    None if schema["additionalProperties"] == json!(false) => {
                        faults.push(format!("{at}: has {name}, which is not described"));
                    }
                    None => {}
                }
            }
        }
        for (i, part) in value.as_array().into_iter().flatten().enumerate() {
            if let Some(items) = schema.get("items") {
                self.faults(items, part, &format!("{at}/{i}"), faults);
            }
        }
    }

    /// Checks that `answer`, to a request for the operation at `path`, is described.
    pub(super) fn check(&self, path: &str, request: &str, answer: &Answer) {
        let responses = &self.0["paths"][path]["get"]["responses"];
        let response = responses.get(answer.status.to_string());
        let response = self.resolved(response.unwrap_or_else(|| panic!("{path} may not answer {}: {request}", answer.status)));
        for name in response["headers"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name)
            .filter(|name| *name != "Link")
        {
            assert!(
                answer.headers.contains_key(name.as_str()),
                "{request}: {name} is described and was not sent"
            );
        }
        assert!(
            !answer.headers.contains_key("link") || response["headers"].get("Link").is_some(),
            "{request}: Link"
        );
        let Some(content) = response.get("content") else {
            assert_eq!(answer.body, "", "{request}");
            return;
        };
        let media_type = answer.header("content-type");
        let schema = content
            .get(media_type)
            .or_else(|| content.get("*/*"))
            .unwrap_or_else(|| panic!("{request}: {media_type} is not described"));
        let value = if media_type.contains("json") {
            answer.json()
        } else {
            answer.body.clone().into()
        };
        let mut faults = Vec::new();
        self.faults(&schema["schema"], &value, "", &mut faults);
        assert!(faults.is_empty(), "{request}: {faults:#?}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of requests is as long as there are addresses")]
fn the_description_agrees_with_the_server() {
    let site = garden();
    for day in 1..=4 {
        let text = format!("---\ndate: 2025-12-{day:02}\ntags: sea\nauthor: Ann Ott\n---\n");
        site.write(&format!("shore/more-{day}.md"), &text);
    }
    site.wait_for("/api/posts?section=shore", |answer| answer.json()["total"] == 5);
    let description = Description::of(&site);
    assert_eq!(
        (&description.0["openapi"], &description.0["servers"][0]["url"]),
        (&json!("3.1.0"), &json!(BASE))
    );
    assert_eq!(description.0["info"]["version"], env!("CARGO_PKG_VERSION"));
    let after = cursor(&site.get("/api/posts"));
    // each address with each of its statuses
    let requests = [
        "/api/posts",
        "/api/posts?page=2",
        "/api/posts?page=99",
        "/api/posts?include=content&per_page=200",
        &format!("/api/posts?after={after}"),
        "/api/posts?since=2026-01-01T00:00:00Z",
        "/api/posts?tag=sea&author=ann+ott&section=shore&lang=en&year=2026&q=kelp",
        "/api/posts?page=0",
        "/api/posts/kelp",
        "/api/posts/dulse",
        "/api/posts/none",
        "/api/tags",
        "/api/authors",
        "/api/sections",
        "/openapi.json",
        "/healthz",
        "/",
        "/page/2",
        "/page/9",
        "/rss.xml",
        "/atom.xml",
        "/feed.json",
        "/archive/1/rss.xml",
        "/archive/9/atom.xml",
        "/tags/sea",
        "/tags/none",
        "/tags/sea/page/1",
        "/tags/sea/page/2",
        "/tags/sea/page/9",
        "/tags/sea/rss.xml",
        "/tags/none/rss.xml",
        "/tags/sea/archive/1/atom.xml",
        "/tags/sea/archive/9/atom.xml",
        "/authors/ann-ott",
        "/authors/none",
        "/authors/ann-ott/page/2",
        "/authors/ann-ott/feed.json",
        "/authors/none/feed.json",
        "/authors/ann-ott/archive/1/feed.json",
        "/authors/ann-ott/archive/9/feed.json",
        "/authors/ann-ott/page/9",
        "/sections/shore",
        "/sections/none",
        "/sections/shore/page/2",
        "/sections/shore/page/9",
        "/sections/shore/rss.xml",
        "/sections/none/rss.xml",
        "/sections/shore/archive/1/rss.xml",
        "/sections/shore/archive/9/rss.xml",
        "/posts/kelp",
        "/posts/none",
        "/posts/kelp.md",
        "/posts/none.md",
        "/page/1",
        "/sections/shore/page/1",
        "/tags/sea/page/1",
        "/authors/ann-ott/page/1",
        "/readyz",
        "/feed",
        "/subscribe",
        "/tags/sea/feed",
        "/tags/none/feed",
        "/tags/sea/subscribe",
        "/tags/none/subscribe",
        "/authors/ann-ott/feed",
        "/authors/none/feed",
        "/authors/ann-ott/subscribe",
        "/authors/none/subscribe",
        "/sections/shore/feed",
        "/sections/none/feed",
        "/sections/shore/subscribe",
        "/sections/none/subscribe",
        "/hub",
        "/search",
        "/search?q=kelp",
        "/search?q=kelp&page=9",
        "/tags",
        "/authors",
        "/sections",
        "/years",
        "/years/2025",
        "/years/2025/page/1",
        "/years/2025/page/2",
        "/years/2025/page/9",
        "/years/1999",
        "/style.css",
        "/favicon.svg",
        "/icon.png",
        "/favicon.ico",
        "/feeds.opml",
        "/sitemap.xml",
        "/sitemap-9.xml",
        "/robots.txt",
        "/media/shore/kelp.png",
        "/media/shore/none.png",
    ];
    let mut seen = BTreeSet::new();
    for request in requests {
        let target = Target::parse(request.split('?').next().unwrap()).unwrap();
        let path = described_at(&target).unwrap();
        // a picture is not text
        let Answer { status, headers, body } = site.get_bytes(request, &[]);
        let body = String::from_utf8_lossy(&body).into_owned();
        let answer = Answer { status, headers, body };
        description.check(&path, request, &answer);
        seen.insert((path.clone(), answer.status.to_string()));
        if answer.status == 200 && answer.headers.contains_key("etag") {
            let mut more = vec![site.get_with(request, &[("if-none-match", answer.header("etag"))])];
            if path == "/media/{path}" {
                more.extend(["bytes=0-1", "bytes=99-"].map(|range| site.get_with(request, &[("range", range)])));
            }
            for again in more {
                description.check(&path, request, &again);
                seen.insert((path.clone(), again.status.to_string()));
            }
        }
    }
    // a stream has no end
    for request in ["/api/events", "/api/events?page=1"] {
        let method = if request.contains('?') { "GET" } else { "HEAD" };
        let answer = site.request(method, request, &[]);
        description.check("/api/events", request, &answer);
        seen.insert(("/api/events".to_owned(), answer.status.to_string()));
    }
    // a post that gets another slug, and is withdrawn
    let slug = |slug: &str, more: &str| {
        let text = format!("---\ntitle: Moving\ndate: 2024-01-01\nslug: {slug}\n{more}---\nText.\n");
        site.write("moving.md", &text);
    };
    for (name, more, request, status) in [
        ("before", "", "/api/posts/before", 200),
        ("after", "", "/api/posts/before", 301),
        ("after", "draft: true\n", "/api/posts/after", 410),
    ] {
        slug(name, more);
        let answer = site.wait_for(request, |answer| answer.status == status);
        description.check("/api/posts/{slug}", request, &answer);
        seen.insert(("/api/posts/{slug}".to_owned(), status.to_string()));
    }
    // all that is described was seen
    let mut unseen = Vec::new();
    for (path, operations) in description.0["paths"].as_object().unwrap() {
        assert_eq!(operations.as_object().unwrap().keys().collect::<Vec<_>>(), ["get"], "{path}");
        for status in operations["get"]["responses"].as_object().unwrap().keys() {
            // the tests of the search show a busy index, those of events too many streams, and those of the site map one in parts
            let is_elsewhere = matches!(status.as_str(), "429" | "503") || path == "/sitemap-{part}.xml";
            if !is_elsewhere && !seen.contains(&(path.clone(), status.clone())) {
                unseen.push(format!("{path} {status}"));
            }
        }
    }
    assert!(unseen.is_empty(), "described and never sent: {unseen:#?}");
}

#[test]
fn every_described_parameter_is_read_and_every_read_one_described() {
    let site = garden();
    let description = Description::of(&site);
    let mut described = BTreeSet::new();
    for parameter in description.0["paths"]["/api/posts"]["get"]["parameters"].as_array().unwrap() {
        let parameter = description.resolved(parameter);
        if parameter["in"] == "query" {
            described.insert(parameter["name"].as_str().unwrap().to_owned());
        }
    }
    let refused = site.get("/api/posts?nothing=1").json();
    let named = refused["detail"].as_str().unwrap().rsplit_once("there are ").unwrap().1;
    let read: BTreeSet<String> = named.split(", ").map(str::to_owned).collect();
    assert_eq!(described, read);
    for (path, operations) in description.0["paths"].as_object().unwrap() {
        let named: BTreeSet<&str> = path.split('{').skip(1).map(|part| part.split('}').next().unwrap()).collect();
        let parameters = operations["get"]["parameters"].as_array().map_or(&[][..], Vec::as_slice);
        let parameters = parameters.iter().map(|parameter| description.resolved(parameter));
        let described: BTreeSet<&str> = parameters
            .filter(|parameter| parameter["in"] == "path")
            .map(|parameter| parameter["name"].as_str().unwrap())
            .collect();
        assert_eq!(named, described, "{path}");
    }
    // the described limits are the ones that apply
    let bound = |name: &str, end: &str| {
        description.0["components"]["parameters"][name]["schema"][end]
            .as_i64()
            .unwrap()
    };
    for (name, least, most) in [
        ("page", Some(bound("page", "minimum")), None),
        (
            "per_page",
            Some(bound("per_page", "minimum")),
            Some(bound("per_page", "maximum")),
        ),
        ("year", Some(bound("year", "minimum")), Some(bound("year", "maximum"))),
    ] {
        let status = |value: i64| site.get(&format!("/api/posts?{name}={value}")).status;
        for (value, expected) in least
            .iter()
            .flat_map(|least| [(*least, 200), (least - 1, 400)])
            .chain(most.iter().flat_map(|most| [(*most, 200), (most + 1, 400)]))
        {
            assert_eq!(status(value), expected, "{name}={value}");
        }
    }
    assert_eq!(bound("q", "maxLength"), 200);
    assert_eq!(bound("per_page", "default"), 2);
}

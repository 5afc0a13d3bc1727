//! Responses to requests, without a connection.

use std::hint::black_box;

use criterion::Criterion;
use feedmill::http::conditional::evaluate_conditions;
use feedmill::http::request::Request;
use feedmill::http::routes::answer;
use feedmill::http::target::Target;
use feedmill::site::Site;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::material::{self, NOW};

/// The headers of a feed reader, with `tag` if it has a version.
fn headers(coding: &'static str, tag: Option<&HeaderValue>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::HOST, HeaderValue::from_static("example.org"));
    headers.insert(header::USER_AGENT, HeaderValue::from_static("reader/1.0"));
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(coding));
    if let Some(tag) = tag {
        headers.insert(header::IF_NONE_MATCH, tag.clone());
    }
    headers
}

fn ask(site: &Site, path: &str, query: &str, headers: &HeaderMap) -> http::Response<bytes::Bytes> {
    let target = Target::parse(path);
    answer(site, &Request::new(target.as_ref(), path, query, headers, NOW))
}

pub fn benches(c: &mut Criterion) {
    let site = material::site(10_000);
    let tag = ask(&site, "/rss.xml", "", &headers("gzip", None)).headers()[header::ETAG].clone();
    let post = site.index.posts().first().unwrap().address();

    let mut group = c.benchmark_group("answer");
    let cases = [
        ("304", "/rss.xml", "", headers("gzip", Some(&tag)), StatusCode::NOT_MODIFIED),
        ("200 gzip", "/rss.xml", "", headers("gzip", None), StatusCode::OK),
        ("200 identity", "/rss.xml", "", headers("identity", None), StatusCode::OK),
        (
            "feed of a tag",
            "/tags/tag1/rss.xml",
            "",
            headers("gzip", None),
            StatusCode::OK,
        ),
        (
            "listing, first page",
            "/api/posts",
            "",
            headers("identity", None),
            StatusCode::OK,
        ),
        (
            "listing, deep page",
            "/api/posts",
            "page=400&per_page=20",
            headers("identity", None),
            StatusCode::OK,
        ),
        (
            "listing, deep page, gzip",
            "/api/posts",
            "page=400&per_page=20",
            headers("gzip", None),
            StatusCode::OK,
        ),
        ("page of a post", post, "", headers("identity", None), StatusCode::OK),
        ("page of a post, gzip", post, "", headers("gzip", None), StatusCode::OK),
        (
            "nothing there",
            "/posts/never",
            "",
            headers("gzip", None),
            StatusCode::NOT_FOUND,
        ),
    ];
    for (name, path, query, headers, status) in &cases {
        assert_eq!(ask(&site, path, query, headers).status(), *status, "{name}");
        group.bench_function(*name, |b| b.iter(|| ask(&site, black_box(path), query, headers)));
    }
    group.finish();

    let etag = tag.to_str().unwrap();
    let mut group = c.benchmark_group("conditional");
    let many = HeaderValue::try_from(vec!["\"0123456789abcdef\""; 20].join(", ")).unwrap();
    let cases = [
        ("no condition", None),
        ("its tag", Some(&tag)),
        ("twenty other tags", Some(&many)),
    ];
    for (name, tag) in cases {
        let headers = headers("gzip", tag);
        group.bench_function(name, |b| b.iter(|| evaluate_conditions(black_box(&headers), etag, Some(NOW))));
    }
    group.finish();
}

//! Reading one file: front matter in each dialect, Markdown, and the whole post.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use feedmill::config::Config;
use feedmill::post::{front_matter, html, markdown, read, reference::References};

use crate::material;

/// The same front matter in each dialect.
const DIALECTS: [(&str, &str); 5] = [
    (
        "yaml",
        "---\ntitle: \"A harbour: in winter\"\ndate: 2024-05-06T07:08:09Z\ntags: [sea, boats]\ndraft: false\n---\n\nText.\n",
    ),
    (
        "toml",
        "+++\ntitle = \"A harbour: in winter\"\ndate = 2024-05-06T07:08:09Z\ntags = [\"sea\", \"boats\"]\ndraft = false\n+++\n\nText.\n",
    ),
    (
        "json",
        "{\n\"title\": \"A harbour: in winter\",\n\"date\": \"2024-05-06T07:08:09Z\",\n\"tags\": [\"sea\", \"boats\"],\n\"draft\": false\n}\n\nText.\n",
    ),
    (
        "header",
        "Title: A harbour: in winter\nDate: 2024-05-06T07:08:09Z\nTags: sea, boats\nDraft: false\n\nText.\n",
    ),
    (
        "yaml read leniently",
        "---\ntitle: A harbour: in winter\ndate: 2024-05-06T07:08:09Z\ntags: [sea, boats]\ndraft: false\n---\n\nText.\n",
    ),
];

pub fn benches(c: &mut Criterion) {
    let mut group = c.benchmark_group("front matter");
    for (name, text) in DIALECTS {
        assert_eq!(front_matter::parse("a.md".into(), text).unwrap().fields.len(), 4, "{name}");
        group.bench_function(name, |b| {
            b.iter(|| front_matter::parse("a.md".into(), black_box(text)));
        });
    }
    group.finish();

    let body = material::body(1);
    let rendered = markdown::render(&body, "");
    let references = References::new("https://example.org", "https://example.org/posts/a", "a.md".into());
    let file = material::file(1);
    let config = Config::default();
    let mut group = c.benchmark_group("post");
    group.throughput(Throughput::Bytes(body.len() as u64));
    group.bench_function("outline", |b| b.iter(|| markdown::outline(black_box(&body))));
    group.bench_function("markdown to HTML", |b| b.iter(|| markdown::render(black_box(&body), "")));
    group.bench_function("HTML cleaned for feeds", |b| {
        b.iter(|| html::for_feed(black_box(&rendered.html), &references));
    });
    group.bench_function("read", |b| b.iter(|| read(black_box(&file), &config)));
    group.finish();
}
